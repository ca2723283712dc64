"""The chain from sun to alternating current for one tile of sites and steps, in whole-array steps of numpy.

The numbers are those of the pvlib functions named in each room's sources. Where pvlib takes angles, the kernel keeps
cosines and unit vectors, and it computes only what is in daylight; the tests hold it against pvlib itself.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Final, TypeVar

import numpy as np
import numpy.typing as npt

from fleetline.model.power import MISSING_TEMPERATURE_C, MISSING_WIND_MS, PowerModel
from fleetline.solar import conversion
from fleetline.solar.cover import Cover
from fleetline.solar.plane import light_on, surfaces
from fleetline.solar.rows import Rows
from fleetline.solar.sky import Place, Sky, Weather, sky_over
from fleetline.solar.sun import Ephemeris, Sun, sun_over

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

FIELDS: Final = ("ac_kw", "dc_kw", "poa_wm2", "cell_c", "ghi_wm2", "dni_wm2", "dhi_wm2", "temperature_c", "wind_ms")
"""What a tile can tell of each site; values over several rows are weighted by DC rating. `dc_kw` is what enters the
inverters, after derate and age."""

_Entries = TypeVar("_Entries", Sun, Sky)


def tile(
    rows: Rows,
    at: Ephemeris,
    weather: Weather | None,
    wanted: Collection[str] = ("ac_kw",),
    cover: Cover | None = None,
) -> dict[str, FloatArray]:
    """(sites, steps) of each wanted field of FIELDS; NaN in daylight where the weather is missing.

    weather   the steps of `at`; None for clear sky
    cover     dirt and snow on the same rows, carried from the steps before; None when neither is modelled
    """
    sun = sun_over(at, rows.latitude_deg, rows.longitude_deg, rows.elevation_m)
    place = Place(rows.cell, rows.elevation_m, rows.turbidity)
    sky = sky_over(sun, at, place, weather, spectral=rows.model is PowerModel.PVLIB)
    row, entry = spread(sun.place, rows)
    row_sun, row_sky = (sun, sky) if entry is None else (_taken(sun, entry), _taken(sky, entry))
    surface = surfaces(row_sun, rows, row)
    plane = light_on(surface, row_sun, row_sky, rows, row, at.mid_s)
    cell = conversion.cell_c(
        plane.poa_wm2, plane.effective_wm2, row_sky.temperature_c, row_sky.wind_ms, rows.noct_c[row]
    )
    dc = conversion.dc_kw(plane.effective_wm2, cell, rows.rating_kw[row], rows.loss_per_c[row], rows.reference_c)
    grid = _Grid(rows, at, row, row_sun.time)
    if cover is not None:
        poa, sine = grid.rows(plane.poa_wm2), grid.rows(surface.sin_tilt)
        dc *= cover.advance(rows, at.mid_s, weather, poa, sine)[row, row_sun.time]
    systems = grid.systems(grid.rows(dc)) * conversion.kept(rows, at.mid_s)
    out = {"ac_kw": conversion.site_kw(conversion.ac_kw(systems, rows), rows)}
    if "dc_kw" in wanted:
        out["dc_kw"] = grid.sites(systems)
    if "poa_wm2" in wanted:
        out["poa_wm2"] = grid.rated(grid.rows(plane.poa_wm2))
    _add_air(out, wanted, rows, at, weather)
    if "cell_c" in wanted:
        warmer = grid.rated(grid.rows(cell - row_sky.temperature_c))
        out["cell_c"] = warmer + _air(rows, at, weather, "temperature_c")
    _add_light(out, wanted, (rows.sites, len(at.mid_s)), sun, sky)
    if sky.missing is not None:
        _blank(out, rows, at, sun, sky)
    return out


def spread(place: IntArray, rows: Rows) -> tuple[IntArray, IntArray | None]:
    """Row of every entry once each site's entries are repeated for each of its rows, and the entry it repeats.

    place     (entries,) ascending index of the site
    returns   the second is None when every site has one row: entries stay as they are
    """
    lines = np.diff(rows.site_first_row)
    if (lines == 1).all():
        return place, None
    counts = np.bincount(place, minlength=rows.sites)
    starts = np.cumsum(counts) - counts
    site = np.repeat(np.arange(rows.sites), lines)
    length = counts[site]
    ends = np.cumsum(length)
    row = np.repeat(np.arange(len(site)), length)
    return row, np.arange(len(row)) + np.repeat(starts[site] - (ends - length), length)


def _taken(entries: _Entries, entry: IntArray) -> _Entries:
    """The named entries of every array."""
    parts: dict[str, Any] = {item.name: getattr(entries, item.name) for item in fields(entries)}
    parts = {name: part if part is None else part[entry] for name, part in parts.items()}
    return replace(entries, **parts)


@dataclass(frozen=True, slots=True)
class _Grid:
    """From entries in daylight back to whole arrays (rows, steps), and on to systems and sites."""

    of: Rows
    at: Ephemeris
    row: IntArray
    time: IntArray

    def rows(self, entries: FloatArray) -> FloatArray:
        out = np.zeros((len(self.of.tilt_deg), len(self.at.mid_s)))
        out[self.row, self.time] = entries
        return out

    def systems(self, rows: FloatArray) -> FloatArray:
        if len(self.of.first_row) == len(rows) + 1:
            return rows
        return np.asarray(np.add.reduceat(rows, self.of.first_row[:-1], axis=0))

    def sites(self, systems: FloatArray) -> FloatArray:
        return np.asarray(np.add.reduceat(systems, self.of.first_system[:-1], axis=0))

    def rated(self, rows: FloatArray) -> FloatArray:
        """(sites, steps) means weighted by DC rating."""
        weighted: FloatArray = np.add.reduceat(rows * self.of.dc_kw[:, None], self.of.site_first_row[:-1], axis=0)
        return np.asarray(weighted / self.of.site_dc_kw[:, None])


_DEFAULTS: Final[Mapping[str, float]] = {"temperature_c": MISSING_TEMPERATURE_C, "wind_ms": MISSING_WIND_MS}


def _air(rows: Rows, at: Ephemeris, weather: Weather | None, name: str) -> FloatArray:
    """(sites, steps) of temperature or wind by day and night, defaults where missing."""
    field = None if weather is None else getattr(weather, name)
    if field is None:
        return np.full((rows.sites, len(at.mid_s)), _DEFAULTS[name])
    return np.asarray(np.nan_to_num(field[rows.cell].astype(np.float64), nan=_DEFAULTS[name]))


def _add_air(
    out: dict[str, FloatArray], wanted: Collection[str], rows: Rows, at: Ephemeris, weather: Weather | None
) -> None:
    for name in _DEFAULTS:
        if name in wanted:
            out[name] = _air(rows, at, weather, name)


def _add_light(out: dict[str, FloatArray], wanted: Collection[str], shape: tuple[int, int], sun: Sun, sky: Sky) -> None:
    for name in ("ghi_wm2", "dni_wm2", "dhi_wm2"):
        if name in wanted:
            out[name] = np.zeros(shape)
            out[name][sun.place, sun.time] = getattr(sky, name)


def _blank(out: dict[str, FloatArray], rows: Rows, at: Ephemeris, sun: Sun, sky: Sky) -> None:
    """NaN where the weather is missing in daylight."""
    missing = sky.missing
    if missing is None:
        return
    place, time = sun.place[missing], sun.time[missing]
    for name, values in out.items():
        if name not in _DEFAULTS:
            values[place, time] = np.nan
    zero_before_and_after(out, rows, at)


def zero_before_and_after(out: dict[str, FloatArray], rows: Rows, at: Ephemeris) -> None:
    """Power of a site none of whose systems stands is 0, whatever the weather."""
    stands = (at.mid_s >= rows.start_s[:, None]) & (at.mid_s < rows.end_s[:, None])
    if not stands.all():
        standing = np.add.reduceat(stands, rows.first_system[:-1], axis=0, dtype=np.int64) > 0
        for name in ("ac_kw", "dc_kw"):
            if name in out:
                out[name][~standing] = 0.0
