"""Going back for a late report: folding again from a mark until the course is the one already known (Z-66)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from fleetline.model.motion import Rows, empty_rows
from fleetline.model.trips.copies import JOURNEY, METER
from fleetline.model.trips.fixes import AT
from fleetline.model.trips.fold import HOUR_MS, Fold, Mark
from fleetline.model.trips.metres import book
from fleetline.model.trips.routes import DAY_MS, Route
from fleetline.model.trips.thresholds import Thresholds

EMPTY_DAYS: Final = 400
"""How far back a long silence may have left metres on days without reports."""
_METER: Final = 3
_JOURNEY: Final = 5
_DAYS: Final = METER.index("days")
_ORIGIN: Final = JOURNEY.index("origin")
_SINCE: Final = JOURNEY.index("since_midnight_um")


@dataclass(slots=True)
class Refolded:
    """What takes the place of what was stored; see the package for each step.

    after_ms, until_ms   routes settled, and marks whose newest report lies, in (after_ms, until_ms] are replaced;
                         after_ms None: from the beginning, until_ms None: to the end
    days                 totals to store for the days that end before until_ms
    shifts               micrometres to add to what is stored of the days that go on after until_ms
    """

    fold: Fold
    after_ms: int | None
    until_ms: int | None = None
    routes: list[Route] = field(default_factory=list)
    days: dict[int, int] = field(default_factory=dict)
    marks: list[Mark] = field(default_factory=list)
    shifts: dict[int, int] = field(default_factory=dict)


def refold(
    start: Mark | None,
    batches: Iterable[Rows],
    *,
    late_ms: int,
    thresholds: Thresholds | None = None,
    changes: Sequence[tuple[int, Thresholds]] = (),
    refits: Sequence[int] = (),
    marks: Sequence[Mark] = (),
) -> Refolded:
    """Fold again after `start`.

    late_ms     time of the newest late report: the fold does not stop before it
    batches     rows after start.last_ms by device-hour, ascending; read lazily, so that no more than needed is loaded
    thresholds  those of the first day when start is None
    changes     (midnight, thresholds) of each later day that has others than the day before
    refits      every moment after start.last_ms at which the device changed its vehicle
    marks       the stored ones after start; the fold stops where it meets one again
    """
    fold = Fold(thresholds) if start is None else Fold.resume(start.state)
    for from_ms, others in changes:
        if fold.last_ms is None or from_ms > fold.last_ms:
            fold.adopt(from_ms, others)
    result = Refolded(fold, None if start is None else start.last_ms)
    known = {mark.at_ms: mark for mark in marks if mark.last_ms >= late_ms}
    moments = sorted(refits)
    first_day = None if fold.last_ms is None else fold.last_ms // DAY_MS + 1
    for rows in batches:
        if not len(rows):
            continue
        begin, last = int(rows["at_ms"][0]), int(rows["at_ms"][-1])
        if _meets(result, known.get(begin // HOUR_MS * HOUR_MS)):
            return result
        due = [at for at in moments if at <= last]
        moments = moments[len(due) :]
        _take(result, fold, rows, due)
        first_day = begin // DAY_MS if first_day is None else min(begin // DAY_MS, first_day)
        _note_empty(result, first_day, last // DAY_MS)
    _take(result, fold, empty_rows(0), moments)
    return result


def _meets(result: Refolded, mark: Mark | None) -> bool:
    """Whether the fold stands where it stood before at this mark; what was found until then is complete if so."""
    fold = result.fold
    if mark is None or fold.last_ms != mark.last_ms:
        return False
    shifts = differences(fold.checkpoint(), mark.state)
    if shifts is None:
        return False
    result.until_ms = mark.last_ms
    earliest_ms = fold.earliest_ms()
    growing = mark.at_ms // DAY_MS if earliest_ms is None else earliest_ms // DAY_MS
    result.days = {day: um for day, um in result.days.items() if day < growing}
    result.shifts = {day: um for day, um in shifts.items() if um and day >= growing}
    if not result.shifts:
        result.marks.append(mark)
    return True


def _note_empty(result: Refolded, first: int, last: int) -> None:
    """A day that has no metres any more must say so."""
    for day in range(max(first, last - EMPTY_DAYS), last + 1):
        result.days.setdefault(day, 0)


def _take(result: Refolded, fold: Fold, rows: Rows, refits: Sequence[int]) -> None:
    outcome = fold.feed(rows, refits=refits)
    result.routes += outcome.routes
    result.marks += outcome.marks
    result.days.update(outcome.days)


def _parts(state: bytes) -> Any:
    return msgspec.msgpack.decode(state)


def _without_counters(content: list[Any]) -> list[Any]:
    """The state with everything blanked that only says how many metres the day had before."""
    bare = list(content)
    bare[_METER] = [*content[_METER][:_DAYS], None, *content[_METER][_DAYS + 1 :]]
    if content[_JOURNEY] is not None:
        bare[_JOURNEY] = [*content[_JOURNEY][:_SINCE], None, *content[_JOURNEY][_SINCE + 1 :]]
    return bare


def differences(new: bytes, old: bytes) -> dict[int, int] | None:
    """By how much each day's metres differ between two states that are the same in all else; None: they are not."""
    (head, content), (old_head, old_content) = _parts(new), _parts(old)
    if head != old_head or _without_counters(content) != _without_counters(old_content):
        return None
    totals, old_totals = dict(content[_METER][_DAYS]), dict(old_content[_METER][_DAYS])
    shifts = {day: totals.get(day, 0) - old_totals.get(day, 0) for day in totals.keys() | old_totals.keys()}
    journey, old_journey = content[_JOURNEY], old_content[_JOURNEY]
    if journey is not None:
        moved = journey[_SINCE] - old_journey[_SINCE]
        if moved != shifts.get(journey[_ORIGIN][AT] // DAY_MS, 0):
            return None
    return shifts


def shifted(state: bytes, shifts: Mapping[int, int]) -> bytes:
    """The same state on days that had so much more (or less) before it."""
    fold = Fold.resume(state)
    meter, journey, earliest_ms = fold.course.meter, fold.course.journey, fold.earliest_ms()
    for day, um in shifts.items():
        if earliest_ms is None or day >= earliest_ms // DAY_MS:
            book(meter.days, day, um)
    meter.days = [item for item in meter.days if item[1]]
    if journey is not None:
        journey.since_midnight_um += shifts.get(journey.origin[AT] // DAY_MS, 0)
    return fold.checkpoint()
