"""Turbidity and elevation of a place, from the two tables that the pvlib package ships."""

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
Lookup = Callable[[FloatArray, FloatArray], FloatArray]


@dataclass(frozen=True, slots=True)
class Atlas:
    """Where the physics gets what a place does not say itself; both take latitudes and longitudes in degrees.

    turbidity  -> (places, 12) Linke turbidity of each month
    elevation  -> (places,) metres; 0 at sea and where the table has no value
    """

    turbidity: Lookup
    elevation: Lookup


def shipped_atlas() -> Atlas:
    """The tables inside pvlib; nothing is read before a place is asked for, and nothing is kept after."""
    return Atlas(read_turbidity, read_elevation)


def read_turbidity(latitude_deg: FloatArray, longitude_deg: FloatArray) -> FloatArray:
    """(places, 12) Linke turbidity, January first; the file holds twentieths."""
    return _gather("LinkeTurbidities.h5", "LinkeTurbidity", latitude_deg, longitude_deg) / 20.0


def read_elevation(latitude_deg: FloatArray, longitude_deg: FloatArray) -> FloatArray:
    """(places,) metres above the sea; the file holds 28 m steps from -450, 255 where it knows nothing."""
    coded = _gather("Altitude.h5", "Altitude", latitude_deg, longitude_deg)
    return np.where(coded == 255, 0.0, coded * 28.0 - 450.0)


def grid_index(latitude_deg: FloatArray, longitude_deg: FloatArray) -> tuple[IntArray, IntArray]:
    """Row and column on the world grid of 5 arc minutes that both tables use; the rim belongs to the last cell."""
    row = np.floor((90.0 - np.asarray(latitude_deg)) * 12.0).astype(np.int64)
    column = np.floor((np.asarray(longitude_deg) + 180.0) * 12.0).astype(np.int64)
    return np.clip(row, 0, 2159), np.clip(column, 0, 4319)


def _gather(file: str, name: str, latitude_deg: FloatArray, longitude_deg: FloatArray) -> FloatArray:
    """Values of many places, one band of rows at a time, so that the whole table is never in memory."""
    import h5py  # type: ignore[import-untyped]  # h5py ships no types; imported late, it costs 0.1 s

    row, column = grid_index(latitude_deg, longitude_deg)
    with h5py.File(_data_folder() / file, "r") as opened:
        table: Any = opened[name]
        out = np.empty((len(row), *table.shape[2:]), np.float64)
        band_rows = int(table.chunks[0])
        band = row // band_rows
        order = np.argsort(band, kind="stable")
        for chosen in np.split(order, np.flatnonzero(np.diff(band[order])) + 1):
            if len(chosen):
                out[chosen] = _from_band(table, row[chosen], column[chosen])
    return out


def _from_band(table: Any, row: IntArray, column: IntArray) -> FloatArray:
    top, left = int(row.min()), int(column.min())
    part = table[top : int(row.max()) + 1, left : int(column.max()) + 1]
    return np.asarray(part[row - top, column - left], dtype=np.float64)


def _data_folder() -> Path:
    """Where pvlib keeps its tables; found without importing pvlib, which takes seconds."""
    found = importlib.util.find_spec("pvlib")
    if found is None or not found.submodule_search_locations:
        raise ModuleNotFoundError("pvlib")
    return Path(found.submodule_search_locations[0]) / "data"
