"""Scores: how near the power of the model, or of a forecast, comes to what the meters said."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from fleetline.core.ports.store import Store
from fleetline.core.power_fleets import fleet_of
from fleetline.core.power_kernel import FloatArray, Kernel
from fleetline.core.power_light import Lights, chosen
from fleetline.core.power_measurements import Measurements
from fleetline.core.power_series import sorted_out, task_of
from fleetline.model.errors import NotFound
from fleetline.model.power import PowerResource
from fleetline.model.resource import row_count
from fleetline.model.resource_query import Basis, CannotCompute, PowerQuery, SeriesKind, checked_size
from fleetline.model.weather import BoolArray
from fleetline.solar.steps import Steps
from fleetline.solar.sun import ephemeris, sun_over

MOST_FORECASTS: Final = 1_000
"""Forecasts that one call may make, one per period and horizon."""

HOUR_S: Final = 3_600


@dataclass(frozen=True, slots=True)
class Score:
    """Error is model minus measured, kW; None where there is too little to say.

    capacity_kw  AC rating of the resources that were compared
    skill        of forecasts: 1 - rmse over that of persistence
    """

    count: int
    capacity_kw: float
    mbe_kw: float | None
    mae_kw: float | None
    rmse_kw: float | None
    correlation: float | None
    skill: float | None = None


@dataclass(frozen=True, slots=True)
class Scored:
    """One score, or one for each horizon in hours."""

    query: PowerQuery
    score: Score | None
    horizons: tuple[tuple[int, Score], ...]
    basis: Basis


class Scores:
    """Every verb takes the account first."""

    def __init__(self, store: Store, lights: Lights, kernel: Kernel, measurements: Measurements) -> None:
        self._store, self._lights, self._kernel, self._measurements = store, lights, kernel, measurements

    async def resource(
        self, account_id: str, resource_id: str, query: PowerQuery, *, daylight: bool, horizons: Sequence[int]
    ) -> Scored:
        """errors: NotFound, CannotCompute"""
        async with self._store.read() as tx:
            found = (await tx.power.resources(account_id, [resource_id])).get(resource_id)
        if found is None:
            raise NotFound("resource", resource_id)
        return await self._scored(account_id, [found], query, daylight, horizons)

    async def fleet(
        self, account_id: str, fleet_id: str, query: PowerQuery, *, daylight: bool, horizons: Sequence[int]
    ) -> Scored:
        """At each period the members that have a measured value, on both sides. errors: NotFound, CannotCompute"""
        async with self._store.read() as tx:
            await fleet_of(tx, account_id, fleet_id)
            members = await tx.power.members(account_id, [fleet_id])
        return await self._scored(account_id, members, query, daylight, horizons)

    async def _scored(
        self, account_id: str, members: Sequence[PowerResource], query: PowerQuery, daylight: bool,
        horizons: Sequence[int],
    ) -> Scored:  # fmt: skip
        if not members:
            none = score_of(np.zeros((0, query.periods)), np.zeros((0, query.periods)), np.zeros(0))
            return Scored(query, none, (), Basis())
        if query.periods * len(horizons) > MOST_FORECASTS:
            raise CannotCompute("TooLarge")
        step_s = await self._lights.step_s(account_id, query)
        rows = sum(row_count(member.site) for member in members)
        checked_size(rows * max(1, len(horizons)), (query.end_s - query.start_s) // step_s)
        ids = [member.resource_id for member in members]
        measured = await self._measurements.over(ids, query.start_s, query.end_s, query.period_s)
        if daylight:
            lit = await asyncio.to_thread(_daylight, members, query)
            measured = np.where(lit, measured, np.nan)
        capacity = np.array([member.site.ac_kw for member in members])
        if not horizons:
            model, basis = await self._model(account_id, members, query)
            score = await self._with_skill(account_id, members, query, model, measured, capacity)
            return Scored(query, score, (), basis)
        out, basis = [], Basis()
        for hours in horizons:
            model, basis = await self._ahead(account_id, members, query, hours)
            plain, _ = await self._ahead(account_id, members, replace(query, only_persisted=True), hours)
            both = np.where(np.isnan(plain), np.nan, measured)
            score = score_of(model, measured, capacity)
            out.append((hours, _skilled(score, model, plain, both, capacity)))
        return Scored(query, None, tuple(out), basis)

    async def _model(
        self, account_id: str, members: Sequence[PowerResource], query: PowerQuery
    ) -> tuple[FloatArray, Basis]:
        """(members, periods) of power, NaN where there is no weather, and what it was made from."""
        sites = [member.site for member in members]
        light = await self._lights.over(account_id, query, sites)
        able, failures = sorted_out(members, light)
        out = np.full((len(members), query.periods), np.nan)
        if not able:
            raise CannotCompute("NoWeather")
        some = [sites[index] for index in able]
        values = await self._kernel.series(task_of(some, chosen(light, able), query))
        out[able] = values["ac_kw"]
        return out, replace(light.basis(some, query.model), failures=failures)

    async def _with_skill(
        self, account_id: str, members: Sequence[PowerResource], query: PowerQuery, model: FloatArray,
        measured: FloatArray, capacity: FloatArray,
    ) -> Score:  # fmt: skip
        score = score_of(model, measured, capacity)
        if query.kind is not SeriesKind.FORECAST:
            return score
        try:
            plain, _ = await self._model(account_id, members, replace(query, only_persisted=True))
        except CannotCompute:
            return score
        return _skilled(score, model, plain, measured, capacity)

    async def _ahead(
        self, account_id: str, members: Sequence[PowerResource], query: PowerQuery, hours: int
    ) -> tuple[FloatArray, Basis]:
        """Each period as it was forecast so many hours before its start."""
        out, basis = np.full((len(members), query.periods), np.nan), Basis()
        for period in range(query.periods):
            start_s = query.start_s + period * query.period_s
            one = replace(
                query, start_s=start_s, end_s=start_s + query.period_s, as_of_ms=(start_s - hours * HOUR_S) * 1000
            )
            try:
                values, basis = await self._model(account_id, members, one)
            except CannotCompute:
                continue  # nothing was known then
            out[:, period] = values[:, 0]
        return out, basis


def _skilled(score: Score, model: FloatArray, plain: FloatArray, measured: FloatArray, capacity: FloatArray) -> Score:
    """The score with its skill against persistence, where both say something."""
    both = np.where(np.isnan(model) | np.isnan(plain), np.nan, measured)
    one, other = score_of(model, both, capacity), score_of(plain, both, capacity)
    if one.rmse_kw is None or not other.rmse_kw:
        return score
    return replace(score, skill=1.0 - one.rmse_kw / other.rmse_kw)


def score_of(model: FloatArray, measured: FloatArray, capacity: FloatArray) -> Score:
    """The sums of those who have both values, period by period.

    model, measured  (members, periods); capacity: (members,)
    """
    both = ~np.isnan(model) & ~np.isnan(measured)
    periods = both.any(axis=0)
    count = int(periods.sum())
    rated = float(capacity[both.any(axis=1)].sum())
    if count == 0:
        return Score(0, rated, None, None, None, None)
    ours = np.where(both, np.nan_to_num(model), 0.0).sum(axis=0)[periods]
    theirs = np.where(both, np.nan_to_num(measured), 0.0).sum(axis=0)[periods]
    error = ours - theirs
    spread = float(ours.std() * theirs.std())
    correlation = float(((ours - ours.mean()) * (theirs - theirs.mean())).mean() / spread) if spread > 0 else None
    return Score(
        count, rated, float(error.mean()), float(np.abs(error).mean()), float(np.sqrt((error**2).mean())), correlation
    )


def _daylight(members: Sequence[PowerResource], query: PowerQuery) -> BoolArray:
    """(members, periods) whether the sun is up in the middle of each period."""
    steps = Steps(query.start_s, query.period_s, query.periods)
    places = np.array([(m.site.latitude_deg, m.site.longitude_deg, m.site.elevation_m or 0.0) for m in members])
    out = np.zeros((len(members), query.periods), np.bool_)
    at = ephemeris(steps.mid_s())
    sun = sun_over(at, places[:, 0].copy(), places[:, 1].copy(), places[:, 2].copy())
    out[sun.place, sun.time] = True
    return out
