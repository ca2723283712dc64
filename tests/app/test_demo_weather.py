"""The demo's weather: within what weather can be, the same whenever it is asked, and foretold worse further ahead."""

import numpy as np

from fleetline.app.demo_weather import STEP_S, clearness, foretold, meter_share, observed
from fleetline.model.weather import RANGES, cell_codes
from fleetline.solar.steps import Steps

DAY_S = 86_400
NOON_S = 1_773_144_000
CELLS = cell_codes(np.array([48.8, 49.1]), np.array([9.2, 9.2]), 10)


def test_every_value_is_one_that_the_weather_desk_takes() -> None:
    found = observed(CELLS, Steps(NOON_S, STEP_S, 4 * 96))
    for name, values in found.items():
        assert values.shape == (2, 4 * 96)
        assert all(RANGES[name].holds(float(value)) for value in values.ravel()), name
    assert found["ghi_wm2"].max() > 200 and found["ghi_wm2"].min() == 0


def test_the_sky_of_a_moment_is_the_same_whenever_it_is_asked() -> None:
    whole = observed(CELLS, Steps(NOON_S, STEP_S, 40))["ghi_wm2"]
    later = observed(CELLS, Steps(NOON_S + 10 * STEP_S, STEP_S, 30))["ghi_wm2"]
    assert np.allclose(whole[:, 10:], later, atol=1e-3)


def test_some_days_are_clear_and_some_are_dull() -> None:
    noons = NOON_S + DAY_S * np.arange(200.0)
    index = clearness(noons, 7)
    assert (index > 0.9).sum() > 10 and (index < 0.4).sum() > 10


def test_a_forecast_is_further_off_the_further_ahead_it_is() -> None:
    errors = []
    for day in range(12):
        issued_s = NOON_S + day * DAY_S
        steps = Steps(issued_s, STEP_S, 3 * 96)
        off = np.abs(foretold(CELLS, steps, issued_s)["ghi_wm2"] - observed(CELLS, steps)["ghi_wm2"])
        errors.append([off[:, :96].mean(), off[:, 192:].mean()])
    first, third = np.mean(errors, axis=0)
    assert 0 < first < third


def test_a_meter_reads_a_few_per_cent_beside_the_model() -> None:
    share = meter_share(NOON_S + STEP_S * np.arange(2_000.0), 3)
    assert 0.85 < share.min() < 0.97 < 1.03 < share.max() < 1.15
