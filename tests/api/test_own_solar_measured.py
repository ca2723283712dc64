"""Solar resources changed by patches, measured, judged, compared and given out, through our own API."""

import json
from typing import Any

import numpy as np
import pytest

from fleetline.model.weather import Delivery, WeatherKind, cell_codes
from tests.api.own_kit import ROOF, Installation, Person

DAY_S = 86_400
NOON_S = 1_773_144_000
"""10 March 2026, 12:00 UTC: what the hand-set clock says."""


async def roof(boss: Person, name: str = "Roof", **facts: Any) -> str:
    [made] = (await boss.do("POST", "/solar/resources", [{"name": name, "site": ROOF, **facts}]))["outcomes"]
    return str(made["id"])


async def clouds(here: Installation, account_id: str, days: int = 8) -> None:
    """Hours of 300 W/m2 by day around the roof, up to now."""
    assert here.core.power is not None
    start_s = NOON_S // DAY_S * DAY_S - days * DAY_S
    hours = (NOON_S - start_s) // 3600
    light = np.where((np.arange(hours) % 24 > 7) & (np.arange(hours) % 24 < 16), 300.0, 0.0).astype(np.float32)
    cells = cell_codes(np.array([48.1]), np.array([11.5]), 10)
    delivery = Delivery(
        source="default", kind=WeatherKind.OBSERVED, start_s=start_s, step_s=3600, resolution_e2=10, cells=cells,
        values={"ghi_wm2": light[None, :], "temperature_c": np.full((1, hours), 8, np.float32)},
    )  # fmt: skip
    await here.core.power.weather.put(account_id, [delivery])


async def expected(boss: Person, resource_id: str, days: int = 7) -> tuple[int, list[float]]:
    """(begin in ms, kW by hour) of what the weather lets expect."""
    from_ms = (NOON_S - days * DAY_S) * 1000
    found = await boss.get(f"/solar/resources/{resource_id}/power?from={from_ms}&to={NOON_S * 1000}")
    return from_ms, [value or 0.0 for value in found["power_ac_kw"]]


async def measure(boss: Person, resource_id: str, share: float) -> None:
    """The meter reads that share of what was to be expected."""
    from_ms, values = await expected(boss, resource_id)
    body = {"from_at_ms": from_ms, "step_s": 3600, "power_ac_kw": [value * share for value in values]}
    taken = await boss.do("PUT", f"/solar/resources/{resource_id}/measurements", body)
    assert taken == {"stored": len(values), "replaced": 0}


async def test_a_patch_changes_what_it_names_and_leaves_the_rest(here: Installation) -> None:
    boss = await here.account("Acme")
    path = f"/solar/resources/{await roof(boss, zone='South', feeder='F1', tags=['a'])}"
    patch = {"zone": "North", "feeder": None, "site": {"export_limit_kw": 5}}
    kind = ("content-type", "application/merge-patch+json")
    changed = (await boss.call("PATCH", path, patch, [kind])).json()
    assert (changed["zone"], changed["feeder"], changed["tags"], changed["name"]) == ("North", None, ["a"], "Roof")
    assert (changed["site"]["export_limit_kw"], changed["site"]["elevation_m"]) == (5, 500)
    back = await boss.do("PATCH", path, {"site": {"export_limit_kw": None}})
    assert back["site"]["export_limit_kw"] is None


async def test_a_patch_of_a_past_revision_changes_nothing(here: Installation) -> None:
    boss = await here.account("Acme")
    path = f"/solar/resources/{await roof(boss)}"
    good = await boss.call("PATCH", path, {"zone": "A"}, [("if-match", '"1"')])
    stale = await boss.call("PATCH", path, {"zone": "B"}, [("if-match", '"1"')])
    assert (good.status, good.header("etag"), stale.status) == (200, '"2"', 412)
    assert (await boss.get(path))["zone"] == "A"


async def test_every_fault_of_a_site_is_told_with_its_path(here: Installation) -> None:
    boss = await here.account("Acme")
    path = f"/solar/resources/{await roof(boss)}"
    arrays = [{**ROOF["systems"][0]["arrays"][0], "tilt_deg": 91}]  # type: ignore[index]  # a list, as written
    systems = [{**ROOF["systems"][0], "arrays": arrays}]  # type: ignore[index]  # the same
    refused = await boss.call("PATCH", path, {"site": {"latitude_deg": 99, "systems": systems}})
    assert refused.status == 422
    assert [(fault["path"], fault["reason"]) for fault in refused.json()["errors"]] == [
        ("site.latitude_deg", "must be from -90 to 90"),
        ("site.systems[0].arrays[0].tilt_deg", "must be from 0 to 90"),
    ]
    unknown = await boss.call("PATCH", path, {"colour": "red"})
    assert (unknown.status, unknown.json()["code"]) == (422, "invalid")


