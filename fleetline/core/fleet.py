"""The registry as one caller may see it: lists, single things, their fittings and what was done to them."""

from dataclasses import dataclass, replace
from typing import Final

from fleetline.core.administration import NotAllowed
from fleetline.core.ports.own_lists import (
    ChangesWanted,
    DeviceListed,
    DeviceWanted,
    GroupRow,
    MemberRow,
    MemberWanted,
    Sight,
)
from fleetline.core.ports.store import Tx
from fleetline.core.registry_members import RESTORABLE_MS
from fleetline.core.workspace import Workspace
from fleetline.model.access import Permissions
from fleetline.model.errors import NotFound
from fleetline.model.registry import Fitting, Kind, LoggedChange

__all__ = [
    "ChangesWanted", "DeviceListed", "DeviceWanted", "Fitting", "GroupRow", "MemberPage", "MemberRow", "MemberWanted",
    "Sight", "changes", "device", "device_fittings", "devices", "fittings", "group", "groups", "item_changes",
    "matching", "member", "members", "sight_of", "version",
]  # fmt: skip

MOST_GROUPS: Final = 100_000
MOST_MATCHING: Final = 100_000


@dataclass(frozen=True, slots=True)
class MemberPage:
    """Vehicles or drivers of one moment; groups by member, only those the caller may know of; more follow or not."""

    version: int
    rows: list[MemberRow]
    groups: dict[int, list[tuple[int, str]]]
    more: bool


def sight_of(workspace: Workspace) -> Sight:
    """What the caller may see of its account."""
    granted: Permissions = workspace.principal.permissions
    return Sight(
        workspace.account_id, granted.all_devices, tuple(sorted(granted.devices)), tuple(sorted(granted.groups))
    )


async def version(workspace: Workspace) -> int:
    return await workspace.registry.version(workspace.account_id)


async def members(workspace: Workspace, kind: Kind, wanted: MemberWanted) -> MemberPage:
    """A page of vehicles or drivers within the caller's sight."""
    async with workspace.core.store.read() as tx:
        return await _members(tx, workspace, kind, wanted)


async def _members(tx: Tx, workspace: Workspace, kind: Kind, wanted: MemberWanted) -> MemberPage:
    sight = sight_of(workspace)
    book = await tx.registry.book(sight.account_id)
    if book is None:
        return MemberPage(0, [], {}, False)
    if wanted.archived and wanted.since_ms is None:
        wanted = replace(wanted, since_ms=workspace.core.clock.now_ms() - RESTORABLE_MS)
    rows = await tx.own.list_members(sight, kind, replace(wanted, limit=wanted.limit + 1))
    more, rows = len(rows) > wanted.limit, rows[: wanted.limit]
    groups = await tx.registry.groups_of_members(book, [row.member_id for row in rows])
    if not sight.everything:
        known = {group.group_id for group in await tx.own.list_groups(sight, kind)}
        groups = {member: [pair for pair in pairs if pair[0] in known] for member, pairs in groups.items()}
    return MemberPage(book.version, rows, groups, more)


async def matching(workspace: Workspace, kind: Kind, wanted: MemberWanted) -> list[int]:
    """The ids of every vehicle or driver of a filter, in its order, whatever its limit; at most MOST_MATCHING."""
    if wanted.archived and wanted.since_ms is None:
        wanted = replace(wanted, since_ms=workspace.core.clock.now_ms() - RESTORABLE_MS)
    async with workspace.core.store.read() as tx:
        return await tx.own.list_member_ids(sight_of(workspace), kind, replace(wanted, limit=MOST_MATCHING))


async def member(
    workspace: Workspace, kind: Kind, member_id: int, *, archived: bool = False
) -> tuple[MemberRow, list[tuple[int, str]]]:
    """One vehicle or driver and its groups; with `archived` also one of the archive. errors: NotFound"""
    wanted = MemberWanted(ids=(member_id,), limit=1)
    page = await members(workspace, kind, wanted)
    if archived and not page.rows:
        page = await members(workspace, kind, replace(wanted, archived=True, since_ms=0))
    if not page.rows:
        raise NotFound(kind.value, member_id)
    return page.rows[0], page.groups.get(member_id, [])


async def groups(workspace: Workspace, kind: Kind) -> tuple[int, list[GroupRow]]:
    """(version, all groups the caller may know of, by name)."""
    sight = sight_of(workspace)
    async with workspace.core.store.read() as tx:
        book = await tx.registry.book(sight.account_id)
        return (book.version if book else 0), await tx.own.list_groups(sight, kind)


