"""From the journal to parts of device-hours: committed groups are sorted and stored at most a second behind."""

import asyncio
import contextlib
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final

import structlog

from fleetline.core.endless import Endless, keep_going
from fleetline.core.groups import Frames, unpack_frames
from fleetline.core.parts import Filed, file_frames
from fleetline.core.ports.journal import Journal
from fleetline.core.ports.store import Store, Tx
from fleetline.model.errors import Unavailable
from fleetline.model.wire import TrackerProtocol

log = structlog.get_logger()

TICK_S: Final = 0.5
TICK_BYTES: Final = 16 * 2**20
"""Committed frames that are filed at once: so many more would only wait in memory."""
KEPT_BYTES: Final = 64 * 2**20
"""Committed frames kept in memory for the next tick; beyond this they are read back from the journal."""
READ_BYTES: Final = 16 * 2**20
"""Read back at once, as far as the sizes of the groups before tell."""
READ_GROUPS: Final = 64
REST_S: Final = 1.0


class Filing:
    """Files the journal of one intake, in its order."""

    def __init__(
        self,
        store: Store,
        journal: Journal,
        intake: int,
        protocols: Mapping[str, TrackerProtocol],
        future_tolerance_ms: int = 900_000,
        after: Callable[[set[int]], None] = lambda devices: None,
    ) -> None:
        """`after(devices)` is told which devices have something new, once it is stored."""
        self._store = store
        self._journal = journal
        self._intake = intake
        self._protocols = protocols
        self._tolerance_ms = future_tolerance_ms
        self._after = after
        self._kept: deque[tuple[int, Frames]] = deque()
        self._kept_bytes = 0
        self._behind = True  # until what an earlier run left in the journal is filed
        self._cursor = 0
        self._committed = 0
        self._due = asyncio.Event()
        self._now = asyncio.Event()
        self._lock = asyncio.Lock()
        self.task: Endless | None = None
        self._stopping = False
        self.touched: dict[int, int] = {}
        self.refused: Counter[str] = Counter()
        self.trouble: str | None = None
        self.filed_groups = 0

    @property
    def waiting(self) -> int:
        """Journal ids committed and not yet filed."""
        return max(0, self._committed - self._cursor)

    async def start(self) -> None:
        """Recover first: everything an earlier run acknowledged and did not file."""
        async with self._store.read() as tx:
            self._cursor = self._committed = await tx.history.filed_up_to(self._intake)
        if found := await self._recover():
            log.info("recovered unfiled groups", groups=found)
        self.task = keep_going(self._file_forever(), "filing")

    async def stop(self) -> None:
        """File what is left, then end."""
        self._stopping = True
        self._due.set()
        self._now.set()
        if self.task is not None:
            await self.task

    def committed(self, journal_id: int, frames: Frames) -> None:
        """The intake has a new durable group."""
        self._committed = journal_id
        if not self._behind:
            self._kept.append((journal_id, frames))
            self._kept_bytes += sum(map(len, frames.frames))
            if self._kept_bytes > KEPT_BYTES:
                self._kept.clear()
                self._kept_bytes = 0
                self._behind = True
        self._due.set()
        if self._kept_bytes > TICK_BYTES:
            self._now.set()

    def touch(self) -> None:
        """`touched` has news of devices that were heard."""
        self._due.set()

    async def flush(self) -> None:
        """Return once everything committed before this call is filed.

        errors  Unavailable
        """
        if self.waiting or self.touched:
            await self.tick()

    async def tick(self) -> None:
        async with self._lock:
            if self._behind:
                await self._recover()
            kept, self._kept, self._kept_bytes = list(self._kept), deque(), 0
            touched, self.touched = self.touched, {}
            if not kept and not touched:
                return
            try:
                await self._file(kept, touched)
            except Unavailable:
                # the journal still has them: read them back when the store is there again
                self._behind = True
                self.touched = {**touched, **self.touched}
                raise

    async def _file_forever(self) -> None:
        while not self._stopping:
            await self._due.wait()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._now.wait(), TICK_S)
            self._now.clear()
            self._due.clear()
            await self._try(self.tick)
        await self._try(self.tick)

    async def _try(self, work: Callable[[], Awaitable[None]]) -> None:
        try:
            await work()
        except Unavailable as fault:
            if self.trouble is None:
                log.error("filing cannot reach the store; the journal keeps everything", reason=fault.reason)
            self.trouble = fault.reason
            self._due.set()
            await asyncio.sleep(0 if self._stopping else REST_S)
        else:
            if self.trouble is not None:
                log.info("filing goes on")
            self.trouble = None

    async def _recover(self) -> int:
        """File from the journal until nothing committed is left there; the number of groups filed."""
        found, most = 0, 1
        while True:
            rows = await self._journal.read_after(self._cursor, most)
            if not rows:
                self._committed = max(self._committed, self._cursor)
                self._behind = self._committed > self._cursor
                return found
            groups = [(journal_id, unpack_frames(body)) for journal_id, body in rows]
            await self._file(groups, {})
            found += len(rows)
            # as they stand in memory: a journal may keep them packed
            asked, size = most, sum(len(frame) for _, group in groups for frame in group.frames)
            most = min(READ_GROUPS, max(1, READ_BYTES * len(rows) // max(1, size)))
            if len(rows) < asked and self._cursor >= self._committed:
                self._behind = False
                return found

    async def _file(self, kept: Sequence[tuple[int, Frames]], touched: Mapping[int, int]) -> None:
        loop = asyncio.get_running_loop()
        groups = [frames for _, frames in kept]
        devices = {int(device) for group in groups for device in group.device_ids}
        async with self._store.read() as tx:
            facts = await tx.history.facts(sorted(devices), self._tolerance_ms)
        filed = await loop.run_in_executor(None, file_frames, groups, self._protocols, facts)
        async with self._store.write() as tx:
            await self._keep(tx, filed, touched)
            if kept:
                await tx.history.mark_filed(self._intake, kept[-1][0])
        if kept:
            self._cursor = kept[-1][0]
            self.filed_groups += len(kept)
            await self._journal.forget(self._cursor)
        for refusal in filed.refusals:
            self.refused[refusal.reason] += max(1, refusal.reports)
        self._after(devices | set(touched))

    async def _keep(self, tx: Tx, filed: Filed, touched: Mapping[int, int]) -> None:
        # the version first: everybody who files or folds waits for it, so parts are seen in the order of their numbers,
        # and nobody who holds it waits for somebody who wants it
        version = await tx.history.next_version() if filed.heard or touched else 0
        if filed.parts:
            await tx.history.add_parts(filed.parts)
        if filed.refusals:
            await tx.history.add_refusals(filed.refusals)
        heard = {**filed.heard}
        for device, at_ms in touched.items():
            heard[device] = max(at_ms, heard.get(device, 0))
        if heard:
            news = {part.device_id for part in filed.parts}
            rows = [(device, at_ms, int(device in news)) for device, at_ms in sorted(heard.items())]
            await tx.history.heard(rows, version)
