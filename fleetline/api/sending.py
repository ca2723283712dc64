"""How an answer leaves: in the smallest encoding the client takes, whole or piece by piece while somebody listens."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Final

from fleetline.api.http import Receive, Request, Response, Send
from fleetline.api.packed import LEAST, Packed, accepts_gzip, gzipped, gzipped_chunks

COMPRESSED: Final = ("application/json", "text/", "application/xml", "application/geo+json", "application/x-ndjson")
EVENTS: Final = "text/event-stream"
"""Never compressed: each event must leave at once."""

Body = bytes | AsyncIterator[bytes]

LINGER_S: Final = 10.0
"""So long what a caller goes on sending is thrown away, once it has its answer, before the connection is closed."""
QUIET_S: Final = 1.0
"""A caller that has not sent anything for so long has heard the answer or never will."""


async def send_response(response: Response, request: Request, receive: Receive, send: Send, *, closes: bool) -> int:
    """Send it all; the number of bytes of the body as sent.

    closes  the connection is to be closed afterwards
    errors  what the iterator of the body raises; nothing marks the answer as whole then, so the server cuts it off
    """
    body = await _smallest(response, request)
    headers = [(b"x-request-id", request.request_id.encode())]
    headers += [(name.lower().encode("latin-1"), _clean(value)) for name, value in response.headers]
    if closes:
        headers.append((b"connection", b"close"))
    if isinstance(body, bytes):
        if response.status not in (204, 304):
            headers.append((b"content-length", str(len(body)).encode()))
        await send({"type": "http.response.start", "status": response.status, "headers": headers})
        lingers = closes and not request.was_read and not request.keeps_body
        await send(
            {"type": "http.response.body", "body": b"" if request.method == "HEAD" else body, "more_body": lingers}
        )
        if lingers:
            await _linger(receive)
            await send({"type": "http.response.body", "body": b""})
        return len(body)
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    if request.method == "HEAD":
        await send({"type": "http.response.body", "body": b""})
        return 0
    return await _send_pieces(body, receive, send)


async def _linger(receive: Receive) -> None:
    """Lets a caller that is still sending come to read its answer: closing at once would take that from it."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(LINGER_S):
            while True:
                async with asyncio.timeout(QUIET_S):
                    message = await receive()
                if message["type"] == "http.disconnect" or not message.get("more_body", False):
                    return


async def _send_pieces(body: AsyncIterator[bytes], receive: Receive, send: Send) -> int:
    """Every piece as it comes; stops asking for more when the client is gone."""
    sent = 0

    async def pump() -> None:
        nonlocal sent
        async for piece in body:
            sent += len(piece)
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    pumping, leaving = asyncio.create_task(pump()), asyncio.create_task(_left(receive))
    try:
        await asyncio.wait((pumping, leaving), return_when=asyncio.FIRST_COMPLETED)
        if pumping.done():
            await pumping
    finally:
        for task in (pumping, leaving):
            task.cancel()
        await asyncio.gather(pumping, leaving, return_exceptions=True)
    return sent


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _smallest(response: Response, request: Request) -> Body:
    """The body in the encoding that this client takes; adds the headers that say so."""
    body = response.body
    plain = body.plain if isinstance(body, Packed) else body
    names = {name.lower(): value for name, value in response.headers}
    media = names.get("content-type", "")
    small = isinstance(plain, bytes) and len(plain) < LEAST
    if small or "content-encoding" in names or not media.startswith(COMPRESSED) or media.startswith(EVENTS):
        return plain
    response.headers.append(("vary", "accept-encoding"))
    if not accepts_gzip(request.header("accept-encoding") or ""):
        return plain
    response.headers.append(("content-encoding", "gzip"))
    if isinstance(body, Packed):
        return await body.gzip()
    return await gzipped(plain) if isinstance(plain, bytes) else gzipped_chunks(plain)


def _clean(value: str) -> bytes:
    """A header value that no text of ours or a caller's can split in two."""
    return value.replace("\r", " ").replace("\n", " ").replace("\0", " ").encode("latin-1", "replace")
