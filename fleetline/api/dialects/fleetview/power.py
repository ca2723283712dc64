"""Calls for the power of a resource or a fleet, as JSON and as CSV."""

import asyncio
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, TypeVar

import msgspec
import numpy as np

from fleetline.api.dialects.fleetview.asking import Query, path_id
from fleetline.api.dialects.fleetview.checks import preferred
from fleetline.api.dialects.fleetview.nouns import TRACKING_WORDS, time_text
from fleetline.api.dialects.fleetview.words import bad
from fleetline.api.http import JSON_TYPE, Request, Response
from fleetline.core.power_kernel import FloatArray
from fleetline.core.power_series import MIXED, FleetSeries, GroupSeries, ResourceSeries
from fleetline.core.power_simulation import Summary
from fleetline.model.power import MODEL_VERSION, PowerModel, Tracking
from fleetline.model.resource_query import (
    FURTHEST_AHEAD_S,
    LONGEST_S,
    MOST_PERIODS,
    Basis,
    Failure,
    GroupBy,
    PowerQuery,
    SeriesKind,
)

if TYPE_CHECKING:
    from fleetline.core.workspace import Workspace

RESOLUTIONS: Final = ("60", "30", "15", "5", "1")
COMMON: Final = (
    "type", "startTime", "endTime", "timeResolutionMinutes", "weatherSource", "powerModel", "missingDataHandling",
    "outputFields", "asOf",
)  # fmt: skip
SHAPE: Final = "shape"
MISSING: Final = ("Omit", "FillAverage")
MODELS: Final = {"pvlib": PowerModel.PVLIB, "CprPVForm": PowerModel.PV_FORM}
MODEL_WORDS: Final = {model: word for word, model in MODELS.items()}
LOOK_ALIKE: Final = "CprPVForm is a look-alike made from public descriptions, not Clean Power Research's own model."
OF_FLEETS: Final = ("groupBy", "normalize")
POWER: Final = "powerAC_kW"
ENERGY: Final = "energyAC_kWh"
FIELDS: Final = {
    POWER: "ac_kw",
    ENERGY: "ac_kw",
    "powerDC_kW": "dc_kw",
    "planeOfArrayIrradiance_WattsPerMeterSquared": "poa_wm2",
    "cellTemperature_DegreesC": "cell_c",
    "globalHorizontalIrradiance_WattsPerMeterSquared": "ghi_wm2",
    "directNormalIrradiance_WattsPerMeterSquared": "dni_wm2",
    "diffuseHorizontalIrradiance_WattsPerMeterSquared": "dhi_wm2",
    "ambientTemperature_DegreesC": "temperature_c",
    "windSpeed_MetersPerSecond": "wind_ms",
}
PER_KW: Final = ("powerAC_kWPerKW", "energyAC_kWhPerKW")
CAPACITY: Final = "availableCapacity_Percent"
ASSUMED: Final = {
    "temperature_c": "ambientTemperature_DegreesC=20",
    "wind_ms": "windSpeed_MetersPerSecond=1",
    "weather": "missingWeather=meanOfMonthAndTimeOfDay",
}
LEFT_OUT: Final = {
    "cleaning_threshold_mm": "cleaningThreshold_Millimeters",
    "threshold_snowfall_cm_per_h": "thresholdSnowfall_CentimeterPerHour",
    "ptc_kw": "ptcRating_kW",
}
FAILURES: Final = {"NoWeather": "There is no weather for this resource."}
MOST_FAILURES: Final = 100
FIRST_MS: Final = 0
LAST_MS: Final = 4_133_980_800_000
"""2101-01-01T00:00:00Z"""
SOURCE: Final = r"[a-z0-9-]{1,32}"
INLINE: Final = 2_000
"""Periods up to this many are written on the event loop."""

Column = list[Any]
T = TypeVar("T")


