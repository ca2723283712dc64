"""Resources are stored as they were sent, changed whole or in part, listed, and known to their own account only."""

import asyncio
from typing import Any

import pytest

from tests.api.fleetview.kit import DEPOT, FIELD, Client, World, plain, system

A = "3f0c8a52-6a51-4c8e-9d3e-0b7f6f1f2a01"

STORED_DEPOT: dict[str, Any] = {
    "resourceId": A, "name": "Depot roof", "description": "", "customerSiteId": "01",
    "location": {"latitude": 36.1, "longitude": -79.95, "elevation_Meters": 273}, "zone": "East", "feeder": None,
    "class": None, "tags": [], "installDate": None, "decommissionDate": None, "exportLimit_kW": None,
    "degradationPerYear_Percent": None,
    "pvSystems": [
        {
            "installDate": None, "decommissionDate": None, "albedo_Percent": 17, "generalDerate_Percent": None,
            "cleaningThreshold_Millimeters": None, "rainAccumPeriod": 24, "thresholdSnowfall_CentimeterPerHour": None,
            "canSlideCoefficient_WattPerMeterSquareCelsius": -80, "slideAmountCoefficient": 0.197,
            "inverters": [{"count": 1, "maxPowerOutputAC_kW": 7, "efficiencyRating_Percent": 96}],
            "pvArrays": [
                {
                    "pvModules": [
                        {
                            "count": 20, "nameplateDCRating_kW": 0.4, "ptcRating_kW": None,
                            "powerTemperatureCoefficient_PercentPerDegreeC": 0.4,
                            "nominalOperatingCellTemperature_DegreesC": None,
                        }
                    ],
                    "arrayConfiguration": {
                        "azimuth_Degrees": 180, "tilt_Degrees": 20, "tracking": "Fixed",
                        "trackingRotationLimit_Degrees": 45, "moduleRowCount": None, "relativeRowSpacing": None,
                        "mountingType": "Roof",
                    },
                    "solarObstructions": [], "monthlyShadings": [],
                }
            ],
        }
    ],
    "ratings": {"dc_kW": 8, "ac_kW": 7}, "createdTime": "2025-06-21T12:00:00Z",
    "updatedTime": "2025-06-21T12:00:00Z", "warnings": [],
}  # fmt: skip


async def test_the_golden_resource_is_stored_and_answered_as_documented(owner: Client, world: World) -> None:
    world.ids.uuids = [A]
    answer = await owner.post("/v1/resources", DEPOT)
    assert (answer.status, answer.header("location")) == (201, f"/v1/resources/{A}")
    assert answer.json() == STORED_DEPOT
    read = await owner.get(f"/V1/Resources/{A.upper()}/")
    expected = {name: value for name, value in STORED_DEPOT.items() if name != "warnings"}
    assert (read.status, read.json(), read.header("etag")) == (200, expected, answer.header("etag"))


async def test_a_sister_wrapper_is_unwrapped_and_its_id_reads_as_ours(owner: Client) -> None:
    answer = await owner.post("/v1/resources", {"EnergySite": {**DEPOT, "EnergySiteId": "anything"}})
    assert answer.status == 201
    resource_id = answer.json()["resourceId"]
    wrong = await owner.send("PUT", f"/v1/resources/{resource_id}", {"energySite": {**DEPOT, "energySiteId": "x"}})
    assert (wrong.status, wrong.json()["errors"][0]["field"]) == (400, "resourceId")
    right = {"energySite": {**DEPOT, "energySiteId": resource_id.upper()}}
    assert (await owner.send("PUT", f"/v1/resources/{resource_id}", right)).status == 200


async def test_what_a_reply_says_can_be_sent_back_and_changes_nothing(owner: Client, world: World) -> None:
    resource_id = await owner.made(DEPOT)
    before = await owner.get(f"/v1/resources/{resource_id}")
    world.clock.move(60)
    again = await owner.send("PUT", f"/v1/resources/{resource_id}", before.json())
    assert again.status == 200
    after = await owner.get(f"/v1/resources/{resource_id}")
    assert (after.json(), after.header("etag")) == (before.json(), before.header("etag"))


