"""Light on modules into power: cell temperature, direct current, losses over the years, inverters, the site's limit."""

from typing import Final

import numpy as np
import numpy.typing as npt

from fleetline.solar.rows import Rows

FloatArray = npt.NDArray[np.float64]

MODULE_EFFICIENCY: Final = 0.19
ABSORBED: Final = 0.9
WIND_AT_MODULES: Final = 0.51
REFERENCE_EFFICIENCY: Final = 0.9637


def cell_c(
    poa: FloatArray, effective: FloatArray, air_c: FloatArray, wind_ms: FloatArray, noct_c: FloatArray
) -> FloatArray:
    """Cell temperature; that of the air where no light makes power.

    source   SAM's NOCT model as pvlib.temperature.noct_sam, one storey high, more than 3.5 inches off the roof
    """
    lit = effective > 0.0
    reflected = np.divide(poa * poa, effective, out=np.zeros_like(poa), where=lit)
    warmth = (poa - MODULE_EFFICIENCY / ABSORBED * reflected) * (noct_c - 20.0)
    warmth *= 9.5 / 800.0
    warmth /= 5.7 + 3.8 * WIND_AT_MODULES * wind_ms
    return np.where(lit, air_c + warmth, air_c)


def dc_kw(
    effective: FloatArray, cell: FloatArray, rating_kw: FloatArray, loss_per_c: FloatArray, reference_c: float
) -> FloatArray:
    """Direct current before losses, as pvlib.pvsystem.pvwatts_dc; may be below 0 for absurd coefficients."""
    return np.asarray(effective * 0.001 * rating_kw * (1.0 - loss_per_c * (cell - reference_c)))


def kept(rows: Rows, mid_s: FloatArray) -> FloatArray:
    """(systems, steps) or (systems, 1): what derate and age leave, 0 while the system does not stand."""
    share = rows.derate[:, None]
    if rows.fade_per_s.any():
        age = np.maximum(mid_s - rows.installed_s[:, None], 0.0)
        share = share * np.exp(rows.fade_per_s[:, None] * age)
    if (rows.start_s > mid_s[0]).any() or (rows.end_s <= mid_s[-1]).any():
        share = np.where((mid_s >= rows.start_s[:, None]) & (mid_s < rows.end_s[:, None]), share, 0.0)
    return share


def ac_kw(dc: FloatArray, rows: Rows) -> FloatArray:
    """(systems, steps) after the inverters, 0 to the rating.

    The parabola is left where it has long passed the rating: far out it would fall again, and end at nothing.
    source   PVWatts inverter as pvlib.inverter.pvwatts with the weighted efficiency as nominal one
    """
    rated = rows.ac_kw[:, None]
    load = np.clip(dc * rows.efficiency[:, None], 0.0, 2.0 * rated)
    load /= rated
    out = load * (0.9858 - 0.0162 * load)
    out -= 0.0059
    out *= rated / REFERENCE_EFFICIENCY
    return np.clip(out, 0.0, rated, out=out)


def site_kw(ac: FloatArray, rows: Rows) -> FloatArray:
    """(sites, steps): systems summed, then held under what may be exported."""
    alone = len(ac) == rows.sites
    total = ac if alone else np.add.reduceat(ac, rows.first_system[:-1], axis=0)
    return np.minimum(total, rows.export_limit_kw[:, None])
