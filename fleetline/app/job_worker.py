"""The process that works on long jobs: beside the server, there while a job waits, gone when there is nothing to do.

A job computes for seconds on end. In the server's own process each small call and each acknowledgement would wait for
the interpreter many times over; here they share nothing but the database. Its input says all it is told: the settings,
pickled, then a byte whenever a job waits, and the end of the input when it shall end.
"""

import asyncio
import contextlib
import os
import pickle
import signal
import subprocess
import sys
from typing import Final

import structlog

from fleetline.app.logs import set_up_logs
from fleetline.app.settings import Settings
from fleetline.app.wire import open_migrated
from fleetline.core.endless import Endless, fault_of, keep_going
from fleetline.core.jobs import Jobs
from fleetline.core.ports.world import RandomIds, SystemClock
from fleetline.core.power import PowerDesk
from fleetline.model.errors import Unavailable
from fleetline.outside.weather_files import PvlibFiles
from fleetline.stores.store import EngineStore

log = structlog.get_logger("fleetline.jobs")

IDLE_S: Final = 60.0
"""After so long without a job the process ends."""
ENDING_S: Final = 10.0
NICENESS: Final = 5
"""Where both are busy, the server gets three quarters of a processor and the jobs one."""


class JobWorker:
    """Starts the process when a job waits, and tells it of further ones."""

    def __init__(self, settings: Settings, jobs: Jobs) -> None:
        self._settings, self._jobs = settings, jobs
        self.process: subprocess.Popen[bytes] | None = None
        self._task: Endless | None = None
        self._trouble: str | None = None

    @property
    def trouble(self) -> str | None:
        """Why jobs are not worked on; None while all is well."""
        return fault_of(self._task) or self._trouble

    def start(self) -> None:
        self._task = keep_going(self._jobs.watch(self._call), "jobs")

    async def stop(self) -> None:
        """The job at hand is left where its last finished chunk is."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        if self.process is not None:
            await asyncio.to_thread(_end, self.process)

    def _call(self) -> None:
        """There is a job: whoever works hears of it, or is started."""
        if self.process is not None and (status := self.process.poll()) is None:
            self._trouble = None
            _tell(self.process, b"\n")
            return
        if self.process is not None and status:
            self._trouble = f"the process that works on jobs ended with {status}"
            log.error("jobs wait", reason=self._trouble)
        self.process = subprocess.Popen([sys.executable, "-m", __name__], stdin=subprocess.PIPE, bufsize=0)
        _tell(self.process, pickle.dumps(self._settings))


def _tell(process: "subprocess.Popen[bytes]", what: bytes) -> None:
    """Whoever has just ended does not hear it; the next look finds that out."""
    assert process.stdin is not None, "it was started with one"
    with contextlib.suppress(BrokenPipeError):
        process.stdin.write(what)


def _end(process: "subprocess.Popen[bytes]") -> None:
    assert process.stdin is not None, "it was started with one"
    process.stdin.close()
    try:
        process.wait(ENDING_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


async def _work(settings: Settings) -> None:
    """Work until nothing has waited for a while, or until whoever started this is gone."""
    async with open_migrated(settings) as engine:
        desk = PowerDesk(EngineStore(engine), SystemClock(), RandomIds(), PvlibFiles())
        working = asyncio.create_task(desk.jobs.work(IDLE_S))
        listening = asyncio.create_task(_listen(desk.jobs))
        await asyncio.wait({working, listening}, return_when=asyncio.FIRST_COMPLETED)
        listening.cancel()
        working.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await working
        desk.close()


async def _listen(jobs: Jobs) -> None:
    """Look for a job at every byte; returns at the end of the input, which also comes when the server is killed."""
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while await reader.read(64):
        jobs.wake()


def main() -> None:
    """What the process runs."""
    # a terminal sends this to every process of the group: the server ends this one in good order
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    settings = pickle.load(
        sys.stdin.buffer
    )  # it may read on: a job is looked for anyway before the first byte is awaited
    set_up_logs()
    os.nice(NICENESS)
    try:
        asyncio.run(_work(settings))
    except Unavailable as away:
        sys.exit(f"jobs wait: {away}")


if __name__ == "__main__":
    main()
