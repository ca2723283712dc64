"""What a device says about its movement: one claimed Report, and many of them as columns."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt

Value = bool | int | float | str
"""A further reading of a report that has no column of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One message of a tracker as the device claims it; nothing is checked against other reports.

    fix_at_ms     time of the position, UTC; None when the report carries no position time
    device_at_ms  the device's own clock when it differs from the fix time
    valid         the device itself calls the position good
    odometer_m    the vehicle's or the device's total, as sent; coarse_odometer when its wire unit exceeds 100 m
    attributes    everything else, under the field's usual names, in the unit the name ends with
    """

    fix_at_ms: int | None
    device_at_ms: int | None = None
    valid: bool = False
    lat_deg: float | None = None
    lon_deg: float | None = None
    altitude_m: float | None = None
    speed_kmh: float | None = None
    course_deg: float | None = None
    satellites: int | None = None
    hdop: float | None = None
    accuracy_m: float | None = None
    ignition: bool | None = None
    odometer_m: float | None = None
    coarse_odometer: bool = False
    obd_speed_kmh: float | None = None
    rpm: float | None = None
    coolant_c: float | None = None
    supply_v: float | None = None
    battery_v: float | None = None
    power_cut: bool = False
    power_restored: bool = False
    tampered: bool = False
    attributes: Mapping[str, Value] = field(default_factory=dict)


MISSING_32: Final = -(2**31)
MISSING_64: Final = -(2**63)

VALID: Final = 1
IGNITION_KNOWN: Final = 2
IGNITION_ON: Final = 4
POWER_CUT: Final = 8
POWER_RESTORED: Final = 16
TAMPERED: Final = 32
COARSE_ODOMETER: Final = 64

ROW: Final = np.dtype(
    [
        ("at_ms", "<i8"),
        ("received_at_ms", "<i8"),
        ("device_at_ms", "<i8"),
        ("odometer_m", "<i8"),
        ("lat_e7", "<i4"),
        ("lon_e7", "<i4"),
        ("altitude_dm", "<i4"),
        ("speed_e2", "<i4"),
        ("course_e2", "<i4"),
        ("hdop_e2", "<i4"),
        ("accuracy_dm", "<i4"),
        ("obd_speed_e2", "<i4"),
        ("rpm", "<i4"),
        ("coolant_e1", "<i4"),
        ("supply_mv", "<i4"),
        ("battery_mv", "<i4"),
        ("satellites", "<i4"),
        ("flags", "<i4"),
    ]
)
"""One report as a row of integers. A value that is absent holds the least number of its type
(MISSING_64 or MISSING_32); lat and lon are both present or both absent. `at_ms` is the report's own time:
the fix time as claimed until filing has settled it. Suffix _eN: in 10**-N of the unit (degrees, km/h, degrees C),
_dm decimetres, _mv millivolts."""

Rows = npt.NDArray[Any]
"""A one-dimensional array of dtype ROW."""


@dataclass(frozen=True, slots=True)
class Columns:
    """Many reports side by side.

    rows   (n,) of dtype ROW
    extra  name -> (n,) of int64 (MISSING_64 = absent), float64 (NaN = absent) or object (None = absent; str or bytes)
    """

    rows: Rows
    extra: Mapping[str, npt.NDArray[Any]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.rows)


_SCALED: Final = (
    ("odometer_m", "odometer_m", 1.0),
    ("lat_e7", "lat_deg", 1e7),
    ("lon_e7", "lon_deg", 1e7),
    ("altitude_dm", "altitude_m", 10.0),
    ("speed_e2", "speed_kmh", 100.0),
    ("course_e2", "course_deg", 100.0),
    ("hdop_e2", "hdop", 100.0),
    ("accuracy_dm", "accuracy_m", 10.0),
    ("obd_speed_e2", "obd_speed_kmh", 100.0),
    ("rpm", "rpm", 1.0),
    ("coolant_e1", "coolant_c", 10.0),
    ("supply_mv", "supply_v", 1000.0),
    ("battery_mv", "battery_v", 1000.0),
    ("satellites", "satellites", 1.0),
)
"""(column, field of Report, factor) of every optional number."""


_WHOLE: Final = np.dtype((np.void, ROW.itemsize))


def taken(rows: Rows, index: npt.NDArray[Any]) -> Rows:
    """`rows[index]`; numpy copies the fields of a row one by one, and a row as one piece some twenty times faster."""
    chosen: Rows = rows.view(_WHOLE)[index].view(ROW)
    return chosen


def put(rows: Rows, index: npt.NDArray[Any], values: Rows) -> None:
    """`rows[index] = values`, as fast as `taken`."""
    rows.view(_WHOLE)[index] = values.view(_WHOLE)


def chained(many: Sequence[Rows]) -> Rows:
    """All rows, one after the other."""
    return np.concatenate([rows.view(_WHOLE) for rows in many]).view(ROW) if many else np.empty(0, ROW)


def empty_rows(count: int) -> Rows:
    """`count` rows in which every value is absent and no flag is set."""
    rows: Rows = np.empty(count, ROW)
    if count:
        for name in ROW.names or ():
            rows[name][0] = MISSING_64 if ROW[name].itemsize == 8 else MISSING_32
        rows["flags"][0] = 0
        rows.view(_WHOLE)[1:] = rows.view(_WHOLE)[0]
    return rows


def _flags(report: Report) -> int:
    flags = VALID if report.valid else 0
    if report.ignition is not None:
        flags |= IGNITION_KNOWN | (IGNITION_ON if report.ignition else 0)
    flags |= POWER_CUT if report.power_cut else 0
    flags |= POWER_RESTORED if report.power_restored else 0
    flags |= TAMPERED if report.tampered else 0
    return flags | (COARSE_ODOMETER if report.coarse_odometer else 0)


def _fits(value: float, limit: int) -> bool:
    return -limit < value < limit  # NaN and infinities fail here too


def columns_of(reports: Sequence[Report]) -> Columns:
    """The same reports as columns; a number too large for its column, NaN or infinite counts as absent.

    `at_ms` is the fix time, else the device time, else absent; `received_at_ms` is absent.
    """
    rows = empty_rows(len(reports))
    for index, report in enumerate(reports):
        row = rows[index]
        at_ms = report.fix_at_ms if report.fix_at_ms is not None else report.device_at_ms
        if at_ms is not None and _fits(at_ms, 2**62):
            row["at_ms"] = at_ms
        if report.device_at_ms is not None and _fits(report.device_at_ms, 2**62):
            row["device_at_ms"] = report.device_at_ms
        row["flags"] = _flags(report)
        for column, name, factor in _SCALED:
            value = getattr(report, name)
            if value is not None and _fits(value * factor, 2**62 if column == "odometer_m" else 2**31 - 1):
                row[column] = round(value * factor)
        if (row["lat_e7"] == MISSING_32) != (row["lon_e7"] == MISSING_32):
            row["lat_e7"] = row["lon_e7"] = MISSING_32
    return Columns(rows, _extra_of([report.attributes for report in reports]))


def _extra_of(attributes: Sequence[Mapping[str, Value]]) -> dict[str, npt.NDArray[Any]]:
    extra: dict[str, npt.NDArray[Any]] = {}
    for name in dict.fromkeys(name for item in attributes for name in item):
        values = [item.get(name) for item in attributes]
        present = [value for value in values if value is not None]
        if all(isinstance(value, int) and abs(value) < 2**63 for value in present):
            extra[name] = np.array([MISSING_64 if v is None else int(v) for v in values], np.int64)
        elif all(isinstance(value, int | float) for value in present):
            extra[name] = np.array([np.nan if v is None else float(v) for v in values], np.float64)
        else:
            column = np.empty(len(values), object)
            column[:] = [None if v is None else str(v) for v in values]
            extra[name] = column
    return extra
