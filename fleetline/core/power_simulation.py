"""Simulations: power of many sites over long spans, chunk by chunk, as one job."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import msgspec
import numpy as np
import zstandard

from fleetline.core.jobs import Jobs, Work
from fleetline.core.ports.power import SitePlace
from fleetline.core.ports.store import Store, Tx
from fleetline.core.power_kernel import FloatArray, Kernel, compiled_rows
from fleetline.core.power_light import Lights, chosen
from fleetline.core.power_series import sorted_out, task_of
from fleetline.model.power import PowerResource
from fleetline.model.resource import UnknownMembers, row_count
from fleetline.model.resource_job import Job
from fleetline.model.resource_query import MOST_SIMULATED, Failure, PowerQuery, checked_size
from fleetline.solar.run import FleetSums, membership

KIND: Final = "simulation"
CHUNK_ROW_STEPS: Final = 1_000_000
MOST_FAILURES: Final = 100
SUMS_AT_ONCE: Final = 500_000
"""Sums of so many values are stored after every chunk; larger ones after more of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What a simulation is asked for; exactly one of the three lists is not None.

    level   `fleet` or `resource`; form: how the results are wanted, the caller's own word
    inline  sites that are not stored anywhere
    """

    query: PowerQuery
    level: str
    form: str
    fields: tuple[str, ...] = ()
    resource_ids: tuple[str, ...] | None = None
    fleet_ids: tuple[str, ...] | None = None
    inline: tuple[PowerResource, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a job keeps of its order.

    fields  as the caller named them
    fleets  (id, name, members) of each sum; one of (None, "", all) for anything but fleets
    """

    query: PowerQuery
    level: str
    form: str
    fields: tuple[str, ...]
    fleets: tuple[tuple[str | None, str, int], ...]
    chunks: int


@dataclass(slots=True)
class Summary:
    """What is known of a simulation so far."""

    failed: int = 0
    failures: list[Failure] = field(default_factory=list)
    assumed: list[str] = field(default_factory=list)
    not_modelled: list[str] = field(default_factory=list)

    def add(self, failures: Sequence[Failure], assumed: Sequence[str], not_modelled: Sequence[str]) -> None:
        self.failed += len(failures)
        self.failures += failures[: MOST_FAILURES - len(self.failures)]
        self.assumed += [name for name in assumed if name not in self.assumed]
        self.not_modelled += [name for name in not_modelled if name not in self.not_modelled]


@dataclass(frozen=True, slots=True)
class Member:
    """A site as it stood when the simulation was accepted, and the sums that it counts in."""

    resource: PowerResource
    groups: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Lines:
    """Results of a chunk: values of each resource, or the sums of all chunks so far.

    names      ids of the resources, or indexes of the sums as text
    values     field -> (names, periods)
    totals_kw  (names,) of sums: AC rating of all members so far
    """

    names: tuple[str, ...]
    periods: int
    values: dict[str, FloatArray]
    totals_kw: list[float] = field(default_factory=list)
    chunks: int = 0
    summary: Summary = field(default_factory=Summary)


class Simulations:
    """Every verb takes the account first."""

    def __init__(self, store: Store, lights: Lights, jobs: Jobs) -> None:
        self._store, self._lights, self.jobs = store, lights, jobs

    async def start(self, account_id: str, order: Order) -> Job:
        """Accepted and stored when this returns.

        errors  UnknownMembers, CannotCompute, QueueFull
        """
        step_s = await self._lights.step_s(account_id, order.query)
        if order.query.period_s % step_s:
            await self._lights.over(account_id, order.query, ())  # says what is wrong with it
        steps = (order.query.end_s - order.query.start_s) // step_s
        async with self._store.read() as tx:
            fleets, places = await _members(tx, account_id, order)
            total = len(places)
            if order.level == "resource":
                checked_size(sum(place.rows for place, _ in places), steps, MOST_SIMULATED)
            parts = [
                await asyncio.to_thread(_packed, await _loaded(tx, account_id, order, some))
                for some in _chunks(places, steps)
            ]
        plan = Plan(
            query=order.query, level=order.level, form=order.form, fields=order.fields, fleets=fleets,
            chunks=len(parts),
        )  # fmt: skip
        summary = msgspec.json.encode(Summary()).decode()
        return await self.jobs.submit(account_id, KIND, msgspec.json.encode(plan).decode(), total, parts, summary)

    async def get(self, account_id: str, job_id: str) -> Job:
        """errors: NotFound"""
        return await self.jobs.get(account_id, job_id, KIND)


