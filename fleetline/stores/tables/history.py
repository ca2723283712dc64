"""The SQL of history: filing and reading; see `core.ports.history.HistoryPort`."""

from collections.abc import Sequence
from typing import Any, Final

from fleetline.core.ports.history import DeviceFacts, Latest, Part, Refusal, StoredRoute
from fleetline.stores.tables.history_fold import FoldTables

_PART = "part_id, device_id, hour, body"
VERSIONS: Final = (
    "SELECT COALESCE((SELECT version FROM registries WHERE account_id = $1), 0),"
    " COALESCE((SELECT {next_settled} FROM counters WHERE name = 'history'), 0)"
)
_ROUTE = "device_id, origin_at_ms, destination_at_ms, day, settled_at_ms, body"
_LATEST = "device_id, heard_at_ms, folded_part_id, version, memory"


def _part(row: tuple[Any, ...]) -> Part:
    part_id, device_id, hour, body = row
    return Part(device_id, hour, body, part_id)


class HistoryTables(FoldTables):
    """History inside one transaction."""

    async def facts(self, device_ids: Sequence[int], future_tolerance_ms: int) -> dict[int, DeviceFacts]:
        rows = await self._c.fetch(
            "SELECT d.device_id, d.clock_offset_s, CASE WHEN EXISTS (SELECT 1 FROM devices o WHERE o.ident = d.ident"
            " AND o.device_id < d.device_id AND o.account_id <> d.account_id) THEN d.added_at_ms ELSE 0 END"
            " FROM devices d WHERE d.device_id {in_ints:$1}",
            list(device_ids),
        )
        return {int(row[0]): DeviceFacts(int(row[1]) * 1000, int(row[2]), future_tolerance_ms) for row in rows}

    async def filed_up_to(self, intake: int) -> int:
        row = await self._c.fetch_one("SELECT journal_id FROM filed WHERE intake = $1", intake)
        return int(row[0]) if row else 0

    async def mark_filed(self, intake: int, journal_id: int) -> None:
        await self._c.execute(
            "INSERT INTO filed (intake, journal_id) VALUES ($1, $2)"
            " ON CONFLICT (intake) DO UPDATE SET journal_id = excluded.journal_id",
            intake,
            journal_id,
        )

    async def next_version(self) -> int:
        row = await self._c.fetch_one(
            "UPDATE counters SET next = next + 1 WHERE name = 'history' RETURNING {next_settling}"
        )
        assert row is not None, "the migration made this counter"
        return int(row[0])

    async def add_parts(self, parts: Sequence[Part]) -> None:
        await self._c.copy(
            "parts", ["device_id", "hour", "body"], [(part.device_id, part.hour, part.body) for part in parts]
        )

    async def heard(self, heard: Sequence[tuple[int, int, int]], version: int) -> None:
        # CASE and not max(): the engines name the greatest of two values differently
        await self._c.insert_many(
            "INSERT INTO latest (device_id, heard_at_ms, news, version) VALUES {values}"
            " ON CONFLICT (device_id) DO UPDATE SET version = excluded.version,"
            " heard_at_ms = CASE WHEN excluded.heard_at_ms > latest.heard_at_ms THEN excluded.heard_at_ms"
            " ELSE latest.heard_at_ms END,"
            " news = CASE WHEN excluded.news > latest.news THEN excluded.news ELSE latest.news END",
            [(*row, version) for row in heard],
        )

    async def add_refusals(self, refusals: Sequence[Refusal]) -> None:
        await self._c.copy(
            "refusals",
            ["device_id", "received_at_ms", "reason", "reports", "frame"],
            [(r.device_id, r.received_at_ms, r.reason, r.reports, r.frame) for r in refusals],
        )

    async def drop_refusals_before(self, at_ms: int) -> None:
        await self._c.execute("DELETE FROM refusals WHERE received_at_ms < $1", at_ms)

    async def latest(self, device_ids: Sequence[int]) -> list[Latest]:
        rows = await self._c.fetch(
            f"SELECT {_LATEST} FROM latest WHERE device_id {{in_ints:$1}} ORDER BY device_id", list(device_ids)
        )
        return [Latest(*row) for row in rows]

    async def new_parts(self, device_ids: Sequence[int], limit: int) -> list[Part]:
        rows = await self._c.fetch(
            "SELECT p.part_id, p.device_id, p.hour, p.body FROM latest l JOIN parts p"
            " ON p.device_id = l.device_id AND p.part_id > l.folded_part_id"
            " WHERE l.device_id {in_ints:$1} ORDER BY p.part_id LIMIT $2",
            list(device_ids),
            limit,
        )
        return [_part(row) for row in rows]

    async def hours_from(self, device_id: int, hour: int) -> list[int]:
        rows = await self._c.fetch(
            "SELECT hour FROM segments WHERE device_id = $1 AND hour >= $2"
            " UNION SELECT hour FROM parts WHERE device_id = $1 AND hour >= $2 ORDER BY 1",
            device_id,
            hour,
        )
        return [int(row[0]) for row in rows]

    async def parts_of_hours(self, device_id: int, first: int, last: int) -> list[Part]:
        rows = await self._c.fetch(
            f"SELECT {_PART} FROM parts WHERE device_id = $1 AND hour >= $2 AND hour <= $3 ORDER BY part_id",
            device_id,
            first,
            last,
        )
        return [_part(row) for row in rows]

    async def segments_of_hours(self, device_id: int, first: int, last: int) -> list[tuple[int, bytes]]:
        rows = await self._c.fetch(
            "SELECT hour, body FROM segments WHERE device_id = $1 AND hour >= $2 AND hour <= $3 ORDER BY hour",
            device_id,
            first,
            last,
        )
        return [(int(row[0]), row[1]) for row in rows]

    async def folded_hours(self, before_hour: int, limit: int) -> list[tuple[int, int]]:
        rows = await self._c.fetch(
            "SELECT p.device_id, p.hour FROM parts p JOIN latest l ON l.device_id = p.device_id WHERE p.hour < $1"
            " GROUP BY p.device_id, p.hour, l.folded_part_id HAVING max(p.part_id) <= l.folded_part_id LIMIT $2",
            before_hour,
            limit,
        )
        return [(int(row[0]), int(row[1])) for row in rows]

    async def put_segment(self, device_id: int, hour: int, reports: int, body: bytes) -> None:
        await self._c.execute(
            "INSERT INTO segments (device_id, hour, reports, body) VALUES ($1, $2, $3, $4)"
            " ON CONFLICT (device_id, hour) DO UPDATE SET reports = excluded.reports, body = excluded.body",
            device_id,
            hour,
            reports,
            body,
        )

    async def drop_parts(self, part_ids: Sequence[int]) -> None:
        await self._c.execute("DELETE FROM parts WHERE part_id {in_ints:$1}", list(part_ids))

    async def drop_history_before(self, account_id: str, hour: int) -> int:
        old = "device_id IN (SELECT device_id FROM devices WHERE account_id = $1) AND hour < $2"
        await self._c.execute(f"DELETE FROM parts WHERE {old}", account_id, hour)
        return await self._c.execute(f"DELETE FROM segments WHERE {old}", account_id, hour)

    async def retentions(self) -> dict[str, int]:
        return {row[0]: int(row[1]) for row in await self._c.fetch("SELECT account_id, positions_days FROM retentions")}

    async def put_retention(self, account_id: str, days: int | None) -> None:
        await self._c.execute("DELETE FROM retentions WHERE account_id = $1", account_id)
        if days is not None:
            await self._c.execute(
                "INSERT INTO retentions (account_id, positions_days) VALUES ($1, $2)", account_id, days
            )

    async def accounts(self) -> list[str]:
        return [row[0] for row in await self._c.fetch("SELECT account_id FROM accounts ORDER BY account_id")]

    async def version(self) -> int:
        row = await self._c.fetch_one("SELECT {next_settled} FROM counters WHERE name = 'history'")
        return int(row[0]) if row else 0

    async def versions(self, account_id: str) -> tuple[int, int]:
        row = await self._c.fetch_one(VERSIONS, account_id)
        assert row is not None, "a row of two values"
        return int(row[0]), int(row[1])

    async def changed_after(self, version: int) -> list[int]:
        return [int(row[0]) for row in await self._c.fetch("SELECT device_id FROM latest WHERE version > $1", version)]

    async def routes_of_day(self, device_id: int, day: int) -> list[StoredRoute]:
        rows = await self._c.fetch(
            f"SELECT {_ROUTE} FROM routes WHERE device_id = $1 AND day = $2 ORDER BY origin_at_ms", device_id, day
        )
        return [StoredRoute(*row) for row in rows]

    async def routes_between(self, device_id: int, from_ms: int, to_ms: int) -> list[StoredRoute]:
        rows = await self._c.fetch(
            f"SELECT {_ROUTE} FROM routes WHERE device_id = $1 AND origin_at_ms < $3 AND destination_at_ms >= $2"
            " ORDER BY origin_at_ms",
            device_id,
            from_ms,
            to_ms,
        )
        return [StoredRoute(*row) for row in rows]

    async def last_route_by(self, device_id: int, at_ms: int) -> StoredRoute | None:
        row = await self._c.fetch_one(
            f"SELECT {_ROUTE} FROM routes WHERE device_id = $1 AND origin_at_ms <= $2 ORDER BY origin_at_ms"
            f" DESC LIMIT 1",
            device_id,
            at_ms,
        )
        return StoredRoute(*row) if row else None

    async def refusals_of(self, device_id: int, limit: int) -> list[Refusal]:
        rows = await self._c.fetch(
            "SELECT device_id, received_at_ms, reason, reports, frame FROM refusals WHERE device_id = $1"
            " ORDER BY received_at_ms DESC LIMIT $2",
            device_id,
            limit,
        )
        return [Refusal(*row) for row in rows]

    async def events_of(self, device_id: int, from_ms: int, to_ms: int) -> list[tuple[int, str, str]]:
        rows = await self._c.fetch(
            "SELECT at_ms, kind, body FROM events WHERE device_id = $1 AND at_ms >= $2 AND at_ms < $3 ORDER BY at_ms",
            device_id,
            from_ms,
            to_ms,
        )
        return [(int(row[0]), row[1], row[2]) for row in rows]
