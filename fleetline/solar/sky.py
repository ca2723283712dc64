"""What light the sky sends: clear air after Ineichen, or given weather split into beam and diffuse."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from fleetline.model.power import MISSING_TEMPERATURE_C, MISSING_WIND_MS
from fleetline.solar.sun import Ephemeris, Sun, pressure_pa

FloatArray = npt.NDArray[np.float64]
Float32Array = npt.NDArray[np.float32]
BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]

NO_BEAM_FROM: Final = float(np.cos(np.radians(87.0)))
"""Cosine of the true zenith beyond which no beam is derived from other components."""

ERBS_DRIESSE: Final = (
    0.94629663357100100,
    -0.11390583806313881,
    4.24692671521831700,
    -16.47050842469730700,
    12.26911439571261000,
)
"""Diffuse fraction over the clearness index from 0.216 to 0.792, constant first (Driesse, as in pvlib)."""

PEREZ: Final = np.array(
    [
        [-0.008, 0.588, -0.062, -0.060, 0.072, -0.022],
        [0.130, 0.683, -0.151, -0.019, 0.066, -0.029],
        [0.330, 0.487, -0.221, 0.055, -0.064, -0.026],
        [0.568, 0.187, -0.295, 0.109, -0.152, -0.014],
        [0.873, -0.392, -0.362, 0.226, -0.462, 0.001],
        [1.132, -1.237, -0.412, 0.288, -0.823, 0.056],
        [1.060, -1.600, -0.359, 0.264, -1.127, 0.131],
        [0.678, -0.327, -0.250, 0.156, -1.377, 0.251],
    ]
)
"""(8 sky clearness bins, F11 F12 F13 F21 F22 F23), all sites composite of 1990."""
PEREZ_BINS: Final = (1.065, 1.23, 1.5, 1.95, 2.8, 4.5, 6.2)
PEREZ_KAPPA: Final = 1.041

SPECTRAL: Final = (0.918093, 0.086257, -0.024459, 0.002816, -0.000126)
"""A0 to A4 of the spectral factor of crystalline silicon over the absolute air mass."""
SPECTRAL_ZENITH_DEG: Final = 86.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Weather:
    """Interval means of many cells, each field (cells, steps) float32 with NaN where missing, or None.

    Every step needs two of GHI, DNI and DHI, or GHI alone.
    rain_mm, snowfall_cm   sums over the step, for soiling and snow
    """

    ghi_wm2: Float32Array | None = None
    dni_wm2: Float32Array | None = None
    dhi_wm2: Float32Array | None = None
    temperature_c: Float32Array | None = None
    wind_ms: Float32Array | None = None
    rain_mm: Float32Array | None = None
    snowfall_cm: Float32Array | None = None


@dataclass(frozen=True, slots=True)
class Sky:
    """Light and air, one entry per entry of the Sun.

    circumsolar, horizon  the two brightness coefficients F1 and F2 of Perez
    spectral              factor on the effective irradiance
    missing               True where the weather has too few components; None when nowhere
    """

    ghi_wm2: FloatArray
    dni_wm2: FloatArray
    dhi_wm2: FloatArray
    temperature_c: FloatArray
    wind_ms: FloatArray
    circumsolar: FloatArray
    horizon: FloatArray
    spectral: FloatArray
    missing: BoolArray | None


@dataclass(frozen=True, slots=True)
class Place:
    """The places of one tile: cell of the weather (-1: none), elevation, and (places, 12) Linke turbidity."""

    cell: IntArray
    elevation_m: FloatArray
    turbidity: FloatArray


def airmass(zenith_deg: FloatArray, cosine: FloatArray) -> FloatArray:
    """Relative air mass after Kasten and Young 1989, zenith below 90."""
    return 1.0 / (cosine + 0.50572 * (96.07995 - zenith_deg) ** -1.6364)


def daily_turbidity(monthly: FloatArray, month_weights: FloatArray) -> FloatArray:
    """(places, steps); a loop over the two or three months that count, which a matrix product would not skip."""
    out = np.zeros((len(monthly), month_weights.shape[1]))
    for month in np.flatnonzero(month_weights.any(axis=1)):
        out += monthly[:, month, None] * month_weights[month]
    return out


def clear_sky(sun: Sun, at: Ephemeris, place: Place, absolute: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """GHI, DNI and DHI under clear air.

    absolute  absolute air mass
    source    Ineichen and Perez 2002 without the enhancement, as pvlib.clearsky.ineichen
    """
    high = place.elevation_m
    near, far = np.exp(-high / 8000.0), np.exp(-high / 1250.0)
    haze = daily_turbidity(place.turbidity, at.month_weights)[sun.place, sun.time]
    extra = at.dni_extra_wm2[sun.time]
    depth = 3.92e-05 * high + 0.0387
    where = sun.place
    ghi = np.exp(-absolute * ((depth * near)[where] + (depth * far)[where] * (haze - 1.0)))
    ghi *= (5.09e-05 * high + 0.868)[where] * extra * sun.up
    beam = (0.664 + 0.163 / near)[where] * np.exp(-0.09 * absolute * (haze - 1.0)) * extra
    share = (1.0 - (0.1 - 0.2 * np.exp(-haze)) / (0.1 + 0.882 / near)[where]) / sun.up
    dni = np.minimum(beam, ghi * np.clip(share, 0.0, 1e20))
    return ghi, dni, ghi - dni * sun.up


def _beam_of_ghi(ghi: FloatArray, cosine: FloatArray, extra: FloatArray) -> FloatArray:
    """DNI from GHI alone; 0 beyond 87 degrees of true zenith (Erbs as made continuous by Driesse)."""
    clearness = np.minimum(ghi / (extra * np.maximum(cosine, 0.065)), 1.0)
    diffuse = np.full_like(clearness, ERBS_DRIESSE[-1])
    for factor in ERBS_DRIESSE[-2::-1]:
        diffuse *= clearness
        diffuse += factor
    diffuse = np.where(clearness > 0.216, diffuse, 1.0 - 0.09 * clearness)
    diffuse = np.where(clearness > 0.792, 0.165, diffuse)
    return np.where(cosine < NO_BEAM_FROM, 0.0, (ghi - diffuse * ghi) / cosine)


def complete(
    ghi: FloatArray, dni: FloatArray, dhi: FloatArray, cosine: FloatArray, extra: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """The same with NaN filled where two of three are known, or GHI alone; elsewhere GHI stays NaN.

    cosine   of the true zenith
    """
    no_ghi, no_dni, no_dhi = np.isnan(ghi), np.isnan(dni), np.isnan(dhi)
    if not (no_ghi.any() or no_dni.any() or no_dhi.any()):
        return ghi, dni, dhi
    split = no_dni & no_dhi
    if split.any():
        dni = np.where(split, _beam_of_ghi(ghi, cosine, extra), dni)
    with np.errstate(divide="ignore", invalid="ignore"):
        derived = np.where(cosine < NO_BEAM_FROM, 0.0, (ghi - dhi) / cosine)
    dni = np.where(no_dni & ~no_dhi, np.maximum(derived, 0.0), dni)
    dhi = np.where(no_dhi, np.maximum(ghi - dni * cosine, 0.0), dhi)
    return np.where(no_ghi, dhi + dni * cosine, ghi), dni, dhi


def _at(field: Float32Array | None, cell: IntArray, time: IntArray) -> FloatArray:
    if field is None:
        return np.full(len(time), np.nan)
    return field[cell, time].astype(np.float64)


def perez_brightness(
    dhi: FloatArray, dni: FloatArray, extra: FloatArray, zenith_deg: FloatArray, relative: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """F1 and F2 of Perez 1990 at the apparent zenith; 0 where there is no diffuse light."""
    zenith = np.radians(zenith_deg)
    curve = PEREZ_KAPPA * zenith * zenith * zenith
    with np.errstate(invalid="ignore", divide="ignore"):
        clearness = ((dhi + dni) / dhi + curve) / (1.0 + curve)
    bins = np.zeros(len(dhi), np.intp)
    for edge in PEREZ_BINS:
        bins += clearness >= edge
    delta = dhi * relative / extra
    factors = PEREZ.T
    first = factors[0][bins] + factors[1][bins] * delta + factors[2][bins] * zenith
    second = factors[3][bins] + factors[4][bins] * delta + factors[5][bins] * zenith
    return np.maximum(first, 0.0), second


def spectral_factor(sun: Sun, relative: FloatArray, pressure: FloatArray) -> FloatArray:
    """Polynomial in the absolute air mass, which is held at its value at 86 degrees."""
    limit_deg = np.array([SPECTRAL_ZENITH_DEG])
    steepest = float(airmass(limit_deg, np.cos(np.radians(limit_deg)))[0])
    mass = np.minimum(relative, steepest) * (pressure / 101325.0)[sun.place]
    out = np.full_like(mass, SPECTRAL[-1])
    for factor in SPECTRAL[-2::-1]:
        out *= mass
        out += factor
    return np.maximum(out, 0.0)


def sky_over(sun: Sun, at: Ephemeris, place: Place, weather: Weather | None, *, spectral: bool = True) -> Sky:
    """Light at every entry of the sun; clear air at 20 C and 1 m/s when `weather` is None.

    weather   the steps of `at`, float32
    """
    pressure = pressure_pa(place.elevation_m)
    relative = airmass(sun.zenith_deg, sun.up)
    extra = at.dni_extra_wm2[sun.time]
    missing: BoolArray | None = None
    if weather is None:
        ghi, dni, dhi = clear_sky(sun, at, place, relative * (pressure / 101325.0)[sun.place])
        temperature, wind = np.full_like(ghi, MISSING_TEMPERATURE_C), np.full_like(ghi, MISSING_WIND_MS)
    else:
        cell = place.cell[sun.place]
        ghi, dni, dhi = (_at(field, cell, sun.time) for field in (weather.ghi_wm2, weather.dni_wm2, weather.dhi_wm2))
        ghi, dni, dhi = complete(ghi, dni, dhi, sun.true_cos, extra)
        missing = np.isnan(ghi) | (cell < 0) | np.isnan(dni) | np.isnan(dhi)
        if missing.any():
            ghi, dni, dhi = (np.where(missing, 0.0, part) for part in (ghi, dni, dhi))
        else:
            missing = None
        temperature = np.nan_to_num(_at(weather.temperature_c, cell, sun.time), nan=MISSING_TEMPERATURE_C)
        wind = np.nan_to_num(_at(weather.wind_ms, cell, sun.time), nan=MISSING_WIND_MS)
    first, second = perez_brightness(dhi, dni, extra, sun.zenith_deg, relative)
    factor = spectral_factor(sun, relative, pressure) if spectral else np.ones_like(ghi)
    return Sky(ghi, dni, dhi, temperature, wind, first, second, factor, missing)