def plan_of(job: Job) -> Plan:
    """What a stored job was asked."""
    return msgspec.json.decode(job.request, type=Plan)


def summary_of(job: Job) -> Summary:
    """What a stored job has found."""
    return msgspec.json.decode(job.summary, type=Summary)


Placed = tuple[SitePlace, tuple[int, ...]]


async def _members(
    tx: Tx, account_id: str, order: Order
) -> tuple[tuple[tuple[str | None, str, int], ...], list[Placed]]:
    """The sums, and every site once with those that it counts in."""
    if order.inline is not None:
        places = [
            (SitePlace(str(index), one.site.latitude_deg, one.site.longitude_deg, row_count(one.site)), (0,))
            for index, one in enumerate(order.inline)
        ]
        return ((None, "", len(places)),), list(places)
    if order.resource_ids is not None:
        found = {place.resource_id: place for place in await tx.power.places(account_id, order.resource_ids)}
        unknown = [index for index, key in enumerate(order.resource_ids) if key not in found]
        if unknown:
            raise UnknownMembers(unknown)
        return ((None, "", len(found)),), [(place, (0,)) for place in found.values()]
    assert order.fleet_ids is not None
    wanted = list(dict.fromkeys(order.fleet_ids))
    fleets = await tx.power.fleets(account_id, wanted)
    unknown = [index for index, key in enumerate(order.fleet_ids) if key not in fleets]
    if unknown:
        raise UnknownMembers(unknown, "fleetIds")
    groups: dict[str, list[int]] = {}
    known: dict[str, SitePlace] = {}
    heads: list[tuple[str | None, str, int]] = []
    for number, fleet_id in enumerate(wanted):
        members = await tx.power.places_of_fleet(account_id, fleet_id)
        heads.append((fleet_id, fleets[fleet_id].name, len(members)))
        for place in members:
            known[place.resource_id] = place
            groups.setdefault(place.resource_id, []).append(number)
    return tuple(heads), [(place, tuple(groups[key])) for key, place in known.items()]


def _chunks(places: list[Placed], steps: int) -> Iterator[list[Placed]]:
    """Neighbours together, so that they share their weather; each chunk takes about a second."""
    places.sort(key=lambda item: (round(item[0].latitude_deg, 1), item[0].longitude_deg, item[0].resource_id))
    chunk, size = list[Placed](), 0
    for item in places:
        if chunk and size + item[0].rows * steps > CHUNK_ROW_STEPS:
            yield chunk
            chunk, size = [], 0
        chunk.append(item)
        size += item[0].rows * steps
    if chunk:
        yield chunk


async def _loaded(tx: Tx, account_id: str, order: Order, some: Sequence[Placed]) -> list[Member]:
    if order.inline is not None:
        return [Member(order.inline[int(place.resource_id)], groups) for place, groups in some]
    found = await tx.power.resources(account_id, [place.resource_id for place, _ in some])
    return [Member(found[place.resource_id], groups) for place, groups in some]


def _packed(members: list[Member]) -> bytes:
    return zstandard.compress(msgspec.json.encode(members), 3)


