"""Lists from files: which column stands for which, and files of several forms read into rows."""

import pytest

from fleetline.core.list_files import read_file
from fleetline.core.list_kinds import KINDS, checked, guessed, header_key, missing
from fleetline.core.solar_sheet import draft_of_cells, modules_of
from fleetline.model.errors import Invalid
from fleetline.model.power import Mounting, Tracking
from fleetline.model.resource import Fault


def test_columns_are_found_by_the_names_that_other_programs_give_them() -> None:
    vehicles = KINDS["vehicles"]
    assert guessed(vehicles, ["Plate", "LABEL", "Colour"]) == {"Vehicle ID": "Plate", "Vehicle Name": "LABEL"}
    assert missing(vehicles, guessed(vehicles, ["Label"])) == ("Vehicle ID",)
    solar = guessed(KINDS["solar"], ["Site", "Lat", "Lng", "kWp", "kW", "Tilt", "Azimuth"])
    assert (solar["name"], solar["dc_kw"], solar["ac_kw"]) == ("Site", "kWp", "kW")


def test_one_column_of_a_file_is_never_taken_twice() -> None:
    assert guessed(KINDS["vehicles"], ["name"]) == {"Vehicle Name": "name"}
    found = guessed(KINDS["devices"], ["imei", "vehicle"])
    assert found == {"imei": "imei", "name": "vehicle"}


def test_a_header_is_known_again_in_another_order_and_case() -> None:
    assert header_key(["A", "b "]) == header_key(["B", "a"]) != header_key(["A", "c"])


@pytest.mark.parametrize("columns", [{"Nonsense": "Plate"}, {"Vehicle ID": "gone"}, {"Vehicle ID": "Twice"}])
def test_a_mapping_that_does_not_fit_is_refused(columns: dict[str, str]) -> None:
    with pytest.raises(Invalid):
        checked(KINDS["vehicles"], ["Plate", "Twice", "Twice"], columns)


def test_short_and_long_lines_of_a_table_are_as_wide_as_its_header() -> None:
    found = read_file("\ufeffA;B\n1\n\n2;3;4\n".encode(), "text/csv")
    assert found.header == ("A", "B")
    assert [(row.number, row.cells) for row in found.rows] == [(2, ("1", "")), (4, ("2", "3"))]
    assert found.blank == 1


def test_a_line_that_is_no_object_does_not_spoil_the_others() -> None:
    found = read_file(b'{"name": "A"}\n{broken\n', "application/x-ndjson")
    assert found.rows[0].value == {"name": "A"}
    assert isinstance(found.rows[1].value, Invalid)


def test_a_point_without_a_site_is_read_by_its_properties() -> None:
    text = b'{"type": "FeatureCollection", "features": [{"type": "Feature", "geometry": {"type": "Point",' \
        b'"coordinates": [9.1, 48.7]}, "properties": {"name": "A", "dc_kw": 10}}]}'  # fmt: skip
    [row] = read_file(text, "application/geo+json").rows
    assert row.value == {"name": "A", "dc_kw": 10, "longitude_deg": 9.1, "latitude_deg": 48.7}


def test_totals_of_a_system_become_its_parts() -> None:
    faults: list[Fault] = []
    cells = {
        "name": "Roof", "latitude_deg": "48,7", "longitude_deg": "9.1", "dc_kw": "2500", "ac_kw": "2000",
        "tilt_deg": "20", "azimuth_deg": "180", "tracking": "Single Axis", "mounting": "Roof", "tags": "a; b;",
    }  # fmt: skip
    draft = draft_of_cells(cells, faults)
    assert draft is not None and not faults
    [system] = draft.site.systems
    assert (draft.site.dc_kw, draft.site.ac_kw, draft.site.latitude_deg) == (2500, 2000, 48.7)
    assert (system.arrays[0].tracking, system.arrays[0].mounting) == (Tracking.SINGLE_AXIS, Mounting.ROOF)
    assert (system.arrays[0].modules[0].count, draft.tags) == (3, ("a", "b"))


def test_a_module_is_never_larger_than_one_may_be() -> None:
    assert modules_of(1000) == {"count": 1, "nameplate_dc_kw": 1000}
    assert modules_of(1000.5)["count"] == 2


def test_every_fault_of_a_row_is_told() -> None:
    faults: list[Fault] = []
    assert draft_of_cells({"name": "Roof", "latitude_deg": "x", "longitude_deg": "9", "dc_kw": "1"}, faults) is None
    assert {fault.field for fault in faults} == {"latitude_deg", "ac_kw", "azimuth_deg", "tilt_deg"}
