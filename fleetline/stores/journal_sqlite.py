"""The journal in SQLite: a file of its own, so that filing and reading never hold up an acknowledgement."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final, TypeVar

import apsw

from fleetline.model.errors import Unavailable
from fleetline.stores.sqlite import _AWAY, open_connection

T = TypeVar("T")

PAGE_BYTES: Final = 32768
CHECKPOINT_PAGES: Final = 2048
"""64 MiB of log before it is folded back into the file."""


class SqliteJournal:
    """See `core.ports.journal.Journal`."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._connection = open_connection(path, page_bytes=PAGE_BYTES, checkpoint_pages=CHECKPOINT_PAGES)
        self._connection.execute(
            "CREATE TABLE IF NOT EXISTS journal (journal_id INTEGER PRIMARY KEY AUTOINCREMENT, body BLOB NOT NULL)"
        )
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="fleetline-journal")

    async def append(self, body: bytes) -> int:
        return int(await self._run("INSERT INTO journal (body) VALUES (?1)", (body,), self._last_id))

    async def read_after(self, journal_id: int, limit: int) -> list[tuple[int, bytes]]:
        sql = "SELECT journal_id, body FROM journal WHERE journal_id > ?1 ORDER BY journal_id LIMIT ?2"
        rows: list[tuple[int, bytes]] = await self._run(sql, (journal_id, limit), list)
        return rows

    async def forget(self, journal_id: int) -> None:
        await self._run("DELETE FROM journal WHERE journal_id <= ?1", (journal_id,), lambda rows: None)

    async def put_back(self, rows: Sequence[tuple[int, bytes]]) -> None:
        """Rows of a backup under the ids they had."""

        def work() -> None:
            with self._connection:
                self._connection.executemany("INSERT INTO journal (journal_id, body) VALUES (?1, ?2)", rows)

        await asyncio.get_running_loop().run_in_executor(self._thread, work)

    async def close(self) -> None:
        await asyncio.get_running_loop().run_in_executor(self._thread, self._connection.close)
        self._thread.shutdown()

    def _last_id(self, _: object) -> int:
        return int(self._connection.last_insert_rowid())

    async def _run(self, sql: str, parameters: tuple[Any, ...], result: Any) -> Any:
        def work() -> Any:
            return result(self._connection.execute(sql, parameters).fetchall())

        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work)
        except _AWAY as fault:
            raise Unavailable(str(fault)) from fault
