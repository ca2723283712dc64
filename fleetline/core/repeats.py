"""Calls that carry a key against repetition: done once, their first answer given again for a day."""

from dataclasses import dataclass
from typing import Final

from fleetline.core.ports.own import Repeat
from fleetline.core.workspace import Workspace

KEPT_MS: Final = 86_400_000
RUNNING_MS: Final = 120_000
SWEEP_ROWS: Final = 200
DONE_SECRET: Final = -1
"""The status of a call that is done and whose answer holds a secret, which is kept nowhere."""


@dataclass(frozen=True, slots=True)
class Earlier:
    """What stands under a key: state `answered`, `other`, `running`, `unfinished` or `secret`."""

    state: str
    status: int = 0
    headers: str = ""
    body: bytes = b""


async def begin(workspace: Workspace, key: str, request_hash: str) -> Earlier | None:
    """Claim a key for this call; None: it was free, and `finish` or `forget` must follow."""
    now_ms = workspace.core.clock.now_ms()
    name = _name(workspace, key)
    async with workspace.core.store.write() as tx:
        await tx.own.drop_repeats_before(now_ms - KEPT_MS, SWEEP_ROWS)
        found = await tx.own.begin_repeat(workspace.account_id, name, request_hash, now_ms)
    if found is None:
        return None
    if found.request_hash != request_hash:
        return Earlier("other")
    if found.status == 0:
        return Earlier("running" if now_ms - found.at_ms < RUNNING_MS else "unfinished")
    if found.status == DONE_SECRET:
        return Earlier("secret")
    return Earlier("answered", found.status, found.headers, found.body)


async def finish(workspace: Workspace, key: str, status: int, headers: str, body: bytes) -> None:
    """Keep the first answer."""
    async with workspace.core.store.write() as tx:
        await tx.own.keep_repeat(workspace.account_id, _name(workspace, key), Repeat("", status, headers, body, 0))


async def forget(workspace: Workspace, key: str) -> None:
    """The call did nothing; the key is free again."""
    async with workspace.core.store.write() as tx:
        await tx.own.drop_repeat(workspace.account_id, _name(workspace, key))


def _name(workspace: Workspace, key: str) -> str:
    """Keys are each caller's own, so that nobody meets what another was told."""
    return f"{workspace.principal.user_id or workspace.principal.credential_id}/{key}"
