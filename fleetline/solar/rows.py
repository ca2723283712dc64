"""Many sites as columns of numbers: sites, the systems on them, and the rows of modules in those."""

import datetime
import math
from array import array as growing
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from fleetline.model.power import (
    ALL_SEEN,
    DEGRADATION_PCT_PER_YEAR,
    DERATE_PCT,
    NOCT_C,
    PTC_SHARE,
    ROW_SPACING,
    Modules,
    PowerModel,
    PvArray,
    PvSite,
    PvSystem,
    Tracking,
)
from fleetline.solar.atlas import Atlas

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

FIXED: Final = 0
ONE_AXIS: Final = 1
BACKTRACKING: Final = 2
TWO_AXES: Final = 3
_CODE: Final = {
    Tracking.FIXED: FIXED,
    Tracking.SINGLE_AXIS: ONE_AXIS,
    Tracking.SINGLE_AXIS_BACKTRACKING: BACKTRACKING,
    Tracking.DUAL_AXIS: TWO_AXES,
}

ALWAYS_S: Final = 1e15
"""Seconds that no step reaches: the end of what has no end."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Sites sorted by weather cell, their systems in the order of the sites, rows in the order of the systems.

    model                the chain that defaults and ratings were taken for
    order                (sites,) the caller's index of each site
    cell                 (sites,) index into the weather, -1 for none
    turbidity            (sites, 12)
    first_system         (sites + 1,) systems of site i are first_system[i] to first_system[i + 1]
    fade_per_s           (systems,) natural logarithm of what a second of age leaves; 0 without install date
    start_s, end_s       (systems,) counted from, and no longer from; -+ALWAYS_S when open
    installed_s          (systems,) where age starts
    first_row            (systems + 1,)
    row_share            (rows,) (N - 1) / N of N module rows, 1 for endless ones, 0 for a single one
    rating_kw            (rows,) what is produced per 1000 W/m2 at `reference_c`
    loss_per_c           (rows,) fraction
    access               (rows, 12) fraction of the light that is seen in each month
    skyline              (rows + 1,) points of row i are skyline[i] to skyline[i + 1] of the three lists after it,
                         sorted by azimuth
    """

    model: PowerModel
    reference_c: float
    order: IntArray
    cell: IntArray
    latitude_deg: FloatArray
    longitude_deg: FloatArray
    elevation_m: FloatArray
    turbidity: FloatArray
    export_limit_kw: FloatArray
    site_ac_kw: FloatArray
    site_dc_kw: FloatArray
    first_system: IntArray
    first_row: IntArray
    ac_kw: FloatArray
    efficiency: FloatArray
    derate: FloatArray
    fade_per_s: FloatArray
    start_s: FloatArray
    end_s: FloatArray
    installed_s: FloatArray
    cleaning_threshold_mm: FloatArray
    rain_period_h: FloatArray
    threshold_snowfall: FloatArray
    can_slide: FloatArray
    slide_amount: FloatArray
    albedo: FloatArray
    tracking: IntArray
    azimuth_deg: FloatArray
    tilt_deg: FloatArray
    limit_deg: FloatArray
    spacing: FloatArray
    row_share: FloatArray
    dc_kw: FloatArray
    rating_kw: FloatArray
    loss_per_c: FloatArray
    noct_c: FloatArray
    access: FloatArray
    skyline: IntArray
    skyline_azimuth_deg: FloatArray
    skyline_elevation_deg: FloatArray
    skyline_opacity: FloatArray

    @property
    def sites(self) -> int:
        """How many sites there are."""
        return len(self.order)

    @property
    def site_first_row(self) -> IntArray:
        """(sites + 1,) rows of site i are from [i] to [i + 1]."""
        return self.first_row[self.first_system]


def compile_rows(
    sites: Sequence[PvSite],
    atlas: Atlas,
    *,
    cells: Sequence[int] | IntArray | None = None,
    model: PowerModel = PowerModel.PVLIB,
) -> Rows:
    """The sites as columns; what they leave open is filled with the defaults of `model` and from the atlas.

    cells   weather cell of each site, -1 where there is none; None for clear sky only
    """
    cell = np.zeros(len(sites), np.int64) if cells is None else np.asarray(cells, np.int64)
    order = np.argsort(cell, kind="stable")
    columns: dict[str, Any] = _Columns(model).of([sites[index] for index in order])
    latitude, longitude, elevation = (columns[name] for name in ("latitude_deg", "longitude_deg", "elevation_m"))
    unknown = np.isnan(elevation)
    if unknown.any():
        elevation[unknown] = atlas.elevation(latitude[unknown], longitude[unknown])
    return Rows(
        model=model,
        reference_c=25.0 if model is PowerModel.PVLIB else 45.0,
        order=order,
        cell=cell[order],
        turbidity=atlas.turbidity(latitude, longitude),
        **columns,
    )


def cut(rows: Rows, first: int, stop: int) -> Rows:
    """Sites [first, stop) alone, as views; the offsets start at 0 again."""
    systems = slice(int(rows.first_system[first]), int(rows.first_system[stop]))
    lines = slice(int(rows.first_row[systems.start]), int(rows.first_row[systems.stop]))
    points = slice(int(rows.skyline[lines.start]), int(rows.skyline[lines.stop]))
    parts: dict[str, Any] = {name: getattr(rows, name)[first:stop] for name in (*_SITE, "order", "cell", "turbidity")}
    parts.update((name, getattr(rows, name)[systems]) for name in _SYSTEM)
    parts.update((name, getattr(rows, name)[lines]) for name in (*_ROW, "access"))
    parts.update((name, getattr(rows, name)[points]) for name in _POINT)
    return Rows(
        model=rows.model,
        reference_c=rows.reference_c,
        first_system=rows.first_system[first : stop + 1] - systems.start,
        first_row=rows.first_row[systems.start : systems.stop + 1] - lines.start,
        skyline=rows.skyline[lines.start : lines.stop + 1] - points.start,
        **parts,
    )


