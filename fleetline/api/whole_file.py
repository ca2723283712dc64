"""Solar resources given out as one file, in any of the forms that an import reads back."""

import asyncio
import csv
import io
import zlib
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from fleetline.model.power import PowerResource


@dataclass(frozen=True, slots=True)
class Sheet:
    """How a dialect writes a resource.

    columns  header of a table; cells: a line of it, its lines ending in `line_end`
    plain    an object of `ndjson`; feature: a feature of `geojson`
    """

    columns: Sequence[str]
    cells: Callable[[PowerResource], Sequence[str]]
    plain: Callable[[PowerResource], dict[str, Any]]
    feature: Callable[[PowerResource], dict[str, Any]]
    line_end: str

    async def file(self, form: str, pages: AsyncIterator[Sequence[PowerResource]]) -> AsyncIterator[bytes]:
        """The file piece by piece.

        It is read whole before the first byte goes out, packed, so that a slow caller holds no transaction open.
        """
        pack = zlib.compressobj(1)
        pieces = [pack.compress(self._head(form))]
        first = True
        async for page in pages:
            pieces.append(pack.compress(await asyncio.to_thread(self._page, form, page, first)))
            first = False
        pieces.append(pack.compress(b"]}" if form == "geojson" else b"") + pack.flush())
        return _unpacked(pieces)

    def _head(self, form: str) -> bytes:
        if form == "csv":
            return self._csv([self.columns])
        return b'{"type":"FeatureCollection","features":[' if form == "geojson" else b""

    def _page(self, form: str, page: Sequence[PowerResource], first: bool) -> bytes:
        if form == "csv":
            return self._csv([self.cells(resource) for resource in page])
        if form == "ndjson":
            return b"".join(msgspec.json.encode(self.plain(resource)) + b"\n" for resource in page)
        joined = b",".join(msgspec.json.encode(self.feature(resource)) for resource in page)
        return joined if first else b"," + joined

    def _csv(self, lines: Sequence[Sequence[str]]) -> bytes:
        out = io.StringIO(newline="")
        csv.writer(out, lineterminator=self.line_end).writerows(lines)
        return out.getvalue().encode()


async def _unpacked(pieces: list[bytes]) -> AsyncIterator[bytes]:
    unpack = zlib.decompressobj()
    for piece in pieces:
        if plain := unpack.decompress(piece):
            yield plain
    yield unpack.flush()
