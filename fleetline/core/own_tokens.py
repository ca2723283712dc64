"""Tokens for programs that use our own API, as administrators make them for their account."""

from fleetline.core.administration import NotAllowed
from fleetline.core.credentials import Issued
from fleetline.core.workspace import Workspace


async def add_own_token(
    workspace: Workspace, *, name: str = "", user_id: str | None = None, read_only: bool = False,
    expires_at_ms: int | None = None,
) -> Issued:  # fmt: skip
    """A token of a user, or with the rights of the account itself.

    errors  NotAllowed; NotFound(`user`); Invalid(`name`, `user`, `expires_at_ms`)
    """
    principal = workspace.principal
    if not principal.administers:
        raise NotAllowed("credentials")
    return await workspace.core.credentials.add_own_token(
        principal.account_id, user_id=user_id, name=name, created_by=principal.user_id or "", read_only=read_only,
        expires_at_ms=expires_at_ms,
    )  # fmt: skip
