"""One device as JSON: what the vendor's table names, in its order, null where nothing is known."""

from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import quote

import msgspec

from fleetline.api.dialects.fleetize.parking import absence_changes_s, absence_text, parked_text
from fleetline.api.dialects.fleetize.points import location_text
from fleetline.core.views import DeviceView

_ENCODER: Final = msgspec.json.Encoder()

STATUS_TEXT: Final = {1: "offline", 2: "active", 3: "inactive", 4: "not moved yet", 5: "unused"}
ERROR_TEXT: Final = {0: None, 1: "Modified", 2: "Unplugged", 3: "No Signal", 4: "No GPS", 5: "Bad GPS"}

OFFLINE: Final = 1
FOREVER_MS: Final = 2**62
IMEI_DIGITS: Final = 15


def device_json(view: DeviceView, fields: tuple[str, ...], withheld: frozenset[str], now_ms: int) -> tuple[bytes, int]:
    """The wanted fields in their order, and the moment from which the same view reads otherwise.

    source  section 10 of the specification; rule Z-14 for what is withheld
    """
    values = {name: None if name in withheld else _FIELDS[name](view, now_ms) for name in fields}
    return _ENCODER.encode(values), _until_ms(view, fields, now_ms)


def _until_ms(view: DeviceView, fields: tuple[str, ...], now_ms: int) -> int:
    until_ms = FOREVER_MS if view.live.valid_until_ms is None else view.live.valid_until_ms
    since_s = _parked_since_s(view)
    if since_s is None or "status_absence" not in fields:
        return until_ms
    return min(until_ms, absence_changes_s(since_s, now_ms // 1000) * 1000)


def kilometres(metres: float) -> int:
    """Whole kilometres, rounded down."""
    return int(metres // 1000)


def half_up(value: float, unit: int) -> int:
    """The nearest whole number of units, halves up."""
    return int((value + unit / 2) // unit)


def imei_value(ident: str) -> int | str:
    """An IMEI as a number, as the vendor's example has it; any other identifier as it is."""
    return int(ident) if len(ident) == IMEI_DIGITS and ident.isascii() and ident.isdigit() else ident


def _volts(millivolts: int | None) -> int | float | None:
    """Volts with two decimals at most, halves up; a whole number of volts without any."""
    if millivolts is None:
        return None
    hundredths = (millivolts + 5) // 10
    return hundredths // 100 if hundredths % 100 == 0 else hundredths / 100


def _seconds(at_ms: int | None) -> int | None:
    return None if at_ms is None else at_ms // 1000


def _location(view: DeviceView) -> str | None:
    lat_e7, lon_e7 = view.live.lat_e7, view.live.lon_e7
    return None if lat_e7 is None or lon_e7 is None else location_text(lat_e7 / 1e7, lon_e7 / 1e7)


def _parked_since_s(view: DeviceView) -> int | None:
    """The last activity of a device that is offline in a parking, else None."""
    live = view.live
    return _seconds(live.online_ms) if live.parked and live.status_code == OFFLINE else None


def _absence(view: DeviceView, now_ms: int) -> str | None:
    since_s = _parked_since_s(view)
    return None if since_s is None else absence_text(since_s, now_ms // 1000)


def _description(view: DeviceView, now_ms: int) -> str | None:
    since_s = _parked_since_s(view)
    return None if since_s is None else parked_text(since_s, view.time_zone, view.language)


_FIELDS: Final[Mapping[str, Callable[[DeviceView, int], Any]]] = {
    "timestamp": lambda view, now_ms: view.day_start_s,
    "device_id": lambda view, now_ms: view.device_id,
    "device_imei": lambda view, now_ms: imei_value(view.ident),
    "device_type": lambda view, now_ms: view.type,
    "device_name": lambda view, now_ms: view.name,
    "device_description": lambda view, now_ms: view.description,
    "device_mileage": lambda view, now_ms: kilometres(view.mileage_m),
    "device_mileage_raw": lambda view, now_ms: kilometres(view.mileage_raw_m),
    "device_distance": lambda view, now_ms: half_up(view.distance_m, 1000),
    "device_portrait": lambda view, now_ms: None if view.portrait is None else quote(view.portrait, safe=""),
    "device_speed": lambda view, now_ms: view.live.speed_kmh or 0,  # 0 unless active, known or not
    "device_upm": lambda view, now_ms: view.live.rpm,
    "device_temp_engine": lambda view, now_ms: view.live.coolant_c,
    "device_voltage_external": lambda view, now_ms: _volts(view.live.supply_mv),
    "device_voltage_internal": lambda view, now_ms: _volts(view.live.battery_mv),
    "device_angle": lambda view, now_ms: view.live.heading_deg,
    "online_timestamp": lambda view, now_ms: _seconds(view.live.online_ms),
    "heartbeat_timestamp": lambda view, now_ms: _seconds(view.heartbeat_at_ms),
    "error_code": lambda view, now_ms: view.live.error_code,
    "error_code_time": lambda view, now_ms: _seconds(view.live.error_ms),
    "error_text": lambda view, now_ms: ERROR_TEXT[view.live.error_code],
    "status_text": lambda view, now_ms: STATUS_TEXT[view.live.status_code],
    "status_code": lambda view, now_ms: view.live.status_code,
    "status_absence": _absence,
    "status_description": _description,
    "location": lambda view, now_ms: _location(view),
}
