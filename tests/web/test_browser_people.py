"""Who may come in and see what: the first set-up, sub-users, guessing passwords, sessions that are ended."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.paths.server_kit import Place
from tests.web.browser_kit import Account, Look, looking, why_not

pytestmark = pytest.mark.skipif(bool(why_not()), reason=why_not() or "runs")


@pytest.fixture
def new_place(tmp_path: Path) -> Iterator[Place]:
    found = Place(tmp_path / "data", f"sqlite:///{tmp_path}/data/fleetline.db")
    found.start()
    yield found
    found.stop(signal.SIGTERM)


def test_a_new_server_is_set_up_filled_for_a_first_look_and_emptied_again(new_place: Place, browser: Browser) -> None:
    base = f"http://127.0.0.1:{new_place.http}"
    with looking(browser, base) as look:
        page = look.go("/vehicles")
        assert page.url == f"{base}/setup"
        page.fill("#f-organisation", "New Haulage")
        page.fill("#f-email", "ada@example.org")
        page.fill("#f-password", "short")
        page.locator("button.first").click()
        assert page.evaluate("document.querySelector('#f-password:invalid') !== null || location.pathname === '/setup'")
        page.fill("#f-password", "a long password")
        page.locator("button.first").click()
        page.wait_for_url(f"{base}/")
        expect(page.locator("h1")).to_have_text("New Haulage")
        expect(page.get_by_text("0 of 5 done")).to_be_visible()
        page.get_by_role("button", name="Load demo data").click()
        expect(page.locator("[data-toast]")).to_contain_text("Demo data are loaded", timeout=20_000)
        expect(page.get_by_text("3 of 5 done")).to_be_visible()
        page.goto(f"{base}/vehicles")
        expect(page.locator("td a.name")).to_have_count(4)
        page.go_back()
        page.goto(f"{base}/setup")
        assert page.url in (f"{base}/login", f"{base}/"), "a server is set up once"
        assert [trouble for trouble in look.troubles if "422" not in trouble] == []


def test_the_page_notices_the_first_position_by_itself(new_place: Place, browser: Browser) -> None:
    base = f"http://127.0.0.1:{new_place.http}"
    with looking(browser, base) as look:
        page = look.go("/setup")
        page.fill("#f-organisation", "New Haulage")
        page.fill("#f-email", "ada@example.org")
        page.fill("#f-password", "a long password")
        page.locator("button.first").click()
        page.wait_for_url(f"{base}/")
        page.goto(f"{base}/devices/new")
        page.fill("#f-ident", "359990000000500")
        page.fill("#f-name", "First van")
        page.locator("button.first").click()
        page.goto(f"{base}/")
        expect(page.get_by_text("waiting for data")).to_be_visible()
        new_place_osmand = f"http://127.0.0.1:{new_place.osmand}/?id=359990000000500&lat=48.7&lon=9.1&speed=0"
        assert page.request.get(new_place_osmand).ok
        expect(page.get_by_text("waiting for data")).to_have_count(0, timeout=15_000)
        expect(page.get_by_text("2 of 5 done")).to_be_visible()


def test_a_sub_user_sees_the_vehicles_and_parts_that_were_granted_and_cannot_change_any(
    place: Place, accounts: tuple[Account, Account], browser: Browser, base: str, inside: object, look: Look
) -> None:
    page = look.go("/groups")
    page.fill("#f-name", "Trucks only")
    page.click("#add button")
    page.goto(f"{base}/vehicles")
    page.get_by_label("Tick Alpha truck").check()
    page.select_option("#bulk-group", label="Trucks only")
    page.get_by_role("button", name="Put in").click()
    expect(page.locator("[data-toast]")).to_contain_text("1 vehicle put into the group")
    page.goto(f"{base}/settings/users")
    page.fill("#f-email", "dora@alpha.example")
    page.get_by_label("only these groups").check()
    page.get_by_label("Trucks only").check()
    for part in ("device numbers", "mileage", "trips"):
        page.get_by_label(part).check()
    page.get_by_role("button", name="Add user").click()
    password = page.locator(".secret code").inner_text()
    with looking(browser, base) as hers:
        hers.sign_in(Account(accounts[0].account_id, "dora@alpha.example", password, []))
        seen = hers.go("/vehicles")
        expect(seen.locator("td a.name")).to_have_text(["Alpha truck"])
        assert "359990000000002" not in seen.content()
        assert seen.get_by_role("link", name="Add vehicle").count() == 0
        assert seen.locator("input[name=id]").count() == 0
        seen.locator("td a.name").click()
        seen.wait_for_url(f"{base}/vehicles/*")
        assert "359990000000002" not in seen.content()
        seen.goto(f"{seen.url}/trips")
        expect(seen.get_by_text("Trips of this vehicle are not shown to you.")).to_be_visible()
        hers.troubles.clear()
        assert seen.request.get(f"{base}/settings/users").status == 403
        csrf = seen.evaluate("document.body.dataset.csrf")
        forged = seen.request.post(
            f"{base}/vehicles/bulk", form={"csrf": csrf, "every": "1", "act": "archive", "back": "/vehicles"}
        )
        assert forged.status == 403
    expect(look.go("/vehicles").locator("td a.name")).to_have_count(2)


def test_whoever_guesses_passwords_waits(browser: Browser, base: str, accounts: tuple[Account, Account]) -> None:
    with looking(browser, base) as look:
        page = look.go("/login")
        for _ in range(11):
            page.fill("#email", "nobody@example.org")
            page.fill("#password", "a guess")
            page.click("button.first")
            page.wait_for_load_state()
        expect(page.get_by_role("alert")).to_be_visible()
        answer = page.request.post(f"{base}/login", form={"email": "nobody@example.org", "password": "a guess"})
        assert answer.status == 429


def test_a_session_that_was_ended_is_out_with_its_next_click(
    browser: Browser, base: str, accounts: tuple[Account, Account], new_place: Place
) -> None:
    here = f"http://127.0.0.1:{new_place.http}"
    with looking(browser, here) as one, looking(browser, here) as other:
        page = one.go("/setup")
        page.fill("#f-organisation", "Two desks")
        page.fill("#f-email", "ada@example.org")
        page.fill("#f-password", "a long password")
        page.locator("button.first").click()
        page.wait_for_url(f"{here}/")
        ada = Account("", "ada@example.org", "a long password", [])
        other.sign_in(ada)
        page.goto(f"{here}/settings")
        page.get_by_role("button", name="End", exact=True).click()
        expect(page.locator("[data-toast]")).to_contain_text("The session is ended")
        other.page.goto(f"{here}/vehicles")
        assert other.page.url == f"{here}/login?next=/vehicles"
