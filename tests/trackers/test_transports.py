"""Real sockets: what a device sends is answered as its vendor documents, and bad input costs only its sender."""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import httpx
import pytest

from fleetline.app.plug import find_protocols
from fleetline.core.groups import unpack_frames
from fleetline.core.intake import Intake
from fleetline.model.motion import Report
from fleetline.trackers import tcp
from fleetline.trackers.http import listen_http
from fleetline.trackers.tcp import listen_tcp
from fleetline.trackers.udp import listen_udp
from tests.kit import HandClock, MemoryJournal

PROTOCOLS = find_protocols()
IMEI = "350000000000006"
NOW = 1_773_100_800_000


def messages(count: int, per_packet: int = 1) -> list[bytes]:
    """The login, then frames."""
    reports = [
        Report(fix_at_ms=NOW + i * 1000, valid=True, lat_deg=48.0, lon_deg=9.0, satellites=8) for i in range(count)
    ]
    encode = PROTOCOLS["teltonika"].encode
    assert encode is not None
    return encode(IMEI, reports, records_per_packet=per_packet)  # type: ignore[call-arg]  # its own option


@dataclass
class Place:
    """A server on a free port, and what it stored."""

    journal: MemoryJournal
    intake: Intake
    port: int
    connections: set[tcp.TrackerConnection] = field(default_factory=set)

    def frames(self) -> list[bytes]:
        return [frame for _, body in self.journal.rows for frame in unpack_frames(body).frames]

    async def dial(self, login: bool = True) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        if login:
            writer.write(messages(0)[0])
            assert await reader.readexactly(1) == b"\x01"
        return reader, writer


async def resolve(ident: str, protocol: str) -> int | None:
    return 7 if ident == IMEI else None


def new_intake(journal: MemoryJournal) -> Intake:
    intake = Intake(journal, resolve, HandClock(NOW), lambda number, frames: None)
    intake.start()
    return intake


@pytest.fixture
async def place() -> AsyncIterator[Place]:
    journal = MemoryJournal()
    intake = new_intake(journal)
    server, connections = await listen_tcp(PROTOCOLS["teltonika"], intake, "127.0.0.1", 0)
    yield Place(journal, intake, server.sockets[0].getsockname()[1], connections)
    server.close()
    for connection in list(connections):
        connection.close()
    await intake.stop()


async def test_each_packet_is_answered_with_the_number_of_its_records_once_stored(place: Place) -> None:
    reader, writer = await place.dial()
    sent = messages(7, per_packet=5)[1:]
    for frame, count in zip(sent, (5, 2), strict=True):
        writer.write(frame)
        assert await reader.readexactly(4) == count.to_bytes(4, "big")
    assert place.frames() == sent
    writer.close()


async def test_an_unknown_device_is_denied_and_the_connection_ends(place: Place) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", place.port)
    writer.write(b"\x00\x0f" + b"351111111111111" + messages(1)[1])
    assert await reader.read() == b"\x00"
    assert place.intake.refused["teltonika", "unknown_device"] == 1
    assert place.frames() == []
    writer.close()


async def test_glued_frames_and_a_slow_drip_are_answered_frame_by_frame(place: Place) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", place.port)
    everything = b"".join(messages(6, per_packet=2))
    writer.write(everything)
    assert await reader.readexactly(13) == b"\x01" + b"\x00\x00\x00\x02" * 3
    drip = messages(2)[1] + messages(2)[2]
    for byte in drip:
        writer.write(bytes([byte]))
        await asyncio.sleep(0)
    assert await reader.readexactly(8) == b"\x00\x00\x00\x01" * 2
    assert len(place.frames()) == 5
    writer.close()


