"""The fields of a call: read from the three kinds of body this API takes, each value a trimmed text."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl

import msgspec
from python_multipart.multipart import MultipartParser, parse_options_header

from fleetline.api.errors import BodyUnreadable
from fleetline.api.http import Request
from fleetline.model.errors import Invalid

LARGEST_DEVICE: Final = 2**53 - 1
LARGEST_TIME: Final = 253_402_300_799

Fields = Mapping[str, str]
"""Name -> value; empty values are absent, of a repeated field the last one is here."""


def read_fields(request: Request) -> Fields:
    """The fields of the body; one that cannot be read has none.

    source  rules Z-2 and Z-4
    """
    try:
        pairs = _pairs(request)
    except BodyUnreadable:
        return {}
    fields = {name: value.strip() for name, value in pairs}
    return {name: value for name, value in fields.items() if value}


def _pairs(request: Request) -> list[tuple[str, str]]:
    if request.media_type == "multipart/form-data":
        return _multipart(request.header("content-type") or "", request.body)
    if request.media_type == "application/json":
        return _json(request.body)
    # a field that is named twice counts as sent last, and parse_qsl keeps the order
    return parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True)


def _json(body: bytes) -> list[tuple[str, str]]:
    try:
        value = msgspec.json.decode(body.removeprefix(b"\xef\xbb\xbf"))
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as fault:
        raise BodyUnreadable("json") from fault
    if not isinstance(value, dict):
        raise BodyUnreadable("shape")
    return [(str(name), _text(item)) for name, item in value.items()]


def _text(value: object) -> str:
    """A JSON value as the text a form would carry; what is neither text nor a whole number fits no parameter."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    raise BodyUnreadable("shape")


class _Part:
    """One part of a multipart body while it is read."""

    def __init__(self) -> None:
        self.name: str | None = None
        self.header = [b"", b""]
        self.value = bytearray()


class _Parts:
    """Gathers the fields of a multipart body; a part with a file name is a field like any other."""

    def __init__(self) -> None:
        self.pairs: list[tuple[str, str]] = []
        self.whole = False
        self._part = _Part()

    def begin(self) -> None:
        self._part = _Part()

    def header_field(self, data: bytes, start: int, end: int) -> None:
        self._part.header[0] += data[start:end]

    def header_value(self, data: bytes, start: int, end: int) -> None:
        self._part.header[1] += data[start:end]

    def header_end(self) -> None:
        name, value = self._part.header
        if name.lower() == b"content-disposition":
            given = parse_options_header(value)[1].get(b"name")
            self._part.name = given.decode("utf-8", "replace") if given is not None else None
        self._part.header = [b"", b""]

    def data(self, data: bytes, start: int, end: int) -> None:
        self._part.value += data[start:end]

    def finish(self) -> None:
        if self._part.name is not None:
            self.pairs.append((self._part.name, self._part.value.decode("utf-8", "replace")))

    def end(self) -> None:
        self.whole = True


def _multipart(content_type: str, body: bytes) -> list[tuple[str, str]]:
    boundary = parse_options_header(content_type)[1].get(b"boundary", b"")
    parts = _Parts()
    if not boundary:
        raise BodyUnreadable("boundary")
    try:
        parser = MultipartParser(
            boundary,
            {
                "on_part_begin": parts.begin,
                "on_header_field": parts.header_field,
                "on_header_value": parts.header_value,
                "on_header_end": parts.header_end,
                "on_part_data": parts.data,
                "on_part_end": parts.finish,
                "on_end": parts.end,
            },
        )
        parser.write(body)
        parser.finalize()
    except ValueError as fault:  # the parser's own faults are ValueErrors
        raise BodyUnreadable("multipart") from fault
    if not parts.whole:
        raise BodyUnreadable("multipart")
    return parts.pairs


def whole_number(fields: Fields, name: str, least: int, largest: int) -> int | None:
    """The field as a whole number, None when it is absent.

    errors  Invalid for anything but ASCII digits of a number within least..largest
    source  rule Z-5
    """
    text = fields.get(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit()):
        raise Invalid(name, "must be digits only", text[:64])
    digits = text.lstrip("0") or "0"
    if len(digits) > len(str(largest)) or not least <= int(digits) <= largest:
        raise Invalid(name, f"must be from {least} to {largest}", text[:64])
    return int(digits)


def device_of(fields: Fields) -> int:
    """The wanted device. errors: Invalid, also when it is missing"""
    device_id = whole_number(fields, "device", 1, LARGEST_DEVICE)
    if device_id is None:
        raise Invalid("device", "is missing")
    return device_id


def time_of(fields: Fields, name: str) -> int | None:
    """A Unix second, None when it is absent. errors: Invalid"""
    return whole_number(fields, name, 0, LARGEST_TIME)
