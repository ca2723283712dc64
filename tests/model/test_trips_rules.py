"""The numbered rules of the trip engine, one by one (fleetize Z-49 to Z-59)."""

from typing import Any

import pytest

from fleetline.model.motion import MISSING_32, VALID, Rows
from fleetline.model.trips.fold import Fold
from fleetline.model.trips.reading import kept
from fleetline.model.trips.routes import Route
from fleetline.model.trips.thresholds import Thresholds
from tests.model.trips_kit import DAY_S, Script, join, report, routes_by, run

END_S = DAY_S + 60 * 3600
T = Thresholds()


def started(ignition: bool | None = True) -> Script:
    return Script().stand(60, ignition).leave(ignition)


def seen(script: Script, **options: Any) -> list[Route]:
    return routes_by(script.done(), END_S, **options)


def speeds(rows: Rows, route: Route) -> list[int]:
    return [int(speed) for speed in kept(rows, route, T).speed_kmh]


# Z-49


@pytest.mark.parametrize(
    "fault",
    [
        {"flags": 0},
        {"lat_e7": 900_000_001},
        {"lon_e7": 1_800_000_001},
        {"lat_e7": 0, "lon_e7": 0},
        {"lat_e7": MISSING_32, "lon_e7": MISSING_32},
        {"satellites": 2},
        {"accuracy_dm": 2001},
    ],
)
@pytest.mark.parametrize("fast", [False, True])
def test_an_unusable_position_is_no_point_of_the_route(fault: dict[str, int], fast: bool) -> None:
    rows = started().drive().stand(400, False).done()
    for name, value in fault.items():
        rows[name][15] = value if name != "flags" else rows["flags"][15] & ~VALID
    (route,) = routes_by(rows, END_S, fast=fast)
    (whole,) = seen(started().drive().stand(400, False))
    assert route.fixes == whole.fixes - 1
    assert len(kept(rows, route, T)) == route.fixes


@pytest.mark.parametrize("good", [{"satellites": 3}, {"accuracy_dm": 2000}, {"lat_e7": 0}])
def test_a_position_at_the_limit_is_usable(good: dict[str, int]) -> None:
    row = report(DAY_S, 48.0)
    for name, value in good.items():
        row[name] = value
    fold, _ = run(row)
    assert fold.view(DAY_S * 1000).fix_ms == DAY_S * 1000


def test_the_ignition_of_an_unusable_position_counts() -> None:
    script = started().drive().stand(20)
    script.say(0, False).rows[-1]["flags"] &= ~VALID
    fold, _ = run(script.done())
    assert fold.view(round(script.at_s * 1000)).ignition is False


# Z-50, Z-51


def with_detour(count: int, *, back: bool) -> tuple[Rows, int]:
    """`count` fixes 50 km north of the way, then on from here (back) or from there."""
    script = started().drive(5)
    first = len(script.rows)
    script.north_m += 50_000
    script.drive(count / 2)
    if back:
        script.north_m -= 50_000
    return script.drive(5).stand(400, False).done(), first


@pytest.mark.parametrize("count", [1, 2])
def test_a_spike_is_set_aside_when_the_next_fix_agrees_with_the_one_before(count: int) -> None:
    rows, first = with_detour(count, back=True)
    (route,) = routes_by(rows, END_S)
    assert route.set_aside_ms == tuple(rows["at_ms"][first : first + count].tolist())
    assert route.metres_m < 12_000


def test_three_fixes_in_a_row_prove_that_the_vehicle_is_there_and_the_jump_counts_nothing() -> None:
    rows, first = with_detour(3, back=False)
    (route,) = routes_by(rows, END_S)
    assert (route.set_aside_ms, route.anew_ms) == ((), (int(rows["at_ms"][first]),))
    assert round(route.metres_m) == 11_500 - 500


def test_three_fixes_that_do_not_agree_prove_nothing() -> None:
    script = started().drive(5)
    for north in (50_000, 150_000, 300_000):
        script.silent(30, north).say(60, True).silent(0, -north)
    script.drive(5).stand(400, False)
    (route,) = seen(script)
    assert len(route.set_aside_ms) == 3


def test_a_fix_within_fifty_metres_is_never_a_spike() -> None:
    rows = join([report(DAY_S, 48.0, speed=0), report(DAY_S + 0.1, 48.0004, speed=0)])
    fold, _ = run(rows)
    assert fold.view((DAY_S + 1) * 1000).fix_ms == (DAY_S * 1000) + 100


def test_a_speed_not_reported_is_measured_from_the_fix_at_least_five_seconds_before() -> None:
    places = [(0, 0.0), (2, 100.0), (4, 200.0), (6, 300.0), (20, 1000.0), (25, 1250.0)]
    rows = join(report(DAY_S + at, 48 + north / 111_195) for at, north in places)
    speed: list[float | None] = []
    fold = Fold()
    for index in range(len(rows)):
        fold.feed(rows[index : index + 1])
        speed.append(fold.view(int(rows["at_ms"][index])).speed_e2)
    expected = [0.0, 100 / 2, 200 / 4, 300 / 6, 700 / 14, 250 / 5]
    assert [None if value is None else round(value / 100, 1) for value in speed] == [
        round(v * 3.6, 1) for v in expected
    ]


def test_the_vehicles_own_speed_stands_in_for_the_one_of_the_fix() -> None:
    fold, _ = run(report(DAY_S, 48.0, obd_speed_e2=4200))
    assert fold.view(DAY_S * 1000).speed_e2 == 4200


