"""How fast reports become trips, in both forms of the fold, beside unpacking the same reports."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from bench.drives import drive
from bench.kit import best_s
from fleetline.app.bench import Figure
from fleetline.model.motion import Columns, Rows
from fleetline.model.packing import pack_columns, unpack_columns
from fleetline.model.settling import merge
from fleetline.model.trips import Fold
from fleetline.trackers.protocols.teltonika_columns import decode_many
from fleetline.trackers.protocols.teltonika_encode import encode

NAME: Final = "folding"
TITLE: Final = "time per report of the trip fold, vectorised and point by point, beside unpacking the same hours"
START_MS: Final = 1_773_100_800_000
HOURS: Final = 6
STAND_S: Final = 900
HOUR_S: Final = 3600


def run(seconds: float) -> Sequence[Figure]:
    hours = [_hour(index) for index in range(HOURS)]
    bodies = [pack_columns(hour) for hour in hours]
    count = sum(len(hour) for hour in hours)
    unpacking = best_s(lambda: [unpack_columns(body, None) for body in bodies], seconds / 5) / count
    rows = [hour.rows for hour in hours]
    figures = []
    for name, fast, length in (("vectorised", True, seconds / 5), ("point by point", False, seconds / 2)):
        ours = best_s(lambda fast=fast: _fold(rows, fast), length) / count  # type: ignore[misc]  # bound in the loop
        figures.append(
            Figure(
                name=name, unit="ns", value=ours * 1e9, limit=unpacking * 1e9, ratio=unpacking / ours,
                note=f"{1 / ours:,.0f} reports/s",
            )
        )  # fmt: skip
    return figures


def _hour(index: int) -> Columns:
    """An hour at 1 Hz: a drive, then a stand with the ignition off."""
    begin_ms = START_MS + index * HOUR_S * 1000
    moving = drive(HOUR_S - STAND_S, begin_ms, seed=index)
    last = moving[-1]
    parked = [
        replace(last, fix_at_ms=begin_ms + second * 1000, speed_kmh=0.0, ignition=False, supply_v=12.6)
        for second in range(HOUR_S - STAND_S, HOUR_S)
    ]
    frames = encode("1", [*moving, *parked], records_per_packet=30)[1:]
    columns = decode_many(frames).columns
    columns.rows["received_at_ms"] = columns.rows["at_ms"] + 1000
    return merge(columns)


def _fold(hours: Sequence[Rows], fast: bool) -> None:
    fold = Fold()
    for rows in hours:
        fold.feed(rows, fast=fast)
    fold.view(START_MS + HOURS * HOUR_S * 1000)
