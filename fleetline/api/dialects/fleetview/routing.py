"""How rows of the route table are written: what every route under /v1/ takes, gives and refuses."""

from collections.abc import Sequence
from typing import Any, Final

from fleetline.api.dialects.fleetview.checks import WRITES
from fleetline.api.routes import Answer, Handler, Parameter, Route

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


FIELD_TEXTS: Final = {
    "client_id": "The client id; also `clientId`, or in an HTTP Basic header.",
    "client_secret": "The client secret; also `clientSecret`, or in an HTTP Basic header.",
    "grant_type": "May be left out.",
    "refresh_token": "The refresh token; also `refreshToken`.",
    "token": "An access token or a refresh token.",
    "token_type_hint": "Which of both it is; not needed.",
}


def token_route(
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
    shown = [Parameter(name, "form", FIELD_TEXTS[name], {"type": "string"}, name in needed, OURS) for name in fields]
    if grant:
        shown.append(
            Parameter("grant_type", "form", FIELD_TEXTS["grant_type"], {"type": "string", "enum": [grant]}, False, OURS)
        )
    good = Answer(200, "The token pair.", pair) if grant else Answer(200, "Nothing; the token is over.")
    return Route(
        method="POST", path=path, summary=summary, open_handler=handler, tag="Token Management", text=text,
        source=DOCUMENTED if grant else OURS, parameters=(_KEYS[0], *shown), body_media=FORM_OR_JSON,
        answers=(good, Answer(400, "The request is wrong.", error), Answer(401, "Not let in.", error),
                 Answer(429, _TEXTS[429], ERROR)),
    )  # fmt: skip


ITEMS: Final = {"type": "object", "properties": {"items": {"type": "array", "items": {"type": "object"}}}}
GONE: Final = Answer(204, "Done.", media="")
ONE: Final = "/v1/resources/{resourceId}"
FLEET_ONE: Final = "/v1/fleets/{fleetId}"
SPAN: Final = (
    parameter("startTime", "Start of the first period.", required=True, type="string", format="date-time"),
    parameter("endTime", "End of the last period.", required=True, type="string", format="date-time"),
)
