"""What an empty installation can be filled with for a first look: a few vehicles that drove until this moment."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from random import Random
from typing import Final

from fleetline.app.paths import Vehicle, first_departure_ms, report_at, vehicle_of
from fleetline.core.rehearsal import Sample
from fleetline.model.motion import Report
from fleetline.model.registry import NewDevice

FLEET: Final = (("Demo van 1", "VAN"), ("Demo van 2", "VAN"), ("Demo truck 3", "TRUCK"), ("Demo car 4", "CAR"))
TOWN: Final = (48.7758, 9.1829)
HOURS: Final = 48
STEP_MS: Final = 15_000
LOOK_MS: Final = 60_000
PARKED_MS: Final = 900_000


def demo_samples(account_id: str, now_ms: int) -> Sequence[Sample]:
    """Two days of four vehicles; their numbers belong to this account alone."""
    mark = hashlib.sha256(account_id.encode()).hexdigest()[:8]
    return [
        Sample(
            NewDevice(f"demo-{mark}-{index + 1}", name, kind, "Demo data", mileage_km=12_000 + 8_300 * index),
            _reports(vehicle_of(index, TOWN), index, now_ms),
        )
        for index, (name, kind) in enumerate(FLEET)
    ]


def _reports(vehicle: Vehicle, index: int, now_ms: int) -> list[Report]:
    """The hours are shifted so that each has just driven for some minutes; parked, it reports rarely."""
    shift_ms = first_departure_ms(vehicle, now_ms) + Random(index).randrange(3, 20) * 60_000 - now_ms
    found: list[Report] = []
    at_ms = now_ms - HOURS * 3_600_000
    quiet_until_ms = at_ms
    while at_ms < now_ms:
        report = replace(report_at(vehicle, at_ms + shift_ms), fix_at_ms=at_ms)
        if report.ignition or at_ms >= quiet_until_ms:
            found.append(report)
            quiet_until_ms = at_ms + PARKED_MS
        at_ms += STEP_MS if report.ignition else LOOK_MS
    return found
