"""Calls that bring many resources in and take many out."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

import msgspec

from fleetline.api.dialects.fleetview.asking import Query
from fleetline.api.dialects.fleetview.bulk_columns import COLUMNS, cells_of
from fleetline.api.dialects.fleetview.bulk_report import counts_json, outcome_json
from fleetline.api.dialects.fleetview.bulk_rows import CONVENTIONS, READERS
from fleetline.api.dialects.fleetview.job_words import STATES
from fleetline.api.dialects.fleetview.nouns import facts_json
from fleetline.api.dialects.fleetview.resources import FILTERS, filter_of
from fleetline.api.dialects.fleetview.simulations import RETRY
from fleetline.api.errors import TypeUnsupported
from fleetline.api.http import JSON_TYPE, Request, Response, json_response
from fleetline.api.whole_file import Sheet
from fleetline.model.power import PowerResource
from fleetline.model.resource import ImportOrder, Row
from fleetline.model.resource_job import Job

if TYPE_CHECKING:
    from fleetline.core.workspace import Workspace

SLICE: Final = 2_500
MODES: Final = ("upsert", "createOnly", "updateOnly")
FORMATS: Final = {
    "csv": "text/csv; charset=utf-8; header=present",
    "ndjson": "application/x-ndjson; charset=utf-8",
    "geojson": "application/geo+json; charset=utf-8",
}


async def take(workspace: "Workspace", request: Request) -> Response:
    """Stores the rows of a file: at once when they are few, as a job when they are many."""
    query = Query(request, ("dryRun", "mode", "atomic", "azimuthConvention", "fleetId"))
    order = ImportOrder(
        mode=query.word("mode", MODES, "upsert"),
        dry_run=query.flag("dryRun", False),
        atomic=query.flag("atomic", False),
        fleet_id=query.id("fleetId"),
    )
    convention = query.word("azimuthConvention", tuple(CONVENTIONS), "north-clockwise")
    if request.media_type not in READERS:
        raise TypeUnsupported(request.media_type)
    rows = READERS[request.media_type](request.body, convention)
    request.body = b""
    found = await workspace.power.imports.take(workspace.account_id, order, _slices(rows))
    if isinstance(found, Job):
        body: dict[str, Any] = {
            "jobId": found.job_id, "status": STATES[found.state], "dryRun": order.dry_run, "created": 0, "updated": 0,
            "unchanged": 0, "refused": 0, "rows": [],
        }  # fmt: skip
        return json_response(body, 202, [("location", f"/v1/jobs/{found.job_id}"), RETRY])
    body = {
        "jobId": None,
        "status": "Done",
        "dryRun": order.dry_run,
        **counts_json(found.counts),
        "rows": [outcome_json(outcome) for outcome in found.rows],
    }
    return Response(200, msgspec.json.encode(body), [("content-type", JSON_TYPE)])


async def _slices(rows: Iterator[Row]) -> AsyncIterator[Sequence[Row]]:
    """The rows some at a time, read on a thread."""
    while some := await asyncio.to_thread(lambda: list(itertools.islice(rows, SLICE))):
        yield some


async def give(workspace: "Workspace", request: Request) -> Response:
    """Every resource that the filters leave, as they stand at one moment."""
    query = Query(request, (*FILTERS, "format"))
    form = query.word("format", tuple(FORMATS), "csv")
    wanted = filter_of(query)
    pieces = await SHEET.file(form, workspace.power.resources.walk(workspace.account_id, wanted))
    return Response(200, pieces, [("content-type", FORMATS[form])])


def _plain(resource: PowerResource) -> dict[str, Any]:
    return {"resourceId": resource.resource_id, **facts_json(resource)}


def _feature(resource: PowerResource) -> dict[str, Any]:
    facts = _plain(resource)
    location = facts.pop("location")
    place = [location["longitude"], location["latitude"]]
    if location["elevation_Meters"] is not None:
        place.append(location["elevation_Meters"])
    return {"type": "Feature", "geometry": {"type": "Point", "coordinates": place}, "properties": facts}


SHEET: Final = Sheet(tuple(COLUMNS), cells_of, _plain, _feature, "\r\n")