async def group(workspace: Workspace, kind: Kind, group_id: int) -> GroupRow:
    """errors: NotFound"""
    for found in (await groups(workspace, kind))[1]:
        if found.group_id == group_id:
            return found
    raise NotFound(f"{kind.value}_group", group_id)


async def devices(workspace: Workspace, wanted: DeviceWanted) -> tuple[int, list[DeviceListed], bool]:
    """(version, a page of devices, whether more follow)."""
    if wanted.archived and not sight_of(workspace).everything:
        return await version(workspace), [], False
    async with workspace.core.store.read() as tx:
        book = await tx.registry.book(workspace.account_id)
        rows = await tx.own.list_devices(sight_of(workspace), replace(wanted, limit=wanted.limit + 1))
    return (book.version if book else 0), rows[: wanted.limit], len(rows) > wanted.limit


async def device(workspace: Workspace, device_id: int, *, archived: bool = False) -> DeviceListed:
    """One device; with `archived` also one that was deleted. errors: NotFound"""
    wanted = DeviceWanted(ids=(device_id,), limit=1)
    _, rows, _ = await devices(workspace, wanted)
    if archived and not rows:
        _, rows, _ = await devices(workspace, replace(wanted, archived=True))
    if not rows:
        raise NotFound("device", device_id)
    return rows[0]


async def fittings(workspace: Workspace, vehicle_id: int, *, archived: bool = False) -> list[tuple[Fitting, str]]:
    """(fitting, device's identifier) of what a vehicle carried, oldest first; only devices within sight.

    archived  also of a vehicle in the archive

    errors  NotFound vehicle
    """
    await member(workspace, Kind.VEHICLE, vehicle_id, archived=archived)
    sight = sight_of(workspace)
    async with workspace.core.store.read() as tx:
        found = await tx.own.list_fittings(sight, vehicle_id)
        if sight.everything or not found:
            return found
        ids = tuple({fitting.device_id for fitting, _ in found})
        seen = {row.device_id for row in await tx.own.list_devices(sight, DeviceWanted(ids=ids, limit=len(ids)))}
    return [(fitting, ident) for fitting, ident in found if fitting.device_id in seen]


async def device_fittings(
    workspace: Workspace, device_id: int, *, archived: bool = False
) -> list[tuple[Fitting, str | None]]:
    """(fitting, vehicle's name) of where a device rode, oldest first; only vehicles within sight. errors: NotFound"""
    await device(workspace, device_id, archived=archived)
    found = await workspace.registry.devices.fittings(workspace.account_id, device_id)
    ids = tuple(dict.fromkeys(fitting.vehicle_id for fitting in found))
    async with workspace.core.store.read() as tx:
        rows = await tx.own.list_members(sight_of(workspace), Kind.VEHICLE, MemberWanted(ids=ids, limit=len(ids) + 1))
        gone = MemberWanted(ids=ids, limit=len(ids) + 1, archived=True, since_ms=0)
        rows += await tx.own.list_members(sight_of(workspace), Kind.VEHICLE, gone)
    names = {row.member_id: row.name for row in rows}
    whole = workspace.principal.permissions.all_devices
    return [(fitting, names.get(fitting.vehicle_id)) for fitting in found if whole or fitting.vehicle_id in names]


async def changes(workspace: Workspace, after: tuple[int, int], limit: int) -> tuple[list[LoggedChange], bool]:
    """(changes after that place of the log, oldest first, whether more follow); for callers who see all of the account.

    errors  NotAllowed for a caller with grants: what became of a deleted thing tells nobody any more whose it was
    """
    check_sees_all(workspace)
    async with workspace.core.store.read() as tx:
        found = await tx.registry.changes(workspace.account_id, *after, limit + 1)
    return found[:limit], len(found) > limit


async def item_changes(workspace: Workspace, wanted: ChangesWanted) -> tuple[list[LoggedChange], bool]:
    """(changes, the newest first, whether more follow); the caller has seen that the item is within sight."""
    async with workspace.core.store.read() as tx:
        found = await tx.own.list_changes(workspace.account_id, replace(wanted, limit=wanted.limit + 1))
    return found[: wanted.limit], len(found) > wanted.limit


def check_sees_all(workspace: Workspace) -> None:
    """errors: NotAllowed unless nothing of the account is hidden from the caller"""
    permissions = workspace.principal.permissions
    if not permissions.all_devices or permissions.withhold:
        raise NotAllowed("everything")
