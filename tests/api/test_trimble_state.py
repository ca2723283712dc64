"""Deleting, groups, isolation, concurrency: the rules of the assets API beyond spelling and shape."""

import asyncio
from pathlib import Path

import msgspec
import pytest

from fleetline.stores.engine import Engine
from tests.api.trimble_kit import Assets, assets_over, faulty, listed, set_state, vehicles
from tests.kit import CountedIds, HandClock


@pytest.fixture
async def assets(engine: Engine, clock: HandClock, ids: CountedIds, tmp_path: Path) -> Assets:
    return await assets_over(engine, clock, ids, tmp_path, public_url="https://fleet.example")


async def test_three_customers_of_one_reseller_share_ids_and_nothing_else(assets: Assets) -> None:
    assert (await assets.call("POST", "/vehicles", vehicles("x:X"), token="FLTACC1")).json()["data"]
    assert (await assets.call("POST", "/vehicles", vehicles("X:Y"), token="FLTACC2")).json()["data"] == []
    assert (await assets.call("POST", "/vehicles", vehicles("x:X"), token="own")).json()["data"]
    answer = await assets.call("PUT", "/vehicles", vehicles("x:Z"), token="FLTACC2")
    assert answer.json()["error"]["code"] == -11
    answer = await assets.call("DELETE", "/vehicles?vehicleId=1000000001", token="FLTACC2")
    assert (answer.status, answer.json()) == (404, {"message": "No vehicle found with Id: 1000000001"})
    assert await listed(assets, token="FLTACC2") == []
    group = (await assets.call("POST", "/vehiclegroups", [{"vehicleGroupName": "G"}], token="FLTACC1")).json()
    number = group["data"][0]["vehicleGroupId"]
    for method, target in (("DELETE", ""), ("PUT", "/vehicles"), ("DELETE", "/vehicles")):
        answer = await assets.call(
            method, f"/vehiclegroups/{number}{target}", ["x"] if target else b"", token="FLTACC2"
        )
        assert (answer.status, answer.json()) == (404, {"message": f"No vehicle group found with Id: {number}"})


async def test_deleting_takes_one_id_from_the_query_or_the_body(assets: Assets) -> None:
    await assets.call("POST", "/vehicles", vehicles(*(f"v{i}:N{i}" for i in range(6))))
    assert await faulty(assets, "DELETE", "/vehicles") == (400, "vehicleId is required")
    assert await faulty(assets, "DELETE", "/vehicles?vehicleId=", "{}") == (400, "vehicleId is required")
    assert await faulty(assets, "DELETE", "/vehicles", ["v1"]) == (400, "Request body must be a JSON object")
    assert await faulty(assets, "DELETE", "/vehicles", {"vehicleId": [1]}) == (400, "vehicleId is not text")
    assert (await faulty(assets, "DELETE", "/vehicles?vehicleId=v1", {"vehicleId": "v2"}))[0] == 400
    assert (await faulty(assets, "DELETE", "/vehicles?vehicleId=v1&VEHICLEID=v1"))[0] == 400
    assert (await assets.call("DELETE", "/vehicles?vehicleId=v1", {"VEHICLEID": "v1"})).status == 200
    assert (await assets.call("DELETE", "/vehicles", {"vehicleId": 1000000001})).status == 200
    answer = await assets.call("DELETE", "/vehicles?vehicleId=" + "z" * 300)
    assert (answer.status, answer.json()) == (404, {"message": f"No vehicle found with Id: {'z' * 64}"})
    for number in ("01000000003", "+1000000003", "1000000003.0", "99999999999999999999"):
        assert (await assets.call("DELETE", f"/vehicles?vehicleId={number}")).status == 404
    assert await listed(assets) == ["v2", "v3", "v4", "v5"]


async def test_groups_refuse_what_the_table_says(assets: Assets, engine: Engine) -> None:
    groups = [{"account": "own", "id": i + 1, "name": f"g{i}"} for i in range(1999)]
    await set_state(engine, {"vehicle_groups": groups})
    body = [{"vehicleGroupName": name} for name in ("a", "b", "A", "g1")]
    assert await faulty(assets, "POST", "/vehiclegroups", body) == (
        400, "An account can hold at most 2000 vehicle groups; this call would make 2001",
    )  # fmt: skip
    answer = (await assets.call("POST", "/vehiclegroups", body[::2])).json()
    assert answer["error"]["duplicate_names"] == ["A"]
    fault = 'Item 1: vehicleGroupName contains a character that is not allowed: "|"'
    assert await faulty(assets, "POST", "/vehiclegroups", [{"vehicleGroupName": "a|b"}]) == (400, fault)
    assert await faulty(assets, "PUT", "/vehiclegroups/1", {"vehicleGroupName": " "}) == (
        400, "vehicleGroupName is blank",
    )  # fmt: skip
    assert await faulty(assets, "PUT", "/vehiclegroups/1", ["x"]) == (400, "Request body must be a JSON object")
    for number in ("x", "0", "01", "99999999999", "%00", "2147483647", "-1"):
        answer_to = await assets.call("PUT", f"/vehiclegroups/{number}", {"vehicleGroupName": "x"})
        assert answer_to.status == 404
        assert answer_to.json()["data"] is False
    empty = await assets.call("POST", "/drivergroups", [])
    assert (empty.status, empty.text) == (200, "[]")
    empty = await assets.call("POST", "/vehiclegroups", [])
    assert empty.json() == {"message": "Successfully added all vehicle groups to the account.", "data": []}


