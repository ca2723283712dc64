"""What administrators change about their own account and its users, kept in the audit trail as they do it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from fleetline.core.accounts import account_in, known_language, known_zone, user_in
from fleetline.core.acts import note
from fleetline.core.administration import NotAllowed
from fleetline.core.ports.store import Tx
from fleetline.core.workspace import Workspace
from fleetline.model.access import Account, Permissions, Role, User, checked_name
from fleetline.model.errors import Invalid


@dataclass(frozen=True, slots=True)
class UserChange:
    """What one user is to become; None leaves a fact as it is."""

    user_id: str
    role: Role | None = None
    permissions: Permissions | None = None
    disabled: bool | None = None


async def change_account(
    workspace: Workspace, *, name: str | None = None, time_zone: str | None = None, language: str | None = None,
    address: str = "",
) -> Account:  # fmt: skip
    """errors: NotAllowed; Invalid(`name`, `time_zone`, `language`)"""
    if not workspace.principal.administers:
        raise NotAllowed("account")
    async with workspace.core.store.write() as tx:
        before = await account_in(tx, workspace.account_id)
        after = replace(
            before,
            name=before.name if name is None else checked_name("name", name),
            time_zone=before.time_zone if time_zone is None else known_zone(time_zone),
            language=before.language if language is None else known_language(language),
        )
        if after != before:
            await tx.accounts.change_account(after)
            facts = ("name", "time_zone", "language")
            changed = {
                f: [getattr(before, f), getattr(after, f)] for f in facts if getattr(before, f) != getattr(after, f)
            }
            await note(tx, workspace, address, "account", before.account_id, "changed", **changed)
    return after


async def change_users(
    workspace: Workspace, changes: Sequence[UserChange], *, address: str = ""
) -> list[tuple[User, bool]]:
    """(user, whether anything changed) of each; all of them or, when one is refused, none.

    errors  NotAllowed; NotFound(`user`); Invalid(`role`, `disabled`) for what would leave no administrator
    """
    if not workspace.principal.administers:
        raise NotAllowed("users")
    async with workspace.core.store.write() as tx:
        return [await _change_user(tx, workspace, change, address) for change in changes]


async def _change_user(tx: Tx, workspace: Workspace, change: UserChange, address: str) -> tuple[User, bool]:
    before = await user_in(tx, change.user_id, workspace.account_id)
    disabled_at_ms = before.disabled_at_ms
    if change.disabled is not None and change.disabled != (disabled_at_ms is not None):
        disabled_at_ms = workspace.core.clock.now_ms() if change.disabled else None
    after = replace(
        before,
        role=before.role if change.role is None else change.role,
        permissions=before.permissions if change.permissions is None else change.permissions,
        disabled_at_ms=disabled_at_ms,
    )
    if after == before:
        return before, False
    await _keeps_an_administrator(tx, before, after)
    await tx.accounts.change_user(after)
    await note(tx, workspace, address, "user", before.user_id, "changed", **_facts(before, after))
    return after, True


async def _keeps_an_administrator(tx: Tx, before: User, after: User) -> None:
    """errors: Invalid when the change would leave the account without anybody who can undo it"""
    if not _runs(before) or _runs(after):
        return
    others = [user for user in await tx.accounts.users(before.account_id) if user.user_id != before.user_id]
    if not any(_runs(user) for user in others):
        field = "role" if after.role is not Role.ADMINISTRATOR else "disabled"
        raise Invalid(field, "must stay as it is: this is the last administrator")


def _runs(user: User) -> bool:
    return user.role is Role.ADMINISTRATOR and user.disabled_at_ms is None


def _facts(before: User, after: User) -> dict[str, object]:
    facts: dict[str, object] = {}
    if before.role is not after.role:
        facts["role"] = [before.role.value, after.role.value]
    if before.permissions != after.permissions:
        facts["permissions"] = [before.permissions.spec(), after.permissions.spec()]
    if (before.disabled_at_ms is None) != (after.disabled_at_ms is None):
        facts["disabled"] = [before.disabled_at_ms is not None, after.disabled_at_ms is not None]
    return facts