class SimulationJob:
    """Runs simulations; see `jobs.JobKind`."""

    def __init__(self, lights: Lights, kernel: Kernel) -> None:
        self._lights, self._kernel = lights, kernel

    async def run(self, work: Work) -> str:
        plan = plan_of(work.job)
        if plan.level == "resource":
            return await self._each(work, plan)
        return await self._summed(work, plan)

    async def _members(self, work: Work, number: int) -> list[Member]:
        body = await work.part("in", number)
        return await asyncio.to_thread(_unpacked, body)

    async def _each(self, work: Work, plan: Plan) -> str:
        """One part of results per chunk."""
        finished = set(await work.parts("out"))
        summary, done = summary_of(work.job), 0
        for number in range(plan.chunks):
            members = await self._members(work, number)
            done += len(members)
            if number in finished:
                continue
            lines = await self._chunk(work.job.account_id, plan, members, summary)
            body = await asyncio.to_thread(pack_lines, lines)
            work.summary = msgspec.json.encode(summary).decode()
            async with work.chunk(done) as tx:
                await tx.power.add_part(work.job.job_id, "out", number, body)
        return msgspec.json.encode(summary).decode()

    async def _chunk(self, account_id: str, plan: Plan, members: list[Member], summary: Summary) -> Lines:
        resources = [member.resource for member in members]
        sites = [resource.site for resource in resources]
        query = plan.query
        light = await self._lights.over(account_id, query, sites)
        able, failures = sorted_out(resources, light)
        some = [sites[index] for index in able]
        basis = light.basis(some, query.model)
        summary.add(failures, basis.assumed if able else (), basis.not_modelled)
        values = await self._kernel.series(task_of(some, chosen(light, able), query))
        names = tuple(resources[index].resource_id for index in able)
        return Lines(names, query.periods, values)

    async def _summed(self, work: Work, plan: Plan) -> str:
        """One part of results that grows; it knows how many chunks are in it."""
        shape = (len(plan.fleets), plan.query.periods)
        lines = Lines(
            tuple(str(index) for index in range(shape[0])), shape[1],
            {"ac_kw": np.zeros(shape), "available_kw": np.zeros(shape)}, [0.0] * shape[0],
        )  # fmt: skip
        if await work.parts("out"):
            lines = await asyncio.to_thread(unpack_lines, await work.part("out", 0))
        every = max(1, shape[0] * shape[1] // SUMS_AT_ONCE)
        done = 0
        for number in range(plan.chunks):
            members = await self._members(work, number)
            done += len(members)
            if number < lines.chunks:
                continue
            lines = await self._add(work.job.account_id, plan, members, lines)
            whole = number + 1 == plan.chunks
            if whole or number % every == every - 1:
                body = await asyncio.to_thread(pack_lines, lines)
                work.summary = msgspec.json.encode(lines.summary).decode()
                async with work.chunk(done) as tx:
                    await tx.power.add_part(work.job.job_id, "out", 0, body)
            else:
                async with work.chunk(done):
                    pass
        if plan.chunks == 0:
            async with work.chunk(0) as tx:
                await tx.power.add_part(work.job.job_id, "out", 0, pack_lines(lines))
        return msgspec.json.encode(lines.summary).decode()

    async def _add(self, account_id: str, plan: Plan, members: list[Member], lines: Lines) -> Lines:
        resources = [member.resource for member in members]
        sites = [resource.site for resource in resources]
        light = await self._lights.over(account_id, plan.query, sites)
        able, failures = sorted_out(resources, light)
        some = [sites[index] for index in able]
        basis = light.basis(some, plan.query.model)
        lines.summary.add(failures, basis.assumed if able else (), basis.not_modelled)
        for member in members:
            for group in member.groups:
                lines.totals_kw[group] += member.resource.site.ac_kw
        if able:
            groups: list[list[int]] = [[] for _ in plan.fleets]
            for site, index in enumerate(able):
                for group in members[index].groups:
                    groups[group].append(site)
            task = task_of(some, chosen(light, able), plan.query)
            rows = await self._kernel.on_thread(compiled_rows, task)
            sums = await self._kernel.on_thread(
                lambda: FleetSums(rows, task.steps, membership(groups, len(some)), task.per_period)
            )
            await self._kernel.run(task, sums.add, rows)
            series = await self._kernel.on_thread(sums.series)
            assert series.available_kw is not None
            lines.values["ac_kw"] += np.nan_to_num(series.power_ac_kw)
            lines.values["available_kw"] += series.available_kw
        return replace(lines, chunks=lines.chunks + 1)


def _unpacked(body: bytes) -> list[Member]:
    return msgspec.json.decode(zstandard.decompress(body), type=list[Member])


def pack_lines(lines: Lines) -> bytes:
    """Results as bytes."""
    values = {name: table.astype("<f8").tobytes() for name, table in lines.values.items()}
    facts = [lines.names, lines.periods, values, lines.totals_kw, lines.chunks, msgspec.to_builtins(lines.summary)]
    return zstandard.compress(msgspec.msgpack.encode(facts), 3)


def unpack_lines(body: bytes) -> Lines:
    """Results as `pack_lines` wrote them."""
    facts: Any = msgspec.msgpack.decode(zstandard.decompress(body))
    names, periods, values, totals_kw, chunks, summary = facts
    shape = (len(names), periods)
    tables = {name: np.frombuffer(raw, "<f8").reshape(shape).copy() for name, raw in values.items()}
    return Lines(tuple(names), periods, tables, totals_kw, chunks, msgspec.convert(summary, Summary))
