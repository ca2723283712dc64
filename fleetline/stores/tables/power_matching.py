"""Members of fleets that are there because they fit a filter: kept as rows, so that every read finds them."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from fleetline.model.power import Fleet, MemberFilter, PowerResource
from fleetline.stores.engine import Connection

MANY: Final = 10_000
"""From so many comparisons on they are made on a thread."""


def filter_text(wanted: MemberFilter | None) -> str | None:
    """As the column keeps it."""
    return None if wanted is None else msgspec.json.encode(wanted).decode()


def filter_of(text: str | None) -> MemberFilter | None:
    """From the column."""
    return None if text is None else msgspec.json.decode(text, type=MemberFilter)


async def refit(connection: Connection, kept: Sequence[PowerResource]) -> None:
    """Let resources of one account, as they were just written, enter and leave its fleets that have a filter.

    A fleet that somebody entered or left gets a new version.
    """
    if not kept:
        return
    rows = await connection.fetch(
        "SELECT fleet_id, filter FROM power_fleets WHERE account_id = $1 AND filter IS NOT NULL", kept[0].account_id
    )
    if not rows:
        return
    latest = {resource.resource_id: resource for resource in kept}
    filters = {row[0]: msgspec.json.decode(row[1], type=MemberFilter) for row in rows}
    if len(latest) * len(filters) < MANY:
        fitting = _fitting(filters, latest)
    else:
        fitting = await asyncio.to_thread(_fitting, filters, latest)
    inside: dict[str, set[str]] = {fleet_id: set() for fleet_id in filters}
    for fleet_id, resource_id in await connection.fetch(
        "SELECT fleet_id, resource_id FROM power_members WHERE matched = 1 AND resource_id {in_texts:$1}", list(latest)
    ):
        inside[fleet_id].add(resource_id)
    moved = [
        fleet_id for fleet_id in filters if await _shift(connection, fleet_id, inside[fleet_id], fitting[fleet_id])
    ]
    if moved:
        await connection.execute(
            "UPDATE power_fleets SET version = version + 1, updated_at_ms = $2 WHERE fleet_id {in_texts:$1}",
            moved, max(resource.updated_at_ms for resource in kept),
        )  # fmt: skip


def _fitting(filters: Mapping[str, MemberFilter], latest: Mapping[str, PowerResource]) -> dict[str, set[str]]:
    """Fleet -> those of the resources that fit its filter."""
    return {
        fleet_id: {key for key, resource in latest.items() if wanted.holds(resource)}
        for fleet_id, wanted in filters.items()
    }


async def refill(connection: Connection, fleet: Fleet) -> None:
    """The members by the fleet's filter are those who fit it as it is now; nobody without one."""
    rows = await connection.fetch(
        "SELECT resource_id FROM power_members WHERE fleet_id = $1 AND matched = 1", fleet.fleet_id
    )
    fitting = set[str]() if fleet.filter is None else await _who_fits(connection, fleet.account_id, fleet.filter)
    await _shift(connection, fleet.fleet_id, {row[0] for row in rows}, fitting)


async def _who_fits(connection: Connection, account_id: str, wanted: MemberFilter) -> set[str]:
    parts, parameters = ["account_id = $1"], list[Any]([account_id])

    def put(condition: str, *values: float | str) -> None:
        numbers = [f"${len(parameters) + index}" for index in range(1, len(values) + 1)]
        parameters.extend(values)
        parts.append(condition.format(*numbers))

    for column in ("zone", "feeder", "customer_class"):
        if (value := getattr(wanted, column)) is not None:
            put(f"{column} = {{0}}", value)
    if wanted.box is not None:
        west, south, east, north = wanted.box
        put("latitude_deg >= {0} AND latitude_deg <= {1}", south, north)
        put(f"(longitude_deg >= {{0}} {'AND' if west <= east else 'OR'} longitude_deg <= {{1}})", west, east)
    rows = await connection.fetch(
        f"SELECT resource_id, tags FROM power_resources WHERE {' AND '.join(parts)}", *parameters
    )
    if not wanted.tags:
        return {row[0] for row in rows}
    return await asyncio.to_thread(_tagged, rows, frozenset(wanted.tags))


def _tagged(rows: Sequence[tuple[Any, ...]], tags: frozenset[str]) -> set[str]:
    return {row[0] for row in rows if tags.issubset(msgspec.json.decode(row[1]))}


async def _shift(connection: Connection, fleet_id: str, inside: set[str], fitting: set[str]) -> int:
    """Who fits is in by the filter, who does not is out unless he is listed; how many entered or left the fleet."""
    come, gone, moved = sorted(fitting - inside), sorted(inside - fitting), 0
    if come:
        await connection.execute(
            "UPDATE power_members SET matched = 1 WHERE fleet_id = $1 AND resource_id {in_texts:$2}", fleet_id, come
        )
        moved += await connection.execute(
            "INSERT INTO power_members (fleet_id, resource_id, listed, matched)"
            " SELECT $1, r.resource_id, 0, 1 FROM power_resources r WHERE r.resource_id {in_texts:$2}"
            " ON CONFLICT (fleet_id, resource_id) DO NOTHING",
            fleet_id, come,
        )  # fmt: skip
    if gone:
        moved += await connection.execute(
            "DELETE FROM power_members WHERE fleet_id = $1 AND listed = 0 AND resource_id {in_texts:$2}", fleet_id, gone
        )
        await connection.execute(
            "UPDATE power_members SET matched = 0 WHERE fleet_id = $1 AND resource_id {in_texts:$2}", fleet_id, gone
        )
    return moved
