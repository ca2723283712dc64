"""One HTTP call as every dialect sees it: the Request that came in and the Response that goes out."""

import asyncio
import ipaddress
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, MutableMapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final
from urllib.parse import unquote

import msgspec

from fleetline.api.errors import BodyTooLarge, BodyUnreadable, Disconnected, EncodingUnsupported
from fleetline.api.packed import Packed

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
AsgiApp = Callable[[Scope, Receive, Send], Awaitable[None]]
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

BODY_SECONDS: Final = 30.0
"""The longest a whole body may take to arrive, in seconds."""

INFLATED_PIECE: Final = 65_536
"""Bytes that are undone of a compressed body at once."""

SKIPPED_BYTES: Final = 65_536
"""An unread body up to this many bytes is skipped; a longer one costs its sender the connection."""


@dataclass(slots=True)
class Notes:
    """What the request log keeps of a call beyond what the pipeline knows; filled in by the dialect, never a secret.

    action   the operation's name, e.g. `devicelist`
    subject  the thing asked for, e.g. a device id
    asked    the time or span asked for
    scope    the parts asked for
    """

    action: str = ""
    subject: str = ""
    asked: str = ""
    scope: str = ""


class Request:
    """One call.

    method, path    as sent; the path is percent-decoded
    segments        the path's parts, split before decoding, one trailing slash ignored
    query           the raw query string; some dialects carry secrets there, so it is never logged
    client          the caller's address after trusted proxies
    scheme, host    as the caller typed them, after trusted proxies; base_url: the public URL, without a trailing slash
    params          values of {names} in the route's path
    body            filled by the step `read_body`; parsed: what a step of the dialect's own made of it
    memory          what the dialect keeps between calls of one pipeline, made by its `memory`
    ending          set once the server stops, for answers that would go on
    """

    __slots__ = (
        "_begun", "_headers", "_receive", "_unread", "base_url", "body", "client", "ending", "host", "memory", "method",
        "notes", "params", "parsed", "path", "query", "received_at_ms", "request_id", "scheme", "segments",
    )  # fmt: skip

    def __init__(self, scope: Scope, receive: Receive, request_id: str, received_at_ms: int, origin: "Origin") -> None:
        self.method: str = scope["method"]
        self.path: str = scope["path"]
        self.segments = split_path(scope.get("raw_path") or self.path.encode("utf-8", "surrogateescape"))
        self.query: str = scope["query_string"].decode("latin-1")
        self.request_id = request_id
        self.received_at_ms = received_at_ms
        self.client = origin.client
        self.scheme = origin.scheme
        self.host = origin.host
        self.base_url = origin.base_url
        self.params: dict[str, str] = {}
        self.notes = Notes()
        self.body = b""
        self.parsed: Any = None
        self.memory: Any = None
        self.ending: asyncio.Event | None = None
        self._headers: list[tuple[bytes, bytes]] = scope["headers"]
        self._receive = receive
        self._unread = True
        self._begun = False

    def header(self, name: str) -> str | None:
        """The last header of that name (lower case), None when it was not sent."""
        wanted = name.encode("latin-1")
        for key, value in reversed(self._headers):
            if key == wanted:
                return value.decode("latin-1")
        return None

    def header_all(self, name: str) -> list[str]:
        """Every header of that name (lower case) in order."""
        wanted = name.encode("latin-1")
        return [value.decode("latin-1") for key, value in self._headers if key == wanted]

    @property
    def media_type(self) -> str:
        """The Content-Type in lower case without parameters, empty when none was sent."""
        return (self.header("content-type") or "").split(";", 1)[0].strip().lower()

    @property
    def was_read(self) -> bool:
        """Whether the whole body has been read."""
        return not self._unread

    @property
    def little_left(self) -> bool:
        """What the server has yet to skip of the body is little, so that the connection may carry the next call."""
        announced = self.header("content-length") or "0"
        small = announced.isdecimal() and len(announced) < 9 and int(announced) <= SKIPPED_BYTES
        return not self._unread or (small and self.header("transfer-encoding") is None)

    @property
    def keeps_body(self) -> bool:
        """The caller waits for a word of ours before it sends any of the body, and has not had it."""
        return not self._begun and "100-continue" in (self.header("expect") or "").lower()

    async def chunks(self, limit: int, seconds: float = BODY_SECONDS) -> AsyncIterator[bytes]:
        """The body as it arrives, at most `limit` bytes of it on the wire.

        errors  BodyTooLarge, from Content-Length before anything is read; BodyUnreadable after `seconds`; Disconnected
        """
        announced = self.header("content-length") or ""
        if announced.isdecimal() and (len(announced) > 18 or int(announced) > limit):
            raise BodyTooLarge(limit)
        read, more = 0, True
        deadline = asyncio.get_running_loop().time() + seconds
        while more:
            self._begun = True
            try:
                async with asyncio.timeout_at(deadline):
                    message = await self._receive()
            except TimeoutError as slow:
                raise BodyUnreadable("slow") from slow
            if message["type"] == "http.disconnect":
                raise Disconnected
            chunk, more = message.get("body", b""), message.get("more_body", False)
            read += len(chunk)
            if read > limit:
                raise BodyTooLarge(limit)
            self._unread = more
            yield chunk

    async def read(self, limit: int, *, inflate: bool = False) -> bytes:
        """The whole body; with `inflate` a gzip encoding is undone and `limit` holds for the result.

        errors  as `chunks`; EncodingUnsupported for any other Content-Encoding when `inflate` is set
        """
        encoding = (self.header("content-encoding") or "identity").strip().lower()
        if not inflate or encoding == "identity":
            return b"".join([chunk async for chunk in self.chunks(limit)])
        if encoding not in ("gzip", "x-gzip"):
            raise EncodingUnsupported(encoding)
        return await self._inflated(limit)

    async def hung_up(self) -> None:
        """Returns once the client is gone or the server stops; for answers that go on, after the body has been read."""
        waits = [asyncio.ensure_future(self._disconnected())]
        if self.ending is not None:
            waits.append(asyncio.ensure_future(self.ending.wait()))
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()

    async def _disconnected(self) -> bool:
        while (await self._receive())["type"] != "http.disconnect":
            continue
        return True

    async def _inflated(self, limit: int) -> bytes:
        unpack, parts, size = zlib.decompressobj(wbits=31), list[bytes](), 0
        async for chunk in self.chunks(limit):
            while chunk:  # piece by piece, so that a swelling body is met before it is held
                if unpack.eof:  # a body may be several members one after the other
                    unpack = zlib.decompressobj(wbits=31)
                try:
                    part = unpack.decompress(chunk, INFLATED_PIECE)
                except zlib.error as fault:
                    raise BodyUnreadable("encoding") from fault
                chunk = unpack.unused_data if unpack.eof else unpack.unconsumed_tail
                size += len(part)
                if size > limit:
                    raise BodyTooLarge(limit)
                parts.append(part)
        if not unpack.eof:
            raise BodyUnreadable("encoding")
        return b"".join(parts)


