"""Thresholds: every key has its default and its range, and says so when refused (fleetize 11.5)."""

from dataclasses import fields

import pytest

from fleetline.model.errors import Invalid
from fleetline.model.trips.thresholds import RANGES, Limits, Thresholds

DOCUMENTED = {
    "move_speed": (3, 1, 20),
    "quiet_speed": (5, 1, 20),
    "min_trip_distance": (200, 0, 5000),
    "min_trip_duration": (60, 0, 3600),
    "parking_min": (300, 60, 7200),
    "long_stop_min": (180, 30, 7200),
    "idle_limit": (14_400, 600, 86_400),
    "gap_split": (3600, 300, 86_400),
    "ignition_debounce": (30, 0, 300),
    "max_speed": (250, 50, 1500),
    "drift_radius": (25, 5, 200),
    "derived_radius": (50, 5, 200),
    "leave_radius": (100, 50, 1000),
    "group_radius": (100, 10, 1000),
    "tow_distance": (1000, 200, 50_000),
    "min_satellites": (3, 0, 12),
    "max_accuracy": (200, 10, 5000),
    "future_tolerance": (900, 0, 86_400),
    "offline_after": (600, 60, 604_800),
    "no_signal_parked": (86_400, 600, 2_592_000),
    "no_gps_after": (300, 60, 86_400),
    "bad_hdop": (5, 1, 50),
    "bad_accuracy": (100, 10, 5000),
}


def test_every_documented_key_has_its_default_and_range() -> None:
    plain = Thresholds()
    found = {item.name: (getattr(plain, item.name), *RANGES[item.name]) for item in fields(plain)}
    assert found == DOCUMENTED


@pytest.mark.parametrize("key", sorted(DOCUMENTED))
def test_both_ends_of_a_range_are_allowed_and_nothing_beyond(key: str) -> None:
    _, low, high = DOCUMENTED[key]
    assert getattr(Thresholds().override({key: low}), key) == low
    assert getattr(Thresholds().override({key: high}), key) == high
    for wrong in (low - 1, high + 1, True, "5", None, float("nan")):
        with pytest.raises(Invalid) as refusal:
            Thresholds().override({key: wrong})
        assert refusal.value.field == key
        assert str(high) in refusal.value.reason and str(low) in refusal.value.reason


def test_an_unknown_key_is_refused_by_name() -> None:
    with pytest.raises(Invalid) as refusal:
        Thresholds().override({"parking": 300})
    assert refusal.value.field == "parking"


def test_what_was_changed_gives_the_same_thresholds_again() -> None:
    changed = Thresholds().override({"parking_min": 600, "bad_hdop": 2.5})
    assert changed.changes() == {"parking_min": 600, "bad_hdop": 2.5}
    assert Thresholds().override(changed.changes()) == changed


def test_seconds_become_whole_milliseconds() -> None:
    assert Limits(Thresholds().override({"parking_min": 60.5})).parking_ms == 60_500
