"""The pipeline carries a call of any dialect from its bytes to its answer and into the request log."""

import asyncio
import gzip
import zlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from ipaddress import ip_network
from typing import Any, cast

import pytest
from structlog.testing import capture_logs

from fleetline.api.dialect import Dialect, Exchange
from fleetline.api.errors import BodyTooLarge, Internal, MethodNotAllowed, NoSuchRoute, OutOfTime
from fleetline.api.http import Proxies, Request, Response, json_response, text_response
from fleetline.api.packed import Packed, accepts_gzip
from fleetline.api.pipeline import Pipeline, mount_table
from fleetline.api.routes import Route, RouteTable
from fleetline.api.steps import admit, answer_options, check_method, find_route, handle, read_body
from fleetline.core.requests import RequestEntry, RequestFilter, RequestLog, find_requests
from fleetline.model.access import EVERYTHING, Kind, Principal, Role
from fleetline.model.errors import FleetlineError, NotFound, Unavailable
from fleetline.model.refusals import Unknown
from fleetline.stores.engine import Engine
from fleetline.stores.store import EngineStore
from tests.api.calls import Answer, Caller
from tests.kit import CountedIds, HandClock

STATUS = {NoSuchRoute: 404, NotFound: 404, MethodNotAllowed: 405, BodyTooLarge: 413, Unknown: 401, Unavailable: 503}


@dataclass(frozen=True)
class Admitted:
    """What the made-up gate below gives for the secret `open sesame`."""

    principal: Principal
    left: list[str]


OWNER = Principal("acc_1", None, "usr_1", Role.MAIN, "crd_1", Kind.CALL_TOKEN, EVERYTHING)


async def admit_by_word(gate: Any, request: Request, route: Route | None) -> Any:
    if request.header("x-word") != "open sesame":
        raise Unknown("call", "missing")
    gate.append("admitted")
    return Admitted(OWNER, gate)


def render(error: FleetlineError, request: Request) -> Response:
    status = 500 if isinstance(error, Internal) else STATUS.get(type(error), 400)
    return text_response(type(error).__name__, status, error=str(status))


async def echo(workspace: Any, request: Request) -> Response:
    request.notes.subject = request.params.get("thing", "")
    return json_response({"body": request.body.decode("latin-1"), "params": request.params, "query": request.query})


async def bug(workspace: Any, request: Request) -> Response:
    raise ZeroDivisionError("a secret detail")


async def away(workspace: Any, request: Request) -> Response:
    raise Unavailable("the disk is full")


async def slow(workspace: Any, request: Request) -> Response:
    await asyncio.sleep(60)
    raise AssertionError


async def large(workspace: Any, request: Request) -> Response:
    return Response(200, Packed(b"a long text " * 20_000), [("content-type", "text/plain")])


async def streamed(workspace: Any, request: Request) -> Response:
    async def chunks() -> AsyncIterator[bytes]:
        for index in range(200):
            yield b"%d,"[: 2 + index] % index

    return Response(200, chunks(), [("content-type", "text/csv")])


async def broken(workspace: Any, request: Request) -> Response:
    async def chunks() -> AsyncIterator[bytes]:
        yield b"begun"
        raise ZeroDivisionError

    return Response(200, chunks(), [("content-type", "application/octet-stream")])


async def events(workspace: Any, request: Request) -> Response:
    async def chunks() -> AsyncIterator[bytes]:
        try:
            while True:
                yield b"data: tick\n\n"
                await asyncio.sleep(0.001)
        finally:
            workspace.left.append("stopped")

    return Response(200, chunks(), [("content-type", "text/event-stream")])


async def split_header(workspace: Any, request: Request) -> Response:
    return Response(200, b"", [("x-name", "a\r\nset-cookie: b"), ("x-wide", "\u4e2d")])


async def opened(gate: Any, request: Request) -> Response:
    return text_response(f"gate of {len(gate)}")


