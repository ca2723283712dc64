"""The documentation pages in a real browser: choices keep the place that is read, both themes can be read."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.api.postman_kit import Served, serve
from tests.web.browser_kit import AXE, looking, why_not

pytestmark = pytest.mark.skipif(bool(why_not()), reason=why_not() or "it can run")
PLACE = "#post_v1_resources"
NAMES = ("fleetize", "fleetview", "own", "trimble")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    yield from serve(tmp_path_factory.mktemp("docs"))


def test_another_language_comes_without_leaving_the_place_that_is_read(served: Served, browser: Browser) -> None:
    with looking(browser, served.base, viewport={"width": 1280, "height": 800}) as look:
        page = look.go("/docs/fleetview")
        page.evaluate(f"document.querySelector('{PLACE}').scrollIntoView()")
        before = page.evaluate("scrollY")
        page.evaluate("window.stayed = true")
        page.select_option("#lang", "go")
        expect(page.locator(f"{PLACE} [data-sample] pre")).to_contain_text("package main")
        page.select_option("#env", "none")
        expect(page.locator(f"{PLACE} [data-sample] pre")).to_contain_text('"{{baseUrl}}/v1/resources"')
        assert page.evaluate("window.stayed") and before > 1000
        assert abs(page.evaluate("scrollY") - before) < 400, (
            "the choices stay in sight, so nobody has to scroll to them"
        )
        assert "lang=go" in page.url and "env=none" in page.url
        page.reload()
        expect(page.locator(f"{PLACE} [data-sample] pre")).to_contain_text("package main")
        assert look.troubles == []


def test_theme_and_columns_change_at_once_and_go_along_to_the_other_apis(served: Served, browser: Browser) -> None:
    with looking(browser, served.base, viewport={"width": 1280, "height": 800}, color_scheme="light") as look:
        page = look.go("/docs/fleetview")
        light = page.evaluate("getComputedStyle(document.body).color")
        page.select_option("#theme", "dark")
        page.select_option("#columns", "1")
        assert page.evaluate("getComputedStyle(document.body).color") != light
        expect(page.locator(".doc")).to_have_class("doc one")
        page.click("form[data-choices] a:has-text('Trimble')")
        page.wait_for_url("**/docs/trimble?**")
        assert page.evaluate("document.documentElement.dataset.theme") == "dark"
        expect(page.locator("#columns")).to_have_value("1")
        assert look.troubles == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", NAMES)
def test_no_rule_of_accessibility_is_broken_in_either_theme(
    served: Served, browser: Browser, name: str, scheme: str
) -> None:
    if not AXE.is_file():
        pytest.skip("axe-core is not installed: npm ci")
    with looking(browser, served.base, viewport={"width": 1280, "height": 800}, color_scheme=scheme) as look:
        look.go(f"/docs/{name}")
        assert look.axe() == []
        assert look.troubles == []


@pytest.mark.parametrize("name", NAMES)
def test_a_phone_never_scrolls_sideways(served: Served, browser: Browser, name: str) -> None:
    with looking(browser, served.base, viewport={"width": 390, "height": 844}) as look:
        page = look.go(f"/docs/{name}")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_without_scripts_a_button_sends_the_choices(served: Served, browser: Browser) -> None:
    with looking(browser, served.base, java_script_enabled=False) as look:
        page = look.go("/docs/fleetview")
        page.select_option("#lang", "python")
        page.click("noscript button, form[data-choices] button")
        expect(page.locator(f"{PLACE} [data-sample] pre")).to_contain_text("import requests")
