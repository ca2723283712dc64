"""What was deleted comes back under its number for thirty days, and its past stays readable for ever."""

from typing import Any

from tests.api.own_kit import Installation, Person
from tests.api.test_own_live import driving
from tests.api.test_own_registry import outcomes, undone


async def test_a_deleted_group_comes_back_under_its_number_with_its_place_and_its_members(
    boss: Person, here: Installation
) -> None:
    one, two = await boss.add_vehicles("V1", "V2")
    done = await boss.do("POST", "/vehicle-groups", [{"name": "Top"}])
    top = done["outcomes"][0]["id"]
    made = await boss.do(
        "POST", "/vehicle-groups", [{"name": "Middle", "parent_id": top}, {"name": "Other", "parent_id": top}]
    )
    middle, other = (outcome["id"] for outcome in made["outcomes"])
    made = await boss.do("POST", "/vehicle-groups", [{"name": "Low", "parent_id": middle}])
    low = made["outcomes"][0]["id"]
    await boss.do("POST", f"/vehicle-groups/{middle}/members", [one, two])

    async def tree() -> dict[int, tuple[str, int | None, int]]:
        found = (await boss.get("/vehicle-groups"))["items"]
        return {group["id"]: (group["name"], group["parent_id"], group["members"]) for group in found}

    before = await tree()
    gone = await boss.do("DELETE", "/vehicle-groups", [middle, other])
    assert (await tree())[low] == ("Low", None, 0)
    back = await boss.do("POST", "/vehicle-groups/restore", [middle, middle, other, 77])
    assert outcomes(back) == ["restored", "refused", "restored", "unknown"]
    assert await tree() == before
    gone = await boss.do("DELETE", "/vehicle-groups", [middle, other])
    assert await undone(boss, gone["version"]) == [
        ("vehicle_group", "restored"), ("vehicle_group", "restored"), ("vehicle", "changed"), ("vehicle", "changed"),
    ]  # fmt: skip
    assert await tree() == before
    await boss.do("DELETE", "/vehicle-groups", [middle])
    await boss.do("POST", "/vehicle-groups", [{"name": "MIDDLE"}])
    assert outcomes(await boss.do("POST", "/vehicle-groups/restore", [middle])) == ["duplicate"]
    await boss.do("DELETE", "/vehicle-groups", [other])
    here.clock.move(30 * 86_400 + 1)
    boss = await here.sign_in(boss.account_id, boss.user_id, boss.email)
    assert outcomes(await boss.do("POST", "/vehicle-groups/restore", [other])) == ["unknown"]


async def test_a_deleted_device_comes_back_under_its_number_into_its_vehicle(boss: Person, here: Installation) -> None:
    one, two = await boss.add_devices("First", "Second")
    places = {v["device"]["id"]: v["id"] for v in (await boss.get("/vehicles"))["items"]}
    idents = {d["id"]: d["ident"] for d in (await boss.get("/devices"))["items"]}
    here.clock.move(60)
    gone = await boss.do("DELETE", "/devices", [one, two])
    here.clock.move(60)
    assert await undone(boss, gone["version"]) == [("device", "restored"), ("device", "restored")]
    assert {v["device"]["id"]: v["id"] for v in (await boss.get("/vehicles"))["items"]} == places
    assert [f["vehicle_id"] for f in (await boss.get(f"/devices/{one}/fittings"))["items"]] == [places[one]] * 2
    here.clock.move(60)
    await boss.do("DELETE", "/devices", [one, two])
    again = await boss.do("POST", "/devices", [{"ident": idents[two], "name": "Second"}])
    done = await boss.do("POST", "/devices/restore", [one, two, again["outcomes"][0]["id"], 99])
    assert outcomes(done) == ["restored", "duplicate", "unknown", "unknown"]
    assert {d["id"]: d["ident"] for d in (await boss.get("/devices"))["items"]}[one] == idents[one]
    await boss.do("DELETE", "/devices", [one])
    here.clock.move(30 * 86_400 + 1)
    boss = await here.sign_in(boss.account_id, boss.user_id, boss.email)
    assert outcomes(await boss.do("POST", "/devices/restore", [one])) == ["unknown"]


