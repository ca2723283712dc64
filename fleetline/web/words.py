"""How values read on a page: times in the visitor's zone, distances and speeds in the visitor's units, ages, states."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from fleetline.web.catalogue import ENGLISH, Catalogue

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
MONTHS: Final = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
SHORT_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
UNITS: Final = {
    "distance": ("km", "mi"), "speed": ("km/h", "mph"), "temperature": ("°C", "°F"), "voltage": ("V", "V"),
}  # fmt: skip
ALL: Final = (*STATUS.values(), *ALARM.values(), *TYPES.values(), *MONTHS, *SHORT_MONTHS, *WEEKDAYS)
"""What is said by name, for the catalogue."""


def zone_of(name: str) -> ZoneInfo:
    """The zone of that name, UTC for one that this machine does not know."""
    try:
        return ZoneInfo(name or "UTC")
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


@dataclass(frozen=True, slots=True)
class Words:
    """One visitor's way of reading; the only place of the server that writes out times and numbers.

    units     metric | imperial
    now_ms    the moment of the page
    texts     the language
    """

    zone: ZoneInfo
    units: str
    now_ms: int
    texts: Catalogue = ENGLISH

    @property
    def imperial(self) -> bool:
        return self.units == "imperial"

    def say(self, message: str, **values: Any) -> str:
        """The message in the visitor's language with its `{names}` filled in."""
        return self.texts.say(message, **values)

    def moment(self, at_ms: int | None) -> datetime | None:
        return None if at_ms is None else datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(self.zone)

    def _day_and_month(self, at: datetime) -> str:
        return f"{at.day} {self.say(SHORT_MONTHS[at.month - 1])}"

    def time(self, at_ms: int | None) -> str:
        """`14:05` today, `23 Nov 14:05` this year, `23 Nov 2025 14:05` before; empty for None."""
        at, now = self.moment(at_ms), self.moment(self.now_ms)
        if at is None or now is None:
            return ""
        if at.date() == now.date():
            return f"{at:%H:%M}"
        year = "" if at.year == now.year else f" {at.year}"
        return f"{self._day_and_month(at)}{year} {at:%H:%M}"

    def clock(self, at_ms: int | None) -> str:
        at = self.moment(at_ms)
        return "" if at is None else f"{at:%H:%M}"

    def date(self, at_ms: int | None) -> str:
        at = self.moment(at_ms)
        return "" if at is None else f"{self._day_and_month(at)} {at.year}"

    def day(self, at_ms: int | None) -> str:
        """`Today`, `Yesterday`, `Monday 23 November`."""
        at, now = self.moment(at_ms), self.moment(self.now_ms)
        if at is None or now is None:
            return ""
        if at.date() == now.date():
            return self.say("Today")
        if at.date() == now.date() - timedelta(days=1):
            return self.say("Yesterday")
        return f"{self.say(WEEKDAYS[at.weekday()])} {at.day} {self.say(MONTHS[at.month - 1])}"

    def full(self, at_ms: int | None) -> str:
        at = self.moment(at_ms)
        return "" if at is None else f"{at.day} {self.say(MONTHS[at.month - 1])} {at.year} {at:%H:%M:%S} {at.tzname()}"

    def stamp(self, at_ms: int | None) -> str:
        """`2026-11-23 14:05:09 +01:00`, as a file carries it."""
        at = self.moment(at_ms)
        return "" if at is None else at.isoformat(" ", "seconds").replace("+", " +")

    def iso(self, at_ms: int | None) -> str:
        return "" if at_ms is None else datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="seconds")

    def age(self, at_ms: int | None) -> str:
        """`12 s ago`, `5 min ago`, `3 h ago`, `2 days ago`; `never` for None."""
        if at_ms is None:
            return self.say("never")
        seconds = max(0, (self.now_ms - at_ms) // 1000)
        if seconds >= 172_800:
            return self.say("{count} days ago", count=seconds // 86_400)
        if seconds >= 86_400:
            return self.say("1 day ago")
        if seconds >= 3_600:
            return self.say("{count} h ago", count=seconds // 3_600)
        if seconds >= 60:
            return self.say("{count} min ago", count=seconds // 60)
        return self.say("{count} s ago", count=seconds)

    def lasting(self, milliseconds: int | None) -> str:
        if milliseconds is None:
            return ""
        minutes = max(0, round(milliseconds / 60_000))
        if minutes < 60:
            return self.say("{minutes} min", minutes=minutes)
        return self.say("{hours} h {minutes} min", hours=minutes // 60, minutes=f"{minutes % 60:02d}")

    def measured(self, measure: str, value: float) -> float:
        """The value, given in the first of UNITS, in the visitor's unit; a count stays as it is."""
        if not self.imperial:
            return value
        if measure in ("distance", "speed"):
            return round(value * KM_IN_MILES, 2)
        return round(value * 9 / 5 + 32, 1) if measure == "temperature" else value

    def unit(self, measure: str) -> str:
        """The visitor's unit of what is measured; empty for a count or a text."""
        return UNITS[measure][self.imperial] if measure in UNITS else ""

    def number(self, value: float | None, places: int = 0) -> str:
        return "–" if value is None else f"{value:,.{places}f}"

    def distance(self, km: float | None) -> str:
        if km is None:
            return "–"
        value = km * KM_IN_MILES if self.imperial else km
        return f"{self.number(value, 1 if value < 1000 else 0)} {self.unit('distance')}"

    def speed(self, kmh: float | None) -> str:
        return "–" if kmh is None else f"{kmh * (KM_IN_MILES if self.imperial else 1):.0f} {self.unit('speed')}"

    def temperature(self, celsius: float | None) -> str:
        return "–" if celsius is None else f"{self.measured('temperature', celsius):.0f} {self.unit('temperature')}"

    def volts(self, value: float | None, places: int = 1) -> str:
        return "–" if value is None else f"{value:.{places}f} V"

    def state(self, now: dict[str, Any] | None) -> str:
        """The one word that decides a marker: an alarm goes before the status."""
        if now is None:
            return "unused"
        return "alarm" if now.get("alarm") else str(now.get("status") or "unused")

    def state_words(self, now: dict[str, Any] | None) -> str:
        if now is None:
            return self.say("No device")
        if now.get("alarm"):
            return self.say(ALARM.get(now["alarm"], str(now["alarm"])))
        status = str(now.get("status"))
        if status == "moving" and now.get("speed_kmh") is not None:
            return self.say("Moving, {speed}", speed=self.speed(now["speed_kmh"]))
        return self.say(STATUS.get(status, status))

    def type(self, name: str | None) -> str:
        return self.say(TYPES.get(name or "", (name or "").capitalize()))
