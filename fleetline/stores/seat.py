"""One SQLite connection and the only thread that ever touches it."""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Any, Final, TypeVar

import apsw

T = TypeVar("T")

LINGER_S: Final = 0.02
"""A read that is over stays open so long, for the next one to close: to wake the thread for that alone costs more."""

_Job = tuple[Callable[[], Any], "asyncio.Future[Any]", asyncio.AbstractEventLoop]


class Seat:
    """Work for a connection, done one after the other in the order it was asked for.

    A pool's executor would do, at three times the cost of a small statement: a lock and a condition for each call.
    """

    def __init__(self, connection: apsw.Connection, name: str) -> None:
        self.connection = connection
        self.lock = asyncio.Lock()
        self.free = False
        """Nobody uses the connection: a transaction that is open on it is a read that is over, and may be closed.

        A writer's seat never is: its transactions are ended by those who began them, however long they pause.
        """
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        # a daemon, as nothing may be waiting for: a program that fails before it closes its engine must end
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)
        self._thread.start()

    async def run(self, work: Callable[[], T]) -> T:
        """`work()` on the seat's thread; its errors are raised here."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._jobs.put((work, future, loop))
        return await future

    def end_read(self) -> None:
        """Close a read transaction, if one is open (a failed first statement leaves none); on the seat's thread."""
        if self.connection.in_transaction:
            self.connection.execute("ROLLBACK").fetchall()

    def close(self) -> None:
        """After everything asked for so far."""
        self._jobs.put(None)
        self._thread.join()

    def _work(self) -> None:
        while True:
            try:
                job = self._jobs.get(timeout=LINGER_S if self.connection.in_transaction else None)
            except Empty:
                if self.free:
                    with suppress(apsw.Error):  # the next transaction meets it, and somebody is told
                        self.end_read()
                continue
            if job is None:
                break
            _do(*job)
            job = None  # what it holds must not wait for the next one
        self.connection.close()


def _do(work: Callable[[], Any], future: "asyncio.Future[Any]", loop: asyncio.AbstractEventLoop) -> None:
    try:
        result, fault = work(), None
    except Exception as failed:  # noqa: BLE001 - whatever it is, it belongs to the caller
        result, fault = None, failed
    with suppress(RuntimeError):  # the loop has been closed: nobody waits any more
        loop.call_soon_threadsafe(_tell, future, result, fault)


def _tell(future: "asyncio.Future[Any]", result: object, fault: Exception | None) -> None:
    if future.done():
        return  # given up meanwhile
    if fault is None:
        future.set_result(result)
    else:
        future.set_exception(fault)
