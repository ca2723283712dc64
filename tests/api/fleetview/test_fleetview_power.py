"""The power of resources and fleets: what the physics says, period by period, in the documented shape."""

import itertools
from typing import Any

import pytest

from tests.api.fleetview.kit import DEPOT, FIELD, Client, World, plain, system

A, B = "3f0c8a52-6a51-4c8e-9d3e-0b7f6f1f2a01", "3f0c8a52-6a51-4c8e-9d3e-0b7f6f1f2a02"
FLEET = "9b1d5c1e-2f7a-4a43-8f55-6f0a0c9d1f01"
AFTERNOON = "type=clearSky&startTime=2025-06-21T16:00:00Z&endTime=2025-06-21T19:00:00Z"


async def golden(owner: Client, world: World) -> None:
    world.ids.uuids = [A, B, FLEET]
    await owner.made(DEPOT)
    await owner.made(FIELD)
    assert (await owner.post("/v1/fleets", {"name": "East depots", "resourceIds": [A, B]})).status == 201


def powers(found: dict[str, Any], name: str = "powerAC_kW") -> list[float]:
    return [period[name] for period in found["periods"]]


async def test_the_golden_fleet_power(owner: Client, world: World) -> None:
    await golden(owner, world)
    answer = await owner.get(f"/v1/fleets/{FLEET}/power?{AFTERNOON}")
    found = answer.json()
    expected = [862.0524, 860.2083, 862.7859]
    assert powers(found) == pytest.approx(expected, abs=1007e-6)
    assert powers(found, "energyAC_kWh") == powers(found)
    starts = [f"2025-06-21T{hour}:00:00Z" for hour in (16, 17, 18, 19)]
    assert [(item["startTime"], item["endTime"]) for item in found["periods"]] == list(itertools.pairwise(starts))
    del found["periods"]
    assert found == {
        "fleetId": FLEET, "type": "clearSky", "startTime": "2025-06-21T16:00:00Z", "endTime": "2025-06-21T19:00:00Z",
        "timeResolutionMinutes": 60, "powerModel": "pvlib", "modelVersion": "1", "weatherSource": None,
        "issueTime": None, "assumptions": ["ambientTemperature_DegreesC=20", "windSpeed_MetersPerSecond=1"],
        "notModelled": [], "resourceCount": 2, "failedResourceCount": 0, "failures": [],
    }  # fmt: skip
    for resource_id, series, rating in (
        (A, [5.3960, 5.5088, 5.3096], 7), (B, [856.6563, 854.6995, 857.4763], 1000),
    ):  # fmt: skip
        alone = (await owner.get(f"/v1/resources/{resource_id}/power?{AFTERNOON}")).json()
        assert powers(alone) == pytest.approx(series, abs=rating * 1e-6)
        assert alone["resourceId"] == resource_id and "failures" not in alone


async def test_one_list_per_field_says_what_one_object_per_period_says(owner: Client, world: World) -> None:
    await golden(owner, world)
    for path in (f"/v1/resources/{A}/power?{AFTERNOON}", f"/v1/fleets/{FLEET}/power?{AFTERNOON}"):
        rows, columns = (await owner.get(path)).json(), (await owner.get(f"{path}&shape=columns")).json()
        periods, table = rows.pop("periods"), columns.pop("columns")
        assert rows == columns
        assert table == {name: [period[name] for period in periods] for name in periods[0]}
    grouped = (await owner.get(f"/v1/fleets/{FLEET}/power?{AFTERNOON}&groupBy=zone&shape=columns")).json()["groups"]
    assert [(group["group"], len(group["columns"]["powerAC_kW"])) for group in grouped] == [("East", 3), ("", 3)]
    csv = await owner.get(f"/v1/resources/{A}/power?{AFTERNOON}&shape=columns", [("accept", "text/csv")])
    assert (csv.status, csv.json()["errors"][0]["field"]) == (400, "shape")


async def test_the_look_alike_reads_the_other_rating_and_says_what_it_is(owner: Client, world: World) -> None:
    def at(ptc_kw: float) -> dict[str, Any]:
        return plain(pvSystems=[system(modules={"ptcRating_kW": ptc_kw})])

    strong, weak = await owner.made(at(0.36)), await owner.made(at(0.18))
    path = f"power?{AFTERNOON}&powerModel=cprpvform"
    one, half = [(await owner.get(f"/v1/resources/{made}/{path}")).json() for made in (strong, weak)]
    assert powers(half) == pytest.approx([power / 2 for power in powers(one)], rel=0.02)
    assert (one["powerModel"], one["notModelled"]) == ("CprPVForm", [])
    assert "look-alike" in one["powerModelRemark"]
    plainly = (await owner.get(f"/v1/resources/{strong}/power?{AFTERNOON}")).json()
    assert "powerModelRemark" not in plainly and plainly["notModelled"] == ["ptcRating_kW"]
    assert powers(plainly) != powers(one)


