"""The route in progress: where it began, what it has covered, and the record it becomes (Z-60, Z-61, Z-68)."""

from collections.abc import Sequence
from typing import Any, Final

from fleetline.model.trips.fixes import AT, DERIVED, LAT, LON, SPEED, WINDOW_MS, Fix, integer_speed
from fleetline.model.trips.metres import Days
from fleetline.model.trips.routes import SILENT_MOVE, Evidence, Pause, Route, group
from fleetline.model.trips.stands import Stand, Tally
from fleetline.model.trips.thresholds import Limits

REPORTED: Final = -1


class Journey:
    """Movement since a parking; it becomes a route once it is long and far enough.

    origin     first fix; rule and evidence why; since_midnight_um metres of its day before it
    anchor     the place it must get away from; left  the parking it may yet return to, None once confirmed
    far        some fix was min_trip_distance from the anchor
    confirmed  far, and min_trip_duration has passed: its metres count
    continued  it goes on from a route that met the length limit: confirmed from the first, yet no route until far
    metres_um  from the origin to the last fix before the stand in progress; pending  what counts once confirmed
    pauses     [kind, start_ms, end_ms, since_origin_um, lat_e7, lon_e7, off_ms, standing_ms] each
    lead       see Route; grows until lead_until
    """

    __slots__ = (
        "anchor",
        "confirmed",
        "continued",
        "evidence",
        "far",
        "lead",
        "lead_until",
        "left",
        "metres_um",
        "origin",
        "pauses",
        "pending",
        "rule",
        "since_midnight_um",
    )

    def __init__(self, origin: Fix, rule: str, evidence: Any, anchor: Fix) -> None:
        self.origin = origin
        self.rule = rule
        self.evidence = evidence
        self.anchor = anchor
        self.since_midnight_um = 0
        self.left: Stand | None = None
        self.far = False
        self.confirmed = False
        self.continued = False
        self.metres_um = 0
        self.pending: Days = []
        self.pauses: list[Any] = []
        self.lead_until = origin[AT] + WINDOW_MS
        self.lead: list[int] = [lead_speed(origin)]

    def exists(self, destination_ms: int, far: bool, limits: Limits) -> bool:
        """It is a route when it ends there."""
        if self.continued:
            return far and destination_ms - self.origin[AT] >= limits.trip_ms
        return self.confirmed


def lead_speed(fix: Fix) -> int:
    """The integer speed of a fix when it was derived."""
    return integer_speed(fix[SPEED]) if fix[DERIVED] else REPORTED


def evidence_of(item: Any) -> Evidence | None:
    return None if item is None else Evidence(*item)


def _pause(kind: int, start: int, end: int, um: int, lat: int, lon: int, off: int, stood: int) -> Pause:
    return Pause(kind, start, end, um, lat, lon, False, off, stood)


def route_of(
    journey: Journey,
    destination: Fix,
    tally: Tally,
    metres_um: int,
    rule: str,
    evidence: Any,
    doubts: tuple[Sequence[int], Sequence[int]],
    limits: Limits,
    settled_ms: int,
) -> Route:
    """The record of a journey that ends at `destination`; doubts: (set aside, re-anchored) times so far."""
    origin = journey.origin
    begin, end = origin[AT], destination[AT]
    pauses = [_pause(*item) for item in journey.pauses]
    lead = journey.lead[: tally[0]]
    return Route(
        origin_ms=begin,
        destination_ms=end,
        origin_rule=journey.rule,
        destination_rule=rule,
        origin_evidence=evidence_of(journey.evidence),
        destination_evidence=evidence_of(evidence),
        origin_lat_e7=origin[LAT],
        origin_lon_e7=origin[LON],
        destination_lat_e7=destination[LAT],
        destination_lon_e7=destination[LON],
        since_midnight_um=journey.since_midnight_um,
        metres_um=metres_um,
        fixes=tally[0],
        speed_sum=tally[1],
        speed_count=tally[2],
        late=tally[3],
        ignition_seen=tally[4],
        pauses=group(pauses, limits.group_m),
        set_aside_ms=tuple(at for at in doubts[0] if begin < at < end),
        anew_ms=tuple(at for at in doubts[1] if begin <= at <= end),
        lead=tuple(lead) if any(speed != REPORTED for speed in lead) else (),
        settled_ms=settled_ms,
    )


def silent_route(
    before: Fix, fix: Fix, evidence: Any, since_midnight_um: int, metres_um: int, tally: Tally, settled_ms: int
) -> Route:
    """Two fixes a long silence apart, and the vehicle clearly moved in between (Z-63)."""
    rule = SILENT_MOVE
    return Route(
        origin_ms=before[AT],
        destination_ms=fix[AT],
        origin_rule=rule,
        destination_rule=rule,
        origin_evidence=evidence_of(evidence),
        destination_evidence=evidence_of(evidence),
        origin_lat_e7=before[LAT],
        origin_lon_e7=before[LON],
        destination_lat_e7=fix[LAT],
        destination_lon_e7=fix[LON],
        since_midnight_um=since_midnight_um,
        metres_um=metres_um,
        fixes=tally[0],
        speed_sum=tally[1],
        speed_count=tally[2],
        late=tally[3],
        ignition_seen=tally[4],
        lead=(lead_speed(before), lead_speed(fix)) if before[DERIVED] or fix[DERIVED] else (),
        settled_ms=settled_ms,
    )
