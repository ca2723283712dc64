"""The live map in a real browser: what stands on it, what its buttons do, and what is left without WebGL or scripts."""

import re
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Final

import pytest
from playwright.sync_api import Browser, StorageState, expect

from fleetline.model.motion import Report
from tests.api.own_kit import ROOF
from tests.paths.server_kit import Place, Tracker
from tests.web.browser_kit import FLAGS, Account, Look, imei, looking, report, why_not

pytestmark = pytest.mark.skipif(bool(why_not()), reason=why_not() or "runs")

ADD: Final = """async (item) => {
  const answer = await fetch("/api/v1/solar/resources", {
    method: "POST", headers: { "content-type": "application/json", "x-fleetline-csrf": document.body.dataset.csrf },
    body: JSON.stringify([item]),
  });
  return answer.json();
}"""
WIDE: Final = {"width": 1280, "height": 800}
Opened = Callable[..., AbstractContextManager[Look]]


@pytest.fixture
def opened(browser: Browser, base: str, inside: StorageState) -> Opened:
    """The map in a window of its own; the block fails when anything in it did."""

    @contextmanager
    def work(path: str = "/map", **options: Any) -> Iterator[Look]:
        chosen = {"storage_state": inside, "viewport": WIDE, **options}
        with looking(browser, base, **chosen) as look:
            look.go(path)
            yield look
            assert look.troubles == []

    return work


def until(look: Look, script: str, wanted: Any, seconds: float = 15.0) -> None:
    """The hook of the page gets there; its own words for what it is, not pixels."""
    deadline, found = time.monotonic() + seconds, None
    while time.monotonic() < deadline:
        found = look.page.evaluate(f"() => window.__test ? ({script}) : null")
        if found == wanted:
            return
        look.page.wait_for_timeout(50)
    raise AssertionError(f"{script} is {found!r}, not {wanted!r}")


def ready(look: Look, count: int = 2) -> None:
    until(look, "window.__test.count()", count)
    until(look, "Boolean(window.__test.map.getSource('tags') && window.__test.map.isStyleLoaded())", True)


def feed(look: Look, count: int, *, step: int = 10_000) -> None:
    """A fleet in rows of a hundred, so many ten-millionths of a degree apart."""
    look.page.evaluate(
        """([many, step]) => {
          const at = Date.now(), fill = (make) => Array.from({ length: many }, (_, index) => make(index));
          window.__test.feed({
            at_ms: at, version: 1, device_id: fill((i) => i + 1000), vehicle_id: fill((i) => i + 1000),
            name: fill((i) => `Vehicle ${i}`), type: fill(() => "VAN"), group_ids: fill(() => []),
            lat_e7: fill((i) => 487000000 + (i % 100) * step),
            lon_e7: fill((i) => 91000000 + Math.floor(i / 100) * step),
            course_deg: fill((i) => i % 360), speed_kmh: fill((i) => i % 80),
            status: fill((i) => ["moving", "idle", "offline"][i % 3]), alarm: fill(() => null),
            ignition: fill(() => true), fix_at_ms: fill(() => at), online_at_ms: fill(() => at),
            heard_at_ms: fill(() => at), parked_at_ms: fill(() => null), mileage_km: fill(() => 1),
            distance_today_km: fill(() => 1), gone: [],
          });
        }""",
        [count, step],
    )


