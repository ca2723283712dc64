"""Teltonika: what holds for any records a device may send."""

from hypothesis import given, settings
from hypothesis import strategies as st

from fleetline.model.motion import Report
from fleetline.model.wire import Memo
from fleetline.trackers.protocols.teltonika import PROTOCOL
from fleetline.trackers.protocols.teltonika_encode import encode_datagrams
from tests.trackers.protocol_kit import assert_decoded_alike
from tests.trackers.teltonika_kit import CODECS, IMEI, LOGIN, Sent, body, tcp, udp

numbers = st.integers(0, 255) | st.sampled_from((239, 240, 66, 67, 16, 21, 78, 252, 32, 115, 182))
values = {width: st.integers(0, 256**width - 1) for width in (1, 2, 4, 8)}
elements = st.sampled_from((1, 2, 4, 8)).flatmap(lambda width: st.tuples(numbers, st.just(width), values[width]))
records = st.builds(
    Sent,
    ms=st.integers(0, 2**64 - 1) | st.integers(1_500_000_000_000, 1_900_000_000_000),
    lat_e7=st.integers(-(2**31), 2**31 - 1) | st.integers(-900_000_000, 900_000_000),
    lon_e7=st.integers(-(2**31), 2**31 - 1),
    altitude=st.integers(-(2**15), 2**15 - 1),
    angle=st.integers(0, 2**16 - 1) | st.integers(0, 360),
    satellites=st.integers(0, 255) | st.just(0),
    speed=st.integers(0, 2**16 - 1) | st.just(0),
    priority=st.integers(0, 255),
    event=st.integers(0, 255),
    elements=st.lists(elements, max_size=6).map(tuple),
    variable=st.lists(st.tuples(st.sampled_from((256, 281, 385)), st.binary(max_size=9)), max_size=2).map(tuple),
)


@settings(max_examples=120, deadline=None)
@given(st.data())
def test_any_records_are_accepted_and_decode_alike_alone_and_together(data: st.DataObject) -> None:
    frames: list[bytes] = []
    for _ in range(data.draw(st.integers(1, 4))):
        codec = data.draw(st.sampled_from(CODECS))
        kinds = data.draw(st.lists(records, min_size=1, max_size=3))
        chosen = data.draw(st.lists(st.sampled_from(kinds), min_size=1, max_size=5))
        frame = (tcp if data.draw(st.booleans()) else udp)(body(chosen, codec))
        assert PROTOCOL.receive(frame, Memo()).count == len(chosen)
        for report, sent in zip(PROTOCOL.decode(frame).reports, chosen, strict=True):
            assert report.fix_at_ms == (sent.ms if sent.ms < 2**62 else None)
            assert report.satellites == sent.satellites
            assert report.attributes["priority"] == sent.priority
        frames += [frame] * data.draw(st.sampled_from((1, 3, 10)))
    assert_decoded_alike(PROTOCOL, data.draw(st.permutations(frames)))


reports = st.builds(
    Report,
    fix_at_ms=st.integers(0, 2**62 - 1),
    valid=st.just(True),
    lat_deg=st.integers(-900_000_000, 900_000_000).map(lambda raw: raw / 1e7),
    lon_deg=st.integers(1, 1_800_000_000).map(lambda raw: raw / 1e7),
    altitude_m=st.integers(-(2**15), 2**15 - 1).map(float),
    speed_kmh=st.integers(0, 300).map(float),
    course_deg=st.integers(0, 359).map(float),
    satellites=st.integers(1, 255),
    hdop=st.none() | st.integers(0, 500).map(lambda raw: raw / 10),
    ignition=st.none() | st.booleans(),
    odometer_m=st.none() | st.integers(0, 2**32 - 1).map(float),
    obd_speed_kmh=st.none() | st.integers(0, 255).map(float),
    rpm=st.none() | st.integers(0, 65_535).map(float),
    coolant_c=st.none() | st.integers(-128, 127).map(float),
    supply_v=st.none() | st.integers(0, 65_535).map(lambda raw: raw / 1000),
    battery_v=st.none() | st.integers(0, 65_535).map(lambda raw: raw / 1000),
    attributes=st.fixed_dictionaries(
        {"priority": st.integers(0, 2), "event_io": st.integers(0, 255)},
        optional={
            "gsm_signal": st.integers(0, 5),
            "moving": st.integers(0, 1),
            "pdop": st.integers(0, 500).map(lambda raw: raw / 10),
            "ibutton": st.integers(1, 2**64 - 1).map(lambda raw: f"{raw:016x}"),
            "can_rpm": st.integers(0, 8000),
        },
    ),
)


@settings(max_examples=100, deadline=None)
@given(st.lists(reports, min_size=1, max_size=7), st.sampled_from((0x08, 0x8E)), st.integers(1, 4))
def test_what_is_encoded_decodes_to_the_same_reports(sent: list[Report], codec: int, each: int) -> None:
    sent = [item for item in sent if item.rpm is not None or "can_rpm" not in item.attributes]
    frames = PROTOCOL.encode(IMEI, sent, codec=codec, records_per_packet=each)  # type: ignore[misc,call-arg]  # its own options
    assert frames[0] == LOGIN
    decoded = [report for frame in frames[1:] for report in PROTOCOL.decode(frame).reports]
    assert decoded == sent
    datagrams = encode_datagrams(IMEI, sent, codec, each)
    assert [report for frame in datagrams for report in PROTOCOL.decode(frame).reports] == sent
    assert sum(PROTOCOL.receive(frame, Memo()).count for frame in frames[1:] + datagrams) == 2 * len(sent)
