"""Tables of fleets of solar resources and of who is in them."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from fleetline.core.ports.power import SitePlace
from fleetline.model.power import Fleet, PowerResource
from fleetline.model.resource import Place
from fleetline.stores.engine import Connection
from fleetline.stores.tables.power_matching import filter_of, filter_text, refill
from fleetline.stores.tables.power_resources import OWN, SELECTED, resources_of

COLUMNS: Final = (
    "fleet_id", "account_id", "name", "description", "tags", "filter", "created_at_ms", "updated_at_ms", "version",
)  # fmt: skip
_SELECTED: Final = ", ".join(f"f.{name}" for name in COLUMNS)
_KEEP: Final = (
    f"INSERT INTO power_fleets ({', '.join(COLUMNS)}, name_key)"
    f" VALUES ({', '.join(f'${index}' for index in range(1, len(COLUMNS) + 2))})"
    " ON CONFLICT (fleet_id) DO UPDATE SET name = excluded.name, name_key = excluded.name_key,"
    " description = excluded.description, tags = excluded.tags, filter = excluded.filter,"
    " updated_at_ms = excluded.updated_at_ms, version = excluded.version"
)


def fleet_of(row: Sequence[Any]) -> Fleet:
    """From the columns of COLUMNS in their order."""
    facts = dict(zip(COLUMNS, row, strict=True))
    facts["tags"] = tuple(msgspec.json.decode(facts["tags"]))
    facts["filter"] = filter_of(facts["filter"])
    return Fleet(**facts)


class FleetTables:
    """See `core.ports.power.FleetRows`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def fleets(self, account_id: str, fleet_ids: Sequence[str]) -> dict[str, Fleet]:
        rows = await self._connection.fetch(
            f"SELECT {_SELECTED} FROM power_fleets f"
            " WHERE COALESCE(f.account_id, '') = $1 AND f.fleet_id {in_texts:$2}",
            account_id, list(fleet_ids),
        )  # fmt: skip
        return {row[0]: fleet_of(row) for row in rows}

    async def fleet_named(self, account_id: str, name_key: str) -> Fleet | None:
        row = await self._connection.fetch_one(
            f"SELECT {_SELECTED} FROM power_fleets f WHERE f.account_id = $1 AND f.name_key = $2", account_id, name_key
        )
        return fleet_of(row) if row else None

    async def find_fleets(
        self, account_id: str, after: Place | None, most: int, resource_id: str | None = None
    ) -> list[Fleet]:
        within = " AND EXISTS (SELECT 1 FROM power_members m WHERE m.fleet_id = f.fleet_id AND m.resource_id = $5)"
        rows = await self._connection.fetch(
            f"SELECT {_SELECTED} FROM power_fleets f WHERE f.account_id = $1"
            f" AND (f.created_at_ms > $2 OR (f.created_at_ms = $2 AND f.fleet_id > $3)){within if resource_id else ''}"
            " ORDER BY f.created_at_ms, f.fleet_id LIMIT $4",
            account_id, *(after or (-(2**62), "")), most, *([resource_id] if resource_id else []),
        )  # fmt: skip
        return [fleet_of(row) for row in rows]

    async def keep_fleet(self, fleet: Fleet) -> None:
        facts = {name: getattr(fleet, name) for name in COLUMNS}
        facts["tags"] = msgspec.json.encode(fleet.tags).decode()
        facts["filter"] = filter_text(fleet.filter)
        await self._connection.execute(_KEEP, *facts.values(), fleet.name.casefold())

    async def refill_fleet(self, fleet: Fleet) -> None:
        await refill(self._connection, fleet)

    async def remove_fleet(self, fleet_id: str) -> None:
        await self._connection.execute("DELETE FROM power_members WHERE fleet_id = $1", fleet_id)
        await self._connection.execute("DELETE FROM power_fleets WHERE fleet_id = $1", fleet_id)

    async def listed_ids(self, fleet_id: str) -> list[str]:
        rows = await self._connection.fetch(
            "SELECT resource_id FROM power_members WHERE fleet_id = $1 AND listed = 1 ORDER BY resource_id", fleet_id
        )
        return [row[0] for row in rows]

    async def member_counts(self, fleet_ids: Sequence[str]) -> dict[str, int]:
        rows = await self._connection.fetch(
            "SELECT fleet_id, count(*) FROM power_members WHERE fleet_id {in_texts:$1} GROUP BY fleet_id",
            list(fleet_ids),
        )
        return dict.fromkeys(fleet_ids, 0) | {row[0]: row[1] for row in rows}

    async def members(self, account_id: str, fleet_ids: Sequence[str]) -> list[PowerResource]:
        rows = await self._connection.fetch(
            f"SELECT {SELECTED} FROM power_resources r WHERE {OWN} AND r.resource_id IN"
            " (SELECT m.resource_id FROM power_members m WHERE m.fleet_id {in_texts:$2})"
            " ORDER BY r.created_at_ms, r.resource_id",
            account_id, list(fleet_ids),
        )  # fmt: skip
        return await resources_of(rows)

    async def places_of_fleet(self, account_id: str, fleet_id: str) -> list[SitePlace]:
        rows = await self._connection.fetch(
            "SELECT r.resource_id, r.latitude_deg, r.longitude_deg, r.row_count FROM power_resources r"
            " JOIN power_members m ON m.resource_id = r.resource_id WHERE r.account_id = $1 AND m.fleet_id = $2",
            account_id, fleet_id,
        )  # fmt: skip
        return [SitePlace(*row) for row in rows]

    async def member_sums(self, fleet_id: str) -> tuple[int, int]:
        row = await self._connection.fetch_one(
            "SELECT COALESCE(CAST(sum(r.row_count) AS BIGINT), 0), COALESCE(CAST(sum(r.version) AS BIGINT), 0)"
            " FROM power_resources r JOIN power_members m ON m.resource_id = r.resource_id WHERE m.fleet_id = $1",
            fleet_id,
        )
        return (int(row[0]), int(row[1])) if row else (0, 0)

    async def add_members(self, fleet_id: str, resource_ids: Sequence[str]) -> int:
        return await self._connection.execute(
            "INSERT INTO power_members (fleet_id, resource_id)"
            " SELECT $1, r.resource_id FROM power_resources r WHERE r.resource_id {in_texts:$2}"
            " ON CONFLICT (fleet_id, resource_id) DO UPDATE SET listed = 1 WHERE power_members.listed = 0",
            fleet_id, list(resource_ids),
        )  # fmt: skip

    async def remove_members(self, fleet_id: str, resource_ids: Sequence[str]) -> int:
        staying = await self._connection.execute(
            "UPDATE power_members SET listed = 0"
            " WHERE fleet_id = $1 AND listed = 1 AND matched = 1 AND resource_id {in_texts:$2}",
            fleet_id, list(resource_ids),
        )  # fmt: skip
        return staying + await self._connection.execute(
            "DELETE FROM power_members WHERE fleet_id = $1 AND matched = 0 AND resource_id {in_texts:$2}",
            fleet_id, list(resource_ids),
        )  # fmt: skip

    async def touch_fleets_of(self, resource_ids: Sequence[str], at_ms: int) -> None:
        await self._connection.execute(
            "UPDATE power_fleets SET version = version + 1, updated_at_ms = $2 WHERE fleet_id IN"
            " (SELECT m.fleet_id FROM power_members m WHERE m.resource_id {in_texts:$1})",
            list(resource_ids), at_ms,
        )  # fmt: skip
