"""Solar resources and their power given out as files."""

import asyncio
import csv
import io
import zlib
from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING, Final

import msgspec

from fleetline.api.dialects.own.calls import query_of
from fleetline.api.dialects.own.solar import desk_of, filter_of
from fleetline.api.http import Request, Response
from fleetline.core.solar_sheet import NAMES, cells_of, feature_of, object_of
from fleetline.model.power import PowerResource

if TYPE_CHECKING:
    from fleetline.core.workspace import Workspace

FORMS: Final = {
    "csv": ("text/csv; charset=utf-8", "csv"),
    "ndjson": ("application/x-ndjson; charset=utf-8", "ndjson"),
    "geojson": ("application/geo+json; charset=utf-8", "geojson"),
}
"""(media type, ending of a file's name)"""


async def give(workspace: "Workspace", request: Request) -> Response:
    """Everything that the filter leaves, as it stands at one moment, in a form that an import reads back."""
    desk, asked = desk_of(workspace), query_of(request)
    form, wanted = asked.word("format", tuple(FORMS), "csv"), filter_of(asked)
    # read whole before the first byte goes out, packed, so that a slow caller holds no transaction open
    pack = zlib.compressobj(1)
    pieces = [pack.compress(_head(form))]
    first = True
    async for page in desk.resources.walk(workspace.account_id, wanted):
        pieces.append(pack.compress(await asyncio.to_thread(_page, form, page, first)))
        first = False
    pieces.append(pack.compress(b"]}" if form == "geojson" else b"") + pack.flush())
    media, ending = FORMS[form]
    headers = [
        ("content-type", media),
        ("cache-control", "no-store"),
        ("content-disposition", f'attachment; filename="solar-resources.{ending}"'),
    ]
    return Response(200, _unpacked(pieces), headers)


async def _unpacked(pieces: list[bytes]) -> AsyncIterator[bytes]:
    unpack = zlib.decompressobj()
    for piece in pieces:
        if plain := unpack.decompress(piece):
            yield plain
    yield unpack.flush()


def _head(form: str) -> bytes:
    if form == "csv":
        return _csv([list(NAMES)])
    return b'{"type":"FeatureCollection","features":[' if form == "geojson" else b""


def _page(form: str, page: Sequence[PowerResource], first: bool) -> bytes:
    if form == "csv":
        return _csv([cells_of(resource) for resource in page])
    if form == "ndjson":
        return b"".join(msgspec.json.encode(object_of(resource)) + b"\n" for resource in page)
    joined = b",".join(msgspec.json.encode(feature_of(resource)) for resource in page)
    return joined if first else b"," + joined


def _csv(lines: Sequence[Sequence[str]]) -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\n").writerows(lines)
    return out.getvalue().encode()
