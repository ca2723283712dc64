"""SQLite through apsw: one writer connection on its own thread, some readers on theirs, write-ahead log, full sync."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Final, TypeVar

import apsw

from fleetline.model.errors import Unavailable
from fleetline.stores.engine import UniqueClash, several_rows, sqlite_sql
from fleetline.stores.seat import Seat

T = TypeVar("T")

READERS: Final = 3
BUSY_MS: Final = 10_000
PAGE_BYTES: Final = 8192
_AWAY: Final = (
    apsw.FullError, apsw.IOError, apsw.BusyError, apsw.CantOpenError, apsw.ReadOnlyError,
    apsw.LockedError, apsw.CorruptError, apsw.NotADBError, apsw.ProtocolError,
)  # fmt: skip


def _parameter(value: Any) -> Any:
    return json.dumps(list(value)) if isinstance(value, list | tuple) else value


def open_connection(path: Path, *, page_bytes: int = PAGE_BYTES, checkpoint_pages: int = 4000) -> apsw.Connection:
    """A connection whose commits are on the disk when they return (synchronous=FULL, write-ahead log)."""
    try:
        connection = apsw.Connection(str(path))
        connection.set_busy_timeout(BUSY_MS)
        connection.execute(f"PRAGMA page_size={page_bytes}")
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute(f"PRAGMA wal_autocheckpoint={checkpoint_pages}")
        connection.execute("PRAGMA temp_store=MEMORY")
    except _AWAY as fault:
        raise Unavailable(f"{path}: {fault}") from fault
    return connection


async def run_on(seat: Seat, work: Callable[[], T]) -> T:
    """`work()` on the seat's thread, engine faults translated."""
    try:
        return await seat.run(work)
    except apsw.ConstraintError as fault:
        raise UniqueClash(str(fault)) from fault
    except _AWAY as fault:
        raise Unavailable(str(fault)) from fault


class SqliteConnection:
    """One transaction on a seat; see `engine.Connection`."""

    def __init__(self, seat: Seat, begin: str) -> None:
        self._seat = seat
        self._begin = begin
        self.begun = False
        self.statements = 0

    async def _run(self, work: Callable[[], T]) -> T:
        """On the seat's thread; the transaction begins with its first statement, which saves a trip there."""
        self.statements += 1
        if self.begun:
            return await run_on(self._seat, work)
        self.begun = True

        def first() -> T:
            self._seat.end_read()  # of whoever sat here before
            self._seat.connection.execute(self._begin).fetchall()
            return work()

        return await run_on(self._seat, first)

    async def fetch(self, sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
        text, bound = sqlite_sql(sql), tuple(map(_parameter, parameters))
        return await self._run(lambda: self._seat.connection.execute(text, bound).fetchall())

    async def fetch_one(self, sql: str, *parameters: Any) -> tuple[Any, ...] | None:
        rows = await self.fetch(sql, *parameters)
        return rows[0] if rows else None

    async def execute(self, sql: str, *parameters: Any) -> int:
        text, bound = sqlite_sql(sql), tuple(map(_parameter, parameters))

        def work() -> int:
            self._seat.connection.execute(text, bound).fetchall()
            return self._seat.connection.changes()

        return await self._run(work)

    async def execute_many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        text = sqlite_sql(sql)
        # only {in_...} takes lists, and it is spelled json_each here: everything else is bound as it is
        bound = [tuple(map(_parameter, row)) for row in rows] if "json_each" in text else list(rows)
        await self._run(lambda: self._seat.connection.executemany(text, bound).fetchall())

    async def fetch_many(self, sql: str, rows: Sequence[Sequence[Any]]) -> list[tuple[Any, ...]]:
        text, bound = sqlite_sql(sql), [tuple(map(_parameter, row)) for row in rows]
        return await self._run(lambda: self._seat.connection.executemany(text, bound).fetchall())

    async def insert_many(self, sql: str, rows: Sequence[Sequence[Any]]) -> None:
        if rows:
            await self.execute_many(several_rows(sql, len(rows[0]), 1), rows)

    async def copy(self, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        marks = ", ".join(f"${index + 1}" for index in range(len(columns)))
        await self.execute_many(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})", rows)


class SqliteEngine:
    """An embedded database in one file."""

    name = "sqlite"
    compares_in_passing = False

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._writer = Seat(open_connection(path), "fleetline-writer")
        self._glance = open_connection(path)
        # the loop itself looks through this one, so it must never wait there
        self._glance.set_busy_timeout(0)
        self._readers: asyncio.LifoQueue[Seat] = asyncio.LifoQueue()
        self._seats = [Seat(open_connection(path), f"fleetline-reader-{index}") for index in range(READERS)]
        for seat in self._seats:
            self._readers.put_nowait(seat)
        self.statements = 0

    @asynccontextmanager
    async def read(self) -> AsyncIterator[SqliteConnection]:
        seat = await self._readers.get()
        seat.free = False
        connection = SqliteConnection(seat, "BEGIN")
        try:
            yield connection
        finally:
            # nothing depends on how a read ends: the next one closes it, or its thread when none comes soon
            seat.free = True
            self.statements += connection.statements
            self._readers.put_nowait(seat)

    @asynccontextmanager
    async def write(self) -> AsyncIterator[SqliteConnection]:
        seat = self._writer
        async with seat.lock, self._transaction(seat) as connection:
            yield connection

    @asynccontextmanager
    async def _transaction(self, seat: Seat) -> AsyncIterator[SqliteConnection]:
        connection = SqliteConnection(seat, "BEGIN IMMEDIATE")
        try:
            yield connection
            if connection.begun:
                await run_on(seat, lambda: seat.connection.execute("COMMIT").fetchall())
        except BaseException:
            # a cancelled or failed block must never leave its transaction open for the next one
            if connection.begun:
                with suppress(Unavailable, UniqueClash, apsw.SQLError):
                    await asyncio.shield(run_on(seat, lambda: seat.connection.execute("ROLLBACK").fetchall()))
            raise
        finally:
            self.statements += connection.statements

    async def peek(self, sql: str, *parameters: Any) -> tuple[Any, ...] | None:
        self.statements += 1
        try:
            rows = self._glance.execute(sqlite_sql(sql), parameters).fetchall()
        except _AWAY:
            async with self.read() as connection:
                return await connection.fetch_one(sql, *parameters)
        return rows[0] if rows else None

    async def close(self) -> None:
        self._glance.close()
        for seat in (*self._seats, self._writer):
            seat.close()
