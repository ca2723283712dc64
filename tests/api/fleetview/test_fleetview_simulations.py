"""Simulations run as jobs: accepted, watched, gone on with after a crash, read, and ended."""

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

from fleetline.core import power_simulation
from fleetline.core.jobs import LEASE_MS
from fleetline.core.power import PowerDesk
from fleetline.outside.weather_files import PvlibFiles
from fleetline.stores.engine import migrate
from fleetline.stores.open import open_engine
from tests.api.fleetview.kit import DEPOT, FIELD, Client, World, plain, world_over

DAY = {"startTime": "2025-06-21", "endTime": "2025-06-22", "type": "clearSky"}
QUERY = "type=clearSky&startTime=2025-06-21&endTime=2025-06-22"


async def started(client: Client, body: dict[str, Any]) -> str:
    answer = await client.post("/v1/simulations", {"weatherDataOptions": DAY, **body})
    assert answer.status == 202, answer.text
    found = answer.json()
    assert found["status"] == "Queued"
    assert answer.header("location") == f"/v1/simulations/{found['simulationId']}"
    return str(found["simulationId"])


async def state(client: Client, key: str) -> dict[str, Any]:
    return dict((await client.get(f"/v1/simulations/{key}")).json())


async def results(client: Client, key: str) -> Any:
    answer = await client.get(f"/v1/simulations/{key}/results")
    assert answer.status == 200, answer.text
    return answer.json()


def powers(found: dict[str, Any]) -> list[float]:
    return [period["powerAC_kW"] for period in found["periods"]]


async def three(client: Client) -> list[str]:
    return [await client.made(DEPOT), await client.made(FIELD), await client.made(plain())]


async def test_a_fleets_simulation_gives_what_the_fleets_power_gives(owner: Client, world: World) -> None:
    ids = await three(owner)
    fleets = [
        (await owner.post("/v1/fleets", {"name": name, "resourceIds": members})).json()["fleetId"]
        for name, members in (("A", ids[:2]), ("B", ids[1:]), ("C", []))
    ]
    key = await started(owner, {"fleetIds": fleets})
    waiting = await owner.get(f"/v1/simulations/{key}")
    assert (waiting.json()["status"], waiting.header("retry-after")) == ("Queued", "2")
    assert waiting.json()["progress"] == {"completedResources": 0, "totalResources": 3, "percent": 0}
    early = await owner.get(f"/v1/simulations/{key}/results")
    assert (early.status, early.json()["statusCode"]) == (409, "Conflict")
    world.clock.move(5)
    assert await world.power.jobs.work_off() == 1
    done = await owner.get(f"/v1/simulations/{key}")
    found = done.json()
    assert (found["status"], found["resultUrl"]) == ("Done", f"/v1/simulations/{key}/results")
    assert done.header("retry-after") is None
    assert found["progress"] == {"completedResources": 3, "totalResources": 3, "percent": 100}
    assert (found["createdTime"], found["finishedTime"]) == ("2025-06-21T12:00:00Z", "2025-06-21T12:00:05Z")
    made = await results(owner, key)
    assert [(item["fleetId"], item["name"], item["resourceCount"]) for item in made["fleets"]] == [
        (fleets[0], "A", 2), (fleets[1], "B", 2), (fleets[2], "C", 0),
    ]  # fmt: skip
    for item in made["fleets"]:
        direct = (await owner.get(f"/v1/fleets/{item['fleetId']}/power?{QUERY}")).json()
        assert item["periods"] == direct["periods"]
    assert made["assumptions"] == ["ambientTemperature_DegreesC=20", "windSpeed_MetersPerSecond=1"]


async def test_each_resources_series_comes_in_the_form_asked_for(owner: Client, world: World) -> None:
    ids = await three(owner)
    forms = {}
    for form in ("json", "csv", "ndjson"):
        options = {"outputFields": ["powerAC_kW", "cellTemperature_DegreesC"]}
        body = {"resourceIds": ids, "result": {"level": "resource", "format": form}, "simulationOptions": options}
        forms[form] = await started(owner, body)
        await world.power.jobs.work_off()
    made = await results(owner, forms["json"])
    by_id = {item["resourceId"]: item for item in made["resources"]}
    for resource_id in ids:
        query = f"{QUERY}&outputFields=powerAC_kW,cellTemperature_DegreesC"
        assert by_id[resource_id]["periods"] == (
            await owner.get(f"/v1/resources/{resource_id}/power?{query}")
        ).json()["periods"]  # fmt: skip
    csv = await owner.get(f"/v1/simulations/{forms['csv']}/results")
    lines = csv.text.split("\r\n")
    assert lines[0] == "resourceId,startTime,endTime,powerAC_kW,cellTemperature_DegreesC"
    assert (len(lines), lines[-1]) == (1 + 3 * 24 + 1, "")
    assert (csv.header("content-type") or "").startswith("text/csv")
    ndjson = (await owner.get(f"/v1/simulations/{forms['ndjson']}/results")).text.splitlines()
    assert len(ndjson) == 72 and '"resourceId"' in ndjson[0]


