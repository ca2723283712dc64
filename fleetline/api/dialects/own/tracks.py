"""Stored reports as columns of JSON and as the files that people open elsewhere: CSV, GPX, GeoJSON, KML."""

import csv
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final
from xml.sax.saxutils import escape

import msgspec
import numpy as np
import numpy.typing as npt

from fleetline.model.motion import IGNITION_KNOWN, IGNITION_ON, MISSING_32, MISSING_64, VALID, Columns, Rows

_SCALED: Final = (
    ("received_at_ms", "received_at_ms", 1), ("lat_e7", "lat_e7", 1), ("lon_e7", "lon_e7", 1),
    ("altitude_m", "altitude_dm", 10), ("speed_kmh", "speed_e2", 100), ("course_deg", "course_e2", 100),
    ("satellites", "satellites", 1), ("hdop", "hdop_e2", 100), ("accuracy_m", "accuracy_dm", 10),
    ("odometer_m", "odometer_m", 1), ("obd_speed_kmh", "obd_speed_e2", 100), ("rpm", "rpm", 1),
    ("coolant_c", "coolant_e1", 10), ("supply_v", "supply_mv", 1000), ("battery_v", "battery_mv", 1000),
)  # fmt: skip
"""(name, column of a row, divisor)."""

PARTS: Final[Mapping[str, frozenset[str]]] = {
    "location": frozenset({"lat_e7", "lon_e7", "course_deg", "altitude_m"}),
    "mileage": frozenset({"odometer_m"}),
    "sensors": frozenset({"rpm", "coolant_c", "supply_v", "battery_v"}),
}
"""What each withheld part hides."""

Column = list[Any]


class PositionColumns(msgspec.Struct, frozen=True, kw_only=True):
    """Reports side by side, ascending by at_ms within each device: all lists have one length.

    valid       the device itself calls the position good; lat_e7, lon_e7: degrees x 10,000,000
    attributes  further readings by name, when asked for
    missing     devices that rode here then and have left the account since: what they said is not shown
    """

    from_at_ms: int
    to_at_ms: int
    device_id: list[int]
    at_ms: list[int]
    received_at_ms: list[int | None]
    valid: list[bool]
    lat_e7: list[int | None]
    lon_e7: list[int | None]
    altitude_m: list[float | None]
    speed_kmh: list[float | None]
    course_deg: list[float | None]
    satellites: list[int | None]
    hdop: list[float | None]
    accuracy_m: list[float | None]
    ignition: list[bool | None]
    odometer_m: list[int | None]
    obd_speed_kmh: list[float | None]
    rpm: list[int | None]
    coolant_c: list[float | None]
    supply_v: list[float | None]
    battery_v: list[float | None]
    attributes: dict[str, list[Any]] | None
    missing: list[int]


