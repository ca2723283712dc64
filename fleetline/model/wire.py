"""The words in which a tracker protocol speaks with the rooms around it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from fleetline.model.motion import Columns, Report


class Undecodable(Exception):
    """A frame that is not what the protocol says it must be.

    reason  a short fixed word for counters, such as `checksum`, `length`, `count`, `codec`
    reply   the vendor's negative answer, empty where it has none
    fatal   the stream cannot be followed any further and the connection must be closed
    """

    def __init__(self, reason: str, *, reply: bytes = b"", fatal: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.reply = reply
        self.fatal = fatal


@dataclass(slots=True)
class Memo:
    """What a protocol remembers of one connection; `known` is the protocol's own and starts empty."""

    ident: str | None = None
    known: Any = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a whole, checked frame means before anybody has looked at its values.

    ident   the identifier this frame names (a login, or any datagram); None: that of the connection
    count   reports in it; 0 for a login or a heartbeat, which are not journaled
    reply   answer once `count` reports are stored (or at once when count is 0)
    denial  answer when the device is unknown or its reports cannot be stored; empty: none
    """

    ident: str | None = None
    count: int = 0
    reply: bytes = b""
    denial: bytes = b""


@dataclass(frozen=True, slots=True)
class Decoded:
    """One frame with its reports in the order the device sent them."""

    ident: str | None
    reports: tuple[Report, ...]
    reply: bytes = b""


@dataclass(frozen=True, slots=True)
class DecodedMany:
    """Many frames of one protocol at once.

    columns  all reports, frame after frame
    frame    (n,) int64, which frame each row came from
    refused  frames that held no decodable content: (frame index, reason)
    """

    columns: Columns
    frame: npt.NDArray[np.int64]
    refused: tuple[tuple[int, str], ...] = ()


Times = tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], tuple[tuple[int, str], ...]]
"""Times of reports, the frame of each, and (frame index, reason) of every frame refused."""


@dataclass(frozen=True, slots=True)
class TrackerProtocol:
    """One device protocol: pure functions between bytes and reports.

    split        (buffer, memo) -> (whole frames, bytes consumed); Undecodable when the stream is lost.
                 A datagram is one frame and is not split. None where the transport is HTTP
    receive      (frame, memo) -> Receipt; checks length, checksum, counts; Undecodable
    whole        (data, memo) -> Receipt of data that is one whole frame of records like the connection's last ones,
                 checked as `receive` checks it; None when it is anything else. None: the protocol has no such short way
    decode       (frame) -> Decoded; Undecodable
    decode_many  (frames) -> DecodedMany, the same reports as `decode` frame by frame, without raising
    times        (frames) -> (the reports' own times in order, int64 ms, MISSING_64 where a report has none; the frame
                 each came from, int64; frames refused): what filing needs to know without decoding the rest.
                 None: `decode_many` serves
    encode       (ident, reports) -> frames, for the simulator: first the login if there is one
    """

    name: str
    port: int
    transports: tuple[str, ...]
    source: str
    receive: Callable[[bytes, Memo], Receipt]
    decode: Callable[[bytes], Decoded]
    decode_many: Callable[[Sequence[bytes]], DecodedMany]
    split: Callable[[bytes, Memo], tuple[list[bytes], int]] | None = None
    whole: Callable[[bytes, Memo], Receipt | None] | None = None
    times: Callable[[Sequence[bytes]], Times] | None = None
    encode: Callable[[str, Sequence[Report]], list[bytes]] | None = None
    memo: Callable[[], Memo] = field(default=Memo)


HTTP_PARTS: Final = 3


def http_frame(content_type: str, query: bytes, body: bytes) -> bytes:
    """One HTTP delivery as the frame that is journaled: content type, raw query, body, a line feed between."""
    return b"\n".join((content_type.encode("latin-1", "replace").replace(b"\n", b" "), query.replace(b"\n", b""), body))


def http_parts(frame: bytes) -> tuple[str, bytes, bytes]:
    """(content type, raw query string, body) of what `http_frame` joined; Undecodable when it never did."""
    parts = frame.split(b"\n", HTTP_PARTS - 1)
    if len(parts) != HTTP_PARTS:
        raise Undecodable("length")
    return parts[0].decode("latin-1"), parts[1], parts[2]
