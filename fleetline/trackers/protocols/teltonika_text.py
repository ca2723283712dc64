"""Teltonika's text messages, codecs 12 to 15: what a device answers to commands, and the commands themselves."""

from struct import Struct
from typing import Final

from fastcrc import crc16

from fleetline.model.motion import Report, Value
from fleetline.model.wire import Undecodable
from fleetline.trackers.protocols.teltonika_frame import (
    CODEC_12,
    CODEC_13,
    CODEC_14,
    CODEC_15,
    PREAMBLE,
    Part,
)

COMMAND: Final = 0x05
RESPONSE: Final = 0x06
NOT_DONE: Final = 0x11
"""Type of a codec 14 answer from a device whose IMEI is not the one the command named."""

_HEAD: Final = Struct(">BBBI")
_IMEI_BYTES: Final = 8


def check_text(frame: bytes, part: Part) -> None:
    """Undecodable unless the message fills its frame; the vendor says that the counts are to be ignored."""
    if part.end - part.start < _HEAD.size + 1:
        raise Undecodable("length")
    codec, _, _, size = _HEAD.unpack_from(frame, part.start)
    body = part.end - 1 - part.start - _HEAD.size
    if body != size and not (codec == CODEC_13 and body == size + 4):
        raise Undecodable("structure")
    least = {CODEC_13: 4, CODEC_14: _IMEI_BYTES, CODEC_15: 4 + _IMEI_BYTES}.get(codec, 0)
    if body < least:
        raise Undecodable("structure")


def text_report(frame: bytes, part: Part) -> Report:
    """A text message as a report without a position.

    Codec 13 and 15 carry seconds since 1970; some firmware sends eight bytes of milliseconds in codec 13.
    """
    check_text(frame, part)
    codec, _, kind, size = _HEAD.unpack_from(frame, part.start)
    body = frame[part.start + _HEAD.size : part.end - 1]
    device_at_ms = None
    attributes: dict[str, Value] = {"response_codec": codec, "response_type": kind}
    if codec == CODEC_13 and len(body) == size and len(body) >= 8 and body[:2] == b"\x00\x00":
        device_at_ms, body = int.from_bytes(body[:8], "big"), body[8:]
    elif codec in (CODEC_13, CODEC_15):
        device_at_ms, body = int.from_bytes(body[:4], "big") * 1000, body[4:]
    if codec in (CODEC_14, CODEC_15):
        attributes["response_imei"], body = body[:_IMEI_BYTES].hex().lstrip("0"), body[_IMEI_BYTES:]
    text = body.rstrip(b"\r\n\x00")
    if text.isascii() and all(letter.isprintable() or letter in "\r\n\t" for letter in text.decode("ascii")):
        attributes["response"] = text.decode("ascii")
    else:
        attributes["response_hex"] = body.hex()
    return Report(fix_at_ms=None, device_at_ms=device_at_ms, attributes=attributes)


def encode_command(text: str, imei: str | None = None) -> bytes:
    """A command for a device: codec 12, or codec 14 for the one device of this IMEI.

    text  as the vendor's SMS commands, without login and password
    """
    body = text.encode("ascii")
    codec = CODEC_12
    if imei is not None:
        codec, body = CODEC_14, bytes.fromhex(imei.rjust(2 * _IMEI_BYTES, "0")) + body
    data = _HEAD.pack(codec, 1, COMMAND, len(body)) + body + b"\x01"
    return PREAMBLE + len(data).to_bytes(4, "big") + data + crc16.arc(data).to_bytes(4, "big")
