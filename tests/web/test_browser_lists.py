"""Lists in a real browser: columns, views, orders, ticks in ranges and on all pages, bulk changes with undo, files."""

import csv
import io
import json
import urllib.parse
import zipfile
from typing import Any, Final
from xml.etree import ElementTree

import pytest
from playwright.sync_api import Browser, StorageState, expect

from tests.web.browser_kit import Look, looking, why_not

pytestmark = pytest.mark.skipif(bool(why_not()), reason=why_not() or "runs")
MANY: Final = 130
NAMES: Final = "td a.name"
SHEET: Final = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


@pytest.fixture(scope="module", autouse=True)
def many(browser: Browser, base: str, inside: StorageState) -> None:
    """More vehicles than a page has, without devices."""
    with looking(browser, base, storage_state=inside) as look:
        items = [{"external_id": f"M{n:03d}", "name": f"Many {n:03d}", "type": "CAR"} for n in range(MANY)]
        sent = look.page.request.post(f"{base}/api/v1/vehicles", data=items, headers=secret(look))
        assert sent.ok and sent.json()["done"] == MANY


def secret(look: Look) -> dict[str, str]:
    me = look.page.request.get(f"{look.base}/api/v1/session").json()
    return {"x-fleetline-csrf": me["csrf"], "origin": look.base}


def types(look: Look) -> set[str]:
    found = look.page.request.get(f"{look.base}/api/v1/vehicles?q=Many&limit=1000").json()
    return {item["type"] for item in found["items"]}


def test_columns_are_chosen_kept_in_the_address_and_then_for_good(look: Look, base: str) -> None:
    page = look.go("/vehicles")
    page.locator("summary", has_text="Columns").click()
    page.locator(".pickcols").get_by_label("Description").check()
    page.locator(".pickcols").get_by_label("Type", exact=True).uncheck()
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.locator("thead th", has_text="Description")).to_be_visible()
    expect(page.locator("thead th", has_text="Type")).to_have_count(0)
    assert "columns=" in page.url
    page.locator("summary", has_text="Columns").click()
    page.get_by_role("button", name="Always show me these columns").click()
    expect(page.locator("[data-toast]")).to_contain_text("yours now")
    page.goto(f"{base}/vehicles")
    expect(page.locator("thead th", has_text="Description")).to_be_visible()
    assert look.troubles == []


def test_a_view_is_saved_shared_by_its_address_and_forgotten(look: Look, base: str) -> None:
    page = look.go("/vehicles?q=truck&sort=-name")
    page.locator("summary", has_text="Views").click()
    page.fill("#view-name", "My trucks")
    page.get_by_role("button", name="Save view").click()
    page.goto(f"{base}/vehicles")
    page.get_by_role("link", name="My trucks").click()
    expect(page.locator(NAMES)).to_have_text(["Alpha truck"])
    assert "sort=-name" in page.url and "q=truck" in page.url
    expect(page.get_by_role("link", name="My trucks")).to_have_attribute("aria-current", "true")
    page.locator("summary", has_text="Views").click()
    page.get_by_role("button", name="Forget My trucks").click()
    expect(page.get_by_role("link", name="My trucks")).to_have_count(0)
    assert look.troubles == []


def test_a_list_goes_by_what_vehicles_do_and_those_that_say_nothing_come_last(look: Look) -> None:
    page = look.go("/vehicles?sort=-mileage_km")
    shown = page.locator(NAMES).all_inner_texts()
    assert {name.split(" ")[0] for name in shown[:2]} == {"Alpha"} and len(shown) == 100
    page.get_by_role("link", name="Next page").click()
    rest = page.locator(NAMES).all_inner_texts()
    assert len(rest) == MANY + 2 - 100
    assert not set(shown) & set(rest)
    expect(page.locator("th[aria-sort=descending]")).to_contain_text("Mileage")


def test_a_range_is_ticked_with_shift(look: Look) -> None:
    page = look.go("/vehicles?q=Many")
    page.get_by_label("Tick Many 002").click()
    page.get_by_label("Tick Many 009").click(modifiers=["Shift"])
    expect(page.locator("[data-ticked]")).to_have_text("8 ticked")
    assert look.troubles == []


