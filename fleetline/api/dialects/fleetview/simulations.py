"""Calls that start simulations, watch them, read their results and end them."""

from typing import TYPE_CHECKING, Any, Final

from fleetline.api.dialects.fleetview.asking import Query, path_id, time_ms
from fleetline.api.dialects.fleetview.job_words import STATES, job_head
from fleetline.api.dialects.fleetview.nouns import draft_from, in_order, unwrapped
from fleetline.api.dialects.fleetview.power import (
    ENERGY,
    FIELDS,
    MISSING,
    MODELS,
    POWER,
    check_ahead,
    check_span,
    failure_json,
    fills_gaps,
    source_name,
)
from fleetline.api.dialects.fleetview.reading import Members, form_values, nearest, read_object
from fleetline.api.dialects.fleetview.results import MEDIA, stream
from fleetline.api.dialects.fleetview.schema import RESOURCE, Field, Form
from fleetline.api.dialects.fleetview.words import Refusal, bad, clean, faulty
from fleetline.api.http import Request, Response, json_response
from fleetline.core.jobs import FINAL
from fleetline.core.power_simulation import KIND, Order, plan_of, summary_of
from fleetline.model.power import Limit, PowerModel, PowerResource
from fleetline.model.resource import Fault
from fleetline.model.resource_job import Job
from fleetline.model.resource_query import PowerQuery, SeriesKind

if TYPE_CHECKING:
    from fleetline.core.workspace import Workspace

MOST_INLINE: Final = 1_000
RETRY: Final = ("retry-after", "2")
MINUTES: Final = (60, 30, 15, 5, 1)


def _words(*words: str) -> dict[str, str]:
    return {word: word for word in words}


OPTIONS: Final = Form(
    Field("powerModel", "model", "enum", default=PowerModel.PVLIB, words=MODELS),
    Field("outputFields", "fields", "reply"),
)
WEATHER: Final = Form(
    Field("type", "kind", "enum", default=SeriesKind.HISTORICAL, words={str(kind): kind for kind in SeriesKind}),
    Field("weatherDataSource", "source", "text", default="default", least=1, most=40),
    Field("startTime", "start", "text", True, least=1, most=40),
    Field("endTime", "end", "text", True, least=1, most=40),
    Field("timeResolutionMinutes", "minutes", "whole", default=60, limit=Limit(1, 60, whole=True)),
    Field("missingDataHandling", "missing", "enum", default="Omit", words=_words(*MISSING)),
)
RESULT: Final = Form(
    Field("level", "level", "enum", default="fleet", words=_words("fleet", "resource")),
    Field("format", "form", "enum", default="json", words=_words("json", "csv", "ndjson")),
)
SIMULATION: Final = Form(
    Field("resourceIds", "resource_ids", "ids", least=1, most=100_000),
    Field("fleetIds", "fleet_ids", "ids", least=1, most=10_000),
    Field("resources", "resources", "reply"),
    Field("simulationOptions", "options", "object", form=OPTIONS),
    Field("weatherDataOptions", "weather", "object", True, form=WEATHER),
    Field("result", "result", "object", form=RESULT),
)


async def start(workspace: "Workspace", request: Request) -> Response:
    Query(request, ())
    order = read_order(read_object(request.body), workspace.power.clock.now_ms())
    job = await workspace.power.simulations.start(workspace.account_id, order)
    body = {"simulationId": job.job_id, "status": STATES[job.state]}
    return json_response(body, 202, [("location", f"/v1/simulations/{job.job_id}"), RETRY])


def read_order(members: Members, now_ms: int) -> Order:
    """errors: Refusal 400"""
    faults: list[Fault] = []
    values = form_values(SIMULATION, members, "", faults)
    inline = _inline(values.get("resources"), faults)
    given = [name for name in ("resourceIds", "fleetIds", "resources") if _given(members, name)]
    if len(given) != 1:
        message = "resourceIds, fleetIds or resources is required, and only one of them."
        faults.append(Fault("resourceIds", "required", message))
    if faults:
        raise faulty(faults)
    result = values["result"] or {"level": "fleet", "form": "json"}
    options = values["options"] or {"fields": None, "model": PowerModel.PVLIB}
    fields = _fields(options["fields"], result["level"])
    return Order(
        query=_placed_query(values["weather"], fields, options["model"], now_ms),
        level=result["level"],
        form=result["form"],
        fields=fields,
        resource_ids=tuple(dict.fromkeys(values["resource_ids"])) if values["resource_ids"] is not None else None,
        fleet_ids=values["fleet_ids"],
        inline=inline,
    )


def _given(members: Members, name: str) -> bool:
    return any(key.lower() == name.lower() and value is not None for key, value in members.items())


