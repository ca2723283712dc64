"""Many Teltonika frames at once as columns: each layout among their records is read in one go."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from fleetline.model.motion import MISSING_64, ROW, Columns, Report, columns_of, put
from fleetline.model.wire import DecodedMany, Undecodable
from fleetline.trackers.protocols.teltonika_decode import decode
from fleetline.trackers.protocols.teltonika_frame import Part, record_starts
from fleetline.trackers.protocols.teltonika_layout import Bytes, Layout, layout_of, report_of
from fleetline.trackers.protocols.teltonika_runs import (
    Batch,
    Matrix,
    Numbers,
    Runs,
    groups,
    lay_out,
    rows_at,
    uniform_runs,
)
from fleetline.trackers.protocols.teltonika_values import columns_of_records

_FEW: Final = 8
"""Fewer records than this of one layout are cheaper one by one."""
_MAX_ROUNDS: Final = 32
"""Layouts told apart within one group of equal counts; what is left after that is read one by one."""


class Piece(NamedTuple):
    """Records that were read: the frame of each, its place among the frame's reports, and their columns."""

    frame: Numbers
    order: Numbers
    columns: Columns


class Records(NamedTuple):
    """Records of one codec, length and counts, side by side."""

    codec: int
    at: Numbers
    frame: Numbers
    order: Numbers
    matrix: Matrix


def decode_many(frames: Sequence[bytes]) -> DecodedMany:
    """The reports of all frames as columns; a frame that `decode` would not take goes to `refused`."""
    batch, plain = lay_out(frames)
    runs = uniform_runs(batch, plain)
    pieces: list[Piece] = []
    walk = [np.setdiff1d(plain, runs.frame, assume_unique=True)]
    alone = [np.setdiff1d(np.arange(len(frames)), plain, assume_unique=True)]
    for group in groups(batch, runs):
        if int(group.records.sum()) < _FEW:
            alone.append(group.frame)
        else:
            walk.append(_read_uniform(batch, group, pieces))
    refused = _read_walked(batch, np.sort(np.concatenate(walk)), pieces)
    refused += _read_alone(frames, np.sort(np.concatenate(alone)), pieces)
    return _together(pieces, len(frames), tuple(sorted(refused)))


def _read_uniform(batch: Batch, runs: Runs, pieces: list[Piece]) -> Numbers:
    """Read the runs; returns the frames, unread, in which a record has other counts than the first."""
    records = _records(batch, runs)
    counts = layout_of(batch.raw, int(runs.at[0]), records.codec).counts
    alike = _have(records.matrix, counts)
    if alike.all():
        _read_records(batch, records, pieces)
        return runs.frame[:0]
    false = np.unique(records.frame[~alike])
    true = runs.pick(~np.isin(runs.frame, false))
    if len(true.at):
        _read_records(batch, _records(batch, true), pieces)
    return false


def _records(batch: Batch, runs: Runs) -> Records:
    codec, length = int(runs.codec[0]), int(runs.length[0])
    at, frame, order = runs.at, runs.frame, runs.order
    if not (runs.records == 1).all():
        order = np.arange(int(runs.records.sum())) - np.repeat(np.cumsum(runs.records) - runs.records, runs.records)
        at = np.repeat(at, runs.records) + order * length
        frame = np.repeat(frame, runs.records)
    return Records(codec, at, frame, order, rows_at(batch.raw, at, length))


def _have(matrix: Matrix, expected: Bytes) -> npt.NDArray[np.bool_]:
    """Which rows hold every one of the bytes."""
    same = np.ones(len(matrix), np.bool_)
    for place, byte in expected:
        same &= matrix[:, place] == byte
    return same


def _read_records(batch: Batch, records: Records, pieces: list[Piece]) -> None:
    """Read records layout by layout: that of the first that is left, then again for those of other layouts."""
    codec, at, frame, order, matrix = records
    for _ in range(_MAX_ROUNDS):
        layout = layout_of(batch.raw, int(at[0]), codec)
        same = _have(matrix, layout.skeleton)
        if same.all():
            pieces.append(_piece(batch, layout, Records(codec, at, frame, order, matrix)))
            return
        mine = Records(codec, at[same], frame[same], order[same], matrix[same])
        pieces.append(_piece(batch, layout, mine))
        at, frame, order, matrix = at[~same], frame[~same], order[~same], matrix[~same]
    pieces.append(_one_by_one(batch, Records(codec, at, frame, order, matrix)))


