"""The registry of our own API: bulk calls, single things, lists, groups, devices, files."""

from typing import Any

import pytest

from tests.api.own_kit import Installation, Person


def outcomes(done: Any) -> list[str]:
    return [outcome["outcome"] for outcome in done["outcomes"]]


async def test_one_bad_item_never_loses_the_good_ones(boss: Person) -> None:
    await boss.add_vehicles("V1")
    done = await boss.do(
        "POST",
        "/vehicles",
        [
            {"external_id": "v1", "name": "Other"},
            {"external_id": "V2", "name": "name V1"},
            {"external_id": "", "name": "Blank"},
            {"external_id": "V4", "name": "Four", "type": "boat"},
            {"external_id": "V5", "name": "Five", "group_ids": [7]},
            {"external_id": "V6", "name": "Six", "type": "van", "description": "Blue"},
            {"external_id": "V6", "name": "Six again"},
        ],
    )
    assert outcomes(done) == ["duplicate", "duplicate", "refused", "refused", "refused", "added", "duplicate"]
    assert [outcome.get("field") for outcome in done["outcomes"]] == [
        "external_id", "name", "external_id", "type", "group_ids", None, "external_id",
    ]  # fmt: skip
    assert (done["done"], done["refused"], done["version"]) == (1, 6, 2)
    listed = await boss.get("/vehicles?sort=external_id")
    assert [(v["external_id"], v["type"], v["description"]) for v in listed["items"]] == [
        ("V1", "CAR", ""), ("V6", "VAN", "Blue"),
    ]  # fmt: skip


async def test_an_atomic_call_with_one_bad_item_writes_nothing_and_says_why(boss: Person) -> None:
    items = [{"external_id": "A", "name": "A"}, {"external_id": "B", "name": "a"}]
    answer = await boss.call("POST", "/vehicles?atomic=true", items)
    assert answer.status == 409
    assert answer.json()["code"] == "not_all"
    assert outcomes(answer.json()) == ["added", "duplicate"]
    assert (await boss.get("/vehicles"))["items"] == []
    assert (await boss.get("/changes"))["items"] == []


async def test_vehicles_may_swap_names_and_ids_in_one_call(boss: Person) -> None:
    one, two = await boss.add_vehicles("V1", "V2")
    done = await boss.do(
        "PATCH",
        "/vehicles",
        [
            {"id": one, "external_id": "V2", "name": "Name V2"},
            {"id": two, "external_id": "V1", "name": "Name V1"},
        ],
    )
    assert outcomes(done) == ["changed", "changed"]
    listed = await boss.get("/vehicles")
    assert [(v["id"], v["external_id"], v["name"]) for v in listed["items"]] == [
        (two, "V1", "Name V1"), (one, "V2", "Name V2"),
    ]  # fmt: skip


async def test_a_chain_of_renames_falls_together_when_its_head_cannot_move(boss: Person) -> None:
    one, two, _ = await boss.add_vehicles("V1", "V2", "V3")
    done = await boss.do("PATCH", "/vehicles", [{"id": one, "name": "Name V2"}, {"id": two, "name": "Name V3"}])
    assert outcomes(done) == ["duplicate", "duplicate"]
    assert done["version"] == 1, "nothing was changed"


async def test_an_item_is_changed_whole_or_not_at_all(boss: Person) -> None:
    one, _ = await boss.add_vehicles("V1", "V2")
    [outcome] = (
        await boss.do("PATCH", "/vehicles", [{"id": one, "external_id": "V9", "name": "name v2", "type": "BUS"}])
    )["outcomes"]
    assert (outcome["outcome"], outcome["field"]) == ("duplicate", "name")
    shown = await boss.get(f"/vehicles/{one}")
    assert (shown["external_id"], shown["type"]) == ("V1", "CAR")


