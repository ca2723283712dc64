"""OsmAnd and Traccar Client: one position an HTTP call, as query, form or JSON."""

from collections.abc import Callable, Sequence
from typing import Final
from urllib.parse import parse_qsl, urlencode

import msgspec
import numpy as np

from fleetline.model.motion import Report, Value, columns_of
from fleetline.model.wire import (
    Decoded,
    DecodedMany,
    Memo,
    Receipt,
    TrackerProtocol,
    Undecodable,
    http_frame,
    http_parts,
)
from fleetline.trackers.protocols.osmand_json import json_reports
from fleetline.trackers.protocols.osmand_values import (
    KMH_PER_KNOT,
    Draft,
    course_of,
    flag,
    loose_value,
    number,
    place,
    positive,
    scaled,
    time_of,
)

_FORM: Final = "application/x-www-form-urlencoded"
_JSON: Final = "application/json"


def _location(draft: Draft, text: str) -> None:
    parts = text.split(",")
    if len(parts) < 2:
        raise Undecodable("value")
    draft.fields["lat_deg"], draft.fields["lon_deg"] = number(parts[0]), number(parts[1])


def _listed(name: str) -> Callable[[Draft, str], None]:
    """A parameter that may come several times; kept as one text, the items parted by semicolons."""

    def keep(draft: Draft, text: str) -> None:
        before = draft.attributes.get(name)
        draft.attributes[name] = text if before is None else f"{before};{text}"

    return keep


def _field(name: str, read: Callable[[str], Value | None]) -> Callable[[Draft, str], None]:
    def keep(draft: Draft, text: str) -> None:
        draft.fields[name] = read(text)

    return keep


def _attribute(name: str, read: Callable[[str], Value | None]) -> Callable[[Draft, str], None]:
    def keep(draft: Draft, text: str) -> None:
        value = read(text)
        if value is not None:
            draft.attributes[name] = value

    return keep


def _ident(draft: Draft, text: str) -> None:
    draft.ident = draft.ident or text


_PARAMETERS: Final[dict[str, Callable[[Draft, str], None]]] = {
    "id": _ident,
    "deviceid": _ident,
    "valid": _field("valid", flag),
    "timestamp": _field("fix_at_ms", time_of),
    "lat": _field("lat_deg", number),
    "lon": _field("lon_deg", number),
    "location": _location,
    "cell": _listed("cell"),
    "wifi": _listed("wifi"),
    "speed": _field("speed_kmh", scaled(KMH_PER_KNOT)),
    "bearing": _field("course_deg", course_of),
    "heading": _field("course_deg", course_of),
    "altitude": _field("altitude_m", number),
    "accuracy": _field("accuracy_m", positive),
    "hdop": _field("hdop", positive),
    "batt": _attribute("battery_pct", positive),
    "batteryLevel": _attribute("battery_pct", positive),
    "driverUniqueId": _attribute("driver_id", str),
    "charge": _attribute("charging", flag),
    "ignition": _field("ignition", flag),
    "motion": _attribute("moving", flag),
    "odometer": _field("odometer_m", positive),
    "tripOdometer": _attribute("trip_odometer_m", positive),
    "rpm": _field("rpm", positive),
    "obdSpeed": _field("obd_speed_kmh", positive),
    "coolantTemp": _field("coolant_c", number),
    "power": _field("supply_v", positive),
    "battery": _field("battery_v", positive),
    "sat": _field("satellites", lambda text: round(number(text))),
    "fuel": _attribute("fuel_l", number),
    "event": _attribute("event", str),
    "alarm": _attribute("alarm", str),
}
"""The documented parameters and those that the server's own page names as attributes; any other is kept as it is."""


def _parse(frame: bytes) -> tuple[str, tuple[Report, ...]]:
    """(ident, reports); Undecodable without an ident or when a documented value cannot be read."""
    content_type, query, body = http_parts(frame)
    kind = content_type.partition(";")[0].strip().lower()
    if body and (kind == _JSON or (not query and body.lstrip()[:1] == b"{")):
        return json_reports(body)
    try:
        text = b"&".join(part for part in (query, body if kind == _FORM or not query else b"") if part).decode("utf-8")
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=256, errors="strict")
    except ValueError:  # UnicodeDecodeError is one
        raise Undecodable("encoding") from None
    draft = Draft()
    for key, value in pairs:
        if value or key in ("id", "deviceid"):
            keep = _PARAMETERS.get(key)
            if keep is None:
                draft.attributes[key] = loose_value(value)
            else:
                keep(draft, value)
    return draft.named(), (place(draft),)


def receive(frame: bytes, memo: Memo) -> Receipt:
    """Who sent the call and how many positions it holds; the empty reply stands for status 200."""
    ident, reports = _parse(frame)
    return Receipt(ident, len(reports))


def decode(frame: bytes) -> Decoded:
    """The reports of one call; one without a position is a report without a fix."""
    ident, reports = _parse(frame)
    return Decoded(ident, reports)


def decode_many(frames: Sequence[bytes]) -> DecodedMany:
    """The same reports as columns."""
    reports: list[Report] = []
    index: list[int] = []
    refused: list[tuple[int, str]] = []
    for turn, frame in enumerate(frames):
        try:
            found = _parse(frame)[1]
        except Undecodable as fault:
            refused.append((turn, fault.reason))
            continue
        reports.extend(found)
        index.extend([turn] * len(found))
    return DecodedMany(columns_of(reports), np.array(index, np.int64), tuple(refused))


def encode(ident: str, reports: Sequence[Report]) -> list[bytes]:
    """One query call a report, with the parameters that Traccar Client sends and those of a vehicle."""
    return [http_frame(_FORM, urlencode(_query(ident, report)).encode("ascii"), b"") for report in reports]


def _query(ident: str, report: Report) -> dict[str, str]:
    numbers: dict[str, float | int | None] = {
        "timestamp": report.fix_at_ms,
        "lat": report.lat_deg,
        "lon": report.lon_deg,
        "speed": None if report.speed_kmh is None else round(report.speed_kmh / KMH_PER_KNOT, 4),
        "bearing": report.course_deg,
        "altitude": report.altitude_m,
        "accuracy": report.accuracy_m,
        "hdop": report.hdop,
        "odometer": report.odometer_m,
        "rpm": report.rpm,
        "obdSpeed": report.obd_speed_kmh,
        "coolantTemp": report.coolant_c,
        "power": report.supply_v,
        "battery": report.battery_v,
        "sat": report.satellites,
    }
    query = {"id": ident} | {name: _plain(value) for name, value in numbers.items() if value is not None}
    if report.lat_deg is not None and not report.valid:
        query["valid"] = "false"
    if report.ignition is not None:
        query["ignition"] = "true" if report.ignition else "false"
    for name, value in report.attributes.items():
        if name == "battery_pct":
            query["batt"] = str(value)
        elif name not in _PARAMETERS:
            query[name] = msgspec.json.encode(value).decode() if isinstance(value, bool) else str(value)
    return query


def _plain(value: float | int) -> str:
    return str(value) if isinstance(value, int) else f"{value:.7f}".rstrip("0").rstrip(".")


PROTOCOL: Final = TrackerProtocol(
    name="osmand",
    port=5055,
    transports=("http",),
    source="https://www.traccar.org/osmand/",
    receive=receive,
    decode=decode,
    decode_many=decode_many,
    encode=encode,
)
