"""Idempotency-Key: the check before a handler that gives a repeated call its first answer, and keeps that answer."""

import hashlib
from typing import Final

import msgspec

from fleetline.api.dialect import Exchange
from fleetline.api.dialects.own.doors import SAFE
from fleetline.api.dialects.own.words import KeyReused
from fleetline.api.http import Response
from fleetline.api.steps import handle
from fleetline.core import repeats
from fleetline.model.errors import FleetlineError, Invalid
from fleetline.model.registry import findable

HEADER: Final = "idempotency-key"
REPLAYED: Final = ("idempotency-replayed", "true")
SECRET_ROUTES: Final = frozenset(
    {
        "POST /api/v1/credentials", "POST /api/v1/credentials/{credential_id}/roll", "POST /api/v1/users",
        "POST /api/v1/users/{user_id}/password",
    }
)  # fmt: skip
"""Their answers hold secrets, which are shown once and kept nowhere."""
_HEADERS: Final = msgspec.json.Decoder(list[tuple[str, str]])


async def handle_once(exchange: Exchange) -> Response:
    """The handler, or for a call under a key that was used the answer of then. errors: KeyReused, Invalid"""
    request, workspace, route = exchange.request, exchange.workspace, exchange.route
    key = request.header(HEADER)
    if key is None or request.method in SAFE or workspace is None or route is None:
        return await handle(exchange)
    if HEADER not in {given.name for given in route.parameters}:
        return await handle(exchange)
    if not 1 <= len(key) <= 255 or not findable(key):
        raise Invalid("Idempotency-Key", "must be 1 to 255 characters")
    asked = b"\0".join(
        [request.method.encode(), request.path.encode("utf-8", "replace"), request.query.encode(), request.body]
    )
    earlier = await repeats.begin(workspace, key, hashlib.sha256(asked).hexdigest())
    if earlier is not None:
        if earlier.state != "answered":
            raise KeyReused(earlier.state)
        return Response(earlier.status, earlier.body, [*_HEADERS.decode(earlier.headers), REPLAYED])
    try:
        response = await handle(exchange)
    except FleetlineError:
        await repeats.forget(workspace, key)  # a refusal wrote nothing, so the call may come again
        raise
    await _keep(exchange, key, response)
    return response


async def _keep(exchange: Exchange, key: str, response: Response) -> None:
    assert exchange.workspace is not None and exchange.route is not None, "handled above"
    body = response.body if isinstance(response.body, bytes) else b""
    if f"{exchange.route.method} {exchange.route.path}" in SECRET_ROUTES:
        await repeats.finish(exchange.workspace, key, repeats.DONE_SECRET, "[]", b"")
        return
    headers = [pair for pair in response.headers if pair[0] != "set-cookie"]
    await repeats.finish(exchange.workspace, key, response.status, msgspec.json.encode(headers).decode(), body)
