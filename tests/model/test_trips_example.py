"""The worked example of the Fleetize-compatible API, number by number (fleetize section 14)."""

import numpy as np
import pytest

from fleetline.model.motion import Rows
from fleetline.model.trips.latest import Latest
from fleetline.model.trips.live import live
from fleetline.model.trips.mileage import (
    CALIBRATED,
    DayCounter,
    calibration,
    counter_um,
    device_counters,
    distance_km,
    route_counters,
    settle,
    whole_km,
)
from fleetline.model.trips.reading import kept
from fleetline.model.trips.routes import Route, average_speed, average_speed_distance, pause_duration_ms
from fleetline.model.trips.thresholds import Thresholds
from fleetline.model.trips.watch import Watch
from tests.model.trips_kit import DAY_S, example, run

POINTS = (
    "48.00000,10.00000,0;48.00500,10.00000,48;48.01400,10.00000,60;48.02300,10.00000,60;48.03000,10.00000,0;"
    "48.03000,10.00000,0;48.03001,10.00000,0;48.03300,10.00000,30;48.04300,10.00000,62;48.06100,10.00000,58;"
    "48.06800,10.00000,0;48.06801,10.00000,0;48.06800,10.00000,0;48.06800,10.00000,0;48.07200,10.00000,35;"
    "48.08000,10.00000,50;48.08300,10.00000,44;48.08500,10.00000,0",
    "48.08500,10.00000,0;48.08400,10.00000,25;48.07500,10.00000,60;48.07000,10.00000,55;48.06850,10.00000,55;"
    "48.06200,10.00000,0;48.06200,10.00000,0;48.06100,10.00000,30;48.05300,10.00000,58;48.04800,10.00000,0",
)
DAY = DAY_S // 86_400
REGISTERED = [calibration(CALIBRATED, DAY_S * 1000 - 1, 120_000, 0)]


def printed(rows: Rows, route: Route) -> str:
    points = kept(rows, route, Thresholds())
    columns = zip(points.lat_e7.tolist(), points.lon_e7.tolist(), points.speed_kmh.tolist(), strict=True)
    return ";".join(f"{lat / 1e7:.5f},{lon / 1e7:.5f},{speed}" for lat, lon, speed in columns)


def by_nine() -> Rows:
    rows = example()
    seen = rows[rows["received_at_ms"] <= (DAY_S + 9 * 3600) * 1000]
    assert len(seen) == 21
    return seen


@pytest.mark.parametrize("fast", [False, True])
def test_at_noon_the_day_has_the_two_documented_routes(fast: bool) -> None:
    rows = example()
    fold, outcome = run(rows, fast=fast)
    first, second = [*outcome.routes, *fold.view((DAY_S + 12 * 3600) * 1000).routes]
    assert (first.origin_ms, first.destination_ms) == (1_773_126_000_000, 1_773_127_140_000)
    assert (second.origin_ms, second.destination_ms) == (1_773_136_800_000, 1_773_137_160_000)
    assert {(route.origin_rule, route.destination_rule) for route in (first, second)} == {
        ("left_standing", "ignition_off")
    }
    assert (average_speed(first), average_speed_distance(first)) == (49.67, 56.71)
    assert (average_speed(second), average_speed_distance(second)) == (47.17, 41.14)
    assert (pause_duration_ms(first), pause_duration_ms(second)) == (540_000, 0)
    assert (round(first.metres_m, 2), round(second.metres_m, 2)) == (9451.58, 4114.22)
    assert (printed(rows, first), printed(rows, second)) == POINTS
    assert {first.day, second.day} == {DAY}


def test_its_pauses_are_an_ignition_off_and_a_long_stop() -> None:
    _, outcome = run(example())
    off, long = outcome.routes[0].pauses
    assert (off.kind, off.start_ms, off.end_ms) == (1, 1_773_126_240_000, 1_773_126_480_000)
    assert (long.kind, long.start_ms, long.end_ms) == (2, 1_773_126_720_000, 1_773_127_020_000)
    assert (off.lat_e7, off.lon_e7, long.lat_e7, long.lon_e7) == (480_300_000, 100_000_000, 480_680_000, 100_000_000)
    assert not off.grouped and not long.grouped
    assert (off.off_ms, long.standing_ms) == (180_000, 240_000)


