"""One vehicle in a real browser: its day as band, charts and tables, a test position, archiving, its replay."""

import json
import time
from typing import Any, Final

import pytest
from playwright.sync_api import Page, expect

from fleetline.model.motion import Report
from tests.paths.server_kit import Place, Tracker
from tests.web.browser_kit import Look, imei, why_not

pytestmark = pytest.mark.skipif(bool(why_not()), reason=why_not() or "runs")
MINUTE_MS: Final = 60_000
FORMS: Final = {"csv": "lat", "gpx": "<gpx", "kml": "<kml", "geojson": '"FeatureCollection"'}


def until(page: Page, expression: str) -> None:
    for _ in range(150):
        if page.evaluate(expression):
            return
        page.wait_for_timeout(100)
    raise AssertionError(f"{expression} never came true: {page.content()[:300]}")


@pytest.fixture(scope="module")
def broken_day(place: Place, accounts: Any) -> tuple[int, int]:
    """(begin of the gap, its end): the second vehicle stops for eight minutes, is silent for ten, then drives on."""
    begin = (time.time_ns() // 1_000_000) - 26 * 3_600_000
    reports = []
    lat = 48.5

    def add(minute: float, speed: float, ignition: bool = True) -> None:
        nonlocal lat
        lat += speed * 0.00002
        reports.append(
            Report(
                fix_at_ms=begin + round(minute * MINUTE_MS), valid=True, lat_deg=lat, lon_deg=9.5, speed_kmh=speed,
                course_deg=0.0, ignition=ignition, satellites=9, supply_v=13.9, attributes={"fuel_pct": 60},
            )
        )  # fmt: skip

    for step in range(60):
        add(step / 6, 50.0)
    for step in range(48):
        add(10 + step / 6, 0.0)
    for step in range(60):
        add(18 + step / 6, 70.0)
    lat += 0.1
    for step in range(60):
        add(38 + step / 6, 60.0)
    add(48.2, 0.0, ignition=False)
    tracker = Tracker(place, imei(2))
    tracker.send(reports)
    tracker.close()
    return begin + round((18 + 59 / 6) * MINUTE_MS), begin + 38 * MINUTE_MS


@pytest.fixture(scope="module")
def truck(place: Place, broken_day: tuple[int, int]) -> str:
    return imei(2)


def number_of(look: Look, ident: str) -> int:
    items = look.page.request.get(f"{look.base}/api/v1/vehicles?q={ident}").json()["items"]
    return int(items[0]["id"])


def test_a_day_is_a_band_and_charts_each_in_words_and_as_a_table(look: Look, vehicle: str) -> None:
    page = look.go(f"/vehicles/{vehicle}")
    band = page.get_by_role("img", name="24 hours:")
    expect(band).to_be_visible()
    assert "Driving" in (band.get_attribute("aria-label") or "")
    speed = page.locator(".reading", has=page.get_by_role("heading", name="Speed"))
    expect(speed.locator(".words")).to_contain_text("highest 44 km/h")
    expect(speed.locator("canvas")).to_be_visible()
    speed.get_by_text("Table").click()
    expect(speed.locator("tbody tr").first).to_contain_text("km/h")
    assert look.troubles == []


def test_a_test_position_goes_in_and_is_the_latest_one(look: Look, truck: str) -> None:
    number = number_of(look, truck)
    latest = look.page.request.get(f"{look.base}/api/v1/vehicles/{number}").json()["now"]["lat_deg"]
    page = look.go(f"/vehicles/{number}")
    page.locator("summary[aria-label=More]").click()
    page.fill("#f-lat", f"{latest + 0.001:.5f}".replace(".", ","))
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.locator("[data-toast]")).to_contain_text("The test position went in")
    expect(page.get_by_text(f"{latest + 0.001:.5f}, 9.")).to_be_visible()
    expect(page.locator(".raw")).to_contain_text("test")
    page.locator("summary[aria-label=More]").click()
    page.fill("#f-lat", "-33,1")
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.locator("[data-toast]")).to_contain_text("not believed")
    assert look.troubles == []


