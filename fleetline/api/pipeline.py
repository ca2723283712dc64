"""The way of one call: dialect by path, its checks in its own order, the handler, its bytes, one entry in the log.

How a dialect is written (`fleetline/api/dialects/NAME.py` or `NAME/__init__.py`, exposing `DIALECT`):

    async def get_thing(workspace: Workspace, request: Request) -> Response:
        thing = await workspace.registry.thing(request.params["thingId"])     # NotFound is raised, not returned
        return json_response({"id": thing.id})

    ROUTES = (Route(method="GET", path="/api/x/v1/things/{thingId}", summary="One thing", handler=get_thing),)

    DIALECT = Dialect(
        name="x", title="X", source="...", mounts=("/api/x/v1",), routes=ROUTES,
        order=(find_route(RouteTable(ROUTES, fold_case=True)), check_method, admit, read_body, handle),
        identify=bearer_token, admit=admit_bearer, render=render, fold_case=True,
    )

Every failure that a caller may meet is a FleetlineError and comes to `render(error, request)`: those of
fleetline/model/errors.py, fleetline/model/refusals.py (the gate), fleetline/api/errors.py (the call itself). Anything
else is logged with the request id and comes to `render` as `errors.Internal`. Handlers read `request.body` (after the
step `read_body`), `request.query`, `request.header("name")`, `request.params`; a handler of large uploads does without
`read_body` and reads `request.chunks(limit)`. What only one dialect checks is one more step in its `order`; the steps
there are stand in fleetline/api/steps.py.
"""

import asyncio
import time
import traceback
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Final

import structlog

from fleetline.api.dialect import Dialect, Exchange
from fleetline.api.errors import BodyTooLarge, Disconnected, Internal
from fleetline.api.http import AsgiApp, Proxies, Receive, Request, Response, Scope, Send
from fleetline.api.sending import send_response
from fleetline.core.pledges import Pledges
from fleetline.core.ports.pledge import Moved
from fleetline.core.ports.world import Clock, Ids
from fleetline.core.requests import RequestEntry, RequestLog
from fleetline.model.errors import FleetlineError, Unavailable

if TYPE_CHECKING:
    from fleetline.core.gate import Gate

Observer = Callable[[RequestEntry], None]
"""Told of every answered call, for metrics."""

READS: Final = frozenset({"GET", "HEAD"})
"""Methods whose calls may begin anew."""

CLIENT_GONE: Final = 499
"""The status the request log keeps for a caller who left before an answer."""


