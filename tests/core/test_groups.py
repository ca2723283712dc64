"""Groups of frames come back as they were."""

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from fleetline.core.groups import Damaged, Frames, pack_frames, squeezed, unpack_frames

numbers = st.integers(-(2**63), 2**63 - 1)
deliveries = st.lists(
    st.tuples(numbers, numbers, st.sampled_from(["teltonika", "osmand", "x"]), st.binary(max_size=400)),
    min_size=1,
    max_size=9,
)


@given(deliveries, st.booleans())
@settings(max_examples=100, deadline=None)
def test_any_group_comes_back_packed_or_not(many: list[tuple[int, int, str, bytes]], packed: bool) -> None:
    group = Frames(*(tuple(column) for column in zip(*many, strict=True)))
    blob = pack_frames(group, zstandard.ZstdCompressor() if packed else None)
    found = unpack_frames(blob)
    assert [tuple(getattr(found, name)) for name in ("device_ids", "received_at_ms", "protocols", "frames")] == [
        tuple(getattr(group, name)) for name in ("device_ids", "received_at_ms", "protocols", "frames")
    ]


def test_a_group_is_squeezed_once_and_only_when_that_pays() -> None:
    compressor = zstandard.ZstdCompressor()
    group = Frames([1, 2], [3, 4], ["a", "b"], [b"x" * 4000, b"y" * 4000])
    plain = pack_frames(group)
    small = squeezed(plain, compressor)
    assert len(small) < len(plain) // 10
    assert list(unpack_frames(small).frames) == list(group.frames)
    assert squeezed(small, compressor) is small
    tiny = pack_frames(Frames([1], [3], ["a"], [b"x" * 40]))
    assert squeezed(tiny, compressor) is tiny


@pytest.mark.parametrize("compressor", [None, zstandard.ZstdCompressor()])
def test_a_blob_that_lost_bytes_is_called_damaged(compressor: zstandard.ZstdCompressor | None) -> None:
    blob = pack_frames(Frames([1, 2], [3, 4], ["a", "b"], [b"x" * 400, b"y" * 400]), compressor)
    for size in range(len(blob)):
        with pytest.raises(Damaged):
            unpack_frames(blob[:size])