async def test_an_hour_is_the_mean_of_its_quarters_and_energy_is_power_times_time(owner: Client, world: World) -> None:
    await golden(owner, world)
    hours = (await owner.get(f"/v1/fleets/{FLEET}/power?{AFTERNOON}")).json()
    quarters = (await owner.get(f"/v1/fleets/{FLEET}/power?{AFTERNOON}&timeResolutionMinutes=15")).json()
    means = [sum(powers(quarters)[index : index + 4]) / 4 for index in range(0, 12, 4)]
    assert powers(hours) == pytest.approx(means, abs=1e-4)
    assert powers(quarters, "energyAC_kWh") == pytest.approx([value / 4 for value in powers(quarters)], abs=1e-4)
    for minutes, count in ((30, 6), (5, 36), (1, 180)):
        found = (await owner.get(f"/v1/fleets/{FLEET}/power?{AFTERNOON}&timeResolutionMinutes={minutes}")).json()
        assert len(found["periods"]) == count
        assert sum(powers(found)) / count == pytest.approx(sum(powers(hours)) / 3, rel=2e-3)


async def test_an_offset_is_another_way_to_say_the_same_time(owner: Client, world: World) -> None:
    await golden(owner, world)
    told = (await owner.get(f"/v1/resources/{A}/power?{AFTERNOON}")).json()
    for start, end in (
        ("2025-06-21T18:00:00%2B02:00", "2025-06-21T15:00-04:00"), ("2025-06-21T21:30:00+05:30", "2025-06-21T19:00Z"),
    ):  # fmt: skip
        other = await owner.get(f"/v1/resources/{A}/power?type=clearsky&startTime={start}&endTime={end}")
        assert other.json() == told
    dated = await owner.get(f"/v1/resources/{A}/power?type=clearSky&startTime=2025-06-21&endTime=2025-06-22")
    assert len(dated.json()["periods"]) == 24
    assert powers(dated.json())[16:19] == powers(told)
    assert powers(dated.json())[2:8] == [0] * 6


async def test_groups_add_up_and_the_normalised_series_is_per_kilowatt(owner: Client, world: World) -> None:
    await golden(owner, world)
    whole = powers((await owner.get(f"/v1/fleets/{FLEET}/power?{AFTERNOON}")).json())
    for by, names in (("zone", ["East", ""]), ("tracking", ["Fixed", "SingleAxisWithBacktracking"]),
                      ("class", [""])):  # fmt: skip
        found = (await owner.get(f"/v1/fleets/{FLEET}/power?{AFTERNOON}&groupBy={by}")).json()
        assert sorted(group["group"] for group in found["groups"]) == sorted(names)
        assert sum(group["resourceCount"] for group in found["groups"]) == 2
        sums = [sum(parts) for parts in zip(*(powers(group) for group in found["groups"]), strict=True)]
        assert sums == pytest.approx(whole, abs=2e-4)
    found = (await owner.get(f"/v1/fleets/{FLEET}/power?{AFTERNOON}&normalize=capacity")).json()
    assert powers(found, "powerAC_kWPerKW") == pytest.approx([value / 1007 for value in whole], abs=1e-4)


async def test_a_member_of_several_systems_that_track_differently_is_mixed(owner: Client) -> None:
    two = await owner.made(plain(pvSystems=[system(), system(configuration={"tracking": "DualAxis"})]))
    fleet = (await owner.post("/v1/fleets", {"name": "F", "resourceIds": [two]})).json()["fleetId"]
    found = (await owner.get(f"/v1/fleets/{fleet}/power?{AFTERNOON}&groupBy=tracking")).json()
    assert [group["group"] for group in found["groups"]] == ["Mixed"]


async def test_series_come_as_csv_with_the_fields_asked_for(owner: Client, world: World) -> None:
    await golden(owner, world)
    csv = ("accept", "text/csv")
    answer = await owner.get(f"/v1/resources/{A}/power?{AFTERNOON}&outputFields=PowerAC_kW", [csv])
    lines = answer.text.split("\r\n")
    assert (answer.header("content-type") or "").startswith("text/csv")
    assert lines[0] == "startTime,endTime,powerAC_kW"
    assert lines[1].startswith("2025-06-21T16:00:00Z,2025-06-21T17:00:00Z,5.39")
    assert (len(lines), lines[4]) == (5, "")
    grouped = await owner.get(f"/v1/fleets/{FLEET}/power?{AFTERNOON}&groupBy=zone", [csv])
    assert grouped.text.split("\r\n")[0] == "group,startTime,endTime,powerAC_kW,energyAC_kWh"
    assert len(grouped.text.split("\r\n")) == 8


