"""PostgreSQL through asyncpg: a pool of connections, synchronous commit, one statement text for both engines."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from itertools import chain
from typing import Any, Final

import asyncpg

from fleetline.core.ports.pledge import PLEDGE, Moved, Pledge
from fleetline.model.errors import Unavailable
from fleetline.stores.engine import UniqueClash, postgres_sql, several_rows
from fleetline.stores.tables.access import ACCESS_VERSION
from fleetline.stores.tidying import Tidying

LOCK_TIMEOUT_MS: Final = 10_000
CONNECT_S: Final = 10
COMMAND_S: Final = 60
LARGEST_INSERT: Final = 1024
"""Rows in one statement, a power of four; with up to thirty columns it stays below the 32,767 parameters allowed."""
SESSION: Final = {
    "lock_timeout": str(LOCK_TIMEOUT_MS),
    "jit": "off",
    "application_name": "fleetline",
    # a plan made while a table was small would be kept after a hundred thousand rows came in, and read all of them
    "plan_cache_mode": "force_custom_plan",
    # for clusters: what we ask is small, and one connection to each node sees one moment of that node
    "citus.max_adaptive_executor_pool_size": "1",
    # to hide its shards a cluster looks at every table for each type that a new connection asks for: a second or so
    "citus.override_table_visibility": "off",
    "synchronous_commit": "on",
    # no disk of today costs more: else lists are sorted anew instead of read in the order that an index keeps
    "random_page_cost": "1.1",
}
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
    asyncpg.PostgresSystemError,
    # a coordinator's word for a node that goes away in the middle of a statement
    asyncpg.InternalServerError,
)
_LOST: Final = (OSError, asyncpg.InterfaceError, asyncpg.PostgresConnectionError, asyncpg.OperatorInterventionError)


class PostgresConnection:
    """One transaction on a pooled connection; see `engine.Connection`."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self.statements = 0
        self.loaded: dict[str, int] = {}

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

    async def fetch_many(self, sql: str, rows: Sequence[Sequence[Any]]) -> list[tuple[Any, ...]]:
        self.statements += 1
        return [tuple(row) for row in await self._connection.fetchmany(postgres_sql(sql), rows)]

    async def insert_many(self, sql: str, rows: Sequence[Sequence[Any]]) -> None:
        place = 0
        for count in _batches(len(rows)):
            some = rows[place : place + count]
            place += count
            await self.execute(several_rows(sql, len(some[0]), count), *chain.from_iterable(some))

    async def copy(self, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        self.statements += 1
        self.loaded[table] = self.loaded.get(table, 0) + len(rows)
        await self._connection.copy_records_to_table(table, columns=list(columns), records=rows)


def _batches(count: int) -> Iterator[int]:
    """So many rows in few statements of few different lengths, so that their plans are met again."""
    size = LARGEST_INSERT
    while count:
        while size > count:
            size //= 4
        yield size
        count -= size


class PostgresEngine:
    """A PostgreSQL database that several processes or hosts may share."""

    name = "postgres"
    compares_in_passing = True

    def __init__(self, url: str, pool: Any) -> None:
        self.url = url
        self.pool = pool
        self.statements = 0
        self._glance = Glance(url)
        self._tidying = Tidying(pool)

    @classmethod
    async def open(cls, url: str, *, largest: int = 10) -> "PostgresEngine":
        """errors: Unavailable when no server answers or the URL is refused."""
        try:
            pool = await asyncpg.create_pool(
                url,
                min_size=1,
                max_size=largest,
                command_timeout=COMMAND_S,
                server_settings=SESSION,
            )
        except (*_AWAY, asyncpg.PostgresError, ValueError) as fault:
            raise Unavailable(str(fault) or type(fault).__name__) from fault
        return cls(url, pool)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[PostgresConnection]:
        async with self._transaction("ISOLATION LEVEL REPEATABLE READ READ ONLY") as connection:
            yield connection

    @asynccontextmanager
    async def write(self) -> AsyncIterator[PostgresConnection]:
        async with self._transaction("ISOLATION LEVEL READ COMMITTED") as connection:
            yield connection

    @asynccontextmanager
    async def _transaction(self, kind: str) -> AsyncIterator[PostgresConnection]:
        try:
            async with self.pool.acquire(timeout=10) as raw, _begun(raw, kind, PLEDGE.get()):
                connection = PostgresConnection(raw)
                try:
                    yield connection
                finally:
                    self.statements += connection.statements
            if connection.loaded:
                self._tidying.note(connection.loaded)
        except asyncpg.UniqueViolationError as fault:
            raise UniqueClash(str(fault)) from fault
        except (*_AWAY, TimeoutError) as fault:
            if isinstance(
                fault, ValueError
            ):  # asyncpg's word for a parameter of the wrong type: our bug, not the server's
                raise
            raise Unavailable(str(fault) or type(fault).__name__) from fault

    async def peek(self, sql: str, *parameters: Any) -> tuple[Any, ...] | None:
        self.statements += 1
        try:
            return await self._glance.first(postgres_sql(sql), *parameters)
        except (*_AWAY, TimeoutError) as fault:
            raise Unavailable(str(fault) or type(fault).__name__) from fault

    async def close(self) -> None:
        await self._tidying.close()
        await self._glance.close()
        await self.pool.close()


@asynccontextmanager
async def _begun(raw: Any, kind: str, pledge: Pledge | None) -> AsyncIterator[None]:
    """A transaction on that connection; in the trip that begins it an open pledge is compared. errors: Moved"""
    compares = pledge is not None and pledge.is_open
    begun = await raw.execute(f"BEGIN {kind};{_compared(pledge.version) if pledge and compares else ''}")
    try:
        if pledge is not None and compares:
            if begun != "SELECT 1":
                raise Moved
            pledge.kept = True
        yield
    except BaseException:
        if not raw.is_closed():
            await raw.execute("ROLLBACK")
        raise
    await raw.execute("COMMIT")


def _compared(version: int | None) -> str:
    """A statement whose completion says `SELECT 1` when that is the access version, else `SELECT 0`."""
    return f" SELECT 1 WHERE COALESCE(({ACCESS_VERSION}), 0) = {version}"


class Glance:
    """One connection for single statements: whoever comes while one is under way shares the next one's answer."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._connection: Any = None
        self._busy = asyncio.Lock()
        self._next: dict[tuple[Any, ...], asyncio.Task[tuple[Any, ...] | None]] = {}

    async def first(self, *asked: Any) -> tuple[Any, ...] | None:
        """The first row of a statement with its parameters; errors: asyncpg's."""
        if not self._busy.locked():
            async with self._busy:
                return await self._ask(asked)
        # the statement under way may have seen a moment before this call
        if asked not in self._next:
            self._next[asked] = asyncio.create_task(self._ask_next(asked))
        return await asyncio.shield(self._next[asked])

    async def _ask_next(self, asked: tuple[Any, ...]) -> tuple[Any, ...] | None:
        async with self._busy:
            del self._next[asked]
            return await self._ask(asked)

    async def _ask(self, asked: tuple[Any, ...]) -> tuple[Any, ...] | None:
        if self._connection is not None and not self._connection.is_closed():
            try:
                return _plain(await self._connection.fetchrow(*asked))
            except _LOST:
                # the server was away since the call before: a new connection tells whether it still is
                self._connection.terminate()
        self._connection = await asyncpg.connect(
            self._url, command_timeout=COMMAND_S, server_settings={"application_name": "fleetline"}
        )
        return _plain(await self._connection.fetchrow(*asked))

    async def close(self) -> None:
        if self._connection is not None:
            await self._connection.close()


def _plain(row: Any) -> tuple[Any, ...] | None:
    return tuple(row) if row is not None else None
