"""All journals of one installation: which intakes there are, and which of them no running process holds."""

import fcntl
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Protocol

import asyncpg

from fleetline.core.ports.journal import Journal
from fleetline.model.errors import Unavailable
from fleetline.stores.journal_postgres import PostgresJournal
from fleetline.stores.journal_sqlite import SqliteJournal
from fleetline.stores.postgres import PostgresEngine

PAGE: Final = 64
LOCK_CLASS: Final = 0x464C  # "FL": keeps our advisory locks apart from anybody else's
MOST_INTAKES: Final = 64


class Claim(Protocol):
    """A hold on one intake that ends with the process at the latest."""

    intake: int

    async def release(self) -> None: ...


class Journals(Protocol):
    """The journals beside one database."""

    async def claim(self, intake: int) -> Claim | None:
        """Hold an intake; None when another process does."""
        ...

    async def known(self) -> list[int]:
        """Intakes that ever wrote."""
        ...

    async def open(self, intake: int) -> Journal: ...
    def everything(self, intake: int) -> AsyncIterator[list[tuple[int, bytes]]]: ...
    async def put_back(self, rows: Mapping[int, Sequence[tuple[int, bytes]]]) -> None:
        """Fill empty journals from a backup, with the ids they had."""
        ...


async def claim_free(journals: Journals) -> Claim:
    """The lowest intake that nobody holds. errors: Unavailable when there is none."""
    for intake in range(1, MOST_INTAKES + 1):
        if (claim := await journals.claim(intake)) is not None:
            return claim
    raise Unavailable(f"more than {MOST_INTAKES} processes take deliveries for one database")


async def claim_orphans(journals: Journals) -> list[Claim]:
    """Intakes that wrote once and that nobody holds now."""
    found = [await journals.claim(intake) for intake in await journals.known()]
    return [claim for claim in found if claim is not None]


class _FileClaim:
    def __init__(self, intake: int, handle: Any) -> None:
        self.intake = intake
        self._handle = handle

    async def release(self) -> None:
        self._handle.close()


class SqliteJournals:
    """Some files per intake, in the folder of the database."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def _open(self, intake: int) -> SqliteJournal:
        return SqliteJournal(self._folder, f"journal-{intake}")

    async def claim(self, intake: int) -> Claim | None:
        self._folder.mkdir(parents=True, exist_ok=True)
        handle = (self._folder / f"journal-{intake}.lock").open("a")
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            handle.close()
            return None
        return _FileClaim(intake, handle)

    async def known(self) -> list[int]:
        names = {path.stem.split("-")[1] for path in self._folder.glob("journal-*-*.db")}
        return sorted(int(name) for name in names if name.isdigit())

    async def open(self, intake: int) -> Journal:
        return self._open(intake)

    async def everything(self, intake: int) -> AsyncIterator[list[tuple[int, bytes]]]:
        journal = await self.open(intake)
        try:
            async for page in _walk(journal):
                yield page
        finally:
            await journal.close()

    async def put_back(self, rows: Mapping[int, Sequence[tuple[int, bytes]]]) -> None:
        for intake, many in rows.items():
            journal = self._open(intake)
            await journal.put_back(many)
            await journal.close()


class _LockClaim:
    def __init__(self, intake: int, connection: Any) -> None:
        self.intake = intake
        self._connection = connection

    async def release(self) -> None:
        await self._connection.close()


class PostgresJournals:
    """One table; an intake is held by an advisory lock on a connection that lives as long as its holder."""

    def __init__(self, engine: PostgresEngine) -> None:
        self._engine = engine

    async def claim(self, intake: int) -> Claim | None:
        try:
            connection = await asyncpg.connect(self._engine.url, timeout=10)
        except (OSError, asyncpg.PostgresError, TimeoutError) as fault:
            raise Unavailable(str(fault)) from fault
        if await connection.fetchval("SELECT pg_try_advisory_lock($1, $2)", LOCK_CLASS, intake):
            return _LockClaim(intake, connection)
        await connection.close()
        return None

    async def known(self) -> list[int]:
        async with self._engine.read() as tx:
            rows = await tx.fetch("SELECT intake FROM filed UNION SELECT DISTINCT intake FROM journal ORDER BY 1")
        return [int(row[0]) for row in rows]

    async def open(self, intake: int) -> Journal:
        return PostgresJournal(self._engine.url, intake)

    async def everything(self, intake: int) -> AsyncIterator[list[tuple[int, bytes]]]:
        journal = await self.open(intake)
        try:
            async for page in _walk(journal):
                yield page
        finally:
            await journal.close()

    async def put_back(self, rows: Mapping[int, Sequence[tuple[int, bytes]]]) -> None:
        async with self._engine.write() as tx:
            for intake, many in rows.items():
                await tx.copy(
                    "journal", ["journal_id", "intake", "body"], [(number, intake, body) for number, body in many]
                )
            await tx.fetch(
                "SELECT setval(pg_get_serial_sequence('journal', 'journal_id'), greatest("
                "(SELECT coalesce(max(journal_id), 0) FROM journal), (SELECT coalesce(max(journal_id), 0)"
                " FROM filed)) + 1,"
                " false)"
            )


async def _walk(journal: Journal) -> AsyncIterator[list[tuple[int, bytes]]]:
    last = 0
    while page := await journal.read_after(last, PAGE):
        yield page
        last = page[-1][0]
