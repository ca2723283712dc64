"""Parts: the frames of one device-hour as they came, with the facts under which they were accepted.

Body: three int64 (clock offset ms, ours from ms, future tolerance ms), then what `groups.pack_frames` writes. A frame
whose
reports fall into several hours stands in the part of each; reading keeps the reports of the part's own hour only.
"""

import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import zstandard

from fleetline.core.groups import Frames, pack_frames, unpack_frames
from fleetline.core.ports.history import DeviceFacts, Part, Refusal
from fleetline.model.motion import Columns
from fleetline.model.settling import ACCEPTED, HOUR_MS, REASONS, concatenate, select, settle_times, verdicts
from fleetline.model.wire import DecodedMany, Times, TrackerProtocol

_FACTS: Final = struct.Struct("<qqq")
LEVEL: Final = -1
"""zstd level of an open part: it is packed again, and better, when its hour is sealed."""


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
        _file_protocol(result, protocols[name], np.array(ids, np.int64), np.array(received, np.int64), frames, facts)
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


def _file_protocol(
    result: Filed,
    protocol: TrackerProtocol,
    ids: npt.NDArray[np.int64],
    received: npt.NDArray[np.int64],
    frames: list[bytes],
    facts: Mapping[int, DeviceFacts],
) -> None:
    devices, device_of_frame = np.unique(ids, return_inverse=True)
    known = [facts.get(int(device), DeviceFacts()) for device in devices]
    heard = np.zeros(len(devices), np.int64)
    np.maximum.at(heard, device_of_frame, received)
    for device, at_ms in zip(devices.tolist(), heard.tolist(), strict=True):
        result.heard[device] = max(at_ms, result.heard.get(device, 0))

    at_ms_of_row, frame_of_row, broken = times_of(protocol, frames)
    result.refusals.extend(Refusal(int(ids[i]), int(received[i]), reason, 0, frames[i]) for i, reason in broken)
    owner = device_of_frame[frame_of_row]
    settled, verdict = _judge(at_ms_of_row, received[frame_of_row], known, owner)
    if verdict.any():
        _refuse(result, ids, received, frames, frame_of_row, verdict)
        kept = verdict == ACCEPTED
        settled, frame_of_row, owner = settled[kept], frame_of_row[kept], owner[kept]
    _make_parts(result, protocol.name, devices, known, received, frames, settled // HOUR_MS, frame_of_row, owner)


def _judge(
    at_ms: npt.NDArray[np.int64],
    received: npt.NDArray[np.int64],
    known: Sequence[DeviceFacts],
    owner: npt.NDArray[np.int64],
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int8]]:
    offset = np.array([fact.clock_offset_ms for fact in known], np.int64)[owner]
    tolerance = np.array([fact.future_tolerance_ms for fact in known], np.int64)[owner]
    ours = np.array([fact.ours_from_ms for fact in known], np.int64)[owner]
    settled = settle_times(at_ms, received, offset)
    return settled, verdicts(settled, received, tolerance, ours)


def _refuse(
    result: Filed,
    ids: npt.NDArray[np.int64],
    received: npt.NDArray[np.int64],
    frames: list[bytes],
    frame_of_row: npt.NDArray[np.int64],
    verdict: npt.NDArray[np.int8],
) -> None:
    """One refusal per frame and reason, with the frame as evidence."""
    bad = np.flatnonzero(verdict != ACCEPTED)
    keys, counts = np.unique(frame_of_row[bad] * len(REASONS) + verdict[bad], return_counts=True)
    for key, count in zip(keys.tolist(), counts.tolist(), strict=True):
        frame, reason = divmod(key, len(REASONS))
        result.refusals.append(Refusal(int(ids[frame]), int(received[frame]), REASONS[reason], count, frames[frame]))


def _make_parts(
    result: Filed,
    protocol: str,
    devices: npt.NDArray[np.int64],
    known: Sequence[DeviceFacts],
    received: npt.NDArray[np.int64],
    frames: list[bytes],
    hour_of_row: npt.NDArray[np.int64],
    frame_of_row: npt.NDArray[np.int64],
    owner: npt.NDArray[np.int64],
) -> None:
    if not len(hour_of_row):
        return
    # a frame enters a part once, where its hour begins: rows of a frame stand together
    fresh = np.concatenate(([True], (frame_of_row[1:] != frame_of_row[:-1]) | (hour_of_row[1:] != hour_of_row[:-1])))
    hours, frame, device = hour_of_row[fresh], frame_of_row[fresh], owner[fresh]
    order = np.lexsort((hours, device))
    hours, frame, device = hours[order], frame[order], device[order]
    starts = np.flatnonzero(np.concatenate(([True], (device[1:] != device[:-1]) | (hours[1:] != hours[:-1]))))
    ends = np.append(starts[1:], len(order)).tolist()
    compressor = zstandard.ZstdCompressor(level=LEVEL)
    places, times = frame.tolist(), received[frame].tolist()
    for begin, end in zip(starts.tolist(), ends, strict=True):
        chosen = places[begin:end]
        if len(chosen) != len(set(chosen)):
            # reports of one frame that jump between hours would bring it twice
            chosen = list(dict.fromkeys(chosen))
            stamps = received[chosen].tolist()
        else:
            stamps = times[begin:end]
        fact, device_id = known[int(device[begin])], int(devices[device[begin]])
        body = pack_frames(
            Frames([device_id] * len(chosen), stamps, [protocol] * len(chosen), [frames[i] for i in chosen]), compressor
        )
        head = _FACTS.pack(fact.clock_offset_ms, fact.ours_from_ms, fact.future_tolerance_ms)
        result.parts.append(Part(device_id, int(hours[begin]), head + body))


def times_of(protocol: TrackerProtocol, frames: Sequence[bytes]) -> Times:
    """The times of all reports of these frames, by the protocol's shortest way."""
    if protocol.times is not None:
        return protocol.times(frames)
    decoded = protocol.decode_many(frames)
    return decoded.columns.rows["at_ms"].astype(np.int64), decoded.frame, decoded.refused


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
    heads = np.array([_FACTS.unpack_from(part.body) for part in parts], np.int64).reshape(-1, 3)[part_of_row]
    hours = np.array([part.hour for part in parts], np.int64)[part_of_row]
    rows = decoded.columns.rows
    settled = settle_times(rows["at_ms"].astype(np.int64), received, heads[:, 0])
    verdict = verdicts(settled, received, heads[:, 2], heads[:, 1])
    rows["at_ms"], rows["received_at_ms"] = settled, received
    kept = np.flatnonzero((verdict == ACCEPTED) & (settled // HOUR_MS == hours))
    kept = kept[np.argsort(part_of_row[kept], kind="stable")]
    chosen = select(decoded.columns, kept)
    places, starts = np.unique(part_of_row[kept], return_index=True)
    ends = np.append(starts[1:], len(kept))
    return [
        (int(place), select(chosen, np.arange(begin, end)))
        for place, begin, end in zip(places, starts, ends, strict=True)
    ]
