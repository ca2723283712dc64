"""Tasks that go on until the program stops: one that a fault of ours has ended is told of, not missed in silence."""

import asyncio
import traceback
from collections.abc import Coroutine
from typing import Any

import structlog

log = structlog.get_logger()

Endless = asyncio.Task[None]


def keep_going(work: Coroutine[Any, Any, None], name: str) -> Endless:
    """The work as a task; its fault is logged when it comes."""
    task = asyncio.get_running_loop().create_task(work, name=name)
    task.add_done_callback(_tell)
    return task


def fault_of(task: Endless | None) -> str | None:
    """What has ended it; None while it goes on, or when it was told to end."""
    if task is None or not task.done() or task.cancelled():
        return None
    fault = task.exception()
    return None if fault is None else f"stopped by a fault: {type(fault).__name__}: {fault}"


def _tell(task: Endless) -> None:
    if (reason := fault_of(task)) is not None:
        fault = task.exception()
        # formatted here: what renders exc_info may write out local variables
        log.error(
            "a task has ended", task=task.get_name(), reason=reason,
            exception="".join(traceback.format_exception(fault)),
        )  # fmt: skip