async def test_a_resource_tells_of_its_light_and_its_temperatures(owner: Client, world: World) -> None:
    await golden(owner, world)
    names = [
        "planeOfArrayIrradiance_WattsPerMeterSquared", "cellTemperature_DegreesC", "powerDC_kW",
        "globalHorizontalIrradiance_WattsPerMeterSquared", "directNormalIrradiance_WattsPerMeterSquared",
        "diffuseHorizontalIrradiance_WattsPerMeterSquared", "ambientTemperature_DegreesC", "windSpeed_MetersPerSecond",
    ]  # fmt: skip
    found = await owner.get(f"/v1/resources/{A}/power?{AFTERNOON}&outputFields={','.join(names).upper()}")
    period = found.json()["periods"][0]
    assert list(period) == ["startTime", "endTime", *names]
    assert (period["ambientTemperature_DegreesC"], period["windSpeed_MetersPerSecond"]) == (20, 1)
    assert 800 < period[names[0]] < 1100 and 40 < period[names[1]] < 65 and 5 < period[names[2]] < 7
    fleet = await owner.get(f"/v1/fleets/{FLEET}/power?{AFTERNOON}&outputFields=powerDC_kW")
    assert (fleet.status, fleet.json()["errors"][0]["field"]) == (400, "outputFields")


async def test_a_resource_gives_nothing_before_it_stands_or_after_it_is_gone(owner: Client) -> None:
    dated = await owner.made(plain(installDate="2025-06-21", decommissionDate="2025-06-22"))
    free = await owner.made(plain())
    query = "type=clearSky&startTime=2025-06-20&endTime=2025-06-23"
    limited = powers((await owner.get(f"/v1/resources/{dated}/power?{query}")).json())
    always = powers((await owner.get(f"/v1/resources/{free}/power?{query}")).json())
    assert limited[:24] == [0] * 24 and limited[48:] == [0] * 24
    assert limited[24:48] == always[24:48] and max(always[:24]) > 4


async def test_stored_fields_that_the_model_leaves_out_are_named(owner: Client) -> None:
    made = await owner.made(
        plain(
            pvSystems=[
                system(
                    cleaningThreshold_Millimeters=5, thresholdSnowfall_CentimeterPerHour=1,
                    modules={"ptcRating_kW": 0.35},
                )
            ]
        )
    )  # fmt: skip
    found = (await owner.get(f"/v1/resources/{made}/power?{AFTERNOON}")).json()
    assert found["notModelled"] == [
        "cleaningThreshold_Millimeters", "thresholdSnowfall_CentimeterPerHour", "ptcRating_kW",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("startTime=2025-06-21T12:00:00&endTime=2025-06-22", "startTime"),
        ("endTime=2025-06-22", "startTime"),
        ("startTime=2025-06-21T12:30:00Z&endTime=2025-06-22", "startTime"),
        ("startTime=2025-06-21T12:00:00Z&endTime=2025-06-21T12:20:00Z&timeResolutionMinutes=15", "endTime"),
        ("startTime=2025-06-22&endTime=2025-06-21", "endTime"),
        ("startTime=2025-06-22&endTime=2025-06-22", "endTime"),
        ("startTime=2025-01-01&endTime=2026-01-03", "endTime"),
        ("startTime=2025-01-01&endTime=2025-06-01&timeResolutionMinutes=1", "endTime"),
        ("startTime=1969-12-31&endTime=1970-01-02", "startTime"),
        ("startTime=2025-06-21&endTime=2025-06-22&type=yesterday", "type"),
        ("startTime=2025-06-21&endTime=2025-06-22&timeResolutionMinutes=10", "timeResolutionMinutes"),
        ("startTime=2025-06-21&endTime=2025-06-22&weatherSource=A%20B", "weatherSource"),
        ("startTime=2025-06-21&endTime=2025-06-22&powerModel=PVForm", "powerModel"),
        (
            "startTime=2025-06-21&endTime=2025-06-22&type=clearSky&missingDataHandling=FillAverage",
            "missingDataHandling",
        ),
        ("startTime=2025-06-21&endTime=2025-06-22&shape=rows", "shape"),
        ("startTime=2025-06-21&endTime=2025-06-22&outputFields=power", "outputFields"),
        ("startTime=2025-06-21&endTime=2025-06-22&groupby=zone", "groupby"),
        ("startTime=2025-02-29&endTime=2025-03-02", "startTime"),
        ("startTime=tomorrow&endTime=2025-03-02", "startTime"),
        ("startTime=2025-06-21&endTime=2025-06-22&type=historical&asOf=2025-06-21", "asOf"),
        ("startTime=2025-06-21&startTime=2025-06-21&endTime=2025-06-22", "startTime"),
    ],
)
async def test_a_wrong_parameter_is_named(sqlite_owner: Client, query: str, field: str) -> None:
    made = await sqlite_owner.made(plain())
    answer = await sqlite_owner.get(f"/v1/resources/{made}/power?{query}")
    assert (answer.status, answer.json()["errors"][0]["field"]) == (400, field), answer.text


