"""Weather on finer steps than it came: the clear-sky index is held, the mean of every given step is kept."""

import numpy as np
import numpy.typing as npt

from fleetline.solar.clear import Ground, clear_air
from fleetline.solar.sky import Float32Array, Weather, complete
from fleetline.solar.steps import Steps
from fleetline.solar.sun import ephemeris

FloatArray = npt.NDArray[np.float64]


def refine(weather: Weather, steps: Steps, parts: int, ground: Ground) -> Weather:
    """The same weather with each step cut in `parts` equal ones.

    GHI follows the clear sky within the step and keeps the step's mean; diffuse light keeps its share of GHI, and the
    beam is what closes the balance. A step whose clear sky is dark keeps its value. Temperature and wind are held, rain
    and snow are spread evenly.

    steps    those of `weather`, whose cells stand at `ground`
    """
    fine = Steps(steps.start_s, steps.step_s // parts, steps.count * parts)
    clear = clear_air(ground, fine.mid_s()).ghi_wm2
    blocks = clear.reshape(len(clear), steps.count, parts)
    mean = blocks.mean(axis=2, keepdims=True)
    shape = np.where(mean > 0.0, blocks / np.where(mean > 0.0, mean, 1.0), 1.0).reshape(clear.shape)
    ghi, dhi = _coarse_light(weather, steps, ground)
    return Weather(
        ghi_wm2=_single(_held(ghi, parts) * shape),
        dhi_wm2=None if dhi is None else _single(_held(dhi, parts) * shape),
        temperature_c=None if weather.temperature_c is None else np.repeat(weather.temperature_c, parts, axis=1),
        wind_ms=None if weather.wind_ms is None else np.repeat(weather.wind_ms, parts, axis=1),
        rain_mm=None if weather.rain_mm is None else _single(np.repeat(weather.rain_mm, parts, axis=1) / parts),
        snowfall_cm=None if weather.snowfall_cm is None else _single(_held(weather.snowfall_cm, parts) / parts),
    )


def _coarse_light(weather: Weather, steps: Steps, ground: Ground) -> tuple[FloatArray, FloatArray | None]:
    """GHI, and DHI when more than GHI is given, with the sun in the middle of each step."""
    given = [weather.ghi_wm2, weather.dni_wm2, weather.dhi_wm2]
    whole = next(field for field in given if field is not None).shape
    ghi, dni, dhi = (np.full(whole, np.nan) if field is None else field.astype(np.float64) for field in given)
    if weather.dni_wm2 is None and weather.dhi_wm2 is None:
        return ghi, None
    mid_s = steps.mid_s()
    cosine = clear_air(ground, mid_s).true_cos
    extra = np.broadcast_to(ephemeris(mid_s).dni_extra_wm2, whole)
    ghi, _, dhi = complete(ghi, dni, dhi, cosine, extra)
    return ghi, dhi


def _held(values: npt.NDArray[np.floating], parts: int) -> FloatArray:
    return np.repeat(values.astype(np.float64), parts, axis=1)


def _single(values: FloatArray) -> Float32Array:
    return values.astype(np.float32)
