"""Where everything is now, for one caller: all of it once, then what changed, at most once a second."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from fleetline.core.fleet import sight_of
from fleetline.core.views import DeviceView
from fleetline.core.workspace import Workspace
from fleetline.model.registry import Kind

TICK_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class Placed:
    """A device as it stands, the vehicle it rides in and the groups of that vehicle that the caller may know of."""

    view: DeviceView
    vehicle_id: int | None
    group_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Scene:
    """All devices that the caller may see by ascending id; `version` of the registry; `source`: the views as given."""

    version: int
    source: Sequence[DeviceView]
    placed: Mapping[int, Placed]


@dataclass(frozen=True, slots=True)
class Turn:
    """What differs between two moments: devices that are new or changed, and ids of those that are gone."""

    version: int
    changed: Sequence[Placed]
    gone: Sequence[int]
    registry_changed: bool


async def views(workspace: Workspace, now_ms: int) -> Sequence[DeviceView]:
    """All devices the caller may see as they stand; empty where nothing of the program keeps history."""
    if workspace.core.history is None:
        return ()
    return await workspace.history.devices(now_ms, api_only=False)


async def scene(workspace: Workspace, now_ms: int) -> Scene:
    """Everything now; the very same scene while nothing changed, for all callers with the same rights."""
    seen = await views(workspace, now_ms)
    version = await workspace.registry.version(workspace.account_id)
    history = workspace.core.history
    if history is None:
        return Scene(version, seen, {})
    audience = (workspace.account_id, workspace.principal.permissions)
    found = await _scene(workspace, seen, version, history.watching.last(audience))
    history.watching.keep(audience, found)
    return found


async def _scene(workspace: Workspace, seen: Sequence[DeviceView], version: int, before: Scene | None) -> Scene:
    """`before`: an earlier scene, whose vehicles and groups are good while its version is."""
    if before is not None and before.version == version:
        if seen is before.source:
            return before
        known = before.placed
        placed = {
            view.device_id: old
            if (old := known.get(view.device_id)) is not None and old.view is view
            else Placed(view, old.vehicle_id if old else None, old.group_ids if old else ())
            for view in seen
        }
        return Scene(version, seen, placed)
    vehicles, groups = await _rides(workspace)
    return Scene(
        version,
        seen,
        {
            view.device_id: Placed(
                view, vehicle := vehicles.get(view.device_id), groups.get(vehicle, ()) if vehicle else ()
            )
            for view in seen
        },
    )


async def _rides(workspace: Workspace) -> tuple[dict[int, int | None], dict[int, tuple[int, ...]]]:
    """(device -> vehicle, vehicle -> groups)."""
    sight = sight_of(workspace)
    async with workspace.core.store.read() as tx:
        book = await tx.registry.book(sight.account_id)
        if book is None:
            return {}, {}
        vehicles = {row[0]: row[2] for row in await tx.registry.device_rows(sight.account_id)}
        known = {group.group_id for group in await tx.own.list_groups(sight, Kind.VEHICLE)}
        ids = [vehicle for vehicle in vehicles.values() if vehicle is not None]
        found = await tx.registry.groups_of_members(book, ids) if known else {}
    return vehicles, {v: tuple(g for g, _ in pairs if g in known) for v, pairs in found.items()}


def turn(before: Scene, after: Scene) -> Turn:
    """What a caller who has seen `before` must hear."""
    changed = [new for number, new in after.placed.items() if before.placed.get(number) is not new]
    if before.version != after.version:
        changed = [new for new in changed if before.placed.get(new.view.device_id) != new]
    gone = [number for number in before.placed if number not in after.placed]
    return Turn(after.version, changed, gone, before.version != after.version)


async def turns(workspace: Workspace) -> AsyncIterator[Turn | None]:
    """What changes from now on, at most one turn a second, None in a second in which nothing did; ends never by itself.

    The first one holds everything.
    """
    last = await scene(workspace, workspace.core.clock.now_ms())
    yield Turn(last.version, list(last.placed.values()), [], False)
    while True:
        await asyncio.sleep(TICK_S)
        now = await scene(workspace, workspace.core.clock.now_ms())
        difference = turn(last, now)
        last = now
        yield difference if difference.changed or difference.gone or difference.registry_changed else None


async def still_admitted(workspace: Workspace) -> bool:
    """Whether the caller would come in again with the very same rights; a stream outlives what opened its door."""
    now_ms = workspace.core.clock.now_ms()
    async with workspace.core.store.read() as tx:
        holder = await tx.accounts.holder(workspace.principal.credential_id)
    return holder is not None and holder.alive(now_ms) and holder.principal() == workspace.principal
