"""Teltonika: frames built by an encoder of the test's own, and the rules that no single vector shows."""

import struct

import pytest

from fleetline.model.motion import MISSING_64, POWER_CUT, POWER_RESTORED, Report
from fleetline.model.wire import Memo, Undecodable
from fleetline.trackers.protocols.teltonika import PROTOCOL
from fleetline.trackers.protocols.teltonika_frame import MAX_DATA
from fleetline.trackers.protocols.teltonika_text import encode_command
from tests.trackers.protocol_kit import assert_decoded_alike
from tests.trackers.teltonika_kit import CODECS, IMEI, LOGIN, Sent, body, record, tcp, udp


def only(sent: Sent, codec: int = 0x08) -> Report:
    frame = tcp(body([sent], codec))
    assert PROTOCOL.receive(frame, Memo()).count == 1
    assert_decoded_alike(PROTOCOL, [frame] * 9)
    (report,) = PROTOCOL.decode(frame).reports
    return report


def refusal(frame: bytes) -> Undecodable:
    with pytest.raises(Undecodable) as caught:
        PROTOCOL.receive(frame, Memo())
    return caught.value


def split(buffer: bytes) -> tuple[list[bytes], int]:
    assert PROTOCOL.split is not None
    return PROTOCOL.split(buffer, Memo())


def test_a_login_is_answered_with_one_and_an_unknown_device_with_zero() -> None:
    receipt = PROTOCOL.receive(LOGIN, Memo())
    assert (receipt.ident, receipt.count, receipt.reply, receipt.denial) == (IMEI, 0, b"\x01", b"\x00")


def test_records_are_answered_with_their_number_and_a_lost_store_with_none() -> None:
    receipt = PROTOCOL.receive(tcp(body([Sent()] * 3)), Memo())
    assert (receipt.ident, receipt.count) == (None, 3)
    assert (receipt.reply, receipt.denial) == (b"\x00\x00\x00\x03", b"\x00\x00\x00\x00")


def test_a_datagram_is_answered_in_seven_bytes() -> None:
    receipt = PROTOCOL.receive(udp(body([Sent()] * 2), 0x1234, 0x56), Memo())
    assert (receipt.ident, receipt.count) == (IMEI, 2)
    assert receipt.reply == bytes.fromhex("00051234015602")
    assert receipt.denial == bytes.fromhex("00051234015600")


def test_a_packet_without_records_is_answered_and_holds_nothing() -> None:
    frame = tcp(b"\x08\x00\x00")
    receipt = PROTOCOL.receive(frame, Memo())
    assert (receipt.count, receipt.reply) == (0, b"\x00\x00\x00\x00")
    assert PROTOCOL.decode(frame).reports == ()
    assert_decoded_alike(PROTOCOL, [frame] * 9)


def test_ping_bytes_are_swallowed_wherever_they_stand_between_frames() -> None:
    frame = tcp(body([Sent()]))
    assert split(b"\xff") == ([], 1)
    assert split(b"\xff\xff" + LOGIN + b"\xff" + frame + b"\xff") == ([LOGIN, frame], len(LOGIN) + len(frame) + 4)


@pytest.mark.parametrize(
    "start",
    [b"GET / HTTP/1.1\r\n", b"\x00\x00\x01", b"\x00\x00\x00\x01", b"\x00\x21" + b"1" * 33, b"\x16\x03\x01\x02\x00"],
    ids=["another protocol", "third byte", "fourth byte", "a login too long", "TLS"],
)
def test_a_stream_of_something_else_is_lost_at_once(start: bytes) -> None:
    with pytest.raises(Undecodable) as caught:
        split(start)
    assert (caught.value.reason, caught.value.fatal) == ("preamble", True)


def test_whole_frames_before_the_stream_is_lost_are_delivered_first() -> None:
    frame = tcp(body([Sent()]))
    assert split(frame + b"GET /") == ([frame], len(frame))


def test_a_login_of_other_bytes_than_letters_and_digits_ends_the_connection() -> None:
    fault = refusal(b"\x00\x03a b")
    assert (fault.reason, fault.fatal) == ("ident", True)


def test_a_frame_longer_than_any_device_sends_ends_the_connection_before_it_arrives() -> None:
    with pytest.raises(Undecodable) as caught:
        split(struct.pack(">II", 0, MAX_DATA + 1))
    assert (caught.value.reason, caught.value.fatal) == ("length", True)
    assert split(struct.pack(">II", 0, MAX_DATA)) == ([], 0)


@pytest.mark.parametrize("codec", CODECS)
def test_no_single_wrong_bit_of_a_data_frame_passes(codec: int) -> None:
    frame = tcp(body([Sent(elements=((239, 1, 1), (66, 2, 12_700))), Sent()], codec))
    for place in range(len(frame)):
        for bit in range(8):
            wrong = bytearray(frame)
            wrong[place] ^= 1 << bit
            with pytest.raises(Undecodable):
                PROTOCOL.receive(bytes(wrong), Memo())


