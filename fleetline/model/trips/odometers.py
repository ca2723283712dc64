"""The metres of many legs at once, by odometer where one turns, for stretches in which no rule is met."""

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from fleetline.model.trips.batch import Batch
from fleetline.model.trips.fixes import ANEW, AT, LEG, ODOMETER, Fix
from fleetline.model.trips.metres import ODOMETER_SLACK_M, STUCK_UM, UM, Days, Meter, book, share
from fleetline.model.trips.routes import DAY_MS

Integers = npt.NDArray[np.int64]
_NO_LEGS: Final = 0


class Legs:
    """The legs into the fixes from `start` up to before `end`.

    at          (n + 1,) times of the fixes at both ends of the legs
    um          (n,) micrometres as they count outside a stand; fits (n,) those by odometer, None: none
    circle_um   (n,) great circles
    moved_um    what the meter has moved since the odometer changed; changed: index after the last change, 0: none
    """

    __slots__ = ("at", "changed", "circle_um", "fits", "fitting_um", "last_fits", "moved_um", "total_um", "um", "value")

    def __init__(self, at: Integers, um: Integers, circle_um: Integers, fits: Any, meter: Meter) -> None:
        self.at = at
        self.um = um
        self.circle_um = circle_um
        self.fits = fits
        self.total_um = int(um.sum())
        self.fitting_um = 0 if fits is None else int(um[fits].sum())
        self.last_fits = False if fits is None else bool(fits[-1])
        self.changed = 0
        self.value = meter.value
        self.moved_um = 0 if meter.value is None else meter.moved_um + int(circle_um.sum())

    def book(self, days: Days) -> None:
        """Every leg on its day."""
        _book(days, self.at, self.um)

    def book_fitting(self, days: Days) -> None:
        """The legs by odometer on their days: others count nothing inside a stand."""
        if self.fitting_um:
            _book(days, self.at, np.where(self.fits, self.um, 0))

    def settle(self, meter: Meter, *, owing: bool) -> None:
        """The meter after these legs; owing: those an odometer standing still may hide are owed to the route."""
        meter.moved_um = self.moved_um
        meter.value = self.value
        if self.fits is None:
            return
        if self.changed:
            meter.forgive()
            meter.ignored = False
        if owing and self.changed < len(self.um):
            owed = np.where(self.fits[self.changed :], self.circle_um[self.changed :], 0)
            if owed.any():
                meter.owed_um += int(owed.sum())
                _book(meter.owed_days, self.at[self.changed :], owed)


def plain_legs(meter: Meter, batch: Batch, start: int, end: int, before: Fix, held: Fix) -> Legs | None:
    """The legs into [start, end), or None where the odometer needs the per-point form.

    before  the fix before `start`, which is `held`
    """
    circle = batch.leg_um[start:end].copy()
    metres = held[LEG]
    circle[0] = 0 if held[ANEW] and metres > 1000.0 else int(metres * 1e6 + 0.5)
    at = np.concatenate([[before[AT]], batch.at[start:end]])
    odometer = batch.odometer[start:end]
    if not batch.has_odometer or bool((odometer < 0).all()):
        return Legs(at, circle, circle, None, meter)
    if bool((odometer < 0).any()) or before[ODOMETER] is None or meter.value is None:
        return None
    steps = np.diff(odometer, prepend=before[ODOMETER])
    turned = np.flatnonzero(steps)
    if meter.ignored:
        return None if len(turned) else Legs(at, circle, circle, None, meter)
    if meter.value != before[ODOMETER] or _stuck(meter, circle, turned):
        return None
    fits = (steps >= 0) & ((steps - ODOMETER_SLACK_M) * 3600.0 <= meter.limits.max_kmh * np.diff(at))
    fits |= steps == 0
    legs = Legs(at, np.where(fits, steps * UM, circle), circle, fits, meter)
    if len(turned):
        legs.changed = int(turned[-1]) + 1
        legs.value = int(odometer[-1])
        legs.moved_um = int(circle[legs.changed :].sum())
    return legs


def _stuck(meter: Meter, circle: Integers, turned: Integers) -> bool:
    """Whether any spell without a change of the odometer is long enough to give it up."""
    sums = np.concatenate([[0], np.cumsum(circle)])
    begins = np.concatenate([[0], turned + 1])
    ends = np.concatenate([turned, [len(circle)]])
    moved = sums[ends] - sums[begins]
    moved[0] += meter.moved_um
    return bool((moved >= STUCK_UM).any())


def _book(days: Days, at: Integers, um: Integers) -> None:
    """Legs between `at[i]` and `at[i + 1]`, shared at midnight."""
    first, last = int(at[0]), int(at[-1])
    if last <= (first // DAY_MS + 1) * DAY_MS:
        share(days, first, last, int(um.sum()))
        return
    day = at[:-1] // DAY_MS
    whole = at[1:] <= (day + 1) * DAY_MS
    for value in np.unique(day[whole]).tolist():
        book(days, value, int(um[whole & (day == value)].sum()))
    for index in np.flatnonzero(~whole).tolist():
        share(days, int(at[index]), int(at[index + 1]), int(um[index]))
