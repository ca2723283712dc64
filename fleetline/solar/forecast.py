"""The days ahead when nobody forecasts them: the clear-sky index of the last hours lives on."""

from typing import Final

import numpy as np
import numpy.typing as npt

from fleetline.solar.clear import Ground, clear_air
from fleetline.solar.sky import Float32Array, Weather
from fleetline.solar.steps import DAY_S, Steps

FloatArray = npt.NDArray[np.float64]

MEMORY_S: Final = 3 * 3600.0
"""Lead time over which the last hour loses its weight against the last day, by a factor e."""
LEAST_INDEX: Final = 0.0
LARGEST_INDEX: Final = 1.2


def persistence(observed: Weather, past: Steps, ahead: Steps, ground: Ground) -> Weather:
    """GHI, temperature and wind over `ahead`, float32; NaN in cells of which the last day tells nothing.

    observed   over `past`, which ends at the time of the forecast: nothing later is known
    source     GHI = clear sky x k, k = w k1 + (1 - w) k24, w = exp(-lead / 3 h); k1 is the clear-sky index of the last
               hour of daylight, k24 that of the last 24 h. Temperature and wind repeat the same time of the last day.
    """
    if observed.ghi_wm2 is None:
        raise ValueError("persistence needs global irradiance")
    issued_s = past.start_s + past.step_s * past.count
    known = observed.ghi_wm2.astype(np.float64)
    clear = clear_air(ground, past.mid_s()).ghi_wm2
    last_hour, last_day = _indices(known, clear, past)
    weight = np.exp(-(ahead.mid_s() - issued_s) / MEMORY_S)
    index = last_hour[:, None] * weight + last_day[:, None] * (1.0 - weight)
    light = clear_air(ground, ahead.mid_s()).ghi_wm2 * index
    return Weather(
        ghi_wm2=light.astype(np.float32),
        temperature_c=_of_last_day(observed.temperature_c, past, ahead),
        wind_ms=_of_last_day(observed.wind_ms, past, ahead),
    )


def _indices(known: FloatArray, clear: FloatArray, past: Steps) -> tuple[FloatArray, FloatArray]:
    """Clear-sky index over the last hour of daylight and over the last 24 h; one stands in for the other."""
    counted = ~np.isnan(known) & (clear > 0.0)
    since_end = np.arange(past.count)[::-1] * past.step_s
    day = _ratio(known, clear, counted & (since_end < DAY_S))
    after = np.cumsum(counted[:, ::-1], axis=1)[:, ::-1]
    hour = _ratio(known, clear, counted & (after <= max(3600 // past.step_s, 1)))
    hour, day = np.where(np.isnan(hour), day, hour), np.where(np.isnan(day), hour, day)
    return np.clip(hour, LEAST_INDEX, LARGEST_INDEX), np.clip(day, LEAST_INDEX, LARGEST_INDEX)


def _ratio(known: FloatArray, clear: FloatArray, chosen: npt.NDArray[np.bool_]) -> FloatArray:
    total = np.where(chosen, clear, 0.0).sum(axis=1)
    seen = np.where(chosen, known, 0.0).sum(axis=1)
    return np.where(total > 0.0, seen / np.where(total > 0.0, total, 1.0), np.nan)


def _of_last_day(field: Float32Array | None, past: Steps, ahead: Steps) -> Float32Array | None:
    """(cells, steps of `ahead`) of the same time of day in the last 24 h; NaN where no step covers it."""
    if field is None:
        return None
    end_s = past.start_s + past.step_s * past.count
    back_s = np.ceil((ahead.mid_s() - end_s) / DAY_S) * DAY_S
    index = np.floor((ahead.mid_s() - back_s - past.start_s) / past.step_s).astype(np.intp)
    out: Float32Array = field[:, np.maximum(index, 0)].copy()
    out[:, index < 0] = np.nan
    return out
