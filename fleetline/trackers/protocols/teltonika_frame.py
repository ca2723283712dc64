"""The outer shape of Teltonika messages: what kind a frame is, where its records lie and whether they fill it."""

from collections.abc import Callable
from struct import Struct
from typing import Final, NamedTuple

from fleetline.model.wire import Undecodable

PREAMBLE: Final = b"\x00\x00\x00\x00"
CODEC_8: Final = 0x08
CODEC_8_EXTENDED: Final = 0x8E
CODEC_8_WIDE: Final = 0x108
"""Not on the wire: codec 8 as some older firmware sends it, with one more group, of elements of 16 bytes."""
CODEC_16: Final = 0x10
CODEC_12: Final = 0x0C
CODEC_13: Final = 0x0D
CODEC_14: Final = 0x0E
CODEC_15: Final = 0x0F
RECORD_CODECS: Final = frozenset((CODEC_8, CODEC_8_EXTENDED, CODEC_16))
TEXT_CODECS: Final = frozenset((CODEC_12, CODEC_13, CODEC_14, CODEC_15))

HEAD: Final = 8
"""Bytes before the data of a TCP frame: preamble and data length."""
TAIL: Final = 4
"""Bytes after the data: the checksum, its upper half always zero."""
GPS_BYTES: Final = 24
"""Time, priority and GPS element, alike in every codec."""
MAX_DATA: Final = 16 * 1280
"""Longest data accepted; the vendor documents packets of at most 1280 bytes, some firmware sends larger ones."""
MAX_IDENT: Final = 32
UDP_MARK: Final = 0x01
"""The "not usable" byte of a datagram."""

TCP_HEAD: Final = Struct(">IIBB")
_UDP_HEAD: Final = Struct(">HHBBH")


class Part(NamedTuple):
    """Where the data of a frame lies: [start, end) from the codec id to the second count."""

    start: int
    end: int


class Envelope(NamedTuple):
    """What stands around the data of a datagram."""

    ident: str
    data: Part
    answer: bytes
    """The answer without its last byte, the number of records accepted."""


def envelope(frame: bytes) -> Envelope:
    """The outside of a datagram; Undecodable when it is none."""
    if len(frame) < 11:
        raise Undecodable("length")
    length, packet, mark, inner, ident_bytes = _UDP_HEAD.unpack_from(frame)
    start = _UDP_HEAD.size + ident_bytes
    if mark != UDP_MARK or not 0 < ident_bytes <= MAX_IDENT:
        raise Undecodable("preamble")
    answer = b"\x00\x05" + packet.to_bytes(2, "big") + bytes((UDP_MARK, inner))
    if length != len(frame) - 2 or start + 3 > len(frame):
        raise Undecodable("length", reply=answer + b"\x00")
    return Envelope(ident_of(frame[_UDP_HEAD.size : start]), Part(start, len(frame)), answer)


def ident_of(raw: bytes) -> str:
    """An identifier as text; Undecodable unless it is letters and digits."""
    if not raw.isalnum() or len(raw) > MAX_IDENT:  # bytes.isalnum() holds for ASCII only
        raise Undecodable("ident", fatal=True)
    return raw.decode("ascii")


def is_login(frame: bytes) -> bool:
    """True for the first message of a TCP connection: two bytes of length, then the identifier.

    A datagram has the same outer length rule, but its fifth byte is never a letter or digit.
    """
    return (
        len(frame) > 2
        and frame[0] == 0
        and frame[1] == len(frame) - 2
        and frame[1] <= MAX_IDENT
        and (len(frame) < 5 or frame[4] != UDP_MARK)
    )


def _end_8(data: bytes, at: int) -> int:
    at += 26
    at += 1 + 2 * data[at]
    at += 1 + 3 * data[at]
    at += 1 + 5 * data[at]
    return at + 1 + 9 * data[at]


def _end_8_wide(data: bytes, at: int) -> int:
    at = _end_8(data, at)
    return at + 1 + 17 * data[at]


def _end_16(data: bytes, at: int) -> int:
    at += 28
    at += 1 + 3 * data[at]
    at += 1 + 4 * data[at]
    at += 1 + 6 * data[at]
    return at + 1 + 10 * data[at]


def _end_8_extended(data: bytes, at: int) -> int:
    at += 28
    at += 2 + 3 * (data[at] << 8 | data[at + 1])
    at += 2 + 4 * (data[at] << 8 | data[at + 1])
    at += 2 + 6 * (data[at] << 8 | data[at + 1])
    at += 2 + 10 * (data[at] << 8 | data[at + 1])
    variable = data[at] << 8 | data[at + 1]
    at += 2
    while variable:
        at += 4 + (data[at + 2] << 8 | data[at + 3])
        variable -= 1
    return at


RECORD_END: Final[dict[int, Callable[[bytes, int], int]]] = {
    CODEC_8: _end_8,
    CODEC_8_WIDE: _end_8_wide,
    CODEC_16: _end_16,
    CODEC_8_EXTENDED: _end_8_extended,
}
"""codec -> (data, start of a record) -> its end; IndexError when it runs out of the bytes."""


