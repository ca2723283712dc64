"""Calls about jobs of every kind: listed, watched, and the rows of imports."""

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any, Final

import msgspec

from fleetline.api.dialects.fleetview.asking import Query, list_response, page_of, path_id
from fleetline.api.dialects.fleetview.bulk_report import counts_json, outcome_json
from fleetline.api.dialects.fleetview.job_words import STATES, job_head
from fleetline.api.dialects.fleetview.simulations import RETRY, simulation_json
from fleetline.api.dialects.fleetview.words import Refusal
from fleetline.api.http import Request, Response, json_response
from fleetline.core import power_import, power_simulation
from fleetline.core.jobs import FINAL
from fleetline.core.power_import import counts_of, order_of, unpack_outcomes
from fleetline.model.resource import OUTCOMES, Fault
from fleetline.model.resource_job import Job

if TYPE_CHECKING:
    from fleetline.core.workspace import Workspace

KINDS: Final = (power_import.KIND, power_simulation.KIND)
"""The long runs that this API knows; others of the account are none of its business."""


def job_json(job: Job) -> dict[str, Any]:
    """A job of any kind."""
    if job.kind == power_simulation.KIND:
        facts = simulation_json(job)
        del facts["simulationId"]
        return {"jobId": job.job_id, "kind": "Simulation", **facts}
    order = order_of(job)
    return {
        "jobId": job.job_id,
        "kind": "Import",
        **job_head(job, "Rows"),
        "dryRun": order.dry_run,
        **counts_json(counts_of(job)),
        "rowsUrl": f"/v1/jobs/{job.job_id}/rows" if job.state == "done" else None,
    }


async def find(workspace: "Workspace", request: Request) -> Response:
    query = Query(request, ("limit", "cursor"))
    after, most = page_of(workspace, request, query)
    found = await workspace.power.jobs.page(workspace.account_id, KINDS, after, most + 1)
    return list_response(workspace, request, query, found, most, lambda job: (job.created_at_ms, job.job_id), job_json)


async def read(workspace: "Workspace", request: Request) -> Response:
    Query(request, ())
    job = await workspace.power.jobs.get(workspace.account_id, path_id(request, "jobId"), *KINDS)
    return json_response(job_json(job), headers=[] if job.state in FINAL else [RETRY])


async def rows(workspace: "Workspace", request: Request) -> Response:
    """What became of each row of an import, one JSON object a line."""
    query = Query(request, ("outcome",))
    words = {word.capitalize(): word for word in OUTCOMES}
    wanted = words.get(query.word("outcome", tuple(words), "")) if "outcome" in query.values else None
    jobs = workspace.power.jobs
    job = await jobs.get(workspace.account_id, path_id(request, "jobId"), power_import.KIND)
    if job.state != "done":
        message = f"The import has no rows yet; its status is {STATES[job.state]}."
        raise Refusal(409, message, [Fault("", "status", message)], [] if job.state in FINAL else [RETRY])
    if jobs.expired(job):
        raise Refusal(410, "The rows were kept for 7 days.")
    body = _lines(jobs.out(workspace.account_id, job.job_id), wanted)
    return Response(200, body, [("content-type", "application/x-ndjson; charset=utf-8")])


async def _lines(parts: AsyncIterator[bytes], wanted: str | None) -> AsyncIterator[bytes]:
    async for body in parts:
        shown = [outcome for outcome in unpack_outcomes(body) if wanted in (None, outcome.outcome)]
        yield b"".join(msgspec.json.encode(outcome_json(outcome)) + b"\n" for outcome in shown)
