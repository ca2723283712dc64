"""Every refusal in this API's words: one bare line, with its status and headers."""

from collections.abc import Callable
from typing import Final

import msgspec

from fleetline.api.errors import BodyTooLarge, BodyUnreadable, MethodNotAllowed, NoSuchRoute, OutOfTime
from fleetline.api.http import Request, Response
from fleetline.model.errors import FleetlineError, Invalid, NotFound, Unavailable
from fleetline.model.refusals import AddressRefused, Blocked, NotInPlan, QuotaUsed, TooSoon, Unknown

Line = tuple[int, str, int, list[tuple[str, str]]]
"""(number, words, status, further headers)"""

TEXT: Final = "text/plain; charset=utf-8"


def line_of(error: FleetlineError) -> Line:
    """The line that answers this refusal; a refusal this API does not know is an internal error.

    source  section 6 of the specification; #1000, #1055 and #1002 byte for byte the vendor's
    """
    for kind, words in _WORDS:
        if isinstance(error, kind):
            return words(error)
    return 9500, "INTERNAL ERROR", 500, []


def _retry(error: FleetlineError) -> list[tuple[str, str]]:
    return [("retry-after", str(getattr(error, "retry_after_s", 60)))]


def _unknown(error: FleetlineError) -> Line:
    return 1000, "INVALID API TOKEN", 401, [("www-authenticate", "ApiToken")]


def _too_soon(error: FleetlineError) -> Line:
    words = "QUERY-THRESHOLD EXCEEDED - PLEASE REDUCE QUERY-INTERVAL, OTHERWISE YOUR TOKEN WILL BE BLOCKED"
    return 1055, words, 429, _retry(error)


def _method(error: FleetlineError) -> Line:
    allowed = ", ".join(error.allowed) if isinstance(error, MethodNotAllowed) else "POST"
    return 9007, "METHOD NOT ALLOWED", 405, [("allow", allowed)]


def _parameter(error: FleetlineError) -> Line:
    return 9003, f"INVALID PARAMETER: {error.field if isinstance(error, Invalid) else ''}", 400, []


_WORDS: Final[tuple[tuple[type[FleetlineError], Callable[[FleetlineError], Line]], ...]] = (
    (Unknown, _unknown),
    (BodyUnreadable, _unknown),
    (TooSoon, _too_soon),
    (Blocked, lambda error: (1002, "QUERY-THRESHOLD EXCEEDED - API TOKEN BLOCKED", 403, [])),
    (NoSuchRoute, lambda error: (9001, "UNKNOWN ACTION", 404, [])),
    (NotFound, lambda error: (9002, "UNKNOWN DEVICE", 404, [])),
    (Invalid, _parameter),
    (QuotaUsed, lambda error: (9004, "DAILY QUOTA EXCEEDED", 429, _retry(error))),
    (OutOfTime, lambda error: (9005, "PROCESSING TIME EXCEEDED", 503, [("retry-after", "60")])),
    (AddressRefused, lambda error: (9006, "IP ADDRESS NOT ALLOWED", 403, _retry(error))),
    (MethodNotAllowed, _method),
    (BodyTooLarge, lambda error: (9008, "REQUEST TOO LARGE", 413, [])),
    (NotInPlan, lambda error: (9009, "NOT INCLUDED IN PLAN", 403, [])),
    (Unavailable, lambda error: (9503, "TEMPORARILY UNAVAILABLE", 503, [("retry-after", "10")])),
)


def renderer(error_status: str, error_body: str) -> Callable[[FleetlineError, Request], Response]:
    """How refusals are answered.

    error_status  `http`, or `200` for clients that read no other answer
    error_body    `line`, or `json` for clients that parse every answer
    source        rules Z-25 and Z-26
    """

    def render(error: FleetlineError, request: Request) -> Response:
        number, words, status, headers = line_of(error)
        line = f"ERROR #{number} - {words}"
        if error_body == "json":
            body, media = msgspec.json.encode({"error": line}), "application/json"
        else:
            body, media = line.encode("ascii"), TEXT
        status = 200 if error_status == "200" else status
        return Response(status, body, [("content-type", media), ("cache-control", "no-store"), *headers], str(number))

    return render
