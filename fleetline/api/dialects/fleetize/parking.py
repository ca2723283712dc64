"""The two texts about a parked vehicle: how long it has stood, and since when in its owner's time and language."""

from datetime import UTC, datetime
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

MINUTE_S: Final = 60
HOUR_S: Final = 3_600
DAY_S: Final = 86_400

WEEKDAYS: Final[dict[str, tuple[str, ...]]] = {
    "de": ("Mo", "Di", "Mi", "Do", "Fr", "Sa", "So"),
    "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
    "es": ("lun", "mar", "mié", "jue", "vie", "sáb", "dom"),
    "fr": ("lun", "mar", "mer", "jeu", "ven", "sam", "dim"),
    "it": ("lun", "mar", "mer", "gio", "ven", "sab", "dom"),
    "nl": ("ma", "di", "wo", "do", "vr", "za", "zo"),
    "pl": ("pon", "wt", "śr", "czw", "pt", "sob", "ndz"),
    "pt": ("seg", "ter", "qua", "qui", "sex", "sáb", "dom"),
}
"""Monday first, by two-letter language; any other language reads English."""


def absence_text(since_s: int, now_s: int) -> str:
    """`Parking: 1d 10h`, `Parking: 3h 05m` or `Parking: 12m`."""
    passed_s = max(0, now_s - since_s)
    days, hours, minutes = passed_s // DAY_S, passed_s % DAY_S // HOUR_S, passed_s % HOUR_S // MINUTE_S
    if days:
        return f"Parking: {days}d {hours}h"
    return f"Parking: {hours}h {minutes:02}m" if hours else f"Parking: {minutes}m"


def absence_changes_s(since_s: int, now_s: int) -> int:
    """The next second at which `absence_text` says something else."""
    passed_s = max(0, now_s - since_s)
    step_s = HOUR_S if passed_s >= DAY_S else MINUTE_S
    return since_s + (passed_s // step_s + 1) * step_s


@lru_cache(16_384)
def parked_text(since_s: int, zone: str, language: str) -> str:
    """`parked since Di, 17.03., 08:09` in that time zone and language."""
    try:
        local = datetime.fromtimestamp(since_s, ZoneInfo(zone))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        local = datetime.fromtimestamp(since_s, UTC)
    names = WEEKDAYS.get(language[:2].lower(), WEEKDAYS["en"])
    return f"parked since {names[local.weekday()]}, {local:%d.%m.}, {local:%H:%M}"
