"""However reports come, the trips are the same: batches, checkpoints, late reports, either form of the fold."""

import itertools
from collections.abc import Iterable
from typing import Any

import msgspec
import numpy as np
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from fleetline.model.motion import VALID, Rows
from fleetline.model.trips.fold import HOUR_MS, Fold, Mark, Outcome
from fleetline.model.trips.reading import kept
from fleetline.model.trips.refold import Refolded, refold, shifted
from fleetline.model.trips.routes import Route
from fleetline.model.trips.thresholds import Thresholds
from fleetline.model.trips.view import View
from tests.model.trips_kit import MOVES, made_up, report, run
from tests.model.trips_reference import Reference

T = Thresholds()
AFTER_MS = 400_000
MODEST = settings(max_examples=1500, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])

moves = st.lists(
    st.tuples(
        st.sampled_from([*MOVES, "drive", "drive", "drive", "stand", "stand", "on"]),
        st.sampled_from([3, 10, 40, 90]),
        st.sampled_from([1.0, 5.0, 10.0, 30.0, 60.0]),
    ),
    min_size=3,
    max_size=10,
)
devices = st.builds(
    made_up,
    st.integers(0, 2**32),
    moves,
    st.sampled_from(["always", "changes", "never"]),
    st.sampled_from(["always", "never", "mixed"]),
    st.sampled_from(["none", "none", "good", "mixed"]),
).filter(lambda rows: len(rows) >= 4)
plain_devices = st.builds(
    made_up,
    st.integers(0, 2**32),
    moves,
    st.sampled_from(["always", "changes", "never"]),
    st.sampled_from(["always", "never", "mixed"]),
    st.just("none"),
).filter(lambda rows: bool((rows["flags"] & VALID).any()))


def shown(fold: Fold, rows: Rows) -> View:
    return fold.view(int(rows["at_ms"][-1]) + AFTER_MS)


def whole(rows: Rows, *, fast: bool = False) -> tuple[Fold, Outcome]:
    fold = Fold()
    return fold, fold.feed(rows, fast=fast)


@MODEST
@given(devices)
def test_the_vectorised_fold_gives_the_same_bytes_as_the_fold_point_by_point(rows: Rows) -> None:
    (single, outcome), (fast, fast_outcome) = whole(rows), whole(rows, fast=True)
    assert fast_outcome == outcome
    assert fast.checkpoint() == single.checkpoint()


@MODEST
@given(devices, st.data())
def test_batches_and_checkpoints_anywhere_change_nothing(rows: Rows, data: Any) -> None:
    single, outcome = whole(rows)
    borders = sorted(data.draw(st.sets(st.integers(0, len(rows)), max_size=6)))
    fold, routes, days, marks = Fold(), [], {}, []
    for start, stop in zip([0, *borders], [*borders, len(rows)], strict=True):
        part = fold.feed(rows[start:stop], fast=data.draw(st.booleans()))
        routes += part.routes
        days.update(part.days)
        marks += [(mark.at_ms, mark.last_ms) for mark in part.marks]
        fold = Fold.resume(fold.checkpoint())
    assert (routes, days) == (outcome.routes, outcome.days)
    assert marks == [(mark.at_ms, mark.last_ms) for mark in outcome.marks]
    assert shown(fold, rows) == shown(single, rows)


class Stored:
    """What a store keeps of one device, and what it does with a late report as the package tells it to."""

    def __init__(self, rows: Rows) -> None:
        fold = Fold()
        outcome = fold.feed(rows)
        self.checkpoint = fold.checkpoint()
        self.routes = outcome.routes
        self.days = outcome.days
        self.marks = outcome.marks
        self.last_ms = int(rows["at_ms"][-1])

    def late(self, everything: Rows, late: Rows) -> Refolded:
        first = int(late["at_ms"][0])
        earlier = [mark for mark in self.marks if mark.last_ms < first]
        start = earlier[-1] if earlier else None
        after = -1 if start is None else start.last_ms
        rest = everything[everything["at_ms"] > after]
        hours = rest["at_ms"] // HOUR_MS
        result = refold(
            start,
            (rest[hours == hour] for hour in np.unique(hours)),
            late_ms=int(late["at_ms"][-1]),
            marks=[mark for mark in self.marks if mark.last_ms > after],
        )
        until = result.until_ms
        later = [] if until is None else [mark for mark in self.marks if mark.last_ms >= until]
        self.routes = [r for r in self.routes if not self._replaced(r.settled_ms, after, until)] + result.routes
        self._put(mark for mark in self.marks if not self._replaced(mark.last_ms, after, until))
        self._put([*self.marks, *result.marks])
        self.days.update(result.days)
        if until is None:
            self.checkpoint = result.fold.checkpoint()
        elif result.shifts:
            self._shift(result.shifts, until, later)
        self.routes.sort(key=lambda route: route.origin_ms)
        return result

    @staticmethod
    def _replaced(at_ms: int, after: int, until: int | None) -> bool:
        return at_ms > after and (until is None or at_ms <= until)

    def _shift(self, shifts: dict[int, int], until: int, later: list[Mark]) -> None:
        for day, um in shifts.items():
            self.days[day] = self.days.get(day, 0) + um

        def moved(route: Route) -> Route:
            um = shifts.get(route.day, 0) if route.settled_ms > until else 0
            return msgspec.structs.replace(route, since_midnight_um=route.since_midnight_um + um)

        self.routes = [moved(route) for route in self.routes]
        self.checkpoint = shifted(self.checkpoint, shifts)
        moved_marks = [Mark(mark.at_ms, mark.last_ms, shifted(mark.state, shifts)) for mark in later]
        self._put([*(mark for mark in self.marks if mark.last_ms < until), *moved_marks])

    def _put(self, marks: Iterable[Mark]) -> None:
        """Of two marks of one hour the later one stands."""
        kept = {mark.at_ms: mark for mark in marks}
        self.marks = [kept[at_ms] for at_ms in sorted(kept)]