async def test_putting_returns_what_is_left_out_to_its_default(owner: Client, world: World) -> None:
    resource_id = await owner.made(plain(zone="West", tags=["a", "b"], customerSiteId="7"))
    world.clock.move(1)
    answer = await owner.send("PUT", f"/v1/resources/{resource_id}", plain(name=" New "))
    found = answer.json()
    assert (found["name"], found["zone"], found["tags"], found["customerSiteId"]) == ("New", None, [], None)
    assert (found["createdTime"], found["updatedTime"]) == ("2025-06-21T12:00:00Z", "2025-06-21T12:00:01Z")
    posted = await owner.post(f"/v1/resources/{resource_id}", plain(zone="South"))
    assert (posted.status, posted.json()["zone"]) == (200, "South")


async def test_a_merge_patch_changes_members_removes_nulls_and_replaces_lists(owner: Client) -> None:
    resource_id = await owner.made(plain(zone="West", tags=["a", "b"]))
    patch = {"ZONE": None, "tags": ["c"], "location": {"LATITUDE": 40}, "exportLimit_kW": 5.5}
    answer = await owner.send("PATCH", f"/v1/resources/{resource_id}", patch, media="application/merge-patch+json")
    found = answer.json()
    assert (answer.status, found["zone"], found["tags"], found["exportLimit_kW"]) == (200, None, ["c"], 5.5)
    assert found["location"] == {"latitude": 40, "longitude": -79.95, "elevation_Meters": 273}
    bad = await owner.send("PATCH", f"/v1/resources/{resource_id}", {"pvSystems": [{**system(), "inverters": []}]})
    assert bad.status == 400
    assert bad.json()["errors"] == [
        {"field": "pvSystems[0].inverters", "code": "length", "message": "inverters must have 1 to 100 items."}
    ]
    typed = await owner.send("PATCH", f"/v1/resources/{resource_id}", b"{}", media="text/plain")
    assert typed.status == 415


async def test_conditions_guard_against_overwriting_what_somebody_else_changed(owner: Client) -> None:
    resource_id = await owner.made(plain())
    path = f"/v1/resources/{resource_id}"
    first = (await owner.get(path)).header("etag") or ""
    assert (await owner.get(path, [("if-none-match", first)])).status == 304
    assert (await owner.get(path, [("if-none-match", f'"x", W/{first}')])).status == 304
    changed = await owner.send("PATCH", path, {"zone": "A"}, [("if-match", first)])
    second = changed.header("etag") or ""
    assert changed.status == 200 and second != first
    assert (await owner.get(path, [("if-none-match", first)])).status == 200
    for method, body in (("PUT", plain()), ("PATCH", {"zone": "B"}), ("DELETE", None)):
        stale = await owner.send(method, path, body, [("if-match", first)])
        assert (stale.status, stale.json()["statusCode"]) == (412, "PreconditionFailed")
    assert (await owner.get(path)).json()["zone"] == "A"
    assert (await owner.send("PUT", path, plain(), [("if-match", f"{first}, {second}")])).status == 200
    assert (await owner.send("DELETE", path, None, [("if-match", "*")])).status == 204


async def test_deleting_leaves_every_fleet_and_works_once(owner: Client) -> None:
    one, two = await owner.made(plain()), await owner.made(plain())
    fleet = (await owner.post("/v1/fleets", {"name": "F", "resourceIds": [one, two]})).json()["fleetId"]
    before = (await owner.get(f"/v1/fleets/{fleet}")).header("etag")
    assert (await owner.send("DELETE", f"/v1/resources/{one}")).status == 204
    assert (await owner.send("DELETE", f"/v1/resources/{one}")).status == 404
    after = await owner.get(f"/v1/fleets/{fleet}")
    assert after.json()["resourceCount"] == 1 and after.header("etag") != before


async def test_another_accounts_resource_is_answered_like_one_that_never_was(owner: Client, stranger: Client) -> None:
    resource_id = await owner.made(plain(customerSiteId="1"))
    assert (await stranger.post("/v1/resources", plain(customerSiteId="1"))).status == 201
    answers = []
    for name in (resource_id, "00000000-0000-4000-8000-00000000ffff", "no-uuid"):
        for method, body in (("GET", None), ("PUT", plain()), ("PATCH", {}), ("DELETE", None)):
            answer = await stranger.send(method, f"/v1/resources/{name}", body)
            answers.append((answer.status, answer.text))
    assert set(answers) == {(404, '{"statusCode":"NotFound","message":"Not found."}')}
    assert (await owner.get(f"/v1/resources/{resource_id}")).status == 200


