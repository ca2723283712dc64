"""The journal in SQLite: a table in files of its own, so that filing and reading never hold up an acknowledgement.

Each file takes groups until it is large enough, then the next one, made ready beforehand, takes over. A file whose
groups
are all filed is removed whole. So nothing is ever deleted from a file, no checkpoint runs on the way of an
acknowledgement (what is written stays in the write-ahead log), and each byte is written once.
"""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import apsw
import zstandard

from fleetline.core.groups import squeezed
from fleetline.model.errors import Unavailable
from fleetline.stores.sqlite import _AWAY, open_connection

PAGE_BYTES: Final = 32768
FILE_BYTES: Final = 64 * 2**20
LEVEL: Final = -1
"""zstd level of a group: packing it costs less than writing what it saves, and other threads run meanwhile."""


@dataclass(slots=True)
class _File:
    """One file; `first` is the least journal id it may hold, `last` the greatest it does (first - 1 when empty)."""

    path: Path
    connection: apsw.Connection
    first: int
    last: int
    size: int = 0


class SqliteJournal:
    """See `core.ports.journal.Journal`. Files are `STEM-NNNNNNNN.db` in one folder."""

    def __init__(self, folder: Path, stem: str, file_bytes: int = FILE_BYTES) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._stem, self._file_bytes = folder, stem, file_bytes
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="fleetline-journal")
        self._compressor = zstandard.ZstdCompressor(level=LEVEL)
        self._files = [self._open(path) for path in sorted(folder.glob(f"{stem}-*.db"))]
        if not self._files:
            self._files.append(self._make(1))

    async def append(self, body: bytes) -> int:
        return int(await self._run(self._append, body))

    async def read_after(self, journal_id: int, limit: int) -> list[tuple[int, bytes]]:
        rows: list[tuple[int, bytes]] = await self._run(self._read_after, journal_id, limit)
        return rows

    async def forget(self, journal_id: int) -> None:
        if len(self._files) > 1:
            await self._run(self._forget, journal_id)

    async def put_back(self, rows: Sequence[tuple[int, bytes]]) -> None:
        """Rows of a backup under the ids they had."""
        await self._run(self._put_back, rows)

    async def close(self) -> None:
        await asyncio.get_running_loop().run_in_executor(self._thread, self._close)
        self._thread.shutdown()

    async def _run(self, work: Any, *arguments: Any) -> Any:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work, *arguments)
        except (*_AWAY, OSError) as fault:
            raise Unavailable(str(fault)) from fault

    # what runs on the journal's own thread

    def _append(self, body: bytes) -> int:
        file = self._files[-1]
        if file.size >= self._file_bytes:
            file = self._make(file.last + 1)
            self._files.append(file)
        body = squeezed(body, self._compressor)
        file.connection.execute("INSERT INTO journal (journal_id, body) VALUES (?1, ?2)", (file.last + 1, body))
        file.last += 1
        file.size += len(body)
        return file.last

    def _read_after(self, journal_id: int, limit: int) -> list[tuple[int, bytes]]:
        rows: list[tuple[int, bytes]] = []
        for file in self._files:
            if file.last > journal_id and len(rows) < limit:
                sql = "SELECT journal_id, body FROM journal WHERE journal_id > ?1 ORDER BY journal_id LIMIT ?2"
                rows += file.connection.execute(sql, (journal_id, limit - len(rows)))
        return rows

    def _forget(self, journal_id: int) -> None:
        while len(self._files) > 1 and self._files[0].last <= journal_id:
            file = self._files.pop(0)
            # closing would fold the log back into the file first, for nothing
            _without_checkpoint(file.connection)
            file.connection.close()
            for path in (file.path, *(Path(f"{file.path}{end}") for end in ("-wal", "-shm"))):
                with suppress(FileNotFoundError):
                    path.unlink()

    def _put_back(self, rows: Sequence[tuple[int, bytes]]) -> None:
        file = self._files[-1]
        with file.connection:
            file.connection.executemany("INSERT INTO journal (journal_id, body) VALUES (?1, ?2)", rows)
        file.last = max([file.last, *(number for number, _ in rows)])

    def _close(self) -> None:
        for file in self._files:
            _without_checkpoint(file.connection)
            file.connection.close()

    def _make(self, first: int) -> _File:
        path = self._folder / f"{self._stem}-{first:012d}.db"
        connection = _connect(path)
        connection.execute("CREATE TABLE IF NOT EXISTS journal (journal_id INTEGER PRIMARY KEY, body BLOB NOT NULL)")
        return _File(path, connection, first, first - 1)

    def _open(self, path: Path) -> _File:
        file = self._make(int(path.stem.rsplit("-", 1)[1]))
        (greatest,) = next(iter(file.connection.execute("SELECT max(journal_id) FROM journal")))
        file.last = max(file.last, greatest or 0)
        file.size = path.stat().st_size
        return file


def _connect(path: Path) -> apsw.Connection:
    return open_connection(path, page_bytes=PAGE_BYTES, checkpoint_pages=0)


def _without_checkpoint(connection: apsw.Connection) -> None:
    connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
