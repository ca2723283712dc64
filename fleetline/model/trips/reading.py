"""The points of a route, from stored rows and what the fold noted about them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fleetline.model.geo import betweens_m, cosines
from fleetline.model.motion import MISSING_32, VALID, Rows, taken
from fleetline.model.trips.fixes import WINDOW_MS
from fleetline.model.trips.journey import REPORTED
from fleetline.model.trips.routes import Route
from fleetline.model.trips.thresholds import Thresholds

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
LAT_MOST = 900_000_000
LON_MOST = 1_800_000_000


@dataclass(frozen=True, slots=True)
class Points:
    """Kept fixes side by side, (n,) int64 each: time, place in 1e-7 degrees, speed in whole km/h (half up)."""

    at_ms: Integers
    lat_e7: Integers
    lon_e7: Integers
    speed_kmh: Integers

    def __len__(self) -> int:
        return len(self.at_ms)


def usable(rows: Rows, thresholds: Thresholds) -> npt.NDArray[np.bool_]:
    """(n,) which rows carry a usable position (Z-49)."""
    lat, lon, satellites = rows["lat_e7"], rows["lon_e7"], rows["satellites"]
    mask = (rows["flags"] & VALID) != 0
    mask &= (lat >= -LAT_MOST) & (lat <= LAT_MOST) & (lon >= -LON_MOST) & (lon <= LON_MOST)
    mask &= (lat != 0) | (lon != 0)
    mask &= (satellites >= thresholds.min_satellites) | (satellites == MISSING_32)
    mask &= rows["accuracy_dm"] <= float(thresholds.max_accuracy) * 10.0
    return np.asarray(mask)


def reported_speeds(rows: Rows) -> Integers:
    """(n,) 0.01 km/h as reported by GPS, else by the vehicle; negative where neither was."""
    speed = rows["speed_e2"]
    if len(speed) and speed.min() < 0:
        speed = np.where(speed >= 0, speed, rows["obd_speed_e2"])
    return speed.astype(np.int64)


def integer_speeds(speed_e2: Floats | Integers) -> Integers:
    """`fixes.integer_speed` of each."""
    return np.floor((speed_e2 + 50.0) / 100.0).astype(np.int64)


def derived_speeds(at_ms: Integers, lat: Integers, lon: Integers, eras: Integers, wanted: Integers) -> Floats:
    """Speeds in 0.01 km/h of kept fixes that reported none (Z-51).

    at_ms, lat, lon  (n,) kept fixes in order
    eras             indices of the fixes with which an era begins (0 included); a speed never refers across one
    wanted           (k,) indices whose speeds are needed
    returns          (k,); 0 for the first fix of an era
    """
    start = eras[np.searchsorted(eras, wanted, side="right") - 1]
    base = np.searchsorted(at_ms, at_ms[wanted] - WINDOW_MS, side="right") - 1
    base = np.maximum(base, start)
    cos = cosines(lat)
    metres = betweens_m(lat[base], lon[base], cos[base], lat[wanted], lon[wanted], cos[wanted])
    first = base >= wanted
    duration = np.where(first, 1, at_ms[wanted] - at_ms[base])
    return np.where(first, 0.0, metres * 360000.0 / duration)


def kept(rows: Rows, route: Route, thresholds: Thresholds | Sequence[tuple[int, Thresholds]]) -> Points:
    """The kept fixes of a route with their integer speeds: what `route_points` prints, `route.fixes` of them.

    rows        stored rows that hold at least [origin, destination], ascending
    thresholds  those the route's days were computed with: one, or (from_ms, thresholds) ascending when they changed
    """
    times = rows["at_ms"]
    rows = rows[int(times.searchsorted(route.origin_ms)) : int(times.searchsorted(route.destination_ms, side="right"))]
    mask = _usable_by_day(rows, thresholds)
    if route.set_aside_ms:
        mask &= ~np.isin(rows["at_ms"], np.array(route.set_aside_ms, np.int64))
    if route.origin_rule == "silent_move":
        mask &= (rows["at_ms"] == route.origin_ms) | (rows["at_ms"] == route.destination_ms)
    if not mask.all():
        rows = taken(rows, mask)
    at, lat, lon = (rows[name].astype(np.int64) for name in ("at_ms", "lat_e7", "lon_e7"))
    speed: Any = reported_speeds(rows)
    missing = np.flatnonzero(speed < 0)
    if len(missing):
        eras = np.unique(np.append(np.searchsorted(at, np.array(route.anew_ms, np.int64)), 0))
        speed = speed.astype(np.float64)
        speed[missing] = derived_speeds(at, lat, lon, eras, missing)
    whole = integer_speeds(speed)
    for index, value in enumerate(route.lead[: len(whole)]):
        if value != REPORTED:
            whole[index] = value
    return Points(at, lat, lon, whole)


def _usable_by_day(rows: Rows, thresholds: Thresholds | Sequence[tuple[int, Thresholds]]) -> npt.NDArray[np.bool_]:
    if isinstance(thresholds, Thresholds):
        return usable(rows, thresholds)
    mask = usable(rows, thresholds[0][1])
    for from_ms, others in thresholds[1:]:
        later = int(rows["at_ms"].searchsorted(from_ms))
        mask[later:] = usable(rows[later:], others)
    return mask
