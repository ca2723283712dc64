"""One device-day as JSON: the device as it is now, and its routes with their points and pauses."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from fleetline.api.dialects.fleetize.device import device_json, kilometres
from fleetline.api.dialects.fleetize.points import location_text, points_text
from fleetline.api.dialects.fleetize.scope import ROUTES, Scope
from fleetline.core.views import DayView, RouteView
from fleetline.model.trips.routes import Pause, average_speed, average_speed_distance, pause_duration_ms

_ENCODER: Final = msgspec.json.Encoder()
POINTS: Final = "route_points"


def shows_points(scope: Scope, withheld: frozenset[str]) -> bool:
    """Whether the answer has the points of its routes, which is most of the work."""
    return POINTS in scope.route and withheld.isdisjoint({POINTS, ROUTES})


def day_json(day: DayView, scope: Scope, withheld: frozenset[str], now_ms: int) -> bytes:
    """`{"device":{...},"routes":[...]}`, only what the scope names, null where withheld."""
    device, _ = device_json(day.device, scope.device, withheld, now_ms)
    if not scope.routes:
        return b'{"device":' + device + b"}"
    if ROUTES in withheld:
        return b'{"device":' + device + b',"routes":null}'
    routes = b",".join([_ENCODER.encode(route_values(route, scope.route, withheld)) for route in day.routes])
    return b'{"device":' + device + b',"routes":[' + routes + b"]}"


def route_values(view: RouteView, fields: tuple[str, ...], withheld: frozenset[str]) -> dict[str, Any]:
    """The wanted fields of one route in their order. source: section 13 of the specification"""
    return {name: None if name in withheld else _FIELDS[name](view, withheld) for name in fields}


def _points(view: RouteView, withheld: frozenset[str]) -> msgspec.Raw | None:
    """A JSON text, made once of each track."""
    track = view.track
    if track is None:
        return None
    text = track.texts.get(POINTS)
    if text is None:
        # digits, signs, points, commas and semicolons: nothing that JSON would write otherwise
        text = track.texts[POINTS] = b'"' + points_text(track.lat_e7, track.lon_e7, track.speed_kmh) + b'"'
    return msgspec.Raw(text)


def _place(lat_e7: int, lon_e7: int) -> str:
    return location_text(lat_e7 / 1e7, lon_e7 / 1e7)


def _pauses(view: RouteView, withheld: frozenset[str]) -> list[dict[str, Any]]:
    pairs = zip(view.route.pauses, view.pause_mileage_m, strict=True)
    return [_pause(pause, mileage_m, withheld) for pause, mileage_m in pairs]


def _pause(pause: Pause, mileage_m: float, withheld: frozenset[str]) -> dict[str, Any]:
    return {
        "grouped": int(pause.grouped),
        "type": pause.kind,
        "start_timestamp": str(pause.start_ms // 1000),
        "end_timestamp": str(pause.end_ms // 1000),
        "mileage": None if "pause.mileage" in withheld else kilometres(mileage_m),
        "location": None if "pause.location" in withheld else _place(pause.lat_e7, pause.lon_e7),
    }


def whole(value: float) -> int | float:
    """A whole value as an integer: `0`, not `0.0`."""
    return int(value) if value == int(value) else value


_FIELDS: Final[Mapping[str, Callable[[RouteView, frozenset[str]], Any]]] = {
    "route_points": _points,
    "origin_timestamp": lambda view, withheld: str(view.route.origin_ms // 1000),
    "origin_mileage": lambda view, withheld: kilometres(view.origin_mileage_m),
    "origin_location": lambda view, withheld: _place(view.route.origin_lat_e7, view.route.origin_lon_e7),
    "destination_timestamp": lambda view, withheld: str(view.route.destination_ms // 1000),
    "destination_mileage": lambda view, withheld: kilometres(view.destination_mileage_m),
    "destination_location": lambda view, withheld: _place(view.route.destination_lat_e7, view.route.destination_lon_e7),
    "average_speed": lambda view, withheld: whole(average_speed(view.route)),
    "average_speed_distance": lambda view, withheld: whole(average_speed_distance(view.route)),
    "pause_duration": lambda view, withheld: pause_duration_ms(view.route) // 1000,
    "route_pause": _pauses,
    "origin_rule": lambda view, withheld: view.route.origin_rule,
    "destination_rule": lambda view, withheld: view.route.destination_rule,
    "route_open": lambda view, withheld: int(view.route.is_open),
}
