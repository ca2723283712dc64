"""The vector kernel gives what pvlib gives one site at a time."""

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

from fleetline.model.power import PowerModel, PvSite, Tracking
from fleetline.solar.atlas import shipped_atlas
from fleetline.solar.rows import compile_rows
from fleetline.solar.run import fleet_power, simulate
from fleetline.solar.sky import Weather
from fleetline.solar.steps import Steps
from fleetline.solar.sun import ephemeris, sun_over
from tests.solar.kit import golden_a, golden_b, random_site, start_s
from tests.solar.reference import reference_chain

FloatArray = npt.NDArray[np.float64]

TOLERANCE = 1e-6
"""Of AC capacity, at every step."""

WEEKS = (start_s(2025, 6, 17), start_s(2025, 12, 28), start_s(2024, 2, 27))
KNOWN = {
    "clear": (),
    "ghi": ("ghi",),
    "ghi_dhi": ("ghi", "dhi"),
    "ghi_dni": ("ghi", "dni"),
    "dni_dhi": ("dni", "dhi"),
    "all": ("ghi", "dni", "dhi"),
}


def instants(steps: Steps) -> pd.DatetimeIndex:
    """The middles of the steps."""
    return pd.to_datetime(steps.mid_s(), unit="s", utc=True)


def made_up_weather(seed: int, cells: int, steps: int, known: tuple[str, ...]) -> Weather:
    """Any light at any hour; what the sun does then is not asked."""
    random = np.random.default_rng(seed)
    ghi = random.uniform(0, 1000, (cells, steps)) * random.choice([0.0, 1.0, 1.0], (cells, steps))
    share = random.uniform(0.1, 1, (cells, steps))
    light = {"ghi": ghi, "dhi": ghi * share, "dni": ghi * (1 - share) * 1.3}
    given = {f"{name}_wm2": light[name].astype(np.float32) for name in known}
    temperature = random.uniform(-20, 40, (cells, steps)).astype(np.float32)
    wind = random.uniform(0, 15, (cells, steps)).astype(np.float32)
    return Weather(**given, temperature_c=temperature, wind_ms=wind)


def of_cell(weather: Weather, cell: int, known: tuple[str, ...]) -> dict[str, FloatArray]:
    """One cell as the reference wants it."""
    fields = {name: getattr(weather, f"{name}_wm2") for name in known}
    fields |= {"temperature": weather.temperature_c, "wind": weather.wind_ms}
    return {name: values[cell].astype(np.float64) for name, values in fields.items()}


def largest_gap(sites: list[PvSite], steps: Steps, known: tuple[str, ...], model: PowerModel) -> float:
    """Largest difference between kernel and reference, of AC capacity."""
    cells = np.arange(len(sites))[::-1] // 2
    weather = made_up_weather(steps.start_s, len(sites), len(steps), known) if known else None
    rows = compile_rows(sites, shipped_atlas(), cells=cells, model=model)

    def feed(first: int, stop: int) -> Weather:
        assert weather is not None
        parts = {name: getattr(weather, name) for name in weather.__slots__}
        return Weather(**{name: None if part is None else part[:, first:stop] for name, part in parts.items()})

    power = simulate(rows, steps, feed if known else None)["ac_kw"]
    gaps = []
    for index, site in enumerate(sites):
        given = None if weather is None else of_cell(weather, int(cells[index]), known)
        expected = reference_chain(site, site.elevation_m or 0.0, instants(steps), given, model)["ac"]
        gaps.append(float(np.abs(power[index] - expected).max()) / site.ac_kw)
    return max(gaps)


@pytest.mark.parametrize("tracking", list(Tracking))
@pytest.mark.parametrize("known", list(KNOWN))
def test_every_step_of_a_week_agrees(tracking: Tracking, known: str) -> None:
    random = np.random.default_rng([list(Tracking).index(tracking), list(KNOWN).index(known)])
    for start in WEEKS:
        sites = [random_site(random, tracking, systems=1 + number % 2) for number in range(4)]
        assert largest_gap(sites, Steps(start, 3600, 168), KNOWN[known], PowerModel.PVLIB) < TOLERANCE


@pytest.mark.parametrize("tracking", list(Tracking))
def test_single_rows_of_modules_agree(tracking: Tracking) -> None:
    random = np.random.default_rng(77)
    sites = []
    while len(sites) < 6:
        site = random_site(random, tracking, plain=True)
        if all(len(array.modules) == 1 for system in site.systems for array in system.arrays):
            sites.append(site)
    assert largest_gap(sites, Steps(WEEKS[0], 900, 400), ("ghi", "dni", "dhi"), PowerModel.PVLIB) < TOLERANCE


def test_the_look_alike_of_pv_form_agrees() -> None:
    random = np.random.default_rng(8)
    sites = [random_site(random, tracking) for tracking in Tracking]
    assert largest_gap(sites, Steps(WEEKS[0], 3600, 168), ("ghi",), PowerModel.PV_FORM) < TOLERANCE


