"""Our own form of weather files: CSV of intervals and fields by name, one place or many."""

import csv
import datetime
import io
from array import array
from typing import Any, Final

import numpy as np

from fleetline.model.utf8 import not_utf8_at
from fleetline.model.weather import FIELDS, RANGES, STEPS_S, FileUnreadable, FileWeather, PlaceWeather

MOST_ROWS: Final = 2_000_000
CSV_NAMES: Final = {
    "globalhorizontalirradiance_wattspermetersquared": "ghi_wm2",
    "directnormalirradiance_wattspermetersquared": "dni_wm2",
    "diffusehorizontalirradiance_wattspermetersquared": "dhi_wm2",
    "ambienttemperature_degreesc": "temperature_c",
    "windspeed_meterspersecond": "wind_ms",
    "liquidprecipitation_kilogramspermetersquared": "rain_mm",
    "snowfall_centimeters": "snowfall_cm",
}
TIMES: Final = ("startTime", "endTime")
PLACE: Final = ("latitude", "longitude")


class _Place:
    """What the rows of one place say, gathered without an object per number."""

    def __init__(self) -> None:
        self.starts_s = array("q")
        self.values = array("d")

    def part(self, where: tuple[float, float], fields: list[tuple[int, str]]) -> PlaceWeather:
        """errors: FileUnreadable for a step that is there twice"""
        starts = np.frombuffer(self.starts_s, np.int64)
        found, counts = np.unique(starts, return_counts=True)
        if len(found) != len(starts):
            at = datetime.datetime.fromtimestamp(int(found[np.argmax(counts > 1)]), datetime.UTC)
            raise FileUnreadable(f"the step that begins at {at:%Y-%m-%dT%H:%M:%SZ} is there twice for one place")
        table = np.frombuffer(self.values, np.float64).reshape(-1, len(fields))
        return PlaceWeather(*where, starts, {name: table[:, at] for at, (_, name) in enumerate(fields)})


def read_csv(body: bytes, place: tuple[float, float] | None) -> FileWeather:
    """`startTime,endTime`, fields, and `latitude,longitude` unless the call names the place. errors: FileUnreadable"""
    if (wrong := not_utf8_at(body)) is not None:
        raise FileUnreadable(f"byte {wrong} is not UTF-8")
    rows = csv.reader(io.TextIOWrapper(io.BytesIO(body), "utf-8-sig", newline=""), strict=True)
    try:
        return _read(rows, place)
    except csv.Error as fault:
        raise FileUnreadable(f"line {rows.line_num} is not CSV") from fault


def _read(rows: Any, place: tuple[float, float] | None) -> FileWeather:
    header = [name.strip().lower() for name in next(rows, [])]
    fields = _columns(header, place)
    start_at, end_at = (header.index(name.lower()) for name in TIMES)
    where_at = [] if place else [header.index(name) for name in PLACE]
    gathered: dict[tuple[float, float], _Place] = {}
    step_s = into_s = 0
    for number, row in enumerate(rows, 1):
        if not row:
            continue
        if number > MOST_ROWS:
            raise FileUnreadable(f"more than {MOST_ROWS} rows")
        if len(row) != len(header):
            raise FileUnreadable(f"row {number} has {len(row)} cells in place of {len(header)}")
        start_s, end_s = (_second(row[at], number, name) for at, name in zip((start_at, end_at), TIMES, strict=True))
        if not step_s:
            step_s = _step(end_s - start_s, number)
            into_s = start_s % step_s
        elif end_s - start_s != step_s or start_s % step_s != into_s:
            raise FileUnreadable(_other_step(number, start_s, end_s, step_s, into_s), TIMES[0])
        where = place or (_degrees(row[where_at[0]], PLACE[0], number), _degrees(row[where_at[1]], PLACE[1], number))
        found = gathered.get(where)
        if found is None:
            found = gathered[where] = _Place()
        found.starts_s.append(start_s)
        found.values.extend([_value(row[at], name, number) for at, name in fields])
    if not gathered:
        raise FileUnreadable("the file has no rows")
    return FileWeather(False, step_s, tuple(found.part(where, fields) for where, found in gathered.items()))


def _step(length_s: int, number: int) -> int:
    """errors: FileUnreadable"""
    if length_s <= 0:
        raise FileUnreadable(f"row {number} does not end after it starts; see endTime", TIMES[1])
    if length_s not in STEPS_S:
        minutes = ", ".join(str(step // 60) for step in STEPS_S)
        raise FileUnreadable(f"row {number} is {length_s} seconds long; steps may have {minutes} minutes", TIMES[1])
    return length_s


def _other_step(number: int, start_s: int, end_s: int, step_s: int, into_s: int) -> str:
    """What sets a row apart from the first one."""
    if end_s - start_s != step_s:
        return f"row {number} is {end_s - start_s} seconds long, row 1 {step_s}"
    off_s = (start_s - into_s) % step_s
    return f"row {number} begins {off_s} seconds off the steps of row 1"


def _columns(header: list[str], place: tuple[float, float] | None) -> list[tuple[int, str]]:
    """(column, field) of every field. errors: FileUnreadable"""
    needed = [*TIMES, *(() if place else PLACE)]
    for name in needed:
        if name.lower() not in header:
            raise FileUnreadable(f"the column {name} is missing", name)
    if len(set(header)) != len(header):
        raise FileUnreadable("a column is there twice")
    fields = []
    for at, name in enumerate(header):
        if name in CSV_NAMES:
            fields.append((at, CSV_NAMES[name]))
        elif name not in (*(time.lower() for time in TIMES), *PLACE):
            raise FileUnreadable(f"the column {name[:100]} is not known", name[:100])
    if not fields:
        raise FileUnreadable("no column has weather")
    return sorted(fields, key=lambda found: FIELDS.index(found[1]))


def _second(text: str, number: int, name: str) -> int:
    try:
        at = datetime.datetime.fromisoformat(text.strip())
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise FileUnreadable(f"row {number} has no time with an offset in {name}", name)
    return round(at.timestamp())


def _degrees(text: str, name: str, number: int) -> float:
    limit = 90.0 if name == "latitude" else 180.0
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not -limit <= value <= limit:
        raise FileUnreadable(f"row {number} has no {name} from {-limit:g} to {limit:g}", name)
    return value


def _value(text: str, name: str, number: int) -> float:
    if not text.strip():
        return float("nan")
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    limit = RANGES[name]
    if not limit.low <= value <= limit.high:
        raise FileUnreadable(
            f"row {number} has {name} {text[:30]!r}, which is not from {limit.low:g} to {limit.high:g}", name
        )
    return value
