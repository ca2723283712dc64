"""What the meters of many resources say together: sums of fleets, and each beside what its weather let expect."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from fleetline.core.ports.store import Store
from fleetline.core.power_fleets import fleet_of
from fleetline.core.power_kernel import FloatArray, Kernel
from fleetline.core.power_light import Lights, chosen
from fleetline.core.power_measurements import Measurements
from fleetline.core.power_series import sorted_out, task_of
from fleetline.model.power import PowerResource
from fleetline.model.resource import Place, ResourceFilter, row_count
from fleetline.model.resource_query import CannotCompute, PowerQuery, checked_size

AT_ONCE: Final = 500
MOST_COMPARED: Final = 5_000
LEAST_SHARE: Final = 0.002
"""Of the energy that the rating would give all the time: with less expected than this a ratio says nothing."""


@dataclass(frozen=True, slots=True)
class FleetMeters:
    """What a fleet's meters said.

    power_ac_kw  (periods,) sum of the members that have a value, NaN where none has; available_kw: their AC rating
    """

    query: PowerQuery
    power_ac_kw: FloatArray
    available_kw: FloatArray
    total_kw: float


@dataclass(frozen=True, slots=True)
class Compared:
    """Energy that was measured and energy that was to be expected, over the periods in which both are known.

    ratio           measured / expected; None where too little is known
    periods         in which both are known
    last_at_s       end of the last period with a measured value, 0 without any
    """

    resource: PowerResource
    measured_kwh: float
    expected_kwh: float
    ratio: float | None
    periods: int
    last_at_s: int


class Meters:
    """Every verb takes the account first."""

    def __init__(self, store: Store, lights: Lights, kernel: Kernel, measurements: Measurements) -> None:
        self._store, self._lights, self._kernel, self._measurements = store, lights, kernel, measurements

    async def fleet(self, account_id: str, fleet_id: str, query: PowerQuery) -> FleetMeters:
        """errors: NotFound, CannotCompute(`TooLarge`)"""
        async with self._store.read() as tx:
            await fleet_of(tx, account_id, fleet_id)
            members = await tx.power.members(account_id, [fleet_id])
        checked_size(len(members), query.periods)
        ids = [member.resource_id for member in members]
        values = await self._measurements.over(ids, query.start_s, query.end_s, query.period_s)
        rated = np.array([member.site.ac_kw for member in members], np.float64)
        known = ~np.isnan(values)
        power = np.where(known.any(axis=0), np.nansum(values, axis=0), np.nan)
        return FleetMeters(query, power, (known * rated[:, None]).sum(axis=0), float(rated.sum()))

    async def compared(self, account_id: str, wanted: ResourceFilter, query: PowerQuery) -> list[Compared]:
        """Every resource of the filter, the worst ratio first, those without one last, by name.

        errors  NotFound(`fleet`); CannotCompute(`TooLarge`) for more than MOST_COMPARED resources
        """
        found: list[Compared] = []
        after: Place | None = None
        while page := await self._page(account_id, wanted, after):
            if len(found) + len(page) > MOST_COMPARED:
                raise CannotCompute("TooLarge")
            found += await self._beside(account_id, page, query)
            after = (page[-1].created_at_ms, page[-1].resource_id)
        return sorted(found, key=_worst_first)

    async def _page(self, account_id: str, wanted: ResourceFilter, after: Place | None) -> list[PowerResource]:
        async with self._store.read() as tx:
            if wanted.fleet_id is not None:
                await fleet_of(tx, account_id, wanted.fleet_id)
            return await tx.power.find_resources(account_id, wanted, after, AT_ONCE)

    async def _beside(self, account_id: str, page: Sequence[PowerResource], query: PowerQuery) -> list[Compared]:
        ids = [resource.resource_id for resource in page]
        measured = await self._measurements.over(ids, query.start_s, query.end_s, query.period_s)
        lines = np.flatnonzero((~np.isnan(measured)).any(axis=1)).tolist()
        expected = np.full_like(measured, np.nan)
        if lines:
            expected[lines] = await self._expected(account_id, [page[line] for line in lines], query)
        return [compared(page[line], measured[line], expected[line], query) for line in range(len(page))]

    async def _expected(self, account_id: str, some: Sequence[PowerResource], query: PowerQuery) -> FloatArray:
        """(resources, periods) NaN where there is no weather."""
        out = np.full((len(some), query.periods), np.nan)
        sites = [resource.site for resource in some]
        try:
            step_s = await self._lights.step_s(account_id, query)
            checked_size(sum(map(row_count, sites)), (query.end_s - query.start_s) // step_s)
            light = await self._lights.over(account_id, query, sites)
        except CannotCompute as fault:
            if fault.code == "TooLarge":
                raise
            return out
        able, _ = sorted_out(some, light)
        if able:
            values = await self._kernel.series(task_of([sites[index] for index in able], chosen(light, able), query))
            out[able] = values["ac_kw"]
        return out


def compared(resource: PowerResource, measured: FloatArray, expected: FloatArray, query: PowerQuery) -> Compared:
    """One resource; measured, expected: (periods,) kW."""
    hours = query.period_s / 3600
    both = ~np.isnan(measured) & ~np.isnan(expected)
    ours, theirs = float(measured[both].sum() * hours), float(expected[both].sum() * hours)
    least = LEAST_SHARE * resource.site.ac_kw * int(both.sum()) * hours
    seen = np.flatnonzero(~np.isnan(measured))
    last_at_s = query.start_s + (int(seen[-1]) + 1) * query.period_s if len(seen) else 0
    ratio = ours / theirs if theirs > least else None
    return Compared(resource, ours, theirs, ratio, int(both.sum()), last_at_s)


def _worst_first(item: Compared) -> tuple[bool, float, str, str]:
    name = item.resource.name.casefold()
    return item.ratio is None, item.ratio or 0.0, name, item.resource.resource_id
