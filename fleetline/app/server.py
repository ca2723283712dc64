"""One serving process: every listener, the rooms behind them, their start in order and their end in reverse."""

import asyncio
import contextlib
import os
import signal
import socket
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from importlib.metadata import version
from typing import Any, Final

import structlog
import uvicorn

from fleetline.api.dialect import Dialect
from fleetline.api.handbook import Handbook, handbook
from fleetline.api.http import Proxies
from fleetline.api.pipeline import Pipeline
from fleetline.app.calm import calm_collector, keep_heap
from fleetline.app.health import Health
from fleetline.app.job_worker import JobWorker
from fleetline.app.plug import find_dialects, find_protocols
from fleetline.app.reference_api import REFUSALS
from fleetline.app.samples import demo_samples
from fleetline.app.settings import Settings
from fleetline.app.siblings import Siblings, siblings_of
from fleetline.app.wire import core_over, open_migrated, with_history, with_power
from fleetline.core.endless import fault_of
from fleetline.core.filing import Filing
from fleetline.core.folding import Folding
from fleetline.core.gate import Gate
from fleetline.core.intake import WAITING_BYTES, Intake
from fleetline.core.pledges import Pledges
from fleetline.core.ports.world import RandomIds, SystemClock
from fleetline.core.rehearsal import Rehearsal
from fleetline.core.requests import RequestLog
from fleetline.core.workspace import Core
from fleetline.model.errors import Invalid
from fleetline.model.wire import TrackerProtocol
from fleetline.outside.passwords import Argon2Passwords
from fleetline.stores.engine import Engine
from fleetline.stores.journals import Journals, PostgresJournals, SqliteJournals, claim_free, claim_orphans
from fleetline.stores.postgres import PostgresEngine
from fleetline.trackers.http import listen_http
from fleetline.trackers.tcp import listen_tcp
from fleetline.trackers.udp import listen_udp

log = structlog.get_logger("fleetline.server")

STREETS: Final = "map.pmtiles"
"""The operator's street map in the data folder."""
KEEP_ALIVE_S: Final = 75
DRAIN_S: Final = 10
BACKLOG: Final = 2048


class Server:
    """A running process; made by `running`."""

    def __init__(self, settings: Settings, core: Core, engine: Engine, job_worker: JobWorker) -> None:
        self.settings = settings
        self.core = core
        self.engine = engine
        self.job_worker = job_worker
        self.intake: Intake
        self.filing: Filing
        self.folding: Folding
        self.http_port = 0
        self.tracker_ports: dict[str, int] = {}
        self.request_log = RequestLog(core.store, core.clock, keep_days=settings.request_log_days)
        self._connections: list[set[Any]] = []
        self.siblings: Siblings | None = siblings_of(os.environ, settings.workers)
        self.ready = False

    def connections(self) -> int:
        return sum(map(len, self._connections))

    def troubles(self) -> dict[str, str]:
        """What does not work now, by room; empty when all is well."""
        found = {
            "journal": fault_of(self.intake.task) or self.intake.trouble,
            "filing": fault_of(self.filing.task) or self.filing.trouble,
            "folding": fault_of(self.folding.task) or self.folding.trouble,
            "jobs": self.job_worker.trouble,
            "listeners": None if self.ready else "not open yet",
        }
        return {name: reason for name, reason in found.items() if reason is not None}

    async def resolve(self, ident: str, protocol: str) -> int | None:
        """The device behind an identifier; made when the operator said so."""
        known = await self.core.registry.devices.by_ident(ident)
        if known is None and self.settings.register_unknown:
            known = await self.core.registry.devices.register_unknown(self.settings.register_unknown, ident)
            log.info("unknown device registered", ident=ident, protocol=protocol, done=known is not None)
        return known.device_id if known is not None else None