async def test_measured_power_comes_back_by_period_and_is_summed_over_a_fleet(here: Installation) -> None:
    boss = await here.account("Acme")
    one, two = await roof(boss, "One"), await roof(boss, "Two")
    fleet = await boss.do("POST", "/solar/fleets", {"name": "Suns", "resource_ids": [one, two]}, 201)
    from_ms = (NOON_S - 7_200) * 1000
    body = {"from_at_ms": from_ms, "step_s": 1800, "power_ac_kw": [2, 4, 1, None]}
    assert await boss.do("PUT", f"/solar/resources/{one}/measurements", body) == {"stored": 3, "replaced": 0}
    await boss.do("PUT", f"/solar/resources/{two}/measurements", {**body, "power_ac_kw": [1, 1, 1, 1]})
    span = f"from={from_ms}&to={NOON_S * 1000}"
    found = await boss.get(f"/solar/resources/{one}/measurements?{span}")
    assert found["power_ac_kw"] == [3, None], "an hour of which a half is missing is not known"
    summed = await boss.get(f"/solar/fleets/{fleet['id']}/measurements?{span}")
    assert (summed["power_ac_kw"], summed["available_kw"], summed["total_kw"]) == ([4, 1], [16, 8], 16)


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"power_ac_kw": [20]}, "power_ac_kw[0]"),
        ({"step_s": 700}, "step_s"),
        ({"from_at_ms": 1_000}, "from_at_ms"),
        ({"power_ac_kw": []}, "power_ac_kw"),
    ],
)
async def test_what_no_meter_can_have_said_is_refused(here: Installation, change: dict[str, Any], path: str) -> None:
    boss = await here.account("Acme")
    body = {"from_at_ms": 0, "step_s": 3600, "power_ac_kw": [1], **change}
    refused = await boss.call("PUT", f"/solar/resources/{await roof(boss)}/measurements", body)
    assert (refused.status, refused.json()["errors"][0]["path"]) == (422, path)


async def test_scores_are_shares_of_the_rating_and_a_perfect_meter_has_none(here: Installation) -> None:
    boss = await here.account("Acme")
    number = await roof(boss)
    await clouds(here, boss.account_id)
    await measure(boss, number, 0.5)
    score = (await boss.get(f"/solar/resources/{number}/scores"))["score"]
    _, values = await expected(boss, number)
    bright = [value for value in values if value > 0]
    assert score["capacity_kw"] == 8
    assert score["mbe_kw"] == pytest.approx(sum(bright) * 0.5 / score["periods"], rel=0.01)
    assert score["mbe_share"] == pytest.approx(score["mbe_kw"] / 8)
    assert 0 < score["mae_share"] <= score["rmse_share"] < 0.5
    ahead = await boss.get(
        f"/solar/resources/{number}/scores?kind=forecast&hours_ahead=1&from={(NOON_S - 14_400) * 1000}"
    )
    [horizon] = ahead["horizons"]
    assert (horizon["hours_ahead"], ahead["score"]) == (1, None)
    assert horizon["score"]["periods"] > 0


async def test_the_worst_ratio_comes_first_and_what_is_not_metered_last(here: Installation) -> None:
    boss = await here.account("Acme")
    fine, broken, blind = await roof(boss, "Fine"), await roof(boss, "Broken"), await roof(boss, "Blind")
    await clouds(here, boss.account_id)
    await measure(boss, fine, 1.0)
    await measure(boss, broken, 0.5)
    items = (await boss.get("/solar/comparison"))["items"]
    assert [item["resource"]["name"] for item in items] == ["Broken", "Fine", "Blind"]
    assert [item["ratio"] for item in items] == [pytest.approx(0.5), pytest.approx(1.0), None]
    assert items[0]["measured_until_ms"] == NOON_S * 1000 and items[2]["measured_until_ms"] is None
    first = await boss.get("/solar/comparison?limit=2")
    second = await boss.get(f"/solar/comparison?limit=2&cursor={first['next']}")
    assert [item["resource"]["id"] for item in (*first["items"], *second["items"])] == [broken, fine, blind]
    assert second["next"] is None
    [named] = (await boss.get("/solar/comparison?q=fin"))["items"]
    assert named["resource"]["id"] == fine


async def test_the_export_keeps_to_the_filter(here: Installation) -> None:
    boss = await here.account("Acme")
    await roof(boss, "One", zone="North")
    await roof(boss, "=Two", zone="South")
    text = (await boss.call("GET", "/solar/resources/export?zone=South")).text
    header, line = text.splitlines()
    assert header.startswith("id,name,customer_site_id,zone")
    assert ",'=Two," in line, "no spreadsheet takes it for a formula"


async def test_a_simulation_runs_in_the_background_and_gives_a_line_for_each(here: Installation) -> None:
    boss = await here.account("Acme")
    one, two = await roof(boss, "One"), await roof(boss, "Two")
    fleet = await boss.do("POST", "/solar/fleets", {"name": "Suns", "resource_ids": [one, two]}, 201)
    span = {"kind": "clear_sky", "from_at_ms": (NOON_S - DAY_S) * 1000, "to_at_ms": NOON_S * 1000}
    begun = await boss.do("POST", "/solar/simulations", {**span, "fleet_ids": [fleet["id"]]}, 202)
    each = await boss.do("POST", "/solar/simulations", {**span, "resource_ids": [one, two]}, 202)
    early = await boss.call("GET", f"/solar/simulations/{begun['id']}/result")
    assert (early.status, early.json()["code"]) == (409, "no_result")
    assert here.core.power is not None
    await here.core.power.jobs.work_off()
    assert (await boss.get(f"/solar/simulations/{begun['id']}"))["state"] == "done"
    [summed] = await told(boss, begun["id"])
    lines = await told(boss, each["id"])
    assert (summed["name"], summed["total_kw"], {line["id"] for line in lines}) == ("Suns", 16, {one, two})
    assert summed["power_ac_kw"] == pytest.approx([2 * value for value in lines[0]["power_ac_kw"]], abs=1e-5)
    assert max(summed["power_ac_kw"]) > 10
    assert (await boss.call("DELETE", f"/solar/simulations/{each['id']}")).status == 204
    assert (await boss.call("GET", f"/solar/simulations/{each['id']}")).status == 404
    assert (await boss.call("GET", f"/imports/{begun['id']}")).status == 404, "a run of another kind"


async def told(boss: Person, number: str) -> list[dict[str, Any]]:
    answer = await boss.call("GET", f"/solar/simulations/{number}/result")
    return [json.loads(line) for line in answer.text.splitlines()]
