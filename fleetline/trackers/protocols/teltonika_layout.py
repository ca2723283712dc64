"""The layout of a Teltonika record: where its IO elements stand and what each of them becomes."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from struct import Struct
from typing import Any, Final, NamedTuple

from fleetline.model.motion import MISSING_64, Report, Value
from fleetline.trackers.protocols.teltonika_elements import KNOWN, UNPLUG_EVENT, UNPLUGGED, VARIABLE, Known
from fleetline.trackers.protocols.teltonika_frame import (
    CODEC_8,
    CODEC_8_EXTENDED,
    CODEC_8_WIDE,
    CODEC_16,
    GPS_BYTES,
)

GPS: Final = Struct(">QBiihHBH")
"""Time, priority, longitude, latitude, altitude, angle, satellites, speed."""
MAX_LAT_E7: Final = 900_000_000
MAX_LON_E7: Final = 1_800_000_000
MAX_TIME_MS: Final = 2**62
"""A time from here on is nonsense that no column can hold: it counts as absent."""
WIDE: Final = 16


class Shape(NamedTuple):
    """How wide the numbers of one codec are, in bytes; `widths` of its groups of elements."""

    number: int
    element: int
    event: int
    generation: int
    variable: bool
    widths: tuple[int, ...] = (1, 2, 4, 8)


SHAPES: Final = {
    CODEC_8: Shape(1, 1, 1, 0, False),
    CODEC_8_WIDE: Shape(1, 1, 1, 0, False, (1, 2, 4, 8, WIDE)),
    CODEC_16: Shape(1, 2, 2, 1, False),
    CODEC_8_EXTENDED: Shape(2, 2, 2, 0, True),
}


Bytes = tuple[tuple[int, int], ...]
"""Bytes of known value: (place within the record, value) each."""


class Element(NamedTuple):
    """One IO element: its number, width and place within the record; `variable` ones are bytes, no numbers."""

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
    place = at + GPS_BYTES + shape.event + shape.generation + shape.number
    key = []
    for width in shape.widths:
        step = shape.element + width
        count = data[place] if shape.number == 1 else data[place] << 8 | data[place + 1]
        place += shape.number
        end = place + count * step
        key.append((count, data[place:end:step], data[place + 1 : end : step] if shape.element == 2 else b""))
        place = end
    variable = []
    if shape.variable:
        count = data[place] << 8 | data[place + 1]
        place += 2
        for _ in range(count):
            variable.append(data[place : place + 4])
            place += 4 + (data[place + 2] << 8 | data[place + 3])
    return _layout(codec, tuple(key), tuple(variable))


@lru_cache(maxsize=2048)
def _layout(codec: int, groups: tuple[tuple[int, bytes, bytes], ...], variable: tuple[bytes, ...]) -> Layout:
    """The layout of these elements: (count, first bytes and second bytes of their numbers) for each width.

    variable  number and length of each element of variable length, as on the wire
    """
    shape = SHAPES[codec]
    counts: list[tuple[int, int]] = []
    skeleton: list[tuple[int, int]] = []
    elements: list[Element] = []
    place = GPS_BYTES + shape.event + shape.generation + shape.number
    for width, (count, high, low) in zip(shape.widths, groups, strict=True):
        counts.extend(enumerate(count.to_bytes(shape.number, "big"), place))
        place += shape.number
        for turn in range(count):
            number = high[turn : turn + 1] + low[turn : turn + 1]
            skeleton.extend(enumerate(number, place))
            place += len(number)
            elements.append(Element(int.from_bytes(number, "big"), width, place, width == WIDE))
            place += width
    if shape.variable:
        counts.extend(enumerate(len(variable).to_bytes(2, "big"), place))
        place += 2
        for head in variable:
            skeleton.extend(enumerate(head, place))
            width = int.from_bytes(head[2:], "big")
            elements.append(Element(int.from_bytes(head[:2], "big"), width, place + 4, True))
            place += 4 + width
    readings = _readings(elements)
    unplugged_at = next((reading.at for reading in readings if reading.name == UNPLUGGED), None)
    return Layout(codec, place, tuple(counts), (*counts, *skeleton), readings, unplugged_at)


def _readings(elements: Sequence[Element]) -> tuple[Reading, ...]:
    chosen = _fields(elements)
    taken: set[str] = set()
    readings = []
    for element in elements:
        known = KNOWN.get((element.number, VARIABLE if element.variable else element.width))
        is_field = known is not None and known.field is not None and chosen[known.field] is element
        readings.append(_reading(element, known, is_field, taken))
    return tuple(readings)


def _fields(elements: Sequence[Element]) -> dict[str, Element]:
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
        fields["power_restored"] = unplugged == 0 and event == UNPLUG_EVENT
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
