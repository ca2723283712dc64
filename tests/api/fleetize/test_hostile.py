"""Nothing that a caller sends makes a 5xx, a hang or an answer that is not this API's."""

import random
import re
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.api.calls import Caller
from tests.api.fleetize.conftest import MakeWorld
from tests.api.fleetize.desk import Car

LINE = re.compile(r"ERROR #\d{4} - [A-Z0-9 ,\-]+(: [a-z_]+)?")
FORM = "application/x-www-form-urlencoded"
JSON = "application/json"
MULTIPART = "multipart/form-data; boundary=b"

BODIES: list[tuple[str, bytes]] = [
    (FORM, b"apitoken=TOKEN&device=" + b"9" * 400),
    (FORM, b"apitoken=TOKEN&device=%F0%9F%9A%97&time=%00"),
    (FORM, b"apitoken=TOKEN&device=7&scope=" + b";".join([b"x" * 20] * 2000)),
    (FORM, b"apitoken=TOKEN&device=7&scope=%ff%fe;location"),
    (FORM, b"&" * 65_000),
    (FORM, b"a=" * 30_000 + b"&apitoken=TOKEN"),
    (FORM, b"apitoken=TOKEN&" + b"&".join(b"device=7" for _ in range(7_000))),
    (FORM, b"apitoken=TOKEN;device=7"),
    (FORM, b"\xff\xfe\x00apitoken=TOKEN"),
    (FORM + "; charset=utf-16", b"apitoken=TOKEN&device=7"),
    (JSON, b'{"apitoken":"TOKEN","device":' + b"9" * 400 + b"}"),
    (JSON, b'{"apitoken":"TOKEN","device":1e400}'),
    (JSON, b'{"apitoken":"TOKEN","device":-0}'),
    (JSON, b'{"apitoken":"TOKEN","device":NaN}'),
    (JSON, b'{"apitoken":"TOKEN","device":Infinity}'),
    (JSON, b'{"apitoken":"TOKEN","device":7,"time":1.5}'),
    (JSON, b'{"apitoken":"\\ud800","device":7}'),
    (JSON, b'{"apitoken":"TOKEN","device":"\\u0000"}'),
    (JSON, b'{"a":' * 12_000),
    (JSON, b"[" * 65_000),
    (JSON, b'"' + b"\\" * 60_000),
    (JSON, b"\xef\xbb\xbf\xef\xbb\xbf{}"),
    (JSON, b"\xff" * 65_536),
    (MULTIPART, b"--b\r\n" * 12_000),
    (MULTIPART, b"--b\r\nContent-Disposition: form-data; name=apitoken\r\n\r\nTOKEN\r\n--b--"),
    (MULTIPART, b'--b\r\nContent-Disposition: form-data; name="device"; filename="x"\r\n\r\n7\r\n--b--\r\n'),
    (MULTIPART, b"--b\r\n" + b"X: " + b"y" * 60_000 + b"\r\n\r\n--b--\r\n"),
    (MULTIPART, b"--b\r\nContent-Disposition: form-data\r\n\r\nTOKEN\r\n--b--\r\n"),
    ("multipart/form-data; boundary=", b"----"),
    ("multipart/form-data; boundary=\xff\xfe", b"--\xff\xfe\r\n"),
    ("\xff" * 200, b"apitoken=TOKEN"),
    ("application/json; boundary=b", b"apitoken=TOKEN"),
    ("application/xml", b"<apitoken>TOKEN</apitoken>"),
]


@pytest.mark.parametrize("action", ["device", "devicelist"])
async def test_no_body_makes_a_server_error(make: MakeWorld, van: Car, action: str) -> None:
    world = await make(van)
    for content_type, body in BODIES:
        sent = body.replace(b"TOKEN", world.token.encode())
        answer = await Caller(world.app).call("POST", f"/v2/{action}", sent, [("content-type", content_type)])
        assert answer.status < 500, (content_type, body[:60])
        if answer.status != 200:
            assert LINE.fullmatch(answer.text), answer.text
        assert answer.header("x-request-id")


async def test_random_mutations_of_good_calls_are_answered(make: MakeWorld, van: Car) -> None:
    world = await make(van)
    chance = random.Random(20260310)
    good = urlencode({"apitoken": world.token, "device": 7, "time": 1773140400, "scope": "location;routes"}).encode()
    seen: dict[int, int] = {}
    for _ in range(300):
        body = bytearray(good)
        for _ in range(chance.randrange(1, 4)):
            at = chance.randrange(len(body))
            body[at : at + chance.randrange(2)] = bytes(chance.randrange(256) for _ in range(chance.randrange(3)))
        answer = await Caller(world.app).call("POST", "/v2/device", bytes(body), [("content-type", FORM)])
        seen[answer.status] = seen.get(answer.status, 0) + 1
        assert answer.status == 200 or LINE.fullmatch(answer.text), bytes(body)
    assert set(seen) <= {200, 400, 401, 404}
    assert min(seen.get(200, 0), seen.get(401, 0)) > 10


async def test_odd_paths_and_headers_are_answered(make: MakeWorld, van: Car) -> None:
    world = await make(van)
    odd: list[tuple[str, list[tuple[str, str]]]] = [
        ("/v2/" + "x" * 8_000, []),
        ("/v2/%00", []),
        ("/v2/%ff%fe", []),
        ("/v2/device" + "/" * 500, []),
        ("/v2/device?" + "x" * 8_000, [("accept-encoding", ";;q=,gzip;q=q" * 100)]),
        ("/v2/device", [("user-agent", "\x01\xff" * 300), ("accept-encoding", "gzip;q=1e309")]),
        ("/v2/device", [("content-length", "-5")]),
        ("/v2/device", [("content-length", "x"), ("content-encoding", "gzip")]),
        ("/v2/device", [("x-forwarded-for", "1" * 5_000)]),
    ]
    for path, headers in odd:
        answer = await Caller(world.app).form(path, {"apitoken": world.token, "device": "7"}, headers)
        assert answer.status in (200, 404), (path[:40], answer.status)
    await world.logged()


async def test_a_hidden_device_and_one_that_never_was_are_alike_to_the_byte(make: MakeWorld, van: Car) -> None:
    world = await make(van, plan="standard")
    answers: list[Any] = []
    for device in ("8", "9007199254740991"):
        world.clock.move(61)
        answers.append(await world.call("device", device=device))
    first, second = answers
    assert (first.status, first.text) == (second.status, second.text) == (404, "ERROR #9002 - UNKNOWN DEVICE")
    names = [[name for name, _ in answer.headers] for answer in answers]
    assert names[0] == names[1]
