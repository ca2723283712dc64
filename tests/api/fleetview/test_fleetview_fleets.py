"""Fleets are named sets of resources: each member once, in as many fleets as one likes."""

from typing import Any

from tests.api.fleetview.kit import DEPOT, FIELD, Client, World, plain, system

NOBODY = "00000000-0000-4000-8000-00000000ffff"


async def make(client: Client, name: str, *ids: str, **facts: Any) -> str:
    answer = await client.post("/v1/fleets", {"name": name, "resourceIds": list(ids), **facts})
    assert answer.status == 201, answer.text
    return str(answer.json()["fleetId"])


async def test_the_golden_fleet_is_answered_as_documented(owner: Client, world: World) -> None:
    ids = ["3f0c8a52-6a51-4c8e-9d3e-0b7f6f1f2a01", "3f0c8a52-6a51-4c8e-9d3e-0b7f6f1f2a02"]
    fleet_id = "9b1d5c1e-2f7a-4a43-8f55-6f0a0c9d1f01"
    world.ids.uuids = [*ids, fleet_id]
    await owner.made(DEPOT)
    await owner.made(FIELD)
    answer = await owner.post("/v1/fleets", {"name": "East depots", "resourceIds": ids})
    assert (answer.status, answer.header("location")) == (201, f"/v1/fleets/{fleet_id}")
    assert answer.json() == {
        "fleetId": fleet_id, "name": "East depots", "description": "", "tags": [], "resourceCount": 2,
        "createdTime": "2025-06-21T12:00:00Z", "updatedTime": "2025-06-21T12:00:00Z",
    }  # fmt: skip
    assert (await owner.get(f"/v1/fleets/{fleet_id}")).json() == answer.json()


async def test_a_fleet_is_changed_without_touching_its_members_unless_they_are_sent(owner: Client) -> None:
    one, two = await owner.made(plain()), await owner.made(plain())
    path = f"/v1/fleets/{await make(owner, 'F', one, description='d', tags=['t'])}"
    first = (await owner.get(path)).header("etag") or ""
    put = await owner.send("PUT", path, {"name": "G"})
    assert (put.json()["description"], put.json()["tags"], put.json()["resourceCount"]) == ("", [], 1)
    patched = await owner.send("PATCH", path, {"tags": ["x"], "description": "e"})
    assert (patched.json()["name"], patched.json()["tags"], patched.json()["resourceCount"]) == ("G", ["x"], 1)
    members = await owner.send("PATCH", path, {"resourceIds": [two, two]})
    assert members.json()["resourceCount"] == 1
    assert [item["resourceId"] for item in (await owner.get(f"{path}/resources")).json()["items"]] == [two]
    assert (await owner.send("PUT", path, {"name": "H"}, [("if-match", first)])).status == 412
    assert (await owner.send("PATCH", path, {"name": None})).json()["errors"][0]["code"] == "required"
    assert (await owner.send("PUT", path, {"name": "H", "fleetId": NOBODY})).status == 400
    assert (await owner.get(path, [("if-none-match", members.header("etag") or "")])).status == 304
    assert (await owner.send("DELETE", path)).status == 204
    assert (await owner.send("DELETE", path)).status == 404
    assert (await owner.get(f"/v1/resources/{two}")).status == 200


async def test_a_name_is_used_once_in_any_letter_case(owner: Client, stranger: Client) -> None:
    first, other = await make(owner, "Straße Ost"), await make(owner, "West")
    await make(stranger, "straße ost")
    for answer in (
        await owner.post("/v1/fleets", {"name": "STRASSE OST"}),
        await owner.send("PUT", f"/v1/fleets/{other}", {"name": "straße OST"}),
    ):
        message = f"name is already used by fleet {first}."
        assert (answer.status, answer.json()["errors"]) == (
            409, [{"field": "name", "code": "duplicate", "message": message}],
        )  # fmt: skip
    assert (await owner.send("PUT", f"/v1/fleets/{first}", {"name": "strasse ost"})).status == 200


async def test_members_come_and_go_and_each_is_held_once(owner: Client) -> None:
    one, two, three = [await owner.made(plain()) for _ in range(3)]
    path = f"/v1/fleets/{await make(owner, 'F', one)}/resources"
    tags = [(await owner.get(path.removesuffix("/resources"))).header("etag")]

    async def change(method: str, *ids: str) -> tuple[int, int, int]:
        found = (await owner.send(method, path, {"resourceIds": list(ids)})).json()
        tags.append((await owner.get(path.removesuffix("/resources"))).header("etag"))
        return found["added"], found["removed"], found["resourceCount"]

    assert await change("POST", two, one, two) == (1, 0, 2)
    assert await change("POST", two) == (0, 0, 2)
    assert tags[2] == tags[1] != tags[0]
    assert await change("PUT", three) == (1, 2, 1)
    assert await change("PUT", three, three) == (0, 0, 1)
    assert tags[4] == tags[3] != tags[2]
    for status in (204, 204):
        assert (await owner.send("PUT", f"{path}/{one}")).status == status
    assert (await owner.get(f"{path}?view=ids")).json()["items"] == [one, three]
    for status in (204, 204):
        assert (await owner.send("DELETE", f"{path}/{one}")).status == status
    assert (await owner.send("PUT", f"{path}/{NOBODY}")).status == 404
    assert (await owner.get(f"{path}?view=ids")).json()["items"] == [three]


