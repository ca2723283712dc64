"""The ways a simulated device reaches its server: Teltonika over TCP and UDP, OsmAnd over HTTP."""

import asyncio
from collections.abc import Sequence
from typing import Final, Protocol

from fleetline.model.motion import Report
from fleetline.model.wire import http_parts
from fleetline.trackers.protocols import osmand, teltonika_encode

Address = tuple[str, int]

_ANSWER_S: Final = 15.0
"""How long a device waits for an answer before it gives the connection up."""
_DATAGRAM_ANSWER_S: Final = 2.0
_PACKET_NUMBERS: Final = 0x10000


class Line(Protocol):
    """A device's way to the server. `open` and `deliver` raise OSError, EOFError or TimeoutError when it breaks."""

    @property
    def is_open(self) -> bool: ...

    async def open(self) -> None:
        """Connect, and log in where the protocol has a login."""

    async def deliver(self, reports: Sequence[Report]) -> bool:
        """Send the reports; whether the server says that it has taken all of them."""

    def close(self) -> None: ...


class _StreamLine:
    """A TCP connection."""

    def __init__(self, address: Address, ident: str) -> None:
        self._address = address
        self._ident = ident
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    @property
    def is_open(self) -> bool:
        return self._writer is not None

    async def open(self) -> None:
        async with asyncio.timeout(_ANSWER_S):
            self._reader, self._writer = await asyncio.open_connection(*self._address)

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()
        self._reader = self._writer = None

    def _streams(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._reader is None or self._writer is None:
            raise ConnectionError("not open")
        return self._reader, self._writer


class TcpLine(_StreamLine):
    """Teltonika over TCP: a login, then one packet at a time, each answered by the number of records taken."""

    async def open(self) -> None:
        await super().open()
        (login,) = teltonika_encode.encode(self._ident, ())
        if await self._ask(login, 1) != b"\x01":
            self.close()
            raise ConnectionRefusedError(self._ident)

    async def deliver(self, reports: Sequence[Report]) -> bool:
        packet = teltonika_encode.encode(self._ident, reports, records_per_packet=len(reports))[1]
        return int.from_bytes(await self._ask(packet, 4), "big") == len(reports)

    async def _ask(self, message: bytes, answer_bytes: int) -> bytes:
        reader, writer = self._streams()
        writer.write(message)
        async with asyncio.timeout(_ANSWER_S):
            return await reader.readexactly(answer_bytes)


class HttpLine(_StreamLine):
    """OsmAnd over HTTP: one call a report on a connection that is kept."""

    async def deliver(self, reports: Sequence[Report]) -> bool:
        taken = True
        for frame in osmand.encode(self._ident, reports):
            query = http_parts(frame)[1]
            taken = await self._call(query) and taken
        return taken

    async def _call(self, query: bytes) -> bool:
        reader, writer = self._streams()
        host = self._address[0].encode("idna")
        writer.write(b"GET /?" + query + b" HTTP/1.1\r\nHost: " + host + b"\r\n\r\n")
        async with asyncio.timeout(_ANSWER_S):
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            length = 0
            for line in head.split(b"\r\n")[1:]:
                if line.startswith(b"content-length:"):
                    length = int(line[15:])
            await reader.readexactly(length)
        if b"\r\nconnection: close" in head:
            self.close()
        return head.split(b" ", 2)[1] == b"200"


class _Answers(asyncio.DatagramProtocol):
    """Datagrams that come back, by the packet they answer."""

    def __init__(self) -> None:
        self.waiting: dict[bytes, asyncio.Future[bytes]] = {}

    def datagram_received(self, data: bytes, addr: object) -> None:
        waiting = self.waiting.get(data[2:6])
        if waiting is not None and not waiting.done():
            waiting.set_result(data)

    def error_received(self, exc: Exception) -> None:
        for waiting in self.waiting.values():
            if not waiting.done():
                waiting.set_exception(exc)


class DatagramLine:
    """Teltonika over UDP: numbered datagrams, each answered by its number and the records taken."""

    def __init__(self, address: Address, ident: str) -> None:
        self._address = address
        self._ident = ident
        self._number = 0
        self._transport: asyncio.DatagramTransport | None = None
        self._answers = _Answers()

    @property
    def is_open(self) -> bool:
        return self._transport is not None

    async def open(self) -> None:
        loop = asyncio.get_running_loop()
        self._transport, self._answers = await loop.create_datagram_endpoint(_Answers, remote_addr=self._address)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()
        self._transport = None

    async def deliver(self, reports: Sequence[Report]) -> bool:
        if self._transport is None:
            raise ConnectionError("not open")
        self._number = (self._number + 1) % _PACKET_NUMBERS
        (datagram,) = teltonika_encode.encode_datagrams(
            self._ident, reports, records_per_packet=len(reports), first_packet=self._number
        )
        waiting = asyncio.get_running_loop().create_future()
        self._answers.waiting[datagram[2:6]] = waiting
        try:
            self._transport.sendto(datagram)
            async with asyncio.timeout(_DATAGRAM_ANSWER_S):
                answer = await waiting
        finally:
            del self._answers.waiting[datagram[2:6]]
        return len(answer) == 7 and answer[6] == len(reports)
