"""The cases by which the trip engine is compared with others (fleetize Z-76): 10 minutes at 60 km/h on each side."""

import numpy as np
import pytest

from fleetline.model.motion import Rows
from fleetline.model.trips.routes import Route
from tests.model.trips_kit import DAY_S, Script, join, report, routes_by, run

END_S = DAY_S + 30 * 3600


def between(seconds: float, ignition: bool | None, drive: bool | None, *, leave: bool | None) -> list[Route]:
    """Drive, stand that long, drive again; seen long after."""
    script = Script().stand(60, drive).leave(drive).drive(ignition=drive)
    return routes_by(script.stand(seconds, ignition).leave(leave).drive(ignition=drive).done(), END_S)


def kinds(routes: list[Route]) -> list[list[int]]:
    return [[pause.kind for pause in route.pauses] for route in routes]


@pytest.mark.parametrize("seconds", [120, 290])
def test_ignition_off_for_less_than_five_minutes_is_a_pause(seconds: int) -> None:
    routes = between(seconds, False, True, leave=True)
    assert kinds(routes) == [[1]]
    assert routes[0].pauses[0].off_ms == seconds * 1000


def test_ignition_off_for_five_minutes_parts_two_routes() -> None:
    routes = between(300, False, True, leave=True)
    assert kinds(routes) == [[], []]
    assert routes[0].destination_rule == "ignition_off"
    assert [round(route.metres_m) for route in routes] == [10_000, 10_000]


@pytest.mark.parametrize(("seconds", "expected"), [(170, [[]]), (240, [[2]]), (310, [[], []])])
def test_standing_with_unknown_ignition_is_nothing_then_a_pause_then_a_parking(
    seconds: int, expected: list[list[int]]
) -> None:
    routes = between(seconds, None, None, leave=None)
    assert kinds(routes) == expected
    assert len(routes) == 1 or routes[0].destination_rule == "stood"


def test_idling_for_40_minutes_is_a_pause_of_2400_seconds() -> None:
    (route,) = between(2400, True, True, leave=True)
    (pause,) = route.pauses
    assert (pause.kind, pause.standing_ms) == (2, 2_400_000)


def test_idling_for_5_hours_parts_two_routes() -> None:
    first, second = between(5 * 3600, True, True, leave=True)
    assert (first.destination_rule, second.origin_rule) == ("idle_limit", "left_standing")


def test_ten_kilometres_with_ignition_off_are_a_contradiction() -> None:
    script = Script().drive(0).stand(600, False).drive(ignition=False).stand(400, False)
    (route,) = routes_by(script.done(), END_S)
    assert (route.origin_rule, route.destination_rule) == ("ignition_contradicted", "stood")
    assert round(route.metres_m) == 10_000


def test_the_destination_is_the_arrival_and_not_the_waking_up() -> None:
    script = Script().stand(60).leave().drive().stand(30, False)
    arrival = script.at_s - 30
    first, second = routes_by(script.silent(8 * 3600, 5).leave().drive().done(), END_S)
    assert (first.destination_ms, first.destination_rule) == (arrival * 1000, "ignition_off")
    assert second.origin_ms >= (arrival + 8 * 3600) * 1000


def test_a_last_speed_at_a_garage_door_ends_the_route_there() -> None:
    script = Script().stand(400, None).leave(None).drive(ignition=None)
    script.at_s += 30
    script.say(10, None)
    door = script.at_s
    first, second = routes_by(script.silent(2400, 30).say(0, None).drive(ignition=None).done(), END_S)
    assert first.destination_ms == door * 1000
    assert first.destination_rule == "stood"
    assert second.origin_rule == "left_standing"


def test_a_long_silent_way_is_a_route_of_its_own() -> None:
    script = Script().stand(400, None).leave(None).drive(ignition=None)
    routes = routes_by(script.silent(7200, 100_000).say(60, None).drive(ignition=None).done(), END_S)
    assert [route.origin_rule for route in routes][1:] == ["silent_move", "first_seen_moving"]
    assert routes[0].destination_rule == "silence"
    assert (routes[1].fixes, round(routes[1].metres_m)) == (2, 100_000)


def test_a_night_of_silence_with_a_short_way_parts_two_routes() -> None:
    script = Script().stand(400, None).leave(None).drive(ignition=None)
    routes = routes_by(script.silent(8 * 3600, 500).say(60, None).drive(ignition=None).done(), END_S)
    assert [route.origin_rule for route in routes] == ["left_standing", "first_seen_moving"]


def test_eleven_minutes_in_a_tunnel_part_nothing() -> None:
    script = Script().stand(60).leave().drive()
    (route,) = routes_by(script.silent(660, 15_000).say(60, True).drive().done(), END_S)
    assert round(route.metres_m) == 35_000


@pytest.mark.parametrize("seed", range(10))
def test_an_hour_of_drift_is_no_movement(seed: int) -> None:
    chance = np.random.default_rng(seed)
    spread = chance.normal(0.0, 8.0, (360, 2)) / 111_195
    rows = join(
        report(DAY_S + 10 * i, 48 + north, 10 + east / 0.669) for i, (north, east) in enumerate(spread.tolist())
    )
    fold, outcome = run(rows)
    view = fold.view((DAY_S + 3600) * 1000)
    assert (outcome.routes, view.routes, sum(view.days.values())) == ([], (), 0)


def test_a_yard_move_counts_but_is_no_route() -> None:
    script = Script().stand(600, False).leave()
    script.at_s += 30
    script.north_m += 75
    script.say(9, True)
    script.at_s += 30
    script.north_m += 75
    fold, outcome = run(script.say(9, True).stand(600, False).done())
    view = fold.view(END_S * 1000)
    assert (outcome.routes, view.routes) == ([], ())
    assert [round(um / 1e6, 1) for um in view.days.values()] == [150.0]


def odometer_drive(*, reset: bool) -> Rows:
    script = Script(odometer_m=20_000_000).stand(60).leave().drive(5, gain=1.02)
    if reset and script.odometer_m is not None:
        script.odometer_m -= 5_000_000
    return script.drive(5, gain=1.02).stand(600, False).done()


@pytest.mark.parametrize(("reset", "metres"), [(False, 10_200), (True, 10_190)])
def test_an_odometer_counts_before_the_fixes_and_its_fall_costs_one_leg(reset: bool, metres: int) -> None:
    (route,) = routes_by(odometer_drive(reset=reset), END_S)
    assert round(route.metres_m) == metres
