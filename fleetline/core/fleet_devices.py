"""Devices in bulk: registered, moved between vehicles, changed, taken off the account."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from fleetline.core.fleet_writing import Answered, Change, changing, judge_named
from fleetline.core.ports.own_lists import DeviceListed, DeviceWanted, Sight
from fleetline.core.registry_register import register
from fleetline.core.verdicts import Done, Verdict
from fleetline.core.workspace import Workspace
from fleetline.model.registry import Added, Kept, Kind, NewDevice, Refused

KEPT: Final = "kept"
"""Stands for a vehicle that stays as it is, where None means none."""
LARGEST_OFFSET_S: Final = 10 * 366 * 86_400


@dataclass(frozen=True, slots=True)
class DeviceChange:
    """What one device is to become; None and KEPT leave a fact as it is."""

    device_id: int
    revision: int | None = None
    vehicle_id: int | str | None = KEPT
    api: bool | None = None
    clock_offset_s: int | None = None
    retired: bool | None = None


async def add_devices(workspace: Workspace, items: Sequence[NewDevice], *, atomic: bool = False) -> Done:
    """`added`, `unchanged` (there already, as asked) or `refused` for each. errors: as `changing`"""
    answered = Answered()
    async with changing(workspace, len(items), answered, atomic=atomic) as change:
        for place, outcome in enumerate(await register(change.work, items)):
            if isinstance(outcome, Added):
                verdict = Verdict("added", outcome.device_id, change.work.book.version)
            elif isinstance(outcome, Kept):
                verdict = Verdict("unchanged", outcome.device_id)
            else:
                verdict = Verdict(
                    "refused", reason=outcome.reason if isinstance(outcome, Refused) else "cannot be kept"
                )
            change.verdicts[place] = verdict
    return answered.done


async def change_devices(workspace: Workspace, items: Sequence[DeviceChange], *, atomic: bool = False) -> Done:
    """`changed`, `unchanged`, `unknown`, `stale` or `refused` for each; devices may swap vehicles among each other.

    errors  as `changing`
    """
    answered = Answered()
    async with changing(workspace, len(items), answered, atomic=atomic) as change:
        await change_devices_in(change, items)
    return answered.done


async def change_devices_in(change: Change, items: Sequence[DeviceChange]) -> None:
    """See `change_devices`; fills in the verdicts."""
    rows = await _rows(change, [item.device_id for item in items])
    revisions = {number: row.revision for number, row in rows.items()}
    places = judge_named(change.verdicts, [(item.device_id, item.revision) for item in items], revisions)
    moving = await _moves(change, items, places, rows)
    facts: list[tuple[int, bool, int, int | None]] = []
    moves: dict[int, int | None] = {}
    for place in places:
        item, row = items[place], rows[items[place].device_id]
        if not change.verdicts[place].good:
            continue
        if item.clock_offset_s is not None and abs(item.clock_offset_s) > LARGEST_OFFSET_S:
            change.verdicts[place] = Verdict(
                "refused", row.device_id, row.revision, "clock_offset_s", "must be at most ten years"
            )
            continue
        if place in moving:
            moves[row.device_id] = moving[place]
        if (fact := _fact(change, item, row)) is not None:
            facts.append(fact)
        if fact is not None or place in moving:
            change.verdicts[place] = Verdict("changed", row.device_id, change.work.book.version)
    if facts:
        await change.tx.own.update_devices(change.work.book, facts)
    await _move(change, moves, rows)


async def _rows(change: Change, ids: Sequence[int]) -> dict[int, DeviceListed]:
    sight = Sight(change.work.book.account_id)
    wanted = DeviceWanted(ids=tuple(dict.fromkeys(ids)), limit=len(ids) + 1)
    return {row.device_id: row for row in await change.tx.own.list_devices(sight, wanted)}


def _fact(change: Change, item: DeviceChange, row: DeviceListed) -> tuple[int, bool, int, int | None] | None:
    """The device's row as it is to be, noted; None when nothing of it changes."""
    work = change.work
    api = row.api if item.api is None else item.api
    offset = row.clock_offset_s if item.clock_offset_s is None else item.clock_offset_s
    retired = row.retired_at_ms is not None if item.retired is None else item.retired
    detail: dict[str, object] = {}
    if api != row.api:
        detail["api"] = [row.api, api]
    if offset != row.clock_offset_s:
        detail["clock_offset_s"] = [row.clock_offset_s, offset]
    if detail:
        work.note("device", row.device_id, "changed", **detail)
    turned = retired != (row.retired_at_ms is not None)
    if turned:
        work.note("device", row.device_id, "retired" if retired else "revived")
    if not detail and not turned:
        return None
    at_ms = row.retired_at_ms if not turned else work.at_ms if retired else None
    return row.device_id, api, offset, at_ms


