"""The course of one device: each fix is decided when the one after it is known (Z-52, Z-54 to Z-59)."""

from typing import Final

from fleetline.model.geo import between_m
from fleetline.model.trips import routes as names
from fleetline.model.trips.drive import Drive
from fleetline.model.trips.fixes import (
    ANEW,
    AT,
    COS,
    COURSE,
    DERIVED,
    IGNITION,
    LAT,
    LEG,
    LON,
    OFF,
    ON,
    SPEED,
    TOTAL,
    UNKNOWN,
    WINDOW_MS,
    Fix,
)
from fleetline.model.trips.journey import Journey, lead_speed
from fleetline.model.trips.metres import share
from fleetline.model.trips.stands import NOTHING, Stand

QUIET_LEG_MS: Final = 60_000


class Course(Drive):
    """The third stage of the fold; its parts are in ledger.py (state), drive.py (moving) and here (standing)."""

    __slots__ = ()

    def fix(self, fix: Fix) -> None:
        """The next kept fix."""
        held = self.held
        if held is not None:
            self.step(held, fix)
            if self.bare:
                self._decide_bare()
        ignition = fix[IGNITION]
        if 0 <= ignition != self.tail:
            self._turn_tail(fix[AT], ignition)
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
            self._turn_tail(at, ignition)
        lasted = self.tail == OFF and at - self.tail_off_ms >= self.limits.parking_ms
        crossed = lasted and (not bare or bare[-1][0] - self.tail_off_ms < self.limits.parking_ms)
        plain = not news and not crossed and total_m is None
        if self.repeats and plain:
            bare[-1] = (at, max(ignition, bare[-1][1]), None)
        else:
            bare.append((at, ignition, total_m))
        self.repeats = plain

    def set_aside(self, at: int) -> None:
        self.set_aside_ms.append(at)

    def towed(self, metres: float) -> None:
        self.tow_m = metres

    def drain(self) -> None:
        """Decide the newest fix without a next one."""
        held = self.held
        if held is not None:
            self.step(held, None)
            self.held = None
        self._decide_bare()

    def _decide_bare(self) -> None:
        bare, self.bare, self.repeats = self.bare, [], False
        for at, ignition, total_m in bare:
            self._report(at, ignition, total_m)

    def _report(self, at: int, ignition: int, total_m: int | None) -> None:
        if 0 <= ignition != self.ignition:
            self._turn(at, ignition)
        if self.ignition == ON:
            self.active_ms = at
        elif self.ignition == OFF:
            self.off_parking(at)
        if self.stand is not None and self.ignition < UNKNOWN:
            self.stand.known = True
        if total_m is not None and self.first_odometer is None:
            self.odometer_seen(at, total_m)

    def _turn_tail(self, at: int, ignition: int) -> None:
        self.tail = ignition
        if ignition == OFF:
            self.tail_off_ms = at

    def _turn(self, at: int, ignition: int) -> None:
        """Ignition changes for good."""
        if self.ignition == OFF and self.stand is not None:
            self.stand.off_ms = max(self.stand.off_ms, at - self.off_ms)
            self.off_parking(at)
        self.ignition = ignition
        if ignition == OFF:
            self.off_ms = at
        if self.held is None:
            self._turn_tail(at, ignition)

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
        if before is None or at - before[AT] > limits.gap_ms:
            self._first(before, fix, slow)
        else:
            stand = self.stand
            if stand is None:
                if self.journey is not None:
                    self.advance(before, fix, slow, self.meter.leg(before, fix), self.journey, True)
            else:
                leaves = 0 if ignition == OFF else self.leaves(stand, fix, after)
                if leaves:
                    if after is None:
                        self.provisional = self.counted()
                    self.leave(stand, before, fix, slow, leaves == 1)
                else:
                    self.stay(stand, before, fix, slow)
        self.before = fix
        self.before_on = ignition == ON
        if fix[ANEW]:
            self.anew.append(at)
        if self.first_odometer is None and fix[TOTAL] is not None:
            self.odometer_seen(at, fix[TOTAL])

    def _first(self, before: Fix | None, fix: Fix, slow: bool) -> None:
        """The first fix of all or after a silence: its stand counts as a parking."""
        if before is None:
            self.meter.first(fix)
        else:
            self.silence(before, fix)
        self.count_only(None)
        self.forget(fix[AT] - 1)
        stand = Stand(fix, parking=True, known=self.ignition < UNKNOWN, at_first=NOTHING)
        self.stand = stand
        if slow:
            stand.settle_on(fix, False, self.ignition == ON)
        else:
            stand.start_run(fix, NOTHING, self.ignition == ON)
            stand.run_course = fix[COURSE]
            stand.run_speeds.append((fix[AT], lead_speed(fix)))
        self.count(fix)

    def leaves(self, stand: Stand, fix: Fix, after: Fix | None) -> int:
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

    def stay(self, stand: Stand, before: Fix, fix: Fix, slow: bool) -> None:
        """One more fix of the stand in progress."""
        um, by_odometer, owed = self.meter.leg(before, fix)
        if not slow:
            if stand.run is None:
                stand.start_run(fix, self.tally(), self.ignition == ON)
                stand.run_first_um = um
            self._run_on(stand, before, fix, um, by_odometer, owed)
        else:
            if stand.run is not None:
                self.break_run(stand)
            if by_odometer and um:
                share(self.meter.days, before[AT], fix[AT], um)
                stand.um += um
            stand.last = fix
            stand.last_by_odometer = by_odometer
            stand.last_on = self.ignition == ON
        stand.by_odometer = by_odometer
        if stand.parking and slow:
            self.count_only(fix)
            if self.set_aside_ms or self.anew:
                self.forget(fix[AT])
        else:
            self.count(fix)
        if self.ignition < UNKNOWN:
            stand.known = True
        if not stand.parking:
            self._pause_on(stand, before, fix, slow)

    def _pause_on(self, stand: Stand, before: Fix, fix: Fix, slow: bool) -> None:
        """The stand is no parking so far: it may become a pause, or a parking now."""
        at = fix[AT]
        stand.locate(fix)
        on_throughout = self.ignition == ON and self.before_on
        if at - before[AT] > self.limits.long_ms and not on_throughout:
            stand.broken = True
        journey = self.journey
        if journey is not None and self._wander(journey, fix, slow, stand.by_odometer):
            return
        if self.ignition == OFF:
            self.off_parking(at)
        elif slow and at - stand.first[AT] >= self.limits.judge_ms:
            self._judge(stand, at - stand.first[AT])

    def _wander(self, journey: Journey, fix: Fix, slow: bool, by_odometer: bool) -> bool:
        """What a fix of a stand means for the route around it; True when it undoes the departure."""
        if fix[AT] < journey.lead_until:
            journey.lead.append(lead_speed(fix))
        if not journey.far:
            lat, lon, cos = journey.anchor[LAT], journey.anchor[LON], journey.anchor[COS]
            journey.far = between_m(lat, lon, cos, fix[LAT], fix[LON], fix[COS]) >= self.limits.trip_m
        return slow and not journey.confirmed and self.back(journey, fix, by_odometer)

    def _run_on(self, stand: Stand, before: Fix, fix: Fix, um: int, by_odometer: bool, owed: int) -> None:
        """A moving fix within the radius."""
        stand.run_um += um
        share(stand.run_fit if by_odometer else stand.run_pending, before[AT], fix[AT], um)
        if owed > 0:
            stand.run_owed_um += owed
        if fix[COURSE] is not None:
            stand.run_course = fix[COURSE]
        if stand.run is not None and fix[AT] < stand.run[AT] + WINDOW_MS:
            stand.run_speeds.append((fix[AT], lead_speed(fix)))

    def _judge(self, stand: Stand, standing: int) -> None:
        """Z-59 (2) and (3) for the stand so far."""
        limits = self.limits
        if not stand.known and standing >= limits.parking_ms:
            self.park(stand, names.STOOD, standing, "parking_min", limits.parking_ms)
        elif standing >= limits.idle_ms:
            self.park(stand, names.IDLE_LIMIT, standing, "idle_limit", limits.idle_ms)
            if self.ignition == ON:
                self.ignition = UNKNOWN

    def restart(self, at_ms: int) -> None:
        """Z-64: what waits is decided, the route ends at the last fix, everything but the counters begins anew."""
        self.drain()
        if self.ignition == OFF:
            self.off_parking(at_ms)
        before, journey, stand = self.before, self.journey, self.stand
        if before is not None and journey is not None:
            if at_ms - before[AT] > self.limits.gap_ms:
                self.end_by_silence(before, at_ms - before[AT])
            else:
                self.end_here(journey, stand, before)
        if stand is not None:
            self.break_run(stand)
        self.meter.forgive()
        self.meter.value = None
        self.before = self.stand = self.journey = None
        self.before_on = False
        self.provisional = None
        self.ignition = self.tail = UNKNOWN
        self.count_only(None)
        self.set_aside_ms = []
        self.anew = []
