"""Use cases of solar resources: stored, changed, listed and removed, each within one account."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Final, TypeVar

import numpy as np
from msgspec.structs import replace

from fleetline.core.ports.store import Store, Tx
from fleetline.core.ports.world import Clock, Ids
from fleetline.model.errors import Conflict, NotFound
from fleetline.model.power import Fleet, PowerResource
from fleetline.model.resource import Draft, Place, ResourceFilter, Stale
from fleetline.model.resource_resolved import resolved_site
from fleetline.solar.atlas import read_elevation

Thing = TypeVar("Thing", PowerResource, Draft)

PAGE: Final = 1_000
"""Resources that are read at once by a walk through all of them."""


class Resources:
    """Every verb takes the account first; what another account owns does not exist."""

    def __init__(self, store: Store, clock: Clock, ids: Ids) -> None:
        self._store, self._clock, self._ids = store, clock, ids

    async def add(self, account_id: str, draft: Draft) -> PowerResource:
        """errors: Conflict(`resource`, `customer_site_id`) with the id of the holder"""
        async with self._store.write() as tx:
            await tx.power.lock_account(account_id)
            await _free(tx, account_id, draft.customer_site_id, None)
            made = draft.made(self._ids.uuid(), account_id, self._clock.now_ms())
            await tx.power.keep_resources([made])
        return made

    async def get(self, account_id: str, resource_id: str) -> PowerResource:
        """errors: NotFound"""
        async with self._store.read() as tx:
            return await _resource(tx, account_id, resource_id)

    async def get_many(self, account_id: str, resource_ids: Sequence[str]) -> dict[str, PowerResource]:
        """Those that exist, by id."""
        async with self._store.read() as tx:
            return await tx.power.resources(account_id, resource_ids)

    async def put(
        self, account_id: str, resource_id: str, draft: Draft, versions: frozenset[int] | None = None
    ) -> PowerResource:
        """Replace all of it but id and creation time.

        versions  the ones that may be replaced; None: any
        errors    NotFound, Stale, Conflict, in this order
        """
        async with self._store.write() as tx:
            await tx.power.lock_account(account_id)
            before = await _resource(tx, account_id, resource_id)
            if versions is not None and before.version not in versions:
                raise Stale("resource")
            await _free(tx, account_id, draft.customer_site_id, resource_id)
            after = draft.changed(before, self._clock.now_ms())
            if after is not before:
                await tx.power.keep_resources([after])
        return after

    async def remove(self, account_id: str, resource_id: str, versions: frozenset[int] | None = None) -> None:
        """It leaves every fleet. errors: NotFound, Stale"""
        async with self._store.write() as tx:
            await tx.power.lock_account(account_id)
            before = await _resource(tx, account_id, resource_id)
            if versions is not None and before.version not in versions:
                raise Stale("resource")
            await _remove(tx, account_id, [resource_id], self._clock.now_ms())

    async def remove_many(self, account_id: str, resource_ids: Sequence[str]) -> list[bool]:
        """Whether each of them was there."""
        async with self._store.write() as tx:
            await tx.power.lock_account(account_id)
            known = await tx.power.known(account_id, resource_ids)
            await _remove(tx, account_id, sorted(known), self._clock.now_ms())
        out = []
        for resource_id in resource_ids:
            out.append(resource_id in known)
            known.discard(resource_id)
        return out

    async def page(
        self, account_id: str, wanted: ResourceFilter, after: Place | None, most: int
    ) -> list[PowerResource]:
        """By creation, from after that place. errors: NotFound(`fleet`)"""
        async with self._store.read() as tx:
            await _fleet_there(tx, account_id, wanted)
            return await tx.power.find_resources(account_id, wanted, after, most)

    async def id_page(self, account_id: str, wanted: ResourceFilter, after: Place | None, most: int) -> list[Place]:
        """As `page`, nothing but times and ids."""
        async with self._store.read() as tx:
            await _fleet_there(tx, account_id, wanted)
            return await tx.power.find_resource_ids(account_id, wanted, after, most)

    async def walk(self, account_id: str, wanted: ResourceFilter) -> AsyncIterator[list[PowerResource]]:
        """All of them as they stand at one moment, page by page. errors: NotFound(`fleet`)"""
        async with self._store.read() as tx:
            await _fleet_there(tx, account_id, wanted)
            after: Place | None = None
            while page := await tx.power.find_resources(account_id, wanted, after, PAGE):
                yield page
                after = (page[-1].created_at_ms, page[-1].resource_id)

    async def resolved(self, thing: Thing) -> Thing:
        """The same with everything that is left open filled in as the physics would."""
        site = thing.site
        elevation = 0.0
        if site.elevation_m is None:
            elevation = await asyncio.to_thread(elevation_m, site.latitude_deg, site.longitude_deg)
        return replace(thing, site=resolved_site(site, elevation))

    async def fleets_of(self, account_id: str, resource_id: str, after: Place | None, most: int) -> list[Fleet]:
        """Fleets it is in, by creation. errors: NotFound"""
        async with self._store.read() as tx:
            await _resource(tx, account_id, resource_id)
            return await tx.power.find_fleets(account_id, after, most, resource_id)


async def _resource(tx: Tx, account_id: str, resource_id: str) -> PowerResource:
    found = (await tx.power.resources(account_id, [resource_id])).get(resource_id)
    if found is None:
        raise NotFound("resource", resource_id)
    return found


async def _fleet_there(tx: Tx, account_id: str, wanted: ResourceFilter) -> None:
    if wanted.fleet_id is not None and not await tx.power.fleets(account_id, [wanted.fleet_id]):
        raise NotFound("fleet", wanted.fleet_id)


async def _free(tx: Tx, account_id: str, customer_site_id: str | None, own_id: str | None) -> None:
    """Nobody else has the customer's id. errors: Conflict"""
    if customer_site_id is None:
        return
    holder = (await tx.power.holders(account_id, [customer_site_id])).get(customer_site_id)
    if holder is not None and holder.resource_id != own_id:
        raise Conflict("resource", "customer_site_id", customer_site_id, holder.resource_id)


async def _remove(tx: Tx, account_id: str, resource_ids: Sequence[str], now_ms: int) -> None:
    await tx.power.touch_fleets_of(resource_ids, now_ms)
    await tx.power.remove_resources(account_id, resource_ids)


def elevation_m(latitude_deg: float, longitude_deg: float) -> float:
    """Metres above the sea, from the table that is shipped; reads a file."""
    return float(read_elevation(np.array([latitude_deg]), np.array([longitude_deg]))[0])
