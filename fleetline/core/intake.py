"""Door 3: a linked device delivers, and is answered when what it said is on the disk.

While one group of frames commits, the next one gathers: no timer, and a delivery waits for one commit at the most
twice.
"""

import asyncio
import contextlib
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, Protocol

import structlog

from fleetline.core.endless import Endless, keep_going
from fleetline.core.groups import Frames, pack_frames
from fleetline.core.ports.journal import Journal
from fleetline.core.ports.world import Clock
from fleetline.model.errors import Unavailable

log = structlog.get_logger()

WAITING_BYTES: Final = 32 * 2**20
"""Frames that wait for a commit; above this the connections that deliver are no longer read."""
GROUP_FRAMES: Final = 4096
REST_AFTER_FAILURE_S: Final = 1.0


class Line(Protocol):
    """The transport side of a linked device."""

    def close(self) -> None:
        """End the connection; its device will come back."""
        ...

    def pause(self) -> None:
        """Read no more until `resume`."""
        ...

    def resume(self) -> None: ...


@dataclass(slots=True, eq=False)
class Link:
    """One device on one connection, resolved once.

    alone  nobody else may hold the device's connection; a device without connections never has two
    order  of the moment it came, among those of every process of this host
    """

    device_id: int
    ident: str
    protocol: str
    line: Line
    alone: bool = True
    order: int = 0
    closed: bool = False


Delivery = tuple[int, int, str, bytes, Callable[[bytes], object], bytes, bytes, int]
"""device id, received at ms, protocol, frame, write, reply, denial, reports"""

Announce = Callable[[str], int]
"""Tells the other processes of this host that a device has come to this one; the order of that moment."""

Resolve = Callable[[str, str], Awaitable[int | None]]
"""(ident, protocol) -> device id, or None when the device is unknown and is not to be registered."""


