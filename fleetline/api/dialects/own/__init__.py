"""Fleetline's own API, version 1: everything the web app and programs of the owner use.

Common to all routes
    Who calls        cookie `fleetline_session` (HttpOnly, SameSite=Lax), or `Authorization: Bearer SECRET` with a session's
                     secret or an API token (kind `fleetline-token`). A call that carries the cookie and changes something
                     needs the header `X-Fleetline-CSRF: VALUE`, VALUE from `csrf` of GET /session; else 403 `csrf`.
    Who may          reading: everybody, within the permissions; changing: administrators (403 `not_allowed`), everybody
                     their own password, preferences and sessions. What a grant hides is 404 like what never was. Withheld
                     parts are null, and `X-Fleetline-Withheld` names them.
    Values           instants are `_at_ms`: whole milliseconds since 1970, UTC. In a query `from`, `to` take those or
                     RFC 3339. Units stand in names. Every key is always there; unknown or withheld is null.
    Lists            {"items": [...], "next": CURSOR or null, "version": N}; `limit` 1 to 1000 (100), `cursor` = `next` of
                     the page before; the same cost at every depth. `version` grows with each change of the registry.
    Bulk             POST, PATCH and DELETE of a collection take a JSON array, at most 100,000 items, one transaction, and
                     answer 200 {"outcomes": [...], "done": N, "refused": N, "version": N}: one outcome per item, in order:
                     {"outcome": added | changed | unchanged | archived | restored | joined | left | fitted | unfitted |
                     duplicate | unknown | refused | stale, "id", "revision", "field", "reason"}. One bad item never loses
                     the good ones; `?atomic=true` writes nothing unless every item is good (409 with the same outcomes).
    Versions         one thing carries `ETag: "REVISION"`; PATCH and DELETE of it take `If-Match` (412 when it moved);
                     in bulk an item may carry `revision` (outcome `stale`).
    Repeats          a POST, PATCH or DELETE with `Idempotency-Key` (1 to 255 characters) is done once within 24 hours: the
                     repeat gets the first answer with `Idempotency-Replayed: true`; with another body 409 `key_reused`.
    Refusals         application/problem+json (RFC 9457): {"type": "about:blank", "title", "status", "code", "detail",
                     "request_id", "errors": [{"path", "reason"}]}.

Coming in
    GET    /status                          open: {version, setup_needed, sign_in: true}
    POST   /setup                           open, only while there is no account: {organisation, email, password,
                                            time_zone?, language?} -> session, cookie set
    POST   /session                         open: {email, password, keep?: cookie | token}: cookie set, {csrf}; or {token};
                                            401 `password`, 429
    GET    /session                         {user, account, plan, role, administers, permissions, preferences, csrf,
                                            expires_at_ms}
    DELETE /session                         sign out, cookie taken away
    PATCH  /me                              preferences: {units, time_zone, language, theme, ...}: a JSON object merged in
    POST   /me/password                     {current, new}; ends all other sessions
    GET    /me/sessions                     sessions of the own user
    DELETE /me/sessions/{session_id}        end one of them

Registry
    GET    /vehicles                        filters q, group (subgroups count), type, has_device, external_id, id (many),
                                            status; sort name | external_id | -name | -external_id; include=now; archived
    POST   /vehicles                        [{external_id, name, type?, description?, group_ids?}]
    PATCH  /vehicles                        [{id, revision?, name?, external_id?, type?, description?, group_ids?}]
    DELETE /vehicles                        [id, ...] or [{id, revision}]: archives; restorable for 30 days
    POST   /vehicles/restore                [id, ...]
    GET    /vehicles/{vehicle_id}           with ETag; `now` when history is there
    PATCH  /vehicles/{vehicle_id}           If-Match
    DELETE /vehicles/{vehicle_id}           If-Match; archives
    GET    /vehicles/{vehicle_id}/fittings  which devices it carried
    GET    /vehicles/{vehicle_id}/changes   its audit trail, newest first
    GET    /vehicles/export                 CSV in the import's own form, of the current filter
    POST   /vehicles/import                 text/csv; preview=true, mode=..., atomic=...: report per row
    (the same for /drivers, without type, description, devices, fittings)
    GET    /vehicle-groups                  the whole tree, flat: {id, name, parent_id, members, modified_at_ms, revision}
    POST   /vehicle-groups                  [{name, parent_id?}]
    PATCH  /vehicle-groups                  [{id, name?, parent_id?, revision?}]
    DELETE /vehicle-groups                  [id, ...]; members stay, groups below come to the top
    GET, PATCH, DELETE /vehicle-groups/{group_id}
    POST   /vehicle-groups/{group_id}/members    [vehicle id, ...] join
    DELETE /vehicle-groups/{group_id}/members    [vehicle id, ...] leave
    (the same for /driver-groups)
    GET    /devices                         filters q, ident, id, has_vehicle, retired; include=now
    POST   /devices                         [{ident, name, type?, description?, mileage_km?}]: in the vehicle of that name
    PATCH  /devices                         [{id, vehicle_id?, api?, clock_offset_s?, retired?, revision?}]
    DELETE /devices                         [id, ...]
    GET, PATCH, DELETE /devices/{device_id}
    GET    /devices/{device_id}/fittings    which vehicles it rode in
    GET, POST /devices/{device_id}/calibrations   POST {mileage_km, at_ms?}
    POST   /devices/import                  text/csv: imei, name, type, description, mileage
    POST   /fittings                        [{device_id, vehicle_id or null}]: moves devices from now on
    GET    /search                          q: the first few vehicles, drivers, groups, devices
    GET    /changes                         after=CURSOR, limit, kind: the feed, oldest first, deletes included
    GET    /audit                           newest first; filters kind, id, actor, from, to; registry and administration
    POST   /changes/{version}/undo          takes back what one call changed, item by item

Live and history
    GET    /live                            columns, see `LiveColumns`: {at_ms, version, device_id: [...], vehicle_id, name,
                                            type, lat_e7, lon_e7, course_deg, speed_kmh, status, fix_at_ms, heard_at_ms, ...}
    GET    /live/events                     text/event-stream: `event: changed`, data the same columns of changed devices
                                            only, at most one a second; `event: registry`, data {version}; a comment each
                                            15 s
    GET    /vehicles/{vehicle_id}/trips     from, to: trips with stops, rules, distance, ends; points=true adds lines
    GET    /vehicles/{vehicle_id}/positions from, to, format=json (columns) | csv | gpx | geojson | kml
    GET    /vehicles/{vehicle_id}/days      from, to (dates): distance and trips per UTC day
    (the same for /devices/{device_id})

Solar
    /solar/resources, /solar/fleets, ...    see solar.py

Administration (administrators)
    GET, PATCH /account                     {name, time_zone, language, plan}
    GET    /plans                           every plan with its limits, and which is in force
    GET, POST, PATCH /users                 [{email, role?, permissions?, password?}]; [{id, role?, permissions?, disabled?}]
    GET, PATCH /users/{user_id}
    POST   /users/{user_id}/password        {new?}: a password, shown once when generated
    GET    /sessions                        of all users; DELETE /sessions/{session_id}
    GET    /credentials                     filters kind, state
    POST   /credentials                     {kind: fleetline-token | fleetize-token | fleetview-client | trimble-key, name,
                                            user_id?, key_id?, read_only?, expires_at_ms?}: secrets shown once
    POST   /credentials/{credential_id}/roll     {overlap_s: 0 | 3600 | 86400 | 604800}
    DELETE /credentials/{credential_id}     revoke
    GET    /requests                        the request log; filters api, action, credential, address, refused, from, to
    GET    /openapi.json                    open
"""

