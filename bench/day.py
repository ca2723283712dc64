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
DEVICES: Final = 4
"""Each has the day, to be asked about it for the first time; what the least of them took is told."""
COLD_READS: Final = 10


def run(seconds: float) -> Sequence[Figure]:
    day_s = (int(time.time()) // DAY_S - 2) * DAY_S
    with Place() as place:
        register(place, DEVICES)
        frames = encode(ident(0), drive(DAY_S, day_s * 1000), records_per_packet=PER_PACKET)[1:]
        sent_s = range(day_s + PER_PACKET, day_s + DAY_S + PER_PACKET, PER_PACKET)
        for device in range(1, DEVICES + 1):
            journal(place, ((device, at_s * 1000, frame) for at_s, frame in zip(sent_s, frames, strict=True)))
        settle(place, DEVICES, sealed=True)
        sealed = _segments(place, day_s * 1000)
        with place.serving() as server:
            asks = [_asking(server.call, place.token, day_s, device) for device in range(1, DEVICES + 1)]
            first = min(best_s(ask, 0.0, least=1) for ask in asks)
            text = asks[-1]()
            ours = best_s(asks[-1], seconds)
        plain = round(DAY_S * PLAIN_BYTES)
        packed_s, cold_s = _reading_s(place, plain, cold=False), _reading_s(place, plain, cold=True)
        sealed_s = _reading_s(place, len(sealed), cold=False)
    points, per_position = text.count(b";") + 1, len(sealed) / DAY_S
    told = f"{points:,} points, {len(text) / 1e6:.2f} MB of text; packed: {PLAIN_BYTES:g} bytes a position"
    return [
        _answer("answer, beside its packed bytes", ours, packed_s, GOAL, told),
        _answer("the first answer about a day", first, packed_s, None, "its points were not in hand yet"),
        _answer("the same, read from the disk", ours, cold_s, GOAL, "the file is not in memory"),
        _answer("the same, beside its sealed bytes", ours, sealed_s, None, f"{len(sealed) / 1e6:.2f} MB"),
        Figure(
            name="bytes per position, sealed", unit="bytes", value=per_position, limit=PLAIN_BYTES,
            ratio=per_position / PLAIN_BYTES, goal=BYTES_GOAL, at_most=True,
        ),
    ]  # fmt: skip


def _answer(name: str, ours: float, limit: float, goal: float | None, note: str) -> Figure:
    return Figure(
        name=name, unit="ms", value=ours * 1e3, limit=limit * 1e3, ratio=ours / limit, goal=goal, at_most=True,
        note=note,
    )  # fmt: skip


def _reading_s(place: Place, size: int, *, cold: bool) -> float:
    """Seconds that it takes to read a file of so many bytes, from the system's memory or, cold, from the disk."""
    file = place.folder / "packed"
    file.write_bytes(os.urandom(size))
    if not cold:
        return best_s(file.read_bytes, 0.5)
    times = []
    for _ in range(COLD_READS):
        with file.open("rb") as opened:
            os.fsync(opened.fileno())
            os.posix_fadvise(opened.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        times.append(best_s(file.read_bytes, 0.0, least=1))
    return min(times)


def _asking(call: Callable[..., bytes], token: str, day_s: int, device: int) -> Callable[[], bytes]:
    return lambda: call("device", apitoken=token, device=device, time=day_s)


def _segments(place: Place, day_ms: int) -> bytes:
    """The sealed hours of the day, end to end."""

    async def work() -> bytes:
        async with history_of(place) as history, history.store.read() as tx:
            first = day_ms // HOUR_MS
            return b"".join([body for _, body in await tx.history.segments_of_hours(1, first, first + 23)])

    return asyncio.run(work())
