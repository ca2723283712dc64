"""Teltonika records sorted by shape: many frames laid end to end, and the stretches of records of one length."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from fleetline.trackers.protocols.teltonika_frame import (
    CODEC_8,
    CODEC_8_EXTENDED,
    CODEC_16,
    GPS_BYTES,
    HEAD,
    TAIL,
    UDP_MARK,
)
from fleetline.trackers.protocols.teltonika_layout import SHAPES, Shape

Numbers = npt.NDArray[np.int64]
Matrix = npt.NDArray[np.uint8]
"""(records, bytes of one record)"""

_LEAST_FRAME: Final = HEAD + TAIL + 3 + GPS_BYTES


@dataclass(frozen=True, slots=True)
class Batch:
    """Frames laid end to end.

    base  (n,) where each frame begins in `data`; start, end: its part from the codec id to the second count
    """

    frames: Sequence[bytes]
    raw: bytes
    data: npt.NDArray[np.uint8]
    base: Numbers
    start: Numbers
    end: Numbers


class Runs(NamedTuple):
    """Stretches of records of equal length: `records` of them, each of `length` bytes, from `at`, all of frame `frame`.

    order  place of the first of them among the frame's reports
    """

    at: Numbers
    records: Numbers
    length: Numbers
    frame: Numbers
    codec: Numbers
    order: Numbers

    def pick(self, chosen: npt.NDArray[np.bool_] | Numbers) -> "Runs":
        return Runs(*(column[chosen] for column in self))


def lay_out(frames: Sequence[bytes]) -> tuple[Batch, Numbers]:
    """(the frames end to end, indices of those that hold records as far as their outside tells)."""
    size = np.fromiter(map(len, frames), np.int64, len(frames))
    raw = b"".join(frames)
    data = np.frombuffer(raw, np.uint8)
    base = np.cumsum(size) - size
    batch = Batch(frames, raw, data, base, base + HEAD, base + size - TAIL)
    long = np.flatnonzero(size >= _LEAST_FRAME)
    if not len(long):
        return batch, long
    head = rows_at(raw, base[long], HEAD)
    words = head.view(">u4")
    tcp = (words[:, 0] == 0) & (words[:, 1] == size[long] - HEAD - TAIL)
    plain = long[tcp]
    if not tcp.all():
        plain = np.sort(np.concatenate((plain, _datagrams(batch, head[~tcp], long[~tcp], size))))
    if len(plain):
        plain = plain[_carries_records(batch, plain)]
    return batch, plain


def _datagrams(batch: Batch, head: Matrix, frame: Numbers, size: Numbers) -> Numbers:
    """Those of `frame` that are datagrams with an IMEI of 15 digits; notes where their data lies."""
    usual = (head[:, 4] == UDP_MARK) & (head[:, 6] == 0) & (head[:, 7] == 15)
    usual &= head[:, :2].copy().view(">u2")[:, 0] == size[frame] - 2
    frame = frame[usual]
    if len(frame):
        imei = rows_at(batch.raw, batch.base[frame] + HEAD, 15)
        frame = frame[((imei >= ord("0")) & (imei <= ord("9"))).all(axis=1)]
    batch.start[frame] = batch.base[frame] + HEAD + 15
    batch.end[frame] = batch.base[frame] + size[frame]
    return frame


def _carries_records(batch: Batch, frame: Numbers) -> npt.NDArray[np.bool_]:
    start = batch.start[frame]
    codec, count = batch.data[start], batch.data[start + 1]
    known: npt.NDArray[np.bool_] = (codec == CODEC_8) | (codec == CODEC_8_EXTENDED) | (codec == CODEC_16)
    known &= (count > 0) & (batch.data[batch.end[frame] - 1] == count)
    return known


def rows_at(raw: bytes, at: Numbers, width: int) -> Matrix:
    """(len(at), width) bytes: the `width` bytes from each place of `raw`."""
    slots = np.ndarray((len(raw) - width + 1,), f"V{width}", raw, strides=(1,))
    return slots[at].view(np.uint8).reshape(len(at), width)


def _measure(batch: Batch, at: Numbers, shape: Shape) -> tuple[Numbers, Numbers, npt.NDArray[np.bool_]]:
    """(length, counts in one number, usual) of the record at each place, as its four counts tell.

    usual  no count above 255 and no elements of variable length; else the other two are worth nothing
    """
    last = len(batch.data) - 2

    def number(place: Numbers, width: int) -> Numbers:
        place = np.minimum(place, last)
        low = batch.data[place].astype(np.int64)
        return low if width == 1 else low << 8 | batch.data[place + 1]

    place = at + GPS_BYTES + shape.event + shape.generation + shape.number
    key = np.zeros(len(at), np.int64)
    usual = np.ones(len(at), np.bool_)
    for width in (1, 2, 4, 8):
        count = number(place, shape.number)
        usual &= count < 256
        key = key << 8 | count & 255
        place = place + shape.number + count * (shape.element + width)
    if shape.variable:
        usual &= number(place, 2) == 0
        place += 2
    return place - at, key, usual


def uniform_runs(batch: Batch, frame: Numbers) -> Runs:
    """The frames whose size says that all their records are as long as their first."""
    start, end = batch.start[frame], batch.end[frame] - 1
    codec, count = batch.data[start].astype(np.int64), batch.data[start + 1].astype(np.int64)
    at = start + 2
    length = np.zeros(len(frame), np.int64)
    for each, shape in SHAPES.items():
        mine = np.flatnonzero(codec == each)
        if len(mine):
            long, _, usual = _measure(batch, at[mine], shape)
            length[mine] = np.where(usual, long, 0)
    runs = Runs(at, count, length, frame, codec, np.zeros(len(frame), np.int64))
    return runs.pick(length * count == end - at)


def groups(batch: Batch, runs: Runs) -> Iterator[Runs]:
    """The runs sorted by codec, length and counts; within a group they keep their order."""
    key = np.zeros(len(runs.at), np.int64)
    for turn, (each, shape) in enumerate(SHAPES.items()):
        mine = np.flatnonzero(runs.codec == each)
        if len(mine):
            counts = _measure(batch, runs.at[mine], shape)[1]
            key[mine] = (turn << 16 | runs.length[mine]) << 32 | counts
    if len(key) and (key == key[0]).all():
        yield runs
        return
    kinds, which = np.unique(key, return_inverse=True)
    if len(kinds):
        by_kind = np.argsort(which, kind="stable")
        for chosen in np.split(by_kind, np.cumsum(np.bincount(which))[:-1]):
            yield runs.pick(chosen)
