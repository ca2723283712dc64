"""Files of services and stations that measure or model real years: what their stamps mean, and which are typical."""

import re
from pathlib import Path
from typing import Any, Final

import numpy as np

from fleetline.model.weather import FileUnreadable, FileWeather, PlaceWeather
from fleetline.outside.weather_tables import HOUR_S, PLAIN, place_table, step_s, typical_year

HALF_HOUR_S: Final = 1_800
MINUTE_S: Final = 60
TILTED: Final = "the file is of a tilted plane; ask for slope 0"
_NAMED_OFFSETS: Final = ("irradiance_time_offset", "irradiance time offset")


def read_nsrdb(path: Path) -> FileWeather:
    """Stamps are the middle of their step; a file whose years run back and forth is a typical one."""
    from pvlib import iotools

    table, about = iotools.read_nsrdb_psm4(path, map_variables=True)
    length_s = step_s(table)
    if not table.index.is_monotonic_increasing and length_s == HOUR_S:
        place = {"latitude": about["latitude"], "longitude": about["longitude"]}
        return typical_year(table, PLAIN, -HALF_HOUR_S, place, float(about["Time Zone"]))
    part = place_table(table, PLAIN, -length_s // 2, (about["latitude"], about["longitude"]))
    return FileWeather(False, length_s, (part,))


def read_solaranywhere(path: Path) -> FileWeather:
    """The header says where in its step a stamp lies; where it does not, the first stamp tells."""
    from pvlib import iotools

    with path.open(encoding="iso-8859-1") as opened:
        first, second = opened.readline(), opened.readline()
    if second.startswith("Date (MM/DD/YYYY)"):
        return _in_tmy3_form(path, first)
    table, about = iotools.read_solaranywhere(path, map_variables=True, encoding="iso-8859-1")
    length_s = step_s(table)
    shift_s = _stamp_shift_s(str(about.get("Averaging Method", "")).lower(), table.index[0], length_s)
    if "typical" in str(about.get("Type", "")).lower() and length_s == HOUR_S:
        return typical_year(table, PLAIN, shift_s, about, about["TZ"])
    return FileWeather(False, length_s, (place_table(table, PLAIN, shift_s, (about["latitude"], about["longitude"])),))


def _stamp_shift_s(method: str, first: Any, length_s: int) -> int:
    for word, shift_s in (("end", -length_s), ("mid", -length_s // 2), ("cent", -length_s // 2)):
        if word in method:
            return shift_s
    into_s = (first.hour * HOUR_S + first.minute * MINUTE_S) % 86_400
    return -length_s // 2 if into_s % length_s else -length_s if into_s == length_s else 0


def _in_tmy3_form(path: Path, header: str) -> FileWeather:
    """The same service's hours in the form of TMY3, whose stamps end their hour; its years are real ones."""
    from pvlib import iotools

    table, about = iotools.read_tmy3(path, map_variables=True, encoding="iso-8859-1")
    table = table.rename(columns={"DNI (W/m^2))": "dni"})  # the service writes one bracket too many
    if "typical" in header.lower():
        return typical_year(table, PLAIN, -HOUR_S, about, about["TZ"])
    return FileWeather(False, HOUR_S, (place_table(table, PLAIN, -HOUR_S, (about["latitude"], about["longitude"])),))


def read_pvgis(path: Path) -> FileWeather:
    """Both kinds of file. Light is that of one moment of the hour, which the stamps or the header name.

    A step of an hour around that moment, its ends at full or half hours, holds the value.
    """
    from pvlib import iotools

    text, form = path.read_text("utf-8", "replace"), path.suffix[1:]
    if '"tmy_hourly"' in text or "month,year" in text:
        table, about = iotools.read_pvgis_tmy(path, pvgis_format=form, map_variables=True)
        where = about["inputs"].get("location", about["inputs"])
        offset_h = next((where[name] for name in _NAMED_OFFSETS if name in where), 0.5)
        table.index = table.index.floor("h")
        return typical_year(table, PLAIN, _around_s(round(float(offset_h) * HOUR_S)), where, 0)
    table, about = iotools.read_pvgis_hourly(path, pvgis_format=form, map_variables=True)
    if not _lies_flat(about["inputs"]):
        raise FileUnreadable(TILTED)
    where = about["inputs"].get("location", about["inputs"])
    into_s = table.index[0].minute * MINUTE_S
    table.index = table.index.floor("h")
    place = float(where["latitude"]), float(where["longitude"])
    return FileWeather(False, HOUR_S, (place_table(_horizontal(table), PLAIN, _around_s(into_s), place),))


def _around_s(moment_s: int) -> int:
    """Where an hour around a moment begins, both counted from the full hour; a multiple of half an hour."""
    return round((moment_s - HALF_HOUR_S) / HALF_HOUR_S) * HALF_HOUR_S


def _lies_flat(inputs: Any) -> bool:
    """Whether the plane that the light was asked for is known to lie flat."""
    if "mounting_system" in inputs:
        slope = inputs["mounting_system"].get("fixed", {}).get("slope", {}).get("value")
        return isinstance(slope, int | float) and float(slope) == 0
    slope = re.match(r"\s*(-?\d+(?:\.\d+)?)", str(inputs.get("Slope", "")))
    return slope is not None and float(slope[1]) == 0


def _horizontal(table: Any) -> Any:
    """The light of a plane that lies flat by the names of horizontal light."""
    renamed = table.rename(columns={"poa_global": "ghi", "poa_sky_diffuse": "dhi"})
    if "poa_direct" in table.columns and "dhi" in renamed.columns:
        renamed["ghi"] = table["poa_direct"] + table["poa_sky_diffuse"]
    return renamed


def read_bsrn(path: Path) -> FileWeather:
    """Station-to-archive files: minutes in UTC that begin at their stamp."""
    from pvlib import iotools

    table, about = iotools.read_bsrn(path)
    return FileWeather(False, MINUTE_S, (_minutes(table, 0, (about["latitude"], about["longitude"])),))


def read_surfrad(path: Path) -> FileWeather:
    """Minutes in UTC that end at their stamp; the network lies west of Greenwich and may leave the sign out."""
    from pvlib import iotools

    table, about = iotools.read_surfrad(path)
    if step_s(table) != MINUTE_S:
        raise FileUnreadable("only files of one-minute steps, those from 2009 on, can be read")
    return FileWeather(
        False, MINUTE_S, (_minutes(table, -MINUTE_S, (about["latitude"], -abs(about["longitude"]))),)
    )  # fmt: skip


def _minutes(table: Any, shift_s: int, place: tuple[float, float]) -> PlaceWeather:
    """Measured minutes; the small negative light that instruments show at night stays, what lies below is no light."""
    found = place_table(table, PLAIN, shift_s, place)
    values = {
        name: np.where(column < -10.0, np.nan, column) if name.endswith("wm2") else column
        for name, column in found.values.items()
    }
    return PlaceWeather(found.latitude_deg, found.longitude_deg, found.starts_s, values)
