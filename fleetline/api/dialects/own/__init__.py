"""Fleetline's own API, version 1: everything the web app and programs of the owner use. Paths are below /api/v1.

Common to all routes
    Who calls    cookie `fleetline_session` (HttpOnly, SameSite=Lax), or `Authorization: Bearer SECRET` with a session's
                 secret or an API token (kind fleetline-token). A call with the cookie that changes something needs the
                 header `X-Fleetline-CSRF: VALUE`; VALUE is `csrf` of GET /session (and of signing in). Else 403 `csrf`.
    Who may      reading: everybody, within the permissions; changing: administrators (else 403 `not_allowed`), and
                 everybody their own password, preferences and sessions. What a grant hides is 404, like what never
                 was. Withheld parts are null, and the header `X-Fleetline-Withheld` names them.
    Values       instants are `_at_ms`: whole milliseconds since 1970, UTC. In a query `from`, `to` take those or
                 RFC 3339. Units stand in names. Every key is always there; null is unknown or withheld.
    Queries      an unknown parameter is 422. Several values: `type=CAR,VAN` or `type=CAR&type=VAN`.
    Lists        {"items": [...], "next": CURSOR or null, "version": N}; `limit` 1 to 1000 (100), `cursor` = `next` of
                 the page before, at the same cost at every depth. `version` grows with each change of the registry.
    Bulk         POST, PATCH, DELETE of a collection take a JSON array of at most 100,000 items, are one transaction
                 and answer 200 {"outcomes": [...], "done": N, "refused": N, "version": N}, one outcome per item, in
                 order: {"outcome", "id", "revision", "field", "reason"}, absent where empty. Outcomes: added, changed,
                 unchanged, archived, deleted, restored, joined, left; duplicate, unknown, refused, stale. One bad item
                 never loses the good ones; with `?atomic=true` nothing is written unless all are good: 409 `not_all`
                 with the same `outcomes`.
    Versions     one thing carries `ETag: "REVISION"`; its PATCH and DELETE take `If-Match` (412 `stale`); an item of a
                 bulk call may carry `revision` (outcome stale).
    Repeats      with `Idempotency-Key` (1 to 255 characters) a call that changes something is done once in 24 hours;
                 the repeat gets the first answer and `Idempotency-Replayed: true`; another call 409 `key_reused`.
    Refusals     application/problem+json (RFC 9457): {"type", "title", "status", "code", "detail", "request_id",
                 "errors": [{"path", "reason"}]}.

Coming in (session.py)
    GET    /status                    open: {version, setup_needed}
    POST   /setup                     open, while there is no account: {organisation, email, password, time_zone?,
                                      language?} -> 201, cookie set, {csrf, expires_in_s}
    POST   /session                   open: {email, password, keep?: cookie | token} -> cookie and {csrf}, or {token};
                                      401 `password`, 429 with Retry-After
    GET    /session                   who the caller is: see people.SignedIn
    DELETE /session                   sign out
    PATCH  /me                        preferences: a JSON object merged into what is there, null takes a key away
    POST   /me/password               {current, new}; ends all other sessions of the person
    GET    /me/sessions               DELETE /me/sessions/{session_id}

Registry (registry.py, device_routes.py; shapes in things.py)
    GET    /vehicles                  q, group (subgroups count), type, has_device, status, external_id, id, archived;
                                      sort = name | -name | external_id | -external_id; include=now
    POST   /vehicles                  [{external_id, name, type?, description?, group_ids?}]
    PATCH  /vehicles                  [{id, revision?, external_id?, name?, type?, description?, group_ids?}]
    DELETE /vehicles                  [id or {id, revision}]: archives; restorable for 30 days
    POST   /vehicles/restore          [id]; /vehicle-groups/restore, /devices/restore likewise. GET of one thing, of its
                                      history and lists with `archived=true` shows what is in the archive, too
    GET    /vehicles/matching         ids of all vehicles of a filter, for a bulk call on all of them
    GET    /vehicles/export           text/csv of the current filter, in the import's own form
    POST   /vehicles/import           text/csv: Vehicle ID, Vehicle Name, Vehicle Groups (`|`); preview, atomic,
                                      add_groups, sync, max_removals, remove_fitted, version: a report per row
    GET, PATCH, DELETE /vehicles/{vehicle_id}       one; GET always with `now`
    GET    /vehicles/{vehicle_id}/changes, /fittings
    the same for /drivers, without types, descriptions, devices, fittings and states
    GET    /vehicle-groups            the whole tree, flat: {id, name, parent_id, members, modified_at_ms, revision}
    POST   /vehicle-groups            [{name, parent_id?}]
    PATCH  /vehicle-groups            [{id, revision?, name?, parent_id?}]
    DELETE /vehicle-groups            [id or {id, revision}]; members stay, groups below come to the top
    GET, PATCH, DELETE /vehicle-groups/{group_id}
    POST, DELETE /vehicle-groups/{group_id}/members  [vehicle id]: join, leave
    the same for /driver-groups
    GET    /devices                   q, ident, id, has_vehicle, retired, status; include=now
    POST   /devices                   [{ident, name, type?, description?, mileage_km?}]: into the vehicle of that name
    PATCH  /devices                   [{id, revision?, vehicle_id?, api?, clock_offset_s?, retired?}]
    DELETE /devices                   [id or {id, revision}]
    GET    /devices/export            POST /devices/import: text/csv imei, name, type, description, mileage; preview,
                                      atomic
    GET, PATCH, DELETE /devices/{device_id}
    GET    /devices/{device_id}/fittings
    GET, POST /devices/{device_id}/calibrations      POST {mileage_km, at_ms?}
    POST   /fittings                  [{device_id, vehicle_id or null}]: from now on; devices may swap

What happens and happened (history_routes.py)
    GET    /search                    q: a few vehicles, drivers, groups, devices: {items: [{kind, id, name, hint}]}
    GET    /changes                   after, limit, kind: the feed, oldest first, deletes included: {items, next, more}
    POST   /devices/{id}/test-position   POST /demo-data
    POST   /changes/{version}/undo    takes back what one bulk call or import changed, item by item
    GET    /audit                     newest first, registry and administration; kind, id, actor, from, to
    GET    /live                      columns of all devices: see live.LiveColumns
    GET    /live/events               text/event-stream: `snapshot` (columns of all), then `changed` (the same columns,
                                      changed devices only, and `gone`) at most once a second, `registry` {version},
                                      `ended` when session or rights have changed; a comment after 15 silent seconds
    GET    /vehicles/{vehicle_id}/trips      from, to, points: see history.Trips
    GET    /vehicles/{vehicle_id}/positions  from, to (32 days at most), step_s, attributes, format = json (columns, see
                                             tracks.PositionColumns) | csv | gpx | geojson | kml
    GET    /vehicles/{vehicle_id}/days       from, to (dates): trips, distance and driving time per UTC day
    the same for /devices/{device_id}

Solar (solar_routes.py; shapes in solar_shapes.py; for callers from whom nothing is hidden)
    GET    /solar/resources           q, fleet, customer_site_id, zone, customer_class, box=west,south,east,north
    POST   /solar/resources           [{name, site: {latitude_deg, longitude_deg, systems: [...]}, ...}], 1,000 at most:
                                      {outcomes: [{outcome, id, revision, field, reason}], done, refused}
    GET, PUT, PATCH, DELETE /solar/resources/{resource_id}   PATCH: a merge patch (RFC 7396)
    GET    /solar/resources/{resource_id}/power   kind = past | clear_sky | forecast, from, to, period_s, source, fields
    GET    /solar/fleets              resource; POST {name, description?, tags?, resource_ids?} -> 201
    GET, PUT, DELETE /solar/fleets/{fleet_id}     GET .../summary
    GET, POST, DELETE /solar/fleets/{fleet_id}/resources   [resource id]
    GET    /solar/fleets/{fleet_id}/power         as above, and group_by = none | zone | feeder | class | tracking
    GET    /solar/resources/{resource_id}/measurements, /scores; the same for /solar/fleets/{fleet_id}
    PUT    /solar/resources/{resource_id}/measurements   {from_at_ms, step_s, power_ac_kw: [kW or null]}
    POST   /solar/simulations         {kind, from_at_ms, to_at_ms, period_s?, resource_ids | fleet_ids} -> 202
    GET, DELETE /solar/simulations/{simulation_id}   GET .../result: one JSON object a line, once it is done
    GET    /solar/comparison          measured / expected of each resource, the worst first; filters as /solar/resources

    GET    /solar/resources/export    format = csv | ndjson | geojson; the filters of /solar/resources

Lists from files (import_routes.py; shapes in imports.py; for administrators)
    GET    /imports/lists             what can be brought in, with columns and an example
    POST   /imports                   what = vehicles | drivers | devices | solar; file, preview, add_groups, mode,
                                      fleet -> 202; columns as for the last file with this header, else guessed
    GET    /imports                   those of the last 30 days, newest first; GET /imports/{import_id}: how far it is
    POST   /imports/{import_id}/again {preview, columns?, add_groups?, mode?, fleet_id?} -> 202: the same file once more
    GET    /imports/{import_id}/lines, /result    result; the file with two columns more: Result, Error
    POST   /imports/{import_id}/undo  within 24 hours -> 202; what was changed since is left alone, the lines say which
    DELETE /imports/{import_id}       stops it

Administration (admin.py, credentials.py)
    GET, PATCH /account               {name?, time_zone?, language?}
    GET    /plans                     every plan with its limits, and which is in force
    GET    /users                     POST [{email, role?, permissions?, password?}], PATCH [{id, role?, permissions?,
                                      disabled?}]: outcomes with `user`, and `password` once when it was made up
    GET, PATCH /users/{user_id}       POST /users/{user_id}/password {new?}: ends the user's sessions
    GET    /sessions                  user: of all users; DELETE /sessions/{session_id}
    GET    /credentials               kind, state
    POST   /credentials               {kind: fleetline-token | fleetize-token | fleetview-client | trimble-key, name?,
                                      user_id?, key_id?, read_only?, keeps_refresh?, expires_at_ms?} -> 201 {credential,
                                      secrets: {token, apitoken, api_key, client_id, client_secret}}, shown once
    POST   /credentials/{credential_id}/roll  {overlap_s: 0 | 3600 | 86400 | 604800}: the new secret, shown once
    DELETE /credentials/{credential_id}
    GET    /requests                  the request log: api, action, credential, kind, sessions, address, refused, from,
                                      to; with sessions=false without the calls of people who use the web app
    GET    /openapi.json              open
"""

from importlib.metadata import version
from typing import TYPE_CHECKING, Final

from fleetline.api.dialect import Dialect
from fleetline.api.dialects.own import (
    admin,
    credentials,
    device_routes,
    history_routes,
    import_routes,
    registry,
    rehearsal,
    session,
    solar_routes,
    solar_scores_routes,
)
from fleetline.api.dialects.own.calls import check_query
from fleetline.api.dialects.own.doors import COOKIE, admit_caller, check_rights, identify
from fleetline.api.dialects.own.guide import GUIDE
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

Sign in with `POST /api/v1/session`, or send an API token as `Authorization: Bearer`. Lists are paged by cursors, bulk
calls give one outcome per item, changes may be guarded by `If-Match` and repeated under an `Idempotency-Key`. Refusals
are problem details (RFC 9457) with a `code` for programs.
"""

ROUTES: Final = (
    *session.ROUTES,
    *registry.ROUTES,
    *device_routes.ROUTES,
    *rehearsal.ROUTES,
    *history_routes.ROUTES,
    *solar_routes.ROUTES,
    *solar_scores_routes.ROUTES,
    *import_routes.ROUTES,
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
    guide=GUIDE,
)  # fmt: skip
