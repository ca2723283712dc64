"""A frame like the connection's last ones is accepted by the short way exactly when the long way accepts it."""

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fleetline.model.wire import Memo, Receipt, Undecodable
from fleetline.trackers.protocols.teltonika import PROTOCOL
from tests.trackers.teltonika_kit import CODECS, LOGIN, Sent, body, crc_16_arc, tcp

assert PROTOCOL.whole is not None
whole = PROTOCOL.whole


def frame(codec: int, records: Sequence[Sent]) -> bytes:
    return tcp(body(records, codec))


def used(*frames: bytes) -> Memo:
    memo = Memo()
    for sent in frames:
        PROTOCOL.receive(sent, memo)
    return memo


def by_the_long_way(data: bytes) -> Receipt | None:
    try:
        return PROTOCOL.receive(data, Memo())
    except Undecodable:
        return None


ALIKE = [Sent(ms=1_700_000_000_000 + i, elements=((239, 1, 1), (66, 2, 12_000 + i), (16, 4, i))) for i in range(5)]
LATER = [Sent(ms=1_800_000_000_000 + i, elements=((240, 1, 0), (67, 2, 4_000), (199, 4, 9))) for i in range(5)]


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("count", [1, 5])
def test_the_third_frame_of_a_kind_goes_the_short_way(codec: int, count: int) -> None:
    memo = used(LOGIN, frame(codec, ALIKE[:count]))
    assert whole(frame(codec, LATER[:count]), memo) is None
    PROTOCOL.receive(frame(codec, ALIKE[:count]), memo)
    assert whole(frame(codec, LATER[:count]), memo) == by_the_long_way(frame(codec, LATER[:count]))
    assert whole(frame(codec, LATER[:count])[:-1], memo) is None
    assert whole(frame(codec, LATER[:count]) + b"\x00", memo) is None
    assert whole(LOGIN, memo) is None


def test_records_that_differ_in_length_and_elements_of_variable_length_always_go_the_long_way() -> None:
    mixed = frame(0x08, [ALIKE[0], Sent(), ALIKE[1]])
    variable = frame(0x8E, [Sent(variable=((385, b"\x11\x22"),))] * 2)
    for sent in (mixed, variable):
        memo = used(LOGIN, sent, sent, sent)
        assert whole(sent, memo) is None
        assert PROTOCOL.receive(sent, memo) == by_the_long_way(sent)


@given(st.sampled_from(CODECS), st.integers(1, 5), st.data())
@settings(max_examples=300, deadline=None)
def test_the_short_way_never_accepts_what_the_long_way_refuses(codec: int, count: int, data: st.DataObject) -> None:
    good = frame(codec, ALIKE[:count])
    memo = used(LOGIN, good, good)
    bad = bytearray(frame(codec, LATER[:count]))
    for _ in range(data.draw(st.integers(0, 3))):
        bad[data.draw(st.integers(0, len(bad) - 5))] = data.draw(st.integers(0, 255))
    if data.draw(st.booleans()):
        bad[-4:] = tcp_checksum(bytes(bad))
    found = whole(bytes(bad), memo)
    assert found is None or found == by_the_long_way(bytes(bad))


def tcp_checksum(sent: bytes) -> bytes:
    return crc_16_arc(sent[8:-4]).to_bytes(4, "big")
