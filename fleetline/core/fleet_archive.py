"""Archiving vehicles or drivers in bulk, and bringing them back within the time that allows it."""

from collections.abc import Sequence
from dataclasses import replace

from fleetline.core.fleet_writing import REPEATED, Answered, Change, changing, judge_named, repeated
from fleetline.core.registry_members import RESTORABLE_MS, remove_members
from fleetline.core.verdicts import Done, Verdict
from fleetline.core.workspace import Workspace
from fleetline.model.registry import Kind, Member, key


async def archive_members(
    workspace: Workspace, kind: Kind, named: Sequence[tuple[int, int | None]], *, atomic: bool = False
) -> Done:
    """`archived`, `unknown`, `stale` or `refused` for each; a vehicle's device leaves it and stays in the account.

    named   (id, revision or None)
    errors  as `changing`
    """
    answered = Answered()
    async with changing(workspace, len(named), answered, atomic=atomic) as change:
        await archive_in(change, kind, named)
    return answered.done


async def archive_in(change: Change, kind: Kind, named: Sequence[tuple[int, int | None]]) -> None:
    """See `archive_members`; fills in the verdicts."""
    work = change.work
    revisions = await change.tx.own.member_revisions(work.book, kind, [number for number, _ in named])
    places = judge_named(change.verdicts, named, revisions)
    found = await work.tables.members_by_ids(work.book, kind, [named[place][0] for place in places])
    by_id = {member.member_id: member for member in found}
    if places:
        await remove_members(work, kind, [by_id[named[place][0]] for place in places])
    for place in places:
        change.verdicts[place] = Verdict("archived", named[place][0], work.book.version)


async def restore_members(workspace: Workspace, kind: Kind, ids: Sequence[int], *, atomic: bool = False) -> Done:
    """`restored`, `duplicate`, `unknown` or `refused` for each: into its groups that still exist, with its device.

    errors  as `changing`
    """
    answered = Answered()
    async with changing(workspace, len(ids), answered, atomic=atomic) as change:
        await restore_in(change, kind, ids)
    return answered.done


async def restore_in(change: Change, kind: Kind, ids: Sequence[int]) -> None:
    """See `restore_members`; fills in the verdicts."""
    work, verdicts, book = change.work, change.verdicts, change.work.book
    gone = await change.tx.own.archived_members(book, kind, ids, work.at_ms - RESTORABLE_MS)
    doubled = repeated(ids)
    members = [stored.member for stored in gone.values()]
    taken_ids, taken_names = await work.tables.clashes(
        book, kind, [key(m.external_id) for m in members], [key(m.name) for m in members]
    )
    back: list[int] = []
    for place, number in enumerate(ids):
        stored = gone.get(number)
        if place in doubled:
            verdicts[place] = Verdict("refused", number, field="id", reason=REPEATED)
        elif stored is None:
            verdicts[place] = Verdict("unknown", number, field="id", reason="is not in the archive")
        elif (id_key := key(stored.member.external_id)) in taken_ids:
            verdicts[place] = Verdict("duplicate", number, 0, "external_id", "is in use already")
        elif (name_key := key(stored.member.name)) in taken_names:
            verdicts[place] = Verdict("duplicate", number, 0, "name", "is in use already")
        else:
            verdicts[place] = Verdict("restored", number, book.version)
            back.append(number)
            taken_ids.add(id_key)
            if book.unique_names:
                taken_names.add(name_key)
    if not back:
        return
    at_ms = work.after(*(gone[number].member.modified_at_ms for number in back), 0)
    await change.tx.own.restore_many(
        book, kind, [replace(gone[number].member, modified_at_ms=at_ms) for number in back]
    )
    work.grow(kind, members=len(back))
    for number in back:
        member: Member = gone[number].member
        work.note(kind.value, number, "restored", external_id=member.external_id, name=member.name)
    await _rejoin(change, kind, [(number, gone[number].groups) for number in back])
    if kind is Kind.VEHICLE:
        await refit_devices(change, {n: device for n in back if (device := gone[n].device_id) is not None})


async def _rejoin(change: Change, kind: Kind, former: Sequence[tuple[int, tuple[int, ...]]]) -> None:
    work = change.work
    present = {group.group_id for group in await work.tables.all_groups(work.book.account_id, kind)}
    pairs = [(group_id, number) for number, groups in former for group_id in groups if group_id in present]
    if pairs:
        await work.tables.join(work.book, pairs)


async def refit_devices(change: Change, devices: dict[int, int]) -> None:
    """vehicle -> the device it carried; those that are in no vehicle now ride in theirs again."""
    if not devices:
        return
    work = change.work
    free = await change.tx.own.loose_devices(work.book, list(devices.values()))
    # of two vehicles that carried it one after the other, the first of the call gets it
    firsts = {device: vehicle for vehicle, device in reversed(devices.items()) if device in free}
    rides = list(firsts.items())
    if not rides:
        return
    fittings = await work.tables.fittings_of_devices(work.book.account_id, [device for device, _ in rides])
    at_ms = work.after(*(fitting.from_ms + 1 for fitting in fittings), 0)
    await work.tables.set_vehicle_of_devices(work.book, rides)
    await work.tables.begin_fittings(work.book, [(device, vehicle, at_ms) for device, vehicle in rides])
    for device, vehicle in rides:
        work.note("device", device, "fitted", vehicle_id=vehicle)
