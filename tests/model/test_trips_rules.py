"""The numbered rules of the trip engine, one by one (fleetize Z-49 to Z-69)."""

from typing import Any

import msgspec
import numpy as np
import pytest

from fleetline.model.errors import Invalid
from fleetline.model.motion import MISSING_32, VALID, Rows
from fleetline.model.trips.fold import Fold
from fleetline.model.trips.reading import kept
from fleetline.model.trips.routes import Route, average_speed, average_speed_distance
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


# Z-60 to Z-63


def test_the_origin_is_the_last_standing_fix_when_it_is_fresh() -> None:
    (route,) = seen(started().drive().stand(400, False))
    assert route.origin_rule == "left_standing"
    assert route.origin_ms == (DAY_S + 8 * 3600 + 70) * 1000


@pytest.mark.parametrize(("metres", "rule"), [(400, "first_seen_moving"), (2000, "left_standing")])
def test_an_old_standing_fix_is_the_origin_only_if_the_way_from_it_was_driven(metres: int, rule: str) -> None:
    script = Script().stand(600, False).silent(1200, metres).say(60, True)
    (route,) = seen(script.drive().stand(400, False))
    assert route.origin_rule == rule


def test_a_hop_of_45_seconds_is_no_route() -> None:
    script = Script().stand(600, False).leave().silent(20, 300).say(60, True).silent(15, 250)
    assert seen(script.stand(600, False)) == []


def test_coming_back_before_the_route_exists_undoes_the_departure() -> None:
    script = Script().stand(600, False).leave()
    begin = script.at_s
    for north in (120, 0, -120):
        script.silent(20, north).say(20 if north >= 0 else 0, True)
    script.stand(100).leave()
    left = script.at_s
    (route,) = seen(script.drive().stand(600, False))
    assert route.origin_ms == round(left * 1000) > round(begin * 1000)
    assert round(route.metres_m) == 10_000


def test_an_open_route_ends_at_the_last_fix_and_a_stand_in_progress_is_no_pause_yet() -> None:
    script = started().drive().stand(250).leave()
    fold, outcome = run(script.done())
    (route,) = fold.view(round(script.at_s * 1000)).routes
    assert (outcome.routes, route.destination_rule, route.is_open) == ([], "open", True)
    assert (route.destination_ms, route.pauses) == (round(script.at_s * 1000), ())


def test_looking_does_not_change_the_fold() -> None:
    rows = started().drive().stand(250).leave().drive().done()
    fold = Fold()
    for index in range(len(rows)):
        fold.feed(rows[index : index + 1])
        before = fold.checkpoint()
        at = int(rows["at_ms"][index])
        assert [fold.view(at + wait).routes for wait in (0, 400_000, 4_000_000)]
        assert fold.checkpoint() == before


def test_silence_closes_an_open_route_by_the_clock_alone() -> None:
    script = started().drive()
    fold, _ = run(script.done())
    (still,) = fold.view(round((script.at_s + 3600) * 1000)).routes
    (closed,) = fold.view(round((script.at_s + 3600) * 1000) + 1).routes
    assert (still.destination_rule, closed.destination_rule) == ("open", "silence")


def test_silence_in_a_stand_ends_the_route_at_the_first_fix_of_the_stand() -> None:
    script = started().drive()
    arrival = script.at_s + 10
    script.stand(100).silent(3700, 0).leave()
    (route,) = seen(script.drive(0))
    assert (route.destination_ms, route.destination_rule) == (round(arrival * 1000), "silence")


# Z-64, Z-65, Z-67


@pytest.mark.parametrize("fast", [False, True])
def test_another_vehicle_ends_the_route_and_begins_a_first_stand(fast: bool) -> None:
    script = started().drive()
    moment = round((script.at_s + 15) * 1000)
    last = round(script.at_s * 1000)
    script.silent(30, 90_000).leave().drive().stand(400, False)
    first, second = seen(script, fast=fast, refits=(moment,))
    assert (first.destination_ms, first.destination_rule) == (last, "refitted")
    assert second.origin_ms > moment
    assert [round(route.metres_m) for route in (first, second)] == [10_000, 10_000]


