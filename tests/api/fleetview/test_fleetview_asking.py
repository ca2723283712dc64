"""What calls ask for besides their bodies: times with offsets, and changes of members that nobody knows."""

import pytest

from tests.api.fleetview.kit import Client, plain


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("2025-06-21T12:00:00%2B05:45", 200),
        ("2025-06-21T12:00:00%2B0545", 200),
        ("2025-06-21T12:00:00%2B05", 200),
        ("2025-06-21T12:00:00 05:45", 200),
        ("2025-06-21T12:00:00-23:59", 200),
        ("2025-06-21T12:00:00%2B24:00", 400),
        ("2025-06-21T12:00:00%2B99:99", 400),
        ("2025-06-21T12:00:00%2B05:60", 400),
        ("2025-06-21T12:00:00%2B5", 400),
        ("2025-06-21T12:00:00", 400),
        ("2025-02-29", 400),
        ("2024-02-29", 200),
    ],
)
async def test_a_time_has_an_offset_that_there_can_be(sqlite_owner: Client, text: str, status: int) -> None:
    answer = await sqlite_owner.get(f"/v1/resources?updatedSince={text.replace(' ', '%20')}")
    assert answer.status == status, answer.text
    assert status == 200 or answer.json()["errors"][0]["field"] == "updatedSince"


async def test_an_offset_is_counted_with_its_minutes_however_it_is_written(sqlite_owner: Client) -> None:
    made = await sqlite_owner.made(plain())
    for start, end in (
        ("2025-06-21T21:45:00%2B05:45", "2025-06-21T22:45:00%2B0545"),
        ("2025-06-21T11:00:00-05", "2025-06-21T17:00:00Z"),
        ("2025-06-21T12:30:00-03:30", "2025-06-21T13:30:00-0330"),
    ):
        query = f"type=clearSky&startTime={start}&endTime={end}"
        found = (await sqlite_owner.get(f"/v1/resources/{made}/power?{query}")).json()
        assert (found["startTime"], found["endTime"]) == ("2025-06-21T16:00:00Z", "2025-06-21T17:00:00Z")


async def test_a_patch_that_removes_what_nobody_knows_is_refused(owner: Client) -> None:
    made = await owner.made(plain())
    answer = await owner.send("PATCH", f"/v1/resources/{made}", {"zonee": None, "location": {"lat": None}})
    assert (answer.status, [fault["field"] for fault in answer.json()["errors"]]) == (400, ["location.lat", "zonee"])


async def test_no_output_field_at_all_is_refused_in_words(sqlite_owner: Client) -> None:
    made = await sqlite_owner.made(plain())
    span = "startTime=2025-06-21&endTime=2025-06-22&type=clearSky"
    answer = await sqlite_owner.get(f"/v1/resources/{made}/power?{span}&outputFields=")
    assert answer.json()["message"].startswith("outputFields must be some of powerAC_kW, ")


async def test_resolved_values_are_not_binary_fractions(owner: Client) -> None:
    made = await owner.made(plain())
    shown = (await owner.get(f"/v1/resources/{made}?view=resolved")).json()
    assert shown["pvSystems"][0]["pvArrays"][0]["pvModules"][0]["ptcRating_kW"] == 0.36
