"""How our own API answers: one thing, a list, the outcomes of a bulk call; and how each of its routes is documented."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

import msgspec

from fleetline.api.dialects.own.doors import ADMINISTRATOR, SAFE
from fleetline.api.dialects.own.words import PROBLEM_TYPE, Problem
from fleetline.api.http import JSON_TYPE, Request, Response
from fleetline.api.routes import Answer, Handler, OpenHandler, Parameter, Route
from fleetline.core.verdicts import Done

if TYPE_CHECKING:
    from fleetline.core.workspace import Workspace

T = TypeVar("T")

BASE: Final = "/api/v1"
BULK_BYTES: Final = 67_108_864
MOST_ITEMS: Final = 100_000

_ENCODER: Final = msgspec.json.Encoder()


class Listed(msgspec.Struct, Generic[T], frozen=True):
    """A page of a list; `next` is the cursor of the page after it, null at the end."""

    items: list[T]
    next: str | None
    version: int


def answer(value: Any, status: int = 200, headers: Iterable[tuple[str, str]] = ()) -> Response:
    """The value as JSON that nobody keeps."""
    kept = [("content-type", JSON_TYPE), ("cache-control", "no-store")]
    return Response(status, _ENCODER.encode(value), [*kept, *headers])


def one(
    value: Any, revision: int, request: Request, headers: Iterable[tuple[str, str]] = (), status: int = 200
) -> Response:
    """One thing with its ETag; 304 when the caller has it."""
    tag = f'"{revision}"'
    if request.method in SAFE and tag in [part.strip() for part in (request.header("if-none-match") or "").split(",")]:
        return Response(304, b"", [("etag", tag), ("cache-control", "private, no-cache"), *headers])
    body = _ENCODER.encode(value)
    kept = [("content-type", JSON_TYPE), ("etag", tag), ("cache-control", "private, no-cache")]
    return Response(status, body, [*kept, *headers])


def nothing(headers: Iterable[tuple[str, str]] = ()) -> Response:
    return Response(204, b"", [("cache-control", "no-store"), *headers])


def withheld(workspace: "Workspace") -> list[tuple[str, str]]:
    """The header that names what the caller may not see; none when nothing is withheld."""
    parts = sorted(workspace.principal.permissions.withhold)
    return [("x-fleetline-withheld", ", ".join(parts))] if parts else []


_PROBLEMS: Final = {
    400: "The call is malformed",
    401: "No session or token, or one that is not valid any more",
    403: "Not allowed: rights, plan or X-Fleetline-CSRF",
    404: "There is no such thing, or none that the caller may see",
    405: "The path does not take this method",
    408: "The body took too long",
    409: "It contradicts what is stored",
    412: "It was changed meanwhile (If-Match)",
    413: "The body is too large",
    415: "A Content-Type or Content-Encoding that the path does not read",
    422: "A value may not be stored; `errors` says where and why",
    429: "Too many calls; Retry-After says how long to wait",
    500: "A fault of this server",
    503: "The store cannot be reached now, or the work took too long",
}


def problems(*statuses: int) -> tuple[Answer, ...]:
    return tuple(Answer(status, _PROBLEMS[status], Problem, media=PROBLEM_TYPE) for status in statuses)


ID_SCHEMA: Final = {"type": "integer", "minimum": 1, "maximum": 2**53 - 1}
IDS_SCHEMA: Final = {"type": "array", "items": ID_SCHEMA, "maxItems": 1_000, "minItems": 1}
FLAG_SCHEMA: Final = {"type": "boolean"}
TEXT_SCHEMA: Final = {"type": "string", "maxLength": 255, "minLength": 1}
CURSOR: Final = Parameter("cursor", "query", "`next` of the page before", {"type": "string"}, source="ours")
LIMIT: Final = Parameter(
    "limit",
    "query",
    "Items of a page",
    {"type": "integer", "minimum": 1, "maximum": 1_000, "default": 100},
    source="ours",
)
ATOMIC: Final = Parameter("atomic", "query", "Write nothing unless every item is good", FLAG_SCHEMA, source="ours")
KEY: Final = Parameter(
    "idempotency-key",
    "header",
    "Done once within 24 hours under this key",
    {"type": "string", "minLength": 1, "maxLength": 255},
    source="ours",
)
IF_MATCH: Final = Parameter(
    "if-match", "header", 'The ETag that the change rests on, e.g. `"12"`', {"type": "string"}, source="ours"
)
IF_NONE_MATCH: Final = Parameter(
    "if-none-match", "header", "The ETag of what the caller has", {"type": "string"}, source="ours"
)
INSTANT_SCHEMA: Final = {
    "anyOf": [
        {"type": "integer", "minimum": 0, "maximum": 253_402_300_799_999},
        {"type": "string", "format": "date-time"},
    ]
}


def words_schema(words: Sequence[str]) -> dict[str, object]:
    """One or more words of a choice, separated by commas or given several times."""
    return {"type": "array", "items": {"type": "string", "enum": list(words)}, "minItems": 1}


def query(name: str, text: str, schema: Any = TEXT_SCHEMA, *, required: bool = False) -> Parameter:
    return Parameter(name, "query", text, schema, required, "ours")


def in_path(name: str, text: str, schema: Any = ID_SCHEMA) -> Parameter:
    return Parameter(name, "path", text, schema, True, "ours")


def route(
    method: str, path: str, summary: str, handler: Handler | None, *, tag: str, answers: Sequence[Answer],
    open_handler: OpenHandler | None = None, level: str | None = None, text: str = "",
    parameters: Sequence[Parameter] = (), body: Any = None, body_media: str = "application/json",
    body_limit: int | None = None, once: bool = True,
) -> Route:  # fmt: skip
    """A row of the table with the answers that every route can give.

    level  administrators for what changes anything, unless said otherwise
    once   whether Idempotency-Key holds, for methods that change anything
    """
    unsafe = method not in SAFE
    if level is None:
        level = ADMINISTRATOR if unsafe and open_handler is None else ""
    given = list(parameters)
    if unsafe and once and open_handler is None:
        given.append(KEY)
    statuses = {400, 404, 405, 413, 415, 422, 429, 500, 503, 408}
    if open_handler is None:
        statuses |= {401, 403}
    if unsafe or path.startswith("/solar/"):
        statuses |= {409}
    if any(item.name == "if-match" for item in given):
        statuses |= {412}
    if open_handler is not None and unsafe:
        statuses |= {401}
    taken = {item.status for item in answers}
    return Route(
        method=method, path=BASE + path, summary=summary, handler=handler, open_handler=open_handler, level=level,
        text=text, tag=tag, parameters=tuple(given), body=body, body_media=body_media, body_limit=body_limit,
        answers=(*answers, *problems(*sorted(statuses - taken))), source="ours",
    )  # fmt: skip


BULK_ANSWER: Final = (Answer(200, "One outcome per item, in order", Done),)

Plain = Callable[["Workspace", Request], Awaitable[Response]]
