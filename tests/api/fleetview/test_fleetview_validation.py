"""Every fault of a body is named by its field, in the order of the fields, and nothing is stored by any of them."""

from typing import Any

import pytest

from tests.api.fleetview.kit import Client, plain, system

S = "pvSystems[0]."
INVERTER = f"{S}inverters[0]."
M = f"{S}pvArrays[0].pvModules[0]."
C = f"{S}pvArrays[0].arrayConfiguration."


def at(**location: Any) -> dict[str, Any]:
    return plain(location={"latitude": 1, "longitude": 1, **location})


def has(**changes: Any) -> dict[str, Any]:
    return plain(pvSystems=[system(**changes)])


def shaded(*months: Any) -> dict[str, Any]:
    return has(array={"monthlyShadings": list(months)})


CASES: list[tuple[dict[str, Any], str, str, str]] = [
    (plain(name=None), "name", "required", "name is required."),
    (plain(location=None), "location", "required", "location is required."),
    (plain(location={"latitude": 1}), "location.longitude", "required", "longitude is required."),
    (plain(location=[1, 2]), "location", "type", "location must be an object."),
    (plain(name="   "), "name", "length", "name must have 1 to 200 characters."),
    (plain(name="x" * 201), "name", "length", "name must have 1 to 200 characters."),
    (plain(name=5), "name", "type", "name must be text."),
    (plain(name="a\0b"), "name", "text", "name has characters that cannot be stored."),
    (plain(description="d" * 2001), "description", "length", "description must have 0 to 2000 characters."),
    (plain(customerSiteId=""), "customerSiteId", "length", "customerSiteId must have 1 to 100 characters."),
    (plain(zone="z" * 101), "zone", "length", "zone must have 1 to 100 characters."),
    (plain(tags="a"), "tags", "type", "tags must be a list."),
    (plain(tags=["a"] * 21), "tags", "length", "tags must have 0 to 20 items."),
    (plain(tags=["a", "b" * 51]), "tags[1]", "length", "tags[1] must have 1 to 50 characters."),
    (at(latitude=91), "location.latitude", "range",
     "latitude must be from -90 to 90. Latitude and longitude may be swapped."),
    (at(latitude=91, longitude=100), "location.latitude", "range", "latitude must be from -90 to 90."),
    (at(longitude=-180.5), "location.longitude", "range", "longitude must be from -180 to 180."),
    (at(elevation_Meters=9001), "location.elevation_Meters", "range", "elevation_Meters must be from -500 to 9000."),
    (plain(installDate="2025-02-30"), "installDate", "date", "installDate must be a date like 2025-06-21."),
    (plain(installDate="1969-12-31"), "installDate", "date", "installDate must be a date like 2025-06-21."),
    (plain(installDate=20250621), "installDate", "date", "installDate must be a date like 2025-06-21."),
    (plain(installDate="2025-01-02", decommissionDate="2025-01-02"), "decommissionDate", "order",
     "decommissionDate must be after installDate."),
    (has(installDate="2025-01-02", decommissionDate="2024-01-02"), f"{S}decommissionDate", "order",
     "decommissionDate must be after installDate."),
    (plain(exportLimit_kW=-1), "exportLimit_kW", "range", "exportLimit_kW must be from 0 to 10000000."),
    (plain(degradationPerYear_Percent=11), "degradationPerYear_Percent", "range",
     "degradationPerYear_Percent must be from 0 to 10."),
    (plain(pvSystems=[]), "pvSystems", "length", "pvSystems must have 1 to 50 items."),
    (plain(pvSystems=[5]), "pvSystems[0]", "type", "pvSystems[0] must be an object."),
    (plain(pvSystems=None), "pvSystems", "required", "pvSystems is required."),
    (has(albedo_Percent=101), f"{S}albedo_Percent", "range", "albedo_Percent must be from 0 to 100."),
    (has(generalDerate_Percent=-1), f"{S}generalDerate_Percent", "range",
     "generalDerate_Percent must be from 0 to 100."),
    (has(cleaningThreshold_Millimeters=101), f"{S}cleaningThreshold_Millimeters", "range",
     "cleaningThreshold_Millimeters must be from 0 to 100."),
    (has(rainAccumPeriod=0), f"{S}rainAccumPeriod", "range", "rainAccumPeriod must be from 1 to 168."),
    (has(thresholdSnowfall_CentimeterPerHour=51), f"{S}thresholdSnowfall_CentimeterPerHour", "range",
     "thresholdSnowfall_CentimeterPerHour must be from 0 to 50."),
    (has(canSlideCoefficient_WattPerMeterSquareCelsius=1), f"{S}canSlideCoefficient_WattPerMeterSquareCelsius",
     "range", "canSlideCoefficient_WattPerMeterSquareCelsius must be from -1000 to 0."),
    (has(slideAmountCoefficient=11), f"{S}slideAmountCoefficient", "range",
     "slideAmountCoefficient must be from 0 to 10."),
    (has(inverter={"count": 1.5}), f"{INVERTER}count", "whole", "count must be a whole number from 1 to 100000."),
    (has(inverter={"count": 0}), f"{INVERTER}count", "whole", "count must be a whole number from 1 to 100000."),
    (has(inverter={"count": None}), f"{INVERTER}count", "required", "count is required."),
    (has(inverter={"maxPowerOutputAC_kW": 0}), f"{INVERTER}maxPowerOutputAC_kW", "range",
     "maxPowerOutputAC_kW must be above 0 and at most 1000000."),
    (has(inverter={"efficiencyRating_Percent": 100.1}), f"{INVERTER}efficiencyRating_Percent", "range",
     "efficiencyRating_Percent must be above 0 and at most 100."),
    (has(modules={"count": 10_000_001}), f"{M}count", "whole", "count must be a whole number from 1 to 10000000."),
    (has(modules={"nameplateDCRating_kW": 1000.5}), f"{M}nameplateDCRating_kW", "range",
     "nameplateDCRating_kW must be above 0 and at most 1000."),
    (has(modules={"ptcRating_kW": 0}), f"{M}ptcRating_kW", "range",
     "ptcRating_kW must be above 0 and at most 1000."),
    (has(modules={"powerTemperatureCoefficient_PercentPerDegreeC": -0.37}),
     f"{M}powerTemperatureCoefficient_PercentPerDegreeC", "sign",
     "powerTemperatureCoefficient_PercentPerDegreeC must be from 0 to 100;"
     " give the loss per degree as a positive number."),
    (has(modules={"powerTemperatureCoefficient_PercentPerDegreeC": 101}),
     f"{M}powerTemperatureCoefficient_PercentPerDegreeC", "range",
     "powerTemperatureCoefficient_PercentPerDegreeC must be from 0 to 100."),
    (has(modules={"nominalOperatingCellTemperature_DegreesC": 20}), f"{M}nominalOperatingCellTemperature_DegreesC",
     "range", "nominalOperatingCellTemperature_DegreesC must be from 21 to 90."),
    (has(configuration={"azimuth_Degrees": 360.5}), f"{C}azimuth_Degrees", "range",
     "azimuth_Degrees must be from 0 to 360."),
    (has(configuration={"tilt_Degrees": 91}), f"{C}tilt_Degrees", "range", "tilt_Degrees must be from 0 to 90."),
    (has(configuration={"tilt_Degrees": "20"}), f"{C}tilt_Degrees", "type", "tilt_Degrees must be a number."),
    (has(configuration={"tilt_Degrees": True}), f"{C}tilt_Degrees", "type", "tilt_Degrees must be a number."),
    (has(configuration={"Tilt": 20}), f"{C}Tilt", "unknown", "Tilt is not known; did you mean tilt_Degrees?"),
    (has(configuration={"tracking": "twoaxis"}), f"{C}tracking", "enum",
     "tracking must be one of Fixed, SingleAxis, SingleAxisWithBacktracking, DualAxis."),
    (has(configuration={"tracking": 1}), f"{C}tracking", "type", "tracking must be text."),
    (has(configuration={"mountingType": "Ground"}), f"{C}mountingType", "enum",
     "mountingType must be one of OpenRack, Roof."),
    (has(configuration={"trackingRotationLimit_Degrees": 91}), f"{C}trackingRotationLimit_Degrees", "range",
     "trackingRotationLimit_Degrees must be from 0 to 90."),
    (has(configuration={"moduleRowCount": 0}), f"{C}moduleRowCount", "whole",
     "moduleRowCount must be a whole number from 1 to 10000."),
    (has(configuration={"relativeRowSpacing": 0.9}), f"{C}relativeRowSpacing", "range",
     "relativeRowSpacing must be from 1 to 20."),
    (has(array={"solarObstructions": [{"azimuth_Degrees": 0, "elevation_Degrees": 91}]}),
     f"{S}pvArrays[0].solarObstructions[0].elevation_Degrees", "range", "elevation_Degrees must be from 0 to 90."),
    (shaded({"monthNumber": 13, "solarAccess_Percent": 5}), f"{S}pvArrays[0].monthlyShadings[0].monthNumber",
     "whole", "monthNumber must be a whole number from 1 to 12."),
    (shaded({"monthNumber": 3, "solarAccess_Percent": 5}, {"monthNumber": 3, "solarAccess_Percent": 6}),
     f"{S}pvArrays[0].monthlyShadings[1].monthNumber", "repeated", "monthNumber 3 is given twice."),
    (plain(NAME="again"), "NAME", "repeated", "NAME is given twice."),
    (plain(exportlimit=5), "exportlimit", "unknown", "exportlimit is not known; did you mean exportLimit_kW?"),
    (plain(Tilt_Degrees=5), "Tilt_Degrees", "unknown",
     "Tilt_Degrees is not known here; it belongs in pvSystems[].pvArrays[].arrayConfiguration."),
    (plain(latitude=5), "latitude", "unknown", "latitude is not known here; it belongs in location."),
]  # fmt: skip


