"""Weather is pushed, kept by cell and step, told of, forgotten, and turned into power."""

from typing import Any

import pytest

from tests.api.fleetview.kit import Client, plain, system
from tests.api.fleetview.weather_kit import DHI, DNI, GHI, TEMPERATURE, WIND, cell, power, push, stored, watts


async def test_pushed_light_becomes_power_and_a_repeat_replaces(owner: Client) -> None:
    made = await owner.made(plain())
    first = await stored(owner, push(cell(**{GHI: [800, 0, 900], TEMPERATURE: [30, 30, None], WIND: [2, 2, 2]})))
    assert first == {"storedValues": 8, "replacedValues": 0, "cells": 1, "warnings": []}
    found = await power(owner, made)
    one, two, three = watts(found)
    assert one is not None and three is not None
    assert 3.5 < one < three < 7 and two == 0
    assert (found["weatherSource"], found["assumptions"]) == ("default", ["ambientTemperature_DegreesC=20"])
    again = await stored(owner, push(cell(**{GHI: [400, None, 900]})))
    assert again == {"storedValues": 2, "replacedValues": 2, "cells": 1, "warnings": []}
    changed = watts(await power(owner, made))
    assert changed[0] is not None and changed[0] < one * 0.7
    assert changed[1:] == [None, three]


async def test_missing_weather_takes_the_mean_of_its_hour_in_its_month_where_that_is_asked(owner: Client) -> None:
    made = await owner.made(plain())
    light = [None, *([800] * 5), *([None] * 18)]
    days = [[*light[:2], value, *light[3:]] for value in (600, 800, None)]
    values = [value for day in days for value in day]
    body = push(cell(**{GHI: values, TEMPERATURE: [20] * 72, WIND: [1] * 72}), startTime="2025-06-10T12:00:00Z")
    await stored(owner, body)
    span = "startTime=2025-06-12T13:00:00Z&endTime=2025-06-12T16:00:00Z"
    known, gap, _ = watts(await power(owner, made, span))
    assert known is not None and gap is None
    found = await power(owner, made, f"{span}&missingDataHandling=FillAverage")
    middle = await power(owner, made, "startTime=2025-06-10T14:00:00Z&endTime=2025-06-10T15:00:00Z")
    bright = await power(owner, made, "startTime=2025-06-11T14:00:00Z&endTime=2025-06-11T15:00:00Z")
    low, high = watts(middle)[0], watts(bright)[0]
    after = watts(found)
    assert after[0] == known and low is not None and high is not None and after[1] is not None
    assert low + 0.2 < after[1] < high - 0.2
    assert found["assumptions"] == ["missingWeather=meanOfMonthAndTimeOfDay"]
    never = await power(
        owner, made, "startTime=2025-06-12T11:00:00Z&endTime=2025-06-12T14:00:00Z&missingDataHandling=FillAverage"
    )
    assert watts(never) == [None, None, known]
    whole = await power(owner, made, f"{span.replace('12T', '11T')}&missingDataHandling=FillAverage")
    assert whole["assumptions"] == []


async def test_the_golden_step_comes_out_of_pushed_weather(owner: Client) -> None:
    from tests.api.fleetview.kit import DEPOT, FIELD

    a, b = await owner.made(DEPOT), await owner.made(FIELD)
    one = {GHI: [700], DNI: [650], DHI: [180], TEMPERATURE: [28], WIND: [2.5]}
    other = {GHI: [500], DNI: [600], DHI: [120], TEMPERATURE: [25], WIND: [3]}
    at = {"timeResolutionMinutes": 1, "startTime": "2025-06-21T14:29:00Z"}
    half = {"timeResolutionMinutes": 1, "startTime": "2025-06-21T13:29:00Z"}
    # the sun is taken at the middle of a step: two steps that meet at the worked instant hold it between them
    for start, values, source in (("14:29", one, "a"), ("14:30", one, "a")):
        await stored(owner, push(cell(**values), **{**at, "startTime": f"2025-06-21T{start}:00Z"}), source)
    for start, values, source in (("13:29", other, "b"), ("13:30", other, "b")):
        body = push(cell(35.9, -79.0, **values), **{**half, "startTime": f"2025-06-21T{start}:00Z"})
        await stored(owner, body, source)
    for resource, source, hour, expected in ((a, "a", 14, 4.045462), (b, "b", 13, 730.812103)):
        query = (
            f"weatherSource={source}&timeResolutionMinutes=1"
            f"&startTime=2025-06-21T{hour}:29:00Z&endTime=2025-06-21T{hour}:31:00Z"
        )
        before, after = watts(await power(owner, resource, query))
        assert before is not None and after is not None
        assert (before + after) / 2 == pytest.approx(expected, rel=3e-5)


