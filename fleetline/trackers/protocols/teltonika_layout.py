"""The layout of a Teltonika record: where its IO elements stand and what each of them becomes."""

from dataclasses import dataclass
from functools import lru_cache
from struct import Struct
from typing import Any, Final, NamedTuple

from fleetline.model.motion import MISSING_64, Report, Value
from fleetline.trackers.protocols.teltonika_elements import KNOWN, UNPLUGGED, VARIABLE, Known
from fleetline.trackers.protocols.teltonika_frame import CODEC_8, CODEC_8_EXTENDED, CODEC_16, GPS_BYTES

GPS: Final = Struct(">QBiihHBH")
"""Time, priority, longitude, latitude, altitude, angle, satellites, speed."""
MAX_LAT_E7: Final = 900_000_000
MAX_LON_E7: Final = 1_800_000_000
MAX_TIME_MS: Final = 2**62
"""A time from here on is nonsense that no column can hold: it counts as absent."""

_WIDTHS: Final = (1, 2, 4, 8)


class Shape(NamedTuple):
    """How wide the numbers of one codec are, in bytes."""

    number: int
    element: int
    event: int
    generation: int
    variable: bool


SHAPES: Final = {
    CODEC_8: Shape(1, 1, 1, 0, False),
    CODEC_16: Shape(1, 2, 2, 1, False),
    CODEC_8_EXTENDED: Shape(2, 2, 2, 0, True),
}


Bytes = tuple[tuple[int, int], ...]
"""Bytes of known value: (place within the record, value) each."""


class Element(NamedTuple):
    """One IO element: its number, width and place within the record."""

    number: int
    width: int
    at: int
    variable: bool


@dataclass(frozen=True, slots=True)
class Reading:
    """What one element of a layout becomes.

    name     field of Report, or name of the attribute
    form     number, key, text, hex; for `key` zero is absent; `text` that is not printable ASCII becomes hex
             under `spare`
    """

    name: str
    field: bool
    form: str
    at: int
    width: int
    divisor: int
    signed: bool
    spare: str
    absent: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """Everything about the records of one shape.

    counts    (place, byte) of the bytes that say how many elements of each width there are
    skeleton  (place, byte) of every byte that all records of this layout share: counts, element numbers, lengths
    """

    codec: int
    length: int
    counts: Bytes
    skeleton: Bytes
    readings: tuple[Reading, ...]
    unplugged_at: int | None


def layout_of(data: bytes, at: int, codec: int) -> Layout:
    """The layout of the record that begins at `at`; the record must have been walked before."""
    shape = SHAPES[codec]
    elements: list[Element] = []
    counts: list[tuple[int, int]] = []
    skeleton: list[tuple[int, int]] = []

    def number(place: int, width: int, into: list[tuple[int, int]]) -> int:
        into.extend((place + i - at, data[place + i]) for i in range(width))
        return int.from_bytes(data[place : place + width], "big")

    place = at + GPS_BYTES + shape.event + shape.generation + shape.number
    for width in _WIDTHS:
        count = number(place, shape.number, counts)
        place += shape.number
        for _ in range(count):
            elements.append(Element(number(place, shape.element, skeleton), width, place + shape.element - at, False))
            place += shape.element + width
    if shape.variable:
        count = number(place, 2, counts)
        place += 2
        for _ in range(count):
            width = number(place + 2, 2, skeleton)
            elements.append(Element(number(place, 2, skeleton), width, place + 4 - at, True))
            place += 4 + width
    return _layout(codec, place - at, tuple(counts), (*counts, *skeleton), tuple(elements))


@lru_cache(maxsize=2048)
def _layout(codec: int, length: int, counts: Bytes, skeleton: Bytes, elements: tuple[Element, ...]) -> Layout:
    chosen = _fields(elements)
    taken: set[str] = set()
    readings = []
    unplugged_at = None
    for element in elements:
        known = KNOWN.get((element.number, VARIABLE if element.variable else element.width))
        is_field = known is not None and known.field is not None and chosen[known.field] is element
        reading = _reading(element, known, is_field, taken)
        readings.append(reading)
        if reading.name == UNPLUGGED:
            unplugged_at = element.at
    return Layout(codec, length, counts, skeleton, tuple(readings), unplugged_at)


