"""The fold over many rows at once: long stretches in which nothing is decided are taken in one step.

A stretch is a run of fixes that move along in a confirmed route, or that stay in the stand in progress, without a
spike, a change of ignition, a silence or a decision among them. Everything else goes through the per-point stages, so
there is one place for each rule; what a stretch does to the state is written here and must be what they would do.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol

import numpy as np

from fleetline.model.geo import betweens_m
from fleetline.model.motion import Rows
from fleetline.model.trips.batch import Batch
from fleetline.model.trips.course import Course
from fleetline.model.trips.drive import LENGTH_MS
from fleetline.model.trips.fixes import (
    ANEW,
    AT,
    CONTRADICTED,
    COS,
    COURSE,
    LAT,
    LON,
    NOT_REPORTED,
    OFF,
    ON,
    SPEED,
    UNKNOWN,
    Fix,
    Fixes,
)
from fleetline.model.trips.ignition import Ignition
from fleetline.model.trips.odometers import Legs, plain_legs
from fleetline.model.trips.stands import Stand
from fleetline.model.trips.thresholds import Limits

CHUNK: Final = 4096
FIRST_CHUNK: Final = 512
WORTH: Final = 16
"""Fewer fixes than this are cheaper one by one."""
BURST: Final = 4
BURST_MOST: Final = 32
BLOCK: Final = 64
BLOCK_MOST: Final = 2048


class Folding(Protocol):
    """The three stages and the per-point form that a stretch leaves everything else to."""

    limits: Limits
    fixes: Fixes
    ignition: Ignition
    course: Course
    last_ms: int | None

    def points(self, data: list[Any]) -> None: ...


def run(fold: Folding, rows: Rows, stops: Sequence[int], at_stop: Callable[[int], None]) -> None:
    """Feed rows in order; `at_stop(index)` is called between the rows before `stops[index]` and the rest."""
    borders = [*stops, len(rows)]
    passed = start = 0
    size = CHUNK
    while start < len(rows):
        while passed < len(stops) and stops[passed] <= start:
            at_stop(passed)
            passed += 1
        stretch = _Stretch(fold, rows[start : start + size])
        clean = stretch.run([stop - start for stop in borders[passed:] if stop - start <= size], at_stop, passed)
        passed += stretch.passed
        start += stretch.next
        size = min(size * 2, CHUNK) if clean else FIRST_CHUNK
    for index in range(passed, len(stops)):
        at_stop(index)


class _Stretch:
    """One batch on its way through the fold.

    next    the next row to feed; passed how many stops lie before it
    index   the held fix in the batch
    """

    __slots__ = ("batch", "fold", "index", "next", "passed", "rows")

    def __init__(self, fold: Folding, rows: Rows) -> None:
        self.fold = fold
        self.rows = rows
        ignition = fold.ignition
        reported = 1 - ignition.settled if ignition.changing else ignition.settled
        self.batch = Batch(rows, fold.fixes, reported)
        self.next = 0
        self.passed = 0
        self.index = 0

    def run(self, stops: list[int], at_stop: Callable[[int], None], first: int) -> bool:
        """Feed all rows; False when it ended early because a doubtful fix made the columns unreliable."""
        count = len(self.rows)
        burst = BURST
        while self.next < count:
            while self.passed < len(stops) and stops[self.passed] <= self.next and stops[self.passed] < count:
                at_stop(first + self.passed)
                self.passed += 1
            border = min([count, *(stop for stop in stops[self.passed :] if stop > self.next)])
            if border - self.next >= WORTH and self._leap(border):
                burst = BURST
                continue
            stop = min(self.next + burst, border)
            doubted = self._points(stop)
            burst = min(burst * 2, BURST_MOST)
            if doubted and not self.fold.fixes.waiting:
                return False
        return True

    def _points(self, stop: int) -> bool:
        """Rows one by one; True when a doubtful one was among them or still waits."""
        waited = bool(self.fold.fixes.waiting)
        doubts = self.batch.doubts
        at = int(doubts.searchsorted(self.next)) if len(doubts) else 0
        doubted = waited or (at < len(doubts) and int(doubts[at]) < stop)
        self.fold.points(self.rows[self.next : stop].tolist())
        self.next = stop
        self.fold.last_ms = int(self.batch.times[stop - 1])
        return doubted

    def _leap(self, border: int) -> bool:
        """Take a whole stretch if there is one; rows from `border` on stay out of it."""
        fold, course, batch = self.fold, self.fold.course, self.batch
        held = course.held
        ignition = fold.ignition
        if held is None or course.before is None or course.bare:
            return False
        if fold.fixes.waiting or ignition.changing or ignition.run:
            return False
        inforce = UNKNOWN if ignition.settled == NOT_REPORTED else ignition.settled
        inforce = CONTRADICTED if ignition.contradicted else inforce
        if course.ignition != inforce or course.tail != inforce or (inforce == OFF and ignition.off_place is None):
            return False
        if batch.has_odometer and course.first_odometer is None:
            return False
        self.index = int(batch.row.searchsorted(self.next)) - 1
        if self.index < 0 or int(batch.at[self.index]) != held[AT]:
            return False
        border = self._unremarkable(border, inforce)
        last = int(batch.row.searchsorted(border)) - 1
        if last - self.index < WORTH:
            return False
        batch.adopt(self.index, held)
        if course.stand is None:
            end = self._moving_until(last, held)
        else:
            end = self._standing_until(course.stand, last, border, held)
        return end - self.index >= WORTH and self._take(end, held)

    def _unremarkable(self, border: int, inforce: int) -> int:
        """The first row from the next one on that the stages before the course must see by themselves."""
        batch = self.batch
        for remarkable in (batch.doubts, batch.turns):
            if len(remarkable):
                at = int(remarkable.searchsorted(self.next))
                if at < len(remarkable):
                    border = min(border, int(remarkable[at]))
        return self._towed(border) if inforce == OFF else border

    def _towed(self, border: int) -> int:
        """The first row before `border` with ignition off at moving speed and so far away that it may be a tow."""
        batch = self.batch
        start, stop = batch.fast.searchsorted((self.index + 1, int(batch.row.searchsorted(border)))).tolist()
        if start == stop:
            return border
        fast = batch.fast[start:stop]
        lat, lon, cos = self.fold.ignition.off_place
        away = betweens_m(
            np.int64(lat), np.int64(lon), np.float64(cos), batch.lat[fast], batch.lon[fast], batch.cos[fast]
        )
        towed = np.flatnonzero(away > self.fold.limits.tow_m)
        return int(batch.row[fast[towed[0]]]) if len(towed) else border

    def _slow_held(self, held: Fix) -> bool:
        """Whether the held fix is slow; the columns may not know its speed."""
        limits, batch = self.fold.limits, self.batch
        leg_ms = int(batch.at[self.index + 1]) - held[AT]
        quiet = leg_ms >= 60_000 and float(batch.leg_m[self.index + 1]) * 3600.0 < limits.quiet_kmh * leg_ms
        return held[SPEED] < limits.move_e2 or self.fold.course.ignition == OFF or quiet

    def _moving_until(self, last: int, held: Fix) -> int:
        """Index of the first fix from the held one on that does more than move along; at most `last`."""
        course, batch = self.fold.course, self.batch
        journey, before = course.journey, course.before
        if journey is None or before is None or not (journey.confirmed and journey.far):
            return self.index
        if held[AT] < journey.lead_until or self._slow_held(held):
            return self.index
        if held[AT] - before[AT] > course.limits.gap_ms or held[ANEW]:
            return self.index
        at = int(batch.stops.searchsorted(self.index + 1))
        end = min(last, int(batch.stops[at])) if at < len(batch.stops) else last
        return min(end, int(batch.at.searchsorted(journey.origin[AT] + LENGTH_MS)))

    def _standing_until(self, stand: Stand, last: int, border: int, held: Fix) -> int:
        """Index after the last slow fix up to which all fixes stay and nothing is decided; at most `last`."""
        course, batch = self.fold.course, self.batch
        journey, before, limits = course.journey, course.before, course.limits
        if before is None or held[AT] - before[AT] > limits.gap_ms or held[ANEW]:
            return self.index
        if journey is not None and (not (journey.confirmed and journey.far) or held[AT] < journey.lead_until):
            return self.index
        if not stand.parking:
            unknown = not stand.known and course.ignition >= UNKNOWN
            due = stand.first[AT] + (limits.judge_ms if unknown else limits.idle_ms)
            last = min(last, int(batch.at.searchsorted(due)))
            if course.ignition == OFF:
                over = int(batch.times.searchsorted(course.off_ms + limits.parking_ms))
                last = min(last, int(batch.row.searchsorted(over, side="right")) - 1)
        silent = batch.silent[self.index + 1 : last]
        if silent.any():
            last = self.index + 1 + int(silent.argmax())
        if last - self.index < WORTH:
            return self.index
        if course.ignition == OFF:
            return self._last_at_rest(last)
        return self._last_slow(self._leaving(stand, last, held))

    def _leaving(self, stand: Stand, last: int, held: Fix) -> int:
        """Index of the first fix that leaves the stand, at most `last`."""
        limits, batch, first = self.fold.limits, self.batch, stand.first
        start, size = self.index, BLOCK
        anchor_lat, anchor_lon, anchor_cos = np.int64(first[LAT]), np.int64(first[LON]), np.float64(first[COS])
        while start < last:
            stop = min(start + size, last)
            lat, lon, cos = batch.lat[start : stop + 1], batch.lon[start : stop + 1], batch.cos[start : stop + 1]
            away = betweens_m(anchor_lat, anchor_lon, anchor_cos, lat, lon, cos)
            radius = np.where(batch.derived[start:stop], limits.derived_m, limits.drift_m)
            by_speed = (away[:-1] > radius) & (batch.speed[start:stop] >= limits.move_e2)
            leaves = (by_speed | (away[:-1] > limits.leave_m)) & (away[1:] > radius)
            if leaves.any():
                return start + int(leaves.argmax())
            start = stop
            size = min(size * 2, BLOCK_MOST)
        return last

    def _last_at_rest(self, last: int) -> int:
        """Index of the last fix up to `last` below moving speed: no run with ignition off may be under way there."""
        speed = self.batch.speed
        move = self.fold.limits.move_e2
        while last > self.index and speed[last] >= move:
            last -= 1
        return last

    def _last_slow(self, end: int) -> int:
        """Index after the last slow fix before `end`; the run after it is left to the stages."""
        slow = self.batch.slow[self.index + 1 : end]
        found = np.flatnonzero(slow[-BLOCK:])
        if not len(found):
            found = np.flatnonzero(slow)
            return self.index if not len(found) else self.index + 2 + int(found[-1])
        return end - len(slow[-BLOCK:]) + int(found[-1]) + 1

    def _take(self, end: int, held: Fix) -> bool:
        """Decide the fixes from the held one up to before `end`, which is held from then on."""
        course, batch = self.fold.course, self.batch
        before = course.before
        if before is None:
            return False
        legs = plain_legs(course.meter, batch, self.index, end, before, held)
        if legs is None:
            return False
        if course.stand is None:
            self._move(end, held, legs)
        else:
            self._stand(course.stand, end, held, legs)
        self._advance(end)
        return True

    def _move(self, end: int, held: Fix, legs: Legs) -> None:
        course, batch = self.fold.course, self.batch
        journey = course.journey
        if journey is None:
            return
        journey.metres_um += legs.total_um
        legs.book(course.meter.days)
        legs.settle(course.meter, owing=True)
        course.count(held)
        self._count(self.index + 1, end)
        course.active_ms = int(batch.at[end - 1])
        headings = batch.heading[self.index + 1 : end]
        told = np.flatnonzero(headings[-BLOCK:] >= 0)
        if not len(told):
            told = np.flatnonzero(headings >= 0)
            heading = int(headings[told[-1]]) if len(told) else held[COURSE]
        else:
            heading = int(headings[-BLOCK:][told[-1]])
        if heading is not None:
            course.angle_e2 = heading

    def _count(self, start: int, end: int) -> None:
        """Tally the fixes from `start` up to before `end`."""
        course, batch = self.fold.course, self.batch
        course.fixes += end - start
        course.speed_sum += int(batch.speed_sum[end] - batch.speed_sum[start])
        course.speed_count += int(batch.nonzero_sum[end] - batch.nonzero_sum[start])
        course.late += int(batch.late_sum[end] - batch.late_sum[start])

    def _stand(self, stand: Stand, end: int, held: Fix, legs: Legs) -> None:
        course, batch = self.fold.course, self.batch
        if stand.run is not None:
            course.break_run(stand)
        legs.book_fitting(course.meter.days)
        legs.settle(course.meter, owing=False)
        stand.um += legs.fitting_um
        known = course.ignition < UNKNOWN
        last = batch.fix(end - 1, self._told(end - 1))
        stand.settle_on(last, legs.last_fits, course.ignition == ON)
        stand.by_odometer = legs.last_fits
        stand.known = stand.known or known
        if course.ignition == ON:
            course.active_ms = last[AT]
        if stand.parking:
            course.count_only(last)
            course.forget(last[AT])
            return
        course.count(held)
        self._count(self.index + 1, end)
        stand.lats += (batch.lat[self.index : end] - stand.first[LAT]).tolist()
        stand.lons += (batch.lon[self.index : end] - stand.first[LON]).tolist()
        on = course.ignition == ON
        before = course.before
        first_ms = 0 if before is None else held[AT] - before[AT]
        long_ms = course.limits.long_ms
        if first_ms > long_ms and not (on and course.before_on):
            stand.broken = True
        if not on and bool((np.diff(batch.at[self.index : end]) > long_ms).any()):
            stand.broken = True

    def _told(self, index: int) -> int:
        """The ignition with which the stages hand this fix on."""
        row = int(self.batch.row[index])
        told = int(self.batch.ignition[row]) if row >= 0 else NOT_REPORTED
        return CONTRADICTED if told == OFF and self.fold.ignition.contradicted else told

    def _advance(self, end: int) -> None:
        """The fix at `end` is held now; whatever was reported before it is done."""
        fold, course, batch = self.fold, self.fold.course, self.batch
        row = int(batch.row[end])
        stand = course.stand
        last = stand.last if stand is not None and stand.last is not None else batch.fix(end - 1, self._told(end - 1))
        course.before = last
        course.before_on = course.ignition == ON
        if course.ignition == ON and len(batch.bare_rows):
            index = int(batch.bare_rows.searchsorted(row)) - 1
            if index >= 0 and int(batch.bare_rows[index]) > int(batch.row[end - 1]):
                course.active_ms = int(batch.times[batch.bare_rows[index]])
        course.held = batch.fix(end, self._told(end))
        course.repeats = False
        course.settled_ms = fold.last_ms = int(batch.at[end])
        fold.fixes.window.clear()
        fold.fixes.window.extend(batch.window(end))
        fold.ignition.place = batch.fix(end, int(batch.ignition[row]))
        self.next = row + 1