async def test_a_change_that_rests_on_a_past_revision_is_refused(boss: Person) -> None:
    [one] = await boss.add_vehicles("V1")
    first = await boss.call("GET", f"/vehicles/{one}")
    tag = first.header("etag")
    assert tag is not None
    again = await boss.call("GET", f"/vehicles/{one}", headers=[("if-none-match", tag)])
    assert (again.status, again.body) == (304, b"")
    good = await boss.call("PATCH", f"/vehicles/{one}", {"name": "New"}, [("if-match", tag)])
    assert (good.status, good.json()["name"]) == (200, "New")
    stale = await boss.call("PATCH", f"/vehicles/{one}", {"name": "Newer"}, [("if-match", tag)])
    assert (stale.status, stale.json()["code"]) == (412, "stale")
    done = await boss.do("PATCH", "/vehicles", [{"id": one, "revision": first.json()["revision"], "name": "Newest"}])
    assert outcomes(done) == ["stale"]
    gone = await boss.call("DELETE", f"/vehicles/{one}", headers=[("if-match", tag)])
    assert gone.status == 412
    assert (await boss.get(f"/vehicles/{one}"))["name"] == "New"


async def test_joining_a_group_moves_a_vehicles_revision(boss: Person) -> None:
    [one] = await boss.add_vehicles("V1")
    [group] = (await boss.do("POST", "/vehicle-groups", [{"name": "North"}]))["outcomes"]
    before = (await boss.get(f"/vehicles/{one}"))["revision"]
    await boss.do("POST", f"/vehicle-groups/{group['id']}/members", [one])
    after = await boss.get(f"/vehicles/{one}")
    assert after["revision"] > before
    assert after["groups"] == [{"id": group["id"], "name": "North"}]


async def test_what_is_archived_can_be_restored_with_its_groups_and_device_for_thirty_days(
    boss: Person, here: Installation
) -> None:
    [device] = await boss.add_devices("Truck")
    [vehicle] = (await boss.get("/vehicles"))["items"]
    [group] = (await boss.do("POST", "/vehicle-groups", [{"name": "North"}]))["outcomes"]
    await boss.do("POST", f"/vehicle-groups/{group['id']}/members", [vehicle["id"]])
    done = await boss.do("DELETE", "/vehicles", [vehicle["id"], 5])
    assert outcomes(done) == ["archived", "unknown"]
    assert (await boss.call("GET", f"/vehicles/{vehicle['id']}")).status == 404
    [archived] = (await boss.get("/vehicles?archived=true"))["items"]
    assert archived["id"] == vehicle["id"] and archived["archived_at_ms"] == here.clock.ms
    assert (await boss.get(f"/devices/{device}"))["vehicle"] is None
    here.clock.move(29 * 86_400)
    boss = await here.sign_in(boss.account_id, boss.user_id, boss.email)
    done = await boss.do("POST", "/vehicles/restore", [vehicle["id"], vehicle["id"]])
    assert outcomes(done) == ["restored", "refused"]
    back = await boss.get(f"/vehicles/{vehicle['id']}")
    assert (back["groups"][0]["id"], back["device"]["id"]) == (group["id"], device)
    await boss.do("DELETE", "/vehicles", [vehicle["id"]])
    here.clock.move(31 * 86_400)
    boss = await here.sign_in(boss.account_id, boss.user_id, boss.email)
    assert outcomes(await boss.do("POST", "/vehicles/restore", [vehicle["id"]])) == ["unknown"]


async def test_of_two_vehicles_that_carried_one_device_only_one_gets_it_back(boss: Person) -> None:
    [device] = await boss.add_devices("Truck")
    [other] = await boss.add_vehicles("V2")
    [first] = [v["id"] for v in (await boss.get("/vehicles"))["items"] if v["id"] != other]
    await boss.do("DELETE", "/vehicles", [first])
    await boss.do("POST", "/fittings", [{"device_id": device, "vehicle_id": other}])
    await boss.do("DELETE", "/vehicles", [other])
    assert outcomes(await boss.do("POST", "/vehicles/restore", [first, other])) == ["restored", "restored"]
    assert (await boss.get(f"/devices/{device}"))["vehicle"]["id"] == first


async def test_pages_hold_every_vehicle_once_in_either_direction(boss: Person) -> None:
    names = [f"V{number:02d}" for number in range(23)]
    await boss.add_vehicles(*names)
    for sort, wanted in (("name", names), ("-external_id", names[::-1])):
        seen: list[str] = []
        path = f"/vehicles?limit=5&sort={sort}"
        page = await boss.get(path)
        while True:
            seen += [item["external_id"] for item in page["items"]]
            if page["next"] is None:
                break
            page = await boss.get(f"{path}&cursor={page['next']}")
        assert seen == wanted


