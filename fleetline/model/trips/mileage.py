"""Counters in kilometres: what each day began with, and the offsets between counter and mileage (Z-70, Z-71)."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec

from fleetline.model.trips.routes import DAY_MS, Route
from fleetline.model.trips.view import View

UM_PER_KM: Final = 1_000_000_000
UM_PER_M: Final = 1_000_000

ODOMETER: Final = "odometer"
CALIBRATED: Final = "calibrated"
FITTED: Final = "fitted"
LATE: Final = "late"


SOME_DAY: Final = 2**31
"""Later than any day."""


class DayCounter(msgspec.Struct, frozen=True, array_like=True):
    """One UTC day (days since 1970) of one device.

    start_um     counter with which it began; never changes once a later day exists
    metres_um    metres of the day
    passed_on_um metres of it that later days' counters contain, offsets included
    """

    day: int
    start_um: int
    metres_um: int = 0
    passed_on_um: int = 0


class Offset(msgspec.Struct, frozen=True, array_like=True):
    """What is added to the counter from a moment on.

    kind  ODOMETER     first odometer minus the counter then; holds for the raw counter at all times
          CALIBRATED   an owner's mileage at that moment minus the counter then
          FITTED       the other vehicle's last mileage minus the counter then
          LATE         metres that late reports added to a day which has a successor; adds to whatever is in force,
                       but not to what was read or stated on a later day: that knows these metres
    day   of LATE: whose metres they are. Of ODOMETER: that of the reading that came first; an earlier one that came
          late takes its place, and late metres since then are in the numbers of that day and of all after it
    """

    at_ms: int
    kind: str
    um: int
    day: int = SOME_DAY


def settle(
    stored: Mapping[int, DayCounter], totals: Mapping[int, int], received_ms: int, *, in_order: bool
) -> tuple[dict[int, DayCounter], list[Offset]]:
    """Enter new day totals.

    stored    the device's counters from the last day before the earliest of `totals` to the first day after the latest
    totals    `Outcome.days` or `Refolded.days` (for `Refolded.shifts`: stored metres plus shift)
    in_order  the reports were newer than all before: a day in progress and the one it grew into go on together.
              False: late reports; days that began keep their counter, and what they missed becomes an offset
    returns   counters to store, offsets to add
    """
    days = dict(stored)
    offsets: list[Offset] = []
    for day in sorted(totals):
        current = days.get(day)
        if current is None:
            earlier = [other for other in days if other < day]
            before = days[max(earlier)] if earlier else None
            start = 0 if before is None else before.start_um + before.metres_um
            current = DayCounter(day, start)
            if before is not None and not any(other > day for other in days):
                days[before.day] = msgspec.structs.replace(before, passed_on_um=before.metres_um)
        current = msgspec.structs.replace(current, metres_um=totals[day])
        later = [other for other in days if other > day]
        if later and in_order:
            after = days[min(later)]
            days[after.day] = msgspec.structs.replace(after, start_um=current.start_um + current.metres_um)
            current = msgspec.structs.replace(current, passed_on_um=current.metres_um)
        elif later and current.metres_um > current.passed_on_um:
            offsets.append(Offset(received_ms, LATE, current.metres_um - current.passed_on_um, day))
            current = msgspec.structs.replace(current, passed_on_um=current.metres_um)
        days[day] = current
    return {day: item for day, item in days.items() if stored.get(day) != item}, offsets


def raw_offset_um(offsets: Iterable[Offset], at_ms: int) -> int:
    """What the uncalibrated counter adds at a moment: the first odometer, and late metres received by then."""
    offsets = list(offsets)
    late = [item for item in offsets if item.kind == LATE]
    base = next((item for item in offsets if item.kind == ODOMETER), None)
    if base is None:
        return sum(item.um for item in late if item.at_ms <= at_ms)
    since, today = base.at_ms // DAY_MS, at_ms // DAY_MS
    read = since if base.day == SOME_DAY else base.day
    due = [item for item in late if since <= item.day < read and item.day < today]
    due += [item for item in late if read <= item.day and item.at_ms <= at_ms]
    return base.um + sum(item.um for item in due)


def calibrated_offset_um(offsets: Sequence[Offset], at_ms: int) -> int:
    """What the calibrated counter adds at a moment: the last calibration or fitting by then, else what raw adds."""
    based = [item for item in offsets if item.kind in (CALIBRATED, FITTED) and item.at_ms <= at_ms]
    if not based:
        return raw_offset_um(offsets, at_ms)
    base = max(based, key=lambda item: item.at_ms)
    late = [item for item in offsets if item.kind == LATE and item.day >= base.at_ms // DAY_MS]
    return base.um + sum(item.um for item in late if base.at_ms < item.at_ms <= at_ms)


def calibration(kind: str, at_ms: int, mileage_km: float, counter_um: int) -> Offset:
    """The offset that makes the calibrated counter show `mileage_km` where the plain counter shows `counter_um`."""
    return Offset(at_ms, kind, round(mileage_km * UM_PER_KM) - counter_um)


def odometer_offset(first_odometer: tuple[int, int, int, int], start_um: int) -> Offset:
    """From `View.first_odometer`; start_um: the counter its day began with."""
    at_ms, metres, day, since_midnight_um = first_odometer
    return Offset(at_ms, ODOMETER, metres * UM_PER_M - start_um - since_midnight_um, day)


def anchored(offsets: Sequence[Offset], first: Offset) -> list[Offset]:
    """The offsets with a first odometer that was not known before, or where the counter then has changed."""
    former = [item for item in offsets if item.kind == ODOMETER]
    others = [item for item in offsets if item.kind != ODOMETER]
    first = msgspec.structs.replace(first, day=max([first.day, *(item.day for item in former)]))
    return sorted([*others, first], key=lambda item: item.at_ms)


def counter_um(view: View, stored: Mapping[int, DayCounter]) -> int:
    """The plain counter now: stored must hold the device's last day and, if the view has days, those too."""
    counter = 0
    if stored:
        last = stored[max(stored)]
        counter = last.start_um + view.days.get(last.day, last.metres_um)
        counter += sum(um for day, um in view.days.items() if day > last.day)
    else:
        counter = sum(view.days.values())
    return counter


def device_counters(counter: int, offsets: Sequence[Offset], now_ms: int) -> tuple[int, int]:
    """(calibrated, raw) mileage in whole kilometres, downwards."""
    calibrated = counter + calibrated_offset_um(offsets, now_ms)
    return calibrated // UM_PER_KM, (counter + raw_offset_um(offsets, now_ms)) // UM_PER_KM


def route_counters(route: Route, start_um: int, offsets: Sequence[Offset], now_ms: int) -> tuple[int, int, list[int]]:
    """Calibrated micrometres at origin, at destination and at the start of each pause.

    start_um  the counter the route's day began with
    Both ends use the offset in force at the destination (now while it is open), so they differ by the route's metres.
    """
    offset = calibrated_offset_um(offsets, now_ms if route.is_open else route.destination_ms)
    origin = start_um + route.since_midnight_um + offset
    return origin, origin + route.metres_um, [origin + pause.since_origin_um for pause in route.pauses]


def whole_km(um: int) -> int:
    """Kilometres, downwards."""
    return um // UM_PER_KM


def distance_km(um: int) -> int:
    """Kilometres, half up."""
    return (2 * um + UM_PER_KM) // (2 * UM_PER_KM)