def read_query(query: Query, now_ms: int, *, ahead: bool = True) -> PowerQuery:
    """What a power call asks for; `ahead` holds forecasts to what lies before their moment. errors: Refusal 400"""
    kind = SeriesKind(query.word("type", tuple(SeriesKind), SeriesKind.HISTORICAL))
    model = MODELS[query.word("powerModel", tuple(MODELS), "pvlib")]
    fills = fills_gaps(query.word("missingDataHandling", MISSING, "Omit"), kind)
    resolution = int(query.word("timeResolutionMinutes", RESOLUTIONS, "60"))
    start_ms, end_ms = query.time_ms("startTime", required=True), query.time_ms("endTime", required=True)
    assert start_ms is not None and end_ms is not None
    check_span(start_ms, end_ms, resolution)
    as_of_ms = as_of(query, kind, now_ms)
    if ahead and kind is SeriesKind.FORECAST:
        check_ahead(start_ms, end_ms, resolution, as_of_ms)
    return PowerQuery(
        kind=kind,
        start_s=start_ms // 1000,
        end_s=end_ms // 1000,
        period_s=resolution * 60,
        model=model,
        fills=fills,
        source=source_name(query.values.get("weatherSource", "default")),
        group_by=GroupBy(query.word("groupBy", tuple(GroupBy), GroupBy.NONE)),
        as_of_ms=as_of_ms,
    )


def fills_gaps(word: str, kind: SeriesKind) -> bool:
    """Whether missing weather is filled with means. errors: Refusal 400 where there is no past to take them from"""
    if word == "Omit":
        return False
    if kind is not SeriesKind.HISTORICAL:
        raise bad("missingDataHandling", "unused", "missingDataHandling FillAverage is for type historical only.")
    return True


def as_of(query: Query, kind: SeriesKind, now_ms: int) -> int:
    """The moment a forecast is made. errors: Refusal 400"""
    given = query.time_ms("asOf")
    if given is None:
        return now_ms
    if kind is not SeriesKind.FORECAST:
        raise bad("asOf", "unused", "asOf is for forecasts only.")
    if given > now_ms:
        raise bad("asOf", "range", "asOf must not lie in the future.")
    return given


def source_name(text: str, name: str = "weatherSource") -> str:
    """The name of a weather source. errors: Refusal 400"""
    if re.fullmatch(SOURCE, text, re.ASCII) is None:
        raise bad(name, "name", f"{name} must have 1 to 32 of the characters a-z, 0-9 and -.")
    return text


def check_span(start_ms: int, end_ms: int, resolution: int) -> None:
    """errors: Refusal 400 naming the parameter"""
    for name, value in (("startTime", start_ms), ("endTime", end_ms)):
        if not FIRST_MS <= value <= LAST_MS:
            raise bad(name, "range", f"{name} must be from 1970-01-01 to 2101-01-01.")
        if value % (resolution * 60_000):
            raise bad(name, "grid", f"{name} must be a multiple of {resolution} minutes from 00:00 UTC.")
    if end_ms <= start_ms:
        raise bad("endTime", "order", "endTime must be after startTime.")
    if end_ms - start_ms > LONGEST_S * 1000:
        raise bad("endTime", "range", "endTime must be at most 366 days after startTime.")
    if (end_ms - start_ms) // (resolution * 60_000) > MOST_PERIODS:
        raise bad("endTime", "range", f"endTime must be at most {MOST_PERIODS} periods after startTime.")


