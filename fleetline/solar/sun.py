"""Where the sun stands: once per time as seen from the Earth's centre, then turned to each place."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from fleetline.solar.steps import day_of_year, month_weights

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

DELTA_T_S: Final = 67.0
REFRACTION_TEMPERATURE_C: Final = 12.0
HORIZON_REFRACTION_DEG: Final = 0.5667
_SEEN_FROM: Final = float(np.sin(np.radians(-0.75)))
"""Sine of the true elevation below which no refraction lifts the sun over the horizon."""


@dataclass(frozen=True, slots=True)
class Ephemeris:
    """What depends on time alone, each (steps,).

    hour_cos, hour_sin    of sidereal time minus right ascension: the hour angle at Greenwich, westward
    dec_cos, dec_sin      of the geocentric declination
    parallax              sine of the equatorial horizontal parallax
    dni_extra_wm2         irradiance above the air on a plane that faces the sun
    month_weights         (12, steps) daily interpolation of monthly means
    """

    mid_s: FloatArray
    hour_cos: FloatArray
    hour_sin: FloatArray
    dec_cos: FloatArray
    dec_sin: FloatArray
    parallax: FloatArray
    dni_extra_wm2: FloatArray
    month_weights: FloatArray


def ephemeris(mid_s: FloatArray) -> Ephemeris:
    """Geocentric sun at each time in seconds since 1970 UTC.

    source   SPA (Reda and Andreas 2004) as in pvlib.spa; extraterrestrial irradiance after Spencer
    """
    from pvlib import irradiance, spa  # late: the import takes seconds

    place = (0.0, 0.0, 0.0, 1013.25, REFRACTION_TEMPERATURE_C, DELTA_T_S, HORIZON_REFRACTION_DEG, 1)
    sidereal, ascension, declination = spa.solar_position(mid_s, *place, sst=True)
    radius = np.asarray(spa.solar_position(mid_s, *place, esd=True)).reshape(-1)
    hour = np.radians(sidereal - ascension)
    declination = np.radians(declination)
    return Ephemeris(
        mid_s=mid_s,
        hour_cos=np.cos(hour),
        hour_sin=np.sin(hour),
        dec_cos=np.cos(declination),
        dec_sin=np.sin(declination),
        parallax=np.sin(np.radians(8.794 / 3600.0 / radius)),
        dni_extra_wm2=np.asarray(irradiance.get_extra_radiation(day_of_year(mid_s)), dtype=np.float64),
        month_weights=month_weights(mid_s),
    )


def pressure_pa(elevation_m: FloatArray) -> FloatArray:
    """Pressure of the standard atmosphere, as pvlib.atmosphere.alt2pres."""
    return np.asarray(100.0 * ((44331.514 - elevation_m) / 11880.516) ** (1 / 0.1902632), dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Sun:
    """The sun over the horizon of many places, one entry per place and time at which it is up, by place then time.

    place, time      indices of the entry
    zenith_deg       apparent: refraction included, below 90
    true_cos         cosine of the zenith without refraction
    east, north, up  direction of the apparent sun, a unit vector
    """

    place: IntArray
    time: IntArray
    zenith_deg: FloatArray
    true_cos: FloatArray
    east: FloatArray
    north: FloatArray
    up: FloatArray


def sun_over(at: Ephemeris, latitude_deg: FloatArray, longitude_deg: FloatArray, elevation_m: FloatArray) -> Sun:
    """Topocentric sun at every place and time at which it is above the horizon.

    Parallax is taken off as a vector, which is what the SPA's two correction angles amount to.
    source   SPA steps 3.9 to 3.14
    """
    lat, lon = np.radians(latitude_deg)[:, None], np.radians(longitude_deg)[:, None]
    flat = np.arctan(0.99664719 * np.tan(lat))
    level = elevation_m[:, None] / 6378140.0
    hour_cos = at.hour_cos * np.cos(lon) - at.hour_sin * np.sin(lon)
    west = at.hour_sin * np.cos(lon)
    west += at.hour_cos * np.sin(lon)
    west *= at.dec_cos
    axis = at.dec_sin - (0.99664719 * np.sin(flat) + level * np.sin(lat)) * at.parallax
    outward = at.dec_cos * hour_cos
    outward -= (np.cos(flat) + level * np.cos(lat)) * at.parallax
    height = np.sin(lat) * axis
    height += np.cos(lat) * outward
    place, time = np.nonzero(height > _SEEN_FROM)
    west, axis, outward, height = (part[place, time] for part in (west, axis, outward, height))
    height /= np.sqrt(west * west + axis * axis + outward * outward)
    lifted = _refracted_deg(height, pressure_pa(elevation_m)[place])
    up = lifted > 0.0
    if not up.all():
        place, time = place[up], time[up]
        west, axis, outward, height, lifted = (part[up] for part in (west, axis, outward, height, lifted))
    south = np.sin(lat[:, 0])[place] * outward - np.cos(lat[:, 0])[place] * axis
    sine = np.sin(np.radians(lifted))
    level_part = np.sqrt(1.0 - sine * sine) / np.maximum(np.sqrt(west * west + south * south), 1e-300)
    return Sun(place, time, 90.0 - lifted, height, -west * level_part, -south * level_part, sine)


def _refracted_deg(true_sine: FloatArray, pressure: FloatArray) -> FloatArray:
    """Apparent elevation, degrees, from the sine of the true one and the pressure in pascal."""
    elevation = np.degrees(np.arcsin(np.minimum(true_sine, 1.0)))
    air = pressure * (283.0 / (273.0 + REFRACTION_TEMPERATURE_C) * 1.02 / 60.0 / 101000.0)
    lift = air / np.tan(np.radians(elevation + 10.3 / (elevation + 5.11)))
    return np.where(elevation >= -(0.26667 + HORIZON_REFRACTION_DEG), elevation + lift, elevation)