@pytest.mark.parametrize(("body", "field", "code", "message"), CASES, ids=[f"{case[1]}-{case[2]}" for case in CASES])
async def test_one_fault_is_named_with_its_full_path(
    sqlite_owner: Client, body: dict[str, Any], field: str, code: str, message: str
) -> None:
    answer = await sqlite_owner.post("/v1/resources", body)
    assert answer.status == 400, answer.text
    assert answer.json() == {
        "statusCode": "BadRequest",
        "message": message,
        "errors": [{"field": field, "code": code, "message": message}],
    }
    assert (await sqlite_owner.get("/v1/resources")).json()["items"] == []


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"{", "The body could not be read as JSON."),
        (b"", "The body could not be read as JSON."),
        (b"\xff\xfe", "The body could not be read as JSON."),
        (b'{"name": NaN}', "The body could not be read as JSON."),
        (b'{"name": -Infinity}', "The body could not be read as JSON."),
        (b'{"name":' + b"[" * 32 + b"]" * 32 + b"}", "The body could not be read as JSON."),
        (b'{"name":' + b"[" * 100_000 + b"]" * 100_000 + b"}", "The body could not be read as JSON."),
        (b"[]", "The body must be an object."),
        (b"null", "The body must be an object."),
        (b'"text"', "The body must be an object."),
    ],
    ids=["cut", "empty", "no utf-8", "nan", "infinity", "deep", "very deep", "list", "null", "text"],
)
async def test_a_body_that_is_no_object_is_refused(sqlite_owner: Client, body: bytes, message: str) -> None:
    for method, path in (("POST", "/v1/resources"), ("POST", "/v1/fleets")):
        answer = await sqlite_owner.send(method, path, body, [("content-type", "application/json")])
        assert (answer.status, answer.json()["message"]) == (400, message)


