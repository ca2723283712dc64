"""A device-day of 86,400 points in one route, and what a stored position takes, beside reading the packed bytes."""

import asyncio
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
BYTES: Final = 33.0
BYTES_GOAL: Final = 0.30
PER_PACKET: Final = 30


def run(seconds: float) -> Sequence[Figure]:
    day_s = (int(time.time()) // DAY_S - 2) * DAY_S
    with Place() as place:
        register(place, 1)
        reports = drive(DAY_S, day_s * 1000)
        frames = encode(ident(0), reports, records_per_packet=PER_PACKET)[1:]
        received = [(day_s + (place_of + 1) * PER_PACKET) * 1000 for place_of in range(len(frames))]
        journal(place, ((1, at_ms, frame) for at_ms, frame in zip(received, frames, strict=True)))
        settle(place, 1, sealed=True)
        packed = _segments(place, day_s * 1000)
        file = place.folder / "packed"
        file.write_bytes(packed)
        with place.serving() as server:
            ask = _asking(server.call, place.token, day_s)
            text = ask()
            ours = best_s(ask, seconds)
            reading = best_s(file.read_bytes, 1.0)
    points = text.count(b";")
    return [
        Figure(
            name="answer", unit="ms", value=ours * 1e3,
            limit=reading * 1e3, ratio=ours / reading, goal=GOAL, at_most=True,
            note=f"{points + 1:,} points, {len(text) / 1e6:.2f} MB of text from {len(packed) / 1e6:.2f} MB packed",
        ),
        Figure(
            name="bytes per position", unit="bytes", value=len(packed) / DAY_S,
            limit=BYTES, ratio=len(packed) / DAY_S / BYTES,
            goal=BYTES_GOAL, at_most=True,
        ),
    ]  # fmt: skip


def _asking(call: Callable[..., bytes], token: str, day_s: int) -> Callable[[], bytes]:
    return lambda: call("device", apitoken=token, device=1, time=day_s)


def _segments(place: Place, day_ms: int) -> bytes:
    """The sealed hours of the day, end to end."""

    async def work() -> bytes:
        async with history_of(place) as history, history.store.read() as tx:
            first = day_ms // HOUR_MS
            return b"".join([body for _, body in await tx.history.segments_of_hours(1, first, first + 23)])

    return asyncio.run(work())
