"""The request log keeps every entry, slows callers down before it loses one, and forgets after ninety days."""

import asyncio
from contextlib import asynccontextmanager
from typing import Any

import pytest
from structlog.testing import capture_logs

from fleetline.core.requests import RequestEntry, RequestFilter, RequestLog, find_requests
from fleetline.model.errors import Unavailable
from fleetline.stores.engine import Engine
from fleetline.stores.store import EngineStore
from tests.kit import HandClock

DAY_MS = 86_400_000


def entry(number: int, at_ms: int = 1_773_144_000_000, **facts: Any) -> RequestEntry:
    known: dict[str, Any] = {
        "account_id": "acc_1", "user_id": None, "credential_id": "crd_1", "address": "192.0.2.1", "method": "POST",
        "action": "devicelist", "subject": "", "asked": "", "scope": "", "status": 200, "error": "", "elapsed_ms": 3,
        "bytes_sent": 2, "agent": "test", "dialect": "made",
    }  # fmt: skip
    return RequestEntry(at_ms=at_ms, request_id=f"r{number:05}", **(known | facts))


class Closed:
    """A store that cannot be reached until it is opened again."""

    def __init__(self, store: EngineStore) -> None:
        self.store, self.open = store, False

    @asynccontextmanager
    async def write(self) -> Any:
        if not self.open:
            raise Unavailable("away")
        async with self.store.write() as tx:
            yield tx

    read = write


async def ids_of(engine: Engine, **wanted: Any) -> list[str]:
    found = await find_requests(EngineStore(engine), RequestFilter(**wanted), 100)
    return [item.request_id for item in found]


async def test_entries_are_written_in_one_batch_and_found_newest_first(engine: Engine, clock: HandClock) -> None:
    log = RequestLog(EngineStore(engine), clock)
    entries = [
        entry(1, 1000),
        entry(2, 2000, status=429, error="1055"),
        entry(3, 3000, account_id="acc_2", action="device"),
    ]
    for item in entries:
        log.add(item)
    before = engine.statements  # type: ignore[attr-defined]  # both engines count their statements
    await log.flush()
    assert engine.statements - before == 1  # type: ignore[attr-defined]  # as above
    assert await ids_of(engine, everybody=True) == ["r00003", "r00002", "r00001"]
    assert await find_requests(EngineStore(engine), RequestFilter(account_id="acc_2"), 9) == [entries[2]]


async def test_entries_can_be_narrowed_and_paged(engine: Engine, clock: HandClock) -> None:
    log = RequestLog(EngineStore(engine), clock)
    for number in range(6):
        log.add(
            entry(
                number, 1000 + number // 2, status=200 + 200 * (number % 2), action="device" if number < 3 else "list"
            )
        )
    log.add(entry(9, 1000, account_id=None, address="198.51.100.1"))
    await log.flush()
    own = {"account_id": "acc_1"}
    assert await ids_of(engine, **own, refused=True) == ["r00005", "r00003", "r00001"]
    assert await ids_of(engine, **own, refused=False, action="device") == ["r00002", "r00000"]
    assert await ids_of(engine, **own, from_ms=1001, to_ms=1002) == ["r00003", "r00002"]
    assert await ids_of(engine, everybody=True, address="198.51.100.1") == ["r00009"]
    assert await ids_of(engine, **own, before=(1001, "r00003")) == ["r00002", "r00001", "r00000"]
    assert await ids_of(engine) == []


async def test_calls_of_people_who_are_signed_in_can_be_left_out(engine: Engine, clock: HandClock) -> None:
    log = RequestLog(EngineStore(engine), clock)
    for number, kind in enumerate(("session", "fleetline-token", "trimble-key", "", "session"), 1):
        log.add(entry(number, number * 1000, kind=kind))
    await log.flush()
    assert await ids_of(engine, account_id="acc_1", sessions=False) == ["r00004", "r00003", "r00002"]
    assert await ids_of(engine, account_id="acc_1", sessions=True) == ["r00005", "r00001"]
    assert await ids_of(engine, account_id="acc_1", kinds=("trimble-key", "session")) == ["r00005", "r00003", "r00001"]
    assert len(await ids_of(engine, account_id="acc_1")) == 5


async def test_an_entry_that_came_twice_is_kept_once(engine: Engine, clock: HandClock) -> None:
    log = RequestLog(EngineStore(engine), clock)
    for item in (entry(1), entry(1)):
        log.add(item)
    await log.flush()
    assert await ids_of(engine, everybody=True) == ["r00001"]


async def test_what_is_older_than_ninety_days_is_forgotten(engine: Engine, clock: HandClock) -> None:
    log = RequestLog(EngineStore(engine), clock)
    now = clock.now_ms()
    for number, age_ms in enumerate((0, 90 * DAY_MS, 90 * DAY_MS + 1, 200 * DAY_MS)):
        log.add(entry(number, now - age_ms))
    await log.flush()
    assert await log.sweep() == 2
    assert await ids_of(engine, everybody=True) == ["r00000", "r00001"]
    assert await RequestLog(EngineStore(engine), clock, keep_days=0).sweep() == 0


async def test_while_the_store_is_away_entries_wait_and_callers_too(engine: Engine, clock: HandClock) -> None:
    store = Closed(EngineStore(engine))
    log = RequestLog(store, clock, hold=2)
    log.add(entry(1))
    await log.room()
    log.add(entry(2))
    with pytest.raises(Unavailable):
        await log.flush()
    waiter = asyncio.create_task(log.room())
    await asyncio.sleep(0.01)
    assert not waiter.done()
    store.open = True
    await log.flush()
    await waiter
    assert await ids_of(engine, everybody=True) == ["r00002", "r00001"]


async def test_what_finds_no_room_goes_to_the_programs_own_log_and_is_counted(engine: Engine, clock: HandClock) -> None:
    log = RequestLog(Closed(EngineStore(engine)), clock, hold=1)
    with capture_logs() as lines:
        log.add(entry(1))
        log.add(entry(2))
        await log.close()
    assert [line["request_id"] for line in lines] == ["r00002", "r00001"]
    assert log.spilled == 2


async def test_entries_arrive_by_themselves_and_what_waits_is_written_at_the_end(
    engine: Engine, clock: HandClock
) -> None:
    log = RequestLog(EngineStore(engine), clock)
    await log.start()
    log.add(entry(1, clock.now_ms()))
    for _ in range(200):
        if log.written:
            break
        await asyncio.sleep(0.02)
    assert await ids_of(engine, everybody=True) == ["r00001"]
    log.add(entry(2, clock.now_ms() + 1))
    await log.close()
    assert await ids_of(engine, everybody=True) == ["r00002", "r00001"]


async def test_any_characters_a_caller_sends_can_be_kept(engine: Engine, clock: HandClock) -> None:
    log = RequestLog(EngineStore(engine), clock)
    log.add(entry(1, agent="a\0b\ud800c\u4e2d", scope="'; DROP TABLE requests; --"))
    await log.flush()
    (found,) = await find_requests(EngineStore(engine), RequestFilter(everybody=True), 1)
    assert (found.agent, found.scope) == ("a\ufffdb?c\u4e2d", "'; DROP TABLE requests; --")
