"""Use cases of fleets of solar resources: stored, changed, listed, their members and what they sum up to."""

import asyncio
import datetime
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from fleetline.core.ports.store import Store, Tx
from fleetline.core.ports.world import Clock, Ids
from fleetline.model.errors import Conflict, NotFound
from fleetline.model.power import Fleet, PowerResource
from fleetline.model.resource import FleetDraft, Place, ResourceFilter, Stale, UnknownMembers
from fleetline.model.resource_summary import FleetSummary, summarised

INLINE: Final = 200
"""Members up to this many are summed up on the event loop."""


@dataclass(frozen=True, slots=True)
class CountedFleet:
    """A fleet and how many resources are in it."""

    fleet: Fleet
    count: int


@dataclass(frozen=True, slots=True)
class MemberChange:
    """What a change of the list of members did, and how many members there are now, by the filter or listed."""

    added: int
    removed: int
    count: int


class Fleets:
    """Every verb takes the account first; what another account owns does not exist."""

    def __init__(self, store: Store, clock: Clock, ids: Ids) -> None:
        self._store, self._clock, self._ids = store, clock, ids

    async def add(self, account_id: str, draft: FleetDraft) -> CountedFleet:
        """errors: UnknownMembers, Conflict(`fleet`, `name`)"""
        now_ms = self._clock.now_ms()
        async with self._store.write() as tx:
            await tx.power.lock_account(account_id)
            members = await _known(tx, account_id, draft.resource_ids or ())
            await _free(tx, account_id, draft.name, None)
            fleet = Fleet(
                fleet_id=self._ids.uuid(), account_id=account_id, name=draft.name, description=draft.description,
                tags=draft.tags, filter=draft.filter, created_at_ms=now_ms, updated_at_ms=now_ms,
            )  # fmt: skip
            await tx.power.keep_fleet(fleet)
            await tx.power.add_members(fleet.fleet_id, sorted(members))
            if fleet.filter is not None:
                await tx.power.refill_fleet(fleet)
            return await _counted(tx, fleet)

    async def get(self, account_id: str, fleet_id: str) -> CountedFleet:
        """errors: NotFound"""
        async with self._store.read() as tx:
            return await _counted(tx, await fleet_of(tx, account_id, fleet_id))

    async def put(
        self, account_id: str, fleet_id: str, draft: FleetDraft, versions: frozenset[int] | None = None
    ) -> CountedFleet:
        """Replace names and tags, the listed members when the draft has any list of them, and the filter likewise.

        errors  NotFound, UnknownMembers, Stale, Conflict, in this order
        """
        now_ms = self._clock.now_ms()
        async with self._store.write() as tx:
            await tx.power.lock_account(account_id)
            before = await fleet_of(tx, account_id, fleet_id)
            wanted = None if draft.resource_ids is None else await _known(tx, account_id, draft.resource_ids)
            _check(before, versions)
            await _free(tx, account_id, draft.name, fleet_id)
            after = draft.changed(before, now_ms)
            if wanted is not None and await _set(tx, fleet_id, wanted) != (0, 0) and after is before:
                after = replace(before, updated_at_ms=now_ms, version=before.version + 1)
            if after is not before:
                await tx.power.keep_fleet(after)
            if after.filter != before.filter:
                await tx.power.refill_fleet(after)
            return await _counted(tx, after)

    async def remove(self, account_id: str, fleet_id: str, versions: frozenset[int] | None = None) -> None:
        """The resources stay. errors: NotFound, Stale"""
        async with self._store.write() as tx:
            await tx.power.lock_account(account_id)
            _check(await fleet_of(tx, account_id, fleet_id), versions)
            await tx.power.remove_fleet(fleet_id)

    async def page(self, account_id: str, after: Place | None, most: int) -> list[CountedFleet]:
        """By creation, from after that place."""
        async with self._store.read() as tx:
            return await counted(tx, await tx.power.find_fleets(account_id, after, most))

    async def fleets_of(self, account_id: str, resource_id: str, after: Place | None, most: int) -> list[CountedFleet]:
        """Those that a resource is in. errors: NotFound(`resource`)"""
        async with self._store.read() as tx:
            if not await tx.power.known(account_id, [resource_id]):
                raise NotFound("resource", resource_id)
            return await counted(tx, await tx.power.find_fleets(account_id, after, most, resource_id))

    async def members(self, account_id: str, fleet_id: str, after: Place | None, most: int) -> list[PowerResource]:
        """By creation, from after that place. errors: NotFound"""
        async with self._store.read() as tx:
            await fleet_of(tx, account_id, fleet_id)
            return await tx.power.find_resources(account_id, ResourceFilter(fleet_id=fleet_id), after, most)

    async def add_members(self, account_id: str, fleet_id: str, resource_ids: Sequence[str]) -> MemberChange:
        """errors: NotFound, UnknownMembers: then nobody is added"""
        async with self._store.write() as tx:
            await tx.power.lock_account(account_id)
            fleet = await fleet_of(tx, account_id, fleet_id)
            wanted = await _known(tx, account_id, resource_ids)
            added = await tx.power.add_members(fleet_id, sorted(wanted))
            return await self._changed(tx, fleet, added, 0)

    async def set_members(self, account_id: str, fleet_id: str, resource_ids: Sequence[str]) -> MemberChange:
        """These are listed and nobody else. errors: NotFound, UnknownMembers"""
        async with self._store.write() as tx:
            await tx.power.lock_account(account_id)
            fleet = await fleet_of(tx, account_id, fleet_id)
            added, removed = await _set(tx, fleet_id, await _known(tx, account_id, resource_ids))
            return await self._changed(tx, fleet, added, removed)

    async def add_member(self, account_id: str, fleet_id: str, resource_id: str) -> None:
        """errors: NotFound"""
        async with self._store.write() as tx:
            await tx.power.lock_account(account_id)
            fleet = await fleet_of(tx, account_id, fleet_id)
            if not await tx.power.known(account_id, [resource_id]):
                raise NotFound("resource", resource_id)
            await self._changed(tx, fleet, await tx.power.add_members(fleet_id, [resource_id]), 0)

    async def remove_member(self, account_id: str, fleet_id: str, resource_id: str) -> None:
        """Off the list; it stays a member if it fits the filter.

        errors  NotFound, for a resource that exists nowhere; one that is not listed is off the list already
        """
        async with self._store.write() as tx:
            await tx.power.lock_account(account_id)
            fleet = await fleet_of(tx, account_id, fleet_id)
            if not await tx.power.known(account_id, [resource_id]):
                raise NotFound("resource", resource_id)
            await self._changed(tx, fleet, 0, await tx.power.remove_members(fleet_id, [resource_id]))

    async def summary(self, account_id: str, fleet_id: str, on: datetime.date) -> FleetSummary:
        """What stands on that day. errors: NotFound"""
        async with self._store.read() as tx:
            await fleet_of(tx, account_id, fleet_id)
            members = await tx.power.members(account_id, [fleet_id])
        if len(members) <= INLINE:
            return summarised(members, on)
        return await asyncio.to_thread(summarised, members, on)

    async def _changed(self, tx: Tx, fleet: Fleet, added: int, removed: int) -> MemberChange:
        if added or removed:
            await tx.power.keep_fleet(replace(fleet, updated_at_ms=self._clock.now_ms(), version=fleet.version + 1))
        count = (await tx.power.member_counts([fleet.fleet_id]))[fleet.fleet_id]
        return MemberChange(added, removed, count)