def test_the_counters_are_those_of_a_van_registered_with_120000_km() -> None:
    fold, outcome = run(example())
    view = fold.view((DAY_S + 12 * 3600) * 1000)
    counters, offsets = settle({}, outcome.days, 0, in_order=True)
    assert offsets == []
    assert counters == {DAY: DayCounter(DAY, 0, outcome.days[DAY])}
    assert round(outcome.days[DAY] / 1e6, 2) == 13_565.80
    figures = []
    for route in [*outcome.routes, *view.routes]:
        origin, destination, pauses = route_counters(route, 0, REGISTERED, 0)
        figures.append((whole_km(origin), whole_km(destination), [whole_km(pause) for pause in pauses]))
    assert figures == [(120_000, 120_009, [120_003, 120_007]), (120_009, 120_013, [])]
    assert device_counters(counter_um(view, counters), REGISTERED, DAY_S * 1000) == (120_013, 13)
    assert distance_km(view.days[DAY]) == 14


def test_the_device_is_offline_and_parked_since_six_past_ten() -> None:
    rows = example()
    now = (DAY_S + 12 * 3600) * 1000
    fold, _ = run(rows)
    view = fold.view(now)
    latest = Latest()
    latest.merge(rows)
    watch = Watch()
    watch.feed(rows, view, Thresholds())
    state = live(view, latest, watch, now, thresholds=Thresholds(), heartbeat_ms=1_773_140_772_000)
    assert (state.status_code, state.error_code, state.error_ms) == (1, 0, None)
    assert (state.online_ms, state.heartbeat_ms) == (1_773_137_160_000, 1_773_140_772_000)
    assert (state.speed_kmh, state.rpm, state.coolant_c, state.heading_deg) == (0, None, 82, 180)
    assert (state.supply_mv, state.battery_mv) == (12_480, 4050)
    assert (state.lat_e7, state.lon_e7) == (480_480_100, 100_000_000)
    assert state.parked and state.parked_at_ms == 1_773_137_160_000


def test_at_nine_the_route_lacks_the_late_point_and_is_closed_by_the_clock() -> None:
    rows = by_nine()
    fold, outcome = run(rows)
    assert outcome.routes == []
    (route,) = fold.view((DAY_S + 9 * 3600) * 1000).routes
    assert (route.destination_ms, route.destination_rule) == (1_773_127_140_000, "ignition_off")
    assert (average_speed(route), average_speed_distance(route)) == (50.38, 56.71)
    assert printed(rows, route) == POINTS[0].replace("48.08300,10.00000,44;", "")


def test_the_late_point_changes_nothing_but_its_own_route() -> None:
    rows = example()
    noon = (DAY_S + 12 * 3600) * 1000
    without, outcome_without = run(np.delete(rows, 18))
    with_it, outcome_with = run(rows)
    assert [(route.fixes, route.late) for route in outcome_without.routes] == [(17, 0)]
    assert [(route.fixes, route.late) for route in outcome_with.routes] == [(18, 1)]
    later, same = without.view(noon).routes[-1], with_it.view(noon).routes[-1]
    assert later.origin_ms == 1_773_136_800_000
    assert (later.metres_um, later.fixes, later.pauses) == (same.metres_um, same.fixes, same.pauses)


def test_the_spike_is_set_aside_and_said_so() -> None:
    _, outcome = run(example())
    assert outcome.routes[0].set_aside_ms == ((DAY_S + 7 * 3600 + 600) * 1000,)


def test_the_rules_are_explained_by_what_was_measured() -> None:
    _, outcome = run(example())
    evidence = outcome.routes[0].destination_evidence
    assert evidence is not None
    assert (evidence.measured, evidence.limit, evidence.unit, evidence.threshold) == (3600.0, 300.0, "s", "parking_min")
