"""Every refusal in this API's words: the status as a word, a message, and each fault by its field."""

from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from fleetline.api.errors import (
    BodyTooLarge,
    BodyUnreadable,
    EncodingUnsupported,
    MethodNotAllowed,
    NoSuchRoute,
    OutOfTime,
    TypeUnsupported,
)
from fleetline.api.http import JSON_TYPE, Headers, Request, Response
from fleetline.model.errors import Conflict, FleetlineError, Invalid, NotFound, Unavailable
from fleetline.model.refusals import TooMany, Unknown
from fleetline.model.resource import Fault, Stale, TooManyRows, UnknownMembers
from fleetline.model.resource_query import CannotCompute, OutOfReach, QueueFull

STATUS_WORDS: Final = {
    400: "BadRequest",
    401: "Unauthorized",
    403: "Forbidden",
    404: "NotFound",
    405: "MethodNotAllowed",
    406: "NotAcceptable",
    409: "Conflict",
    410: "Gone",
    412: "PreconditionFailed",
    413: "RequestEntityTooLarge",
    415: "UnsupportedMediaType",
    422: "UnprocessableEntity",
    429: "TooManyRequests",
    500: "InternalServerError",
    503: "ServiceUnavailable",
}
WITH_ERRORS: Final = (400, 409, 422)
MOST_ERRORS: Final = 100
REALM: Final = 'realm="fleetview"'
NOT_JSON: Final = "The body could not be read as JSON."
TOKEN_ROUTES: Final = ("token", "refresh", "revoke")


class Refusal(FleetlineError):
    """An answer other than success, in this API's own words."""

    def __init__(self, status: int, message: str, faults: Sequence[Fault] = (), headers: Headers = ()) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.faults = tuple(faults)
        self.headers = tuple(headers)


def bad(field: str, code: str, message: str) -> Refusal:
    """400 for one fault."""
    return Refusal(400, message, [Fault(field, code, message)])


def faulty(faults: Sequence[Fault], status: int = 400) -> Refusal:
    """One refusal for all faults."""
    message = faults[0].message if len(faults) == 1 else f"The request has {len(faults)} faults."
    return Refusal(status, message, faults)


def fault_json(fault: Fault) -> dict[str, str]:
    """A fault or a warning as replies show it."""
    return {"field": fault.field, "code": fault.code, "message": fault.message}


def error_response(status: int, message: str, faults: Sequence[Fault] = (), headers: Headers = ()) -> Response:
    """The one shape of every refusal but those of the token routes."""
    body: dict[str, object] = {"statusCode": STATUS_WORDS[status], "message": message}
    if status in WITH_ERRORS:
        shown = faults or [Fault("", "request", message)]
        body["errors"] = [fault_json(fault) for fault in shown[:MOST_ERRORS]]
    text = msgspec.json.encode(body)
    return Response(status, text, [("content-type", JSON_TYPE), *headers], STATUS_WORDS[status])


def clean(text: str, most: int = 100) -> str:
    """A caller's text as it may stand in a message."""
    return text[:most].encode("utf-8", "replace").decode()


def _unknown(error: Unknown) -> Response:
    if error.which == "key":
        missing = error.reason == "missing"
        words = "The X-Api-Key header is missing." if missing else "The API key is not valid."
        return error_response(401, words, headers=[("www-authenticate", f"ApiKey {REALM}")])
    if error.reason == "missing":
        return error_response(401, "An access token is needed.", headers=[("www-authenticate", f"Bearer {REALM}")])
    words = "The access token has expired." if error.reason == "expired" else "The access token is not valid."
    return error_response(401, words, headers=[("www-authenticate", f'Bearer {REALM}, error="invalid_token"')])


def _too_many(error: TooMany) -> Response:
    rate = error.standing.rate_per_s if error.standing is not None else 3
    wait = error.retry_after_s
    message = (
        f"This API key may do {rate:g} operation{'' if rate == 1 else 's'} per second."
        f" Try again in {wait} second{'' if wait == 1 else 's'}."
    )
    return error_response(429, message, headers=[("retry-after", str(wait))])


