"""Bulk import of resources: rows judged against what is stored, at once when they are few, as a job when many."""

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import msgspec
import zstandard
from msgspec import structs

from fleetline.core.jobs import Jobs, Work
from fleetline.core.ports.store import Store, Tx
from fleetline.core.ports.world import Clock, Ids
from fleetline.core.power_fleets import fleet_of
from fleetline.model.power import PowerResource
from fleetline.model.resource import (
    OUTCOMES,
    Draft,
    ImportOrder,
    Row,
    RowOutcome,
    RowReason,
    TooManyRows,
)
from fleetline.model.resource_job import Job
from fleetline.model.resource_text import packed_rows, unpacked_rows

KIND: Final = "import"
MOST_AT_ONCE: Final = 1_000
MOST_ROWS: Final = 200_000
CHUNK: Final = 2_500
TURN: Final = 200
"""Rows judged in one go."""
NO_ID: Final = "-"


@dataclass(slots=True)
class Counts:
    """How many rows came to each outcome."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    refused: int = 0

    def add(self, outcomes: Sequence[RowOutcome]) -> None:
        for name in OUTCOMES:
            setattr(self, name, getattr(self, name) + sum(item.outcome == name for item in outcomes))


@dataclass(slots=True)
class Report:
    """What became of an import that was done at once."""

    counts: Counts = field(default_factory=Counts)
    rows: list[RowOutcome] = field(default_factory=list)


class Imports:
    """Every verb takes the account first."""

    def __init__(self, store: Store, clock: Clock, ids: Ids, jobs: Jobs) -> None:
        self._store, self._jobs = store, jobs
        self._judge = Judge(clock, ids)

    async def take(self, account_id: str, order: ImportOrder, slices: AsyncIterable[Sequence[Row]]) -> Report | Job:
        """The report of up to MOST_AT_ONCE rows, or the job that works through more of them.

        slices  the rows in order
        errors  NotFound(`fleet`), TooManyRows, QueueFull, and whatever reading the rows raises; then nothing is stored
        """
        if order.fleet_id is not None:
            async with self._store.read() as tx:
                await fleet_of(tx, account_id, order.fleet_id)
        gathered = _Gathered()
        async for some in slices:
            if gathered.total <= MOST_AT_ONCE < gathered.total + len(some):
                self._jobs.expect()
            await gathered.add(some)
        if gathered.total <= MOST_AT_ONCE:
            return await self._now(account_id, order, gathered.rows)
        parts = await gathered.parts()
        request, summary = msgspec.json.encode(order).decode(), msgspec.json.encode(Counts()).decode()
        return await self._jobs.submit(account_id, KIND, request, gathered.total, parts, summary)

    async def _now(self, account_id: str, order: ImportOrder, rows: Sequence[Row]) -> Report:
        report = Report()
        async with self._store.write() as tx:
            await tx.power.lock_account(account_id)
            report.rows = await self._judge.judged(tx, account_id, order, rows, dry=order.dry_run or order.atomic)
            report.counts.add(report.rows)
            if order.atomic and not order.dry_run:
                if report.counts.refused:
                    report.rows = _undone(report.rows)
                    report.counts = Counts(refused=len(rows))
                else:
                    report.rows = await self._judge.judged(tx, account_id, order, rows, dry=False)
        return report


def _undone(outcomes: Sequence[RowOutcome]) -> list[RowOutcome]:
    """An atomic import of which one row was refused stores none of the others either."""
    reason = RowReason("undone")
    return [
        item if item.outcome == "refused" else structs.replace(item, outcome="refused", reason=reason, resource_id=None)
        for item in outcomes
    ]


class _Gathered:
    """The rows of an import while they come in: as they are while few, packed once they are many."""

    def __init__(self) -> None:
        self.total = 0
        self.rows: list[Row] = []
        self._packed: list[bytes] = []
        self._first_of_site: dict[str, int] = {}
        self._first_of_resource: dict[str, int] = {}

    async def add(self, some: Sequence[Row]) -> None:
        self.total += len(some)
        if self.total > MOST_ROWS:
            raise TooManyRows(MOST_ROWS)
        self.rows += [self._once(row) for row in some]
        while len(self.rows) >= 2 * CHUNK and self.total > MOST_AT_ONCE:
            head, self.rows = self.rows[:CHUNK], self.rows[CHUNK:]
            self._packed.append(await asyncio.to_thread(_pack, head))

    async def parts(self) -> list[bytes]:
        for start in range(0, len(self.rows), CHUNK):
            self._packed.append(await asyncio.to_thread(_pack, self.rows[start : start + CHUNK]))
        self.rows = []
        return self._packed

    def _once(self, row: Row) -> Row:
        """A second row of one customer's site or of one resource is told which row came first, in its faults' place."""
        first = row.number
        if row.customer_site_id is not None:
            first = self._first_of_site.setdefault(row.customer_site_id, row.number)
        if row.draft is not None and row.draft.resource_id is not None:
            first = min(first, self._first_of_resource.setdefault(row.draft.resource_id, row.number))
        if first != row.number and row.draft is not None:
            return Row(row.number, None, (), (), row.customer_site_id, repeats=first)
        return row


def _pack(rows: Sequence[Row]) -> bytes:
    return zstandard.compress(packed_rows(rows), 1)


def _unpack(body: bytes) -> list[Row]:
    return unpacked_rows(zstandard.decompress(body))


class ImportJob:
    """Works through imports; see `jobs.JobKind`."""

    def __init__(self, clock: Clock, ids: Ids) -> None:
        self._judge = Judge(clock, ids)

    async def run(self, work: Work) -> str:
        order, counts = order_of(work.job), counts_of(work.job)
        if order.atomic and not order.dry_run:
            return await self._atomic(work, order)
        finished = set(await work.parts("out"))
        done = work.job.done
        async for number, rows in _ahead(work, [n for n in await work.parts("in") if n not in finished]):
            done += len(rows)
            async with work.chunk(done) as tx:
                await tx.power.lock_account(work.job.account_id)
                outcomes = await self._judge.judged(tx, work.job.account_id, order, rows, dry=order.dry_run)
                counts.add(outcomes)
                await tx.power.add_part(work.job.job_id, "out", number, pack_outcomes(outcomes))
                work.summary = msgspec.json.encode(counts).decode()
        return msgspec.json.encode(counts).decode()

    async def _atomic(self, work: Work, order: ImportOrder) -> str:
        """First every row is judged, then all are stored in one transaction, unless one was refused."""
        counts, done, numbers = Counts(), 0, await work.parts("in")
        judged: list[list[RowOutcome]] = []
        for number in numbers:
            rows = await asyncio.to_thread(_unpack, await work.part("in", number))
            done += len(rows)
            async with work.chunk(done) as tx:
                judged.append(await self._judge.judged(tx, work.job.account_id, order, rows, dry=True))
            counts.add(judged[-1])
        refused = counts.refused > 0
        if refused:
            judged = [_undone(outcomes) for outcomes in judged]
            counts = Counts(refused=done)
        work.summary = msgspec.json.encode(counts).decode()
        async with work.chunk(done) as tx:
            await tx.power.lock_account(work.job.account_id)
            for number, before in zip(numbers, judged, strict=True):
                outcomes = before
                if not refused:
                    body = await tx.power.part(work.job.job_id, "in", number)
                    rows = await asyncio.to_thread(_unpack, body or b"")
                    outcomes = await self._judge.judged(tx, work.job.account_id, order, rows, dry=False)
                await tx.power.add_part(work.job.job_id, "out", number, pack_outcomes(outcomes))
        return msgspec.json.encode(counts).decode()


async def _ahead(work: Work, numbers: Sequence[int]) -> AsyncIterator[tuple[int, list[Row]]]:
    """The rows of each part, the next one read while the caller is busy with the one before."""

    async def read(number: int) -> list[Row]:
        return await asyncio.to_thread(_unpack, await work.part("in", number))

    coming = [asyncio.create_task(read(number)) for number in numbers[:1]]
    try:
        for place, number in enumerate(numbers):
            rows = await coming.pop()
            if place + 1 < len(numbers):
                coming.append(asyncio.create_task(read(numbers[place + 1])))
            yield number, rows
    finally:
        for task in coming:
            task.cancel()


def pack_outcomes(outcomes: Sequence[RowOutcome]) -> bytes:
    """Outcomes as bytes."""
    return zstandard.compress(msgspec.json.encode(outcomes), 1)


def unpack_outcomes(body: bytes) -> list[RowOutcome]:
    """Outcomes as `pack_outcomes` wrote them."""
    return msgspec.json.decode(zstandard.decompress(body), type=list[RowOutcome])


def order_of(job: Job) -> ImportOrder:
    """What a stored import was asked."""
    return msgspec.json.decode(job.request, type=ImportOrder)


def counts_of(job: Job) -> Counts:
    """What a stored import has come to."""
    return msgspec.json.decode(job.summary, type=Counts)


class Judge:
    """Judges rows against what is stored and, unless it is a dry run, stores what they say."""

    def __init__(self, clock: Clock, ids: Ids) -> None:
        self._clock, self._ids = clock, ids

    async def judged(
        self, tx: Tx, account_id: str, order: ImportOrder, rows: Sequence[Row], *, dry: bool
    ) -> list[RowOutcome]:
        """One outcome per row, in order; a constant number of statements for all of them."""
        drafts = [row.draft for row in rows if row.draft is not None]
        by_id = await tx.power.resources(account_id, [d.resource_id for d in drafts if d.resource_id is not None])
        holders = await tx.power.holders(
            account_id, [d.customer_site_id for d in drafts if d.customer_site_id is not None]
        )
        known = _Known(by_id, holders)
        outcomes, changed, members = list[RowOutcome](), list[PowerResource](), list[str]()
        for number, row in enumerate(rows):
            if number % TURN == TURN - 1:
                await asyncio.sleep(0)  # other calls get their turn
            outcome, after = self._row(account_id, order, row, known, dry=dry)
            outcomes.append(outcome)
            if after is not None:
                known.now(after)
                members.append(after.resource_id)
                if outcome.outcome != "unchanged":
                    changed.append(after)
        if not dry:
            await tx.power.keep_resources(changed)
            if order.fleet_id is not None and members:
                await self._join(tx, account_id, order.fleet_id, members)
        return outcomes

    async def _join(self, tx: Tx, account_id: str, fleet_id: str, members: Sequence[str]) -> None:
        fleet = await fleet_of(tx, account_id, fleet_id)
        if await tx.power.add_members(fleet_id, members):
            await tx.power.keep_fleet(replace(fleet, updated_at_ms=self._clock.now_ms(), version=fleet.version + 1))

    def _row(
        self, account_id: str, order: ImportOrder, row: Row, known: "_Known", *, dry: bool
    ) -> tuple[RowOutcome, PowerResource | None]:
        draft = row.draft
        if draft is None:
            return _without_draft(row), None
        target = known.target(draft)
        reason = _refusal(order, draft, target, known)
        if reason is not None:
            refused = RowOutcome(row.number, "refused", None, draft.customer_site_id, reason)
            return refused, None
        now_ms = self._clock.now_ms()
        if target is None:
            after = draft.made(NO_ID if dry else self._ids.uuid(), account_id, now_ms)
            word, shown = "created", None if dry else after.resource_id
        else:
            after = draft.changed(target, now_ms)
            word, shown = "unchanged" if after is target else "updated", after.resource_id
        outcome = RowOutcome(row.number, word, shown, draft.customer_site_id, None, (), row.warnings)
        return outcome, None if dry and target is None else after


def _without_draft(row: Row) -> RowOutcome:
    reason = RowReason("repeated", str(row.repeats)) if row.repeats else None
    return RowOutcome(row.number, "refused", None, row.customer_site_id, reason, row.faults)


class _Known:
    """The resources that rows may meet, as they stand after the rows before."""

    def __init__(self, by_id: dict[str, PowerResource], holders: dict[str, PowerResource]) -> None:
        self._by_id, self._holders = by_id, holders

    def target(self, draft: Draft) -> PowerResource | None:
        """The resource a row is about: by its id if it names one, else by the customer's id."""
        if draft.resource_id is not None:
            return self._by_id.get(draft.resource_id)
        return self.holder(draft.customer_site_id)

    def holder(self, customer_site_id: str | None) -> PowerResource | None:
        return self._holders.get(customer_site_id) if customer_site_id is not None else None

    def now(self, after: PowerResource) -> None:
        """A row has made this of a resource."""
        before = self._by_id.get(after.resource_id)
        if before is not None and before.customer_site_id is not None:
            holder = self._holders.get(before.customer_site_id)
            if holder is not None and holder.resource_id == after.resource_id:
                del self._holders[before.customer_site_id]
        self._by_id[after.resource_id] = after
        if after.customer_site_id is not None:
            self._holders[after.customer_site_id] = after


def _refusal(order: ImportOrder, draft: Draft, target: PowerResource | None, known: _Known) -> RowReason | None:
    if target is None and draft.resource_id is not None:
        return RowReason("unknown")
    if target is None and order.mode == "updateOnly":
        return RowReason("missing")
    if target is not None and order.mode == "createOnly":
        return RowReason("exists", target.resource_id)
    holder = known.holder(draft.customer_site_id)
    if holder is not None and (target is None or holder.resource_id != target.resource_id):
        return RowReason("taken", holder.resource_id)
    return None
