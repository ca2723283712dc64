"""The values of OsmAnd calls: numbers, times and flags as the documented parameters write them."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from fleetline.model.motion import Report, Value
from fleetline.model.wire import Undecodable

KMH_PER_KNOT: Final = 1.852
KMH_PER_MS: Final = 3.6
_LAST_SECOND: Final = 2**31 - 1
"""A number below is seconds, any other milliseconds, as the vendor's server reads it."""
_LAST_MS: Final = 2**62
_MAX_IDENT: Final = 128


@dataclass(slots=True)
class Draft:
    """A report being gathered: fields of Report and attributes by name."""

    ident: str | None = None
    fields: dict[str, Any] = field(default_factory=dict)
    attributes: dict[str, Value] = field(default_factory=dict)

    def named(self) -> str:
        """The ident; Undecodable without one."""
        if not self.ident or len(self.ident) > _MAX_IDENT or not self.ident.isprintable():
            raise Undecodable("ident")
        return self.ident


def number(text: str | float) -> float:
    """A finite number; Undecodable for anything else."""
    try:
        value = float(text)
    except (ValueError, OverflowError):
        raise Undecodable("value") from None
    if isinstance(text, str) and (not text.isascii() or "_" in text):  # float() is wider than any client writes
        raise Undecodable("value")
    if not math.isfinite(value) or abs(value) > 1e15:
        raise Undecodable("value")
    return value


def positive(text: str | float) -> float | None:
    """A number that cannot be below zero: phones write a negative one for unknown."""
    value = number(text)
    return value if value >= 0 else None


def scaled(factor: float) -> Callable[[str | float], float | None]:
    """Reads a number in another unit; negative means unknown."""

    def read(text: str | float) -> float | None:
        value = positive(text)
        return None if value is None else value * factor

    return read


def course_of(text: str | float) -> float | None:
    """Degrees in [0, 360); negative means unknown."""
    value = positive(text)
    return None if value is None or value > 360 else value % 360


def flag(text: str) -> bool:
    """`true` and `1` are true, everything else is false, as the vendor's server reads it."""
    return text.lower() == "true" or text == "1"


def time_of(text: str | float) -> int | None:
    """Milliseconds since 1970 of seconds, milliseconds, ISO 8601 or `yyyy-MM-dd HH:mm:ss`, which is UTC.

    Zero is what clients send that have no time: None.
    """
    try:
        instant = float(text)
    except ValueError:
        return _calendar(str(text))
    if not math.isfinite(instant) or abs(instant) >= _LAST_MS:
        raise Undecodable("value")
    if isinstance(text, str) and text.lstrip("+-").isdecimal():
        exact = int(text)
        return (exact * 1000 if exact < _LAST_SECOND else exact) or None
    return round(instant * 1000 if instant < _LAST_SECOND else instant) or None


def _calendar(text: str) -> int:
    text = text.strip()
    if "T" in text:
        text = text.replace(" ", "+")  # the plus of a zone that was not escaped in a query
    try:
        instant = datetime.fromisoformat(text)
        if instant.tzinfo is None:
            instant = instant.replace(tzinfo=UTC)
        whole = instant.replace(microsecond=0)
        return int(whole.timestamp()) * 1000 + instant.microsecond // 1000
    except (ValueError, OverflowError):
        raise Undecodable("value") from None


def loose_value(text: str) -> Value:
    """A value of no documented type: a flag, a number when it is written as one, else the text."""
    if text in ("true", "false"):
        return text == "true"
    if text.isascii() and text.lstrip("-").isdigit() and text == str(whole := _int(text)) and abs(whole) < 2**63:
        return whole
    try:
        value = float(text)
    except ValueError:
        return text
    return value if math.isfinite(value) and text.isascii() and "_" not in text and text[:1] in "-.0123456789" else text


def _int(text: str) -> int:
    return int(text) if len(text) < 20 and text.count("-") < 2 else 0


def place(draft: Draft) -> Report:
    """The finished report. Both zero, one of them alone or a place off the globe are no position: the rest counts."""
    fields = {name: value for name, value in draft.fields.items() if value is not None}
    lat, lon = fields.pop("lat_deg", None), fields.pop("lon_deg", None)
    valid = fields.pop("valid", True)
    if lat is not None and lon is not None and (lat or lon) and abs(lat) <= 90 and abs(lon) <= 180:
        fields |= {"lat_deg": lat, "lon_deg": lon, "valid": valid}
    if not 0 <= fields.get("satellites", 0) < 1000:
        del fields["satellites"]
    return Report(fix_at_ms=fields.pop("fix_at_ms", None), attributes=draft.attributes, **fields)
