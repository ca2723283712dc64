"""Meters' words are kept and read back, and the model and its forecasts are scored against them."""

from typing import Any

import numpy as np
import pytest

from tests.api.fleetview.kit import Client, World, plain

GHI = "globalHorizontalIrradiance_WattsPerMeterSquared"
SPAN = "startTime=2025-06-20T12:00:00Z&endTime=2025-06-21T12:00:00Z"
PLACE = {"latitude": 36.1, "longitude": -80.0}


async def measure(client: Client, resource_id: str, values: list[Any], **changes: Any) -> Any:
    body = {"startTime": "2025-06-20T12:00:00Z", "timeResolutionMinutes": 60, "powerAC_kW": values, **changes}
    return await client.send("PUT", f"/v1/resources/{resource_id}/measurements", body)


async def model(client: Client, resource_id: str, kind: str = "clearSky") -> list[float]:
    found = await client.get(f"/v1/resources/{resource_id}/power?type={kind}&{SPAN}")
    assert found.status == 200, found.text
    return [period["powerAC_kW"] for period in found.json()["periods"]]


async def scores(client: Client, path: str, query: str = "type=clearSky") -> dict[str, Any]:
    answer = await client.get(
        f"/v1/{path}/metrics?{SPAN if 'startTime' not in query else ''}&{query}".replace("?&", "?")
    )
    assert answer.status == 200, answer.text
    return dict(answer.json())


async def test_measurements_are_kept_replaced_and_read_back(owner: Client, stranger: Client) -> None:
    made = await owner.made(plain())
    first = await measure(owner, made, [1.23456789, None, -0.35, 8.4])
    assert (first.status, first.json()) == (200, {"storedValues": 3, "replacedValues": 0})
    again = await measure(owner, made, [2, 3], startTime="2025-06-20T13:00:00Z")
    assert again.json() == {"storedValues": 2, "replacedValues": 1}
    path = f"/v1/resources/{made}/measurements"
    query = "startTime=2025-06-20T12:00:00Z&endTime=2025-06-20T17:00:00Z"
    found = (await owner.get(f"{path}?{query}")).json()
    assert [period["powerAC_kW"] for period in found["periods"]] == [1.2346, 2, 3, 8.4, None]
    assert found["periods"][0]["endTime"] == "2025-06-20T13:00:00Z"
    quarter = (await owner.get(f"{path}?{query}&timeResolutionMinutes=15")).json()
    assert {period["powerAC_kW"] for period in quarter["periods"]} == {None}
    assert (await stranger.get(f"{path}?{query}")).status == 404
    assert (await measure(stranger, made, [1])).status == 404


@pytest.mark.parametrize(
    ("values", "changes", "field"),
    [
        ([1, 8.41], {}, "powerAC_kW[1]"), ([-0.351], {}, "powerAC_kW[0]"), (["1"], {}, "powerAC_kW[0]"),
        ([True], {}, "powerAC_kW[0]"), ([], {}, "powerAC_kW"), (None, {}, "powerAC_kW"), (5, {}, "powerAC_kW"),
        ([10**400], {}, "powerAC_kW[0]"), ([1], {"timeResolutionMinutes": 20}, "timeResolutionMinutes"),
        ([1], {"timeResolutionMinutes": None}, "timeResolutionMinutes"), ([1], {"startTime": "2025-06-20"}, ""),
        ([1], {"startTime": "2025-06-20T12:30:00Z"}, "startTime"), ([1], {"startTime": "noon"}, "startTime"),
        ([1], {"power": []}, "power"),
    ],
)  # fmt: skip
async def test_wrong_measurements_are_refused_by_their_place(
    sqlite_owner: Client, values: Any, changes: dict[str, Any], field: str
) -> None:
    import json

    made = await sqlite_owner.made(plain())
    body = {"startTime": "2025-06-20T12:00:00Z", "timeResolutionMinutes": 60, "powerAC_kW": values, **changes}
    raw = json.dumps(body).encode()
    answer = await sqlite_owner.send("PUT", f"/v1/resources/{made}/measurements", raw)
    if not field:
        assert answer.status == 200
        return
    assert (answer.status, answer.json()["errors"][0]["field"]) == (400, field), answer.text


async def test_scores_are_what_the_errors_say(owner: Client) -> None:
    made = await owner.made(plain())
    ours = np.array(await model(owner, made))
    noise = np.array([0.3 if hour % 2 else -0.1 for hour in range(24)])
    measured = np.where(ours > 0, np.clip(ours - noise, 0, 8), 0.0)
    await measure(owner, made, measured.tolist())
    found = await scores(owner, f"resources/{made}")
    error = (ours - np.round(measured, 9))[ours > 0.02]
    lit = found["count"]
    assert 13 <= lit <= 15 and found["capacityAC_kW"] == 7 and found["daylightOnly"] is True
    errors = np.concatenate([error, np.zeros(max(0, lit - len(error)))])
    assert found["mbe_kW"] == pytest.approx(errors.mean(), abs=0.02)
    assert found["mae_kW"] == pytest.approx(np.abs(errors).mean(), abs=0.02)
    assert found["rmse_kW"] == pytest.approx(np.sqrt((errors**2).mean()), abs=0.02)
    assert found["rmse_Percent"] == pytest.approx(found["rmse_kW"] / 7 * 100, abs=1e-3)
    assert 0.98 < found["correlation"] < 1
    night = await scores(owner, f"resources/{made}", "type=clearSky&daylightOnly=false")
    assert night["count"] == 24
    assert "skill" not in night