def _inline(given: Any, faults: list[Fault]) -> tuple[PowerResource, ...] | None:
    """Sites that are not stored; their ids are their places in the list."""
    if given is None:
        return None
    if not isinstance(given, list):
        faults.append(Fault("resources", "type", "resources must be a list."))
        return ()
    if not 1 <= len(given) <= MOST_INLINE:
        faults.append(Fault("resources", "length", f"resources must have 1 to {MOST_INLINE} items."))
        return ()
    out = []
    for index, item in enumerate(given):
        path = f"resources[{index}]"
        if not isinstance(item, Members):
            faults.append(Fault(path, "type", f"{path} must be an object."))
            continue
        own: list[Fault] = []
        draft = draft_from(form_values(RESOURCE, unwrapped(item), "", own), own)
        if draft is None:
            faults += [Fault(f"{path}.{fault.field}", fault.code, fault.message) for fault in in_order(own)]
        else:
            out.append(draft.made(path, "", 0))
    return tuple(out)


def _fields(given: Any, level: str) -> tuple[str, ...]:
    """errors: Refusal 400"""
    path = "simulationOptions.outputFields"
    if given is None:
        return (POWER, ENERGY)
    if not isinstance(given, list) or not given:
        raise bad(path, "type", "outputFields must be a list.")
    known = tuple(FIELDS) if level == "resource" else (POWER, ENERGY)
    by_key = {name.lower(): name for name in known}
    out = []
    for index, item in enumerate(given):
        name = by_key.get(item.lower()) if isinstance(item, str) else None
        if name is None:
            shown = clean(str(item))
            message = f"{shown} is not known; did you mean {nearest(shown, known)}?"
            raise bad(f"{path}[{index}]", "enum", message)
        out.append(name)
    return tuple(dict.fromkeys(out))


def _placed_query(weather: dict[str, Any], fields: tuple[str, ...], model: PowerModel, now_ms: int) -> PowerQuery:
    """As `_query`, its faults by their full path."""
    try:
        return _query(weather, fields, model, now_ms)
    except Refusal as refusal:
        placed = [Fault(f"weatherDataOptions.{fault.field}", fault.code, fault.message) for fault in refusal.faults]
        raise Refusal(refusal.status, refusal.message, placed) from refusal


def _query(weather: dict[str, Any], fields: tuple[str, ...], model: PowerModel, now_ms: int) -> PowerQuery:
    """errors: Refusal 400 naming the parameter"""
    minutes = weather["minutes"]
    if minutes not in MINUTES:
        words = ", ".join(str(known) for known in MINUTES)
        raise bad("timeResolutionMinutes", "enum", f"timeResolutionMinutes must be one of {words}.")
    start_ms, end_ms = time_ms("startTime", weather["start"]), time_ms("endTime", weather["end"])
    check_span(start_ms, end_ms, minutes)
    if weather["kind"] is SeriesKind.FORECAST:
        check_ahead(start_ms, end_ms, minutes, now_ms)
    return PowerQuery(
        kind=weather["kind"],
        start_s=start_ms // 1000,
        end_s=end_ms // 1000,
        period_s=minutes * 60,
        model=model,
        fills=fills_gaps(weather["missing"], weather["kind"]),
        source=source_name(weather["source"], "weatherDataSource"),
        fields=tuple(dict.fromkeys(FIELDS[name] for name in fields if FIELDS[name] != "ac_kw")),
        as_of_ms=now_ms,
    )


async def read(workspace: "Workspace", request: Request) -> Response:
    Query(request, ())
    job = await workspace.power.simulations.get(workspace.account_id, path_id(request, "simulationId"))
    return json_response(simulation_json(job), headers=[] if job.state in FINAL else [RETRY])


def simulation_json(job: Job) -> dict[str, Any]:
    """A simulation as replies show it."""
    summary = summary_of(job)
    return {
        "simulationId": job.job_id,
        **job_head(job, "Resources"),
        "failedResourceCount": summary.failed,
        "failures": [failure_json(failure) for failure in summary.failures],
        "resultUrl": f"/v1/simulations/{job.job_id}/results" if job.state == "done" else None,
    }


async def results(workspace: "Workspace", request: Request) -> Response:
    """What a finished simulation has made, streamed."""
    Query(request, ())
    jobs = workspace.power.jobs
    job = await workspace.power.simulations.get(workspace.account_id, path_id(request, "simulationId"))
    if job.state != "done":
        message = f"The simulation has no results; its status is {STATES[job.state]}."
        raise Refusal(409, message, [Fault("", "status", message)], [] if job.state in FINAL else [RETRY])
    if jobs.expired(job):
        raise Refusal(410, "The results were kept for 7 days.")
    plan = plan_of(job)
    body = stream(job, plan, jobs.out(workspace.account_id, job.job_id))
    return Response(200, body, [("content-type", MEDIA[plan.form])])


async def end(workspace: "Workspace", request: Request) -> Response:
    """Cancels a simulation that runs or waits, removes one that is over."""
    Query(request, ())
    await workspace.power.jobs.end(workspace.account_id, path_id(request, "simulationId"), KIND)
    return Response(204)
