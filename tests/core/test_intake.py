"""A device is answered when what it said is on the disk, and never before."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from fleetline.core.groups import Frames, unpack_frames
from fleetline.core.intake import WAITING_BYTES, Intake
from fleetline.core.ports.journal import Journal
from fleetline.stores.journal_sqlite import SqliteJournal
from tests.kit import HandClock, MemoryJournal


class Line:
    def __init__(self) -> None:
        self.heard: list[str] = []

    def close(self) -> None:
        self.heard.append("close")

    def pause(self) -> None:
        self.heard.append("pause")

    def resume(self) -> None:
        self.heard.append("resume")


def known(*idents: str) -> Callable[[str, str], Awaitable[int | None]]:
    async def resolve(ident: str, protocol: str) -> int | None:
        return idents.index(ident) + 1 if ident in idents else None

    return resolve


def intake_of(journal: Journal, filed: list[tuple[int, Frames]] | None = None) -> Intake:
    taken = filed if filed is not None else []
    intake = Intake(journal, known("one", "two"), HandClock(), lambda number, frames: taken.append((number, frames)))
    intake.start()
    return intake


async def test_the_reply_follows_the_commit_and_filing_gets_the_same_frames(tmp_path: Path) -> None:
    journal, filed, answers = SqliteJournal(tmp_path, "journal-1"), [], []
    intake = intake_of(journal, filed)
    link = await intake.link("one", "teltonika", Line())
    assert link is not None
    for number in range(5):
        intake.deliver(link, b"frame %d" % number, answers.append, b"ok %d" % number, b"no", 1)
    assert answers == []
    await intake.stop()
    assert answers == [b"ok %d" % number for number in range(5)]
    stored = [unpack_frames(body) for _, body in await journal.read_after(0, 10)]
    assert [frame for group in stored for frame in group.frames] == [b"frame %d" % n for n in range(5)]
    assert [frame for _, group in filed for frame in group.frames] == [b"frame %d" % n for n in range(5)]
    await journal.close()


async def test_while_the_disk_is_full_devices_are_denied_and_afterwards_served() -> None:
    journal, answers = MemoryJournal(), []
    intake = intake_of(journal)
    link = await intake.link("one", "teltonika", Line())
    assert link is not None
    journal.broken = "database or disk is full"
    intake.deliver(link, b"a", answers.append, b"ok", b"no", 1)
    await asyncio.sleep(0.05)
    assert (answers, intake.trouble) == ([b"no"], "database or disk is full")
    journal.broken = None
    intake.deliver(link, b"a", answers.append, b"ok", b"no", 1)
    await intake.stop()
    assert (answers, intake.trouble, len(journal.rows)) == ([b"no", b"ok"], None, 1)


async def test_an_unknown_device_is_refused_and_counted() -> None:
    intake = intake_of(MemoryJournal())
    assert await intake.link("nobody", "teltonika", Line()) is None
    assert intake.refused["teltonika", "unknown_device"] == 1
    await intake.stop()


async def test_a_second_connection_takes_the_session_over_and_the_older_one_is_closed() -> None:
    intake = intake_of(MemoryJournal())
    first, second = Line(), Line()
    older = await intake.link("one", "teltonika", first)
    newer = await intake.link("one", "teltonika", second)
    assert older is not None and newer is not None
    assert (first.heard, second.heard, intake.counts["taken_over"]) == (["close"], [], 1)
    intake.unlink(older)
    third = Line()
    await intake.link("one", "teltonika", third)
    assert second.heard == ["close"]
    await intake.stop()


async def test_too_many_bytes_waiting_pause_the_one_who_sends_them_and_lose_nothing() -> None:
    journal, line, answers = MemoryJournal(), Line(), []
    intake = intake_of(journal)
    link = await intake.link("one", "teltonika", line)
    assert link is not None
    frame = b"x" * (WAITING_BYTES // 8)
    for _ in range(10):
        intake.deliver(link, frame, answers.append, b"ok", b"", 1)
    assert "pause" in line.heard
    await intake.stop()
    assert line.heard[-1] == "resume"
    assert answers == [b"ok"] * 10
    assert sum(len(unpack_frames(body)) for _, body in journal.rows) == 10


@pytest.mark.parametrize("frames", [1, 5000])
async def test_stopping_answers_everything_that_was_taken(frames: int) -> None:
    answers: list[bytes] = []
    intake = intake_of(MemoryJournal())
    link = await intake.link("two", "teltonika", Line())
    assert link is not None
    for _ in range(frames):
        intake.deliver(link, b"x", answers.append, b"ok", b"", 1)
    await intake.stop()
    assert len(answers) == frames


async def test_a_device_that_hung_up_meanwhile_keeps_nobody_else_from_an_answer() -> None:
    journal, answers = MemoryJournal(), []
    intake = intake_of(journal)
    link = await intake.link("one", "teltonika", Line())
    assert link is not None

    def reset(answer: bytes) -> None:
        raise RuntimeError("unable to perform operation; the handler is closed")

    for _ in range(2):
        intake.deliver(link, b"a", reset, b"ok", b"no", 1)
        intake.deliver(link, b"b", answers.append, b"ok", b"no", 1)
        await asyncio.sleep(0.05)
    await intake.stop()
    assert (answers, intake.waiting_bytes, intake.counts["frames"]) == ([b"ok", b"ok"], 0, 4)
