"""Power of many solar systems over long spans, computed in the background and given out line by line."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING, Annotated, Final, Literal

import msgspec
import numpy as np

from fleetline.api.dialects.own.calls import body_of
from fleetline.api.dialects.own.replies import answer, nothing
from fleetline.api.dialects.own.solar import KINDS, PERIODS_S, desk_of, numbers
from fleetline.api.dialects.own.solar_shapes import Text
from fleetline.api.dialects.own.words import Unfinished
from fleetline.api.http import Request, Response
from fleetline.core.power_simulation import KIND, Order, Plan, plan_of, summary_of, unpack_lines
from fleetline.model.errors import Invalid
from fleetline.model.registry import findable
from fleetline.model.resource_job import Job
from fleetline.model.resource_query import FURTHEST_AHEAD_S, LONGEST_S, MOST_PERIODS, PowerQuery, SeriesKind

if TYPE_CHECKING:
    from fleetline.core.workspace import Workspace

Instant = Annotated[int, msgspec.Meta(ge=0, le=4_102_444_800_000)]
Ids = Annotated[tuple[Text, ...], msgspec.Meta(min_length=1, max_length=100_000)]
FORM: Final = "ndjson"


class SimulationBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Exactly one of `resource_ids`, one line each, and `fleet_ids`, one sum each; a forecast begins now."""

    kind: Literal["past", "clear_sky", "forecast"]
    from_at_ms: Instant
    to_at_ms: Instant
    period_s: int = 3600
    source: Text = "default"
    resource_ids: Ids | None = None
    fleet_ids: Ids | None = None


class SimulationShown(msgspec.Struct, frozen=True, kw_only=True):
    """`state` is queued, running, done, failed or cancelled; done and total count resources.

    failures  (resource, why) of the first that could not be computed; failed: how many there are
    """

    id: str
    state: str
    kind: str
    from_at_ms: int
    to_at_ms: int
    period_s: int
    done: int
    total: int
    failed: int
    failures: list[tuple[str, str]]
    created_at_ms: int
    finished_at_ms: int | None


class SimulationLine(msgspec.Struct, frozen=True, kw_only=True):
    """One resource, or one fleet with its name.

    total_kw, available_kw  of fleets: AC rating of all members, and of those that have a value; null for resources
    """

    id: str
    name: str
    total_kw: float | None
    power_ac_kw: list[float | None]
    available_kw: list[float] | None


def _query(body: SimulationBody, now_ms: int) -> PowerQuery:
    if str(body.period_s) not in PERIODS_S:
        raise Invalid("period_s", f"must be one of {', '.join(PERIODS_S)}")
    kind, step_ms = KINDS[body.kind], body.period_s * 1000
    start_s = body.from_at_ms // step_ms * body.period_s
    end_s = -(-body.to_at_ms // step_ms) * body.period_s
    longest_s = FURTHEST_AHEAD_S if kind is SeriesKind.FORECAST else LONGEST_S
    if not 0 < end_s - start_s <= longest_s or (end_s - start_s) // body.period_s > MOST_PERIODS:
        raise Invalid("to_at_ms", f"must be after from_at_ms, by at most {longest_s // 86_400} days")
    if kind is SeriesKind.FORECAST and not now_ms // step_ms * body.period_s <= start_s <= now_ms // 1000 + longest_s:
        raise Invalid("from_at_ms", "must not lie before now for a forecast")
    return PowerQuery(
        kind=kind, start_s=start_s, end_s=end_s, period_s=body.period_s, source=body.source, as_of_ms=now_ms
    )


async def start(workspace: "Workspace", request: Request) -> Response:
    desk, body = desk_of(workspace), body_of(request, SimulationBody)
    if (body.resource_ids is None) == (body.fleet_ids is None):
        raise Invalid("resource_ids", "or fleet_ids must be given, and not both")
    if not all(findable(text) for text in (body.source, *(body.resource_ids or body.fleet_ids or ()))):
        raise Invalid("resource_ids", "must be ids")
    order = Order(
        query=_query(body, request.received_at_ms), level="resource" if body.resource_ids is not None else "fleet",
        form=FORM, resource_ids=body.resource_ids, fleet_ids=body.fleet_ids,
    )  # fmt: skip
    return answer(shown(await desk.simulations.start(workspace.account_id, order)), 202)


def shown(job: Job) -> SimulationShown:
    plan, summary = plan_of(job), summary_of(job)
    query = plan.query
    return SimulationShown(
        id=job.job_id, state=job.state, kind=next(word for word, kind in KINDS.items() if kind is query.kind),
        from_at_ms=query.start_s * 1000, to_at_ms=query.end_s * 1000, period_s=query.period_s, done=job.done,
        total=job.total, failed=summary.failed,
        failures=[(failure.resource_id, failure.code) for failure in summary.failures],
        created_at_ms=job.created_at_ms, finished_at_ms=job.finished_at_ms,
    )  # fmt: skip


def _id(request: Request) -> str:
    found = request.params["simulation_id"]
    request.notes.subject = found[:64]
    return found if findable(found) else "-"


async def show(workspace: "Workspace", request: Request) -> Response:
    return answer(shown(await desk_of(workspace).simulations.get(workspace.account_id, _id(request))))


async def end(workspace: "Workspace", request: Request) -> Response:
    """Stops one that is under way, forgets one that is over."""
    await desk_of(workspace).jobs.end(workspace.account_id, _id(request), KIND)
    return nothing()


async def result(workspace: "Workspace", request: Request) -> Response:
    """One JSON object a line, written while it is sent."""
    desk, wanted = desk_of(workspace), _id(request)
    job = await desk.simulations.get(workspace.account_id, wanted)
    if job.state != "done" or desk.jobs.expired(job):
        raise Unfinished("expired" if job.state == "done" else job.state)
    headers = [("content-type", "application/x-ndjson; charset=utf-8"), ("cache-control", "no-store")]
    return Response(200, _lines(plan_of(job), desk.jobs.out(workspace.account_id, wanted)), headers)


async def _lines(plan: Plan, parts: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    async for body in parts:
        yield await asyncio.to_thread(_encoded, plan, body)


def _encoded(plan: Plan, body: bytes) -> bytes:
    lines = unpack_lines(body)
    power = lines.values["ac_kw"]
    if plan.level == "resource":
        found: Sequence[SimulationLine] = [
            SimulationLine(id=name, name="", total_kw=None, power_ac_kw=numbers(power[line]), available_kw=None)
            for line, name in enumerate(lines.names)
        ]
    else:
        available = lines.values["available_kw"]
        found = [
            SimulationLine(
                id=str(fleet_id), name=name, total_kw=lines.totals_kw[line],
                power_ac_kw=numbers(np.where(available[line] > 0, power[line], np.nan)),
                available_kw=available[line].tolist(),
            )
            for line, (fleet_id, name, _) in enumerate(plan.fleets)
        ]  # fmt: skip
    return b"".join(msgspec.json.encode(line) + b"\n" for line in found)