_SITE: Final = ("latitude_deg", "longitude_deg", "elevation_m", "export_limit_kw", "site_ac_kw", "site_dc_kw")
_SYSTEM: Final = (
    "ac_kw",
    "efficiency",
    "derate",
    "fade_per_s",
    "start_s",
    "end_s",
    "installed_s",
    "cleaning_threshold_mm",
    "rain_period_h",
    "threshold_snowfall",
    "can_slide",
    "slide_amount",
)
_ROW: Final = (
    "albedo",
    "tracking",
    "azimuth_deg",
    "tilt_deg",
    "limit_deg",
    "spacing",
    "row_share",
    "dc_kw",
    "rating_kw",
    "loss_per_c",
    "noct_c",
)
_POINT: Final = ("skyline_azimuth_deg", "skyline_elevation_deg", "skyline_opacity")


class _Columns:
    """Walks the sites and grows one flat list of doubles per kind of thing."""

    def __init__(self, model: PowerModel) -> None:
        self.model = model
        self.site, self.system, self.row, self.point, self.access = (growing("d") for _ in range(5))
        self.first_system, self.first_row, self.skyline = (growing("q", [0]) for _ in range(3))

    def of(self, sites: Sequence[PvSite]) -> dict[str, Any]:
        for site in sites:
            self._add_site(site)
        out: dict[str, Any] = {}
        for names, flat in ((_SITE, self.site), (_SYSTEM, self.system), (_ROW, self.row), (_POINT, self.point)):
            table = np.array(flat, np.float64).reshape(-1, len(names))
            out.update((name, np.ascontiguousarray(table[:, index])) for index, name in enumerate(names))
        out["access"] = np.array(self.access, np.float64).reshape(-1, 12) / 100.0
        out["first_system"] = np.array(self.first_system, np.int64)
        out["first_row"] = np.array(self.first_row, np.int64)
        out["skyline"] = np.array(self.skyline, np.int64)
        out["tracking"] = out["tracking"].astype(np.int64)
        return out

    def _add_site(self, site: PvSite) -> None:
        self.site.extend(
            (
                site.latitude_deg,
                site.longitude_deg,
                _else(site.elevation_m, math.nan),
                _else(site.export_limit_kw, math.inf),
                site.ac_kw,
                site.dc_kw,
            )
        )
        for system in site.systems:
            self._add_system(site, system)
        self.first_system.append(len(self.first_row) - 1)

    def _add_system(self, site: PvSite, system: PvSystem) -> None:
        rated = sum(item.count * item.max_power_ac_kw for item in system.inverters)
        weighted = sum(item.count * item.max_power_ac_kw * item.efficiency_pct for item in system.inverters)
        fade_pct = _else(site.degradation_pct_per_year, DEGRADATION_PCT_PER_YEAR[self.model])
        installed = system.install_date or site.install_date
        start = max(_second(system.install_date, -ALWAYS_S), _second(site.install_date, -ALWAYS_S))
        end = min(_second(system.decommission_date, ALWAYS_S), _second(site.decommission_date, ALWAYS_S))
        self.system.extend(
            (
                rated,
                weighted / rated / 100.0,
                _else(system.derate_pct, DERATE_PCT[self.model]) / 100.0,
                math.log1p(-fade_pct / 100.0) / (365.25 * 86_400) if installed else 0.0,
                start,
                end,
                _second(installed, 0.0),
                _else(system.cleaning_threshold_mm, math.nan),
                system.rain_period_h,
                _else(system.threshold_snowfall_cm_per_h, math.nan),
                system.can_slide_coefficient,
                system.slide_amount_coefficient,
            )
        )
        for array in system.arrays:
            for modules in array.modules:
                self._add_row(system, array, modules)
        self.first_row.append(len(self.row) // len(_ROW))

    def _add_row(self, system: PvSystem, array: PvArray, modules: Modules) -> None:
        dc_kw = modules.count * modules.nameplate_dc_kw
        ptc_kw = modules.count * _else(modules.ptc_kw, PTC_SHARE * modules.nameplate_dc_kw)
        self.row.extend(
            (
                system.albedo_pct / 100.0,
                _CODE[array.tracking],
                array.azimuth_deg,
                array.tilt_deg,
                array.rotation_limit_deg,
                _else(array.relative_row_spacing, ROW_SPACING),
                _row_share(array),
                dc_kw,
                dc_kw if self.model is PowerModel.PVLIB else ptc_kw,
                modules.temperature_coefficient_pct_per_c / 100.0,
                _else(modules.noct_c, NOCT_C[array.mounting]),
            )
        )
        self.access.extend(array.solar_access_pct or ALL_SEEN)
        for point in sorted(array.obstructions, key=lambda item: item.azimuth_deg):
            self.point.extend((point.azimuth_deg, point.elevation_deg, point.opacity_pct / 100.0))
        self.skyline.append(len(self.point) // len(_POINT))


def _row_share(array: PvArray) -> float:
    """Part of the module rows that stand behind another one; endless rows when one axis says no number."""
    if array.module_row_count is None:
        return 1.0 if array.tracking in (Tracking.SINGLE_AXIS, Tracking.SINGLE_AXIS_BACKTRACKING) else 0.0
    return 1.0 - 1.0 / array.module_row_count


def _else(value: float | None, default: float) -> float:
    return default if value is None else value


def _second(date: datetime.date | None, default: float) -> float:
    """00:00 UTC of the date, seconds since 1970."""
    return default if date is None else float((date.toordinal() - 719_163) * 86_400)