def test_the_first_points_of_a_route_keep_the_speeds_measured_from_before_it() -> None:
    script = started(None).drive(4, ignition=None).stand(400, None, step_s=7).leave(None).drive(4, ignition=None)
    rows = script.stand(400, None, step_s=7).done()
    rows["speed_e2"] = MISSING_32
    first, second = routes_by(rows, END_S)
    for route in (first, second):
        points = speeds(rows, route)
        assert (sum(points), len([v for v in points if v])) == (route.speed_sum, route.speed_count)
    assert second.lead != ()


# Z-52, Z-53


@pytest.mark.parametrize(("seconds", "kinds"), [(29, []), (30, [1])])
def test_an_ignition_change_undone_within_30_seconds_never_happened(seconds: int, kinds: list[int]) -> None:
    script = started().drive(5).stand(seconds, False, step_s=seconds).leave().silent(30, 300).say(40, True)
    (route,) = seen(script.drive(5).stand(400, False))
    assert [pause.kind for pause in route.pauses] == kinds


def test_a_report_without_ignition_takes_the_previous_one() -> None:
    script = started().drive(5).stand(10, False).stand(400, None).leave(None)
    first, second = seen(script.silent(30, 500).say(60, True).drive(5).stand(400, False))
    assert first.destination_rule == "ignition_off"
    assert second.ignition_seen == 3


def test_after_a_parking_by_idling_ignition_is_unknown_until_reported_again() -> None:
    script = started().drive(5).stand(4 * 3600, True, step_s=600)
    fold, _ = run(script.done())
    assert fold.view(round(script.at_s * 1000)).ignition is True
    fold, _ = run(script.say(0, None).done())
    assert fold.view(round(script.at_s * 1000)).ignition is None
    fold, _ = run(script.silent(10, 0).say(0, True).done())
    assert fold.view(round(script.at_s * 1000)).ignition is True


def test_a_short_tow_with_ignition_off_is_no_movement() -> None:
    script = Script().stand(600, False).drive(0.5, 60, False).drive(0.5, 30, False).stand(400, False)
    assert seen(script) == []


def test_a_contradicted_ignition_is_believed_again_from_the_next_reported_on() -> None:
    script = Script().stand(600, False).drive(ignition=False)
    fold, _ = run(script.done())
    assert fold.view(round(script.at_s * 1000)).ignition is None
    fold, _ = run(script.drive(1, ignition=True).done())
    assert fold.view(round(script.at_s * 1000)).ignition is True


# Z-54 to Z-59


def test_one_stray_fix_does_not_end_a_stand() -> None:
    script = started().drive(5).stand(100).silent(10, 300).say(30, True).silent(10, -300)
    (route,) = seen(script.stand(200).leave().drive(5).stand(400, False))
    assert [pause.kind for pause in route.pauses] == [2]


def test_creeping_away_leaves_a_stand_by_distance_and_begins_another() -> None:
    script = started().drive(5).stand(200)
    for _ in range(3):
        script.silent(50, 60).say(2, True)
    (route,) = seen(script.drive(5).stand(400, False))
    assert [pause.kind for pause in route.pauses] == [2]
    assert route.pauses[0].end_ms == round((script.at_s - 400 - 10 - 300 - 50) * 1000)


def test_the_departure_is_the_first_of_the_moving_fixes_that_lead_away() -> None:
    script = started().drive(5).stand(200)
    begin = script.at_s
    for north, speed in ((4, 8), (10, 20), (60, 50)):
        script.silent(2, north).say(speed, True)
    (route,) = seen(script.drive(5).stand(400, False))
    assert route.pauses[0].end_ms == round((begin + 2) * 1000)


def test_a_pause_by_ignition_off_stays_one_however_long_the_engine_idles_around_it() -> None:
    script = started().drive(5).stand(1200).stand(120, False).stand(1200).leave()
    (route,) = seen(script.drive(5).stand(400, False))
    assert [pause.kind for pause in route.pauses] == [1]


@pytest.mark.parametrize(("ignition", "kinds"), [(True, [2]), (None, [])])
def test_a_long_gap_inside_a_stand_needs_ignition_on_at_both_ends(ignition: bool | None, kinds: list[int]) -> None:
    script = started(ignition).drive(5, ignition=ignition).stand(20, ignition)
    script.silent(230, 0).leave(ignition)
    (route,) = seen(script.drive(5, ignition=ignition))
    assert [pause.kind for pause in route.pauses] == kinds


def test_the_place_of_a_pause_is_the_median_of_its_fixes() -> None:
    script = started().drive(5)
    told = len(script.rows)
    script.stand(200)
    anchor = int(script.rows[told]["lat_e7"][0])
    for index, row in enumerate(script.rows[told:]):
        row["lat_e7"] += (0, 90, 1800)[index % 3]
    (route,) = seen(script.leave().drive(5).stand(400, False))
    assert route.pauses[0].lat_e7 == anchor + 90


def test_two_pauses_forty_metres_apart_are_grouped() -> None:
    script = started().drive(5).stand(200).leave()
    script.silent(30, 500).say(60, True).silent(30, -460).say(60, True).stand(200).leave()
    (route,) = seen(script.drive(5).stand(200).leave().drive(5).stand(400, False))
    assert [pause.grouped for pause in route.pauses] == [True, True, False]