def _fields(elements: tuple[Element, ...]) -> dict[str, Element]:
    """Which element fills each field of Report: the one of lowest rank, the first of those."""
    chosen: dict[str, tuple[int, Element]] = {}
    for element in elements:
        known = None if element.variable else KNOWN.get((element.number, element.width))
        if known is None or known.field is None:
            continue
        if known.field not in chosen or known.rank < chosen[known.field][0]:
            chosen[known.field] = (known.rank, element)
    return {field: element for field, (_, element) in chosen.items()}


def _reading(element: Element, known: Known | None, is_field: bool, taken: set[str]) -> Reading:
    form = "hex" if element.variable else "number"
    absent: tuple[int, ...] = ()
    spare = name = f"io_{element.number}_hex" if element.variable else f"io_{element.number}"
    divisor, signed = 1, element.width == 8  # a column of int64 cannot hold more
    if known is not None:
        form, divisor, signed, absent = known.form, known.divisor, known.signed or signed, known.absent
        name = known.field if is_field and known.field is not None else known.name
    if not is_field:
        name, spare = _free(name, taken), spare if known is None else _free(spare, taken)
    return Reading(name, is_field, form, element.at, element.width, divisor, signed, spare, absent)


def _free(name: str, taken: set[str]) -> str:
    """`name`, or with a number behind it when an element of the same record has it already."""
    free, turn = name, 1
    while free in taken:
        turn += 1
        free = f"{name}_{turn}"
    taken.add(free)
    return free


def reading_value(reading: Reading, data: bytes, at: int) -> tuple[str, Value | None]:
    """(name, value) of one element of the record at `at`; None when it says that there is none."""
    raw = data[at + reading.at : at + reading.at + reading.width]
    if reading.form == "number":
        number = int.from_bytes(raw, "big", signed=reading.signed)
        if number == MISSING_64 or number in reading.absent:
            return reading.name, None
        return reading.name, number if reading.divisor == 1 else number / reading.divisor
    if reading.form == "key":
        return reading.name, raw.hex() if any(raw) else None
    if reading.form == "text" and raw.isascii() and (text := raw.decode("ascii")).isprintable():
        return reading.name, text
    return reading.spare if reading.form == "text" else reading.name, raw.hex()


def report_of(layout: Layout, data: bytes, at: int) -> Report:
    """The record at `at` as a report.

    A record without a fix repeats the last position with angle, satellites and speed zero, as the vendor documents:
    it is not valid, and its zero speed and angle were not measured. Longitude and latitude both zero mean that
    there was no position since the device started.
    """
    time, priority, lon, lat, altitude, angle, satellites, speed = GPS.unpack_from(data, at)
    shape = SHAPES[layout.codec]
    place = at + GPS_BYTES
    event = int.from_bytes(data[place : place + shape.event], "big")
    attributes: dict[str, Value] = {"priority": priority, "event_io": event}
    if shape.generation:
        attributes["generation"] = data[place + shape.event]
    fields: dict[str, Any] = {}
    for reading in layout.readings:
        name, value = reading_value(reading, data, at)
        if value is not None:
            (fields if reading.field else attributes)[name] = value
    if "ignition" in fields:
        fields["ignition"] = fields["ignition"] != 0
    if layout.unplugged_at is not None:
        unplugged = data[at + layout.unplugged_at]
        fields["power_cut"] = unplugged == 1
        fields["power_restored"] = unplugged == 0 and event == 252
    if (lat or lon) and abs(lat) <= MAX_LAT_E7 and abs(lon) <= MAX_LON_E7:
        fields["lat_deg"], fields["lon_deg"] = lat / 10_000_000, lon / 10_000_000
        fields["altitude_m"] = float(altitude)
        fields["valid"] = satellites > 0
    if satellites or speed:
        fields["speed_kmh"] = float(speed)
    if (satellites or angle) and angle <= 360:
        fields["course_deg"] = float(angle % 360)
    for name in ("odometer_m", "rpm", "obd_speed_kmh", "coolant_c"):
        if name in fields:
            fields[name] = float(fields[name])
    return Report(
        fix_at_ms=time if time < MAX_TIME_MS else None, satellites=satellites, attributes=attributes, **fields
    )
