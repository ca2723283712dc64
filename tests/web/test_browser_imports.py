"""Lists brought in from files in a real browser: columns, preview, progress, result file, undo, what was before."""

import csv
import io
from typing import Any, Final

import pytest
from playwright.sync_api import Browser, Page, StorageState, expect

from tests.web.browser_kit import AXE, SIZES, Look, looking, why_not

pytestmark = pytest.mark.skipif(bool(why_not()), reason=why_not() or "runs")
VANS: Final = "Kennzeichen;Bezeichnung;Farbe\nI-1;Imported one;rot\nI-2;Imported two;blau\n;Nameless;grün\n"
MANY: Final = 12_000


def chosen(look: Look, kind: str, name: str, text: str) -> Page:
    """The page after a file was chosen and previewed."""
    page = look.go(f"/import/{kind}")
    page.set_input_files("#file", {"name": name, "mimeType": "text/csv", "buffer": text.encode()})
    page.get_by_role("button", name="Preview").click()
    page.wait_for_url("**/imports/*")
    expect(page.locator("import-progress")).to_have_count(0, timeout=60_000)
    return page


def asked(look: Look, method: str, path: str, body: Any = None) -> Any:
    me = look.page.request.get(f"{look.base}/api/v1/session").json()
    headers = {"x-fleetline-csrf": me["csrf"], "origin": look.base}
    return look.page.request.fetch(f"{look.base}/api/v1{path}", method=method, data=body, headers=headers).json()


def imported(page: Page, rows: int) -> None:
    page.get_by_role("button", name=f"Import {rows:,} row").click()
    expect(page.locator("h1")).not_to_contain_text("Preview")
    expect(page.locator("import-progress")).to_have_count(0, timeout=60_000)


def test_a_file_with_other_columns_comes_in_and_is_known_the_next_time(look: Look) -> None:
    page = chosen(look, "vehicles", "vans.csv", VANS)
    expect(page.get_by_role("alert")).to_contain_text("Say which column of the file is Vehicle ID")
    page.select_option('[name="map:Vehicle ID"]', "Kennzeichen")
    page.select_option('[name="map:Vehicle Name"]', "Bezeichnung")
    page.get_by_role("button", name="Preview again").click()
    expect(page.get_by_role("group", name="Show rows")).to_have_text("All 3Error 1Added 2")
    expect(page.locator("tbody td").last).to_have_text("Vehicle ID is blank")
    imported(page, 2)
    link = page.get_by_role("link", name="Result file").get_attribute("href")
    rows = list(csv.reader(io.StringIO(page.request.get(f"{look.base}{link}").text())))
    assert rows == [
        ["Kennzeichen", "Bezeichnung", "Farbe", "Result", "Error"], ["I-1", "Imported one", "rot", "added", ""],
        ["I-2", "Imported two", "blau", "added", ""], ["", "Nameless", "grün", "refused", "Vehicle ID is blank"],
    ]  # fmt: skip
    page = chosen(look, "vehicles", "next.csv", VANS.replace("one", "changed"))
    expect(page.locator('[name="map:Vehicle ID"]')).to_have_value("Kennzeichen")
    expect(page.get_by_role("group", name="Show rows")).to_have_text("All 3Error 1Changed 1No change 1")
    assert look.troubles == []


def test_an_undo_says_which_rows_it_left_alone(look: Look) -> None:
    page = chosen(look, "vehicles", "undo.csv", "Vehicle ID,Vehicle Name\nU-1,Undone one\nU-2,Undone two\n")
    imported(page, 2)
    [kept] = asked(look, "GET", "/vehicles?external_id=U-2")["items"]
    asked(look, "PATCH", "/vehicles", [{"id": kept["id"], "name": "Mine now"}])
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("h1")).to_have_text("Undo of undo.csv")
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page.locator("tbody tr")).to_contain_text("Mine now")
    expect(page.locator("tbody tr")).to_contain_text("was changed since")
    assert [item["name"] for item in asked(look, "GET", "/vehicles?q=U-")["items"]] == ["Mine now"]
    page = look.go("/imports")
    row = page.locator("tbody tr", has_text="undo.csv")
    expect(row).to_contain_text("Undone")
    expect(row).to_contain_text("boss@alpha.example")
    expect(row.get_by_role("button")).to_have_count(0)
    assert look.troubles == []


def test_a_long_file_shows_how_far_it_is_and_ends_without_being_looked_at(look: Look) -> None:
    rows = "".join(f"L-{number},Long {number}\n" for number in range(MANY))
    page = chosen(look, "drivers", "long.csv", "Driver ID,Driver Name\n" + rows)
    expect(page.get_by_role("group", name="Show rows")).to_have_text("All 12,000Added 12,000")
    imported(page, MANY)
    expect(page.get_by_role("link", name="Next page")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("import-progress")).to_have_count(0, timeout=60_000)
    expect(page.locator(".notice")).to_contain_text("12000 taken back")
    assert asked(look, "GET", "/drivers?q=Long")["items"] == []


def test_a_file_that_is_none_is_refused_in_words(look: Look) -> None:
    page = look.go("/import/solar")
    page.set_input_files("#file", {"name": "x.geojson", "mimeType": "application/geo+json", "buffer": b"{}"})
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_role("alert")).to_contain_text("no GeoJSON FeatureCollection")


def test_the_template_of_each_list_comes_in_without_an_error(look: Look) -> None:
    for kind in ("vehicles", "drivers", "devices", "solar"):
        text = look.page.request.get(f"{look.base}/import/{kind}/template.csv").text()
        page = chosen(look, kind, f"{kind}.csv", text)
        expect(page.get_by_role("group", name="Show rows")).to_have_text("All 1Added 1")


def test_everything_works_without_script(browser: Browser, base: str, inside: StorageState) -> None:
    with looking(browser, base, storage_state=inside, java_script_enabled=False) as look:
        page = chosen(look, "vehicles", "plain.csv", "Vehicle ID\nP-1\n")
        page.get_by_role("button", name="Import 1 row").click()
        expect(page.locator("tbody tr")).to_contain_text("P-1")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_rule_of_accessibility_is_broken(browser: Browser, base: str, inside: StorageState, scheme: str) -> None:
    if not AXE.is_file():
        pytest.skip("axe-core is not installed: npm ci")
    with looking(browser, base, storage_state=inside, color_scheme=scheme, bypass_csp=True) as look:
        preview = chosen(look, "vehicles", f"{scheme}.csv", VANS.replace("I-", f"{scheme}-")).url.removeprefix(base)
        for width, height in SIZES:
            look.page.set_viewport_size({"width": width, "height": height})
            for path in ("/import/vehicles", "/import/solar", "/imports", preview):
                page = look.go(path)
                page.wait_for_load_state("networkidle")
                assert look.axe() == [], (path, width)
                assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (path, width)
