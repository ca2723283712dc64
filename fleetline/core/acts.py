"""What administrators did to their account itself, kept beside the registry's own log of changes."""

import json
from typing import TYPE_CHECKING, Final

from fleetline.core.ports.own import Act
from fleetline.core.ports.store import Tx
from fleetline.model.access import Credential

if TYPE_CHECKING:
    from fleetline.core.workspace import Core, Workspace

__all__ = ["Act", "acts", "note", "record", "record_operator"]

LAST: Final = (2**62, "")
OPERATOR: Final = "operator"
"""The actor of what is done on the command line."""


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


async def record_operator(core: "Core", credential: Credential, action: str, /, **detail: object) -> None:
    """The same for what whoever runs the server did to a credential; a partner's has no account to tell."""
    if credential.account_id is None:
        return
    act = Act(
        at_ms=core.clock.now_ms(), act_id=core.ids.short("act_"), actor=OPERATOR, address="", kind="credential",
        subject=credential.credential_id, action=action,
        detail=json.dumps({"kind": credential.kind.value, "name": credential.name, **detail}, separators=(",", ":")),
    )  # fmt: skip
    async with core.store.write() as tx:
        await tx.own.add_acts(credential.account_id, [act])


async def acts(
    workspace: "Workspace", *, before: tuple[int, str] | None = None, from_ms: int = 0, limit: int = 100
) -> list[Act]:
    """The account's, the newest first; the caller has seen that an administrator asks."""
    async with workspace.core.store.read() as tx:
        return await tx.own.acts(workspace.account_id, before or LAST, from_ms, limit)
