"""The numbered rules of the trip engine, one by one (fleetize Z-60 to Z-69)."""

from typing import Any

import msgspec
import numpy as np
import pytest

from fleetline.model.errors import Invalid
from fleetline.model.trips.fold import Fold
from fleetline.model.trips.routes import Route, average_speed, average_speed_distance
from fleetline.model.trips.thresholds import Thresholds
from tests.model.trips_kit import DAY_S, Script, routes_by, run

END_S = DAY_S + 60 * 3600
T = Thresholds()


def started(ignition: bool | None = True) -> Script:
    return Script().stand(60, ignition).leave(ignition)


def seen(script: Script, **options: Any) -> list[Route]:
    return routes_by(script.done(), END_S, **options)


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


@pytest.mark.parametrize(("seconds", "rule"), [(299, "left_standing"), (300, "first_seen_moving")])
def test_a_standing_fix_is_fresh_for_less_than_parking_min(seconds: int, rule: str) -> None:
    script = Script().stand(590, False).leave(False).silent(seconds, 380).say(60, True)
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
