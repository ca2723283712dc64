"""Calls that repeat themselves under one key are done once and answered with the first reply."""

import hashlib
import re
from typing import Final

import msgspec

from fleetline.api.dialect import Exchange
from fleetline.api.dialects.fleetview.words import Refusal, bad
from fleetline.api.http import Response
from fleetline.api.packed import Packed
from fleetline.api.steps import handle
from fleetline.core.power_replies import Earlier
from fleetline.model.errors import FleetlineError, Unavailable
from fleetline.model.resource import Fault

HEADER: Final = "idempotency-key"
_KEY: Final = re.compile(r"[\x21-\x7e]{1,255}")


async def handle_once(exchange: Exchange) -> Response:
    """The route's handler, or the first reply to the same key. source: rule F-152"""
    request, workspace = exchange.request, exchange.workspace
    key = request.header(HEADER)
    if key is None or workspace is None or request.method != "POST":
        return await handle(exchange)
    if _KEY.fullmatch(key) is None:
        raise bad("Idempotency-Key", "length", "Idempotency-Key must have 1 to 255 characters without blanks.")
    asked = [request.method, request.path.lower(), request.query, request.media_type]
    hashed = hashlib.sha256(msgspec.json.encode(asked) + request.body).hexdigest()
    replies, account_id = workspace.power.replies, workspace.account_id
    earlier = await replies.claim(account_id, key, hashed)
    if earlier is not None:
        return _again(earlier)
    try:
        async with replies.held(account_id, key):
            response = await handle(exchange)
    except Unavailable:
        raise  # the store went away in the middle: nobody knows what it has kept, so the key stays claimed
    except FleetlineError:
        await replies.release(account_id, key)  # a refusal stored nothing, so the call may come again
        raise
    if response.status >= 300 or not isinstance(response.body, bytes | Packed):
        await replies.release(account_id, key)
        return response
    body = response.body.plain if isinstance(response.body, Packed) else response.body
    headers = msgspec.json.encode(response.headers).decode()
    await replies.keep(account_id, key, hashed, response.status, headers, body)
    return response


_REFUSALS: Final = {
    "other": "This Idempotency-Key was used with another request.",
    "running": "The first call with this Idempotency-Key is still running.",
    "unfinished": (
        "The first call with this Idempotency-Key was cut off: see whether it took effect, then use another key."
    ),
}


def _again(earlier: Earlier) -> Response:
    """The first reply. errors: Refusal 409 where there is none to give"""
    if earlier.reply is None:
        message = _REFUSALS[earlier.state]
        raise Refusal(409, message, [Fault("Idempotency-Key", "duplicate", message)])
    headers = [(name, value) for name, value in msgspec.json.decode(earlier.reply.headers)]
    return Response(earlier.reply.status, earlier.reply.body, headers)
