"""Calls about what meters said, and how near the model comes to it."""

import re
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from fleetline.api.dialects.fleetview.asking import Query, path_id, time_ms
from fleetline.api.dialects.fleetview.nouns import number, rounded, time_text
from fleetline.api.dialects.fleetview.power import (
    COMMON,
    LAST_MS,
    POWER,
    RESOLUTIONS,
    check_ahead,
    check_span,
    periods_of,
    power_head,
    read_query,
    shown,
    span_columns,
)
from fleetline.api.dialects.fleetview.reading import form_values, number_fault, read_object
from fleetline.api.dialects.fleetview.schema import Field, Form
from fleetline.api.dialects.fleetview.words import bad, faulty
from fleetline.api.http import Request, Response, json_response
from fleetline.core.power_measurements import OutOfRating
from fleetline.core.power_scores import Score, Scored
from fleetline.model.power import Limit
from fleetline.model.resource import Fault
from fleetline.model.resource_query import SeriesKind

if TYPE_CHECKING:
    from fleetline.core.workspace import Workspace

MOST_VALUES: Final = 600_000
MOST_HORIZONS: Final = 8
MOST_AHEAD_H: Final = 168
MINUTES: Final = (60, 30, 15, 5, 1)
FORM: Final = Form(
    Field("startTime", "start", "text", True, least=1, most=40),
    Field("timeResolutionMinutes", "minutes", "whole", True, limit=Limit(1, 60, whole=True)),
    Field(POWER, "values", "reply"),
)
"""The list of powers is checked by itself: it may be long."""


async def put(workspace: "Workspace", request: Request) -> Response:
    Query(request, ())
    resource_id = path_id(request, "resourceId")
    await workspace.power.resources.get(workspace.account_id, resource_id)
    faults: list[Fault] = []
    found = form_values(FORM, read_object(request.body), "", faults)
    values = _values(found.get("values"), faults)
    if found["minutes"] is not None and found["minutes"] not in MINUTES and not faults:
        words = ", ".join(map(str, MINUTES))
        message = f"timeResolutionMinutes must be one of {words}."
        faults.append(Fault("timeResolutionMinutes", "enum", message))
    if faults or values is None:
        raise faulty(faults)
    start_ms, minutes = time_ms("startTime", found["start"]), found["minutes"]
    if not 0 <= start_ms <= LAST_MS or start_ms % (minutes * 60_000):
        raise bad("startTime", "grid", f"startTime must be a multiple of {minutes} minutes from 00:00 UTC.")
    try:
        taken = await workspace.power.measurements.put(
            workspace.account_id, resource_id, start_ms // 1000, minutes * 60, values
        )
    except OutOfRating as refused:
        name = f"{POWER}[{refused.index}]"
        low, high = number(rounded(refused.low)), number(rounded(refused.high))
        raise bad(name, "range", f"{name} must be from {low} to {high}, -5 % to 120 % of the AC rating.") from refused
    return json_response({"storedValues": taken.stored, "replacedValues": taken.replaced})


def _values(given: Any, faults: list[Fault]) -> Any:
    if given is None:
        faults.append(Fault(POWER, "required", f"{POWER} is required."))
        return None
    if not isinstance(given, list):
        faults.append(Fault(POWER, "type", f"{POWER} must be a list."))
        return None
    if not 1 <= len(given) <= MOST_VALUES:
        faults.append(Fault(POWER, "length", f"{POWER} must have 1 to {MOST_VALUES} items."))
        return None
    anything = Limit(-1e9, 1e9)
    for index, value in enumerate(given):
        if value is None or (type(value) in (int, float) and anything.holds(value)):
            continue
        name = f"{POWER}[{index}]"
        code, message = number_fault(name, anything, value) or ("type", f"{name} must be a number.")
        faults.append(Fault(name, code, message))
        return None
    return np.array(given, np.float64)