async def test_a_customer_site_id_is_used_once_in_an_account(owner: Client) -> None:
    first = await owner.made(plain(customerSiteId="S1"))
    other = await owner.made(plain())
    await owner.made(plain())
    for answer in (
        await owner.post("/v1/resources", plain(customerSiteId="S1")),
        await owner.send("PUT", f"/v1/resources/{other}", plain(customerSiteId=" S1 ")),
        await owner.send("PATCH", f"/v1/resources/{other}", {"customerSiteId": "S1"}),
    ):
        message = f"customerSiteId is already used by resource {first}."
        assert (answer.status, answer.json()) == (
            409,
            {
                "statusCode": "Conflict",
                "message": message,
                "errors": [{"field": "customerSiteId", "code": "duplicate", "message": message}],
            },
        )
    assert (await owner.send("PUT", f"/v1/resources/{first}", plain(customerSiteId="S1"))).status == 200


async def test_a_race_for_one_customer_site_id_has_one_winner(owner: Client) -> None:
    answers = await asyncio.gather(*(owner.post("/v1/resources", plain(customerSiteId="S")) for _ in range(6)))
    assert sorted(answer.status for answer in answers) == [201, 409, 409, 409, 409, 409]


async def test_lists_page_by_creation_and_filters_narrow_them(owner: Client, world: World) -> None:
    made = []
    for number in range(5):
        made.append(await owner.made(plain(name=f"Site {number}", zone="EW"[number % 2], **{"class": "c"})))
        world.clock.move(1 if number % 2 else 0)
    assert [item["resourceId"] for item in (await owner.get("/v1/resources")).json()["items"]] == made
    walked, path = [], "/v1/resources?limit=2&view=ids"
    while path:
        page = await owner.get(path)
        walked += page.json()["items"]
        link = page.header("link")
        assert (link is None) == (page.json()["nextCursor"] is None)
        path = link[1 : link.index(">")].removeprefix("http://fleet.example") if link else ""
    assert walked == made

    async def ids(query: str) -> list[int]:
        answer = await owner.get(f"/v1/resources?view=ids&{query}")
        assert answer.status == 200, answer.text
        return [made.index(found) for found in answer.json()["items"]]

    assert await ids("ZONE=W") == [1, 3]
    assert await ids("q=sITE%202") == [2]
    assert await ids("q=%25") == []
    assert await ids("bbox=-80,36,-79.9,36.2") == [0, 1, 2, 3, 4]
    assert await ids("bbox=170,36,-79.9,36.2") == [0, 1, 2, 3, 4]
    assert await ids("bbox=-79,36,-78,37") == []
    assert await ids("class=c&updatedSince=2025-06-21T14:00:01%2B02:00") == [2, 3, 4]
    assert await ids("customerSiteId=none") == []
    fleet = (await owner.post("/v1/fleets", {"name": "F", "resourceIds": made[1:3]})).json()["fleetId"]
    assert await ids(f"fleetId={fleet}") == [1, 2]
    assert (await owner.get(f"/v1/resources?fleetId={made[0]}")).status == 404


async def test_a_cursor_is_good_for_its_own_list_only(owner: Client, stranger: Client) -> None:
    for _ in range(3):
        await owner.made(plain(zone="E"))
    cursor = (await owner.get("/v1/resources?limit=1&zone=E")).json()["nextCursor"]
    assert (await owner.get(f"/v1/resources?limit=2&zone=E&cursor={cursor}")).status == 200
    for client, path in (
        (owner, f"/v1/resources?limit=1&zone=W&cursor={cursor}"),
        (owner, f"/v1/fleets?cursor={cursor}"),
        (stranger, f"/v1/resources?limit=1&zone=E&cursor={cursor}"),
        (owner, "/v1/resources?cursor=abc"),
        (owner, "/v1/resources?cursor=%F0%9F%98%80"),
    ):
        answer = await client.get(path)
        assert (answer.status, answer.json()["errors"][0]["field"]) == (400, "cursor"), path