async def test_a_number_beyond_all_numbers_is_no_number(sqlite_owner: Client) -> None:
    for number in (b"1e999", b"-1e999"):
        body = b'{"name":"x","location":{"latitude":%s,"longitude":1},"pvSystems":[]}' % number
        errors = (await sqlite_owner.send("POST", "/v1/resources", body)).json()["errors"]
        assert errors[0] == {
            "field": "location.latitude", "code": "type", "message": "latitude must be a number.",
        }  # fmt: skip
    huge = b'{"name":"x","location":{"latitude":%s,"longitude":1},"pvSystems":[]}' % (b"9" * 400)
    assert (await sqlite_owner.send("POST", "/v1/resources", huge)).json()["errors"][0]["code"] == "range"


async def test_all_faults_are_listed_in_the_order_of_the_fields(sqlite_owner: Client) -> None:
    body = {
        "pvSystems": [system(inverter={"count": 0}, configuration={"tilt_Degrees": 91})],
        "location": {"longitude": 1, "latitude": "5"},
        "colour": 1,
        "name": "",
    }
    answer = await sqlite_owner.post("/v1/resources", body)
    assert answer.json()["message"] == "The request has 5 faults."
    assert [item["field"] for item in answer.json()["errors"]] == [
        "name", "location.latitude", "pvSystems[0].inverters[0].count",
        "pvSystems[0].pvArrays[0].arrayConfiguration.tilt_Degrees", "colour",
    ]  # fmt: skip


