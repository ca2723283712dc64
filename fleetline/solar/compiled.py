"""The steps of the chain as compiled loops over single numbers: sun, sky, plane, conversion.

Every function takes plain arrays and floats; the columns of the tables are those that fused.py lays out. Decorated
functions are compiled on their first call.
"""

import math
from collections.abc import Callable
from typing import Any, Final, TypeVar, cast

import numba
import numpy as np
import numpy.typing as npt

from fleetline.model.power import MISSING_TEMPERATURE_C, MISSING_WIND_MS
from fleetline.solar import glass, sky
from fleetline.solar.rows import BACKTRACKING, FIXED, TWO_AXES

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
Numbers = tuple[float, ...]

_SEEN_FROM: Final = math.sin(math.radians(-0.75))
_REFRACTED_FROM: Final = math.radians(-0.83337)
_NO_BEAM: Final = sky.NO_BEAM_FROM
_STEEPEST_MASS: Final = 1.0 / (math.cos(math.radians(86.0)) + 0.50572 * (96.07995 - 86.0) ** -1.6364)
_LOWEST_SUN: Final = math.cos(math.radians(85.0))
_PEREZ: Final = sky.PEREZ
_BINS: Final = np.array(sky.PEREZ_BINS)
_SKY_GLASS: Final = np.array(glass.SKY)
_GROUND_GLASS: Final = np.array(glass.GROUND)
_NORMAL: Final = glass.normal_transmittance()
_E0, _E1, _E2, _E3, _E4 = sky.ERBS_DRIESSE
_A0, _A1, _A2, _A3, _A4 = sky.SPECTRAL
_DEPTH: Final = glass.EXTINCTION_PER_M * glass.THICKNESS_M
_N2: Final = glass.COATING_INDEX
_N3: Final = glass.GLASS_INDEX

_Function = TypeVar("_Function", bound=Callable[..., Any])


def _compiled(function: _Function) -> _Function:
    """Machine code that divides by zero as numpy does and lets other threads run."""
    return cast(_Function, numba.njit(nogil=True, error_model="numpy")(function))


UP, EAST, NORTH, GHI, DNI, DHI, FIRST, SECOND, AIR, WIND, EVEN = range(11)
"""Lines of the light over one site: sun, irradiance, both brightness coefficients, air, and spectral factor."""


@_compiled
def _sun(at: FloatArray, step: int, sites: FloatArray, site: int) -> Numbers:
    """Up, zenith in degrees, true cosine, east, north; up is 0 when the sun is down.

    Small angles are added by their series, so that one arc sine is all the trigonometry there is.
    """
    hour_cos = at[step, 0] * sites[site, 1] - at[step, 1] * sites[site, 0]
    west = at[step, 2] * (at[step, 1] * sites[site, 1] + at[step, 0] * sites[site, 0])
    axis = at[step, 3] - sites[site, 5] * at[step, 4]
    outward = at[step, 2] * hour_cos - sites[site, 4] * at[step, 4]
    height = sites[site, 2] * axis + sites[site, 3] * outward
    if height <= _SEEN_FROM:
        return 0.0, 0.0, 0.0, 0.0, 0.0
    true = min(height / math.sqrt(west * west + axis * axis + outward * outward), 1.0)
    level = math.sqrt(1.0 - true * true)
    elevation = math.asin(true)
    lift = 0.0
    if elevation >= _REFRACTED_FROM:
        raised = math.radians(10.3 / (math.degrees(elevation) + 5.11))
        sine, cosine = _small(raised)
        lift = math.radians(sites[site, 6] * (level * cosine - true * sine) / (true * cosine + level * sine))
    if elevation + lift <= 0.0:
        return 0.0, 0.0, 0.0, 0.0, 0.0
    sine, cosine = _small(lift)
    up = true * cosine + level * sine
    south = sites[site, 2] * outward - sites[site, 3] * axis
    level = math.sqrt(1.0 - up * up) / max(math.sqrt(west * west + south * south), 1e-300)
    return up, 90.0 - math.degrees(elevation + lift), true, -west * level, -south * level