ROUTES = (
    Route(method="GET", path="/made/things/{thing}", summary="Echo", handler=echo),
    Route(method="POST", path="/made/things/{thing}", summary="Echo", handler=echo, body_limit=50),
    Route(method="GET", path="/made/things/first", summary="Echo", handler=echo),
    Route(method="GET", path="/made/bug", summary="Fails", handler=bug),
    Route(method="GET", path="/made/away", summary="Fails", handler=away),
    Route(method="GET", path="/made/slow", summary="Sleeps", handler=slow),
    Route(method="GET", path="/made/large", summary="Much", handler=large),
    Route(method="GET", path="/made/streamed", summary="Much", handler=streamed),
    Route(method="GET", path="/made/broken", summary="Fails", handler=broken),
    Route(method="GET", path="/made/events", summary="For ever", handler=events),
    Route(method="GET", path="/made/header", summary="Fails", handler=split_header),
    Route(method="POST", path="/made/open", summary="Open", open_handler=opened),
)


async def give_back(gate: Any, exchange: Exchange) -> None:
    gate.append("given back")


MADE = Dialect(
    name="made", title="Made up", source="this test", mounts=("/made",), routes=ROUTES,
    order=(find_route(RouteTable(ROUTES)), answer_options, check_method, admit, read_body, handle),
    identify=lambda request: request.header("x-word"), admit=admit_by_word, render=render, give_back=give_back,
    body_limit=100, seconds=lambda workspace: 0.05, inflate=True,
)  # fmt: skip

WORD = ("x-word", "open sesame")


@pytest.fixture
def gate() -> list[str]:
    return []


@pytest.fixture
def log(engine: Engine, clock: HandClock) -> RequestLog:
    return RequestLog(EngineStore(engine), clock)


@pytest.fixture
def seen() -> list[RequestEntry]:
    return []


@pytest.fixture
def pipeline(log: RequestLog, gate: list[str], clock: HandClock, ids: CountedIds, seen: list[RequestEntry]) -> Pipeline:
    proxies = Proxies((ip_network("10.0.0.0/8"), ip_network("fd00::/8")))
    return Pipeline([MADE], gate=cast(Any, gate), log=log, clock=clock, ids=ids, proxies=proxies, observe=seen.append)


@pytest.fixture
def caller(pipeline: Pipeline) -> Caller:
    return Caller(pipeline)


async def test_a_call_reaches_its_handler_with_its_body_and_its_path(caller: Caller) -> None:
    answer = await caller.call("POST", "/made/things/a%2Fb/?x=1", [b"hel", b"lo"], [WORD])
    assert answer.status == 200
    assert answer.json() == {"body": "hello", "params": {"thing": "a/b"}, "query": "x=1"}
    assert answer.header("x-request-id") == "00000000-0000-4000-8000-000000000001"
    assert answer.header("content-length") == str(len(answer.body))
    assert answer.header("connection") is None


async def test_a_literal_segment_wins_over_a_named_one(caller: Caller) -> None:
    assert (await caller.get("/made/things/first", [WORD])).json()["params"] == {}
    assert (await caller.get("/made/things/second", [WORD])).json()["params"] == {"thing": "second"}
    assert (await caller.call("POST", "/made/things/first", b"", [WORD])).status == 405


@pytest.mark.parametrize(
    ("method", "path", "word", "status"),
    [
        ("GET", "/made/nothing", "", 404),
        ("GET", "/made/things//", WORD[1], 404),
        ("PUT", "/made/bug", "", 405),
        ("GET", "/made/bug", "", 401),
        ("GET", "/made/bug", "wrong", 401),
        ("GET", "/made/bug", WORD[1], 500),
        ("GET", "/made/away", WORD[1], 503),
        ("GET", "/elsewhere", "", 404),
        ("GET", "/madeup", "", 404),
    ],
)
async def test_each_check_refuses_in_its_turn(caller: Caller, method: str, path: str, word: str, status: int) -> None:
    assert (await caller.call(method, path, b"", [("x-word", word)])).status == status


