"""Table of what calls left behind for the limits."""

from collections.abc import Iterable, Sequence
from typing import Final

from fleetline.core.ports.accounts import LimitRow
from fleetline.stores.tables.access import AccessTables

_ROW: Final = "limit_key, at_ms, number, mark"


class LimitTables(AccessTables):
    """See `core.ports.accounts.Limits`."""

    async def limit_rows(self, keys: Sequence[str]) -> dict[str, LimitRow]:
        rows = await self._connection.fetch(f"SELECT {_ROW} FROM limits WHERE limit_key {{in_texts:$1}}", list(keys))
        return {row[0]: LimitRow(*row) for row in rows}

    async def lock_limits(self, keys: Sequence[str]) -> dict[str, LimitRow]:
        if not keys:
            return {}
        # in one order for everybody, so that two callers never wait for each other
        wanted = sorted(set(keys))
        marks = ", ".join(f"(${index})" for index in range(1, len(wanted) + 1))
        # the update changes nothing: it makes the row locked and returned, whether it was there or not
        rows = await self._connection.fetch(
            f"INSERT INTO limits (limit_key) VALUES {marks}"
            f" ON CONFLICT (limit_key) DO UPDATE SET limit_key = excluded.limit_key"
            f" RETURNING {', '.join(f'limits.{name}' for name in _ROW.split(', '))}",
            *wanted,
        )
        return {row[0]: LimitRow(*row) for row in rows}

    async def keep_limits(self, rows: Iterable[LimitRow]) -> None:
        await self._connection.execute_many(
            f"INSERT INTO limits ({_ROW}) VALUES ($1, $2, $3, $4)"
            " ON CONFLICT (limit_key) DO UPDATE SET"
            " at_ms = excluded.at_ms, number = excluded.number, mark = excluded.mark",
            [(row.limit_key, row.at_ms, row.number, row.mark) for row in rows],
        )

    async def sweep(self, *, limits_before_ms: int, ended_before_ms: int, now_ms: int, most: int) -> int:
        """In the order of dependence: a token goes only when nothing stands on it."""
        limits = await self._connection.execute(
            "DELETE FROM limits WHERE limit_key IN (SELECT limit_key FROM limits WHERE at_ms < $1 LIMIT $2)",
            limits_before_ms, most,
        )  # fmt: skip
        tokens = await self._connection.execute(
            "DELETE FROM credentials WHERE credential_id IN ("
            "SELECT credential_id FROM credentials WHERE expires_at_ms < $1"
            " AND kind IN ('fleetview-access', 'fleetview-refresh', 'session') LIMIT $2)",
            ended_before_ms, most,
        )  # fmt: skip
        former = await self._connection.execute(
            "DELETE FROM former_secrets WHERE secret_hash IN ("
            "SELECT secret_hash FROM former_secrets WHERE until_ms < $1 LIMIT $2)",
            now_ms, most,
        )  # fmt: skip
        if tokens:
            self.change_access()
        return limits + tokens + former