async def test_a_device_that_was_another_account_s_in_between_does_not_come_back(
    boss: Person, here: Installation
) -> None:
    [device] = await boss.add_devices("First")
    [ident] = [d["ident"] for d in (await boss.get("/devices"))["items"]]
    await boss.do("DELETE", "/devices", [device])
    other = await here.account("Beta")
    theirs = await other.do("POST", "/devices", [{"ident": ident, "name": "Theirs"}])
    assert outcomes(await boss.do("POST", "/devices/restore", [device])) == ["duplicate"]
    await other.do("DELETE", "/devices", [theirs["outcomes"][0]["id"]])
    assert outcomes(await boss.do("POST", "/devices/restore", [device])) == ["refused"]
    assert outcomes(await other.do("POST", "/devices/restore", [device])) == ["unknown"]
    assert outcomes(await other.do("POST", "/devices/restore", [theirs["outcomes"][0]["id"]])) == ["restored"]


async def test_the_past_of_what_was_deleted_stays_readable_for_who_asks_for_the_archive(here: Installation) -> None:
    boss = await here.account("Acme")
    device = await driving(here, boss)
    [vehicle] = [v["id"] for v in (await boss.get("/vehicles"))["items"]]
    parts = ("trips", "positions", "days", "fittings")
    paths = [f"/vehicles/{vehicle}/{part}" for part in parts] + [f"/devices/{device}/{part}" for part in parts]

    async def past() -> list[Any]:
        found = [await boss.get(f"{path}?archived=true") for path in paths]
        for one in found:
            one.pop("version", None)
            for item in one.get("items") or []:
                item.pop("until_at_ms", None)
        return found

    here.clock.move(60)
    before = await past()
    assert len(before[1]["at_ms"]) == 61 and len(before[0]["items"]) == 1
    await boss.do("DELETE", "/vehicles", [vehicle])
    await boss.do("DELETE", "/devices", [device])
    here.clock.move(45 * 86_400)
    boss = await here.sign_in(boss.account_id, boss.user_id, boss.email)
    span = f"from={here.clock.ms - 47 * 86_400_000}&to={here.clock.ms - 44 * 86_400_000}"
    for path in (*paths, f"/vehicles/{vehicle}", f"/devices/{device}", f"/vehicles/{vehicle}/changes"):
        assert (await boss.call("GET", path)).status == 404, path
        assert (await boss.call("GET", f"{path}?archived=true")).status == 200, path
    assert len((await boss.get(f"/vehicles/{vehicle}/trips?archived=true&{span}"))["items"]) == 1
    assert len((await boss.get(f"/devices/{device}/positions?archived=true&{span}"))["at_ms"]) == 61
    gpx = await boss.call("GET", f"/vehicles/{vehicle}/positions?archived=true&format=gpx&{span}")
    assert gpx.text.count("<trkpt") == 61
    assert (await boss.get(f"/vehicles/{vehicle}?archived=true"))["archived_at_ms"] is not None
    assert (await boss.get("/vehicles?archived=true"))["items"] == []
    assert [v["id"] for v in (await boss.get("/vehicles?archived=true&ever=true"))["items"]] == [vehicle]
    [listed] = (await boss.get("/devices?archived=true"))["items"]
    assert (listed["id"], listed["archived_at_ms"] is not None, listed["vehicle"]) == (device, True, None)
    stranger = await here.account("Beta")
    for path in (*paths, f"/vehicles/{vehicle}", f"/devices/{device}", f"/vehicles/{vehicle}/changes"):
        assert (await stranger.call("GET", f"{path}?archived=true")).status == 404, path
