"""PostgreSQL knows of a mass of rows at once, and plans by the keys that a statement names."""

from typing import Any, cast

import pytest

from fleetline.stores.engine import Engine
from fleetline.stores.postgres import PostgresEngine
from fleetline.stores.tidying import FIRST_ROWS

COLUMNS = (
    "id_scope", "vehicle_id", "account_id", "external_id", "id_key", "name", "name_key", "name_claim", "created_at_ms",
    "modified_at_ms", "revision",
)  # fmt: skip


@pytest.fixture
def postgres_engine(engine: Engine) -> PostgresEngine:
    if engine.name != "postgres":
        pytest.skip("SQLite keeps no statistics of this kind")
    return cast(PostgresEngine, engine)


async def load(engine: Engine, count: int) -> None:
    rows = [("a", n, "a", f"v{n}", f"v{n}", f"N{n}", f"n{n}", f"n{n}", 0, 0, 1) for n in range(count)]
    async with engine.write() as tx:
        await tx.copy("vehicles", COLUMNS, rows)


async def known_rows(engine: Engine) -> int:
    async with engine.read() as tx:
        [(rows,)] = await tx.fetch("SELECT reltuples::bigint FROM pg_class WHERE relname = 'vehicles'")
    return int(rows)


async def test_a_few_rows_are_left_to_the_server(postgres_engine: PostgresEngine) -> None:
    await load(postgres_engine, 100)
    await postgres_engine._tidying.close()
    assert await known_rows(postgres_engine) <= 0


async def test_a_table_is_looked_through_once_many_rows_came_in_and_closing_waits_for_it(
    postgres_engine: PostgresEngine,
) -> None:
    await load(postgres_engine, FIRST_ROWS)
    await postgres_engine._tidying.close()
    assert await known_rows(postgres_engine) == FIRST_ROWS


async def test_a_plan_made_while_a_table_was_small_is_not_kept(postgres_engine: PostgresEngine) -> None:
    async with postgres_engine.read() as tx:
        settings: dict[str, Any] = dict(
            await tx.fetch("SELECT name, setting FROM pg_settings WHERE name IN ('plan_cache_mode', 'jit')")
        )
    assert settings == {"plan_cache_mode": "force_custom_plan", "jit": "off"}
