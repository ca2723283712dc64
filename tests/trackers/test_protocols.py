"""The contract that every device protocol in the folder keeps, held against its own vectors."""

from collections import Counter
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fleetline.model.motion import Report
from fleetline.model.wire import Memo, TrackerProtocol, Undecodable
from tests.trackers.protocol_kit import (
    Vector,
    assert_decoded_alike,
    assert_physical,
    protocols,
    vectors,
    vectors_of,
)

each_protocol = pytest.mark.parametrize("protocol", protocols(), ids=lambda item: item.name)
each_vector = pytest.mark.parametrize("vector", vectors(), ids=str)
good_vectors = [vector for vector in vectors() if vector.undecodable is None]
each_good_vector = pytest.mark.parametrize("vector", good_vectors, ids=str)


def outcome(protocol: TrackerProtocol, frame: bytes) -> str:
    """Look at a frame in every way; anything but Undecodable escaping is a failure. Returns what came of it."""
    try:
        receipt = protocol.receive(frame, protocol.memo())
    except Undecodable as fault:
        received = fault.reason
        assert received
    else:
        received = ""
        assert receipt.count == len(protocol.decode(frame).reports)
    try:
        reports = protocol.decode(frame).reports
    except Undecodable:
        return received
    for report in reports:
        assert_physical(report)
    return received


def assert_says(report: Report, expected: dict[str, Any]) -> None:
    for name, value in expected.items():
        found = getattr(report, name)
        if name == "attributes":
            assert found.keys() == value.keys()
            for key, item in value.items():
                assert type(found[key]) is type(item), key
                assert found[key] == (pytest.approx(item) if isinstance(item, float) else item), key
        else:
            assert found == (pytest.approx(value, abs=1e-9) if isinstance(value, float) else value), name


def test_no_two_protocols_share_a_name_or_a_port() -> None:
    found = protocols()
    assert {"teltonika", "osmand"} <= {protocol.name for protocol in found}
    assert max(Counter(protocol.name for protocol in found).values()) == 1
    assert max(Counter(protocol.port for protocol in found).values()) == 1


@each_protocol
def test_a_protocol_names_its_source_and_has_good_and_bad_vectors(protocol: TrackerProtocol) -> None:
    assert protocol.source.startswith("https://")
    assert set(protocol.transports) <= {"tcp", "udp", "http", "mqtt"}
    assert ("tcp" in protocol.transports) == (protocol.split is not None)
    items = list(vectors_of(protocol))
    assert len({item.name for item in items}) == len(items)
    assert any(item.reports for item in items)
    assert any(item.undecodable for item in items)


@each_vector
def test_a_vector_means_what_its_source_documents(vector: Vector) -> None:
    if vector.undecodable is not None:
        with pytest.raises(Undecodable) as caught:
            vector.protocol.receive(vector.frame, vector.protocol.memo())
        assert (caught.value.reason, caught.value.reply) == (vector.undecodable, vector.reply)
        return
    receipt = vector.protocol.receive(vector.frame, vector.protocol.memo())
    decoded = vector.protocol.decode(vector.frame)
    assert (receipt.ident, receipt.count, receipt.reply) == (vector.ident, len(vector.reports), vector.reply)
    assert (decoded.ident, decoded.reply) == (vector.ident, vector.reply)
    assert len(decoded.reports) == len(vector.reports)
    for report, expected in zip(decoded.reports, vector.reports, strict=True):
        assert_says(report, expected)
        assert_physical(report)


@each_vector
def test_a_vector_cut_at_any_byte_or_grown_is_understood_or_refused(vector: Vector) -> None:
    for length in range(len(vector.frame)):
        outcome(vector.protocol, vector.frame[:length])
        outcome(vector.protocol, vector.frame[length:])
    outcome(vector.protocol, vector.frame + b"\x00")
    outcome(vector.protocol, vector.frame + vector.frame)


@each_good_vector
def test_a_vector_with_any_bit_flipped_is_understood_or_refused(vector: Vector) -> None:
    for place in range(len(vector.frame)):
        for bit in (0, 3, 7) if len(vector.frame) > 100 else range(8):
            flipped = bytearray(vector.frame)
            flipped[place] ^= 1 << bit
            outcome(vector.protocol, bytes(flipped))


def streams() -> list[TrackerProtocol]:
    return [protocol for protocol in protocols() if protocol.split is not None]


def tcp_frames(protocol: TrackerProtocol) -> list[bytes]:
    items = [item for item in vectors_of(protocol) if item.transport == "tcp" and item.undecodable is None]
    return [item.frame for item in items]


