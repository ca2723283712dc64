"""Tables: which columns a visitor sees, what an address means, and what cells become in a file."""

from typing import Any
from zoneinfo import ZoneInfo

from fleetline.web.pages.lists import asked_of
from fleetline.web.sheets import as_csv, guarded, headings
from fleetline.web.tables import TABLES, VEHICLES, query_of, shown_of, views_of
from fleetline.web.words import Words

NOW_MS = 1_773_144_000_000  # 10 March 2026, 12:00 UTC
METRIC = Words(ZoneInfo("Europe/Berlin"), "metric", NOW_MS)
MILES = Words(ZoneInfo("America/New_York"), "imperial", NOW_MS)


class Params(dict[str, str]):
    def getlist(self, name: str) -> list[str]:
        return [self[name]] if name in self else []


class Asked:
    def __init__(self, **query: str) -> None:
        self.query_params = Params(query)


class Visitor:
    """A visit as far as tables look at it."""

    def __init__(self, preferences: dict[str, Any], **query: str) -> None:
        self.me = {"preferences": preferences}
        self.request = Asked(**query)


def keys(visit: Visitor, table: str = "vehicles") -> list[str]:
    return [column.key for column in shown_of(visit, table).columns]  # type: ignore[arg-type]  # all that it looks at


def test_the_address_goes_before_what_a_visitor_keeps_and_that_before_the_common_columns() -> None:
    common = [column.key for column in VEHICLES if column.fixed or column.common]
    assert keys(Visitor({})) == common
    kept = {"columns": {"vehicles": ["name", "speed"]}}
    assert keys(Visitor(kept)) == ["name", "speed"]
    assert keys(Visitor(kept, columns="type,groups")) == ["name", "groups", "type"]


def test_preferences_that_make_no_sense_are_passed_over() -> None:
    assert keys(Visitor({"columns": 7})) == keys(Visitor({}))
    assert keys(Visitor({"columns": {"vehicles": ["no such", 3]}})) == ["name"]
    assert views_of(Visitor({"views": {"vehicles": [3, {"name": "x"}]}}), "vehicles") == []  # type: ignore[arg-type]  # as above


def test_boxes_of_one_name_are_one_list_in_an_address() -> None:
    assert query_of("/vehicles?q=a&columns=name&columns=type&cursor=9&done=x") == {"q": "a", "columns": "name,type"}


def test_a_filter_is_said_in_the_words_of_the_api() -> None:
    assert asked_of("devices", {"fitted": "no", "retired": "1", "q": " x "}) == {
        "q": "x", "has_vehicle": "false", "retired": "true",
    }  # fmt: skip
    assert asked_of("vehicles", {"archived": "1", "status": "moving"})["archived"] == "true"


def test_numbers_of_a_file_are_in_the_visitors_unit_and_its_heading_says_so() -> None:
    column = next(column for column in VEHICLES if column.key == "mileage")
    item = {"now": {"mileage_km": 1609.344}}
    assert (headings([column], METRIC), column.plain(item, METRIC)) == (["Mileage, km"], 1609.344)
    assert (headings([column], MILES), column.plain(item, MILES)) == (["Mileage, mi"], 1000.0)
    assert column.plain({"now": None}, METRIC) is None


def test_a_cell_that_begins_like_a_formula_is_guarded_and_a_negative_number_is_not() -> None:
    assert (guarded("=1+1"), guarded("@x"), guarded(-3.5), guarded("plain")) == ("'=1+1", "'@x", -3.5, "plain")
    column = TABLES["drivers"][0]
    assert as_csv([column], [["Zoë"]], METRIC) == "\ufeffName\r\nZoë\r\n".encode()


def test_times_of_a_file_carry_their_offset() -> None:
    column = next(column for column in VEHICLES if column.key == "fix")
    assert column.plain({"now": {"fix_at_ms": NOW_MS}}, METRIC) == "2026-03-10 13:00:00 +01:00"
