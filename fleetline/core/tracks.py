"""The points of routes: read from stored hours, and kept for the next call while those hours stay as they are."""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from fleetline.core.hours import Protocols, joined, merged_hours
from fleetline.core.memory import Memory
from fleetline.core.ports.history import Part
from fleetline.core.ports.store import Tx
from fleetline.core.views import RouteView, Track
from fleetline.model.settling import HOUR_MS
from fleetline.model.trips import Route, Thresholds
from fleetline.model.trips.mileage import DayCounter, route_counters
from fleetline.model.trips.reading import kept

MOST_POINTS: Final = 500_000
"""Points kept in hand at once, about 40 bytes each with what dialects make of them; those asked for longest ago go."""
LEAST_COST: Final = 50
"""What a route takes besides its points, counted in points."""
POINT_COLUMNS: Final = (
    "at_ms", "lat_e7", "lon_e7", "speed_e2", "obd_speed_e2", "satellites", "accuracy_dm", "flags",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Stored:
    """The stored hours of a device in one transaction."""

    segments: Sequence[tuple[int, bytes]]
    parts: Sequence[Part]

    def under(self, route: Route) -> "_Stored":
        """Those that a route touches."""
        first, last = route.origin_ms // HOUR_MS, route.destination_ms // HOUR_MS
        return _Stored(
            tuple(item for item in self.segments if first <= item[0] <= last),
            tuple(part for part in self.parts if first <= part.hour <= last),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Source:
    """Everything that the points of a route follow from; equal sources give equal points.

    An open route is another record at every moment, by what the clock says of it, and still has the same points.
    """

    route: Route = field(compare=False)
    extent: tuple[int, int, int, str]
    noted: tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]
    stored: _Stored
    thresholds: Sequence[tuple[int, Thresholds]]
    first_speed_ms: int | None

    @classmethod
    def of(cls, route: Route, stored: _Stored, memory: Memory) -> "_Source":
        return cls(
            route=route,
            extent=(route.origin_ms, route.destination_ms, route.fixes, route.origin_rule),
            noted=(route.set_aside_ms, route.anew_ms, route.lead),
            stored=stored.under(route),
            thresholds=memory.thresholds(),
            first_speed_ms=memory.first_speed_ms,
        )


class Tracks:
    """Reads the points of routes and keeps those asked for last, beside the very bytes they were read from."""

    def __init__(self, protocols: Protocols, most_points: int = MOST_POINTS) -> None:
        self._protocols = protocols
        self._most = most_points
        self._kept: OrderedDict[tuple[int, int], tuple[_Source, Track | None]] = OrderedDict()
        self._points = 0

    async def shown(
        self,
        tx: Tx,
        device_id: int,
        memory: Memory,
        routes: Sequence[Route],
        days: Mapping[int, DayCounter],
        now_ms: int,
        *,
        points: bool,
    ) -> tuple[RouteView, ...]:
        """Routes of one device as they are shown; their points only where they are wanted."""
        if not routes:
            return ()
        counters = {**days, **memory.counters()}
        tracks = await self._tracks(tx, device_id, memory, routes) if points else [None] * len(routes)
        shown = []
        for route, track in zip(routes, tracks, strict=True):
            start_um = counters[route.day].start_um if route.day in counters else 0
            origin, destination, pauses = route_counters(route, start_um, memory.offsets, now_ms)
            shown.append(
                RouteView(
                    route=route,
                    origin_mileage_m=origin / 1e6,
                    destination_mileage_m=destination / 1e6,
                    pause_mileage_m=tuple(um / 1e6 for um in pauses),
                    track=track,
                )
            )
        return tuple(shown)

    async def _tracks(self, tx: Tx, device_id: int, memory: Memory, routes: Sequence[Route]) -> list[Track | None]:
        first = min(route.origin_ms for route in routes) // HOUR_MS
        last = max(route.destination_ms for route in routes) // HOUR_MS
        stored = _Stored(
            await tx.history.segments_of_hours(device_id, first, last),
            await tx.history.parts_of_hours(device_id, first, last),
        )
        sources = [_Source.of(route, stored, memory) for route in routes]
        keys = [(device_id, route.origin_ms) for route in routes]
        tracks: list[Track | None] = [None] * len(routes)
        missing = []
        for place, (key, source) in enumerate(zip(keys, sources, strict=True)):
            source_then, tracks[place] = self._kept.get(key, (None, None))
            if source_then != source:
                missing.append(place)
            else:
                self._kept.move_to_end(key)
        if missing:
            read = self._read(memory, [sources[place] for place in missing])
            for place, track in zip(missing, read, strict=True):
                tracks[place] = track
                self._keep(keys[place], sources[place], track)
        return tracks

    def _read(self, memory: Memory, sources: Sequence[_Source]) -> list[Track | None]:
        """The points of each; None where retention has removed some of them."""
        segments = {item[0]: item for source in sources for item in source.stored.segments}
        parts = {part.part_id: part for source in sources for part in source.stored.parts}
        hours = merged_hours(list(segments.values()), list(parts.values()), self._protocols, POINT_COLUMNS)
        rows = memory.judged_rows(joined(hours).rows)
        result: list[Track | None] = []
        for source in sources:
            judged = source.thresholds
            points = kept(rows, source.route, judged if len(judged) > 1 else judged[0][1])
            there = len(points) == source.route.fixes
            result.append(Track.of(points) if there else None)
        return result

    def _keep(self, key: tuple[int, int], source: _Source, track: Track | None) -> None:
        if key in self._kept:
            self._points -= _cost(self._kept.pop(key)[1])
        self._points += _cost(track)
        self._kept[key] = (source, track)
        while self._points > self._most:
            _, (_, gone) = self._kept.popitem(last=False)
            self._points -= _cost(gone)


def _cost(track: Track | None) -> int:
    return LEAST_COST if track is None else LEAST_COST + len(track)
