"""Use case of weather files: read, brought onto the steps of a grid of time, and stored as one."""

import asyncio
from dataclasses import dataclass
from typing import Final

import numpy as np

from fleetline.core.ports.power import WeatherFiles
from fleetline.core.weather import WeatherDesk
from fleetline.model.weather import (
    DAY_S,
    STEPS_S,
    Delivery,
    FileUnreadable,
    FileWeather,
    Float32Array,
    IntArray,
    PlaceWeather,
    Taken,
    WeatherKind,
    cell_code,
    nominal_s,
)

MOST_VALUES: Final = 10_000_000
SUMS: Final = ("rain_mm", "snowfall_cm")
YEAR_S: Final = 365 * DAY_S


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of a file; the first and the last step that it has, [first_s, last_s)."""

    taken: Taken
    kind: WeatherKind
    step_s: int
    first_s: int
    last_s: int


class WeatherImport:
    """Takes files into the sources of accounts."""

    def __init__(self, desk: WeatherDesk, files: WeatherFiles) -> None:
        self._desk, self._files = desk, files

    async def take(
        self, account_id: str, source: str, form: str, body: bytes, *, place: tuple[float, float] | None = None,
        resolution_e2: int | None = None,
    ) -> Imported:  # fmt: skip
        """errors: FileUnreadable, Conflict"""
        known = await self._desk.source(account_id, source)
        resolution = resolution_e2 or (known.resolution_e2 if known is not None else 10)
        found = await asyncio.to_thread(self._files.read, form, body, place)
        deliveries = await asyncio.to_thread(_deliveries, found, source, resolution)
        taken = await self._desk.put(account_id, deliveries)
        starts = np.concatenate([part.starts_s for part in found.parts])
        kind = deliveries[0].kind
        return Imported(taken, kind, deliveries[0].step_s, int(starts.min()), int(starts.max()) + found.step_s)


def _deliveries(found: FileWeather, source: str, resolution_e2: int) -> list[Delivery]:
    kind = WeatherKind.TYPICAL if found.typical else WeatherKind.OBSERVED
    out, size = [], 0
    cells: dict[int, PlaceWeather] = {}
    for part in found.parts:
        cell = cell_code(part.latitude_deg, part.longitude_deg, resolution_e2)
        if (other := cells.setdefault(cell, part)) is not part:
            both = f"{other.latitude_deg:g}, {other.longitude_deg:g} and {part.latitude_deg:g}, {part.longitude_deg:g}"
            raise FileUnreadable(f"the places {both} are one cell of {resolution_e2 / 100:g} degrees")
        starts, values, step_s = on_grid(part, found.step_s)
        if found.typical:
            starts = nominal_s(starts)
            first, count = 0, YEAR_S // step_s
        else:
            first, count = int(starts.min()), int(starts.max() - starts.min()) // step_s + 1
        size += count * len(values)
        if size > MOST_VALUES:
            raise FileUnreadable(f"the file spans more than {MOST_VALUES} values")
        table: dict[str, Float32Array] = {}
        at = (starts - first) // step_s
        for name, column in values.items():
            table[name] = np.full((1, count), np.nan, np.float32)
            table[name][0, at] = column
        out.append(
            Delivery(
                source=source, kind=kind, start_s=first, step_s=step_s, resolution_e2=resolution_e2,
                cells=np.array([cell], np.int64), values=table,
            )
        )  # fmt: skip
    return out


def on_grid(part: PlaceWeather, step_s: int) -> tuple[IntArray, dict[str, Float32Array], int]:
    """(starts, values, step): steps that begin between those of the day are cut into shorter ones of equal value.

    errors  FileUnreadable for steps of unusual length, or that do not all begin alike
    """
    values = {name: column.astype(np.float32) for name, column in part.values.items()}
    into = np.unique(part.starts_s % step_s) if step_s in STEPS_S else np.empty(0, np.int64)
    if len(into) != 1:
        raise FileUnreadable("the steps are not all of 60, 30, 15, 5 or 1 minutes from the full hour")
    finer = next((step for step in STEPS_S if step_s % step == 0 and into[0] % step == 0), None)
    if finer is None:
        raise FileUnreadable("the steps do not begin at a full minute")
    pieces = step_s // finer
    if pieces == 1:
        return part.starts_s, values, step_s
    starts = (part.starts_s[:, None] + finer * np.arange(pieces)).reshape(-1)
    cut = {name: np.repeat(column, pieces) for name, column in values.items()}
    for name in SUMS:
        if name in cut:
            cut[name] = (cut[name] / pieces).astype(np.float32)
    return np.asarray(starts, np.int64), cut, finer