async def test_a_place_takes_its_own_cell_else_the_nearest_within_reach(owner: Client) -> None:
    made = await owner.made(plain(location={"latitude": 0, "longitude": 10, "elevation_Meters": 0}))
    missing = await owner.get(f"/v1/resources/{made}/power?startTime=2025-06-21T14:00:00Z&endTime=2025-06-21T15:00:00Z")
    assert (missing.status, missing.json()["errors"][0]["code"]) == (422, "NoWeather")
    far = push(cell(0.3, 10, **{GHI: [100]}), timeResolutionMinutes=60)
    await stored(owner, far)
    assert (await owner.get(
        f"/v1/resources/{made}/power?startTime=2025-06-21T14:00:00Z&endTime=2025-06-21T15:00:00Z"
    )).status == 422  # fmt: skip
    span = "startTime=2025-06-21T14:00:00Z&endTime=2025-06-21T15:00:00Z"
    seen = []
    for place, light in (((0.2, 10), 100), ((0, 10.1), 200), ((0, 9.9), 300), ((-0.1, 10), 400), ((0, 10), 500)):
        await stored(owner, push(cell(*place, **{GHI: [light]})))
        seen.append(watts(await power(owner, made, span))[0])
    assert seen == sorted(seen, key=lambda value: value or 0)
    assert len(set(seen)) == 5  # the nearer one wins, of those as near the southern, then the western; the own over all


async def test_cells_tie_to_the_north_and_east_and_180_is_minus_180(owner: Client) -> None:
    body = push(
        cell(36.05, -80.05, **{GHI: [1]}), cell(-36.05, 80.05, **{GHI: [1]}), cell(0.04, 179.96, **{GHI: [1]}),
        cell(90, 180, **{GHI: [1]}),
    )  # fmt: skip
    await stored(owner, body)
    found = (await owner.get("/v1/weather/coverage")).json()["items"]
    assert [(item["latitude"], item["longitude"]) for item in found] == [
        (-36.0, 80.1), (0, -180), (36.1, -80.0), (90, -180),
    ]  # fmt: skip
    for one, other in (((0.04, -180), (0.0, 180)), ((36.05, -80), (36.149, -80))):
        answer = await owner.send("PUT", "/v1/weather/x", push(cell(*one, **{GHI: [1]}), cell(*other, **{GHI: [1]})))
        assert (answer.status, answer.json()["errors"][0]["field"]) == (400, "cells[1]")


async def test_step_and_resolution_of_a_source_are_fixed_by_its_first_push(owner: Client, stranger: Client) -> None:
    await stored(owner, push(cell(**{GHI: [1]}), spatialResolution_Degrees=0.01))
    await stored(owner, push(cell(**{GHI: [1]})))
    for change, field in (
        ({"timeResolutionMinutes": 30}, "timeResolutionMinutes"),
        ({"spatialResolution_Degrees": 0.1}, "spatialResolution_Degrees"),
    ):
        answer = await owner.send("PUT", "/v1/weather/default", push(cell(**{GHI: [1]}), **change))
        assert (answer.status, answer.json()["errors"][0]["field"]) == (409, field)
    await stored(stranger, push(cell(**{GHI: [1]}), timeResolutionMinutes=5))
    await stored(owner, push(cell(**{GHI: [1]}), timeResolutionMinutes=5), "other")


