"""A device-day of 86,400 points in one route, and what a stored position takes, beside reading the packed bytes."""

import asyncio
import os
import time
from collections.abc import Callable, Sequence
from typing import Final

from bench.drives import drive
from bench.fleet import history_of, ident, journal, register, settle
from bench.kit import Place, best_s
from fleetline.app.bench import Figure
from fleetline.model.settling import HOUR_MS
from fleetline.trackers.protocols.teltonika_encode import encode

NAME: Final = "day"
TITLE: Final = (
    "a day of 86,400 points at 1 Hz: stored, and answered as one route, beside reading its packed bytes from a file"
)
DAY_S: Final = 86_400
GOAL: Final = 60.0
PLAIN_BYTES: Final = 33.0
"""Of a position in a plain packed record: time, place, speed, course, height, satellites, odometer, flags."""
BYTES_GOAL: Final = 0.30
PER_PACKET: Final = 30


def run(seconds: float) -> Sequence[Figure]:
    day_s = (int(time.time()) // DAY_S - 2) * DAY_S
    with Place() as place:
        register(place, 1)
        frames = encode(ident(0), drive(DAY_S, day_s * 1000), records_per_packet=PER_PACKET)[1:]
        sent_s = range(day_s + PER_PACKET, day_s + DAY_S + PER_PACKET, PER_PACKET)
        journal(place, ((1, at_s * 1000, frame) for at_s, frame in zip(sent_s, frames, strict=True)))
        settle(place, 1, sealed=True)
        sealed = _segments(place, day_s * 1000)
        with place.serving() as server:
            ask = _asking(server.call, place.token, day_s)
            text = ask()
            ours = best_s(ask, seconds)
        packed_s, sealed_s = (_reading_s(place, size) for size in (round(DAY_S * PLAIN_BYTES), len(sealed)))
    points, per_position = text.count(b";") + 1, len(sealed) / DAY_S
    return [
        Figure(
            name="answer, beside its packed bytes", unit="ms", value=ours * 1e3, limit=packed_s * 1e3,
            ratio=ours / packed_s, goal=GOAL, at_most=True,
            note=f"{points:,} points, {len(text) / 1e6:.2f} MB of text; packed: {PLAIN_BYTES:g} bytes a position",
        ),
        Figure(
            name="answer, beside its sealed bytes", unit="ms", value=ours * 1e3, limit=sealed_s * 1e3,
            ratio=ours / sealed_s, note=f"{len(sealed) / 1e6:.2f} MB: the better we pack, the less there is to read",
        ),
        Figure(
            name="bytes per position, sealed", unit="bytes", value=per_position, limit=PLAIN_BYTES,
            ratio=per_position / PLAIN_BYTES, goal=BYTES_GOAL, at_most=True,
        ),
    ]  # fmt: skip


def _reading_s(place: Place, size: int) -> float:
    """Seconds that it takes to read a file of so many bytes, which the system has in memory."""
    file = place.folder / "packed"
    file.write_bytes(os.urandom(size))
    return best_s(file.read_bytes, 0.5)


def _asking(call: Callable[..., bytes], token: str, day_s: int) -> Callable[[], bytes]:
    return lambda: call("device", apitoken=token, device=1, time=day_s)


def _segments(place: Place, day_ms: int) -> bytes:
    """The sealed hours of the day, end to end."""

    async def work() -> bytes:
        async with history_of(place) as history, history.store.read() as tx:
            first = day_ms // HOUR_MS
            return b"".join([body for _, body in await tx.history.segments_of_hours(1, first, first + 23)])

    return asyncio.run(work())