async def test_members_are_named_as_texts_as_objects_or_in_the_query(assets: Assets) -> None:
    await assets.call("POST", "/vehicles", vehicles("1:One", "b:B", "c:C"))
    group = (await assets.call("POST", "/vehiclegroups", [{"vehicleGroupName": "G"}])).json()["data"][0]
    inside = f"/vehiclegroups/{group['vehicleGroupId']}/vehicles"
    answer = await assets.call("PUT", inside, [1, {"VEHICLEID": "B"}, "c"])
    assert answer.json() == {
        "message": "Successfully assigned all vehicles to the vehicle group.", "data": ["1", "b", "c"],
    }  # fmt: skip
    answer = await assets.call("DELETE", f"{inside}?vehicleId=B&vehicleid=zz")
    assert answer.json()["data"] == ["b"]
    assert answer.json()["error"]["message"] == "The request finished without unassigning non-existent vehicleIds"
    records = (await assets.call("GET", "/vehicles")).json()["data"]
    assert [record["vehicleId"] for record in records if "vehicleGroups" in record] == ["c", "1"]
    assert await faulty(assets, "PUT", inside, [True]) == (400, "Item 1: vehicleId is not text")
    assert await faulty(assets, "PUT", inside, [{}]) == (400, "Item 1: vehicleId is required")
    assert await faulty(assets, "DELETE", inside) == (400, "Request body must be a JSON array")
    assert (await faulty(assets, "PUT", inside, ["x"] * 1001))[0] == 400


async def test_a_vehicle_in_too_many_groups_is_named(assets: Assets, engine: Engine) -> None:
    groups = [{"account": "own", "id": i + 1, "name": f"g{i}"} for i in range(101)]
    vehicle = {"account": "own", "id": 1000, "external_id": "b", "name": "B", "groups": list(range(1, 101))}
    await set_state(engine, {"vehicle_groups": groups, "vehicles": [vehicle]})
    assert await faulty(assets, "PUT", "/vehiclegroups/101/vehicles", ["b"]) == (
        400, "A vehicle can be in at most 100 vehicle groups; b would be in 101",
    )  # fmt: skip


async def test_route_modifier_sets_are_refused_for_every_method_after_the_token(assets: Assets) -> None:
    for path in ("/avoidFavorSets", "/AVOIDFAVORSETS/vehiclegroups/"):
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"):
            assert (await assets.call(method, path)).status == 501
            assert (await assets.call(method, path, token=None)).status == 401
            assert (await assets.call(method, path, token="partner")).status == 400


async def test_sending_the_same_rename_again_gives_the_same_bytes(assets: Assets, clock: HandClock) -> None:
    await assets.call("POST", "/drivers", [{"driverId": "a", "Name": "A"}])
    body = [{"driverId": "a", "Name": "B"}, {"driverId": "x", "Name": "X"}]
    first = await assets.call("PUT", "/drivers", body)
    clock.move(99)
    assert (await assets.call("PUT", "/drivers", body)).body == first.body


async def test_sixteen_callers_that_send_the_same_vehicles_at_once_never_meet_a_fault(assets: Assets) -> None:
    tokens = ("FLTACC1", "FLTACC2")
    for token in tokens:
        await assets.token(token)
    body = msgspec.json.encode(vehicles(*(f"v{i}:N{i}" for i in range(50))))
    answers = await asyncio.gather(
        *(assets.call("POST", "/vehicles", body, token=tokens[turn % 2]) for turn in range(16))
    )
    assert {answer.status for answer in answers} == {200}
    added = [record["VehicleId"] for answer in answers for record in answer.json()["data"]]
    assert sorted(added) == sorted(f"v{i}" for i in range(50))


async def test_a_fault_of_ours_is_told_in_this_apis_words(assets: Assets, engine: Engine) -> None:
    async with engine.write() as tx:
        await tx.execute("DROP TABLE registries")
    assert await faulty(assets, "GET", "/vehicles") == (500, "Internal error")
