"""Reports as Teltonika frames, for the simulator and for tests that play the device."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final

from fastcrc import crc16

from fleetline.model.motion import Report, Value
from fleetline.trackers.protocols.teltonika_elements import KNOWN, UNPLUG_EVENT, UNPLUGGED, VARIABLE
from fleetline.trackers.protocols.teltonika_frame import CODEC_8, PREAMBLE, UDP_MARK
from fleetline.trackers.protocols.teltonika_layout import GPS, SHAPES

_FIELDS: Final = ("ignition", "odometer_m", "hdop", "obd_speed_kmh", "rpm", "coolant_c", "supply_v", "battery_v")


def encode(ident: str, reports: Sequence[Report], codec: int = CODEC_8, records_per_packet: int = 1) -> list[bytes]:
    """The login, then TCP frames of at most `records_per_packet` reports each.

    A value is kept when its field or attribute has an IO element (and, in codec 8, one numbered below 256);
    it is rounded to the element's unit and held within its width.
    """
    login = len(ident).to_bytes(2, "big") + ident.encode("ascii")
    return [login, *map(tcp_frame, _packets(reports, codec, records_per_packet))]


def tcp_frame(data: bytes) -> bytes:
    """Data in a TCP frame, checksum included."""
    return PREAMBLE + len(data).to_bytes(4, "big") + data + crc16.arc(data).to_bytes(4, "big")


def encode_datagrams(
    ident: str, reports: Sequence[Report], codec: int = CODEC_8, records_per_packet: int = 1, first_packet: int = 1
) -> list[bytes]:
    """The same reports as datagrams, numbered from `first_packet`; the last byte of the answer is the count."""
    name = ident.encode("ascii")
    datagrams = []
    for turn, data in enumerate(_packets(reports, codec, records_per_packet), first_packet):
        inner = bytes((UDP_MARK, turn & 0xFF)) + len(name).to_bytes(2, "big") + name + data
        body = (turn & 0xFFFF).to_bytes(2, "big") + inner
        datagrams.append(len(body).to_bytes(2, "big") + body)
    return datagrams


def _packets(reports: Sequence[Report], codec: int, records_per_packet: int) -> list[bytes]:
    packets = []
    for first in range(0, len(reports), records_per_packet):
        part = reports[first : first + records_per_packet]
        count = bytes((len(part),))
        packets.append(bytes((codec,)) + count + b"".join(_record(report, codec) for report in part) + count)
    return packets


def _record(report: Report, codec: int) -> bytes:
    shape = SHAPES[codec]
    attributes = report.attributes
    event = UNPLUG_EVENT if report.power_cut or report.power_restored else _whole(attributes.get("event_io"))
    elements = _elements(report, codec)
    parts = [_gps(report), event.to_bytes(shape.event, "big")]
    if shape.generation:
        parts.append(bytes((_whole(attributes.get("generation")) & 0xFF,)))
    parts.append(len(elements).to_bytes(shape.number, "big"))
    for width in (1, 2, 4, 8):
        group = [(number, raw) for (number, wide), raw in elements.items() if wide == width]
        parts.append(len(group).to_bytes(shape.number, "big"))
        parts.extend(number.to_bytes(shape.element, "big") + raw for number, raw in group)
    if shape.variable:
        group = [(number, raw) for (number, wide), raw in elements.items() if wide == VARIABLE]
        parts.append(len(group).to_bytes(2, "big"))
        parts.extend(number.to_bytes(2, "big") + len(raw).to_bytes(2, "big") + raw for number, raw in group)
    return b"".join(parts)


def _gps(report: Report) -> bytes:
    time = report.fix_at_ms if report.fix_at_ms is not None else report.device_at_ms or 0
    satellites = report.satellites if report.satellites is not None else 9
    return GPS.pack(
        time,
        _whole(report.attributes.get("priority")) & 0xFF,
        round((report.lon_deg or 0.0) * 1e7),
        round((report.lat_deg or 0.0) * 1e7),
        _held(report.altitude_m or 0.0, 2, True),
        _held((report.course_deg or 0.0) % 360, 2, False) % 360,
        min(satellites, 255) if report.valid else 0,
        _held(report.speed_kmh or 0.0, 2, False),
    )


def _whole(value: Value | None) -> int:
    return int(value) if isinstance(value, int | float) else 0


def _held(value: float, width: int, signed: bool) -> int:
    """`value` rounded, held within a number of `width` bytes."""
    least = -(1 << 8 * width - 1) if signed else 0
    return min(max(round(value), least), (1 << 8 * width - signed) - 1)


@lru_cache(maxsize=1)
def _numbers() -> Mapping[str, tuple[int, int]]:
    """Field of Report or name of an attribute -> (element, width), the first that the vendor's list has."""
    numbers: dict[str, tuple[int, int]] = {}
    for key, known in KNOWN.items():
        if known.field is not None and known.rank == 0:
            numbers.setdefault(known.field, key)
        else:
            numbers.setdefault(known.name, key)
    return numbers


def _elements(report: Report, codec: int) -> dict[tuple[int, int], bytes]:
    """(element, width) -> its bytes, of everything in the report that has an element."""
    values: dict[str, Value] = dict(report.attributes)
    for name in _FIELDS:
        value = getattr(report, name)
        if value is not None:
            values[name] = value
    if report.power_cut or report.power_restored:
        values[UNPLUGGED] = int(report.power_cut)
    elements: dict[tuple[int, int], bytes] = {}
    for name, value in values.items():
        key = _numbers().get(name)
        if key is None or (codec == CODEC_8 and (key[0] > 255 or key[1] == VARIABLE)):
            continue
        if key[1] == VARIABLE and SHAPES[codec].variable is False:
            continue
        known = KNOWN[key]
        if known.form == "number":
            signed = known.signed or key[1] == 8
            number = _held(float(value) * known.divisor, key[1], signed)
            elements[key] = number.to_bytes(key[1], "big", signed=signed)
        elif known.form == "key":
            elements[key] = bytes.fromhex(str(value))
        else:
            elements[key] = str(value).encode("ascii")
    return elements
