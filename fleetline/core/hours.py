"""The reports of a device by hour, wherever they stand: sealed in a segment, or in parts not yet merged."""

from collections.abc import Iterator, Mapping, Sequence

from fleetline.core.parts import read_parts
from fleetline.core.ports.history import Part
from fleetline.core.ports.store import Tx
from fleetline.model.motion import Columns
from fleetline.model.packing import unpack_columns
from fleetline.model.settling import concatenate, merge, part_of
from fleetline.model.wire import TrackerProtocol

Protocols = Mapping[str, TrackerProtocol]


async def load_hours(
    tx: Tx, protocols: Protocols, device_id: int, first: int, last: int, only: Sequence[str] | None = None
) -> dict[int, Columns]:
    """Merged reports of each hour of a span that has any; `only` names the columns wanted of sealed hours."""
    segments = await tx.history.segments_of_hours(device_id, first, last)
    parts = await tx.history.parts_of_hours(device_id, first, last)
    return merged_hours(segments, parts, protocols, only)


def merged_hours(
    segments: Sequence[tuple[int, bytes]],
    parts: Sequence[Part],
    protocols: Protocols,
    only: Sequence[str] | None = None,
) -> dict[int, Columns]:
    """Each hour once: its segment and its parts as one."""
    pieces: dict[int, list[Columns]] = {}
    opened = {part.hour for part in parts}
    for hour, body in segments:
        # an hour that is merged again needs all its columns: which report leads is decided by most of them
        pieces.setdefault(hour, []).append(unpack_columns(body, None if hour in opened else only))
    for part, columns in zip(parts, read_parts(parts, protocols), strict=True):
        pieces.setdefault(part.hour, []).append(columns)
    return {hour: merge(concatenate(many)) for hour, many in sorted(pieces.items())}


def joined(hours: Mapping[int, Columns]) -> Columns:
    """All hours as one, ascending."""
    return concatenate([hours[hour] for hour in sorted(hours)])


def within(columns: Columns, from_ms: int, to_ms: int) -> Columns:
    """The rows of a half-open span."""
    times = columns.rows["at_ms"]
    chosen = slice(int(times.searchsorted(from_ms)), int(times.searchsorted(to_ms)))
    return part_of(columns, chosen)


def chunks(hours: Sequence[int], size: int) -> Iterator[tuple[int, int]]:
    """(first, last) of stretches of at most `size` hours that have reports."""
    for place in range(0, len(hours), size):
        some = hours[place : place + size]
        yield some[0], some[-1]
