"""Fixtures of this API: a world on each engine in turn, and two accounts in it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from fleetline.stores.engine import Engine, migrate
from fleetline.stores.open import open_engine
from tests.api.fleetview.kit import Client, World, world_over


@pytest.fixture
async def world(engine: Engine, tmp_path: Path) -> World:
    return world_over(engine, tmp_path)


@pytest.fixture
async def owner(world: World) -> Client:
    return await world.client("Owner")


@pytest.fixture
async def stranger(world: World) -> Client:
    return await world.client("Stranger")


@pytest.fixture
async def sqlite_owner(tmp_path: Path) -> AsyncIterator[Client]:
    """An account on one engine only, for what never reaches the store."""
    opened = await open_engine(f"sqlite:///{tmp_path}/fleetline.db")
    await migrate(opened)
    yield await world_over(opened, tmp_path).client()
    await opened.close()
