"""Worlds for the tests of this API: an account, its token and its devices behind the whole application."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from fleetline.stores.engine import Engine
from tests.api.fleetize.desk import Car
from tests.api.fleetize.world import World, make_world
from tests.kit import CountedIds, HandClock
from tests.model.trips_kit import DAY_S, example

MakeWorld = Callable[..., Awaitable[World]]


@pytest.fixture
def make(engine: Engine, clock: HandClock, ids: CountedIds, tmp_path: Path) -> MakeWorld:
    """Makes a world on either engine; the clock stands at noon of the worked example's day."""
    clock.ms = (DAY_S + 12 * 3600) * 1000

    async def made(*cars: Car, **options: Any) -> World:
        return await make_world(engine, clock, ids, tmp_path, cars, **options)

    return made


@pytest.fixture
def van() -> Car:
    """Device 7 of the worked example."""
    return Car(7, mileage_km=120_000, rows=example())
