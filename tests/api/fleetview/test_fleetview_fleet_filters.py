"""A fleet with a filter holds who is listed and who fits, each once, and follows at once what resources say."""

from typing import Any

import pytest

from tests.api.fleetview.kit import Client, World, plain

SPAN = "type=clearSky&startTime=2025-06-21T16:00:00Z&endTime=2025-06-21T17:00:00Z"
HEAD = (
    "name,zone,customerSiteId,latitude,longitude,inverterCount,maxPowerOutputAC_kW,efficiencyRating_Percent,"
    "moduleCount,nameplateDCRating_kW,azimuth_Degrees,tilt_Degrees"
)


async def make(client: Client, name: str, wanted: Any, *ids: str) -> str:
    answer = await client.post("/v1/fleets", {"name": name, "filter": wanted, "resourceIds": list(ids)})
    assert answer.status == 201, answer.text
    return f"/v1/fleets/{answer.json()['fleetId']}"


async def inside(client: Client, path: str) -> set[str]:
    """The members as every call tells them; all of them must agree."""
    listed = (await client.get(f"{path}/resources?view=ids&limit=1000")).json()["items"]
    fleet_id = path.rsplit("/", 1)[-1]
    assert (await client.get(f"/v1/resources?fleetId={fleet_id}&view=ids&limit=1000")).json()["items"] == listed
    shown = (await client.get(f"/v1/resources/export?format=geojson&fleetId={fleet_id}")).json()["features"]
    assert [one["properties"]["resourceId"] for one in shown] == listed
    assert (await client.get(path)).json()["resourceCount"] == len(listed) == len(set(listed))
    assert (await client.get(f"{path}/summary")).json()["resourceCount"] == len(listed)
    assert (await client.get(f"{path}/power?{SPAN}")).json()["resourceCount"] == len(listed)
    for resource_id in listed:
        fleets = (await client.get(f"/v1/resources/{resource_id}/fleets")).json()["items"]
        assert fleet_id in [fleet["fleetId"] for fleet in fleets]
    return set(listed)


async def tag(client: Client, path: str) -> str | None:
    return (await client.get(path)).header("etag")


@pytest.mark.parametrize(
    ("wanted", "fits"),
    [
        ({"zone": "East"}, "ab"),
        ({"Class": "Depot"}, "ac"),
        ({"feeder": "F7"}, "bc"),
        ({"tags": ["roof"]}, "ab"),
        ({"tags": ["roof", "new"]}, "a"),
        ({"tags": ["ro"]}, ""),
        ({"zone": "east"}, ""),
        ({"bbox": [-80, 36, -79, 37]}, "ab"),
        ({"bbox": [-79.95, 36.1, -79.95, 36.1]}, "a"),
        ({"bbox": [170, -90, -170, 90]}, "c"),
        ({"zone": "East", "class": "Depot"}, "a"),
        ({"zone": "West", "bbox": [-80, 36, -79, 37]}, ""),
    ],
)
async def test_members_are_those_of_whom_all_of_the_filter_is_true(owner: Client, wanted: Any, fits: str) -> None:
    ids = {
        "a": await owner.made(plain(zone="East", **{"class": "Depot"}, tags=["roof", "new"])),
        "b": await owner.made(
            plain(zone="East", feeder="F7", tags=["roof"], location={"latitude": 36.5, "longitude": -79})
        ),
        "c": await owner.made(
            plain(zone="West", feeder="F7", **{"class": "Depot"}, location={"latitude": -17, "longitude": 179.5})
        ),
    }
    assert await inside(owner, await make(owner, "F", wanted)) == {ids[letter] for letter in fits}
    late = await make(owner, "empty", {"zone": "nowhere"})
    assert await inside(owner, late) == set()
    await owner.send("PATCH", late, {"filter": {"zone": None, **wanted}})
    assert await inside(owner, late) == {ids[letter] for letter in fits}


async def test_a_filter_is_told_back_as_it_was_given_and_fleets_without_one_have_no_such_member(owner: Client) -> None:
    path = await make(owner, "F", {"ZONE": " East ", "bbox": [-80, 36, -79.5, 37]})
    shown = {"zone": "East", "class": None, "feeder": None, "tags": [], "bbox": [-80, 36, -79.5, 37]}
    found = (await owner.get(path)).json()
    assert found["filter"] == shown
    assert (await owner.send("PUT", path, found)).json()["filter"] == shown
    assert "filter" not in (await owner.post("/v1/fleets", {"name": "G"})).json()


async def test_a_resource_that_changes_enters_and_leaves_at_once(owner: Client, stranger: Client) -> None:
    path, other = await make(owner, "East", {"zone": "East"}), await make(owner, "West", {"zone": "West"})
    foreign = await make(stranger, "East", {"zone": "East"})
    one = await owner.made(plain(zone="East"))
    assert (await inside(owner, path), await inside(owner, other)) == ({one}, set())
    await owner.send("PATCH", f"/v1/resources/{one}", {"zone": "West"})
    assert (await inside(owner, path), await inside(owner, other)) == (set(), {one})
    await owner.send("PUT", f"/v1/resources/{one}", plain(zone="East"))
    assert (await inside(owner, path), await inside(owner, other)) == ({one}, set())
    await owner.send("DELETE", f"/v1/resources/{one}")
    assert (await inside(owner, path), await inside(owner, other)) == (set(), set())
    assert await inside(stranger, foreign) == set()


