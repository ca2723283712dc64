"""Finer steps, the days ahead, and how good either was."""

import math

import numpy as np
import pytest

from fleetline.solar.atlas import shipped_atlas
from fleetline.solar.clear import clear_air, daylight, ground_at
from fleetline.solar.forecast import persistence
from fleetline.solar.metrics import compare, fleet_pair, skill
from fleetline.solar.refine import refine
from fleetline.solar.rows import compile_rows
from fleetline.solar.run import simulate
from fleetline.solar.sky import Weather
from fleetline.solar.steps import Steps
from tests.solar.kit import simple_site, start_s

GROUND = ground_at(np.array([36.1, 52.0]), np.array([-79.95, 13.4]), shipped_atlas())
DAY = Steps(start_s(2025, 5, 4), 3600, 24)


def cloudy(seed: int = 1) -> Weather:
    """GHI and DHI of two cells over a day, with air and rain."""
    random = np.random.default_rng(seed)
    clear = clear_air(GROUND, DAY.mid_s()).ghi_wm2
    ghi = clear * random.uniform(0.2, 1.1, clear.shape)
    fields = {
        "ghi_wm2": ghi,
        "dhi_wm2": ghi * random.uniform(0.2, 0.9, ghi.shape),
        "temperature_c": random.uniform(5, 25, ghi.shape),
        "rain_mm": random.uniform(0, 4, ghi.shape),
    }
    return Weather(**{name: values.astype(np.float32) for name, values in fields.items()})


def hourly(values: np.ndarray | None, parts: int) -> np.ndarray:  # type: ignore[type-arg]  # any float
    assert values is not None
    return values.astype(np.float64).reshape(2, 24, parts)


@pytest.mark.parametrize("parts", [2, 4, 12])
def test_finer_weather_keeps_the_mean_of_every_step(parts: int) -> None:
    weather = cloudy()
    fine = refine(weather, DAY, parts, GROUND)
    assert weather.ghi_wm2 is not None and weather.dhi_wm2 is not None and weather.rain_mm is not None
    assert np.allclose(hourly(fine.ghi_wm2, parts).mean(axis=2), weather.ghi_wm2, rtol=1e-5, atol=1e-4)
    assert np.allclose(hourly(fine.dhi_wm2, parts).mean(axis=2), weather.dhi_wm2, rtol=1e-5, atol=1e-4)
    assert np.allclose(hourly(fine.rain_mm, parts).sum(axis=2), weather.rain_mm, rtol=1e-5)
    assert np.array_equal(hourly(fine.temperature_c, parts)[:, :, 0], weather.temperature_c)


def test_finer_weather_follows_the_clear_sky_within_the_step() -> None:
    fine = refine(cloudy(), DAY, 4, GROUND)
    clear = clear_air(GROUND, Steps(DAY.start_s, 900, 96).mid_s()).ghi_wm2
    assert fine.ghi_wm2 is not None
    day = clear > 50
    index = np.where(day, fine.ghi_wm2 / np.where(day, clear, 1.0), np.nan).reshape(2, 24, 4)
    whole = day.reshape(2, 24, 4).all(axis=2)
    spread = index.max(axis=2) - index.min(axis=2)
    assert (spread[whole] < 1e-4).all()


def test_clear_weather_refined_gives_clear_power() -> None:
    fine_steps = Steps(DAY.start_s, 900, 96)
    clear = clear_air(GROUND, fine_steps.mid_s()).ghi_wm2
    coarse = Weather(ghi_wm2=clear.reshape(2, 24, 4).mean(axis=2).astype(np.float32))
    fine = refine(coarse, DAY, 4, GROUND)
    assert fine.dhi_wm2 is None
    rows = compile_rows([simple_site(elevation_m=float(GROUND.elevation_m[0]))], shipped_atlas())
    ours, straight = (
        simulate(rows, fine_steps, lambda first, stop, field=field: Weather(ghi_wm2=field.astype(np.float32)))["ac_kw"]
        for field in (fine.ghi_wm2, clear)
    )
    assert np.allclose(ours, straight, atol=1e-3)


def test_a_beam_with_diffuse_light_is_enough_to_refine() -> None:
    weather = cloudy()
    cosine = clear_air(GROUND, DAY.mid_s()).true_cos
    assert weather.ghi_wm2 is not None and weather.dhi_wm2 is not None
    high = cosine > 0.2
    beam = np.where(high, (weather.ghi_wm2 - weather.dhi_wm2) / np.where(high, cosine, 1.0), 0).astype(np.float32)
    fine = refine(Weather(dni_wm2=beam, dhi_wm2=weather.dhi_wm2), DAY, 4, GROUND)
    assert np.allclose(hourly(fine.ghi_wm2, 4).mean(axis=2)[high], weather.ghi_wm2[high], rtol=1e-4)


PAST = Steps(start_s(2025, 5, 3), 3600, 24 + 18)
AHEAD = Steps(start_s(2025, 5, 4, 18), 3600, 72)


def observed(index: float, last: float | None = None) -> Weather:
    """Skies of one clear-sky index, and another for the last hour of daylight before 18:00 UTC."""
    clear = clear_air(GROUND, PAST.mid_s()).ghi_wm2
    ghi = clear * index
    if last is not None:
        for cell in range(2):
            hour = np.flatnonzero(clear[cell] > 0)[-1]
            ghi[cell, hour] = clear[cell, hour] * last
    temperature = np.tile(np.arange(PAST.count, dtype=np.float32), (2, 1))
    return Weather(ghi_wm2=ghi.astype(np.float32), temperature_c=temperature)


