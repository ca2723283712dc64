"""The trip engine: routes, pauses, metres and states of a device as a pure fold over its reports.

Nothing here reads a clock, a file or a database: time is an argument. Lengths are whole micrometres (`_um`), so sums
never depend on their order; times are UTC milliseconds (`_ms`); places are 1e-7 degrees (`_e7`).

What storage keeps per device
    checkpoint     `Fold.checkpoint()`: 400 to 900 bytes (more only while idling long with ignition on)
    marks          `Mark(at_ms, last_ms, state)`, key (device, at_ms): the state before the first report of an hour. Any
                   subset is enough: fewer marks, longer refolds. Suggested: all of two days, then one a day
    routes         `Route` records, key (device, origin_ms), with `day` and `settled_ms` as columns
    days           `DayCounter` per device and UTC day, with the thresholds the day was first computed with
    offsets        `Offset` list per device (first odometer, calibrations, fittings, late differences)
    Latest, Watch  newest values by field, and the error machine; both are small structs (`latest.py`, `watch.py`)
Segments of rows are the truth; all of this can be rebuilt from them with `Fold().feed(...)`.

Reports in order (the usual tick)
    fold = Fold.resume(checkpoint) or Fold(thresholds)
    fold.adopt(midnight_ms, thresholds)      only when a day begins that has other thresholds than the day before
    outcome = fold.feed(rows, refits=...)    rows sorted by at_ms, settled and deduplicated, all newer than fold.last_ms
    store outcome.routes (insert), outcome.marks, fold.checkpoint()
    store `mileage.settle(stored day counters, outcome.days, received_ms, in_order=True)`
    latest.merge(rows); watch.tick(received_ms, view before); watch.feed(rows, fold.view(received_ms))

Late reports: rows at or before fold.last_ms (a repeat that fills values of a stored report counts as one)
    start    the stored mark with the greatest last_ms < the earliest late at_ms; None: the beginning of the device
    batches  the device-hours from start.last_ms on, late rows included, each without rows up to start.last_ms
    result = refold(start, batches, late_ms=greatest late at_ms, thresholds=..., refits=..., marks=those after start)
    It stops at the first stored mark whose state it meets again, at the latest after the next parking. Then
    - delete the stored routes with result.after_ms < settled_ms <= result.until_ms, insert result.routes
    - delete the stored marks in the same span of last_ms, insert result.marks
    - `mileage.settle(..., result.days, received_ms, in_order=False)`: closed days keep the counters they began with
    - until_ms None: it ran to the end, so store result.fold.checkpoint()
    - otherwise, for each (day, um) of result.shifts: add um to the day's metres, to since_midnight_um of that day's
      routes settled after until_ms, and `shifted(state, shifts)` replaces the checkpoint and the stored marks from
      until_ms on, the one with that last_ms included; shifts is empty when nothing after until_ms changes
    latest.merge(the late rows); watch.hear(received_ms): a late report is contact, and changes no error

Reading
    day D        the stored routes with day == D, then those of `fold.view(now_ms).routes` with day == D: routes the
                 newest reports close but may yet be undone, the open one, or one that only the clock has closed.
                 A stored route and one of the view never have the same origin
    metres of D  view.days.get(D, stored metres)
    points       `reading.kept(rows of [origin, destination], route, thresholds)`
    device       `live.live(view, latest, watch, now_ms, ...)`, valid until `valid_until_ms` while nothing arrives
    mileage      `mileage.route_counters`, `mileage.device_counters`

A mark or checkpoint is refused by another ENGINE_VERSION (Invalid "checkpoint"): rebuild from segments then, closed
days excepted (they keep their routes; only an operator's recomputation replaces them).
"""

from fleetline.model.trips.fold import Fold, Mark, Outcome
from fleetline.model.trips.refold import Refolded, refold, shifted
from fleetline.model.trips.routes import Evidence, Pause, Route
from fleetline.model.trips.thresholds import ENGINE_VERSION, Thresholds
from fleetline.model.trips.view import View

__all__ = [
    "ENGINE_VERSION",
    "Evidence",
    "Fold",
    "Mark",
    "Outcome",
    "Pause",
    "Refolded",
    "Route",
    "Thresholds",
    "View",
    "refold",
    "shifted",
]
