"""What the fold remembers of one device between ticks, and one step forward with newer reports. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

import msgspec
import numpy as np

from fleetline.core.ports.history import Moves
from fleetline.model.motion import MISSING_32, Rows, empty_rows
from fleetline.model.trips import Fold, Mark, Route, Thresholds, View
from fleetline.model.trips.latest import Latest
from fleetline.model.trips.mileage import (
    CALIBRATED,
    FITTED,
    ODOMETER,
    DayCounter,
    Offset,
    calibration,
    counter_um,
    odometer_offset,
    settle,
)
from fleetline.model.trips.watch import Alarm, Watch

DAY_MS: Final = 86_400_000
BEGINNING: Final = 0
DAYS_KEPT: Final = 3
"""Newest day counters kept at hand; a report in order never touches an older one."""


def thresholds_of(changed: Mapping[str, float]) -> Thresholds:
    """The built-in thresholds with those that differ; the same object for the same ones, since fleets share them."""
    return _thresholds(tuple(sorted(changed.items())))


@lru_cache(256)
def _thresholds(changed: tuple[tuple[str, float], ...]) -> Thresholds:
    return Thresholds().override(dict(changed))


class Memory(msgspec.Struct, array_like=True):
    """All that is needed to go on, and to tell what a device does now.

    fold     checkpoint of the fold
    days     the newest day counters, ascending
    offsets  between plain counter and mileage, ascending by moment
    judged   (from_ms, thresholds that differ from the built-in ones), ascending, the first from 0
    entered  (at_ms, kind) of every stated mileage that has become an offset
    first_speed_ms  time of the first report with a speed above 0, None while there was none: see `judged_rows`
    """

    fold: bytes
    latest: Latest
    watch: Watch
    days: list[DayCounter]
    offsets: list[Offset]
    judged: list[tuple[int, dict[str, float]]]
    entered: list[tuple[int, str]] = []
    first_speed_ms: int | None = None

    def encode(self) -> bytes:
        return msgspec.msgpack.encode(self)

    @classmethod
    def decode(cls, data: bytes) -> "Memory":
        """errors: msgspec.MsgspecError for bytes of another version"""
        return msgspec.msgpack.decode(data, type=cls)

    def counters(self) -> dict[int, DayCounter]:
        return {item.day: item for item in self.days}

    def thresholds(self) -> list[tuple[int, Thresholds]]:
        """(from_ms, thresholds), ascending: those each day is judged by."""
        return [(from_ms, thresholds_of(changed)) for from_ms, changed in self.judged]

    def notice_speed(self, rows: Rows) -> None:
        """Take in rows, ascending, before they are judged."""
        moving = np.flatnonzero(rows["speed_e2"] > 0)
        if len(moving):
            at_ms = int(rows["at_ms"][moving[0]])
            self.first_speed_ms = at_ms if self.first_speed_ms is None else min(at_ms, self.first_speed_ms)

    def judged_rows(self, rows: Rows) -> Rows:
        """Rows as the fold takes them: a speed of 0 says nothing before a device has ever reported another one.

        Several wires have no room for an unknown speed and send 0 instead.
        """
        if self.first_speed_ms is None:
            mute = rows["speed_e2"] == 0
        else:
            mute = (rows["speed_e2"] == 0) & (rows["at_ms"] < self.first_speed_ms)
        if not mute.any():
            return rows
        rows = rows.copy()
        rows["speed_e2"][mute] = MISSING_32
        return rows

    def add(self, offsets: Sequence[Offset]) -> None:
        self.offsets = sorted([*self.offsets, *offsets], key=lambda item: item.at_ms)

    def keep_days(self, changed: Mapping[int, DayCounter]) -> None:
        known = {**self.counters(), **changed}
        self.days = [known[day] for day in sorted(known)[-DAYS_KEPT:]]


@dataclass(slots=True)
class Known:
    """One device in hand: its memory and the fold that belongs to it."""

    memory: Memory
    fold: Fold

    @classmethod
    def new(cls, changed: Mapping[str, float]) -> "Known":
        fold = Fold(thresholds_of(changed))
        return cls(Memory(b"", Latest(), Watch(), [], [], [(0, dict(changed))]), fold)

    @classmethod
    def of(cls, data: bytes, *, checked: bool = True) -> "Known":
        """errors: Invalid("checkpoint") when another version of the engine wrote it, unless not checked: a new fold
        then
        """
        memory = Memory.decode(data)
        return cls(memory, Fold.resume(memory.fold) if checked else Fold())

    def encode(self) -> bytes:
        self.memory.fold = self.fold.checkpoint()
        return self.memory.encode()

    def view(self, now_ms: int) -> View:
        return self.fold.view(now_ms)


@dataclass(slots=True)
class Step:
    """What one step changes besides the memory itself."""

    routes: list[Route] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    days: dict[int, DayCounter] = field(default_factory=dict)
    alarms: list[Alarm] = field(default_factory=list)


def judge_by(known: Known, changed: Mapping[str, float]) -> None:
    """Thresholds were changed: they hold from the next day on, a day keeps those it began with."""
    if dict(changed) == known.memory.judged[-1][1]:
        return
    if known.fold.last_ms is None:
        known.fold = Fold(thresholds_of(changed))
        known.memory.judged = [(0, dict(changed))]
        return
    midnight = (known.fold.last_ms // DAY_MS + 1) * DAY_MS
    known.fold.adopt(midnight, thresholds_of(changed))
    known.memory.judged = [item for item in known.memory.judged if item[0] < midnight] + [(midnight, dict(changed))]


def new_words(known: Known, moves: Moves, fitted: Mapping[int, int]) -> list[tuple[int, str, int]]:
    """Mileages that somebody stated and that are no offset yet: (at_ms, kind, metres), ascending.

    fitted  moment of a fitting -> the vehicle's own last mileage then, metres
    """
    have = set(known.memory.entered)
    said = [(at_ms, CALIBRATED, metres) for at_ms, metres in moves.calibrations]
    said += [(at_ms, FITTED, metres) for at_ms, metres in fitted.items()]
    return sorted(item for item in said if item[:2] not in have)


def go_on(
    known: Known, rows: Rows, moves: Moves, words: Sequence[tuple[int, str, int]], past: Mapping[int, int]
) -> Step:
    """Fold reports that are newer than all before.

    words  mileages to enter; past: moment -> plain counter there, for those not after the newest report folded before
    """
    step = Step()
    fold, memory = known.fold, known.memory
    thresholds = fold.thresholds
    memory.notice_speed(rows)
    if len(rows):
        received_ms = int(rows["received_at_ms"].max())
        if fold.last_ms is not None:
            step.alarms += memory.watch.tick(int(rows["received_at_ms"].min()), fold.view(received_ms), thresholds)
    start, before = 0, fold.last_ms
    for at_ms, kind, metres in words:
        memory.entered = [*memory.entered, (at_ms, kind)]
        if before is None and (not len(rows) or at_ms <= int(rows["received_at_ms"].min())):
            # said before anything was received: the counter was 0 then, whatever old reports still come
            memory.offsets = [item for item in memory.offsets if item.at_ms != BEGINNING]
            memory.add([calibration(kind, BEGINNING, metres / 1000, 0)])
            continue
        if before is not None and at_ms <= before:
            counter = past[at_ms]
        else:
            stop = int(rows["at_ms"].searchsorted(at_ms)) if len(rows) else 0
            feed(known, rows[start:stop], moves, step)
            start = max(start, stop)
            counter = counter_um(fold.view(at_ms), memory.counters())
        memory.add([calibration(kind, at_ms, metres / 1000, counter)])
    feed(known, rows[start:], moves, step)
    if len(rows):
        memory.latest.merge(rows)
        step.alarms += memory.watch.feed(rows, fold.view(received_ms), fold.thresholds)
    return step


def feed(known: Known, rows: Rows, moves: Moves, step: Step) -> None:
    """Reports that are newer than all before, without what depends on when they came."""
    if not len(rows):
        return
    fold, memory = known.fold, known.memory
    last = int(rows["at_ms"][-1])
    since = fold.last_ms if fold.last_ms is not None else -1
    # the first fitting begins with the device; each later one is a move into another vehicle
    refits = [at_ms for at_ms, _ in moves.fittings[1:] if since < at_ms <= last]
    outcome = fold.feed(memory.judged_rows(rows), refits=refits)
    step.routes += outcome.routes
    step.marks += outcome.marks
    received_ms = int(rows["received_at_ms"].max())
    changed, offsets = settle(memory.counters(), outcome.days, received_ms, in_order=True)
    step.days.update(changed)
    memory.keep_days(changed)
    memory.add(offsets)
    enter_odometer(known, memory.counters())


def enter_odometer(known: Known, counters: Mapping[int, DayCounter]) -> None:
    """The first odometer reading fixes the raw mileage, once."""
    if known.fold.course.first_odometer is None or any(item.kind == ODOMETER for item in known.memory.offsets):
        return
    known.memory.add([first_odometer(known, counters)])


def first_odometer(known: Known, counters: Mapping[int, DayCounter]) -> Offset:
    """The offset that the first odometer reading makes; counters: that of its day, or else of the last day before."""
    first = known.fold.course.first_odometer
    assert first is not None, "the caller has seen one"
    at_ms, metres, day, since_um = first
    counter = counters.get(day)
    earlier = [item for item in counters.values() if item.day < day]
    newest = max(earlier, key=lambda item: item.day) if earlier else None
    start_um = counter.start_um if counter else (newest.start_um + newest.metres_um if newest else 0)
    return odometer_offset((at_ms, metres, day, since_um), start_um)


def newer(rows: Rows, than_ms: int | None) -> Rows:
    """Those after a moment."""
    if than_ms is None or not len(rows):
        return rows
    return rows[int(rows["at_ms"].searchsorted(than_ms, side="right")) :]


def until(rows: Rows, last_ms: int) -> Rows:
    """Those not after a moment."""
    return rows[: int(rows["at_ms"].searchsorted(last_ms, side="right"))]


def first_difference(before: Rows, after: Rows) -> int | None:
    """Time of the first row that is new or changed; None when everything was there already."""
    if len(before) == len(after) and bool((before == after).all()):
        return None
    place = before["at_ms"].searchsorted(after["at_ms"])
    there = place < len(before)
    same = np.zeros(len(after), bool)
    same[there] = before[place[there]] == after[there]
    different = np.flatnonzero(~same)
    return int(after["at_ms"][different[0]]) if len(different) else None


NO_ROWS: Final = empty_rows(0)