async def test_sites_that_are_not_stored_can_be_simulated(owner: Client, world: World) -> None:
    key = await started(owner, {"resources": [DEPOT, {"energySite": FIELD}], "result": {"level": "resource"}})
    await world.power.jobs.work_off()
    found = {item["resourceId"]: item for item in (await results(owner, key))["resources"]}
    assert set(found) == {"resources[0]", "resources[1]"}
    made = await owner.made(DEPOT)
    direct = (await owner.get(f"/v1/resources/{made}/power?{QUERY}")).json()
    assert powers(found["resources[0]"]) == powers(direct)
    assert len((await owner.get("/v1/resources")).json()["items"]) == 1


async def test_a_simulation_uses_what_stood_when_it_was_accepted(owner: Client, world: World) -> None:
    made = await owner.made(plain())
    fleet = (await owner.post("/v1/fleets", {"name": "F", "resourceIds": [made]})).json()["fleetId"]
    before = (await owner.get(f"/v1/fleets/{fleet}/power?{QUERY}")).json()["periods"]
    key = await started(owner, {"fleetIds": [fleet]})
    await owner.send("DELETE", f"/v1/resources/{made}")
    await owner.send("DELETE", f"/v1/fleets/{fleet}")
    await world.power.jobs.work_off()
    assert (await results(owner, key))["fleets"][0]["periods"] == before


async def test_a_site_may_fail_while_the_run_is_done(owner: Client, world: World) -> None:
    near, far = await owner.made(plain()), await owner.made(plain(location={"latitude": -40, "longitude": 100}))
    light = {"globalHorizontalIrradiance_WattsPerMeterSquared": [500] * 24}
    cell = {"latitude": 36.1, "longitude": -80, **light}
    push = {"kind": "observed", "startTime": "2025-06-21", "cells": [cell]}
    none = await owner.post(
        "/v1/simulations", {"resourceIds": [near], "weatherDataOptions": {**DAY, "type": "historical"}}
    )
    assert (none.status, none.json()["errors"][0]["code"]) == (422, "NoWeather")
    assert (await owner.send("PUT", "/v1/weather/default", push)).status == 200
    for level in ("resource", "fleet"):
        body = {"resourceIds": [near, far], "result": {"level": level}}
        key = await started(owner, {**body, "weatherDataOptions": {**DAY, "type": "historical"}})
        await world.power.jobs.work_off()
        found = await state(owner, key)
        assert (found["status"], found["failedResourceCount"]) == ("Done", 1)
        assert [item["resourceId"] for item in found["failures"]] == [far]
        made = (await results(owner, key))["resources" if level == "resource" else "fleets"]
        assert len(made) == 1 and max(powers(made[0])) > 3
    assert made[0]["periods"][12]["availableCapacity_Percent"] == 50


async def test_two_jobs_of_an_account_run_and_twenty_wait(owner: Client, stranger: Client, world: World) -> None:
    made = await owner.made(plain())
    for _ in range(20):
        await started(owner, {"resourceIds": [made]})
    full = await owner.post("/v1/simulations", {"resourceIds": [made], "weatherDataOptions": DAY})
    assert (full.status, full.json()["message"]) == (429, "20 jobs are already waiting.")
    assert full.header("retry-after") == "30"
    await started(stranger, {"resources": [DEPOT]})
    async with world.core.store.write() as tx:
        now = world.clock.now_ms()
        taken = [await tx.power.claim_job(f"worker-{index}", now, now + 1000, 2) for index in range(4)]
    assert [job.account_id if job else None for job in taken] == [
        owner.account_id, owner.account_id, stranger.account_id, None,
    ]  # fmt: skip
    await started(owner, {"resourceIds": [made]})
    listed = (await owner.get("/v1/jobs?limit=1000")).json()["items"]
    assert [item["status"] for item in listed] == ["Running"] * 2 + ["Queued"] * 19
    assert {item["kind"] for item in listed} == {"Simulation"}
    assert (await owner.get(f"/v1/jobs/{listed[0]['jobId']}")).json() == listed[0]
    assert (await stranger.get(f"/v1/jobs/{listed[0]['jobId']}")).status == 404


