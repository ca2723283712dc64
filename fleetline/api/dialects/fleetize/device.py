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
ACTIVE: Final = 2
FOREVER_MS: Final = 2**62
IMEI_DIGITS: Final = 15


def device_json(view: DeviceView, fields: tuple[str, ...], withheld: frozenset[str], now_ms: int) -> tuple[bytes, int]:
    """The wanted fields in their order, and the moment from which the same view reads otherwise.

    source  section 10 of the specification; rule Z-14 for what is withheld
    """
    values = {name: None if name in withheld else _FIELDS[name](view, now_ms) for name in fields}
    return _ENCODER.encode(values), _until_ms(view, fields, now_ms)


def _until_ms(view: DeviceView, fields: tuple[str, ...], now_ms: int) -> int:
    since_s = _parked_since_s(view)
    if since_s is None or "status_absence" not in fields:
        return FOREVER_MS
    return absence_changes_s(since_s, now_ms // 1000) * 1000


def kilometres(metres: float) -> int:
    """Whole kilometres, rounded down."""
    return int(metres // 1000)


def half_up(value: float) -> int:
    """The nearest whole number, halves up."""
    return int((value + 0.5) // 1)


def imei_value(ident: str) -> int | str:
    """An IMEI as a number, as the vendor's example has it; any other identifier as it is."""
    return int(ident) if len(ident) == IMEI_DIGITS and ident.isascii() and ident.isdigit() else ident
