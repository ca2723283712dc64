"""Calls an ASGI application in memory, the way a server would, and returns the whole answer."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, unquote, urlencode

import msgspec

from fleetline.api.http import AsgiApp


@dataclass
class Answer:
    """What the application sent."""

    status: int = 0
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""
    whole: bool = False

    def header(self, name: str) -> str | None:
        """The only header of that name; a doubled one fails."""
        values = [value for key, value in self.headers if key == name]
        assert len(values) <= 1, (name, values)
        return values[0] if values else None

    @property
    def text(self) -> str:
        return self.body.decode()

    def json(self) -> Any:
        return msgspec.json.decode(self.body)


@dataclass
class Caller:
    """A client at one address."""

    app: AsgiApp
    address: str = "192.0.2.1"
    scheme: str = "http"

    async def call(
        self,
        method: str,
        target: str,
        body: bytes | Iterable[bytes] = b"",
        headers: Sequence[tuple[str, str]] = (),
        *,
        announce: bool = True,
        leaves: bool = False,
        hangs_up_after: int = 0,
    ) -> Answer:
        """One call.

        announce        send Content-Length
        leaves          hang up after the last piece of the body
        hangs_up_after  hang up after that many pieces of the answer's body
        """
        pieces = [body] if isinstance(body, bytes) else list(body)
        named = [(key.lower().encode(), value.encode("latin-1")) for key, value in headers]
        if announce and any(pieces) and not any(key == b"content-length" for key, _ in named):
            named.append((b"content-length", str(sum(map(len, pieces))).encode()))
        if not announce:
            named.append((b"transfer-encoding", b"chunked"))
        if not any(key == b"host" for key, _ in named):
            named.append((b"host", b"fleet.example"))
        path, _, query = target.partition("?")
        scope = {
            "type": "http", "http_version": "1.1", "method": method, "scheme": self.scheme, "path": unquote(path),
            "raw_path": quote(path, safe="/%{}:;,()~").encode(), "query_string": query.encode("latin-1"),
            "headers": named, "client": (self.address, 40_000), "server": ("127.0.0.1", 80),
        }  # fmt: skip
        waiting = [
            {"type": "http.request", "body": piece, "more_body": leaves or index < len(pieces) - 1}
            for index, piece in enumerate(pieces)
        ]
        answer, gone, pieces_heard = Answer(), asyncio.Event(), 0

        async def receive() -> dict[str, Any]:
            if waiting:
                return waiting.pop(0)
            if leaves:
                return {"type": "http.disconnect"}
            await gone.wait()
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            nonlocal pieces_heard
            if message["type"] == "http.response.start":
                answer.status = message["status"]
                answer.headers = [(key.decode(), value.decode("latin-1")) for key, value in message.get("headers", [])]
            else:
                answer.body += message.get("body", b"")
                answer.whole = not message.get("more_body", False)
                pieces_heard += 1
                if pieces_heard == hangs_up_after:
                    gone.set()

        await self.app(scope, receive, send)
        return answer

    async def get(self, target: str, headers: Sequence[tuple[str, str]] = ()) -> Answer:
        return await self.call("GET", target, headers=headers)

    async def form(self, target: str, fields: dict[str, str], headers: Sequence[tuple[str, str]] = ()) -> Answer:
        """POST of an urlencoded form."""
        kind = ("content-type", "application/x-www-form-urlencoded")
        return await self.call("POST", target, urlencode(fields).encode(), [kind, *headers])
