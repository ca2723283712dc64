"""How a device leaves a stand and travels: departures, legs, silences, the length limit (Z-57, Z-60 to Z-65)."""

from typing import Any, Final

from fleetline.model.trips import routes as names
from fleetline.model.trips.fixes import (
    ANEW,
    AT,
    CONTRADICTED,
    COURSE,
    IGNITION,
    LAT,
    LEG,
    LON,
    NOT_REPORTED,
    OFF,
    ON,
    UNKNOWN,
    Fix,
)
from fleetline.model.trips.journey import Journey, lead_speed, silent_route
from fleetline.model.trips.ledger import Ledger, apart_m
from fleetline.model.trips.metres import JUMP_M, Days, book, merge, micrometres, share, total
from fleetline.model.trips.stands import Stand, pause_kind, quiet, standing_ms

LENGTH_MS: Final = 86_400_000
Leg = tuple[int, bool, int]


class Drive(Ledger):
    """The moving half of a course."""

    __slots__ = ()

    def leave(self, stand: Stand, before: Fix, fix: Fix, slow: bool, by_speed: bool) -> None:
        """`fix` leaves the stand."""
        leg = self.meter.leg(before, fix)
        by_run = by_speed and not slow and stand.run is not None
        if by_run:
            last, by_odometer, last_on = stand.last, stand.last_by_odometer, stand.last_on
            if stand.run_course is not None:
                self.angle_e2 = stand.run_course
        else:
            last, by_odometer, last_on = before, stand.by_odometer, self.before_on
            if stand.run is not None:
                self.break_run(stand)
                stand.settle_on(before, by_odometer, last_on)
                if stand.parking:
                    self.count_only(before)
        departure, known, off_ms, broken, count, on = stand.departure(fix, by_run)
        on = on if by_run else self.ignition == ON
        standing = standing_ms(stand, last)
        if last is not None and not stand.parking:
            leg_ms = departure[AT] - last[AT]
            if quiet(departure[LEG], leg_ms, self.limits):
                standing += leg_ms
                broken = broken or (leg_ms > self.limits.long_ms and not (on and last_on))
            self._judge_left(stand, standing, known, fix)
        if stand.parking:
            self._depart(stand, last, departure, leg, by_run)
        elif last is not None and self.journey is not None:
            kind = pause_kind(off_ms, standing, broken, self.limits)
            if kind:
                lat = stand.first[LAT] + names.median_e7(stand.lats[:count])
                lon = stand.first[LON] + names.median_e7(stand.lons[:count])
                times = (stand.first[AT], departure[AT], self.journey.metres_um)
                self.journey.pauses.append([kind, *times, lat, lon, off_ms, standing])
            self._go_on(stand, self.journey, last, by_odometer)
        self.stand = None
        self.moved = True
        if self.journey is not None:
            counted = by_run or self.journey.origin is not fix
            self.advance(before, fix, slow, leg, self.journey, counted)

    def _judge_left(self, stand: Stand, standing: int, known: bool, fix: Fix) -> None:
        """Z-59 (2) and (3), now that the leg to the departure is known."""
        limits = self.limits
        if not known and standing >= limits.parking_ms:
            self.park(stand, names.STOOD, standing, "parking_min", limits.parking_ms)
        elif standing >= limits.idle_ms:
            self.park(stand, names.IDLE_LIMIT, standing, "idle_limit", limits.idle_ms)
            if self.ignition == ON and fix[IGNITION] == NOT_REPORTED:
                self.ignition = UNKNOWN

    def _depart(self, stand: Stand, last: Fix | None, departure: Fix, leg: Leg, by_run: bool) -> None:
        """A parking is left: a route may begin."""
        limits = self.limits
        evidence: Any = None
        origin, rule = departure, names.FIRST_SEEN_MOVING
        if last is not None:
            leg_ms = departure[AT] - last[AT]
            evidence = (leg_ms / 1000, limits.parking_ms / 1000, "s", "parking_min")
            if leg_ms < limits.parking_ms:
                origin, rule = last, names.LEFT_STANDING
            elif not quiet(departure[LEG], leg_ms, limits):
                origin, rule = last, names.LEFT_STANDING
                evidence = (departure[LEG] * 3600.0 / leg_ms, limits.quiet_kmh, "km/h", "quiet_speed")
        if self.ignition == CONTRADICTED:
            rule, evidence = names.IGNITION_CONTRADICTED, (self.tow_m, limits.tow_m, "m", "tow_distance")
        journey = Journey(origin, rule, evidence, stand.first)
        journey.left = stand
        day = origin[AT] // names.DAY_MS
        journey.since_midnight_um = total(self.meter.days, day)
        journey.metres_um = stand.run_um
        if origin is departure and last is not None:
            first_um = stand.run_first_um if by_run else leg[0]
            parts: Days = []
            share(parts, last[AT], departure[AT], first_um)
            journey.since_midnight_um += total(parts, day)
            if by_run:
                journey.metres_um -= first_um
            self._uncount(stand, last, by_run)
        merge(self.meter.days, stand.run_fit)
        journey.pending = stand.run_pending
        journey.lead += [speed for at, speed in stand.run_speeds if origin[AT] < at < journey.lead_until]
        if stand.run_owed_um and stand.run is not None:
            self.meter.owe(stand.run[AT], stand.run[AT], stand.run_owed_um)
        stand.end_run()
        self.journey = journey

    def _uncount(self, stand: Stand, last: Fix, by_run: bool) -> None:
        """The parking's last fix is no part of the route after all."""
        tally = self.tally()
        self.count_only(last)
        own = self.tally()
        self.fixes = tally[0] - own[0]
        self.speed_sum = tally[1] - own[1]
        self.speed_count = tally[2] - own[2]
        self.late = tally[3] - own[3]
        self.seen = tally[4] if by_run else 0

    def _inside_um(self, stand: Stand, last: Fix, by_odometer: bool) -> int:
        """Metres of a stand that is no parking: by odometer, or the straight line from its first fix to its last."""
        if by_odometer or last is stand.first or last[AT] == stand.first[AT]:
            return stand.um
        return stand.um + micrometres(apart_m(stand.first, last))

    def _go_on(self, stand: Stand, journey: Journey, last: Fix, by_odometer: bool) -> None:
        """The route goes on after a stand that did not end it."""
        inside = self._inside_um(stand, last, by_odometer)
        journey.metres_um += inside + stand.run_um
        days = self.meter.days if journey.confirmed else journey.pending
        if inside > stand.um:
            book(days, last[AT] // names.DAY_MS, inside - stand.um)
        merge(days, stand.run_pending)
        merge(self.meter.days, stand.run_fit)
        if stand.run_owed_um and stand.run is not None:
            self.meter.owe(stand.run[AT], stand.run[AT], stand.run_owed_um)

    def break_run(self, stand: Stand) -> None:
        """A slow fix: the run was part of the stand."""
        for day, um in stand.run_fit:
            book(self.meter.days, day, um)
            stand.um += um
        stand.end_run()

    def advance(self, before: Fix, fix: Fix, slow: bool, leg: Leg, journey: Journey, counted: bool) -> None:
        """One fix outside a stand; `counted`: its leg belongs to the route."""
        um, by_odometer, owed = leg
        at = fix[AT]
        self.count(fix)
        if counted:
            journey.metres_um += um
        if by_odometer:
            share(self.meter.days, before[AT], at, um)
            if owed:
                self.meter.owe(before[AT], at, owed)
        else:
            share(self.meter.days if journey.confirmed else journey.pending, before[AT], at, um)
            if owed < 0:
                self._pay(journey)
        if at < journey.lead_until and journey.origin is not fix:
            journey.lead.append(lead_speed(fix))
        if not (journey.confirmed and journey.far) and self.tentative(journey, fix, slow, by_odometer):
            return
        if slow:
            self.stop(fix, by_odometer, journey)
            if self.ignition == OFF:
                self.off_parking(at)
            return
        self.active_ms = at
        if fix[COURSE] is not None:
            self.angle_e2 = fix[COURSE]
        if at - journey.origin[AT] >= LENGTH_MS and journey.confirmed:
            self._split(journey, fix)

    def off_parking(self, at: int) -> None:
        """Z-59 (1), unless the device had been silent for too long before."""
        stand, limits = self.stand, self.limits
        if stand is None or stand.parking or at - self.off_ms < limits.parking_ms:
            return
        newest = stand.first[AT] if self.before is None else max(self.before[AT], stand.first[AT])
        if self.off_ms + limits.parking_ms <= newest + limits.gap_ms:
            self.park(stand, names.IGNITION_OFF, at - self.off_ms, "parking_min", limits.parking_ms)

    def _pay(self, journey: Journey) -> None:
        """The odometer is stuck: the legs it hid count after all."""
        journey.metres_um += self.meter.owed_um
        merge(self.meter.days if journey.confirmed else journey.pending, self.meter.owed_days)
        self.meter.forgive()

    def tentative(self, journey: Journey, fix: Fix, slow: bool, by_odometer: bool) -> bool:
        """Z-61: confirm the departure, or undo it and say so."""
        if not journey.far:
            journey.far = apart_m(journey.anchor, fix) >= self.limits.trip_m
        if journey.confirmed:
            return False
        if journey.far and fix[AT] - journey.origin[AT] >= self.limits.trip_ms:
            journey.confirmed = True
            journey.left = None
            merge(self.meter.days, journey.pending)
            journey.pending = []
            return False
        return slow and self.back(journey, fix, by_odometer)

    def back(self, journey: Journey, fix: Fix, by_odometer: bool) -> bool:
        """A slow fix back at the place left, before the route existed: the parking goes on as if never left."""
        stand = journey.left
        if stand is None or journey.confirmed or apart_m(journey.anchor, fix) > self.limits.drift_m:
            return False
        stand.end_run()
        stand.settle_on(fix, by_odometer, self.ignition == ON)
        stand.by_odometer = by_odometer
        self.stand = stand
        self.journey = None
        self.meter.forgive()
        self.count_only(fix)
        self.forget(fix[AT])
        return True

    def _split(self, journey: Journey, fix: Fix) -> None:
        """Z-65: no route holds much more than a day."""
        evidence = ((fix[AT] - journey.origin[AT]) / 1000, LENGTH_MS / 1000, "s", "length_limit")
        self.close(journey, fix, self.tally(), journey.metres_um, journey.far, names.LENGTH_LIMIT, evidence)
        following = Journey(fix, names.CONTINUED, evidence, fix)
        following.confirmed = following.continued = True
        following.since_midnight_um = total(self.meter.days, fix[AT] // names.DAY_MS)
        self.journey = following
        self.meter.forgive()
        self.count_only(fix)
        self.forget(fix[AT])

    def silence(self, before: Fix, fix: Fix) -> None:
        """Z-63: more than gap_split between two fixes."""
        gap_ms = fix[AT] - before[AT]
        um, by_odometer, _ = self.meter.leg(before, fix)
        if self.stand is not None:
            self.break_run(self.stand)
            if self.ignition == OFF:
                self.off_parking(fix[AT])
        anchor = self.end_by_silence(before, gap_ms)
        speed_kmh = fix[LEG] * 3600.0 / gap_ms
        if not fix[ANEW] and fix[LEG] >= self.limits.trip_m and not quiet(fix[LEG], gap_ms, self.limits):
            if self.journey is not None and not self.journey.confirmed:
                self.straight(self.journey.anchor, before)
            since = total(self.meter.days, before[AT] // names.DAY_MS)
            evidence = (speed_kmh, self.limits.quiet_kmh, "km/h", "quiet_speed")
            self.count_only(before)
            self.count(fix)
            self.closed.append(silent_route(before, fix, evidence, since, um, self.tally(), self.settled_ms))
        elif not by_odometer and anchor is not None:
            metres = apart_m(anchor, fix)
            jump = fix[ANEW] and metres > JUMP_M
            um = micrometres(metres) if metres > self.limits.drift_m and not jump else 0
        share(self.meter.days, before[AT], fix[AT], um)
        self.meter.forgive()
        self.journey = None

    def end_by_silence(self, before: Fix, gap_ms: int) -> Fix | None:
        """Close the open route; returns the place from which a move without a route is measured, None: the last fix."""
        journey, stand = self.journey, self.stand
        if journey is not None:
            evidence = (gap_ms / 1000, self.limits.gap_ms / 1000, "s", "gap_split")
            if stand is None:
                self.close(journey, before, self.tally(), journey.metres_um, journey.far, names.SILENCE, evidence)
            else:
                self.close(
                    journey, stand.first, stand.at_first, journey.metres_um, stand.far_first, names.SILENCE, evidence
                )
            if not journey.confirmed:
                return journey.anchor
        return None if stand is None else stand.first

    def end_here(self, journey: Journey, stand: Stand | None, before: Fix) -> None:
        """The route ends at its last fix although nothing has stopped it: the vehicle lost the device."""
        metres_um = journey.metres_um
        if stand is not None:
            self.break_run(stand)
            inside = self._inside_um(stand, before, stand.by_odometer)
            metres_um += inside
            if journey.confirmed and inside > stand.um:
                book(self.meter.days, before[AT] // names.DAY_MS, inside - stand.um)
        self.close(journey, before, self.tally(), metres_um, journey.far, names.REFITTED, None)
        if not journey.confirmed:
            self.straight(journey.anchor, before)
