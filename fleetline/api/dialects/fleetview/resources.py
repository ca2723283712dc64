"""Calls about resources: one at a time, in lists, and by their ids."""

from typing import TYPE_CHECKING, Any, Final

import msgspec

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
    draft_from,
    draft_of,
    facts_json,
    fleet_json,
    in_order,
    read_resource,
    resource_json,
    unwrapped,
    warnings_of,
)
from fleetline.api.dialects.fleetview.reading import Members, check_id, form_values, read_form, read_object
from fleetline.api.dialects.fleetview.schema import BATCH, RESOURCE, Form
from fleetline.api.dialects.fleetview.words import fault_json
from fleetline.api.http import Request, Response, json_response
from fleetline.model.errors import Conflict
from fleetline.model.power import PowerResource
from fleetline.model.resource import Fault, ResourceFilter, Stale

if TYPE_CHECKING:
    from fleetline.core.workspace import Workspace

FILTERS: Final = ("fleetId", "bbox", "customerSiteId", "zone", "class", "q", "updatedSince")
RETRIES: Final = 20


def stored(resource: PowerResource, status: int = 200) -> Response:
    """The reply to a write."""
    headers = [etag(resource.version)]
    if status == 201:
        headers.append(("location", f"/v1/resources/{resource.resource_id}"))
    return json_response(resource_json(resource, warnings_of(resource.site)), status, headers)


async def create(workspace: "Workspace", request: Request) -> Response:
    Query(request, ())
    draft, _ = read_resource(request.body)
    return stored(await workspace.power.resources.add(workspace.account_id, draft), 201)


async def read(workspace: "Workspace", request: Request) -> Response:
    query = Query(request, ("view",))
    view = query.word("view", ("full", "resolved"), "full")
    resource_id = path_id(request, "resourceId")
    request.notes.subject = resource_id
    resource = await workspace.power.resources.get(workspace.account_id, resource_id)
    tag = etag(resource.version, "resolved" if view == "resolved" else "")
    if (known := unchanged(request, tag)) is not None:
        return known
    if view == "resolved":
        resource = await workspace.power.resources.resolved(resource)
    return json_response(resource_json(resource), headers=[tag])


async def replace(workspace: "Workspace", request: Request) -> Response:
    Query(request, ())
    resource_id = path_id(request, "resourceId")
    await workspace.power.resources.get(workspace.account_id, resource_id)
    draft, given = read_resource(request.body)
    check_id(given, resource_id, "resourceId")
    versions = wanted_versions(request)
    return stored(await workspace.power.resources.put(workspace.account_id, resource_id, draft, versions))


async def patch(workspace: "Workspace", request: Request) -> Response:
    """The merge stands on the version it was read from; without If-Match it is done again when that has changed."""
    Query(request, ())
    resource_id = path_id(request, "resourceId")
    resources = workspace.power.resources
    before = await resources.get(workspace.account_id, resource_id)
    changes = unwrapped(read_object(request.body))
    versions = wanted_versions(request)
    for _ in range(RETRIES):
        if versions is not None and before.version not in versions:
            # a merge that would not validate answers before a stale version does
            draft_of(merged(RESOURCE, facts_json(before), changes))
            raise Stale("resource")
        draft, given = draft_of(merged(RESOURCE, facts_json(before), changes))
        check_id(given, resource_id, "resourceId")
        try:
            after = await resources.put(workspace.account_id, resource_id, draft, frozenset({before.version}))
        except Stale:
            before = await resources.get(workspace.account_id, resource_id)
        else:
            return stored(after)
    raise Conflict("resource", "version", before.version)


def merged(form: Form, target: Any, changes: Members) -> Members:
    """The target with a merge patch applied; names meet in any letter case. source: RFC 7396"""
    out = Members(target if isinstance(target, dict) else {})
    out.repeated = changes.repeated
    for name, value in changes.items():
        item = form.by_key.get(name.lower())
        known = item.name if item is not None else name
        if value is None and item is not None:
            out.pop(known, None)
        elif isinstance(value, Members) and item is not None and item.form is not None and item.kind == "object":
            out[known] = merged(item.form, out.get(known), value)
        else:
            out[known] = value
    result: Members = _as_members(out)
    return result


