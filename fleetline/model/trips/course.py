"""The course of one device: its stands and the routes between its parkings, fix by fix (Z-52, Z-54 to Z-65, Z-69)."""

from typing import Any, Final

from fleetline.model.geo import between_m
from fleetline.model.trips import routes as names
from fleetline.model.trips.fixes import (
    ANEW,
    AT,
    CONTRADICTED,
    COS,
    COURSE,
    DERIVED,
    IGNITION,
    LAT,
    LATE,
    LEG,
    LON,
    NOT_REPORTED,
    OFF,
    ON,
    SPEED,
    UNKNOWN,
    Fix,
)
from fleetline.model.trips.journey import Journey, lead_speed, route_of, silent_route
from fleetline.model.trips.metres import Meter, book, merge, micrometres, share, total
from fleetline.model.trips.stands import NOTHING, Stand, Tally, pause_kind, quiet, standing_ms
from fleetline.model.trips.thresholds import Limits

QUIET_LEG_MS: Final = 60_000
LENGTH_MS: Final = 86_400_000
_SEEN: Final = (names.SEEN_OFF, names.SEEN_ON, names.SEEN_UNKNOWN, names.SEEN_UNKNOWN)


class Course:
    """The third stage of the fold: knows for each fix the one after it, and takes every decision about movement.

    held       newest fix, decided once the next is known; bare  reports without a fix since, as few as matter
    tail, tail_off_ms   ignition after all of `bare`, and since when it is off
    before     last decided fix; before_on: ignition was on there
    ignition, off_ms    ignition in force there, and since when it is off
    stand      the one in progress, None while moving; journey  the route in progress, None while parked
    fixes .. seen       tally: of the route in progress, or while parked of the last fix of the parking and the run after it
    set_aside, anew     times since the parking's last fix
    moved      some fix has left a stand; active_ms, angle_e2  see fleetize Z-72 and section 10
    first_odometer      [at_ms, metres, UTC day, micrometres of that day by then], None before the first
    closed     routes settled since somebody took them; settled_ms  time of the report being fed
    """

    __slots__ = (
        "active_ms",
        "angle_e2",
        "anew",
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
        self.tail = UNKNOWN
        self.tail_off_ms = 0
        self.before: Fix | None = None
        self.before_on = False
        self.ignition = UNKNOWN
        self.off_ms = 0
        self.tow_m = 0.0
        self.stand: Stand | None = None
        self.journey: Journey | None = None
        self.fixes = self.speed_sum = self.speed_count = self.late = self.seen = 0
        self.set_aside_ms: list[int] = []
        self.anew: list[int] = []
        self.moved = False
        self.active_ms: int | None = None
        self.angle_e2: int | None = None
        self.first_odometer: list[int] | None = None

    # what the stage before calls

    def fix(self, fix: Fix) -> None:
        """The next kept fix."""
        held = self.held
        if held is not None:
            self.step(held, fix)
            if self.bare:
                self._run_bare()
        ignition = fix[IGNITION]
        if 0 <= ignition != self.tail:
            self._tail(fix[AT], ignition)
        self.held = fix

    def report(self, at: int, ignition: int, total_m: int | None) -> None:
        """A report without a usable position: it waits like the fix before it, repeats in one place."""
        if self.held is None:
            self._report(at, ignition, total_m)
            return
        bare = self.bare
        if total_m is not None and (self.first_odometer is not None or any(item[2] is not None for item in bare)):
            total_m = None
        news = 0 <= ignition != self.tail
        if news:
            self._tail(at, ignition)
        lasted = self.tail == OFF and at - self.tail_off_ms >= self.limits.parking_ms
        crossed = lasted and (not bare or bare[-1][0] - self.tail_off_ms < self.limits.parking_ms)
        if self.repeats and not news and not crossed and total_m is None:
            bare[-1] = (at, max(ignition, bare[-1][1]), bare[-1][2])
        else:
            bare.append((at, ignition, total_m))
        self.repeats = not news and not crossed and total_m is None

    def set_aside(self, at: int) -> None:
        self.set_aside_ms.append(at)

    def towed(self, metres: float) -> None:
        self.tow_m = metres

    def drain(self) -> None:
        """Decide the newest fix without a next one."""
        held, self.held = self.held, None
        if held is not None:
            self.step(held, None)
        self._run_bare()

    # reports without a fix, and ignition

    def _tail(self, at: int, ignition: int) -> None:
        self.tail = ignition
        if ignition == OFF:
            self.tail_off_ms = at

    def _run_bare(self) -> None:
        bare, self.bare, self.repeats = self.bare, [], False
        for at, ignition, total_m in bare:
            self._report(at, ignition, total_m)

    def _report(self, at: int, ignition: int, total_m: int | None) -> None:
        if 0 <= ignition != self.ignition:
            self._turn(at, ignition)
        if self.ignition == ON:
            self.active_ms = at
        elif self.ignition == OFF:
            self._off_parking(at)
        if self.stand is not None and self.ignition < UNKNOWN:
            self.stand.known = True
        if total_m is not None and self.first_odometer is None:
            self._odometer_seen(at, total_m)

    def _odometer_seen(self, at: int, total_m: int) -> None:
        day = at // names.DAY_MS
        self.first_odometer = [at, total_m, day, total(self.meter.days, day)]

    def _turn(self, at: int, ignition: int) -> None:
        """Ignition changes for good."""
        if self.ignition == OFF and self.stand is not None:
            self.stand.off_ms = max(self.stand.off_ms, at - self.off_ms)
            self._off_parking(at)
        self.ignition = ignition
        self._tail(at, ignition) if self.held is None else None
        if ignition == OFF:
            self.off_ms = at

    def _off_parking(self, at: int) -> None:
        """Z-59 (1), unless the device had been silent for too long before."""
        stand, limits = self.stand, self.limits
        if stand is None or stand.parking or at - self.off_ms < limits.parking_ms:
            return
        newest = self.before if self.before is not None else stand.first
        if self.off_ms + limits.parking_ms <= max(newest[AT], stand.first[AT]) + limits.gap_ms:
            self.park(stand, names.IGNITION_OFF, at - self.off_ms, "parking_min", limits.parking_ms)

    # one fix

    def step(self, fix: Fix, after: Fix | None) -> None:
        """Decide one fix; `after` is the kept fix that follows, None when there is none yet."""
        at = fix[AT]
        ignition = fix[IGNITION]
        if 0 <= ignition != self.ignition:
            self._turn(at, ignition)
        ignition = self.ignition
        limits = self.limits
        slow = fix[SPEED] < limits.move_e2 or ignition == OFF
        if not slow and after is not None:
            leg_ms = after[AT] - at
            slow = leg_ms >= QUIET_LEG_MS and after[LEG] * 3600.0 < limits.quiet_kmh * leg_ms
        if ignition == ON:
            self.active_ms = at
        before = self.before
        if before is None:
            self.meter.first(fix)
            self._begin(fix, slow)
        elif at - before[AT] > limits.gap_ms:
            self._silence(before, fix)
            self._begin(fix, slow)
        else:
            stand = self.stand
            if stand is None:
                self._travel(before, fix, slow, True)
            else:
                leaves = 0 if ignition == OFF else self._leaves(stand, fix, after)
                if leaves:
                    self._leave(stand, before, fix, slow, leaves == 1)
                else:
                    self._stay(stand, before, fix, slow)
        self.before = fix
        self.before_on = ignition == ON
        if fix[ANEW]:
            self.anew.append(at)
        if self.first_odometer is None and fix[9] is not None:
            self._odometer_seen(at, fix[9])

    def _tally(self) -> Tally:
        return (self.fixes, self.speed_sum, self.speed_count, self.late, self.seen)

    def _count(self, fix: Fix) -> None:
        self.fixes += 1
        speed = fix[SPEED]
        if speed >= 50.0:
            self.speed_sum += int((speed + 50.0) / 100.0)
            self.speed_count += 1
        if fix[LATE]:
            self.late += 1
        self.seen |= _SEEN[self.ignition]

    def _count_only(self, fix: Fix | None) -> None:
        """The tally starts with this fix."""
        self.fixes = self.speed_sum = self.speed_count = self.late = self.seen = 0
        if fix is not None:
            self._count(fix)

    # stands

    def _begin(self, fix: Fix, slow: bool) -> None:
        """The first fix of all or after a silence: its stand counts as a parking."""
        stand = Stand(fix, parking=True, known=self.ignition < UNKNOWN, at_first=NOTHING)
        self.stand = stand
        self._count_only(None)
        self._forget(fix[AT] - 1)
        if slow:
            stand.settle_on(fix, False, self.ignition == ON)
        else:
            stand.start_run(fix, NOTHING, self.ignition == ON)
            stand.run_course = fix[COURSE]
            stand.run_speeds.append((fix[AT], lead_speed(fix)))
        self._count(fix)

    def _forget(self, until_ms: int) -> None:
        """What was set aside before a parking's last fix touches no later route."""
        if self.set_aside_ms:
            self.set_aside_ms = [at for at in self.set_aside_ms if at > until_ms]
        if self.anew:
            self.anew = [at for at in self.anew if at >= until_ms]

    def _stop(self, fix: Fix, by_odometer: bool, journey: Journey) -> None:
        """A slow fix while moving: the anchor of a new stand."""
        stand = Stand(fix, parking=False, known=self.ignition < UNKNOWN, at_first=self._tally())
        stand.far_first = journey.far
        stand.first_by_odometer = by_odometer
        stand.settle_on(fix, by_odometer, self.ignition == ON)
        stand.locate(fix)
        self.stand = stand
        if self.ignition == OFF:
            self._off_parking(fix[AT])

    def _leaves(self, stand: Stand, fix: Fix, after: Fix | None) -> int:
        """Z-56: 1 by speed, 2 by distance, 0 not."""
        limits = self.limits
        first = stand.first
        lat, lon, cos = first[LAT], first[LON], first[COS]
        away = between_m(lat, lon, cos, fix[LAT], fix[LON], fix[COS])
        radius = limits.derived_m if fix[DERIVED] else limits.drift_m
        if away > radius and fix[SPEED] >= limits.move_e2:
            leaves = 1
        elif away > limits.leave_m:
            leaves = 2
        else:
            return 0
        if after is not None and between_m(lat, lon, cos, after[LAT], after[LON], after[COS]) <= radius:
            return 0
        return leaves

    def _stay(self, stand: Stand, before: Fix, fix: Fix, slow: bool) -> None:
        at = fix[AT]
        um, by_odometer, owed = self.meter.leg(before, fix)
        ignition_on = self.ignition == ON
        parking = stand.parking
        if slow:
            if stand.run is not None:
                self._break_run(stand)
            if by_odometer and um:
                share(self.meter.days, before[AT], at, um)
                stand.um += um
            stand.last = fix
            stand.last_by_odometer = by_odometer
            stand.last_on = ignition_on
        else:
            if stand.run is None:
                stand.start_run(fix, self._tally(), ignition_on)
                stand.run_first_um = um
            self._run_on(stand, before, fix, um, by_odometer, owed)
        stand.by_odometer = by_odometer
        if parking:
            if slow:
                self._count_only(fix)
                if self.set_aside_ms or self.anew:
                    self._forget(at)
            else:
                self._count(fix)
        else:
            self._count(fix)
            stand.locate(fix)
            if at - before[AT] > self.limits.long_ms and not (ignition_on and self.before_on):
                stand.broken = True
        if self.ignition < UNKNOWN:
            stand.known = True
        if not parking:
            self._judge(stand, at, slow)
        if self.journey is not None:
            self._wander(self.journey, fix, slow)

    def _run_on(self, stand: Stand, before: Fix, fix: Fix, um: int, by_odometer: bool, owed: int) -> None:
        stand.run_um += um
        share(stand.run_fit if by_odometer else stand.run_pending, before[AT], fix[AT], um)
        if owed > 0:
            stand.run_owed_um += owed
        if fix[COURSE] is not None:
            stand.run_course = fix[COURSE]
        started = fix if stand.run is None else stand.run
        if fix[AT] < started[AT] + 5000:
            stand.run_speeds.append((fix[AT], lead_speed(fix)))

    def _break_run(self, stand: Stand) -> None:
        """A slow fix: the run was part of the stand."""
        for day, um in stand.run_fit:
            book(self.meter.days, day, um)
            stand.um += um
        stand.end_run()

    def _judge(self, stand: Stand, at: int, slow: bool) -> None:
        """Z-59 (1) to (3) for the stand so far."""
        if self.ignition == OFF:
            self._off_parking(at)
        elif slow:
            standing = at - stand.first[AT]
            if standing >= self.limits.parking_ms:
                self._judge_standing(stand, standing)

    def _judge_standing(self, stand: Stand, standing: int) -> None:
        limits = self.limits
        if not stand.known and standing >= limits.parking_ms:
            self.park(stand, names.STOOD, standing, "parking_min", limits.parking_ms)
        elif standing >= limits.idle_ms:
            self.park(stand, names.IDLE_LIMIT, standing, "idle_limit", limits.idle_ms)
            if self.ignition == ON:
                self.ignition = UNKNOWN
