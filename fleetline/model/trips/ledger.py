"""What the course of one device remembers, and how a route is closed in it."""

from typing import Any, Final

from fleetline.model.geo import between_m
from fleetline.model.trips import routes as names
from fleetline.model.trips.fixes import ANEW, AT, COS, LAT, LATE, LON, ON, SPEED, UNKNOWN, Fix
from fleetline.model.trips.journey import Journey, route_of
from fleetline.model.trips.metres import JUMP_M, Meter, book, merge, micrometres, total
from fleetline.model.trips.stands import Stand, Tally
from fleetline.model.trips.thresholds import Limits

_SEEN: Final = (names.SEEN_OFF, names.SEEN_ON, names.SEEN_UNKNOWN, names.SEEN_UNKNOWN)


def apart_m(one: Fix, other: Fix) -> float:
    """Great circle between two fixes."""
    return between_m(one[LAT], one[LON], one[COS], other[LAT], other[LON], other[COS])


class Ledger:
    """The state of a course; every value of it is kept in a checkpoint.

    held       newest fix, decided once the next is known; bare  reports without a fix since, as few as matter;
               repeats: the last of them may be overwritten by one that says the same
    tail, tail_off_ms   ignition after all of `bare`, and since when it is off
    before     last decided fix; before_on: ignition was on there
    ignition, off_ms    ignition in force there, and since when it is off
    stand      the one in progress, None while moving; journey  the route in progress, None while parked
    fixes .. seen       tally: of the route in progress, or while parked of the parking's last fix and the run after it
    set_aside_ms, anew  times since the parking's last fix
    moved      some fix has left a stand; provisional: the newest one has and only the next will tell: what was counted
               before it, [route micrometres, days]; None otherwise
    active_ms, angle_e2 time of the latest active report, heading of the latest moving fix (fleetize section 10)
    first_odometer      [at_ms, metres, UTC day, micrometres of that day by then], None before the first
    closed     routes settled since somebody took them; settled_ms  time of the report being fed
    """

    __slots__ = (
        "active_ms",
        "anew",
        "angle_e2",
        "bare",
        "before",
        "before_on",
        "closed",
        "first_odometer",
        "fixes",
        "held",
        "ignition",
        "journey",
        "late",
        "limits",
        "meter",
        "moved",
        "off_ms",
        "provisional",
        "repeats",
        "seen",
        "set_aside_ms",
        "settled_ms",
        "speed_count",
        "speed_sum",
        "stand",
        "tail",
        "tail_off_ms",
        "tow_m",
    )

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.meter = Meter(limits)
        self.closed: list[names.Route] = []
        self.settled_ms = 0
        self.held: Fix | None = None
        self.bare: list[Any] = []
        self.repeats = False
        self.tail = self.ignition = UNKNOWN
        self.tail_off_ms = self.off_ms = 0
        self.before: Fix | None = None
        self.before_on = False
        self.tow_m = 0.0
        self.stand: Stand | None = None
        self.journey: Journey | None = None
        self.fixes = self.speed_sum = self.speed_count = self.late = self.seen = 0
        self.set_aside_ms: list[int] = []
        self.anew: list[int] = []
        self.moved = False
        self.provisional: list[Any] | None = None
        self.active_ms: int | None = None
        self.angle_e2: int | None = None
        self.first_odometer: list[int] | None = None

    def tally(self) -> Tally:
        return (self.fixes, self.speed_sum, self.speed_count, self.late, self.seen)

    def count(self, fix: Fix) -> None:
        """One more fix of the route."""
        self.fixes += 1
        speed = fix[SPEED]
        if speed >= 50.0:
            self.speed_sum += int((speed + 50.0) / 100.0)
            self.speed_count += 1
        if fix[LATE]:
            self.late += 1
        self.seen |= _SEEN[self.ignition]

    def count_only(self, fix: Fix | None) -> None:
        """The tally starts with this fix."""
        self.fixes = self.speed_sum = self.speed_count = self.late = self.seen = 0
        if fix is not None:
            self.count(fix)

    def forget(self, until_ms: int) -> None:
        """What was set aside before a parking's last fix touches no later route."""
        if self.set_aside_ms:
            self.set_aside_ms = [at for at in self.set_aside_ms if at > until_ms]
        if self.anew:
            self.anew = [at for at in self.anew if at >= until_ms]

    def counted(self) -> list[Any]:
        """[micrometres of the route, days] that count whatever the stand in progress turns out to be."""
        days = [list(item) for item in self.meter.days]
        metres_um = 0 if self.journey is None else self.journey.metres_um
        if self.stand is not None:
            merge(days, self.stand.run_fit)
            if self.journey is not None:
                metres_um += self.stand.um + sum(um for _, um in self.stand.run_fit)
        return [metres_um, days]

    def odometer_seen(self, at: int, total_m: int) -> None:
        day = at // names.DAY_MS
        self.first_odometer = [at, total_m, day, total(self.meter.days, day)]

    def record(self, journey: Journey, end: Fix, tally: Tally, metres_um: int, rule: str, evidence: Any) -> names.Route:
        """The journey as a route that ends at `end`."""
        doubts = (self.set_aside_ms, self.anew)
        return route_of(journey, end, tally, metres_um, rule, evidence, doubts, self.limits, self.settled_ms)

    def close(
        self, journey: Journey, end: Fix, tally: Tally, metres_um: int, far: bool, rule: str, evidence: Any
    ) -> None:
        """The journey ends here; it becomes a route if it was far and long enough."""
        if journey.exists(end[AT], far, self.limits):
            self.closed.append(self.record(journey, end, tally, metres_um, rule, evidence))

    def park(self, stand: Stand, rule: str, measured_ms: int, threshold: str, limit_ms: int) -> None:
        """The stand in progress turns out to be a parking: the route ended at its first fix."""
        journey = self.journey
        if journey is not None:
            evidence = (measured_ms / 1000, limit_ms / 1000, "s", threshold)
            self.close(journey, stand.first, stand.at_first, journey.metres_um, stand.far_first, rule, evidence)
            if not journey.confirmed and not stand.first_by_odometer:
                self.straight(journey.anchor, stand.first)
        self.journey = None
        self.meter.forgive()
        stand.become_parking()
        self._recount(stand)
        if stand.last is not None:
            self.forget(stand.last[AT])

    def _recount(self, stand: Stand) -> None:
        """From here on the tally is that of the parking's last fix and the run after it."""
        tally, at_run, running = self.tally(), stand.at_run, stand.run is not None
        self.count_only(stand.last)
        if running:
            stand.at_run = self.tally()
            self.fixes += tally[0] - at_run[0]
            self.speed_sum += tally[1] - at_run[1]
            self.speed_count += tally[2] - at_run[2]
            self.late += tally[3] - at_run[3]
            self.seen |= tally[4]

    def straight(self, anchor: Fix, fix: Fix) -> None:
        """A departure that never was confirmed counts the straight line to where it parks."""
        metres = apart_m(anchor, fix)
        if metres > self.limits.drift_m and not (fix[ANEW] and metres > JUMP_M):
            book(self.meter.days, fix[AT] // names.DAY_MS, micrometres(metres))

    def stop(self, fix: Fix, by_odometer: bool, journey: Journey) -> Stand:
        """A slow fix while moving: the anchor of a new stand."""
        stand = Stand(fix, parking=False, known=self.ignition < UNKNOWN, at_first=self.tally())
        stand.far_first = journey.far
        stand.first_by_odometer = by_odometer
        stand.settle_on(fix, by_odometer, self.ignition == ON)
        stand.by_odometer = by_odometer
        stand.locate(fix)
        self.stand = stand
        return stand