class Intake:
    """Takes frames from every transport of one process and commits them in groups."""

    def __init__(self, journal: Journal, resolve: Resolve, clock: Clock, filed: Callable[[int, Frames], None]) -> None:
        """`filed(journal_id, frames)` hands a committed group on to filing."""
        self._journal = journal
        self._resolve = resolve
        self._filed = filed
        self.clock = clock
        self.announce: Announce = lambda ident: 0
        self._open: list[Delivery] = []
        self._wake = asyncio.Event()
        self._links: dict[str, Link] = {}
        self._paused: set[Line] = set()
        self._busy = False
        self._committing = 0
        self._answered = 0
        self._ends: list[tuple[int, Callable[[], object]]] = []
        self.waiting_bytes = 0
        self.trouble: str | None = None
        self.refused: Counter[tuple[str, str]] = Counter()
        self.counts: Counter[str] = Counter()
        self.touched: dict[int, int] = {}
        self.task: Endless | None = None
        self._stopping = False

    def start(self) -> None:
        self.task = keep_going(self._commit_forever(), "intake")

    async def stop(self) -> None:
        """Commit what waits, answer it, then end. No transport may deliver any more."""
        self._stopping = True
        self._wake.set()
        if self.task is not None:
            await self.task

    async def link(self, ident: str, protocol: str, line: Line, *, alone: bool = True) -> Link | None:
        """The device behind an identifier; an older connection of the same device is closed. None: refused and counted.

        alone   False for a transport without connections, of which none can be taken over

        errors  Unavailable when the registry cannot be asked
        """
        device_id = await self._resolve(ident, protocol)
        if device_id is None:
            self.refuse(protocol, "unknown_device", ident=ident)
            return None
        older = self._links.get(ident)
        link = Link(device_id, ident, protocol, line, alone, self.announce(ident))
        self._links[ident] = link
        if older is not None and older.line is not line:
            self._taken_over(older, protocol)
        return link

    def came_elsewhere(self, ident: str, order: int) -> None:
        """A device has come to another process of this host at that moment; an older connection here is closed."""
        link = self._links.get(ident)
        if link is not None and link.order < order:
            self._taken_over(link, "another process")

    def _taken_over(self, older: Link, by: str) -> None:
        if older.alone and not older.closed:
            self.counts["taken_over"] += 1
            log.info("session taken over", ident=older.ident, protocol=older.protocol, by=by)
            older.line.close()

    def unlink(self, link: Link) -> None:
        """The connection is gone."""
        link.closed = True
        self._paused.discard(link.line)
        if self._links.get(link.ident) is link:
            del self._links[link.ident]

    def refuse(self, protocol: str, reason: str, *, ident: str | None = None) -> None:
        """Count a frame that was not accepted."""
        self.refused[protocol, reason] += 1
        if self.refused[protocol, reason] in (1, 10, 100) or self.refused[protocol, reason] % 1000 == 0:
            log.warning("refused", protocol=protocol, reason=reason, ident=ident, so_far=self.refused[protocol, reason])

    def touch(self, link: Link) -> None:
        """The device was heard, though nothing is to be stored; filing takes `touched` with its next tick."""
        self.touched[link.device_id] = self.clock.now_ms()

    def deliver(
        self, link: Link, frame: bytes, write: Callable[[bytes], object], reply: bytes, denial: bytes, count: int
    ) -> None:
        """Take one whole, checked frame: `write(reply)` once it is durable, `write(denial)` if it cannot be."""
        self._open.append((link.device_id, self.clock.now_ms(), link.protocol, frame, write, reply, denial, count))
        self.waiting_bytes += len(frame)
        if not self._busy:
            self._wake.set()
        if self.waiting_bytes > WAITING_BYTES:
            self._paused.add(link.line)
            link.line.pause()

    def when_answered(self, then: Callable[[], object]) -> None:
        """Call `then` once everything delivered until now has its answer; at once when nothing waits for one."""
        due = self._answered + self._committing + len(self._open)
        if due == self._answered:
            then()
        else:
            self._ends.append((due, then))

    async def _commit_forever(self) -> None:
        while not (self._stopping and not self._open):
            self._busy = False
            if not self._open:
                await self._wake.wait()
            self._wake.clear()
            self._busy = True
            # let every connection that is readable now add its frame before the group closes
            await asyncio.sleep(0)
            group, self._open = self._open[:GROUP_FRAMES], self._open[GROUP_FRAMES:]
            if group:
                await self._commit(group)

    async def _commit(self, group: list[Delivery]) -> None:
        device_ids, received, protocols, frames, writes, replies, denials, counts = zip(*group, strict=True)
        taken = Frames(device_ids, received, protocols, frames)
        self._committing = len(group)
        try:
            journal_id = await self._journal.append(pack_frames(taken))
        except Unavailable as fault:
            answers = denials
            self._in_trouble(fault)
        else:
            answers = replies
            self._filed(journal_id, taken)
            self._recovered()
            self.counts["frames"] += len(frames)
            self.counts["reports"] += sum(counts)
            self.counts["groups"] += 1
        self.waiting_bytes -= sum(map(len, frames))
        for write, answer in zip(writes, answers, strict=True):
            if answer:
                try:
                    write(answer)
                except RuntimeError:
                    continue  # uvloop's word for a connection that was reset meanwhile; the others are still answered
        self._have_answered(len(group))
        self._resume()
        if self.trouble is not None:
            with contextlib.suppress(TimeoutError):
                await asyncio.sleep(0 if self._stopping else REST_AFTER_FAILURE_S)

    def _have_answered(self, count: int) -> None:
        self._answered += count
        self._committing = 0
        if self._ends:
            due = [then for at, then in self._ends if at <= self._answered]
            self._ends = [item for item in self._ends if item[0] > self._answered]
            for then in due:
                then()

    def _in_trouble(self, fault: Unavailable) -> None:
        self.counts["failed_commits"] += 1
        if self.trouble is None:
            log.error("journal cannot be written; devices are not acknowledged", reason=fault.reason)
        self.trouble = fault.reason

    def _recovered(self) -> None:
        if self.trouble is not None:
            log.info("journal can be written again")
            self.trouble = None

    def _resume(self) -> None:
        if self._paused and self.waiting_bytes < WAITING_BYTES // 2:
            paused, self._paused = self._paused, set()
            for line in paused:
                line.resume()
