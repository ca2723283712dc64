"""Weather comes from files: what they are said to be is what they must be."""

from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.api.fleetview.kit import Client, plain
from tests.api.fleetview.weather_kit import DNI, GHI, TEMPERATURE, power, watts


def shipped(name: str) -> bytes:
    found = find_spec("pvlib")
    assert found is not None and found.submodule_search_locations
    return (Path(found.submodule_search_locations[0]) / "data" / name).read_bytes()


def as_epw(hours: int = 8760) -> bytes:
    """A made-up EPW year: light that peaks at local noon."""
    import math

    lines = ["LOCATION,Town,ST,USA,TMY3,1,36.1,-79.95,-5.0,273.0", *[f"HEADER {index}" for index in range(7)]]
    months = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    for month, days in enumerate(months, 1):
        for day in range(1, days + 1):
            for hour in range(1, 25):
                light = max(0.0, math.sin((hour - 6.5) / 12 * math.pi)) * 800
                row = [1999, month, day, hour, 60, "?", 20.0, 10, 50, 101300, 0, 0, 300, light, light * 0.8,
                       light * 0.3, 0, 0, 0, 0, 0, 3.0, *[0] * 13]  # fmt: skip
                lines.append(",".join(map(str, row)))
    return "\n".join([*lines[: 8 + hours], ""]).encode()


async def test_typical_years_come_from_files(owner: Client) -> None:
    import re

    year = {}
    for form, body, source in (
        ("tmy3", shipped("723170TYA.CSV"), "a"), ("tmy2", shipped("12839.tm2"), "b"), ("epw", as_epw(), "c"),
    ):  # fmt: skip
        answer = await owner.send("POST", f"/v1/weather/import?source={source}&format={form}", body, media="any/thing")
        assert answer.status == 200, answer.text
        found = answer.json()
        assert (found["kind"], found["cells"], found["timeResolutionMinutes"]) == ("typical", 1, 60)
        assert found["storedValues"] > 8760 * 4.9
        year[source] = (await owner.get(f"/v1/weather/coverage?source={source}")).json()["items"][0]
        assert year[source]["missingSteps"] == 0
        assert re.fullmatch(r"\d{4}-01-01T00:00:00Z", year[source]["startTime"])
    assert (year["a"]["latitude"], year["a"]["longitude"]) == (36.1, -79.9)
    assert (year["b"]["latitude"], year["b"]["longitude"]) == (25.8, -80.3)
    made = await owner.made(plain())
    span = "startTime=2025-06-21T12:00:00Z&endTime=2025-06-22T00:00:00Z"
    epw = watts(await power(owner, made, f"weatherSource=c&{span}"))
    assert max(range(12), key=lambda index: epw[index] or 0) == 5  # the hour that ends at 13 local time, 18 UTC
    tmy = await power(owner, made, f"weatherSource=a&{span}&outputFields={GHI}")
    # row 07/21... of the file: 12 local standard time names the hour from 16 to 17 UTC
    assert tmy["periods"][4][GHI] > 0


async def test_a_tmy3_stamp_ends_its_hour(owner: Client) -> None:
    import csv
    import io

    text = shipped("723170TYA.CSV").decode("latin-1").splitlines()
    rows = list(csv.DictReader(io.StringIO("\n".join(text[1:]))))
    row = next(row for row in rows if row["Date (MM/DD/YYYY)"].startswith("06/21") and row["Time (HH:MM)"] == "13:00")
    await owner.send("POST", "/v1/weather/import?format=tmy3", shipped("723170TYA.CSV"), media="text/csv")
    made = await owner.made(plain())
    query = f"startTime=2030-06-21T17:00:00Z&endTime=2030-06-21T18:00:00Z&outputFields={GHI},{DNI},{TEMPERATURE}"
    period = (await power(owner, made, query))["periods"][0]
    assert period[GHI] == float(row["GHI (W/m^2)"])
    assert period[DNI] == float(row["DNI (W/m^2)"])
    assert period[TEMPERATURE] == float(row["Dry-bulb (C)"])


CSV_HEAD = f"startTime,endTime,latitude,longitude,{GHI},{TEMPERATURE}"


async def test_a_csv_file_brings_many_places(owner: Client) -> None:
    text = "\n".join(
        [
            CSV_HEAD,
            "2025-06-21T14:00:00Z,2025-06-21T15:00:00Z,36.1,-80.0,700,25",
            "2025-06-21T16:00:00+00:00,2025-06-21T17:00:00Z,36.1,-80.0,800,",
            "2025-06-21T14:00:00Z,2025-06-21T15:00:00Z,10,10,100,25",
        ]
    )
    answer = await owner.send("POST", "/v1/weather/import?format=csv&source=s", text.encode(), media="text/csv")
    assert answer.status == 200, answer.text
    found = answer.json()
    assert (found["kind"], found["cells"], found["storedValues"]) == ("observed", 2, 5)
    assert (found["startTime"], found["endTime"]) == ("2025-06-21T14:00:00Z", "2025-06-21T17:00:00Z")
    made = await owner.made(plain())
    assert [value is None for value in watts(await power(owner, made, "weatherSource=s"))] == [False, True, False]


