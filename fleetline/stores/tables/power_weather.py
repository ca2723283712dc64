"""Tables of the weather over cells, some days of a cell to a row."""

from collections.abc import Sequence
from typing import Any, Final

from fleetline.core.ports.power import WeatherRow
from fleetline.model.weather import WeatherSource
from fleetline.stores.engine import Connection

_KEY: Final = "account_id = $1 AND source = $2 AND kind = $3 AND issue_at_ms = $4"
_ROW: Final = "cell, block, steps, body"


def _row(row: Sequence[Any]) -> WeatherRow:
    return WeatherRow(row[0], row[1], row[2], bytes(row[3]))


class WeatherTables:
    """See `core.ports.power.WeatherRows`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def source(self, account_id: str, name: str) -> WeatherSource | None:
        row = await self._connection.fetch_one(
            "SELECT source, step_s, resolution_e2 FROM power_weather_sources WHERE account_id = $1 AND source = $2",
            account_id, name,
        )  # fmt: skip
        return WeatherSource(*row) if row else None

    async def sources(self, account_id: str) -> list[WeatherSource]:
        rows = await self._connection.fetch(
            "SELECT source, step_s, resolution_e2 FROM power_weather_sources WHERE account_id = $1 ORDER BY source",
            account_id,
        )
        return [WeatherSource(*row) for row in rows]

    async def add_source(self, account_id: str, source: WeatherSource) -> None:
        await self._connection.execute(
            "INSERT INTO power_weather_sources (account_id, source, step_s, resolution_e2) VALUES ($1, $2, $3, $4)",
            account_id, source.name, source.step_s, source.resolution_e2,
        )  # fmt: skip

    async def remove_source(self, account_id: str, name: str) -> None:
        for table in ("power_weather", "power_weather_cells", "power_weather_sources"):
            await self._connection.execute(
                f"DELETE FROM {table} WHERE account_id = $1 AND source = $2", account_id, name
            )

    async def weather_cells(self, account_id: str, source: str, kind: str, issue_at_ms: int = 0) -> list[int]:
        rows = await self._connection.fetch(
            f"SELECT cell FROM power_weather_cells WHERE {_KEY} ORDER BY cell", account_id, source, kind, issue_at_ms
        )
        return [row[0] for row in rows]

    async def last_issue(self, account_id: str, source: str, by_ms: int) -> int | None:
        row = await self._connection.fetch_one(
            "SELECT issue_at_ms FROM power_weather_cells WHERE account_id = $1 AND source = $2 AND kind = 'forecast'"
            " AND issue_at_ms <= $3 ORDER BY issue_at_ms DESC LIMIT 1",
            account_id, source, by_ms,
        )  # fmt: skip
        return int(row[0]) if row else None

    async def issues(self, account_id: str, source: str) -> list[int]:
        rows = await self._connection.fetch(
            "SELECT DISTINCT issue_at_ms FROM power_weather_cells"
            " WHERE account_id = $1 AND source = $2 AND kind = 'forecast' ORDER BY issue_at_ms",
            account_id, source,
        )  # fmt: skip
        return [row[0] for row in rows]

    async def weather(
        self, account_id: str, source: str, kind: str, issue_at_ms: int, cells: Sequence[int], blocks: tuple[int, int]
    ) -> list[WeatherRow]:
        rows = await self._connection.fetch(
            f"SELECT {_ROW} FROM power_weather WHERE {_KEY} AND cell {{in_ints:$5}} AND block >= $6 AND block <= $7",
            account_id, source, kind, issue_at_ms, list(cells), *blocks,
        )  # fmt: skip
        return [_row(row) for row in rows]

    async def weather_of_cell(self, account_id: str, source: str, kind: str, cell: int) -> list[WeatherRow]:
        rows = await self._connection.fetch(
            f"SELECT {_ROW} FROM power_weather WHERE account_id = $1 AND source = $2 AND kind = $3 AND cell = $4"
            " AND issue_at_ms = (SELECT max(c.issue_at_ms) FROM power_weather_cells c"
            " WHERE c.account_id = $1 AND c.source = $2 AND c.kind = $3 AND c.cell = $4) ORDER BY block",
            account_id, source, kind, cell,
        )  # fmt: skip
        return [_row(row) for row in rows]

    async def keep_weather(
        self, account_id: str, source: str, kind: str, issue_at_ms: int, rows: Sequence[WeatherRow]
    ) -> None:
        key = (account_id, source, kind, issue_at_ms)
        await self._connection.execute_many(
            f"INSERT INTO power_weather (account_id, source, kind, issue_at_ms, {_ROW})"
            " VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"
            " ON CONFLICT (account_id, source, kind, issue_at_ms, cell, block)"
            " DO UPDATE SET steps = excluded.steps, body = excluded.body",
            [(*key, row.cell, row.block, row.steps, row.body) for row in rows],
        )
        await self._connection.execute_many(
            "INSERT INTO power_weather_cells (account_id, source, kind, issue_at_ms, cell) VALUES ($1, $2, $3, $4, $5)"
            " ON CONFLICT (account_id, source, kind, issue_at_ms, cell) DO NOTHING",
            [(*key, cell) for cell in sorted({row.cell for row in rows})],
        )

    async def remove_weather(
        self, account_id: str, source: str, kind: str, issue_at_ms: int, cells: Sequence[tuple[int, int]]
    ) -> None:
        await self._connection.execute_many(
            f"DELETE FROM power_weather WHERE {_KEY} AND cell = $5 AND block = $6",
            [(account_id, source, kind, issue_at_ms, cell, block) for cell, block in cells],
        )
        await self._connection.execute(
            f"DELETE FROM power_weather_cells WHERE {_KEY} AND NOT EXISTS ("
            "SELECT 1 FROM power_weather w WHERE w.account_id = $1 AND w.source = $2 AND w.kind = $3"
            " AND w.issue_at_ms = $4 AND w.cell = power_weather_cells.cell)",
            account_id, source, kind, issue_at_ms,
        )  # fmt: skip

    async def weather_blocks(
        self, account_id: str, source: str, kind: str, issue_at_ms: int, after: tuple[int, int], most: int
    ) -> list[WeatherRow]:
        rows = await self._connection.fetch(
            f"SELECT {_ROW} FROM power_weather WHERE {_KEY} AND (cell > $5 OR (cell = $5 AND block > $6))"
            " ORDER BY cell, block LIMIT $7",
            account_id, source, kind, issue_at_ms, *after, most,
        )  # fmt: skip
        return [_row(row) for row in rows]