async def fleet_of(tx: Tx, account_id: str, fleet_id: str) -> Fleet:
    """errors: NotFound"""
    found = (await tx.power.fleets(account_id, [fleet_id])).get(fleet_id)
    if found is None:
        raise NotFound("fleet", fleet_id)
    return found


async def counted(tx: Tx, fleets: Iterable[Fleet]) -> list[CountedFleet]:
    """Each with the number of its members."""
    found = list(fleets)
    counts = await tx.power.member_counts([fleet.fleet_id for fleet in found])
    return [CountedFleet(fleet, counts[fleet.fleet_id]) for fleet in found]


async def _counted(tx: Tx, fleet: Fleet) -> CountedFleet:
    return (await counted(tx, [fleet]))[0]


def _check(fleet: Fleet, versions: frozenset[int] | None) -> None:
    if versions is not None and fleet.version not in versions:
        raise Stale("fleet")


async def _known(tx: Tx, account_id: str, resource_ids: Sequence[str]) -> set[str]:
    """The ids, each once. errors: UnknownMembers"""
    known = await tx.power.known(account_id, sorted(set(resource_ids)))
    unknown = [index for index, resource_id in enumerate(resource_ids) if resource_id not in known]
    if unknown:
        raise UnknownMembers(unknown)
    return known


async def _set(tx: Tx, fleet_id: str, wanted: set[str]) -> tuple[int, int]:
    """How many came and how many left."""
    now = set(await tx.power.listed_ids(fleet_id))
    removed = await tx.power.remove_members(fleet_id, sorted(now - wanted))
    return await tx.power.add_members(fleet_id, sorted(wanted - now)), removed


async def _free(tx: Tx, account_id: str, name: str, own_id: str | None) -> None:
    holder = await tx.power.fleet_named(account_id, name.casefold())
    if holder is not None and holder.fleet_id != own_id:
        raise Conflict("fleet", "name", name, holder.fleet_id)