@pytest.mark.parametrize("cursor", ["x", "WzEsMl0", "e30", "%00", "W10"])
async def test_a_cursor_of_nobodys_making_is_refused(boss: Person, cursor: str) -> None:
    answer = await boss.call("GET", f"/vehicles?cursor={cursor}")
    assert (answer.status, answer.json()["errors"][0]["path"]) == (422, "cursor")


async def test_lists_are_filtered_by_text_group_type_and_device(boss: Person) -> None:
    await boss.add_devices("Alpha 100%", "Beta_1")
    await boss.add_vehicles("G1", "G2", type="BUS")
    top, below = await _two_groups(boss)
    everything = {v["name"]: v["id"] for v in (await boss.get("/vehicles"))["items"]}
    await boss.do("POST", f"/vehicle-groups/{below}/members", [everything["Name G1"]])

    async def names(query: str) -> list[str]:
        return [v["name"] for v in (await boss.get(f"/vehicles?{query}"))["items"]]

    assert await names("q=100%25") == ["Alpha 100%"]
    assert await names("q=a_1") == ["Beta_1"]
    assert await names("q=G") == ["Name G1", "Name G2"]
    assert await names(f"group={top}") == ["Name G1"]
    assert await names("type=BUS&has_device=false") == ["Name G1", "Name G2"]
    assert await names("has_device=true") == ["Alpha 100%", "Beta_1"]
    assert await names(f"id={everything['Name G2']},{everything['Beta_1']}") == ["Beta_1", "Name G2"]
    assert await names("external_id=g2") == ["Name G2"]


async def _two_groups(boss: Person) -> tuple[int, int]:
    [top] = (await boss.do("POST", "/vehicle-groups", [{"name": "Top"}]))["outcomes"]
    [below] = (await boss.do("POST", "/vehicle-groups", [{"name": "Below", "parent_id": top["id"]}]))["outcomes"]
    return top["id"], below["id"]


async def test_a_misspelt_filter_is_refused_rather_than_showing_everything(boss: Person) -> None:
    answer = await boss.call("GET", "/vehicles?grop=3")
    assert (answer.status, answer.json()["errors"][0]["path"]) == (422, "grop")


async def test_no_group_comes_to_lie_under_itself_however_the_call_is_put_together(boss: Person) -> None:
    top, below = await _two_groups(boss)
    done = await boss.do("PATCH", "/vehicle-groups", [{"id": top, "parent_id": below}])
    assert outcomes(done) == ["refused"]
    done = await boss.do(
        "PATCH", "/vehicle-groups", [{"id": below, "parent_id": None}, {"id": top, "parent_id": below}]
    )
    assert outcomes(done) == ["changed", "changed"]
    tree = {group["id"]: group["parent_id"] for group in (await boss.get("/vehicle-groups"))["items"]}
    assert tree == {top: below, below: None}
    assert outcomes(await boss.do("DELETE", "/vehicle-groups", [below])) == ["deleted"]
    [left] = (await boss.get("/vehicle-groups"))["items"]
    assert (left["id"], left["parent_id"]) == (top, None)


async def test_devices_may_swap_vehicles_and_both_histories_stay_right(boss: Person, here: Installation) -> None:
    one, two = await boss.add_devices("First", "Second")
    places = {v["device"]["id"]: v["id"] for v in (await boss.get("/vehicles"))["items"]}
    here.clock.move(60)
    done = await boss.do(
        "POST",
        "/fittings",
        [{"device_id": one, "vehicle_id": places[two]}, {"device_id": two, "vehicle_id": places[one]}],
    )
    assert outcomes(done) == ["changed", "changed"]
    rode = (await boss.get(f"/devices/{one}/fittings"))["items"]
    assert [(f["vehicle_id"], f["until_at_ms"]) for f in rode] == [(places[one], here.clock.ms), (places[two], None)]
    carried = (await boss.get(f"/vehicles/{places[one]}/fittings"))["items"]
    assert [f["device_id"] for f in carried] == [one, two]


