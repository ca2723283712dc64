"""The recorded bus ride and its variants (fleetize Z-75)."""

import numpy as np
import pytest

from fleetline.model.motion import IGNITION_KNOWN, IGNITION_ON, Rows
from fleetline.model.trips.live import served_day
from fleetline.model.trips.mileage import distance_km
from fleetline.model.trips.reading import kept
from fleetline.model.trips.refold import refold
from fleetline.model.trips.routes import Route
from fleetline.model.trips.thresholds import Thresholds
from tests.model.trips_kit import recording, routes_by, run

MIDNIGHT_S = 1_550_448_000
"""2019-02-18 00:00:00 UTC."""
LAST_S = MIDNIGHT_S + 9 * 3600 + 26


def clock(hours: int, minutes: int, seconds: int) -> int:
    return (MIDNIGHT_S + hours * 3600 + minutes * 60 + seconds) * 1000


def near(found_ms: int, expected_ms: int) -> bool:
    return abs(found_ms - expected_ms) <= 10_000


def ride(rows: Rows) -> Route:
    """The one route, seen just after the last fix."""
    (route,) = routes_by(rows, int(rows["at_ms"].max()) / 1000 + 5)
    return route


def test_the_ride_is_one_route_of_14_kilometres_with_one_long_stop() -> None:
    route = ride(recording())
    assert near(route.origin_ms, clock(7, 50, 8)) and near(route.destination_ms, clock(9, 0, 26))
    assert abs(route.metres_m - 14_130) <= 0.02 * 14_130
    assert round(route.metres_m / 1000, 2) == 14.07
    (pause,) = route.pauses
    assert (pause.kind, pause.start_ms, pause.end_ms - pause.start_ms) == (2, clock(8, 35, 33), 206_000)


def test_every_point_of_it_can_be_read_again() -> None:
    rows = recording()
    route = ride(rows)
    points = kept(rows, route, Thresholds())
    assert len(points) == route.fixes
    assert int(points.speed_kmh.sum()) == route.speed_sum
    assert int((points.speed_kmh > 0).sum()) == route.speed_count


def test_ignition_on_throughout_changes_nothing() -> None:
    plain, with_ignition = ride(recording()), recording()
    with_ignition["flags"] |= IGNITION_KNOWN | IGNITION_ON
    route = ride(with_ignition)
    assert (route.origin_ms, route.destination_ms, route.metres_um) == (
        plain.origin_ms,
        plain.destination_ms,
        plain.metres_um,
    )
    assert [pause.kind for pause in route.pauses] == [2]


def test_ignition_off_during_the_stop_makes_it_a_pause_of_type_1() -> None:
    rows = recording()
    off = (rows["at_ms"] >= clock(8, 35, 40)) & (rows["at_ms"] <= clock(8, 38, 50))
    rows["flags"] |= np.where(off, IGNITION_KNOWN, IGNITION_KNOWN | IGNITION_ON)
    assert [pause.kind for pause in ride(rows).pauses] == [1]


def test_a_fix_each_15_seconds_gives_the_same_route_with_little_less_distance() -> None:
    rows = recording()
    slots = (rows["at_ms"] - rows["at_ms"][0]) // 15_000
    thinned = rows[np.flatnonzero(np.diff(slots, prepend=-1) > 0)]
    route, whole = ride(thinned), ride(rows)
    assert [pause.kind for pause in route.pauses] == [2]
    assert 0.97 * whole.metres_um < route.metres_um < whole.metres_um


def test_one_fix_half_a_degree_away_costs_one_point_and_no_more() -> None:
    rows = recording()
    index = 1000
    rows["lat_e7"][index] += 5_000_000
    moved, plain = ride(rows), ride(recording())
    assert moved.fixes == plain.fixes - 1
    assert moved.set_aside_ms == (int(rows["at_ms"][index]),)
    assert (moved.origin_ms, moved.destination_ms, len(moved.pauses)) == (plain.origin_ms, plain.destination_ms, 1)
    assert len(kept(rows, moved, Thresholds())) == moved.fixes


def test_sent_backwards_it_is_the_same_ride() -> None:
    rows = recording()
    fold, outcome = run(rows[-1:])
    routes = list(outcome.routes)
    for stop in range(len(rows) - 1, 0, -400):
        late = rows[max(0, stop - 400) : stop]
        known = rows[max(0, stop - 400) :]
        result = refold(None, [known], late_ms=int(late["at_ms"][-1]))
        fold, routes = result.fold, result.routes
    now = LAST_S * 1000 + 5000
    assert [*routes, *fold.view(now).routes] == [ride(rows)]


@pytest.mark.parametrize("fast", [False, True])
def test_shifted_by_16_hours_it_is_booked_on_its_first_day_only(fast: bool) -> None:
    rows = recording()
    rows["at_ms"] += 57_600_000
    rows["received_at_ms"] += 57_600_000
    fold, outcome = run(rows, fast=fast)
    now = (LAST_S + 57_600) * 1000 + 60_000
    view = fold.view(now)
    (route,) = [*outcome.routes, *view.routes]
    day = MIDNIGHT_S // 86_400
    assert route.day == day
    assert {number: distance_km(um) for number, um in view.days.items()} == {day: 3, day + 1: 11}
    assert served_day(view.active_ms, route, now) == day
