"""How pages ask our own API: in this very process, with the visitor's cookie and address, as a browser would."""

import json
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote, urlencode

import orjson
from starlette.requests import Request

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
AsgiApp = Callable[[Scope, Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]], Awaitable[None]]

BASE: Final = "/api/v1"
PASSED_ON: Final = frozenset(
    {b"cookie", b"host", b"origin", b"user-agent", b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-host"}
)
"""Headers of the visitor that the API sees too, so that it judges and logs the visitor and not this page."""


class Refused(Exception):
    """The API said no: its problem details."""

    def __init__(self, status: int, problem: Mapping[str, Any]) -> None:
        super().__init__(problem.get("detail", f"answered {status}"))
        self.status = status
        self.code = str(problem.get("code", ""))
        self.detail = str(problem.get("detail", "The server could not answer."))
        self.request_id = str(problem.get("request_id", ""))
        self.errors: list[dict[str, str]] = list(problem.get("errors", []))
        self.outcomes: list[dict[str, Any]] = list(problem.get("outcomes", []))

    @property
    def missing(self) -> bool:
        """This server's API has no such path at all."""
        return self.code == "no_route"


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back. cookies: every Set-Cookie as sent"""

    status: int
    headers: Mapping[str, str]
    body: bytes
    cookies: tuple[str, ...]

    def value(self) -> Any:
        """The JSON of the body, None for an empty one."""
        return orjson.loads(self.body) if self.body else None


class OwnApi:
    """Our own API in the name of one visitor."""

    def __init__(self, app: AsgiApp, request: Request, csrf: str = "") -> None:
        self._app, self._request, self.csrf = app, request, csrf

    async def get(self, path: str, /, **query: Any) -> Any:
        """The value at a path; a query value of None or "" is left out, a list is repeated. errors: Refused"""
        return (await self.call("GET", path, query=query)).value()

    async def send(self, method: str, path: str, body: Any = None, /, *, revision: str = "", **query: Any) -> Any:
        """Change something and take what the API says; revision: the one that the change rests on. errors: Refused"""
        raw = b"" if body is None else json.dumps(body).encode()
        kind = "" if body is None else "application/json"
        return (await self.call(method, path, query=query, body=raw, media=kind, revision=revision)).value()

    async def call(
        self, method: str, path: str, *, query: Mapping[str, Any] | None = None, body: bytes = b"", media: str = "",
        revision: str = "",
    ) -> Reply:  # fmt: skip
        """errors: Refused for every status from 400"""
        asked = {name: value for name, value in (query or {}).items() if value not in (None, "", [])}
        more = [(b"if-match", f'"{revision}"'.encode("latin-1", "replace"))] if revision else []
        reply = await self._ask(method, BASE + path, urlencode(asked, doseq=True).encode(), body, media, more)
        if reply.status >= 400:
            try:
                problem = reply.value() or {}
            except ValueError:
                problem = {}
            raise Refused(reply.status, problem)
        return reply

    async def _ask(
        self, method: str, path: str, query: bytes, body: bytes, media: str, more: list[tuple[bytes, bytes]]
    ) -> Reply:
        headers = [*more]
        headers += [(name, value) for name, value in self._request.scope["headers"] if name in PASSED_ON]
        headers += [(b"content-length", str(len(body)).encode()), (b"accept-encoding", b"identity")]
        if media:
            headers.append((b"content-type", media.encode()))
        if self.csrf:
            headers.append((b"x-fleetline-csrf", self.csrf.encode("latin-1", "replace")))
        scope = dict(self._request.scope) | {
            "method": method, "path": path, "raw_path": quote(path).encode(), "query_string": query, "headers": headers,
        }  # fmt: skip
        waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]
        started: Message = {}
        parts: list[bytes] = []

        async def receive() -> Message:
            return waiting.pop() if waiting else {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            if message["type"] == "http.response.start":
                started.update(message)
            else:
                parts.append(message.get("body", b""))

        await self._app(scope, receive, send)
        return _reply(started, b"".join(parts))


def _reply(started: Message, body: bytes) -> Reply:
    named = [(name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in started.get("headers", [])]
    cookies = tuple(value for name, value in named if name == "set-cookie")
    return Reply(int(started.get("status", 500)), dict(named), body, cookies)


async def nobody(scope: Scope, receive: Any, send: Callable[[Message], Awaitable[None]]) -> None:
    """Stands where no API was given: every call ends as 404, code `no_route`."""
    body = json.dumps({"code": "no_route", "detail": "This server has no API.", "status": 404}).encode()
    headers = [(b"content-type", b"application/problem+json")]
    await send({"type": "http.response.start", "status": 404, "headers": headers})
    await send({"type": "http.response.body", "body": body})