async def test_an_import_moves_what_it_changes(owner: Client) -> None:
    path = await make(owner, "East", {"zone": "East"})
    listing = await make(owner, "Listed", {"zone": "West"})
    line = "Roof,{zone},{key},36.1,-79.95,1,7,96,20,0.4,180,20"

    async def bring(query: str, *zones: str) -> None:
        rows = [line.format(zone=zone, key=key) for key, zone in enumerate(zones)]
        body = "\r\n".join([HEAD, *rows]).encode()
        answer = await owner.send("POST", f"/v1/resources/import?{query}", body, media="text/csv")
        assert (answer.status, answer.json()["refused"]) == (200, 0)

    await bring("", "East", "East", "West")
    before = await inside(owner, path)
    assert (len(before), len(await inside(owner, listing))) == (2, 1)
    await bring("dryRun=true", "West", "West", "West")
    assert await inside(owner, path) == before
    await bring(f"fleetId={listing.rsplit('/', 1)[-1]}", "West", "East", "East")
    assert len(await inside(owner, path) & before) == 1
    assert len(await inside(owner, listing)) == 3


async def test_listed_and_fitting_counts_once_and_each_ends_alone(owner: Client) -> None:
    both, fits, listed = [await owner.made(plain(zone=zone)) for zone in ("East", "East", "West")]
    path = await make(owner, "F", {"zone": "East"}, both, listed)
    assert await inside(owner, path) == {both, fits, listed}
    power = (await owner.get(f"{path}/power?{SPAN}")).json()["periods"][0]["powerAC_kW"]
    alone = (await owner.get(f"/v1/resources/{both}/power?{SPAN}")).json()["periods"][0]["powerAC_kW"]
    assert power == pytest.approx(3 * alone, abs=3e-4)
    await owner.send("PATCH", f"/v1/resources/{both}", {"zone": "West"})
    assert await inside(owner, path) == {both, fits, listed}
    assert (await owner.send("DELETE", f"{path}/resources/{both}")).status == 204
    assert await inside(owner, path) == {fits, listed}
    assert (await owner.send("DELETE", f"{path}/resources/{fits}")).status == 204
    assert await inside(owner, path) == {fits, listed}
    adds = (await owner.post(f"{path}/resources", {"resourceIds": [fits, both]})).json()
    assert adds == {"added": 2, "removed": 0, "resourceCount": 3}
    sets = (await owner.send("PUT", f"{path}/resources", {"resourceIds": []})).json()
    assert sets == {"added": 0, "removed": 3, "resourceCount": 1}
    assert await inside(owner, path) == {fits}


async def test_a_filter_stays_unless_it_is_sent_and_null_takes_it_away(owner: Client) -> None:
    east, west = await owner.made(plain(zone="East")), await owner.made(plain(zone="West"))
    path = await make(owner, "F", {"zone": "East", "bbox": [-180, -90, 180, 90]}, west)
    assert (await owner.send("PUT", path, {"name": "G"})).json()["filter"]["zone"] == "East"
    assert (await owner.send("PATCH", path, {"description": "d"})).json()["filter"]["zone"] == "East"
    assert await inside(owner, path) == {east, west}
    patched = await owner.send("PATCH", path, {"filter": {"zone": "West", "bbox": None}})
    assert patched.json()["filter"] == {"zone": "West", "class": None, "feeder": None, "tags": [], "bbox": None}
    assert await inside(owner, path) == {west}
    empty = await owner.send("PATCH", path, {"filter": {"zone": None}})
    message = "filter must have at least one of zone, class, feeder, tags, bbox."
    assert (empty.status, empty.json()["errors"]) == (
        400, [{"field": "filter", "code": "required", "message": message}],
    )  # fmt: skip
    for change in ({"filter": None}, {"FILTER": None}):
        await owner.send("PATCH", path, {"filter": {"zone": "East"}})
        assert await inside(owner, path) == {east, west}
        assert "filter" not in (await owner.send("PATCH", path, change)).json()
        assert await inside(owner, path) == {west}
    await owner.send("PATCH", path, {"filter": {"zone": "East"}})
    assert "filter" not in (await owner.send("PUT", path, {"name": "G", "filter": None})).json()
    assert await inside(owner, path) == {west}


