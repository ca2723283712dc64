"""Weather read for a span of steps: which cell each place takes, and the values of those cells as arrays."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from fleetline.core.ports.store import Tx
from fleetline.core.weather import unpacked
from fleetline.model.weather import (
    BLOCK_S,
    FIELDS,
    BoolArray,
    Float32Array,
    FloatArray,
    IntArray,
    WeatherKind,
    WeatherSource,
    lit,
    nearest_cells,
    nominal_s,
)
from fleetline.solar.sky import Weather
from fleetline.solar.steps import Steps

CELLS_AT_ONCE: Final = 1_000


@dataclass(frozen=True, slots=True)
class Field:
    """Weather of some cells over some steps.

    cells   (cells,) codes; place_cell: (places,) index into them, -1 where no cell is near enough
    values  field -> (cells, steps)
    """

    cells: IntArray
    place_cell: IntArray
    values: Mapping[str, Float32Array]

    def light(self) -> BoolArray:
        """(cells, steps) whether there is enough to compute with."""
        return lit(self.values) if self.values else np.zeros((len(self.cells), 0), np.bool_)

    def weather(self, first: int, stop: int) -> Weather:
        """Steps [first, stop) as the physics wants them."""
        return Weather(**{name: part[:, first:stop] for name, part in self.values.items()})

    def known(self) -> IntArray:
        """(places,) as place_cell, but -1 also where the cell has no light in any step."""
        if not self.values:
            return np.full(len(self.place_cell), -1, np.int64)
        some = np.asarray(self.light().any(axis=1), np.bool_)
        if not len(some):
            return self.place_cell
        return np.where((self.place_cell >= 0) & some[self.place_cell], self.place_cell, -1)


async def cells_of(
    tx: Tx, account_id: str, source: WeatherSource, kinds: Mapping[WeatherKind, int],
    latitude_deg: FloatArray, longitude_deg: FloatArray,
) -> tuple[IntArray, IntArray]:  # fmt: skip
    """(codes of the cells in use, (places,) index into them or -1).

    kinds  kind -> issue; cells that have data of any of them count
    """
    codes: set[int] = set()
    for kind, issue_at_ms in kinds.items():
        codes.update(await tx.power.weather_cells(account_id, source.name, kind, issue_at_ms))
    known = np.array(sorted(codes), np.int64)
    found = await asyncio.to_thread(nearest_cells, latitude_deg, longitude_deg, known, source.resolution_e2)
    used = np.unique(found[found >= 0])
    place_cell = np.where(found >= 0, np.searchsorted(used, found), -1)
    return known[used] if len(used) else np.empty(0, np.int64), place_cell


async def values_of(
    tx: Tx, account_id: str, source: WeatherSource, kind: WeatherKind, cells: IntArray, steps: Steps,
    issue_at_ms: int = 0,
) -> dict[str, Float32Array]:  # fmt: skip
    """Field -> (cells, steps) of one kind, NaN where nothing is stored; typical weather answers for every year."""
    if kind is WeatherKind.TYPICAL:
        nominal = nominal_s(steps.start_s + steps.step_s * np.arange(len(steps), dtype=np.int64))
        first, last = int(nominal.min()) // BLOCK_S, int(nominal.max()) // BLOCK_S
        at = (nominal - first * BLOCK_S) // steps.step_s
    else:
        first, last = steps.start_s // BLOCK_S, (steps.start_s + len(steps) * steps.step_s - 1) // BLOCK_S
        at = np.arange(len(steps), dtype=np.int64) + (steps.start_s - first * BLOCK_S) // steps.step_s
    per_block = BLOCK_S // source.step_s
    out: dict[str, Float32Array] = {}
    for begin in range(0, len(cells), CELLS_AT_ONCE):
        some = cells[begin : begin + CELLS_AT_ONCE]
        rows = await tx.power.weather(account_id, source.name, kind, issue_at_ms, some.tolist(), (first, last))
        table = await asyncio.to_thread(unpacked, rows, some, (first, last), per_block)
        for name, values in table.items():
            if name not in out:
                out[name] = np.full((len(cells), len(steps)), np.nan, np.float32)
            out[name][begin : begin + len(some)] = values[:, at]
    return out


async def historical(
    tx: Tx, account_id: str, source: WeatherSource, steps: Steps, latitude_deg: FloatArray, longitude_deg: FloatArray
) -> Field:
    """Observed steps, and typical ones where none is stored. source: rule F-122"""
    kinds = {WeatherKind.OBSERVED: 0, WeatherKind.TYPICAL: 0}
    cells, place_cell = await cells_of(tx, account_id, source, kinds, latitude_deg, longitude_deg)
    observed = await values_of(tx, account_id, source, WeatherKind.OBSERVED, cells, steps)
    if observed and lit(observed).all():
        return Field(cells, place_cell, observed)
    typical = await values_of(tx, account_id, source, WeatherKind.TYPICAL, cells, steps)
    return Field(cells, place_cell, _over(observed, typical))


def _over(upper: dict[str, Float32Array], lower: dict[str, Float32Array]) -> dict[str, Float32Array]:
    """The upper values where they have light, elsewhere the lower ones."""
    if not upper or not lower:
        return upper or lower
    chosen = lit(upper)
    none = np.full(chosen.shape, np.nan, np.float32)
    names = [name for name in FIELDS if name in upper or name in lower]
    return {name: np.where(chosen, upper.get(name, none), lower.get(name, none)) for name in names}
