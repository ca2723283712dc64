"""Calls about weather: pushed, imported from files, told of and forgotten."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from fleetline.api.dialects.fleetview.asking import Query, time_ms
from fleetline.api.dialects.fleetview.nouns import number, time_text
from fleetline.api.dialects.fleetview.power import LAST_MS, source_name
from fleetline.api.dialects.fleetview.reading import Members, form_values, number_fault, plain, read_json
from fleetline.api.dialects.fleetview.schema import Field, Form
from fleetline.api.dialects.fleetview.words import MOST_ERRORS, bad, clean, fault_json, faulty
from fleetline.api.http import Request, Response, json_response
from fleetline.core.weather import Covered
from fleetline.core.weather_files import MOST_VALUES, SUMS
from fleetline.model.power import LIMITS
from fleetline.model.resource import Fault
from fleetline.model.weather import (
    LIGHT,
    RANGES,
    Delivery,
    FileUnreadable,
    Float32Array,
    WeatherKind,
    cell_codes,
    cell_places,
    is_leap_day,
)

if TYPE_CHECKING:
    from fleetline.core.workspace import Workspace

MOST_CELLS: Final = 5_000
NAMES: Final = {
    "ghi_wm2": "globalHorizontalIrradiance_WattsPerMeterSquared",
    "dni_wm2": "directNormalIrradiance_WattsPerMeterSquared",
    "dhi_wm2": "diffuseHorizontalIrradiance_WattsPerMeterSquared",
    "temperature_c": "ambientTemperature_DegreesC",
    "wind_ms": "windSpeed_MetersPerSecond",
    "rain_mm": "liquidPrecipitation_KilogramsPerMeterSquared",
    "snowfall_cm": "snowfall_Centimeters",
}
KINDS: Final = tuple(WeatherKind)
FORMATS: Final = ("tmy2", "tmy3", "epw", "csv", "nsrdb", "pvgis", "solaranywhere", "bsrn", "surfrad")
RESOLUTIONS: Final = {0.1: 10, 0.01: 1}
MINUTES: Final = (60, 30, 15, 5, 1)
OFF_LOOP: Final = 200_000
"""Bodies from so many bytes on are read on a thread."""

HEAD: Final = Form(
    Field("kind", "kind", "text", True, least=1, most=20),
    Field("issueTime", "issue", "text", least=1, most=40),
    Field("startTime", "start", "text", True, least=1, most=40),
    Field("timeResolutionMinutes", "minutes", "number", default=60),
    Field("spatialResolution_Degrees", "resolution", "number"),
    Field("cells", "cells", "reply"),
)
CELL: Final = Form(
    Field("latitude", "latitude_deg", "number", True, limit=LIMITS["latitude_deg"]),
    Field("longitude", "longitude_deg", "number", True, limit=LIMITS["longitude_deg"]),
    *(Field(name, attr, "reply") for attr, name in NAMES.items()),
)


@dataclass(frozen=True, slots=True)
class Push:
    """A read body: what it says of its steps, and (cells, steps) of each field."""

    kind: WeatherKind
    issue_at_ms: int
    start_s: int
    step_s: int
    resolution_e2: int | None
    latitude_deg: list[float]
    longitude_deg: list[float]
    values: Mapping[str, Float32Array]
    warnings: tuple[Fault, ...]


async def put(workspace: "Workspace", request: Request) -> Response:
    Query(request, ())
    source = _source(request)
    large = len(request.body) > OFF_LOOP
    push = await asyncio.to_thread(read_push, request.body) if large else read_push(request.body)
    known = await workspace.power.weather.source(workspace.account_id, source)
    resolution = push.resolution_e2 or (known.resolution_e2 if known is not None else 10)
    delivery = delivery_of(push, source, resolution)
    taken = await workspace.power.weather.put(workspace.account_id, [delivery])
    return json_response(
        {
            "storedValues": taken.stored,
            "replacedValues": taken.replaced,
            "cells": taken.cells,
            "warnings": [fault_json(fault) for fault in push.warnings],
        }
    )


def _source(request: Request) -> str:
    return source_name(request.params["source"], "source")


def read_push(body: bytes) -> Push:
    """errors: Refusal 400"""
    members = read_json(body)
    if not isinstance(members, Members):
        raise bad("", "type", "The body must be an object.")
    faults: list[Fault] = []
    head = form_values(HEAD, members, "", faults)
    cells = head.get("cells")
    if cells is None:
        faults.append(Fault("cells", "required", "cells is required."))
    elif not isinstance(cells, list):
        faults.append(Fault("cells", "type", "cells must be a list."))
    elif not 1 <= len(cells) <= MOST_CELLS:
        faults.append(Fault("cells", "length", f"cells must have 1 to {MOST_CELLS} items."))
    if faults or not isinstance(cells, list):
        raise faulty(faults)
    kind, minutes, resolution = _head(head)
    start_ms = time_ms("startTime", head["start"])
    step_s = _step_s(start_ms, minutes)
    issue_ms = time_ms("issueTime", head["issue"]) if head["issue"] is not None else 0
    if (kind is WeatherKind.FORECAST) != (head["issue"] is not None):
        raise bad("issueTime", "required", "issueTime is required for kind forecast, and for that kind only.")
    return _read_cells(cells, kind, issue_ms, (start_ms // 1000, minutes * 60, step_s), resolution)


def _head(head: Mapping[str, Any]) -> tuple[WeatherKind, int, int | None]:
    kind = next((kind for kind in KINDS if kind == head["kind"].lower()), None)
    if kind is None:
        raise bad("kind", "enum", f"kind must be one of {', '.join(KINDS)}.")
    if head["minutes"] not in MINUTES:
        words = ", ".join(str(minutes) for minutes in MINUTES)
        raise bad("timeResolutionMinutes", "enum", f"timeResolutionMinutes must be one of {words}.")
    if head["resolution"] is not None and head["resolution"] not in RESOLUTIONS:
        raise bad("spatialResolution_Degrees", "enum", "spatialResolution_Degrees must be one of 0.1, 0.01.")
    return kind, int(head["minutes"]), RESOLUTIONS.get(head["resolution"])


def _step_s(start_ms: int, minutes: int) -> int:
    """The step that is stored: shorter where a zone's offset puts the steps between those of UTC."""
    if not 0 <= start_ms <= LAST_MS or start_ms % 60_000:
        raise bad("startTime", "grid", "startTime must be a full minute from 1970 to 2100.")
    into = start_ms // 60_000 % minutes
    for finer in MINUTES[:3]:
        if finer <= minutes and minutes % finer == 0 and into % finer == 0:
            return finer * 60
    if into:
        raise bad("startTime", "grid", f"startTime must be a multiple of {minutes} minutes from 00:00 UTC.")
    return minutes * 60


