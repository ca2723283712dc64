"""Solar resources, fleets and power through our own API."""

from typing import Any

import pytest

from fleetline.model.access import Permissions
from tests.api.own_kit import ROOF, Installation


def changed(**facts: Any) -> dict[str, Any]:
    return {**ROOF, **facts}


async def test_resources_are_stored_one_outcome_each_and_shown_as_they_were_given(here: Installation) -> None:
    boss = await here.account("Acme")
    broken = changed(systems=[{**ROOF["systems"][0], "arrays": []}])  # type: ignore[index]  # a list, as written
    done = await boss.do(
        "POST",
        "/solar/resources",
        [
            {"name": "Roof", "site": ROOF, "customer_site_id": "R1", "zone": "South"},
            {"name": "Again", "site": ROOF, "customer_site_id": "R1"},
            {"name": "Far", "site": changed(latitude_deg=91)},
            {"name": "Empty", "site": broken},
        ],
    )
    assert [(o["outcome"], o["field"]) for o in done["outcomes"]] == [
        ("added", ""), ("duplicate", "customer_site_id"), ("refused", "site.latitude_deg"),
        ("refused", "site.systems[0].arrays"),
    ]  # fmt: skip
    [shown] = (await boss.get("/solar/resources"))["items"]
    assert (shown["name"], shown["zone"], shown["dc_kw"], shown["ac_kw"]) == ("Roof", "South", 10.0, 8.0)
    assert shown["site"]["systems"][0]["arrays"][0]["tracking"] == "fixed"
    again = await boss.do(
        "PUT", f"/solar/resources/{shown['id']}", {"name": "Roof", "site": shown["site"], "zone": "North"}
    )
    assert (again["zone"], again["site"]) == ("North", shown["site"])


async def test_a_resource_that_changed_meanwhile_is_not_overwritten(here: Installation) -> None:
    boss = await here.account("Acme")
    [made] = (await boss.do("POST", "/solar/resources", [{"name": "Roof", "site": ROOF}]))["outcomes"]
    path = f"/solar/resources/{made['id']}"
    tag = (await boss.call("GET", path)).header("etag") or ""
    assert (await boss.call("GET", path, headers=[("if-none-match", tag)])).status == 304
    good = await boss.call("PUT", path, {"name": "New", "site": ROOF}, [("if-match", tag)])
    stale = await boss.call("PUT", path, {"name": "Newer", "site": ROOF}, [("if-match", tag)])
    assert (good.status, stale.status, stale.json()["code"]) == (200, 412, "stale")


async def test_a_fleet_sums_the_clear_sky_power_of_its_members(here: Installation) -> None:
    boss = await here.account("Acme")
    items = [{"name": name, "site": ROOF, "zone": name} for name in ("One", "Two")]
    ids = [outcome["id"] for outcome in (await boss.do("POST", "/solar/resources", items))["outcomes"]]
    fleet = await boss.do("POST", "/solar/fleets", {"name": "Suns", "resource_ids": ids}, 201)
    span = "kind=clear_sky&from=2026-03-20T00:00:00Z&to=2026-03-21T00:00:00Z"
    one = await boss.get(f"/solar/resources/{ids[0]}/power?{span}&fields=poa_wm2")
    assert len(one["power_ac_kw"]) == len(one["fields"]["poa_wm2"]) == 24
    assert one["power_ac_kw"][0] == 0 and 5 < max(one["power_ac_kw"]) <= 8
    both = await boss.get(f"/solar/fleets/{fleet['id']}/power?{span}")
    [group] = both["groups"]
    assert group["power_ac_kw"] == pytest.approx([2 * power for power in one["power_ac_kw"]], abs=1e-5)
    zones = (await boss.get(f"/solar/fleets/{fleet['id']}/power?{span}&group_by=zone"))["groups"]
    assert [zone["key"] for zone in zones] == ["One", "Two"]
    assert (await boss.get(f"/solar/fleets/{fleet['id']}/summary"))["ac_kw"] == 16
    left = await boss.do("DELETE", f"/solar/fleets/{fleet['id']}/resources", [ids[0]])
    assert left == {"added": 0, "removed": 1, "resources": 1}
    past = await boss.call("GET", f"/solar/resources/{ids[0]}/power")
    assert (past.status, past.json()["code"]) == (409, "cannot_compute"), "no weather is known"


async def test_a_fleets_filter_is_shown_and_stays_until_it_is_sent(here: Installation) -> None:
    boss = await here.account("Acme")
    items = [{"name": name, "site": ROOF, "zone": name, "tags": ["roof", name]} for name in ("One", "Two")]
    await boss.do("POST", "/solar/resources", items)
    wanted = {"zone": None, "feeder": None, "customer_class": None, "tags": ["roof", "One"], "box": None}
    fleet = await boss.do("POST", "/solar/fleets", {"name": "Suns", "filter": {"tags": ["roof", "One"]}}, 201)
    path = f"/solar/fleets/{fleet['id']}"
    assert (fleet["filter"], fleet["resources"]) == (wanted, 1)
    renamed = await boss.do("PUT", path, {"name": "Moons"})
    assert (renamed["filter"], renamed["resources"]) == (wanted, 1)
    wider = await boss.do("PUT", path, {"name": "Moons", "filter": {"box": [-180, -90, 180, 90]}})
    assert (wider["filter"]["tags"], wider["resources"]) == ([], 2)
    assert [one["name"] for one in (await boss.get(f"{path}/resources"))["items"]] == ["One", "Two"]
    for bad in ({}, {"box": [0, 2, 1, 1]}, {"box": [0, -91, 1, 1]}, {"zone": "\0"}, {"place": "x"}):
        refused = await boss.call("PUT", path, {"name": "Moons", "filter": bad})
        assert refused.status == 422, refused.text
    none = await boss.do("PUT", path, {"name": "Moons", "filter": None})
    assert (none["filter"], none["resources"]) == (None, 0)


async def test_whoever_has_only_grants_sees_no_solar_power(here: Installation) -> None:
    boss = await here.account("Acme")
    await boss.do("POST", "/solar/resources", [{"name": "Roof", "site": ROOF}])
    member = await here.person(boss.account_id, "m@x.example", permissions=Permissions(devices=frozenset({1})))
    assert (await member.call("GET", "/solar/resources")).status == 403
    whole = await here.person(boss.account_id, "w@x.example", permissions=Permissions(all_devices=True))
    assert len((await whole.get("/solar/resources"))["items"]) == 1
