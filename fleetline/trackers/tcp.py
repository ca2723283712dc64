"""Trackers over TCP: bytes in, whole frames to the intake, answers out in the order the frames came."""

import asyncio
from collections.abc import Callable
from typing import Final, cast

import structlog

from fleetline.core.intake import Intake, Link
from fleetline.model.errors import Unavailable
from fleetline.model.wire import Memo, Receipt, TrackerProtocol, Undecodable

log = structlog.get_logger()

BUFFER_BYTES: Final = 65536
"""What a connection may send without completing a frame."""
LOGIN_S: Final = 60.0
"""Seconds in which a new connection must name its device."""


class TrackerConnection(asyncio.Protocol):
    """One connection of one device."""

    __slots__ = (
        "_buffer",
        "_intake",
        "_link",
        "_linking",
        "_memo",
        "_protocol",
        "_timer",
        "_transport",
        "_write",
        "connections",
    )

    def __init__(self, protocol: TrackerProtocol, intake: Intake, connections: "set[TrackerConnection]") -> None:
        self._protocol = protocol
        self._intake = intake
        self._memo: Memo = protocol.memo()
        self._buffer = b""
        self._link: Link | None = None
        self._linking = False
        self.connections = connections

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are no subclass of asyncio.Transport, though they do all it does
        self._transport = cast(asyncio.Transport, transport)
        self._write = self._transport.write
        self.connections.add(self)
        self._timer: asyncio.TimerHandle | None = asyncio.get_running_loop().call_later(LOGIN_S, self._late)

    def data_received(self, data: bytes) -> None:
        if self._buffer:
            data = self._buffer + data
            self._buffer = b""
        if self._linking:
            self._keep(data)
            return
        link, whole = self._link, self._protocol.whole
        if link is not None and whole is not None:
            receipt = whole(data, self._memo)
            if receipt is not None:
                self._intake.deliver(link, data, self._write, receipt.reply, receipt.denial, receipt.count)
                return
        self._take(data)

    def _take(self, data: bytes) -> None:
        protocol, memo = self._protocol, self._memo
        assert protocol.split is not None
        try:
            frames, consumed = protocol.split(data, memo)
        except Undecodable as fault:
            self._refuse(fault)
            return
        for place, frame in enumerate(frames):
            try:
                receipt = protocol.receive(frame, memo)
            except Undecodable as fault:
                self._refuse(fault)
                if fault.fatal:
                    return
                continue
            if receipt.ident is not None and (self._link is None or receipt.ident != self._link.ident):
                # the registry has to be asked: what follows waits in the buffer, in order
                rest = b"".join(frames[place + 1 :]) + data[consumed:]
                self._linking = True
                self._keep(rest)
                self._transport.pause_reading()
                asyncio.get_running_loop().create_task(self._login(receipt.ident, frame, receipt))
                return
            self._accept(frame, receipt.count, receipt.reply, receipt.denial)
        if consumed < len(data):
            self._keep(data[consumed:])

    def _accept(self, frame: bytes, count: int, reply: bytes, denial: bytes) -> None:
        if count == 0:
            if reply:
                self._write(reply)
            if self._link is not None:
                self._intake.touch(self._link)
            return
        if self._link is None:
            self._intake.refuse(self._protocol.name, "no_login")
            if denial:
                self._write(denial)
            self.close()
            return
        self._intake.deliver(self._link, frame, self._write, reply, denial, count)

    async def _login(self, ident: str, frame: bytes, receipt: Receipt) -> None:
        try:
            link = await self._intake.link(ident, self._protocol.name, self)
        except Unavailable as fault:
            self._intake.refuse(self._protocol.name, "registry_unavailable", ident=ident)
            log.warning("registry cannot be asked", reason=fault.reason)
            link = None
        self._linking = False
        if self._transport.is_closing():
            if link is not None:
                self._intake.unlink(link)
            return
        if link is None:
            if receipt.denial:
                self._write(receipt.denial)
            self.close()
            return
        if self._link is not None and self._link is not link:
            self._intake.unlink(self._link)
        self._link = link
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._accept(frame, receipt.count, receipt.reply, receipt.denial)
        self._transport.resume_reading()
        rest, self._buffer = self._buffer, b""
        if rest:
            self._take(rest)

    def _keep(self, rest: bytes) -> None:
        self._buffer = bytes(rest)
        if len(rest) > BUFFER_BYTES and not self._linking:
            self._intake.refuse(self._protocol.name, "oversized", ident=self._memo.ident)
            self.close()

    def _refuse(self, fault: Undecodable) -> None:
        self._intake.refuse(self._protocol.name, fault.reason, ident=self._link.ident if self._link else None)
        if self._link is not None:
            self._intake.touch(self._link)
        if fault.reply:
            self._write(fault.reply)
        if fault.fatal:
            self.close()

    def _late(self) -> None:
        self._timer = None
        if self._link is None:
            self._intake.refuse(self._protocol.name, "no_login")
            self.close()

    def eof_received(self) -> bool:
        """A device that has said all it wanted may still listen: it hears every answer before the connection ends."""
        if self._buffer:
            self._intake.refuse(self._protocol.name, "truncated", ident=self._link.ident if self._link else None)
        self._intake.when_answered(self.close)
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        self.connections.discard(self)
        if self._timer is not None:
            self._timer.cancel()
        if self._link is not None:
            self._intake.unlink(self._link)

    def close(self) -> None:
        self._transport.close()

    def pause(self) -> None:
        self._transport.pause_reading()

    def resume(self) -> None:
        if not self._transport.is_closing():
            self._transport.resume_reading()


async def listen_tcp(
    protocol: TrackerProtocol, intake: Intake, host: str, port: int, *, reuse_port: bool = False
) -> tuple[asyncio.Server, set[TrackerConnection]]:
    """An open listener and the set of its live connections."""
    connections: set[TrackerConnection] = set()
    make: Callable[[], TrackerConnection] = lambda: TrackerConnection(protocol, intake, connections)  # noqa: E731
    server = await asyncio.get_running_loop().create_server(
        make, host, port, backlog=4096, reuse_port=reuse_port or None
    )
    return server, connections