def _read_cells(
    cells: list[Any], kind: WeatherKind, issue_ms: int, span: tuple[int, int, int], resolution: int | None
) -> Push:
    """span: start, delivered step and stored step, seconds. errors: Refusal 400"""
    table = _Table(len(cells))
    for index, cell in enumerate(cells):
        table.add(index, cell)
    if table.size > MOST_VALUES:
        table.faults.append(Fault("cells", "length", f"cells must have at most {MOST_VALUES} values."))
    if table.faults:
        raise faulty(table.faults[:MOST_ERRORS])
    values = table.values()
    warnings = [Fault("cells", "negative", "Irradiance below 0 was stored as 0.")] if table.negative else []
    count = next(iter(values.values())).shape[1]
    if kind is WeatherKind.TYPICAL and is_leap_day(span[0] + span[1] * np.arange(count, dtype=np.int64)).any():
        warnings.append(Fault("startTime", "leap", "29 February was left out: in a typical year it takes the 28th."))
    push = Push(
        kind, issue_ms, span[0], span[1], resolution, table.latitude_deg, table.longitude_deg, values, tuple(warnings)
    )
    return _on_steps(push, span[2])


class _Table:
    """Gathers the lists of all cells and what is wrong with them."""

    def __init__(self, cells: int) -> None:
        self.faults: list[Fault] = []
        self.latitude_deg: list[float] = []
        self.longitude_deg: list[float] = []
        self.size, self.negative = 0, False
        self._cells, self._length = cells, -1
        self._columns: dict[str, dict[int, Float32Array]] = {}

    def add(self, index: int, cell: Any) -> None:
        path = f"cells[{index}]"
        if not isinstance(cell, Members):
            self.faults.append(Fault(path, "type", f"{path} must be an object."))
            return
        found = form_values(CELL, cell, path, self.faults)
        self.latitude_deg.append(found["latitude_deg"])
        self.longitude_deg.append(found["longitude_deg"])
        for attr in NAMES:
            if attr in found:
                self._add(index, attr, found[attr], f"{path}.{NAMES[attr]}")
        if "ghi_wm2" not in found and not ("dni_wm2" in found and "dhi_wm2" in found):
            message = f"{NAMES['ghi_wm2']} is required, or {NAMES['dni_wm2']} with {NAMES['dhi_wm2']}."
            self.faults.append(Fault(f"{path}.{NAMES['ghi_wm2']}", "required", message))

    def _add(self, index: int, attr: str, given: Any, path: str) -> None:
        column, fault = _column(attr, given, path)
        if column is None:
            assert fault is not None
            self.faults.append(fault)
            return
        self._length = len(column) if self._length < 0 else self._length
        if len(column) != self._length:
            message = f"{NAMES[attr]} must have as many values as every other list: {self._length}."
            self.faults.append(Fault(path, "length", message))
            return
        self.size += self._length
        self.negative = self.negative or (attr in LIGHT and bool((column < 0).any()))
        self._columns.setdefault(attr, {})[index] = column

    def values(self) -> dict[str, Float32Array]:
        out = {}
        for attr, columns in self._columns.items():
            out[attr] = np.full((self._cells, self._length), np.nan, np.float32)
            for index, column in columns.items():
                out[attr][index] = column
        return out