async def test_one_unknown_member_refuses_the_whole_call_and_names_each_bad_one(
    owner: Client, stranger: Client
) -> None:
    one, foreign = await owner.made(plain()), await stranger.made(plain())
    fleet = await make(owner, "F")
    wanted = {"resourceIds": [one, foreign, NOBODY, "x"]}
    for method, path, body in (
        ("POST", f"/v1/fleets/{fleet}/resources", wanted),
        ("PUT", f"/v1/fleets/{fleet}/resources", wanted),
        ("PUT", f"/v1/fleets/{fleet}", {"name": "F", **wanted}),
        ("POST", "/v1/fleets", {"name": "G", **wanted}),
    ):
        answer = await owner.send(method, path, body)
        assert answer.status == 400
        assert answer.json()["errors"] == [
            {"field": f"resourceIds[{index}]", "code": "unknown", "message": f"resourceIds[{index}] does not exist."}
            for index in (1, 2, 3)
        ]
    assert (await owner.get("/v1/fleets")).json()["items"][0]["resourceCount"] == 0
    assert len((await owner.get("/v1/fleets")).json()["items"]) == 1
    typed = await owner.post(f"/v1/fleets/{fleet}/resources", {"resourceIds": [1]})
    assert typed.json()["errors"][0]["field"] == "resourceIds[0]"


async def test_a_members_own_change_leaves_the_fleets_version(owner: Client) -> None:
    one = await owner.made(plain())
    path = f"/v1/fleets/{await make(owner, 'F', one)}"
    before = (await owner.get(path)).header("etag")
    await owner.send("PATCH", f"/v1/resources/{one}", {"zone": "new"})
    assert (await owner.get(path)).header("etag") == before


async def test_another_accounts_fleet_does_not_exist(owner: Client, stranger: Client) -> None:
    fleet = await make(owner, "F")
    for name in (fleet, NOBODY, "x"):
        for method, path, body in (
            ("GET", "", None), ("PUT", "", {"name": "x"}), ("PATCH", "", {}), ("DELETE", "", None),
            ("GET", "/resources", None), ("POST", "/resources", {"resourceIds": []}), ("GET", "/summary", None),
            ("PUT", "/resources", {"resourceIds": []}), ("PUT", f"/resources/{NOBODY}", None),
        ):  # fmt: skip
            answer = await stranger.send(method, f"/v1/fleets/{name}{path}", body)
            assert (answer.status, answer.json()) == (404, {"statusCode": "NotFound", "message": "Not found."})


async def test_the_summary_adds_up_what_stands_on_a_day(owner: Client) -> None:
    ids = [
        await owner.made(DEPOT),
        await owner.made(FIELD),
        await owner.made(
            plain(
                exportLimit_kW=5, installDate="2025-06-01", decommissionDate="2025-07-01",
                pvSystems=[system(), system(installDate="2025-06-10", configuration={"tracking": "DualAxis"})],
            )
        ),
    ]  # fmt: skip
    path = f"/v1/fleets/{await make(owner, 'F', *ids)}/summary"
    now = (await owner.get(path)).json()
    assert (now["resourceCount"], now["dc_kW"], now["ac_kW"], now["exportable_kW"]) == (3, 1224, 1021, 1012)
    assert now["bbox"] == [-79.95, 35.9, -79, 36.1]
    assert now["centroid"]["latitude"] == round((36.1 * 7 + 35.9 * 1000 + 36.1 * 14) / 1021, 6)
    assert now["byZone"] == {
        "": {"resourceCount": 2, "dc_kW": 1216, "ac_kW": 1014}, "East": {"resourceCount": 1, "dc_kW": 8, "ac_kW": 7},
    }  # fmt: skip
    assert list(now["byTracking"]) == ["Fixed", "Mixed", "SingleAxisWithBacktracking"]
    for table in ("byZone", "byClass", "byTracking"):
        for name in ("resourceCount", "dc_kW", "ac_kW"):
            assert sum(part[name] for part in now[table].values()) == now[name]
    early = (await owner.get(f"{path}?asOf=2025-06-05")).json()
    assert (early["resourceCount"], early["ac_kW"], early["byTracking"]["Fixed"]["resourceCount"]) == (3, 1014, 2)
    late = (await owner.get(f"{path}?asOf=2025-07-01T00:00:00Z")).json()
    assert (late["resourceCount"], late["asOf"]) == (2, "2025-07-01T00:00:00Z")
    empty = (await owner.get(f"/v1/fleets/{await make(owner, 'E')}/summary")).json()
    assert (empty["resourceCount"], empty["centroid"], empty["bbox"], empty["byZone"]) == (0, None, None, {})