def test_a_steady_sky_lives_on() -> None:
    found = persistence(observed(0.6), PAST, AHEAD, GROUND)
    clear = clear_air(GROUND, AHEAD.mid_s()).ghi_wm2
    assert found.ghi_wm2 is not None
    assert np.allclose(found.ghi_wm2, 0.6 * clear, rtol=1e-5, atol=1e-3)


def test_the_last_hour_counts_less_the_further_ahead() -> None:
    found = persistence(observed(0.5, 1.0), PAST, AHEAD, GROUND)
    clear = clear_air(GROUND, AHEAD.mid_s()).ghi_wm2
    assert found.ghi_wm2 is not None
    index = found.ghi_wm2[0] / np.where(clear[0] > 20, clear[0], np.nan)
    past_clear = clear_air(GROUND, PAST.mid_s()).ghi_wm2[0]
    last = past_clear[np.flatnonzero(past_clear > 0)[-1]]
    day = 0.5 + 0.5 * last / past_clear[-24:].sum()
    for hours in (0.5, 1.5, 4.5):
        weight = math.exp(-hours / 3)
        assert index[int(hours)] == pytest.approx(weight + (1 - weight) * day, rel=1e-4)


def test_the_index_is_held_in_bounds_and_temperature_repeats_the_last_day() -> None:
    bright = persistence(observed(3.0), PAST, AHEAD, GROUND)
    clear = clear_air(GROUND, AHEAD.mid_s()).ghi_wm2
    assert bright.ghi_wm2 is not None and bright.temperature_c is not None
    assert np.allclose(bright.ghi_wm2, 1.2 * clear, rtol=1e-5)
    expected = [PAST.count - 24 + hour % 24 for hour in range(72)]
    assert bright.temperature_c[0].tolist() == expected


def test_nothing_seen_gives_nothing_and_a_gap_leaves_the_rest() -> None:
    blind = observed(0.6)
    assert blind.ghi_wm2 is not None
    blind.ghi_wm2[0] = np.nan
    blind.ghi_wm2[1, -20:] = np.nan
    found = persistence(blind, PAST, AHEAD, GROUND)
    clear = clear_air(GROUND, AHEAD.mid_s()).ghi_wm2
    assert found.ghi_wm2 is not None
    assert np.isnan(found.ghi_wm2[0]).all()
    assert np.allclose(found.ghi_wm2[1], 0.6 * clear[1], rtol=1e-4, atol=1e-3)


def test_metrics_of_a_series_written_out_by_hand() -> None:
    model = np.array([1.0, 2.0, 3.0, np.nan, 5.0])
    measured = np.array([1.0, 1.0, 5.0, 4.0, np.nan])
    found = compare(model, measured, 10.0)
    assert found.count == 3
    assert found.mbe_kw == pytest.approx(-1 / 3)
    assert found.mae_kw == pytest.approx(1.0)
    assert found.rmse_kw == pytest.approx(math.sqrt(5 / 3))
    assert found.rmse_pct == pytest.approx(10 * math.sqrt(5 / 3))
    assert found.mbe_pct == pytest.approx(-10 / 3)
    assert found.correlation == pytest.approx(float(np.corrcoef([1, 2, 3], [1, 1, 5])[0, 1]))


def test_metrics_of_nothing_and_of_a_flat_line_say_so() -> None:
    nothing = compare(np.array([np.nan]), np.array([1.0]), 1.0)
    assert nothing.count == 0
    assert math.isnan(nothing.rmse_kw)
    assert math.isnan(compare(np.array([1.0, 1.0]), np.array([1.0, 2.0]), 1.0).correlation)


def test_a_fleet_is_compared_over_the_members_that_were_measured() -> None:
    model = np.array([[1.0, 2.0, 3.0], [10.0, 20.0, np.nan]])
    measured = np.array([[1.5, np.nan, 3.0], [11.0, np.nan, 30.0]])
    pair = fleet_pair(model, measured, np.array([5.0, 50.0]))
    assert pair.model_kw[[0, 2]].tolist() == [11.0, 3.0]
    assert pair.measured_kw[[0, 2]].tolist() == [12.5, 3.0]
    assert pair.capacity_kw[[0, 2]].tolist() == [55.0, 5.0]
    assert np.isnan(pair.model_kw[1])
    assert compare(pair.model_kw, pair.measured_kw, pair.capacity_kw).count == 2


def test_skill_is_measured_against_persistence() -> None:
    assert skill(1.0, 2.0) == pytest.approx(0.5)
    assert skill(0.0, 2.0) == 1.0
    assert math.isnan(skill(1.0, 0.0))


def test_daylight_is_when_the_sun_is_over_the_horizon() -> None:
    up = daylight(GROUND.latitude_deg, GROUND.longitude_deg, GROUND.elevation_m, DAY.mid_s())
    assert up.sum(axis=1).tolist() == [14, 15]
    assert np.array_equal(up, clear_air(GROUND, DAY.mid_s()).ghi_wm2 > 0)