async def test_hours_of_a_zone_at_half_past_are_kept_as_half_hours(owner: Client) -> None:
    made = await owner.made(plain())
    body = push(cell(**{GHI: [600, 600]}), startTime="2025-06-21T20:00:00+05:30")
    assert (await stored(owner, body))["storedValues"] == 4
    item = (await owner.get("/v1/weather/coverage")).json()["items"][0]
    assert (item["timeResolutionMinutes"], item["startTime"], item["endTime"]) == (
        30, "2025-06-21T14:30:00Z", "2025-06-21T16:30:00Z",
    )  # fmt: skip
    found = await power(owner, made, "timeResolutionMinutes=30")
    assert [value is None for value in watts(found)] == [True, False, False, False, False, True]
    hours = watts(await power(owner, made))
    assert [value is None for value in hours] == [True, False, True]


async def test_a_fleet_sums_who_has_weather_and_says_how_much_that_is(owner: Client) -> None:
    near = await owner.made(plain())
    partly = await owner.made(plain(location={"latitude": 40, "longitude": -100}, pvSystems=[system(), system()]))
    never = await owner.made(plain(location={"latitude": -40, "longitude": 100}))
    fleet = (await owner.post("/v1/fleets", {"name": "F", "resourceIds": [near, partly, never]})).json()["fleetId"]
    await stored(owner, push(cell(**{GHI: [800, 800, None]}), cell(40, -100, **{GHI: [800, None, None]})))
    span = "startTime=2025-06-21T14:00:00Z&endTime=2025-06-21T17:00:00Z"
    found = (await owner.get(f"/v1/fleets/{fleet}/power?{span}")).json()
    assert (found["resourceCount"], found["failedResourceCount"]) == (3, 1)
    assert found["failures"] == [
        {"resourceId": never, "code": "NoWeather", "message": "There is no weather for this resource."}
    ]
    one, two = watts(await power(owner, near)), watts(await power(owner, partly))
    assert watts(found)[0] == pytest.approx((one[0] or 0) + (two[0] or 0), abs=2e-4)
    assert watts(found)[1:] == [one[1], None]
    shares = [period["availableCapacity_Percent"] for period in found["periods"]]
    assert shares == [75.0, 25.0, 0.0]


async def test_typical_weather_answers_for_every_year_where_nothing_was_observed(owner: Client) -> None:
    made = await owner.made(plain())
    body = push(cell(**{GHI: [300, 400, 500]}), kind="typical", startTime="2012-02-28T17:00:00Z")
    await stored(owner, body)

    async def on(day: str) -> list[float | None]:
        return watts(await power(owner, made, f"startTime={day}T17:00:00Z&endTime={day}T20:00:00Z"))

    february = await on("2025-02-28")
    assert all(value is not None and value > 0.5 for value in february)
    leap = await on("2024-02-29")
    assert leap == pytest.approx(february, rel=0.05) and leap != february
    await stored(owner, push(cell(**{GHI: [0]}), startTime="2025-02-28T18:00:00Z"))
    assert await on("2025-02-28") == [february[0], 0, february[2]]
    around = push(
        cell(**{GHI: [10.0 + index for index in range(48)]}), kind="typical", startTime="2012-02-28T12:00:00Z"
    )
    assert (await stored(owner, around))["storedValues"] == 24
    item = next(item for item in (await owner.get("/v1/weather/coverage?kind=typical")).json()["items"])
    assert (item["missingSteps"], item["endTime"][5:]) == (0, "03-01T12:00:00Z")


async def test_a_typical_29_february_is_left_out_and_told_of(owner: Client) -> None:
    values = {GHI: [300.0] * 48}
    left = await stored(owner, push(cell(**values), kind="typical", startTime="2024-02-28T12:00:00Z"))
    assert (left["storedValues"], [warning["code"] for warning in left["warnings"]]) == (24, ["leap"])
    kept = await stored(owner, push(cell(**values), kind="typical", startTime="2023-02-28T12:00:00Z"))
    assert (kept["storedValues"], kept["warnings"]) == (48, [])
    observed = await stored(owner, push(cell(**values), startTime="2024-02-28T12:00:00Z"), "other")
    assert (observed["storedValues"], observed["warnings"]) == (48, [])


