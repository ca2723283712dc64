"""Tables of our own API: answers kept against repetition, preferences, and what administrators did."""

from collections.abc import Sequence
from typing import Final

from fleetline.core.ports.own import Act, Repeat
from fleetline.stores.engine import Connection
from fleetline.stores.tables.own_lists import OwnListTables
from fleetline.stores.tables.own_writes import OwnWriteTables

_ACT: Final = ("at_ms", "act_id", "actor", "address", "kind", "subject", "action", "detail")


class OwnTables(OwnListTables, OwnWriteTables):
    """See `core.ports.own.OwnTables`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def begin_repeat(self, account_id: str, key: str, request_hash: str, at_ms: int) -> Repeat | None:
        claimed = await self._connection.fetch(
            "INSERT INTO own_repeats (account_id, repeat_key, request_hash, status, headers, body, at_ms)"
            " VALUES ($1, $2, $3, 0, '', $4, $5) ON CONFLICT (account_id, repeat_key) DO NOTHING RETURNING status",
            account_id, key, request_hash, b"", at_ms,
        )  # fmt: skip
        if claimed:
            return None
        row = await self._connection.fetch_one(
            "SELECT request_hash, status, headers, body, at_ms FROM own_repeats"
            " WHERE account_id = $1 AND repeat_key = $2 {for_update}",
            account_id, key,
        )  # fmt: skip
        return Repeat(row[0], row[1], row[2], bytes(row[3]), row[4]) if row else None

    async def keep_repeat(self, account_id: str, key: str, repeat: Repeat) -> None:
        await self._connection.execute(
            "UPDATE own_repeats SET status = $3, headers = $4, body = $5 WHERE account_id = $1 AND repeat_key = $2",
            account_id, key, repeat.status, repeat.headers, repeat.body,
        )  # fmt: skip

    async def drop_repeat(self, account_id: str, key: str) -> None:
        await self._connection.execute(
            "DELETE FROM own_repeats WHERE account_id = $1 AND repeat_key = $2", account_id, key
        )

    async def drop_repeats_before(self, at_ms: int, most: int) -> int:
        return await self._connection.execute(
            "DELETE FROM own_repeats WHERE (account_id, repeat_key) IN"
            " (SELECT account_id, repeat_key FROM own_repeats WHERE at_ms < $1 ORDER BY at_ms LIMIT $2)",
            at_ms, most,
        )  # fmt: skip

    async def preferences(self, user_id: str) -> str | None:
        row = await self._connection.fetch_one("SELECT body FROM own_preferences WHERE user_id = $1", user_id)
        return str(row[0]) if row else None

    async def keep_preferences(self, user_id: str, body: str) -> None:
        await self._connection.execute(
            "INSERT INTO own_preferences (user_id, body) VALUES ($1, $2)"
            " ON CONFLICT (user_id) DO UPDATE SET body = excluded.body",
            user_id, body,
        )  # fmt: skip

    async def add_acts(self, account_id: str, acts: Sequence[Act]) -> None:
        marks = ", ".join(f"${place}" for place in range(1, len(_ACT) + 2))
        await self._connection.execute_many(
            f"INSERT INTO own_acts (account_id, {', '.join(_ACT)}) VALUES ({marks})",
            [(account_id, *(getattr(act, name) for name in _ACT)) for act in acts],
        )

    async def acts(self, account_id: str, before: tuple[int, str], from_ms: int, limit: int) -> list[Act]:
        rows = await self._connection.fetch(
            f"SELECT {', '.join(_ACT)} FROM own_acts WHERE account_id = $1 AND (at_ms, act_id) < ($2, $3)"
            " AND at_ms >= $4 ORDER BY at_ms DESC, act_id DESC LIMIT $5",
            account_id, *before, from_ms, limit,
        )  # fmt: skip
        return [Act(**dict(zip(_ACT, row, strict=True))) for row in rows]

    async def columns_of_header(self, account_id: str, what: str, header_key: str) -> str | None:
        row = await self._connection.fetch_one(
            "SELECT body FROM own_columns WHERE account_id = $1 AND what = $2 AND header_key = $3",
            account_id, what, header_key,
        )  # fmt: skip
        return str(row[0]) if row else None

    async def keep_columns(self, account_id: str, what: str, header_key: str, body: str, at_ms: int) -> None:
        await self._connection.execute(
            "INSERT INTO own_columns (account_id, what, header_key, body, at_ms) VALUES ($1, $2, $3, $4, $5)"
            " ON CONFLICT (account_id, what, header_key) DO UPDATE SET body = excluded.body, at_ms = excluded.at_ms",
            account_id, what, header_key, body, at_ms,
        )  # fmt: skip
