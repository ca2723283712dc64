"""A seat does its work in order, on one thread, and ends reads that nobody closes."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path

import apsw
import pytest

from fleetline.stores.seat import Seat
from fleetline.stores.sqlite import SqliteEngine, open_connection


async def eventually(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not true():  # noqa: ASYNC110 - what is waited for happens on a thread
            await asyncio.sleep(0.01)


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[SqliteEngine]:
    made = SqliteEngine(tmp_path / "seats.db")
    async with made.write() as connection:
        await connection.execute("CREATE TABLE things (thing BIGINT PRIMARY KEY)")
    yield made
    await made.close()


async def test_work_is_done_in_order_on_one_thread_and_its_faults_come_back(tmp_path: Path) -> None:
    seat, order = Seat(open_connection(tmp_path / "one.db"), "seat"), list[int]()

    def note(number: int) -> int:
        order.append(number)
        return threading.get_ident()

    def fail() -> None:
        raise LookupError("mine")

    threads = await asyncio.gather(*(seat.run(partial(note, number)) for number in range(20)))
    assert (order, len(set(threads))) == (list(range(20)), 1)
    with pytest.raises(LookupError, match="mine"):
        await seat.run(fail)
    assert await seat.run(lambda: 7) == 7
    seat.close()


async def test_a_read_that_is_over_does_not_stay_open(engine: SqliteEngine) -> None:
    async with engine.read() as connection:
        await connection.fetch("SELECT count(*) FROM things")
    await eventually(lambda: not any(seat.connection.in_transaction for seat in engine._seats))


async def test_a_read_sees_what_was_committed_before_it_began_however_soon(engine: SqliteEngine) -> None:
    for number in range(50):
        async with engine.write() as connection:
            await connection.execute("INSERT INTO things (thing) VALUES ($1)", number)
        async with engine.read() as connection:
            assert await connection.fetch_one("SELECT count(*) FROM things") == (number + 1,)


async def test_a_write_that_pauses_stays_one_transaction(engine: SqliteEngine) -> None:
    async with engine.write() as connection:
        await connection.execute("INSERT INTO things (thing) VALUES (1)")
        await asyncio.sleep(0.1)
        await connection.execute("INSERT INTO things (thing) VALUES (2)")
    async with engine.read() as connection:
        await connection.fetch("SELECT thing FROM things")
        await asyncio.sleep(0.1)
        async with engine.write() as other:
            await other.execute("INSERT INTO things (thing) VALUES (3)")
        assert await connection.fetch_one("SELECT count(*) FROM things") == (2,)


async def test_a_reader_that_is_given_up_in_the_middle_harms_nobody_after(engine: SqliteEngine) -> None:
    async def read() -> None:
        async with engine.read() as connection:
            await connection.fetch("SELECT count(*) FROM things")

    for _ in range(30):
        tasks = [asyncio.create_task(read()) for _ in range(6)]
        await asyncio.sleep(0)
        for task in tasks[::2]:
            task.cancel()
        found = await asyncio.gather(*tasks, return_exceptions=True)
        assert all(fault is None or isinstance(fault, asyncio.CancelledError) for fault in found)


async def test_a_fault_of_the_database_while_nobody_waits_does_not_end_the_thread(tmp_path: Path) -> None:
    seat = Seat(open_connection(tmp_path / "one.db"), "seat")
    ended = list[bool]()

    def fail() -> None:
        ended.append(True)
        raise apsw.IOError("gone")

    seat.end_read = fail  # type: ignore[method-assign]
    seat.free = True
    await seat.run(lambda: seat.connection.execute("BEGIN").fetchall())
    await eventually(lambda: bool(ended))
    assert await seat.run(lambda: 7) == 7
    seat.close()
