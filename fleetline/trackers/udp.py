"""Trackers over UDP: each datagram is a whole frame that names its device."""

import asyncio
from typing import Any, Final, cast

import structlog

from fleetline.core.intake import Intake, Link
from fleetline.model.errors import Unavailable
from fleetline.model.wire import Receipt, TrackerProtocol, Undecodable

log = structlog.get_logger()

KNOWN_PEERS: Final = 100_000
LINK_S: Final = 300.0
"""A device that changed account or was removed is looked up again after this."""
ASKING: Final = 1000
"""Datagrams that may wait for the registry at once; more are dropped, counted, and sent again by their devices."""


class _Peer:
    """The line of a device without a connection: nothing to close, nothing to pause."""

    def close(self) -> None:
        """A newer datagram from elsewhere ends nothing here."""

    def pause(self) -> None:
        """The socket serves everybody; back-pressure is `Intake.waiting_bytes` at the door."""

    def resume(self) -> None:
        """See pause."""


class TrackerDatagrams(asyncio.DatagramProtocol):
    """One socket for all devices of one protocol."""

    def __init__(self, protocol: TrackerProtocol, intake: Intake, limit_bytes: int) -> None:
        self._protocol = protocol
        self._intake = intake
        self._limit_bytes = limit_bytes
        self._links: dict[str, tuple[Link, float]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: Any) -> None:
        name = self._protocol.name
        try:
            receipt = self._protocol.receive(data, self._protocol.memo())
        except Undecodable as fault:
            self._intake.refuse(name, fault.reason)
            if fault.reply:
                self._transport.sendto(fault.reply, addr)
            return
        if receipt.ident is None:
            self._intake.refuse(name, "no_login")
            return
        known = self._links.get(receipt.ident)
        if known is not None and known[1] > asyncio.get_running_loop().time():
            self._accept(known[0], data, receipt, addr)
        elif len(self._tasks) >= ASKING:
            self._intake.refuse(name, "overload", ident=receipt.ident)
        else:
            task = asyncio.get_running_loop().create_task(self._ask(receipt, data, addr))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _ask(self, receipt: Receipt, data: bytes, addr: Any) -> None:
        assert receipt.ident is not None
        try:
            link = await self._intake.link(receipt.ident, self._protocol.name, _Peer(), alone=False)
        except Unavailable as fault:
            self._intake.refuse(self._protocol.name, "registry_unavailable", ident=receipt.ident)
            log.warning("registry cannot be asked", reason=fault.reason)
            link = None
        if link is None:
            self._links.pop(receipt.ident, None)
            if receipt.denial:
                self._transport.sendto(receipt.denial, addr)
            return
        if len(self._links) >= KNOWN_PEERS:
            self._links.clear()
        self._links[receipt.ident] = (link, asyncio.get_running_loop().time() + LINK_S)
        self._accept(link, data, receipt, addr)

    def _accept(self, link: Link, data: bytes, receipt: Receipt, addr: Any) -> None:
        if receipt.count == 0:
            self._intake.touch(link)
            if receipt.reply:
                self._transport.sendto(receipt.reply, addr)
        elif self._intake.waiting_bytes > self._limit_bytes:
            # an unacknowledged datagram is sent again; it costs nothing that was promised
            self._intake.refuse(self._protocol.name, "overload", ident=link.ident)
        else:
            self._intake.deliver(
                link,
                data,
                lambda answer: self._transport.sendto(answer, addr),
                receipt.reply,
                receipt.denial,
                receipt.count,
            )

    def close(self) -> None:
        self._transport.close()


async def listen_udp(
    protocol: TrackerProtocol, intake: Intake, host: str, port: int, limit_bytes: int, *, reuse_port: bool = False
) -> TrackerDatagrams:
    """An open socket."""
    _, listener = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: TrackerDatagrams(protocol, intake, limit_bytes), (host, port), reuse_port=reuse_port or None
    )
    return listener
