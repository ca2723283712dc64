"""Transactions whose owner takes his time between two statements."""

import asyncio

from fleetline.stores.engine import Engine

LONGER_THAN_ANY_LINGERING_S = 0.2


async def counted(engine: Engine) -> int:
    async with engine.read() as connection:
        row = await connection.fetch_one("SELECT next FROM counters WHERE name = 'pause'")
    return int(row[0]) if row else 0


async def test_a_write_that_pauses_is_still_one_transaction(engine: Engine) -> None:
    async with engine.write() as connection:
        await connection.execute("INSERT INTO counters (name, next) VALUES ('pause', 1)")
    try:
        async with engine.write() as connection:
            await connection.execute("UPDATE counters SET next = 2 WHERE name = 'pause'")
            await asyncio.sleep(LONGER_THAN_ANY_LINGERING_S)
            await connection.execute("UPDATE counters SET next = next + 10 WHERE name = 'pause'")
            raise LookupError
    except LookupError:
        pass
    assert await counted(engine) == 1, "nothing of a write that failed stays"
    async with engine.write() as connection:
        await connection.execute("UPDATE counters SET next = 2 WHERE name = 'pause'")
        await asyncio.sleep(LONGER_THAN_ANY_LINGERING_S)
        await connection.execute("UPDATE counters SET next = next + 10 WHERE name = 'pause'")
    assert await counted(engine) == 12, "nor is the first half of one that ended well lost"
