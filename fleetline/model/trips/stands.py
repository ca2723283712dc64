"""One stand: its fixes so far, its standing time, and what it is (Z-54 to Z-59)."""

from typing import Any, Final

from fleetline.model.trips.fixes import AT, LAT, LON, Fix
from fleetline.model.trips.metres import Days
from fleetline.model.trips.routes import PAUSE_IGNITION_OFF, PAUSE_LONG_STOPPED
from fleetline.model.trips.thresholds import Limits

Tally = tuple[int, int, int, int, int]
"""(fixes, sum of integer speeds, count of those not 0, late ones, ignition seen)."""
NOTHING: Final[Tally] = (0, 0, 0, 0, 0)


class Stand:
    """A spell without movement.

    Its newest fixes may be an unbroken run of moving fixes that is still within the radius: the run belongs to the
    stand when a slow fix ends it, and to the drive when it ends by leaving. What must be told apart is kept twice.

    first      anchor and first fix; at_first the route's tally up to and including it, far_first whether the route
               had been far enough from its anchor by then, first_by_odometer how the leg to it was measured
    parking    it separates routes (once a parking, always a parking)
    known      ignition was known in some report of it; off_ms longest unbroken off that has ended in it
    broken     a gap over long_stop_min that ignition on at both ends does not explain
    lats, lons of its fixes from the first one's, while it may become a pause
    um         metres by odometer inside it, up to `last`
    last       its last fix before the run; None when it began with the run
    run        first fix of the run, None: no run; run_* what held just before it, run_um all metres since `last`,
               run_fit and run_pending those by odometer and those by fixes per day
    """

    __slots__ = (
        "at_first",
        "at_run",
        "broken",
        "by_odometer",
        "far_first",
        "first",
        "first_by_odometer",
        "known",
        "last",
        "last_by_odometer",
        "last_on",
        "lats",
        "lons",
        "off_ms",
        "parking",
        "run",
        "run_broken",
        "run_count",
        "run_course",
        "run_first_um",
        "run_fit",
        "run_known",
        "run_off_ms",
        "run_on",
        "run_owed_um",
        "run_pending",
        "run_speeds",
        "run_um",
        "um",
    )

    def __init__(self, first: Fix, *, parking: bool, known: bool, at_first: Tally) -> None:
        self.first = first
        self.parking = parking
        self.known = known
        self.at_first = at_first
        self.far_first = False
        self.first_by_odometer = False
        self.off_ms = 0
        self.broken = False
        self.lats: list[int] = []
        self.lons: list[int] = []
        self.um = 0
        self.by_odometer = False
        self.last: Fix | None = None
        self.last_by_odometer = False
        self.last_on = False
        self.end_run()

    def end_run(self) -> None:
        """No run any more."""
        self.run: Fix | None = None
        self.at_run: Tally = NOTHING
        self.run_known = self.run_broken = self.run_on = False
        self.run_off_ms = self.run_count = 0
        self.run_um = self.run_first_um = self.run_owed_um = 0
        self.run_fit: Days = []
        self.run_pending: Days = []
        self.run_course: int | None = None
        self.run_speeds: list[Any] = []

    def start_run(self, fix: Fix, tally: Tally, ignition_on: bool) -> None:
        """A moving fix within the radius; `tally` is the route's before it."""
        self.run = fix
        self.at_run = tally
        self.run_known = self.known
        self.run_broken = self.broken
        self.run_off_ms = self.off_ms
        self.run_count = len(self.lats)
        self.run_on = ignition_on

    def locate(self, fix: Fix) -> None:
        self.lats.append(fix[LAT] - self.first[LAT])
        self.lons.append(fix[LON] - self.first[LON])

    def become_parking(self) -> None:
        self.parking = True
        self.lats = []
        self.lons = []
        self.run_count = 0

    def settle_on(self, last: Fix, by_odometer: bool, ignition_on: bool) -> None:
        """`last` is its last fix so far that surely belongs to it."""
        self.last = last
        self.last_by_odometer = by_odometer
        self.last_on = ignition_on

    def departure(self, fix: Fix, by_run: bool) -> tuple[Fix, bool, int, bool, int, bool]:
        """(departure, known, off_ms, broken, count of its fixes, ignition on at the departure), see Z-57.

        fix     the leaving fix; by_run: it leaves as the last of the run
        """
        if by_run and self.run is not None:
            return self.run, self.run_known, self.run_off_ms, self.run_broken, self.run_count, self.run_on
        return fix, self.known, self.off_ms, self.broken, len(self.lats), False


def quiet(metres: float, milliseconds: int, limits: Limits) -> bool:
    """The mean speed of a leg is below quiet_speed."""
    return metres * 3600.0 < limits.quiet_kmh * milliseconds


def pause_kind(off_ms: int, standing_ms: int, broken: bool, limits: Limits) -> int:
    """0 for a stand that is neither a parking nor a pause (Z-59, rules 4 to 6)."""
    if off_ms > 0 and off_ms >= limits.debounce_ms:
        return PAUSE_IGNITION_OFF
    if standing_ms >= limits.long_ms and not broken:
        return PAUSE_LONG_STOPPED
    return 0


def standing_ms(stand: Stand, last: Fix | None) -> int:
    """From its first fix to its last."""
    return 0 if last is None else last[AT] - stand.first[AT]