async def test_ending_a_job_cancels_it_and_a_second_time_removes_it(
    owner: Client, stranger: Client, world: World
) -> None:
    made = await owner.made(plain())
    key = await started(owner, {"resourceIds": [made]})
    assert (await stranger.send("DELETE", f"/v1/simulations/{key}")).status == 404
    assert (await owner.send("DELETE", f"/v1/simulations/{key}")).status == 204
    assert (await state(owner, key))["status"] == "Cancelled"
    assert (await owner.get(f"/v1/simulations/{key}/results")).status == 409
    assert await world.power.jobs.work_off() == 0
    assert (await owner.send("DELETE", f"/v1/simulations/{key}")).status == 204
    assert (await owner.get(f"/v1/simulations/{key}")).status == 404


async def test_results_are_kept_for_seven_days(owner: Client, world: World) -> None:
    key = await started(owner, {"resources": [DEPOT]})
    await world.power.jobs.work_off()
    world.clock.move(604_799)
    await owner.sign_in()
    assert (await owner.get(f"/v1/simulations/{key}/results")).status == 200
    world.clock.move(1)
    gone = await owner.get(f"/v1/simulations/{key}/results")
    assert (gone.status, gone.json()["statusCode"]) == (410, "Gone")
    await world.power.jobs.sweep()
    assert (await owner.get(f"/v1/simulations/{key}/results")).status == 410
    assert (await state(owner, key))["status"] == "Done"


@pytest.mark.parametrize("level", ["fleet", "resource"])
async def test_a_job_goes_on_from_its_last_chunk_in_another_process(
    owner: Client, world: World, level: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(power_simulation, "CHUNK_ROW_STEPS", 96)
    ids = [await owner.made(plain(location={"latitude": 30 + index, "longitude": 5})) for index in range(6)]
    body = {"resourceIds": ids, "result": {"level": level}}
    whole, cut = await started(owner, body), await started(owner, body)
    await world.power.jobs._run(await _claimed(world))  # the first job, without a break
    running = asyncio.create_task(world.power.jobs._run(await _claimed(world)))
    for _ in range(2000):
        if (await state(owner, cut))["progress"]["completedResources"] >= 2:
            break
        await asyncio.sleep(0.005)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    stopped = await state(owner, cut)
    assert stopped["status"] == "Running" and 2 <= stopped["progress"]["completedResources"] < 6
    other = PowerDesk(world.core.store, world.clock, world.ids, PvlibFiles())
    assert await other.jobs.work_off() == 0
    world.clock.ms += LEASE_MS
    assert await other.jobs.work_off() == 1
    names = "resources" if level == "resource" else "fleets"
    assert (await results(owner, cut))[names] == (await results(owner, whole))[names]
    assert (await state(owner, cut))["status"] == "Done"


async def _claimed(world: World) -> Any:
    work = await world.power.jobs._claim()
    assert work is not None
    return work


WORKER = """
    import asyncio, sys
    from fleetline.core import power_simulation
    from fleetline.core.power import PowerDesk
    from fleetline.core.ports.world import RandomIds
    from fleetline.outside.weather_files import PvlibFiles
    from fleetline.stores.open import open_engine
    from fleetline.stores.store import EngineStore
    from tests.kit import HandClock

    async def main() -> None:
        engine = await open_engine(sys.argv[1])
        desk = PowerDesk(EngineStore(engine), HandClock(int(sys.argv[2])), RandomIds(), PvlibFiles())
        print("ready", flush=True)
        await desk.jobs.work()

    asyncio.run(main())
"""


async def test_a_killed_process_loses_no_job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(power_simulation, "CHUNK_ROW_STEPS", 400)
    url = f"sqlite:///{tmp_path}/fleetline.db"
    engine = await open_engine(url)
    await migrate(engine)
    world = world_over(engine, tmp_path)
    client = await world.client()
    ids = [await client.made(plain(location={"latitude": 1 + index / 2, "longitude": 5})) for index in range(60)]
    body = {"resourceIds": ids, "result": {"level": "resource"}}
    whole, cut = await started(client, body), await started(client, body)
    await world.power.jobs._run(await _claimed(world))
    root = Path(__file__).parents[3]
    command = [sys.executable, "-c", textwrap.dedent(WORKER), url, str(world.clock.ms)]
    process = subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE)  # noqa: ASYNC220 - it is started, not waited for
    try:
        for _ in range(2000):
            if (await state(client, cut))["progress"]["completedResources"] >= 8:
                break
            await asyncio.sleep(0.01)
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        assert process.stdout is not None
        process.stdout.close()
    stopped = await state(client, cut)
    assert stopped["status"] == "Running" and 8 <= stopped["progress"]["completedResources"] < 60
    world.clock.ms += LEASE_MS
    assert await world.power.jobs.work_off() == 1
    assert (await results(client, cut))["resources"] == (await results(client, whole))["resources"]
    await engine.close()


