"""A street map of one tile, small enough to be made by hand: land everywhere and one road."""

import gzip
import json
import struct


def _number(value: int) -> bytes:
    found = b""
    while value > 127:
        found += bytes([value & 127 | 128])
        value >>= 7
    return found + bytes([value])


def _sized(field: int, body: bytes) -> bytes:
    return _number(field << 3 | 2) + _number(len(body)) + body


def _whole(field: int, value: int) -> bytes:
    return _number(field << 3) + _number(value)


def _land() -> bytes:
    """A vector tile whose layer `earth` is one square."""
    signed = [value << 1 ^ value >> 31 for value in (0, 0, 4096, 0, 0, 4096, -4096, 0)]
    ring = [9, *signed[:2], 3 << 3 | 2, *signed[2:], 15]
    shape = _sized(2, _number(0) + _number(0)) + _whole(3, 3) + _sized(4, b"".join(map(_number, ring)))
    named = _sized(1, b"earth") + _sized(2, shape) + _sized(3, b"kind") + _sized(4, _sized(1, b"earth"))
    return _sized(3, named + _whole(5, 4096) + _whole(15, 2))


def streets_file(bounds: tuple[float, float, float, float] = (-180, -85, 180, 85), *, kind: int = 1) -> bytes:
    """A PMTiles file, version 3, with the tile of zoom 0. kind: 1 vector, 2 PNG"""
    tile = gzip.compress(_land())
    root = gzip.compress(_number(1) + _number(0) + _number(1) + _number(len(tile)) + _number(1))
    about = gzip.compress(json.dumps({"vector_layers": []}).encode())
    places = [127, len(root), 127 + len(root), len(about), 127 + len(root) + len(about), 0]
    places += [127 + len(root) + len(about), len(tile)]
    head = b"PMTiles\x03" + struct.pack("<8Q", *places) + struct.pack("<3Q", 1, 1, 1) + bytes([1, 2, 2, kind, 0, 0])
    head += struct.pack("<4i", *(round(value * 1e7) for value in bounds)) + bytes([0]) + struct.pack("<2i", 0, 0)
    return head + root + about + tile
