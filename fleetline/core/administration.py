"""What a principal may do about its own account: users, permissions, credentials, and a partner's list of accounts."""

from collections.abc import Sequence

from fleetline.core.accounts import AccountsDesk
from fleetline.core.credentials import CredentialsDesk, Issued, IssuedClient
from fleetline.model.access import (
    NOTHING,
    STANDING_KINDS,
    Account,
    Activity,
    Credential,
    Kind,
    Permissions,
    Principal,
    Role,
    User,
    email_key,
)
from fleetline.model.errors import FleetlineError


class NotAllowed(FleetlineError):
    """The principal's role does not include this; `what` is a short fixed word."""

    def __init__(self, what: str) -> None:
        super().__init__(f"not allowed: {what}")
        self.what = what


class OwnAccount:
    """Every verb is confined to the principal's account; all but `accounts` need an administrator."""

    def __init__(self, people: AccountsDesk, credentials: CredentialsDesk, principal: Principal) -> None:
        self._people, self._credentials, self._principal = people, credentials, principal

    async def accounts(self) -> list[Account]:
        """The open accounts of a partner, by name without regard to case, then id. errors: NotAllowed"""
        if self._principal.role is not Role.PARTNER or self._principal.partner_id is None:
            raise NotAllowed("accounts")
        found = await self._people.accounts(self._principal.partner_id)
        return sorted(
            (account for account in found if account.closed_at_ms is None),
            key=lambda account: (email_key(account.name), account.account_id),
        )

    async def users(self) -> list[User]:
        return await self._people.users(self._administered("users"))

    async def add_user(
        self, email: str, *, role: Role = Role.MEMBER, permissions: Permissions = NOTHING, password: str | None = None
    ) -> tuple[User, str]:
        account_id = self._administered("users")
        return await self._people.add_user(
            account_id, email, role=role, permissions=permissions, password=password
        )  # fmt: skip

    async def set_permissions(self, user_id: str, permissions: Permissions) -> User:
        return await self._people.set_permissions(user_id, permissions, self._administered("users"))

    async def set_role(self, user_id: str, role: Role) -> User:
        return await self._people.set_role(user_id, role, self._administered("users"))

    async def disable_user(self, user_id: str) -> User:
        return await self._people.disable_user(user_id, self._administered("users"))

    async def enable_user(self, user_id: str) -> User:
        return await self._people.enable_user(user_id, self._administered("users"))

    async def set_password(self, user_id: str, password: str | None = None) -> str:
        return await self._people.set_password(user_id, password, self._administered("users"))

    async def credentials(self, kinds: Sequence[Kind] = STANDING_KINDS) -> list[Credential]:
        return await self._credentials.credentials(account_id=self._administered("credentials"), kinds=kinds)

    async def activities(self, credentials: Sequence[Credential]) -> dict[str, Activity]:
        """Of credentials that were listed here."""
        self._administered("credentials")
        return await self._credentials.activities(credentials)

    async def add_call_token(self, *, user_id: str | None = None, name: str = "") -> Issued:
        return await self._credentials.add_call_token(
            self._administered("credentials"), user_id=user_id, name=name, created_by=self._by
        )

    async def add_client(
        self, *, key_id: str | None = None, name: str = "", read_only: bool = False, keeps_refresh: bool = False
    ) -> IssuedClient:
        return await self._credentials.add_client(
            self._administered("credentials"), key_id=key_id, name=name, created_by=self._by,
            read_only=read_only, keeps_refresh=keeps_refresh,
        )  # fmt: skip

    async def add_asset_key(self, *, name: str = "") -> Issued:
        return await self._credentials.add_asset_key(
            account_id=self._administered("credentials"), name=name, created_by=self._by
        )

    async def revoke(self, credential_id: str) -> Credential:
        return await self._credentials.revoke(credential_id, self._administered("credentials"))

    async def revoke_tokens(self, client_id: str) -> None:
        await self._credentials.revoke_tokens(client_id, self._administered("credentials"))

    async def rotate(self, credential_id: str, overlap_s: int = 86_400) -> Issued:
        return await self._credentials.rotate(credential_id, overlap_s, self._administered("credentials"))

    @property
    def _by(self) -> str:
        return self._principal.user_id or ""

    def _administered(self, what: str) -> str:
        if not self._principal.administers:
            raise NotAllowed(what)
        return self._principal.account_id
