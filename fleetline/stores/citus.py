"""PostgreSQL as a cluster: what hangs on a device is spread by device, the journal by intake, everything else stays
together.
"""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Final

import asyncpg

from fleetline.model.errors import Invalid, Unavailable
from fleetline.stores.engine import Connection, Engine
from fleetline.stores.postgres import _AWAY as AWAY
from fleetline.stores.postgres import CONNECT_S, SESSION, PostgresEngine
from fleetline.stores.tables.history import HistoryTables

BY_DEVICE: Final = ("latest", "parts", "segments", "marks", "routes", "days", "events", "refusals")
"""Distributed by `device_id` and placed together, so that statements on one device touch one node."""
OWN_KEYS: Final = {"parts": "part_id", "events": "event_id", "refusals": "refusal_id", "journal": "journal_id"}
"""Tables whose key is a number of their own: a distributed key has to begin with the column that places the row."""


DURABLE: Final = ("on", "local", "remote_write", "remote_apply")
"""Values of synchronous_commit by which a node that says it has a row has it on its disk."""


async def distribute_tables(engine: Engine) -> list[str]:
    """Spread the tables, with what is in them; names of those that were not spread before.

    Servers may run meanwhile: what they file waits, what they take is acknowledged until the journal's turn.

    errors  Invalid when the database is no PostgreSQL with Citus and at least one worker node; Unavailable
    """
    if not isinstance(engine, PostgresEngine):
        raise Invalid("database", "only PostgreSQL with the Citus extension can be distributed")
    try:
        # a connection of its own: to move what is there may take hours, and the pool's commands may not
        connection = await asyncpg.connect(engine.url, timeout=CONNECT_S, server_settings=SESSION)
        try:
            spread = await _spread_so_far(connection)
            done = [table for table in (*BY_DEVICE, "journal") if table not in spread]
            for table in done:
                await _distribute(connection, table)
        finally:
            await connection.close()
    except (*AWAY, asyncpg.PostgresError, TimeoutError) as fault:
        raise Unavailable(str(fault) or type(fault).__name__) from fault
    return done


async def _spread_so_far(connection: Any) -> set[str]:
    if await connection.fetchval("SELECT 1 FROM pg_extension WHERE extname = 'citus'") is None:
        raise Invalid("database", "has no Citus extension; as its superuser run: CREATE EXTENSION citus")
    if not await connection.fetchval("SELECT count(*) FROM pg_dist_node WHERE isactive AND shouldhaveshards"):
        raise Invalid("database", "has no active worker node; add one with citus_add_node")
    return {row[0] for row in await connection.fetch("SELECT logicalrelid::text FROM pg_dist_partition")}


async def _distribute(connection: Any, table: str) -> None:
    column = "intake" if table == "journal" else "device_id"
    together = "none" if table in ("latest", "journal") else "latest"
    async with connection.transaction():
        if table in OWN_KEYS:
            await connection.execute(f"ALTER TABLE {table} DROP CONSTRAINT {table}_pkey")
            await connection.execute(f"ALTER TABLE {table} ADD PRIMARY KEY ({column}, {OWN_KEYS[table]})")
        await connection.execute(
            "SELECT create_distributed_table($1::text, $2::text, colocate_with => $3::text)", table, column, together
        )
    # what was moved still lies on the coordinator, where nothing reads it any more
    await connection.execute("SELECT truncate_local_data_after_distributing_table($1::text)", table)


async def nodes_in_trouble(engine: Engine) -> dict[str, str] | None:
    """Of each worker node that cannot be relied on, what is wrong; None where nothing is distributed.

    errors  Unavailable when the coordinator cannot be asked
    """
    async with engine.read() as tx:
        if engine.name != "postgres" or await tx.fetch_one("SELECT to_regclass('pg_dist_partition')::text") == (None,):
            return None
        if not await tx.fetch("SELECT 1 FROM pg_dist_partition WHERE logicalrelid::text = 'journal'"):
            return None
        told = await tx.fetch(
            "SELECT nodename || ':' || nodeport, success, result FROM run_command_on_workers($1)",
            "SELECT current_setting('synchronous_commit') || ' ' || current_setting('fsync')",
        )
    found = {}
    for name, answered, said in told:
        commits, _, kept = said.partition(" ")
        if not answered:
            found[name] = f"does not answer: {said}"
        elif commits not in DURABLE or kept != "on":
            found[name] = f"has synchronous_commit {commits} and fsync {kept}"
    return found


@asynccontextmanager
async def one_moment(engine: Engine) -> AsyncIterator[Connection]:
    """As `engine.read()`, but of a cluster too it sees one moment: each node has its own, and all are taken while
    nobody files or folds.
    """
    async with AsyncExitStack() as stack:
        if isinstance(engine, PostgresEngine):
            async with engine.write() as gate:
                await HistoryTables(gate).next_version()  # nobody else gets one before this block ends
                tx: Connection = await stack.enter_async_context(engine.read())
                await tx.fetch("SELECT count(*) FROM latest WHERE version < 0")  # costs nothing, and asks every node
        else:
            tx = await stack.enter_async_context(engine.read())
        yield tx
