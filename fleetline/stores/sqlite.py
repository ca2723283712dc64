"""SQLite through apsw: one writer connection on its own thread, some readers on theirs, write-ahead log, full sync."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Final, TypeVar

import apsw

from fleetline.model.errors import Unavailable
from fleetline.stores.engine import UniqueClash, sqlite_sql

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


class Seat:
    """One connection and the only thread that ever touches it."""

    def __init__(self, connection: apsw.Connection, name: str) -> None:
        self.connection = connection
        self.lock = asyncio.Lock()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=name)

    async def run(self, work: Callable[[], T]) -> T:
        """`work()` on the seat's thread, engine faults translated."""
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work)
        except apsw.ConstraintError as fault:
            raise UniqueClash(str(fault)) from fault
        except _AWAY as fault:
            raise Unavailable(str(fault)) from fault

    def later(self, work: Callable[[], object]) -> None:
        """`work()` after everything asked before, without waiting for it."""
        self._thread.submit(work)

    def end_read(self) -> None:
        """Close a read transaction, if one is open (a failed first statement leaves none)."""
        if self.connection.in_transaction:
            self.connection.execute("ROLLBACK").fetchall()

    def close(self) -> None:
        self._thread.submit(self.connection.close).result()
        self._thread.shutdown()


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
            return await self._seat.run(work)
        self.begun = True

        def first() -> T:
            self._seat.connection.execute(self._begin).fetchall()
            return work()

        return await self._seat.run(first)

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
        text, bound = sqlite_sql(sql), [tuple(map(_parameter, row)) for row in rows]
        await self._run(lambda: self._seat.connection.executemany(text, bound).fetchall())

    async def copy(self, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        marks = ", ".join(f"${index + 1}" for index in range(len(columns)))
        await self.execute_many(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})", rows)


class SqliteEngine:
    """An embedded database in one file."""

    name = "sqlite"

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._writer = Seat(open_connection(path), "fleetline-writer")
        self._readers: asyncio.Queue[Seat] = asyncio.Queue()
        self._seats = [Seat(open_connection(path), f"fleetline-reader-{index}") for index in range(READERS)]
        for seat in self._seats:
            self._readers.put_nowait(seat)
        self.statements = 0

    @asynccontextmanager
    async def read(self) -> AsyncIterator[SqliteConnection]:
        seat = await self._readers.get()
        connection = SqliteConnection(seat, "BEGIN")
        try:
            yield connection
        finally:
            if connection.begun:
                # nothing depends on how a read ends: its thread closes it before the next one begins
                seat.later(seat.end_read)
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
                await seat.run(lambda: seat.connection.execute("COMMIT").fetchall())
        except BaseException:
            # a cancelled or failed block must never leave its transaction open for the next one
            if connection.begun:
                with suppress(Unavailable, UniqueClash, apsw.SQLError):
                    await asyncio.shield(seat.run(lambda: seat.connection.execute("ROLLBACK").fetchall()))
            raise
        finally:
            self.statements += connection.statements

    async def close(self) -> None:
        for seat in (*self._seats, self._writer):
            seat.close()
