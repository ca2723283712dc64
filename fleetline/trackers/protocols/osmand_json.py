"""The JSON form of Traccar Client: one location, or a list of them, with its coordinates, battery and activity."""

from typing import Any, Final

import msgspec

from fleetline.model.motion import Report, Value
from fleetline.model.wire import Undecodable
from fleetline.trackers.protocols.osmand_values import (
    KMH_PER_MS,
    Draft,
    course_of,
    number,
    place,
    positive,
    scaled,
    time_of,
)

_metres_per_second: Final = scaled(KMH_PER_MS)
_APART: Final = frozenset(
    ("timestamp", "coords", "battery", "activity", "extras", "odometer", "is_moving", "event", "_")
)
"""Members of a location that are read below; `_` repeats the position for servers that know no JSON."""


class _Coords(msgspec.Struct):
    latitude: float | None = None
    longitude: float | None = None
    accuracy: float | None = None
    speed: float | None = None
    heading: float | None = None
    altitude: float | None = None
    speed_accuracy: float | None = None
    heading_accuracy: float | None = None
    altitude_accuracy: float | None = None


class _Battery(msgspec.Struct):
    level: float | None = None
    is_charging: bool | None = None


class _Activity(msgspec.Struct):
    type: str | None = None
    confidence: float | None = None


class _Delivery(msgspec.Struct):
    location: dict[str, Any] | list[dict[str, Any]]
    device_id: str | int


_DELIVERY: Final = msgspec.json.Decoder(_Delivery)


def json_reports(body: bytes) -> tuple[str, tuple[Report, ...]]:
    """(ident, reports) of a JSON body; Undecodable when it is not of the documented shape."""
    try:
        delivery = _DELIVERY.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise Undecodable("json") from None
    ident = Draft(str(delivery.device_id)).named()
    locations = delivery.location if isinstance(delivery.location, list) else [delivery.location]
    return ident, tuple(_report(location) for location in locations)


def _report(location: dict[str, Any]) -> Report:
    try:
        coords = msgspec.convert(location.get("coords") or {}, _Coords)
        battery = msgspec.convert(location.get("battery") or {}, _Battery)
        activity = msgspec.convert(location.get("activity") or {}, _Activity)
    except msgspec.ValidationError:
        raise Undecodable("json") from None
    draft = Draft()
    _position(draft, location, coords)
    attributes = draft.attributes
    if battery.level is not None and battery.level >= 0:
        attributes["battery_pct"] = round(number(battery.level) * 100, 1)
    if battery.is_charging is not None:
        attributes["charging"] = battery.is_charging
    if activity.type is not None:
        attributes["activity"] = activity.type
    if isinstance(location.get("is_moving"), bool):
        attributes["moving"] = location["is_moving"]
    if isinstance(location.get("event"), str) and location["event"]:
        attributes["event"] = location["event"]
    for name, value in location.items():
        if name not in _APART:
            _keep(attributes, name, value)
    extras = location.get("extras")
    for name, value in extras.items() if isinstance(extras, dict) else ():
        _keep(attributes, name, value)
    return place(draft)


def _position(draft: Draft, location: dict[str, Any], coords: _Coords) -> None:
    """Coordinates and time; a phone writes -1 where it does not know."""
    draft.fields |= {
        "lat_deg": None if coords.latitude is None else number(coords.latitude),
        "lon_deg": None if coords.longitude is None else number(coords.longitude),
        "accuracy_m": None if coords.accuracy is None else positive(coords.accuracy),
        "speed_kmh": None if coords.speed is None else _metres_per_second(coords.speed),
        "course_deg": None if coords.heading is None else course_of(coords.heading),
        "altitude_m": None if coords.altitude is None else number(coords.altitude),
    }
    accuracies = {
        "speed_accuracy_kmh": None if coords.speed_accuracy is None else _metres_per_second(coords.speed_accuracy),
        "heading_accuracy_deg": None if coords.heading_accuracy is None else positive(coords.heading_accuracy),
        "altitude_accuracy_m": None if coords.altitude_accuracy is None else positive(coords.altitude_accuracy),
    }
    draft.attributes |= {name: value for name, value in accuracies.items() if value is not None}
    odometer, instant = location.get("odometer"), location.get("timestamp")
    if isinstance(odometer, int | float) and not isinstance(odometer, bool):
        draft.fields["odometer_m"] = positive(odometer)
    if isinstance(instant, str | int | float) and not isinstance(instant, bool):
        draft.fields["fix_at_ms"] = time_of(instant)


def _keep(attributes: dict[str, Value], name: str, value: object) -> None:
    """Keep a member of no documented meaning: a scalar as it is, anything else as JSON text."""
    if value is None:
        return
    if isinstance(value, bool | str) or (isinstance(value, int | float) and abs(value) < 2**63):
        attributes[name] = value
    else:
        attributes[name] = msgspec.json.encode(value).decode()
