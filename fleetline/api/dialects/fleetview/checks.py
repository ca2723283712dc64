"""The checks of every call in this API's documented order, and what every counted answer carries."""

import ipaddress
import math
from typing import TYPE_CHECKING, Final

from fleetline.api.dialect import Exchange, Step
from fleetline.api.dialects.fleetview.asking import check_secrets
from fleetline.api.dialects.fleetview.words import REALM, TOKEN_ROUTES, Refusal
from fleetline.api.errors import NoSuchRoute, TypeUnsupported
from fleetline.api.http import Request, Response
from fleetline.api.routes import Route, RouteTable
from fleetline.core.tokens import KeyCaller
from fleetline.model.limits import Standing
from fleetline.model.refusals import Refused, Unknown

if TYPE_CHECKING:
    from fleetline.core.gate import Gate
    from fleetline.core.workspace import Workspace

WRITES: Final = "write"
"""The level of routes that change stored data."""


async def only_https(exchange: Exchange) -> None:
    """A server that is public under https takes no secret in the clear, but from its own machine. source: F-3"""
    request = exchange.request
    if request.scheme == "https" or not exchange.gate.core.public_url.lower().startswith("https:"):
        return
    if not _is_loopback(request.client):
        raise Refusal(403, "Use https.")


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


def answer_options(table: RouteTable) -> Step:
    """OPTIONS tells what a path takes and is never counted."""

    async def options(exchange: Exchange) -> Response | None:
        if exchange.request.method != "OPTIONS":
            return None
        match = table.find(exchange.request.segments)
        if match is None:
            raise NoSuchRoute(exchange.request.path)
        return Response(204, b"", [("allow", ", ".join((*match.allowed, "OPTIONS")))])

    return options


def bearer(request: Request) -> str | None:
    """The token of the Authorization header; None when there is none."""
    header = request.header("authorization")
    if header is None or header[:7].lower() != "bearer ":
        return None
    return header[7:].strip() or None


async def admit_client(gate: "Gate", request: Request, route: Route | None) -> "Workspace":
    """API key, limit, bearer token, in this order."""
    return await gate.admit_client(request.header("x-api-key") or "", bearer(request), address=request.client)


async def admit_caller(exchange: Exchange) -> None:
    """The key alone on token routes, key and token everywhere else."""
    request, gate = exchange.request, exchange.gate
    if request.segments[0].lower() in TOKEN_ROUTES:
        key = request.header("x-api-key") or ""
        request.parsed = await gate.tokens.open_key(key, address=request.client)
    else:
        exchange.workspace = await exchange.dialect.admit(gate, request, None)


async def may_write(exchange: Exchange) -> None:
    """A read-only client changes nothing. source: F-34"""
    route, workspace = exchange.route, exchange.workspace
    if route is None or workspace is None or route.level != WRITES or not workspace.principal.read_only:
        return
    challenge = ("www-authenticate", f'Bearer {REALM}, error="insufficient_scope"')
    raise Refusal(403, "This client may only read.", headers=[challenge])


def media_of(route: Route) -> tuple[str, ...]:
    """What a route can answer with."""
    return tuple(dict.fromkeys(answer.media for answer in route.answers if answer.status < 300 and answer.media))


def preferred(accept: str | None, offered: tuple[str, ...]) -> str | None:
    """The media type out of the offered ones that the caller likes best, None when it takes none of them."""
    if accept is None or not accept.strip() or not offered:
        return offered[0] if offered else ""
    ranges: list[tuple[str, float]] = []
    for part in accept.split(","):
        name, *parameters = (piece.strip().lower() for piece in part.split(";"))
        ranges.append((name, _weight(parameters)))
    best, found = 0.0, None
    for media in offered:
        fitting = [(_precision(name, media), weight) for name, weight in ranges if _precision(name, media)]
        weight = max(fitting)[1] if fitting else 0.0
        if weight > best:
            best, found = weight, media
    return found


def _weight(parameters: list[str]) -> float:
    for parameter in parameters:
        if parameter.startswith("q="):
            try:
                return float(parameter[2:])
            except ValueError:
                return 0.0
    return 1.0


def _precision(name: str, media: str) -> int:
    if name == media:
        return 3
    if name.endswith("/*") and media.startswith(name[:-1]):
        return 2
    return 1 if name == "*/*" else 0


async def can_answer(exchange: Exchange) -> None:
    """Something the route has is acceptable to the caller: 406."""
    route = exchange.route
    if route is None or route.is_open:
        return
    if preferred(exchange.request.header("accept"), media_of(route)) is None:
        raise Refusal(406, "None of the types in Accept can be given.")


async def check_type(exchange: Exchange) -> None:
    """The body is of a type that the route reads: TypeUnsupported."""
    route, request = exchange.route, exchange.request
    if route is None or route.method not in ("POST", "PUT", "PATCH"):
        return
    taken = [media.strip() for media in route.body_media.split(",")]
    announced = request.header("content-length") or "0"
    empty = announced.strip("0") == "" and request.header("transfer-encoding") is None
    if "*/*" in taken or request.media_type in taken or (empty and not request.media_type):
        return
    raise TypeUnsupported(request.media_type)


async def no_secrets(exchange: Exchange) -> None:
    """No secret in the query string; the token routes look for themselves."""
    if exchange.route is not None and not exchange.route.is_open:
        check_secrets(exchange.request)


def finish(exchange: Exchange, response: Response) -> None:
    """The limit's headers on every counted answer and every 429. source: F-44"""
    standing = _standing(exchange)
    if standing is not None and standing.rate_per_s > 0:
        window = math.ceil(standing.limit / standing.rate_per_s)
        left, full = standing.remaining, standing.reset_in_s
        response.headers += [
            ("ratelimit-policy", f'"operations";q={standing.limit};w={window}'),
            ("ratelimit", f'"operations";r={left};t={full}'),
            ("x-ratelimit-limit", str(standing.limit)),
            ("x-ratelimit-remaining", str(left)),
            ("x-ratelimit-reset", str(full)),
        ]


def _standing(exchange: Exchange) -> Standing | None:
    if exchange.workspace is not None:
        return exchange.workspace.standing
    if isinstance(exchange.request.parsed, KeyCaller):
        return exchange.request.parsed.standing
    error = exchange.error
    if isinstance(error, Unknown) and error.which == "key":
        return None
    return error.standing if isinstance(error, Refused) else None
