"""Forecasts: what somebody pushed by the moment asked about, else the clear-sky index carried on; never the future."""

import math
from typing import Any

import pytest

from tests.api.fleetview.kit import Client, World, plain

GHI = "globalHorizontalIrradiance_WattsPerMeterSquared"
TEMPERATURE = "ambientTemperature_DegreesC"
PLACE = {"latitude": 36.1, "longitude": -80.0}
AHEAD = "type=forecast&startTime=2025-06-21T12:00:00Z&endTime=2025-06-22T12:00:00Z"


async def push(client: Client, start: str, values: list[float | None], **changes: Any) -> None:
    cell = {**PLACE, GHI: values, **changes.pop("fields", {})}
    body = {"kind": "observed", "startTime": start, "cells": [cell], **changes}
    answer = await client.send("PUT", "/v1/weather/default", body)
    assert answer.status == 200, answer.text


async def clear(client: Client, resource_id: str, start: str, end: str) -> list[float]:
    query = f"type=clearSky&startTime={start}&endTime={end}&outputFields={GHI}"
    found = await client.get(f"/v1/resources/{resource_id}/power?{query}")
    return [period[GHI] for period in found.json()["periods"]]


async def ask(client: Client, resource_id: str, query: str, field: str = GHI) -> dict[str, Any]:
    answer = await client.get(f"/v1/resources/{resource_id}/power?{query}&outputFields={field}")
    assert answer.status == 200, answer.text
    return dict(answer.json())


def column(found: dict[str, Any], field: str = GHI) -> list[float]:
    return [period[field] for period in found["periods"]]


async def place(client: Client) -> str:
    """A site in the very middle of its cell, so that its clear sky is the cell's."""
    return await client.made(plain(location=PLACE))


async def test_without_a_pushed_forecast_the_clear_sky_index_is_carried_on(owner: Client) -> None:
    made = await place(owner)
    sky = await clear(owner, made, "2025-06-20T12:00:00Z", "2025-06-21T12:00:00Z")
    air = [float(hour) for hour in range(24)]
    await push(owner, "2025-06-20T12:00:00Z", [value * 0.6 for value in sky], fields={TEMPERATURE: air})
    found = await ask(owner, made, AHEAD)
    assert (found["forecastModel"], found["issueTime"]) == ("persistence", "2025-06-21T12:00:00Z")
    ahead = await clear(owner, made, "2025-06-21T12:00:00Z", "2025-06-22T12:00:00Z")
    lit = [(got, expected * 0.6) for got, expected in zip(column(found), ahead, strict=True) if expected > 20]
    assert len(lit) > 10
    # an hour's clear sky is told of as the mean of quarters and forecast at its middle
    assert all(got == pytest.approx(expected, rel=0.03) for got, expected in lit)
    assert column(await ask(owner, made, AHEAD, TEMPERATURE), TEMPERATURE) == air
    assert max(column(await ask(owner, made, AHEAD, "powerAC_kW"), "powerAC_kW")) > 2


async def test_the_last_hour_counts_first_and_fades_to_the_last_day(owner: Client, world: World) -> None:
    made = await place(owner)
    world.clock.ms += 6 * 3_600_000  # 18:00 UTC, early afternoon there
    await owner.sign_in()
    sky = await clear(owner, made, "2025-06-20T18:00:00Z", "2025-06-21T18:00:00Z")
    values = [value * 0.4 for value in sky]
    values[-1] = sky[-1] * 0.9
    await push(owner, "2025-06-20T18:00:00Z", values)
    query = "type=forecast&startTime=2025-06-21T18:00:00Z&endTime=2025-06-21T23:00:00Z"
    found = column(await ask(owner, made, query))
    ahead = await clear(owner, made, "2025-06-21T18:00:00Z", "2025-06-21T23:00:00Z")
    day = sum(values) / sum(sky)
    for hour, (got, full) in enumerate(zip(found, ahead, strict=True)):
        weight = math.exp(-(hour + 0.5) / 3)
        assert got / full == pytest.approx(weight * 0.9 + (1 - weight) * day, rel=0.03)


async def test_the_newest_forecast_issued_by_then_is_used(owner: Client) -> None:
    made = await place(owner)
    for issue, light in (
        ("2025-06-20T00:00:00Z", 100), ("2025-06-21T06:00:00Z", 300), ("2025-06-21T13:00:00Z", 500),
    ):  # fmt: skip
        await push(owner, "2025-06-21T00:00:00Z", [light] * 72, kind="forecast", issueTime=issue)
    now = await ask(owner, made, AHEAD)
    assert (now["forecastModel"], now["issueTime"], column(now)[4]) == ("pushed", "2025-06-21T06:00:00Z", 300)
    span = "type=forecast&startTime=2025-06-21T00:00:00Z&endTime=2025-06-21T20:00:00Z"
    early = await ask(owner, made, f"{span}&asOf=2025-06-20T23:00:00Z")
    assert (early["issueTime"], column(early)[16]) == ("2025-06-20T00:00:00Z", 100)
    listed = (await owner.get("/v1/weather/coverage?kind=forecast")).json()["items"]
    assert [(item["startTime"], item["endTime"]) for item in listed] == [
        ("2025-06-21T00:00:00Z", "2025-06-24T00:00:00Z")
    ]


async def test_nothing_observed_after_the_moment_is_used(owner: Client) -> None:
    made = await place(owner)
    await push(owner, "2025-06-20T00:00:00Z", [400.0] * 30)
    query = "type=forecast&asOf=2025-06-21T05:30:00Z&startTime=2025-06-21T06:00:00Z&endTime=2025-06-21T20:00:00Z"
    before = await ask(owner, made, query)
    await push(owner, "2025-06-21T05:00:00Z", [9.0] * 7)
    assert await ask(owner, made, query) == before


async def test_a_forecast_reaches_from_its_moment_to_seven_days_ahead(owner: Client) -> None:
    made = await place(owner)
    await push(owner, "2025-06-20T00:00:00Z", [400.0] * 30)
    for query, field in (
        ("startTime=2025-06-21T11:00:00Z&endTime=2025-06-22", "startTime"),
        ("startTime=2025-06-21T12:00:00Z&endTime=2025-06-28T13:00:00Z", "endTime"),
        ("startTime=2025-06-21T12:00:00Z&endTime=2025-06-22&asOf=2025-06-21T12:00:01Z", "asOf"),
    ):
        answer = await owner.get(f"/v1/resources/{made}/power?type=forecast&{query}")
        assert (answer.status, answer.json()["errors"][0]["field"]) == (400, field)
    whole = "type=forecast&startTime=2025-06-21T12:00:00Z&endTime=2025-06-28T12:00:00Z"
    assert len(column(await ask(owner, made, whole))) == 168


async def test_with_nothing_observed_there_is_no_forecast(owner: Client) -> None:
    made = await place(owner)
    await push(owner, "2025-05-01T00:00:00Z", [400.0] * 30)
    for path in (f"/v1/resources/{made}/power?{AHEAD}", f"/v1/resources/{made}/power?{AHEAD}&weatherSource=none"):
        answer = await owner.get(path)
        assert (answer.status, answer.json()["errors"][0]["code"]) == (422, "NoWeather")
