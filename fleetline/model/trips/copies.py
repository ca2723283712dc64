"""Copies of the fold's state, so that a look ahead never changes it, and its form as plain lists."""

from collections import deque
from typing import Any, Final

from fleetline.model.trips.course import Course
from fleetline.model.trips.fixes import Fixes
from fleetline.model.trips.ignition import Ignition
from fleetline.model.trips.journey import Journey
from fleetline.model.trips.ledger import Ledger
from fleetline.model.trips.metres import Meter
from fleetline.model.trips.stands import Stand
from fleetline.model.trips.thresholds import Limits

FIXES: Final = ("chain", "waiting", "window")
IGNITION: Final = tuple(name for name in Ignition.__slots__ if name not in ("limits", "next"))
_APART: Final = ("limits", "meter", "stand", "journey", "closed", "settled_ms")
COURSE: Final = tuple(name for name in Ledger.__slots__ if name not in _APART)
METER: Final = tuple(name for name in Meter.__slots__ if name != "limits")
STAND: Final = tuple(Stand.__slots__)
JOURNEY: Final = tuple(name for name in Journey.__slots__ if name != "left")


def values(thing: object, names: tuple[str, ...]) -> list[Any]:
    """The named attributes in order; containers are the thing's own, not copies."""
    return [getattr(thing, name) for name in names]


def fill(thing: Any, names: tuple[str, ...], content: list[Any]) -> Any:
    """Set the named attributes and return the thing."""
    for name, value in zip(names, content, strict=True):
        setattr(thing, name, value)
    return thing


def own(value: Any) -> Any:
    """The same value, sharing no list that the fold changes in place."""
    if type(value) is list:
        return [own(item) if type(item) is list else item for item in value]
    return value


def copy_stand(stand: Stand | None) -> Stand | None:
    if stand is None:
        return None
    copy: Stand = fill(Stand.__new__(Stand), STAND, [own(value) for value in values(stand, STAND)])
    return copy


def copy_course(course: Course) -> Course:
    """An independent copy with the same limits."""
    copy: Course = fill(Course.__new__(Course), COURSE, [own(value) for value in values(course, COURSE)])
    copy.limits = course.limits
    copy.closed = []
    copy.settled_ms = 0
    copy.meter = Meter.__new__(Meter)
    fill(copy.meter, METER, [own(value) for value in values(course.meter, METER)])
    copy.meter.limits = course.limits
    copy.stand = copy_stand(course.stand)
    copy.journey = None
    if course.journey is not None:
        copy.journey = Journey.__new__(Journey)
        fill(copy.journey, JOURNEY, [own(value) for value in values(course.journey, JOURNEY)])
        copy.journey.left = copy_stand(course.journey.left)
    return copy


def copy_ignition(ignition: Ignition, following: Course) -> Ignition:
    copy: Ignition = fill(Ignition.__new__(Ignition), IGNITION, [own(value) for value in values(ignition, IGNITION)])
    copy.limits = ignition.limits
    copy.next = following
    return copy


def copy_fixes(fixes: Fixes, following: Ignition) -> Fixes:
    copy = Fixes(fixes.limits, following)
    copy.window = deque(fixes.window)
    copy.waiting = list(fixes.waiting)
    copy.chain = fixes.chain
    return copy


def plain(fixes: Fixes, ignition: Ignition, course: Course) -> list[Any]:
    """The whole state as lists of numbers, booleans and text."""
    journey = course.journey
    return [
        [fixes.chain, fixes.waiting, list(fixes.window)],
        values(ignition, IGNITION),
        values(course, COURSE),
        values(course.meter, METER),
        None if course.stand is None else values(course.stand, STAND),
        None if journey is None else values(journey, JOURNEY),
        None if journey is None or journey.left is None else values(journey.left, STAND),
    ]


def rebuilt(state: list[Any], limits: Limits) -> tuple[Fixes, Ignition, Course]:
    """What `plain` took apart."""
    course = Course(limits)
    fill(course, COURSE, state[2])
    fill(course.meter, METER, state[3])
    if state[4] is not None:
        course.stand = fill(Stand.__new__(Stand), STAND, state[4])
    if state[5] is not None:
        course.journey = fill(Journey.__new__(Journey), JOURNEY, state[5])
        course.journey.left = None
        if state[6] is not None:
            course.journey.left = fill(Stand.__new__(Stand), STAND, state[6])
    ignition: Ignition = fill(Ignition(limits, course), IGNITION, state[1])
    fixes = Fixes(limits, ignition)
    fixes.chain, fixes.waiting = state[0][0], state[0][1]
    fixes.window = deque(tuple(place) for place in state[0][2])
    return fixes, ignition, course
