"""The short ways of filing give what the long ones give: frames judged as a whole, times read in pieces, bites."""

import numpy as np
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from fleetline.core import folding, parts
from fleetline.core.groups import Frames, body_alike, pack_bodies, pack_frames
from fleetline.core.parts import file_frames, times_of
from fleetline.core.ports.history import DeviceFacts, Part
from tests.core.test_filing import NOW, PROTOCOLS, group_of

HOUR_MS = 3_600_000
moments = st.one_of(
    st.integers(-5000, 5000).map(lambda offset: NOW - NOW % HOUR_MS + offset),
    st.integers(-5000, 5000).map(lambda offset: NOW + 900_000 + offset),
    st.sampled_from([0, 946_684_799_999, NOW - 1024 * 7 * 86_400_000, NOW]),
)
packets = st.lists(st.lists(moments, min_size=1, max_size=6), min_size=1, max_size=8)
facts = st.builds(DeviceFacts, st.sampled_from([0, 3_600_000, -60_000]), st.sampled_from([0, NOW - 2000]))


@given(packets, facts)
@settings(max_examples=150, deadline=None)
def test_frames_judged_by_their_extreme_times_end_as_if_judged_report_by_report(
    many: list[list[int]], fact: DeviceFacts
) -> None:
    groups = [group_of(7 + index % 2, times, per_packet=len(times)) for index, times in enumerate(many)]
    known = {7: fact, 8: DeviceFacts()}
    quick = file_frames(groups, PROTOCOLS, known)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parts, "_hours_of_whole", lambda batch, frame, low, high: np.full(len(frame), parts.SEVERAL))
        slow = file_frames(groups, PROTOCOLS, known)
    assert quick.parts == slow.parts
    assert sorted(quick.refusals, key=repr) == sorted(slow.refusals, key=repr)


def test_times_read_a_few_frames_at_once_are_those_read_all_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    teltonika = PROTOCOLS["teltonika"]
    frames = [
        frame for count in (1, 4, 2) for frame in group_of(7, [NOW + i for i in range(12)], per_packet=count).frames
    ]
    frames.insert(5, b"\x00\x00\x00\x00nothing of ours")
    whole = times_of(teltonika, frames)
    monkeypatch.setattr(parts, "CACHED_BYTES", 300)
    pieces = times_of(teltonika, frames)
    assert np.array_equal(whole[0], pieces[0])
    assert np.array_equal(whole[1], pieces[1])
    assert whole[2] == pieces[2] == ((5, whole[2][0][1]),)


@pytest.mark.parametrize("frames", [[b"short"], [b"x" * 300, b"y" * 400, b"z"]])
def test_frames_of_one_device_are_packed_alike_by_both_ways(frames: list[bytes]) -> None:
    received = [NOW + place for place in range(len(frames))]
    compressor = zstandard.ZstdCompressor(level=-1)
    group = Frames([7] * len(frames), received, ["gt06"] * len(frames), frames)
    times = np.array(received, "<i8").tobytes()
    lengths = np.array([len(frame) for frame in frames], "<u4").tobytes()
    body = body_alike(7, "gt06", times, lengths, frames)
    assert pack_bodies([body, b"", body], compressor) == [
        pack_frames(group, compressor), b"\x01\x00", pack_frames(group, compressor)
    ]  # fmt: skip


def test_one_round_of_folding_takes_the_oldest_parts_up_to_its_bytes_and_one_at_the_least(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(folding, "PART_BYTES", 10)
    found = [Part(1, 0, b"x" * size, number) for number, size in enumerate((4, 6, 1, 50))]
    assert folding._bite(found) == found[:2]
    assert folding._bite(found[3:]) == found[3:]
    assert folding._bite([]) == []
