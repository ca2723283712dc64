"""How values read on a page: times in the visitor's zone, distances and speeds in the visitor's units, ages, states."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

KM_IN_MILES: Final = 0.621371192
STATUS: Final = {
    "moving": "Moving",
    "idle": "Idle",
    "offline": "Offline",
    "not_moved": "Not moved",
    "unused": "No data yet",
}
ALARM: Final = {
    "modified": "Device moved to other place",
    "unplugged": "Power cut",
    "no_signal": "No contact",
    "no_gps": "No GPS",
    "bad_gps": "Weak GPS",
}
TYPES: Final = {
    "CAR": "Car",
    "VAN": "Van",
    "TRUCK": "Truck",
    "BUS": "Bus",
    "BIKE": "Bike",
    "TRAILER": "Trailer",
    "MACHINE": "Machine",
    "PHONE": "Phone",
    "OTHER": "Other",
}


def zone_of(name: str) -> ZoneInfo:
    """The zone of that name, UTC for one that this machine does not know."""
    try:
        return ZoneInfo(name or "UTC")
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


@dataclass(frozen=True, slots=True)
class Words:
    """One visitor's way of reading.

    units     metric | imperial
    now_ms    the moment of the page
    """

    zone: ZoneInfo
    units: str
    now_ms: int

    @property
    def imperial(self) -> bool:
        return self.units == "imperial"

    def moment(self, at_ms: int | None) -> datetime | None:
        return None if at_ms is None else datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(self.zone)

    def time(self, at_ms: int | None) -> str:
        """`14:05` today, `23 Nov 14:05` this year, `23 Nov 2025 14:05` before; empty for None."""
        at, now = self.moment(at_ms), self.moment(self.now_ms)
        if at is None or now is None:
            return ""
        if at.date() == now.date():
            return f"{at:%H:%M}"
        return f"{at.day} {at:%b %H:%M}" if at.year == now.year else f"{at.day} {at:%b %Y %H:%M}"

    def clock(self, at_ms: int | None) -> str:
        at = self.moment(at_ms)
        return "" if at is None else f"{at:%H:%M}"

    def date(self, at_ms: int | None) -> str:
        at = self.moment(at_ms)
        return "" if at is None else f"{at.day} {at:%b %Y}"

    def day(self, at_ms: int | None) -> str:
        """`Today`, `Yesterday`, `Monday 23 November`."""
        at, now = self.moment(at_ms), self.moment(self.now_ms)
        if at is None or now is None:
            return ""
        if at.date() == now.date():
            return "Today"
        return "Yesterday" if at.date() == now.date() - timedelta(days=1) else f"{at:%A} {at.day} {at:%B}"

    def full(self, at_ms: int | None) -> str:
        at = self.moment(at_ms)
        return "" if at is None else f"{at.day} {at:%B %Y %H:%M:%S} {at.tzname()}"

    def iso(self, at_ms: int | None) -> str:
        return "" if at_ms is None else datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="seconds")

    def age(self, at_ms: int | None) -> str:
        """`12 s ago`, `5 min ago`, `3 h ago`, `2 days ago`; `never` for None."""
        if at_ms is None:
            return "never"
        seconds = max(0, (self.now_ms - at_ms) // 1000)
        for size, unit in ((86_400, "day"), (3_600, "h"), (60, "min")):
            if seconds >= size:
                count = seconds // size
                return f"{count} {unit}{'s' if unit == 'day' and count > 1 else ''} ago"
        return f"{seconds} s ago"

    def lasting(self, milliseconds: int | None) -> str:
        if milliseconds is None:
            return ""
        minutes = max(0, round(milliseconds / 60_000))
        if minutes < 60:
            return f"{minutes} min"
        return f"{minutes // 60} h {minutes % 60:02d} min"

    def distance(self, km: float | None) -> str:
        if km is None:
            return "–"
        value, unit = (km * KM_IN_MILES, "mi") if self.imperial else (km, "km")
        return f"{value:,.1f} {unit}" if value < 1000 else f"{value:,.0f} {unit}"

    def speed(self, kmh: float | None) -> str:
        if kmh is None:
            return "–"
        return f"{kmh * KM_IN_MILES:.0f} mph" if self.imperial else f"{kmh:.0f} km/h"

    def state(self, now: dict[str, Any] | None) -> str:
        """The one word that decides a marker: an alarm goes before the status."""
        if now is None:
            return "unused"
        return "alarm" if now.get("alarm") else str(now.get("status") or "unused")

    def state_words(self, now: dict[str, Any] | None) -> str:
        if now is None:
            return "No device"
        if now.get("alarm"):
            return ALARM.get(now["alarm"], str(now["alarm"]))
        status = str(now.get("status"))
        if status == "moving" and now.get("speed_kmh") is not None:
            return f"Moving, {self.speed(now['speed_kmh'])}"
        return STATUS.get(status, status)

    def type(self, name: str | None) -> str:
        return TYPES.get(name or "", (name or "").capitalize())
