"""Weather on shorter steps than it was delivered in: the clear-sky index holds over a step, its mean stays."""

from typing import Final

import numpy as np

from fleetline.core.power_kernel import Task, compiled_rows
from fleetline.core.weather_load import Field
from fleetline.model.power import Inverters, Modules, PvArray, PvSite, PvSystem
from fleetline.model.weather import LIGHT, Float32Array, FloatArray, IntArray, cell_places
from fleetline.solar.run import simulate
from fleetline.solar.steps import Steps

DARK_WM2: Final = 1.0
"""Mean clear-sky light below which a step is too dark to have a shape."""
SUMS: Final = ("rain_mm", "snowfall_cm")


def refined(field: Field, steps: Steps, wanted: Steps) -> Field:
    """The field on `wanted`, which lies within `steps` and divides them.

    source  rule F-113: light follows the clear sky within a step and keeps its mean; air is held, sums are shared
    """
    pieces = steps.step_s // wanted.step_s
    whole = Steps(steps.start_s, wanted.step_s, len(steps) * pieces)
    first = (wanted.start_s - steps.start_s) // wanted.step_s
    chosen = slice(first, first + len(wanted))
    names = tuple(name for name in field.values if name in LIGHT)
    shapes = _shapes(field.cells, whole, pieces, names) if len(field.cells) and names else {}
    out: dict[str, Float32Array] = {}
    for name, values in field.values.items():
        long = np.repeat(values, pieces, axis=1)
        if name in shapes:
            long = long * shapes[name]
        elif name in SUMS:
            long = long / np.float32(pieces)
        out[name] = np.ascontiguousarray(long[:, chosen], dtype=np.float32)
    return Field(field.cells, field.place_cell, out)


def _shapes(cells: IntArray, whole: Steps, pieces: int, names: tuple[str, ...]) -> dict[str, Float32Array]:
    """Field -> (cells, fine steps): clear-sky light over its mean in the coarse step; 1 in the dark."""
    task = Task(cell_sites(cells), whole, 1)
    clear = simulate(compiled_rows(task), whole, None, wanted=names)
    return {name: _over_mean(clear[name], pieces) for name in names}


def _over_mean(clear: FloatArray, pieces: int) -> Float32Array:
    blocks = clear.reshape(len(clear), -1, pieces)
    means = blocks.mean(axis=2, keepdims=True)
    shape = np.where(means > DARK_WM2, blocks / np.maximum(means, DARK_WM2), 1.0)
    return np.asarray(shape.reshape(clear.shape), dtype=np.float32)


def cell_sites(cells: IntArray) -> list[PvSite]:
    """A made-up site in the middle of each cell, whose light is all that matters."""
    array = PvArray(modules=(Modules(count=1, nameplate_dc_kw=1.0),), azimuth_deg=180.0, tilt_deg=0.0)
    inverters = (Inverters(count=1, max_power_ac_kw=1.0, efficiency_pct=96.0),)
    systems = (PvSystem(inverters=inverters, arrays=(array,)),)
    lat, lon = cell_places(cells)
    return [
        PvSite(latitude_deg=float(y), longitude_deg=float(x), systems=systems)
        for y, x in zip(lat.tolist(), lon.tolist(), strict=True)
    ]
