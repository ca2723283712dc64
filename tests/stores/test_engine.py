"""Both engines keep the same promises about transactions."""

import asyncio

import pytest

from fleetline.stores.engine import Engine, SchemaTooNew, UniqueClash, migrate


@pytest.fixture
async def things(engine: Engine) -> Engine:
    async with engine.write() as tx:
        await tx.execute("CREATE TABLE things (thing_id BIGINT PRIMARY KEY, name TEXT)")
        await tx.execute_many("INSERT INTO things VALUES ($1, $2)", [(1, "one"), (2, "two"), (3, None)])
    return engine


async def test_what_a_block_wrote_is_there_after_it(things: Engine) -> None:
    async with things.read() as tx:
        assert await tx.fetch("SELECT thing_id, name FROM things ORDER BY thing_id") == [
            (1, "one"),
            (2, "two"),
            (3, None),
        ]
        assert await tx.fetch_one("SELECT name FROM things WHERE thing_id = $1", 9) is None


async def test_a_block_that_raises_leaves_nothing(things: Engine) -> None:
    with pytest.raises(ZeroDivisionError):
        async with things.write() as tx:
            assert await tx.execute("DELETE FROM things WHERE thing_id {in_ints:$1}", [1, 2]) == 2
            raise ZeroDivisionError
    async with things.read() as tx:
        assert await tx.fetch_one("SELECT count(*) FROM things") == (3,)


async def test_a_cancelled_block_leaves_nothing_and_blocks_nobody(things: Engine) -> None:
    async def hang() -> None:
        async with things.write() as tx:
            await tx.execute("DELETE FROM things")
            await asyncio.sleep(60)

    task = asyncio.create_task(hang())
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with things.write() as tx:
        assert await tx.fetch_one("SELECT count(*) FROM things") == (3,)


async def test_a_taken_key_is_a_clash_and_not_a_bug(things: Engine) -> None:
    with pytest.raises(UniqueClash):
        async with things.write() as tx:
            await tx.execute("INSERT INTO things VALUES ($1, $2)", 1, "again")
    with pytest.raises(UniqueClash):
        async with things.write() as tx:
            await tx.copy("things", ["thing_id", "name"], [(4, "four"), (1, "again")])
    async with things.read() as tx:
        assert await tx.fetch("SELECT name FROM things WHERE name {in_texts:$1}", ["four", "two"]) == [("two",)]


async def test_migrating_twice_applies_nothing_the_second_time(engine: Engine) -> None:
    assert await migrate(engine) == []


async def test_a_schema_from_the_future_is_refused(engine: Engine) -> None:
    async with engine.write() as tx:
        await tx.execute("INSERT INTO schema_version (number, name) VALUES (9999, 'future')")
    with pytest.raises(SchemaTooNew, match="9999"):
        await migrate(engine)