def thinned(columns: Columns, step_s: int) -> Columns:
    """The first report of each stretch of `step_s` seconds."""
    _, first = np.unique(columns.rows["at_ms"] // (step_s * 1000), return_index=True)
    return Columns(columns.rows[first], {name: column[first] for name, column in columns.extra.items()})


def _values(column: npt.NDArray[Any], divisor: int) -> Column:
    missing = MISSING_64 if column.dtype.itemsize == 8 else MISSING_32
    gaps = np.flatnonzero(column == missing).tolist()
    values: Column = column.tolist() if divisor == 1 else (column / divisor).tolist()
    for place in gaps:
        values[place] = None
    return values


def _flags(rows: Rows) -> tuple[list[bool], list[bool | None]]:
    """(valid, ignition)."""
    flags = rows["flags"]
    valid: list[bool] = ((flags & VALID) != 0).tolist()
    known, on = ((flags & IGNITION_KNOWN) != 0).tolist(), ((flags & IGNITION_ON) != 0).tolist()
    return valid, [value if sure else None for sure, value in zip(known, on, strict=True)]


def position_columns(
    parts: Sequence[tuple[int, Columns]], missing: Sequence[int], from_ms: int, to_ms: int, withhold: frozenset[str],
    *, attributes: bool,
) -> PositionColumns:  # fmt: skip
    """The reports of several stretches one after another; what is withheld is null."""
    hidden = frozenset[str]().union(*(PARTS.get(part, frozenset()) for part in withhold))
    found: dict[str, Column] = {name: [] for name, _, _ in _SCALED}
    at_ms, device_id, valid, ignition = list[int](), list[int](), list[bool](), list[bool | None]()
    extra: dict[str, Column] = {}
    for device, columns in parts:
        rows, count = columns.rows, len(columns)
        for name, column, divisor in _SCALED:
            found[name] += [None] * count if name in hidden else _values(rows[column], divisor)
        good, running = _flags(rows)
        if attributes and "sensors" not in withhold:
            _add_extra(extra, columns, len(at_ms))
        at_ms += rows["at_ms"].tolist()
        device_id += [device] * count
        valid += good
        ignition += running
    for values in extra.values():
        values += [None] * (len(at_ms) - len(values))
    return PositionColumns(
        from_at_ms=from_ms, to_at_ms=to_ms, device_id=device_id, at_ms=at_ms, valid=valid, ignition=ignition,
        attributes=extra if attributes and "sensors" not in withhold else None, missing=list(missing), **found,
    )  # fmt: skip


def _add_extra(extra: dict[str, Column], columns: Columns, before: int) -> None:
    for name, column in columns.extra.items():
        values = extra.setdefault(name, [])
        values += [None] * (before - len(values))
        plain = column.tolist()
        values += [value if _present(value) else None for value in plain]


def _present(value: Any) -> bool:
    return value is not None and value != MISSING_64 and value == value


# Files. A file is made piece by piece, since a month of reports may be many megabytes.

_ROWS: Final = 5_000
_CSV: Final = (
    "device_id", "time", "received", "valid", "latitude_deg", "longitude_deg", "altitude_m", "speed_kmh", "course_deg",
    "satellites", "ignition", "odometer_m",
)  # fmt: skip


def _time(at_ms: int | None) -> str:
    if at_ms is None:
        return ""
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _degrees(value: int | None) -> str:
    return "" if value is None else f"{value / 1e7:.7f}"


def csv_file(found: PositionColumns, name: str) -> Iterator[str]:
    yield ",".join(_CSV) + "\n"
    columns = (
        found.device_id, map(_time, found.at_ms), map(_time, found.received_at_ms), found.valid,
        map(_degrees, found.lat_e7), map(_degrees, found.lon_e7), found.altitude_m, found.speed_kmh, found.course_deg,
        found.satellites, found.ignition, found.odometer_m,
    )  # fmt: skip
    target = io.StringIO()
    writer = csv.writer(target, lineterminator="\n")
    for number, row in enumerate(zip(*columns, strict=True), 1):
        writer.writerow(["" if v is None else str(v).lower() if isinstance(v, bool) else v for v in row])
        if number % _ROWS == 0:
            yield target.getvalue()
            target.seek(0)
            target.truncate()
    yield target.getvalue()


Fix = tuple[int, int, int, float | None, float | None]
"""(at_ms, lat_e7, lon_e7, altitude_m, speed_kmh)."""


def _fixes(found: PositionColumns) -> Iterator[list[Fix]]:
    """Places that their device calls good, in stretches of some thousand."""
    some: list[Fix] = []
    columns = (found.valid, found.at_ms, found.lat_e7, found.lon_e7, found.altitude_m, found.speed_kmh)
    for valid, at_ms, lat, lon, altitude, speed in zip(*columns, strict=True):
        if valid and lat is not None and lon is not None:
            some.append((at_ms, lat, lon, altitude, speed))
        if len(some) >= _ROWS:
            yield some
            some = []
    yield some


def gpx_file(found: PositionColumns, name: str) -> Iterator[str]:
    yield (
        '<?xml version="1.0" encoding="UTF-8"?>\n<gpx version="1.1" creator="Fleetline"'
        ' xmlns="http://www.topografix.com/GPX/1/1">\n'
        f"<trk><name>{escape(name)}</name><trkseg>\n"
    )
    for some in _fixes(found):
        yield "".join(
            f'<trkpt lat="{lat / 1e7:.7f}" lon="{lon / 1e7:.7f}">'
            + ("" if altitude is None else f"<ele>{altitude}</ele>")
            + f"<time>{_time(at_ms)}</time></trkpt>\n"
            for at_ms, lat, lon, altitude, _ in some
        )
    yield "</trkseg></trk>\n</gpx>\n"


def kml_file(found: PositionColumns, name: str) -> Iterator[str]:
    yield (
        '<?xml version="1.0" encoding="UTF-8"?>\n<kml xmlns="http://www.opengis.net/kml/2.2"'
        ' xmlns:gx="http://www.google.com/kml/ext/2.2"><Document>\n'
        f"<Placemark><name>{escape(name)}</name><gx:Track>\n"
    )
    for some in _fixes(found):
        yield "".join(f"<when>{_time(fix[0])}</when>\n" for fix in some)
    for some in _fixes(found):
        yield "".join(
            f"<gx:coord>{lon / 1e7:.7f} {lat / 1e7:.7f} {altitude or 0}</gx:coord>\n"
            for _, lat, lon, altitude, _ in some
        )
    yield "</gx:Track></Placemark>\n</Document></kml>\n"


def geojson_file(found: PositionColumns, name: str) -> Iterator[str]:
    """One line, its times and speeds beside its coordinates, in the order of the points."""
    fixes = [fix for some in _fixes(found) for fix in some]
    places = [[lon / 1e7, lat / 1e7] for _, lat, lon, _, _ in fixes]
    # a line has two points or more; anything less is points
    kind = "LineString" if len(places) > 1 else "MultiPoint"
    feature = {
        "type": "Feature",
        "geometry": {"type": kind, "coordinates": places},
        "properties": {"name": name, "at_ms": [fix[0] for fix in fixes], "speed_kmh": [fix[4] for fix in fixes]},
    }
    yield msgspec.json.encode({"type": "FeatureCollection", "features": [feature]}).decode()


FILES: Final[Mapping[str, tuple[str, Callable[[PositionColumns, str], Iterator[str]]]]] = {
    "csv": ("text/csv; charset=utf-8", csv_file),
    "gpx": ("application/gpx+xml", gpx_file),
    "geojson": ("application/geo+json", geojson_file),
    "kml": ("application/vnd.google-earth.kml+xml", kml_file),
}
"""Format -> (media type, writer)."""
