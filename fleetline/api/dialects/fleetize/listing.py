"""The answers of devicelist as bytes, put together from fragments that are rendered again only when they changed."""

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from fleetline.api.dialects.fleetize.device import device_json
from fleetline.api.packed import Packed
from fleetline.core.views import DeviceView

MOST_BYTES: Final = 256 * 1024 * 1024
"""What all kept fragments and answers together may take; the listing asked for longest ago goes first."""

FRAGMENT_BYTES: Final = 250
"""What one fragment takes besides its text, about."""

BREATH: Final = 400
"""Fragments rendered before other calls get their turn."""

Variant = tuple[str, tuple[str, ...], frozenset[str]]
"""(who sees the same devices, fields asked for, fields withheld): calls of one variant get the same bytes."""


@dataclass(frozen=True, slots=True)
class Fragment:
    """One device as JSON, good for this view until that moment."""

    view: DeviceView
    until_ms: int
    text: bytes


@dataclass(slots=True)
class Listing:
    """What is kept of one variant.

    views, until_ms, answer  the answer as last put together: from exactly these views, good until that moment
    """

    fragments: dict[int, Fragment] = field(default_factory=dict)
    views: Sequence[DeviceView] | None = None
    until_ms: int = 0
    answer: Packed | None = None
    size: int = 0


class Listings:
    """Keeps the listings asked for last."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most = most_bytes
        self._kept: OrderedDict[Variant, Listing] = OrderedDict()
        self._size = 0

    async def answer(self, variant: Variant, views: Sequence[DeviceView], now_ms: int) -> Packed:
        """A JSON array of all devices of the variant, in the order of the views."""
        listing = self._kept.get(variant) or Listing()
        if listing.answer is not None and listing.views is views and now_ms < listing.until_ms:
            self._kept.move_to_end(variant)
            return listing.answer
        fragments, until_ms = await _fragments(listing.fragments, variant, views, now_ms)
        answer = Packed(_array(fragments))
        if listing.answer is not None and listing.answer.plain == answer.plain:
            answer = listing.answer  # its gzip is good still
        known = {fragment.view.device_id: fragment for fragment in fragments}
        self._keep(variant, Listing(known, views, until_ms, answer))
        return answer

    async def part(self, variant: Variant, views: Sequence[DeviceView], now_ms: int) -> bytes:
        """A JSON array of some devices of the variant; nothing but their fragments is kept."""
        listing = self._kept.get(variant) or Listing()
        fragments, _ = await _fragments(listing.fragments, variant, views, now_ms)
        listing.fragments.update((fragment.view.device_id, fragment) for fragment in fragments)
        self._keep(variant, listing)
        return _array(fragments)

    def _keep(self, variant: Variant, listing: Listing) -> None:
        old = self._kept.pop(variant, None)
        self._size -= old.size if old is not None else 0
        listing.size = len(listing.answer.plain if listing.answer else b"") * 5 // 4
        listing.size += sum(len(fragment.text) + FRAGMENT_BYTES for fragment in listing.fragments.values())
        self._kept[variant] = listing
        self._size += listing.size
        while self._size > self._most and self._kept:
            _, gone = self._kept.popitem(last=False)
            self._size -= gone.size


def _array(fragments: Sequence[Fragment]) -> bytes:
    return b"[" + b",".join([fragment.text for fragment in fragments]) + b"]"


async def _fragments(
    known: dict[int, Fragment], variant: Variant, views: Sequence[DeviceView], now_ms: int
) -> tuple[list[Fragment], int]:
    """A fragment for each view, and the moment until which all of them are good."""
    _, fields, withheld = variant
    found, until_ms, rendered = list[Fragment](), 2**62, 0
    for view in views:
        fragment = known.get(view.device_id)
        if fragment is None or now_ms >= fragment.until_ms or not _same(fragment.view, view):
            text, good_until_ms = device_json(view, fields, withheld, now_ms)
            fragment = Fragment(view, good_until_ms, text)
            rendered += 1
            if rendered % BREATH == 0:
                await asyncio.sleep(0)
        until_ms = min(until_ms, fragment.until_ms)
        found.append(fragment)
    return found, until_ms


def _same(one: DeviceView, other: DeviceView) -> bool:
    """Nothing that the answer shows differs; a view that the core made anew may still say the same."""
    return one is other or one == other
