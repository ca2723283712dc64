"""Which reported ignitions are believed: the second stage of the fold (Z-52's debounce, Z-53's contradiction)."""

from typing import Any, Final, Protocol

from fleetline.model.geo import between_m
from fleetline.model.trips.fixes import (
    AT,
    CONTRADICTED,
    COS,
    HELD_MOST,
    IGNITION,
    IN_A_ROW,
    LAT,
    LON,
    NOT_REPORTED,
    OFF,
    ON,
    SPEED,
    Fix,
)
from fleetline.model.trips.thresholds import Limits

A_FIX: Final = 13


class Following(Protocol):
    """What the next stage must offer."""

    def fix(self, fix: Fix) -> None: ...
    def report(self, at: int, ignition: int, total: int | None) -> None: ...
    def set_aside(self, at: int) -> None: ...
    def towed(self, metres: float) -> None: ...


class Ignition:
    """Holds a change until it has lasted, and a drive with ignition off until it is long enough to be believed.

    settled    the last reported value that lasted; NOT_REPORTED before the first
    change_ms  time of a change that may yet be undone, 0: none; `changing` the reports since
    off        the believed ignition is off; `off_place` (lat, lon, cosine) where it went off, None: not known yet
    run        reports since the first fix of an unbroken run at moving speed with ignition off; run_fixes in it
    contradicted  until the next reported on
    """

    __slots__ = (
        "change_ms",
        "changing",
        "contradicted",
        "limits",
        "next",
        "off",
        "off_place",
        "place",
        "run",
        "run_fixes",
        "settled",
    )

    def __init__(self, limits: Limits, following: Following) -> None:
        self.limits = limits
        self.next = following
        self.settled = NOT_REPORTED
        self.change_ms = 0
        self.changing: list[Any] = []
        self.off = False
        self.off_place: Any = None
        self.place: Any = None
        self.run: list[Any] = []
        self.run_fixes = 0
        self.contradicted = False

    def set_aside(self, at: int) -> None:
        self.next.set_aside(at)

    def fix(self, fix: Fix) -> None:
        value = fix[IGNITION]
        if self.changing or (value >= 0 and value != self.settled):
            self._debounce(fix[AT], value, fix)
        elif self.off or self.contradicted:
            self._off_fix(fix)
        else:
            self.place = fix
            self.next.fix(fix)

    def bare(self, at: int, ignition: int, total: int | None) -> None:
        if self.changing or (ignition >= 0 and ignition != self.settled):
            self._debounce(at, ignition, (at, ignition, total))
        else:
            self._bare(at, ignition, total)

    def _debounce(self, at: int, value: int, report: Any) -> None:
        changing = self.changing
        if not changing:
            if value == NOT_REPORTED or value == self.settled:
                self._pass(report)
            elif self.settled == NOT_REPORTED or self.limits.debounce_ms == 0:
                self.settled = value
                self._pass(report)
            else:
                self.change_ms = at
                changing.append(report)
        elif at - self.change_ms >= self.limits.debounce_ms:
            self.settled = 1 - self.settled
            self.changing = []
            for item in changing:
                self._pass(item)
            self._debounce(at, value, report)
        elif value == self.settled:
            self.changing = []
            for item in changing:
                self._pass(_with_ignition(item, NOT_REPORTED))
            self._pass(report)
        else:
            changing.append(report)

    def _pass(self, report: Any) -> None:
        if len(report) != A_FIX:
            self._bare(*report)
        elif self.off or self.contradicted or report[IGNITION] == OFF:
            self._off_fix(report)
        else:
            self.place = report
            self.next.fix(report)

    def _off_fix(self, fix: Fix) -> None:
        """A fix while ignition is off, goes off, or is contradicted."""
        value = fix[IGNITION]
        self.place = fix
        if value == ON:
            self._on()
            self.next.fix(fix)
        elif self.contradicted:
            self.next.fix(_with_ignition(fix, CONTRADICTED) if value == OFF else fix)
        else:
            if not self.off:
                self.off = True
                self.off_place = None
            if self.off_place is None:
                self.off_place = (fix[LAT], fix[LON], fix[COS])
            if fix[SPEED] < self.limits.move_e2:
                self.settle_run()
                self.next.fix(fix)
            else:
                self._run_on(fix)

    def _bare(self, at: int, ignition: int, total: int | None) -> None:
        if ignition == ON:
            self._on()
        elif ignition == OFF:
            if self.contradicted:
                ignition = CONTRADICTED
            elif not self.off:
                self.off = True
                self.off_place = None if self.place is None else (self.place[LAT], self.place[LON], self.place[COS])
        if self.run:
            self.run.append((at, ignition, total))
            self._shorten()
        else:
            self.next.report(at, ignition, total)

    def _on(self) -> None:
        self.settle_run()
        self.off = self.contradicted = False

    def _run_on(self, fix: Fix) -> None:
        """A fix at moving speed with ignition off: enough of them far enough away contradict it."""
        self.run.append(fix)
        self.run_fixes += 1
        lat, lon, cos = self.off_place
        if self.run_fixes >= IN_A_ROW:
            towed = between_m(lat, lon, cos, fix[LAT], fix[LON], fix[COS])
            if towed > self.limits.tow_m:
                run, self.run, self.run_fixes = self.run, [], 0
                self.off = False
                self.contradicted = True
                self.next.towed(towed)
                self._release(_with_ignition(item, CONTRADICTED) for item in run)
                return
        self._shorten()

    def _shorten(self) -> None:
        """A run that goes nowhere for very long is no tow: its oldest fix counts as off, the run begins after it."""
        if len(self.run) > HELD_MOST:
            run = self.run
            cut = next((index for index in range(1, len(run)) if len(run[index]) == A_FIX), len(run))
            self.run = run[cut:]
            self.run_fixes -= 1
            self._release(iter(run[:cut]))

    def settle_run(self) -> None:
        """The run was broken: ignition was off all along."""
        if self.run:
            run, self.run, self.run_fixes = self.run, [], 0
            self._release(iter(run))

    def _release(self, reports: Any) -> None:
        for item in reports:
            if len(item) == A_FIX:
                self.next.fix(item)
            else:
                self.next.report(*item)

    def drain(self) -> None:
        """Take what was reported so far as it stands: no later report is known."""
        changing, self.changing = self.changing, []
        for item in changing:
            self._pass(item)
        self.settle_run()

    def restart(self) -> None:
        """The device rides in another vehicle from here on."""
        self.drain()
        self.settled = NOT_REPORTED
        self.off = self.contradicted = False
        self.place = self.off_place = None


def _with_ignition(report: Any, value: int) -> Any:
    """The same report with another ignition; one that reported none keeps that, save for CONTRADICTED."""
    if report[IGNITION if len(report) == A_FIX else 1] == NOT_REPORTED and value != CONTRADICTED:
        return report
    if len(report) == A_FIX:
        return (*report[:IGNITION], value, *report[IGNITION + 1 :])
    return (report[0], value, report[2])
