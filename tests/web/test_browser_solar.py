"""Solar pages in a real browser: the editor, charts with their tables and files, fleets, accessibility."""

import time
from dataclasses import dataclass
from typing import Any, Final

import pytest
from playwright.sync_api import Browser, StorageState, expect

from tests.api.own_kit import ROOF
from tests.web.browser_kit import AXE, SIZES, Look, looking, why_not

pytestmark = pytest.mark.skipif(bool(why_not()), reason=why_not() or "runs")
DAY_MS: Final = 86_400_000
HOUR_MS: Final = 3_600_000
UNPROCESSED: Final = "422 (Unprocessable"


@dataclass(frozen=True)
class Suns:
    """Two metered roofs in a fleet, and one that is in none."""

    roof: str
    other: str
    fleet: str


def asked(look: Look, method: str, path: str, body: Any) -> Any:
    me = look.page.request.get(f"{look.base}/api/v1/session").json()
    headers = {"x-fleetline-csrf": me["csrf"], "origin": look.base}
    answer = look.page.request.fetch(f"{look.base}/api/v1{path}", method=method, data=body, headers=headers)
    assert answer.ok, answer.text()
    return answer.json()


@pytest.fixture(scope="module")
def suns(browser: Browser, base: str, inside: StorageState) -> Suns:
    with looking(browser, base, storage_state=inside) as look:
        items = [{"name": name, "site": ROOF, "zone": "South"} for name in ("Roof with a long name", "Second", "Third")]
        ids = [one["id"] for one in asked(look, "POST", "/solar/resources", items)["outcomes"]]
        fleet = asked(look, "POST", "/solar/fleets", {"name": "Both roofs", "resource_ids": ids[:2]})["id"]
        now_ms = time.time_ns() // 1_000_000 // HOUR_MS * HOUR_MS
        values = [3.0 if 8 <= hour % 24 < 16 else 0.0 for hour in range(72)]
        body = {"from_at_ms": now_ms - 72 * HOUR_MS, "step_s": 3600, "power_ac_kw": values}
        for number in ids[:2]:
            asked(look, "PUT", f"/solar/resources/{number}/measurements", body)
        return Suns(ids[0], ids[2], fleet)


def test_a_fault_stands_beside_its_field_and_what_was_typed_stays(look: Look, suns: Suns) -> None:
    page = look.go(f"/solar/resources/{suns.other}/edit")
    page.get_by_role("button", name="Another array").click()
    tilt = '[name="site.systems.0.arrays.1.tilt_deg"]'
    page.fill(tilt, "95")
    page.fill("[name=zone]", "North")
    page.locator("button.first", has_text="Save").click()
    expect(page.locator(".fault")).to_have_text(["Tilt must be from 0 to 90 (0 flat, 90 upright)"])
    expect(page.get_by_role("alert")).to_contain_text("System 1, array 2, tilt")
    expect(page.locator("[name=zone]")).to_have_value("North")
    page.fill(tilt, "25")
    page.locator("button.first", has_text="Save").click()
    expect(page.locator("[data-toast]")).to_contain_text("Saved.")
    expect(page.locator(".rows li", has_text="module")).to_have_count(2)
    assert [trouble for trouble in look.troubles if UNPROCESSED not in trouble] == []


def test_a_change_upon_another_ones_change_is_not_lost_unnoticed(look: Look, suns: Suns) -> None:
    page = look.go(f"/solar/resources/{suns.other}/edit")
    asked(look, "PATCH", f"/solar/resources/{suns.other}", {"feeder": "F9"})
    page.fill("[name=feeder]", "F1")
    page.locator("button.first", has_text="Save").click()
    expect(page.get_by_role("alert")).to_contain_text("Somebody else changed it")
    kept = page.request.get(f"{look.base}/api/v1/solar/resources/{suns.other}").json()
    assert kept["feeder"] == "F9"


def test_the_enter_key_saves_and_does_not_add_a_part(look: Look) -> None:
    page = look.go("/solar/resources/new")
    page.fill("[name=name]", "By keyboard")
    for name, value in (("latitude_deg", "48.1"), ("longitude_deg", "11.5")):
        page.fill(f'[name="site.{name}"]', value)
    page.fill('[name="site.systems.0.inverters.0.max_power_ac_kw"]', "30")
    page.fill('[name="site.systems.0.arrays.0.modules.0.count"]', "80")
    page.fill('[name="site.systems.0.arrays.0.modules.0.nameplate_dc_kw"]', "0,43")
    page.press("[name=name]", "Enter")
    expect(page.locator("h1")).to_have_text("By keyboard")
    expect(page.locator(".kv")).to_contain_text(["34.4 kW"])


