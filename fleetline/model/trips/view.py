"""What a fold shows at a moment: the open route and the live state, by its reports and the clock."""

from collections.abc import Mapping
from dataclasses import dataclass

from fleetline.model.trips import routes as names
from fleetline.model.trips.copies import copy_course, copy_fixes, copy_ignition
from fleetline.model.trips.course import Course
from fleetline.model.trips.fixes import AT, LAT, LON, OFF, ON, SPEED, UNKNOWN, Fixes
from fleetline.model.trips.ignition import Ignition


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """One moment of one device.

    routes           those not settled yet, ascending: what the newest report closes if no other follows, then the route
                     in progress (`open`) or one that only the clock has closed
    days             UTC day -> micrometres so far, of the days that may still change
    first_odometer   (at_ms, metres, UTC day, micrometres of that day by then) of Z-70, None before
    ignition         True, False, None: unknown
    moved            some fix has left a stand; standing: the latest fix is in one; resting: that is a parking by the
                     reports alone; parked: or by the clock, or the device fell silent in it
    parked_at_ms     first fix of the parking; None while not parked
    active_ms        time of the latest active report; heading_e2 of the latest moving fix, 0.01 degree
    fix_ms, lat_e7, lon_e7, speed_e2   latest kept fix, with its speed as judged (Z-51)
    parking_due_ms   from then on the clock alone makes it a parking; silence_due_ms: the clock closes the route after
                     this moment; None where the clock changes nothing any more
    """

    routes: tuple[names.Route, ...]
    days: Mapping[int, int]
    first_odometer: tuple[int, int, int, int] | None
    ignition: bool | None
    moved: bool
    standing: bool
    resting: bool
    parked: bool
    parked_at_ms: int | None
    active_ms: int | None
    heading_e2: int | None
    fix_ms: int | None
    lat_e7: int | None
    lon_e7: int | None
    speed_e2: float | None
    parking_due_ms: int | None
    silence_due_ms: int | None

    def parked_by(self, moment_ms: int) -> bool:
        """In a parking at a moment not before the newest report, silence aside."""
        return self.resting or (self.parking_due_ms is not None and self.parking_due_ms <= moment_ms)


def look_ahead(fixes: Fixes, ignition: Ignition, course: Course) -> Course:
    """A copy of the course in which everything that waits for a later report is taken as it stands."""
    ahead = copy_course(course)
    if fixes.waiting or ignition.changing or ignition.run:
        second = copy_ignition(ignition, ahead)
        copy_fixes(fixes, second).give_up()
        second.drain()
    ahead.drain()
    return ahead


def _route(ahead: Course, metres_um: int, now_ms: int) -> tuple[names.Route | None, bool]:
    """The route in progress at `now_ms`, and whether the clock has made the stand a parking."""
    journey, stand, limits, newest = ahead.journey, ahead.stand, ahead.limits, ahead.before
    if newest is None:
        return None, False
    silent_ms = newest[AT] + limits.gap_ms
    off_ms = ahead.off_ms + limits.parking_ms
    by_clock = stand is not None and not stand.parking and ahead.ignition == OFF and off_ms <= min(now_ms, silent_ms)
    if journey is None:
        return None, by_clock
    rule, end, tally, far = names.OPEN, newest, ahead.tally(), journey.far
    evidence = None
    if by_clock:
        rule = names.IGNITION_OFF
        evidence = ((now_ms - ahead.off_ms) / 1000, limits.parking_ms / 1000, "s", "parking_min")
    elif now_ms > silent_ms:
        rule = names.SILENCE
        evidence = ((now_ms - newest[AT]) / 1000, limits.gap_ms / 1000, "s", "gap_split")
    if rule != names.OPEN and stand is not None:
        end, tally, far = stand.first, stand.at_first, stand.far_first
        metres_um = journey.metres_um
    if not journey.exists(end[AT], far, limits):
        return None, by_clock
    return ahead.record(journey, end, tally, metres_um, rule, evidence), by_clock


def look(ahead: Course, now_ms: int) -> View:
    """The view at `now_ms` of what `look_ahead` made; a departure that only the next fix confirms counts no metres."""
    stand, newest, limits = ahead.stand, ahead.before, ahead.limits
    silent_ms = None if newest is None else newest[AT] + limits.gap_ms
    silent = silent_ms is not None and now_ms > silent_ms
    metres_um, days = ahead.counted() if silent or ahead.provisional is None else ahead.provisional
    route, by_clock = _route(ahead, metres_um, now_ms)
    may_park = stand is not None and not stand.parking and ahead.ignition == OFF
    closed = ahead.journey is None or (route is not None and not route.is_open)
    parked = stand is not None and (stand.parking or by_clock or silent)
    odometer = ahead.first_odometer
    return View(
        routes=(*ahead.closed, route) if route is not None else tuple(ahead.closed),
        days={item[0]: item[1] for item in days},
        first_odometer=None if odometer is None else (odometer[0], odometer[1], odometer[2], odometer[3]),
        ignition=None if ahead.ignition >= UNKNOWN else ahead.ignition == ON,
        moved=ahead.moved,
        standing=stand is not None,
        resting=stand is not None and stand.parking,
        parked=parked,
        parked_at_ms=stand.first[AT] if stand is not None and parked else None,
        active_ms=ahead.active_ms,
        heading_e2=ahead.angle_e2,
        fix_ms=None if newest is None else newest[AT],
        lat_e7=None if newest is None else newest[LAT],
        lon_e7=None if newest is None else newest[LON],
        speed_e2=None if newest is None else newest[SPEED],
        parking_due_ms=ahead.off_ms + limits.parking_ms if may_park else None,
        silence_due_ms=None if closed else silent_ms,
    )
