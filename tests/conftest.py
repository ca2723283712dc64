"""Fixtures for every room: real engines, each on a fresh and migrated database."""

import os
import tempfile
import warnings
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Final

import pytest

from fleetline.core.workspace import Core
from fleetline.stores.engine import Engine, migrate
from fleetline.stores.open import open_engine
from tests.core.gate_kit import core_over
from tests.kit import CountedIds, EmbeddedPostgres, HandClock
from tests.servers_kit import GivenCitus, GivenPostgres

SLOW: Final = ("tests/web/", "tests/paths/")
"""Browsers and whole programs: seconds each, where most others take milliseconds."""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Of what each process begins with the slow ones come first: at the end nobody waits for one of them."""
    processes = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    slow = [item for item in items if item.nodeid.startswith(SLOW)]
    quick = [item for item in items if not item.nodeid.startswith(SLOW)]
    items[:] = [
        item for number in range(processes) for some in (slow, quick) for item in _share(some, number, processes)
    ]


def _share(items: list[pytest.Item], number: int, count: int) -> list[pytest.Item]:
    return items[len(items) * number // count : len(items) * (number + 1) // count]


@pytest.fixture(scope="session")
def postgres() -> Iterator[EmbeddedPostgres | GivenPostgres]:
    """The server of FLEETLINE_TEST_POSTGRES, where databases may be made; else one of our own."""
    if url := os.environ.get("FLEETLINE_TEST_POSTGRES"):
        yield GivenPostgres(url)
        return
    with (
        warnings.catch_warnings(),
        tempfile.TemporaryDirectory(prefix="fleetline-pg-", ignore_cleanup_errors=True) as name,
    ):
        warnings.simplefilter("ignore")  # the wheel warns about XDG_RUNTIME_DIR on machines without a login session
        Path(name).chmod(0o755)
        server = EmbeddedPostgres(Path(name) / "data")
        yield server
        server.stop()


@pytest.fixture(scope="session")
def citus() -> Iterator[GivenCitus]:
    """The cluster of FLEETLINE_TEST_CITUS: the URL of a database on its coordinator that knows the worker nodes."""
    url = os.environ.get("FLEETLINE_TEST_CITUS")
    if not url:
        pytest.skip("FLEETLINE_TEST_CITUS names no Citus cluster")
    server = GivenCitus(url)
    yield server
    server.stop()


ENGINES = ["sqlite", "postgres", *(["citus"] if os.environ.get("FLEETLINE_TEST_CITUS") else [])]


@pytest.fixture(params=ENGINES)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database that holds nothing and is used by one test only, on each engine in turn."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/fleetline.db"
        return
    server: EmbeddedPostgres | GivenPostgres | GivenCitus = request.getfixturevalue(request.param)
    url = server.url()
    yield url
    server.drop(url)


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[Engine]:
    """A migrated engine, on each engine in turn."""
    opened = await open_engine(database_url)
    await migrate(opened)
    yield opened
    await opened.close()


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def ids() -> CountedIds:
    return CountedIds()


@pytest.fixture
async def elsewhere(
    engine: Engine, database_url: str, clock: HandClock, ids: CountedIds, tmp_path: Path
) -> AsyncIterator[Core]:
    """Another process on the same database, as far as the database can tell."""
    other = await open_engine(database_url)
    yield core_over(other, clock, ids, tmp_path)
    await other.close()
