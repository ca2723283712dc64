"""Database servers that whoever runs the tests lends them: one PostgreSQL, or the nodes of a Citus cluster."""

import asyncio
import itertools
import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from fleetline.stores.citus import distribute_tables
from fleetline.stores.engine import migrate
from fleetline.stores.open import open_engine

SHARDS = 4
"""Of each table in a test: enough to lie on several nodes, few enough to be made quickly."""


def run_alone(work: Any) -> Any:
    """A coroutine's result, on a thread and a loop of its own: fixtures ask, with or without a loop that runs."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


def on_database(url: str, name: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


def on_node(url: str, host: str, port: int) -> str:
    parts = urlsplit(url)
    who, at, _ = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc=f"{who}{at}{f'[{host}]' if ':' in host else host}:{port}"))


async def tell(url: str, *statements: str) -> list[Any]:
    """Rows of the last statement; each in a transaction of its own."""
    connection = await asyncpg.connect(url)
    try:
        rows: list[Any] = []
        for statement in statements:
            rows = await connection.fetch(statement)
        return rows
    finally:
        await connection.close()


class GivenPostgres:
    """A server on which the tests may make databases; each `url()` is a fresh one."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._numbers = itertools.count(1)

    def url(self) -> str:
        name = f"fleetline_test_{os.getpid()}_{next(self._numbers)}"
        run_alone(tell(self._url, f"CREATE DATABASE {name}"))
        return on_database(self._url, name)

    def drop(self, url: str) -> None:
        run_alone(tell(self._url, f"DROP DATABASE {urlsplit(url).path[1:]} WITH (FORCE)"))

    def stop(self) -> None:
        """It runs on: it is not ours."""


class GivenCitus:
    """A cluster, by the URL of a database on its coordinator that knows the worker nodes.

    Each `url()` is a fresh database on all nodes, migrated and distributed; `empty()` one that is neither.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._numbers = itertools.count(1)
        self._template = ""
        rows = run_alone(tell(url, "SELECT groupid, nodename, nodeport FROM pg_dist_node ORDER BY groupid"))
        self.workers: list[tuple[str, int]] = [(row[1], row[2]) for row in rows if row[0] != 0]
        place = urlsplit(url)
        self._coordinator = next(((r[1], r[2]) for r in rows if r[0] == 0), (place.hostname, place.port or 5432))

    def url(self) -> str:
        if not self._template:
            self._template = run_alone(self._make_template())
        return str(run_alone(self._make(f" TEMPLATE {self._template}")))

    def empty(self) -> str:
        return str(run_alone(self._make_empty()))

    def drop(self, url: str) -> None:
        run_alone(self._drop(urlsplit(url).path[1:]))

    def stop(self) -> None:
        if self._template:
            run_alone(self._drop(self._template))

    def nodes(self, url: str) -> list[str]:
        """The same database on every node, the coordinator first."""
        return [url, *(on_node(url, host, port) for host, port in self.workers)]

    async def _everywhere(self, *statements: str) -> None:
        for node in self.nodes(self._url):
            await tell(node, *statements)

    async def _make(self, template: str = "") -> str:
        name = f"fleetline_test_{os.getpid()}_{next(self._numbers)}"
        await self._everywhere(f"CREATE DATABASE {name}{template}")
        url = on_database(self._url, name)
        await tell(self._url, f"ALTER DATABASE {name} SET citus.shard_count = {SHARDS}")
        return url

    async def _make_empty(self) -> str:
        url = await self._make()
        for node in self.nodes(url):
            await tell(node, "CREATE EXTENSION citus")
        host, port = self._coordinator
        add = [f"SELECT citus_add_node('{host}', {port})" for host, port in self.workers]
        await tell(url, f"SELECT citus_set_coordinator_host('{host}', {port})", *add)
        return url

    async def _make_template(self) -> str:
        url = await self._make_empty()
        engine = await open_engine(url)
        await migrate(engine)
        await distribute_tables(engine)
        await engine.close()
        name = urlsplit(url).path[1:]
        # a database can be copied only while nobody is in it, Citus's own upkeep included
        gone = f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '{name}'"
        await self._everywhere(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false", gone)
        return name

    async def _drop(self, name: str) -> None:
        for node in self.nodes(self._url):
            for tries_left in range(20, -1, -1):
                try:
                    await tell(node, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
                    break
                except asyncpg.ObjectInUseError:  # Citus's own upkeep is never told to leave, it leaves by itself
                    if not tries_left:
                        raise
                    await asyncio.sleep(0.2)