async def test_coverage_tells_of_gaps_and_a_span_can_be_forgotten(owner: Client, stranger: Client) -> None:
    await stored(owner, push(cell(**{GHI: [1, None, None, 1, 1, None, 1]}), cell(10, 10, **{GHI: [1] * 7})))
    found = (await owner.get("/v1/weather/coverage?bbox=-81,36,-79,37")).json()["items"]
    assert found == [
        {
            "source": "default", "kind": "observed", "latitude": 36.1, "longitude": -80, "timeResolutionMinutes": 60,
            "startTime": "2025-06-21T14:00:00Z", "endTime": "2025-06-21T21:00:00Z", "missingSteps": 3,
            "gaps": [
                {"startTime": "2025-06-21T15:00:00Z", "endTime": "2025-06-21T17:00:00Z"},
                {"startTime": "2025-06-21T19:00:00Z", "endTime": "2025-06-21T20:00:00Z"},
            ],
        }
    ]  # fmt: skip
    assert (await stranger.get("/v1/weather/coverage")).json()["items"] == []
    assert (await stranger.send("DELETE", "/v1/weather/default")).status == 404
    span = "startTime=2025-06-21T16:00:00Z&endTime=2025-06-22T16:00:00Z"
    assert (await owner.send("DELETE", f"/v1/weather/default?{span}")).status == 204
    left = (await owner.get("/v1/weather/coverage?source=default")).json()["items"]
    assert [(item["latitude"], item["endTime"], item["missingSteps"]) for item in left] == [
        (10, "2025-06-21T16:00:00Z", 0), (36.1, "2025-06-21T15:00:00Z", 0),
    ]  # fmt: skip
    bad = await owner.send("DELETE", "/v1/weather/default?startTime=2025-06-21T16:30:00Z&endTime=2025-06-22")
    assert (bad.status, bad.json()["errors"][0]["field"]) == (400, "startTime")
    assert (await owner.send("DELETE", "/v1/weather/default")).status == 204
    assert (await owner.get("/v1/weather/coverage")).json()["items"] == []
    await stored(owner, push(cell(**{GHI: [1]}), timeResolutionMinutes=15))


