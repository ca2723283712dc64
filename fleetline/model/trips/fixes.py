"""Which positions count and how fast they were: the first stage of the fold (Z-49, Z-50, Z-51).

A fix leaves this stage as a tuple, because tuples are what Python makes and takes apart fastest:

    (at_ms, lat_e7, lon_e7, cosine, leg_m, speed, derived, ignition, odometer_m, total_m, course_e2, late, anew)

cosine of the latitude; leg_m great circle from the kept fix before; speed in 0.01 km/h (an int as reported, a float
when derived); ignition ON, OFF, CONTRADICTED or NOT_REPORTED; odometer_m usable for legs and total_m for the first
odometer (None: absent); course_e2 None when absent; anew: the first fix of a re-anchoring.
"""

from collections import deque
from typing import Any, Final, Protocol

from fleetline.model.geo import between_m, cosine
from fleetline.model.trips.thresholds import Limits

NOT_REPORTED: Final = -1
OFF: Final = 0
ON: Final = 1
UNKNOWN: Final = 2
CONTRADICTED: Final = 3
"""Unknown because a tow or a broken wire contradicted it, until the next reported on."""

Fix = tuple[int, int, int, float, float, float, bool, int, int | None, int | None, int | None, bool, bool]
AT: Final = 0
LAT: Final = 1
LON: Final = 2
COS: Final = 3
LEG: Final = 4
SPEED: Final = 5
DERIVED: Final = 6
IGNITION: Final = 7
ODOMETER: Final = 8
TOTAL: Final = 9
COURSE: Final = 10
LATE: Final = 11
ANEW: Final = 12

Bare = tuple[int, int, int | None]
"""A report without a usable position: (at_ms, ignition, total_m)."""

Place = tuple[int, int, int, float]
"""(at_ms, lat_e7, lon_e7, cosine) of a kept fix."""

NEAR_M: Final = 50.0
"""A fix this near the last kept one is never a spike, however short the time between."""
IN_A_ROW: Final = 3
WINDOW_MS: Final = 5000
HELD_MOST: Final = 1024
"""Reports that may wait for a decision; beyond it the decision is taken without them."""


class Stage(Protocol):
    """What the next stage must offer."""

    def fix(self, fix: Fix) -> None: ...
    def bare(self, at: int, ignition: int, total: int | None) -> None: ...
    def set_aside(self, at: int) -> None: ...


def integer_speed(speed: float) -> int:
    """km/h, half up, of a speed in 0.01 km/h."""
    return int((speed + 50.0) / 100.0)


class Fixes:
    """Keeps or sets aside each usable position in time order.

    window   the kept fixes a derived speed may refer to: the latest at least 5 s old, then all younger ones
    waiting  reports since the first fix of a chain of fixes too far away to be believed yet
    chain    length of that chain, 0 to 2; each is within max_speed of the one before
    """

    __slots__ = ("chain", "limits", "next", "waiting", "window")

    def __init__(self, limits: Limits, following: Stage) -> None:
        self.limits = limits
        self.next = following
        self.window: deque[Place] = deque()
        self.waiting: list[Any] = []
        self.chain = 0

    def bare(self, at: int, ignition: int, total: int | None) -> None:
        if self.waiting:
            self.waiting.append((at, ignition, total))
            if len(self.waiting) > HELD_MOST:
                self.give_up()
        else:
            self.next.bare(at, ignition, total)

    def fix(
        self,
        at: int,
        lat: int,
        lon: int,
        speed: int | None,
        ignition: int,
        odometer: int | None,
        total: int | None,
        course: int | None,
        late: bool,
    ) -> None:
        """One usable position."""
        window = self.window
        if window:
            kept_at, kept_lat, kept_lon, kept_cos = window[-1]
            cos = kept_cos if lat == kept_lat else cosine(lat)
            leg = between_m(kept_lat, kept_lon, kept_cos, lat, lon, cos)
            if leg > NEAR_M and leg * 3600.0 > self.limits.max_kmh * (at - kept_at):
                self._doubt((at, lat, lon, speed, ignition, odometer, total, course, late))
                return
            if self.waiting:
                self.give_up()
        else:
            cos = cosine(lat)
            leg = 0.0
        self._keep((at, lat, lon, cos), leg, speed, ignition, odometer, total, course, late, False)

    def _keep(
        self,
        place: Place,
        leg: float,
        speed: float | None,
        ignition: int,
        odometer: int | None,
        total: int | None,
        course: int | None,
        late: bool,
        anew: bool,
    ) -> None:
        at, lat, lon, cos = place
        window = self.window
        before = at - WINDOW_MS
        while len(window) > 1 and window[1][0] <= before:
            window.popleft()
        derived = speed is None
        if speed is None:
            if window:
                from_at, from_lat, from_lon, from_cos = window[0]
                speed = between_m(from_lat, from_lon, from_cos, lat, lon, cos) * 360000.0 / (at - from_at)
            else:
                speed = 0.0
        window.append(place)
        self.next.fix((at, lat, lon, cos, leg, speed, derived, ignition, odometer, total, course, late, anew))

    def _doubt(self, report: tuple[Any, ...]) -> None:
        """Set a fix aside; the third of a chain proves that the vehicle is really there."""
        at, lat, lon = report[:3]
        if self.chain:
            last = next(item for item in reversed(self.waiting) if len(item) > 3)
            leg = between_m(last[1], last[2], cosine(last[1]), lat, lon, cosine(lat))
            if leg > NEAR_M and leg * 3600.0 > self.limits.max_kmh * (at - last[0]):
                self.give_up()
        self.waiting.append(report)
        self.chain += 1
        if self.chain == IN_A_ROW:
            self._anchor_anew()
        elif len(self.waiting) > HELD_MOST:
            self.give_up()

    def give_up(self) -> None:
        """What waits loses its position, not its ignition, odometer or time."""
        waiting, self.waiting, self.chain = self.waiting, [], 0
        for report in waiting:
            if len(report) > 3:
                self.next.set_aside(report[0])
                self.next.bare(report[0], report[4], report[6])
            else:
                self.next.bare(*report)

    def _anchor_anew(self) -> None:
        waiting, self.waiting, self.chain = self.waiting, [], 0
        anew = True
        for report in waiting:
            if len(report) == 3:
                self.next.bare(*report)
                continue
            at, lat, lon, speed, ignition, odometer, total, course, late = report
            cos = cosine(lat)
            _, kept_lat, kept_lon, kept_cos = self.window[-1]
            leg = between_m(kept_lat, kept_lon, kept_cos, lat, lon, cos)
            if anew:
                self.window.clear()
            self._keep((at, lat, lon, cos), leg, speed, ignition, odometer, total, course, late, anew)
            anew = False

    def restart(self) -> None:
        """Forget every place: the device rides in another vehicle from here on."""
        self.give_up()
        self.window.clear()
