"""Trackers over HTTP: each request is a delivery, answered 200 once it is stored; keep-alive and pipelining as clients
use it.
"""

import asyncio
from typing import Final, cast
from urllib.parse import unquote

import httptools
import structlog

from fleetline.core.intake import Intake, Link
from fleetline.model.errors import Unavailable
from fleetline.model.wire import Receipt, TrackerProtocol, Undecodable, http_frame

log = structlog.get_logger()

BODY_BYTES: Final = 256 * 1024
REQUEST_BYTES: Final = BODY_BYTES + 64 * 1024
"""With its address and headers, and with what else of the connection came along with its end."""
WAITING: Final = 64
"""Requests of one connection that wait for their turn; no more are read until they had it."""
IDLE_S: Final = 75.0
STORED: Final = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


def _answer(status: str, text: str = "", more: str = "") -> bytes:
    body = text.encode()
    return (
        f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{more}"
        + ("Content-Type: text/plain; charset=utf-8\r\n" if body else "")
        + "\r\n"
    ).encode() + body


NOT_ALLOWED: Final = _answer("405 Method Not Allowed", more="Allow: GET, POST, PUT\r\n")


class TrackerRequests(asyncio.Protocol):
    """One HTTP connection of one or more devices (a gateway may carry many).

    Each request waits in `_queue` as (frame, b"") or, refused already, as (b"", answer). After the last one the
    connection ends: the client or its version of HTTP wants that, has sent its end, or is not understood any more.
    """

    def __init__(self, protocol: TrackerProtocol, intake: Intake, connections: "set[TrackerRequests]") -> None:
        self._protocol = protocol
        self._intake = intake
        self._parser = httptools.HttpRequestParser(self)
        self._links: dict[str, Link] = {}
        self._queue: list[tuple[bytes, bytes]] = []
        self._working: asyncio.Task[None] | None = None
        self._last = False
        self._read = self._length = self._missing = 0
        self.connections = connections

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self.connections.add(self)
        self._timer = asyncio.get_running_loop().call_later(IDLE_S, self.close)

    def data_received(self, data: bytes) -> None:
        self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(IDLE_S, self.close)
        if self._last:
            return
        self._read += len(data)
        try:
            self._parse(data)
        except httptools.HttpParserError:
            self._fail("400 Bad Request", "http")
        if self._read > REQUEST_BYTES:
            self._fail("413 Content Too Large", "oversized")
        if len(self._queue) > WAITING:
            self._transport.pause_reading()

    def _parse(self, data: bytes) -> None:
        """A client may offer to speak another protocol from here on: nobody has to take that up.

        With the offer the parser takes the request for complete, though its body is still to come.
        """
        while data and not self._last:
            if self._missing:
                body, data = data[: self._missing], data[self._missing :]
                self._missing -= len(body)
                self.on_body(body)
                if not self._missing:
                    self._complete()
                continue
            try:
                self._parser.feed_data(data)
            except httptools.HttpParserUpgrade as offer:
                self._parser = httptools.HttpRequestParser(self)
                data = data[offer.args[0] :]
            else:
                return

    # httptools calls these
    def on_message_begin(self) -> None:
        self._query = b""
        self._body: list[bytes] = []
        self._size = self._length = 0
        self._content_type = ""
        self._url = b""

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        lowered = name.lower()
        if lowered == b"content-type":
            self._content_type = value.decode("latin-1")
        elif lowered == b"content-length" and value.isdigit():
            self._length = int(value)
        elif lowered == b"expect" and value.lower() == b"100-continue":
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, body: bytes) -> None:
        self._size += len(body)
        if self._size > BODY_BYTES:
            self._fail("413 Content Too Large", "oversized")
        else:
            self._body.append(body)

    def on_message_complete(self) -> None:
        self._allowed = self._parser.get_method() in (b"GET", b"POST", b"PUT")
        self._ends = not self._parser.should_keep_alive()
        if self._parser.should_upgrade() and self._allowed and self._length:
            self._missing = self._length
        else:
            self._complete()

    def _complete(self) -> None:
        self._read = 0
        if self._last:
            return
        _, _, query = self._url.partition(b"?")
        self._last = self._ends
        if self._allowed:
            self._take(http_frame(self._content_type, query, b"".join(self._body)), b"")
        else:
            self._take(b"", NOT_ALLOWED)

    def _take(self, frame: bytes, answer: bytes) -> None:
        self._queue.append((frame, answer))
        if self._working is None:
            self._working = asyncio.get_running_loop().create_task(self._work())

    async def _work(self) -> None:
        """One request after the other, so that answers keep the order of the requests."""
        while self._queue and not self._transport.is_closing():
            frame, answer = self._queue.pop(0)
            if not answer:
                await self._deliver(frame)
            elif not self._transport.is_closing():
                self._transport.write(answer)
            if len(self._queue) == WAITING and not self._transport.is_closing():
                self._transport.resume_reading()
        self._working = None
        if self._last:
            self._transport.close()

    async def _deliver(self, frame: bytes) -> None:
        name = self._protocol.name
        try:
            receipt = self._protocol.receive(frame, self._protocol.memo())
        except Undecodable as fault:
            self._intake.refuse(name, fault.reason)
            self._transport.write(_answer("400 Bad Request", fault.reason))
            return
        link = await self._link(receipt)
        if link is None:
            return
        if receipt.count == 0:
            self._intake.touch(link)
            self._transport.write(STORED)
            return
        answered: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._intake.deliver(
            link, frame, answered.set_result, STORED, _answer("503 Service Unavailable"), receipt.count
        )
        answer = await answered
        if not self._transport.is_closing():
            self._transport.write(answer)

    async def _link(self, receipt: Receipt) -> Link | None:
        name = self._protocol.name
        if receipt.ident is None:
            self._intake.refuse(name, "no_login")
            self._transport.write(_answer("400 Bad Request", "no device id"))
            return None
        known = self._links.get(receipt.ident)
        if known is not None:
            return known
        try:
            link = await self._intake.link(receipt.ident, name, self)
        except Unavailable as fault:
            log.warning("registry cannot be asked", reason=fault.reason)
            self._transport.write(_answer("503 Service Unavailable"))
            return None
        if link is None:
            self._transport.write(_answer("400 Bad Request", f"unknown device {unquote(receipt.ident)[:64]}"))
            return None
        self._links[receipt.ident] = link
        if len(self._links) > 1:  # a gateway: one of its devices that comes another way ends nothing for the others
            for each in self._links.values():
                each.alone = False
        return link

    def _fail(self, status: str, reason: str) -> None:
        """What comes is no request; after the last one nothing is."""
        if not self._last:
            self._last = True
            self._intake.refuse(self._protocol.name, reason)
            self._take(b"", _answer(status))

    def eof_received(self) -> bool:
        """A client that has said all it wanted may still listen."""
        self._last = True
        return self._working is not None

    def connection_lost(self, exc: Exception | None) -> None:
        self.connections.discard(self)
        self._timer.cancel()
        for link in self._links.values():
            self._intake.unlink(link)

    def close(self) -> None:
        """End the connection, once the requests that came are answered."""
        if self._working is None:
            self._transport.close()
        self._last = True

    def pause(self) -> None:
        self._transport.pause_reading()

    def resume(self) -> None:
        if not self._transport.is_closing():
            self._transport.resume_reading()


async def listen_http(
    protocol: TrackerProtocol, intake: Intake, host: str, port: int, *, reuse_port: bool = False
) -> tuple[asyncio.Server, set[TrackerRequests]]:
    """An open listener and the set of its live connections."""
    connections: set[TrackerRequests] = set()
    server = await asyncio.get_running_loop().create_server(
        lambda: TrackerRequests(protocol, intake, connections), host, port, backlog=4096, reuse_port=reuse_port or None
    )
    return server, connections
