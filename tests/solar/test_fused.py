"""The compiled loop gives what the numpy kernel gives."""

import numpy as np
import pytest

from fleetline.model.power import PowerModel, PvSite, Tracking
from fleetline.solar.atlas import shipped_atlas
from fleetline.solar.rows import compile_rows
from fleetline.solar.run import Feed, simulate
from fleetline.solar.sky import Weather
from fleetline.solar.steps import Steps
from tests.solar.kit import random_site, start_s
from tests.solar.test_against_pvlib import KNOWN, made_up_weather

pytest.importorskip("numba")

START = start_s(2025, 3, 10)


def many_sites() -> list[PvSite]:
    """Every tracking, one system or two, shade and skylines, young and old."""
    random = np.random.default_rng(9)
    return [random_site(random, tracking, systems=1 + number % 2) for tracking in Tracking for number in range(8)]


def largest_gap(feed: Feed | None, model: PowerModel = PowerModel.PVLIB) -> float:
    """Largest difference of AC power, of AC capacity; where one is NaN the other must be."""
    from fleetline.solar import fused

    sites = many_sites()
    rows = compile_rows(sites, shipped_atlas(), cells=np.arange(len(sites)) % 7 - (feed is not None), model=model)
    steps = Steps(START, 3600, 240)
    wanted = ("ac_kw", "dc_kw")
    slow = simulate(rows, steps, feed, wanted=wanted)
    fast = simulate(rows, steps, feed, wanted=wanted, engine=fused.tile)
    rated = np.array([site.ac_kw for site in sites])[:, None]
    gaps = []
    for name in wanted:
        assert np.array_equal(np.isnan(slow[name]), np.isnan(fast[name]))
        assert np.nanmax(slow[name]) > 1.0
        gaps.append(float(np.nanmax(np.abs(slow[name] - fast[name]) / rated)))
    return max(gaps)


def test_under_clear_sky() -> None:
    assert largest_gap(None) < 1e-6
    assert largest_gap(None, PowerModel.PV_FORM) < 1e-6


@pytest.mark.parametrize("known", [name for name in KNOWN if name != "clear"])
def test_under_any_weather_with_holes(known: str) -> None:
    weather = made_up_weather(5, 7, 240, KNOWN[known])
    holes = np.random.default_rng(1).random((7, 240)) < 0.1
    fields = {name: getattr(weather, name) for name in weather.__slots__}
    torn = {name: None if part is None else np.where(holes, np.float32(np.nan), part) for name, part in fields.items()}

    def feed(first: int, stop: int) -> Weather:
        return Weather(**{name: None if part is None else part[:, first:stop] for name, part in torn.items()})

    assert largest_gap(feed) < 1e-6
