"""The times of many Teltonika reports, read without looking at anything else where frames are alike."""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from fleetline.model.motion import MISSING_64
from fleetline.model.wire import Times
from fleetline.trackers.protocols.teltonika_columns import decode_many
from fleetline.trackers.protocols.teltonika_frame import HEAD, RECORD_CODECS, TAIL
from fleetline.trackers.protocols.teltonika_layout import MAX_TIME_MS, SHAPES, layout_of

Numbers = npt.NDArray[np.int64]
_RECORDS_AT: Final = HEAD + 2
_AROUND: Final = _RECORDS_AT + 1 + TAIL
"""Bytes of a TCP frame that are no record: head, codec, both counts, checksum."""
_FEW: Final = 4
"""Fewer frames than this of one size are not worth a matrix."""


class _Found(NamedTuple):
    at_ms: Numbers
    frame: Numbers


def times(frames: Sequence[bytes]) -> Times:
    """See `model.wire.TrackerProtocol.times`; equal to the times that `decode_many` gives."""
    sizes = np.fromiter(map(len, frames), np.int64, len(frames))
    found: list[_Found] = []
    rest: list[Numbers] = []
    for size in np.unique(sizes).tolist():
        mine = np.flatnonzero(sizes == size)
        read = _alike(frames, mine, size, found) if len(mine) >= _FEW and size > _AROUND else mine[:0]
        rest.append(np.setdiff1d(mine, read, assume_unique=True))
    alone = np.sort(np.concatenate(rest)) if rest else np.empty(0, np.int64)
    refused: tuple[tuple[int, str], ...] = ()
    if len(alone):
        decoded = decode_many([frames[index] for index in alone.tolist()])
        found.append(_Found(decoded.columns.rows["at_ms"].astype(np.int64), alone[decoded.frame]))
        refused = tuple((int(alone[index]), reason) for index, reason in decoded.refused)
    if len(found) == 1:
        return found[0].at_ms, found[0].frame, refused
    at_ms = np.concatenate([piece.at_ms for piece in found]) if found else np.empty(0, np.int64)
    frame = np.concatenate([piece.frame for piece in found]) if found else np.empty(0, np.int64)
    order = np.argsort(frame, kind="stable")
    return at_ms[order], frame[order], refused


def _alike(frames: Sequence[bytes], mine: Numbers, size: int, found: list[_Found]) -> Numbers:
    """Read those frames of one size whose records all have the shape of the first frame's first; their indices."""
    first = frames[int(mine[0])]
    codec, count = first[HEAD], first[HEAD + 1]
    if codec not in RECORD_CODECS or not count or (size - _AROUND) % count:
        return mine[:0]
    step = (size - _AROUND) // count
    try:
        layout = layout_of(first, _RECORDS_AT, codec)
    except IndexError:
        return mine[:0]
    if layout.length != step:
        return mine[:0]
    chosen = [frames[index] for index in mine.tolist()] if len(mine) < len(frames) else frames
    matrix = np.frombuffer(b"".join(chosen), np.uint8).reshape(len(mine), size)
    # preamble and length as one number, so that one comparison serves eight bytes
    heads = np.ascontiguousarray(matrix[:, :HEAD]).view(np.int64)[:, 0]
    same = heads == np.frombuffer(first, np.int64, 1)[0]
    same &= (matrix[:, HEAD] == codec) & (matrix[:, HEAD + 1] == count) & (matrix[:, size - TAIL - 1] == count)
    records = matrix[:, _RECORDS_AT : size - TAIL - 1].reshape(len(mine), count, step)
    # elements of variable length: their lengths stand in the skeleton
    checks = layout.counts + layout.skeleton if SHAPES[codec].variable else layout.counts
    other = np.zeros((len(mine), count), np.uint8)
    for place, byte in checks:
        other |= records[:, :, place] ^ np.uint8(byte)
    same &= ~other.any(axis=1)
    if not same.all():
        mine, records = mine[same], records[same]
    stamps = np.ascontiguousarray(records[:, :, :8]).reshape(-1, 8).view(">u8").reshape(-1)
    at_ms = np.where(stamps >= MAX_TIME_MS, MISSING_64, stamps.astype(np.int64))
    found.append(_Found(at_ms, np.repeat(mine, count)))
    return mine
