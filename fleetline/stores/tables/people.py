"""Tables of partners, accounts and users."""

from collections.abc import Sequence
from typing import Any, Final

from fleetline.model.access import Account, Partner, Role, User, parse_permissions
from fleetline.stores.tables.access import AccessTables

PARTNER: Final = ("partner_id", "name", "created_at_ms", "closed_at_ms")
ACCOUNT: Final = (
    "account_id", "partner_id", "name", "plan", "created_at_ms", "closed_at_ms", "time_zone", "language",
)  # fmt: skip
USER: Final = ("user_id", "account_id", "email", "role", "permissions", "created_at_ms", "disabled_at_ms")

_PARTNER: Final = ", ".join(PARTNER)
_ACCOUNT: Final = ", ".join(ACCOUNT)
_USER: Final = ", ".join(USER)


def user_of(row: Sequence[Any]) -> User:
    """From the columns of USER in their order."""
    return User(row[0], row[1], row[2], Role(row[3]), parse_permissions(row[4]), row[5], row[6])


class PeopleTables(AccessTables):
    """See `core.ports.accounts.People`."""

    async def add_partner(self, partner: Partner) -> None:
        await self._connection.execute(
            f"INSERT INTO partners ({_PARTNER}) VALUES ($1, $2, $3, $4)",
            partner.partner_id, partner.name, partner.created_at_ms, partner.closed_at_ms,
        )  # fmt: skip

    async def partner(self, partner_id: str) -> Partner | None:
        row = await self._connection.fetch_one(f"SELECT {_PARTNER} FROM partners WHERE partner_id = $1", partner_id)
        return Partner(*row) if row else None

    async def partners(self) -> list[Partner]:
        rows = await self._connection.fetch(f"SELECT {_PARTNER} FROM partners ORDER BY created_at_ms, partner_id")
        return [Partner(*row) for row in rows]

    async def close_partner(self, partner_id: str, at_ms: int) -> None:
        await self._connection.execute(
            "UPDATE partners SET closed_at_ms = $2 WHERE partner_id = $1 AND closed_at_ms IS NULL", partner_id, at_ms
        )
        self.change_access()

    async def add_account(self, account: Account) -> None:
        await self._connection.execute(
            f"INSERT INTO accounts ({_ACCOUNT}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            account.account_id, account.partner_id, account.name, account.plan, account.created_at_ms,
            account.closed_at_ms, account.time_zone, account.language,
        )  # fmt: skip

    async def account(self, account_id: str) -> Account | None:
        row = await self._connection.fetch_one(f"SELECT {_ACCOUNT} FROM accounts WHERE account_id = $1", account_id)
        return Account(*row) if row else None

    async def accounts(self, partner_id: str | None = None) -> list[Account]:
        order = "ORDER BY created_at_ms, account_id"
        if partner_id is None:
            rows = await self._connection.fetch(f"SELECT {_ACCOUNT} FROM accounts {order}")
        else:
            rows = await self._connection.fetch(
                f"SELECT {_ACCOUNT} FROM accounts WHERE partner_id = $1 {order}", partner_id
            )
        return [Account(*row) for row in rows]

    async def change_account(self, account: Account) -> None:
        await self._connection.execute(
            "UPDATE accounts SET name = $2, plan = $3, time_zone = $4, language = $5, closed_at_ms = $6"
            " WHERE account_id = $1",
            account.account_id, account.name, account.plan, account.time_zone, account.language, account.closed_at_ms,
        )  # fmt: skip
        self.change_access()

    async def add_user(self, user: User, email_key: str, password_hash: str | None) -> bool:
        added = await self._connection.fetch(
            f"INSERT INTO users ({_USER}, email_key, password_hash) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"
            " ON CONFLICT (account_id, email_key) DO NOTHING RETURNING user_id",
            user.user_id, user.account_id, user.email, user.role.value, user.permissions.spec(), user.created_at_ms,
            user.disabled_at_ms, email_key, password_hash,
        )  # fmt: skip
        return bool(added)

    async def user(self, user_id: str) -> User | None:
        row = await self._connection.fetch_one(f"SELECT {_USER} FROM users WHERE user_id = $1", user_id)
        return user_of(row) if row else None

    async def users(self, account_id: str) -> list[User]:
        rows = await self._connection.fetch(
            f"SELECT {_USER} FROM users WHERE account_id = $1 ORDER BY created_at_ms, user_id", account_id
        )
        return [user_of(row) for row in rows]

    async def users_by_email(self, email_key: str) -> list[tuple[User, str | None]]:
        rows = await self._connection.fetch(
            f"SELECT {_USER}, password_hash FROM users WHERE email_key = $1 ORDER BY created_at_ms, user_id", email_key
        )
        return [(user_of(row), row[len(USER)]) for row in rows]

    async def change_user(self, user: User) -> None:
        await self._connection.execute(
            "UPDATE users SET role = $2, permissions = $3, disabled_at_ms = $4 WHERE user_id = $1",
            user.user_id, user.role.value, user.permissions.spec(), user.disabled_at_ms,
        )  # fmt: skip
        self.change_access()

    async def set_password(self, user_id: str, password_hash: str) -> None:
        await self._connection.execute("UPDATE users SET password_hash = $2 WHERE user_id = $1", user_id, password_hash)
