"""Answers in gzip where the client takes it: made off the event loop when large, kept when it is sent again."""

import asyncio
import zlib
from collections.abc import AsyncIterator
from functools import lru_cache
from typing import Final

LEAST: Final = 1_024
"""Bodies below this many bytes are sent as they are."""

INLINE: Final = 65_536
"""Bodies up to this many bytes are compressed on the event loop: handing them to a thread costs more."""

LEVEL: Final = 1
GZIP: Final = 31


class Packed:
    """Bytes of an answer that may be sent many times; their gzip is made once, when first asked for."""

    __slots__ = ("_gzip", "_task", "plain")

    def __init__(self, plain: bytes) -> None:
        self.plain = plain
        self._gzip: bytes | None = None
        self._task: asyncio.Task[bytes] | None = None

    async def gzip(self) -> bytes:
        """The compressed bytes; callers that arrive together wait for one compression."""
        if self._gzip is None:
            if self._task is None:
                self._task = asyncio.create_task(gzipped(self.plain))
            self._gzip = await asyncio.shield(self._task)
            self._task = None
        return self._gzip


def compress(plain: bytes) -> bytes:
    """The bytes as one gzip member."""
    packer = zlib.compressobj(LEVEL, zlib.DEFLATED, GZIP)
    return packer.compress(plain) + packer.flush()


async def gzipped(plain: bytes) -> bytes:
    """The bytes as one gzip member, made on a thread when there are many (zlib lets other threads run)."""
    if len(plain) <= INLINE:
        return compress(plain)
    return await asyncio.to_thread(compress, plain)


async def gzipped_chunks(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The chunks as one gzip stream; nothing is held back longer than zlib's own window."""
    packer = zlib.compressobj(LEVEL, zlib.DEFLATED, GZIP)
    async for chunk in chunks:
        if packed := packer.compress(chunk):
            yield packed
    yield packer.flush()


@lru_cache(512)
def accepts_gzip(header: str) -> bool:
    """Whether an Accept-Encoding header allows gzip (RFC 9110 12.5.3; none at all allows only the plain form here)."""
    weights: dict[str, float] = {}
    for part in header.lower().split(","):
        name, _, rest = part.partition(";")
        weight = rest.strip().removeprefix("q=").strip()
        try:
            weights[name.strip()] = float(weight) if weight else 1.0
        except ValueError:
            weights[name.strip()] = 0.0
    return weights.get("gzip", weights.get("x-gzip", weights.get("*", 0.0))) > 0