from importlib.metadata import version
from typing import TYPE_CHECKING, Final

from fleetline.api.dialect import Dialect
from fleetline.api.dialects.own import admin, credentials, registry, session
from fleetline.api.dialects.own.calls import check_query
from fleetline.api.dialects.own.doors import COOKIE, admit_caller, check_rights, identify
from fleetline.api.dialects.own.repeats import handle_once
from fleetline.api.dialects.own.replies import BASE, answer, route
from fleetline.api.dialects.own.words import render
from fleetline.api.http import Request, Response
from fleetline.api.openapi import openapi
from fleetline.api.routes import Answer, RouteTable
from fleetline.api.steps import admit, check_method, check_size, find_route, read_body

if TYPE_CHECKING:
    from fleetline.core.gate import Gate


async def document(gate: "Gate", request: Request) -> Response:
    return answer(openapi(DIALECT, base_url=request.base_url, version=version("fleetline")))


DESCRIPTION: Final = """\
Everything the web app shows and does, for programs of the same owner.

Sign in with `POST /api/v1/session`, or send an API token as `Authorization: Bearer`. Lists are paged by cursors, bulk calls
give one outcome per item, changes may be guarded by `If-Match` and repeated under an `Idempotency-Key`. Refusals are
problem details (RFC 9457) with a `code` for programs.
"""

ROUTES: Final = (
    *session.ROUTES,
    *registry.ROUTES,
    *admin.ROUTES,
    *credentials.ROUTES,
    route("GET", "/openapi.json", "This document", None, open_handler=document, tag="session",
          answers=[Answer(200, "OpenAPI 3.1", {"type": "object"})]),
)  # fmt: skip

DIALECT: Final = Dialect(
    name="own",
    title="Fleetline API, version 1",
    source="Fleetline's own",
    mounts=(BASE,),
    routes=ROUTES,
    order=(
        find_route(RouteTable(ROUTES)), check_method, admit, check_rights, check_query, check_size, read_body,
        handle_once,
    ),
    identify=identify,
    admit=admit_caller,
    render=render,
    inflate=True,
    security=(
        ("bearer", {"type": "http", "scheme": "bearer"}),
        ("cookie", {"type": "apiKey", "in": "cookie", "name": COOKIE}),
    ),
    description=DESCRIPTION,
)  # fmt: skip