async def test_a_bug_shows_nothing_of_itself_and_gives_back_what_was_charged(caller: Caller, gate: list[str]) -> None:
    answer = await caller.get("/made/bug", [WORD])
    assert (answer.status, answer.text) == (500, "Internal")
    assert answer.header("x-request-id") is not None
    assert gate == ["admitted", "given back"]
    assert (await caller.get("/made/away", [WORD])).text == "Unavailable"
    assert gate == ["admitted", "given back"] * 2


async def test_a_bug_is_logged_with_its_trace_and_the_request_id_but_without_a_secret(caller: Caller) -> None:
    with capture_logs() as lines:
        answer = await caller.get("/made/bug?apitoken=in-the-address", [WORD])
    (line,) = lines
    assert line["request_id"] == answer.header("x-request-id")
    assert "ZeroDivisionError" in line["exception"] and "in bug" in line["exception"]
    assert WORD[1] not in repr(line) and "in-the-address" not in repr(line)


async def test_work_beyond_the_processing_time_is_stopped(caller: Caller, gate: list[str]) -> None:
    assert (await caller.get("/made/slow", [WORD])).text == OutOfTime.__name__
    assert gate == ["admitted"]


async def test_an_open_route_asks_for_no_secret(caller: Caller) -> None:
    assert (await caller.call("POST", "/made/open", b"{}")).text == "gate of 0"


async def test_options_and_head_are_answered_from_the_route_table(caller: Caller) -> None:
    options = await caller.call("OPTIONS", "/made/things/1")
    assert (options.status, options.header("allow")) == (204, "GET, HEAD, POST, OPTIONS")
    assert (await caller.call("OPTIONS", "/made/none")).status == 404
    head, get = await caller.call("HEAD", "/made/large", b"", [WORD]), await caller.get("/made/large", [WORD])
    assert (head.status, head.body, head.header("content-length")) == (200, b"", get.header("content-length"))
    assert (await caller.call("HEAD", "/made/open")).status == 405


async def test_a_body_beyond_the_limit_is_refused_and_the_connection_closed(caller: Caller) -> None:
    announced = await caller.call("POST", "/made/things/1", b"", [WORD, ("content-length", "51")])
    chunked = await caller.call("POST", "/made/things/1", [b"x" * 30] * 9, [WORD], announce=False)
    fits = await caller.call("POST", "/made/things/1", b"x" * 50, [WORD])
    absurd = await caller.call("POST", "/made/things/1", b"", [WORD, ("content-length", "9" * 400)])
    for answer in (announced, chunked, absurd):
        assert (answer.status, answer.header("connection")) == (413, "close")
    assert (fits.status, fits.header("connection")) == (200, None)


async def test_a_gzip_body_is_undone_and_counted_after_that(caller: Caller) -> None:
    zipped = ("content-encoding", "gzip")
    good = await caller.call("POST", "/made/things/1", gzip.compress(b"x" * 50), [WORD, zipped])
    assert good.json()["body"] == "x" * 50
    assert (await caller.call("POST", "/made/things/1", gzip.compress(b"x" * 51), [WORD, zipped])).status == 413
    assert (await caller.call("POST", "/made/things/1", gzip.compress(b"abc" * 9)[:-9], [WORD, zipped])).status == 400
    assert (await caller.call("POST", "/made/things/1", b"plain", [WORD, zipped])).status == 400
    members = gzip.compress(b"ab") + gzip.compress(b"cd")
    for cut in range(0, len(members), 7):
        pieces = [members[:cut], members[cut:]]
        answer = await caller.call("POST", "/made/things/1", pieces, [WORD, zipped])
        assert answer.json()["body"] == "abcd"
    for tail in (b"junk", gzip.compress(b"cd")[:-1]):
        answer = await caller.call("POST", "/made/things/1", gzip.compress(b"ab") + tail, [WORD, zipped])
        assert answer.status == 400
    assert (await caller.call("POST", "/made/things/1", b"x", [WORD, ("content-encoding", "br")])).status == 400