async def test_a_long_push_of_many_cells_is_read_back_whole(owner: Client) -> None:
    cells = [
        cell(30 + index / 10, 10, **{GHI: [float((index * 7 + hour) % 900) for hour in range(24 * 20)]})
        for index in range(30)
    ]
    body = push(*cells, startTime="2025-05-28T00:00:00Z")
    assert (await stored(owner, body))["storedValues"] == 30 * 480
    made = await owner.made(plain(location={"latitude": 32.5, "longitude": 10}))
    query = f"startTime=2025-05-28&endTime=2025-06-17&outputFields={GHI}"
    found = await power(owner, made, query)
    values = [period[GHI] for period in found["periods"]]
    assert len(values) == 480
    lit = [(got, (25 * 7 + hour) % 900) for hour, got in enumerate(values) if got]
    assert len(lit) > 200
    assert all(got == expected for got, expected in lit)


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        (push(cell(**{GHI: [1, 5000]})), f"cells[0].{GHI}[1]", "range"),
        (push(cell(**{GHI: [-10.5]})), f"cells[0].{GHI}[0]", "range"),
        (push(cell(**{GHI: [1]}), cell(1, 1, **{GHI: [10**400]})), f"cells[1].{GHI}[0]", "range"),
        (push(cell(**{GHI: ["1"]})), f"cells[0].{GHI}[0]", "type"),
        (push(cell(**{GHI: [True]})), f"cells[0].{GHI}[0]", "type"),
        (push(cell(**{GHI: 5})), f"cells[0].{GHI}", "type"),
        (push(cell(**{GHI: []})), f"cells[0].{GHI}", "length"),
        (push(cell(**{GHI: [1, 2], WIND: [1]})), f"cells[0].{WIND}", "length"),
        (push(cell(**{GHI: [1], WIND: [76]})), f"cells[0].{WIND}[0]", "range"),
        (push(cell(**{GHI: [1], TEMPERATURE: [-71]})), f"cells[0].{TEMPERATURE}[0]", "range"),
        (push(cell(**{DNI: [1]})), f"cells[0].{GHI}", "required"),
        (push(cell(latitude=91, **{GHI: [1]})), "cells[0].latitude", "range"),
        (push(cell(**{GHI: [1], "ghi": [1]})), "cells[0].ghi", "unknown"),
        (push(), "cells", "length"),
        (push(5), "cells[0]", "type"),
        (push(cell(**{GHI: [1]}), kind="seen"), "kind", "enum"),
        (push(cell(**{GHI: [1]}), startTime="2025-06-21T14:00:00"), "startTime", "time"),
        (push(cell(**{GHI: [1]}), startTime="2025-06-21T14:07:00Z"), "startTime", "grid"),
        (push(cell(**{GHI: [1]}), timeResolutionMinutes=10), "timeResolutionMinutes", "enum"),
        (push(cell(**{GHI: [1]}), spatialResolution_Degrees=0.5), "spatialResolution_Degrees", "enum"),
        (push(cell(**{GHI: [1]}), issueTime="2025-06-21"), "issueTime", "required"),
        (push(cell(**{GHI: [1]}), kind="forecast"), "issueTime", "required"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_wrong_weather_is_named_and_nothing_is_stored(
    sqlite_owner: Client, body: dict[str, Any], field: str, code: str
) -> None:
    import json

    raw = json.dumps(body).encode()
    answer = await sqlite_owner.send("PUT", "/v1/weather/default", raw)
    assert answer.status == 400, answer.text
    assert [(item["field"], item["code"]) for item in answer.json()["errors"]] == [(field, code)], answer.text
    assert (await sqlite_owner.get("/v1/weather/coverage")).json()["items"] == []


async def test_a_source_has_a_plain_name(sqlite_owner: Client) -> None:
    for name in ("A%20B", "Default", "a_b", "x" * 33):
        answer = await sqlite_owner.send("PUT", f"/v1/weather/{name}", push(cell(**{GHI: [1]})))
        assert (answer.status, answer.json()["errors"][0]["field"]) == (400, "source")


async def test_finer_output_follows_the_clear_sky_and_keeps_each_hours_mean(owner: Client) -> None:
    made = await owner.made(plain(location={"latitude": 36.1, "longitude": -80}))
    await stored(
        owner,
        push(cell(**{GHI: [50, 300, None, 700], TEMPERATURE: [20, 21, 22, 23]}), startTime="2025-06-21T10:00:00Z"),
    )
    for minutes in (30, 15, 5, 1):
        query = f"startTime=2025-06-21T10:00:00Z&endTime=2025-06-21T14:00:00Z&timeResolutionMinutes={minutes}"
        found = await power(owner, made, f"{query}&outputFields={GHI},{TEMPERATURE},powerAC_kW")
        light = [period[GHI] for period in found["periods"]]
        count = 60 // minutes
        hours = [light[index : index + count] for index in range(0, len(light), count)]
        assert [None in hour for hour in hours] == [False, False, True, False]
        for hour, mean in ((hours[1], 300), (hours[3], 700)):
            assert sum(hour) / count == pytest.approx(mean, rel=1e-5)
            assert hour == sorted(hour) and hour[-1] > hour[0] * 1.03  # a morning
        assert sum(hours[0]) / count == pytest.approx(50, rel=0.02)
        assert [period[TEMPERATURE] for period in found["periods"]][count - 1 : count + 1] == [20, 21]
    part = "startTime=2025-06-21T11:15:00Z&endTime=2025-06-21T11:30:00Z&timeResolutionMinutes=15"
    whole = await power(
        owner, made, "startTime=2025-06-21T11:00:00Z&endTime=2025-06-21T12:00:00Z&timeResolutionMinutes=15"
    )
    assert (await power(owner, made, part))["periods"] == whole["periods"][1:2]
