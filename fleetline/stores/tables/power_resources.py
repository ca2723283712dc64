"""Table of solar resources: the site as JSON text beside the columns that lists are filtered by."""

import asyncio
from collections.abc import Iterable, Sequence
from operator import attrgetter, itemgetter
from typing import Any, Final

import msgspec

from fleetline.core.ports.power import SitePlace
from fleetline.model.power import PowerResource
from fleetline.model.resource import Box, Place, ResourceFilter, row_count
from fleetline.model.resource_text import site_of, text_of
from fleetline.stores.engine import Connection
from fleetline.stores.tables.power_matching import refit

COLUMNS: Final = (
    "resource_id", "account_id", "name", "description", "customer_site_id", "zone", "feeder", "customer_class", "tags",
    "site", "created_at_ms", "updated_at_ms", "version",
)  # fmt: skip
SELECTED: Final = ", ".join(f"r.{name}" for name in COLUMNS)
_STORED: Final = (*COLUMNS, "name_key", "latitude_deg", "longitude_deg", "row_count")
_KEEP: Final = (
    f"INSERT INTO power_resources ({', '.join(_STORED)})"
    f" VALUES ({', '.join(f'${index}' for index in range(1, len(_STORED) + 1))})"
    " ON CONFLICT (resource_id) DO UPDATE SET "
    + ", ".join(f"{name} = excluded.{name}" for name in _STORED if name not in ("resource_id", "account_id"))
)
OWN: Final = "COALESCE(r.account_id, '') = $1"
"""Of the account, in words that keep SQLite from walking all its rows where the ids are known."""

MANY: Final = 100
"""From so many rows on they are decoded on a thread."""


def resource_of(row: Sequence[Any]) -> PowerResource:
    """From the columns of COLUMNS in their order."""
    facts = dict(zip(COLUMNS, row, strict=True))
    facts["site"] = site_of(facts["site"])
    facts["tags"] = tuple(msgspec.json.decode(facts["tags"]))
    return PowerResource(**facts)


async def resources_of(rows: Sequence[Sequence[Any]]) -> list[PowerResource]:
    """From many rows, without holding up other work."""
    if len(rows) < MANY:
        return [resource_of(row) for row in rows]
    return await asyncio.to_thread(lambda: [resource_of(row) for row in rows])


_FIRST: Final = attrgetter(*COLUMNS[:8])
_LAST: Final = attrgetter(*COLUMNS[10:])


def _row(resource: PowerResource) -> tuple[Any, ...]:
    """The values of _STORED in their order."""
    site = resource.site
    tags = msgspec.json.encode(resource.tags).decode()
    text = text_of(site)
    name_key = resource.name.casefold()
    place = (site.latitude_deg, site.longitude_deg)
    return (*_FIRST(resource), tags, text, *_LAST(resource), name_key, *place, row_count(site))


def _rows(resources: Iterable[PowerResource]) -> list[tuple[Any, ...]]:
    """Ids are random: in their order neighbouring rows of an index are written one after the other."""
    return sorted((_row(resource) for resource in resources), key=itemgetter(0))