def _as_members(value: Any) -> Any:
    """Plain dictionaries of ours as objects that were read, all the way down."""
    if isinstance(value, dict):
        out = Members({name: _as_members(inner) for name, inner in value.items()})
        out.repeated = getattr(value, "repeated", ())
        return out
    return [_as_members(inner) for inner in value] if isinstance(value, list) else value


async def delete(workspace: "Workspace", request: Request) -> Response:
    Query(request, ())
    resource_id = path_id(request, "resourceId")
    await workspace.power.resources.get(workspace.account_id, resource_id)
    await workspace.power.resources.remove(workspace.account_id, resource_id, wanted_versions(request))
    return Response(204)


def filter_of(query: Query) -> ResourceFilter:
    """The filters of lists and exports. errors: Refusal 400"""
    return ResourceFilter(
        fleet_id=query.id("fleetId"),
        box=query.box("bbox"),
        customer_site_id=query.text("customerSiteId"),
        zone=query.text("zone"),
        customer_class=query.text("class"),
        name_part=query.text("q"),
        updated_since_ms=query.time_ms("updatedSince"),
    )


async def find(workspace: "Workspace", request: Request) -> Response:
    query = Query(request, (*FILTERS, "view", "limit", "cursor"))
    wanted, view = filter_of(query), query.word("view", ("full", "ids"), "full")
    after, most = page_of(workspace, request, query)
    resources = workspace.power.resources
    if view == "ids":
        ids = await resources.id_page(workspace.account_id, wanted, after, most + 1)
        return list_response(workspace, request, query, ids, most, lambda item: item, lambda item: item[1])
    found = await resources.page(workspace.account_id, wanted, after, most + 1)
    return list_response(
        workspace, request, query, found, most, lambda item: (item.created_at_ms, item.resource_id), resource_json
    )


async def validate(workspace: "Workspace", request: Request) -> Response:
    """What a write of this body would say; stores nothing."""
    Query(request, ())
    faults: list[Fault] = []
    values = form_values(RESOURCE, unwrapped(read_object(request.body)), "", faults)
    draft = draft_from(values, faults)
    if draft is None:
        shown = [fault_json(fault) for fault in in_order(faults)[:100]]
        return json_response({"valid": False, "errors": shown, "warnings": [], "resolved": None})
    resolved = await workspace.power.resources.resolved(draft)
    warnings = [fault_json(fault) for fault in warnings_of(draft.site)]
    return json_response({"valid": True, "errors": [], "warnings": warnings, "resolved": facts_json(resolved)})


async def fleets(workspace: "Workspace", request: Request) -> Response:
    """The fleets a resource is in."""
    query = Query(request, ("limit", "cursor"))
    resource_id = path_id(request, "resourceId")
    after, most = page_of(workspace, request, query)
    found = await workspace.power.fleets.fleets_of(workspace.account_id, resource_id, after, most + 1)
    return list_response(
        workspace, request, query, found, most,
        lambda item: (item.fleet.created_at_ms, item.fleet.fleet_id), fleet_json,
    )  # fmt: skip


async def batch_get(workspace: "Workspace", request: Request) -> Response:
    Query(request, ())
    ids = read_form(BATCH, read_object(request.body))["resource_ids"]
    found = await workspace.power.resources.get_many(workspace.account_id, ids)
    items = [
        {"resourceId": key, "outcome": "Found", "resource": resource_json(found[key])}
        if key in found
        else {"resourceId": key, "outcome": "NotFound", "resource": None}
        for key in ids
    ]
    return json_response({"items": items})


async def batch_delete(workspace: "Workspace", request: Request) -> Response:
    Query(request, ())
    ids = read_form(BATCH, read_object(request.body))["resource_ids"]
    gone = await workspace.power.resources.remove_many(workspace.account_id, ids)
    items = [
        {"resourceId": key, "outcome": "Deleted" if there else "NotFound"} for key, there in zip(ids, gone, strict=True)
    ]
    return Response(200, msgspec.json.encode({"items": items}), [("content-type", "application/json; charset=utf-8")])
