"""What solar pages work out by themselves: the form of a site, parts more and less, energies of days."""

from typing import Any
from zoneinfo import ZoneInfo

import pytest

from fleetline.web.pages.solar_form import body_of, edited, flat, nested, place_of, shown
from fleetline.web.pages.solar_power import by_day, kwh, mark_of, well_metered
from fleetline.web.words import Words

ARRAY = {
    "modules": [{"count": 20, "nameplate_dc_kw": 0.4, "ptc_kw": None}], "azimuth_deg": 180.0, "tilt_deg": 30.0,
    "tracking": "fixed", "mounting": "roof", "module_row_count": 2, "named_months": [12],
    "solar_access_pct": [100.0] * 11 + [60.0],
    "obstructions": [{"azimuth_deg": 90.0, "elevation_deg": 12.5, "opacity_pct": 100.0}],
}  # fmt: skip
ITEM: dict[str, Any] = {
    "name": "Roof", "customer_site_id": None, "zone": "South", "feeder": None, "customer_class": None,
    "description": "", "tags": ["a", "b"],
    "site": {
        "latitude_deg": 48.7, "longitude_deg": 9.1, "elevation_m": None, "install_date": "2021-06-01",
        "decommission_date": None, "export_limit_kw": None, "degradation_pct_per_year": None,
        "systems": [{
            "inverters": [{"count": 1, "max_power_ac_kw": 7.0, "efficiency_pct": 97.5}], "arrays": [ARRAY],
            "albedo_pct": 17.0, "derate_pct": None,
        }],
    },
}  # fmt: skip


def form() -> dict[str, Any]:
    """What a browser sends when nothing was touched."""
    return nested(dict(flat(shown(ITEM))))


def test_a_form_that_nobody_touched_says_what_is_stored() -> None:
    body, faults = body_of(form())
    assert not faults
    assert (body["name"], body["tags"], body["feeder"], body["site"]["install_date"]) == (
        "Roof", ["a", "b"], None, "2021-06-01",
    )  # fmt: skip
    [system] = body["site"]["systems"]
    [array] = system["arrays"]
    assert "derate_pct" not in system, "what is left empty takes the API's own default"
    assert array["modules"] == [{"count": 20, "nameplate_dc_kw": 0.4}]
    assert array["obstructions"] == ARRAY["obstructions"]
    assert (array["solar_access_pct"], array["named_months"]) == (ARRAY["solar_access_pct"], [12])


def test_a_decimal_comma_is_a_number_and_a_word_is_none() -> None:
    fields = dict(flat(shown(ITEM)))
    fields["site.latitude_deg"] = "48,75"
    fields["site.systems.0.arrays.0.tilt_deg"] = "steep"
    body, faults = body_of(nested(fields))
    assert body["site"]["latitude_deg"] == 48.75
    assert faults == {"site.systems.0.arrays.0.tilt_deg": "must be a number"}


def test_name_and_place_are_needed() -> None:
    fields = dict(flat(shown(ITEM))) | {"name": "", "site.longitude_deg": ""}
    assert body_of(nested(fields))[1] == {"name": "is needed", "site.longitude_deg": "is needed"}


def test_a_part_more_begins_as_the_one_before_and_the_last_one_stays() -> None:
    more = edited(form(), "add:site.systems.0.arrays")
    assert more is not None
    arrays = more["site"]["systems"][0]["arrays"]
    assert len(arrays) == 2 and arrays[0] == arrays[1]
    less = edited(more, "drop:site.systems.0.arrays.0")
    assert less is not None and len(less["site"]["systems"][0]["arrays"]) == 1
    assert edited(less, "drop:site.systems.0.arrays.0") == less
    assert edited(form(), "save") is None


@pytest.mark.parametrize("act", ["add:nowhere", "drop:site.systems.9.arrays.9", "add:site.systems.x", "drop:"])
def test_a_part_that_is_not_there_changes_nothing(act: str) -> None:
    assert edited(form(), act) == form()


def test_a_fault_names_its_place_in_words() -> None:
    assert place_of("site.systems.0.arrays.1.tilt_deg") == "System 1, array 2, tilt"
    assert place_of("customer_site_id") == "Site ID"


def test_energy_is_added_up_by_the_days_of_the_visitors_zone() -> None:
    class Visit:
        words = Words(ZoneInfo("Europe/Berlin"), "metric", 0)

    noon_ms = 1_773_144_000_000  # 10 March 2026, 12:00 UTC
    rows: list[tuple[int, list[float | None]]] = [
        (noon_ms, [4.0, None, None, None]), (noon_ms + 3_600_000, [None, 2.0, None, None]),
        (noon_ms + 11 * 3_600_000, [1.0, None, None, None]),
    ]  # fmt: skip
    assert by_day(Visit(), rows, 1800) == [  # type: ignore[arg-type]  # only the words of a visit are asked
        ("2026-03-10", [2.0, 1.0, None, None]), ("2026-03-11", [0.5, None, None, None]),
    ]  # fmt: skip


def test_a_series_without_values_has_no_energy() -> None:
    assert kwh({"power_ac_kw": [None, None], "period_s": 3600}) is None
    assert kwh({"power_ac_kw": [2.0, None, 4.0], "period_s": 900}) == 1.5
    assert kwh(None) is None


def test_a_ratio_is_marked_by_how_bad_it_is() -> None:
    assert [mark_of(ratio) for ratio in (None, 0.5, 0.8, 0.95)] == ["", "bad", "warn", "good"]


def test_hours_in_which_some_meters_of_a_fleet_were_silent_are_gaps_and_no_losses() -> None:
    found = {"power_ac_kw": [5.0, 1.0, None, 6.0], "available_kw": [100.0, 20.0, 0.0, 95.0]}
    assert well_metered(found) == [5.0, None, None, 6.0]
    partly = {"power_ac_kw": [5.0, 6.0], "available_kw": [20.0, 20.0]}
    assert well_metered(partly) == [5.0, 6.0], "a fleet of which a part is metered at all"
