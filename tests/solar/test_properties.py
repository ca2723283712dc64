"""What must hold for the power of any one site."""

import datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from fleetline.model.power import (
    LIMITS,
    Inverters,
    Modules,
    Mounting,
    Obstruction,
    PowerModel,
    PvArray,
    PvSite,
    PvSystem,
    Tracking,
)
from fleetline.solar.atlas import shipped_atlas
from fleetline.solar.clear import daylight
from fleetline.solar.rows import compile_rows
from fleetline.solar.run import simulate
from fleetline.solar.sky import Weather
from fleetline.solar.steps import Steps
from tests.solar.kit import random_site, simple_site, start_s

FloatArray = npt.NDArray[np.float64]

ATLAS = shipped_atlas()
WEEK = Steps(start_s(2025, 4, 7), 3600, 168)
YEAR = Steps(start_s(2025, 1, 1), 3600, 8760)
SEEDS = range(4)


def power(
    sites: list[PvSite], steps: Steps = WEEK, weather: Weather | None = None, wanted: str = "ac_kw"
) -> FloatArray:
    """(sites, steps) under clear sky, or all under the first cell of `weather`."""
    rows = compile_rows(sites, ATLAS)

    def feed(first: int, stop: int) -> Weather:
        assert weather is not None
        fields = {name: getattr(weather, name) for name in weather.__slots__}
        return Weather(**{name: None if part is None else part[:, first:stop] for name, part in fields.items()})

    return simulate(rows, steps, feed if weather else None, wanted=(wanted,))[wanted]


def hours(**fields: float) -> Weather:
    """The same weather in every hour of a week."""
    return Weather(**{name: np.full((1, 168), value, np.float32) for name, value in fields.items()})


def within(name: str) -> st.SearchStrategy[Any]:
    """Any number that may be stored in a field, its ends more often than chance has it."""
    limit = LIMITS[name]
    low, high = limit.low, limit.high
    if limit.whole:
        return st.integers(int(low), int(high))
    numbers = st.floats(low, high, exclude_min=limit.above, allow_nan=False, allow_subnormal=False)
    return numbers | st.sampled_from([high] if limit.above else [low, high])


def maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Also what is left open."""
    return st.none() | strategy


DATES = maybe(st.dates(datetime.date(1970, 1, 1), datetime.date(2100, 12, 31)))
MODULES = st.builds(
    Modules,
    count=within("module_count"),
    nameplate_dc_kw=within("nameplate_dc_kw"),
    ptc_kw=maybe(within("ptc_kw")),
    temperature_coefficient_pct_per_c=within("temperature_coefficient_pct_per_c"),
    noct_c=maybe(within("noct_c")),
)
OBSTRUCTIONS = st.builds(
    Obstruction,
    azimuth_deg=within("azimuth_deg"),
    elevation_deg=within("obstruction_elevation_deg"),
    opacity_pct=within("opacity_pct"),
)
ARRAYS = st.builds(
    PvArray,
    modules=st.lists(MODULES, min_size=1, max_size=3).map(tuple),
    azimuth_deg=within("azimuth_deg"),
    tilt_deg=within("tilt_deg"),
    tracking=st.sampled_from(Tracking),
    rotation_limit_deg=within("rotation_limit_deg"),
    module_row_count=maybe(within("module_row_count")),
    relative_row_spacing=maybe(within("relative_row_spacing")),
    mounting=st.sampled_from(Mounting),
    obstructions=st.lists(OBSTRUCTIONS, max_size=3).map(tuple),
    solar_access_pct=st.tuples(*[within("solar_access_pct")] * 12),
)
INVERTERS = st.builds(
    Inverters,
    count=within("inverter_count"),
    max_power_ac_kw=within("max_power_ac_kw"),
    efficiency_pct=within("efficiency_pct"),
)
SYSTEMS = st.builds(
    PvSystem,
    inverters=st.lists(INVERTERS, min_size=1, max_size=2).map(tuple),
    arrays=st.lists(ARRAYS, min_size=1, max_size=2).map(tuple),
    install_date=DATES,
    decommission_date=DATES,
    albedo_pct=within("albedo_pct"),
    derate_pct=maybe(within("derate_pct")),
    cleaning_threshold_mm=maybe(within("cleaning_threshold_mm")),
    rain_period_h=st.integers(1, 168),
    threshold_snowfall_cm_per_h=maybe(within("threshold_snowfall_cm_per_h")),
    can_slide_coefficient=within("can_slide_coefficient"),
    slide_amount_coefficient=within("slide_amount_coefficient"),
)
SITES = st.builds(
    PvSite,
    latitude_deg=within("latitude_deg"),
    longitude_deg=within("longitude_deg"),
    systems=st.lists(SYSTEMS, min_size=1, max_size=2).map(tuple),
    elevation_m=maybe(within("elevation_m")),
    install_date=DATES,
    decommission_date=DATES,
    export_limit_kw=maybe(within("export_limit_kw")),
    degradation_pct_per_year=maybe(within("degradation_pct_per_year")),
)
RAINY = {"ghi_wm2": 400.0, "temperature_c": -2.0, "wind_ms": 3.0, "rain_mm": 0.3, "snowfall_cm": 0.5}


@settings(max_examples=60, deadline=None, derandomize=True)
@given(site=SITES, model=st.sampled_from(PowerModel))
def test_whatever_may_be_stored_can_be_simulated(site: PvSite, model: PowerModel) -> None:
    rows = compile_rows([site], ATLAS, model=model)
    up = daylight(rows.latitude_deg, rows.longitude_deg, rows.elevation_m, WEEK.mid_s())
    weather = hours(**RAINY)
    limit = min(site.ac_kw, np.inf if site.export_limit_kw is None else site.export_limit_kw)
    for feed in (None, lambda first, stop: weather):
        found = simulate(rows, WEEK, feed)["ac_kw"]
        assert np.isfinite(found).all()
        assert found.min() >= 0.0
        assert found.max() <= limit * (1 + 1e-12)
        assert not found[~up].any()


def with_array(site: PvSite, **changes: Any) -> PvSite:
    """The same with the first array of each system changed."""
    systems = tuple(
        replace(system, arrays=(replace(system.arrays[0], **changes), *system.arrays[1:])) for system in site.systems
    )
    return replace(site, systems=systems)


def with_system(site: PvSite, **changes: Any) -> PvSite:
    """The same with every system changed."""
    return replace(site, systems=tuple(replace(system, **changes) for system in site.systems))


@pytest.mark.parametrize("mounting", list(Mounting))
def test_every_change_of_how_it_stands_shows(mounting: Mounting) -> None:
    site = simple_site(ac_kw=100, mounting=mounting)
    changed = [
        with_array(site, azimuth_deg=181.0),
        with_array(site, tilt_deg=21.0),
        with_system(site, albedo_pct=18.0),
        with_system(site, derate_pct=85.0),
    ]
    before, *after = power([site, *changed])
    for line in after:
        assert np.abs(line - before).max() > 1e-6


def test_azimuth_0_is_azimuth_360() -> None:
    site = simple_site(azimuth_deg=0.0)
    first, second = power([site, with_array(site, azimuth_deg=360.0)])
    assert np.allclose(first, second, rtol=0, atol=1e-9)


def test_east_peaks_before_west() -> None:
    day = Steps(start_s(2025, 4, 7, 5), 900, 96)
    east, west = power([simple_site(azimuth_deg=azimuth, tilt_deg=30.0, ac_kw=99) for azimuth in (90.0, 270.0)], day)
    assert east.argmax() + 8 < west.argmax()


@pytest.mark.parametrize("latitude", [-60.0, -40.0, -26.0, 26.0, 40.0, 60.0])
def test_the_side_of_the_equator_brings_more_over_a_clear_year(latitude: float) -> None:
    toward, away = (180.0, 0.0) if latitude > 0 else (0.0, 180.0)
    sites = [simple_site(latitude_deg=latitude, azimuth_deg=azimuth, tilt_deg=25.0) for azimuth in (toward, away)]
    first, second = power(sites, YEAR).sum(axis=1)
    assert first > 1.05 * second


@pytest.mark.parametrize("seed", SEEDS)
def test_so_many_times_everything_gives_so_many_times_the_power(seed: int) -> None:
    site = random_site(np.random.default_rng(seed), list(Tracking)[seed])
    systems = tuple(
        replace(
            system,
            inverters=tuple(replace(item, count=7 * item.count) for item in system.inverters),
            arrays=tuple(
                replace(array, modules=tuple(replace(row, count=7 * row.count) for row in array.modules))
                for array in system.arrays
            ),
        )
        for system in site.systems
    )
    one, seven = power([site, replace(site, systems=systems)])
    assert np.allclose(seven, 7 * one, rtol=1e-9, atol=1e-9)


def test_more_modules_only_add_until_the_inverter_is_full() -> None:
    lines = power([simple_site(dc_kw=dc_kw) for dc_kw in (4, 6, 8, 12, 20, 60)])
    steps = np.diff(lines, axis=0)
    assert steps.min() >= -1e-12
    full = lines >= 7.0 - 1e-9
    assert full[-1].any()
    assert not full[0].any()
    assert not steps[full[:-1]].any()


@pytest.mark.parametrize("seed", SEEDS)
def test_a_lower_derate_a_later_year_and_hotter_air_never_add(seed: int) -> None:
    site = random_site(np.random.default_rng(seed), list(Tracking)[seed])
    site = with_system(replace(site, install_date=datetime.date(2020, 1, 1), decommission_date=None), derate_pct=90.0)
    before, lower = power([site, with_system(site, derate_pct=89.0)])
    assert (lower <= before).all()
    assert lower.sum() < before.sum()
    aging = with_system(replace(site, degradation_pct_per_year=1.0), install_date=None)
    later, earlier = power([aging, replace(aging, install_date=datetime.date(2021, 1, 1))])
    assert (later <= earlier).all()
    assert later.sum() < earlier.sum()
    light = {"ghi_wm2": 500.0, "dhi_wm2": 200.0, "wind_ms": 2.0}
    cool, hot = (power([site], WEEK, hours(**light, temperature_c=air)) for air in (10.0, 35.0))
    assert (hot <= cool).all()
    assert hot.sum() < cool.sum()


def test_shade_in_one_month_changes_that_month_alone() -> None:
    access = tuple(50.0 if month == 4 else 100.0 for month in range(1, 13))
    site = simple_site(longitude_deg=0.0, latitude_deg=45.0)
    open_, shaded = power([site, with_array(site, solar_access_pct=access)], YEAR)
    first, last = 24 * 90, 24 * 120
    assert np.array_equal(open_[:first], shaded[:first])
    assert np.array_equal(open_[last:], shaded[last:])
    assert shaded[first:last].sum() < 0.7 * open_[first:last].sum()


def test_the_month_of_shade_turns_at_local_midnight() -> None:
    access = tuple(50.0 if month == 4 else 100.0 for month in range(1, 13))
    site = simple_site(longitude_deg=179.9, latitude_deg=45.0)
    open_, shaded = power([site, with_array(site, solar_access_pct=access)], YEAR)
    changed = np.flatnonzero(open_ != shaded)
    assert 24 * 90 - 12 <= changed.min() < 24 * 90
    assert changed.max() < 24 * 120 - 12


def test_a_wall_in_the_east_takes_the_morning_beam_alone() -> None:
    wall = tuple(Obstruction(azimuth_deg=azimuth, elevation_deg=height) for azimuth, height in
                 ((0.0, 30.0), (170.0, 30.0), (171.0, 0.0), (359.0, 0.0)))  # fmt: skip
    day = Steps(start_s(2025, 4, 7, 5), 900, 96)
    open_, walled = power([simple_site(ac_kw=99), simple_site(ac_kw=99, obstructions=wall)], day)
    lost = np.flatnonzero(open_ - walled > 1e-9)
    assert len(lost) > 4
    assert lost.max() < open_.argmax()
    assert (walled[lost] > 0).any(), "light from the sky still comes"


@pytest.mark.parametrize("seed", SEEDS)
def test_two_half_systems_and_a_split_array_change_nothing(seed: int) -> None:
    site = random_site(np.random.default_rng(seed), list(Tracking)[seed])
    system = site.systems[0]
    array = system.arrays[0]
    row = replace(array.modules[0], count=10)
    whole_array = replace(array, modules=(row,))
    half_array = replace(array, modules=(replace(row, count=5),))
    rated = Inverters(count=2, max_power_ac_kw=row.nameplate_dc_kw * 4, efficiency_pct=96.0)
    whole = replace(system, arrays=(whole_array,), inverters=(rated,))
    half = replace(system, arrays=(half_array,), inverters=(replace(rated, count=1),))
    split = replace(whole, arrays=(half_array, half_array))
    lines = power([replace(site, systems=systems) for systems in ((whole,), (half, half), (split,))])
    assert np.allclose(lines[1], lines[0], rtol=1e-9, atol=1e-9)
    assert np.allclose(lines[2], lines[0], rtol=1e-9, atol=1e-9)


def test_cells_on_a_roof_are_hotter_by_day() -> None:
    rack, roof = power([simple_site(mounting=mounting) for mounting in Mounting], wanted="cell_c")
    lit = power([simple_site()])[0] > 0.05
    assert (roof[lit] > rack[lit]).all()
    assert np.array_equal(roof[~daylight_of(simple_site())], rack[~daylight_of(simple_site())])


def daylight_of(site: PvSite) -> npt.NDArray[np.bool_]:
    """Whether the sun is up in each hour of the week."""
    place = (np.array([site.latitude_deg]), np.array([site.longitude_deg]), np.array([site.elevation_m or 0.0]))
    return daylight(*place, WEEK.mid_s())[0]


def test_one_row_that_follows_the_sun_beats_the_same_row_laid_flat() -> None:
    turning = simple_site(tilt_deg=0.0, tracking=Tracking.SINGLE_AXIS, module_row_count=1, ac_kw=99)
    first, second = power([turning, simple_site(tilt_deg=0.0, ac_kw=99)]).sum(axis=1)
    assert first > 1.1 * second


def test_nothing_before_it_is_installed_nor_from_its_last_day_on() -> None:
    dates = {"install_date": datetime.date(2025, 4, 9), "decommission_date": datetime.date(2025, 4, 11)}
    always, ours, systems = power([simple_site(), simple_site(site=dates), simple_site(system=dates)])
    assert not ours[: 2 * 24].any()
    assert not ours[4 * 24 :].any()
    assert np.allclose(ours[2 * 24 : 4 * 24], always[2 * 24 : 4 * 24])
    assert np.array_equal(ours, systems)


def test_a_site_grows_by_the_system_that_is_installed_later() -> None:
    site = simple_site()
    later = replace(site.systems[0], install_date=datetime.date(2025, 4, 10))
    one, grown = power([site, replace(site, systems=(*site.systems, later))])
    assert np.allclose(grown[: 3 * 24], one[: 3 * 24])
    assert np.allclose(grown[3 * 24 :], 2 * one[3 * 24 :])


def test_missing_weather_is_missing_power_by_day_and_zero_by_night() -> None:
    ghi = np.full((1, 168), 300, np.float32)
    ghi[0, 24:72] = np.nan
    site = simple_site()
    found = power([site, replace(site, install_date=datetime.date(2026, 1, 1))], WEEK, Weather(ghi_wm2=ghi))
    up = daylight_of(site)
    gap = (np.arange(168) >= 24) & (np.arange(168) < 72)
    assert np.isnan(found[0][gap & up]).all()
    assert not found[0][gap & ~up].any()
    assert np.isfinite(found[0][~gap]).all()
    assert not found[1].any(), "what does not stand yet needs no weather"


def test_missing_temperature_and_wind_are_20_degrees_and_1_metre_per_second() -> None:
    light = {"ghi_wm2": 500.0, "dhi_wm2": 200.0}
    given_ = power([simple_site()], WEEK, hours(**light, temperature_c=20.0, wind_ms=1.0))
    assert np.array_equal(given_, power([simple_site()], WEEK, hours(**light)))
    holes = hours(**light, temperature_c=float("nan"), wind_ms=float("nan"))
    assert np.array_equal(given_, power([simple_site()], WEEK, holes))


def test_the_elevation_of_the_atlas_is_taken_where_none_is_given() -> None:
    elevation = float(ATLAS.elevation(np.array([36.1]), np.array([-79.95]))[0])
    assert 150 < elevation < 400
    first, second, other = power([simple_site(elevation_m=item) for item in (None, elevation, 2000.0)])
    assert np.array_equal(first, second)
    assert np.abs(first - other).max() > 1e-3
