"""The web app in a real browser: every page, both themes, phone and desk, without scripts, two accounts at once."""

from typing import Any, Final

import pytest
from playwright.sync_api import Browser, StorageState, expect

from tests.paths.server_kit import Place
from tests.web.browser_kit import AXE, SIZES, Account, Look, looking, why_not
from tests.web.tiles_kit import streets_file

pytestmark = pytest.mark.skipif(bool(why_not()), reason=why_not() or "runs")

PATHS: Final = (
    "/",
    "/map",
    "/vehicles",
    "/vehicles/new",
    "/vehicles/{vehicle}",
    "/vehicles/{vehicle}/edit",
    "/vehicles/{vehicle}/trips",
    "/drivers",
    "/drivers/new",
    "/groups",
    "/devices",
    "/devices/new",
    "/devices/1",
    "/import/vehicles",
    "/import/devices",
    "/solar/resources",
    "/solar/resources/new",
    "/solar/fleets",
    "/License",
    "/requests",
    "/docs",
    "/docs/fleetize",
    "/settings",
    "/settings/users",
    "/settings/account",
    "/settings/audit",
)
LISTS: Final = (
    "/vehicles",
    "/drivers",
    "/devices",
    "/groups",
    "/map",
    "/License",
    "/requests",
    "/solar/resources",
    "/settings/users",
)


def test_every_page_loads_under_its_policy_without_an_error_or_a_request_elsewhere(look: Look, vehicle: str) -> None:
    for path in PATHS:
        page = look.go(path.format(vehicle=vehicle))
        page.wait_for_timeout(400)
        expect(page.locator("h1").first).to_be_attached()
        assert " - Fleetline" in page.title(), path
    assert look.troubles == []


@pytest.mark.skipif(not AXE.is_file(), reason="axe-core is not installed")
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES, ids=["desk", "phone"])
def test_nothing_hinders_people_with_impairments(
    browser: Browser, base: str, inside: StorageState, vehicle: str, scheme: Any, size: tuple[int, int]
) -> None:
    shape: Any = {"width": size[0], "height": size[1]}
    options = {"storage_state": inside, "color_scheme": scheme, "viewport": shape, "bypass_csp": True}
    found: dict[str, list[str]] = {}
    with looking(browser, base, **options) as look:
        for path in PATHS:
            page = look.go(path.format(vehicle=vehicle))
            page.wait_for_timeout(200)
            faults = look.axe()
            if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
                faults.append("the page is wider than the screen")
            if faults:
                found[path] = faults
    assert found == {}


def test_lists_work_without_scripts(browser: Browser, base: str, accounts: tuple[Account, Account]) -> None:
    with looking(browser, base, java_script_enabled=False) as look:
        look.sign_in(accounts[0])
        for path in LISTS:
            page = look.go(path)
            expect(page.locator("h1").first).to_be_attached()
        page = look.go("/vehicles?q=truck")
        expect(page.locator("td a.name")).to_have_text(["Alpha truck"])
        page.go_back()
        page = look.go("/groups")
        page.fill("#f-name", "Depot north")
        page.click("#add button")
        expect(page.get_by_role("link", name="Depot north", exact=True)).to_be_visible()
        assert look.troubles == []


def test_two_accounts_side_by_side_never_see_each_others_things(
    browser: Browser, base: str, accounts: tuple[Account, Account], vehicle: str
) -> None:
    first, second = accounts
    with looking(browser, base) as one, looking(browser, base) as other:
        one.sign_in(first)
        other.sign_in(second)
        for path in (
            "/",
            "/map",
            "/vehicles",
            "/devices",
            "/settings/users",
            "/requests",
            "/settings/audit",
            "/License",
        ):
            mine, theirs = one.go(path), other.go(path)
            mine.wait_for_timeout(300)
            assert "Beta" not in mine.content(), path
            assert "Alpha" not in theirs.content(), path
        assert other.page.goto(f"{base}/vehicles/{vehicle}").status == 404  # type: ignore[union-attr]  # it always answers
        assert one.troubles == []


