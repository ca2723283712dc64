"""Tables of credentials, found by the hash of their secret together with everybody they depend on."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, Final

from fleetline.model.access import Account, Credential, Holder, Kind, Partner
from fleetline.stores.tables.access import AccessTables
from fleetline.stores.tables.people import ACCOUNT, PARTNER, USER, user_of

CREDENTIAL: Final = (
    "credential_id", "kind", "account_id", "partner_id", "user_id", "parent_id", "family_id", "name", "hint",
    "created_by", "created_at_ms", "last_used_at_ms", "last_address", "expires_at_ms", "family_ends_at_ms",
    "revoked_at_ms", "spent_at_ms", "blocked_at_ms", "violations", "read_only", "keeps_refresh",
    "alarms", "alarmed_at_ms",
)  # fmt: skip

_CREDENTIAL: Final = ", ".join(CREDENTIAL)
_PARTS: Final = (("c", CREDENTIAL), ("a", ACCOUNT), ("p", PARTNER), ("u", USER), ("up", CREDENTIAL))
_HOLDER: Final = (
    f"SELECT {', '.join(f'{table}.{name}' for table, names in _PARTS for name in names)}"
    " FROM credentials c"
    " LEFT JOIN accounts a ON a.account_id = c.account_id"
    " LEFT JOIN partners p ON p.partner_id = COALESCE(c.partner_id, a.partner_id)"
    " LEFT JOIN users u ON u.user_id = c.user_id"
    " LEFT JOIN credentials up ON up.credential_id = c.parent_id"
)


def credential_of(row: Sequence[Any]) -> Credential:
    """From the columns of CREDENTIAL in their order."""
    facts = dict(zip(CREDENTIAL, row, strict=True))
    facts["kind"] = Kind(facts["kind"])
    facts["read_only"], facts["keeps_refresh"] = bool(facts["read_only"]), bool(facts["keeps_refresh"])
    return Credential(**facts)


def holder_of(row: Sequence[Any]) -> Holder:
    """From the columns of _HOLDER in their order."""
    pieces, start = [], 0
    for _, names in _PARTS:
        pieces.append(row[start : start + len(names)])
        start += len(names)
    own, account, partner, user, parent = pieces
    return Holder(
        credential=credential_of(own),
        account=Account(*account) if account[0] is not None else None,
        partner=Partner(*partner) if partner[0] is not None else None,
        user=user_of(user) if user[0] is not None else None,
        parent=credential_of(parent) if parent[0] is not None else None,
    )


class CredentialTables(AccessTables):
    """See `core.ports.accounts.Credentials`."""

    async def holders(self, secret_hashes: Sequence[str], now_ms: int) -> dict[str, Holder]:
        rows = await self._connection.fetch(
            f"{_HOLDER.replace(' FROM', ', c.secret_hash FROM', 1)} WHERE c.secret_hash {{in_texts:$1}}",
            list(secret_hashes),
        )
        found = {row[-1]: holder_of(row[:-1]) for row in rows}
        missing = [value for value in secret_hashes if value not in found]
        if missing:
            rows = await self._connection.fetch(
                f"{_HOLDER.replace(' FROM', ', f.until_ms, f.secret_hash FROM', 1)}"
                " JOIN former_secrets f ON f.credential_id = c.credential_id"
                " WHERE f.secret_hash {in_texts:$1} AND f.until_ms > $2",
                missing, now_ms,
            )  # fmt: skip
            found.update({row[-1]: replace(holder_of(row[:-2]), until_ms=row[-2]) for row in rows})
        return found

    async def holder(self, credential_id: str) -> Holder | None:
        row = await self._connection.fetch_one(f"{_HOLDER} WHERE c.credential_id = $1", credential_id)
        return holder_of(row) if row else None

    async def secret_hashes(self, credential_id: str, now_ms: int) -> list[str]:
        rows = await self._connection.fetch(
            "SELECT secret_hash FROM credentials WHERE credential_id = $1"
            " UNION ALL SELECT secret_hash FROM former_secrets WHERE credential_id = $1 AND until_ms > $2",
            credential_id, now_ms,
        )  # fmt: skip
        return [row[0] for row in rows]

    async def add_credentials(self, rows: Iterable[tuple[Credential, str]], predecessor_id: str | None = None) -> None:
        marks = ", ".join(f"${index}" for index in range(1, len(CREDENTIAL) + 3))
        await self._connection.execute_many(
            f"INSERT INTO credentials ({_CREDENTIAL}, secret_hash, predecessor_id) VALUES ({marks})",
            [
                (*(_stored(getattr(credential, name)) for name in CREDENTIAL), secret_hash, predecessor_id)
                for credential, secret_hash in rows
            ],
        )

    async def lock_credential(self, credential_id: str) -> Credential | None:
        row = await self._connection.fetch_one(
            f"SELECT {_CREDENTIAL} FROM credentials WHERE credential_id = $1 {{for_update}}", credential_id
        )
        return credential_of(row) if row else None

    async def credentials(self, account_id: str, kinds: Sequence[str]) -> list[Credential]:
        return await self._listed("account_id", account_id, kinds)

    async def credentials_of_partner(self, partner_id: str, kinds: Sequence[str]) -> list[Credential]:
        return await self._listed("partner_id", partner_id, kinds)

    async def children(self, parent_id: str, kinds: Sequence[str]) -> list[Credential]:
        return await self._listed("parent_id", parent_id, kinds)

    async def _listed(self, column: str, value: str, kinds: Sequence[str]) -> list[Credential]:
        rows = await self._connection.fetch(
            f"SELECT {_CREDENTIAL} FROM credentials WHERE {column} = $1 AND kind {{in_texts:$2}}"
            " ORDER BY created_at_ms, credential_id",
            value, [str(kind) for kind in kinds],
        )  # fmt: skip
        return [credential_of(row) for row in rows]

    async def has_spent_successor(self, family_id: str, credential_id: str) -> bool:
        row = await self._connection.fetch_one(
            "SELECT 1 FROM credentials"
            " WHERE family_id = $1 AND predecessor_id = $2 AND spent_at_ms IS NOT NULL LIMIT 1",
            family_id, credential_id,
        )  # fmt: skip
        return row is not None

    async def revoke(self, credential_ids: Sequence[str], at_ms: int) -> None:
        await self._revoke("credential_id {in_texts:$1}", list(credential_ids), at_ms)

    async def revoke_family(self, family_id: str, at_ms: int) -> None:
        await self._revoke("family_id = $1", family_id, at_ms)

    async def revoke_children(self, parent_id: str, at_ms: int) -> None:
        await self._revoke("parent_id = $1", parent_id, at_ms)

    async def _revoke(self, which: str, value: str | list[str], at_ms: int) -> None:
        ended = await self._connection.execute(
            f"UPDATE credentials SET revoked_at_ms = $2 WHERE {which} AND revoked_at_ms IS NULL", value, at_ms
        )
        if ended:
            self.change_access()

    async def spend(self, credential_id: str, at_ms: int) -> None:
        await self._connection.execute(
            "UPDATE credentials SET spent_at_ms = $2 WHERE credential_id = $1 AND spent_at_ms IS NULL",
            credential_id, at_ms,
        )  # fmt: skip

    async def alarm(self, credential_id: str, at_ms: int) -> None:
        await self._connection.execute(
            "UPDATE credentials SET alarms = alarms + 1, alarmed_at_ms = $2 WHERE credential_id = $1",
            credential_id, at_ms,
        )  # fmt: skip

    async def keep_violations(self, credential_id: str, violations: int, blocked_at_ms: int | None) -> None:
        await self._connection.execute(
            "UPDATE credentials SET violations = $2, blocked_at_ms = $3 WHERE credential_id = $1",
            credential_id, violations, blocked_at_ms,
        )  # fmt: skip
        if blocked_at_ms is not None:
            self.change_access()

    async def replace_secret(self, credential_id: str, secret_hash: str, hint: str, former_until_ms: int) -> None:
        await self._connection.execute(
            "INSERT INTO former_secrets (secret_hash, credential_id, until_ms)"
            " SELECT secret_hash, credential_id, $2 FROM credentials WHERE credential_id = $1",
            credential_id, former_until_ms,
        )  # fmt: skip
        await self._connection.execute(
            "UPDATE credentials SET secret_hash = $2, hint = $3 WHERE credential_id = $1",
            credential_id, secret_hash, hint,
        )  # fmt: skip
        self.change_access()

    async def note_uses(self, uses: Iterable[tuple[str, int, str]]) -> None:
        await self._connection.execute_many(
            "UPDATE credentials SET last_used_at_ms = $2, last_address = $3"
            " WHERE credential_id = $1 AND (last_used_at_ms IS NULL OR last_used_at_ms < $2)",
            uses,
        )


def _stored(value: Any) -> Any:
    if isinstance(value, bool):
        return int(value)
    return value.value if isinstance(value, Kind) else value
