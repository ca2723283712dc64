"""An encoder of Teltonika frames that shares no line with the one under test."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass

IMEI = "356307042441013"
LOGIN = b"\x00\x0f" + IMEI.encode()
CODECS = (0x08, 0x8E, 0x10)


def crc_16_arc(data: bytes) -> int:
    """CRC-16/IBM bit by bit, as the vendor's page draws it."""
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0xA001 if crc & 1 else 0)
    return crc


@dataclass(frozen=True)
class Sent:
    """One record as a test writes it: elements are (number, width, value), bytes for variable length."""

    ms: int = 1_700_000_000_000
    lat_e7: int = 481_523_066
    lon_e7: int = 163_745_183
    altitude: int = 190
    angle: int = 198
    satellites: int = 15
    speed: int = 83
    priority: int = 0
    event: int = 0
    elements: tuple[tuple[int, int, int], ...] = ()
    variable: tuple[tuple[int, bytes], ...] = ()


def record(sent: Sent, codec: int) -> bytes:
    wide = ">H" if codec != 0x08 else ">B"
    count = ">H" if codec == 0x8E else ">B"
    out = struct.pack(">QBii", sent.ms, sent.priority, sent.lon_e7, sent.lat_e7)
    out += struct.pack(">hHBH", sent.altitude, sent.angle, sent.satellites, sent.speed)
    out += struct.pack(wide, sent.event) + (b"\x07" if codec == 0x10 else b"")
    out += struct.pack(count, len(sent.elements) + len(sent.variable))
    for width in (1, 2, 4, 8):
        group = [(number, value) for number, of, value in sent.elements if of == width]
        out += struct.pack(count, len(group))
        for number, value in group:
            out += struct.pack(wide, number) + value.to_bytes(width, "big")
    if codec == 0x8E:
        out += struct.pack(">H", len(sent.variable))
        for number, raw in sent.variable:
            out += struct.pack(">HH", number, len(raw)) + raw
    return out


def body(records: Sequence[Sent], codec: int = 0x08) -> bytes:
    count = bytes((len(records),))
    return bytes((codec,)) + count + b"".join(record(sent, codec) for sent in records) + count


def tcp(data: bytes) -> bytes:
    return struct.pack(">II", 0, len(data)) + data + struct.pack(">I", crc_16_arc(data))


def udp(data: bytes, packet: int = 0xCAFE, inner: int = 5, imei: bytes = IMEI.encode()) -> bytes:
    inside = struct.pack(">HBBH", packet, 1, inner, len(imei)) + imei + data
    return struct.pack(">H", len(inside)) + inside
