"""Processes that file and fold the same devices at once lose nothing and never wait for each other in a circle."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from fleetline.core.filing import Filing
from fleetline.core.folding import Folding
from fleetline.core.groups import pack_frames
from fleetline.core.ports.history import Part
from fleetline.stores.engine import Engine
from fleetline.stores.store import EngineStore, EngineTx
from fleetline.stores.tables.history import HistoryTables
from tests.core.test_filing import NOW, PROTOCOLS, group_of
from tests.kit import HandClock, MemoryJournal


class SlowParts(HistoryTables):
    """Stores parts, and then takes its time."""

    done: asyncio.Event
    go: asyncio.Event

    async def add_parts(self, parts: Sequence[Part]) -> None:
        await super().add_parts(parts)
        self.done.set()
        await self.go.wait()


class SlowStore(EngineStore):
    """A store to which a tick's parts take a while."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        self.done, self.go = asyncio.Event(), asyncio.Event()

    @asynccontextmanager
    async def write(self) -> AsyncIterator[EngineTx]:
        async with super().write() as tx:
            slow = SlowParts(tx.connection)
            slow.done, slow.go = self.done, self.go
            tx.history = slow
            yield tx


async def deliver(filing: Filing, journal: MemoryJournal, device_ids: range, at_ms: int) -> None:
    for device_id in device_ids:
        group = group_of(device_id, [at_ms], per_packet=1)
        filing.committed(await journal.append(pack_frames(group)), group)


async def folded_times(store: EngineStore, folding: Folding, device_id: int) -> int | None:
    await folding.catch_up([device_id])
    async with store.read() as tx:
        row, known = (await folding.in_hand(tx, [device_id]))[device_id]
    assert known is not None and row.memory is not None
    return known.fold.last_ms


async def test_what_two_processes_file_of_one_device_is_folded_whoever_commits_first(engine: Engine) -> None:
    slow, quick = SlowStore(engine), EngineStore(engine)
    journals = [MemoryJournal(), MemoryJournal()]
    first, second = Filing(slow, journals[0], 1, PROTOCOLS), Filing(quick, journals[1], 2, PROTOCOLS)
    folding = Folding(quick, HandClock(NOW + 60_000), PROTOCOLS, {})
    slow.go.set()
    await first.start()
    await second.start()
    slow.go.clear()
    slow.done.clear()
    await deliver(first, journals[0], range(7, 8), NOW + 2000)
    filing = asyncio.create_task(first.tick())
    await slow.done.wait()  # its parts have their numbers, and nobody sees them yet
    await deliver(second, journals[1], range(7, 8), NOW + 1000)
    overtaking = asyncio.create_task(second.tick())
    await asyncio.wait([overtaking], timeout=0.3)
    if overtaking.done():
        assert await folded_times(quick, folding, 7) == NOW + 1000
    slow.go.set()
    await filing
    await overtaking
    assert await folded_times(quick, folding, 7) == NOW + 2000
    await first.stop()
    await second.stop()


async def test_filing_and_folding_the_same_devices_at_once_never_lock_each_other_out(engine: Engine) -> None:
    store, journals = EngineStore(engine), [MemoryJournal(), MemoryJournal()]
    filings = [Filing(store, journal, number, PROTOCOLS) for number, journal in enumerate(journals, 1)]
    foldings = [Folding(store, HandClock(NOW + 600_000), PROTOCOLS, {}) for _ in filings]
    for filing in filings:
        await filing.start()
    for second in range(12):
        for place, filing in enumerate(filings):
            await deliver(filing, journals[place], range(1, 9), NOW + (2 * second + place) * 1000)
        # an Unavailable would come out here: the engine ends one of those that wait for each other
        await asyncio.gather(*(f.tick() for f in filings), *(f.catch_up(range(1, 9)) for f in foldings))
    for device_id in range(1, 9):
        assert await folded_times(store, foldings[0], device_id) == NOW + 23_000
    for filing in filings:
        await filing.stop()
