"""Dirt and snow as pvlib has them, whatever the tiles."""

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from pvlib import snow, soiling

from fleetline.model.power import PvSite, Tracking
from fleetline.solar.atlas import shipped_atlas
from fleetline.solar.rows import compile_rows
from fleetline.solar.run import simulate, tiles
from fleetline.solar.sky import Weather
from fleetline.solar.steps import Steps
from tests.solar.kit import simple_site, start_s

FloatArray = npt.NDArray[np.float64]
STEPS = Steps(start_s(2025, 1, 5), 3600, 24 * 80)
TIMES = pd.to_datetime(STEPS.mid_s(), unit="s", utc=True)
ATLAS = shipped_atlas()


def weather() -> Weather:
    """Two cells with rain now and then and some snow; every value is one that float32 holds exactly."""
    random = np.random.default_rng(5)
    shape = (2, len(STEPS))
    rain = np.where(random.random(shape) < 0.002, random.integers(1, 25, shape), 0)
    flakes = np.where(random.random(shape) < 0.01, random.integers(1, 6, shape), 0)
    fields = {
        "ghi_wm2": random.integers(0, 500, shape),
        "temperature_c": random.integers(-12, 6, shape),
        "rain_mm": rain,
        "snowfall_cm": flakes,
    }
    return Weather(**{name: values.astype(np.float32) for name, values in fields.items()})


WEATHER = weather()


def feed(first: int, stop: int) -> Weather:
    fields = {name: getattr(WEATHER, name) for name in WEATHER.__slots__}
    return Weather(**{name: None if part is None else part[:, first:stop] for name, part in fields.items()})


def run(sites: list[PvSite], *wanted: str, **options: int) -> dict[str, FloatArray]:
    """Every site under both cells: site, then cell."""
    rows = compile_rows([site for site in sites for _ in range(2)], ATLAS, cells=[0, 1] * len(sites))
    return simulate(rows, STEPS, feed, wanted=("dc_kw", *wanted))


@pytest.mark.parametrize(("threshold", "period"), [(6.0, 24), (3.0, 5), (20.0, 168)])
def test_dirt_gathers_until_rain_as_kimber_says(threshold: float, period: int) -> None:
    plain = simple_site()
    dirty = simple_site(system={"cleaning_threshold_mm": threshold, "rain_period_h": period})
    dc = run([plain, dirty])["dc_kw"]
    assert WEATHER.rain_mm is not None
    for cell in range(2):
        rain = pd.Series(WEATHER.rain_mm[cell].astype(float), index=TIMES)
        lost = soiling.kimber(rain, cleaning_threshold=threshold, rain_accum_period=period).to_numpy()
        assert lost.max() > 0.02
        assert np.allclose(dc[2 + cell], dc[cell] * (1 - lost), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("tilt", [10.0, 40.0])
def test_snow_covers_and_slides_as_nrel_says(tilt: float) -> None:
    plain = simple_site(tilt_deg=tilt, ac_kw=99)
    white = simple_site(tilt_deg=tilt, ac_kw=99, system={"threshold_snowfall_cm_per_h": 1.0})
    found = run([plain, white], "poa_wm2")
    assert WEATHER.snowfall_cm is not None and WEATHER.temperature_c is not None
    for cell in range(2):
        fallen, air, poa = (
            pd.Series(values.astype(float), index=TIMES)
            for values in (WEATHER.snowfall_cm[cell], WEATHER.temperature_c[cell], found["poa_wm2"][cell])
        )
        covered = snow.coverage_nrel(fallen, poa, air, tilt).to_numpy()
        assert 0.02 < covered.mean() < 0.98
        assert np.allclose(found["dc_kw"][2 + cell], found["dc_kw"][cell] * (1 - covered), rtol=1e-6, atol=1e-9)


def test_the_size_of_tiles_and_of_periods_does_not_change_dirt_and_snow() -> None:
    system = {"cleaning_threshold_mm": 4.0, "threshold_snowfall_cm_per_h": 1.0, "rain_period_h": 40}
    sites = [simple_site(system=system), simple_site(system=system, tracking=Tracking.SINGLE_AXIS)] * 5
    rows = compile_rows(sites, ATLAS, cells=[0, 1] * 5)
    expected = simulate(rows, STEPS, feed)["ac_kw"]
    found = np.zeros_like(expected)
    for tile in tiles(rows, STEPS, feed, size=300, threads=2):
        part = tile.values["ac_kw"]
        found[tile.order, tile.first_period : tile.first_period + part.shape[1]] = part
    assert np.allclose(found, expected, rtol=1e-12)
    halves = simulate(rows, STEPS, feed, per_period=20)["ac_kw"]
    assert np.allclose(halves, expected.reshape(10, -1, 20).mean(axis=2), rtol=1e-12)


def test_without_rain_or_snow_in_the_weather_neither_is_modelled() -> None:
    system = {"cleaning_threshold_mm": 4.0, "threshold_snowfall_cm_per_h": 1.0}
    rows = compile_rows([simple_site(), simple_site(system=system)], ATLAS)
    dry = Weather(ghi_wm2=WEATHER.ghi_wm2)
    short = Steps(STEPS.start_s, 3600, 168)
    for given in (None, lambda first, stop: dry):
        plain, asked = simulate(rows, short, given)["ac_kw"]
        assert np.array_equal(plain, asked)