async def test_large_answers_are_compressed_for_those_who_accept_it(caller: Caller) -> None:
    plain = await caller.get("/made/large", [WORD])
    packed = await caller.get("/made/large", [WORD, ("accept-encoding", "br;q=1.0, gzip;q=0.8")])
    assert (plain.header("content-encoding"), plain.header("vary")) == (None, "accept-encoding")
    assert (packed.header("content-encoding"), packed.header("vary")) == ("gzip", "accept-encoding")
    assert gzip.decompress(packed.body) == plain.body
    assert packed.header("content-length") == str(len(packed.body))
    stream = await caller.get("/made/streamed", [WORD, ("accept-encoding", "gzip")])
    assert zlib.decompress(stream.body, 31) == b"".join(b"%d,"[: 2 + index] % index for index in range(200))
    assert stream.header("content-length") is None
    small = await caller.get("/made/things/1", [WORD, ("accept-encoding", "gzip")])
    assert small.header("content-encoding") is None


@pytest.mark.parametrize(
    ("header", "accepted"),
    [("", False), ("gzip", True), ("GZIP;q=0.5", True), ("gzip;q=0", False), ("*", True), ("*;q=0", False),
     ("gzip;q=0, *", False), ("deflate, br", False), ("gzip;q=x", False), ("identity;q=1, x-gzip", True)],
)  # fmt: skip
def test_accept_encoding_is_read_with_its_weights(header: str, accepted: bool) -> None:
    assert accepts_gzip(header) is accepted


async def test_a_stream_that_breaks_off_is_never_finished_as_if_whole(caller: Caller) -> None:
    answer = await caller.get("/made/broken", [WORD])
    assert (answer.body, answer.whole) == (b"begun", False)


async def test_events_leave_uncompressed_until_the_listener_is_gone(caller: Caller, gate: list[str]) -> None:
    answer = await caller.call("GET", "/made/events", b"", [WORD, ("accept-encoding", "gzip")], hangs_up_after=3)
    assert answer.header("content-encoding") is None
    assert answer.body.startswith(b"data: tick\n\n" * 3) and not answer.whole
    assert gate == ["admitted", "stopped"]


async def test_no_text_can_split_a_header(caller: Caller) -> None:
    answer = await caller.get("/made/header", [WORD])
    assert (answer.header("x-name"), answer.header("set-cookie")) == ("a  set-cookie: b", None)
    assert answer.header("x-wide") == "?"


async def test_every_call_is_in_the_log_the_refused_ones_too(
    caller: Caller, log: RequestLog, engine: Engine, clock: HandClock
) -> None:
    await caller.call("POST", "/made/things/7?token=never", b"secret", [WORD, ("user-agent", "robot\0" + "x" * 300)])
    clock.move(1)
    await caller.get("/made/bug")
    clock.move(1)
    await caller.call("POST", "/made/things/9", b"abc", [WORD], leaves=True)
    await log.flush()
    everything = await find_requests(EngineStore(engine), RequestFilter(everybody=True), 10)
    gone, refused, good = everything
    assert (good.account_id, good.user_id, good.credential_id) == ("acc_1", "usr_1", "crd_1")
    assert (good.action, good.subject, good.status, good.error) == ("POST /made/things/{thing}", "7", 200, "")
    assert (good.address, good.method, good.dialect, len(good.agent)) == ("192.0.2.1", "POST", "made", 200)
    assert good.bytes_sent > 0 and "never" not in repr(good) and "secret" not in repr(good)
    assert (refused.account_id, refused.status, refused.error) == (None, 401, "401")
    assert (gone.status, gone.bytes_sent) == (499, 0)
    own = await find_requests(EngineStore(engine), RequestFilter(account_id="acc_1"), 10)
    assert [entry.request_id for entry in own] == [gone.request_id, good.request_id]