async def test_the_runner_takes_jobs_as_they_come(owner: Client, world: World) -> None:
    keeper = asyncio.create_task(world.power.jobs.work())
    try:
        key = await started(owner, {"resources": [DEPOT]})
        for _ in range(1000):
            if (await state(owner, key))["status"] == "Done":
                break
            await asyncio.sleep(0.01)
        assert (await state(owner, key))["status"] == "Done"
    finally:
        keeper.cancel()
        await asyncio.gather(keeper, return_exceptions=True)


async def test_a_bug_in_a_job_ends_as_a_failed_job(
    owner: Client, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: Any) -> Any:
        raise ZeroDivisionError

    key = await started(owner, {"resources": [DEPOT]})
    monkeypatch.setattr(power_simulation.SimulationJob, "_summed", broken)
    assert await world.power.jobs.work_off() == 1
    assert (await state(owner, key))["status"] == "Failed"
    assert (await owner.get(f"/v1/simulations/{key}/results")).status == 409


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "resourceIds"),
        ({"resourceIds": [], "fleetIds": None}, "resourceIds"),
        ({"resourceIds": ["x"], "fleetIds": ["x"]}, "resourceIds"),
        ({"resourceIds": ["x"]}, "resourceIds[0]"),
        ({"fleetIds": ["x"]}, "fleetIds[0]"),
        ({"resources": [{**DEPOT, "name": ""}]}, "resources[0].name"),
        ({"resources": 5}, "resources"),
        ({"resources": [DEPOT], "weatherDataOptions": {**DAY, "startTime": "2025-06-21T00:10:00Z"}},
         "weatherDataOptions.startTime"),
        ({"resources": [DEPOT], "weatherDataOptions": {**DAY, "endTime": None}}, "weatherDataOptions.endTime"),
        ({"resources": [DEPOT], "weatherDataOptions": {**DAY, "type": "typical"}}, "weatherDataOptions.type"),
        ({"resources": [DEPOT], "weatherDataOptions": {**DAY, "timeResolutionMinutes": 20}},
         "weatherDataOptions.timeResolutionMinutes"),
        ({"resources": [DEPOT], "simulationOptions": {"powerModel": "PVForm"}}, "simulationOptions.powerModel"),
        ({"resources": [DEPOT], "simulationOptions": {"outputFields": ["powerDC_kW"]}},
         "simulationOptions.outputFields[0]"),
        ({"resources": [DEPOT], "result": {"level": "site"}}, "result.level"),
        ({"resources": [DEPOT], "results": {}}, "results"),
    ],
)  # fmt: skip
async def test_a_wrong_order_is_refused_and_nothing_is_queued(
    sqlite_owner: Client, body: dict[str, Any], field: str
) -> None:
    answer = await sqlite_owner.post("/v1/simulations", {"weatherDataOptions": DAY, **body})
    assert (answer.status, answer.json()["errors"][0]["field"]) == (400, field), answer.text
    assert (await sqlite_owner.get("/v1/jobs")).json()["items"] == []


async def test_single_series_are_bounded_and_fleet_sums_are_not(
    owner: Client, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(power_simulation, "MOST_SIMULATED", 100)
    body = {"resources": [DEPOT, FIELD], "weatherDataOptions": DAY}
    refused = await owner.post("/v1/simulations", {**body, "result": {"level": "resource"}})
    assert (refused.status, refused.json()["errors"][0]["code"]) == (422, "TooLarge")
    assert (await owner.post("/v1/simulations", body)).status == 202
