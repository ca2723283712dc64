"""The journal as a table of PostgreSQL, on a connection of its own."""

import asyncio
from typing import Any, Final

import asyncpg

from fleetline.model.errors import Unavailable
from fleetline.stores.postgres import _AWAY

CONNECT_S: Final = 10


class PostgresJournal:
    """See `core.ports.journal.Journal`."""

    def __init__(self, url: str, intake: int) -> None:
        self._url = url
        self._intake = intake
        self._connection: Any = None
        self._lock = asyncio.Lock()

    async def append(self, body: bytes) -> int:
        return int(
            await self._run(
                "fetchval",
                "INSERT INTO journal (intake, body) VALUES ($1, $2) RETURNING journal_id",
                self._intake,
                body,
            )
        )

    async def read_after(self, journal_id: int, limit: int) -> list[tuple[int, bytes]]:
        sql = "SELECT journal_id, body FROM journal WHERE intake = $1 AND journal_id > $2 ORDER BY journal_id LIMIT $3"
        return [(int(row[0]), row[1]) for row in await self._run("fetch", sql, self._intake, journal_id, limit)]

    async def forget(self, journal_id: int) -> None:
        await self._run(
            "execute", "DELETE FROM journal WHERE intake = $1 AND journal_id <= $2", self._intake, journal_id
        )

    async def close(self) -> None:
        if self._connection is not None:
            await self._connection.close()

    async def _run(self, verb: str, sql: str, *parameters: Any) -> Any:
        async with self._lock:
            try:
                if self._connection is None or self._connection.is_closed():
                    self._connection = await asyncpg.connect(
                        self._url, timeout=CONNECT_S, command_timeout=30, server_settings={"synchronous_commit": "on"}
                    )
                return await getattr(self._connection, verb)(sql, *parameters)
            except (*_AWAY, TimeoutError, asyncpg.PostgresError) as fault:
                raise Unavailable(str(fault) or type(fault).__name__) from fault
