"""The demo's weather: how clear the sky is at each quarter of an hour of each place, the same whenever it is asked."""

from typing import Final

import numpy as np

from fleetline.core.power_kernel import Task, compiled_rows
from fleetline.core.weather_finer import cell_sites
from fleetline.model.weather import Float32Array, FloatArray, IntArray, cell_places
from fleetline.solar.run import simulate
from fleetline.solar.steps import Steps

STEP_S: Final = 900
DAY_S: Final = 86_400
YEAR_S: Final = 365.25 * DAY_S
WARMEST_DAY: Final = 200
CLOUDY, CLEAR, GUSTY = 0.22, 1.0, 0.62
"""Clear-sky index of a dull day, of a clear one, and of one with clouds that pass."""
DIM: Final = 0.05
MOST: Final = 1.08


def _noise(times_s: FloatArray, every_s: float, seed: int) -> FloatArray:
    """Smooth noise from -1 to 1 that depends on nothing but time and seed: values at knots, eased in between."""
    place = times_s / every_s
    knot = np.floor(place).astype(np.int64)
    ease = 0.5 - 0.5 * np.cos(np.pi * (place - knot))
    return np.asarray(_hashed(knot, seed) * (1.0 - ease) + _hashed(knot + 1, seed) * ease, np.float64)


def _hashed(numbers: IntArray, seed: int) -> FloatArray:
    """-1 to 1 for each whole number, as if by chance."""
    mixed = (numbers.astype(np.uint64) + np.uint64(seed * 0x9E3779B9)) * np.uint64(0xBF58476D1CE4E5B9)
    mixed ^= mixed >> np.uint64(31)
    mixed = mixed * np.uint64(0x94D049BB133111EB)
    return np.asarray((mixed >> np.uint64(40)) / float(1 << 23) - 1.0, np.float64)


def clearness(times_s: FloatArray, seed: int) -> FloatArray:
    """Clear-sky index: fronts last for days, cloud banks for hours, single clouds for minutes."""
    front = _noise(times_s, 2.3 * DAY_S, seed)
    bank = _noise(times_s, 5 * 3600.0, seed + 1)
    cloud = _noise(times_s, 1500.0, seed + 2)
    mean = np.where(front > 0, GUSTY + (CLEAR - GUSTY) * front, GUSTY + (GUSTY - CLOUDY) * front)
    restless = 1.0 - np.abs(front)
    return np.clip(mean + restless * (0.18 * bank + 0.22 * cloud), DIM, MOST)


def observed(cells: IntArray, steps: Steps) -> dict[str, Float32Array]:
    """Field -> (cells, steps): light, air and wind."""
    times = steps.mid_s().astype(np.float64)
    index = np.stack([clearness(times, _seed(cell)) for cell in cells])
    return _fields(cells, steps, times, index)


def foretold(cells: IntArray, steps: Steps, issued_s: int) -> dict[str, Float32Array]:
    """The same as a forecast of that moment would have it: no single clouds, and further off the further ahead."""
    times = steps.mid_s().astype(np.float64)
    ahead = np.clip((times - issued_s) / (2 * DAY_S), 0.0, 1.0)
    lines = []
    for cell in cells:
        seed = _seed(cell)
        smooth = np.mean([clearness(times + shift, seed) for shift in (-5400, -2700, 0, 2700, 5400)], axis=0)
        error = _noise(times, 8 * 3600.0, seed + issued_s % 10_007)
        lines.append(np.clip(smooth * (1.0 + (0.04 + 0.14 * ahead) * error), DIM, MOST))
    return _fields(cells, steps, times, np.stack(lines))


def _seed(cell: int) -> int:
    """Neighbours share their fronts, but not their clouds: places within a few degrees have one seed."""
    return int(cell) // 36_000 // 200 * 1_000 + int(cell) % 36_000 // 400


def _fields(cells: IntArray, steps: Steps, times: FloatArray, index: FloatArray) -> dict[str, Float32Array]:
    clear = simulate(compiled_rows(Task(cell_sites(cells), steps, 1)), steps, None, wanted=("ghi_wm2",))["ghi_wm2"]
    latitude, longitude = cell_places(cells)
    warm = np.cos((times / DAY_S - WARMEST_DAY) / YEAR_S * DAY_S * 2 * np.pi)
    hour = (times[None, :] / 3600 + longitude[:, None] / 15) % 24
    daily = np.cos((hour - 15) / 24 * 2 * np.pi)
    air = 11.0 - 0.4 * (latitude[:, None] - 48.0) + 9.0 * warm + (2.0 + 3.0 * index) * daily
    wind = 2.5 + 1.8 * np.stack([_noise(times, 4 * 3600.0, _seed(cell) + 9) for cell in cells])
    return {
        "ghi_wm2": (clear * index).astype(np.float32),
        "temperature_c": air.astype(np.float32),
        "wind_ms": np.maximum(wind, 0.2).astype(np.float32),
    }


def meter_share(times_s: FloatArray, seed: int) -> FloatArray:
    """What a meter reads over what the model says: dirt, small clouds and the meter itself, a few per cent around 1."""
    slow, quick = _noise(times_s, 1.7 * DAY_S, seed + 77), _noise(times_s, 2100.0, seed + 78)
    return np.asarray(1.0 + 0.03 * slow + 0.09 * quick, np.float64)
