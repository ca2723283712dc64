"""What lies on the modules: dirt until rain washes it off, snow until it slides off."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from fleetline.model.power import MISSING_TEMPERATURE_C
from fleetline.solar.rows import FIXED, Rows
from fleetline.solar.sky import Float32Array, Weather

FloatArray = npt.NDArray[np.float64]

DIRT_PER_DAY: Final = 0.0015
WORST_DIRT: Final = 0.3
DAMP_S: Final = 14 * 86_400.0
"""For so long after a washing rain the ground is damp and no dust flies."""


@dataclass(frozen=True, slots=True)
class Cover:
    """Dirt and snow as the last computed step left them; `advance` changes the arrays in place.

    dirt         (systems,) share of the light lost
    washed_s     (systems,) middle of the last step with a washing rain
    snow         (rows,) share of each row that is covered
    begun        one entry, 0 before the first step of all: that step gathers no dirt and nothing slides
    past_rain    (cells, earlier steps) the rain that windows still reach back to
    """

    step_s: int
    dirt: FloatArray
    washed_s: FloatArray
    snow: FloatArray
    past_rain: Float32Array
    begun: bool = False

    @staticmethod
    def clean(rows: Rows, step_s: int) -> "Cover | None":
        """Nothing on any module; None when no system asks for dirt or snow."""
        if np.isnan(rows.cleaning_threshold_mm).all() and np.isnan(rows.threshold_snowfall).all():
            return None
        systems, lines = len(rows.ac_kw), len(rows.tilt_deg)
        none = np.zeros((0, 0), np.float32)
        return Cover(step_s, np.zeros(systems), np.full(systems, -np.inf), np.zeros(lines), none)

    def part(self, rows: Rows, first: int, stop: int) -> "Cover":
        """That of sites [first, stop) of `rows`, as views."""
        systems = slice(int(rows.first_system[first]), int(rows.first_system[stop]))
        lines = slice(int(rows.first_row[systems.start]), int(rows.first_row[systems.stop]))
        return Cover(
            self.step_s,
            self.dirt[systems],
            self.washed_s[systems],
            self.snow[lines],
            self.past_rain,
            self.begun,
        )

    def after(self, weather: Weather, rows: Rows) -> "Cover":
        """The same once every site has passed the steps of `weather`, whose rain is remembered as far as needed."""
        rain = weather.rain_mm
        if rain is None or np.isnan(rows.cleaning_threshold_mm).all():
            return Cover(self.step_s, self.dirt, self.washed_s, self.snow, self.past_rain, True)
        longest = int(rows.rain_period_h.max() * 3600 // self.step_s)
        past = rain if not self.past_rain.size else np.concatenate([self.past_rain, rain], axis=1)
        return Cover(self.step_s, self.dirt, self.washed_s, self.snow, past[:, -longest:], True)

    def advance(
        self, rows: Rows, mid_s: FloatArray, weather: Weather | None, poa: FloatArray, sin_tilt: FloatArray
    ) -> FloatArray:
        """(rows, steps) share of the power that is left; 1 where neither is modelled or its weather is not given.

        poa, sin_tilt   (rows, steps)
        """
        left = np.ones_like(poa)
        if weather is None:
            return left
        lines = np.diff(rows.first_row)
        if weather.rain_mm is not None and not np.isnan(rows.cleaning_threshold_mm).all():
            left *= np.repeat(1.0 - self._gather_dirt(rows, mid_s, weather.rain_mm), lines, axis=0)
        if weather.snowfall_cm is not None and not np.isnan(rows.threshold_snowfall).all():
            left *= 1.0 - self._gather_snow(rows, weather, poa, sin_tilt)
        return left

    def _gather_dirt(self, rows: Rows, mid_s: FloatArray, rain_mm: Float32Array) -> FloatArray:
        """(systems, steps) after Kimber et al. 2006, as pvlib.soiling.kimber started clean."""
        out = np.zeros((len(self.dirt), len(mid_s)))
        dirty = np.flatnonzero(~np.isnan(rows.cleaning_threshold_mm))
        cell = np.repeat(rows.cell, np.diff(rows.first_system))[dirty]
        dirty, cell = dirty[cell >= 0], cell[cell >= 0]
        known = rain_mm[cell] if not self.past_rain.size else np.hstack([self.past_rain[cell], rain_mm[cell]])
        total = np.zeros((len(dirty), known.shape[1] + 1))
        np.cumsum(np.nan_to_num(known), axis=1, dtype=np.float64, out=total[:, 1:])
        window = np.maximum(rows.rain_period_h[dirty] * 3600 // self.step_s, 1).astype(np.intp)
        earlier = total.shape[1] - 1 - len(mid_s)
        line = np.arange(len(dirty))
        daily = DIRT_PER_DAY * self.step_s / 86_400.0
        dirt, washed = self.dirt[dirty], self.washed_s[dirty]
        for step, now in enumerate(mid_s):
            end = earlier + step + 1
            fallen = total[:, end] - total[line, np.maximum(end - window, 0)]
            washed = np.where(fallen > rows.cleaning_threshold_mm[dirty] + 1e-9, now, washed)
            more = daily if step or self.begun else 0.0
            dirt = np.where(now - washed < DAMP_S, 0.0, np.minimum(dirt + more, WORST_DIRT))
            out[dirty, step] = dirt
        self.dirt[dirty], self.washed_s[dirty] = dirt, washed
        return out

    def _gather_snow(self, rows: Rows, weather: Weather, poa: FloatArray, sin_tilt: FloatArray) -> FloatArray:
        """(rows, steps) after Marion et al. 2013, as pvlib.snow.coverage_nrel started bare."""
        out = np.zeros_like(poa)
        system = np.repeat(np.arange(len(rows.ac_kw)), np.diff(rows.first_row))
        site = np.repeat(np.arange(rows.sites), np.diff(rows.site_first_row))
        snowy = np.flatnonzero(~np.isnan(rows.threshold_snowfall[system]) & (rows.cell[site] >= 0))
        system, cell = system[snowy], rows.cell[site[snowy]]
        hours = self.step_s / 3600.0
        fallen = np.nan_to_num(_of_cells(weather.snowfall_cm, cell, poa.shape[1], 0.0)) / hours
        air = _of_cells(weather.temperature_c, cell, poa.shape[1], MISSING_TEMPERATURE_C)
        fresh = fallen > rows.threshold_snowfall[system][:, None]
        fixed = rows.tracking[snowy] == FIXED
        sine = np.where(fixed[:, None], np.sin(np.radians(rows.tilt_deg[snowy]))[:, None], sin_tilt[snowy])
        slide = rows.slide_amount[system][:, None] * sine * hours
        slide *= air * rows.can_slide[system][:, None] < poa[snowy]
        covered = self.snow[snowy]
        for step in range(poa.shape[1]):
            slid = slide[:, step] if step or self.begun else 0.0
            covered = np.where(fresh[:, step], 1.0, np.maximum(covered - slid, 0.0))
            out[snowy, step] = covered
        self.snow[snowy] = covered
        return out


def _of_cells(field: Float32Array | None, cell: npt.NDArray[np.int64], steps: int, default: float) -> FloatArray:
    if field is None:
        return np.full((len(cell), steps), default)
    return np.nan_to_num(field[cell].astype(np.float64), nan=default)
