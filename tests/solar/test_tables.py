"""Tables and calendars are those of pvlib, and the loaders read what is shipped."""

import functools

import numpy as np
import pandas as pd
import pytest
from pvlib import clearsky, iam, irradiance, location

from fleetline.solar import glass, sky
from fleetline.solar.atlas import grid_index, shipped_atlas
from fleetline.solar.clear import ground_at
from fleetline.solar.steps import Steps, day_of_year, month_index, month_weights
from fleetline.solar.sun import ephemeris
from tests.solar.kit import start_s

physical = functools.partial(iam.physical, n=1.526, K=4.0, L=0.002, n_ar=1.3)


def test_glass_lets_through_what_pvlib_says() -> None:
    angles = np.linspace(0, 120, 400)
    assert np.allclose(glass.beam_share(np.cos(np.radians(angles))), physical(angles), rtol=0, atol=1e-12)
    tilts = np.arange(91.0)
    found_sky, found_ground = glass.diffuse_share(tilts)
    for tilt in range(0, 91, 9):
        assert found_sky[tilt] == pytest.approx(iam.marion_integrate(physical, float(tilt), "sky"), abs=1e-11)
        assert found_ground[tilt] == pytest.approx(iam.marion_integrate(physical, float(tilt), "ground"), abs=1e-11)
    between, _ = glass.diffuse_share(np.array([30.25]))
    assert between[0] == pytest.approx(0.75 * found_sky[30] + 0.25 * found_sky[31])


def test_sky_brightness_coefficients_are_those_of_1990() -> None:
    first, second = irradiance._get_perez_coefficients("allsitescomposite1990")
    assert np.array_equal(sky.PEREZ, np.hstack([first, second]))


def test_turbidity_and_elevation_are_those_of_pvlib() -> None:
    random = np.random.default_rng(6)
    latitude, longitude = random.uniform(-60, 70, 12), random.uniform(-180, 180, 12)
    times = pd.date_range("2023-12-20", "2024-12-31 12:00", freq="17h", tz="UTC")
    weights = month_weights(times.as_unit("s").asi8.astype(np.float64))
    atlas = shipped_atlas()
    turbidity, elevation = atlas.turbidity(latitude, longitude), atlas.elevation(latitude, longitude)
    for place in range(12):
        expected = clearsky.lookup_linke_turbidity(times, latitude[place], longitude[place]).to_numpy()
        assert np.allclose(sky.daily_turbidity(turbidity, weights)[place], expected, rtol=1e-12)
        assert elevation[place] == location.lookup_altitude(latitude[place], longitude[place])


def test_the_rim_of_the_world_belongs_to_the_last_cells_of_the_table() -> None:
    row, column = grid_index(np.array([90.0, -90.0, 0.0]), np.array([-180.0, 180.0, 179.99]))
    assert row.tolist() == [0, 2159, 1080]
    assert column.tolist() == [0, 4319, 4319]
    assert np.isfinite(shipped_atlas().turbidity(np.array([90.0, -90.0]), np.array([180.0, -180.0]))).all()


def test_extraterrestrial_light_follows_the_day_of_the_year() -> None:
    mid_s = Steps(start_s(2024, 2, 28), 86_400, 400).mid_s()
    times = pd.to_datetime(mid_s, unit="s", utc=True)
    assert np.array_equal(day_of_year(mid_s), times.day_of_year)
    assert np.array_equal(month_index(mid_s), times.month - 1)
    assert np.allclose(ephemeris(mid_s).dni_extra_wm2, irradiance.get_extra_radiation(times), rtol=1e-12)


def test_tiles_of_time_never_cut_a_period() -> None:
    steps = Steps(0, 60, 60 * 50)
    spans = list(steps.tiles(60))
    assert all(first % 60 == 0 and stop % 60 == 0 and stop - first <= 168 for first, stop in spans)
    assert [first for first, _ in spans[1:]] == [stop for _, stop in spans[:-1]]
    assert spans[-1][1] == len(steps)
    with pytest.raises(ValueError, match="whole periods"):
        list(Steps(0, 60, 61).tiles(60))


def test_a_ground_holds_what_the_atlas_knows() -> None:
    ground = ground_at(np.array([36.1]), np.array([-79.95]), shipped_atlas())
    assert ground.turbidity.shape == (1, 12)
    assert 1.5 < ground.turbidity.min() < ground.turbidity.max() < 7
    assert 150 < ground.elevation_m[0] < 400