def test_all_that_match_are_changed_at_once_and_undo_brings_them_back(look: Look) -> None:
    page = look.go("/vehicles?q=Many")
    page.locator("[data-all]").check()
    page.get_by_label(f"all {MANY} that match").check()
    expect(page.locator("[data-ticked]")).to_have_text("All that match are ticked")
    page.select_option("#bulk-type", "BUS")
    page.get_by_role("button", name="Set type").click()
    expect(page.locator("[data-toast]")).to_contain_text(f"{MANY} vehicles changed.")
    assert types(look) == {"BUS"}
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("[data-toast]")).to_contain_text("Taken back")
    assert types(look) == {"CAR"}
    assert look.troubles == []


def test_the_files_hold_the_whole_filter_with_the_columns_that_are_shown(look: Look, base: str) -> None:
    query = urllib.parse.urlencode({"q": "Many", "sort": "-name", "columns": "name,external_id,type"})
    text = look.page.request.get(f"{base}/vehicles/table.csv?{query}").body().decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(text)))
    assert rows[0] == ["Name", "ID", "Type"]
    assert rows[1] == ["Many 129", "M129", "Car"] and len(rows) == MANY + 1
    book = zipfile.ZipFile(io.BytesIO(look.page.request.get(f"{base}/vehicles/table.xlsx?{query}").body()))
    sheet = ElementTree.fromstring(book.read("xl/worksheets/sheet1.xml"))
    assert len(sheet.findall(f".//{SHEET}row")) == MANY + 1


def test_a_name_that_a_spreadsheet_would_run_is_only_text_in_a_file(look: Look, base: str) -> None:
    bad = "=HYPERLINK(1)"
    sent = look.page.request.post(
        f"{base}/api/v1/drivers", data=[{"external_id": "F1", "name": bad}], headers=secret(look)
    )
    assert sent.json()["done"] == 1
    text = look.page.request.get(f"{base}/drivers/table.csv").body().decode("utf-8-sig")
    assert f"'{bad}" in text
    book = zipfile.ZipFile(io.BytesIO(look.page.request.get(f"{base}/drivers/table.xlsx").body()))
    assert b"<f>" not in book.read("xl/worksheets/sheet1.xml")


def test_saved_views_of_nobody_else_are_seen(
    browser: Browser, base: str, inside: StorageState, accounts: tuple[Any, Any]
) -> None:
    with looking(browser, base, storage_state=inside) as one, looking(browser, base) as other:
        view = {"views": {"vehicles": [{"name": "Alpha secret view", "query": "q=x"}]}}
        kept = one.page.request.patch(f"{base}/api/v1/me", data=json.dumps(view), headers=secret(one) | JSON)
        assert kept.ok
        other.sign_in(accounts[1])
        assert "Alpha secret view" in one.go("/vehicles").content()
        assert "Alpha secret view" not in other.go("/vehicles").content()


def test_columns_views_and_bulk_changes_need_no_scripts(browser: Browser, base: str, accounts: tuple[Any, Any]) -> None:
    with looking(browser, base, java_script_enabled=False) as plain:
        plain.sign_in(accounts[1])
        page = plain.go("/vehicles")
        page.locator("summary", has_text="Columns").click()
        page.locator(".pickcols").get_by_label("Device").check()
        page.get_by_role("button", name="Show", exact=True).click()
        expect(page.locator("thead th", has_text="Device")).to_be_visible()
        page.get_by_label("Tick Beta bus").check()
        page.select_option("#bulk-type", "BUS")
        page.get_by_role("button", name="Set type").click()
        expect(page.locator("[data-toast]")).to_contain_text("1 vehicle changed.")
        page.get_by_role("button", name="Undo").click()
        expect(page.locator("[data-toast]")).to_contain_text("Taken back")
        assert plain.troubles == []


JSON: Final = {"content-type": "application/json"}
