"""One Teltonika frame, record by record, as reports."""

from fleetline.model.wire import Decoded, Undecodable
from fleetline.trackers.protocols.teltonika_frame import (
    PREAMBLE,
    RECORD_CODECS,
    TEXT_CODECS,
    envelope,
    ident_of,
    is_login,
    record_starts,
    tcp_part,
)
from fleetline.trackers.protocols.teltonika_layout import layout_of, report_of
from fleetline.trackers.protocols.teltonika_text import text_report


def decode(frame: bytes) -> Decoded:
    """The reports of one frame in the order sent; the checksum is not looked at again."""
    ident, answer = None, None
    if frame.startswith(PREAMBLE):
        part = tcp_part(frame)
    elif is_login(frame):
        return Decoded(ident_of(frame[2:]), (), b"\x01")
    else:
        ident, part, answer = envelope(frame)
    codec, count = frame[part.start], frame[part.start + 1]
    if codec in TEXT_CODECS:
        return Decoded(ident, (text_report(frame, part),), b"" if answer is None else answer + b"\x01")
    if codec not in RECORD_CODECS:
        raise Undecodable("codec")
    shape, starts = record_starts(frame, part)
    reports = tuple(report_of(layout_of(frame, at, shape), frame, at) for at in starts)
    reply = count.to_bytes(4, "big") if answer is None else answer + bytes((count,))
    return Decoded(ident, reports, reply)
