"""Parts: the frames of one device-hour as they came, with the facts under which they were accepted.

Body: three int64 (clock offset ms, ours from ms, future tolerance ms), then what `groups.pack_frames` writes. A frame
whose
reports fall into several hours stands in the part of each; reading keeps the reports of the part's own hour only.
"""

import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

import numpy as np
import numpy.typing as npt
import zstandard

from fleetline.core.groups import Frames, body_alike, pack_bodies, unpack_frames
from fleetline.core.ports.history import DeviceFacts, Part, Refusal
from fleetline.model.motion import MISSING_64, Columns
from fleetline.model.settling import ACCEPTED, HOUR_MS, REASONS, concatenate, part_of, select, settle_times, verdicts
from fleetline.model.wire import DecodedMany, Times, TrackerProtocol

Numbers = npt.NDArray[np.int64]
SEVERAL: Final = -1
"""In place of an hour: the frame has to be looked at report by report."""
_FACTS: Final = struct.Struct("<qqq")
LEVEL: Final = -3
"""zstd level of an open part: it is packed again, and better, when its hour is sealed."""


PACKED_AT_ONCE: Final = 64
"""Parts packed by one call; each call lets other threads run, and waits for its turn again when it ends."""
CACHED_BYTES: Final = 2**20
"""Frames looked at together: what the processor's own cache holds, so that no pass over them waits for memory."""


@dataclass(frozen=True, slots=True)
class Filed:
    """One tick of filing, ready to be stored."""

    parts: list[Part]
    refusals: list[Refusal]
    heard: dict[int, int]


def file_frames(
    groups: Sequence[Frames],
    protocols: Mapping[str, TrackerProtocol],
    facts: Mapping[int, DeviceFacts],
) -> Filed:
    """Sort frames into device-hours and refuse reports whose time cannot be; a part keeps the order of arrival."""
    result = Filed([], [], {})
    for name in dict.fromkeys(name for group in groups for name in dict.fromkeys(group.protocols)):
        ids, received, frames = _of_protocol(groups, name)
        _file_protocol(result, protocols[name], ids, received, frames, facts)
    return result


def _of_protocol(groups: Sequence[Frames], name: str) -> tuple[list[int], list[int], list[bytes]]:
    ids: list[int] = []
    received: list[int] = []
    frames: list[bytes] = []
    for group in groups:
        if group.protocols[0] == name and len(set(group.protocols)) == 1:
            ids.extend(group.device_ids)
            received.extend(group.received_at_ms)
            frames.extend(group.frames)
            continue
        for place, protocol in enumerate(group.protocols):
            if protocol == name:
                ids.append(group.device_ids[place])
                received.append(group.received_at_ms[place])
                frames.append(group.frames[place])
    return ids, received, frames


@dataclass(frozen=True, slots=True)
class _Batch:
    """Frames of one protocol in the order they came.

    received, owner  (k,) of each frame: receipt in ms, and the place of its device in the next two
    devices, facts   of each device
    """

    protocol: str
    frames: list[bytes]
    received: Numbers
    owner: Numbers
    devices: list[int]
    facts: list[DeviceFacts]

    def fact(self, name: str, frame: Numbers) -> Numbers:
        """One fact of the devices of these frames."""
        return np.array([getattr(fact, name) for fact in self.facts], np.int64)[self.owner[frame]]


def _file_protocol(
    result: Filed,
    protocol: TrackerProtocol,
    ids: list[int],
    received: list[int],
    frames: list[bytes],
    facts: Mapping[int, DeviceFacts],
) -> None:
    devices, owner = np.unique(np.array(ids, np.int64), return_inverse=True)
    known = [facts.get(device, DeviceFacts()) for device in devices.tolist()]
    batch = _Batch(protocol.name, frames, np.array(received, np.int64), owner, devices.tolist(), known)
    heard = np.zeros(len(devices), np.int64)
    np.maximum.at(heard, owner, batch.received)
    for device, at_ms in zip(batch.devices, heard.tolist(), strict=True):
        result.heard[device] = max(at_ms, result.heard.get(device, 0))
    at_ms_of_row, frame_of_row, broken = times_of(protocol, frames)
    result.refusals.extend(Refusal(ids[i], received[i], reason, 0, frames[i]) for i, reason in broken)
    if len(at_ms_of_row):
        _make_parts(result, batch, *_hours(result, batch, at_ms_of_row, frame_of_row))


