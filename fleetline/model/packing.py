"""A device-hour of reports as packed columns, and back.

Layout: version u8 = 1, then zstd over: header length u32, header as msgpack
{rows, columns: [(name, kind, codec, bytes)]}, and the columns' bytes end to end. Codecs: `c` one value for all rows;
`r` raw; `d` first differences, `e` second differences, both as zigzag integers split into byte planes so that the
small ones compress to almost nothing. Absent values of an integer column are given as a bitmap beside the present ones
(codec suffix `m`).
"""

from collections.abc import Sequence
from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt
import zstandard

from fleetline.model.motion import MISSING_32, MISSING_64, ROW, Columns, empty_rows

VERSION: Final = 1
LEVEL: Final = 9
FIRST: Final = 2
"""Differences that are no differences of neighbours: one of the first order, two of the second."""


class Damaged(Exception):
    """Stored bytes are not what `pack_columns` wrote."""


class _Column(msgspec.Struct, array_like=True):
    name: str
    kind: str
    codec: str
    size: int


class _Header(msgspec.Struct, array_like=True):
    rows: int
    columns: list[_Column]


def pack_columns(columns: Columns, level: int = LEVEL) -> bytes:
    """The same reports in as few bytes as columns of their kind need; rows in ascending time pack best."""
    described: list[_Column] = []
    bodies: list[bytes] = []

    def add(name: str, kind: str, codec: str, body: bytes) -> None:
        described.append(_Column(name, kind, codec, len(body)))
        bodies.append(body)

    for name in ROW.names or ():
        values = columns.rows[name].astype(np.int64)
        missing = MISSING_64 if ROW[name].itemsize == 8 else MISSING_32
        if name == "received_at_ms":
            values = values - columns.rows["at_ms"]  # receipt follows the report: the lag is small and steady
        elif bool((values == missing).all()):
            continue
        add(name, "i", *_pack_integers(values, missing))
    for name, column in columns.extra.items():
        if column.dtype.kind == "i":
            add(name, "x", *_pack_integers(column.astype(np.int64), MISSING_64))
        elif column.dtype.kind == "f":
            add(name, "f", "r", _planes(column.astype("<f8").view(np.uint64)))
        else:
            values = column.tolist()
            constant = len(set(values)) == 1
            add(name, "s", "c" if constant else "r", msgspec.msgpack.encode(values[0] if constant else values))
    header = msgspec.msgpack.encode(_Header(len(columns), described))
    body = len(header).to_bytes(4, "little") + header + b"".join(bodies)
    return bytes([VERSION]) + zstandard.ZstdCompressor(level=level).compress(body)


def unpack_columns(blob: bytes, only: Sequence[str] | None = None) -> Columns:
    """errors: Damaged. `only` names the columns wanted; the others are left absent, which is faster."""
    if blob[:1] != bytes([VERSION]):
        raise Damaged("unknown version")
    try:
        body = zstandard.ZstdDecompressor().decompress(memoryview(blob)[1:])
        size = int.from_bytes(body[:4], "little")
        header = msgspec.msgpack.decode(body[4 : 4 + size], type=_Header)
        return _columns(header, body, 4 + size, only)
    except (zstandard.ZstdError, msgspec.MsgspecError, ValueError, KeyError) as fault:
        raise Damaged(str(fault)) from fault


def _columns(header: _Header, body: bytes, at: int, only: Sequence[str] | None) -> Columns:
    rows = empty_rows(header.rows)
    extra: dict[str, npt.NDArray[Any]] = {}
    lag: npt.NDArray[np.int64] | None = None
    for column in header.columns:
        piece = memoryview(body)[at : at + column.size]
        at += column.size
        if only is not None and column.name not in only:
            continue
        if column.kind == "f":
            extra[column.name] = _unplanes(piece, header.rows).view("<f8").copy()
        elif column.kind == "s":
            values = np.empty(header.rows, object)
            decoded = msgspec.msgpack.decode(piece)
            values[:] = [decoded] * header.rows if column.codec == "c" else decoded
            extra[column.name] = values
        elif column.kind == "x":
            extra[column.name] = _unpack_integers(piece, column.codec, header.rows, MISSING_64)
        else:
            missing = MISSING_64 if ROW[column.name].itemsize == 8 else MISSING_32
            integers = _unpack_integers(piece, column.codec, header.rows, missing)
            if column.name == "received_at_ms":
                lag = integers
            else:
                rows[column.name] = integers
    if lag is not None and (only is None or "at_ms" in only):
        rows["received_at_ms"] = rows["at_ms"] + lag
    return Columns(rows, extra)