def journals_of(settings: Settings, engine: Engine) -> Journals:
    """The journals beside a database: in it, or for SQLite in the folder of its file."""
    if isinstance(engine, PostgresEngine):
        return PostgresJournals(engine)
    from fleetline.stores.sqlite import SqliteEngine

    assert isinstance(engine, SqliteEngine)
    return SqliteJournals(engine.path.parent)


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[Server]:
    """A server with every listener open, until the block ends.

    errors  Unavailable: database or journal; Invalid: an unknown protocol; OSError: a port that is taken
    """
    async with AsyncExitStack() as stack:
        engine = await stack.enter_async_context(open_migrated(settings))
        passwords = Argon2Passwords()
        stack.callback(passwords.close)
        core = with_power(with_history(core_over(engine, settings, passwords, SystemClock(), RandomIds()), settings))
        assert core.power is not None, "put together a line above"
        stack.callback(core.power.close)
        server = Server(settings, core, engine, JobWorker(settings, core.power.jobs))
        server.job_worker.start()
        stack.push_async_callback(server.job_worker.stop)
        await _check_account(settings, core)
        await _start_intake(server, stack)
        await server.request_log.start()
        stack.push_async_callback(server.request_log.close)
        await _open_http(server, stack)
        await _open_trackers(server, stack)
        server.ready = True
        yield server
        server.ready = False


async def _check_account(settings: Settings, core: Core) -> None:
    if settings.register_unknown:
        await core.accounts.account(settings.register_unknown)


async def _start_intake(server: Server, stack: AsyncExitStack) -> None:
    core, protocols = server.core, find_protocols()
    journals = journals_of(server.settings, server.engine)
    claim = await claim_free(journals)
    stack.push_async_callback(claim.release)
    journal = await journals.open(claim.intake)
    stack.push_async_callback(journal.close)
    assert core.history is not None, "a server has history"
    folding = server.folding = core.history.folding
    filing = server.filing = Filing(
        core.store, journal, claim.intake, protocols, folding.future_tolerance_ms, folding.news
    )
    core.history.attach(filing)
    await _file_orphans(server, journals)
    await filing.start()
    stack.push_async_callback(filing.stop)
    await folding.start()
    stack.push_async_callback(folding.stop)
    await core.history.sealing.start()
    stack.push_async_callback(core.history.sealing.stop)
    server.intake = Intake(journal, server.resolve, core.clock, filing.committed)
    server.intake.touched = filing.touched
    if server.siblings is not None:
        server.intake.announce = server.siblings.announce
        server.siblings.elsewhere(server.intake.came_elsewhere)
    server.intake.start()
    core.history.rehearsal = Rehearsal(server.intake, protocols["osmand"], demo_samples)
    stack.push_async_callback(server.intake.stop)


async def _file_orphans(server: Server, journals: Journals) -> None:
    """What processes that are gone acknowledged and never filed."""
    for claim in await claim_orphans(journals):
        journal = await journals.open(claim.intake)
        filing = Filing(server.core.store, journal, claim.intake, find_protocols())
        await filing.start()
        await filing.stop()
        await journal.close()
        await claim.release()


def _configured(settings: Settings) -> list[Dialect]:
    """Every dialect, those that take settings with theirs."""
    sections = {"fleetize": settings.fleetize}
    return [
        dialect.configure(sections[name]) if dialect.configure is not None and sections.get(name) else dialect
        for name, dialect in find_dialects().items()
    ]


async def _cancel(task: asyncio.Task[None]) -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