async def test_no_more_than_a_hundred_faults_are_listed(sqlite_owner: Client) -> None:
    answer = await sqlite_owner.post("/v1/resources", {f"unknown{number}": 1 for number in range(300)})
    assert (answer.status, len(answer.json()["errors"])) == (400, 100)


async def test_text_that_no_store_can_keep_is_refused_wherever_it_stands(sqlite_owner: Client) -> None:
    for body in (b'{"name":"\\ud800"}', b'{"\\ud800":1}', b'{"name":"\\u0000"}'):
        assert (await sqlite_owner.send("POST", "/v1/resources", body)).status == 400
    for query in ("q=%00", "q=%FF", "zone=%ED%A0%80", "%00=1", "q=1&q=2", "q=1&Q=2", "qq=1"):
        assert (await sqlite_owner.get(f"/v1/resources?{query}")).status == 400, query


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        (has(modules={"count": 60}), "pvSystems", "ratio"),
        (has(modules={"nameplateDCRating_kW": 1.01, "count": 8}), f"{M}nameplateDCRating_kW", "watts"),
        (has(modules={"powerTemperatureCoefficient_PercentPerDegreeC": 1.1}),
         f"{M}powerTemperatureCoefficient_PercentPerDegreeC", "coefficient"),
        (has(generalDerate_Percent=49), f"{S}generalDerate_Percent", "derate"),
        (at(latitude=0, longitude=0), "location.latitude", "null_island"),
        (has(configuration={"azimuth_Degrees": 10, "tilt_Degrees": 16}), f"{C}azimuth_Degrees", "facing"),
        (has(configuration={"azimuth_Degrees": 3.14, "tilt_Degrees": 0.35}), f"{C}tilt_Degrees", "radians"),
        (has(modules={"ptcRating_kW": 0.41}), f"{M}ptcRating_kW", "ptc"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
async def test_what_looks_wrong_is_stored_with_a_warning(
    sqlite_owner: Client, body: dict[str, Any], field: str, code: str
) -> None:
    answer = await sqlite_owner.post("/v1/resources", body)
    assert answer.status == 201
    assert [(item["field"], item["code"]) for item in answer.json()["warnings"]] == [(field, code)]


async def test_the_edges_of_every_range_are_inside(sqlite_owner: Client) -> None:
    edges = [
        plain(location={"latitude": 90, "longitude": 180, "elevation_Meters": 9000}),
        plain(location={"latitude": -90, "longitude": -180, "elevation_Meters": -500}),
        has(inverter={"count": 100_000}, modules={"count": 10_000_000}),
        has(configuration={"azimuth_Degrees": 360, "tilt_Degrees": 90, "relativeRowSpacing": 1, "moduleRowCount": 1}),
        has(rainAccumPeriod=24.5, slideAmountCoefficient=0, canSlideCoefficient_WattPerMeterSquareCelsius=-1000),
        plain(installDate="1970-01-01", decommissionDate="2100-12-31", exportLimit_kW=0),
        has(array={"monthlyShadings": [{"monthNumber": 12.0, "solarAccess_Percent": 0}]}),
    ]
    for body in edges:
        answer = await sqlite_owner.post("/v1/resources", body)
        assert answer.status == 201, answer.text
        path = f"/v1/resources/{answer.json()['resourceId']}"
        assert {**(await sqlite_owner.get(path)).json(), "warnings": answer.json()["warnings"]} == answer.json()
