"""Weather files of several makers, read by pvlib and brought to steps that begin at their stamp, UTC."""

import csv
import datetime
import io
import tempfile
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np

from fleetline.model.weather import (
    DAY_S,
    FIELDS,
    RANGES,
    FileUnreadable,
    FileWeather,
    FloatArray,
    IntArray,
    PlaceWeather,
    nominal_s,
)

HOUR_S: Final = 3_600
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
_PLAIN: Final = {"ghi": "ghi_wm2", "dni": "dni_wm2", "dhi": "dhi_wm2", "temp_air": "temperature_c",
                 "wind_speed": "wind_ms"}  # fmt: skip
_TMY2: Final = {"GHI": "ghi_wm2", "DNI": "dni_wm2", "DHI": "dhi_wm2", "DryBulb": "temperature_c", "Wspd": "wind_ms"}
_TENTHS: Final = ("temperature_c", "wind_ms")
_ABSENT: Final = {"temperature_c": 99.0, "wind_ms": 99.0}
"""Values from here on mean `missing` in the makers' files; light has 1700 and more."""
_ABSENT_LIGHT: Final = 1_700.0
_ABSENT_BELOW: Final = -90.0


class PvlibFiles:
    """See `core.ports.power.WeatherFiles`; pvlib is loaded when the first file comes."""

    def read(self, form: str, body: bytes, place: tuple[float, float] | None) -> FileWeather:
        if form == "csv":
            return _read_csv(body, place)
        reader = _READERS[form]
        try:
            with warnings.catch_warnings(), tempfile.TemporaryDirectory(prefix="fleetline-weather-") as folder:
                warnings.simplefilter("ignore")  # pandas and pvlib speak of their own future here
                path = Path(folder) / ("file.json" if body.lstrip()[:1] == b"{" else "file.csv")
                path.write_bytes(body)
                found = reader(path)
        except FileUnreadable:
            raise
        except (ValueError, KeyError, IndexError, TypeError, AttributeError, OverflowError, StopIteration) as fault:
            # whatever a reader stumbles over in a foreign file: it is not in this form
            raise FileUnreadable(f"the file is not in the form {form}") from fault
        return _checked(found)


def _typical(table: Any, names: Mapping[str, str], shift_s: int, about: Mapping[str, Any], hours: float) -> FileWeather:
    """A year made of months of several years: its days are those of the calendar on the wall, without leap days."""
    wall = np.asarray(table.index.tz_localize(None).to_numpy(), "datetime64[s]").astype(np.int64)
    starts = (nominal_s(wall + shift_s) - round(hours * HOUR_S)) % (365 * DAY_S)
    values = {ours: table[name].to_numpy(float) for name, ours in names.items() if name in table.columns}
    part = PlaceWeather(float(about["latitude"]), float(about["longitude"]), np.asarray(starts, np.int64), values)
    return FileWeather(True, HOUR_S, (part,))


def _table(table: Any, names: Mapping[str, str], shift_s: int, place: tuple[float, float]) -> PlaceWeather:
    """Columns of a table by our names; `shift_s` is added to its stamps."""
    stamps = np.asarray(table.index.tz_convert("UTC").tz_localize(None).to_numpy(), "datetime64[s]").astype(np.int64)
    values = {ours: table[name].to_numpy(float) for name, ours in names.items() if name in table.columns}
    return PlaceWeather(*place, np.asarray(stamps + shift_s, np.int64), values)


def _tmy2(path: Path) -> FileWeather:
    """The reader has moved the stamps to the start of the hour; temperature and wind are in tenths."""
    from pvlib import iotools

    table, about = iotools.read_tmy2(path)
    found = _typical(table, _TMY2, 0, about, about["TZ"])
    (part,) = found.parts
    values = {name: column / 10.0 if name in _TENTHS else column for name, column in part.values.items()}
    return FileWeather(True, HOUR_S, (PlaceWeather(part.latitude_deg, part.longitude_deg, part.starts_s, values),))


