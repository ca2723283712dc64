"""Several serving processes on the same ports: started together, ended together, restarted when one dies."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import structlog

from fleetline.app.siblings import FOLDER, NUMBER

log = structlog.get_logger("fleetline.workers")

RESTS_S: Final = 1.0
GRACE_S: Final = 30.0


def supervise(count: int) -> int:
    """Run this very command `count` times until SIGTERM; the exit status."""
    ended = False

    def end(number: int, frame: object) -> None:
        nonlocal ended
        ended = True

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    with tempfile.TemporaryDirectory(prefix="fleetline-", ignore_cleanup_errors=True) as folder:
        _keep(count, Path(folder), lambda: ended)
    return 0


def _keep(count: int, folder: Path, ended: Callable[[], bool]) -> None:
    """Start the processes, and again those that end, until `ended`; then end them all."""
    workers = {index: _start(index, folder) for index in range(count)}
    while not ended():
        time.sleep(0.1)
        for index, worker in workers.items():
            if not ended() and (status := worker.poll()) is not None:
                log.error("a worker ended", worker=index, status=status)
                time.sleep(RESTS_S)
                workers[index] = _start(index, folder)
    for worker in workers.values():
        worker.terminate()
    deadline = time.monotonic() + GRACE_S
    for worker in workers.values():
        try:
            worker.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            worker.kill()


def _start(index: int, folder: Path) -> "subprocess.Popen[bytes]":
    """folder: where the processes meet, for their eyes only; its path is short, as those of sockets must be"""
    return subprocess.Popen(
        [sys.executable, "-m", "fleetline.app", *sys.argv[1:]],
        env={**os.environ, NUMBER: str(index), FOLDER: str(folder)},
    )