@_compiled
def _small(angle: float) -> Numbers:
    """Sine and cosine below 0.05 rad, to 1e-12."""
    square = angle * angle
    sine = angle * (1.0 - square / 6.0 * (1.0 - square / 20.0 * (1.0 - square / 42.0)))
    return sine, 1.0 - square / 2.0 * (1.0 - square / 12.0 * (1.0 - square / 30.0))


@_compiled
def _airmass(up: float, zenith: float, low: FloatArray) -> float:
    """Relative air mass; `low` holds the term for low suns at each sixteenth of a degree of zenith, and its slope."""
    place = zenith * 16.0
    index = min(int(place), len(low) - 2)
    part = place - index
    rest = 1.0 - part
    before, after = low[index, 0], low[index + 1, 0]
    bend = part * rest * (rest * (low[index, 1] - after + before) + part * (after - before - low[index + 1, 1]))
    mass: float = 1.0 / (up + before * rest + after * part + bend)
    return mass


@_compiled
def _clear(up: float, mass: float, extra: float, haze: float, sites: FloatArray, site: int) -> Numbers:
    near = sites[site, 10]
    ghi = sites[site, 8] * extra * up * math.exp(-mass * (sites[site, 11] + sites[site, 12] * (haze - 1.0)))
    beam = (0.664 + 0.163 / near) * extra * math.exp(-0.09 * mass * (haze - 1.0))
    share = (1.0 - (0.1 - 0.2 * math.exp(-haze)) / (0.1 + 0.882 / near)) / up
    dni = min(beam, ghi * min(max(share, 0.0), 1e20))
    return ghi, dni, ghi - dni * up


@_compiled
def _completed(ghi: float, dni: float, dhi: float, true: float, extra: float) -> Numbers:
    """GHI, DNI, DHI from what is not NaN."""
    no_dni, no_dhi = math.isnan(dni), math.isnan(dhi)
    if no_dni and no_dhi:
        clear = min(ghi / (extra * max(true, 0.065)), 1.0)
        share = 1.0 - 0.09 * clear
        if clear > 0.216:
            share = _E0 + clear * (_E1 + clear * (_E2 + clear * (_E3 + clear * _E4)))
        if clear > 0.792:
            share = 0.165
        dni = 0.0 if true < _NO_BEAM else (ghi - share * ghi) / true
    elif no_dni:
        dni = 0.0 if true < _NO_BEAM else max((ghi - dhi) / true, 0.0)
        if math.isnan(ghi):
            return math.nan, math.nan, math.nan
    if no_dhi:
        dhi = max(ghi - dni * true, 0.0)
        if math.isnan(ghi):
            return math.nan, math.nan, math.nan
    if math.isnan(ghi):
        ghi = dhi + dni * true
    return ghi, dni, dhi


@_compiled
def _brightness(dhi: float, dni: float, extra: float, zenith: float, relative: float) -> Numbers:
    angle = math.radians(zenith)
    curve = 1.041 * angle * angle * angle
    clear = ((dhi + dni) / dhi + curve) / (1.0 + curve)
    index = 0
    for edge in range(7):
        if clear >= _BINS[edge]:
            index = edge + 1
    delta = dhi * relative / extra
    first = _PEREZ[index, 0] + _PEREZ[index, 1] * delta + _PEREZ[index, 2] * angle
    second = _PEREZ[index, 3] + _PEREZ[index, 4] * delta + _PEREZ[index, 5] * angle
    return max(first, 0.0), second


@_compiled
def _squared(a: float, b: float) -> float:
    ratio = (a - b) / (a + b)
    return ratio * ratio