def _tmy3(path: Path) -> FileWeather:
    """Stamps end their hour."""
    from pvlib import iotools

    table, about = iotools.read_tmy3(path, map_variables=True, encoding="iso-8859-1")
    return _typical(table, _PLAIN, -HOUR_S, about, about["TZ"])


def _epw(path: Path) -> FileWeather:
    """The reader has moved the stamps to the start of the hour."""
    from pvlib import iotools

    table, about = iotools.read_epw(path)
    return _typical(table, _PLAIN, 0, about, about["TZ"])


def _nsrdb(path: Path) -> FileWeather:
    """Stamps are the middle of their step."""
    from pvlib import iotools

    table, about = iotools.read_nsrdb_psm4(path, map_variables=True)
    step_s = _step_s(table)
    part = _table(table, _PLAIN, -step_s // 2, (about["latitude"], about["longitude"]))
    return FileWeather(False, step_s, (part,))


def _solaranywhere(path: Path) -> FileWeather:
    """Stamps at half past are the middle; a file whose first stamp is one step into the day has the ends."""
    from pvlib import iotools

    table, about = iotools.read_solaranywhere(path, map_variables=True)
    step_s = _step_s(table)
    first = table.index[0]
    into_s = (first.hour * HOUR_S + first.minute * 60) % 86_400
    shift_s = -step_s // 2 if into_s % step_s else -step_s if into_s == step_s else 0
    if "typical" in str(about.get("Type", "")).lower() and step_s == HOUR_S:
        return _typical(table, _PLAIN, shift_s, about, about["TZ"])
    return FileWeather(False, step_s, (_table(table, _PLAIN, shift_s, (about["latitude"], about["longitude"])),))


def _pvgis(path: Path) -> FileWeather:
    """Both kinds of file; a stamp names the hour its value stands for, whatever its minutes."""
    from pvlib import iotools

    text = path.read_text("utf-8", "replace")
    typical = '"tmy_hourly"' in text or "month,year" in text
    if typical:
        table, about = iotools.read_pvgis_tmy(path, pvgis_format=path.suffix[1:], map_variables=True)
    else:
        table, about = iotools.read_pvgis_hourly(path, pvgis_format=path.suffix[1:], map_variables=True)
        table = _horizontal(table)
    inputs = about["inputs"]
    where = inputs.get("location", inputs)
    table.index = table.index.floor("h")
    if typical:
        return _typical(table, _PLAIN, 0, where, 0)
    return FileWeather(
        False, HOUR_S, (_table(table, _PLAIN, 0, (float(where["latitude"]), float(where["longitude"]))),)
    )


def _horizontal(table: Any) -> Any:
    """The light of a plane that lies flat by the names of horizontal light."""
    renamed = table.rename(columns={"poa_global": "ghi", "poa_sky_diffuse": "dhi"})
    if "poa_direct" in table.columns and "dhi" in renamed.columns:
        if float(table.get("poa_ground_diffuse", 0).abs().max()) > 0.5:
            raise FileUnreadable("the file is of a tilted plane; ask for slope 0")
        renamed["ghi"] = table["poa_direct"] + table["poa_sky_diffuse"]
    return renamed


def _step_s(table: Any) -> int:
    seconds = (table.index[1] - table.index[0]).total_seconds()
    return int(seconds)


_READERS: Final[Mapping[str, Callable[[Path], FileWeather]]] = {
    "tmy2": _tmy2,
    "tmy3": _tmy3,
    "epw": _epw,
    "nsrdb": _nsrdb,
    "pvgis": _pvgis,
    "solaranywhere": _solaranywhere,
}


def _checked(found: FileWeather) -> FileWeather:
    """Missing codes as NaN, everything else within its range. errors: FileUnreadable"""
    parts = []
    for part in found.parts:
        values = {name: _known(name, column) for name, column in part.values.items()}
        for name, column in values.items():
            bad = np.flatnonzero(~np.isnan(column) & ~_within(name, column))
            if len(bad):
                raise FileUnreadable(f"row {int(bad[0]) + 1} has {name} {column[bad[0]]:g}, which cannot be")
        parts.append(PlaceWeather(part.latitude_deg, part.longitude_deg, part.starts_s, values))
    return FileWeather(found.typical, found.step_s, tuple(parts))


def _known(name: str, column: FloatArray) -> FloatArray:
    absent = column >= _ABSENT.get(name, _ABSENT_LIGHT)
    return np.where(absent | (column <= _ABSENT_BELOW), np.nan, column)


def _within(name: str, column: FloatArray) -> Any:
    limit = RANGES[name]
    return (column >= limit.low) & (column <= limit.high)


def _read_csv(body: bytes, place: tuple[float, float] | None) -> FileWeather:
    """`startTime,endTime`, fields, and `latitude,longitude` unless the call names the place."""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        raise FileUnreadable(f"byte {fault.start} is not UTF-8") from fault
    rows = csv.reader(io.StringIO(text, newline=""))
    header = [name.strip().lower() for name in next(rows, [])]
    fields = _csv_columns(header, place)
    gathered: dict[tuple[float, float], tuple[list[int], list[list[float]]]] = {}
    step_s = 0
    for number, row in enumerate(rows, 1):
        if not row:
            continue
        if number > MOST_ROWS:
            raise FileUnreadable(f"more than {MOST_ROWS} rows")
        if len(row) != len(header):
            raise FileUnreadable(f"row {number} has {len(row)} cells in place of {len(header)}")
        start_s, end_s = (_second(row[header.index(name)], number, name) for name in ("starttime", "endtime"))
        if step_s and end_s - start_s != step_s:
            raise FileUnreadable(f"row {number} is {end_s - start_s} seconds long, row 1 {step_s}")
        step_s = end_s - start_s
        where = place or (_cell(row, header, "latitude", number), _cell(row, header, "longitude", number))
        starts, values = gathered.setdefault(where, ([], []))
        starts.append(start_s)
        values.append([_value(row[at], name, number) for at, name in fields])
    if not gathered:
        raise FileUnreadable("the file has no rows")
    return FileWeather(False, step_s, tuple(_csv_part(where, *found, fields) for where, found in gathered.items()))


def _csv_part(
    where: tuple[float, float], starts: list[int], values: list[list[float]], fields: list[tuple[int, str]]
) -> PlaceWeather:
    table = np.array(values, np.float64)
    columns = {name: table[:, index] for index, (_, name) in enumerate(fields)}
    found: IntArray = np.array(starts, np.int64)
    return PlaceWeather(*where, found, columns)


def _csv_columns(header: list[str], place: tuple[float, float] | None) -> list[tuple[int, str]]:
    """(column, field) of every field. errors: FileUnreadable"""
    needed = ["starttime", "endtime", *(() if place else ("latitude", "longitude"))]
    for name in needed:
        if name not in header:
            raise FileUnreadable(f"the column {name} is missing")
    if len(set(header)) != len(header):
        raise FileUnreadable("a column is there twice")
    fields = []
    for at, name in enumerate(header):
        if name in CSV_NAMES:
            fields.append((at, CSV_NAMES[name]))
        elif name not in ("starttime", "endtime", "latitude", "longitude"):
            raise FileUnreadable(f"the column {name[:100]} is not known")
    if not fields:
        raise FileUnreadable("no column has weather")
    return sorted(fields, key=lambda found: FIELDS.index(found[1]))


def _second(text: str, number: int, name: str) -> int:
    try:
        at = datetime.datetime.fromisoformat(text.strip())
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise FileUnreadable(f"row {number} has no time with an offset in {name}")
    return round(at.timestamp())


def _cell(row: list[str], header: list[str], name: str, number: int) -> float:
    limit = 90.0 if name == "latitude" else 180.0
    try:
        value = float(row[header.index(name)])
    except ValueError:
        value = float("nan")
    if not -limit <= value <= limit:
        raise FileUnreadable(f"row {number} has no {name} from {-limit:g} to {limit:g}")
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
            f"row {number} has {name} {text[:30]!r}, which is not from {limit.low:g} to {limit.high:g}"
        )
    return value