async def test_a_perfect_model_has_no_error(owner: Client) -> None:
    made = await owner.made(plain())
    await measure(owner, made, await model(owner, made))
    found = await scores(owner, f"resources/{made}")
    assert (found["mbe_kW"], found["rmse_kW"], found["correlation"]) == (0, 0, 1)


async def test_finer_measurements_are_averaged_into_whole_periods_only(owner: Client) -> None:
    made = await owner.made(plain())
    ours = await model(owner, made)
    quarters: list[float | None] = [value for value in ours for _ in range(4)]
    quarters[4 * 3 + 1] = None
    await measure(owner, made, quarters, timeResolutionMinutes=15)
    found = await scores(owner, f"resources/{made}", "type=clearSky&daylightOnly=false")
    assert (found["count"], found["mbe_kW"]) == (23, pytest.approx(0, abs=1e-4))
    coarse = await owner.made(plain())
    await measure(owner, coarse, ours)
    finer = await scores(owner, f"resources/{coarse}", "type=clearSky&timeResolutionMinutes=15")
    assert (finer["count"], finer["mbe_kW"], finer["correlation"]) == (0, None, None)


async def test_a_fleet_compares_at_each_period_only_who_was_measured(owner: Client) -> None:
    one, two, three = [await owner.made(plain()) for _ in range(3)]
    fleet = (await owner.post("/v1/fleets", {"name": "F", "resourceIds": [one, two, three]})).json()["fleetId"]
    ours = await model(owner, one)
    low = [max(0.0, value - 0.1) for value in ours]
    await measure(owner, one, low)
    await measure(owner, two, [None] * 12 + low[12:])
    found = await scores(owner, f"fleets/{fleet}", "type=clearSky&daylightOnly=false")
    errors = [(1 if hour < 12 else 2) * (ours[hour] - low[hour]) for hour in range(24)]
    assert (found["capacityAC_kW"], found["count"]) == (14, 24)
    assert found["mae_kW"] == pytest.approx(sum(errors) / 24, abs=1e-4)
    empty = (await owner.post("/v1/fleets", {"name": "E"})).json()["fleetId"]
    assert (await scores(owner, f"fleets/{empty}"))["count"] == 0


async def test_forecasts_are_scored_by_horizon_against_persistence(owner: Client, world: World) -> None:
    made = await owner.made(plain(location=PLACE))
    sky = await owner.get(
        f"/v1/resources/{made}/power?type=clearSky&startTime=2025-06-18T12:00:00Z&endTime=2025-06-21T12:00:00Z"
        f"&outputFields={GHI}"
    )
    clear = [period[GHI] for period in sky.json()["periods"]]
    seen = [value * (0.8 if hour < 48 else 0.4) for hour, value in enumerate(clear)]
    for body in (
        {"kind": "observed", "startTime": "2025-06-18T12:00:00Z", "cells": [{**PLACE, GHI: seen}]},
        {"kind": "forecast", "issueTime": "2025-06-19T00:00:00Z", "startTime": "2025-06-18T12:00:00Z",
         "cells": [{**PLACE, GHI: seen}]},
    ):  # fmt: skip
        assert (await owner.send("PUT", "/v1/weather/default", body)).status == 200
    await measure(owner, made, await model(owner, made, "historical"))
    query = "type=forecast&horizons=1,24&startTime=2025-06-20T14:00:00Z&endTime=2025-06-20T20:00:00Z"
    found = (await scores(owner, f"resources/{made}", query))["horizons"]
    assert [item["horizonHours"] for item in found] == [1, 24]
    for item in found:
        assert (item["count"], item["rmse_kW"]) == (6, 0)
        assert item["skill"] == pytest.approx(1, abs=1e-3)
    plain_score = await owner.get(f"/v1/resources/{made}/metrics?type=historical&horizons=1&{SPAN}")
    assert (plain_score.status, plain_score.json()["errors"][0]["field"]) == (400, "horizons")
    for horizons in ("0", "169", "1,x", "", ",".join(map(str, range(1, 11)))):
        bad = await owner.get(f"/v1/resources/{made}/metrics?{query.replace('1,24', horizons)}")
        assert (bad.status, bad.json()["errors"][0]["field"]) == (400, "horizons")