async def test_a_device_does_not_go_where_another_stays(boss: Person) -> None:
    one, two = await boss.add_devices("First", "Second")
    places = {v["device"]["id"]: v["id"] for v in (await boss.get("/vehicles"))["items"]}
    done = await boss.do("PATCH", "/devices", [{"id": one, "vehicle_id": places[two], "api": False}])
    assert [(o["outcome"], o["field"]) for o in done["outcomes"]] == [("refused", "vehicle_id")]
    assert (await boss.get(f"/devices/{one}"))["api"] is True, "whole or not at all"
    done = await boss.do("PATCH", "/devices", [{"id": one, "vehicle_id": None, "api": False, "retired": True}])
    assert outcomes(done) == ["changed"]
    shown = await boss.get(f"/devices/{one}")
    assert (shown["vehicle"], shown["api"], shown["retired_at_ms"] is not None) == (None, False, True)
    assert outcomes(await boss.do("DELETE", "/devices", [one])) == ["deleted"]
    assert (await boss.call("GET", f"/devices/{one}")).status == 404


async def test_a_file_of_devices_is_previewed_by_the_code_that_takes_it(boss: Person) -> None:
    data = b"imei,name,type,mileage\n350000000000001,One,CAR,12.5\n350000000000001,Two,,\nx,Three,BOAT,\n"
    csv = [("content-type", "text/csv")]
    preview = (await boss.call("POST", "/devices/import?preview=true", data, csv)).json()
    assert (preview["applied"], preview["counts"]) == (False, {"added": 1, "unchanged": 0, "refused": 2})
    assert (await boss.get("/devices"))["items"] == []
    taken = (await boss.call("POST", "/devices/import", data, csv)).json()
    assert [(line["result"], line["detail"]) for line in taken["lines"]] == [
        (line["result"], line["detail"]) for line in preview["lines"]
    ]
    [device] = (await boss.get("/devices"))["items"]
    assert device["ident"] == "350000000000001"
    words = (await boss.get(f"/devices/{device['id']}/calibrations"))["items"]
    assert [word["mileage_km"] for word in words] == [12.5]


async def test_a_list_goes_out_and_comes_in_unchanged(boss: Person) -> None:
    await boss.add_vehicles("V1", "=cmd")
    sent = await boss.call("GET", "/vehicles/export")
    assert sent.header("content-type") == "text/csv; charset=utf-8"
    taken = await boss.call("POST", "/vehicles/import?sync=true", sent.body, [("content-type", "text/csv")])
    assert taken.json()["counts"] == {
        "added": 0, "changed": 0, "unchanged": 2, "superseded": 0, "refused": 0, "removed": 0,
    }  # fmt: skip


async def test_the_feed_tells_everything_once_deletes_included(boss: Person) -> None:
    [one] = await boss.add_vehicles("V1")
    page = await boss.get("/changes?limit=1")
    assert [(c["kind"], c["id"], c["action"]) for c in page["items"]] == [("vehicle", one, "added")]
    await boss.do("DELETE", "/vehicles", [one])
    later = await boss.get(f"/changes?after={page['next']}")
    assert [(c["id"], c["action"]) for c in later["items"]] == [(one, "deleted")]
    assert later["items"][0]["actor"] == boss.user_id
    end = await boss.get(f"/changes?after={later['next']}")
    assert (end["items"], end["next"], end["more"]) == ([], later["next"], False)