def test_a_vehicle_that_reports_moves_on_the_map_and_in_the_list_by_itself(opened: Opened, place: Place) -> None:
    with opened() as look:
        ready(look)
        before = look.page.evaluate("window.__test.markers.placeOf(2)")
        line = look.page.locator(".vehicles li", has_text="Alpha truck")
        look.page.evaluate("() => { window.__line = document.querySelectorAll('.vehicles li')[0]; }")
        tracker = Tracker(place, imei(2))
        last = report(time.time_ns() // 1_000_000, 89, 2)
        tracker.send([Report(fix_at_ms=last.fix_at_ms, valid=True, lat_deg=48.967, lon_deg=9.18, satellites=9)])
        tracker.close()
        until(look, f"window.__test.markers.placeOf(2)[1] > {before[1]} + 0.001", True)
        expect(line).to_contain_text(re.compile("[0-9] s ago"))
        assert look.page.evaluate("window.__line === document.querySelectorAll('.vehicles li')[0]"), (
            "no line was remade"
        )


def test_few_vehicles_bear_their_names_and_many_in_view_do_not(opened: Opened) -> None:
    with opened() as look:
        ready(look)
        until(look, "window.__test.names()", 2)
        feed(look, 400)
        until(look, "window.__test.count()", 400)
        until(look, "window.__test.names()", 0)
        look.page.evaluate("window.__test.map.jumpTo({ center: [9.1, 48.7], zoom: 17 })")
        until(look, "window.__test.names() > 0 && window.__test.names() < 300", True)


def test_clusters_come_by_a_button_stay_in_the_address_and_open_by_a_click(opened: Opened) -> None:
    with opened("/map?at=48.75,9.15,9") as look:
        ready(look)
        feed(look, 900)
        until(look, "window.__test.count()", 900)
        look.page.get_by_role("button", name="Clusters").click()
        until(look, "window.__test.clusters() > 0 && window.__test.count() < 900", True)
        until(look, "location.search.includes('clusters=1')", True)
        until(look, "window.__test.map.loaded()", True)
        before = look.page.evaluate("window.__test.map.getZoom()")
        middle = look.page.evaluate(
            """() => { const map = window.__test.map, found = map.queryRenderedFeatures({ layers: ["clusters"] })[0];
              const at = map.project(found.geometry.coordinates), box = map.getCanvas().getBoundingClientRect();
              return [at.x + box.x, at.y + box.y]; }"""
        )
        look.page.mouse.click(*middle)
        until(look, f"window.__test.map.getZoom() > {before} + 1.9", True)
        look.page.get_by_role("button", name="Clusters").click()
        until(look, "[window.__test.clusters(), window.__test.count()]", [0, 900])


def test_a_crowd_becomes_clusters_by_itself(opened: Opened) -> None:
    with opened("/map?at=48.75,9.15,6") as look:
        ready(look)
        feed(look, 20_001, step=1_000)
        until(look, "window.__test.rows()", 20_001)
        until(look, "window.__test.clusters() > 0 && window.__test.count() < 1000", True)
        feed(look, 19_000, step=1_000)
        until(look, "[window.__test.clusters(), window.__test.count()]", [0, 19_000])


def test_only_in_view_lists_what_is_in_view_and_the_address_keeps_it(opened: Opened) -> None:
    with opened("/map?at=0,-140,6") as look:
        until(look, "window.__test.count()", 2)
        until(look, "window.__test.found()", 2)
        look.page.get_by_label("Only in view").check()
        expect(look.page.locator(".vehicles")).to_contain_text("No vehicle fits.")
        until(look, "location.search.includes('seen=1')", True)
        look.page.evaluate("window.__test.map.jumpTo({ center: [9.18, 48.8], zoom: 9 })")
        until(look, "window.__test.found()", 2)
        look.page.reload()
        until(look, "window.__test.found()", 2)
        expect(look.page.get_by_label("Only in view")).to_be_checked()


def test_a_long_list_grows_as_it_is_scrolled_and_keeps_few_lines_before(opened: Opened) -> None:
    with opened() as look:
        ready(look)
        feed(look, 5_000)
        until(look, "window.__test.found()", 5_000)
        assert look.page.evaluate("window.__test.listed()") == 100
        expect(look.page.locator(".vehicles")).to_contain_text("4,900 more below")
        look.page.evaluate("document.querySelector('.vehicles').scrollTop = 1e6")
        until(look, "window.__test.listed()", 200)
        look.page.fill("#q", "vehicle 499")
        until(look, "window.__test.found()", 11)
        expect(look.page.locator(".vehicles li").first).to_contain_text("Vehicle 499")


def test_a_chosen_vehicle_shows_its_card_and_its_way_and_links_lead_back_to_it(opened: Opened) -> None:
    with opened() as look:
        ready(look)
        look.page.locator(".vehicles li", has_text="Alpha van").click()
        card = look.page.locator(".detail")
        expect(card.get_by_role("heading")).to_contain_text("Alpha van")
        until(look, "window.__test.trail() > 10", True)
        until(look, "/[?&]vehicle=[0-9]+/.test(location.search)", True)
        until(look, "location.search.includes('at=')", True)
        address = look.page.url
        look.page.goto(address)
        expect(card.get_by_role("heading")).to_contain_text("Alpha van")
        look.page.get_by_role("button", name="Close").click()
        expect(card).to_be_hidden()
        until(look, "location.search.includes('vehicle=')", False)


def test_a_way_is_measured_by_clicks_and_by_keys_alone(opened: Opened) -> None:
    with opened("/map?at=0,0,5") as look:
        ready(look)
        look.page.get_by_role("button", name="Measure").focus()
        look.page.keyboard.press("Enter")
        look.page.keyboard.press("Enter")
        until(look, "window.__test.length()", 1)
        look.page.evaluate("window.__test.map.jumpTo({ center: [1, 0] })")
        look.page.keyboard.press("Enter")
        expect(look.page.locator(".measure [role=status]")).to_have_text("111.2 km, 2 points")
        look.page.locator("canvas.maplibregl-canvas").click(position={"x": 300, "y": 300})
        until(look, "window.__test.length()", 3)
        look.page.keyboard.press("Backspace")
        until(look, "window.__test.length()", 2)
        look.page.keyboard.press("Escape")
        expect(look.page.locator(".measure")).to_be_hidden()
        assert look.page.evaluate("window.__test.picked()") is None


def test_solar_sites_stand_on_the_map_as_a_second_shape(opened: Opened) -> None:
    with opened() as look:
        ready(look)
        made = look.page.evaluate(ADD, {"name": "Roof", "site": ROOF})
        assert made["outcomes"][0]["outcome"] == "added", made
        look.page.get_by_role("button", name="Solar sites").click()
        expect(look.page.locator(".mapnote")).to_have_text("1 solar site")
        until(look, "window.__test.sites()", 1)
        until(look, "location.search.includes('solar=1')", True)
        look.page.get_by_role("button", name="Solar sites").click()
        until(look, "window.__test.sites()", 0)
        until(look, "location.search.includes('solar=1')", False)


def test_the_map_stands_still_while_it_is_paused_and_catches_up_after(opened: Opened) -> None:
    with opened() as look:
        ready(look)
        look.page.get_by_role("button", name="Pause").click()
        feed(look, 50)
        look.page.wait_for_timeout(300)
        assert look.page.evaluate("window.__test.count()") == 2
        expect(look.page.locator("[data-live]")).to_contain_text("Paused")
        look.page.get_by_role("button", name="Go on").click()
        until(look, "window.__test.count()", 50)


def test_a_map_on_a_processor_is_the_simple_one_unless_somebody_says_otherwise(opened: Opened) -> None:
    with opened() as look:
        ready(look)
        until(look, "window.__test.light()", True)
        look.page.get_by_role("button", name="Simple map").click()
        until(look, "window.__test.light()", False)
        look.page.reload()
        ready(look)
        assert look.page.evaluate("window.__test.light()") is False


def test_keys_choose_a_vehicle_from_the_list_and_leave_it(opened: Opened) -> None:
    with opened() as look:
        ready(look)
        look.page.keyboard.press("j")
        look.page.keyboard.press("j")
        look.page.keyboard.press("Enter")
        expect(look.page.locator(".detail")).to_be_visible()
        expect(look.page.locator(".vehicles a[aria-current]")).to_have_count(1)
        look.page.keyboard.press("Escape")
        expect(look.page.locator(".detail")).to_be_hidden()


def test_nothing_moves_by_itself_for_people_who_want_calm(opened: Opened) -> None:
    with opened(reduced_motion="reduce") as look:
        ready(look)
        look.page.locator(".vehicles li", has_text="Alpha van").click()
        assert look.page.evaluate("window.__test.map.isMoving()") is False


def test_without_webgl_the_list_lives_and_the_page_says_why_there_is_no_map(
    base: str, accounts: tuple[Account, Account], browser: Browser
) -> None:
    blind = [*FLAGS, "--disable-webgl", "--disable-3d-apis"]
    program = browser.browser_type
    with_out = program.launch(executable_path=shutil.which("chromium"), args=blind)
    try:
        with looking(with_out, base, viewport=WIDE) as look:
            look.sign_in(accounts[0])
            page = look.go("/map")
            expect(page.locator("[data-canvas]")).to_contain_text("no WebGL")
            expect(page.locator("[data-live]")).to_contain_text("Live · 2 of 2")
            page.fill("#q", "truck")
            expect(page.locator(".vehicles li")).to_have_count(1)
            expect(page.locator(".vehicles li a")).to_have_attribute("href", re.compile("^/vehicles/"))
            feed(look, 300)
            page.fill("#q", "")
            until(look, "window.__test.found()", 300)
            assert [trouble for trouble in look.troubles if "WebGL" not in trouble] == []
    finally:
        with_out.close()


def test_without_scripts_the_page_is_a_list_that_can_be_filtered(opened: Opened) -> None:
    with opened(java_script_enabled=False) as look:
        expect(look.page.locator(".vehicles li a")).to_have_count(2)
        look.page.fill("#q", "truck")
        look.page.get_by_role("button", name="Filter").click()
        expect(look.page.locator(".vehicles li a")).to_have_count(1)
        expect(look.page.locator("[data-live]")).to_have_text("1 of 2")
        look.go("/map?status=nonsense&group=soup")
        expect(look.page.locator(".vehicles li a")).to_have_count(2)
