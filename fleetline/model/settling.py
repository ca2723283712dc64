"""Which reports count and when: the time each stands for, and which of several of one instant wins (Z-45 to Z-47)."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from fleetline.model.motion import MISSING_32, MISSING_64, ROW, VALID, Columns, Rows, chained, taken

DAY_MS: Final = 86_400_000
HOUR_MS: Final = 3_600_000
ROLLOVER_MS: Final = 1024 * 7 * DAY_MS
"""The GPS week number counts to 1,024; old receivers start again at 0."""
ROLLOVER_SLACK_MS: Final = 90 * DAY_MS
OLDEST_MS: Final = 946_684_800_000
"""2000-01-01T00:00:00Z."""

ACCEPTED: Final = 0
FUTURE: Final = 1
TOO_OLD: Final = 2
NOT_OURS: Final = 3
REASONS: Final = ("accepted", "future", "too_old", "not_ours")

Instants = npt.NDArray[np.int64]


def settle_times(at_ms: Instants, received_at_ms: Instants, clock_offset_ms: Instants | int) -> Instants:
    """The time each report counts at, before anything is refused.

    at_ms            (n,) as claimed; MISSING_64 becomes the receipt
    clock_offset_ms  of the device, added first; then a week rollover is undone
    """
    settled = np.where(at_ms == MISSING_64, received_at_ms, at_ms + clock_offset_ms)
    rolled = settled < received_at_ms - (ROLLOVER_MS - ROLLOVER_SLACK_MS)
    return np.where(rolled & (at_ms != MISSING_64), settled + ROLLOVER_MS, settled)


def verdicts(
    settled: Instants, received_at_ms: Instants, future_tolerance_ms: Instants | int, ours_from_ms: Instants | int
) -> npt.NDArray[np.int8]:
    """ACCEPTED, or why not, for each report; `ours_from_ms` is when the device came to its account, 0 for always."""
    result = np.zeros(len(settled), np.int8)
    result[settled < ours_from_ms] = NOT_OURS
    result[settled < OLDEST_MS] = TOO_OLD
    result[settled > received_at_ms + future_tolerance_ms] = FUTURE
    return result


def concatenate(many: Sequence[Columns]) -> Columns:
    """All rows, one after the other; a further reading that a piece lacks is absent there."""
    many = [item for item in many if len(item)]
    if len(many) == 1:
        return many[0]
    if not many:
        return Columns(np.empty(0, ROW))
    rows = chained([item.rows for item in many])
    names = dict.fromkeys(name for item in many for name in item.extra)
    return Columns(rows, {name: _joined([(item.extra.get(name), len(item)) for item in many]) for name in names})


def _joined(pieces: Sequence[tuple[npt.NDArray[Any] | None, int]]) -> npt.NDArray[Any]:
    kinds = {piece.dtype.kind for piece, _ in pieces if piece is not None}
    kind = "O" if "O" in kinds else ("f" if "f" in kinds else "i")
    return np.concatenate([_as_kind(piece, count, kind) for piece, count in pieces])


def _as_kind(piece: npt.NDArray[Any] | None, count: int, kind: str) -> npt.NDArray[Any]:
    if piece is None:
        return {"i": np.full(count, MISSING_64), "f": np.full(count, np.nan), "O": np.full(count, None, object)}[kind]
    if piece.dtype.kind == kind:
        return piece
    if kind == "f":
        return np.where(piece == MISSING_64, np.nan, piece.astype(np.float64))
    result = np.empty(count, object)
    result[:] = [None if _is_absent(value) else str(value) for value in piece.tolist()]
    return result


def _is_absent(value: object) -> bool:
    return value is None or value == MISSING_64 or value != value


def select(columns: Columns, index: npt.NDArray[Any]) -> Columns:
    """The rows that a mask or an index names, in its order."""
    return Columns(taken(columns.rows, index), {name: column[index] for name, column in columns.extra.items()})


def part_of(columns: Columns, chosen: slice) -> Columns:
    """The rows of a slice, which stay where they are."""
    return Columns(columns.rows[chosen], {name: column[chosen] for name, column in columns.extra.items()})


def merge(columns: Columns) -> Columns:
    """Rows in ascending time, one per instant, whatever order and however often they came.

    Of one instant the row with a position gives it, then the one its device calls valid, then more satellites, then the
    greater place; every other value is the greatest that any of them has (absent is least). So merging is associative
    and commutative, and merging a part again changes nothing.
    """
    at_ms = columns.rows["at_ms"]
    if len(at_ms) == 0 or bool(np.all(at_ms[1:] > at_ms[:-1])):
        return columns
    rows = columns.rows
    fixed = rows["lat_e7"] != MISSING_32
    valid = rows["flags"] & VALID
    order = np.lexsort((rows["lon_e7"], rows["lat_e7"], rows["satellites"], valid, fixed, at_ms))
    sorted_columns = select(columns, order)
    times = sorted_columns.rows["at_ms"]
    last = np.append(times[1:] != times[:-1], True)
    if bool(last.all()):
        return sorted_columns
    starts = np.concatenate(([0], np.flatnonzero(last)[:-1] + 1))
    extra = {name: _greatest(column, starts) for name, column in sorted_columns.extra.items()}
    return Columns(_merged_rows(sorted_columns.rows, np.flatnonzero(last), starts), extra)


_FIX: Final = ("at_ms", "lat_e7", "lon_e7", "satellites")


def _merged_rows(rows: Rows, leaders: npt.NDArray[np.int64], starts: npt.NDArray[np.int64]) -> Rows:
    merged = taken(rows, leaders)
    for name in ROW.names or ():
        if name not in _FIX:
            merged[name] = np.maximum.reduceat(rows[name], starts)
    merged["received_at_ms"] = np.minimum.reduceat(rows["received_at_ms"], starts)
    flags = np.bitwise_or.reduceat(rows["flags"], starts)
    merged["flags"] = (flags & ~VALID) | (rows["flags"][leaders] & VALID)
    return merged


def _greatest(column: npt.NDArray[Any], starts: npt.NDArray[np.int64]) -> npt.NDArray[Any]:
    if column.dtype.kind == "f":
        return np.fmax.reduceat(column, starts)
    if column.dtype.kind != "O":
        return np.maximum.reduceat(column, starts)
    result = np.empty(len(starts), object)
    ends = np.append(starts[1:], len(column))
    for place, (begin, end) in enumerate(zip(starts, ends, strict=True)):
        result[place] = max((value for value in column[begin:end] if value is not None), default=None)
    return result