@pytest.mark.parametrize("protocol", streams(), ids=lambda item: item.name)
def test_frames_that_arrive_glued_are_told_apart(protocol: TrackerProtocol) -> None:
    assert protocol.split is not None
    frames = tcp_frames(protocol)
    stream = b"".join(frames)
    assert protocol.split(stream, Memo()) == (frames, len(stream))
    assert protocol.split(frames[0], Memo()) == (frames[:1], len(frames[0]))
    assert protocol.split(b"", Memo()) == ([], 0)


@pytest.mark.parametrize("protocol", streams(), ids=lambda item: item.name)
def test_a_stream_torn_at_any_byte_yields_the_same_frames(protocol: TrackerProtocol) -> None:
    assert protocol.split is not None
    frames = tcp_frames(protocol)
    stream = b"".join(frames)
    for torn in range(len(stream)):
        first, used = protocol.split(stream[:torn], Memo())
        assert used == sum(map(len, first)) <= torn
        second, rest = protocol.split(stream[used:], Memo())
        assert first + second == frames
        assert used + rest == len(stream)


@pytest.mark.parametrize("protocol", streams(), ids=lambda item: item.name)
def test_a_stream_that_drips_yields_each_frame_with_its_last_byte(protocol: TrackerProtocol) -> None:
    assert protocol.split is not None
    frames = tcp_frames(protocol)
    buffer, seen, memo = b"", [], Memo()
    for byte in b"".join(frames):
        buffer += bytes((byte,))
        found, used = protocol.split(buffer, memo)
        assert not found or found == [buffer]
        seen += found
        buffer = buffer[used:]
    assert seen == frames


@each_protocol
def test_many_frames_decode_as_each_alone(protocol: TrackerProtocol) -> None:
    frames = [item.frame for item in vectors_of(protocol)]
    assert_decoded_alike(protocol, [])
    for frame in frames:
        assert_decoded_alike(protocol, [frame])
    assert_decoded_alike(protocol, frames)
    assert_decoded_alike(protocol, frames * 12)
    assert_decoded_alike(protocol, [frame for frame in frames for _ in range(12)])


@st.composite
def mutants(draw: st.DrawFn) -> tuple[TrackerProtocol, list[bytes]]:
    """Vectors of one protocol with stretches overwritten, cut out, doubled or taken from another."""
    protocol = draw(st.sampled_from(protocols()))
    frames = [item.frame for item in vectors_of(protocol)]
    mutated = []
    for frame in draw(st.lists(st.sampled_from(frames), min_size=1, max_size=6)):
        body = bytearray(frame)
        for _ in range(draw(st.integers(0, 3))):
            at = draw(st.integers(0, len(body)))
            length = draw(st.integers(0, 12))
            put = draw(
                st.one_of(st.binary(max_size=12), st.just(bytes(body[at : at + length])), st.sampled_from(frames))
            )
            body[at : at + length] = put
        mutated.append(bytes(body))
    return protocol, mutated * draw(st.sampled_from((1, 9)))


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(mutants())
def test_mutated_vectors_are_understood_or_refused_alike_alone_and_together(
    case: tuple[TrackerProtocol, list[bytes]],
) -> None:
    protocol, frames = case
    for frame in set(frames):
        outcome(protocol, frame)
    assert_decoded_alike(protocol, frames)


@each_protocol
def test_what_a_simulator_encodes_is_received_and_decodes_to_the_same_place(protocol: TrackerProtocol) -> None:
    assert protocol.encode is not None
    reports = [
        Report(
            fix_at_ms=1_700_000_000_000 + turn * 1000,
            valid=True,
            lat_deg=48.1 + turn / 1000,
            lon_deg=-16.3,
            altitude_m=190.0,
            speed_kmh=83.0,
            course_deg=198.0,
            satellites=9,
            ignition=turn % 2 == 0,
            odometer_m=2_656_224.0 + turn,
        )
        for turn in range(5)
    ]
    frames = protocol.encode("356307042441013", reports)
    receipts = [protocol.receive(frame, protocol.memo()) for frame in frames]
    assert receipts[0].ident == "356307042441013"
    decoded = [report for frame in frames for report in protocol.decode(frame).reports]
    assert len(decoded) == sum(receipt.count for receipt in receipts) == len(reports)
    for found, meant in zip(decoded, reports, strict=True):
        assert found.fix_at_ms == meant.fix_at_ms
        assert (found.valid, found.ignition, found.satellites) == (True, meant.ignition, 9)
        assert (found.lat_deg, found.lon_deg) == (pytest.approx(meant.lat_deg), pytest.approx(meant.lon_deg))
        assert (found.speed_kmh, found.course_deg) == (pytest.approx(83.0, abs=0.01), 198.0)
        assert (found.altitude_m, found.odometer_m) == (190.0, meant.odometer_m)