@_compiled
def _through(cosine: float) -> float:
    """glass.beam_share of one cosine that is not below 0."""
    sine2 = 1.0 - cosine * cosine
    layer = math.sqrt(1.0 - sine2 * (1.0 / (_N2 * _N2)))
    inside = math.sqrt(1.0 - sine2 * (1.0 / (_N3 * _N3)))
    s1, p1 = _squared(cosine, _N2 * layer), _squared(layer, _N2 * cosine)
    s2, p2 = _squared(_N2 * layer, _N3 * inside), _squared(_N3 * layer, _N2 * inside)
    passed = (1.0 - s1) * (1.0 - s2) / (1.0 - s1 * s2) + (1.0 - p1) * (1.0 - p2) / (1.0 - p1 * p2)
    thick = _DEPTH / inside
    absorbed = 1.0 - thick * (1.0 - thick / 2.0 * (1.0 - thick / 3.0 * (1.0 - thick / 4.0)))
    return passed * absorbed * (0.5 / _NORMAL)


@_compiled
def _between(table: FloatArray, degrees: float) -> float:
    low = min(int(degrees), 89)
    value: float = table[low] + (table[low + 1] - table[low]) * (degrees - low)
    return value


@_compiled
def _views(cosine: float, spacing: float, share: float) -> Numbers:
    both, twice = 1.0 + spacing * spacing, 2.0 * spacing * cosine
    seen = (1.0 + spacing - math.sqrt(both - twice)) / (1.0 + cosine)
    ground = 1.0
    if 1.0 - cosine >= 1e-12:
        ground = (1.0 + spacing - math.sqrt(both + twice)) / (1.0 - cosine)
    return 1.0 - (1.0 - seen) * share, 1.0 - (1.0 - ground) * share


@_compiled
def _one_axis(kind: int, rows: FloatArray, row: int, up: float, east: float, north: float) -> Numbers:
    """Cosines of incidence and tilt, and the sun over the level across the axis."""
    across = east * rows[row, 3] - north * rows[row, 2]
    over = (east * rows[row, 2] + north * rows[row, 3]) * rows[row, 1] + up * rows[row, 0]
    angle = math.atan2(across, over)
    if kind == BACKTRACKING:
        gap = abs(rows[row, 6] * over / math.sqrt(across * across + over * over))
        if gap < 1.0:
            angle -= math.copysign(math.acos(gap), angle) if angle != 0.0 else 0.0
    angle = min(max(angle, -rows[row, 5]), rows[row, 5])
    cosine = math.cos(angle)
    return cosine * over + math.sin(angle) * across, cosine * rows[row, 0], over


@_compiled
def _turn(kind: int, rows: FloatArray, row: int, light: FloatArray, count: int, plane: FloatArray) -> None:
    """Sets the surface of one tracked row over the first `count` entries of `light`; see `_fix`."""
    for entry in range(count):
        up = light[UP, entry]
        cosine, cos_tilt, above = 1.0, up, up
        if kind != TWO_AXES:
            cosine, cos_tilt, above = _one_axis(kind, rows, row, up, light[EAST, entry], light[NORTH, entry])
        plane[0, entry], plane[1, entry], plane[2, entry] = cosine, cos_tilt, above
        plane[3, entry], plane[4, entry] = _views(cos_tilt, rows[row, 6], rows[row, 7])
        degrees = math.degrees(math.acos(min(max(cos_tilt, -1.0), 1.0)))
        plane[5, entry], plane[6, entry] = _between(_SKY_GLASS, degrees), _between(_GROUND_GLASS, degrees)


@_compiled
def _fix(rows: FloatArray, row: int, light: FloatArray, count: int, plane: FloatArray) -> None:
    """Sets cosines of incidence and tilt, the sun over the level, both views and both glass shares of a fixed row."""
    east, north = rows[row, 1] * rows[row, 2], rows[row, 1] * rows[row, 3]
    for entry in range(count):
        plane[0, entry] = east * light[EAST, entry] + north * light[NORTH, entry] + rows[row, 0] * light[UP, entry]
        plane[1, entry] = rows[row, 0]
        plane[2, entry] = light[UP, entry]
        plane[3, entry], plane[4, entry] = rows[row, 8], rows[row, 9]
        plane[5, entry], plane[6, entry] = rows[row, 10], rows[row, 11]


