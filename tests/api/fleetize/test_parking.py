"""Texts about parking read as the vendor's example does, in the owner's time zone and language."""

import pytest

from fleetline.api.dialects.fleetize.parking import WEEKDAYS, absence_changes_s, absence_text, parked_text

SINCE = 1_426_576_180


@pytest.mark.parametrize(
    ("passed_s", "text"),
    [
        (0, "0m"), (59, "0m"), (60, "1m"), (720, "12m"), (3599, "59m"), (3600, "1h 00m"), (11_100, "3h 05m"),
        (86_399, "23h 59m"), (86_400, "1d 0h"), (122_400, "1d 10h"), (90 * 86_400, "90d 0h"), (-5, "0m"),
    ],
)  # fmt: skip
def test_the_time_parked_has_two_parts_at_most(passed_s: int, text: str) -> None:
    assert absence_text(SINCE, SINCE + passed_s) == f"Parking: {text}"


@pytest.mark.parametrize("passed_s", [0, 59, 60, 3599, 3600, 86_340, 86_399, 86_400, 90_000, 400_000])
def test_the_text_holds_until_the_second_it_is_said_to_change(passed_s: int) -> None:
    changes_s = absence_changes_s(SINCE, SINCE + passed_s)
    assert changes_s > SINCE + passed_s
    assert absence_text(SINCE, changes_s - 1) == absence_text(SINCE, SINCE + passed_s) != absence_text(SINCE, changes_s)


@pytest.mark.parametrize(
    ("zone", "language", "text"),
    [
        ("Europe/Berlin", "de", "parked since Di, 17.03., 08:09"),
        ("Europe/Berlin", "en", "parked since Tue, 17.03., 08:09"),
        ("Europe/Paris", "fr", "parked since mar, 17.03., 08:09"),
        ("America/New_York", "es", "parked since mar, 17.03., 03:09"),
        ("Pacific/Auckland", "nl", "parked since di, 17.03., 20:09"),
        ("Asia/Kolkata", "it", "parked since mar, 17.03., 12:39"),
        ("Europe/Berlin", "de-AT", "parked since Di, 17.03., 08:09"),
        ("Nowhere/Atall", "xx", "parked since Tue, 17.03., 07:09"),
        ("../../etc/passwd", "de", "parked since Di, 17.03., 07:09"),
    ],
)
def test_the_moment_is_the_owners_local_time(zone: str, language: str, text: str) -> None:
    assert parked_text(SINCE, zone, language) == text


def test_daylight_saving_moves_the_hour() -> None:
    assert parked_text(1_774_746_000, "Europe/Berlin", "de") == "parked since So, 29.03., 03:00"
    assert parked_text(1_774_745_999, "Europe/Berlin", "de") == "parked since So, 29.03., 01:59"


def test_every_language_has_seven_different_days() -> None:
    assert all(len(set(names)) == 7 for names in WEEKDAYS.values())