def _hours(result: Filed, batch: _Batch, at_ms: Numbers, frame_of_row: Numbers) -> tuple[Numbers, Numbers]:
    """(hour, frame) of every part that a frame enters, by frame; a frame of several hours stands there for each."""
    first = np.flatnonzero(np.concatenate(([True], frame_of_row[1:] != frame_of_row[:-1])))
    frame = frame_of_row[first]
    hour = _hours_of_whole(batch, frame, np.minimum.reduceat(at_ms, first), np.maximum.reduceat(at_ms, first))
    rest = hour == SEVERAL
    if not rest.any():
        return hour, frame
    of_rest = np.repeat(rest, np.diff(first, append=len(at_ms)))
    more_hours, more_frames = _hours_by_row(result, batch, at_ms[of_rest], frame_of_row[of_rest])
    hours, frames = np.concatenate([hour[~rest], more_hours]), np.concatenate([frame[~rest], more_frames])
    order = np.argsort(frames, kind="stable")
    return hours[order], frames[order]


def _hours_of_whole(batch: _Batch, frame: Numbers, low: Numbers, high: Numbers) -> Numbers:
    """The hour of each frame whose reports are all accepted and of one hour, by its extreme times; else SEVERAL."""
    received, offset = batch.received[frame], batch.fact("clock_offset_ms", frame)
    tolerance, ours = batch.fact("future_tolerance_ms", frame), batch.fact("ours_from_ms", frame)
    settled, latest = settle_times(low, received, offset), high + offset
    # a time that is missing, or moved by whole weeks, is the least of its frame
    whole = (low != MISSING_64) & (settled == low + offset)
    whole &= verdicts(settled, received, tolerance, ours) == ACCEPTED
    whole &= verdicts(latest, received, tolerance, ours) == ACCEPTED
    hour = settled // HOUR_MS
    return np.where(whole & (hour == latest // HOUR_MS), hour, SEVERAL)


def _hours_by_row(result: Filed, batch: _Batch, at_ms: Numbers, frame_of_row: Numbers) -> tuple[Numbers, Numbers]:
    """As `_hours`, report by report; those refused are noted."""
    received = batch.received[frame_of_row]
    settled = settle_times(at_ms, received, batch.fact("clock_offset_ms", frame_of_row))
    tolerance, ours = batch.fact("future_tolerance_ms", frame_of_row), batch.fact("ours_from_ms", frame_of_row)
    verdict = verdicts(settled, received, tolerance, ours)
    if verdict.any():
        _refuse(result, batch, frame_of_row, verdict)
        kept = verdict == ACCEPTED
        settled, frame_of_row = settled[kept], frame_of_row[kept]
    hours = settled // HOUR_MS
    # a frame enters a part once, where its hour begins: rows of a frame stand together
    fresh = np.ones(len(hours), np.bool_)
    fresh[1:] = (frame_of_row[1:] != frame_of_row[:-1]) | (hours[1:] != hours[:-1])
    return hours[fresh], frame_of_row[fresh]


def _refuse(result: Filed, batch: _Batch, frame_of_row: Numbers, verdict: npt.NDArray[np.int8]) -> None:
    """One refusal per frame and reason, with the frame as evidence."""
    bad = np.flatnonzero(verdict != ACCEPTED)
    keys, counts = np.unique(frame_of_row[bad] * len(REASONS) + verdict[bad], return_counts=True)
    for key, count in zip(keys.tolist(), counts.tolist(), strict=True):
        place, reason = divmod(key, len(REASONS))
        device = batch.devices[int(batch.owner[place])]
        frame = batch.frames[place]
        result.refusals.append(Refusal(device, int(batch.received[place]), REASONS[reason], count, frame))


def _make_parts(result: Filed, batch: _Batch, hours: Numbers, frame: Numbers) -> None:
    device = batch.owner[frame]
    order = np.lexsort((hours, device))
    hours, frame, device = hours[order], frame[order], device[order]
    fresh = np.ones(len(order), np.bool_)
    fresh[1:] = (device[1:] != device[:-1]) | (hours[1:] != hours[:-1])
    starts = np.flatnonzero(fresh)
    owners, of_hour = device[starts].tolist(), hours[starts].tolist()
    heads = [_FACTS.pack(fact.clock_offset_ms, fact.ours_from_ms, fact.future_tolerance_ms) for fact in batch.facts]
    compressor, bodies = zstandard.ZstdCompressor(level=LEVEL), _bodies(batch, frame, owners, starts.tolist())
    for place in range(0, len(owners), PACKED_AT_ONCE):
        packed = pack_bodies(list(islice(bodies, PACKED_AT_ONCE)), compressor)
        for owner, hour, body in zip(owners[place:], of_hour[place:], packed, strict=False):
            result.parts.append(Part(batch.devices[owner], hour, heads[owner] + body))


def _bodies(batch: _Batch, frame: Numbers, owners: Sequence[int], starts: Sequence[int]) -> Iterator[bytes]:
    """What is to be packed of each part; its frames stand in `frame` from its start to the next one's."""
    sizes = np.fromiter(map(len, batch.frames), np.uint32, len(batch.frames))
    stamps, lengths, places = _times_as_bytes(batch.received[frame]), _lengths_as_bytes(sizes[frame]), frame.tolist()
    for owner, begin, end in zip(owners, starts, [*starts[1:], len(places)], strict=True):
        chosen, times, long = places[begin:end], stamps[8 * begin : 8 * end], lengths[4 * begin : 4 * end]
        if len(set(chosen)) != len(chosen):
            # reports of one frame that jump between hours would bring it twice
            chosen = list(dict.fromkeys(chosen))
            times, long = _times_as_bytes(batch.received[chosen]), _lengths_as_bytes(sizes[chosen])
        yield body_alike(batch.devices[owner], batch.protocol, times, long, [batch.frames[place] for place in chosen])


def _times_as_bytes(values: Numbers) -> bytes:
    return values.astype("<i8", copy=False).tobytes()


def _lengths_as_bytes(values: npt.NDArray[np.uint32]) -> bytes:
    return values.astype("<u4", copy=False).tobytes()


def times_of(protocol: TrackerProtocol, frames: Sequence[bytes]) -> Times:
    """The times of all reports of these frames, by the protocol's shortest way."""
    if protocol.times is None:
        decoded = protocol.decode_many(frames)
        return decoded.columns.rows["at_ms"].astype(np.int64), decoded.frame, decoded.refused
    step = max(1, CACHED_BYTES * len(frames) // (1 + sum(map(len, frames))))
    found = [protocol.times(frames[place : place + step]) for place in range(0, len(frames), step)]
    if len(found) == 1:
        return found[0]
    starts = range(0, len(frames), step)
    return (
        np.concatenate([at_ms for at_ms, _, _ in found]),
        np.concatenate([frame + start for (_, frame, _), start in zip(found, starts, strict=True)]),
        tuple((i + start, reason) for (_, _, bad), start in zip(found, starts, strict=True) for i, reason in bad),
    )


def read_parts(parts: Sequence[Part], protocols: Mapping[str, TrackerProtocol]) -> list[Columns]:
    """The accepted reports of each part, in the order they came, each at its settled time.

    errors  groups.Damaged; KeyError when a protocol is no longer installed
    """
    by_protocol: dict[str, list[tuple[int, bytes, int]]] = {}  # (which part, frame, receipt)
    for place, part in enumerate(parts):
        stored = unpack_frames(part.body[_FACTS.size :])
        for frame, received, name in zip(stored.frames, stored.received_at_ms, stored.protocols, strict=True):
            by_protocol.setdefault(name, []).append((place, frame, received))
    found: list[list[Columns]] = [[] for _ in parts]
    for name, pieces in by_protocol.items():
        for place, columns in _read(parts, pieces, protocols[name].decode_many):
            spoken = np.full(len(columns), name, object)
            found[place].append(Columns(columns.rows, {**columns.extra, "protocol": spoken}))
    return [concatenate(many) for many in found]


def _read(
    parts: Sequence[Part],
    pieces: Sequence[tuple[int, bytes, int]],
    decode_many: Callable[[Sequence[bytes]], DecodedMany],
) -> list[tuple[int, Columns]]:
    decoded = decode_many([frame for _, frame, _ in pieces])
    part_of_row = np.array([place for place, _, _ in pieces], np.int64)[decoded.frame]
    received = np.array([at_ms for _, _, at_ms in pieces], np.int64)[decoded.frame]
    facts = np.array([(*_FACTS.unpack_from(part.body), part.hour) for part in parts], np.int64).reshape(-1, 4).T
    offset, ours, tolerance, hours = (fact[part_of_row] for fact in facts)
    rows = decoded.columns.rows
    settled = settle_times(rows["at_ms"].astype(np.int64), received, offset)
    verdict = verdicts(settled, received, tolerance, ours)
    rows["at_ms"], rows["received_at_ms"] = settled, received
    kept = np.flatnonzero((verdict == ACCEPTED) & (settled // HOUR_MS == hours))
    # frames stand part after part, and so do their rows
    chosen = decoded.columns if len(kept) == len(rows) else select(decoded.columns, kept)
    places, starts = np.unique(part_of_row[kept], return_index=True)
    ends = np.append(starts[1:], len(kept))
    return [
        (int(place), part_of(chosen, slice(begin, end))) for place, begin, end in zip(places, starts, ends, strict=True)
    ]