@_compiled
def _open(chosen: IntArray, points: FloatArray, row: int, light: FloatArray, count: int, free: FloatArray) -> None:
    """What the skyline of one row leaves of the beam, into `free`."""
    first, stop = chosen[row], chosen[row + 1]
    for entry in range(count if stop > first else 0):
        here = math.degrees(math.atan2(light[EAST, entry], light[NORTH, entry])) % 360.0
        right = first
        while right < stop and points[0, right] < here:
            right += 1
        left = right - 1 if right > first else stop - 1
        after = right if right < stop else first
        width = (points[0, after] - points[0, left]) % 360.0
        part = ((here - points[0, left]) % 360.0) / width if width > 0.0 else 0.0
        if math.degrees(math.asin(light[UP, entry])) < points[1, left] + (points[1, after] - points[1, left]) * part:
            free[entry] *= 1.0 - (points[2, left] + (points[2, after] - points[2, left]) * part)


@_compiled
def _add_row(
    rows: FloatArray, row: int, light: FloatArray, count: int, plane: FloatArray, share: FloatArray, dc: FloatArray
) -> None:
    """Adds the direct current of one row, kW; `share` holds what shade leaves of all light and of the beam."""
    spacing, loss = rows[row, 6], rows[row, 12]
    ground_share, rating, per_degree, heat, reference = (
        rows[row, 13], rows[row, 14], rows[row, 15], rows[row, 16], rows[row, 4],
    )  # fmt: skip
    for entry in range(count):
        cosine, cos_tilt = plane[0, entry], plane[1, entry]
        up, dhi, first = light[UP, entry], light[DHI, entry], light[FIRST, entry]
        facing = max(cosine, 0.0)
        behind = plane[2, entry] * spacing / max(abs(cosine), 1e-12)
        beam = light[DNI, entry] * facing * (1.0 - min(max(1.0 - behind, 0.0), 1.0) * loss) * share[1, entry]
        glow = (1.0 + cos_tilt) * (0.5 - 0.5 * first) + first * facing / max(up, _LOWEST_SUN)
        glow += light[SECOND, entry] * math.sqrt(max(1.0 - cos_tilt * cos_tilt, 0.0))
        diffuse = max(glow * dhi, 0.0) * plane[3, entry] * share[0, entry]
        ground = light[GHI, entry] * ground_share * (1.0 - cos_tilt) * plane[4, entry] * share[0, entry]
        poa = beam + diffuse + ground
        effective = beam * _through(facing) + diffuse * plane[5, entry] + ground * plane[6, entry]
        effective *= light[EVEN, entry]
        lit = max(effective, 1e-300)
        warmth = (poa - 0.19 / 0.9 * poa * poa / lit) * heat / (5.7 + 1.938 * light[WIND, entry])
        dc[entry] += max(effective, 0.0) * rating * (1.0 - per_degree * (light[AIR, entry] + warmth - reference))


@_compiled
def _value(field: Any, cell: int, step: int, default: float) -> float:
    if field.shape[0] == 0 or cell < 0:
        return default
    value = float(field[cell, step])
    return default if math.isnan(value) else value


