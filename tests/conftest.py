"""Fixtures for every room: real engines, each on a fresh and migrated database."""

import tempfile
import warnings
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from fleetline.stores.engine import Engine, migrate
from fleetline.stores.open import open_engine
from tests.kit import CountedIds, EmbeddedPostgres, HandClock


@pytest.fixture(scope="session")
def postgres() -> Iterator[EmbeddedPostgres]:
    with (
        warnings.catch_warnings(),
        tempfile.TemporaryDirectory(prefix="fleetline-pg-", ignore_cleanup_errors=True) as name,
    ):
        warnings.simplefilter("ignore")  # the wheel warns about XDG_RUNTIME_DIR on machines without a login session
        Path(name).chmod(0o755)
        server = EmbeddedPostgres(Path(name) / "data")
        yield server
        server.stop()


ENGINES = ["sqlite", "postgres"]


@pytest.fixture(params=ENGINES)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database that is empty and used by one test only, on each engine in turn."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/fleetline.db"
    server: EmbeddedPostgres = request.getfixturevalue("postgres")
    return server.url()


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