def test_the_sun_stands_where_spa_puts_it() -> None:
    from pvlib import atmosphere, solarposition

    random = np.random.default_rng(3)
    latitude, longitude = random.uniform(-90, 90, 40), random.uniform(-180, 180, 40)
    elevation = random.uniform(-500, 9000, 40)
    steps = Steps(WEEKS[2], 1800, 400)
    sun = sun_over(ephemeris(steps.mid_s()), latitude, longitude, elevation)
    for place in range(40):
        expected = solarposition.get_solarposition(
            instants(steps), latitude[place], longitude[place], elevation[place],
            atmosphere.alt2pres(elevation[place]), method="nrel_numpy",
        )  # fmt: skip
        here = sun.place == place
        up = expected["apparent_zenith"].to_numpy() < 90
        assert np.array_equal(np.flatnonzero(up), sun.time[here])
        assert np.allclose(sun.zenith_deg[here], expected["apparent_zenith"].to_numpy()[up], rtol=0, atol=1e-6)
        azimuth = np.degrees(np.arctan2(sun.east[here], sun.north[here])) % 360
        turn = (azimuth - expected["azimuth"].to_numpy()[up] + 180) % 360 - 180
        assert np.all(np.abs(turn) * np.sin(np.radians(sun.zenith_deg[here])) < 1e-6)


WORKED = {
    "A": (
        golden_a, (2025, 6, 21, 14, 30), (700, 650, 180, 28, 2.5),
        {"zenith": 38.980783, "azimuth": 96.799329, "tilt": 20, "aoi": 40.891651, "beam": 491.366761, "sky": 186.077709,
         "sky_view": 1, "ground": 3.588289, "ground_view": 1, "beam_iam": 0.994598, "spectral": 0.992674,
         "poa": 681.032759, "effective": 665.280425, "cell": 45.434452, "dc": 4.887215, "ac": 4.045462},
    ),
    "B": (
        golden_b, (2025, 6, 21, 13, 30), (500, 600, 120, 25, 3),
        {"zenith": 50.312182, "azimuth": 87.846073, "tilt": 50.292280, "aoi": 1.657364, "beam": 599.748996,
         "sky": 171.889845, "sky_view": 0.906805, "ground": 15.347962, "ground_view": 0.742746, "beam_iam": 0.999999,
         "spectral": 1.002539, "poa": 767.019266, "effective": 762.53343, "cell": 40.577052, "dc": 865.152419,
         "ac": 730.812103},
    ),
}  # fmt: skip
"""Site, instant, (GHI, DNI, DHI, air, wind), and every stage as the specification prints it."""


@pytest.mark.parametrize("name", ["A", "B"])
def test_worked_steps_come_out_as_printed(name: str) -> None:
    make, when, given, expected = WORKED[name]
    site, instant = make(), start_s(*when)
    fields = dict(zip(("ghi", "dni", "dhi", "temperature", "wind"), (np.array([float(v)]) for v in given), strict=True))
    stages = reference_chain(site, site.elevation_m or 0.0, pd.to_datetime([instant], unit="s", utc=True), fields)
    for stage, value in expected.items():
        assert stages[stage][0] == pytest.approx(value, rel=1e-5), stage
    cells = [np.array([[value]], np.float32) for value in given]
    weather = Weather(ghi_wm2=cells[0], dni_wm2=cells[1], dhi_wm2=cells[2], temperature_c=cells[3], wind_ms=cells[4])
    wanted = ("dc_kw", "poa_wm2", "cell_c")
    ours = simulate(
        compile_rows([site], shipped_atlas()), Steps(instant - 1, 2, 1), lambda first, stop: weather, wanted=wanted
    )
    assert ours["ac_kw"][0, 0] == pytest.approx(expected["ac"], rel=1e-5)
    assert ours["dc_kw"][0, 0] == pytest.approx(expected["dc"] * 0.86, rel=1e-5)
    assert ours["poa_wm2"][0, 0] == pytest.approx(expected["poa"], rel=1e-5)
    assert ours["cell_c"][0, 0] == pytest.approx(expected["cell"], rel=1e-5)


def test_clear_sky_power_of_the_two_golden_sites_and_their_sum() -> None:
    rows = compile_rows([golden_a(), golden_b()], shipped_atlas())
    steps = Steps(start_s(2025, 6, 21, 16), 900, 12)
    power = simulate(rows, steps, per_period=4)["ac_kw"]
    assert np.abs(power[0] - [5.3960, 5.5088, 5.3096]).max() < 7e-6 + 5e-5
    assert np.abs(power[1] - [856.6563, 854.6995, 857.4763]).max() < 1e-3
    total = fleet_power(rows, steps, [[0, 1]], per_period=4).power_ac_kw
    assert np.round(total, 4).tolist() == [[862.0524, 860.2083, 862.7859]]
    assert np.round(power, 4).tolist() == [[5.3960, 5.5088, 5.3096], [856.6563, 854.6995, 857.4763]]
