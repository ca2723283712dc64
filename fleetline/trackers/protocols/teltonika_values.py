"""The values of many Teltonika records of one layout, read column by column from a matrix of their bytes."""

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from fleetline.model.motion import (
    IGNITION_KNOWN,
    IGNITION_ON,
    MISSING_32,
    MISSING_64,
    POWER_CUT,
    POWER_RESTORED,
    ROW,
    VALID,
    Columns,
    empty_rows,
)
from fleetline.trackers.protocols.teltonika_elements import UNPLUG_EVENT
from fleetline.trackers.protocols.teltonika_frame import GPS_BYTES
from fleetline.trackers.protocols.teltonika_layout import (
    MAX_LAT_E7,
    MAX_LON_E7,
    MAX_TIME_MS,
    SHAPES,
    Layout,
    Reading,
    reading_value,
)
from fleetline.trackers.protocols.teltonika_runs import Matrix

Column = npt.NDArray[Any]

_CHUNK: Final = 8192
"""Records whose bytes and rows fit a core's cache together."""

FIELD_COLUMNS: Final = {
    "odometer_m": ("odometer_m", 1),
    "hdop": ("hdop_e2", 100),
    "obd_speed_kmh": ("obd_speed_e2", 100),
    "rpm": ("rpm", 1),
    "coolant_c": ("coolant_e1", 10),
    "supply_v": ("supply_mv", 1000),
    "battery_v": ("battery_mv", 1000),
}
"""Field of Report -> (its column, the column's factor), for the fields that IO elements fill."""


def read(matrix: Matrix, at: int, width: int, signed: bool = False) -> Column:
    """The numbers of `width` bytes at one place of every record: a view in the wire's byte order."""
    part = matrix[:, at : at + width].view(f">{'i' if signed else 'u'}{width}")
    return part[:, 0]


def columns_of_records(layout: Layout, matrix: Matrix) -> Columns:
    """What `report_of` says of each record, as columns."""
    count, shape = len(matrix), SHAPES[layout.codec]
    rows = np.empty(count, ROW)
    extra: dict[str, Column] = {"priority": np.empty(count, np.int64), "event_io": np.empty(count, np.int64)}
    if shape.generation:
        extra["generation"] = np.empty(count, np.int64)
    plain = [item for item in layout.readings if not item.field and item.form == "number" and not item.absent]
    plain = [item for item in plain if item.width < 8]
    for item in plain:
        extra[item.name] = np.empty(count, np.int64 if item.divisor == 1 else np.float64)
    absent = empty_rows(1).view(np.int64)
    for first in range(0, count, _CHUNK):
        part, here = matrix[first : first + _CHUNK], slice(first, first + _CHUNK)
        rows[here].view(np.int64).reshape(-1, len(absent))[:] = absent  # ten times faster than row by row
        _fields(layout, rows[here], part)
        extra["priority"][here] = part[:, 8]
        extra["event_io"][here] = read(part, GPS_BYTES, shape.event)
        if shape.generation:
            extra["generation"][here] = part[:, GPS_BYTES + shape.event]
        for item in plain:
            value = read(part, item.at, item.width, item.signed)
            if item.divisor == 1:
                extra[item.name][here] = value
            else:
                np.divide(value, item.divisor, out=extra[item.name][here])
    for item in layout.readings:
        if not item.field and item not in plain:
            _attribute(extra, item, matrix)
    return Columns(rows, extra)


def _fields(layout: Layout, rows: Column, matrix: Matrix) -> None:
    """Fill the columns of ROW."""
    flags = _position(rows, matrix)
    for reading in layout.readings:
        if not reading.field:
            continue
        value = read(matrix, reading.at, reading.width, reading.signed)
        if reading.name == "ignition":
            flags |= np.where(value != 0, np.int32(IGNITION_KNOWN | IGNITION_ON), np.int32(IGNITION_KNOWN))
        else:
            column, factor = FIELD_COLUMNS[reading.name]
            factor //= reading.divisor
            rows[column] = value if factor == 1 else value.astype(np.int32) * factor
    if layout.unplugged_at is not None:
        unplugged = matrix[:, layout.unplugged_at]
        event = read(matrix, GPS_BYTES, SHAPES[layout.codec].event)
        flags[unplugged == 1] |= POWER_CUT
        flags[(unplugged == 0) & (event == UNPLUG_EVENT)] |= POWER_RESTORED
    rows["flags"] = flags


def _position(rows: Column, matrix: Matrix) -> npt.NDArray[np.int32]:
    """Fill the columns of time and GPS element; returns the flags so far."""
    time = read(matrix, 0, 8)
    rows["at_ms"] = time
    if (late := time >= MAX_TIME_MS).any():
        rows["at_ms"][late] = MISSING_64
    lon = read(matrix, 9, 4, True).astype(np.int32)
    lat = read(matrix, 13, 4, True).astype(np.int32)
    altitude = read(matrix, 17, 2, True).astype(np.int32) * 10
    angle = read(matrix, 19, 2).astype(np.int32)
    satellites = matrix[:, 21]
    speed = read(matrix, 22, 2).astype(np.int32) * 100
    rows["satellites"] = satellites
    placed = ((lat | lon) != 0) & (lat >= -MAX_LAT_E7) & (lat <= MAX_LAT_E7)
    placed &= (lon >= -MAX_LON_E7) & (lon <= MAX_LON_E7)
    fixed = satellites > 0
    flags: npt.NDArray[np.int32] = (placed & fixed).astype(np.int32) * VALID
    angle[angle == 360] = 0
    course = angle * 100
    if not (placed.all() and fixed.all()) or int(angle.max()) > 360:
        lat[~placed] = lon[~placed] = altitude[~placed] = MISSING_32
        course[(angle > 360) | ~(fixed | (read(matrix, 19, 2) != 0))] = MISSING_32
        speed[~fixed & (speed == 0)] = MISSING_32
    rows["lat_e7"], rows["lon_e7"], rows["altitude_dm"] = lat, lon, altitude
    rows["speed_e2"], rows["course_e2"] = speed, course
    return flags


def _attribute(extra: dict[str, Column], reading: Reading, matrix: Matrix) -> None:
    if reading.form == "number":
        value = read(matrix, reading.at, reading.width, reading.signed)
        if reading.divisor != 1:
            scaled: Column = value / np.float64(reading.divisor)
            if reading.absent:
                scaled[np.isin(value, reading.absent)] = np.nan
            if not reading.absent or not np.isnan(scaled).all():
                extra[reading.name] = scaled
            return
        number: Column = value.astype(np.int64)
        if reading.width < 8 or (number != MISSING_64).any():
            extra[reading.name] = number
        return
    width = reading.width
    data = np.ascontiguousarray(matrix[:, reading.at : reading.at + width]).tobytes()
    found: dict[str, list[Any]] = {}
    for index in range(len(matrix)):
        name, item = reading_value(reading, data, index * width - reading.at)
        if item is not None:
            found.setdefault(name, [None] * len(matrix))[index] = item
    for name, values in found.items():
        column = np.empty(len(matrix), object)
        column[:] = values
        extra[name] = column
