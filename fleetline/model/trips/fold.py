"""The fold over a device's reports in order of time: what goes in and what comes out."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from fleetline.model.errors import Invalid
from fleetline.model.motion import COARSE_ODOMETER, IGNITION_KNOWN, IGNITION_ON, MISSING_32, VALID, Rows
from fleetline.model.trips import routes as names
from fleetline.model.trips.copies import plain, rebuilt
from fleetline.model.trips.course import Course
from fleetline.model.trips.fastfold import run
from fleetline.model.trips.fixes import AT, NOT_REPORTED, OFF, ON, Fixes
from fleetline.model.trips.ignition import Ignition
from fleetline.model.trips.thresholds import ENGINE_VERSION, Limits, Thresholds
from fleetline.model.trips.view import View, look, look_ahead

HOUR_MS: Final = 3_600_000
MANY: Final = 200
"""From this many rows at once the vectorised form is worth its start-up."""
LAT_MOST: Final = 900_000_000
LON_MOST: Final = 1_800_000_000


@dataclass(frozen=True, slots=True)
class Mark:
    """A moment to which a fold can be taken back.

    at_ms    the full hour UTC in which the next report was fed
    last_ms  time of the newest report in the state; every report after it is not in it
    """

    at_ms: int
    last_ms: int
    state: bytes


@dataclass(slots=True)
class Outcome:
    """What feeding gave.

    routes     settled routes, origins ascending
    days       UTC day -> micrometres of that day so far, for every day that may have changed: replaces what was stored
    marks      for each hour entered, the state before its first report
    """

    routes: list[names.Route] = field(default_factory=list)
    days: dict[int, int] = field(default_factory=dict)
    marks: list[Mark] = field(default_factory=list)


class Fold:
    """All reports of one device in order of time; the package's docstring says how storage uses it.

    last_ms  time of the newest report fed (or just before the newest refit), None before the first
    """

    __slots__ = ("_ahead", "_later", "course", "fixes", "ignition", "last_ms", "limits")

    def __init__(self, thresholds: Thresholds | None = None) -> None:
        self.limits = Limits(Thresholds() if thresholds is None else thresholds)
        self.course = Course(self.limits)
        self.ignition = Ignition(self.limits, self.course)
        self.fixes = Fixes(self.limits, self.ignition)
        self.last_ms: int | None = None
        self._ahead: Course | None = None
        self._later: list[tuple[int, Limits]] = []

    @property
    def thresholds(self) -> Thresholds:
        """Those in force for the newest report."""
        return self.limits.thresholds

    def adopt(self, from_ms: int, thresholds: Thresholds) -> None:
        """Judge by other thresholds from the first report at or after `from_ms`, the midnight a day begins with.

        Call it before that report is fed; a change still to come is part of every checkpoint.
        """
        self._later = [item for item in self._later if item[0] != from_ms]
        self._later.append((from_ms, Limits(thresholds)))
        self._later.sort(key=lambda item: item[0])

    def feed(self, rows: Rows, *, refits: Sequence[int] = (), fast: bool | None = None) -> Outcome:
        """Fold further reports.

        rows    (n,) of ROW, `at_ms` strictly ascending and after everything fed before
        refits  moments at which the device moved into another vehicle, ascending; each takes effect before the first
                report at or after it
        fast    True or False chooses between the two forms of the fold, which agree; None: by the number of rows
        errors  Invalid("at_ms") when the order is broken; nothing was fed then
        """
        outcome = Outcome()
        times = rows["at_ms"]
        if len(rows) and (
            (self.last_ms is not None and int(times[0]) <= self.last_ms)
            or (len(rows) > 1 and not bool((times[1:] > times[:-1]).all()))
        ):
            raise Invalid("at_ms", "reports must ascend and follow those fed before", int(times[0]))
        self._ahead = None
        start = 0
        marks: list[tuple[int, int]] = []
        for stop, rank, at_ms, limits in self._cuts(times, refits):
            if rank == 0:
                marks.append((stop - start, at_ms))
                continue
            self._run(rows[start:stop], marks, outcome, fast)
            start, marks = stop, []
            if limits is not None:
                self._judge_by(at_ms, limits)
            else:
                self._refit(at_ms)
        self._run(rows[start:], marks, outcome, fast)
        outcome.routes, self.course.closed = self.course.closed, []
        outcome.days.update((day, um) for day, um in self.course.meter.days)
        self._trim_days()
        return outcome

    def _cuts(self, times: Any, refits: Sequence[int]) -> list[tuple[int, int, int, Limits | None]]:
        """(index of the row before which, rank, moment, limits) of everything that happens between two rows."""
        count = len(times)
        cuts: list[tuple[int, int, int, Limits | None]]
        cuts = [(int(times.searchsorted(at)) if count else 0, 2, at, None) for at in refits]
        if count:
            first, last = int(times[0]) // HOUR_MS, int(times[-1]) // HOUR_MS
            if self.last_ms is not None and self.last_ms // HOUR_MS < first:
                cuts.append((0, 0, first * HOUR_MS, None))
            if last > first:
                hours = times // HOUR_MS
                borders = ((hours[1:] != hours[:-1]).nonzero()[0] + 1).tolist()
                cuts += [(index, 0, int(hours[index]) * HOUR_MS, None) for index in borders]
            due = [item for item in self._later if item[0] <= int(times[-1])]
            cuts += [(int(times.searchsorted(at)), 1, at, limits) for at, limits in due]
        cuts.sort(key=lambda cut: cut[:3])
        return cuts

    def _run(self, rows: Rows, marks: list[tuple[int, int]], outcome: Outcome, fast: bool | None) -> None:
        """Rows between which nothing but hours changes; marks: (index of the row before which, hour)."""

        def take_mark(index: int) -> None:
            if self.last_ms is not None:
                outcome.days.update((day, um) for day, um in self.course.meter.days)
                self._trim_days()
                outcome.marks.append(Mark(marks[index][1], self.last_ms, self.checkpoint()))

        if fast or (fast is None and len(rows) >= MANY):
            run(self, rows, [stop for stop, _ in marks], take_mark)
            return
        start = 0
        for index, (stop, _) in enumerate(marks):
            self._points(rows[start:stop])
            take_mark(index)
            start = stop
        self._points(rows[start:])

    def _points(self, rows: Rows) -> None:
        if len(rows):
            self.points(rows.tolist())
            self.last_ms = int(rows["at_ms"][-1])

    def points(self, data: list[Any]) -> None:
        """The per-point form: rows as tuples of Python numbers."""
        limits, fixes, course = self.limits, self.fixes, self.course
        late_ms, satellites_least, accuracy_most = limits.late_ms, limits.satellites, limits.accuracy_dm
        for row in data:
            at, heard, _, odometer, lat, lon, _, speed, heading, _, accuracy, obd, _, _, _, _, satellites, flags = row
            course.settled_ms = at
            ignition = (ON if flags & IGNITION_ON else OFF) if flags & IGNITION_KNOWN else NOT_REPORTED
            total = odometer if odometer >= 0 else None
            if (
                flags & VALID
                and -LAT_MOST <= lat <= LAT_MOST
                and -LON_MOST <= lon <= LON_MOST
                and (lat or lon)
                and (satellites >= satellites_least or satellites == MISSING_32)
                and accuracy <= accuracy_most
            ):
                fixes.fix(
                    at,
                    lat,
                    lon,
                    speed if speed >= 0 else obd if obd >= 0 else None,
                    ignition,
                    None if flags & COARSE_ODOMETER else total,
                    total,
                    heading if heading >= 0 else None,
                    heard - at > late_ms,
                )
            else:
                fixes.bare(at, ignition, total)

    def _judge_by(self, from_ms: int, limits: Limits) -> None:
        self._later = [item for item in self._later if item[0] > from_ms]
        self.limits = self.fixes.limits = self.ignition.limits = limits
        self.course.limits = self.course.meter.limits = limits

    def _refit(self, at_ms: int) -> None:
        """Z-64: the route ends at the last fix before; the next fix begins a first stand."""
        self.course.settled_ms = at_ms
        self.fixes.restart()
        self.ignition.restart()
        self.course.restart(at_ms)
        self.last_ms = at_ms - 1 if self.last_ms is None else max(self.last_ms, at_ms - 1)

    def _trim_days(self) -> None:
        earliest_ms = self.earliest_ms()
        if earliest_ms is not None:
            self.course.meter.trim(earliest_ms)

    def earliest_ms(self) -> int | None:
        """Nothing fed from now on adds metres to a day that ends before this; None before the first fix."""
        course = self.course
        fixes = [course.held, course.before]
        if course.stand is not None:
            fixes.append(course.stand.first if course.stand.last is None else course.stand.last)
        if course.journey is not None:
            fixes.append(course.journey.origin)
        times = [fix[AT] for fix in fixes if fix is not None]
        return min(times) if times else None

    def checkpoint(self) -> bytes:
        """The complete state; `resume` continues from it as if nothing had happened."""
        later = [[at, limits.thresholds.changes()] for at, limits in self._later]
        head = [ENGINE_VERSION, self.last_ms, self.limits.thresholds.changes(), later]
        return msgspec.msgpack.encode([head, plain(self.fixes, self.ignition, self.course)])

    @classmethod
    def resume(cls, state: bytes) -> "Fold":
        """The fold that was checkpointed; errors: Invalid("checkpoint") for another engine's or a broken one."""
        try:
            head, content = msgspec.msgpack.decode(state)
            version, last_ms, changes, later = head
        except (msgspec.DecodeError, ValueError, TypeError) as error:
            raise Invalid("checkpoint", "not a checkpoint of this engine") from error
        if version != ENGINE_VERSION:
            raise Invalid("checkpoint", "made by another version of the engine", version)
        fold = cls(Thresholds().override(changes))
        fold.last_ms = last_ms
        fold._later = [(at, Limits(Thresholds().override(change))) for at, change in later]
        fold.fixes, fold.ignition, fold.course = rebuilt(content, fold.limits)
        return fold

    def view(self, now_ms: int) -> View:
        """Where the device stands at `now_ms`, open route included; changes nothing."""
        if self._ahead is None:
            self._ahead = look_ahead(self.fixes, self.ignition, self.course)
        return look(self._ahead, now_ms)
