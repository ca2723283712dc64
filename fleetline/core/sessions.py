"""Use cases of people who are signed in: who they are, their preferences, their password, their sessions."""

import json
from dataclasses import dataclass
from typing import Any, Final

from fleetline.core.accounts import good_password, user_in
from fleetline.core.acts import note
from fleetline.core.administration import NotAllowed
from fleetline.core.metering import Meter
from fleetline.core.ports.store import Tx
from fleetline.core.tokens import FAILURES_WITHIN_MS, MOST_FAILURES
from fleetline.core.workspace import Workspace
from fleetline.model.access import Credential, Kind, User, email_key
from fleetline.model.errors import Invalid, NotFound

LARGEST_PREFERENCES: Final = 65_536


@dataclass(frozen=True, slots=True)
class Standing:
    """The caller's own session or token, its user (None: the account's main user) and what that person prefers."""

    credential: Credential
    user: User | None
    preferences: dict[str, Any]


async def standing(workspace: Workspace) -> Standing:
    """errors: NotFound for a credential that ended this very moment"""
    user_id = workspace.principal.user_id
    async with workspace.core.store.read() as tx:
        holder = await tx.accounts.holder(workspace.principal.credential_id)
        text = await tx.own.preferences(user_id) if user_id else None
    if holder is None:
        raise NotFound("session", workspace.principal.credential_id)
    return Standing(holder.credential, holder.user, json.loads(text) if text else {})


async def prefer(workspace: Workspace, changes: dict[str, Any]) -> dict[str, Any]:
    """Merge into the preferences, null taking a key away; all of them as they are then.

    errors  NotAllowed for the main user, who is no person; Invalid when they grow too large
    """
    user_id = workspace.principal.user_id
    if user_id is None:
        raise NotAllowed("preferences")
    async with workspace.core.store.write() as tx:
        text = await tx.own.preferences(user_id)
        merged = {**(json.loads(text) if text else {}), **changes}
        merged = {key: value for key, value in merged.items() if value is not None}
        body = json.dumps(merged, separators=(",", ":"))
        if len(body) > LARGEST_PREFERENCES:
            raise Invalid("preferences", f"must be at most {LARGEST_PREFERENCES} bytes of JSON")
        await tx.own.keep_preferences(user_id, body)
    return merged


async def change_password(workspace: Workspace, current: str, new: str, *, address: str) -> None:
    """A new password for the caller; every other session of the same person ends.

    errors  NotAllowed for the main user; Invalid(`current`, `password`); TooMany after too many wrong ones
    """
    principal, core = workspace.principal, workspace.core
    if principal.user_id is None:
        raise NotAllowed("password")
    meter, key = Meter(core.store, core.clock), f"password-failures:{principal.user_id}"
    # counted like signing in, so that a stolen session cannot try passwords either
    await meter.may_try(key, MOST_FAILURES, FAILURES_WITHIN_MS)
    async with core.store.read() as tx:
        user = await user_in(tx, principal.user_id, principal.account_id)
        stored = {u.user_id: known for u, known in await tx.accounts.users_by_email(email_key(user.email))}
    if not await core.passwords.fits(current, stored.get(user.user_id)):
        await meter.fail(key, MOST_FAILURES, FAILURES_WITHIN_MS)
        raise Invalid("current", "is not your password")
    hashed = await core.passwords.hashed(good_password(new))
    async with core.store.write() as tx:
        await tx.accounts.set_password(user.user_id, hashed)
        others = [c.credential_id for c in await _sessions(tx, workspace, user.user_id)]
        await tx.accounts.revoke([i for i in others if i != principal.credential_id], core.clock.now_ms())
        await note(tx, workspace, address, "user", user.user_id, "password_changed")


async def sessions(workspace: Workspace, *, everybody: bool = False) -> list[Credential]:
    """Those that are alive, the newest first: the caller's own, or the whole account's for administrators.

    errors  NotAllowed
    """
    if everybody and not workspace.principal.administers:
        raise NotAllowed("sessions")
    async with workspace.core.store.read() as tx:
        return await _sessions(tx, workspace, None if everybody else workspace.principal.user_id or "")


async def end_session(workspace: Workspace, credential_id: str, *, everybody: bool = False, address: str = "") -> None:
    """End a session of the caller's, or any of the account for administrators.

    errors  NotAllowed; NotFound
    """
    if everybody and not workspace.principal.administers:
        raise NotAllowed("sessions")
    async with workspace.core.store.write() as tx:
        mine = await _sessions(tx, workspace, None if everybody else workspace.principal.user_id or "")
        if credential_id not in [credential.credential_id for credential in mine]:
            raise NotFound("session", credential_id)
        await tx.accounts.revoke([credential_id], workspace.core.clock.now_ms())
        await note(tx, workspace, address, "session", credential_id, "ended")


async def _sessions(tx: Tx, workspace: Workspace, user_id: str | None) -> list[Credential]:
    now_ms = workspace.core.clock.now_ms()
    found = await tx.accounts.credentials(workspace.account_id, [Kind.SESSION])
    return [c for c in reversed(found) if c.usable(now_ms) and user_id in (None, c.user_id)]


async def end_sessions_of(workspace: Workspace, user_id: str) -> None:
    """All sessions of a user of the account end, but the caller's own. errors: NotAllowed"""
    if not workspace.principal.administers:
        raise NotAllowed("sessions")
    async with workspace.core.store.write() as tx:
        found = [c.credential_id for c in await _sessions(tx, workspace, user_id)]
        gone = [i for i in found if i != workspace.principal.credential_id]
        await tx.accounts.revoke(gone, workspace.core.clock.now_ms())