class Pipeline:
    """The ASGI application: every dialect under its mounts, everything else to `rest`.

    gate      what every dialect's `admit` asks
    log       takes one entry per call, refused ones too
    mounts    further ASGI applications by exact path, such as `/healthz`
    rest      the application of all other paths, the web app
    observe   told of each entry
    pledges   lets calls that only read in on a pledge; None: the gate asks on each call
    """

    def __init__(
        self,
        dialects: Iterable[Dialect],
        *,
        gate: "Gate",
        log: RequestLog,
        clock: Clock,
        ids: Ids,
        proxies: Proxies | None = None,
        mounts: Mapping[str, AsgiApp] | None = None,
        rest: AsgiApp | None = None,
        observe: Observer | None = None,
        pledges: Pledges | None = None,
    ) -> None:
        self._gate, self._log, self._clock, self._ids = gate, log, clock, ids
        self._proxies = proxies or Proxies()
        self._mounts = dict(mounts or {})
        self._rest = rest or nothing_here
        self._observe = observe
        self._pledges = pledges
        self._by_mount = mount_table(dialects)
        self._memories = {d.name: d.memory() for _, _, d in self._by_mount if d.memory is not None}
        self._ending = asyncio.Event()
        self._logger = structlog.get_logger("fleetline.api")

    def end(self) -> None:
        """The server stops: answers that would go on for ever end now."""
        self._ending.set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._rest(scope, receive, send)
            return
        path: str = scope["path"]
        if (mounted := self._mounts.get(path)) is not None:
            await mounted(scope, receive, send)
            return
        dialect = self._dialect_of(path)
        if dialect is None:
            await self._rest(scope, receive, send)
            return
        await self._log.room()
        await self._serve(dialect, scope, receive, send)

    def _dialect_of(self, path: str) -> Dialect | None:
        lowered = path.lower()
        for mount, folds, dialect in self._by_mount:
            candidate = lowered if folds else path
            if candidate.startswith(mount) and (len(candidate) == len(mount) or candidate[len(mount)] == "/"):
                return dialect
        return None

    async def _serve(self, dialect: Dialect, scope: Scope, receive: Receive, send: Send) -> None:
        started = time.perf_counter()
        request = Request(scope, receive, self._ids.uuid(), self._clock.now_ms(), self._proxies.origin(scope))
        request.memory, request.ending = self._memories.get(dialect.name), self._ending
        exchange = Exchange(dialect, self._gate, request)
        status, sent, error = CLIENT_GONE, 0, ""
        try:
            response = await self._answer(exchange)
            status, error = response.status, response.error
            closes = isinstance(exchange.error, BodyTooLarge) or not request.little_left
            sent = await send_response(response, request, receive, send, closes=closes)
        except Disconnected:
            self._logger.info("client gone", request_id=request.request_id)
        except Exception as fault:  # noqa: BLE001 - the status is sent: all that is left is to cut the connection
            self._bug("an answer broke off", request, fault)
        finally:
            entry = _entry(exchange, status, error, sent, round((time.perf_counter() - started) * 1000))
            self._log.add(entry)
            if self._observe is not None:
                self._observe(entry)

    async def _answer(self, exchange: Exchange) -> Response:
        try:
            response = await self._respond(exchange)
        except FleetlineError as refusal:
            response = await self._refuse(exchange, refusal)
        except Disconnected:
            raise
        except Exception as fault:  # noqa: BLE001 - a bug of ours must end as this dialect's internal error
            self._bug("a request failed", exchange.request, fault)
            response = await self._refuse(exchange, Internal())
        if exchange.dialect.finish is not None:
            exchange.dialect.finish(exchange, response)
        return response

    async def _respond(self, exchange: Exchange) -> Response:
        """What the steps answer or refuse, once the pledge of the call is kept; when it is broken, they begin anew."""
        pledge = self._pledges.begin() if self._pledges is not None and exchange.request.method in READS else None
        if self._pledges is None or pledge is None:
            return await _run_steps(exchange)
        try:
            try:
                response = await _run_steps(exchange)
            except FleetlineError:
                await self._pledges.keep(pledge)
                raise
            await self._pledges.keep(pledge)
            return response
        except Moved:
            self._pledges.renounce()
            exchange.workspace = None
            return await _run_steps(exchange)
        finally:
            self._pledges.renounce()
            pledge.kept = True

    async def _refuse(self, exchange: Exchange, refusal: FleetlineError) -> Response:
        exchange.error = refusal
        if isinstance(refusal, Internal | Unavailable):
            await self._give_back(exchange)
        response = exchange.dialect.render(refusal, exchange.request)
        if response.status >= 500 and not isinstance(refusal, Internal):
            self._logger.warning("not answered", request_id=exchange.request.request_id, reason=str(refusal))
        return response

    async def _give_back(self, exchange: Exchange) -> None:
        if exchange.dialect.give_back is None or exchange.workspace is None:
            return
        try:
            await exchange.dialect.give_back(exchange.gate, exchange)
        except FleetlineError as fault:
            self._logger.warning("nothing given back", request_id=exchange.request.request_id, reason=str(fault))

    def _bug(self, event: str, request: Request, fault: Exception) -> None:
        # formatted here: what renders exc_info may write out local variables, and those hold secrets
        trace = "".join(traceback.format_exception(fault))
        self._logger.error(event, request_id=request.request_id, path=request.path, exception=trace)


async def _run_steps(exchange: Exchange) -> Response:
    for step in exchange.dialect.order:
        response = await step(exchange)
        if response is not None:
            return response
    raise AssertionError(f"the last step of {exchange.dialect.name} gave no response")


def mount_table(dialects: Iterable[Dialect]) -> list[tuple[str, bool, Dialect]]:
    """(mount, folds case, dialect), the longest mount first; ValueError when two dialects want one mount."""
    table = [(m.lower() if d.fold_case else m, d.fold_case, d) for d in dialects for m in d.mounts]
    taken = [mount.lower() for mount, _, _ in table]
    if doubled := {mount for mount in taken if taken.count(mount) > 1}:
        raise ValueError(f"two dialects want {', '.join(sorted(doubled))}")
    return sorted(table, key=lambda row: -len(row[0]))


def _entry(exchange: Exchange, status: int, error: str, sent: int, elapsed_ms: int) -> RequestEntry:
    request, notes = exchange.request, exchange.request.notes
    who = exchange.workspace.principal if exchange.workspace is not None else exchange.error
    return RequestEntry(
        at_ms=request.received_at_ms,
        request_id=request.request_id,
        dialect=exchange.dialect.name,
        account_id=getattr(who, "account_id", None) or None,
        user_id=getattr(who, "user_id", None),
        credential_id=getattr(who, "credential_id", None),
        address=request.client,
        method=request.method[:16],
        action=notes.action[:200],
        subject=notes.subject[:64],
        asked=notes.asked[:64],
        scope=notes.scope[:200],
        status=status,
        error=error[:64],
        elapsed_ms=elapsed_ms,
        bytes_sent=sent,
        agent=(request.header("user-agent") or "")[:200],
        kind=getattr(who, "credential_kind", ""),
    )


async def nothing_here(scope: Scope, receive: Receive, send: Send) -> None:
    """The application of paths that nobody serves."""
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 1000})
    if scope["type"] != "http":
        return
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", b"9")]
    await send({"type": "http.response.start", "status": 404, "headers": headers})
    await send({"type": "http.response.body", "body": b"Not found"})
