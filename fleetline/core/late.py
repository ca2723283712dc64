"""Late reports: the fold goes back to the nearest mark, forward again, and only what differs is replaced."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import msgspec

from fleetline.core.hours import Protocols, chunks, load_hours
from fleetline.core.memory import DAY_MS, Known, enter_odometer, first_odometer, newer, until
from fleetline.core.ports.history import Latest, Moves, StoredDay, StoredMark, StoredRoute
from fleetline.core.ports.store import Tx
from fleetline.model.motion import Rows
from fleetline.model.settling import HOUR_MS
from fleetline.model.trips import Fold, Mark, Refolded, Route, Thresholds, refold, shifted
from fleetline.model.trips.mileage import DayCounter, anchored, counter_um, settle
from fleetline.model.trips.watch import Alarm

HOURS: Final = 6
"""Device-hours read at once: most late reports are settled within the next parking."""
FOREVER: Final = 2**62
BEGINNING: Final = -(2**62)


@dataclass(slots=True)
class Correction:
    """What a late report replaces, ready to be stored."""

    device_id: int
    after_ms: int
    until_ms: int
    routes: list[Route] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    days: list[DayCounter] = field(default_factory=list)
    moved_routes: list[StoredRoute] = field(default_factory=list)
    moved_marks: list[StoredMark] = field(default_factory=list)
    alarms: list[Alarm] = field(default_factory=list)

    async def save(self, tx: Tx) -> None:
        device = self.device_id
        await tx.history.drop_routes(device, self.after_ms, self.until_ms)
        await tx.history.drop_marks(device, self.after_ms, self.until_ms)
        routes = [
            StoredRoute(device, r.origin_ms, r.destination_ms, r.day, r.settled_ms, msgspec.msgpack.encode(r))
            for r in self.routes
        ]
        await tx.history.put_routes([*routes, *self.moved_routes])
        marks = [StoredMark(device, mark.at_ms, mark.last_ms, mark.state) for mark in self.marks]
        await tx.history.put_marks([*marks, *self.moved_marks])
        await tx.history.put_days(
            [StoredDay(device, day.day, day.start_um, day.metres_um, day.passed_on_um) for day in self.days]
        )


async def correct(
    tx: Tx, protocols: Protocols, known: Known, moves: Moves, latest: Latest, late_ms: int, new: Rows
) -> Correction:
    """Fold again from the mark before `late_ms` up to what `known` has seen; `known` is brought to the result.

    new  the reports that came, late ones and newer ones
    """
    device = latest.device_id
    last_ms = known.fold.last_ms
    assert last_ms is not None, "a first report is never late"
    mark = await tx.history.mark_before(device, late_ms)
    start = None if mark is None else Mark(mark.at_ms, mark.last_ms, mark.state)
    after_ms = BEGINNING if start is None else start.last_ms
    marks = [Mark(m.at_ms, m.last_ms, m.state) for m in await tx.history.marks_after(device, after_ms)]
    known.memory.notice_speed(until(new, last_ms))
    newest_late_ms = int(until(new, last_ms)["at_ms"][-1])
    result = await _refold(tx, protocols, known, moves, device, start, marks, newest_late_ms, last_ms)
    received_ms = int(new["received_at_ms"].max())
    found = Correction(
        device, after_ms, FOREVER if result.until_ms is None else result.until_ms, result.routes, result.marks
    )
    totals = dict(result.days)
    if result.until_ms is None:
        known.fold = result.fold
        for day, um in result.fold.view(last_ms).days.items():
            totals.setdefault(day, um)
    else:
        await _shift(tx, known, found, result, marks, totals)
    await _settle_days(tx, known, found, totals, received_ms)
    known.memory.latest.merge(until(new, last_ms))
    found.alarms = known.memory.watch.hear(received_ms)
    return found


async def _refold(
    tx: Tx,
    protocols: Protocols,
    known: Known,
    moves: Moves,
    device: int,
    start: Mark | None,
    marks: Sequence[Mark],
    late_ms: int,
    last_ms: int,
) -> Refolded:
    """The hours are read a few at a time; when the fold has not met a known state by then, it starts over with more."""
    since = BEGINNING if start is None else start.last_ms
    hours = await tx.history.hours_from(device, since // HOUR_MS if start is not None else 0)
    hours = [hour for hour in hours if hour * HOUR_MS <= last_ms]
    judged = known.memory.thresholds()
    refits = [at_ms for at_ms, _ in moves.fittings[1:] if since < at_ms <= last_ms]
    loaded: list[Rows] = []
    spans = list(chunks(hours, HOURS))
    for turn, (first, last) in enumerate(spans):
        some = (await load_hours(tx, protocols, device, first, last)).values()
        loaded += [known.memory.judged_rows(until(newer(columns.rows, since), last_ms)) for columns in some]
        if turn + 1 < len(spans) and (turn + 1) & turn:
            continue  # 1, 2, 4, 8 ... chunks: what is folded twice stays within a factor of two
        result = refold(
            start,
            _batches(loaded),
            thresholds=_first(judged),
            changes=judged[1:],
            refits=refits,
            marks=marks,
            late_ms=late_ms,
        )
        if result.until_ms is not None or turn + 1 == len(spans):
            return result
    return refold(
        start, iter(()), thresholds=_first(judged), changes=judged[1:], refits=refits, marks=marks, late_ms=late_ms
    )


def _batches(loaded: Sequence[Rows]) -> Iterator[Rows]:
    yield from loaded


def _first(judged: Sequence[tuple[int, Thresholds]]) -> Thresholds:
    return judged[0][1]


async def _shift(
    tx: Tx, known: Known, found: Correction, result: Refolded, marks: Sequence[Mark], totals: dict[int, int]
) -> None:
    """Nothing after the mark that was met changes but how many metres its day had before."""
    if not result.shifts:
        return
    until_ms = result.until_ms
    assert until_ms is not None, "there is a state that was met"
    known.fold = Fold.resume(shifted(known.fold.checkpoint(), result.shifts))
    found.moved_marks = [
        StoredMark(found.device_id, mark.at_ms, mark.last_ms, shifted(mark.state, result.shifts))
        for mark in marks
        if mark.last_ms >= until_ms
    ]
    for stored in await tx.history.routes_settled_after(found.device_id, until_ms):
        if stored.day in result.shifts:
            route = msgspec.msgpack.decode(stored.body, type=Route)
            moved = msgspec.structs.replace(
                route, since_midnight_um=route.since_midnight_um + result.shifts[stored.day]
            )
            body = msgspec.msgpack.encode(moved)
            found.moved_routes.append(replace(stored, body=body))
    days = {
        day.day: day for day in await tx.history.days_around(found.device_id, min(result.shifts), max(result.shifts))
    }
    for day, um in result.shifts.items():
        if day in days:
            totals[day] = days[day].metres_um + um


async def _settle_days(tx: Tx, known: Known, found: Correction, totals: dict[int, int], received_ms: int) -> None:
    if not totals:
        return
    stored = {
        day.day: DayCounter(day.day, day.start_um, day.metres_um, day.passed_on_um)
        for day in await tx.history.days_around(found.device_id, min(totals), max(totals))
    }
    stored |= known.memory.counters()
    changed, offsets = settle(stored, totals, received_ms, in_order=False)
    found.days = list(changed.values())
    known.memory.keep_days(changed)
    known.memory.add(offsets)
    enter_odometer(known, {**stored, **changed})
    first = known.fold.course.first_odometer
    if first is not None and first[2] in totals:
        # it may be an earlier one than was known, or the counter then may be another one by now
        known.memory.offsets = anchored(known.memory.offsets, first_odometer(known, {**stored, **changed}))


async def counter_at(tx: Tx, protocols: Protocols, known: Known, device: int, at_ms: int) -> int:
    """The plain counter of a device at a past moment, micrometres."""
    mark = await tx.history.mark_before(device, at_ms)
    judged = known.memory.thresholds()
    fold = Fold(_first(judged)) if mark is None else Fold.resume(mark.state)
    since = BEGINNING if mark is None else mark.last_ms
    hours = await load_hours(tx, protocols, device, max(0, since // HOUR_MS), at_ms // HOUR_MS)
    for columns in hours.values():
        rows = known.memory.judged_rows(newer(columns.rows, since))
        fold.feed(rows[: int(rows["at_ms"].searchsorted(at_ms))])
    day = at_ms // DAY_MS
    stored = {
        item.day: DayCounter(item.day, item.start_um, item.metres_um, item.passed_on_um)
        for item in await tx.history.days_around(device, day, day)
        if item.day <= day
    }
    view = fold.view(at_ms)
    if day in stored:
        return stored[day].start_um + view.days.get(day, 0)
    return counter_um(view, stored)
