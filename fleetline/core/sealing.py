"""Closed hours become segments, old history goes when its time is up; both in the background, a little at a time."""

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

import structlog

from fleetline.core.endless import Endless, keep_going
from fleetline.core.hours import Protocols, merged_hours
from fleetline.core.ports.store import Store
from fleetline.core.ports.world import Clock
from fleetline.model.errors import Unavailable
from fleetline.model.packing import pack_columns
from fleetline.model.settling import HOUR_MS

log = structlog.get_logger("fleetline.sealing")

T = TypeVar("T")

CLOSED_AFTER_MS: Final = 15 * 60 * 1000
"""An hour is sealed once it ended so long ago: buffered reports still come in before."""
HOURS: Final = 50
EVERY_S: Final = 20.0
SWEEP_S: Final = 3600.0
DAY_MS: Final = 86_400_000
REFUSALS_KEPT_MS: Final = 30 * DAY_MS
MARKS_KEPT_MS: Final = 2 * DAY_MS
SHARE: Final = 0.1
"""Of the time of one core that sealing may take: a day of a fleet must not hold up its deliveries."""


class Sealing:
    """Keeps history compact and within its time."""

    def __init__(self, store: Store, clock: Clock, protocols: Protocols, positions_days: int) -> None:
        """positions_days: how long positions are kept where an account says nothing; 0: for ever."""
        self._store = store
        self._clock = clock
        self._protocols = protocols
        self._positions_days = positions_days
        self.task: Endless | None = None
        self.sealed = 0

    async def start(self) -> None:
        self.task = keep_going(self._go_on(), "sealing")

    async def stop(self) -> None:
        if self.task is not None:
            self.task.cancel()
            await asyncio.gather(self.task, return_exceptions=True)

    async def _go_on(self) -> None:
        until_sweep = 0.0
        while True:
            pause, began = EVERY_S, time.perf_counter()
            try:
                if await self.seal():
                    pause = (time.perf_counter() - began) * (1 / SHARE - 1)
                if until_sweep <= 0:
                    await self.sweep()
                    until_sweep = SWEEP_S
            except Unavailable as fault:
                log.warning("sealing waits for the store", reason=fault.reason)
            await asyncio.sleep(pause)
            until_sweep -= pause

    async def seal(self) -> int:
        """Seal some closed hours that the fold has seen; how many."""
        before = (self._clock.now_ms() - CLOSED_AFTER_MS) // HOUR_MS
        async with self._store.read() as tx:
            hours = await tx.history.folded_hours(before, HOURS)
        for device_id, hour in hours:
            await self._seal(device_id, hour)
            await asyncio.sleep(0)
        self.sealed += len(hours)
        return len(hours)

    async def _seal(self, device_id: int, hour: int) -> None:
        async with self._store.read() as tx:
            segments = await tx.history.segments_of_hours(device_id, hour, hour)
            parts = await tx.history.parts_of_hours(device_id, hour, hour)
            latest = await tx.history.latest([device_id])
        parts = [part for part in parts if latest and part.part_id <= latest[0].folded_part_id]
        if not parts:
            return
        columns = (await _off_loop(merged_hours, segments, parts, self._protocols)).get(hour)
        if columns is None:
            body, count = b"", 0
        else:
            body, count = await _off_loop(pack_columns, columns), len(columns)
        async with self._store.write() as tx:
            if count:
                await tx.history.put_segment(device_id, hour, count, body)
            await tx.history.drop_parts([part.part_id for part in parts])

    async def sweep(self) -> int:
        """Retention: positions by account, refused reports after 30 days, marks thinned after two; segments gone."""
        now_ms, dropped = self._clock.now_ms(), 0
        async with self._store.write() as tx:
            await tx.history.drop_refusals_before(now_ms - REFUSALS_KEPT_MS)
            await tx.history.thin_marks(now_ms - MARKS_KEPT_MS)
            accounts, own = await tx.history.accounts(), await tx.history.retentions()
        for account_id in accounts:
            days = self._days(account_id, own)
            if days:
                async with self._store.write() as tx:
                    dropped += await tx.history.drop_history_before(account_id, (now_ms - days * DAY_MS) // HOUR_MS)
        if dropped:
            log.info("retention", segments=dropped)
        return dropped

    def _days(self, account_id: str, own: Mapping[str, int]) -> int:
        return own.get(account_id, self._positions_days)


async def _off_loop(work: Callable[..., T], *arguments: Any) -> T:
    return await asyncio.get_running_loop().run_in_executor(None, work, *arguments)