def _column(attr: str, given: Any, path: str) -> tuple[Float32Array | None, Fault | None]:
    """The values of a list, NaN for null, or what is wrong with the first bad one."""
    name = NAMES[attr]
    if not isinstance(given, list):
        return None, Fault(path, "type", f"{name} must be a list.")
    if not given:
        return None, Fault(path, "length", f"{name} must have 1 to {MOST_VALUES} items.")
    if not set(map(type, given)) <= {int, float, type(None)}:
        wrong = next(at for at, value in enumerate(given) if type(value) not in (int, float, type(None)))
        return None, Fault(f"{path}[{wrong}]", "type", f"{name}[{wrong}] must be a number.")
    limit = RANGES[attr]
    try:
        column = np.array(given, np.float64)
        inside = np.isnan(column) | ((column >= limit.low) & (column <= limit.high))
        wrong = int(np.argmin(inside)) if not inside.all() else -1
    except OverflowError:
        wrong = next(at for at, value in enumerate(given) if value is not None and not limit.holds(value))
    if wrong >= 0:
        fault = number_fault(f"{name}[{wrong}]", limit, given[wrong])
        low, high = plain(limit.low), plain(limit.high)
        code, message = fault or ("range", f"{name}[{wrong}] must be from {low} to {high}.")
        return None, Fault(f"{path}[{wrong}]", code, message)
    return column.astype(np.float32), None


def _on_steps(push: Push, step_s: int) -> Push:
    """The push on the steps that are stored: shorter ones have the same value, or their share of a sum."""
    pieces = push.step_s // step_s
    if pieces == 1:
        return push
    values = {
        name: np.repeat(table / np.float32(pieces if name in SUMS else 1), pieces, axis=1)
        for name, table in push.values.items()
    }
    return replace(push, step_s=step_s, values=values)


