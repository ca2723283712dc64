"""Lists brought in from files as long runs: previewed, run, looked through row by row, and undone for a day."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from typing import Any, Final

import msgspec
import zstandard

from fleetline.core.jobs import FINAL, Jobs
from fleetline.core.list_files import ListFile, read_file, result_file
from fleetline.core.list_kinds import checked, guessed, header_key, kind_named, missing
from fleetline.core.ports.store import Store
from fleetline.core.ports.world import Clock
from fleetline.core.power_fleets import fleet_of
from fleetline.model.errors import FleetlineError, Invalid, NotFound
from fleetline.model.registry import Author
from fleetline.model.resource import Place
from fleetline.model.resource_job import Job
from fleetline.model.resource_query import QueueFull

RUN, PREVIEW, UNDO = "list", "list_preview", "list_undo"
KINDS: Final = (RUN, PREVIEW, UNDO)
UNDO_MS: Final = 86_400_000
MODES: Final = ("upsert", "add", "change")
CLAIMED: Final = "-"
"""Stands where the run that takes another one back is about to be named."""
LARGEST_UNPACKED: Final = 64 * 2**20


class Choices(msgspec.Struct, frozen=True, kw_only=True):
    """How a list is treated.

    add_groups  of vehicles and drivers: groups of a row are added to those there are
    mode        of solar resources: `upsert`, `add` only what is new, or `change` only what is there
    fleet_id    of solar resources: every row that is not refused joins this fleet
    """

    add_groups: bool = False
    mode: str = "upsert"
    fleet_id: str | None = None


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What a run was asked.

    header    of the file, empty for files of objects; columns: our column -> theirs
    of        the run that an undo takes back, else empty
    """

    what: str
    file: str
    media: str
    header: tuple[str, ...]
    columns: dict[str, str]
    choices: Choices
    actor: str
    door: str
    of: str = ""


