"""The checks that dialects line up in their own documented order; each is one step of the pipeline."""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from fleetline.api.dialect import Exchange, Step
from fleetline.api.errors import (
    BodyTooLarge,
    EncodingUnsupported,
    MethodNotAllowed,
    NoSuchRoute,
    OutOfTime,
)
from fleetline.api.http import Response
from fleetline.api.routes import RouteTable
from fleetline.model.refusals import WrongLevel

if TYPE_CHECKING:
    from fleetline.core.workspace import Workspace

GET_LIKE: Final = {"HEAD": "GET"}


def find_route(table: RouteTable) -> Step:
    """The path exists: NoSuchRoute. Where it has the method too, the route is known from here on."""

    async def find(exchange: Exchange) -> None:
        request = exchange.request
        exchange.match = table.find(request.segments)
        if exchange.match is None:
            raise NoSuchRoute(request.path)
        method = GET_LIKE.get(request.method, request.method)
        exchange.route = exchange.match.routes.get(request.method) or exchange.match.routes.get(method)
        if exchange.route is not None:
            request.params = exchange.match.params(exchange.route)
            request.notes.action = request.notes.action or f"{exchange.route.method} {exchange.route.path}"

    return find


async def check_method(exchange: Exchange) -> None:
    """The path has this method: MethodNotAllowed. Needs `find_route` before it."""
    if exchange.route is None:
        assert exchange.match is not None
        raise MethodNotAllowed(exchange.request.method, exchange.match.allowed)


def only_method(*methods: str) -> Step:
    """The whole dialect speaks these methods only, whatever the path: MethodNotAllowed."""

    async def check(exchange: Exchange) -> None:
        if exchange.request.method not in methods:
            raise MethodNotAllowed(exchange.request.method, methods)

    return check


async def answer_options(exchange: Exchange) -> Response | None:
    """OPTIONS on a path that exists is answered 204 with Allow, before anything is counted. Needs `find_route`."""
    if exchange.request.method != "OPTIONS" or exchange.match is None:
        return None
    return Response(204, b"", [("allow", ", ".join((*exchange.match.allowed, "OPTIONS")))])


async def admit(exchange: Exchange) -> None:
    """The gate takes the secret and gives a Workspace; an open route needs none."""
    if exchange.route is not None and exchange.route.is_open:
        return
    exchange.workspace = await exchange.dialect.admit(exchange.gate, exchange.request, exchange.route)


def check_level(held: Callable[["Workspace"], str]) -> Step:
    """The admitted principal's level, told by `held`, is the route's: WrongLevel."""

    async def check(exchange: Exchange) -> None:
        route = exchange.route
        if route is None or route.is_open or not route.level:
            return
        assert exchange.workspace is not None, "admit comes before check_level"
        if held(exchange.workspace) != route.level:
            raise WrongLevel(route.level)

    return check


async def read_body(exchange: Exchange) -> None:
    """The whole body into `request.body`: BodyTooLarge, BodyUnreadable, EncodingUnsupported."""
    if exchange.request.was_read:
        return  # the call begins anew
    exchange.request.body = await exchange.request.read(_body_limit(exchange), inflate=exchange.dialect.inflate)


def _body_limit(exchange: Exchange) -> int:
    route = exchange.route
    return exchange.dialect.body_limit if route is None or route.body_limit is None else route.body_limit


async def check_size(exchange: Exchange) -> None:
    """What Content-Length announces is within the limit, without reading: BodyTooLarge."""
    limit = _body_limit(exchange)
    announced = exchange.request.header("content-length") or ""
    if announced.isdecimal() and (len(announced) > 18 or int(announced) > limit):
        raise BodyTooLarge(limit)


async def plain_encoding(exchange: Exchange) -> None:
    """No Content-Encoding but identity: EncodingUnsupported."""
    encoding = (exchange.request.header("content-encoding") or "identity").strip().lower()
    if encoding not in ("identity", ""):
        raise EncodingUnsupported(encoding)


async def handle(exchange: Exchange) -> Response:
    """The route's handler, stopped after the dialect's longest processing time: OutOfTime."""
    route = exchange.route
    assert route is not None, "find_route and check_method come before handle"
    if route.open_handler is not None:
        return await route.open_handler(exchange.gate, exchange.request)
    assert route.handler is not None
    assert exchange.workspace is not None, "admit comes before handle"
    seconds = exchange.dialect.seconds(exchange.workspace)
    try:
        async with asyncio.timeout(seconds or None) as limit:
            return await route.handler(exchange.workspace, exchange.request)
    except TimeoutError:
        if limit.expired():
            raise OutOfTime(seconds) from None
        raise