@MODEST
@given(devices, st.data())
def test_late_reports_give_what_all_reports_in_order_give(rows: Rows, data: Any) -> None:
    single, outcome = whole(rows)
    first = data.draw(st.integers(0, len(rows) - 2))
    count = data.draw(st.integers(1, max(1, len(rows) // 4)))
    gone = np.zeros(len(rows), np.bool_)
    gone[first : min(first + count, len(rows) - 1)] = True
    stored = Stored(rows[~gone])
    waiting = np.flatnonzero(gone).tolist()
    present = ~gone
    while waiting:
        size = data.draw(st.integers(1, len(waiting)))
        chosen = sorted(waiting[-size:])
        waiting = waiting[:-size]
        present[chosen] = True
        stored.late(rows[present], rows[chosen])
    assert stored.routes == outcome.routes
    assert stored.marks == outcome.marks
    assert stored.checkpoint == single.checkpoint()
    assert {day: um for day, um in stored.days.items() if um} == {day: um for day, um in outcome.days.items() if um}
    assert shown(Fold.resume(stored.checkpoint), rows) == shown(single, rows)


@MODEST
@given(devices, st.data())
def test_folding_a_stretch_again_meets_the_course_at_once_and_changes_nothing(rows: Rows, data: Any) -> None:
    outcome = whole(rows)[1]
    assume(len(outcome.marks) >= 2)
    index = data.draw(st.integers(0, len(outcome.marks) - 2))
    start, following = outcome.marks[index], outcome.marks[index + 1]
    again = Fold.resume(start.state)
    part = rows[(rows["at_ms"] > start.last_ms) & (rows["at_ms"] <= following.last_ms)]
    routes = again.feed(part).routes
    settled = [r for r in outcome.routes if start.last_ms < r.settled_ms <= following.last_ms]
    assert routes == settled
    assert again.checkpoint() == following.state


OTHER_THRESHOLDS: tuple[dict[str, int], ...] = (
    {},
    {"idle_limit": 600, "parking_min": 120},
    {"gap_split": 300, "parking_min": 7200, "idle_limit": 600},
    {"ignition_debounce": 0, "tow_distance": 200},
    {"min_trip_distance": 0, "min_trip_duration": 0, "drift_radius": 5, "derived_radius": 5, "leave_radius": 50},
    {"move_speed": 20, "quiet_speed": 1, "drift_radius": 200, "derived_radius": 200},
    {"quiet_speed": 20, "long_stop_min": 30, "max_speed": 50},
)


@MODEST
@given(plain_devices, st.sampled_from(OTHER_THRESHOLDS))
def test_a_second_opinion_over_the_whole_list_agrees(rows: Rows, changes: dict[str, int]) -> None:
    usable = rows[(rows["flags"] & VALID) != 0]
    end = report(0, speed=0.0)
    end["at_ms"] = rows["at_ms"][-1] + 200_000_000
    end["lat_e7"], end["lon_e7"], end["flags"] = usable["lat_e7"][-1], usable["lon_e7"][-1], VALID
    rows = np.concatenate([rows, end])
    thresholds = T.override(changes)
    fold, outcome = run(rows, thresholds, fast=True)
    view = fold.view(int(rows["at_ms"][-1]))
    reference = Reference(rows, thresholds)
    found = [*outcome.routes, *view.routes]
    assert [described(route) for route in found] == [route[:6] for route in reference.routes]
    for route, other in zip(found, reference.routes, strict=True):
        assert abs(route.metres_m - other[6]) < 1e-3
    days = {**outcome.days, **view.days}
    for day in days.keys() | reference.days.keys():
        assert abs(days.get(day, 0) / 1e6 - reference.days.get(day, 0.0)) < 1e-3


def described(route: Route) -> tuple[Any, ...]:
    pauses = tuple((pause.kind, pause.start_ms, pause.end_ms) for pause in route.pauses)
    return (*(route.origin_ms, route.destination_ms, route.origin_rule, route.destination_rule), route.fixes, pauses)


@MODEST
@given(devices)
def test_routes_ascend_never_overlap_and_can_be_read_point_by_point(rows: Rows) -> None:
    fold, outcome = whole(rows)
    routes = [*outcome.routes, *shown(fold, rows).routes]
    assert all(one.destination_ms <= other.origin_ms for one, other in itertools.pairwise(routes))
    for route in routes:
        points = kept(rows, route, T)
        assert len(points) == route.fixes
        assert points.at_ms[0] == route.origin_ms and points.at_ms[-1] == route.destination_ms
        assert int(points.speed_kmh.sum()) == route.speed_sum
        assert int((points.speed_kmh > 0).sum()) == route.speed_count
        assert all(route.origin_ms < pause.start_ms < pause.end_ms for pause in route.pauses)
        assert route.metres_um >= 0


@MODEST
@given(devices)
def test_the_counter_never_runs_back_while_reports_come_in_order(rows: Rows) -> None:
    fold, days, before = Fold(), {}, 0
    for index in range(len(rows)):
        days.update(fold.feed(rows[index : index + 1]).days)
        counter = sum({**days, **fold.view(int(rows["at_ms"][index])).days}.values())
        assert counter >= before
        before = counter
