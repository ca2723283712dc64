"""Counters: what each day began with, and which offset is in force (fleetize Z-69 to Z-71)."""

from fleetline.model.motion import COARSE_ODOMETER, MISSING_64
from fleetline.model.trips.fold import Fold
from fleetline.model.trips.mileage import (
    CALIBRATED,
    FITTED,
    LATE,
    ODOMETER,
    DayCounter,
    Offset,
    anchored,
    calibrated_offset_um,
    calibration,
    counter_um,
    device_counters,
    distance_km,
    odometer_offset,
    raw_offset_um,
    route_counters,
    settle,
    whole_km,
)
from tests.model.trips_kit import DAY_S, Script, routes_by, run

KM = 1_000_000_000
DAY = DAY_S // 86_400
DAY_MS = 86_400_000
END_S = DAY_S + 30 * 3600


def test_a_day_begins_where_the_last_one_ended() -> None:
    first, _ = settle({}, {10: 5 * KM}, 0, in_order=True)
    second, offsets = settle(first, {12: 3 * KM}, 0, in_order=True)
    assert second[12] == DayCounter(12, 5 * KM, 3 * KM)
    assert second[10].passed_on_um == 5 * KM
    assert offsets == []


def test_a_day_that_grows_over_midnight_takes_the_next_one_along() -> None:
    counters, _ = settle({}, {10: 5 * KM, 11: 1 * KM}, 0, in_order=True)
    grown, offsets = settle(counters, {10: 6 * KM, 11: 2 * KM}, 0, in_order=True)
    assert (grown[11].start_um, grown[11].metres_um, offsets) == (6 * KM, 2 * KM, [])


def test_a_late_report_never_moves_a_day_that_has_begun() -> None:
    counters, _ = settle({}, {10: 5 * KM, 11: 1 * KM}, 0, in_order=True)
    changed, offsets = settle(counters, {10: 7 * KM}, 999, in_order=False)
    assert changed == {10: DayCounter(10, 0, 7 * KM, 7 * KM)}
    assert offsets == [Offset(999, LATE, 2 * KM, 10)]
    again, nothing = settle({**counters, **changed}, {10: 7 * KM}, 1000, in_order=False)
    assert (again, nothing) == ({}, [])


def test_a_late_report_that_shortens_a_day_takes_no_mileage_back() -> None:
    counters, _ = settle({}, {10: 5 * KM, 11: 1 * KM}, 0, in_order=True)
    shorter, offsets = settle(counters, {10: 4 * KM}, 999, in_order=False)
    assert offsets == []
    longer, offsets = settle({**counters, **shorter}, {10: 6 * KM}, 1000, in_order=False)
    assert offsets == [Offset(1000, LATE, 1 * KM, 10)]
    assert longer[10].metres_um == 6 * KM


def test_a_late_day_that_never_was_enters_whole() -> None:
    counters, _ = settle({}, {10: 5 * KM, 12: 1 * KM}, 0, in_order=True)
    changed, offsets = settle(counters, {11: 2 * KM}, 7, in_order=False)
    assert changed[11].start_um == 5 * KM
    assert offsets == [Offset(7, LATE, 2 * KM, 11)]


def test_raw_adds_the_first_odometer_and_calibrated_the_last_word() -> None:
    offsets = [
        Offset(100, ODOMETER, 50_000 * KM, 0),
        calibration(CALIBRATED, 200, 120_000, 10 * KM),
        Offset(300, LATE, 2 * KM),
        calibration(FITTED, 400, 80_000, 30 * KM),
    ]
    assert [raw_offset_um(offsets, at) for at in (0, 250, 350)] == [50_000 * KM, 50_000 * KM, 50_002 * KM]
    assert calibrated_offset_um(offsets, 150) == 50_000 * KM
    assert calibrated_offset_um(offsets, 250) == 119_990 * KM
    assert calibrated_offset_um(offsets, 350) == 119_992 * KM
    assert calibrated_offset_um(offsets, 450) == 79_970 * KM


