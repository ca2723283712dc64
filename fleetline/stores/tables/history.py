"""The SQL of history; see `core.ports.history.HistoryPort`."""

from collections.abc import Sequence
from typing import Any

from fleetline.core.ports.history import DeviceFacts, Latest, Part, Refusal, StoredRoute
from fleetline.stores.engine import Connection

_PART = "part_id, device_id, hour, body"


def _part(row: tuple[Any, ...]) -> Part:
    part_id, device_id, hour, body = row
    return Part(device_id, hour, body, part_id)


class HistoryTables:
    """History inside one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._c = connection

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

    async def add_parts(self, parts: Sequence[Part]) -> None:
        await self._c.execute_many(
            "INSERT INTO parts (device_id, hour, body) VALUES ($1, $2, $3)",
            [(part.device_id, part.hour, part.body) for part in parts],
        )

    async def heard(self, heard: Sequence[tuple[int, int]]) -> None:
        await self._c.execute_many(
            "INSERT INTO latest (device_id, heard_at_ms) VALUES ($1, $2) ON CONFLICT (device_id) DO UPDATE SET"
            " heard_at_ms = excluded.heard_at_ms, version = latest.version + 1"
            " WHERE excluded.heard_at_ms > latest.heard_at_ms",
            heard,
        )

    async def add_refusals(self, refusals: Sequence[Refusal]) -> None:
        await self._c.execute_many(
            "INSERT INTO refusals (device_id, received_at_ms, reason, reports, frame) VALUES ($1, $2, $3, $4, $5)",
            [(r.device_id, r.received_at_ms, r.reason, r.reports, r.frame) for r in refusals],
        )

    async def waiting(self, limit: int) -> list[int]:
        rows = await self._c.fetch(
            "SELECT p.device_id FROM parts p LEFT JOIN latest l ON l.device_id = p.device_id"
            " WHERE p.part_id > coalesce(l.folded_part_id, 0) GROUP BY p.device_id ORDER BY min(p.part_id) LIMIT $1",
            limit,
        )
        return [int(row[0]) for row in rows]

    async def lock_latest(self, device_ids: Sequence[int]) -> list[Latest]:
        rows = await self._c.fetch(
            "SELECT device_id, heard_at_ms, folded_part_id, version, fold FROM latest"
            " WHERE device_id {in_ints:$1} ORDER BY device_id {for_update}",
            list(device_ids),
        )
        return [Latest(*row) for row in rows]

    async def latest(self, device_ids: Sequence[int]) -> list[Latest]:
        rows = await self._c.fetch(
            "SELECT device_id, heard_at_ms, folded_part_id, version, fold FROM latest"
            " WHERE device_id {in_ints:$1} ORDER BY device_id",
            list(device_ids),
        )
        return [Latest(*row) for row in rows]

    async def new_parts(self, device_ids: Sequence[int]) -> list[Part]:
        rows = await self._c.fetch(
            "SELECT p.part_id, p.device_id, p.hour, p.body FROM latest l JOIN parts p"
            " ON p.device_id = l.device_id AND p.part_id > l.folded_part_id"
            " WHERE l.device_id {in_ints:$1} ORDER BY p.part_id",
            list(device_ids),
        )
        return [_part(row) for row in rows]

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
        return [(row[0], row[1]) for row in rows]

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

    async def open_hours(self, before_hour: int, limit: int) -> list[tuple[int, int]]:
        rows = await self._c.fetch(
            "SELECT p.device_id, p.hour FROM parts p JOIN latest l ON l.device_id = p.device_id WHERE p.hour < $1"
            " GROUP BY p.device_id, p.hour, l.folded_part_id HAVING max(p.part_id) <= l.folded_part_id LIMIT $2",
            before_hour,
            limit,
        )
        return [(int(row[0]), int(row[1])) for row in rows]

    async def put_latest(self, rows: Sequence[Latest]) -> None:
        await self._c.execute_many(
            "UPDATE latest SET folded_part_id = $2, version = $3, fold = $4 WHERE device_id = $1",
            [(row.device_id, row.folded_part_id, row.version, row.fold) for row in rows],
        )

    async def checkpoint_before(self, device_id: int, at_ms: int) -> tuple[int, bytes] | None:
        row = await self._c.fetch_one(
            "SELECT at_ms, fold FROM checkpoints WHERE device_id = $1 AND at_ms <= $2 ORDER BY at_ms DESC LIMIT 1",
            device_id,
            at_ms,
        )
        return (int(row[0]), row[1]) if row else None

    async def add_checkpoints(self, rows: Sequence[tuple[int, int, bytes]]) -> None:
        await self._c.execute_many(
            "INSERT INTO checkpoints (device_id, at_ms, fold) VALUES ($1, $2, $3)"
            " ON CONFLICT (device_id, at_ms) DO UPDATE SET fold = excluded.fold",
            rows,
        )

    async def drop_checkpoints_after(self, device_id: int, at_ms: int) -> None:
        await self._c.execute("DELETE FROM checkpoints WHERE device_id = $1 AND at_ms > $2", device_id, at_ms)

    async def put_routes(self, routes: Sequence[StoredRoute]) -> None:
        await self._c.execute_many(
            "INSERT INTO routes (device_id, origin_at_ms, destination_at_ms, day, body) VALUES ($1, $2, $3, $4, $5)"
            " ON CONFLICT (device_id, origin_at_ms) DO UPDATE SET destination_at_ms = excluded.destination_at_ms,"
            " day = excluded.day, body = excluded.body",
            [(r.device_id, r.origin_at_ms, r.destination_at_ms, r.day, r.body) for r in routes],
        )

    async def drop_routes_from(self, device_id: int, origin_at_ms: int) -> None:
        await self._c.execute("DELETE FROM routes WHERE device_id = $1 AND origin_at_ms >= $2", device_id, origin_at_ms)

    async def routes_of_day(self, device_id: int, day: int) -> list[StoredRoute]:
        rows = await self._c.fetch(
            "SELECT device_id, origin_at_ms, destination_at_ms, day, body FROM routes"
            " WHERE device_id = $1 AND day = $2 ORDER BY origin_at_ms",
            device_id,
            day,
        )
        return [StoredRoute(*row) for row in rows]

    async def routes_between(self, device_id: int, from_ms: int, to_ms: int) -> list[StoredRoute]:
        rows = await self._c.fetch(
            "SELECT device_id, origin_at_ms, destination_at_ms, day, body FROM routes"
            " WHERE device_id = $1 AND origin_at_ms < $3 AND destination_at_ms >= $2 ORDER BY origin_at_ms",
            device_id,
            from_ms,
            to_ms,
        )
        return [StoredRoute(*row) for row in rows]

    async def put_days(self, rows: Sequence[tuple[int, int, bytes]]) -> None:
        await self._c.execute_many(
            "INSERT INTO days (device_id, day, body) VALUES ($1, $2, $3)"
            " ON CONFLICT (device_id, day) DO UPDATE SET body = excluded.body",
            rows,
        )

    async def days(self, device_ids: Sequence[int], first: int, last: int) -> list[tuple[int, int, bytes]]:
        rows = await self._c.fetch(
            "SELECT device_id, day, body FROM days WHERE device_id {in_ints:$1} AND day >= $2 AND day <= $3",
            list(device_ids),
            first,
            last,
        )
        return [(int(row[0]), int(row[1]), row[2]) for row in rows]

    async def add_events(self, rows: Sequence[tuple[int, int, str, str]]) -> None:
        await self._c.execute_many("INSERT INTO events (device_id, at_ms, kind, body) VALUES ($1, $2, $3, $4)", rows)

    async def drop_history_before(self, device_ids: Sequence[int], hour: int) -> int:
        await self._c.execute("DELETE FROM parts WHERE device_id {in_ints:$1} AND hour < $2", list(device_ids), hour)
        return await self._c.execute(
            "DELETE FROM segments WHERE device_id {in_ints:$1} AND hour < $2", list(device_ids), hour
        )

    async def drop_refusals_before(self, at_ms: int) -> None:
        await self._c.execute("DELETE FROM refusals WHERE received_at_ms < $1", at_ms)
