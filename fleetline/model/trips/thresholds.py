"""The numbers by which movement is judged, each with its default and its range."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Final

from fleetline.model.errors import Invalid

ENGINE_VERSION: Final = 1
"""Raised whenever the same reports and thresholds would give other routes, pauses or metres."""

Number = int | float

RANGES: Final[Mapping[str, tuple[Number, Number]]] = {
    "move_speed": (1, 20),
    "quiet_speed": (1, 20),
    "min_trip_distance": (0, 5000),
    "min_trip_duration": (0, 3600),
    "parking_min": (60, 7200),
    "long_stop_min": (30, 7200),
    "idle_limit": (600, 86_400),
    "gap_split": (300, 86_400),
    "ignition_debounce": (0, 300),
    "max_speed": (50, 1500),
    "drift_radius": (5, 200),
    "derived_radius": (5, 200),
    "leave_radius": (50, 1000),
    "group_radius": (10, 1000),
    "tow_distance": (200, 50_000),
    "min_satellites": (0, 12),
    "max_accuracy": (10, 5000),
    "future_tolerance": (0, 86_400),
    "offline_after": (60, 604_800),
    "no_signal_parked": (600, 2_592_000),
    "no_gps_after": (60, 86_400),
    "bad_hdop": (1, 50),
    "bad_accuracy": (10, 5000),
}
"""Least and greatest value of every threshold, both allowed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """Speeds in km/h, distances and accuracies in metres, times in seconds; the names are those owners write."""

    move_speed: Number = 3
    quiet_speed: Number = 5
    min_trip_distance: Number = 200
    min_trip_duration: Number = 60
    parking_min: Number = 300
    long_stop_min: Number = 180
    idle_limit: Number = 14_400
    gap_split: Number = 3600
    ignition_debounce: Number = 30
    max_speed: Number = 250
    drift_radius: Number = 25
    derived_radius: Number = 50
    leave_radius: Number = 100
    group_radius: Number = 100
    tow_distance: Number = 1000
    min_satellites: Number = 3
    max_accuracy: Number = 200
    future_tolerance: Number = 900
    offline_after: Number = 600
    no_signal_parked: Number = 86_400
    no_gps_after: Number = 300
    bad_hdop: Number = 5
    bad_accuracy: Number = 100

    def override(self, changes: Mapping[str, object]) -> "Thresholds":
        """The same with some values replaced.

        errors  Invalid(field = the key) for an unknown key, anything but a number, or a value outside its range
        """
        checked: dict[str, Number] = {}
        for key, value in changes.items():
            if key not in RANGES:
                raise Invalid(key, "unknown threshold", value)
            low, high = RANGES[key]
            if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
                raise Invalid(key, f"must be a number from {low} to {high}", value)
            checked[key] = value
        return replace(self, **checked)

    def changes(self) -> dict[str, Number]:
        """What differs from the defaults; `Thresholds().override(changes)` gives the same back."""
        plain = Thresholds()
        names = [item.name for item in fields(self)]
        return {name: getattr(self, name) for name in names if getattr(self, name) != getattr(plain, name)}


class Limits:
    """The same thresholds in the units of a row, so that the fold compares without converting."""

    __slots__ = (
        "accuracy_dm",
        "debounce_ms",
        "derived_m",
        "drift_m",
        "gap_ms",
        "group_m",
        "idle_ms",
        "judge_ms",
        "late_ms",
        "leave_m",
        "long_ms",
        "max_kmh",
        "move_e2",
        "parking_ms",
        "quiet_kmh",
        "satellites",
        "thresholds",
        "tow_m",
        "trip_m",
        "trip_ms",
    )

    def __init__(self, thresholds: Thresholds) -> None:
        self.thresholds = thresholds
        self.move_e2 = float(thresholds.move_speed) * 100.0
        self.quiet_kmh = float(thresholds.quiet_speed)
        self.max_kmh = float(thresholds.max_speed)
        self.trip_m = float(thresholds.min_trip_distance)
        self.trip_ms = milliseconds(thresholds.min_trip_duration)
        self.parking_ms = milliseconds(thresholds.parking_min)
        self.long_ms = milliseconds(thresholds.long_stop_min)
        self.idle_ms = milliseconds(thresholds.idle_limit)
        self.judge_ms = min(self.parking_ms, self.idle_ms)
        self.gap_ms = milliseconds(thresholds.gap_split)
        self.debounce_ms = milliseconds(thresholds.ignition_debounce)
        self.drift_m = float(thresholds.drift_radius)
        self.derived_m = float(thresholds.derived_radius)
        self.leave_m = float(thresholds.leave_radius)
        self.group_m = float(thresholds.group_radius)
        self.tow_m = float(thresholds.tow_distance)
        self.satellites = thresholds.min_satellites
        self.accuracy_dm = float(thresholds.max_accuracy) * 10.0
        self.late_ms = milliseconds(thresholds.offline_after)


def milliseconds(seconds: Number) -> int:
    """A threshold in seconds as whole milliseconds."""
    return round(seconds * 1000)
