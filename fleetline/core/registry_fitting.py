"""Which vehicle a device rides in, from when to when, and what its mileage was there."""

import math
from collections.abc import Sequence
from typing import Final

from fleetline.core.registry_book import Writing
from fleetline.model.errors import Invalid
from fleetline.model.registry import Fitting

LARGEST_MILEAGE_KM: Final = 10_000_000


def mileage_metres(mileage_km: float) -> int:
    """errors: Invalid unless 0 <= mileage_km <= LARGEST_MILEAGE_KM."""
    if not math.isfinite(mileage_km) or not 0 <= mileage_km <= LARGEST_MILEAGE_KM:
        raise Invalid("mileage", f"must be a number from 0 to {LARGEST_MILEAGE_KM}", mileage_km)
    return round(mileage_km * 1000)


def vehicle_at(fittings: Sequence[Fitting], at_ms: int) -> int | None:
    """The vehicle of the one fitting that holds at that moment."""
    for fitting in fittings:
        if fitting.from_ms <= at_ms and (fitting.until_ms is None or at_ms < fitting.until_ms):
            return fitting.vehicle_id
    return None


async def refit(work: Writing, device_id: int, former: int | None, vehicle_id: int | None) -> None:
    """End the device's present fitting and begin another; the vehicle must be free."""
    fittings = await work.tables.fittings_of_devices(work.book.account_id, [device_id])
    if fittings:
        # two moves within one millisecond still follow one another
        work.after(fittings[-1].from_ms + 1)
    if former is not None:
        await work.tables.end_fittings([device_id], work.at_ms)
        work.note("device", device_id, "unfitted", vehicle_id=former)
    await work.tables.set_vehicle_of_devices(work.book, [(device_id, vehicle_id)])
    if vehicle_id is not None:
        await work.tables.begin_fittings(work.book, [(device_id, vehicle_id, work.at_ms)])
        work.note("device", device_id, "fitted", vehicle_id=vehicle_id)
