"""Routes and pauses as records, with the figures that follow from them."""

from collections.abc import Sequence
from typing import Final

import msgspec

from fleetline.model.geo import great_circle_m

DAY_MS: Final = 86_400_000

LEFT_STANDING: Final = "left_standing"
FIRST_SEEN_MOVING: Final = "first_seen_moving"
IGNITION_CONTRADICTED: Final = "ignition_contradicted"
CONTINUED: Final = "continued"
SILENT_MOVE: Final = "silent_move"
IGNITION_OFF: Final = "ignition_off"
STOOD: Final = "stood"
IDLE_LIMIT: Final = "idle_limit"
SILENCE: Final = "silence"
REFITTED: Final = "refitted"
LENGTH_LIMIT: Final = "length_limit"
OPEN: Final = "open"

PAUSE_IGNITION_OFF: Final = 1
PAUSE_LONG_STOPPED: Final = 2

SEEN_OFF: Final = 1
SEEN_ON: Final = 2
SEEN_UNKNOWN: Final = 4


class Evidence(msgspec.Struct, frozen=True, array_like=True):
    """What was measured beside the threshold it met; `unit` is `s`, `m` or `km/h`, `threshold` the name of the key."""

    measured: float
    limit: float
    unit: str
    threshold: str


class Pause(msgspec.Struct, frozen=True, array_like=True):
    """A stand reported inside a route.

    kind             1 ignition off, 2 long stopped
    start_ms         first fix of the stand; end_ms its departure
    since_origin_um  micrometres of the route before it
    lat_e7, lon_e7   median latitude and median longitude of the stand's fixes
    grouped          another pause of the same route lies within group_radius
    off_ms           longest unbroken ignition off in it; standing_ms its standing time (Z-58)
    """

    kind: int
    start_ms: int
    end_ms: int
    since_origin_um: int
    lat_e7: int
    lon_e7: int
    grouped: bool
    off_ms: int
    standing_ms: int


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """One movement from a parking to the next; key: device and `origin_ms`.

    day               UTC day it is booked on (days since 1970-01-01): that of its origin
    since_midnight_um micrometres of that day before the origin; with the counter the day began with this is the
                      uncalibrated counter at the origin (mileage.py)
    metres_um         its own length; counter at the destination = counter at the origin + this
    *_evidence        measured values beside the thresholds that made the rule hold
    ignition_seen     sum of SEEN_OFF, SEEN_ON, SEEN_UNKNOWN over its fixes
    fixes             kept fixes from origin to destination, both included: the points of `route_points`
    late              those of them received more than offline_after after their own time
    set_aside_ms      times of the fixes between that lost their position; anew_ms first fixes of a re-anchoring
    lead              integer speeds of the first fixes where they were derived from fixes before the origin, -1 for
                      a reported one; empty when none was
    speed_sum, speed_count   over the integer speeds that are not 0
    settled_ms        time of the report whose feeding settled it; 0 while it is open or closed by the clock only
    """

    origin_ms: int
    destination_ms: int
    origin_rule: str
    destination_rule: str
    origin_evidence: Evidence | None
    destination_evidence: Evidence | None
    origin_lat_e7: int
    origin_lon_e7: int
    destination_lat_e7: int
    destination_lon_e7: int
    since_midnight_um: int
    metres_um: int
    fixes: int
    late: int
    speed_sum: int
    speed_count: int
    ignition_seen: int
    pauses: tuple[Pause, ...] = ()
    set_aside_ms: tuple[int, ...] = ()
    anew_ms: tuple[int, ...] = ()
    lead: tuple[int, ...] = ()
    settled_ms: int = 0

    @property
    def day(self) -> int:
        return self.origin_ms // DAY_MS

    @property
    def metres_m(self) -> float:
        return self.metres_um / 1e6

    @property
    def is_open(self) -> bool:
        return self.destination_rule == OPEN


def half_up(numerator: int, denominator: int) -> int:
    """The whole number nearest to a quotient of whole numbers >= 0, halves upwards; exact."""
    return (2 * numerator + denominator) // (2 * denominator)


def pause_duration_ms(route: Route) -> int:
    """Sum of end - start over the pauses, from the printed whole seconds."""
    return sum(pause.end_ms // 1000 - pause.start_ms // 1000 for pause in route.pauses) * 1000


def average_speed(route: Route) -> float:
    """Mean of the integer speeds that are not 0, km/h, two decimals half up; 0.0 if there is none."""
    if route.speed_count == 0:
        return 0.0
    return half_up(100 * route.speed_sum, route.speed_count) / 100


def average_speed_distance(route: Route) -> float:
    """Metres over the time without pauses, km/h, two decimals half up; 0.0 if no time is left.

    Times are the printed whole seconds, so a client that divides gets the same.
    """
    seconds = route.destination_ms // 1000 - route.origin_ms // 1000 - pause_duration_ms(route) // 1000
    if seconds <= 0:
        return 0.0
    return half_up(route.metres_um * 360, seconds * 1_000_000) / 100


def group(pauses: Sequence[Pause], radius_m: float) -> tuple[Pause, ...]:
    """The same pauses, each marked `grouped` when another one lies within the radius."""
    if len(pauses) < 2:
        return tuple(pauses)
    marked = []
    for index, pause in enumerate(pauses):
        near = any(
            great_circle_m(pause.lat_e7, pause.lon_e7, other.lat_e7, other.lon_e7) <= radius_m
            for position, other in enumerate(pauses)
            if position != index
        )
        marked.append(msgspec.structs.replace(pause, grouped=near))
    return tuple(marked)


def median_e7(values: Sequence[int]) -> int:
    """The middle value; of two middle ones the lower half-way integer."""
    ordered = sorted(values)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) // 2
