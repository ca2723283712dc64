"""Calls about fleets, who is in them, and what they sum up to."""

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fleetline.api.dialects.fleetview.asking import (
    Query,
    etag,
    list_response,
    page_of,
    path_id,
    unchanged,
    wanted_versions,
)
from fleetline.api.dialects.fleetview.nouns import (
    TRACKING_WORDS,
    fleet_draft,
    fleet_facts,
    fleet_json,
    number,
    resource_json,
    rounded,
    time_text,
)
from fleetline.api.dialects.fleetview.reading import check_id, read_form, read_object
from fleetline.api.dialects.fleetview.resources import RETRIES, merged
from fleetline.api.dialects.fleetview.schema import FLEET, MEMBERS
from fleetline.api.http import Request, Response, json_response
from fleetline.core.power_fleets import CountedFleet, MemberChange
from fleetline.model.errors import Conflict
from fleetline.model.resource import Stale
from fleetline.model.resource_summary import FleetSummary, Share

if TYPE_CHECKING:
    from fleetline.core.workspace import Workspace


def _stored(found: CountedFleet, status: int = 200) -> Response:
    headers = [etag(found.fleet.version)]
    if status == 201:
        headers.append(("location", f"/v1/fleets/{found.fleet.fleet_id}"))
    return json_response(fleet_json(found), status, headers)


async def create(workspace: "Workspace", request: Request) -> Response:
    Query(request, ())
    draft, _ = fleet_draft(read_object(request.body))
    return _stored(await workspace.power.fleets.add(workspace.account_id, draft), 201)


async def find(workspace: "Workspace", request: Request) -> Response:
    query = Query(request, ("limit", "cursor"))
    after, most = page_of(workspace, request, query)
    found = await workspace.power.fleets.page(workspace.account_id, after, most + 1)
    return list_response(
        workspace, request, query, found, most,
        lambda item: (item.fleet.created_at_ms, item.fleet.fleet_id), fleet_json,
    )  # fmt: skip


async def read(workspace: "Workspace", request: Request) -> Response:
    Query(request, ())
    found = await workspace.power.fleets.get(workspace.account_id, path_id(request, "fleetId"))
    tag = etag(found.fleet.version)
    return unchanged(request, tag) or json_response(fleet_json(found), headers=[tag])


async def replace(workspace: "Workspace", request: Request) -> Response:
    Query(request, ())
    fleet_id = path_id(request, "fleetId")
    await workspace.power.fleets.get(workspace.account_id, fleet_id)
    draft, given = fleet_draft(read_object(request.body))
    check_id(given, fleet_id, "fleetId")
    return _stored(await workspace.power.fleets.put(workspace.account_id, fleet_id, draft, wanted_versions(request)))


async def patch(workspace: "Workspace", request: Request) -> Response:
    Query(request, ())
    fleet_id = path_id(request, "fleetId")
    fleets = workspace.power.fleets
    before = await fleets.get(workspace.account_id, fleet_id)
    changes = read_object(request.body)
    versions = wanted_versions(request)
    for _ in range(RETRIES):
        draft, given = fleet_draft(merged(FLEET, fleet_facts(before.fleet), changes), whole=True)
        check_id(given, fleet_id, "fleetId")
        if versions is not None and before.fleet.version not in versions:
            raise Stale("fleet")
        version = frozenset({before.fleet.version})
        try:
            return _stored(await fleets.put(workspace.account_id, fleet_id, draft, version))
        except Stale:
            before = await fleets.get(workspace.account_id, fleet_id)
    raise Conflict("fleet", "version", before.fleet.version)


async def delete(workspace: "Workspace", request: Request) -> Response:
    Query(request, ())
    fleet_id = path_id(request, "fleetId")
    await workspace.power.fleets.get(workspace.account_id, fleet_id)
    await workspace.power.fleets.remove(workspace.account_id, fleet_id, wanted_versions(request))
    return Response(204)


async def members(workspace: "Workspace", request: Request) -> Response:
    query = Query(request, ("view", "limit", "cursor"))
    fleet_id, view = path_id(request, "fleetId"), query.word("view", ("full", "ids"), "full")
    after, most = page_of(workspace, request, query)
    found = await workspace.power.fleets.members(workspace.account_id, fleet_id, after, most + 1)
    return list_response(
        workspace, request, query, found, most, lambda item: (item.created_at_ms, item.resource_id),
        (lambda item: item.resource_id) if view == "ids" else resource_json,
    )  # fmt: skip


def _changed(change: MemberChange) -> Response:
    return json_response({"added": change.added, "removed": change.removed, "resourceCount": change.count})


async def add_members(workspace: "Workspace", request: Request) -> Response:
    Query(request, ())
    fleet_id = path_id(request, "fleetId")
    await workspace.power.fleets.get(workspace.account_id, fleet_id)
    ids = read_form(MEMBERS, read_object(request.body))["resource_ids"]
    return _changed(await workspace.power.fleets.add_members(workspace.account_id, fleet_id, ids))


async def set_members(workspace: "Workspace", request: Request) -> Response:
    Query(request, ())
    fleet_id = path_id(request, "fleetId")
    await workspace.power.fleets.get(workspace.account_id, fleet_id)
    ids = read_form(MEMBERS, read_object(request.body))["resource_ids"]
    return _changed(await workspace.power.fleets.set_members(workspace.account_id, fleet_id, ids))


async def add_member(workspace: "Workspace", request: Request) -> Response:
    Query(request, ())
    fleet_id, resource_id = path_id(request, "fleetId"), path_id(request, "resourceId")
    await workspace.power.fleets.add_member(workspace.account_id, fleet_id, resource_id)
    return Response(204)


async def remove_member(workspace: "Workspace", request: Request) -> Response:
    Query(request, ())
    fleet_id, resource_id = path_id(request, "fleetId"), path_id(request, "resourceId")
    await workspace.power.fleets.remove_member(workspace.account_id, fleet_id, resource_id)
    return Response(204)


async def summary(workspace: "Workspace", request: Request) -> Response:
    query = Query(request, ("asOf",))
    as_of_ms = query.time_ms("asOf")
    at_ms = workspace.power.clock.now_ms() if as_of_ms is None else as_of_ms
    on = datetime.datetime.fromtimestamp(at_ms / 1000, datetime.UTC).date()
    found = await workspace.power.fleets.summary(workspace.account_id, path_id(request, "fleetId"), on)
    return json_response({"asOf": time_text(at_ms), **_summary_json(found)})


def _summary_json(found: FleetSummary) -> dict[str, Any]:
    box, centroid = found.box, found.centroid
    tracking = {TRACKING_WORDS[key] if key is not None else "Mixed": part for key, part in found.by_tracking.items()}
    return {
        **_share(found.total),
        "exportable_kW": number(rounded(found.exportable_kw)),
        "centroid": {"latitude": round(centroid[0], 6), "longitude": round(centroid[1], 6)} if centroid else None,
        "bbox": [number(side) for side in (box.west, box.south, box.east, box.north)] if box else None,
        "byZone": _table(found.by_zone),
        "byClass": _table(found.by_class),
        "byTracking": _table(tracking),
    }


def _table(parts: Mapping[str, Share]) -> dict[str, Any]:
    return {key: _share(parts[key]) for key in sorted(parts)}


def _share(part: Share) -> dict[str, Any]:
    return {
        "resourceCount": part.count,
        "dc_kW": number(rounded(part.dc_kw)),
        "ac_kW": number(rounded(part.ac_kw)),
    }
