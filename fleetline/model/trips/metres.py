"""Metres of each leg and of each UTC day, in whole micrometres so that sums never depend on their order (Z-69)."""

from typing import Final

from fleetline.model.trips.fixes import ANEW, AT, LEG, ODOMETER, Fix
from fleetline.model.trips.routes import DAY_MS
from fleetline.model.trips.thresholds import Limits

UM: Final = 1_000_000
STUCK_UM: Final = 1000 * UM
"""An odometer that stays equal while the fixes move this far is not turning."""
JUMP_M: Final = 1000.0
"""A re-anchoring leg over this counts nothing."""
ODOMETER_SLACK_M: Final = 100

Days = list[list[int]]
"""[[UTC day, micrometres], ...], days ascending."""


def micrometres(metres: float) -> int:
    """Whole micrometres, half up."""
    return int(metres * 1e6 + 0.5)


def share(days: Days, from_ms: int, until_ms: int, um: int) -> None:
    """Book a leg on the days it spans, in proportion to time; a leg that ends at midnight is the old day's."""
    if not um:
        return
    day = from_ms // DAY_MS
    if until_ms <= (day + 1) * DAY_MS:
        if not days or days[-1][0] < day:
            days.append([day, um])
        elif days[-1][0] == day:
            days[-1][1] += um
        else:
            book(days, day, um)
        return
    span = until_ms - from_ms
    booked = 0
    while until_ms > (day + 1) * DAY_MS:
        part = um * ((day + 1) * DAY_MS - from_ms) // span - booked
        book(days, day, part)
        booked += part
        day += 1
    book(days, day, um - booked)


def book(days: Days, day: int, um: int) -> None:
    """Add to one day, wherever it stands in the list; nothing makes no entry."""
    if not um:
        return
    for index in range(len(days) - 1, -1, -1):
        if days[index][0] == day:
            days[index][1] += um
            return
        if days[index][0] < day:
            days.insert(index + 1, [day, um])
            return
    days.insert(0, [day, um])


def total(days: Days, day: int) -> int:
    """Micrometres booked on a day."""
    for item in reversed(days):
        if item[0] == day:
            return item[1]
    return 0


def merge(days: Days, more: Days) -> None:
    """Add all of `more`."""
    for day, um in more:
        book(days, day, um)


class Meter:
    """What the odometer says, and what is booked on each day so far.

    days     counted metres of the day in progress and of earlier days that may still grow
    value    the odometer's last value in metres, None: none yet
    moved_um how far the fixes went since it last changed; `ignored` once that was too far
    owed_um  great circles of the legs that counted 0 because it stayed equal, owed to the present route if it turns out
             to be stuck; owed_days the same by day
    """

    __slots__ = ("days", "ignored", "limits", "moved_um", "owed_days", "owed_um", "value")

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.days: Days = []
        self.value: int | None = None
        self.moved_um = 0
        self.ignored = False
        self.owed_um = 0
        self.owed_days: Days = []

    def leg(self, before: Fix, fix: Fix) -> tuple[int, bool, int]:
        """(micrometres, by odometer, great circle owed) of the leg between two kept fixes in a row.

        owed is -1 on the leg that proves the odometer stuck: what was owed until then falls due.
        """
        metres = fix[LEG]
        um = 0 if metres > JUMP_M and fix[ANEW] else int(metres * 1e6 + 0.5)
        if fix[ODOMETER] is None:
            if self.value is not None:
                self.moved_um += um
            return um, False, 0
        return self._by_odometer(before, fix, um)

    def _by_odometer(self, before: Fix, fix: Fix, um: int) -> tuple[int, bool, int]:
        now, then = fix[ODOMETER], before[ODOMETER]
        if now is None:
            return um, False, 0
        if now == self.value:
            self.moved_um += um
            if then is None or self.ignored:
                return um, False, 0
            if self.moved_um >= STUCK_UM:
                self.ignored = True
                return um, False, -1
            return 0, True, um
        ignored = self.ignored
        self.value = now
        self.moved_um = 0
        self.ignored = False
        self.forgive()
        if then is None or ignored:
            return um, False, 0
        step = now - then
        if step >= 0 and (step - ODOMETER_SLACK_M) * 3600.0 <= self.limits.max_kmh * (fix[AT] - before[AT]):
            return step * UM, True, 0
        return um, False, 0

    def first(self, fix: Fix) -> None:
        """The first fix of all, or the first in another vehicle: no leg ends here."""
        self.value = fix[ODOMETER]
        self.moved_um = 0
        self.ignored = False
        self.forgive()

    def owe(self, from_ms: int, until_ms: int, um: int) -> None:
        self.owed_um += um
        share(self.owed_days, from_ms, until_ms, um)

    def forgive(self) -> None:
        """Nothing is owed any more: the odometer turns, or the route it was owed to has ended."""
        if self.owed_um or self.owed_days:
            self.owed_um = 0
            self.owed_days = []

    def trim(self, earliest_ms: int) -> None:
        """Forget the days before the one of `earliest_ms`, to which nothing can be added any more."""
        day = earliest_ms // DAY_MS
        self.days = [item for item in self.days if item[0] >= day]