async def test_the_audit_trail_shows_registry_and_administration_side_by_side(boss: Person, here: Installation) -> None:
    await boss.add_vehicles("V1")
    here.clock.move(1)
    await boss.do("POST", "/credentials", {"kind": "fleetize-token", "name": "Reader"}, 201)
    here.clock.move(1)
    await boss.add_vehicles("V2")
    seen: list[tuple[str, str]] = []
    path, cursor = "/audit?limit=1", ""
    while True:
        page = await boss.get(path + cursor)
        seen += [(entry["kind"], entry["action"]) for entry in page["items"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert seen == [("vehicle", "added"), ("credential", "added"), ("vehicle", "added")]
    assert [c["kind"] for c in (await boss.get("/audit?kind=credential"))["items"]] == ["credential"]


async def undone(boss: Person, version: int) -> list[tuple[str, str]]:
    done = await boss.do("POST", f"/changes/{version}/undo", None)
    return [(item["kind"], item["outcome"]) for item in done["outcomes"]]


async def test_what_one_call_did_is_taken_back_item_by_item(boss: Person) -> None:
    one, two = await boss.add_vehicles("V1", "V2")
    top, below = await _two_groups(boss)
    before = (await boss.get("/vehicles"))["items"]
    edit = await boss.do(
        "PATCH",
        "/vehicles",
        [
            {"id": one, "name": "Name V2", "external_id": "V2", "type": "BUS", "group_ids": [top]},
            {"id": two, "name": "Name V1", "external_id": "V1", "description": "swapped"},
        ],
    )
    assert await undone(boss, edit["version"]) == [("vehicle", "changed"), ("vehicle", "changed")]
    changing = ("revision", "modified_at_ms")

    def facts(items: Any) -> Any:
        return [{name: value for name, value in item.items() if name not in changing} for item in items]

    assert facts((await boss.get("/vehicles"))["items"]) == facts(before)
    gone = await boss.do("DELETE", "/vehicles", [one, two])
    assert await undone(boss, gone["version"]) == [("vehicle", "restored"), ("vehicle", "restored")]
    moved = await boss.do("PATCH", "/vehicle-groups", [{"id": below, "parent_id": None, "name": "Alone"}])
    assert await undone(boss, moved["version"]) == [("vehicle_group", "changed")]
    tree = {group["id"]: (group["name"], group["parent_id"]) for group in (await boss.get("/vehicle-groups"))["items"]}
    assert tree == {top: ("Top", None), below: ("Below", top)}


async def test_an_import_of_devices_is_taken_back_with_the_vehicles_it_made(boss: Person) -> None:
    data = b"imei,name\n350000000000001,One\n350000000000002,Two\n"
    taken = (await boss.call("POST", "/devices/import", data, [("content-type", "text/csv")])).json()
    assert await undone(boss, taken["version"]) == [
        ("device", "deleted"), ("device", "deleted"), ("vehicle", "archived"), ("vehicle", "archived"),
    ]  # fmt: skip
    assert (await boss.get("/devices"))["items"] == (await boss.get("/vehicles"))["items"] == []


async def test_what_somebody_has_changed_since_stays_and_is_named(boss: Person) -> None:
    one, two = await boss.add_vehicles("V1", "V2")
    edit = await boss.do("PATCH", "/vehicles", [{"id": one, "type": "BUS"}, {"id": two, "type": "BUS"}])
    await boss.do("PATCH", "/vehicles", [{"id": one, "name": "Since then"}])
    answer = await boss.call("POST", f"/changes/{edit['version']}/undo?atomic=true")
    assert (answer.status, answer.json()["code"]) == (409, "not_all")
    assert await undone(boss, edit["version"]) == [("vehicle", "stale"), ("vehicle", "changed")]
    assert {v["name"]: v["type"] for v in (await boss.get("/vehicles"))["items"]} == {
        "Since then": "BUS",
        "Name V2": "CAR",
    }
    assert (await boss.call("POST", "/changes/999/undo")).status == 404


async def test_devices_go_back_where_they_were(boss: Person, here: Installation) -> None:
    one, two = await boss.add_devices("First", "Second")
    places = {v["device"]["id"]: v["id"] for v in (await boss.get("/vehicles"))["items"]}
    here.clock.move(60)
    swap = await boss.do(
        "POST",
        "/fittings",
        [{"device_id": one, "vehicle_id": places[two]}, {"device_id": two, "vehicle_id": places[one]}],
    )
    here.clock.move(60)
    assert await undone(boss, swap["version"]) == [("device", "changed"), ("device", "changed")]
    assert {v["device"]["id"]: v["id"] for v in (await boss.get("/vehicles"))["items"]} == places
    gone = await boss.do("DELETE", "/vehicles", [places[one]])
    assert await undone(boss, gone["version"]) == [("vehicle", "restored")]
    assert {v["device"]["id"]: v["id"] for v in (await boss.get("/vehicles"))["items"]} == places