def test_faults_of_a_data_frame_are_answered_with_no_records_accepted_and_keep_the_connection() -> None:
    good = body([Sent()])
    faults = [
        refusal(tcp(good)[:-1] + b"\x00"),
        refusal(tcp(good[:-1] + b"\x02")),
        refusal(tcp(good + b"\x01")),
        refusal(tcp(b"\x08\x02" + good[2:-1] + b"\x02")),
    ]
    assert [fault.reason for fault in faults] == ["checksum", "count", "structure", "structure"]
    assert {(fault.reply, fault.fatal) for fault in faults} == {(b"\x00\x00\x00\x00", False)}


def test_the_documented_commands_are_encoded_byte_for_byte() -> None:
    """The vendor's page prints these three."""
    assert encode_command("getinfo").hex() == "000000000000000f0c010500000007676574696e666f0100004312"
    assert encode_command("getver").hex() == "000000000000000e0c010500000006676574766572010000a4c2"
    codec_14 = encode_command("getver", imei="352093081452251")
    assert codec_14.hex() == "00000000000000160e01050000000e0352093081452251676574766572010000d2c1"


def test_an_answer_to_a_command_is_a_report_without_time_or_place_and_needs_no_reply() -> None:
    frame = tcp(b"\x0c\x01\x06\x00\x00\x00\x04DOUT\x01")
    receipt = PROTOCOL.receive(frame, Memo())
    assert (receipt.count, receipt.reply, receipt.denial) == (1, b"", b"")
    (report,) = PROTOCOL.decode(frame).reports
    assert (report.fix_at_ms, report.valid, report.attributes["response"]) == (None, False, "DOUT")


def test_a_record_without_a_fix_repeats_a_position_that_is_not_valid_and_measures_no_speed() -> None:
    report = only(Sent(satellites=0, speed=0, angle=0))
    assert (report.valid, report.lat_deg, report.lon_deg) == (False, 48.1523066, 16.3745183)
    assert (report.speed_kmh, report.course_deg, report.satellites) == (None, None, 0)


def test_a_speed_from_the_vehicle_is_kept_without_a_fix() -> None:
    assert only(Sent(satellites=0, speed=50, angle=0)).speed_kmh == 50.0


@pytest.mark.parametrize("place", [(0, 0), (900_000_001, 0), (0, 1_800_000_001), (-(2**31), -(2**31))])
def test_a_place_that_is_none_or_off_the_globe_is_no_position(place: tuple[int, int]) -> None:
    report = only(Sent(lat_e7=place[0], lon_e7=place[1]))
    assert (report.valid, report.lat_deg, report.lon_deg, report.altitude_m) == (False, None, None, None)


@pytest.mark.parametrize("place", [(900_000_000, 1_800_000_000), (-900_000_000, -1_800_000_000), (0, 1), (1, 0)])
def test_the_edges_of_the_globe_are_positions(place: tuple[int, int]) -> None:
    report = only(Sent(lat_e7=place[0], lon_e7=place[1]))
    assert (report.valid, report.lat_deg, report.lon_deg) == (True, place[0] / 1e7, place[1] / 1e7)


@pytest.mark.parametrize(("angle", "course"), [(0, 0.0), (359, 359.0), (360, 0.0), (361, None), (65_535, None)])
def test_a_course_lies_in_the_circle(angle: int, course: float | None) -> None:
    assert only(Sent(angle=angle)).course_deg == course


def test_a_time_that_no_column_can_hold_is_absent() -> None:
    assert only(Sent(ms=2**64 - 1)).fix_at_ms is None
    assert only(Sent(ms=2**62 - 1)).fix_at_ms == 2**62 - 1


def test_power_is_cut_while_the_unplug_element_is_one_and_restored_only_as_its_event() -> None:
    cut = only(Sent(event=252, elements=((252, 1, 1),)))
    back = only(Sent(event=252, elements=((252, 1, 0),)))
    idle = only(Sent(event=0, elements=((252, 1, 0),)))
    assert [(item.power_cut, item.power_restored) for item in (cut, back, idle)] == [
        (True, False),
        (False, True),
        (False, False),
    ]
    frames = [tcp(body([Sent(event=252, elements=((252, 1, value),))])) for value in (1, 0) * 5]
    flags = PROTOCOL.decode_many(frames).columns.rows["flags"]
    assert [int(flag) & (POWER_CUT | POWER_RESTORED) for flag in flags] == [POWER_CUT, POWER_RESTORED] * 5


