"""Weather files of several makers, read by pvlib and brought to steps that begin at their stamp, UTC."""

import tempfile
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np

from fleetline.model.weather import (
    RANGES,
    FileUnreadable,
    FileWeather,
    FloatArray,
    PlaceWeather,
)
from fleetline.outside.weather_csv import read_csv
from fleetline.outside.weather_series import read_bsrn, read_nsrdb, read_pvgis, read_solaranywhere, read_surfrad
from fleetline.outside.weather_tables import HOUR_S, PLAIN, typical_year

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
            return read_csv(body, place)
        reader = _READERS[form]
        try:
            with warnings.catch_warnings(), tempfile.TemporaryDirectory(prefix="fleetline-weather-") as folder:
                warnings.simplefilter("ignore")  # pandas and pvlib speak of their own future here
                path = Path(folder) / ("file.json" if body.lstrip()[:1] == b"{" else "file.csv")
                path.write_bytes(body)
                found = reader(path)
        except FileUnreadable:
            raise
        except (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, NameError, StopIteration) as fault:
            # whatever a reader stumbles over in a foreign file: it is not in this form
            raise FileUnreadable(f"the file is not in the form {form}") from fault
        return _checked(found)


def _tmy2(path: Path) -> FileWeather:
    """The reader has moved the stamps to the start of the hour; temperature and wind are in tenths."""
    from pvlib import iotools

    table, about = iotools.read_tmy2(path)
    found = typical_year(table, _TMY2, 0, about, about["TZ"])
    (part,) = found.parts
    values = {name: column / 10.0 if name in _TENTHS else column for name, column in part.values.items()}
    return FileWeather(True, HOUR_S, (PlaceWeather(part.latitude_deg, part.longitude_deg, part.starts_s, values),))


def _tmy3(path: Path) -> FileWeather:
    """Stamps end their hour."""
    from pvlib import iotools

    table, about = iotools.read_tmy3(path, map_variables=True, encoding="iso-8859-1")
    return typical_year(table, PLAIN, -HOUR_S, about, about["TZ"])


def _epw(path: Path) -> FileWeather:
    """The reader has moved the stamps to the start of the hour."""
    from pvlib import iotools

    table, about = iotools.read_epw(path)
    return typical_year(table, PLAIN, 0, about, about["TZ"])


_READERS: Final[Mapping[str, Callable[[Path], FileWeather]]] = {
    "tmy2": _tmy2,
    "tmy3": _tmy3,
    "epw": _epw,
    "nsrdb": read_nsrdb,
    "pvgis": read_pvgis,
    "solaranywhere": read_solaranywhere,
    "bsrn": read_bsrn,
    "surfrad": read_surfrad,
}


def _checked(found: FileWeather) -> FileWeather:
    """Missing codes as NaN, everything else within its range. errors: FileUnreadable"""
    parts = []
    for part in found.parts:
        values = {name: _known(name, column) for name, column in part.values.items()}
        for name, column in values.items():
            bad = np.flatnonzero(~np.isnan(column) & ~_within(name, column))
            if len(bad):
                raise FileUnreadable(f"row {int(bad[0]) + 1} has {name} {column[bad[0]]:g}, which cannot be", name)
        parts.append(PlaceWeather(part.latitude_deg, part.longitude_deg, part.starts_s, values))
    return FileWeather(found.typical, found.step_s, tuple(parts))


def _known(name: str, column: FloatArray) -> FloatArray:
    absent = column >= _ABSENT.get(name, _ABSENT_LIGHT)
    return np.where(absent | (column <= _ABSENT_BELOW), np.nan, column)


def _within(name: str, column: FloatArray) -> Any:
    limit = RANGES[name]
    return (column >= limit.low) & (column <= limit.high)