def check_ahead(start_ms: int, end_ms: int, resolution: int, as_of_ms: int) -> None:
    """A forecast begins at its `asOf` and reaches seven days. errors: Refusal 400"""
    period_ms = resolution * 60_000
    if start_ms < as_of_ms // period_ms * period_ms:
        raise bad("startTime", "range", "startTime must not lie before asOf.")
    if end_ms > -(-(as_of_ms + FURTHEST_AHEAD_S * 1000) // period_ms) * period_ms:
        raise bad("endTime", "range", "endTime must be at most 7 days after asOf.")


async def of_resource(workspace: "Workspace", request: Request) -> Response:
    query = Query(request, (*COMMON, SHAPE))
    resource_id, by_column = path_id(request, "resourceId"), _by_column(query, request)
    wanted = read_query(query, workspace.power.clock.now_ms())
    names = query.words("outputFields", tuple(FIELDS)) or (POWER, ENERGY)
    fields = tuple(dict.fromkeys(FIELDS[name] for name in names if FIELDS[name] != "ac_kw"))
    series = await workspace.power.series.resource(workspace.account_id, resource_id, replace(wanted, fields=fields))
    head = {"resourceId": resource_id, **power_head(series.query, series.basis)}
    columns = await off_loop(wanted.periods, resource_columns, series, names)
    if _csv(request):
        return await off_loop(wanted.periods, csv_response, [columns])
    return await off_loop(wanted.periods, json_periods, head, "periods", [({}, columns)], by_column)


async def of_fleet(workspace: "Workspace", request: Request) -> Response:
    query = Query(request, (*COMMON, *OF_FLEETS, SHAPE))
    fleet_id, by_column = path_id(request, "fleetId"), _by_column(query, request)
    wanted = read_query(query, workspace.power.clock.now_ms())
    normalize = query.word("normalize", ("none", "capacity"), "none") == "capacity"
    names = query.words("outputFields", (POWER, ENERGY)) or (POWER, ENERGY)
    series = await workspace.power.series.fleet(workspace.account_id, fleet_id, wanted)
    head = {"fleetId": fleet_id, **fleet_head(series)}
    size = wanted.periods * max(1, len(series.groups))
    groups = await off_loop(size, fleet_columns, series, names, normalize)
    if _csv(request):
        return await off_loop(size, csv_response, [columns for _, columns in groups])
    name = "periods" if wanted.group_by is GroupBy.NONE else "groups"
    return await off_loop(size, json_periods, head, name, groups, by_column)


def _by_column(query: Query, request: Request) -> bool:
    """Whether the reply is to hold one list per field. errors: Refusal 400"""
    if query.word(SHAPE, ("periods", "columns"), "periods") == "periods":
        return False
    if _csv(request):
        raise bad(SHAPE, "unused", "shape is for JSON only.")
    return True


def _csv(request: Request) -> bool:
    return preferred(request.header("accept"), ("application/json", "text/csv")) == "text/csv"


async def off_loop(size: int, work: Callable[..., T], *arguments: object) -> T:
    """Long texts are written on a thread."""
    return work(*arguments) if size <= INLINE else await asyncio.to_thread(work, *arguments)


def power_head(query: PowerQuery, basis: Basis) -> dict[str, Any]:
    """What every reply about power says of its question and of what it was computed from."""
    clear = query.kind is SeriesKind.CLEAR_SKY
    head: dict[str, Any] = {
        "type": str(query.kind),
        "startTime": time_text(query.start_s * 1000),
        "endTime": time_text(query.end_s * 1000),
        "timeResolutionMinutes": query.period_s // 60,
        "powerModel": MODEL_WORDS[query.model],
        "modelVersion": MODEL_VERSION,
        "weatherSource": None if clear else query.source,
        "issueTime": None if basis.issue_at_ms is None else time_text(basis.issue_at_ms),
    }
    if query.model is PowerModel.PV_FORM:
        head["powerModelRemark"] = LOOK_ALIKE
    if basis.forecast_model is not None:
        head["forecastModel"] = basis.forecast_model
    head["assumptions"] = [ASSUMED[name] for name in basis.assumed]
    head["notModelled"] = [LEFT_OUT[name] for name in basis.not_modelled]
    return head


def fleet_head(series: FleetSeries) -> dict[str, Any]:
    """What a reply about several resources says before its numbers."""
    failures = series.basis.failures
    return {
        **power_head(series.query, series.basis),
        "resourceCount": series.count,
        "failedResourceCount": len(failures),
        "failures": [failure_json(failure) for failure in failures[:MOST_FAILURES]],
    }


def simulation_head(query: PowerQuery, summary: Summary, count: int) -> dict[str, Any]:
    """What the results of a simulation say before their numbers."""
    basis = Basis(assumed=tuple(summary.assumed), not_modelled=tuple(summary.not_modelled))
    return {
        **power_head(query, basis),
        "resourceCount": count,
        "failedResourceCount": summary.failed,
        "failures": [failure_json(failure) for failure in summary.failures],
    }


def failure_json(failure: Failure) -> dict[str, Any]:
    """One resource that could not be computed."""
    return {"resourceId": failure.resource_id, "code": failure.code, "message": FAILURES[failure.code]}


def time_columns(query: PowerQuery) -> dict[str, Column]:
    """Start and end of every period as text."""
    return span_columns(query.start_s, query.period_s, query.periods)


def span_columns(start_s: int, period_s: int, count: int) -> dict[str, Column]:
    """Start and end of `count` periods as text."""
    edges = start_s + period_s * np.arange(count + 1)
    texts = [f"{text}Z" for text in np.datetime_as_string(edges.astype("datetime64[s]")).tolist()]
    return {"startTime": texts[:-1], "endTime": texts[1:]}


def shown(values: FloatArray) -> Column:
    """Four decimals, half to even; null for what is not known."""
    rounded = np.round(values, 4) + 0.0
    out: Column = rounded.tolist()
    for index in np.flatnonzero(np.isnan(rounded)).tolist():
        out[index] = None
    return out


def resource_columns(series: ResourceSeries, names: Sequence[str]) -> dict[str, Column]:
    """The periods of one resource, column by column."""
    hours = series.query.period_s / 3600
    out = time_columns(series.query)
    for name in names:
        values = series.values[FIELDS[name]]
        out[name] = shown(values * hours if name == ENERGY else values)
    return out


def group_name(key: str | Tracking | None) -> str:
    """The name of a group as replies show it; empty for none."""
    if isinstance(key, Tracking):
        return TRACKING_WORDS[key]
    return "Mixed" if key == MIXED else key or ""


def fleet_columns(
    series: FleetSeries, names: Sequence[str], normalize: bool
) -> list[tuple[dict[str, Any], dict[str, Column]]]:
    """Each group: what it is, and its periods column by column."""
    times, hours = time_columns(series.query), series.query.period_s / 3600
    out = []
    for group in series.groups:
        power, shared = group.power_ac_kw, _available(group)
        if normalize:
            power = np.divide(power, group.available_kw, out=np.zeros_like(power), where=group.available_kw > 0)
            power[np.isnan(group.power_ac_kw)] = np.nan
        columns = dict(times)
        for name, per_kw in zip((POWER, ENERGY), PER_KW, strict=True):
            if name in names:
                columns[per_kw if normalize else name] = shown(power * hours if name == ENERGY else power)
        if shared is not None:
            columns[CAPACITY] = shared
        grouped = series.query.group_by is not GroupBy.NONE
        facts = {"group": group_name(group.key), "resourceCount": group.count} if grouped else {}
        if grouped:
            columns = {"group": [facts["group"]] * len(times["startTime"]), **columns}
        out.append((facts, columns))
    return out


def _available(group: GroupSeries) -> Column | None:
    """Percent of the capacity that has a value, where that is not all of it; None when it is all of it throughout."""
    if group.total_kw == 0:
        return None
    percent = 100.0 * group.available_kw / group.total_kw
    short = percent < 100.0 - 1e-7
    if not short.any():
        return None
    return [value if less else None for value, less in zip(shown(percent), short.tolist(), strict=True)]


def json_periods(
    head: Mapping[str, Any],
    name: str,
    groups: Sequence[tuple[Mapping[str, Any], Mapping[str, Column]]],
    by_column: bool = False,
) -> Response:
    """The reply as JSON: one list of periods, or one per group; by column one list per field in its place."""
    body: dict[str, Any] = dict(head)
    if by_column:
        tables = [{key: column for key, column in columns.items() if key != "group"} for _, columns in groups]
        shown_by = [{**facts, "columns": table} for (facts, _), table in zip(groups, tables, strict=True)]
        body |= shown_by[0] if name == "periods" else {"groups": shown_by}
    elif name == "periods":
        body["periods"] = [period for _, columns in groups for period in periods_of(columns)]
    else:
        body["groups"] = [{**facts, "periods": periods_of(columns)} for facts, columns in groups]
    return Response(200, msgspec.json.encode(body), [("content-type", JSON_TYPE)])


def periods_of(columns: Mapping[str, Column]) -> list[dict[str, Any]]:
    """Columns as one object per period; the share of the capacity only where it is not whole."""
    names = [name for name in columns if name != "group"]
    rows = [dict(zip(names, row, strict=True)) for row in zip(*(columns[name] for name in names), strict=True)]
    if CAPACITY in columns:
        for row in rows:
            if row[CAPACITY] is None:
                del row[CAPACITY]
    return rows


def csv_response(groups: Sequence[Mapping[str, Column]]) -> Response:
    """The reply as CSV with one header line; what is not known is an empty cell."""
    names = list(dict.fromkeys(name for columns in groups for name in columns))
    lines = [",".join(names)]
    for columns in groups:
        size = len(next(iter(columns.values())))
        parts = [columns.get(name, [None] * size) for name in names]
        lines += [",".join(map(csv_cell, row)) for row in zip(*parts, strict=True)]
    text = "\r\n".join([*lines, ""]).encode()
    return Response(200, text, [("content-type", "text/csv; charset=utf-8; header=present")])


def csv_cell(value: Any) -> str:
    """One cell, quoted where RFC 4180 wants it."""
    if value is None:
        return ""
    text = str(value)
    return '"' + text.replace('"', '""') + '"' if any(mark in text for mark in ',"\r\n') else text