@pytest.mark.parametrize("span", ["24h", "7d", "30d", "1y"])
def test_each_range_is_drawn_and_stands_in_a_table_and_a_file(look: Look, suns: Suns, span: str) -> None:
    page = look.go(f"/solar/fleets/{suns.fleet}?range={span}")
    chart = page.locator("power-chart")
    expect(chart.locator("canvas")).to_be_visible()
    expect(chart.locator(".legend-row")).to_contain_text("Measured")
    chart.locator("summary").click()
    expect(chart.locator("tbody tr").first).to_be_visible()
    text = page.request.get(f"{look.base}/solar/fleets/{suns.fleet}/power.csv?range={span}").text()
    unit = "kwh" if span in ("30d", "1y") else "kw"
    header, *lines = text.splitlines()
    assert header.split(",")[1:] == [f"{name}_{unit}" for name in ("measured", "expected", "clear_sky", "forecast")]
    total = sum(float(line.split(",")[1] or 0) for line in lines) / (4 if span == "24h" else 1)
    assert total == pytest.approx(48 if span == "24h" else 144, rel=0.35), "hours of 6 kW"
    assert look.troubles == []


def test_members_come_into_a_fleet_and_leave_it(look: Look, suns: Suns) -> None:
    page = look.go(f"/solar/fleets/{suns.fleet}")
    page.get_by_label("Third").check()
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.locator("table.list tbody tr")).to_have_count(3)
    page.get_by_label("Tick Third").check()
    page.get_by_role("button", name="Take out of the fleet").click()
    expect(page.locator("table.list tbody tr")).to_have_count(2)
    assert look.troubles == []


def test_a_fleet_says_who_comes_in_by_its_filter(look: Look, suns: Suns) -> None:
    wanted = {"zone": "South", "box": [-10, 40, 20, 60]}
    fleet = asked(look, "POST", "/solar/fleets", {"name": "All of the south", "filter": wanted})
    page = look.go(f"/solar/fleets/{fleet['id']}")
    expect(page.get_by_text("every resource of zone South from -10° to 20° east, 40° to 60° north")).to_be_visible()
    expect(page.locator("table.list tbody tr")).to_have_count(fleet["resources"])
    assert fleet["resources"] >= 2
    page.get_by_label("Tick Second").check()
    page.get_by_role("button", name="Take out of the fleet").click()
    expect(page.locator("table.list tbody tr")).to_have_count(fleet["resources"])
    assert look.troubles == []


def test_suns_on_the_drawing_lead_to_their_resource(look: Look, suns: Suns) -> None:
    page = look.go(f"/solar/resources/{suns.roof}")
    canvas = page.locator("fleet-places canvas")
    expect(canvas).to_be_visible()
    canvas.hover()
    expect(page.locator("fleet-places .tip")).to_have_text("Roof with a long name, 8 kW AC")


def test_the_list_and_its_filter_need_no_script(browser: Browser, base: str, inside: StorageState, suns: Suns) -> None:
    with looking(browser, base, storage_state=inside, java_script_enabled=False) as look:
        page = look.go("/solar/resources?q=second")
        expect(page.locator("td a.name")).to_have_text(["Second"])
        page = look.go(f"/solar/resources/{suns.roof}")
        expect(page.locator("power-chart a")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_rule_of_accessibility_is_broken(
    browser: Browser, base: str, inside: StorageState, suns: Suns, scheme: str
) -> None:
    if not AXE.is_file():
        pytest.skip("axe-core is not installed: npm ci")
    paths = (
        "/solar/resources", f"/solar/resources/{suns.roof}", f"/solar/resources/{suns.roof}/edit",
        f"/solar/fleets/{suns.fleet}",
    )  # fmt: skip
    with looking(browser, base, storage_state=inside, color_scheme=scheme, bypass_csp=True) as look:
        for width, height in SIZES:
            look.page.set_viewport_size({"width": width, "height": height})
            for path in paths:
                page = look.go(path)
                page.wait_for_load_state("networkidle")
                assert look.axe() == [], (path, width)
                assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (path, width)
