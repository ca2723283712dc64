"""A scope narrows the answer to exactly the names it holds, and permissions withhold values without hiding keys."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleetline.api.dialects.fleetize.scope import (
    DEVICE_FIELDS,
    EVERYTHING,
    ROUTE_EXTENSIONS,
    ROUTE_FIELDS,
    scope_of,
)
from tests.api.fleetize.conftest import MakeWorld
from tests.api.fleetize.desk import Car

NAMES = st.sampled_from([*DEVICE_FIELDS, *ROUTE_FIELDS, *ROUTE_EXTENSIONS, "routes", "foo", "Location", "", " "])


@given(st.lists(NAMES, max_size=8), st.randoms(use_true_random=False))
def test_order_repeats_blanks_and_unknown_names_change_nothing(names: list[str], chance: Any) -> None:
    other = [f" {name}\t" for name in [*names, *names]]
    chance.shuffle(other)
    assert scope_of(";".join(names)) == scope_of(";".join(other) + ";")


@pytest.mark.parametrize("text", ["", ";", " ; ;", ";;;;"])
def test_a_scope_without_a_name_asks_for_everything(text: str) -> None:
    assert scope_of(text) == EVERYTHING


@pytest.mark.parametrize(
    ("scope", "device", "route"),
    [
        ("device_id;device_name;", ["device_id", "device_name"], None),
        ("device_name; device_id", ["device_id", "device_name"], None),
        ("foo", [], None),
        ("Device_id", [], None),
        ("location", ["location"], None),
        ("mileage;grouped;type", [], None),
        ("routes", [], list(ROUTE_FIELDS)),
        ("routes;status_code", ["status_code"], list(ROUTE_FIELDS)),
        ("route_points", [], ["route_points"]),
        ("average_speed;origin_timestamp;device_id", ["device_id"], ["origin_timestamp", "average_speed"]),
        ("route_open", [], ["route_open"]),
        ("routes;origin_rule;destination_rule;route_open", [], [*ROUTE_FIELDS, *ROUTE_EXTENSIONS]),
    ],
)
async def test_names_filter_the_device_and_each_route(
    make: MakeWorld, van: Car, scope: str, device: list[str], route: list[str] | None
) -> None:
    world = await make(van)
    shown = (await world.call("device", device=7, scope=scope)).json()
    assert list(shown["device"]) == device
    assert ("routes" in shown) is (route is not None)
    assert [list(item) for item in shown.get("routes", [])] == ([route] * 2 if route is not None else [])
    (listed,) = (await world.call("devicelist", scope=scope)).json()
    assert list(listed) == device


async def test_the_rules_of_the_worked_example_show_when_asked_for(make: MakeWorld, van: Car) -> None:
    answer = await (await make(van)).call("device", device=7, scope="origin_rule;destination_rule;route_open")
    expected = {"origin_rule": "left_standing", "destination_rule": "ignition_off", "route_open": 0}
    assert answer.json() == {"device": {}, "routes": [expected] * 2}


async def test_a_pause_is_always_whole(make: MakeWorld, van: Car) -> None:
    shown = (await (await make(van)).call("device", device=7, scope="route_pause")).json()
    assert len(shown["routes"][0]["route_pause"][0]) == 6


WITHHELD = {
    "imei": {"device_imei"},
    "sensors": {"device_upm", "device_temp_engine", "device_voltage_external", "device_voltage_internal"},
    "location": {"location", "device_angle", "route_points", "origin_location", "destination_location"},
    "mileage": {"device_mileage", "device_mileage_raw", "device_distance", "origin_mileage", "destination_mileage"},
}


@pytest.mark.parametrize("group", WITHHELD)
async def test_a_withheld_value_is_null_and_every_other_stays(make: MakeWorld, van: Car, group: str) -> None:
    van.rows["rpm"] = 800
    world = await make(van)
    member = await world.member(f"devices=all;withhold={group}")
    whole, answer = (await world.call("device", device=7)).json(), await world.call("device", member, device=7)
    assert answer.header("x-fleetline-withheld") == group
    shown = answer.json()
    for key, value in whole["device"].items():
        assert shown["device"][key] == (None if key in WITHHELD[group] else value), key
        assert value is not None or key not in WITHHELD[group]
    for seen, full in zip(shown["routes"], whole["routes"], strict=True):
        for key, value in full.items():
            if key != "route_pause":
                assert seen[key] == (None if key in WITHHELD[group] else value), key
        hidden = {group} & {"location", "mileage"}
        expected = [{**pause, **dict.fromkeys(hidden)} for pause in full["route_pause"]]
        assert seen["route_pause"] == expected
    listed = await world.call("devicelist", member)
    assert listed.header("x-fleetline-withheld") == group
    assert {key for key, value in listed.json()[0].items() if value is None} >= WITHHELD[group] & set(DEVICE_FIELDS)


async def test_withheld_routes_are_a_null_node_where_the_scope_has_it(make: MakeWorld, van: Car) -> None:
    world = await make(van)
    member = await world.member("devices=all;withhold=routes,imei")
    answer = await world.call("device", member, device=7)
    assert answer.json()["routes"] is None
    assert answer.header("x-fleetline-withheld") == "imei, routes"
    narrow = await world.call("device", member, device=7, scope="device_id;device_imei")
    assert narrow.text == '{"device":{"device_id":7,"device_imei":null}}'
    assert (await world.call("device", member, device=7, scope="origin_rule")).text == '{"device":{},"routes":null}'


async def test_nothing_withheld_means_no_header_and_callers_never_share_what_is(make: MakeWorld, van: Car) -> None:
    world = await make(van)
    member = await world.member("devices=all;withhold=location")
    before = await world.call("devicelist")
    hidden = await world.call("devicelist", member)
    after = await world.call("devicelist")
    assert before.header("x-fleetline-withheld") is None
    assert (before.body, hidden.json()[0]["location"]) == (after.body, None)
    assert before.json()[0]["location"] == "48.04801,10.00000"
