"""The error conditions of a device, raised and cleared by its reports as they come and by the clock (Z-73)."""

from typing import Any, Final

import msgspec
import numpy as np

from fleetline.model.motion import (
    IGNITION_KNOWN,
    IGNITION_ON,
    MISSING_32,
    POWER_CUT,
    POWER_RESTORED,
    TAMPERED,
    Rows,
)
from fleetline.model.trips.reading import usable
from fleetline.model.trips.thresholds import Thresholds, milliseconds
from fleetline.model.trips.view import View

MODIFIED: Final = 1
UNPLUGGED: Final = 2
NO_SIGNAL: Final = 3
NO_GPS: Final = 4
BAD_GPS: Final = 5

MODIFIED_LASTS_MS: Final = 86_400_000
LOW_MV: Final = 3000
FULL_MV: Final = 6000
LOW_REPORTS: Final = 2
FIXES_RUNNING: Final = 3
FEW_SATELLITES: Final = 4
_EVENTS: Final = POWER_CUT | POWER_RESTORED | TAMPERED


class Alarm(msgspec.Struct, frozen=True, array_like=True):
    """A condition was raised or cleared: its code, when that happened, and when the condition began."""

    code: int
    raised: bool
    at_ms: int
    begin_ms: int


class Watch(msgspec.Struct, array_like=True):
    """Conditions side by side; `*_ms` is the begin of a raised one, None while it is not raised.

    newest_ms   newest report taken in: older ones change nothing; contact_ms receipt of the last message
    powered     supply was 6 V once; low_ms, low_count the reports running below 3 V
    nofix_ms    first report without a fix since the last fix; bad_count, bad_first_ms, good_count fixes running
    ignition    as last reported, None before
    """

    newest_ms: int | None = None
    contact_ms: int | None = None
    unplugged_ms: int | None = None
    silent_ms: int | None = None
    no_gps_ms: int | None = None
    bad_gps_ms: int | None = None
    modified_ms: int | None = None
    powered: bool = False
    low_ms: int | None = None
    low_count: int = 0
    nofix_ms: int | None = None
    bad_count: int = 0
    bad_first_ms: int | None = None
    good_count: int = 0
    ignition: bool | None = None

    def tick(self, now_ms: int, view: View, thresholds: Thresholds) -> list[Alarm]:
        """What the clock alone has raised or cleared by now; call it before taking in what arrived."""
        alarms = []
        due = silent_due_ms(self.contact_ms, view, thresholds)
        if self.silent_ms is None and due is not None and self.contact_ms is not None and now_ms >= due:
            self.silent_ms = self.contact_ms
            alarms.append(Alarm(NO_SIGNAL, True, due, self.contact_ms))
        if self.modified_ms is not None and now_ms >= self.modified_ms + MODIFIED_LASTS_MS:
            alarms.append(Alarm(MODIFIED, False, self.modified_ms + MODIFIED_LASTS_MS, self.modified_ms))
            self.modified_ms = None
        return alarms

    def hear(self, received_ms: int) -> list[Alarm]:
        """A message of any kind."""
        self.contact_ms = received_ms if self.contact_ms is None else max(self.contact_ms, received_ms)
        if self.silent_ms is None:
            return []
        begin, self.silent_ms = self.silent_ms, None
        return [Alarm(NO_SIGNAL, False, received_ms, begin)]

    def acknowledge(self, now_ms: int) -> list[Alarm]:
        """A user has seen that the device was modified."""
        if self.modified_ms is None:
            return []
        begin, self.modified_ms = self.modified_ms, None
        return [Alarm(MODIFIED, False, now_ms, begin)]

    def feed(self, rows: Rows, view: View, thresholds: Thresholds) -> list[Alarm]:
        """Take in accepted reports, ascending; `view` is the device's with them."""
        if not len(rows):
            return []
        alarms = self.hear(int(rows["received_at_ms"].max()))
        if self.newest_ms is not None:
            rows = rows[int(rows["at_ms"].searchsorted(self.newest_ms, side="right")) :]
        if not len(rows):
            return alarms
        self.newest_ms = int(rows["at_ms"][-1])
        fixed = usable(rows, thresholds)
        if not self._ordinary(rows, fixed, thresholds):
            for row, has_fix in zip(rows.tolist(), fixed.tolist(), strict=True):
                self._report(row, has_fix, view.resting, thresholds, alarms)
        return alarms

    def _ordinary(self, rows: Rows, fixed: Any, thresholds: Thresholds) -> bool:
        """Whether nothing in the rows can raise or clear anything; takes in what little they change."""
        flags, supply = rows["flags"], rows["supply_mv"]
        known = supply != MISSING_32
        calm = not (flags & _EVENTS).any() and fixed.all() and not bool((known & (supply < LOW_MV)).any())
        if not calm or self.unplugged_ms is not None or self.no_gps_ms is not None or self.bad_gps_ms is not None:
            return False
        if _bad(rows, thresholds).any():
            return False
        self.nofix_ms = self.bad_first_ms = None
        self.bad_count = self.good_count = 0
        if known.any():
            self.low_ms, self.low_count = None, 0
            self.powered = self.powered or bool((supply >= FULL_MV).any())
        told = np.flatnonzero(flags & IGNITION_KNOWN)
        if len(told):
            self.ignition = bool(flags[told[-1]] & IGNITION_ON)
        return True

    def _report(self, row: Any, has_fix: bool, resting: bool, thresholds: Thresholds, alarms: list[Alarm]) -> None:
        at, flags = row[0], row[17]
        if flags & IGNITION_KNOWN:
            self.ignition = bool(flags & IGNITION_ON)
        self._power(at, flags, row[14], alarms)
        if flags & TAMPERED:
            self.modified_ms = at
            alarms.append(Alarm(MODIFIED, True, at, at))
        if has_fix:
            self._fix(at, _bad_row(row, thresholds), alarms)
        else:
            self._no_fix(at, resting, thresholds, alarms)

    def _power(self, at: int, flags: int, supply: int, alarms: list[Alarm]) -> None:
        if supply != MISSING_32:
            self.powered = self.powered or supply >= FULL_MV
            if supply >= LOW_MV:
                self.low_ms, self.low_count = None, 0
            else:
                self.low_ms = at if self.low_ms is None else self.low_ms
                self.low_count += 1
        low = self.powered and self.low_count >= LOW_REPORTS and self.low_ms is not None
        if self.unplugged_ms is None and (flags & POWER_CUT or low):
            self.unplugged_ms = at if flags & POWER_CUT or self.low_ms is None else self.low_ms
            alarms.append(Alarm(UNPLUGGED, True, at, self.unplugged_ms))
        elif self.unplugged_ms is not None and (flags & POWER_RESTORED or supply >= FULL_MV):
            alarms.append(Alarm(UNPLUGGED, False, at, self.unplugged_ms))
            self.unplugged_ms = self.low_ms = None
            self.low_count = 0
            self.modified_ms = at
            alarms.append(Alarm(MODIFIED, True, at, at))

    def _fix(self, at: int, bad: bool, alarms: list[Alarm]) -> None:
        self.nofix_ms = None
        if self.no_gps_ms is not None:
            alarms.append(Alarm(NO_GPS, False, at, self.no_gps_ms))
            self.no_gps_ms = None
        if bad:
            self.good_count = 0
            self.bad_first_ms = at if self.bad_count == 0 else self.bad_first_ms
            self.bad_count += 1
            if self.bad_gps_ms is None and self.bad_count >= FIXES_RUNNING and self.bad_first_ms is not None:
                self.bad_gps_ms = self.bad_first_ms
                alarms.append(Alarm(BAD_GPS, True, at, self.bad_gps_ms))
            return
        self.bad_count, self.bad_first_ms = 0, None
        self.good_count = self.good_count + 1 if self.bad_gps_ms is not None else 0
        if self.bad_gps_ms is not None and self.good_count >= FIXES_RUNNING:
            alarms.append(Alarm(BAD_GPS, False, at, self.bad_gps_ms))
            self.bad_gps_ms, self.good_count = None, 0

    def _no_fix(self, at: int, resting: bool, thresholds: Thresholds, alarms: list[Alarm]) -> None:
        self.nofix_ms = at if self.nofix_ms is None else self.nofix_ms
        lasted = at - self.nofix_ms >= milliseconds(thresholds.no_gps_after)
        driving = self.ignition or (self.ignition is None and not resting)
        if self.no_gps_ms is None and lasted and driving:
            self.no_gps_ms = self.nofix_ms
            alarms.append(Alarm(NO_GPS, True, at, self.no_gps_ms))

    def error(self, now_ms: int, view: View, thresholds: Thresholds) -> tuple[int, int | None]:
        """(error_code, its begin) at a moment; (0, None) when there is none. Changes nothing."""
        if self.unplugged_ms is not None:
            return UNPLUGGED, self.unplugged_ms
        due = silent_due_ms(self.contact_ms, view, thresholds)
        if self.silent_ms is not None or (due is not None and now_ms >= due):
            return NO_SIGNAL, self.contact_ms if self.silent_ms is None else self.silent_ms
        if self.no_gps_ms is not None:
            return NO_GPS, self.no_gps_ms
        if self.bad_gps_ms is not None:
            return BAD_GPS, self.bad_gps_ms
        if self.modified_ms is not None and now_ms < self.modified_ms + MODIFIED_LASTS_MS:
            return MODIFIED, self.modified_ms
        return 0, None


def silent_due_ms(contact_ms: int | None, view: View, thresholds: Thresholds) -> int | None:
    """When silence since the last contact becomes No Signal; None for a device never heard of."""
    if contact_ms is None:
        return None
    due = contact_ms + milliseconds(thresholds.offline_after)
    if view.ignition or not view.parked_by(due):
        return due
    return contact_ms + milliseconds(thresholds.no_signal_parked)


def _bad(rows: Rows, thresholds: Thresholds) -> Any:
    satellites = rows["satellites"]
    bad = rows["hdop_e2"] > float(thresholds.bad_hdop) * 100.0
    bad |= (satellites < FEW_SATELLITES) & (satellites != MISSING_32)
    bad |= rows["accuracy_dm"] > float(thresholds.bad_accuracy) * 10.0
    return bad


def _bad_row(row: Any, thresholds: Thresholds) -> bool:
    hdop, accuracy, satellites = row[9], row[10], row[16]
    few = satellites != MISSING_32 and satellites < FEW_SATELLITES
    poor = hdop > float(thresholds.bad_hdop) * 100.0 or accuracy > float(thresholds.bad_accuracy) * 10.0
    return bool(few or poor)
