"""What vehicles and devices did: trips with their stops, stored reports, sums per day."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Final

import msgspec

from fleetline.api.dialects.own.calls import Query, id_in_path, query_of
from fleetline.api.dialects.own.replies import answer, withheld
from fleetline.api.dialects.own.tracks import FILES, position_columns, thinned
from fleetline.api.http import Request, Response
from fleetline.core import fleet
from fleetline.core import vehicle_history as past
from fleetline.core.views import RouteView
from fleetline.model.errors import Invalid
from fleetline.model.registry import Kind
from fleetline.model.settling import DAY_MS
from fleetline.model.trips.routes import Evidence, Pause, average_speed, average_speed_distance

if TYPE_CHECKING:
    from fleetline.core.workspace import Workspace

LONGEST_POSITIONS_MS: Final = 32 * DAY_MS
DEFAULT_SPAN_MS: Final = DAY_MS
PAUSES: Final = {1: "ignition_off", 2: "long_stop"}
FORMATS: Final = ("json", *FILES)


class EvidenceShown(msgspec.Struct, frozen=True):
    """What was measured beside the limit it met."""

    measured: float
    limit: float
    unit: str
    threshold: str


class StopShown(msgspec.Struct, frozen=True):
    """A stop within a trip; `kind` is ignition_off or long_stop."""

    kind: str
    from_at_ms: int
    until_at_ms: int
    lat_e7: int | None
    lon_e7: int | None
    mileage_km: float | None


class Line(msgspec.Struct, frozen=True):
    """The kept fixes from origin to destination; null lists where the positions are gone or withheld."""

    at_ms: list[int] | None
    lat_e7: list[int] | None
    lon_e7: list[int] | None
    speed_kmh: list[int] | None


class Trip(msgspec.Struct, frozen=True, kw_only=True):
    """One movement from a parking to the next.

    *_rule, *_evidence  why it begins and ends there; `open` while no parking has ended it
    average_speed_kmh   mean of the speeds that are not 0; overall_speed_kmh: distance over the time without stops
    """

    device_id: int
    from_at_ms: int
    until_at_ms: int
    open: bool
    from_rule: str
    until_rule: str
    from_evidence: EvidenceShown | None
    until_evidence: EvidenceShown | None
    from_lat_e7: int | None
    from_lon_e7: int | None
    until_lat_e7: int | None
    until_lon_e7: int | None
    distance_km: float | None
    from_mileage_km: float | None
    until_mileage_km: float | None
    average_speed_kmh: float
    overall_speed_kmh: float | None
    stops: list[StopShown]
    fixes: int
    late_fixes: int
    line: Line | None


class Trips(msgspec.Struct, frozen=True):
    """Trips that touch the span, ascending; null where trips are withheld.

    missing  devices that rode here then and were deleted since: only who sees all of the account sees their past
    """

    from_at_ms: int
    to_at_ms: int
    items: list[Trip] | None
    missing: list[int]


class Day(msgspec.Struct, frozen=True):
    """One UTC day that has trips; a trip counts whole on the day it begins."""

    date: str
    trips: int
    distance_km: float | None
    driving_s: int
    from_at_ms: int
    until_at_ms: int


class Days(msgspec.Struct, frozen=True):
    """Null where trips are withheld; `missing` as in Trips."""

    items: list[Day] | None
    missing: list[int]


def span(asked: Query, now_ms: int) -> tuple[int, int]:
    """(from, to) of the query; the day up to now without either. errors: Invalid"""
    to_ms, from_ms = asked.instant("to"), asked.instant("from")
    to_ms = to_ms if to_ms is not None else now_ms if from_ms is None or from_ms < now_ms else from_ms + DEFAULT_SPAN_MS
    from_ms = max(0, to_ms - DEFAULT_SPAN_MS) if from_ms is None else from_ms
    if from_ms >= to_ms:
        raise Invalid("to", "must lie after from")
    return from_ms, to_ms


async def _stretches(workspace: "Workspace", request: Request, from_ms: int, to_ms: int) -> list[past.Stretch]:
    archived = query_of(request).flag("archived") or False
    if "vehicle_id" in request.params:
        number = id_in_path(request, "vehicle_id", "vehicle")
        return await past.stretches_of_vehicle(workspace, number, from_ms, to_ms, archived=archived)
    number = id_in_path(request, "device_id", "device")
    return await past.stretches_of_device(workspace, number, from_ms, to_ms, archived=archived)


async def trips(workspace: "Workspace", request: Request) -> Response:
    asked = query_of(request)
    from_ms, to_ms = span(asked, request.received_at_ms)
    request.notes.asked = f"{from_ms}..{to_ms}"
    withhold, points = workspace.principal.permissions.withhold, asked.flag("points") or False
    stretches = await _stretches(workspace, request, from_ms, to_ms)
    if "routes" in withhold:
        return answer(Trips(from_ms, to_ms, None, []), headers=withheld(workspace))
    found = await past.routes(workspace, stretches, points=points)
    items = [trip_shown(device, view, withhold, points) for device, view in found.items]
    return answer(Trips(from_ms, to_ms, items, found.missing), headers=withheld(workspace))


def trip_shown(device_id: int, view: RouteView, withhold: frozenset[str], points: bool) -> Trip:
    route, place, mileage = view.route, "location" not in withhold, "mileage" not in withhold
    pairs = zip(route.pauses, view.pause_mileage_m, strict=True)
    return Trip(
        device_id=device_id, from_at_ms=route.origin_ms, until_at_ms=route.destination_ms, open=route.is_open,
        from_rule=route.origin_rule, until_rule=route.destination_rule, from_evidence=_evidence(route.origin_evidence),
        until_evidence=_evidence(route.destination_evidence),
        from_lat_e7=route.origin_lat_e7 if place else None, from_lon_e7=route.origin_lon_e7 if place else None,
        until_lat_e7=route.destination_lat_e7 if place else None,
        until_lon_e7=route.destination_lon_e7 if place else None,
        distance_km=round(route.metres_m / 1000, 3) if mileage else None,
        from_mileage_km=round(view.origin_mileage_m / 1000, 1) if mileage else None,
        until_mileage_km=round(view.destination_mileage_m / 1000, 1) if mileage else None,
        average_speed_kmh=average_speed(route), overall_speed_kmh=average_speed_distance(route) if mileage else None,
        stops=[_stop(pause, metres, place, mileage) for pause, metres in pairs], fixes=route.fixes,
        late_fixes=route.late, line=_line(view, place) if points else None,
    )  # fmt: skip


def _evidence(found: Evidence | None) -> EvidenceShown | None:
    return None if found is None else EvidenceShown(found.measured, found.limit, found.unit, found.threshold)


def _stop(pause: Pause, metres: float, place: bool, mileage: bool) -> StopShown:
    return StopShown(
        PAUSES[pause.kind], pause.start_ms, pause.end_ms, pause.lat_e7 if place else None,
        pause.lon_e7 if place else None, round(metres / 1000, 1) if mileage else None,
    )  # fmt: skip


def _line(view: RouteView, place: bool) -> Line:
    track = view.track
    if not place or track is None:
        return Line(None, None, None, None)
    return Line(track.at_ms.tolist(), track.lat_e7.tolist(), track.lon_e7.tolist(), track.speed_kmh.tolist())


async def positions(workspace: "Workspace", request: Request) -> Response:
    asked = query_of(request)
    from_ms, to_ms = span(asked, request.received_at_ms)
    request.notes.asked = f"{from_ms}..{to_ms}"
    if to_ms - from_ms > LONGEST_POSITIONS_MS:
        raise Invalid("to", "must be at most 32 days after from")
    form, step_s = asked.word("format", FORMATS, "json"), asked.whole("step_s", 1, 86_400)
    read = await past.positions(workspace, await _stretches(workspace, request, from_ms, to_ms))
    parts = read.items
    if step_s is not None:
        parts = [(device, thinned(columns, step_s)) for device, columns in parts]
    withhold = workspace.principal.permissions.withhold
    found = position_columns(
        parts, read.missing, from_ms, to_ms, withhold, attributes=asked.flag("attributes") or False
    )
    if form == "json":
        return answer(found, headers=withheld(workspace))
    media, writer = FILES[form]
    name = await _name(workspace, request)
    disposition = f'attachment; filename="positions-{request.notes.subject}.{form}"'
    headers = [("content-type", media), ("cache-control", "no-store"), ("content-disposition", disposition)]
    return Response(200, _encoded(writer(found, name)), [*headers, *withheld(workspace)])


async def _name(workspace: "Workspace", request: Request) -> str:
    if "vehicle_id" in request.params:
        row, _ = await fleet.member(workspace, Kind.VEHICLE, int(request.params["vehicle_id"]), archived=True)
        return row.name
    device = await fleet.device(workspace, int(request.params["device_id"]), archived=True)
    return device.vehicle_name or f"device {device.device_id}"


async def _encoded(pieces: Iterator[str]) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece.encode()


async def days(workspace: "Workspace", request: Request) -> Response:
    asked = query_of(request)
    today = datetime.fromtimestamp(request.received_at_ms / 1000, UTC).date()
    last = _date(asked, "to") or today
    first = _date(asked, "from") or last - timedelta(days=6)
    if first > last:
        raise Invalid("to", "must not lie before from")
    from_ms, to_ms = (_midnight_ms(first), _midnight_ms(last + timedelta(days=1)))
    stretches = await _stretches(workspace, request, from_ms, to_ms)
    withhold = workspace.principal.permissions.withhold
    if "routes" in withhold:
        return answer(Days(None, []), headers=withheld(workspace))
    read = await past.routes(workspace, stretches, points=False)
    views = [view for _, view in read.items if from_ms <= view.route.origin_ms]
    items = [
        Day(
            (date(1970, 1, 1) + timedelta(days=found.day)).isoformat(), found.routes,
            None if "mileage" in withhold else round(found.distance_m / 1000, 3), round(found.driving_ms / 1000),
            found.first_ms, found.last_ms,
        )
        for found in past.days_of(views)
    ]  # fmt: skip
    return answer(Days(items, read.missing), headers=withheld(workspace))


def _date(asked: Query, name: str) -> date | None:
    text = asked.text(name)
    if not text:
        return None
    try:
        found = date.fromisoformat(text)
    except ValueError:
        found = date.min
    if not date(1970, 1, 1) <= found <= date(9998, 12, 31) or len(text) != 10:
        raise Invalid(name, "must be a date like 2026-03-17", text)
    return found


def _midnight_ms(day: date) -> int:
    return (day - date(1970, 1, 1)).days * DAY_MS
