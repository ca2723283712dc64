"""A task that a fault of ours has ended is told of."""

import asyncio

from structlog.testing import capture_logs

from fleetline.core.endless import fault_of, keep_going


async def test_a_task_ended_by_a_fault_says_so_in_words_and_in_the_log() -> None:
    async def fail() -> None:
        raise LookupError("no such room")

    with capture_logs() as told:
        task = keep_going(fail(), "filing")
        await asyncio.wait([task])
        await asyncio.sleep(0)
    assert fault_of(task) == "stopped by a fault: LookupError: no such room"
    assert [(entry["task"], "no such room" in entry["exception"]) for entry in told] == [("filing", True)]


async def test_a_task_that_goes_on_or_was_told_to_end_has_no_fault() -> None:
    waiting = asyncio.Event()

    async def wait() -> None:
        await waiting.wait()

    going, ended, cancelled = (keep_going(wait(), name) for name in ("one", "two", "three"))
    assert (fault_of(None), fault_of(going)) == (None, None)
    cancelled.cancel()
    waiting.set()
    await asyncio.gather(going, ended, cancelled, return_exceptions=True)
    assert [fault_of(task) for task in (going, ended, cancelled)] == [None, None, None]