async def test_a_wrong_checksum_gets_the_vendors_negative_answer_and_the_next_frame_is_taken(place: Place) -> None:
    reader, writer = await place.dial()
    good = messages(1)[1]
    writer.write(good[:-1] + bytes([good[-1] ^ 1]) + good)
    assert await reader.readexactly(8) == b"\x00\x00\x00\x00" + b"\x00\x00\x00\x01"
    assert place.intake.refused["teltonika", "checksum"] == 1
    assert place.frames() == [good]
    writer.close()


async def test_noise_ends_its_own_connection_only(place: Place) -> None:
    reader, writer = await place.dial()
    noisy_reader, noisy = await asyncio.open_connection("127.0.0.1", place.port)
    noisy.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" * 10)
    assert await noisy_reader.read() == b""
    writer.write(messages(1)[1])
    assert await reader.readexactly(4) == b"\x00\x00\x00\x01"
    writer.close()
    noisy.close()


async def test_a_frame_that_never_ends_is_cut_off(place: Place) -> None:
    reader, writer = await place.dial()
    writer.write(b"\x00\x00\x00\x00\x7f\xff\xff\xff" + b"\x08" * 100_000)
    with contextlib.suppress(ConnectionResetError):  # what was sent after the cut is reset, as it should be
        assert await asyncio.wait_for(reader.read(), 5) == b""
    assert sum(place.intake.refused.values()) == 1
    writer.close()


async def test_a_second_connection_takes_over_and_what_either_was_told_is_kept(place: Place) -> None:
    reader, writer = await place.dial()
    first, second = messages(2)[1:]
    writer.write(first)
    assert await reader.readexactly(4) == b"\x00\x00\x00\x01"
    newer_reader, newer = await place.dial()
    assert await asyncio.wait_for(reader.read(), 5) == b""
    newer.write(second)
    assert await newer_reader.readexactly(4) == b"\x00\x00\x00\x01"
    assert place.frames() == [first, second]
    newer.close()
    writer.close()


async def test_a_full_disk_is_answered_with_nothing_accepted_and_room_again_with_the_count(place: Place) -> None:
    reader, writer = await place.dial()
    place.journal.broken = "database or disk is full"
    writer.write(messages(1)[1])
    assert await reader.readexactly(4) == b"\x00\x00\x00\x00"
    place.journal.broken = None
    writer.write(messages(1)[1])
    assert await asyncio.wait_for(reader.readexactly(4), 5) == b"\x00\x00\x00\x01"
    writer.close()


async def test_a_connection_that_never_says_who_it_is_is_closed(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tcp, "LOGIN_S", 0.05)
    reader, writer = await asyncio.open_connection("127.0.0.1", place.port)
    assert await asyncio.wait_for(reader.read(), 5) == b""
    assert place.intake.refused["teltonika", "no_login"] == 1
    writer.close()


