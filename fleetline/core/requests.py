"""The request log: every call leaves one entry, written in batches off the path of the call."""

import asyncio
from collections.abc import Sequence
from typing import Any, Final

import structlog

from fleetline.core.ports.requests import RequestEntry, RequestFilter
from fleetline.core.ports.store import Store
from fleetline.core.ports.world import Clock
from fleetline.model.errors import Unavailable

__all__ = ["RequestEntry", "RequestFilter", "RequestLog", "find_requests"]

GATHER_SECONDS: Final = 0.25
HOLD: Final = 20_000
ROOM_SECONDS: Final = 2.0
RETRY_SECONDS: Final = 1.0
SWEEP_SECONDS: Final = 3_600.0
SWEEP_ROWS: Final = 5_000
DAY_MS: Final = 86_400_000


class RequestLog:
    """Gathers entries and writes them a quarter of a second later at most.

    While the store takes nothing, up to `hold` entries wait and new calls wait for room; what still finds none is
    written to the program's own log instead and counted in `spilled`, so that no call goes unrecorded.
    """

    def __init__(self, store: Store, clock: Clock, *, keep_days: int = 90, hold: int = HOLD) -> None:
        self._store, self._clock, self._keep_days, self._hold = store, clock, keep_days, hold
        self._waiting: list[RequestEntry] = []
        self._arrived, self._roomy = asyncio.Event(), asyncio.Event()
        self._roomy.set()
        self._tasks: list[asyncio.Task[None]] = []
        self._logger = structlog.get_logger("fleetline.requests")
        self.spilled = 0
        self.written = 0

    async def start(self) -> None:
        """Begin to write what arrives, and to forget what is too old."""
        self._tasks = [asyncio.create_task(self._write_on()), asyncio.create_task(self._sweep_on())]

    async def close(self) -> None:
        """Write what waits and stop; entries that the store refuses now go to the program's own log."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []
        try:
            await self.flush()
        except Unavailable:
            for entry in self._waiting:
                self._spill(entry)
            self._waiting = []

    def add(self, entry: RequestEntry) -> None:
        """Take one entry; never waits."""
        if len(self._waiting) >= self._hold:
            self._spill(entry)
            return
        self._waiting.append(entry)
        self._arrived.set()
        if len(self._waiting) >= self._hold:
            self._roomy.clear()

    async def room(self) -> None:
        """Wait, for two seconds at most, until one more entry can be taken: calls slow down before any entry spills."""
        if self._roomy.is_set():
            return
        try:
            async with asyncio.timeout(ROOM_SECONDS):
                await self._roomy.wait()
        except TimeoutError:
            return

    async def flush(self) -> None:
        """Write everything that waits; Unavailable leaves it waiting."""
        batch = self._waiting[:]
        if not batch:
            return
        async with self._store.write() as tx:
            await tx.requests.add(batch)
        del self._waiting[: len(batch)]
        self.written += len(batch)
        self._roomy.set()

    async def _write_on(self) -> None:
        while True:
            await self._arrived.wait()
            self._arrived.clear()
            await asyncio.sleep(GATHER_SECONDS)
            try:
                await self.flush()
            except Unavailable as away:
                self._logger.warning("the request log waits", reason=away.reason, waiting=len(self._waiting))
                self._arrived.set()
                await asyncio.sleep(RETRY_SECONDS)

    async def _sweep_on(self) -> None:
        while True:
            try:
                await self.sweep()
            except Unavailable as away:
                self._logger.warning("old requests stay for now", reason=away.reason)
            await asyncio.sleep(SWEEP_SECONDS)

    async def sweep(self) -> int:
        """Forget what is older than `keep_days` (0: nothing), in small transactions; how many entries."""
        total, before_ms = 0, self._clock.now_ms() - self._keep_days * DAY_MS
        while self._keep_days:
            async with self._store.write() as tx:
                gone = await tx.requests.forget(before_ms, SWEEP_ROWS)
            total += gone
            if gone < SWEEP_ROWS:
                break
        return total

    def _spill(self, entry: RequestEntry) -> None:
        self.spilled += 1
        facts: dict[str, Any] = {name: getattr(entry, name) for name in RequestEntry.__slots__}
        self._logger.warning("request not kept in the store", **facts)


async def find_requests(store: Store, wanted: RequestFilter, limit: int) -> Sequence[RequestEntry]:
    """Entries for people, the newest first; the caller has checked whose they may be."""
    async with store.read() as tx:
        return await tx.requests.find(wanted, limit)