def test_a_form_without_the_sessions_secret_changes_nothing(look: Look, base: str) -> None:
    refused = look.page.request.post(f"{base}/groups", form={"act": "add", "name": "Forged", "csrf": "guess"})
    assert refused.status == 403
    assert "Forged" not in look.go("/groups").content()


def test_nobody_gets_in_with_a_wrong_password_or_out_of_this_site(
    browser: Browser, base: str, accounts: tuple[Account, Account]
) -> None:
    with looking(browser, base) as look:
        page = look.go("/login?next=https://example.org/")
        page.fill("#email", accounts[0].email)
        page.fill("#password", "wrong")
        page.click("button.first")
        expect(page.get_by_role("alert")).to_contain_text("wrong")
        page.fill("#password", accounts[0].password)
        page.click("button.first")
        page.wait_for_url(f"{base}/")
        page.goto(f"{base}/settings")
        page.get_by_role("button", name="Sign out").click()
        page.wait_for_url(f"{base}/login")
        page.goto(f"{base}/vehicles")
        assert page.url == f"{base}/login?next=/vehicles"


def test_the_map_shows_what_the_list_shows_and_keeps_its_filter_in_the_address(look: Look, base: str) -> None:
    page = look.go("/map")
    expect(page.locator("[data-live]")).to_contain_text("Live")
    _until(look, "window.__test.count()", 2)
    page.fill("#q", "truck")
    _until(look, "window.__test.count()", 1)
    expect(page.locator(".vehicles li[data-device]")).to_have_count(1)
    assert "q=truck" in page.url
    page.goto(page.url)
    expect(page.locator("#q")).to_have_value("truck")
    _until(look, "window.__test.count()", 1)
    page.locator(".vehicles li[data-device] a").click()
    expect(page.locator(".detail h2")).to_have_text("Alpha truck")
    assert look.troubles == []


def _until(look: Look, expression: str, wanted: Any) -> None:
    """Asks again and again, since the content policy takes strings of code from nobody but the tester."""
    seen: Any = None
    for _ in range(100):
        seen = look.page.evaluate(expression)
        if seen == wanted:
            return
        look.page.wait_for_timeout(100)
    raise AssertionError(f"{expression} stayed {seen}, not {wanted}")


def test_a_trip_is_replayed_by_time_from_the_keyboard(look: Look, vehicle: str) -> None:
    page = look.go(f"/vehicles/{vehicle}/trips")
    expect(page.locator("li[data-trip]")).to_have_count(1)
    _until(look, "window.__test && window.__test.fixes() > 80", True)
    page.locator("li[data-trip] a").click()
    page.locator(".crumb").click(trial=True)
    began = page.evaluate("window.__test.moment()")
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("ArrowRight")
    assert page.evaluate("window.__test.moment()") - began == 10_000
    page.keyboard.press("Shift+ArrowRight")
    assert page.evaluate("window.__test.moment()") - began == 70_000
    page.keyboard.press("Space")
    _until(look, f"window.__test.moment() > {began + 71_000}", True)
    page.keyboard.press("Space")
    assert page.evaluate("window.__test.playing()") is False
    assert look.troubles == []


def test_the_palette_finds_a_vehicle_by_keys_alone(look: Look, base: str, vehicle: str) -> None:
    page = look.go("/settings")
    page.keyboard.press("Control+k")
    page.keyboard.type("Alpha van")
    expect(page.locator(".palette li").first).to_contain_text("Alpha van")
    page.keyboard.press("Enter")
    page.wait_for_url(f"{base}/vehicles/{vehicle}")


def test_a_key_is_shown_once_works_and_is_refused_after_it_was_revoked(look: Look, base: str, place: Place) -> None:
    page = look.go("/License")
    page.fill("#f-name", "Browser test")
    page.get_by_role("button", name="Create", exact=True).click()
    secret = page.locator("[data-secret]").inner_text()
    assert place.call("devicelist", apitoken=secret)[0] == 200
    page.goto(f"{base}/License")
    assert secret not in page.content()
    row = page.locator("tr", has_text="Browser test")
    row.locator("summary").click()
    row.get_by_label("Type its name to end it").fill("Browser test")
    row.get_by_role("button", name="Revoke").click()
    expect(page.locator("[data-toast]")).to_contain_text("Revoked")
    assert place.call("devicelist", apitoken=secret)[0] == 401


