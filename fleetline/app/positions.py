"""Stored reports as files: JSON, CSV, GPX, GeoJSON, KML."""

import csv
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final
from xml.sax.saxutils import escape

import orjson

from fleetline.app.settings import Settings
from fleetline.app.wire import open_core, with_history
from fleetline.core.hours import joined, load_hours
from fleetline.model.errors import NotFound
from fleetline.model.motion import MISSING_32, MISSING_64, VALID, Columns
from fleetline.model.settling import HOUR_MS

FIELDS: Final = (
    "device_id", "ident", "protocol", "fix_at_ms", "received_at_ms", "valid", "lat_deg", "lon_deg", "altitude_m",
    "speed_kmh", "course_deg", "attributes",
)  # fmt: skip
_COLUMNS: Final = (
    ("odometer_m", 1), ("hdop_e2", 100), ("accuracy_dm", 10), ("obd_speed_e2", 100), ("rpm", 1), ("coolant_e1", 10),
    ("supply_mv", 1000), ("battery_mv", 1000), ("satellites", 1),
)  # fmt: skip
_NAMES: Final = {
    "hdop_e2": "hdop", "accuracy_dm": "accuracy_m", "obd_speed_e2": "obd_speed_kmh", "coolant_e1": "coolant_c",
    "supply_mv": "supply_v", "battery_mv": "battery_v",
}  # fmt: skip

Record = Mapping[str, Any]


async def export_positions(
    settings: Settings, account_id: str, device_id: int | None, from_ms: int | None, to_ms: int | None, form: str
) -> str:
    """The reports of one device or of all, by device and time. errors: NotFound for an account or device"""
    async with open_core(settings) as bare:
        core = with_history(bare, settings)
        await core.accounts.account(account_id)
        async with core.store.read() as tx:
            rows = {row[0]: row for row in await tx.registry.device_rows(account_id)}
            if device_id is not None and device_id not in rows:
                raise NotFound("device", device_id)
            assert core.history is not None, "put together a line above"
            records: list[Record] = []
            for number in [device_id] if device_id is not None else sorted(rows):
                first = 0 if from_ms is None else from_ms // HOUR_MS
                last = 10**9 if to_ms is None else to_ms // HOUR_MS
                hours = await load_hours(tx, core.history.protocols, number, first, last)
                records += _records(number, rows[number][1], joined(hours), from_ms, to_ms)
    return _WRITERS[form](records)


def _records(device_id: int, ident: str, columns: Columns, from_ms: int | None, to_ms: int | None) -> Iterator[Record]:
    extra = {name: column.tolist() for name, column in columns.extra.items()}
    for place, row in enumerate(columns.rows):
        at_ms = int(row["at_ms"])
        if (from_ms is not None and at_ms < from_ms) or (to_ms is not None and at_ms >= to_ms):
            continue
        attributes = {name: values[place] for name, values in extra.items() if _present(values[place])}
        protocol = attributes.pop("protocol", None)
        yield {
            "device_id": device_id,
            "ident": ident,
            "protocol": protocol,
            "fix_at_ms": at_ms,
            "received_at_ms": int(row["received_at_ms"]),
            "valid": bool(row["flags"] & VALID),
            "lat_deg": _scaled(row["lat_e7"], 1e7),
            "lon_deg": _scaled(row["lon_e7"], 1e7),
            "altitude_m": _scaled(row["altitude_dm"], 10),
            "speed_kmh": _scaled(row["speed_e2"], 100),
            "course_deg": _scaled(row["course_e2"], 100),
            "attributes": {**_sensors(row), **attributes},
        }


def _sensors(row: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if row["flags"] & 2:
        found["ignition"] = bool(row["flags"] & 4)
    for name, factor in _COLUMNS:
        value = _scaled(row[name], factor)
        if value is not None:
            found[_NAMES.get(name, name)] = value
    for name, flag in (("power_cut", 8), ("power_restored", 16), ("tampered", 32)):
        if row["flags"] & flag:
            found[name] = True
    return found


def _scaled(value: Any, factor: float) -> float | int | None:
    number = int(value)
    if number in (MISSING_32, MISSING_64):
        return None
    return number if factor == 1 else number / factor


def _present(value: Any) -> bool:
    return value is not None and value != MISSING_64 and value == value


def _json(records: Sequence[Record]) -> str:
    return orjson.dumps(records, option=orjson.OPT_APPEND_NEWLINE).decode()


def _csv(records: Sequence[Record]) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, FIELDS, lineterminator="\n")
    writer.writeheader()
    for record in records:
        writer.writerow({**record, "attributes": orjson.dumps(record["attributes"]).decode()})
    return out.getvalue()


def _fixes(records: Sequence[Record]) -> dict[str, list[Record]]:
    """By identifier, those with a place that their device calls good."""
    found: dict[str, list[Record]] = {}
    for record in records:
        if record["valid"] and record["lat_deg"] is not None:
            found.setdefault(record["ident"], []).append(record)
    return found


def _iso(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _gpx(records: Sequence[Record]) -> str:
    tracks = []
    for ident, fixes in _fixes(records).items():
        points = "".join(
            f'<trkpt lat="{fix["lat_deg"]:.7f}" lon="{fix["lon_deg"]:.7f}">'
            + (f"<ele>{fix['altitude_m']}</ele>" if fix["altitude_m"] is not None else "")
            + f"<time>{_iso(fix['fix_at_ms'])}</time></trkpt>\n"
            for fix in fixes
        )
        tracks.append(f"<trk><name>{escape(ident)}</name><trkseg>\n{points}</trkseg></trk>\n")
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<gpx version="1.1" creator="Fleetline" '
        f'xmlns="http://www.topografix.com/GPX/1/1">\n{"".join(tracks)}</gpx>\n'
    )


def _kml(records: Sequence[Record]) -> str:
    marks = []
    for ident, fixes in _fixes(records).items():
        line = " ".join(f"{fix['lon_deg']:.7f},{fix['lat_deg']:.7f},{fix['altitude_m'] or 0}" for fix in fixes)
        begin, end = _iso(fixes[0]["fix_at_ms"]), _iso(fixes[-1]["fix_at_ms"])
        span = f"<TimeSpan><begin>{begin}</begin><end>{end}</end></TimeSpan>"
        marks.append(
            f"<Placemark><name>{escape(ident)}</name>{span}<LineString><coordinates>{line}</coordinates></LineString></Placemark>\n"
        )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<kml xmlns="http://www.opengis.net/kml/2.2"><Document>\n'
        f"{''.join(marks)}</Document></kml>\n"
    )


def _geojson(records: Sequence[Record]) -> str:
    features = [
        {
            "type": "Feature",
            "geometry": None
            if record["lat_deg"] is None
            else {"type": "Point", "coordinates": [record["lon_deg"], record["lat_deg"]]},
            "properties": {key: value for key, value in record.items() if key not in ("lat_deg", "lon_deg")},
        }
        for record in records
    ]
    return orjson.dumps({"type": "FeatureCollection", "features": features}, option=orjson.OPT_APPEND_NEWLINE).decode()


_WRITERS: Final[Mapping[str, Callable[[Sequence[Record]], str]]] = {
    "json": _json, "csv": _csv, "gpx": _gpx, "kml": _kml, "geojson": _geojson,
}  # fmt: skip