@pytest.mark.parametrize("fast", [False, True])
def test_a_route_of_more_than_a_day_goes_on_in_another_with_the_same_fix(fast: bool) -> None:
    script = started()
    for _ in range(26):
        script.drive(60, 5.4 + 10)
    first, second = seen(script.stand(400, False), fast=fast)
    assert (first.destination_rule, second.origin_rule) == ("length_limit", "continued")
    assert first.destination_ms == second.origin_ms
    assert 86_400_000 <= first.destination_ms - first.origin_ms < 86_430_000


def test_a_day_is_judged_by_its_own_thresholds() -> None:
    strict = T.override({"parking_min": 60})
    script = Script(DAY_S + 86_400 - 1800).stand(60).leave().drive(10).stand(90, False).leave().drive(22)
    rows = script.stand(90, False).leave().drive(10).stand(400, False).done()
    midnight = (DAY_S + 86_400) * 1000
    fold = Fold()
    fold.adopt(midnight, strict)
    assert fold.thresholds == T
    outcome = fold.feed(rows)
    assert fold.thresholds == strict
    routes = [*outcome.routes, *fold.view(END_S * 1000).routes]
    assert [[pause.kind for pause in route.pauses] for route in routes] == [[1], []]
    later = Fold()
    later.adopt(midnight, strict)
    resumed = Fold.resume(later.checkpoint())
    assert [*resumed.feed(rows).routes, *resumed.view(END_S * 1000).routes] == routes


# Z-68, Z-69


def test_a_leg_across_midnight_is_shared_by_time() -> None:
    script = Script(DAY_S + 86_400 - 115).stand(60).leave().drive(5).stand(400, False)
    _, outcome = run(script.done())
    day = DAY_S // 86_400
    assert {number: round(um / 1e6) for number, um in outcome.days.items()} == {day: 750, day + 1: 4250}


def test_drift_inside_a_pause_counts_the_straight_line_only() -> None:
    script = started().drive(5).stand(100).leave()
    for row, north in zip(script.rows[-10:], (0, 15, -15, 15, -15, 15, -15, 15, -15, 10), strict=True):
        row["lat_e7"] += round(north * 90)
    (route,) = seen(script.drive(5).stand(400, False))
    assert abs(route.metres_m - 10_000) < 25


def test_the_averages_are_rounded_half_up_and_leave_pauses_out() -> None:
    (route,) = seen(started().drive().stand(240).leave().drive().stand(400, False))
    (pause,) = route.pauses
    driven_s = (route.destination_ms - route.origin_ms - pause.end_ms + pause.start_ms) / 1000
    assert average_speed(route) == 60.0
    assert abs(average_speed_distance(route) - route.metres_m * 3.6 / driven_s) <= 0.005
    half = msgspec.structs.replace(route, speed_sum=20_025, speed_count=1000, metres_um=27_000_000_000)
    assert average_speed(half) == 20.03
    at = half.origin_ms
    half = msgspec.structs.replace(half, destination_ms=at + 4_680_000, pauses=())
    assert average_speed_distance(half) == 20.77
    stop = msgspec.structs.replace(pause, start_ms=at, end_ms=at + 900_000)
    assert average_speed_distance(msgspec.structs.replace(half, pauses=(stop,))) == 25.71
    assert average_speed_distance(msgspec.structs.replace(half, destination_ms=at)) == 0.0
    assert average_speed(msgspec.structs.replace(half, speed_sum=0, speed_count=0)) == 0.0


# the interface


def test_reports_out_of_order_are_refused_and_nothing_is_fed() -> None:
    rows = started().drive().done()
    fold = Fold()
    fold.feed(rows[:5])
    before = fold.checkpoint()
    for wrong in (rows[4:6], rows[[7, 6]], rows[[8, 8]]):
        with pytest.raises(Invalid):
            fold.feed(wrong)
    assert fold.checkpoint() == before


def test_a_checkpoint_of_another_engine_is_refused() -> None:
    for state in (b"", b"\x92\x94\x63\xc0\x80\x90\x90", b"\xc1"):
        with pytest.raises(Invalid):
            Fold.resume(state)


def test_each_hour_entered_leaves_a_mark() -> None:
    rows = started().drive(150).done()
    fold = Fold()
    marks = [mark for part in np.array_split(rows, 7) for mark in fold.feed(part).marks]
    assert [mark.at_ms // 3_600_000 % 24 for mark in marks] == [9, 10]
    for mark in marks:
        assert Fold.resume(mark.state).last_ms == mark.last_ms < mark.at_ms