async def test_what_cannot_be_computed_says_why(owner: Client) -> None:
    made = await owner.made(plain())
    big = await owner.made(plain(pvSystems=[system(array={"pvModules": [
        {"count": 1, "nameplateDCRating_kW": 0.4} for _ in range(20)
    ]}) for _ in range(3)]))  # fmt: skip
    fleet = (await owner.post("/v1/fleets", {"name": "F", "resourceIds": [made, big]})).json()["fleetId"]
    empty = (await owner.post("/v1/fleets", {"name": "E"})).json()["fleetId"]
    year = "startTime=2025-01-01&endTime=2026-01-01"
    for path, code in (
        (f"/v1/resources/{made}/power?{year}", "NoWeather"),
        (f"/v1/fleets/{fleet}/power?{year}", "NoWeather"),
        (f"/v1/fleets/{fleet}/power?{year}&type=clearSky", "TooLarge"),
    ):
        answer = await owner.get(path)
        assert (answer.status, answer.json()["errors"][0]["code"]) == (422, code), path
        assert answer.json()["statusCode"] == "UnprocessableEntity"
    assert "/v1/simulations" in answer.json()["message"]
    for kind in ("historical", "clearSky"):
        none = (await owner.get(f"/v1/fleets/{empty}/power?{AFTERNOON.replace('clearSky', kind)}")).json()
        assert (none["resourceCount"], powers(none)) == (0, [0, 0, 0])
    assert (await owner.get(f"/v1/resources/{fleet}/power?{AFTERNOON}")).status == 404
    assert (await owner.get(f"/v1/fleets/{made}/power?{AFTERNOON}")).status == 404


async def test_a_growing_site_counts_each_system_from_its_own_date(owner: Client) -> None:
    grown = await owner.made(
        plain(pvSystems=[system(), system(installDate="2025-06-22", decommissionDate="2025-06-23")])
    )
    one = await owner.made(plain())
    query = "type=clearSky&startTime=2025-06-21&endTime=2025-06-24"
    both = powers((await owner.get(f"/v1/resources/{grown}/power?{query}")).json())
    single = powers((await owner.get(f"/v1/resources/{one}/power?{query}")).json())
    assert both[:24] == single[:24] and both[48:] == single[48:]
    assert both[24:48] == pytest.approx([2 * value for value in single[24:48]], abs=2e-4)


async def test_a_resource_in_several_groups_counts_once_and_sums_are_those_of_the_members(owner: Client) -> None:
    ids = [await owner.made(plain(zone=zone, name=f"S{index}")) for index, zone in enumerate("AABBC")]
    fleet = (await owner.post("/v1/fleets", {"name": "F", "resourceIds": [*ids, *ids]})).json()["fleetId"]
    whole = (await owner.get(f"/v1/fleets/{fleet}/power?{AFTERNOON}")).json()
    alone = powers((await owner.get(f"/v1/resources/{ids[0]}/power?{AFTERNOON}")).json())
    assert whole["resourceCount"] == 5
    assert powers(whole) == pytest.approx([5 * value for value in alone], abs=3e-4)
    zones = (await owner.get(f"/v1/fleets/{fleet}/power?{AFTERNOON}&groupBy=zone")).json()["groups"]
    assert [(group["group"], group["resourceCount"]) for group in zones] == [("A", 2), ("B", 2), ("C", 1)]


async def test_an_export_limit_holds_the_site_down(owner: Client) -> None:
    made = await owner.made(plain(exportLimit_kW=2))
    assert max(powers((await owner.get(f"/v1/resources/{made}/power?{AFTERNOON}")).json())) == 2


async def test_a_fleets_power_follows_every_change_of_it_and_of_its_members(owner: Client) -> None:
    one, two = await owner.made(plain()), await owner.made(plain())
    fleet = (await owner.post("/v1/fleets", {"name": "F", "resourceIds": [one]})).json()["fleetId"]

    async def first() -> float:
        return powers((await owner.get(f"/v1/fleets/{fleet}/power?{AFTERNOON}")).json())[0]

    alone = await first()
    await owner.send("PUT", f"/v1/fleets/{fleet}/resources/{two}")
    assert await first() == pytest.approx(2 * alone, abs=2e-4)
    await owner.send("PATCH", f"/v1/resources/{two}", {"exportLimit_kW": 1})
    assert await first() == pytest.approx(alone + 1, abs=2e-4)
    await owner.send("PATCH", f"/v1/resources/{two}", {"exportLimit_kW": None, "installDate": "2026-01-01"})
    assert await first() == pytest.approx(alone, abs=2e-4)
    await owner.send("DELETE", f"/v1/resources/{one}")
    assert await first() == 0