def test_both_ends_of_a_route_use_the_offset_at_its_destination() -> None:
    (route,) = routes_by(Script().stand(60).leave().drive().stand(400, False).done(), END_S)
    middle = calibration(CALIBRATED, (route.origin_ms + route.destination_ms) // 2, 1000, 5 * KM)
    origin, destination, _ = route_counters(route, 0, [middle], END_S * 1000)
    assert destination - origin == route.metres_um
    assert whole_km(origin) == 995


def test_the_first_odometer_is_noted_with_the_counter_of_its_moment() -> None:
    script = Script().stand(60).leave().drive(5)
    script.odometer_m = 7_000_000
    fold, outcome = run(script.silent(10, 0).say(0, True).drive(5).stand(400, False).done())
    first = fold.view(END_S * 1000).first_odometer
    assert first is not None
    at_ms, metres, day, before_um = first
    assert (metres, day) == (7_000_000, DAY)
    counters, _ = settle({}, outcome.days, 0, in_order=True)
    offset = odometer_offset(first, counters[DAY].start_um)
    assert offset == Offset(at_ms, ODOMETER, 7000 * KM - before_um, DAY)
    raw = device_counters(counter_um(fold.view(END_S * 1000), counters), [offset], END_S * 1000)[1]
    assert raw == whole_km(7000 * KM + sum(outcome.days.values()) - before_um)


def test_a_first_odometer_without_a_fix_counts_for_the_offset() -> None:
    script = Script().stand(60).leave().drive(1)
    fold = Fold()
    fold.feed(script.done())
    row = script.silent(10, 0).say(None, True, odometer_m=9000).rows[-1]
    row["lat_e7"] = row["lon_e7"] = -(2**31)
    fold.feed(row)
    first = fold.view(END_S * 1000).first_odometer
    assert first is not None and first[1] == 9000


def test_a_coarse_odometer_counts_for_the_offset_only() -> None:
    script = Script(odometer_m=1_000_000).stand(60).leave().drive(10, gain=1.5).stand(400, False)
    rows = script.done()
    rows["flags"] |= COARSE_ODOMETER
    fold, outcome = run(rows)
    assert [round(um / 1e6) for um in outcome.days.values()] == [10_000]
    assert fold.view(END_S * 1000).first_odometer is not None


def test_an_absent_odometer_costs_the_legs_at_both_ends() -> None:
    script = Script(odometer_m=1_000_000).stand(60).leave().drive(10, gain=1.02).stand(400, False)
    rows = script.done()
    rows["odometer_m"][15] = MISSING_64
    (route,) = routes_by(rows, END_S)
    assert round(route.metres_m) == 18 * 510 + 2 * 500


def test_an_odometer_that_jumps_costs_one_leg() -> None:
    script = Script(odometer_m=1_000_000).stand(60).leave().drive(5, gain=1.02)
    assert script.odometer_m is not None
    script.odometer_m += 50_000
    (route,) = routes_by(script.drive(5, gain=1.02).stand(400, False).done(), END_S)
    assert round(route.metres_m) == 10_190


def test_an_odometer_that_sticks_for_a_kilometre_is_ignored_from_its_last_change() -> None:
    script = Script(odometer_m=1_000_000).stand(60).leave().drive(5, gain=1.02)
    stuck = script.drive(5, gain=0.0).stand(400, False).done()
    (route,) = routes_by(stuck, END_S)
    assert round(route.metres_m) == 10 * 510 + 10 * 500


def test_an_odometer_that_sticks_for_less_is_believed() -> None:
    script = Script(odometer_m=1_000_000).stand(60).leave().drive(5, gain=1.02).drive(0.5, gain=0.0)
    (route,) = routes_by(script.drive(4.5, gain=1.02).stand(400, False).done(), END_S)
    assert round(route.metres_m) == 19 * 510


def test_kilometres_are_cut_for_counters_and_rounded_for_distances() -> None:
    assert (whole_km(1_999_999_999), distance_km(1_499_999_999), distance_km(1_500_000_000)) == (1, 1, 2)


def test_late_metres_are_known_already_to_what_was_read_or_stated_on_a_later_day() -> None:
    offsets = [
        Offset(3 * DAY_MS + 5, ODOMETER, 50_000 * KM, 3),
        calibration(CALIBRATED, 5 * DAY_MS, 120_000, 10 * KM),
        Offset(6 * DAY_MS, LATE, 2 * KM, 2),
        Offset(6 * DAY_MS, LATE, 1 * KM, 4),
        Offset(6 * DAY_MS, LATE, 3 * KM, 5),
    ]
    assert raw_offset_um(offsets, 7 * DAY_MS) == 50_004 * KM
    assert calibrated_offset_um(offsets, 7 * DAY_MS) == 119_993 * KM


def test_an_earlier_odometer_moves_no_day_whose_odometer_came_before_it() -> None:
    former = Offset(3 * DAY_MS + 5, ODOMETER, 50_000 * KM, 3)
    offsets = [
        *anchored([former], Offset(1 * DAY_MS + 5, ODOMETER, 49_900 * KM, 1)),
        Offset(5 * DAY_MS, LATE, 100 * KM, 1),
    ]
    moments = (0, 2 * DAY_MS - 1, 3 * DAY_MS, 9 * DAY_MS)
    assert [raw_offset_um(offsets, at) // KM for at in moments] == [49_900, 49_900, 50_000, 50_000]
    offsets.append(Offset(6 * DAY_MS, LATE, 7 * KM, 4))
    assert [raw_offset_um(offsets, at) // KM for at in (5 * DAY_MS, 7 * DAY_MS)] == [50_000, 50_007]
    assert anchored([former], Offset(3 * DAY_MS + 2, ODOMETER, 7, 3)) == [Offset(3 * DAY_MS + 2, ODOMETER, 7, 3)]
