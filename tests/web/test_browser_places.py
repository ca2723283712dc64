"""Other places and screens: clock changes, German, right-to-left, 320 pixels, forced colours, less motion, paper."""

from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, StorageState, expect

from fleetline.model.motion import Report
from tests.paths.server_kit import Place, Tracker
from tests.web.browser_kit import Look, imei, looking, why_not

pytestmark = pytest.mark.skipif(bool(why_not()), reason=why_not() or "runs")
BERLIN: Final = ZoneInfo("Europe/Berlin")
PATHS: Final = (
    "/", "/vehicles", "/drivers", "/devices", "/devices/1", "/groups", "/vehicles/{vehicle}", "/settings",
    "/settings/users", "/settings/account", "/settings/audit", "/devices/new", "/vehicles/{vehicle}/edit",
)  # fmt: skip
WIDER: Final = "document.documentElement.scrollWidth > innerWidth"


def drive(place: Place, number: int, begin: datetime, minutes: int) -> None:
    """A straight drive from that moment on, a report every ten seconds, then the engine is off."""
    begin_ms = round(begin.timestamp() * 1000)
    steps = minutes * 6
    tracker = Tracker(place, imei(number))
    tracker.send(
        [
            Report(
                fix_at_ms=begin_ms + step * 10_000, valid=True, lat_deg=48.7 + step * 0.001, lon_deg=9.1,
                speed_kmh=0.0 if step in (0, steps) else 40.0, course_deg=0.0, ignition=step != steps, satellites=9,
            )
            for step in range(steps + 1)
        ]
    )  # fmt: skip
    tracker.close()


@pytest.mark.parametrize(
    ("day", "hours"), [("2026-03-29", 23), ("2025-10-26", 25)], ids=["summer-begins", "summer-ends"]
)
def test_a_day_of_a_clock_change_ends_where_the_next_one_begins(
    look: Look, place: Place, vehicle: str, day: str, hours: int
) -> None:
    begin = datetime.fromisoformat(day).replace(tzinfo=BERLIN)
    drive(place, 1, begin.replace(hour=23, minute=30), 12)
    page = look.go(f"/vehicles/{vehicle}/trips?from={day}&to={day}")
    island = page.locator("trip-replay")
    assert int(island.get_attribute("data-to") or 0) - int(island.get_attribute("data-from") or 0) == hours * 3_600_000
    expect(page.locator("li[data-trip] .title")).to_have_text("23:30 – 23:42")
    before = (begin.replace(hour=12).timestamp() - 86_400) * 1000
    other = datetime.fromtimestamp(before / 1000, BERLIN).date().isoformat()
    expect(look.go(f"/vehicles/{vehicle}/trips?from={other}&to={other}").locator("li[data-trip]")).to_have_count(0)


def test_a_browser_in_another_country_reads_the_same_as_the_server(
    browser: Browser, base: str, inside: StorageState, vehicle: str
) -> None:
    seen = []
    for locale, zone in (("en-GB", "Europe/Berlin"), ("de-DE", "Asia/Tokyo")):
        with looking(browser, base, storage_state=inside, locale=locale, timezone_id=zone) as look:
            page = look.go(f"/vehicles/{vehicle}/trips")
            expect(page.locator(".summary")).to_contain_text("fastest")
            seen.append((page.locator("li[data-trip] .title").inner_text(), page.locator(".summary").inner_text()))
            assert look.troubles == []
    assert seen[0] == seen[1]


def test_pages_hold_together_when_they_run_from_right_to_left(
    browser: Browser, base: str, inside: StorageState, vehicle: str
) -> None:
    for width in (390, 1280):
        shape: Any = {"width": width, "height": 800}
        with looking(browser, base, storage_state=inside, viewport=shape) as look:
            for path in PATHS:
                page = look.go(path.format(vehicle=vehicle))
                page.evaluate("document.documentElement.dir = 'rtl'")
                page.wait_for_timeout(100)
                out = page.evaluate(
                    "[...document.querySelectorAll('h1, main a.btn, th, td')].filter((one) => one.checkVisibility() &&"
                    " !one.closest('.wide, .scroll') && one.getBoundingClientRect().left < -1).length"
                )
                assert out == 0, (path, width)
            assert look.troubles == []


def test_nothing_scrolls_two_ways_on_the_narrowest_screen(
    browser: Browser, base: str, inside: StorageState, vehicle: str
) -> None:
    with looking(browser, base, storage_state=inside, viewport={"width": 320, "height": 640}) as look:
        for path in PATHS:
            page = look.go(path.format(vehicle=vehicle))
            page.wait_for_timeout(150)
            assert not page.evaluate(WIDER), path


def test_forced_colours_leave_states_to_be_told_by_shape_and_word(
    browser: Browser, base: str, inside: StorageState
) -> None:
    with looking(browser, base, storage_state=inside, forced_colors="active") as look:
        page = look.go("/vehicles")
        state = page.locator("tbody .state").first
        assert state.locator("svg").count() == 1
        assert state.inner_text().strip()
        assert page.evaluate("matchMedia('(forced-colors: active)').matches")
        assert page.evaluate("getComputedStyle(document.querySelector('.btn.first')).borderTopStyle") == "solid"
        assert look.troubles == []


def test_nothing_moves_by_itself_for_people_who_asked_for_less_motion(
    browser: Browser, base: str, inside: StorageState
) -> None:
    with looking(browser, base, storage_state=inside, reduced_motion="reduce") as look:
        for path in ("/", "/vehicles", "/settings"):
            page = look.go(path)
            assert page.evaluate("document.getAnimations().length") == 0, path
            assert page.evaluate("getComputedStyle(document.querySelector('.btn')).transitionDuration") in (
                "0s",
                "none",
            )


def test_a_printed_page_has_its_facts_and_none_of_the_controls(look: Look, vehicle: str) -> None:
    page = look.go(f"/vehicles/{vehicle}")
    page.emulate_media(media="print")
    expect(page.locator(".rail")).to_be_hidden()
    expect(page.locator(".head .acts")).to_be_hidden()
    expect(page.locator("h1")).to_be_visible()
    expect(page.get_by_role("heading", name="Details")).to_be_visible()