def _pack_integers(values: npt.NDArray[np.int64], missing: int) -> tuple[str, bytes]:
    if len(values) and bool((values == values[0]).all()):
        return "c", int(values[0]).to_bytes(8, "little", signed=True)
    present = values != missing
    if bool(present.all()):
        return _pack_present(values)
    codec, body = _pack_present(values[present])
    return codec + "m", np.packbits(present).tobytes() + body


def _pack_present(values: npt.NDArray[np.int64]) -> tuple[str, bytes]:
    if len(values) == 0:
        return "c", bytes(8)
    best = min((("r", values), ("d", _differences(values)), ("e", _differences(_differences(values)))), key=_weight)
    return best[0], _planes(_zigzag(best[1]))


def _weight(choice: tuple[str, npt.NDArray[np.int64]]) -> float:
    """A guess at the packed size: how many bits the typical value needs, and the outliers a little."""
    magnitude = _zigzag(choice[1]).astype(np.float64)
    return float(np.log2(magnitude + 1).mean())


def _differences(values: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    return np.diff(values, prepend=0)


def _unpack_integers(piece: memoryview, codec: str, rows: int, missing: int) -> npt.NDArray[np.int64]:
    if codec == "c":
        return np.full(rows, int.from_bytes(piece[:8], "little", signed=True))
    if not codec.endswith("m"):
        return _unpack_present(piece, codec, rows)
    mask = -(-rows // 8)
    present = np.unpackbits(np.frombuffer(piece[:mask], np.uint8), count=rows).astype(bool)
    values = np.full(rows, missing)
    count = int(present.sum())
    values[present] = 0 if codec == "cm" else _unpack_present(piece[mask:], codec[0], count)
    return values


def _unpack_present(piece: memoryview, codec: str, count: int) -> npt.NDArray[np.int64]:
    values = _unzigzag(_unplanes(piece, count))
    for _ in range({"r": 0, "d": 1, "e": 2}[codec]):
        values = values.cumsum()
    return values


def _zigzag(values: npt.NDArray[np.int64]) -> npt.NDArray[np.uint64]:
    return ((values << 1) ^ (values >> 63)).view(np.uint64)


def _unzigzag(values: npt.NDArray[np.uint64]) -> npt.NDArray[np.int64]:
    return (values >> np.uint64(1)).view(np.int64) ^ -(values & np.uint64(1)).view(np.int64)


def _planes(values: npt.NDArray[np.uint64]) -> bytes:
    """All lowest bytes first, then the next, as many planes as the greatest value needs (at least one); their count
    leads.
    """
    greatest = int(values.max()) if len(values) else 0
    count = max(1, -(-greatest.bit_length() // 8))
    matrix = values.astype("<u8").view(np.uint8).reshape(-1, 8)[:, :count]
    return bytes([count]) + np.ascontiguousarray(matrix.T).tobytes()


def _unplanes(piece: memoryview, rows: int) -> npt.NDArray[np.uint64]:
    count = piece[0]
    planes = np.frombuffer(piece, np.uint8, count * rows, 1).reshape(count, rows)
    values: npt.NDArray[np.uint64] = planes[0].astype(np.uint64)
    for place in range(1, count):
        # the first differences are whole values: the high planes of many columns hold nothing else
        plane = planes[place] if planes[place, FIRST:].any() else planes[place, :FIRST]
        values[: len(plane)] |= plane.astype(np.uint64) << np.uint64(8 * place)
    return values
