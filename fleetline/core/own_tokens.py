"""Tokens for programs that use our own API: made here, listed and revoked like every other standing credential."""

from typing import Final

from fleetline.core.accounts import open_account, user_in
from fleetline.core.administration import NotAllowed
from fleetline.core.credentials import Issued
from fleetline.core.secrets import OWN_PREFIX, hint, secret_hash
from fleetline.core.workspace import Workspace
from fleetline.model.access import Credential, Kind, checked_name
from fleetline.model.errors import Invalid

LENGTH: Final = 48


async def add_own_token(
    workspace: Workspace, *, name: str = "", user_id: str | None = None, read_only: bool = False,
    expires_at_ms: int | None = None,
) -> Issued:  # fmt: skip
    """A token of a user, or with the rights of the account itself.

    errors  NotAllowed; NotFound(`user`); Invalid(`name`, `user`, `expires_at_ms`)
    """
    principal, core = workspace.principal, workspace.core
    if not principal.administers:
        raise NotAllowed("credentials")
    now_ms = core.clock.now_ms()
    if expires_at_ms is not None and expires_at_ms <= now_ms:
        raise Invalid("expires_at_ms", "must lie in the future", expires_at_ms)
    secret = OWN_PREFIX + core.ids.text(LENGTH)
    credential = Credential(
        credential_id=core.ids.short("cred_"), kind=Kind.OWN_TOKEN, account_id=principal.account_id, user_id=user_id,
        name=checked_name("name", name) if name else "", hint=hint(secret), created_by=principal.user_id or "",
        created_at_ms=now_ms, expires_at_ms=expires_at_ms, read_only=read_only,
    )  # fmt: skip
    async with core.store.write() as tx:
        await open_account(tx, principal.account_id)
        if user_id is not None and (await user_in(tx, user_id, principal.account_id)).disabled_at_ms is not None:
            raise Invalid("user", "is disabled", user_id)
        await tx.accounts.add_credentials([(credential, secret_hash(secret))])
    return Issued(credential, secret)