def delivery_of(push: Push, source: str, resolution_e2: int) -> Delivery:
    """errors: Refusal 400 when two places are one cell"""
    codes = cell_codes(np.array(push.latitude_deg), np.array(push.longitude_deg), resolution_e2)
    _, first, counts = np.unique(codes, return_index=True, return_counts=True)
    if (counts > 1).any():
        one = int(first[np.argmax(counts > 1)])
        other = int(np.flatnonzero(codes == codes[one])[1])
        raise bad(f"cells[{other}]", "repeated", f"cells[{other}] is the same cell as cells[{one}].")
    return Delivery(
        source=source, kind=push.kind, start_s=push.start_s, step_s=push.step_s, resolution_e2=resolution_e2,
        cells=codes, values=push.values, issue_at_ms=push.issue_at_ms,
    )  # fmt: skip


async def import_file(workspace: "Workspace", request: Request) -> Response:
    query = Query(request, ("source", "format", "latitude", "longitude", "spatialResolution_Degrees"))
    source = source_name(query.values.get("source", "default"), "source")
    if "format" not in query.values:
        raise bad("format", "required", "format is required.")
    form = query.word("format", FORMATS, "")
    latitude, longitude = query.number("latitude", -90, 90), query.number("longitude", -180, 180)
    if (latitude is None) != (longitude is None):
        missing = "latitude" if latitude is None else "longitude"
        raise bad(missing, "required", f"{missing} is required.")
    place = (latitude, longitude) if latitude is not None and longitude is not None else None
    resolution = query.word("spatialResolution_Degrees", ("0.1", "0.01"), "")
    try:
        found = await workspace.power.weather_import.take(
            workspace.account_id, source, form, request.body, place=place,
            resolution_e2=RESOLUTIONS[float(resolution)] if resolution else None,
        )  # fmt: skip
    except FileUnreadable as fault:
        shown = NAMES.get(fault.field, fault.field)
        words = fault.reason.replace(fault.field, shown) if fault.field else fault.reason
        raise bad(clean(shown), "file", clean(f"The file could not be read: {words}.", 500)) from fault
    return json_response(
        {
            "jobId": None,
            "status": "Done",
            "kind": str(found.kind),
            "storedValues": found.taken.stored,
            "replacedValues": found.taken.replaced,
            "cells": found.taken.cells,
            "timeResolutionMinutes": found.step_s // 60,
            "startTime": time_text(found.first_s * 1000),
            "endTime": time_text(found.last_s * 1000),
        }
    )


async def coverage(workspace: "Workspace", request: Request) -> Response:
    query = Query(request, ("source", "kind", "bbox"))
    source = source_name(query.values["source"], "source") if "source" in query.values else None
    kind = WeatherKind(query.word("kind", KINDS, KINDS[0])) if "kind" in query.values else None
    box = query.box("bbox")
    found = workspace.power.weather.coverage(workspace.account_id, source, kind, box)
    return json_response({"items": [_covered(item) async for item in found]})


def _covered(item: Covered) -> dict[str, Any]:
    lat, lon = cell_places(np.array([item.cell]))
    # a typical year is told of in a year that has its days
    return {
        "source": item.source.name,
        "kind": str(item.kind),
        "latitude": number(float(lat[0])),
        "longitude": number(float(lon[0])),
        "timeResolutionMinutes": item.source.step_s // 60,
        "startTime": time_text(item.first_s * 1000),
        "endTime": time_text(item.last_s * 1000),
        "missingSteps": item.missing,
        "gaps": [{"startTime": time_text(a * 1000), "endTime": time_text(b * 1000)} for a, b in item.gaps],
    }


async def delete(workspace: "Workspace", request: Request) -> Response:
    query = Query(request, ("startTime", "endTime"))
    source = _source(request)
    start_ms, end_ms = query.time_ms("startTime"), query.time_ms("endTime")
    if (start_ms is None) != (end_ms is None):
        missing = "startTime" if start_ms is None else "endTime"
        raise bad(missing, "required", f"{missing} is required.")
    span = (start_ms // 1000, end_ms // 1000) if start_ms is not None and end_ms is not None else None
    if span is not None and span[1] <= span[0]:
        raise bad("endTime", "order", "endTime must be after startTime.")
    await workspace.power.weather.remove(workspace.account_id, source, span)
    return Response(204)