class Datagrams(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self.answers: asyncio.Queue[bytes] = asyncio.Queue()

    def datagram_received(self, data: bytes, addr: object) -> None:
        self.answers.put_nowait(data)


async def test_datagrams_are_answered_once_stored_and_unknown_devices_are_not() -> None:
    from fleetline.trackers.protocols.teltonika_encode import encode_datagrams

    journal = MemoryJournal()
    intake = new_intake(journal)
    listener = await listen_udp(PROTOCOLS["teltonika"], intake, "127.0.0.1", 0, 1 << 20)
    port = listener._transport.get_extra_info("sockname")[1]
    transport, client = await asyncio.get_running_loop().create_datagram_endpoint(
        Datagrams, remote_addr=("127.0.0.1", port)
    )
    report = Report(fix_at_ms=NOW, valid=True, lat_deg=1.0, lon_deg=2.0, satellites=5)
    for datagram in encode_datagrams(IMEI, [report] * 3, records_per_packet=2):
        transport.sendto(datagram)
    answers = [await asyncio.wait_for(client.answers.get(), 5) for _ in range(2)]
    assert [answer[-1] for answer in answers] == [2, 1]
    transport.sendto(encode_datagrams("351111111111111", [report])[0])
    assert (await asyncio.wait_for(client.answers.get(), 5))[-1] == 0
    transport.sendto(b"\x00" * 40)
    await asyncio.sleep(0.05)
    assert intake.refused["teltonika", "unknown_device"] == 1
    assert sum(intake.refused.values()) == 2
    transport.close()
    listener.close()
    await intake.stop()
    assert sum(len(unpack_frames(body)) for _, body in journal.rows) == 2


async def test_http_deliveries_are_answered_200_once_stored_and_400_when_wrong() -> None:
    journal = MemoryJournal()
    intake = new_intake(journal)
    server, connections = await listen_http(PROTOCOLS["osmand"], intake, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    async with httpx.AsyncClient() as client:
        sent = {"id": IMEI, "lat": "48.1", "lon": "9.2", "timestamp": str(NOW // 1000), "speed": "10"}
        assert (await client.get(url, params=sent)).status_code == 200
        assert (await client.post(url, data=sent)).status_code == 200
        location = {"timestamp": "2026-03-10T00:00:00Z", "coords": {"latitude": 48.1, "longitude": 9.2}}
        assert (await client.post(url, json={"location": location, "device_id": IMEI})).status_code == 200
        assert (await client.get(url, params={**sent, "id": "unknown"})).status_code == 400
        assert (await client.get(url, params={"lat": "1", "lon": "2"})).status_code == 400
        assert (await client.delete(url)).status_code == 405
        assert (await client.post(url, content=b"x" * 300_000)).status_code == 413
        journal.broken = "disk full"
        assert (await client.get(url, params=sent)).status_code == 503
    assert sum(len(unpack_frames(body)) for _, body in journal.rows) == 3
    server.close()
    for connection in list(connections):
        connection.close()
    await intake.stop()


async def test_pipelined_http_requests_are_answered_in_their_order() -> None:
    journal = MemoryJournal()
    intake = new_intake(journal)
    server, _ = await listen_http(PROTOCOLS["osmand"], intake, "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection("127.0.0.1", server.sockets[0].getsockname()[1])
    good = f"GET /?id={IMEI}&lat=1&lon=2&timestamp={NOW // 1000} HTTP/1.1\r\nHost: x\r\n\r\n".encode()
    writer.write(good + b"GET /?id=nobody&lat=1&lon=2 HTTP/1.1\r\nHost: x\r\n\r\n" + good)
    answered = b""
    while len(statuses := re.findall(rb"HTTP/1.1 (\d+)", answered)) < 3:
        answered += await asyncio.wait_for(reader.read(4096), 5)
    assert statuses == [b"200", b"400", b"200"]
    writer.close()
    server.close()
    await intake.stop()


async def test_a_device_that_has_sent_its_end_still_hears_the_answers(place: Place) -> None:
    for number in range(20):
        reader, writer = await place.dial()
        writer.write(messages(number + 1, per_packet=50)[1])
        writer.write_eof()
        assert await asyncio.wait_for(reader.read(), 5) == (number + 1).to_bytes(4, "big")
        writer.close()


@dataclass
class Web:
    """An OsmAnd server on a free port, and what it stored."""

    journal: MemoryJournal
    intake: Intake
    port: int

    def stored(self) -> list[bytes]:
        return [frame for _, body in self.journal.rows for frame in unpack_frames(body).frames]

    async def dial(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self.port)

    async def said(self, request: bytes, *, eof: bool = False) -> bytes:
        """Everything that the server answers until it ends the connection."""
        reader, writer = await self.dial()
        writer.write(request)
        if eof:
            writer.write_eof()
        answered = await asyncio.wait_for(reader.read(), 5)
        writer.close()
        return answered


@pytest.fixture
async def web() -> AsyncIterator[Web]:
    journal = MemoryJournal()
    intake = new_intake(journal)
    server, connections = await listen_http(PROTOCOLS["osmand"], intake, "127.0.0.1", 0)
    yield Web(journal, intake, server.sockets[0].getsockname()[1])
    server.close()
    for connection in list(connections):
        connection.close()
    await intake.stop()


QUERY = f"id={IMEI}&lat=1&lon=2&timestamp={NOW // 1000}"


async def test_a_client_that_has_sent_its_end_still_hears_the_answers(web: Web) -> None:
    answered = await web.said(f"GET /?{QUERY} HTTP/1.1\r\nHost: x\r\n\r\n".encode() * 2, eof=True)
    assert re.findall(rb"HTTP/1.1 (\d+)", answered) == [b"200", b"200"]


@pytest.mark.parametrize("head", ["HTTP/1.0\r\n", "HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"])
async def test_the_connection_ends_where_the_client_wants_it_to_end(web: Web, head: str) -> None:
    answered = await web.said(f"GET /?{QUERY} {head}\r\n".encode())
    assert answered.startswith(b"HTTP/1.1 200 OK\r\n")
    assert len(web.stored()) == 1


OFFER = "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n"


async def test_an_offer_to_speak_http_2_is_not_taken_up_and_costs_nothing(web: Web) -> None:
    """Java's own client makes it with every first request."""
    form = f"POST / HTTP/1.1\r\nHost: x\r\n{OFFER}Content-Length: {len(QUERY)}\r\n\r\n{QUERY}"
    query = f"GET /?{QUERY} HTTP/1.1\r\nHost: x\r\n{OFFER}\r\n"
    answered = await web.said((form + query + form).encode(), eof=True)
    assert re.findall(rb"HTTP/1.1 (\d+)", answered) == [b"200"] * 3
    assert [QUERY.encode() in frame for frame in web.stored()] == [True] * 3


async def test_what_is_no_request_is_answered_after_the_requests_before_it(web: Web) -> None:
    good = f"GET /?{QUERY} HTTP/1.1\r\nHost: x\r\n\r\n".encode()
    answered = await web.said(good + b"\x00\x0f350000000000006" + good)
    assert re.findall(rb"HTTP/1.1 (\d+)", answered) == [b"200", b"400"]
    assert web.intake.refused["osmand", "http"] == 1


async def test_headers_without_end_are_cut_off(web: Web) -> None:
    reader, writer = await web.dial()
    writer.write(b"GET / HTTP/1.1\r\nX: ")
    with contextlib.suppress(ConnectionError):  # what was sent after the cut is reset, as it should be
        for _ in range(100):
            writer.write(b"x" * 10_000)
            await asyncio.wait_for(writer.drain(), 5)
        assert (await asyncio.wait_for(reader.read(), 5)).startswith(b"HTTP/1.1 413 ")
    assert web.intake.refused["osmand", "oversized"] == 1
    writer.close()


async def test_a_client_that_never_waits_for_its_answers_gets_them_all(web: Web) -> None:
    reader, writer = await web.dial()
    writer.write(f"GET /?{QUERY} HTTP/1.1\r\nHost: x\r\n\r\n".encode() * 1000)
    writer.write_eof()
    assert (await asyncio.wait_for(reader.read(), 30)).count(b"HTTP/1.1 200 OK") == 1000
    writer.close()


async def test_a_gateway_keeps_its_connection_when_one_of_its_devices_comes_another_way(
    web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def anybody(ident: str, protocol: str) -> int:
        return int(ident)

    monkeypatch.setattr(web.intake, "_resolve", anybody)
    reader, gateway = await web.dial()
    for ident in ("1", "2"):
        gateway.write(f"GET /?id={ident}&lat=1&lon=2 HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        assert b" 200 " in await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
    await web.said(b"GET /?id=1&lat=1&lon=2 HTTP/1.0\r\n\r\n")
    gateway.write(b"GET /?id=2&lat=1&lon=2 HTTP/1.1\r\nHost: x\r\n\r\n")
    assert b" 200 " in await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
    gateway.close()
