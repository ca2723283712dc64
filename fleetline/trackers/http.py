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
IDLE_S: Final = 75.0
STORED: Final = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


def _answer(status: str, text: str = "") -> bytes:
    body = text.encode()
    return (
        f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n"
        + ("Content-Type: text/plain; charset=utf-8\r\n" if body else "")
        + "\r\n"
    ).encode() + body


class TrackerRequests(asyncio.Protocol):
    """One HTTP connection of one or more devices (a gateway may carry many)."""

    def __init__(self, protocol: TrackerProtocol, intake: Intake, connections: "set[TrackerRequests]") -> None:
        self._protocol = protocol
        self._intake = intake
        self._parser = httptools.HttpRequestParser(self)
        self._links: dict[str, Link] = {}
        self._queue: list[bytes] = []
        self._working: asyncio.Task[None] | None = None
        self.connections = connections

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self.connections.add(self)
        self._timer = asyncio.get_running_loop().call_later(IDLE_S, self.close)

    def data_received(self, data: bytes) -> None:
        self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(IDLE_S, self.close)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self._fail("400 Bad Request", "http")
        except httptools.HttpParserUpgrade:
            self._fail("400 Bad Request", "http")

    # httptools calls these
    def on_message_begin(self) -> None:
        self._query = b""
        self._body: list[bytes] = []
        self._size = 0
        self._content_type = ""
        self._url = b""

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        lowered = name.lower()
        if lowered == b"content-type":
            self._content_type = value.decode("latin-1")
        elif lowered == b"expect" and value.lower() == b"100-continue":
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, body: bytes) -> None:
        self._size += len(body)
        if self._size > BODY_BYTES:
            self._fail("413 Content Too Large", "oversized")
        else:
            self._body.append(body)

    def on_message_complete(self) -> None:
        if self._transport.is_closing():
            return
        _, _, query = self._url.partition(b"?")
        method = self._parser.get_method()
        if method not in (b"GET", b"POST", b"PUT"):
            self._queue.append(b"")
        else:
            self._queue.append(http_frame(self._content_type, query, b"".join(self._body)))
        if self._working is None:
            self._working = asyncio.get_running_loop().create_task(self._work())

    async def _work(self) -> None:
        """One request after the other, so that answers keep the order of the requests."""
        while self._queue and not self._transport.is_closing():
            frame = self._queue.pop(0)
            if not frame:
                self._transport.write(_answer("405 Method Not Allowed"))
                continue
            await self._deliver(frame)
        self._working = None

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
        return link

    def _fail(self, status: str, reason: str) -> None:
        self._intake.refuse(self._protocol.name, reason)
        if not self._transport.is_closing():
            self._transport.write(_answer(status))
            self.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self.connections.discard(self)
        self._timer.cancel()
        for link in self._links.values():
            self._intake.unlink(link)

    def close(self) -> None:
        self._transport.close()

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