async def test_the_resolved_view_shows_what_the_physics_fills_in(owner: Client) -> None:
    spec = plain(location={"latitude": 36.1, "longitude": -79.95}, installDate="2020-05-01")
    resource_id = await owner.made(spec)
    full, found = await owner.get(f"/v1/resources/{resource_id}"), None
    answer = await owner.get(f"/v1/resources/{resource_id}?view=resolved")
    found = answer.json()
    assert full.json()["location"]["elevation_Meters"] is None
    assert 200 < found["location"]["elevation_Meters"] < 350
    assert answer.header("etag") != full.header("etag")
    one = found["pvSystems"][0]
    assert (found["degradationPerYear_Percent"], one["generalDerate_Percent"]) == (0, 86)
    assert one["installDate"] == "2020-05-01"
    assert one["pvArrays"][0]["arrayConfiguration"]["moduleRowCount"] == 1
    assert one["pvArrays"][0]["arrayConfiguration"]["relativeRowSpacing"] == 3
    assert one["pvArrays"][0]["pvModules"][0]["ptcRating_kW"] == pytest.approx(0.36)
    assert one["pvArrays"][0]["pvModules"][0]["nominalOperatingCellTemperature_DegreesC"] == 45
    tracked = await owner.post("/v1/resources/validate", FIELD)
    assert tracked.json()["resolved"]["pvSystems"][0]["pvArrays"][0]["arrayConfiguration"]["moduleRowCount"] is None


async def test_validating_says_what_a_write_would_and_stores_nothing(owner: Client) -> None:
    good = await owner.post("/v1/resources/validate", plain(pvSystems=[system(generalDerate_Percent=40)]))
    found = good.json()
    assert (good.status, found["valid"], found["errors"]) == (200, True, [])
    assert [item["code"] for item in found["warnings"]] == ["derate"]
    bad = (await owner.post("/v1/resources/validate", {"name": "x"})).json()
    assert (bad["valid"], bad["resolved"]) == (False, None)
    assert [item["field"] for item in bad["errors"]] == ["location", "pvSystems"]
    assert (await owner.post("/v1/resources/validate", b"{")).status == 400
    assert (await owner.get("/v1/resources")).json() == {"items": [], "nextCursor": None}


async def test_many_resources_are_read_and_deleted_by_their_ids_in_order(owner: Client) -> None:
    one, two = await owner.made(plain()), await owner.made(plain())
    nobody = "00000000-0000-4000-8000-00000000ffff"
    found = (await owner.post("/v1/resources/batchGet", {"resourceIds": [two, nobody, one]})).json()["items"]
    assert [item["outcome"] for item in found] == ["Found", "NotFound", "Found"]
    assert found[0]["resource"]["resourceId"] == two
    gone = (await owner.post("/v1/resources/batchDelete", {"resourceIds": [one, nobody, one]})).json()["items"]
    assert [item["outcome"] for item in gone] == ["Deleted", "NotFound", "NotFound"]
    assert (await owner.get("/v1/resources?view=ids")).json()["items"] == [two]
    assert (await owner.post("/v1/resources/batchGet", {"resourceIds": []})).status == 400


async def test_the_fleets_of_a_resource_are_listed(owner: Client) -> None:
    resource_id = await owner.made(plain())
    fleets = [
        (await owner.post("/v1/fleets", {"name": name, "resourceIds": ids})).json()["fleetId"]
        for name, ids in (("a", [resource_id]), ("b", []), ("c", [resource_id]))
    ]
    found = (await owner.get(f"/v1/resources/{resource_id}/fleets")).json()["items"]
    assert [item["fleetId"] for item in found] == [fleets[0], fleets[2]]


async def test_patches_that_meet_are_all_kept(owner: Client) -> None:
    resource_id = await owner.made(plain())
    path = f"/v1/resources/{resource_id}"
    changes = [{"zone": "Z"}, {"feeder": "F"}, {"class": "C"}, {"tags": ["t"]}, {"description": "d"}, {"name": "N"}]
    answers = await asyncio.gather(*(owner.send("PATCH", path, change) for change in changes))
    assert [answer.status for answer in answers] == [200] * 6
    found = (await owner.get(path)).json()
    assert [found[name] for name in ("zone", "feeder", "class", "tags", "description", "name")] == [
        "Z", "F", "C", ["t"], "d", "N",
    ]  # fmt: skip


async def test_a_walk_shows_everything_that_lived_throughout_once(owner: Client, world: World) -> None:
    made = [await owner.made(plain()) for _ in range(6)]
    first = (await owner.get("/v1/resources?limit=2&view=ids")).json()
    await owner.send("DELETE", f"/v1/resources/{made[1]}")
    await owner.send("DELETE", f"/v1/resources/{made[4]}")
    world.clock.move(1)
    late = await owner.made(plain())
    await owner.send("PATCH", f"/v1/resources/{made[0]}", {"zone": "moved"})
    rest = (await owner.get(f"/v1/resources?limit=9&view=ids&cursor={first['nextCursor']}")).json()
    assert first["items"] + rest["items"] == [made[0], made[1], made[2], made[3], made[5], late]
    assert rest["nextCursor"] is None