@lru_cache(4096)
def split_path(raw_path: bytes) -> tuple[str, ...]:
    """The decoded segments of a raw path: `/a%2Fb/c/` is ("a/b", "c")."""
    text = raw_path.split(b"?", 1)[0].decode("latin-1").removeprefix("/")
    parts = text.removesuffix("/").split("/")
    return tuple(unquote(part) if "%" in part else part for part in parts)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a call came from and under which name it reached us; see `Request`."""

    client: str
    scheme: str
    host: str
    base_url: str


@dataclass(frozen=True, slots=True)
class Proxies:
    """Which peers may speak for others, and the public URL when the operator set one."""

    trusted: tuple[Network, ...] = ()
    public_url: str = ""

    def origin(self, scope: Scope) -> Origin:
        """The caller: the peer, or behind trusted proxies the rightmost untrusted entry of X-Forwarded-For."""
        peer = scope["client"][0] if scope.get("client") else "127.0.0.1"
        client, scheme, host = plain_address(peer), str(scope.get("scheme", "http")), _named(scope["headers"], b"host")
        if self.trusted and self._trusts(client):
            client = self._behind(client, _named(scope["headers"], b"x-forwarded-for"))
            scheme = _named(scope["headers"], b"x-forwarded-proto").split(",")[0].strip().lower() or scheme
            scheme = scheme if scheme in ("http", "https") else "http"
            host = _named(scope["headers"], b"x-forwarded-host").split(",")[0].strip() or host
        return Origin(client, scheme, host, self.public_url or f"{scheme}://{host}")

    def _trusts(self, address: str) -> bool:
        parsed = parse_address(address)
        return parsed is not None and any(parsed in network for network in self.trusted)

    def _behind(self, peer: str, forwarded: str) -> str:
        client = peer
        for entry in reversed([part.strip() for part in forwarded.split(",") if part.strip()][-50:]):
            address = plain_address(_without_port(entry))
            if parse_address(address) is None:
                return client  # what a trusted proxy cannot name is counted as the proxy itself
            client = address
            if not self._trusts(client):
                return client
        return client


def _named(headers: Iterable[tuple[bytes, bytes]], name: bytes) -> str:
    return b",".join(value for key, value in headers if key == name).decode("latin-1")


def _without_port(entry: str) -> str:
    if entry.startswith("["):
        return entry[1:].split("]", 1)[0]
    return entry.split(":", 1)[0] if entry.count(":") == 1 else entry


@lru_cache(4096)
def parse_address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The address, None when the text is none; an IPv4 address inside IPv6 is the IPv4 address."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def plain_address(text: str) -> str:
    """The shortest spelling of an address; another text unchanged, shortened to 60 characters."""
    address = parse_address(text)
    return str(address) if address is not None else text[:60]


Headers = Sequence[tuple[str, str]]


@dataclass(slots=True)
class Response:
    """One answer.

    body   bytes, Packed (bytes that are sent again and again, their gzip kept) or an iterator of chunks
    error  the dialect's own error word or number for the request log, empty on success
    """

    status: int = 200
    body: bytes | Packed | AsyncIterator[bytes] = b""
    headers: list[tuple[str, str]] = field(default_factory=list)
    error: str = ""


_ENCODER: Final = msgspec.json.Encoder()

JSON_TYPE: Final = "application/json; charset=utf-8"


def json_response(value: Any, status: int = 200, headers: Headers = (), error: str = "") -> Response:
    """The value as compact UTF-8 JSON (strict: msgspec writes NaN and infinities as null)."""
    return Response(status, _ENCODER.encode(value), [("content-type", JSON_TYPE), *headers], error)


def text_response(text: str, status: int = 200, headers: Headers = (), error: str = "") -> Response:
    """The bare text, UTF-8."""
    return Response(status, text.encode(), [("content-type", "text/plain; charset=utf-8"), *headers], error)
