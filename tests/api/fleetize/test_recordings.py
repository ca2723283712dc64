"""Every recorded call of this API is answered as recorded: errors byte for byte, successes value for value.

A recording in tests/recordings/fleetize: `given` is the state (plan, users with their permissions, devices with the
file of their reports), `calls` follow one another, each at `after_s` seconds after `now`. `{token}` stands for the
token of the named caller, `{N bytes}` fills the body up to that size.
"""

import re
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from fleetline.api.dialects.fleetize.scope import DEVICE_FIELDS
from fleetline.model.limits import plans_of
from tests.api.calls import Answer, Caller
from tests.api.fleetize.conftest import MakeWorld
from tests.api.fleetize.desk import Car
from tests.api.fleetize.world import World
from tests.kit import HandClock
from tests.model.trips_kit import DAY_S, join, report

FOLDER = Path(__file__).parents[2] / "recordings" / "fleetize"
NAMES = sorted(path.stem for path in FOLDER.glob("*.json"))
COLUMNS = {"course_deg": ("course_e2", 100), "supply_v": ("supply_mv", 1000), "battery_v": ("battery_mv", 1000),
           "coolant_c": ("coolant_e1", 10)}  # fmt: skip


def read(name: str) -> Any:
    return msgspec.json.decode((FOLDER / f"{name}.json").read_bytes())


def reports(name: str) -> np.ndarray:
    """The rows of a file of reports."""
    kept = read(f"reports/{name}")
    rows = []
    for values in kept["rows"]:
        row = dict(zip(kept["columns"], values, strict=True))
        further = {column: round(row[key] * factor) for key, (column, factor) in COLUMNS.items()}
        rows.append(
            report(
                row["at_s"],
                row["lat_deg"],
                row["lon_deg"],
                speed=row["speed_kmh"],
                ignition=row["ignition"],
                received_s=row["received_s"],
                **further,
            )
        )
    return join(rows)


def car(facts: dict[str, Any], given: dict[str, Any]) -> Car:
    made = Car(facts["device_id"], facts["imei"], facts["type"], facts["name"], facts.get("description", ""))
    made.mileage_km = facts.get("mileage_km")
    made.time_zone, made.language = given.get("time_zone", made.time_zone), given.get("language", made.language)
    if "reports" in facts:
        made.rows = reports(facts["reports"])
    return made


async def play(world: World, call: dict[str, Any], tokens: dict[str, str]) -> Answer:
    """Send one recorded request."""
    request = call["request"]
    token = tokens.get(call["token"], "")
    body = request["body"].replace("{token}", token)
    if fill := re.search(r"\{(\d+) bytes\}", body):
        body = body.replace(fill[0], "x" * (int(fill[1]) - len(body) + len(fill[0])))
    caller = Caller(world.app, call.get("address", "192.0.2.1"))
    path = request["path"].replace("{token}", token)
    return await caller.call(request["method"], path, body.encode(), list(request["headers"].items()))


def check(answer: Answer, expected: dict[str, Any]) -> None:
    assert answer.status == expected["status"], answer.text
    for name, value in expected["headers"].items():
        assert answer.header(name) == value, name
    if "body" in expected:
        assert answer.body == expected["body"].encode()
    else:
        assert answer.json() == expected["json"]


@pytest.mark.parametrize("name", NAMES)
async def test_a_recorded_call_is_answered_as_recorded(make: MakeWorld, clock: HandClock, name: str) -> None:
    recording = read(name)
    given = recording["given"]
    clock.ms = DAY_S * 1000  # devices are registered before they report
    world = await make(
        *(car(facts, given) for facts in given.get("devices", [])),
        plan=given["plan"],
        plans=plans_of(given.get("plans", {}), ["device", "devicelist"]),
        settings=given.get("settings"),
        stored=True,
        time_zone=given.get("time_zone", "Europe/Berlin"),
        language=given.get("language", "de"),
    )
    assert world.station is not None
    tokens = {"main": world.token}
    for number, (user, permissions) in enumerate(given.get("users", {}).items()):
        tokens[user] = await world.member(permissions, f"user{number}@example.com")
    start_ms = round(datetime.fromisoformat(given["now"]).timestamp() * 1000)
    for call in recording["calls"]:
        await world.station.go_on(start_ms + round(call["after_s"] * 1000))
        check(await play(world, call, tokens), call["answer"])


def test_recordings_say_what_they_show_and_hold_no_secret() -> None:
    assert len(NAMES) >= 25
    for name in NAMES:
        recording = read(name)
        assert recording["about"].endswith(".") and recording["rules"] and recording["calls"], name
        text = (FOLDER / f"{name}.json").read_text()
        assert "apitoken={token}" in text or '\\"{token}\\"' in text, name


def test_every_field_of_a_device_is_in_some_recording() -> None:
    (first,) = read("devicelist-all-fields")["calls"]
    assert tuple(first["answer"]["json"][0]) == DEVICE_FIELDS