def _piece(batch: Batch, layout: Layout, records: Records) -> Piece:
    if len(records.at) < _FEW:
        return _one_by_one(batch, records)
    return Piece(records.frame, records.order, columns_of_records(layout, records.matrix))


def _one_by_one(batch: Batch, records: Records) -> Piece:
    raw, codec = batch.raw, records.codec
    reports = [report_of(layout_of(raw, at, codec), raw, at) for at in records.at.tolist()]
    return Piece(records.frame, records.order, columns_of(reports))


def _read_walked(batch: Batch, frames: Numbers, pieces: list[Piece]) -> list[tuple[int, str]]:
    """Read frames whose records differ, each record for itself; returns the refused."""
    refused: list[tuple[int, str]] = []
    starts: list[int] = []
    ends: list[int] = []
    walked: list[tuple[int, int, int]] = []
    for index in frames.tolist():
        start, end = int(batch.start[index]), int(batch.end[index])
        try:
            codec, found = record_starts(batch.raw, Part(start, end))
        except Undecodable as fault:
            refused.append((index, fault.reason))
            continue
        walked.append((index, codec, len(found)))
        starts += found
        ends += found[1:]
        ends.append(end - 1)
    if walked:
        frame, codecs, count = np.array(walked, np.int64).T
        at = np.array(starts, np.int64)
        order = np.arange(len(at)) - np.repeat(np.cumsum(count) - count, count)
        length = np.array(ends, np.int64) - at
        runs = Runs(at, np.ones_like(at), length, np.repeat(frame, count), np.repeat(codecs, count), order)
        for group in groups(batch, runs):
            _read_records(batch, _records(batch, group), pieces)
    return refused


def _read_alone(frames: Sequence[bytes], chosen: Numbers, pieces: list[Piece]) -> list[tuple[int, str]]:
    """Read frames by `decode`; returns the refused."""
    refused: list[tuple[int, str]] = []
    reports: list[Report] = []
    places: list[tuple[int, int]] = []
    for index in chosen.tolist():
        try:
            found = decode(frames[index]).reports
        except Undecodable as fault:
            refused.append((index, fault.reason))
            continue
        reports.extend(found)
        places.extend((index, order) for order in range(len(found)))
    if reports:
        frame, order = np.array(places, np.int64).T
        pieces.append(Piece(frame, order, columns_of(reports)))
    return refused


def _together(pieces: list[Piece], frames: int, refused: tuple[tuple[int, str], ...]) -> DecodedMany:
    """The pieces as one, frame after frame."""
    if len(pieces) == 1:  # its records stand in order already
        return DecodedMany(pieces[0].columns, pieces[0].frame, refused)
    counts = sum((np.bincount(piece.frame, minlength=frames) for piece in pieces), np.zeros(frames, np.int64))
    first = np.cumsum(counts) - counts
    total = int(counts.sum())
    rows = np.empty(total, ROW)
    extra: dict[str, npt.NDArray[Any]] = {}
    for piece in pieces:
        place = first[piece.frame] + piece.order
        put(rows, place, piece.columns.rows)
        for name, values in piece.columns.extra.items():
            if name not in extra:
                extra[name] = _absent(total, values.dtype)
            extra[name][place] = values
    return DecodedMany(Columns(rows, extra), np.repeat(np.arange(frames), counts), refused)


def _absent(total: int, dtype: np.dtype[Any]) -> npt.NDArray[Any]:
    """A column without values. A name has one type in every layout: its element's form and divisor give both."""
    missing: object = None
    if dtype.kind == "i":
        missing = MISSING_64
    elif dtype.kind == "f":
        missing = np.nan
    return np.full(total, missing, dtype)