def test_a_list_is_imported_after_a_preview_that_changes_nothing(look: Look) -> None:
    page = look.go("/import/drivers")
    text = "Personnel number;Name\nd-1;Ada\nd-2;Grace\n;Nobody\n"
    page.set_input_files("#file", {"name": "people.csv", "mimeType": "text/csv", "buffer": text.encode()})
    page.get_by_role("button", name="Preview").click()
    expect(page.locator("tbody tr")).to_have_count(3)
    expect(page.locator(".chip.bad")).to_have_count(1)
    page.get_by_role("button", name="Import 2 rows").click()
    expect(page.locator(".notice")).to_contain_text("1 error, 2 added")
    page = look.go("/drivers")
    expect(page.locator("td a.name")).to_have_text(["Ada", "Grace"])


def test_archived_vehicles_come_back_with_undo(look: Look, base: str) -> None:
    page = look.go("/drivers/new")
    page.fill("#f-name", "Temporary")
    page.fill("#f-external_id", "d-temporary")
    page.get_by_role("button", name="Add driver").click()
    page.goto(f"{base}/drivers?q=Temporary")
    page.get_by_label("Tick Temporary").check()
    page.get_by_role("button", name="Archive").click()
    expect(page.locator("[data-toast]")).to_contain_text("1 driver archived")
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("td a.name")).to_have_text(["Temporary"])


def test_colours_follow_the_choice_down_to_the_map(look: Look) -> None:
    page = look.go("/map")
    _until(look, "window.__test.map.loaded()", True)
    light = page.evaluate("window.__test.map.getPaintProperty('water', 'background-color')")
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    page.wait_for_timeout(200)
    assert page.evaluate("window.__test.map.getPaintProperty('water', 'background-color')") != light


def test_the_operators_street_map_lies_below_the_vehicles(look: Look, place: Place) -> None:
    file = place.data / "map.pmtiles"
    file.write_bytes(streets_file())
    try:
        look.go("/map?at=30,0,2")
        _until(look, "Boolean(window.__test && window.__test.map.getSource('streets'))", True)
        _until(look, "window.__test.map.querySourceFeatures('streets', { sourceLayer: 'earth' }).length > 0", True)
        order = look.page.evaluate("window.__test.map.getLayersOrder()")
        assert order.index("land") < order.index("streets-earth") < order.index("tags")
        expect(look.page.locator("canvas.maplibregl-canvas + canvas.marks")).to_be_attached()
        expect(look.go("/settings/account").get_by_text("zooms 0 to 0")).to_be_visible()
    finally:
        file.unlink()
    assert look.troubles == []


def test_ten_thousand_vehicles_are_one_picture_and_a_short_list(look: Look) -> None:
    page = look.go("/map")
    expect(page.locator("[data-live]")).to_contain_text("Live")
    _until(look, "window.__test.map.loaded()", True)
    page.evaluate(MANY)
    _until(look, "window.__test.count()", 10_000)
    assert page.locator(".vehicles li[data-device]").count() <= 200
    assert look.troubles == []


MANY: Final = """() => {
  const many = 10000, at = Date.now(), fill = (make) => Array.from({ length: many }, (_, index) => make(index));
  window.__test.feed({
    at_ms: at, version: 1, device_id: fill((i) => i + 1), vehicle_id: fill((i) => i + 1),
    name: fill((i) => `Vehicle ${i}`),
    type: fill(() => "VAN"), group_ids: fill(() => []), lat_e7: fill((i) => 487000000 + (i % 100) * 10000),
    lon_e7: fill((i) => 91000000 + Math.floor(i / 100) * 10000), course_deg: fill((i) => i % 360),
    speed_kmh: fill((i) => i % 80), status: fill((i) => ["moving", "idle", "offline"][i % 3]), alarm: fill(() => null),
    ignition: fill(() => true), fix_at_ms: fill(() => at), online_at_ms: fill(() => at), heard_at_ms: fill(() => at),
    parked_at_ms: fill(() => null), mileage_km: fill(() => 1), distance_today_km: fill(() => 1), gone: [],
  });
}"""
