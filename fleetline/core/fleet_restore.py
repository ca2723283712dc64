"""Bringing back deleted devices and groups within the time that allows it, under their own numbers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from fleetline.core.fleet_archive import refit_devices
from fleetline.core.fleet_writing import REPEATED, Answered, Change, changing, repeated
from fleetline.core.ports.own_lists import ChangesWanted
from fleetline.core.ports.own_writes import Gone
from fleetline.core.registry_members import RESTORABLE_MS
from fleetline.core.verdicts import Done, Verdict
from fleetline.core.workspace import Workspace
from fleetline.model.registry import GROUPS_PER_ACCOUNT, GROUPS_PER_MEMBER, Group, Kind, LoggedChange, key

MOST_CHANGES: Final = 500_000


async def restore_devices(workspace: Workspace, ids: Sequence[int], *, atomic: bool = False) -> Done:
    """`restored`, `duplicate`, `unknown` or `refused` for each: into the vehicle it was taken out of, if that is free.

    errors  as `changing`
    """
    answered = Answered()
    async with changing(workspace, len(ids), answered, atomic=atomic) as change:
        await restore_devices_in(change, ids)
    return answered.done


async def restore_devices_in(change: Change, ids: Sequence[int]) -> None:
    """See `restore_devices`; fills in the verdicts."""
    work = change.work
    # locked before anything is read, so that no other writer of the installation can take an identifier in between
    await work.tables.lock_counter("devices")
    gone = await change.tx.own.gone_devices(work.book, ids, work.at_ms - RESTORABLE_MS)
    doubled, taken, back = repeated(ids), set[str](), list[Gone]()
    for place, number in enumerate(ids):
        verdict = _device_verdict(number, gone.get(number), taken, work.book.version)
        if place in doubled:
            verdict = Verdict("refused", number, field="id", reason=REPEATED)
        change.verdicts[place] = verdict
        if verdict.good:
            back.append(gone[number])
            taken.add(gone[number].ident)
    if not back:
        return
    await change.tx.own.revive_devices(work.book, [device.device_id for device in back])
    for device in back:
        work.note("device", device.device_id, "restored", ident=device.ident)
    await _into_vehicles(change, back)


def _device_verdict(number: int, device: Gone | None, taken: set[str], revision: int) -> Verdict:
    if device is None:
        return Verdict("unknown", number, field="id", reason="is not in the archive")
    if device.taken or device.ident in taken:
        return Verdict("duplicate", number, 0, "ident", "is in use already")
    if device.passed_on:
        # what it reports now may be about the time in which it was another account's
        return Verdict("refused", number, field="ident", reason="cannot come back under this number; register it anew")
    return Verdict("restored", number, revision)


async def _into_vehicles(change: Change, devices: Sequence[Gone]) -> None:
    work = change.work
    rides = {device.vehicle_id: device.device_id for device in devices if device.vehicle_id is not None}
    there = {m.member_id for m in await work.tables.members_by_ids(work.book, Kind.VEHICLE, list(rides))}
    carrying = await work.tables.devices_in_vehicles(work.book.account_id, list(there))
    await refit_devices(change, {v: device for v, device in rides.items() if v in there and v not in carrying})


@dataclass(frozen=True, slots=True)
class GoneGroup:
    """A group that was deleted: where it lay, what lay right below it, and who was in it."""

    group_id: int
    name: str
    parent_id: int | None
    below: tuple[int, ...]
    members: tuple[int, ...]


async def restore_groups(workspace: Workspace, kind: Kind, ids: Sequence[int], *, atomic: bool = False) -> Done:
    """`restored`, `duplicate`, `unknown` or `refused` for each, with the members that are still there.

    errors  as `changing`
    """
    answered = Answered()
    async with changing(workspace, len(ids), answered, atomic=atomic) as change:
        found = await _gone_groups(change, kind, ids)
        await restore_groups_in(change, kind, ids, found)
    return answered.done


async def _gone_groups(change: Change, kind: Kind, ids: Sequence[int]) -> dict[int, GoneGroup]:
    """Those of the ids whose deletion the log still allows to be taken back."""
    work, noun, found = change.work, f"{kind.value}_group", dict[int, GoneGroup]()
    since_ms, versions = work.at_ms - RESTORABLE_MS, dict[int, dict[int, GoneGroup]]()
    for number in dict.fromkeys(ids):
        wanted = ChangesWanted(kinds=(noun,), item_id=number, limit=1, from_ms=since_ms)
        last = await change.tx.own.list_changes(work.book.account_id, wanted)
        if not last or last[0].change.action != "deleted":
            continue
        version = last[0].version
        if version not in versions:
            done = await work.tables.changes(work.book.account_id, version, 0, MOST_CHANGES)
            versions[version] = groups_deleted_in(kind, [logged for logged in done if logged.version == version])
        if number in versions[version]:
            found[number] = versions[version][number]
    return found


def groups_deleted_in(kind: Kind, done: Sequence[LoggedChange]) -> dict[int, GoneGroup]:
    """The groups that one call deleted, out of what the log says of that call."""
    left: dict[int, list[int]] = {}
    for logged in done:
        change = logged.change
        if change.kind == kind.value and change.action == "left":
            left.setdefault(int(str(change.detail["group_id"])), []).append(change.item_id)
    return {
        change.item_id: GoneGroup(
            change.item_id, str(change.detail["name"]), _number(change.detail.get("parent_id")),
            _numbers(change.detail.get("below")), tuple(left.get(change.item_id, ())),
        )
        for change in (logged.change for logged in done)
        if change.kind == f"{kind.value}_group" and change.action == "deleted"
    }  # fmt: skip


def _number(value: object) -> int | None:
    return value if isinstance(value, int) else None


def _numbers(value: object) -> tuple[int, ...]:
    return tuple(number for number in value if isinstance(number, int)) if isinstance(value, list) else ()


async def restore_groups_in(
    change: Change, kind: Kind, ids: Sequence[int], found: Mapping[int, GoneGroup], *, members: bool = True
) -> None:
    """See `restore_groups`; fills in the verdicts. `members` False: who was in them is brought back otherwise."""
    work = change.work
    groups = {group.group_id: group for group in await work.tables.all_groups(work.book.account_id, kind)}
    names, doubled, back = {key(group.name) for group in groups.values()}, repeated(ids), list[GoneGroup]()
    for place, number in enumerate(ids):
        gone = found.get(number)
        if place in doubled:
            verdict = Verdict("refused", number, field="id", reason=REPEATED)
        elif gone is None or number in groups:
            verdict = Verdict("unknown", number, field="id", reason="is not in the archive")
        elif key(gone.name) in names:
            verdict = Verdict("duplicate", number, 0, "name", "is in use already")
        elif len(groups) + len(back) >= GROUPS_PER_ACCOUNT:
            verdict = Verdict("refused", number, reason=f"an account has at most {GROUPS_PER_ACCOUNT} groups")
        else:
            verdict = Verdict("restored", number, work.book.version)
            names.add(key(gone.name))
            back.append(gone)
        change.verdicts[place] = verdict
    if back:
        await _put_back(change, kind, back, groups)
        if members:
            await _put_in(change, kind, back)


async def _put_back(change: Change, kind: Kind, back: Sequence[GoneGroup], groups: Mapping[int, Group]) -> None:
    work, noun = change.work, f"{kind.value}_group"
    present = groups.keys() | {gone.group_id for gone in back}
    made = [
        Group(g.group_id, g.name, work.at_ms, g.parent_id if g.parent_id in present else None) for g in back
    ]  # fmt: skip
    parents = {group.group_id: group.parent_id for group in (*groups.values(), *made)}
    await work.tables.insert_groups(work.book, kind, made)
    work.grow(kind, groups=len(made))
    moved: list[Group] = []
    for gone, group in zip(back, made, strict=True):
        detail: dict[str, object] = {"name": group.name}
        if group.parent_id is not None:
            detail["parent_id"] = group.parent_id
        work.note(noun, group.group_id, "restored", **detail)
        for number in gone.below:
            # only what still lies at the top, and nothing that would then lie under itself
            if number in groups and parents[number] is None and number not in _above(gone.group_id, parents):
                parents[number] = gone.group_id
                moved.append(Group(number, groups[number].name, work.at_ms, gone.group_id))
                work.note(noun, number, "changed", parent_id=[None, gone.group_id])
    if moved:
        await change.tx.own.update_groups(work.book, moved)


def _above(number: int, parents: Mapping[int, int | None]) -> set[int]:
    """The group itself and all that it lies under."""
    found, at = set[int](), parents.get(number)
    found.add(number)
    while at is not None and at not in found:
        found.add(at)
        at = parents.get(at)
    return found


async def _put_in(change: Change, kind: Kind, back: Sequence[GoneGroup]) -> None:
    work = change.work
    ids = list({number for gone in back for number in gone.members})
    there = {member.member_id for member in await work.tables.members_by_ids(work.book, kind, ids)}
    counts = await work.tables.group_counts(work.book, list(there))
    pairs: list[tuple[int, int]] = []
    for gone in back:
        for number in gone.members:
            if number in there and counts.get(number, 0) < GROUPS_PER_MEMBER:
                counts[number] = counts.get(number, 0) + 1
                pairs.append((gone.group_id, number))
                work.note(kind.value, number, "joined", group_id=gone.group_id)
    if pairs:
        await work.tables.join(work.book, pairs)
