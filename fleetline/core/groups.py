"""Frames side by side as one blob: the body of a journal row, and of a part of a device-hour.

Layout, little endian: version u8 = 1, packed u8 (1: the rest is zstd), then: protocols u8 and their names, each with a
length u8; frame count u32; int64 device ids; int64 receipt times in ms; uint32 frame lengths; uint8 protocol indices;
the
frames, end to end.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Final

import zstandard

VERSION: Final = 1
WORTH_PACKING: Final = 512
"""Bodies shorter than this are kept as they are: packing would cost more than the bytes it saves."""


class Damaged(Exception):
    """A stored blob is not what `pack_frames` wrote."""


@dataclass(frozen=True, slots=True)
class Frames:
    """Frames with where they came from; all four lists have one length."""

    device_ids: Sequence[int]
    received_at_ms: Sequence[int]
    protocols: Sequence[str]
    frames: Sequence[bytes]

    def __len__(self) -> int:
        return len(self.frames)


def pack_frames(group: Frames, compressor: zstandard.ZstdCompressor | None = None) -> bytes:
    """The group as bytes; with a compressor, packed when that pays."""
    names = list(dict.fromkeys(group.protocols))
    count = len(group.frames)
    head = [struct.pack("<B", len(names))]
    head += [struct.pack("<B", len(name)) + name.encode("ascii") for name in names]
    if len(names) == 1:
        indices = bytes(count)
    else:
        index = {name: place for place, name in enumerate(names)}
        indices = bytes([index[name] for name in group.protocols])
    head.append(struct.pack(f"<I{count}q", count, *group.device_ids))
    head.append(struct.pack(f"<{count}q", *group.received_at_ms))
    head.append(struct.pack(f"<{count}I", *map(len, group.frames)))
    if compressor is not None:
        body = b"".join((*head, indices, *group.frames))
        if len(body) >= WORTH_PACKING:
            return b"\x01\x01" + compressor.compress(body)
    return b"".join((b"\x01\x00", *head, indices, *group.frames))  # one copy: this is the acknowledgement path


def squeezed(blob: bytes, compressor: zstandard.ZstdCompressor) -> bytes:
    """A blob of `pack_frames`, packed when that pays and was not done yet."""
    if len(blob) < WORTH_PACKING or blob[1]:
        return blob
    return b"\x01\x01" + compressor.compress(memoryview(blob)[2:])


def body_alike(device_id: int, protocol: str, received: bytes, lengths: bytes, frames: Sequence[bytes]) -> bytes:
    """What `pack_frames` has to pack of one device's frames; receipts and lengths come in the bytes of the layout."""
    name, count = protocol.encode("ascii"), len(frames)
    head = (b"\x01", bytes((len(name),)), name, struct.pack("<I", count), struct.pack("<q", device_id) * count)
    return b"".join((*head, received, lengths, bytes(count), *frames))


def pack_bodies(bodies: Sequence[bytes], compressor: zstandard.ZstdCompressor) -> list[bytes]:
    """Each body packed when that pays, all in one call: other threads are not asked for their turn in between."""
    worth: list[bytes | bytearray | memoryview] = [body for body in bodies if len(body) >= WORTH_PACKING]
    packed = iter(compressor.multi_compress_to_buffer(worth)) if worth else iter(())
    return [
        b"\x01\x01" + next(packed).tobytes() if len(body) >= WORTH_PACKING else b"\x01\x00" + body for body in bodies
    ]


def unpack_frames(blob: bytes) -> Frames:
    """errors: Damaged"""
    if blob[:1] != b"\x01":
        raise Damaged("unknown version")
    try:
        body = zstandard.ZstdDecompressor().decompress(blob[2:]) if blob[1] else blob[2:]
        return _unpack(body)
    except (struct.error, IndexError, UnicodeDecodeError, zstandard.ZstdError) as fault:
        raise Damaged(str(fault)) from fault


def _unpack(body: bytes) -> Frames:
    names, at = [], 1
    for _ in range(body[0]):
        size = body[at]
        names.append(body[at + 1 : at + 1 + size].decode("ascii"))
        at += 1 + size
    (count,) = struct.unpack_from("<I", body, at)
    at += 4
    device_ids = struct.unpack_from(f"<{count}q", body, at)
    received = struct.unpack_from(f"<{count}q", body, at + 8 * count)
    lengths = struct.unpack_from(f"<{count}I", body, at + 16 * count)
    at += 20 * count
    protocols = [names[index] for index in body[at : at + count]]
    ends = list(accumulate(lengths, initial=at + count))
    if ends[-1] != len(body) or len(protocols) != count:
        raise Damaged("length")
    return Frames(device_ids, received, protocols, [body[ends[i] : ends[i + 1]] for i in range(count)])
