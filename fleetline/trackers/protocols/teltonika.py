"""Teltonika trackers: codecs 8, 8 Extended and 16 over TCP and UDP, and the text codecs 12 to 15."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from fastcrc import crc16

from fleetline.model.wire import Memo, Receipt, TrackerProtocol, Undecodable
from fleetline.trackers.protocols.teltonika_columns import decode_many
from fleetline.trackers.protocols.teltonika_decode import decode
from fleetline.trackers.protocols.teltonika_encode import encode
from fleetline.trackers.protocols.teltonika_frame import (
    CODEC_8,
    CODEC_8_WIDE,
    HEAD,
    MAX_DATA,
    MAX_IDENT,
    PREAMBLE,
    RECORD_CODECS,
    TAIL,
    TCP_HEAD,
    TEXT_CODECS,
    Part,
    counts_of,
    envelope,
    ident_of,
    is_login,
    records_fit,
)
from fleetline.trackers.protocols.teltonika_text import check_text
from fleetline.trackers.protocols.teltonika_times import times

_PING: Final = 0xFF
_ACCEPTED: Final = b"\x01"
_REFUSED: Final = b"\x00"
_NONE_STORED: Final = PREAMBLE
"""Number of records accepted: none. The device sends the packet again."""
_FRAME_LEAST: Final = HEAD + TAIL
_arc: Final = crc16.arc


def split(buffer: bytes, memo: Memo) -> tuple[list[bytes], int]:
    """(whole frames, bytes consumed); a ping byte between frames is consumed and answered by nothing.

    Undecodable, fatal, when the stream is neither a login nor a frame, or announces more than MAX_DATA bytes.
    """
    size = len(buffer)
    if size > _FRAME_LEAST and buffer.startswith(PREAMBLE):
        length = int.from_bytes(buffer[4:8], "big")
        if length + _FRAME_LEAST == size and length <= MAX_DATA:
            return [buffer], size
    frames: list[bytes] = []
    at = 0
    while at < size:
        if buffer[at] == _PING:
            at += 1
            continue
        try:
            need = _frame_length(buffer, at, size)
        except Undecodable:
            if not frames:
                raise
            break  # what came before is delivered first; the next call meets the same bytes and raises
        if need is None or at + need > size:
            break
        frames.append(buffer[at : at + need])
        at += need
    return frames, at


def _frame_length(buffer: bytes, at: int, size: int) -> int | None:
    """Length of the frame that begins at `at`; None while too few bytes are there to tell."""
    head = buffer[at : at + HEAD]
    if head[0] != 0:
        raise Undecodable("preamble", fatal=True)
    if len(head) < 2:
        return None
    if head[1] != 0:
        if head[1] > MAX_IDENT:
            raise Undecodable("preamble", fatal=True)
        return 2 + head[1]
    if any(head[2:4]):
        raise Undecodable("preamble", fatal=True)
    if len(head) < HEAD:
        return None
    length = int.from_bytes(head[4:8], "big")
    if length > MAX_DATA:
        raise Undecodable("length", fatal=True)
    return length + _FRAME_LEAST


@lru_cache(maxsize=256)
def _stored(count: int) -> Receipt:
    return Receipt(None, count, count.to_bytes(4, "big"), _NONE_STORED)


@dataclass(frozen=True, slots=True)
class _Held:
    """A frame that held; one of the same head and length, whose counts stand where its counts stood, holds as well.

    counts  (place, bytes there); None when that does not tell, or not before a second frame of this head has come
    tried   the second frame has come
    """

    head: bytes
    size: int
    receipt: Receipt
    counts: tuple[tuple[slice, bytes], ...] | None = None
    tried: bool = False


def whole(data: bytes, memo: Memo) -> Receipt | None:
    """See `model.wire.TrackerProtocol.whole`."""
    held: _Held | None = memo.known
    if held is None or not held.counts or len(data) != held.size or not data.startswith(held.head):
        return None
    for place, there in held.counts:
        if data[place] != there:
            return None
    return held.receipt if data.endswith(_arc(data[HEAD:-TAIL]).to_bytes(TAIL, "big")) else None


def receive(frame: bytes, memo: Memo) -> Receipt:
    """What the frame means: login, records or text; Undecodable when checksum, counts or structure do not hold."""
    receipt = whole(frame, memo)
    if receipt is None:
        receipt = _receive(frame)
        if receipt.count and frame.startswith(PREAMBLE):
            memo.known = _held(frame, receipt, memo.known)
    return receipt


def _held(frame: bytes, receipt: Receipt, before: _Held | None) -> _Held:
    head = frame[: HEAD + 2]
    if before is None or before.head != head or before.size != len(frame):
        return _Held(head, len(frame), receipt)
    if before.tried:
        return before
    counts = counts_of(frame, HEAD + 2, len(frame) - TAIL - 1)
    return _Held(head, len(frame), receipt, tried=True) if counts is None else _alike(head, len(frame), receipt, counts)


@lru_cache(maxsize=1024)
def _alike(head: bytes, size: int, receipt: Receipt, counts: tuple[tuple[int, int, int, bytes], ...]) -> _Held:
    """One for all connections whose frames are alike: what a thousand of them look at stays in the cache."""
    places = tuple((slice(begin, end, step), there) for begin, end, step, there in counts)
    return _Held(head, size, receipt, places, tried=True)


def _receive(frame: bytes) -> Receipt:
    if not frame.startswith(PREAMBLE):
        return _receive_login(frame) if is_login(frame) else _receive_datagram(frame)
    end = len(frame) - TAIL
    if end < HEAD + 3:
        raise Undecodable("length", reply=_NONE_STORED)
    _, length, codec, count = TCP_HEAD.unpack_from(frame)
    if length != end - HEAD:
        raise Undecodable("length", reply=_NONE_STORED)
    if _arc(frame[HEAD:end]) != int.from_bytes(frame[end:], "big"):
        raise Undecodable("checksum", reply=_NONE_STORED)
    if codec in TEXT_CODECS:
        check_text(frame, Part(HEAD, end))
        return Receipt(count=1)
    _check_records(frame, codec, count, HEAD + 2, end - 1, _NONE_STORED)
    return _stored(count)


def _check_records(frame: bytes, codec: int, count: int, first: int, last: int, reply: bytes) -> None:
    """Undecodable, answered by `reply`, unless [first, last) holds the records and `last` is the second count."""
    if codec not in RECORD_CODECS:
        raise Undecodable("codec", reply=reply)
    if frame[last] != count:
        raise Undecodable("count", reply=reply)
    if not _fit(frame, codec, first, last, count) and not (
        codec == CODEC_8 and _fit(frame, CODEC_8_WIDE, first, last, count)
    ):
        raise Undecodable("structure", reply=reply)


def _fit(frame: bytes, codec: int, first: int, last: int, count: int) -> bool:
    try:
        return records_fit(frame, codec, first, last, count)
    except IndexError:
        return False


def _receive_login(frame: bytes) -> Receipt:
    try:
        return Receipt(ident_of(frame[2:]), 0, _ACCEPTED, _REFUSED)
    except Undecodable:
        raise Undecodable("ident", reply=_REFUSED, fatal=True) from None


def _receive_datagram(frame: bytes) -> Receipt:
    outside = envelope(frame)
    start, end = outside.data
    codec, count = frame[start], frame[start + 1]
    none = outside.answer + b"\x00"
    if codec in TEXT_CODECS:
        check_text(frame, outside.data)
        return Receipt(outside.ident, 1, outside.answer + b"\x01", none)
    _check_records(frame, codec, count, start + 2, end - 1, none)
    return Receipt(outside.ident, count, outside.answer + bytes((count,)), none)


PROTOCOL: Final = TrackerProtocol(
    name="teltonika",
    port=5027,
    transports=("tcp", "udp"),
    source="https://wiki.teltonika-gps.com/view/Teltonika_Data_Sending_Protocols",
    split=split,
    receive=receive,
    whole=whole,
    decode=decode,
    decode_many=decode_many,
    times=times,
    encode=encode,
)