async def test_metrics_see_what_the_log_sees(caller: Caller, seen: list[RequestEntry]) -> None:
    await caller.get("/made/bug", [WORD])
    assert [(entry.status, entry.action) for entry in seen] == [(500, "GET /made/bug")]


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("192.0.2.7", "203.0.113.1", "192.0.2.7"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "203.0.113.1", "203.0.113.1"),
        ("10.0.0.1", "198.51.100.1, 203.0.113.1, 10.2.3.4", "203.0.113.1"),
        ("10.0.0.1", "10.9.9.9, 10.2.3.4", "10.9.9.9"),
        ("10.0.0.1", "junk", "10.0.0.1"),
        ("10.0.0.1", "198.51.100.1, junk, 10.0.0.3", "10.0.0.3"),
        ("fd00::1", "[2001:db8:0:1::5]:4711", "2001:db8:0:1::5"),
        ("::ffff:10.0.0.1", "203.0.113.9:1234", "203.0.113.9"),
    ],
)
def test_the_client_is_the_rightmost_address_that_no_trusted_proxy_has(peer: str, forwarded: str, client: str) -> None:
    proxies = Proxies((ip_network("10.0.0.0/8"), ip_network("fd00::/8")))
    headers = [(b"x-forwarded-for", forwarded.encode())] if forwarded else []
    assert proxies.origin({"client": (peer, 1), "scheme": "http", "headers": headers}).client == client


def test_the_base_address_is_the_public_one_or_what_the_caller_typed() -> None:
    headers = [(b"host", b"fleet.example:8080"), (b"x-forwarded-proto", b"https"), (b"x-forwarded-host", b"a.example")]
    scope = {"client": ("192.0.2.1", 1), "scheme": "http", "headers": headers}
    assert Proxies().origin(scope).base_url == "http://fleet.example:8080"
    assert Proxies((ip_network("192.0.2.0/24"),)).origin(scope).base_url == "https://a.example"
    assert Proxies((), "https://public.example").origin(scope).base_url == "https://public.example"


def test_two_dialects_cannot_want_one_mount_and_the_longest_wins() -> None:
    other = replace(MADE, name="other", mounts=("/made/deeper",))
    assert [mount for mount, _, _ in mount_table([MADE, other])] == ["/made/deeper", "/made"]
    with pytest.raises(ValueError, match="/made"):
        mount_table([MADE, replace(MADE, name="twin", mounts=("/MADE",), fold_case=True)])


def test_two_rows_for_one_method_and_path_are_a_mistake() -> None:
    with pytest.raises(ValueError, match="two routes"):
        RouteTable([*ROUTES, replace(ROUTES[0], path="/made/things/{other}")])


async def test_paths_fold_case_only_where_the_dialect_says_so(
    log: RequestLog, clock: HandClock, ids: CountedIds
) -> None:
    folding = replace(MADE, fold_case=True, order=(find_route(RouteTable(ROUTES, fold_case=True)), admit, handle))
    pipeline = Pipeline([folding], gate=cast(Any, []), log=log, clock=clock, ids=ids)
    answer: Answer = await Caller(pipeline).get("/MADE/Things/AbC", [WORD])
    assert answer.json()["params"] == {"thing": "AbC"}


async def test_other_paths_go_to_the_mounts_and_to_the_rest(log: RequestLog, clock: HandClock, ids: CountedIds) -> None:
    def says(text: str) -> Any:
        async def app(scope: Any, receive: Any, send: Any) -> None:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": text.encode()})

        return app

    pipeline = Pipeline(
        [MADE], gate=cast(Any, []), log=log, clock=clock, ids=ids, mounts={"/healthz": says("well")}, rest=says("web")
    )
    answers = [(await Caller(pipeline).get(path)).text for path in ("/healthz", "/", "/made")]
    assert answers == ["well", "web", "NoSuchRoute"]
