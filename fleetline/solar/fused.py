"""The chain of kernel.py as one compiled loop over sites and steps, for installations with the `fused` extra.

Importing this module needs numba; nothing else in the house imports it. The first call compiles, for some seconds.
Results are those of the numpy kernel to far below 1e-6 of AC capacity.
"""

from collections.abc import Collection
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from fleetline.model.power import PowerModel
from fleetline.solar import compiled, conversion, glass, kernel, plane, sky
from fleetline.solar.cover import Cover
from fleetline.solar.rows import BACKTRACKING, Rows
from fleetline.solar.sky import Weather
from fleetline.solar.steps import month_index
from fleetline.solar.sun import REFRACTION_TEMPERATURE_C, Ephemeris, pressure_pa

FloatArray = npt.NDArray[np.float64]

_EMPTY: Final = np.empty((0, 0), np.float32)


def tile(
    rows: Rows,
    at: Ephemeris,
    weather: Weather | None,
    wanted: Collection[str] = ("ac_kw",),
    cover: Cover | None = None,
) -> dict[str, FloatArray]:
    """As kernel.tile, which it calls where more than power is wanted and where dirt or snow lies on the modules."""
    if cover is not None or not {"ac_kw", "dc_kw"}.issuperset(wanted):
        return kernel.tile(rows, at, weather, wanted, cover)
    out, out_dc = (np.zeros((rows.sites, len(at.mid_s))) for _ in range(2))
    known = weather is not None
    moments = (at.hour_cos, at.hour_sin, at.dec_cos, at.dec_sin, at.parallax, at.dni_extra_wm2)
    haze = np.zeros((1, 1)) if known else sky.daily_turbidity(rows.turbidity, at.month_weights)
    systems = (rows.first_system, rows.first_row, conversion.kept(rows, at.mid_s), rows.ac_kw, rows.efficiency)
    compiled.run(
        np.column_stack(moments), haze, _low_suns(), _places(rows), rows.cell, _fields(weather),
        (known, rows.model is PowerModel.PVLIB), systems, _shade(rows, at), rows.tracking, _lines(rows), out, out_dc,
    )  # fmt: skip
    if weather is not None and np.isnan(out).any():
        kernel.zero_before_and_after({"ac_kw": out, "dc_kw": out_dc}, rows, at)
    return {"ac_kw": out, "dc_kw": out_dc} if "dc_kw" in wanted else {"ac_kw": out}


def _low_suns() -> FloatArray:
    """(1441, 2) the term of Kasten and Young for low suns at each sixteenth of a degree of zenith, and its slope."""
    left = 96.07995 - np.arange(1441) / 16.0
    return np.column_stack([0.50572 * left**-1.6364, 0.50572 * 1.6364 / 16.0 * left**-2.6364])


def _places(rows: Rows) -> FloatArray:
    """(sites, 13) in the order the compiled functions of a place read them."""
    latitude, longitude = np.radians(rows.latitude_deg), np.radians(rows.longitude_deg)
    flat = np.arctan(0.99664719 * np.tan(latitude))
    level = rows.elevation_m / 6378140.0
    pressure = pressure_pa(rows.elevation_m)
    near, far = np.exp(-rows.elevation_m / 8000.0), np.exp(-rows.elevation_m / 1250.0)
    depth = 3.92e-05 * rows.elevation_m + 0.0387
    columns = (
        np.sin(longitude),
        np.cos(longitude),
        np.sin(latitude),
        np.cos(latitude),
        np.cos(flat) + level * np.cos(latitude),
        0.99664719 * np.sin(flat) + level * np.sin(latitude),
        pressure * (283.0 / (273.0 + REFRACTION_TEMPERATURE_C) * 1.02 / 60.0 / 101000.0),
        pressure / 101325.0,
        5.09e-05 * rows.elevation_m + 0.868,
        rows.export_limit_kw,
        near,
        depth * near,
        depth * far,
    )
    return np.column_stack(columns)


def _fields(weather: Weather | None) -> Any:
    names = ("ghi_wm2", "dni_wm2", "dhi_wm2", "temperature_c", "wind_ms")
    fields = (None if weather is None else getattr(weather, name) for name in names)
    return tuple(_EMPTY if field is None else np.ascontiguousarray(field, np.float32) for field in fields)


def _shade(rows: Rows, at: Ephemeris) -> Any:
    """Solar access, the month by local mean solar time where any row is shaded, the skyline and its (3, points)."""
    month = np.zeros((1, 1), np.int64)
    if len(rows.skyline_azimuth_deg) or (rows.access != 1.0).any():
        month = month_index(at.mid_s + rows.longitude_deg[:, None] * 240.0)
    points = np.stack([rows.skyline_azimuth_deg, rows.skyline_elevation_deg, rows.skyline_opacity])
    return rows.access, month, rows.skyline, points


def _lines(rows: Rows) -> FloatArray:
    """(rows, 18) in the order the functions of a row read them."""
    tilt, azimuth = np.radians(rows.tilt_deg), np.radians(rows.azimuth_deg)
    columns = (
        np.cos(tilt),
        np.sin(tilt),
        np.sin(azimuth),
        np.cos(azimuth),
        np.full_like(tilt, rows.reference_c),
        np.radians(rows.limit_deg),
        rows.spacing,
        rows.row_share,
        *plane.neighbour_views(np.cos(tilt), rows.spacing, rows.row_share),
        *glass.diffuse_share(rows.tilt_deg),
        np.where(rows.tracking == BACKTRACKING, 0.0, rows.row_share),
        rows.albedo * 0.5,
        rows.rating_kw * 0.001,
        rows.loss_per_c,
        (rows.noct_c - 20.0) * (9.5 / 800.0),
        ((rows.access != 1.0).any(axis=1) | (np.diff(rows.skyline) > 0)).astype(np.float64),
    )
    return np.column_stack(columns)