def test_a_vehicle_is_archived_and_restored_from_its_page(look: Look, base: str) -> None:
    page = look.go("/vehicles/new")
    page.fill("#f-name", "Old trailer")
    page.fill("#f-external_id", "old-1")
    page.get_by_role("button", name="Add vehicle").click()
    page.wait_for_url(f"{base}/vehicles/*")
    number = page.url.split("?")[0].rsplit("/", 1)[1]
    page.locator("summary[aria-label=More]").click()
    page.get_by_role("button", name="Archive").click()
    expect(page.locator("[data-toast]")).to_contain_text("Archived.")
    page.get_by_role("button", name="Undo").click()
    page.goto(f"{base}/vehicles/{number}")
    expect(page.locator("h1")).to_have_text("Old trailer")
    page.keyboard.press("e")
    page.wait_for_url(f"{base}/vehicles/{number}/edit")
    assert look.troubles == []


def test_a_replay_shows_stops_with_their_length_and_gaps_as_gaps(
    look: Look, truck: str, broken_day: tuple[int, int]
) -> None:
    gap, end = broken_day
    number = number_of(look, truck)
    page = look.go(f"/vehicles/{number}/trips")
    until(page, "window.__test && window.__test.fixes() > 200")
    trips = page.request.get(f"{look.base}/api/v1/vehicles/{number}/trips?from={gap - 3_600_000}&to={end}").json()
    trip = next(one for one in trips["items"] if one["from_at_ms"] <= gap < one["until_at_ms"])
    page.locator(f"li[data-trip='{trip['from_at_ms']}'] a").click()
    expect(page.locator(".stoplist button").first).to_contain_text("stop of")
    expect(page.locator(".summary")).to_contain_text("gap without reports")
    expect(page.locator(".track .is-silent")).to_have_count(1)
    page.locator(".stoplist button").first.click()
    expect(page.locator(".controls [role=status]")).to_contain_text("Stop of 8 min")
    expect(page.locator(".stoplabel").first).to_have_text("8 min")
    page.get_by_role("slider", name="Time").fill(str((gap + end) // 2))
    expect(page.locator(".controls [role=status]")).to_have_text("No reports in this time")
    assert look.troubles == []


def test_steps_jumps_and_speeds_work_with_buttons_too(look: Look, truck: str, broken_day: tuple[int, int]) -> None:
    gap, end = broken_day
    number = number_of(look, truck)
    page = look.go(f"/vehicles/{number}/trips")
    until(page, "window.__test && window.__test.fixes() > 200")
    items = page.request.get(f"{look.base}/api/v1/vehicles/{number}/trips?from={gap - 3_600_000}&to={end}").json()
    trip = next(one for one in items["items"] if one["from_at_ms"] <= gap < one["until_at_ms"])
    page.locator(f"li[data-trip='{trip['from_at_ms']}'] a").click()
    page.wait_for_timeout(100)
    moment = "window.__test.moment()"
    assert page.evaluate(moment) == trip["from_at_ms"]
    page.get_by_role("button", name="One position on").click()
    assert page.evaluate(moment) - trip["from_at_ms"] == 10_000
    page.get_by_role("button", name="Next stop").click()
    assert page.evaluate(moment) == trip["stops"][0]["from_at_ms"]
    page.select_option("[aria-label='Speed of replay']", "60")
    page.get_by_role("button", name="Play").click()
    page.wait_for_timeout(500)
    page.get_by_role("button", name="Pause").click()
    run = page.evaluate(moment) - trip["stops"][0]["from_at_ms"]
    assert 10_000 <= run <= 120_000, "half a second at sixty times is half a minute, however slow the machine"
    page.get_by_text("Table").click()
    expect(page.locator(".underplot tbody tr").first).to_contain_text("km/h")


def test_positions_are_exported_in_four_forms(look: Look, vehicle: str) -> None:
    page = look.go(f"/vehicles/{vehicle}/trips")
    for form, mark in FORMS.items():
        link = page.locator(f".exports a[href*='format={form}']")
        text = page.request.get(look.base + (link.get_attribute("href") or "")).text()
        assert mark in text, form
        if form == "geojson":
            assert json.loads(text)["features"]