async def _moves(
    change: Change, items: Sequence[DeviceChange], places: Sequence[int], rows: Mapping[int, DeviceListed]
) -> dict[int, int | None]:
    """place -> the vehicle that the device is to ride in, of those that really move; refusals are noted as verdicts."""
    work = change.work
    asked: dict[int, int | None] = {}
    for place in places:
        vehicle = items[place].vehicle_id
        if not isinstance(vehicle, str) and vehicle != rows[items[place].device_id].vehicle_id:
            asked[place] = vehicle
    targets = list({vehicle for vehicle in asked.values() if vehicle is not None})
    there = (
        {m.member_id for m in await work.tables.members_by_ids(work.book, Kind.VEHICLE, targets)} if targets else set()
    )
    holders = await work.tables.devices_in_vehicles(work.book.account_id, targets) if targets else {}
    while True:
        refused = _collisions(asked, items, there, holders)
        if not refused:
            return asked
        for place, reason in refused.items():
            device = items[place].device_id
            change.verdicts[place] = Verdict("refused", device, rows[device].revision, "vehicle_id", reason)
            del asked[place]


def _collisions(
    asked: Mapping[int, int | None], items: Sequence[DeviceChange], there: set[int], holders: Mapping[int, int]
) -> dict[int, str]:
    """place -> why its device cannot ride there, given that all the others move as they ask."""
    leaving = {items[place].device_id for place in asked}
    refused: dict[int, str] = {}
    taken: set[int] = set()
    for place, vehicle in asked.items():
        if vehicle is None:
            continue
        holder = holders.get(vehicle)
        if vehicle not in there:
            refused[place] = f"there is no vehicle {vehicle}"
        elif vehicle in taken or (holder is not None and holder not in leaving):
            refused[place] = "carries another device already"
        taken.add(vehicle)
    return refused


async def _move(change: Change, moves: Mapping[int, int | None], rows: Mapping[int, DeviceListed]) -> None:
    """From now on each device rides in that vehicle, or in none."""
    if not moves:
        return
    work = change.work
    fittings = await work.tables.fittings_of_devices(work.book.account_id, list(moves))
    # two moves within one millisecond still follow one another
    at_ms = work.after(*(fitting.from_ms + 1 for fitting in fittings), 0)
    former = {device: vehicle for device in moves if (vehicle := rows[device].vehicle_id) is not None}
    if former:
        await work.tables.end_fittings(list(former), at_ms)
        await change.tx.own.free_devices(work.book, list(former))
    rides = [(device, vehicle) for device, vehicle in moves.items() if vehicle is not None]
    if rides:
        await work.tables.set_vehicle_of_devices(work.book, rides)
        await work.tables.begin_fittings(work.book, [(device, vehicle, at_ms) for device, vehicle in rides])
    for device, vehicle in moves.items():
        if device in former:
            work.note("device", device, "unfitted", vehicle_id=former[device])
        if vehicle is not None:
            work.note("device", device, "fitted", vehicle_id=vehicle)


async def delete_devices(
    workspace: Workspace, named: Sequence[tuple[int, int | None]], *, atomic: bool = False
) -> Done:
    """`deleted`, `unknown`, `stale` or `refused` for each: the identifier is free, the number is never given again.

    named   (id, revision or None)
    errors  as `changing`
    """
    answered = Answered()
    async with changing(workspace, len(named), answered, atomic=atomic) as change:
        await delete_devices_in(change, named)
    return answered.done


async def delete_devices_in(change: Change, named: Sequence[tuple[int, int | None]]) -> None:
    """See `delete_devices`; fills in the verdicts."""
    work = change.work
    rows = await _rows(change, [number for number, _ in named])
    revisions = {number: row.revision for number, row in rows.items()}
    places = judge_named(change.verdicts, named, revisions)
    gone = [named[place][0] for place in places]
    fitted: dict[int, int | None] = {number: None for number in gone if rows[number].vehicle_id is not None}
    await _move(change, fitted, rows)
    if gone:
        await change.tx.own.delete_devices(work.book, gone, work.at_ms)
    for place in places:
        number = named[place][0]
        work.note("device", number, "deleted", ident=rows[number].ident)
        change.verdicts[place] = Verdict("deleted", number, work.book.version)