def _alike_8(data: bytes, at: int, step: int, end: int, count: int) -> bool:
    """All records have the counts of the first, so with equal steps all have its length."""
    at += 26
    for width in (2, 3, 5, 9):
        number = data[at]
        if data[at:end:step].count(number) != count:
            return False
        at += 1 + width * number
    return True


def _alike_16(data: bytes, at: int, step: int, end: int, count: int) -> bool:
    at += 28
    for width in (3, 4, 6, 10):
        number = data[at]
        if data[at:end:step].count(number) != count:
            return False
        at += 1 + width * number
    return True


def _alike_8_extended(data: bytes, at: int, step: int, end: int, count: int) -> bool:
    at += 28
    for width in (3, 4, 6, 10):
        high, low = data[at], data[at + 1]
        if data[at:end:step].count(high) != count or data[at + 1 : end : step].count(low) != count:
            return False
        at += 2 + width * (high << 8 | low)
    # records with elements of variable length are walked one by one
    return data[at:end:step].count(0) == count and data[at + 1 : end : step].count(0) == count


_ALIKE: Final[dict[int, Callable[[bytes, int, int, int, int], bool]]] = {
    CODEC_8: _alike_8,
    CODEC_16: _alike_16,
    CODEC_8_EXTENDED: _alike_8_extended,
}


def records_fit(frame: bytes, codec: int, start: int, end: int, count: int) -> bool:
    """Whether `count` records fill [start, end) exactly; IndexError when they run out of the frame.

    Two frames in three hold one record or records of one layout: those cost the walk over the first record
    and a few strided slices. Any other frame is walked record by record.
    """
    if count == 0:
        return start == end
    record_end = RECORD_END[codec]
    at = record_end(frame, start)
    if count == 1:
        return at == end
    step = at - start
    alike = _ALIKE.get(codec)
    if alike is not None and step * count == end - start and alike(frame, start, step, end, count):
        return True
    left = count - 1
    while left and at < end:
        at = record_end(frame, at)
        left -= 1
    return at == end and not left


_COUNTS: Final[dict[int, tuple[int, int, tuple[int, ...]]]] = {
    CODEC_8: (26, 1, (2, 3, 5, 9)),
    CODEC_16: (28, 1, (3, 4, 6, 10)),
    CODEC_8_EXTENDED: (28, 2, (3, 4, 6, 10)),
}
"""codec -> (place of the first count in a record, bytes of a count, bytes of an element of each group)."""


def counts_of(frame: bytes, first: int, last: int) -> tuple[tuple[int, int, int, bytes], ...] | None:
    """(begin, end, step, bytes there) of all that decides whether the records of a frame like this one fill it.

    frame  a TCP frame whose records [first, last) hold, `last` being the second count
    None   when its records differ in length, or hold elements of variable length
    """
    codec, count = frame[first - 2], frame[first - 1]
    if codec not in _COUNTS or not count or (last - first) % count:
        return None
    step = (last - first) // count
    at, width, elements = _COUNTS[codec]
    places: list[int] = []
    for size in elements:
        places += range(at, at + width)
        at += width + size * int.from_bytes(frame[first + at : first + at + width], "big")
    if codec == CODEC_8_EXTENDED:
        places += (at, at + 1)
        if frame[first + at : first + at + 2] != b"\0\0":
            return None
        at += 2
    if at != step:
        return None
    found = [(first + place, last, step, bytes((frame[first + place],)) * count) for place in places]
    if any(frame[begin:end:by] != there for begin, end, by, there in found):
        return None
    return (*found, (last, last + 1, 1, bytes((count,))))


def record_starts(frame: bytes, part: Part) -> tuple[int, list[int]]:
    """(codec, where each record begins); Undecodable when the records do not fill the data exactly.

    part     the data from the codec id to the second count, of a codec that carries records
    returns  CODEC_8_WIDE where only that fills the data of codec 8
    """
    codec, count = frame[part.start], frame[part.start + 1]
    if frame[part.end - 1] != count:
        raise Undecodable("count")
    starts = _starts(frame, codec, part.start + 2, part.end - 1, count)
    if starts is None and codec == CODEC_8:
        codec = CODEC_8_WIDE
        starts = _starts(frame, codec, part.start + 2, part.end - 1, count)
    if starts is None:
        raise Undecodable("structure")
    return codec, starts


def _starts(frame: bytes, codec: int, at: int, end: int, count: int) -> list[int] | None:
    """Where the records begin; None when they do not fill [at, end)."""
    record_end = RECORD_END[codec]
    starts: list[int] = []
    try:
        while len(starts) < count and at < end:
            starts.append(at)
            at = record_end(frame, at)
    except IndexError:
        return None
    return starts if at == end and len(starts) == count else None


def tcp_part(frame: bytes) -> Part:
    """The data of a TCP frame; Undecodable when its length field does not fit the frame."""
    end = len(frame) - TAIL
    if end < HEAD + 3 or int.from_bytes(frame[4:8], "big") != end - HEAD:
        raise Undecodable("length", reply=PREAMBLE)
    return Part(HEAD, end)