class _Uvicorn(uvicorn.Server):
    """uvicorn without its own signal handling: the process has one place for that."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def _open_http(server: Server, stack: AsyncExitStack) -> None:
    from fleetline.web.app import web_app

    settings, core = server.settings, server.core
    health = Health(server, server.siblings)
    if server.siblings is not None:
        await server.siblings.start()
        stack.push_async_callback(server.siblings.close)
    gate = Gate(core)
    keeping = asyncio.get_running_loop().create_task(gate.keep())
    stack.push_async_callback(_cancel, keeping)
    stack.push_async_callback(gate.uses.flush)
    dialects = tuple(find_dialects().values())

    async def own_api(scope: Any, receive: Any, send: Any) -> None:
        await pipeline(scope, receive, send)

    def handbooks(base_url: str) -> dict[str, Handbook]:
        made = version("fleetline")
        return {d.name: handbook(d, base_url=base_url, version=made, refusals=REFUSALS) for d in dialects}

    pipeline = Pipeline(
        dialects, gate=gate, log=server.request_log, clock=core.clock, ids=core.ids,
        proxies=Proxies(settings.trusted_proxies, settings.public_url),
        mounts={"/healthz": health.healthz, "/metrics": health.metrics},
        rest=web_app(settings.public_url, own_api, handbooks=handbooks, tiles=settings.data / STREETS),
        observe=health.observe,
        pledges=Pledges(core.store),
    )  # fmt: skip
    host, port = settings.http
    config = uvicorn.Config(
        pipeline, host=host, port=port, loop="none", http="httptools", lifespan="off", log_config=None,
        access_log=False,
        server_header=False, date_header=True, timeout_keep_alive=KEEP_ALIVE_S, backlog=BACKLOG, ws="none",
        timeout_graceful_shutdown=DRAIN_S, proxy_headers=False,
    )  # fmt: skip
    with _opening("http", host, port):
        sock = _socket(host, port, shared=settings.workers > 1)
    server.http_port = sock.getsockname()[1]
    http = _Uvicorn(config)
    task = asyncio.get_running_loop().create_task(http.serve([sock]))
    while not http.started:
        if task.done():
            task.result()
        await asyncio.sleep(0.005)

    async def end() -> None:
        pipeline.end()
        http.should_exit = True
        await task

    stack.push_async_callback(end)


@contextlib.contextmanager
def _opening(name: str, host: str, port: int) -> Iterator[None]:
    """A port that cannot be opened is refused in one line that names it."""
    try:
        yield
    except OSError as fault:
        raise Invalid(name, f"{host}:{port} cannot be opened: {fault.strerror or fault}") from fault


def _socket(host: str, port: int, *, shared: bool) -> socket.socket:
    """A listening place; shared: other processes of ours may listen there too."""
    made = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if shared:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    try:
        made.bind((host, port))
    except OSError:
        made.close()
        raise
    return made


def addresses(settings: Settings, protocols: Sequence[TrackerProtocol]) -> list[tuple[TrackerProtocol, str, int]]:
    """Which protocol listens where. errors: Invalid for a protocol that is not installed"""
    if settings.mqtt:
        raise Invalid("mqtt", "no installed tracker protocol speaks MQTT")
    by_name = {protocol.name: protocol for protocol in protocols}
    if settings.trackers is None:
        return [(protocol, settings.http[0], protocol.port) for protocol in protocols]
    found = []
    for name, (host, port) in settings.trackers.items():
        if name not in by_name:
            raise Invalid("tracker", f"{name} is not one of {', '.join(sorted(by_name))}", name)
        found.append((by_name[name], host, port))
    return found


async def _open_trackers(server: Server, stack: AsyncExitStack) -> None:
    shared = server.settings.workers > 1
    for protocol, host, port in addresses(server.settings, list(find_protocols().values())):
        for transport in protocol.transports:
            with _opening(f"tracker {protocol.name}", host, port):
                await _open_tracker(server, stack, protocol, transport, host, port, shared)
        log.info(
            "tracker listens", protocol=protocol.name, host=host, port=server.tracker_ports.get(protocol.name, port)
        )


async def _open_tracker(
    server: Server, stack: AsyncExitStack, protocol: TrackerProtocol, transport: str, host: str, port: int, shared: bool
) -> None:
    if transport == "udp":
        # a port that the system chose is the same for both transports
        port = server.tracker_ports.get(protocol.name, port)
        datagrams = await listen_udp(protocol, server.intake, host, port, WAITING_BYTES, reuse_port=shared)
        stack.callback(datagrams.close)
        return
    listen: Any = listen_http if transport == "http" else listen_tcp
    listener, connections = await listen(protocol, server.intake, host, port, reuse_port=shared)
    server.tracker_ports[protocol.name] = listener.sockets[0].getsockname()[1]
    server._connections.append(connections)
    stack.push_async_callback(_close_listener, listener, connections)


async def _close_listener(listener: asyncio.Server, connections: set[Any]) -> None:
    listener.close()
    for connection in list(connections):
        connection.pause()


async def serve(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT, then stop in good order: what was taken is committed, answered and filed."""
    keep_heap()
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    async with running(settings) as server:
        calm_collector()
        log.info("serving", http=f"{settings.http[0]}:{server.http_port}", trackers=server.tracker_ports)
        await ended.wait()
        log.info("stopping")
