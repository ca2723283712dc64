"""What pages work out by themselves: where a sign-in leads, trees, days of a zone, street maps."""

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from fleetline.web.pages.coming import safe_next
from fleetline.web.pages.groups import tree
from fleetline.web.site import marked
from fleetline.web.streets import streets_of
from fleetline.web.words import Words
from tests.web.tiles_kit import streets_file


@pytest.mark.parametrize(
    "path", ["https://example.org/", "//example.org", "/\\example.org", "vehicles", "", "javascript:x"]
)
def test_a_sign_in_never_leads_to_another_site(path: str) -> None:
    assert safe_next(path) == "/"


def test_a_sign_in_leads_back_to_where_the_visitor_was() -> None:
    assert safe_next("/vehicles?q=van") == "/vehicles?q=van"


def test_a_group_stands_below_its_parent_and_at_the_top_when_that_is_hidden() -> None:
    rows = [
        {"id": 1, "name": "North", "parent_id": None}, {"id": 2, "name": "Depot", "parent_id": 1},
        {"id": 3, "name": "Lost", "parent_id": 99}, {"id": 4, "name": "Bay", "parent_id": 2},
    ]  # fmt: skip
    assert [(depth, row["name"]) for depth, row in tree(rows)] == [(0, "Lost"), (0, "North"), (1, "Depot"), (2, "Bay")]


def test_times_and_distances_read_as_the_visitor_wants_them() -> None:
    now_ms = 1_773_144_000_000  # 10 March 2026, 12:00 UTC
    berlin = Words(ZoneInfo("Europe/Berlin"), "metric", now_ms)
    boston = Words(ZoneInfo("America/New_York"), "imperial", now_ms)
    assert (berlin.time(now_ms), boston.time(now_ms)) == ("13:00", "08:00")
    assert (berlin.distance(1.609344), boston.distance(1.609344)) == ("1.6 km", "1.0 mi")
    assert berlin.speed(None) == "–"
    assert berlin.age(now_ms - 90_000) == "1 min ago"
    assert berlin.state_words({"status": "moving", "alarm": "unplugged", "speed_kmh": 50}) == "Power cut"


def test_backticks_become_code_and_nothing_else_becomes_html() -> None:
    assert marked("Send `a<b` <now>") == "Send <code>a&lt;b</code> &lt;now&gt;"


def test_a_street_map_is_known_by_its_own_header(tmp_path: Path) -> None:
    path = tmp_path / "map.pmtiles"
    assert streets_of(path) is None
    path.write_bytes(streets_file((8.0, 48.0, 10.0, 50.0)))
    found = streets_of(path)
    assert found is not None
    assert (found.fault, found.bounds) == ("", (8.0, 48.0, 10.0, 50.0))
    assert found.address.startswith("/tiles/streets.pmtiles?v=")


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"not a map", "is no PMTiles file"),
        (streets_file((0, 0, 0, 0)), "has no usable bounds"),
        (streets_file(kind=2), "holds pictures"),
        (b"PMTiles\x02" + bytes(200), "version 2"),
    ],
    ids=["other", "bounds", "pictures", "old"],
)
def test_a_street_map_that_cannot_be_shown_is_told_of(tmp_path: Path, data: bytes, fault: str) -> None:
    path = tmp_path / "map.pmtiles"
    path.write_bytes(data)
    found = streets_of(path)
    assert found is not None
    assert fault in found.fault
    assert found.address == ""