class ResourceTables:
    """See `core.ports.power.ResourceRows`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def lock_account(self, account_id: str) -> None:
        await self._connection.fetch("SELECT 1 FROM accounts WHERE account_id = $1 {for_update}", account_id)

    async def resources(self, account_id: str, resource_ids: Sequence[str]) -> dict[str, PowerResource]:
        rows = await self._connection.fetch(
            f"SELECT {SELECTED} FROM power_resources r WHERE {OWN} AND r.resource_id {{in_texts:$2}}",
            account_id, list(resource_ids),
        )  # fmt: skip
        return {found.resource_id: found for found in await resources_of(rows)}

    async def holders(self, account_id: str, customer_site_ids: Sequence[str]) -> dict[str, PowerResource]:
        rows = await self._connection.fetch(
            f"SELECT {SELECTED} FROM power_resources r WHERE r.account_id = $1 AND r.customer_site_id {{in_texts:$2}}",
            account_id, list(customer_site_ids),
        )  # fmt: skip
        return {found.customer_site_id or "": found for found in await resources_of(rows)}

    async def known(self, account_id: str, resource_ids: Sequence[str]) -> set[str]:
        rows = await self._connection.fetch(
            f"SELECT r.resource_id FROM power_resources r WHERE {OWN} AND r.resource_id {{in_texts:$2}}",
            account_id, list(resource_ids),
        )  # fmt: skip
        return {row[0] for row in rows}

    async def places(self, account_id: str, resource_ids: Sequence[str]) -> list[SitePlace]:
        rows = await self._connection.fetch(
            "SELECT r.resource_id, r.latitude_deg, r.longitude_deg, r.row_count FROM power_resources r"
            f" WHERE {OWN} AND r.resource_id {{in_texts:$2}}",
            account_id, list(resource_ids),
        )  # fmt: skip
        return [SitePlace(*row) for row in rows]

    async def find_resources(
        self, account_id: str, wanted: ResourceFilter, after: Place | None, most: int
    ) -> list[PowerResource]:
        where, parameters = _where(account_id, wanted, after)
        rows = await self._connection.fetch(
            f"SELECT {SELECTED} FROM power_resources r WHERE {where}"
            f" ORDER BY r.created_at_ms, r.resource_id LIMIT ${len(parameters) + 1}",
            *parameters, most,
        )  # fmt: skip
        return await resources_of(rows)

    async def find_resource_ids(
        self, account_id: str, wanted: ResourceFilter, after: Place | None, most: int
    ) -> list[Place]:
        where, parameters = _where(account_id, wanted, after)
        rows = await self._connection.fetch(
            f"SELECT r.created_at_ms, r.resource_id FROM power_resources r WHERE {where}"
            f" ORDER BY r.created_at_ms, r.resource_id LIMIT ${len(parameters) + 1}",
            *parameters, most,
        )  # fmt: skip
        return [(row[0], row[1]) for row in rows]

    async def keep_resources(self, resources: Iterable[PowerResource]) -> None:
        kept = list(resources)
        rows = _rows(kept) if len(kept) < MANY else await asyncio.to_thread(_rows, kept)
        await self._connection.execute_many(_KEEP, rows)
        await refit(self._connection, kept)

    async def remove_resources(self, account_id: str, resource_ids: Sequence[str]) -> int:
        gone = list(await self.known(account_id, resource_ids))
        for table in ("power_members", "power_measurements"):
            await self._connection.execute(f"DELETE FROM {table} WHERE resource_id {{in_texts:$1}}", gone)
        return await self._connection.execute("DELETE FROM power_resources WHERE resource_id {in_texts:$1}", gone)


def _where(account_id: str, wanted: ResourceFilter, after: Place | None) -> tuple[str, list[Any]]:
    """The condition of a walk, and what its placeholders stand for."""
    parts, parameters = [OWN if wanted.fleet_id is not None else "r.account_id = $1"], list[Any]([account_id])

    def put(condition: str, *values: Any) -> None:
        numbers = []
        for value in values:
            parameters.append(value)
            numbers.append(f"${len(parameters)}")
        parts.append(condition.format(*numbers))

    if after is not None:
        put("(r.created_at_ms > {0} OR (r.created_at_ms = {0} AND r.resource_id > {1}))", *after)
    if wanted.fleet_id is not None:
        put("r.resource_id IN (SELECT m.resource_id FROM power_members m WHERE m.fleet_id = {0})", wanted.fleet_id)
    for column in ("customer_site_id", "zone", "customer_class"):
        if (value := getattr(wanted, column)) is not None:
            put(f"r.{column} = {{0}}", value)
    if wanted.name_part is not None:
        escaped = wanted.name_part.casefold().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        put("r.name_key LIKE {0} ESCAPE '\\'", f"%{escaped}%")
    if wanted.updated_since_ms is not None:
        put("r.updated_at_ms >= {0}", wanted.updated_since_ms)
    if wanted.box is not None:
        _put_box(put, wanted.box)
    return " AND ".join(parts), parameters


def _put_box(put: Any, box: Box) -> None:
    put("r.latitude_deg >= {0} AND r.latitude_deg <= {1}", box.south, box.north)
    joined = "AND" if box.west <= box.east else "OR"
    put(f"(r.longitude_deg >= {{0}} {joined} r.longitude_deg <= {{1}})", box.west, box.east)
