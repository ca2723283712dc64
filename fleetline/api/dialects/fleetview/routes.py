"""Every method and path of this API, each with what it takes and gives."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from fleetline.api.dialects.fleetview import bulk, fleets, job_routes, power, resources, simulations, tokens, weather
from fleetline.api.dialects.fleetview.bulk_rows import CONVENTIONS, READERS
from fleetline.api.dialects.fleetview.checks import WRITES
from fleetline.api.dialects.fleetview.results import MEDIA
from fleetline.api.dialects.fleetview.schema import BATCH, FLEET, MEMBERS, RESOURCE, json_schema
from fleetline.api.routes import Answer, Handler, Parameter, Route
from fleetline.model.weather import RANGES

OURS: Final = "ours"
DOCUMENTED: Final = "documented"
LARGE: Final = 256 * 1024 * 1024
FORM_OR_JSON: Final = "application/x-www-form-urlencoded, application/json"
ERROR: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["statusCode", "message"],
    "properties": {
        "statusCode": {"type": "string"},
        "message": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "field": {"type": "string"},
                    "code": {"type": "string"},
                    "message": {"type": "string"},
                },
            },
        },
    },
}
_TEXTS: Final = {
    400: "The request is wrong; `errors` names every fault.",
    401: "The API key or the access token is missing or not valid.",
    403: "The client may only read.",
    410: "The results were kept for 7 days.",
    404: "There is no such object, or it is another license's.",
    409: "A value is in use already.",
    412: "The object has changed since the version in If-Match.",
    413: "The body is too large.",
    415: "The body is of another type.",
    422: "The request is right but cannot be computed now.",
    429: "The API key has no operation left; Retry-After says when.",
}


def parameter(name: str, text: str, where: str = "query", *, required: bool = False, **schema: Any) -> Parameter:
    """A parameter of ours; text unless `schema` says otherwise."""
    kind: Any = where
    return Parameter(name, kind, text, schema or {"type": "string"}, required, OURS)


LIMIT: Final = parameter("limit", "How many to give.", type="integer", minimum=1, maximum=1000, default=100)
CURSOR: Final = parameter("cursor", "`nextCursor` of the page before.")
IF_MATCH: Final = parameter("If-Match", "Change only this version.", "header")
IF_NONE_MATCH: Final = parameter("If-None-Match", "Answer 304 when this version is still the stored one.", "header")
IDEMPOTENCY: Final = parameter("Idempotency-Key", "The same key and body within 24 h give the first reply.", "header")
_KEYS: Final = (
    Parameter("X-Api-Key", "header", "API key of the license.", {"type": "string"}, True, DOCUMENTED),
    Parameter("Authorization", "header", "`Bearer` and the access token.", {"type": "string"}, True, DOCUMENTED),
)


def route(
    method: str,
    path: str,
    summary: str,
    handler: Handler,
    *,
    tag: str,
    parameters: Sequence[Parameter] = (),
    answers: Sequence[Answer] = (),
    errors: Sequence[int] = (400,),
    body: Any = None,
    body_media: str = "application/json",
    writes: bool = False,
    body_limit: int | None = None,
    source: str = OURS,
    text: str = "",
) -> Route:
    """One route under /v1/ with what every one of them has."""
    ids = [parameter(part[1:-1], "Its id.", "path", format="uuid", type="string") for part in path.split("/")
           if part.startswith("{") and part != "{source}"]  # fmt: skip
    statuses = sorted({401, 429, *errors, *((404,) if ids else ()), *((403,) if writes else ())})
    problems = [Answer(status, _TEXTS[status], ERROR) for status in statuses]
    once = [IDEMPOTENCY] if method == "POST" else []
    return Route(
        method=method, path=path, summary=summary, handler=handler, tag=tag, text=text, source=source,
        parameters=(*_KEYS, *ids, *parameters, *once), answers=(*answers, *problems), body=body,
        body_media=body_media, level=WRITES if writes else "", body_limit=body_limit,
    )  # fmt: skip


def listing(of: Any, text: str) -> Answer:
    """The answer of a list."""
    schema = {
        "type": "object",
        "properties": {"items": {"type": "array", "items": of}, "nextCursor": {"type": ["string", "null"]}},
    }
    return Answer(200, text, schema)


def _token_route(
    path: str, summary: str, handler: Any, fields: Sequence[str], needed: Sequence[str], text: str
) -> Route:
    grant = {"/token": "client_credentials", "/refresh": "refresh_token"}.get(path)
    pair = {
        "type": "object",
        "properties": {
            "access_token": {"type": "string"},
            "token_type": {"type": "string", "enum": ["Bearer"]},
            "expires_in": {"type": "integer"},
            "refresh_token": {"type": "string"},
        },
    }
    error = {
        "type": "object",
        "properties": {"error": {"type": "string"}, "error_description": {"type": "string"}},
    }
    shown = [Parameter(name, "form", "", {"type": "string"}, name in needed, OURS) for name in fields]
    if grant:
        shown.append(Parameter("grant_type", "form", "", {"type": "string", "enum": [grant]}, False, OURS))
    good = Answer(200, "The token pair.", pair) if grant else Answer(200, "Nothing; the token is over.")
    return Route(
        method="POST", path=path, summary=summary, open_handler=handler, tag="Token Management", text=text,
        source=DOCUMENTED if grant else OURS, parameters=(_KEYS[0], *shown), body_media=FORM_OR_JSON,
        answers=(good, Answer(400, "The request is wrong.", error), Answer(401, "Not let in.", error),
                 Answer(429, _TEXTS[429], ERROR)),
    )  # fmt: skip


TOKENS: Final = (
    _token_route(
        "/token", "Get token", tokens.post_token, ("client_id", "client_secret"), ("client_id", "client_secret"),
        "An access token valid 60 minutes, and a refresh token.",
    ),
    _token_route(
        "/refresh", "Refresh token", tokens.post_refresh, ("refresh_token", "client_id", "client_secret"),
        ("refresh_token",), "The next pair; the refresh token is spent.",
    ),
    _token_route(
        "/revoke", "Revoke token", tokens.post_revoke, ("token", "token_type_hint", "client_id", "client_secret"),
        ("token",), "A refresh token ends its whole family.",
    ),
)  # fmt: skip

_RESOURCE: Final = json_schema(RESOURCE)
_FLEET: Final = json_schema(FLEET)
_VIEW: Final = parameter("view", "`resolved` fills in what is null.", type="string", enum=["full", "resolved"])
_LIST_VIEW: Final = parameter("view", "`ids` gives ids alone.", type="string", enum=["full", "ids"])
FILTERS: Final = (
    parameter("fleetId", "Members of this fleet.", format="uuid", type="string"),
    parameter("bbox", "west,south,east,north in degrees."),
    parameter("customerSiteId", "The one with this id of yours."),
    parameter("zone", "Those of this zone."),
    parameter("class", "Those of this class."),
    parameter("q", "Part of the name, in any letter case."),
    parameter("updatedSince", "Changed at or after this time.", format="date-time", type="string"),
)
_STORED: Final = Answer(200, "The stored resource with warnings.", _RESOURCE, headers={"ETag": "Its version."})
_MADE: Final = Answer(
    201, "The stored resource with warnings.", _RESOURCE, headers={"Location": "Where it is.", "ETag": "Its version."}
)
_ITEMS: Final = {"type": "object", "properties": {"items": {"type": "array", "items": {"type": "object"}}}}
_CHANGE: Final = {
    "type": "object",
    "properties": {name: {"type": "integer"} for name in ("added", "removed", "resourceCount")},
}
_GONE: Final = Answer(204, "Done.", media="")
_ONE: Final = "/v1/resources/{resourceId}"
_FLEET_ONE: Final = "/v1/fleets/{fleetId}"
_PATCHES: Final = "application/merge-patch+json, application/json"

RESOURCES: Final = (
    route("POST", "/v1/resources", "Create resource", resources.create, tag="Resources", answers=(_MADE,),
          errors=(400, 409, 413, 415), body=_RESOURCE, writes=True),
    route("GET", "/v1/resources", "List resources", resources.find, tag="Resources",
          parameters=(*FILTERS, _LIST_VIEW, LIMIT, CURSOR), answers=(listing(_RESOURCE, "Resources by creation."),)),
    route("GET", _ONE, "Get resource", resources.read, tag="Resources", parameters=(_VIEW, IF_NONE_MATCH),
          answers=(Answer(200, "The resource.", _RESOURCE, headers={"ETag": "Its version."}),)),
    route("PUT", _ONE, "Replace resource", resources.replace, tag="Resources", parameters=(IF_MATCH,),
          answers=(_STORED,), errors=(400, 409, 412, 413, 415), body=_RESOURCE, writes=True),
    route("POST", _ONE, "Replace resource, the sister's way", resources.replace, tag="Resources",
          parameters=(IF_MATCH,), answers=(_STORED,), errors=(400, 409, 412, 413, 415), body=_RESOURCE, writes=True,
          source="sister"),
    route("PATCH", _ONE, "Change resource", resources.patch, tag="Resources", parameters=(IF_MATCH,),
          answers=(_STORED,), errors=(400, 409, 412, 413, 415), body=_RESOURCE, body_media=_PATCHES, writes=True,
          text="A JSON merge patch: null removes, lists are replaced whole."),
    route("DELETE", _ONE, "Delete resource", resources.delete, tag="Resources", parameters=(IF_MATCH,),
          answers=(_GONE,), errors=(400, 412), writes=True),
    route("POST", "/v1/resources/validate", "Validate resource", resources.validate, tag="Resources", body=_RESOURCE,
          answers=(Answer(200, "What a write would say.", {"type": "object"}),), errors=(400, 413, 415)),
    route("POST", "/v1/resources/batchGet", "Get many resources", resources.batch_get, tag="Resources",
          body=json_schema(BATCH), answers=(Answer(200, "One outcome per id, in order.", _ITEMS),)),
    route("POST", "/v1/resources/batchDelete", "Delete many resources", resources.batch_delete, tag="Resources",
          body=json_schema(BATCH), answers=(Answer(200, "One outcome per id, in order.", _ITEMS),), writes=True),
    route("GET", f"{_ONE}/fleets", "Fleets of a resource", resources.fleets, tag="Resources",
          parameters=(LIMIT, CURSOR), answers=(listing(_FLEET, "Fleets by creation."),)),
)  # fmt: skip

_FLEET_STORED: Final = Answer(200, "The stored fleet.", _FLEET, headers={"ETag": "Its version."})
FLEETS: Final = (
    route("POST", "/v1/fleets", "Create fleet", fleets.create, tag="Fleets", body=_FLEET, writes=True,
          answers=(Answer(201, "The stored fleet.", _FLEET, headers={"Location": "Where it is."}),),
          errors=(400, 409, 413, 415)),
    route("GET", "/v1/fleets", "List fleets", fleets.find, tag="Fleets", parameters=(LIMIT, CURSOR),
          answers=(listing(_FLEET, "Fleets by creation."),)),
    route("GET", _FLEET_ONE, "Get fleet", fleets.read, tag="Fleets", parameters=(IF_NONE_MATCH,),
          answers=(Answer(200, "The fleet.", _FLEET, headers={"ETag": "Its version."}),)),
    route("PUT", _FLEET_ONE, "Replace fleet", fleets.replace, tag="Fleets", parameters=(IF_MATCH,), body=_FLEET,
          answers=(_FLEET_STORED,), errors=(400, 409, 412, 413, 415), writes=True,
          text="The members stay unless resourceIds is sent."),
    route("PATCH", _FLEET_ONE, "Change fleet", fleets.patch, tag="Fleets", parameters=(IF_MATCH,), body=_FLEET,
          answers=(_FLEET_STORED,), errors=(400, 409, 412, 413, 415), body_media=_PATCHES, writes=True),
    route("DELETE", _FLEET_ONE, "Delete fleet", fleets.delete, tag="Fleets", parameters=(IF_MATCH,),
          answers=(_GONE,), errors=(400, 412), writes=True, text="The resources stay."),
    route("GET", f"{_FLEET_ONE}/resources", "Members", fleets.members, tag="Fleets",
          parameters=(_LIST_VIEW, LIMIT, CURSOR), answers=(listing(_RESOURCE, "Members by creation."),)),
    route("POST", f"{_FLEET_ONE}/resources", "Add members", fleets.add_members, tag="Fleets", writes=True,
          body=json_schema(MEMBERS), answers=(Answer(200, "What changed.", _CHANGE),)),
    route("PUT", f"{_FLEET_ONE}/resources", "Set members", fleets.set_members, tag="Fleets", writes=True,
          body=json_schema(MEMBERS), answers=(Answer(200, "What changed.", _CHANGE),)),
    route("PUT", f"{_FLEET_ONE}/resources/{{resourceId}}", "Add member", fleets.add_member, tag="Fleets",
          answers=(_GONE,), writes=True, body_media="*/*"),
    route("DELETE", f"{_FLEET_ONE}/resources/{{resourceId}}", "Remove member", fleets.remove_member, tag="Fleets",
          answers=(_GONE,), writes=True),
    route("GET", f"{_FLEET_ONE}/summary", "Summary", fleets.summary, tag="Fleets",
          parameters=(parameter("asOf", "What stands then; default now.", format="date-time", type="string"),),
          answers=(Answer(200, "Sums of the fleet.", {"type": "object"}),)),
)  # fmt: skip

_SPAN: Final = (
    parameter("startTime", "Start of the first period.", required=True, type="string", format="date-time"),
    parameter("endTime", "End of the last period.", required=True, type="string", format="date-time"),
)
_POWER: Final = (
    parameter("type", "Where the light comes from.", enum=["historical", "clearSky", "forecast"], default="historical"),
    *_SPAN,
    parameter("timeResolutionMinutes", "Length of a period.", type="integer", enum=[60, 30, 15, 5, 1], default=60),
    parameter("weatherSource", "Whose weather.", type="string", default="default"),
    parameter("powerModel", "The chain.", type="string", enum=["pvlib"], default="pvlib"),
    parameter("missingDataHandling", "What missing weather does.", type="string", enum=["Omit"], default="Omit"),
    parameter("outputFields", "Field names, separated by commas."),
    parameter("asOf", "When a forecast is made; default now.", type="string", format="date-time"),
)
_GROUPS: Final = (
    parameter("groupBy", "Sums by group.", enum=["none", "zone", "feeder", "class", "tracking"], default="none"),
    parameter("normalize", "Per kW of capacity.", enum=["none", "capacity"], default="none"),
)
_SERIES: Final = (
    Answer(200, "The series.", {"type": "object"}),
    Answer(200, "The series.", {"type": "string"}, media="text/csv"),
)
POWER: Final = (
    route("GET", f"{_ONE}/power", "Power of a resource", power.of_resource, tag="Power", parameters=_POWER,
          answers=_SERIES, errors=(400, 422)),
    route("GET", f"{_FLEET_ONE}/power", "Power of a fleet", power.of_fleet, tag="Power",
          parameters=(*_POWER, *_GROUPS), answers=_SERIES, errors=(400, 422)),
)  # fmt: skip

_SOURCE: Final = parameter("source", "Name of the source.", "path", type="string", pattern="[a-z0-9-]{1,32}")
_DELIVERY: Final = {
    "type": "object",
    "required": ["kind", "startTime", "cells"],
    "properties": {
        "kind": {"type": "string", "enum": list(weather.KINDS)},
        "issueTime": {"type": "string", "format": "date-time"},
        "startTime": {"type": "string", "format": "date-time"},
        "timeResolutionMinutes": {"type": "integer", "enum": list(weather.MINUTES), "default": 60},
        "spatialResolution_Degrees": {"type": "number", "enum": list(weather.RESOLUTIONS), "default": 0.1},
        "cells": {
            "type": "array",
            "maxItems": weather.MOST_CELLS,
            "items": {
                "type": "object",
                "required": ["latitude", "longitude"],
                "properties": {
                    "latitude": {"type": "number"},
                    "longitude": {"type": "number"},
                    **{
                        name: {
                            "type": "array",
                            "items": {
                                "type": ["number", "null"],
                                "minimum": RANGES[attr].low,
                                "maximum": RANGES[attr].high,
                            },
                        }
                        for attr, name in weather.NAMES.items()
                    },
                },
            },
        },
    },
}
WEATHER: Final = (
    route("PUT", "/v1/weather/{source}", "Push weather", weather.put, tag="Weather", parameters=(_SOURCE,),
          body=_DELIVERY, answers=(Answer(200, "What was stored.", {"type": "object"}),),
          errors=(400, 409, 413, 415), writes=True, body_limit=LARGE),
    route("DELETE", "/v1/weather/{source}", "Delete weather", weather.delete, tag="Weather", writes=True,
          parameters=(_SOURCE, *(replace(part, required=False) for part in _SPAN)), answers=(_GONE,),
          errors=(400, 404)),
    route("POST", "/v1/weather/import", "Import a weather file", weather.import_file, tag="Weather", writes=True,
          parameters=(
              parameter("source", "Name of the source.", default="default", type="string"),
              parameter("format", "Form of the file.", required=True, type="string", enum=list(weather.FORMATS)),
              parameter("latitude", "Of the place, for files that do not say.", type="number"),
              parameter("longitude", "Of the place, for files that do not say.", type="number"),
              parameter("spatialResolution_Degrees", "Of a new source.", type="number", enum=[0.1, 0.01]),
          ),
          body={"type": "string", "format": "binary"}, body_media="*/*", body_limit=LARGE,
          answers=(Answer(200, "What was stored.", {"type": "object"}),), errors=(400, 409, 413)),
    route("GET", "/v1/weather/coverage", "What is stored", weather.coverage, tag="Weather",
          parameters=(
              parameter("source", "Of this source."),
              parameter("kind", "Of this kind.", type="string", enum=list(weather.KINDS)),
              parameter("bbox", "west,south,east,north in degrees."),
          ),
          answers=(Answer(200, "Each cell that has data.", _ITEMS),)),
)  # fmt: skip

_SIMULATION: Final = json_schema(simulations.SIMULATION)
_SIMULATED: Final = tuple(Answer(200, "The results.", media=media.split(";")[0]) for media in MEDIA.values())
_SIMULATION_ONE: Final = "/v1/simulations/{simulationId}"
SIMULATIONS: Final = (
    route("POST", "/v1/simulations", "Start simulation", simulations.start, tag="Simulations", body=_SIMULATION,
          answers=(Answer(202, "It is queued.", {"type": "object"}, headers={"Location": "Where to look."}),),
          errors=(400, 413, 415, 422), source="sister"),
    route("GET", _SIMULATION_ONE, "Watch simulation", simulations.read, tag="Simulations",
          answers=(Answer(200, "Its state.", {"type": "object"}, headers={"Retry-After": "Until it is over."}),),
          source="sister"),
    route("GET", f"{_SIMULATION_ONE}/results", "Results of a simulation", simulations.results, tag="Simulations",
          answers=_SIMULATED, errors=(400, 409, 410), source="sister"),
    route("DELETE", _SIMULATION_ONE, "Cancel or remove simulation", simulations.end, tag="Simulations",
          answers=(_GONE,), errors=(400,)),
)  # fmt: skip

_IMPORTED: Final = (
    Answer(200, "What became of each row, up to 1000 of them.", {"type": "object"}),
    Answer(202, "A job works on them, 200,000 at most.", {"type": "object"}, headers={"Location": "Where to look."}),
)
BULK: Final = (
    route("POST", "/v1/resources/import", "Import resources", bulk.take, tag="Bulk", writes=True,
          parameters=(
              parameter("dryRun", "Say what would be done, store nothing.", type="boolean", default=False),
              parameter("mode", "What rows may do.", type="string", enum=list(bulk.MODES), default="upsert"),
              parameter("atomic", "Store all rows or none.", type="boolean", default=False),
              parameter("azimuthConvention", "How azimuths count.", enum=list(CONVENTIONS)),
              parameter("fleetId", "All rows join this fleet.", type="string", format="uuid"),
          ),
          body={"type": "array", "items": _RESOURCE}, body_media=", ".join(READERS), body_limit=LARGE,
          answers=_IMPORTED, errors=(400, 404, 413, 415)),
    route("GET", "/v1/resources/export", "Export resources", bulk.give, tag="Bulk",
          parameters=(
              *FILTERS, parameter("format", "Form of the file.", enum=list(bulk.FORMATS), default="csv"),
          ),
          answers=tuple(Answer(200, "All of them.", media=media.split(";")[0]) for media in bulk.FORMATS.values())),
)  # fmt: skip
_JOB: Final = Answer(200, "The job.", {"type": "object"}, headers={"Retry-After": "Until it is over."})
JOBS: Final = (
    route("GET", "/v1/jobs", "List jobs", job_routes.find, tag="Jobs", parameters=(LIMIT, CURSOR),
          answers=(listing({"type": "object"}, "Jobs by creation."),)),
    route("GET", "/v1/jobs/{jobId}", "Watch job", job_routes.read, tag="Jobs", answers=(_JOB,)),
    route("GET", "/v1/jobs/{jobId}/rows", "Rows of an import", job_routes.rows, tag="Jobs",
          parameters=(
              parameter("outcome", "Only these.", enum=["Created", "Updated", "Unchanged", "Refused"]),
          ),
          answers=(Answer(200, "One JSON object a line.", media="application/x-ndjson"),), errors=(400, 409, 410)),
)  # fmt: skip

ROUTES: Final = (*TOKENS, *RESOURCES, *BULK, *FLEETS, *POWER, *WEATHER, *SIMULATIONS, *JOBS)
