"""Several serving processes on the same ports: started together, ended together, restarted when one dies."""

import os
import signal
import subprocess
import sys
import time
from typing import Final

import structlog

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
    workers = {index: _start(index) for index in range(count)}
    while not ended:
        time.sleep(0.1)
        for index, worker in workers.items():
            if not ended and (status := worker.poll()) is not None:
                log.error("a worker ended", worker=index, status=status)
                time.sleep(RESTS_S)
                workers[index] = _start(index)
    for worker in workers.values():
        worker.terminate()
    deadline = time.monotonic() + GRACE_S
    for worker in workers.values():
        try:
            worker.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            worker.kill()
    return 0


def _start(index: int) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-m", "fleetline.app", *sys.argv[1:]], env={**os.environ, "FLEETLINE_WORKER": str(index)}
    )
