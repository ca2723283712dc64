"""Fixtures of the tests of our own API: an installation, and the administrator of an account in it."""

from pathlib import Path

import pytest

from fleetline.stores.engine import Engine
from tests.api.own_kit import Installation, Person, install
from tests.kit import CountedIds, HandClock


@pytest.fixture
def here(engine: Engine, clock: HandClock, ids: CountedIds, tmp_path: Path) -> Installation:
    return install(engine, clock, ids, tmp_path)


@pytest.fixture
async def boss(here: Installation) -> Person:
    return await here.account("Acme")
