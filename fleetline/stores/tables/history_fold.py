"""The SQL of what the fold keeps: where each device stands, marks, routes, days, and what the registry says of it."""

from collections import defaultdict
from collections.abc import Sequence

from fleetline.core.ports.history import Folded, Moves, StoredDay, StoredMark, StoredRoute
from fleetline.stores.engine import Connection

_MARK = "device_id, at_ms, last_ms, state"
_DAY = "device_id, day, start_um, metres_um, passed_on_um"


class FoldTables:
    """The fold's side of history inside one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._c = connection

    async def with_news(self, limit: int) -> list[int]:
        rows = await self._c.fetch("SELECT device_id FROM latest WHERE news = 1 LIMIT $1", limit)
        return [int(row[0]) for row in rows]

    async def begin_latest(self, device_ids: Sequence[int]) -> None:
        if device_ids:
            await self._c.insert_many(
                "INSERT INTO latest (device_id, heard_at_ms) VALUES {values} ON CONFLICT (device_id) DO NOTHING",
                [(device_id, 0) for device_id in device_ids],
            )

    async def lock_latest(self, device_ids: Sequence[int]) -> dict[int, int]:
        # one by one: rows that lie on several nodes cannot be locked by one statement, nor in a certain order
        rows = await self._c.fetch_many(
            "SELECT device_id, folded_part_id FROM latest WHERE device_id = $1 {for_update}",
            [(device_id,) for device_id in sorted(device_ids)],
        )
        return {int(row[0]): int(row[1]) for row in rows}

    async def put_folded(self, rows: Sequence[Folded], version: int) -> None:
        await self._c.execute_many(
            "UPDATE latest SET folded_part_id = $2, version = $3, memory = $4, news = CASE WHEN EXISTS"
            " (SELECT 1 FROM parts"
            " WHERE parts.device_id = latest.device_id AND parts.part_id > $2) THEN 1 ELSE 0 END WHERE device_id = $1",
            [(row.device_id, row.folded_part_id, version, row.memory) for row in rows],
        )

    async def moves(self, device_ids: Sequence[int]) -> list[Moves]:
        wanted = list(device_ids)
        fittings: defaultdict[int, list[tuple[int, int]]] = defaultdict(list)
        for device, from_ms, vehicle in await self._c.fetch(
            "SELECT device_id, from_ms, vehicle_id FROM fittings WHERE device_id {in_ints:$1} ORDER BY"
            " device_id, from_ms",
            wanted,
        ):
            fittings[device].append((from_ms, vehicle))
        calibrations: defaultdict[int, list[tuple[int, int]]] = defaultdict(list)
        for device, at_ms, metres in await self._c.fetch(
            "SELECT device_id, at_ms, mileage_m FROM calibrations WHERE device_id {in_ints:$1} ORDER BY"
            " device_id, at_ms",
            wanted,
        ):
            calibrations[device].append((at_ms, metres))
        owners: defaultdict[int, list[str]] = defaultdict(list)
        for device, account, group in await self._c.fetch(
            "SELECT d.device_id, d.account_id, m.group_id FROM devices d LEFT JOIN group_members m"
            " ON m.id_scope = d.id_scope AND m.member_id = d.vehicle_id WHERE d.device_id {in_ints:$1}"
            " ORDER BY d.device_id, m.group_id",
            wanted,
        ):
            if not owners[device]:
                owners[device] += [f"device:{device}", f"account:{account}"]
            if group is not None:
                owners[device].insert(-1, f"group:{group}")
        return [Moves(d, tuple(fittings[d]), tuple(calibrations[d]), tuple(owners[d])) for d in wanted]

    async def last_fitting_before(self, vehicle_id: int, at_ms: int) -> tuple[int, int] | None:
        row = await self._c.fetch_one(
            "SELECT device_id, until_ms FROM fittings WHERE vehicle_id = $1 AND until_ms <= $2 ORDER BY"
            " until_ms DESC LIMIT 1",
            vehicle_id,
            at_ms,
        )
        return (int(row[0]), int(row[1])) if row else None

    async def thresholds(self, owners: Sequence[str]) -> dict[str, str]:
        rows = await self._c.fetch("SELECT owner, body FROM thresholds WHERE owner {in_texts:$1}", list(owners))
        return {row[0]: row[1] for row in rows}

    async def owner_exists(self, owner: str) -> bool:
        kind, _, number = owner.partition(":")
        table, column = {
            "account": ("accounts", "account_id"),
            "group": ("registry_groups", "group_id"),
            "device": ("devices", "device_id"),
        }[kind]
        key = number if kind == "account" else int(number)
        return await self._c.fetch_one(f"SELECT 1 FROM {table} WHERE {column} = $1", key) is not None

    async def put_thresholds(self, owner: str, body: str) -> None:
        await self._c.execute(
            "INSERT INTO thresholds (owner, body) VALUES ($1, $2) ON CONFLICT (owner) DO UPDATE SET body ="
            " excluded.body",
            owner,
            body,
        )

    async def mark_before(self, device_id: int, at_ms: int) -> StoredMark | None:
        row = await self._c.fetch_one(
            f"SELECT {_MARK} FROM marks WHERE device_id = $1 AND last_ms < $2 ORDER BY last_ms DESC LIMIT 1",
            device_id,
            at_ms,
        )
        return StoredMark(*row) if row else None

    async def marks_after(self, device_id: int, last_ms: int) -> list[StoredMark]:
        rows = await self._c.fetch(
            f"SELECT {_MARK} FROM marks WHERE device_id = $1 AND last_ms > $2 ORDER BY last_ms", device_id, last_ms
        )
        return [StoredMark(*row) for row in rows]

    async def put_marks(self, marks: Sequence[StoredMark]) -> None:
        rows = {(m.device_id, m.at_ms): (m.device_id, m.at_ms, m.last_ms, m.state) for m in marks}
        await self._c.insert_many(
            f"INSERT INTO marks ({_MARK}) VALUES {{values}}"
            " ON CONFLICT (device_id, at_ms) DO UPDATE SET last_ms = excluded.last_ms, state = excluded.state",
            list(rows.values()),
        )

    async def drop_marks(self, device_id: int, after_ms: int, until_ms: int) -> None:
        await self._c.execute(
            "DELETE FROM marks WHERE device_id = $1 AND last_ms > $2 AND last_ms <= $3", device_id, after_ms, until_ms
        )

    async def thin_marks(self, before_ms: int) -> int:
        return await self._c.execute(
            "DELETE FROM marks WHERE at_ms < $1 AND EXISTS (SELECT 1 FROM marks e WHERE e.device_id = marks.device_id"
            " AND e.at_ms < marks.at_ms AND e.at_ms / 86400000 = marks.at_ms / 86400000)",
            before_ms,
        )

    async def put_routes(self, routes: Sequence[StoredRoute]) -> None:
        rows = {
            (r.device_id, r.origin_at_ms): (
                r.device_id, r.origin_at_ms, r.destination_at_ms, r.day, r.settled_at_ms, r.body,
            )
            for r in routes
        }  # fmt: skip
        await self._c.insert_many(
            "INSERT INTO routes (device_id, origin_at_ms, destination_at_ms, day, settled_at_ms, body) VALUES {values}"
            " ON CONFLICT (device_id, origin_at_ms) DO UPDATE SET destination_at_ms = excluded.destination_at_ms,"
            " day = excluded.day, settled_at_ms = excluded.settled_at_ms, body = excluded.body",
            list(rows.values()),
        )

    async def drop_routes(self, device_id: int, after_ms: int, until_ms: int) -> None:
        await self._c.execute(
            "DELETE FROM routes WHERE device_id = $1 AND settled_at_ms > $2 AND settled_at_ms <= $3",
            device_id,
            after_ms,
            until_ms,
        )

    async def drop_folded(self, device_id: int) -> None:
        for table in ("routes", "days", "marks"):
            await self._c.execute(f"DELETE FROM {table} WHERE device_id = $1", device_id)

    async def routes_settled_after(self, device_id: int, settled_ms: int) -> list[StoredRoute]:
        rows = await self._c.fetch(
            "SELECT device_id, origin_at_ms, destination_at_ms, day, settled_at_ms, body FROM routes"
            " WHERE device_id = $1 AND settled_at_ms > $2 ORDER BY origin_at_ms",
            device_id,
            settled_ms,
        )
        return [StoredRoute(*row) for row in rows]

    async def put_days(self, days: Sequence[StoredDay]) -> None:
        rows = {(d.device_id, d.day): (d.device_id, d.day, d.start_um, d.metres_um, d.passed_on_um) for d in days}
        await self._c.insert_many(
            f"INSERT INTO days ({_DAY}) VALUES {{values}} ON CONFLICT (device_id, day) DO UPDATE SET"
            " start_um = excluded.start_um, metres_um = excluded.metres_um, passed_on_um = excluded.passed_on_um",
            list(rows.values()),
        )

    async def days_around(self, device_id: int, first: int, last: int) -> list[StoredDay]:
        rows = await self._c.fetch(
            f"SELECT {_DAY} FROM days WHERE device_id = $1"
            " AND day >= coalesce((SELECT max(day) FROM days WHERE device_id = $1 AND day < $2), $2)"
            " AND day <= coalesce((SELECT min(day) FROM days WHERE device_id = $1 AND day > $3), $3) ORDER BY day",
            device_id,
            first,
            last,
        )
        return [StoredDay(*row) for row in rows]

    async def add_events(self, rows: Sequence[tuple[int, int, str, str]]) -> None:
        if rows:
            await self._c.copy("events", ["device_id", "at_ms", "kind", "body"], rows)
