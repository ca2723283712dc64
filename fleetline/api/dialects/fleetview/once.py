"""Calls that repeat themselves under one key are done once and answered with the first reply."""

import asyncio
import hashlib
import re
from typing import Final

import msgspec

from fleetline.api.dialect import Exchange
from fleetline.api.dialects.fleetview.words import Refusal, bad
from fleetline.api.http import Response
from fleetline.api.packed import Packed
from fleetline.api.steps import handle
from fleetline.model.resource import Fault

HEADER: Final = "idempotency-key"
_KEY: Final = re.compile(r"[\x21-\x7e]{1,255}")


class Locks:
    """One lock per account and key, for as long as somebody holds or waits for it."""

    def __init__(self) -> None:
        self._locks: dict[tuple[str, str], tuple[asyncio.Lock, int]] = {}

    def take(self, key: tuple[str, str]) -> asyncio.Lock:
        lock, users = self._locks.get(key, (asyncio.Lock(), 0))
        self._locks[key] = (lock, users + 1)
        return lock

    def leave(self, key: tuple[str, str]) -> None:
        lock, users = self._locks[key]
        if users == 1:
            del self._locks[key]
        else:
            self._locks[key] = (lock, users - 1)


async def handle_once(exchange: Exchange) -> Response:
    """The route's handler, or the first reply to the same key. source: rule F-152"""
    request, workspace = exchange.request, exchange.workspace
    key = request.header(HEADER)
    if key is None or workspace is None or request.method != "POST":
        return await handle(exchange)
    if _KEY.fullmatch(key) is None:
        raise bad("Idempotency-Key", "length", "Idempotency-Key must have 1 to 255 characters without blanks.")
    locks: Locks = request.memory
    whose = (workspace.account_id, key)
    lock = locks.take(whose)
    try:
        async with lock:
            return await _answer(exchange, key)
    finally:
        locks.leave(whose)


async def _answer(exchange: Exchange, key: str) -> Response:
    request, workspace = exchange.request, exchange.workspace
    assert workspace is not None
    asked = [request.method, request.path.lower(), request.query, request.media_type]
    text = msgspec.json.encode(asked) + request.body
    hashed = hashlib.sha256(text).hexdigest()
    kept = await workspace.power.replies.find(workspace.account_id, key)
    if kept is not None:
        if kept.request_hash != hashed:
            message = "This Idempotency-Key was used with another request."
            raise Refusal(409, message, [Fault("Idempotency-Key", "duplicate", message)])
        headers = [(name, value) for name, value in msgspec.json.decode(kept.headers)]
        return Response(kept.status, kept.body, headers)
    response = await handle(exchange)
    if response.status < 300 and isinstance(response.body, bytes | Packed):
        body = response.body.plain if isinstance(response.body, Packed) else response.body
        headers_text = msgspec.json.encode(response.headers).decode()
        await workspace.power.replies.keep(workspace.account_id, key, hashed, response.status, headers_text, body)
    return response
