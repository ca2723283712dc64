"""Where bytes stop being UTF-8, found piece by piece: the text of a large body never stands in memory whole."""

import codecs
from typing import Final

PIECE: Final = 1 << 20


def not_utf8_at(body: bytes) -> int | None:
    """The first byte that is not UTF-8, counted from the start of the body; None when all of it is."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    for begin in range(0, len(body), PIECE):
        before = len(decoder.getstate()[0])  # bytes of a letter that the piece before has cut
        try:
            decoder.decode(body[begin : begin + PIECE], final=begin + PIECE >= len(body))
        except UnicodeDecodeError as fault:
            return begin - before + fault.start
    return None
