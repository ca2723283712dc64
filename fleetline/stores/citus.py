"""PostgreSQL as a cluster: what hangs on a device is spread by device, the journal by intake, everything else stays
together.
"""

from typing import Final

from fleetline.model.errors import Invalid
from fleetline.stores.engine import Engine

BY_DEVICE: Final = ("latest", "parts", "segments", "marks", "routes", "days", "events", "refusals")
"""Distributed by `device_id` and placed together, so that statements on one device touch one node."""
OWN_KEYS: Final = {"parts": "part_id", "events": "event_id", "refusals": "refusal_id", "journal": "journal_id"}
"""Tables whose key is a number of their own: a distributed key has to begin with the column that places the row."""


async def distribute_tables(engine: Engine) -> list[str]:
    """Spread the tables; names of those that were not spread before.

    errors  Invalid when the database is no PostgreSQL with Citus and at least one worker node
    """
    if engine.name != "postgres":
        raise Invalid("database", "only PostgreSQL with the Citus extension can be distributed")
    async with engine.read() as tx:
        if await tx.fetch_one("SELECT 1 FROM pg_extension WHERE extname = 'citus'") is None:
            raise Invalid("database", "has no Citus extension; as its superuser run: CREATE EXTENSION citus")
        nodes = await tx.fetch_one("SELECT count(*) FROM pg_dist_node WHERE isactive AND shouldhaveshards")
        if nodes is None or not nodes[0]:
            raise Invalid("database", "has no active worker node; add one with citus_add_node")
        spread = {row[0] for row in await tx.fetch("SELECT logicalrelid::text FROM pg_dist_partition")}
    done = []
    for table in (*BY_DEVICE, "journal"):
        if table in spread:
            continue
        column = "intake" if table == "journal" else "device_id"
        async with engine.write() as tx:
            if table in OWN_KEYS:
                await tx.execute(f"ALTER TABLE {table} DROP CONSTRAINT {table}_pkey")
                await tx.execute(f"ALTER TABLE {table} ADD PRIMARY KEY ({column}, {OWN_KEYS[table]})")
            together = "none" if table in ("latest", "journal") else "latest"
            await tx.fetch(
                "SELECT create_distributed_table($1::text, $2::text, colocate_with => $3::text)",
                table,
                column,
                together,
            )
        done.append(table)
    return done
