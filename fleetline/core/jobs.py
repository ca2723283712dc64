"""Long runs: queued durably, worked on by one process at a time, gone on with after a crash from the last chunk."""

import asyncio
import math
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from typing import Final, Protocol

import structlog

from fleetline.core.ports.store import Store, Tx
from fleetline.core.ports.world import Clock, Ids
from fleetline.model.errors import FleetlineError, NotFound, Unavailable
from fleetline.model.resource import Place
from fleetline.model.resource_job import Job
from fleetline.model.resource_query import QueueFull

MOST_RUNNING: Final = 2
MOST_WAITING: Final = 20
LEASE_MS: Final = 15_000
BEAT_SECONDS: Final = 4.0
IDLE_SECONDS: Final = 2.0
SWEEP_SECONDS: Final = 3_600.0
RESULTS_KEPT_MS: Final = 604_800_000
JOBS_KEPT_MS: Final = 30 * 86_400_000
AT_ONCE: Final = 2
"""Jobs that one process works on at the same time."""

FINAL: Final = ("done", "failed", "cancelled")


class Lost(FleetlineError):
    """The job is no longer this process's: cancelled, removed, or taken over after too long a silence."""

    def __init__(self, job_id: str) -> None:
        super().__init__(f"job {job_id} is no longer ours")


class Work:
    """One job while this process works on it; `summary` is stored with the next chunk."""

    def __init__(self, job: Job, owner: str, store: Store, clock: Clock) -> None:
        self.job, self.summary = job, job.summary
        self._owner, self._store, self._clock = owner, store, clock

    async def part(self, role: str, number: int) -> bytes:
        """errors: NotFound"""
        async with self._store.read() as tx:
            body = await tx.power.part(self.job.job_id, role, number)
        if body is None:
            raise NotFound("part", number)
        return body

    async def parts(self, role: str) -> list[int]:
        async with self._store.read() as tx:
            return await tx.power.part_numbers(self.job.job_id, role)

    @asynccontextmanager
    async def chunk(self, done: int) -> AsyncIterator[Tx]:
        """A transaction that finishes a chunk: what it writes and the progress are stored together or not at all.

        done    resources or rows finished with this chunk; progress never falls
        errors  Lost, before anything is written
        """
        async with self._store.write() as tx:
            await self._renew(tx)
            yield tx
            job = replace(
                self.job, done=max(done, self.job.done), summary=self.summary, owner=self._owner,
                leased_until_ms=self._until_ms(),
            )  # fmt: skip
            await tx.power.change_job(job)
        self.job = job

    async def beat(self) -> None:
        """Say that this process is still there. errors: Lost"""
        async with self._store.write() as tx:
            await self._renew(tx)

    async def finish(self, state: str, summary: str) -> None:
        """errors: Lost"""
        async with self._store.write() as tx:
            await self._renew(tx)
            self.job = replace(
                self.job, state=state, summary=summary, finished_at_ms=self._clock.now_ms(), owner=None,
                leased_until_ms=None,
            )  # fmt: skip
            await tx.power.change_job(self.job)
            await tx.power.remove_parts(self.job.job_id, "in")

    def _until_ms(self) -> int:
        return self._clock.now_ms() + LEASE_MS

    async def _renew(self, tx: Tx) -> None:
        if not await tx.power.renew_job(self.job.job_id, self._owner, self._until_ms()):
            raise Lost(self.job.job_id)


class JobKind(Protocol):
    """What a job does."""

    async def run(self, work: Work) -> str:
        """Work through the chunks that are not finished; the summary of a job that is done."""
        ...