async def read(workspace: "Workspace", request: Request) -> Response:
    query = Query(request, ("startTime", "endTime", "timeResolutionMinutes"))
    resource_id = path_id(request, "resourceId")
    minutes = int(query.word("timeResolutionMinutes", RESOLUTIONS, "60"))
    start_ms, end_ms = query.time_ms("startTime", required=True), query.time_ms("endTime", required=True)
    assert start_ms is not None and end_ms is not None
    check_span(start_ms, end_ms, minutes)
    values = await workspace.power.measurements.get(
        workspace.account_id, resource_id, start_ms // 1000, end_ms // 1000, minutes * 60
    )
    columns = {**span_columns(start_ms // 1000, minutes * 60, len(values)), POWER: shown(values)}
    return json_response(
        {
            "resourceId": resource_id,
            "startTime": time_text(start_ms),
            "endTime": time_text(end_ms),
            "timeResolutionMinutes": minutes,
            "periods": periods_of(columns),
        }
    )


KNOWN: Final = (*(name for name in COMMON if name != "outputFields"), "daylightOnly", "horizons")


async def of_resource(workspace: "Workspace", request: Request) -> Response:
    query = Query(request, KNOWN)
    resource_id = path_id(request, "resourceId")
    wanted, daylight, horizons = _asked(query, workspace.power.clock.now_ms())
    found = await workspace.power.scores.resource(
        workspace.account_id, resource_id, wanted, daylight=daylight, horizons=horizons
    )
    return json_response({"resourceId": resource_id, **_scored(found, daylight)})


async def of_fleet(workspace: "Workspace", request: Request) -> Response:
    query = Query(request, KNOWN)
    fleet_id = path_id(request, "fleetId")
    wanted, daylight, horizons = _asked(query, workspace.power.clock.now_ms())
    found = await workspace.power.scores.fleet(
        workspace.account_id, fleet_id, wanted, daylight=daylight, horizons=horizons
    )
    return json_response({"fleetId": fleet_id, **_scored(found, daylight)})


def _asked(query: Query, now_ms: int) -> Any:
    wanted = read_query(query, now_ms, ahead=False)
    given = query.values.get("horizons")
    if given is None:
        if wanted.kind is SeriesKind.FORECAST:
            check_ahead(wanted.start_s * 1000, wanted.end_s * 1000, wanted.period_s // 60, wanted.as_of_ms)
        return wanted, query.flag("daylightOnly", True), ()
    if wanted.kind is not SeriesKind.FORECAST:
        raise bad("horizons", "unused", "horizons is for forecasts only.")
    return wanted, query.flag("daylightOnly", True), _horizons(given)


def _horizons(given: str) -> tuple[int, ...]:
    """Hours ahead, each once. errors: Refusal 400"""
    parts = [part.strip() for part in given.split(",")]
    hours = [int(part) if re.fullmatch(r"\d{1,3}", part, re.ASCII) else 0 for part in parts]
    if not all(1 <= hour <= MOST_AHEAD_H for hour in hours) or len(parts) > MOST_HORIZONS:
        reason = f"must be up to {MOST_HORIZONS} whole hours from 1 to {MOST_AHEAD_H}"
        raise bad("horizons", "range", f"horizons {reason}.")
    return tuple(dict.fromkeys(hours))


def _scored(found: Scored, daylight: bool) -> dict[str, Any]:
    head = {**power_head(found.query, found.basis), "daylightOnly": daylight}
    if found.score is not None:
        return {**head, **_score(found.score, found.query.kind)}
    horizons = [{"horizonHours": hours, **_score(score, found.query.kind)} for hours, score in found.horizons]
    return {**head, "horizons": horizons}


def _score(score: Score, kind: SeriesKind) -> dict[str, Any]:
    out: dict[str, Any] = {"count": score.count, "capacityAC_kW": number(rounded(score.capacity_kw))}
    for name in ("mbe", "mae", "rmse"):
        value = getattr(score, f"{name}_kw")
        out[f"{name}_kW"] = None if value is None else rounded(value)
        share = None if value is None or score.capacity_kw == 0 else rounded(100.0 * value / score.capacity_kw)
        out[f"{name}_Percent"] = share
    out["correlation"] = None if score.correlation is None else round(score.correlation, 6)
    if kind is SeriesKind.FORECAST:
        out["skill"] = None if score.skill is None else round(score.skill, 6)
    return out
