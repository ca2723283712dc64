"""What administrators did to their account itself, kept beside the registry's own log of changes."""

import json
from typing import TYPE_CHECKING, Final

from fleetline.core.ports.own import Act
from fleetline.core.ports.store import Tx

if TYPE_CHECKING:
    from fleetline.core.workspace import Workspace

__all__ = ["Act", "acts", "note", "record"]

LAST: Final = (2**62, "")


async def note(
    tx: Tx, workspace: "Workspace", address: str, kind: str, subject: str, action: str, /, **detail: object
) -> None:
    """Keep one act in the transaction that does it; `detail` never holds a secret."""
    act = Act(
        at_ms=workspace.core.clock.now_ms(), act_id=workspace.core.ids.short("act_"),
        actor=workspace.principal.user_id or workspace.principal.credential_id, address=address, kind=kind,
        subject=subject, action=action, detail=json.dumps(detail, separators=(",", ":"), default=str),
    )  # fmt: skip
    await tx.own.add_acts(workspace.account_id, [act])


async def record(
    workspace: "Workspace", address: str, kind: str, subject: str, action: str, /, **detail: object
) -> None:
    """The same for an act whose own transaction is over."""
    async with workspace.core.store.write() as tx:
        await note(tx, workspace, address, kind, subject, action, **detail)


async def acts(
    workspace: "Workspace", *, before: tuple[int, str] | None = None, from_ms: int = 0, limit: int = 100
) -> list[Act]:
    """The account's, the newest first; the caller has seen that an administrator asks."""
    async with workspace.core.store.read() as tx:
        return await tx.own.acts(workspace.account_id, before or LAST, from_ms, limit)
