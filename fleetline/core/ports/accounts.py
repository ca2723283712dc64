"""Accounts and access as the core asks for them inside one transaction."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from fleetline.model.access import Account, Activity, Credential, Holder, Partner, User


@dataclass(frozen=True, slots=True)
class LimitRow:
    """What earlier calls left under one key; what number and mark mean is the limit's own business."""

    limit_key: str
    at_ms: int | None = None
    number: int = 0
    mark: str = ""


class People(Protocol):
    """Partners, accounts and users."""

    async def add_partner(self, partner: Partner) -> None: ...

    async def partner(self, partner_id: str) -> Partner | None: ...

    async def partners(self) -> list[Partner]: ...

    async def close_partner(self, partner_id: str, at_ms: int) -> None: ...

    async def add_account(self, account: Account) -> None: ...

    async def account(self, account_id: str) -> Account | None: ...

    async def accounts(self, partner_id: str | None = None) -> list[Account]:
        """All, or one partner's, closed ones too; by creation, then id."""
        ...

    async def change_account(self, account: Account) -> None:
        """Store name, plan, time zone, language and closing time of an account that exists."""
        ...

    async def add_user(self, user: User, email_key: str, password_hash: str | None) -> bool:
        """False, and nothing added, when the account has a user of that e-mail address."""
        ...

    async def user(self, user_id: str) -> User | None: ...

    async def users(self, account_id: str) -> list[User]:
        """By creation, then id."""
        ...

    async def users_by_email(self, email_key: str) -> list[tuple[User, str | None]]:
        """(user, password hash) of every account's user with that address."""
        ...

    async def change_user(self, user: User) -> None:
        """Store role, permissions and disabling time of a user that exists."""
        ...

    async def set_password(self, user_id: str, password_hash: str) -> None: ...


class Credentials(Protocol):
    """What opens doors; secrets are known by their hashes only."""

    async def holders(self, secret_hashes: Sequence[str], now_ms: int) -> dict[str, Holder]:
        """Hash -> who holds it, in one statement; a former secret counts until its time is over."""
        ...

    async def holder(self, credential_id: str) -> Holder | None: ...

    async def secret_hashes(self, credential_id: str, now_ms: int) -> list[str]:
        """The present secret's and those of former ones that still count."""
        ...

    async def add_credentials(self, rows: Iterable[tuple[Credential, str]], predecessor_id: str | None = None) -> None:
        """rows: (credential, hash of its secret); a parent comes before its children."""
        ...

    async def lock_credential(self, credential_id: str) -> Credential | None:
        """As it stands now; nobody else changes it until the transaction ends."""
        ...

    async def credentials(self, account_id: str, kinds: Sequence[str]) -> list[Credential]:
        """By creation, then id; revoked and expired ones too."""
        ...

    async def credentials_of_partner(self, partner_id: str, kinds: Sequence[str]) -> list[Credential]: ...

    async def children(self, parent_id: str, kinds: Sequence[str]) -> list[Credential]: ...

    async def has_spent_successor(self, family_id: str, credential_id: str) -> bool:
        """Whether a refresh token that was given for this one has been used."""
        ...

    async def revoke(self, credential_ids: Sequence[str], at_ms: int) -> None:
        """What is revoked already keeps its time."""
        ...

    async def revoke_family(self, family_id: str, at_ms: int) -> None: ...

    async def revoke_children(self, parent_id: str, at_ms: int) -> None: ...

    async def spend(self, credential_id: str, at_ms: int) -> None: ...

    async def alarm(self, credential_id: str, at_ms: int) -> None:
        """A spent token of this client came back."""
        ...

    async def keep_violations(self, credential_id: str, violations: int, blocked_at_ms: int | None) -> None:
        """Whoever lifts a block says `change_access`."""
        ...

    async def replace_secret(self, credential_id: str, secret_hash: str, hint: str, former_until_ms: int) -> None:
        """A new secret; the present one lives on as a former one until then."""
        ...

    async def note_uses(self, uses: Iterable[tuple[str, int, str]]) -> None:
        """uses: (credential_id, at_ms, address); an older use never hides a newer one."""
        ...


class Limits(Protocol):
    """States of limits, shared by every worker."""

    async def limit_rows(self, keys: Sequence[str]) -> dict[str, LimitRow]:
        """Those that exist."""
        ...

    async def lock_limits(self, keys: Sequence[str]) -> dict[str, LimitRow]:
        """All of them, made where missing; nobody else locks or changes them until the transaction ends."""
        ...

    async def keep_limits(self, rows: Iterable[LimitRow]) -> None: ...

    async def sweep(self, *, limits_before_ms: int, ended_before_ms: int, now_ms: int, most: int) -> int:
        """Forget limits untouched since, tokens and sessions ended since, and former secrets past their time.

        most     of each in one go
        returns  how many in all
        """
        ...


class Activities(Protocol):
    """How much credentials are used; a span is ten minutes, counted since 1970."""

    async def count_uses(self, counts: Iterable[tuple[str, int, int, int]]) -> None:
        """counts: (credential_id, span, operations, refused), added to what is there"""
        ...

    async def forget_uses(self, before_span: int, most: int) -> int:
        """How many rows."""
        ...

    async def activities(self, credential_ids: Sequence[str], from_span: int, now_ms: int) -> dict[str, Activity]:
        """Of each of them, from that span on."""
        ...


class Accounts(People, Credentials, Limits, Activities, Protocol):
    """The whole slice, as `tx.accounts`."""

    async def take(self, name: str, count: int) -> int:
        """The first of `count` consecutive numbers of a sequence, never given again; LookupError: unknown name."""
        ...

    def change_access(self) -> None:
        """This transaction changes what a credential opens: `Store.access_version` is another one once it is stored.

        Every verb above that takes something from a partner, an account, a user or a credential says it by itself.
        """
        ...


class Passwords(Protocol):
    """Slow hashes for what people choose; neither call blocks other work."""

    async def hashed(self, password: str) -> str: ...

    async def fits(self, password: str, password_hash: str | None) -> bool:
        """False, after the same work, when there is no hash."""
        ...


@dataclass(frozen=True, slots=True)
class Claims:
    """What a signed token says.

    subject  account id or partner id; level says which: `account` or `partner`
    """

    issuer: str
    subject: str
    level: str
    credential_id: str
    issued_at_ms: int
    expires_at_ms: int
    token_id: str


class Signer(Protocol):
    """Makes and reads signed tokens."""

    def signed(self, claims: Claims) -> str: ...

    def read(self, token: str) -> Claims | None:
        """None unless this very signer's key made it, with the one algorithm; the expiry is for the caller to judge."""
        ...
