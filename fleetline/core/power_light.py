"""Where the light of a series comes from: clear sky, stored weather, or a forecast of it."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol

import numpy as np

from fleetline.core.ports.store import Store, Tx
from fleetline.core.power_kernel import Feed
from fleetline.core.weather_fill import filled, whole_months
from fleetline.core.weather_finer import refined
from fleetline.core.weather_load import Field, historical
from fleetline.model.power import PowerModel, PvSite
from fleetline.model.resource_query import Basis, CannotCompute, PowerQuery, SeriesKind, step_of
from fleetline.model.weather import FloatArray, IntArray, WeatherSource
from fleetline.solar.steps import Steps

AIR: Final = ("temperature_c", "wind_ms")


@dataclass(frozen=True, slots=True)
class Light:
    """Light over some places.

    cells   (places,) index into the weather, -1 where there is none; None with clear sky
    """

    steps: Steps
    per_period: int
    cells: IntArray | None
    field: Field | None
    issue_at_ms: int | None = None
    forecast_model: str | None = None
    fills: bool = False

    @property
    def feed(self) -> Feed | None:
        return None if self.field is None else self.field.weather

    def basis(self, sites: Sequence[PvSite], model: PowerModel) -> Basis:
        """What a reply says about these sites, all of which have light."""
        values = {} if self.field is None else self.field.values
        return Basis(
            assumed=(*_assumed(self.field), *(("weather",) if self.fills else ())),
            not_modelled=not_modelled(sites, model, values),
            issue_at_ms=self.issue_at_ms,
            forecast_model=self.forecast_model,
        )


class Forecaster(Protocol):
    """Makes the weather that is to come."""

    async def __call__(
        self,
        tx: Tx,
        account_id: str,
        query: PowerQuery,
        source: WeatherSource,
        steps: Steps,
        latitude_deg: FloatArray,
        longitude_deg: FloatArray,
    ) -> tuple[Field, int, str]:
        """The field, when it was issued, and by which model."""
        ...


def steps_of(query: PowerQuery, step_s: int) -> tuple[Steps, int]:
    """The steps of a query, and how many make one period.

    errors  CannotCompute(`FinerThanWeather`)
    """
    if query.period_s % step_s:
        raise CannotCompute("FinerThanWeather", step_s // 60)
    return Steps(query.start_s, step_s, (query.end_s - query.start_s) // step_s), query.period_s // step_s


def places_of(sites: Sequence[PvSite]) -> tuple[FloatArray, FloatArray]:
    """Latitudes and longitudes, degrees."""
    places = np.array([(site.latitude_deg, site.longitude_deg) for site in sites], np.float64).reshape(-1, 2)
    return np.ascontiguousarray(places[:, 0]), np.ascontiguousarray(places[:, 1])


class Lights:
    """Finds the light of queries."""

    def __init__(self, store: Store, forecaster: Forecaster) -> None:
        self._store, self._forecaster = store, forecaster

    async def step_s(self, account_id: str, query: PowerQuery) -> int:
        """The step of the physics. errors: CannotCompute(`NoWeather`) when there is no such source"""
        if query.kind is SeriesKind.CLEAR_SKY:
            return step_of(query.kind, query.period_s, None)
        async with self._store.read() as tx:
            source = await tx.power.source(account_id, query.source)
        if source is None:
            raise CannotCompute("NoWeather")
        return min(step_of(query.kind, query.period_s, source.step_s), query.period_s)

    async def over(self, account_id: str, query: PowerQuery, sites: Sequence[PvSite]) -> Light:
        """errors: CannotCompute"""
        if query.kind is SeriesKind.CLEAR_SKY:
            steps, per_period = steps_of(query, step_of(query.kind, query.period_s, None))
            return Light(steps, per_period, None, None)
        latitude, longitude = places_of(sites)
        async with self._store.read() as tx:
            source = await tx.power.source(account_id, query.source)
            if source is None:
                raise CannotCompute("NoWeather")
            finer = query.period_s < source.step_s
            steps, per_period = widened(query, source.step_s) if finer else steps_of(query, source.step_s)
            issue_at_ms, model, fills = None, None, False
            if query.kind is SeriesKind.FORECAST:
                found = await self._forecaster(tx, account_id, query, source, steps, latitude, longitude)
                field, issue_at_ms, model = found
            elif query.fills:
                wide = whole_months(steps)
                field = await historical(tx, account_id, source, wide, latitude, longitude)
                field, fills = await asyncio.to_thread(filled, field, wide, steps)
            else:
                field = await historical(tx, account_id, source, steps, latitude, longitude)
        if finer:
            wanted, per_period = steps_of(query, query.period_s)
            field = await asyncio.to_thread(refined, field, steps, wanted)
            steps = wanted
        return Light(steps, per_period, field.known(), field, issue_at_ms, model, fills)


def widened(query: PowerQuery, step_s: int) -> tuple[Steps, int]:
    """The whole steps of the weather that touch a query with shorter periods.

    errors  CannotCompute(`FinerThanWeather`) when the periods do not divide the steps
    """
    if step_s % query.period_s:
        raise CannotCompute("FinerThanWeather", step_s // 60)
    first, last = query.start_s // step_s, -(-query.end_s // step_s)
    return Steps(first * step_s, step_s, last - first), 1


def _assumed(field: Field | None) -> tuple[str, ...]:
    """Fields of the air that are supplied in place of missing ones."""
    if field is None or not field.values:
        return AIR
    light = field.light()
    out = []
    for name in AIR:
        values = field.values.get(name)
        if values is None or bool((np.isnan(values) & light).any()):
            out.append(name)
    return tuple(out)


def not_modelled(sites: Sequence[PvSite], model: PowerModel, values: Mapping[str, object]) -> tuple[str, ...]:
    """Stored attributes that the chain leaves out: for want of weather, or because it reads another rating."""
    out = []
    systems = [system for site in sites for system in site.systems]
    if "rain_mm" not in values and any(system.cleaning_threshold_mm is not None for system in systems):
        out.append("cleaning_threshold_mm")
    if "snowfall_cm" not in values and any(system.threshold_snowfall_cm_per_h is not None for system in systems):
        out.append("threshold_snowfall_cm_per_h")
    if model is PowerModel.PVLIB and any(
        modules.ptc_kw is not None for system in systems for array in system.arrays for modules in array.modules
    ):
        out.append("ptc_kw")
    return tuple(out)


def chosen(light: Light, indexes: Sequence[int]) -> Light:
    """The light over some of the places."""
    if light.cells is None:
        return light
    return replace(light, cells=light.cells[np.asarray(indexes, np.int64)])
