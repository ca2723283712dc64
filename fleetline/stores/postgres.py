"""PostgreSQL through asyncpg: a pool of connections, synchronous commit, one statement text for both engines."""

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

import asyncpg

from fleetline.model.errors import Unavailable
from fleetline.stores.engine import UniqueClash, postgres_sql

LOCK_TIMEOUT_MS: Final = 10_000
_AWAY: Final = (
    OSError,
    asyncpg.InterfaceError,
    asyncpg.PostgresConnectionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.LockNotAvailableError,
    asyncpg.OperatorInterventionError,
    asyncpg.SerializationError,
    asyncpg.DeadlockDetectedError,
    asyncpg.ReadOnlySQLTransactionError,
)


class PostgresConnection:
    """One transaction on a pooled connection; see `engine.Connection`."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self.statements = 0

    async def fetch(self, sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
        self.statements += 1
        return [tuple(row) for row in await self._connection.fetch(postgres_sql(sql), *parameters)]

    async def fetch_one(self, sql: str, *parameters: Any) -> tuple[Any, ...] | None:
        self.statements += 1
        row = await self._connection.fetchrow(postgres_sql(sql), *parameters)
        return tuple(row) if row is not None else None

    async def execute(self, sql: str, *parameters: Any) -> int:
        self.statements += 1
        tag = await self._connection.execute(postgres_sql(sql), *parameters)
        last = tag.rsplit(" ", 1)[-1]
        return int(last) if last.isdigit() else 0

    async def execute_many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        self.statements += 1
        await self._connection.executemany(postgres_sql(sql), rows)

    async def copy(self, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        self.statements += 1
        await self._connection.copy_records_to_table(table, columns=list(columns), records=rows)


class PostgresEngine:
    """A PostgreSQL database that several processes or hosts may share."""

    name = "postgres"

    def __init__(self, url: str, pool: Any) -> None:
        self.url = url
        self.pool = pool
        self.statements = 0

    @classmethod
    async def open(cls, url: str, *, largest: int = 10) -> "PostgresEngine":
        """errors: Unavailable when no server answers or the URL is refused."""
        try:
            pool = await asyncpg.create_pool(
                url,
                min_size=1,
                max_size=largest,
                command_timeout=60,
                server_settings={"lock_timeout": str(LOCK_TIMEOUT_MS), "jit": "off", "application_name": "fleetline"},
            )
        except (*_AWAY, asyncpg.PostgresError, ValueError) as fault:
            raise Unavailable(str(fault) or type(fault).__name__) from fault
        return cls(url, pool)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[PostgresConnection]:
        async with self._transaction(isolation="repeatable_read", readonly=True) as connection:
            yield connection

    @asynccontextmanager
    async def write(self) -> AsyncIterator[PostgresConnection]:
        async with self._transaction(isolation="read_committed", readonly=False) as connection:
            yield connection

    @asynccontextmanager
    async def _transaction(self, *, isolation: str, readonly: bool) -> AsyncIterator[PostgresConnection]:
        try:
            async with self.pool.acquire(timeout=10) as raw, raw.transaction(isolation=isolation, readonly=readonly):
                connection = PostgresConnection(raw)
                try:
                    yield connection
                finally:
                    self.statements += connection.statements
        except asyncpg.UniqueViolationError as fault:
            raise UniqueClash(str(fault)) from fault
        except (*_AWAY, TimeoutError) as fault:
            if isinstance(
                fault, ValueError
            ):  # asyncpg's word for a parameter of the wrong type: our bug, not the server's
                raise
            raise Unavailable(str(fault) or type(fault).__name__) from fault

    async def close(self) -> None:
        await self.pool.close()