class Jobs:
    """Every verb but those of the runner takes the account first.

    A server watches, and what it calls works: the two may be different processes.
    """

    def __init__(self, store: Store, clock: Clock, ids: Ids, kinds: Mapping[str, JobKind]) -> None:
        self._store, self._clock, self._ids, self._kinds = store, clock, ids, kinds
        self._owner = ""
        self._wake = asyncio.Event()
        self._expected = False
        self._logger = structlog.get_logger("fleetline.jobs")

    async def submit(
        self,
        account_id: str,
        kind: str,
        request: str,
        total: int,
        parts: Iterable[bytes],
        summary: str = "",
        role: str = "in",
    ) -> Job:
        """Stored, with everything it works on, when this returns.

        role    of the parts: `in` goes when the job is finished, `file` stays with its results
        errors  QueueFull
        """
        job = Job(
            job_id=self._ids.uuid(), account_id=account_id, kind=kind, state="queued", request=request, done=0,
            total=total, summary=summary, created_at_ms=self._clock.now_ms(),
        )  # fmt: skip
        async with self._store.write() as tx:
            await tx.power.lock_account(account_id)
            waiting = await tx.power.count_jobs(account_id, "queued")
            if waiting >= MOST_WAITING:
                raise QueueFull(waiting)
            await tx.power.add_job(job)
            for number, body in enumerate(parts):
                await tx.power.add_part(job.job_id, role, number, body)
        self.wake()
        return job

    def expect(self) -> None:
        """A job is being put together: whoever is to work on it may come already."""
        self._expected = True
        self.wake()

    async def get(self, account_id: str, job_id: str, *kinds: str) -> Job:
        """errors: NotFound, also for a job of another kind than those given"""
        async with self._store.read() as tx:
            job = await tx.power.job(account_id, job_id)
        if job is None or (kinds and job.kind not in kinds):
            raise NotFound("job", job_id)
        return job

    async def page(self, account_id: str, kinds: Sequence[str], after: Place | None, most: int) -> list[Job]:
        """Those of some kinds by creation, from after that place."""
        async with self._store.read() as tx:
            return await tx.power.find_jobs(account_id, kinds, after, most)

    async def latest(self, account_id: str, kinds: Sequence[str], before: Place | None, most: int) -> list[Job]:
        """The same, the newest first."""
        async with self._store.read() as tx:
            return await tx.power.latest_jobs(account_id, kinds, before, most)

    async def out(self, account_id: str, job_id: str) -> AsyncIterator[bytes]:
        """What the job has made, part by part. errors: NotFound"""
        await self.get(account_id, job_id)
        async with self._store.read() as tx:
            numbers = await tx.power.part_numbers(job_id, "out")
        for number in numbers:
            async with self._store.read() as tx:
                body = await tx.power.part(job_id, "out", number)
            if body is not None:
                yield body

    async def end(self, account_id: str, job_id: str, kind: str | None = None) -> None:
        """Cancel a job that is not final, remove one that is. errors: NotFound"""
        async with self._store.write() as tx:
            await tx.power.lock_account(account_id)
            job = await tx.power.job(account_id, job_id)
            if job is None or kind not in (None, job.kind):
                raise NotFound("job", job_id)
            if job.state in FINAL:
                await tx.power.remove_job(job_id)
                return
            now_ms = self._clock.now_ms()
            await tx.power.change_job(
                replace(job, state="cancelled", finished_at_ms=now_ms, owner=None, leased_until_ms=None)
            )
            for role in ("in", "out", "file"):
                await tx.power.remove_parts(job_id, role)

    def expired(self, job: Job) -> bool:
        """The results of a finished job are kept for seven days."""
        return job.finished_at_ms is not None and self._clock.now_ms() >= job.finished_at_ms + RESULTS_KEPT_MS

    async def work_off(self) -> int:
        """Run whatever waits, one after the other, until nothing does; how many jobs were run."""
        count = 0
        while (work := await self._claim()) is not None:
            await self._run(work)
            count += 1
        return count

    async def watch(self, call: Callable[[], None]) -> None:
        """`call` for somebody who works whenever a job waits, and forget old ones, until cancelled."""
        loop = asyncio.get_running_loop()
        next_sweep = loop.time() + SWEEP_SECONDS
        while True:
            self._wake.clear()
            try:
                if self._expected or await self._waiting():
                    self._expected = False
                    call()
                if loop.time() >= next_sweep:
                    await self.sweep()
                    next_sweep = loop.time() + SWEEP_SECONDS
            except Unavailable as away:
                self._logger.warning("jobs wait", reason=away.reason)
            await self._woken(IDLE_SECONDS)

    async def work(self, idle_s: float = math.inf) -> None:
        """Work on jobs as they come, until none has been there for that long or until cancelled."""
        running: set[asyncio.Task[None]] = set()
        loop = asyncio.get_running_loop()
        last = loop.time()
        try:
            while running or loop.time() < last + idle_s:
                self._wake.clear()
                try:
                    while len(running) < AT_ONCE and (work := await self._claim()) is not None:
                        running.add(asyncio.create_task(self._run(work)))
                except Unavailable as away:
                    self._logger.warning("jobs wait", reason=away.reason)
                if running:
                    last = loop.time()
                await self._woken(IDLE_SECONDS, running)
                running = {task for task in running if not task.done()}
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)

    def wake(self) -> None:
        """Somebody knows that a job waits: look now."""
        self._wake.set()

    async def _woken(self, seconds: float, running: Collection[asyncio.Task[None]] = ()) -> None:
        """Until one of those is done or a job has come; not longer than that."""
        woken = asyncio.create_task(self._wake.wait())
        try:
            await asyncio.wait({woken, *running}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            woken.cancel()

    async def _waiting(self) -> bool:
        async with self._store.read() as tx:
            return await tx.power.job_waits(self._clock.now_ms(), MOST_RUNNING)

    async def sweep(self) -> None:
        """Forget results after seven days and jobs after thirty."""
        now_ms = self._clock.now_ms()
        async with self._store.write() as tx:
            for job_id in await tx.power.finished_before(now_ms - JOBS_KEPT_MS, 100):
                await tx.power.remove_job(job_id)
            for job_id in await tx.power.finished_before(now_ms - RESULTS_KEPT_MS, 1_000):
                for role in ("out", "file", "undo"):
                    await tx.power.remove_parts(job_id, role)

    async def _claim(self) -> Work | None:
        self._owner = self._owner or self._ids.short("own_")
        now_ms = self._clock.now_ms()
        async with self._store.write() as tx:
            job = await tx.power.claim_job(self._owner, now_ms, now_ms + LEASE_MS, MOST_RUNNING)
        return None if job is None else Work(job, self._owner, self._store, self._clock)

    async def _run(self, work: Work) -> None:
        """To the end of the job, whatever happens in it."""
        task = asyncio.create_task(self._kinds[work.job.kind].run(work))
        beats = asyncio.create_task(self._beat(work, task))
        try:
            # gathered, so that a bug in a job ends as a failed job and not as a dead runner
            (found,) = await asyncio.gather(task, return_exceptions=True)
        finally:
            beats.cancel()
            task.cancel()
        with suppress(Lost, Unavailable):
            if isinstance(found, str):
                await work.finish("done", found)
            elif isinstance(found, Lost | Unavailable | asyncio.CancelledError):
                return
            else:
                self._logger.error("a job failed", job_id=work.job.job_id, exc_info=found)
                await work.finish("failed", work.summary)

    async def _beat(self, work: Work, task: asyncio.Task[str]) -> None:
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            try:
                await work.beat()
            except Lost:
                task.cancel()
                return
            except Unavailable:
                continue  # the lease may run out; whoever takes over goes on from the last finished chunk
