"""What the serving processes of one host tell each other: whose device came to whom, and what each has counted.

Each listens on a socket of its own in a folder that their parent made for them; nobody else may enter it. A connection
carries lines: `links` and then JSON lists of [identifier, order], or one question, which is answered with the process
id on a line and then the answer.
"""

import asyncio
import contextlib
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import structlog

log = structlog.get_logger("fleetline.siblings")

FOLDER: Final = "FLEETLINE_SIBLINGS"
NUMBER: Final = "FLEETLINE_WORKER"
ASK_S: Final = 2.0
"""A process that takes longer to answer is left out, and said to be missing."""
LINE_BYTES: Final = 2**20
TOLD_AT_ONCE: Final = 4096

Answers = dict[int, tuple[int, bytes]]
"""Number of a process -> its process id, and what it said."""


class Siblings:
    """The other processes of one supervised server, seen from one of them."""

    def __init__(self, folder: Path, number: int, count: int) -> None:
        """number: which of the `count` processes this one is, from 0."""
        self.folder = folder
        self.number = number
        self.count = count
        self._answers: dict[str, Callable[[], bytes]] = {}
        self._elsewhere: Callable[[str, int], None] = lambda ident, order: None
        self._server: asyncio.Server | None = None
        self._tellers: dict[int, _Teller] = {}
        self._visits: set[asyncio.Task[None]] = set()

    def answer(self, question: str, with_what: Callable[[], bytes]) -> None:
        """How this process answers a question."""
        self._answers[question] = with_what

    def elsewhere(self, heard: Callable[[str, int], None]) -> None:
        """`heard(ident, order)` when a device has come to another process."""
        self._elsewhere = heard

    async def start(self) -> None:
        """Listen. Sessions may begin only afterwards: what is told to nobody is never heard."""
        path = self._path(self.number)
        path.unlink(missing_ok=True)  # of a process that was killed
        self._server = await asyncio.start_unix_server(self._serve, path, limit=LINE_BYTES)
        others = (number for number in range(self.count) if number != self.number)
        self._tellers = {number: _Teller(self._path(number)) for number in others}

    async def close(self) -> None:
        for teller in self._tellers.values():
            await teller.close()
        if self._server is not None:
            self._server.close()
        for visit in list(self._visits):
            visit.cancel()
        self._path(self.number).unlink(missing_ok=True)

    def announce(self, ident: str) -> int:
        """A device has come to this process; its order among all such moments of this host."""
        order = time.monotonic_ns()  # one clock for all processes of a host
        for teller in self._tellers.values():
            teller.tell(ident, order)
        return order

    async def ask(self, question: str) -> Answers:
        """What the others say, those that do in time."""
        numbers = list(self._tellers)
        replies = await asyncio.gather(*(self._ask(number, question) for number in numbers))
        return {number: reply for number, reply in zip(numbers, replies, strict=True) if reply is not None}

    def _path(self, number: int) -> Path:
        return self.folder / f"{number}.sock"

    async def _ask(self, number: int, question: str) -> tuple[int, bytes] | None:
        try:
            async with asyncio.timeout(ASK_S):
                reader, writer = await asyncio.open_unix_connection(self._path(number))
                with contextlib.closing(writer):
                    writer.write(question.encode() + b"\n")
                    pid, _, body = (await reader.read(-1)).partition(b"\n")
                    return (int(pid), body) if pid else None
        except (OSError, TimeoutError):
            return None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        visit = asyncio.current_task()
        assert visit is not None, "asyncio runs this as a task"
        self._visits.add(visit)
        try:
            with contextlib.closing(writer), contextlib.suppress(OSError, asyncio.CancelledError):
                question = (await reader.readline()).decode().strip()
                if question == "links":
                    while line := await reader.readline():
                        for ident, order in json.loads(line):
                            self._elsewhere(ident, order)
                elif question in self._answers:
                    writer.write(b"%d\n" % os.getpid() + self._answers[question]())
                    await writer.drain()
        finally:
            self._visits.discard(visit)


class _Teller:
    """Tells one other process; while it is away nothing is kept for it, for it has no sessions then."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._pending: list[tuple[str, int]] = []
        self._due = asyncio.Event()
        self._writer: asyncio.StreamWriter | None = None
        self._task = asyncio.get_running_loop().create_task(self._tell_forever())

    def tell(self, ident: str, order: int) -> None:
        self._pending.append((ident, order))
        self._due.set()

    async def close(self) -> None:
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task

    async def _tell_forever(self) -> None:
        try:
            while True:
                await self._due.wait()
                self._due.clear()
                while self._pending:
                    some, self._pending = self._pending[:TOLD_AT_ONCE], self._pending[TOLD_AT_ONCE:]
                    await self._send(json.dumps(some).encode() + b"\n")
        finally:
            self._hang_up()

    async def _send(self, line: bytes) -> None:
        for known in (True, False):
            try:
                if self._writer is None or not known:
                    self._hang_up()
                    _, self._writer = await asyncio.open_unix_connection(self._path)
                    self._writer.write(b"links\n")
                self._writer.write(line)
                await self._writer.drain()
            except OSError:
                continue  # it was started anew since we spoke last, or it is away
            return
        self._hang_up()

    def _hang_up(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None


def siblings_of(environment: "os._Environ[str]", count: int) -> Siblings | None:
    """Those of a process that a supervisor started; None for one that serves alone."""
    if count < 2 or FOLDER not in environment:
        return None
    return Siblings(Path(environment[FOLDER]), int(environment[NUMBER]), count)