@pytest.mark.parametrize(
    ("form", "body", "words"),
    [
        ("csv", b"", "column startTime is missing"),
        ("csv", CSV_HEAD.encode(), "no rows"),
        ("csv", f"{CSV_HEAD},x".encode(), "column x is not known"),
        (
            "csv",
            f"{CSV_HEAD}\n2025-06-21T14:00:00Z,2025-06-21T15:00:00Z,1,1,5000,1".encode(),
            f"row 1 has {GHI} '5000'",
        ),
        ("csv", f"{CSV_HEAD}\n2025-06-21T14:00:00Z,2025-06-21T15:00:00Z,1,1,nan,1".encode(), f"row 1 has {GHI} 'nan'"),
        ("csv", f"{CSV_HEAD}\n2025-06-21T14:00:00,2025-06-21T15:00:00Z,1,1,5,1".encode(), "no time with an offset"),
        (
            "csv",
            f"{CSV_HEAD}\n2025-06-21T14:00:00Z,2025-06-21T14:10:00Z,1,1,5,1".encode(),
            "row 1 is 600 seconds long; steps may have 60, 30, 15, 5, 1 minutes",
        ),
        ("csv", f"{CSV_HEAD}\n1,2".encode(), "row 1 has 2 cells"),
        ("csv", CSV_HEAD.encode() + b"\n\xff", "byte 113 is not UTF-8"),
        ("tmy2", b"nothing of the kind", "form tmy2"),
        ("tmy3", b"a,b\nc,d\n", "form tmy3"),
        ("epw", b"\x00\x01", "form epw"),
        ("epw", as_epw(5).replace(b",3.0,", b",,"), ""),
        ("tmy2", b"", "form tmy2"),
        ("surfrad", b"", "form surfrad"),
        ("bsrn", b"*U0001", "form bsrn"),
        ("nsrdb", b"a\nb\nc\n", "form nsrdb"),
        ("pvgis", b"{}", "form pvgis"),
        ("solaranywhere", b"1,2", "form solaranywhere"),
    ],
)
async def test_a_file_that_is_not_what_it_is_said_to_be_is_refused(
    sqlite_owner: Client, form: str, body: bytes, words: str
) -> None:
    answer = await sqlite_owner.send("POST", f"/v1/weather/import?format={form}", body, media="text/csv")
    if not words:
        assert answer.status == 200
        return
    assert (answer.status, words in answer.json()["message"]) == (400, True), answer.text
    assert (await sqlite_owner.get("/v1/weather/coverage")).json()["items"] == []


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (["2025-06-20T00:00Z,2025-06-20T01:00Z,5"] * 2, "2025-06-20T00:00:00Z is there twice"),
        (['2025-06-20T00:00Z,"2025'], "line 2 is not CSV"),
        (["2025-06-20T00:00Z,2025-06-20T01:00Z," + "5" * 200_000], "line 2 is not CSV"),
        (
            ["2025-06-20T00:07Z,2025-06-20T01:07Z,5", "2025-06-20T01:00Z,2025-06-20T02:00Z,5"],
            "row 2 begins 3180 seconds off the steps of row 1",
        ),
        (["2025-06-20T01:00Z,2025-06-20T00:00Z,5"], "row 1 does not end after it starts"),
        (["2025-06-20T00:00Z,2025-06-20T01:00Z,5", "2025-06-20T01:00Z,2025-06-20T01:30Z,5"], "row 2 is 1800 seconds"),
        (["2025-06-20T00:00+99:99,2025-06-20T01:00Z,5"], "no time with an offset in startTime"),
        (["2025-06-20T00:00,2025-06-20T01:00Z,5"], "no time with an offset in startTime"),
        (["2025-06-20T00:00Z,2025-06-20T01:00Z,inf"], "'inf'"),
    ],
)
async def test_a_csv_file_of_weather_that_contradicts_itself_is_refused(
    sqlite_owner: Client, rows: list[str], words: str
) -> None:
    body = "\n".join([f"startTime,endTime,{GHI}", *rows, ""]).encode()
    path = "/v1/weather/import?format=csv&latitude=36&longitude=-80"
    answer = await sqlite_owner.send("POST", path, body, media="text/csv")
    assert (answer.status, words in answer.json()["message"]) == (400, True), answer.text
    assert (await sqlite_owner.get("/v1/weather/coverage")).json()["items"] == []


async def test_what_is_wrong_with_a_file_names_its_column(sqlite_owner: Client) -> None:
    row = "2025-06-20T00:00Z,2025-06-20T01:00Z,36.1,-80.0,5,-80"
    answer = await sqlite_owner.send("POST", "/v1/weather/import?format=csv", f"{CSV_HEAD}\n{row}".encode())
    [fault] = answer.json()["errors"]
    assert (fault["field"], f"row 1 has {TEMPERATURE} '-80'" in fault["message"]) == (TEMPERATURE, True)


async def test_two_places_of_one_file_are_two_cells(owner: Client) -> None:
    """Of two in one cell the second would take the place of the first."""
    times = "2025-06-20T00:00Z,2025-06-20T01:00Z"
    body = "\n".join([CSV_HEAD, f"{times},36.12,-79.95,5,20", f"{times},36.08,-79.91,6,20"]).encode()
    path = "/v1/weather/import?format=csv&source=s"
    coarse = await owner.send("POST", path, body, media="text/csv")
    assert coarse.status == 400
    assert "the places 36.12, -79.95 and 36.08, -79.91 are one cell of 0.1 degrees" in coarse.json()["message"]
    assert (await owner.get("/v1/weather/coverage")).json()["items"] == []
    fine = await owner.send("POST", f"{path}&spatialResolution_Degrees=0.01", body, media="text/csv")
    assert (fine.status, fine.json()["cells"]) == (200, 2)


async def test_an_import_names_its_format(sqlite_owner: Client) -> None:
    for query, field in (
        ("", "format"), ("?format=xml", "format"), ("?format=csv&latitude=1", "longitude"),
        ("?format=csv&latitude=91&longitude=1", "latitude"), ("?format=csv&source=A", "source"),
    ):  # fmt: skip
        answer = await sqlite_owner.send("POST", f"/v1/weather/import{query}", b"x", media="text/csv")
        assert (answer.status, answer.json()["errors"][0]["field"]) == (400, field)
