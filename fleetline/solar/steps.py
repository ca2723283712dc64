"""Equal steps of time in UTC, and what of the calendar the physics needs at the middle of each."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

LONGEST_TILE: Final = 168
"""Steps that are computed at once: one week of hours."""

DAY_S: Final = 86_400
_MONTH_DAYS: Final = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


@dataclass(frozen=True, slots=True)
class Steps:
    """`count` steps [start_s + i step_s, start_s + (i + 1) step_s), whole seconds since 1970 UTC."""

    start_s: int
    step_s: int
    count: int

    def __len__(self) -> int:
        return self.count

    def mid_s(self, first: int = 0, stop: int | None = None) -> FloatArray:
        """Middle of each step of [first, stop), seconds since 1970."""
        stop = self.count if stop is None else stop
        return self.start_s + self.step_s * (np.arange(first, stop, dtype=np.float64) + 0.5)

    def tiles(self, per_period: int = 1, longest: int = LONGEST_TILE) -> Iterator[tuple[int, int]]:
        """(first, stop) of consecutive runs of at most `longest` steps that never cut a period of `per_period` steps.

        The last run also ends with a whole period: `count` must be a multiple of `per_period`.
        """
        if self.count % per_period or per_period > longest:
            raise ValueError(f"{self.count} steps do not make whole periods of {per_period}")
        length = longest - longest % per_period
        for first in range(0, self.count, length):
            yield first, min(first + length, self.count)


def day_of_year(mid_s: FloatArray) -> IntArray:
    """1 on 1 January, UTC."""
    days = np.floor_divide(mid_s, DAY_S).astype("datetime64[D]")
    years = days.astype("datetime64[Y]").astype("datetime64[D]")
    return np.asarray((days - years).astype(np.int64) + 1, dtype=np.int64)


def month_index(local_s: FloatArray) -> IntArray:
    """0 in January, of seconds since 1970 on any clock."""
    months = np.floor_divide(local_s, DAY_S).astype("datetime64[D]").astype("datetime64[M]")
    return np.asarray(months.astype(np.int64) % 12, dtype=np.int64)


def _month_middles(days: tuple[int, ...]) -> FloatArray:
    """Day of year of the middle of last December, of the 12 months, and of next January."""
    ends = np.cumsum(days, dtype=np.float64)
    middles = ends - np.array(days) / 2.0
    return np.concatenate([[-days[11] / 2.0], middles, [ends[-1] + days[0] / 2.0]])


def month_weights(mid_s: FloatArray) -> FloatArray:
    """(12, steps): how much each monthly mean counts on the day, linear between the middles of the months.

    source   the daily interpolation of pvlib's Linke turbidity look-up
    """
    doy = day_of_year(mid_s).astype(np.float64)
    years = np.floor_divide(mid_s, DAY_S).astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64) + 1970
    leap = (years % 4 == 0) & ((years % 100 != 0) | (years % 400 == 0))
    unit = np.eye(12)
    unit = np.vstack([unit[11], unit, unit[0]])
    out = np.empty((12, len(mid_s)))
    for is_leap in (False, True):
        days = _MONTH_DAYS if not is_leap else (31, 29, *_MONTH_DAYS[2:])
        middles = _month_middles(days)
        chosen = leap == is_leap
        for month in range(12):
            out[month, chosen] = np.interp(doy[chosen], middles, unit[:, month])
    return out
