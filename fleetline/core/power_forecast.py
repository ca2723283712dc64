"""The weather that is to come: the newest forecast somebody pushed, else the clear-sky index carried on."""

import asyncio
from typing import Final

import numpy as np

from fleetline.core.ports.store import Tx
from fleetline.core.power_kernel import Task, compiled_rows
from fleetline.core.weather_finer import cell_sites
from fleetline.core.weather_load import Field, cells_of, values_of
from fleetline.model.resource_query import PowerQuery
from fleetline.model.weather import Float32Array, FloatArray, IntArray, WeatherKind, WeatherSource
from fleetline.solar.run import simulate
from fleetline.solar.steps import Steps

HOUR_S: Final = 3_600
DAY_S: Final = 86_400
LOOK_BACK_S: Final = 2 * DAY_S
FADES_IN_S: Final = 3 * HOUR_S
MOST_INDEX: Final = 1.2
DAYLIGHT_WM2: Final = 10.0
"""Clear-sky GHI from which an index says anything."""


async def forecast(
    tx: Tx, account_id: str, query: PowerQuery, source: WeatherSource, steps: Steps,
    latitude_deg: FloatArray, longitude_deg: FloatArray,
) -> tuple[Field, int, str]:  # fmt: skip
    """The field over the steps, when it was issued, and `pushed` or `persistence`.

    source  rule F-118; nothing that ended after `query.as_of_ms` is read
    """
    if not query.only_persisted:
        pushed = await _pushed(tx, account_id, query, source, steps, latitude_deg, longitude_deg)
        if pushed is not None:
            return (*pushed, "pushed")
    field = await _persisted(tx, account_id, query, source, steps, latitude_deg, longitude_deg)
    return field, query.as_of_ms, "persistence"


async def _pushed(
    tx: Tx, account_id: str, query: PowerQuery, source: WeatherSource, steps: Steps,
    latitude_deg: FloatArray, longitude_deg: FloatArray,
) -> tuple[Field, int] | None:  # fmt: skip
    """None when nobody pushed one, or when it says nothing about these steps."""
    issue = await tx.power.last_issue(account_id, source.name, query.as_of_ms)
    if issue is None:
        return None
    kinds = {WeatherKind.FORECAST: issue}
    cells, place_cell = await cells_of(tx, account_id, source, kinds, latitude_deg, longitude_deg)
    values = await values_of(tx, account_id, source, WeatherKind.FORECAST, cells, steps, issue)
    field = Field(cells, place_cell, values)
    return (field, issue) if values and field.light().any() else None


async def _persisted(
    tx: Tx, account_id: str, query: PowerQuery, source: WeatherSource, steps: Steps,
    latitude_deg: FloatArray, longitude_deg: FloatArray,
) -> Field:  # fmt: skip
    kinds = {WeatherKind.OBSERVED: 0}
    cells, place_cell = await cells_of(tx, account_id, source, kinds, latitude_deg, longitude_deg)
    stop_s = query.as_of_ms // 1000 // steps.step_s * steps.step_s
    past = Steps(stop_s - LOOK_BACK_S, steps.step_s, LOOK_BACK_S // steps.step_s)
    observed = await values_of(tx, account_id, source, WeatherKind.OBSERVED, cells, past)
    if not observed:
        return Field(cells, place_cell, {})
    values = await asyncio.to_thread(carried_on, cells, past, observed, steps, query.as_of_ms / 1000)
    return Field(cells, place_cell, values)


def carried_on(
    cells: IntArray, past: Steps, observed: dict[str, Float32Array], steps: Steps, as_of_s: float
) -> dict[str, Float32Array]:
    """Field -> (cells, steps): clear-sky GHI times an index that goes from the last hour's to the last day's."""
    known = Field(cells, np.arange(len(cells)), observed)
    sites = cell_sites(cells)
    seen = _ghi(Task(sites, past, 1, cells=np.arange(len(cells)), feed=known.weather))
    clear = _ghi(Task(sites, past, 1))
    day = DAY_S // past.step_s
    hour, last_day = _last_hour(seen, clear, HOUR_S // past.step_s), _index(seen[:, -day:], clear[:, -day:])
    lead_s = np.maximum(steps.mid_s() - as_of_s, 0.0)
    weight = np.exp(-lead_s / FADES_IN_S)
    # where one of the two is not known the other stands alone
    hour, last_day = np.where(np.isnan(hour), last_day, hour), np.where(np.isnan(last_day), hour, last_day)
    index = weight * hour[:, None] + (1.0 - weight) * last_day[:, None]
    out = {"ghi_wm2": (_ghi(Task(sites, steps, 1)) * index).astype(np.float32)}
    for name in ("temperature_c", "wind_ms"):
        if name in observed:
            out[name] = _same_hour(observed[name], past, steps)
    return out


def _ghi(task: Task) -> FloatArray:
    """(cells, steps) as the physics has it, also where it is made of the other two components."""
    return simulate(compiled_rows(task), task.steps, task.feed, wanted=("ghi_wm2",))["ghi_wm2"]


def _index(seen: FloatArray, clear: FloatArray) -> FloatArray:
    """(cells,) sum over sum of the steps of daylight that were seen, 0 to MOST_INDEX; NaN without any."""
    good = ~np.isnan(seen) & (clear > DAYLIGHT_WM2)
    total = np.where(good, clear, 0.0).sum(axis=1)
    share = np.where(good, np.nan_to_num(seen), 0.0).sum(axis=1) / np.maximum(total, 1e-9)
    return np.where(total > 0, np.clip(share, 0.0, MOST_INDEX), np.nan)


def _last_hour(seen: FloatArray, clear: FloatArray, count: int) -> FloatArray:
    """(cells,) the index of the last `count` steps of daylight that were seen."""
    good = ~np.isnan(seen) & (clear > DAYLIGHT_WM2)
    behind = np.cumsum(good[:, ::-1], axis=1)[:, ::-1]
    return _index(np.where(good & (behind <= count), seen, np.nan), clear)


def _same_hour(values: Float32Array, past: Steps, steps: Steps) -> Float32Array:
    """(cells, steps) what was seen at the same time of the last day that has it."""
    day = DAY_S // past.step_s
    ahead = (steps.start_s - past.start_s) // past.step_s + np.arange(len(steps))
    at = len(past) - day + (ahead - (len(past) - day)) % day
    newest, before = values[:, at], values[:, at - day]
    return np.where(np.isnan(newest), before, newest)
