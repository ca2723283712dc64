"""What is wrong and what to do: the checks behind `fleetline doctor`."""

import os
import shutil
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Final

from fleetline.app.plug import find_protocols
from fleetline.app.settings import Settings
from fleetline.model.errors import Unavailable
from fleetline.stores.citus import nodes_in_trouble
from fleetline.stores.engine import Engine, applied, migrations
from fleetline.stores.open import open_engine

FREE_BYTES: Final = 1 << 30
"""Below this the disk will soon refuse writes."""
RUNNING: Final = "a server is running"
FILES: Final = 12_000
"""Open files that 10,000 trackers and some callers need."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One check: what was found, and the remedy when it is not fine."""

    check: str
    fine: bool
    what: str
    remedy: str = ""


async def examine(settings: Settings, *, mend: bool) -> list[Finding]:
    """All checks, in the order a person would make them."""
    findings = [*_machine(settings)]
    try:
        engine = await open_engine(settings.database)
    except Unavailable as fault:
        remedy = "check --database, and that the server is running and lets you in"
        return [*findings, Finding("database", False, f"the database cannot be opened: {fault.reason}", remedy)]
    try:
        async for finding in _database(engine, settings, mend=mend):
            findings.append(finding)  # noqa: PERF401 - what was found before a fault counts too
    except Unavailable as fault:
        findings.append(Finding("database", False, f"the database does not answer: {fault.reason}", "start it"))
    finally:
        await engine.close()
    running = any(finding.check == "journal" and finding.what.startswith(RUNNING) for finding in findings)
    return [*findings, *([] if running else _ports(settings))]


def _machine(settings: Settings) -> Iterator[Finding]:
    folder = settings.data if settings.data.exists() else settings.data.absolute().parent
    writable = os.access(folder, os.W_OK)
    yield Finding(
        "data", writable, f"data folder {settings.data}", "" if writable else "it must be writable by this user"
    )
    free = shutil.disk_usage(folder).free
    yield Finding(
        "disk", free >= FREE_BYTES, f"{free >> 20} MiB free",
        "" if free >= FREE_BYTES else "make room or set retention.positions_days: a full disk stops acknowledgements",
    )  # fmt: skip
    import resource

    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    few = soft != resource.RLIM_INFINITY and soft < FILES
    yield Finding(
        "files",
        not few,
        f"{soft} open files allowed",
        f"raise `ulimit -n` to {FILES} for 10,000 trackers" if few else "",
    )


async def _database(engine: Engine, settings: Settings, *, mend: bool) -> AsyncIterator[Finding]:
    known = await applied(engine)
    ours = {number for number, _, _ in migrations(engine.name)}
    if known - ours:
        yield Finding("schema", False, f"the schema ({max(known)}) is newer than this program", "use a newer Fleetline")
        return
    if ours - known:
        yield Finding("schema", False, f"{len(ours - known)} migrations are missing", "run: fleetline migrate")
        return
    yield Finding("schema", True, f"schema {max(known)} in {engine.name}")
    async for finding in _nodes(engine):
        yield finding
    async for finding in _journal(engine, settings):
        yield finding
    async for finding in _registry(engine, mend=mend):
        yield finding


async def _nodes(engine: Engine) -> AsyncIterator[Finding]:
    troubles = await nodes_in_trouble(engine)
    if troubles is None:
        return
    remedy = "start the node, and let synchronous_commit and fsync be on there: else what was acknowledged can be lost"
    for name, trouble in troubles.items():
        yield Finding("cluster", False, f"node {name} {trouble}", remedy)
    if not troubles:
        yield Finding("cluster", True, "history is distributed, and every node keeps what it is given")


async def _journal(engine: Engine, settings: Settings) -> AsyncIterator[Finding]:
    from fleetline.app.server import journals_of
    from fleetline.stores.store import EngineStore

    journals, store = journals_of(settings, engine), EngineStore(engine)
    waiting = 0
    for intake in await journals.known():
        async with store.read() as tx:
            filed = await tx.history.filed_up_to(intake)
        async for rows in journals.everything(intake):
            waiting += sum(1 for number, _ in rows if number > filed)
    claim = await journals.claim(1)
    running = claim is None
    if claim is not None:
        await claim.release()
    state = RUNNING if running else "no server is running"
    fine = running or not waiting
    yield Finding(
        "journal", fine, f"{state}; {waiting} acknowledged groups are not filed yet",
        "" if fine else "start `fleetline serve`: it files them first",
    )  # fmt: skip


async def _registry(engine: Engine, *, mend: bool) -> AsyncIterator[Finding]:
    """List sizes are kept beside the lists; here they are counted once."""
    from fleetline.stores.store import EngineStore

    store = EngineStore(engine)
    async with store.read() as tx:
        accounts = await tx.registry.accounts_with_books()
    wrong = 0
    for account_id in accounts:
        async with store.write() as tx:
            book = await tx.registry.open_book(account_id)
            counted = await tx.registry.counted(account_id)
            kept = (book.vehicles, book.drivers, book.vehicle_groups, book.driver_groups) if book else counted
            if book is None or kept == counted:
                continue
            wrong += 1
            if mend:
                vehicles, drivers, vehicle_groups, driver_groups = counted
                await tx.registry.save_book(
                    replace(
                        book,
                        vehicles=vehicles,
                        drivers=drivers,
                        vehicle_groups=vehicle_groups,
                        driver_groups=driver_groups,
                    )
                )
        done = "were mended" if mend else "do not agree with the rows"
        remedy = "" if mend else "run: fleetline doctor --mend"
        yield Finding("registry", mend, f"list sizes of account {account_id} {done}", remedy)
    if not wrong:
        yield Finding("registry", True, f"list sizes of {len(accounts)} accounts agree with the rows")


def _ports(settings: Settings) -> Iterator[Finding]:
    wanted = [("http", settings.http)]
    if settings.trackers is None:
        wanted += [(name, (settings.http[0], p.port)) for name, p in find_protocols().items()]
    else:
        wanted += list(settings.trackers.items())
    for name, (host, port) in wanted:
        with closing(socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError as fault:
                taken = f"{name} port {host}:{port} cannot be opened: {fault.strerror}"
                yield Finding(
                    f"port {name}", False, taken, "fine if Fleetline itself is running; else choose another port"
                )
            else:
                yield Finding(f"port {name}", True, f"{name} port {host}:{port} is free")