@_compiled
def _shine(
    at: FloatArray, haze: FloatArray, low: FloatArray, places: FloatArray, site: int, cell: int, fields: Any,
    known: bool, steps: IntArray, light: FloatArray,
) -> int:  # fmt: skip
    """Fills `light` with one entry for each step at which the sun is up over one site; returns their number."""
    ghi_field, dni_field, dhi_field, air_field, wind_field = fields
    count = 0
    for step in range(len(at)):
        up, zenith, true, east, north = _sun(at, step, places, site)
        if up <= 0.0:
            continue
        extra = at[step, 5]
        relative = _airmass(up, zenith, low)
        if known:
            ghi = _value(ghi_field, cell, step, math.nan)
            dni = _value(dni_field, cell, step, math.nan)
            dhi = _value(dhi_field, cell, step, math.nan)
            ghi, dni, dhi = _completed(ghi, dni, dhi, true, extra)
        else:
            ghi, dni, dhi = _clear(up, relative * places[site, 7], extra, haze[site, step], places, site)
        first, second = _brightness(dhi, dni, extra, zenith, relative)
        mass = min(relative, _STEEPEST_MASS) * places[site, 7]
        steps[count] = step
        light[UP, count], light[EAST, count], light[NORTH, count] = up, east, north
        light[GHI, count], light[DNI, count], light[DHI, count] = ghi, dni, dhi
        light[FIRST, count], light[SECOND, count] = first, second
        light[AIR, count] = _value(air_field, cell, step, MISSING_TEMPERATURE_C)
        light[WIND, count] = _value(wind_field, cell, step, MISSING_WIND_MS)
        light[EVEN, count] = max(_A0 + mass * (_A1 + mass * (_A2 + mass * (_A3 + mass * _A4))), 0.0)
        count += 1
    return count


@_compiled
def run(
    at: FloatArray, haze: FloatArray, low: FloatArray, places: FloatArray, cell: IntArray, fields: Any,
    setting: Any, systems: Any, shade: Any, kinds: IntArray, rows: FloatArray, out: FloatArray, out_dc: FloatArray,
) -> None:  # fmt: skip
    """Fills `out` and `out_dc` (sites, steps), NaN in daylight without weather."""
    known, spectral = setting
    first_system, first_row, kept, ac_kw, efficiency = systems
    seen, month, skyline, points = shade
    length = len(at)
    light, plane, share = np.empty((11, length)), np.empty((7, length)), np.ones((2, length))
    steps, dc = np.empty(length, np.int64), np.empty(length)
    for site in range(len(places)):
        count = _shine(at, haze, low, places, site, cell[site], fields, known, steps, light)
        if not spectral:
            light[EVEN, :count] = 1.0
        for system in range(first_system[site], first_system[site + 1]):
            dc[:count] = 0.0
            for row in range(first_row[system], first_row[system + 1]):
                if kinds[row] == FIXED:
                    _fix(rows, row, light, count, plane)
                else:
                    _turn(kinds[row], rows, row, light, count, plane)
                shaded = rows[row, 17] > 0.0
                if shaded:
                    _dim(seen, month, site, row, steps, count, share)
                    _open(skyline, points, row, light, count, share[1])
                _add_row(rows, row, light, count, plane, share, dc)
                if shaded:
                    share[:] = 1.0
            _invert(kept, system, efficiency[system], ac_kw[system], steps, count, dc, out[site], out_dc[site])
        for step in range(length):
            out[site, step] = min(out[site, step], places[site, 9])


@_compiled
def _dim(
    seen: FloatArray, month: IntArray, site: int, row: int, steps: IntArray, count: int, share: FloatArray
) -> None:
    """Solar access of the month, on all light and so on the beam."""
    for entry in range(count):
        share[0, entry] = share[1, entry] = seen[row, month[site, steps[entry]]]


@_compiled
def _invert(
    kept: FloatArray, system: int, efficiency: float, ac_kw: float, steps: IntArray, count: int, dc: FloatArray,
    out: FloatArray, out_dc: FloatArray,
) -> None:  # fmt: skip
    """Adds one system's alternating and direct current at the steps of its entries."""
    wide = kept.shape[1] > 1
    for entry in range(count):
        step = steps[entry]
        power = dc[entry] * kept[system, step if wide else 0]
        out_dc[step] += power
        load = power * efficiency
        load = (0.0 if load < 0.0 else (2.0 * ac_kw if load > 2.0 * ac_kw else load)) / ac_kw
        ac = (load * (0.9858 - 0.0162 * load) - 0.0059) * (ac_kw / 0.9637)
        out[step] += ac_kw if ac > ac_kw else (0.0 if ac < 0.0 else ac)
