"""What PostgreSQL is told after many rows came into a table at once, instead of finding it out in a minute or so.

Until then it plans without statistics, sorts whole lists that an index keeps in order, and reads each row to see
whether it is there.
"""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final

import asyncpg

TABLES: Final = frozenset(
    {"vehicles", "drivers", "devices", "fittings", "registry_groups", "group_members", "registry_changes"}
)
"""Those that people fill all at once; what trackers fill grows all the time and is left to the server."""
FIRST_ROWS: Final = 10_000
"""New rows of a table after which it is looked through; then after twice as many, and so on."""


class Tidying:
    """Counts the rows that one process brings in, and has tables looked through in the background."""

    def __init__(self, pool: Any) -> None:
        self._pool = pool
        self._come: dict[str, int] = {}
        self._due: dict[str, int] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def note(self, rows: Mapping[str, int]) -> None:
        """These many rows of each table have just been committed."""
        for table, count in rows.items():
            if table not in TABLES:
                continue
            self._come[table] = self._come.get(table, 0) + count
            if self._come[table] >= self._due.get(table, FIRST_ROWS):
                self._due[table] = 2 * self._come[table]
                task = asyncio.create_task(self._look_through(table))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

    async def _look_through(self, table: str) -> None:
        # a server that is going down, or does not let us, does it by itself later on
        with suppress(OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
            async with self._pool.acquire(timeout=10) as connection:
                await connection.execute(f"VACUUM (ANALYZE, SKIP_LOCKED) {table}")

    async def close(self) -> None:
        """Wait for what is under way."""
        await asyncio.gather(*self._tasks, return_exceptions=True)