async def test_the_version_changes_with_fields_and_members_and_not_with_a_members_spec(owner: Client) -> None:
    one = await owner.made(plain(zone="East"))
    path = await make(owner, "F", {"zone": "East"}, one)
    before = await tag(owner, path)
    await owner.send("PATCH", f"/v1/resources/{one}", {"name": "other", "exportLimit_kW": 3})
    await owner.made(plain(zone="West"))
    assert (await owner.send("PATCH", path, {"filter": {"zone": "East"}})).header("etag") == before
    # listed as it is, it stays a member
    await owner.send("PATCH", f"/v1/resources/{one}", {"zone": "West"})
    assert await tag(owner, path) == before
    two = await owner.made(plain(zone="East"))
    entered = await tag(owner, path)
    assert entered != before
    assert (await owner.get(path, [("if-none-match", before or "")])).json()["resourceCount"] == 2
    await owner.send("PATCH", f"/v1/resources/{two}", {"zone": None})
    left = await tag(owner, path)
    assert left not in (before, entered)
    changed = await owner.send("PATCH", path, {"filter": {"class": "none"}})
    assert changed.header("etag") not in (before, entered, left)


async def test_power_follows_one_that_leaves_while_another_enters(owner: Client) -> None:
    """The sum of the members' versions is the same before and after."""
    small, large = await owner.made(plain(zone="East")), await owner.made(plain(zone="West"))
    await owner.send("PATCH", f"/v1/resources/{small}", {"description": "second version"})
    inverters = [{"count": 9, "maxPowerOutputAC_kW": 7, "efficiencyRating_Percent": 96}]
    systems = plain()["pvSystems"]
    path = await make(owner, "East", {"zone": "East"})
    assert await inside(owner, path) == {small}
    systems[0]["inverters"] = inverters
    systems[0]["pvArrays"][0]["pvModules"][0]["count"] = 180
    await owner.send("PATCH", f"/v1/resources/{large}", {"zone": "East", "pvSystems": systems})
    await owner.send("PATCH", f"/v1/resources/{small}", {"zone": "West"})
    alone = (await owner.get(f"/v1/resources/{large}/power?{SPAN}")).json()["periods"]
    assert (await owner.get(f"{path}/power?{SPAN}")).json()["periods"] == alone


async def test_a_simulation_takes_the_members_of_the_moment_it_was_accepted(owner: Client, world: World) -> None:
    one, two = await owner.made(plain(zone="East")), await owner.made(plain(zone="East"))
    path = await make(owner, "East", {"zone": "East"}, one)
    options = {"type": "clearSky", "startTime": "2025-06-21T16:00:00Z", "endTime": "2025-06-21T17:00:00Z"}
    body = {"fleetIds": [path.rsplit("/", 1)[-1]], "weatherDataOptions": options}
    key = (await owner.post("/v1/simulations", body)).json()["simulationId"]
    direct = (await owner.get(f"{path}/power?{SPAN}")).json()["periods"]
    await owner.send("PATCH", f"/v1/resources/{two}", {"zone": "West"})
    assert await world.power.jobs.work_off() == 1
    found = (await owner.get(f"/v1/simulations/{key}/results")).json()["fleets"][0]
    assert (found["resourceCount"], found["periods"]) == (2, direct)


async def test_what_is_wrong_with_a_filter_is_named(owner: Client) -> None:
    box = "bbox must be a list of west, south, east, north in degrees"
    for wanted, faults in (
        ("East", [("filter", "type", "filter must be an object.")]),
        ({}, [("filter", "required", "filter must have at least one of zone, class, feeder, tags, bbox.")]),
        ({"zone": 7}, [("filter.zone", "type", "zone must be text.")]),
        ({"zone": "  "}, [("filter.zone", "length", "zone must have 1 to 100 characters.")]),
        ({"tags": "roof"}, [("filter.tags", "type", "tags must be a list.")]),
        ({"tags": ["a", ""]}, [("filter.tags[1]", "length", "tags[1] must have 1 to 50 characters.")]),
        ({"tag": ["a"]}, [("filter.tag", "unknown", "tag is not known; did you mean tags?")]),
        ({"zone": "a", "Zone": "b"}, [("filter.Zone", "repeated", "Zone is given twice.")]),
        ({"bbox": "-80,36,-79,37"}, [("filter.bbox", "type", "bbox must be a list.")]),
        ({"bbox": [1, 2, 3]}, [("filter.bbox", "length", f"{box}.")]),
        ({"bbox": [1, 3, 3, 2]}, [("filter.bbox", "order", f"{box}; its south is north of its north.")]),
        (
            {"bbox": [181, 2, "3", True], "class": ""},
            [
                ("filter.class", "length", "class must have 1 to 100 characters."),
                ("filter.bbox[0]", "range", "bbox[0] must be from -180 to 180."),
                ("filter.bbox[2]", "type", "bbox[2] must be a number."),
                ("filter.bbox[3]", "type", "bbox[3] must be a number."),
            ],
        ),
    ):
        answer = await owner.post("/v1/fleets", {"name": "F", "filter": wanted})
        shown = [(one["field"], one["code"], one["message"]) for one in answer.json()["errors"]]
        assert (answer.status, shown) == (400, faults)
    both = await owner.post("/v1/fleets", {"filter": {}, "tags": 1})
    assert [one["field"] for one in both.json()["errors"]] == ["name", "tags", "filter"]
    assert (await owner.get("/v1/fleets")).json()["items"] == []
