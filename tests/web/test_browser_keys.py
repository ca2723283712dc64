"""Everything by keys: the filter, rows, ticks, editing, help, and how those of one letter are switched off."""

import pytest
from playwright.sync_api import expect

from tests.web.browser_kit import Look, why_not

pytestmark = pytest.mark.skipif(bool(why_not()), reason=why_not() or "runs")
FOCUSED = "document.activeElement.textContent.trim()"


def test_a_list_is_walked_ticked_and_edited_by_single_keys(look: Look, base: str) -> None:
    page = look.go("/vehicles")
    page.keyboard.press("j")
    assert page.evaluate(FOCUSED) == "Alpha truck"
    page.keyboard.press("x")
    expect(page.locator("[data-ticked]")).to_have_text("1 ticked")
    page.keyboard.press("j")
    assert page.evaluate(FOCUSED).startswith("Alpha van")
    page.keyboard.press("k")
    assert page.evaluate(FOCUSED) == "Alpha truck"
    page.keyboard.press("e")
    page.wait_for_url(f"{base}/vehicles/*/edit")
    expect(page.locator("#f-name")).to_have_value("Alpha truck")
    assert look.troubles == []


def test_the_slash_goes_to_the_filter_and_letters_typed_there_are_letters(look: Look) -> None:
    page = look.go("/vehicles")
    page.keyboard.press("/")
    page.keyboard.type("jx")
    expect(page.locator("#q")).to_have_value("jx")
    expect(page.locator(".empty")).to_be_visible()


def test_the_question_mark_shows_all_keys_and_escape_closes_them(look: Look) -> None:
    page = look.go("/devices")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard")).to_contain_text("find anything")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_keys_of_one_letter_can_be_switched_off_and_the_palette_still_opens(look: Look, base: str) -> None:
    page = look.go("/settings")
    page.get_by_label("Shortcuts of a single key").uncheck()
    page.locator("[data-theme-form]").get_by_role("button", name="Save").click()
    try:
        page.goto(f"{base}/vehicles")
        page.keyboard.press("?")
        page.keyboard.press("j")
        assert page.get_by_role("dialog").count() == 0
        assert page.evaluate("document.activeElement === document.body")
        page.keyboard.press("Control+k")
        expect(page.get_by_role("dialog", name="Find anything")).to_be_visible()
    finally:
        page.goto(f"{base}/settings")
        page.get_by_label("Shortcuts of a single key").check()
        page.locator("[data-theme-form]").get_by_role("button", name="Save").click()


def test_the_palette_knows_pages_and_says_when_it_finds_nothing(look: Look, base: str) -> None:
    page = look.go("/")
    page.keyboard.press("Control+k")
    expect(page.get_by_role("dialog", name="Find anything")).to_be_visible()
    page.keyboard.type("no such thing at all")
    expect(page.get_by_role("dialog").get_by_role("status")).to_contain_text("Nothing is called")
    page.get_by_role("combobox").fill("audit")
    page.keyboard.press("Enter")
    page.wait_for_url(f"{base}/settings/audit")
    assert look.troubles == []


def test_the_first_stop_of_the_tabulator_leads_past_the_rail(look: Look) -> None:
    page = look.go("/groups")
    page.keyboard.press("Tab")
    assert page.evaluate(FOCUSED) == "Skip to content"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