def test_known_elements_fill_fields_in_the_units_of_their_names() -> None:
    elements = (
        (239, 1, 1),
        (32, 1, 256 - 12),
        (37, 1, 81),
        (66, 2, 12_704),
        (67, 2, 4_011),
        (36, 2, 1_439),
        (182, 2, 9),
        (16, 4, 4_000_000_000),
        (181, 2, 13),
        (68, 2, 150),
        (72, 4, 2**32 - 105),
        (78, 8, 0x1122334455667788),
    )
    report = only(Sent(elements=elements))
    assert (report.ignition, report.coolant_c, report.obd_speed_kmh, report.rpm) == (True, -12.0, 81.0, 1439.0)
    assert (report.supply_v, report.battery_v, report.hdop, report.odometer_m) == (12.704, 4.011, 0.9, 4e9)
    assert report.attributes == {
        "priority": 0,
        "event_io": 0,
        "pdop": 1.3,
        "battery_current_a": 0.15,
        "temperature_1_c": -10.5,
        "ibutton": "1122334455667788",
    }


def test_the_engines_bus_fills_what_the_device_itself_does_not_say() -> None:
    can = ((81, 1, 60), (85, 2, 2_000), (115, 2, 65_536 - 55), (87, 4, 120_500))
    report = only(Sent(elements=can))
    assert (report.obd_speed_kmh, report.rpm, report.coolant_c, report.odometer_m) == (60.0, 2000.0, -5.5, 120_500.0)
    both = only(Sent(elements=(*can, (37, 1, 61), (36, 2, 1_999), (32, 1, 80), (16, 4, 7))))
    assert (both.obd_speed_kmh, both.rpm, both.coolant_c, both.odometer_m) == (61.0, 1999.0, 80.0, 7.0)
    assert {"can_speed_kmh": 60, "can_rpm": 2000, "can_coolant_c": -5.5, "can_odometer_m": 120_500}.items() <= (
        both.attributes.items()
    )


def test_unknown_elements_are_kept_by_number_and_none_is_lost_to_another_of_its_number() -> None:
    elements = ((200, 2, 65_535), (300, 4, 2**32 - 1), (301, 8, 2**63 + 1), (301, 1, 5), (300, 4, 4))
    report = only(Sent(elements=elements), 0x8E)
    assert {name: value for name, value in report.attributes.items() if name.startswith("io_")} == {
        "io_200": 65_535,
        "io_300": 2**32 - 1,
        "io_300_2": 4,
        "io_301": 5,
        "io_301_2": 1 - 2**63,
    }


def test_values_that_say_there_is_none_are_absent() -> None:
    elements = ((78, 8, 0), (25, 2, 3000), (72, 4, 850), (500, 8, 2**63))
    assert only(Sent(elements=elements), 0x10).attributes == {"priority": 0, "event_io": 0, "generation": 7}


def test_elements_of_variable_length_are_text_when_known_and_printable_else_hex() -> None:
    variable = ((256, b"WVWZZZ1JZXW000001"), (281, b"P0299\x00"), (385, b"\x11\xff"), (10, b""))
    report = only(Sent(variable=variable), 0x8E)
    assert report.attributes == {
        "priority": 0,
        "event_io": 0,
        "vin": "WVWZZZ1JZXW000001",
        "io_281_hex": "503032393900",
        "io_385_hex": "11ff",
        "io_10_hex": "",
    }


def test_records_of_other_lengths_that_sum_to_a_uniform_frame_are_told_apart() -> None:
    short, middle, long = (Sent(elements=((1, 1, 1),) * count) for count in (1, 2, 3))
    frame = tcp(body([middle, short, long]))
    assert len(record(short, 8)) + len(record(long, 8)) == 2 * len(record(middle, 8))
    assert PROTOCOL.receive(frame, Memo()).count == 3
    uniform = tcp(body([middle] * 3))
    assert_decoded_alike(PROTOCOL, [frame] * 9)
    assert_decoded_alike(PROTOCOL, [uniform, frame] * 9)


def test_elements_of_variable_length_that_run_past_their_frame_are_refused() -> None:
    good = body([Sent(variable=((385, b"\x01\x02"),))] * 2, 0x8E)
    assert PROTOCOL.receive(tcp(good), Memo()).count == 2
    broken = tcp(good[:-4] + b"\xc8" + good[-3:])
    fault = refusal(broken)
    assert (fault.reason, fault.reply) == ("structure", b"\x00\x00\x00\x00")
    assert_decoded_alike(PROTOCOL, [broken, tcp(good)] * 9)


def test_records_of_one_length_with_other_elements_are_told_apart() -> None:
    frames = [tcp(body([Sent(elements=((number, 1, number),)) for number in (turn, turn + 1)])) for turn in range(60)]
    assert_decoded_alike(PROTOCOL, frames)


def test_more_than_255_elements_of_one_width_are_read() -> None:
    sent = Sent(elements=tuple((1000 + number, 1, number % 256) for number in range(300)))
    report = only(sent, 0x8E)
    assert report.attributes["io_1299"] == 299 % 256


def test_columns_of_one_batch_hold_what_only_some_records_have() -> None:
    frames = [tcp(body([Sent(elements=((700 + turn % 3, 4, turn),))], 0x8E)) for turn in range(60)]
    extra = PROTOCOL.decode_many(frames).columns.extra
    assert extra["io_701"].tolist() == [turn if turn % 3 == 1 else MISSING_64 for turn in range(60)]
