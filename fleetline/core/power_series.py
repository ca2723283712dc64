"""Use cases of power: the series of one resource, and of a fleet by its groups."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from fleetline.core.ports.store import Store
from fleetline.core.power_fleets import fleet_of
from fleetline.core.power_kernel import FloatArray, Kernel, Task, compiled_rows
from fleetline.core.power_light import Light, Lights, chosen
from fleetline.model.errors import NotFound
from fleetline.model.power import Fleet, PowerResource, PvSite, Tracking
from fleetline.model.resource import row_count, tracking_of
from fleetline.model.resource_query import Basis, CannotCompute, Failure, GroupBy, PowerQuery, checked_size
from fleetline.solar.rows import Rows
from fleetline.solar.run import FleetSums, Tile, membership

MOST_KEPT: Final = 20_000
"""Members of fleets that are kept in memory."""

MIXED: Final = "mixed"
"""The group of sites with several kinds of tracking."""


@dataclass(frozen=True, slots=True)
class ResourceSeries:
    """Values of one resource: field -> (periods,), NaN where nothing could be computed."""

    resource: PowerResource
    query: PowerQuery
    values: dict[str, FloatArray]
    basis: Basis


@dataclass(frozen=True, slots=True)
class GroupSeries:
    """The sum of some members.

    key           of the group, None for members without one
    power_ac_kw   (periods,) NaN where no member has a value
    available_kw  (periods,) AC rating of the members that have one; total_kw: of all
    """

    key: str | Tracking | None
    count: int
    power_ac_kw: FloatArray
    available_kw: FloatArray
    total_kw: float


@dataclass(frozen=True, slots=True)
class FleetSeries:
    """Sums of a fleet; one group that holds everybody unless the query asks for others."""

    fleet: Fleet | None
    query: PowerQuery
    count: int
    groups: tuple[GroupSeries, ...]
    basis: Basis


class KeptMembers:
    """The members of the fleets asked about last, read from the store again only when one of them has changed.

    A fleet's version tells of members that came or went, the sum of theirs of any that were changed.
    """

    def __init__(self, most: int = MOST_KEPT) -> None:
        self._most = most
        self._kept: OrderedDict[str, tuple[int, int, list[PowerResource]]] = OrderedDict()

    def get(self, fleet: Fleet, versions: int) -> list[PowerResource] | None:
        """None when they have to be read."""
        found = self._kept.get(fleet.fleet_id)
        if found is None or found[:2] != (fleet.version, versions):
            return None
        self._kept.move_to_end(fleet.fleet_id)
        return found[2]

    def keep(self, fleet: Fleet, versions: int, members: list[PowerResource]) -> None:
        self._kept.pop(fleet.fleet_id, None)
        if len(members) > self._most:
            return
        self._kept[fleet.fleet_id] = (fleet.version, versions, members)
        while sum(len(kept[2]) for kept in self._kept.values()) > self._most:
            self._kept.popitem(last=False)


class Series:
    """Every verb takes the account first."""

    def __init__(self, store: Store, lights: Lights, kernel: Kernel) -> None:
        self._store, self._lights, self._kernel = store, lights, kernel
        self._members = KeptMembers()

    async def resource(self, account_id: str, resource_id: str, query: PowerQuery) -> ResourceSeries:
        """errors: NotFound, CannotCompute"""
        async with self._store.read() as tx:
            resource = (await tx.power.resources(account_id, [resource_id])).get(resource_id)
        if resource is None:
            raise NotFound("resource", resource_id)
        step_s = await self._lights.step_s(account_id, query)
        checked_size(row_count(resource.site), (query.end_s - query.start_s) // step_s)
        light = await self._lights.over(account_id, query, [resource.site])
        if light.cells is not None and light.cells[0] < 0:
            raise CannotCompute("NoWeather")
        values = await self._kernel.series(task_of([resource.site], light, query))
        basis = light.basis([resource.site], query.model)
        return ResourceSeries(resource, query, {name: part[0] for name, part in values.items()}, basis)

    async def fleet(self, account_id: str, fleet_id: str, query: PowerQuery) -> FleetSeries:
        """errors: NotFound, CannotCompute: also when no member can be computed"""
        async with self._store.read() as tx:
            fleet = await fleet_of(tx, account_id, fleet_id)
            rows, versions = await tx.power.member_sums(fleet_id)
        if rows:
            step_s = await self._lights.step_s(account_id, query)
            checked_size(rows, (query.end_s - query.start_s) // step_s)
        members = self._members.get(fleet, versions)
        if members is None:
            async with self._store.read() as tx:
                fleet = await fleet_of(tx, account_id, fleet_id)
                _, versions = await tx.power.member_sums(fleet_id)
                members = await tx.power.members(account_id, [fleet_id])
            self._members.keep(fleet, versions, members)
        summed = await self.summed(account_id, members, query)
        return replace(summed, fleet=fleet)

    async def summed(self, account_id: str, members: Sequence[PowerResource], query: PowerQuery) -> FleetSeries:
        """The sums of any set of resources, each of which counts once. errors: CannotCompute"""
        if not members:
            none = GroupSeries(None, 0, np.zeros(query.periods), np.zeros(query.periods), 0.0)
            groups = (none,) if query.group_by is GroupBy.NONE else ()
            return FleetSeries(None, query, 0, groups, Basis())
        sites = [member.site for member in members]
        light = await self._lights.over(account_id, query, sites)
        able, failures = sorted_out(members, light)
        if not able:
            raise CannotCompute("NoWeather")
        some = [sites[index] for index in able]
        task = task_of(some, chosen(light, able), query)
        sums = await self._kernel.on_thread(Sums, task, members, able, query.group_by)
        rows = await self._kernel.on_thread(compiled_rows, task)
        await self._kernel.on_thread(sums.begin, rows)
        await self._kernel.run(task, sums.add, rows)
        found = await self._kernel.on_thread(sums.groups)
        basis = replace(light.basis(some, query.model), failures=failures)
        return FleetSeries(None, query, len(members), found, basis)


def task_of(sites: Sequence[PvSite], light: Light, query: PowerQuery) -> Task:
    """What the kernel is to do for these sites under this light."""
    return Task(
        sites=sites, steps=light.steps, per_period=light.per_period, model=query.model, fields=query.fields,
        cells=light.cells, feed=light.feed,
    )  # fmt: skip


def sorted_out(members: Sequence[PowerResource], light: Light) -> tuple[list[int], tuple[Failure, ...]]:
    """Indexes of the members that have light, and the failures of those that have none."""
    if light.cells is None:
        return list(range(len(members))), ()
    able = np.flatnonzero(light.cells >= 0).tolist()
    unlit = np.flatnonzero(light.cells < 0).tolist()
    failures = (Failure(members[index].resource_id, "NoWeather") for index in unlit)
    return able, tuple(failures)


def group_key(member: PowerResource, group_by: GroupBy) -> str | Tracking | None:
    """Which group a member is in; None for no name."""
    match group_by:
        case GroupBy.ZONE:
            return member.zone
        case GroupBy.FEEDER:
            return member.feeder
        case GroupBy.CLASS:
            return member.customer_class
        case GroupBy.TRACKING:
            return tracking_of(member.site) or MIXED
    return None


class Sums:
    """Sums of members by group while the tiles come in.

    able  indexes of the members that the task computes; the others count as missing all the time
    """

    def __init__(self, task: Task, members: Sequence[PowerResource], able: Sequence[int], group_by: GroupBy) -> None:
        keys = [group_key(member, group_by) for member in members]
        self._keys = sorted(set(keys), key=lambda key: (key is None, str(key)))
        place = {key: index for index, key in enumerate(self._keys)}
        self._lines: list[list[int]] = [[] for _ in self._keys]
        for site, index in enumerate(able):
            self._lines[place[keys[index]]].append(site)
        self._counts = [0] * len(self._keys)
        self._total_kw = [0.0] * len(self._keys)
        for key, member in zip(keys, members, strict=True):
            self._counts[place[key]] += 1
            self._total_kw[place[key]] += member.site.ac_kw
        self._task = task
        self._sums: FleetSums | None = None

    def begin(self, rows: Rows) -> None:
        """Once the sites are compiled."""
        members = membership(self._lines, len(self._task.sites))
        self._sums = FleetSums(rows, self._task.steps, members, self._task.per_period)

    def add(self, tile: Tile) -> None:
        """One tile; each must come once."""
        assert self._sums is not None, "begin comes before add"
        self._sums.add(tile)

    def groups(self) -> tuple[GroupSeries, ...]:
        """What was summed."""
        assert self._sums is not None
        series = self._sums.series()
        assert series.available_kw is not None
        out = []
        for index, key in enumerate(self._keys):
            power = series.power_ac_kw[index]
            if not self._lines[index]:
                power = np.full(len(power), np.nan)
            out.append(GroupSeries(key, self._counts[index], power, series.available_kw[index], self._total_kw[index]))
        return tuple(out)
