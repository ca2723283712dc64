"""Tables as pvlib reads them, brought to steps that begin at their stamp, UTC."""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from fleetline.model.weather import DAY_S, FileWeather, PlaceWeather, nominal_s

HOUR_S: Final = 3_600
PLAIN: Final = {"ghi": "ghi_wm2", "dni": "dni_wm2", "dhi": "dhi_wm2", "temp_air": "temperature_c",
                "wind_speed": "wind_ms"}  # fmt: skip
"""pvlib's names and ours."""


def typical_year(
    table: Any, names: Mapping[str, str], shift_s: int, about: Mapping[str, Any], hours: float
) -> FileWeather:
    """A year made of months of several years: its days are those of the calendar on the wall, without leap days."""
    wall = np.asarray(table.index.tz_localize(None).to_numpy(), "datetime64[s]").astype(np.int64)
    starts = (nominal_s(wall + shift_s) - round(hours * HOUR_S)) % (365 * DAY_S)
    values = {ours: table[name].to_numpy(float) for name, ours in names.items() if name in table.columns}
    part = PlaceWeather(float(about["latitude"]), float(about["longitude"]), np.asarray(starts, np.int64), values)
    return FileWeather(True, HOUR_S, (part,))


def place_table(table: Any, names: Mapping[str, str], shift_s: int, place: tuple[float, float]) -> PlaceWeather:
    """Columns of a table by our names; `shift_s` is added to its stamps."""
    stamps = np.asarray(table.index.tz_convert("UTC").tz_localize(None).to_numpy(), "datetime64[s]").astype(np.int64)
    values = {ours: table[name].to_numpy(float) for name, ours in names.items() if name in table.columns}
    return PlaceWeather(*place, np.asarray(stamps + shift_s, np.int64), values)


def step_s(table: Any) -> int:
    """Seconds between the first two stamps."""
    return int((table.index[1] - table.index[0]).total_seconds())
