"""Clear air over many places as whole arrays: the yardstick for finer steps, for forecasts and for daylight."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fleetline.solar.atlas import Atlas
from fleetline.solar.sky import Place, airmass, clear_sky
from fleetline.solar.sun import ephemeris, pressure_pa, sun_over

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Ground:
    """Where weather is known: place and elevation of each cell, (cells,), and its turbidity, (cells, 12)."""

    latitude_deg: FloatArray
    longitude_deg: FloatArray
    elevation_m: FloatArray
    turbidity: FloatArray


def ground_at(latitude_deg: FloatArray, longitude_deg: FloatArray, atlas: Atlas) -> Ground:
    """The cells with what the atlas knows of them."""
    return Ground(
        latitude_deg,
        longitude_deg,
        atlas.elevation(latitude_deg, longitude_deg),
        atlas.turbidity(latitude_deg, longitude_deg),
    )


@dataclass(frozen=True, slots=True)
class ClearAir:
    """(cells, steps): global irradiance under clear air, 0 at night, and the cosine of the true zenith, 0 at night."""

    ghi_wm2: FloatArray
    true_cos: FloatArray


def clear_air(ground: Ground, mid_s: FloatArray) -> ClearAir:
    """At each time in seconds since 1970."""
    at = ephemeris(mid_s)
    sun = sun_over(at, ground.latitude_deg, ground.longitude_deg, ground.elevation_m)
    cells = np.arange(len(ground.latitude_deg))
    absolute = airmass(sun.zenith_deg, sun.up) * (pressure_pa(ground.elevation_m) / 101325.0)[sun.place]
    ghi, _, _ = clear_sky(sun, at, Place(cells, ground.elevation_m, ground.turbidity), absolute)
    out = ClearAir(np.zeros((len(cells), len(mid_s))), np.zeros((len(cells), len(mid_s))))
    out.ghi_wm2[sun.place, sun.time] = ghi
    out.true_cos[sun.place, sun.time] = sun.true_cos
    return out


def daylight(
    latitude_deg: FloatArray, longitude_deg: FloatArray, elevation_m: FloatArray, mid_s: FloatArray
) -> npt.NDArray[np.bool_]:
    """(places, times) whether the sun stands over the horizon."""
    sun = sun_over(ephemeris(mid_s), latitude_deg, longitude_deg, elevation_m)
    out = np.zeros((len(latitude_deg), len(mid_s)), np.bool_)
    out[sun.place, sun.time] = True
    return out
