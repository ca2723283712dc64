"""The fields of a call come from forms, multipart bodies and JSON objects, and nothing else can make trouble."""

import random
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fleetline.api.dialects.fleetize.fields import device_of, read_fields, time_of
from fleetline.api.http import Origin, Request
from fleetline.model.errors import Invalid

FORM = "application/x-www-form-urlencoded"


async def nothing() -> Any:
    raise AssertionError("the body is there already")


def request(body: bytes, content_type: str | None = FORM) -> Request:
    headers = [(b"content-type", content_type.encode("latin-1", "replace"))] if content_type is not None else []
    scope = {"method": "POST", "path": "/v2/device", "query_string": b"apitoken=url", "headers": headers}
    made = Request(scope, nothing, "r", 0, Origin("192.0.2.1", "http", "h", "http://h"))
    made.body = body
    return made


def multipart(*parts: tuple[str, str], boundary: str = "b") -> bytes:
    lines = []
    for name, value in parts:
        lines += [f"--{boundary}", f'Content-Disposition: form-data; name="{name}"', "", value]
    return "\r\n".join([*lines, f"--{boundary}--", ""]).encode()


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        (FORM, b"apitoken=T&device=7"),
        (FORM + "; charset=UTF-8", b"apitoken=T&device=7"),
        ("APPLICATION/X-WWW-FORM-URLENCODED", b"device=%37&apitoken=%54"),
        (None, b"apitoken=T&device=7"),
        ("", b"apitoken=T&device=7"),
        ("text/plain", b"apitoken=T&device=7"),
        ("application/json", b'{"apitoken": "T", "device": 7}'),
        ("application/json; charset=utf-8", b'\xef\xbb\xbf{"device": "7", "apitoken": "T"}'),
        ("multipart/form-data; boundary=b", multipart(("apitoken", "T"), ("device", "7"))),
        ('Multipart/Form-Data; boundary="b"', multipart(("device", " 7 "), ("apitoken", "T"))),
    ],
)
def test_three_kinds_of_body_say_the_same(content_type: str | None, body: bytes) -> None:
    assert read_fields(request(body, content_type)) == {"apitoken": "T", "device": "7"}


@pytest.mark.parametrize(
    ("content_type", "body", "fields"),
    [
        (FORM, b"device=1&device=2", {"device": "2"}),
        (FORM, b"device=1&device=", {}),
        (FORM, b"device=+%207%09&time=++", {"device": "7"}),
        (FORM, b"device", {}),
        (FORM, b"unknown=1&scope=a;b;", {"unknown": "1", "scope": "a;b;"}),
        (FORM, b"name=%ff%fe", {"name": "\ufffd\ufffd"}),
        ("application/json", b'{"device": 1, "device": 2}', {"device": "2"}),
        ("application/json", b'{"device": null, "time": "", "scope": "  "}', {}),
        ("application/json", b'{"device": 1.5, "time": true}', {"device": "1.5", "time": "true"}),
        ("multipart/form-data; boundary=b", multipart(("device", "1"), ("device", "2")), {"device": "2"}),
    ],
)
def test_values_are_trimmed_empty_is_absent_and_the_last_counts(content_type: str, body: bytes, fields: Any) -> None:
    assert read_fields(request(body, content_type)) == fields


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", b""),
        ("application/json", b"[1]"),
        ("application/json", b'"apitoken"'),
        ("application/json", b'{"apitoken": ["T"]}'),
        ("application/json", b'{"apitoken": "T", "scope": {"a": 1}}'),
        ("application/json", b'{"apitoken": "\xff"}'),
        ("application/json", b'{"apitoken": "T"'),
        ("application/json", b'{"a":' * 10_000),
        ("application/json", b"[" * 60_000),
        ("application/json", b'{"apitoken": NaN}'),
        ("multipart/form-data", multipart(("apitoken", "T"))),
        ("multipart/form-data; boundary=other", multipart(("apitoken", "T"))),
        ("multipart/form-data; boundary=b", multipart(("apitoken", "T"))[:-8]),
        ("multipart/form-data; boundary=" + "b" * 300, multipart(("apitoken", "T"))),
        ("multipart/form-data; boundary=b", b"--b\r\n" * 5_000),
    ],
)
def test_a_body_that_cannot_be_read_has_no_fields(content_type: str, body: bytes) -> None:
    assert read_fields(request(body, content_type)) == {}


@settings(max_examples=150, deadline=None)
@given(
    st.randoms(use_true_random=False), st.sampled_from(["multipart/form-data; boundary=b", "application/json", FORM])
)
def test_no_mutation_of_a_good_body_escapes(chance: random.Random, content_type: str) -> None:
    good = {
        FORM: b"apitoken=T&device=7&scope=a%3Bb",
        "application/json": msgspec.json.encode({"apitoken": "T", "device": 7, "time": -1.5e300}),
    }.get(content_type, multipart(("apitoken", "T"), ("device", "7")))
    body = bytearray(good)
    for _ in range(chance.randrange(1, 6)):
        at = chance.randrange(len(body) + 1)
        body[at : at + chance.randrange(3)] = bytes(chance.randrange(256) for _ in range(chance.randrange(4)))
    fields = read_fields(request(bytes(body), content_type))
    assert all(value == value.strip() and value for value in fields.values())


@pytest.mark.parametrize("text", ["1", "0007", "9007199254740991"])
def test_a_device_is_a_whole_number_up_to_two_to_the_fifty_third(text: str) -> None:
    assert device_of({"device": text}) == int(text)


@pytest.mark.parametrize(
    "text",
    ["", "0", "-1", "+1", "1.0", "1e3", "0x7", "9007199254740992", "9" * 400, "٣", "７", "1 2", "NaN", "true", "1_0"],
)
def test_any_other_device_is_refused_by_name(text: str) -> None:
    with pytest.raises(Invalid) as caught:
        device_of({"device": text} if text else {})
    assert caught.value.field == "device"


def test_a_time_in_milliseconds_is_refused_and_not_misread() -> None:
    assert time_of({"time": "253402300799"}, "time") == 253_402_300_799
    assert time_of({}, "time") is None
    for text in ("1773144000000", "253402300800", "-1", "2026-03-10"):
        with pytest.raises(Invalid):
            time_of({"time": text}, "time")
