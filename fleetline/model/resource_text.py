"""The bytes that sites and rows of imports are kept as: JSON of their fields without those at their default.

What is left out is read back as the default that `model.power` has then, so a default that changes there needs a
migration that writes the old one into every site.
"""

from collections.abc import Sequence
from functools import lru_cache
from types import GenericAlias
from typing import Any

import msgspec
from msgspec import structs

from fleetline.model.power import Inverters, Modules, Obstruction, PvArray, PvSite, PvSystem
from fleetline.model.resource import Draft, Row


def text_of(site: PvSite) -> str:
    """A site as it is stored."""
    form, encoder = _site_form(), _encoder()
    return encoder.encode(msgspec.convert(site, form, from_attributes=True)).decode()


def site_of(text: str) -> PvSite:
    """A site that was stored, with or without the fields at their default."""
    return _site_decoder().decode(text)


def packed_rows(rows: Sequence[Row]) -> bytes:
    """Rows of an import."""
    return _encoder().encode(msgspec.convert(rows, _rows_form(), from_attributes=True))


def unpacked_rows(body: bytes) -> list[Row]:
    """Rows as `packed_rows` wrote them."""
    return msgspec.json.decode(body, type=list[Row])


@lru_cache(1)
def _encoder() -> msgspec.json.Encoder:
    return msgspec.json.Encoder()


@lru_cache(1)
def _site_decoder() -> "msgspec.json.Decoder[PvSite]":
    return msgspec.json.Decoder(PvSite)


@lru_cache(1)
def _site_form() -> Any:
    """Twins of the model's structs that leave defaults out; the model's own must not, since callers are shown them."""
    inverters, modules, obstruction = (_short(kind) for kind in (Inverters, Modules, Obstruction))
    array = _short(PvArray, modules=_many(modules), obstructions=_many(obstruction))
    return _short(PvSite, systems=_many(_short(PvSystem, inverters=_many(inverters), arrays=_many(array))))


@lru_cache(1)
def _rows_form() -> Any:
    draft: Any = _short(Draft, site=_site_form())
    return GenericAlias(list, (_short(Row, draft=draft | None),))


def _many(kind: Any) -> Any:
    return GenericAlias(tuple, (kind, ...))


def _short(kind: type[msgspec.Struct], **inner: Any) -> Any:
    """A struct of the same fields, those named in `inner` of another type, that is written without its defaults."""
    fields = [
        (part.name, inner.get(part.name, Any), *(() if part.default is msgspec.NODEFAULT else (part.default,)))
        for part in structs.fields(kind)
    ]
    return msgspec.defstruct(kind.__name__, fields, kw_only=True, frozen=True, gc=False, omit_defaults=True)
