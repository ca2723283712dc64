"""Behind the real HTTP server a connection is kept, closed and reused as each answer demands."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any, cast

import pytest
import uvicorn

from fleetline.api.http import Request, Response, json_response, text_response
from fleetline.api.pipeline import Pipeline
from fleetline.api.routes import Route, RouteTable
from fleetline.api.steps import check_method, find_route, handle, read_body
from fleetline.core.requests import RequestLog
from fleetline.model.errors import FleetlineError
from fleetline.stores.engine import Engine
from fleetline.stores.store import EngineStore
from tests.api.test_pipeline import MADE
from tests.kit import CountedIds, HandClock


async def echo(gate: Any, request: Request) -> Response:
    return json_response({"size": len(request.body), "client": request.client})


def render(error: FleetlineError, request: Request) -> Response:
    return text_response(type(error).__name__, 413 if type(error).__name__ == "BodyTooLarge" else 400)


ROUTES = (Route(method="POST", path="/made/echo", summary="Echo", open_handler=echo),)


@pytest.fixture
async def port(engine: Engine, clock: HandClock, ids: CountedIds) -> AsyncIterator[int]:
    made = replace(
        MADE, routes=ROUTES, render=render, order=(find_route(RouteTable(ROUTES)), check_method, read_body, handle)
    )
    log = RequestLog(EngineStore(engine), clock)
    pipeline = Pipeline([made], gate=cast(Any, None), log=log, clock=clock, ids=ids)
    config = uvicorn.Config(cast(Any, pipeline), port=0, http="httptools", log_level="error", lifespan="off")
    server = uvicorn.Server(config)
    task = asyncio.create_task(server._serve())  # `serve` would take over the signal handlers of the test run
    while not server.started:  # noqa: ASYNC110 - the server tells nobody when it has started
        await asyncio.sleep(0.01)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    await task


async def talk(port: int, *pieces: bytes) -> bytes:
    """Send everything on one connection and read until the server closes it or says nothing for a while."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for piece in pieces:
        writer.write(piece)
        await writer.drain()
    heard = b""
    try:
        while chunk := await asyncio.wait_for(reader.read(65536), 0.5):
            heard += chunk
    except TimeoutError:
        heard += b"<still open>"
    except ConnectionResetError:
        heard += b"<reset>"
    writer.close()
    return heard


def post(body: bytes, path: str = "/made/echo", *more: str) -> bytes:
    lines = [f"POST {path} HTTP/1.1", "Host: h", *(more or (f"Content-Length: {len(body)}",)), "", ""]
    return "\r\n".join(lines).encode() + body


async def test_two_calls_go_over_one_connection_and_refusals_do_not_close_it(port: int) -> None:
    heard = await talk(port, post(b"12345"), post(b"", "/made/none"), post(b"1" * 30))
    assert heard.count(b"HTTP/1.1 ") == 3
    assert b'"size":5,"client":"127.0.0.1"' in heard and b'"size":30' in heard
    assert heard.endswith(b"<still open>")


async def test_a_body_that_was_not_read_never_becomes_the_next_call(port: int) -> None:
    smuggled = post(b"1")
    heard = await talk(port, post(smuggled, "/made/none"), post(b"12"))
    assert heard.count(b"HTTP/1.1 ") == 2
    assert heard.endswith(b'"size":2,"client":"127.0.0.1"}<still open>')
    heard = await talk(port, post(smuggled * 2000, "/made/none"))
    assert heard.count(b"HTTP/1.1 ") == 1 and b"connection: close" in heard
    assert not heard.endswith(b"<still open>")


async def test_a_body_too_large_is_refused_before_it_arrives(port: int) -> None:
    heard = await talk(port, post(b"", "/made/echo", "Content-Length: 999999", "Expect: 100-continue"))
    assert heard.startswith(b"HTTP/1.1 413") and b"100 Continue" not in heard
    assert not heard.endswith(b"<still open>")


async def test_who_sends_more_than_is_taken_still_hears_why(port: int) -> None:
    """A connection closed while it still carries a body takes the answer away from its sender."""
    for path in ("/made/echo", "/made/none"):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        body = b"x" * 20_000_000
        writer.write(post(body, path))
        await writer.drain()
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 413" if path == "/made/echo" else b"HTTP/1.1 400")
        assert await reader.read() != b""
        writer.close()


async def test_a_chunked_body_is_counted_as_it_comes(port: int) -> None:
    chunks = b"".join(b"32\r\n" + b"x" * 50 + b"\r\n" for _ in range(4)) + b"0\r\n\r\n"
    heard = await talk(port, post(chunks, "/made/echo", "Transfer-Encoding: chunked"))
    assert heard.startswith(b"HTTP/1.1 413")
    small = b"5\r\nhello\r\n0\r\n\r\n"
    heard = await talk(port, post(small, "/made/echo", "Transfer-Encoding: chunked"))
    assert heard.startswith(b"HTTP/1.1 200") and b'"size":5' in heard


async def test_a_caller_who_hangs_up_in_the_middle_leaves_the_server_well(port: int) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(post(b"12", "/made/echo", "Content-Length: 50"))
    await writer.drain()
    writer.close()
    await asyncio.sleep(0.05)
    assert (await talk(port, post(b"1"))).startswith(b"HTTP/1.1 200")