def _conflict(error: Conflict) -> Response:
    if error.field == "version":
        return error_response(409, "The object was changed by another call at the same time.")
    name = {"customer_site_id": "customerSiteId", "name": "name"}.get(error.field, error.field)
    kind = {"resource": "resource ", "fleet": "fleet "}.get(error.kind, "")
    if error.kind == "source":
        message = f"{name} of this source is {error.holder} already."
        return error_response(409, message, [Fault(name, "fixed", message)])
    message = f"{name} is already used by {kind}{error.holder}."
    return error_response(409, message, [Fault(name, "duplicate", message)])


def _members(error: UnknownMembers) -> Response:
    paths = [f"{error.what}[{index}]" for index in error.indexes[:MOST_ERRORS]]
    refusal = faulty([Fault(path, "unknown", f"{path} does not exist.") for path in paths])
    return error_response(400, refusal.message, refusal.faults)


def _invalid(error: Invalid) -> Response:
    message = f"{clean(error.field)} {error.reason}."
    return error_response(400, message, [Fault(clean(error.field), "value", message)])


def _method(error: MethodNotAllowed) -> Response:
    allowed = ", ".join((*error.allowed, "OPTIONS"))
    words = f"The method {clean(error.method, 20)} is not allowed here."
    return error_response(405, words, headers=[("allow", allowed)])


def _type(error: FleetlineError) -> Response:
    if isinstance(error, EncodingUnsupported):
        return error_response(415, "The content encoding is not supported.")
    return error_response(415, "The content type is not supported.")


def _unreadable(error: BodyUnreadable) -> Response:
    if error.reason == "slow":
        return error_response(400, "The body did not arrive in time.")
    return error_response(400, "The body could not be read.")


def _cannot(error: CannotCompute) -> Response:
    words = {
        "NoWeather": "There is no weather to compute this with.",
        "FinerThanWeather": f"The weather has steps of {error.number} minutes; ask for {error.number} or more.",
        "TooLarge": "This is too large for one call; use /v1/simulations.",
    }[error.code]
    return error_response(422, words, [Fault("", error.code, words)])


def _reach(error: OutOfReach) -> Response:
    message = f"{error.parameter} {error.reason}."
    return error_response(400, message, [Fault(error.parameter, error.code, message)])


def _queue(error: QueueFull) -> Response:
    return error_response(429, f"{error.waiting} jobs are already waiting.", headers=[("retry-after", "30")])


def _refusal(error: Refusal) -> Response:
    return error_response(error.status, error.message, error.faults, error.headers)


_WORDS: Final[tuple[tuple[type[FleetlineError], Callable[..., Response]], ...]] = (
    (Refusal, _refusal),
    (Unknown, _unknown),
    (TooMany, _too_many),
    (NoSuchRoute, lambda error: error_response(404, "Not found.")),
    (NotFound, lambda error: error_response(404, "Not found.")),
    (MethodNotAllowed, _method),
    (TypeUnsupported, _type),
    (EncodingUnsupported, _type),
    (BodyTooLarge, lambda error: error_response(413, f"The body is larger than {error.limit} bytes.")),
    (TooManyRows, lambda error: error_response(413, f"An import may have {error.most} rows.")),
    (BodyUnreadable, _unreadable),
    (Stale, lambda error: error_response(412, "The object has changed since; read it again.")),
    (Conflict, _conflict),
    (UnknownMembers, _members),
    (CannotCompute, _cannot),
    (OutOfReach, _reach),
    (QueueFull, _queue),
    (Invalid, _invalid),
    (OutOfTime, lambda error: error_response(503, "The call took too long.", headers=[("retry-after", "10")])),
    (Unavailable, lambda error: error_response(503, "Try again later.", headers=[("retry-after", "10")])),
)


def render(error: FleetlineError, request: Request) -> Response:
    """Any refusal as its answer; what this API has no words for is an internal error.

    source  rules F-12, F-13, F-36, F-43, F-71
    """
    for kind, words in _WORDS:
        if isinstance(error, kind):
            return words(error)
    return error_response(500, "Something went wrong on the server.")