class Summary(msgspec.Struct, kw_only=True):
    """What a run has come to.

    counts    result -> rows; missing: columns that a file must have and that nothing stands for
    versions  of the registry, one for each chunk that changed anything; chunks: of solar resources, that did
    undone    the run that took this one back, else empty
    """

    counts: dict[str, int] = {}
    groups_created: list[str] = []
    blank: int = 0
    missing: tuple[str, ...] = ()
    versions: list[int] = []
    chunks: list[int] = []
    undone: str = ""


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One row: `result` is added, changed, unchanged, superseded or refused; of an undo taken_back or left_alone."""

    row: int
    key: str
    name: str
    result: str
    detail: str = ""
    id: str = ""


class NotUndoable(FleetlineError):
    """reason: `running`, `nothing`, `late`, `undone` or `preview`"""

    def __init__(self, reason: str) -> None:
        super().__init__(f"the import cannot be undone: {reason}")
        self.reason = reason


def order_of(job: Job) -> Order:
    """What a stored run was asked."""
    return msgspec.json.decode(job.request, type=Order)


def summary_of(job: Job) -> Summary:
    """What a stored run has come to."""
    return msgspec.json.decode(job.summary, type=Summary)


def packed(value: Any) -> bytes:
    """A part of a run as bytes."""
    return zstandard.compress(value if isinstance(value, bytes) else msgspec.json.encode(value), 3)


def unpacked(body: bytes) -> bytes:
    """What `packed` packed."""
    return zstandard.decompress(body, max_output_size=LARGEST_UNPACKED)


def lines_of(body: bytes) -> list[Line]:
    """The lines of one chunk."""
    return msgspec.json.decode(unpacked(body), type=list[Line])


class ListImports:
    """Every verb takes the account first; the caller has seen that an administrator asks."""

    def __init__(self, store: Store, clock: Clock, jobs: Jobs) -> None:
        self._store, self._clock, self._jobs = store, clock, jobs

    async def take(
        self, account_id: str, author: Author, what: str, name: str, media: str, data: bytes, *, choices: Choices,
        preview: bool,
    ) -> Job:  # fmt: skip
        """Keep a file and begin with it, columns as they were for the last such file, else as they are guessed.

        errors  Invalid: a list or form that is not known, a file that cannot be read; NotFound(`fleet`); QueueFull
        """
        kind = kind_named(what)
        if media not in kind.media:
            raise Invalid("file", f"must be one of {', '.join(kind.media)}")
        found = await asyncio.to_thread(read_file, data, media)
        columns = await self.columns(account_id, what, found.header)
        order = Order(
            what=what, file=name, media=media, header=found.header, columns=columns, choices=choices,
            actor=author.actor, door=author.door,
        )  # fmt: skip
        return await self._begin(account_id, order, found, await asyncio.to_thread(packed, data), preview)

    async def columns(self, account_id: str, what: str, header: tuple[str, ...]) -> dict[str, str]:
        """Our column -> theirs, remembered or guessed; a remembered one still has to fit the header."""
        if not header:
            return {}
        async with self._store.read() as tx:
            kept = await tx.own.columns_of_header(account_id, what, header_key(header))
        known = msgspec.json.decode(kept, type=dict[str, str]) if kept is not None else {}
        folded = {cell.casefold(): cell for cell in header}
        fitting = {ours: folded[theirs] for ours, theirs in known.items() if theirs in folded}
        return fitting or guessed(kind_named(what), header)

    async def again(
        self, account_id: str, author: Author, job_id: str, *, columns: Mapping[str, str] | None, choices: Choices,
        preview: bool,
    ) -> Job:  # fmt: skip
        """The same file once more, with other columns or choices, or for good after a preview.

        errors  NotFound; Invalid; QueueFull
        """
        former = await self._jobs.get(account_id, job_id, RUN, PREVIEW)
        order, body = order_of(former), await self._file(job_id)
        kind = kind_named(order.what)
        chosen = order.columns if columns is None else checked(kind, order.header, columns)
        found = await asyncio.to_thread(lambda: read_file(unpacked(body), order.media))
        order = msgspec.structs.replace(
            order, columns=dict(chosen), choices=choices, actor=author.actor, door=author.door
        )
        return await self._begin(account_id, order, found, body, preview)

    async def _begin(self, account_id: str, order: Order, found: ListFile, body: bytes, preview: bool) -> Job:
        kind, choices = kind_named(order.what), order.choices
        if choices.mode not in MODES:
            raise Invalid("mode", f"must be one of {', '.join(MODES)}", choices.mode)
        lacking = missing(kind, order.columns) if order.header else ()
        if lacking and not preview:
            raise Invalid("columns", f"must say which column is {', '.join(lacking)}")
        async with self._store.write() as tx:
            if choices.fleet_id is not None:
                await fleet_of(tx, account_id, choices.fleet_id)
            if order.header and not lacking:
                kept = {ours: theirs.casefold() for ours, theirs in order.columns.items()}
                await tx.own.keep_columns(
                    account_id, order.what, header_key(order.header), msgspec.json.encode(kept).decode(),
                    self._clock.now_ms(),
                )  # fmt: skip
        summary = Summary(blank=found.blank, missing=lacking)
        return await self._jobs.submit(
            account_id, PREVIEW if preview else RUN, msgspec.json.encode(order).decode(), len(found.rows), [body],
            msgspec.json.encode(summary).decode(), "file",
        )  # fmt: skip

    async def _file(self, job_id: str) -> bytes:
        async with self._store.read() as tx:
            body = await tx.power.part(job_id, "file", 0)
        if body is None:
            raise Invalid("file", "is not kept any more; choose it again")
        return body

    async def get(self, account_id: str, job_id: str) -> Job:
        """errors: NotFound"""
        return await self._jobs.get(account_id, job_id, *KINDS)

    async def page(self, account_id: str, before: Place | None, most: int) -> list[Job]:
        """Runs, the newest first, without previews and undoings."""
        return await self._jobs.latest(account_id, [RUN], before, most)

    async def lines(self, account_id: str, job_id: str) -> AsyncIterator[list[Line]]:
        """What became of the rows, chunk by chunk. errors: NotFound"""
        async for body in self._jobs.out(account_id, job_id):
            yield await asyncio.to_thread(lines_of, body)

    async def result(self, account_id: str, job_id: str, only: str) -> tuple[str, str]:
        """(name of the file, the file with a column of errors); only: rows with this result, all of them when empty.

        errors  NotFound; Invalid(`file`)
        """
        order = order_of(await self._jobs.get(account_id, job_id, RUN, PREVIEW))
        body = await self._file(job_id)
        told: list[tuple[int, str, str, str]] = []
        async for some in self.lines(account_id, job_id):
            told += [(line.row, line.name, line.result, line.detail) for line in some if only in ("", line.result)]
        return order.file, await asyncio.to_thread(
            lambda: result_file(read_file(unpacked(body), order.media), told)
        )  # fmt: skip

    async def cancel(self, account_id: str, job_id: str) -> Job:
        """Stop a run; what it did until then stays, and can be undone. errors: NotFound"""
        async with self._store.write() as tx:
            await tx.power.lock_account(account_id)
            job = await tx.power.job(account_id, job_id)
            if job is None or job.kind not in KINDS:
                raise NotFound("import", job_id)
            if job.state not in FINAL:
                job = replace(
                    job, state="cancelled", finished_at_ms=self._clock.now_ms(), owner=None, leased_until_ms=None
                )
                await tx.power.change_job(job)
        return job

    def undoable(self, job: Job) -> str:
        """Why a run cannot be undone, see NotUndoable; empty when it can."""
        summary = summary_of(job)
        if job.kind != RUN:
            return "preview"
        if job.state not in FINAL or job.finished_at_ms is None:
            return "running"
        if summary.undone:
            return "undone"
        if not summary.versions and not summary.chunks:
            return "nothing"
        return "late" if self._clock.now_ms() >= job.finished_at_ms + UNDO_MS else ""

    async def undo(self, account_id: str, author: Author, job_id: str) -> Job:
        """Begin to put back what was there before, thing by thing where nobody has changed it since.

        errors  NotFound; NotUndoable; QueueFull
        """
        job = await self._mark(account_id, job_id, CLAIMED)
        order = msgspec.structs.replace(order_of(job), actor=author.actor, door=author.door, of=job_id)
        total = len(summary_of(job).versions) + len(summary_of(job).chunks)
        request, summary = msgspec.json.encode(order).decode(), msgspec.json.encode(Summary()).decode()
        try:
            made = await self._jobs.submit(account_id, UNDO, request, total, [], summary)
        except QueueFull:
            await self._mark(account_id, job_id, "")
            raise
        await self._mark(account_id, job_id, made.job_id)
        return made

    async def _mark(self, account_id: str, job_id: str, undone: str) -> Job:
        """Note which run takes this one back; the claim is made once. errors: NotFound, NotUndoable"""
        async with self._store.write() as tx:
            await tx.power.lock_account(account_id)
            job = await tx.power.job(account_id, job_id)
            if job is None or job.kind not in (RUN, PREVIEW):
                raise NotFound("import", job_id)
            if undone == CLAIMED and (reason := self.undoable(job)):
                raise NotUndoable(reason)
            summary = msgspec.structs.replace(summary_of(job), undone=undone)
            await tx.power.change_job(replace(job, summary=msgspec.json.encode(summary).decode()))
        return job
