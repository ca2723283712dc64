"""Light on the plane of each row of modules, from its surface over its neighbours and skyline to behind its glass."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from fleetline.solar.glass import beam_share, diffuse_share
from fleetline.solar.rows import BACKTRACKING, FIXED, ONE_AXIS, TWO_AXES, Rows
from fleetline.solar.sky import Sky
from fleetline.solar.steps import month_index
from fleetline.solar.sun import Sun

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

_LOWEST_SUN: Final = float(np.cos(np.radians(85.0)))
_SECONDS_PER_DEGREE: Final = 240.0


@dataclass(frozen=True, slots=True)
class Surface:
    """How each row stands to the sun, one entry per row and daylight time.

    cos_aoi       of the angle of incidence, below 0 from behind
    above         part of the sun's direction that is square to the rows and square to the level they turn on
    row_loss      weight of what a neighbour takes from the beam
    *_view        factor of the neighbours on sky and ground light
    *_glass       share of sky and ground light that the glass lets through
    """

    cos_aoi: FloatArray
    cos_tilt: FloatArray
    sin_tilt: FloatArray
    above: FloatArray
    row_loss: FloatArray
    sky_view: FloatArray
    ground_view: FloatArray
    sky_glass: FloatArray
    ground_glass: FloatArray


@dataclass(frozen=True, slots=True)
class Plane:
    """W/m2 on each row: before the glass, and what of it makes power."""

    poa_wm2: FloatArray
    effective_wm2: FloatArray


def neighbour_views(cos_tilt: FloatArray, spacing: FloatArray, share: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Factors on sky and ground light of rows `spacing` widths apart, of which `share` have one before them."""
    part = 1.0 + spacing
    both, twice = 1.0 + spacing * spacing, 2.0 * spacing * cos_tilt
    sky = (part - np.sqrt(both - twice)) / (1.0 + cos_tilt)
    flat = 1.0 - cos_tilt < 1e-12
    ground = (part - np.sqrt(both + twice)) / np.where(flat, 1.0, 1.0 - cos_tilt)
    ground = np.where(flat, 1.0, ground)
    return 1.0 - (1.0 - sky) * share, 1.0 - (1.0 - ground) * share


def surfaces(sun: Sun, rows: Rows, row: IntArray) -> Surface:
    """The surface of each entry; `row` names its row, `sun` holds the same entries.

    source   one axis: Anderson and Mikofski 2020 as in pvlib.tracking, level ground between the rows
    """
    tilt, azimuth = np.radians(rows.tilt_deg), np.radians(rows.azimuth_deg)
    cos_tilt, sin_tilt = np.cos(tilt), np.sin(tilt)
    sky_view, ground_view = neighbour_views(cos_tilt, rows.spacing, rows.row_share)
    sky_glass, ground_glass = diffuse_share(rows.tilt_deg)
    row_loss = np.where(rows.tracking == BACKTRACKING, 0.0, rows.row_share)
    cos_aoi = (sin_tilt * np.sin(azimuth))[row] * sun.east
    cos_aoi += (sin_tilt * np.cos(azimuth))[row] * sun.north
    cos_aoi += cos_tilt[row] * sun.up
    constants = (cos_tilt, sin_tilt, row_loss, sky_view, ground_view, sky_glass, ground_glass)
    cosine, sine, loss, *views = (constant[row] for constant in constants)
    out = Surface(cos_aoi, cosine, sine, sun.up, loss, *views)
    if (rows.tracking != FIXED).any():
        out = _turned(out, sun, rows, row)
    return out


def _turned(surface: Surface, sun: Sun, rows: Rows, row: IntArray) -> Surface:
    """The same with the entries of tracked rows overwritten."""
    above = sun.up.copy()
    kind = rows.tracking[row]
    one = np.flatnonzero((kind == ONE_AXIS) | (kind == BACKTRACKING))
    if len(one):
        cos_aoi, cos_tilt, above[one] = _one_axis(sun, rows, row[one], one)
        surface.cos_aoi[one] = cos_aoi
        surface.cos_tilt[one] = cos_tilt
        surface.sin_tilt[one] = np.sqrt(np.maximum(1.0 - cos_tilt * cos_tilt, 0.0))
    two = np.flatnonzero(kind == TWO_AXES)
    if len(two):
        surface.cos_aoi[two] = 1.0
        surface.cos_tilt[two] = sun.up[two]
        surface.sin_tilt[two] = np.sqrt(1.0 - sun.up[two] ** 2)
    turned = np.concatenate([one, two])
    cos_tilt = surface.cos_tilt[turned]
    of = row[turned]
    surface.sky_view[turned], surface.ground_view[turned] = neighbour_views(
        cos_tilt, rows.spacing[of], rows.row_share[of]
    )
    tilt_deg = np.degrees(np.arccos(np.clip(cos_tilt, -1.0, 1.0)))
    surface.sky_glass[turned], surface.ground_glass[turned] = diffuse_share(tilt_deg)
    return Surface(
        surface.cos_aoi,
        surface.cos_tilt,
        surface.sin_tilt,
        above,
        surface.row_loss,
        surface.sky_view,
        surface.ground_view,
        surface.sky_glass,
        surface.ground_glass,
    )


