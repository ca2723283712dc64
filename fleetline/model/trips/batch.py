"""Many rows prepared for the vectorised fold: what a fix is by itself and beside its neighbours, as columns."""

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from fleetline.model.geo import betweens_m, cosines
from fleetline.model.motion import COARSE_ODOMETER, IGNITION_KNOWN, IGNITION_ON, Rows, taken
from fleetline.model.trips.course import QUIET_LEG_MS
from fleetline.model.trips.fixes import NEAR_M, NOT_REPORTED, WINDOW_MS, Fix, Fixes, Place
from fleetline.model.trips.reading import derived_speeds, integer_speeds, reported_speeds, usable
from fleetline.model.trips.thresholds import Limits

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Truths = npt.NDArray[np.bool_]
ABSENT: Final = -1


def _sums(values: Any) -> Integers:
    """(n + 1,) sums of the values before each index."""
    result = np.zeros(len(values) + 1, np.int64)
    np.cumsum(values, out=result[1:])
    return result


class Batch:
    """Rows and, one by one, their usable positions; the kept fixes just before them stand in front.

    row          (k,) index of the row of each fix; negative for those in front, of which the last is the held one
    at .. cos    (k,) time and place; leg_m, leg_um from the fix before (as if every one were kept)
    speed        (k,) 0.01 km/h, derived where `derived`; whole: integer km/h
    odometer     (k,) metres usable for legs, -1: none; heading (k,) 0.01 degree, -1: none; late (k,)
    slow         (k,) by speed or by the quiet leg after it; the last one by speed only
    stops        indices of fixes that are slow or come after a silence; fast: those at moving speed
    doubts       rows that look like spikes; turns: rows whose reported ignition differs from the one before
    bare         (n,) rows without a usable position before each row, as sums
    """

    __slots__ = (
        "ahead",
        "at",
        "bare_rows",
        "cos",
        "derived",
        "doubts",
        "fast",
        "has_odometer",
        "heading",
        "ignition",
        "lat",
        "late",
        "late_sum",
        "leg_m",
        "leg_sum",
        "leg_um",
        "lon",
        "missing_speeds",
        "nonzero_sum",
        "odometer",
        "row",
        "rows",
        "silent",
        "slow",
        "speed",
        "speed_sum",
        "stops",
        "times",
        "turns",
        "whole",
    )

    def __init__(self, rows: Rows, fixes: Fixes, reported: int) -> None:
        limits = fixes.limits
        self.rows = rows
        self.times: Integers = np.ascontiguousarray(rows["at_ms"])
        mask = usable(rows, limits.thresholds)
        index = np.flatnonzero(mask)
        front = list(fixes.window)
        self.ahead = len(front)
        self.row: Integers = np.concatenate([np.arange(-len(front), 0), index])
        self.bare_rows = np.flatnonzero(~mask) if len(index) < len(rows) else index[:0]
        chosen = rows if len(index) == len(rows) else taken(rows, index)
        self._places(chosen, front)
        self._speeds(chosen, limits)
        self._extras(chosen)
        self._turns(rows, reported)
        self._marks(limits)

    def _places(self, chosen: Rows, front: list[Place]) -> None:
        def joined(name: str, column: int) -> Integers:
            return np.concatenate([np.array([place[column] for place in front], np.int64), chosen[name]])

        self.at, self.lat, self.lon = joined("at_ms", 0), joined("lat_e7", 1), joined("lon_e7", 2)
        self.cos: Floats = cosines(self.lat)
        self.leg_m: Floats = np.zeros(len(self.at))
        lat, lon, cos = self.lat, self.lon, self.cos
        if len(lat) > 1:
            self.leg_m[1:] = betweens_m(lat[:-1], lon[:-1], cos[:-1], lat[1:], lon[1:], cos[1:])
        self.leg_um: Integers = (self.leg_m * 1e6 + 0.5).astype(np.int64)
        self.leg_sum = _sums(self.leg_um)

    def _speeds(self, chosen: Rows, limits: Limits) -> None:
        ahead = self.ahead
        reported = reported_speeds(chosen)
        self.speed: Floats = np.zeros(len(self.at))
        self.speed[ahead:] = reported
        self.derived: Truths = np.zeros(len(self.at), np.bool_)
        self.derived[ahead:] = reported < 0
        missing = np.flatnonzero(self.derived)
        self.missing_speeds = len(missing) > 0
        if self.missing_speeds:
            origin = np.zeros(1, np.int64)
            self.speed[missing] = derived_speeds(self.at, self.lat, self.lon, origin, missing)
        self.whole: Integers = integer_speeds(self.speed)
        self.speed_sum = _sums(self.whole)
        self.nonzero_sum = _sums(self.whole > 0)

    def _extras(self, chosen: Rows) -> None:
        def column(name: str) -> Integers:
            values = np.full(len(self.at), ABSENT, np.int64)
            values[self.ahead :] = np.maximum(chosen[name], ABSENT)
            return values

        self.odometer, self.heading = column("odometer_m"), column("course_e2")
        self.has_odometer = bool((self.rows["odometer_m"] >= 0).any())
        if self.has_odometer:
            self.odometer[self.ahead :][(chosen["flags"] & COARSE_ODOMETER) != 0] = ABSENT

    def _turns(self, rows: Rows, reported: int) -> None:
        flags = rows["flags"]
        known = (flags & IGNITION_KNOWN) != 0
        self.ignition = np.where(known, ((flags & IGNITION_ON) != 0).astype(np.int64), NOT_REPORTED)
        told = np.flatnonzero(known)
        values = self.ignition[told]
        self.turns: Integers = told[values != np.concatenate([[reported], values[:-1]])] if len(told) else told

    def _marks(self, limits: Limits) -> None:
        at, leg = self.at, self.leg_m
        taken = np.diff(at, prepend=at[:1])
        metres = leg * 3600.0
        spikes = (leg > NEAR_M) & (metres > limits.max_kmh * taken)
        spikes[: self.ahead] = False
        self.doubts = self.row[spikes]
        self.slow: Truths = self.speed < limits.move_e2
        quiet = (taken[1:] >= QUIET_LEG_MS) & (metres[1:] < limits.quiet_kmh * taken[1:])
        self.fast = np.flatnonzero(~self.slow[self.ahead :]) + self.ahead
        self.slow[:-1] |= quiet
        self.silent: Truths = taken > limits.gap_ms
        self.stops = np.flatnonzero(self.slow | self.silent)
        late = np.zeros(len(at), np.bool_)
        waited = self.rows["received_at_ms"] - self.times
        if bool((waited > limits.late_ms).any()):
            late[self.ahead :] = waited[self.row[self.ahead :]] > limits.late_ms
        self.late: Truths = late
        self.late_sum = _sums(late)

    def adopt(self, index: int, fix: Fix) -> None:
        """The held fix as the fold knows it: it may have been measured from another fix than the one in front."""
        _, _, _, _, leg, speed, derived, _, odometer, _, heading, late, _ = fix
        self.leg_m[index] = leg
        self.speed[index] = speed
        self.derived[index] = derived
        self.odometer[index] = ABSENT if odometer is None else odometer
        self.heading[index] = ABSENT if heading is None else heading
        self.late[index] = late

    def place(self, index: int) -> Place:
        return (int(self.at[index]), int(self.lat[index]), int(self.lon[index]), float(self.cos[index]))

    def fix(self, index: int, ignition: int) -> Fix:
        """One fix as the per-point stages hand it on."""
        odometer, heading = int(self.odometer[index]), int(self.heading[index])
        total = int(self.rows["odometer_m"][self.row[index]]) if self.has_odometer else ABSENT
        derived = bool(self.derived[index])
        speed = float(self.speed[index])
        return (
            *self.place(index),
            float(self.leg_m[index]),
            speed if derived else int(speed),
            derived,
            ignition,
            odometer if odometer >= 0 else None,
            total if total >= 0 else None,
            heading if heading >= 0 else None,
            bool(self.late[index]),
            False,
        )

    def window(self, index: int) -> list[Place]:
        """The kept fixes to which a speed after this fix may refer; all of them must have been kept."""
        first = int(self.at.searchsorted(self.at[index] - WINDOW_MS, side="right")) - 1
        return [self.place(position) for position in range(max(first, 0), index + 1)]