def _one_axis(sun: Sun, rows: Rows, row: IntArray, entry: IntArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Cosines of incidence and tilt, and the sun over the level across the axis, for rows that turn on one axis."""
    tilt, azimuth = np.radians(rows.tilt_deg), np.radians(rows.azimuth_deg)
    east, north, up = sun.east[entry], sun.north[entry], sun.up[entry]
    across = east * np.cos(azimuth)[row] - north * np.sin(azimuth)[row]
    along = east * np.sin(azimuth)[row] + north * np.cos(azimuth)[row]
    over = along * np.sin(tilt)[row] + up * np.cos(tilt)[row]
    angle = np.arctan2(across, over)
    back = np.flatnonzero(rows.tracking[row] == BACKTRACKING)
    if len(back):
        length = np.sqrt(across[back] ** 2 + over[back] ** 2)
        gap = np.abs(rows.spacing[row[back]] * over[back] / length)
        angle[back] -= np.sign(angle[back]) * np.arccos(np.minimum(gap, 1.0))
    limit = np.radians(rows.limit_deg)[row]
    np.clip(angle, -limit, limit, out=angle)
    cosine = np.cos(angle)
    return cosine * over + np.sin(angle) * across, cosine * np.cos(tilt)[row], over


def light_on(surface: Surface, sun: Sun, sky: Sky, rows: Rows, row: IntArray, mid_s: FloatArray) -> Plane:
    """Light on each entry's plane after neighbours and shade, and behind glass.

    mid_s    time of each step, for the month that shade is given by; entries of `sky` and `sun` match `row`
    """
    facing = np.maximum(surface.cos_aoi, 0.0)
    beam = sky.dni_wm2 * facing
    if rows.row_share.any():
        behind = surface.above * rows.spacing[row] / np.maximum(np.abs(surface.cos_aoi), 1e-12)
        beam *= 1.0 - np.clip(1.0 - behind, 0.0, 1.0) * surface.row_loss
    glow = (1.0 + surface.cos_tilt) * (0.5 - 0.5 * sky.circumsolar)
    glow += sky.circumsolar * facing / np.maximum(sun.up, _LOWEST_SUN)
    glow += sky.horizon * surface.sin_tilt
    glow *= sky.dhi_wm2
    diffuse = np.maximum(glow, 0.0) * surface.sky_view
    ground = sky.ghi_wm2 * (rows.albedo * 0.5)[row] * (1.0 - surface.cos_tilt) * surface.ground_view
    _shade(beam, diffuse, ground, sun, rows, row, mid_s)
    poa = beam + diffuse
    poa += ground
    effective = beam * beam_share(facing)
    effective += diffuse * surface.sky_glass
    effective += ground * surface.ground_glass
    effective *= sky.spectral
    return Plane(poa, effective)


def _shade(
    beam: FloatArray,
    diffuse: FloatArray,
    ground: FloatArray,
    sun: Sun,
    rows: Rows,
    row: IntArray,
    mid_s: FloatArray,
) -> None:
    """Takes the month's solar access off all light and the skyline off the beam, in place."""
    shaded = (rows.access != 1.0).any(axis=1)
    if shaded.any():
        entry = np.flatnonzero(shaded[row])
        site = np.searchsorted(rows.site_first_row, row[entry], side="right") - 1
        local_s = mid_s[sun.time[entry]] + rows.longitude_deg[site] * _SECONDS_PER_DEGREE
        seen = rows.access[row[entry], month_index(local_s)]
        for light in (beam, diffuse, ground):
            light[entry] *= seen
    if len(rows.skyline_azimuth_deg):
        for index in np.flatnonzero(np.diff(rows.skyline)):
            entry = np.flatnonzero(row == index)
            beam[entry] *= skyline_share(rows, int(index), sun.east[entry], sun.north[entry], sun.up[entry])


def skyline_share(rows: Rows, index: int, east: FloatArray, north: FloatArray, up: FloatArray) -> FloatArray:
    """What the skyline of one row leaves of the beam: elevation and opacity run straight from point to point."""
    chosen = slice(int(rows.skyline[index]), int(rows.skyline[index + 1]))
    azimuth = np.degrees(np.arctan2(east, north)) % 360.0
    points = rows.skyline_azimuth_deg[chosen]
    edge = np.interp(azimuth, points, rows.skyline_elevation_deg[chosen], period=360.0)
    opacity = np.interp(azimuth, points, rows.skyline_opacity[chosen], period=360.0)
    return np.where(np.degrees(np.arcsin(up)) < edge, 1.0 - opacity, 1.0)
