"""Sums over groups, coarser periods, and what must make no difference."""

import itertools
import subprocess
import sys

import numpy as np
import numpy.typing as npt
import pytest

from fleetline.model.power import PvSite, Tracking
from fleetline.solar.atlas import shipped_atlas
from fleetline.solar.rows import compile_rows, cut
from fleetline.solar.run import FleetSums, fleet_power, membership, simulate, site_spans, tiles
from fleetline.solar.sky import Weather
from fleetline.solar.steps import Steps
from tests.solar.kit import random_site, simple_site, start_s

FloatArray = npt.NDArray[np.float64]
STEPS = Steps(start_s(2025, 6, 1), 900, 4 * 24 * 3)


def many(count: int = 24) -> list[PvSite]:
    """Sites of every tracking with up to two systems."""
    random = np.random.default_rng(12)
    kinds = list(Tracking)
    return [random_site(random, kinds[number % 4], systems=1 + number % 2) for number in range(count)]


def feed(first: int, stop: int) -> Weather:
    """Five cells; the third has holes."""
    random = np.random.default_rng(3)
    ghi = random.uniform(0, 900, (5, len(STEPS))).astype(np.float32)
    ghi[2, 40:60] = np.nan
    return Weather(ghi_wm2=ghi[:, first:stop])


CELLS = np.arange(24) % 5


def close(a: FloatArray, b: FloatArray) -> bool:
    """To 1e-9 of the value."""
    return bool(np.allclose(a, b, rtol=1e-9, atol=1e-12, equal_nan=True))


def test_a_fleet_is_the_sum_of_its_members_and_overlaps_count_once() -> None:
    rows = compile_rows(many(), shipped_atlas())
    single = simulate(rows, STEPS)["ac_kw"]
    groups = [[0, 5, 7], [7, 5, 0, 5], list(range(24)), list(range(12)), list(range(12, 24)), []]
    sums = fleet_power(rows, STEPS, groups)
    for group, line in zip(groups, sums.power_ac_kw, strict=True):
        assert close(line, single[sorted(set(group))].sum(axis=0))
    assert close(sums.power_ac_kw[2], sums.power_ac_kw[3] + sums.power_ac_kw[4])
    assert not sums.power_ac_kw[5].any()
    assert close(sums.total_kw[:1], np.array([sum(many()[index].ac_kw for index in (0, 5, 7))]))


def test_an_hour_is_the_mean_of_its_quarters_under_clear_sky() -> None:
    rows = compile_rows(many(), shipped_atlas())
    quarters = simulate(rows, STEPS)["ac_kw"]
    hours = simulate(rows, STEPS, per_period=4)["ac_kw"]
    assert close(hours, quarters.reshape(24, -1, 4).mean(axis=2))
    series = fleet_power(rows, STEPS, [[1, 2]], per_period=4)
    assert series.period_ms == 3_600_000
    assert series.start_at_ms == STEPS.start_s * 1000
    assert close(series.power_ac_kw[0], hours[1] + hours[2])
    assert close(series.energy_ac_kwh, series.power_ac_kw)


@pytest.mark.parametrize(("size", "threads"), [(1, 1), (700, 1), (262_144, 1), (5000, 3)])
def test_neither_the_size_of_a_tile_nor_threads_change_anything(size: int, threads: int) -> None:
    rows = compile_rows(many(), shipped_atlas(), cells=CELLS)
    expected = simulate(rows, STEPS, feed)["ac_kw"]
    found = np.full_like(expected, -1)
    for tile in tiles(rows, STEPS, feed, size=size, threads=threads):
        part = tile.values["ac_kw"]
        found[tile.order, tile.first_period : tile.first_period + part.shape[1]] = part
    assert close(found, expected)


def test_the_order_of_the_sites_changes_nothing() -> None:
    sites = many()
    order = np.random.default_rng(0).permutation(24)
    expected = simulate(compile_rows(sites, shipped_atlas(), cells=CELLS), STEPS, feed)["ac_kw"]
    rows = compile_rows([sites[index] for index in order], shipped_atlas(), cells=CELLS[order])
    assert close(simulate(rows, STEPS, feed)["ac_kw"], expected[order])


def test_where_one_starts_to_count_the_steps_changes_nothing() -> None:
    rows = compile_rows(many(), shipped_atlas())
    late = Steps(STEPS.start_s + 50 * STEPS.step_s, STEPS.step_s, 40)
    assert close(simulate(rows, late)["ac_kw"], simulate(rows, STEPS)["ac_kw"][:, 50:90])


def test_a_run_can_go_on_from_its_last_finished_periods() -> None:
    rows = compile_rows(many(), shipped_atlas(), cells=CELLS)
    whole = simulate(rows, STEPS, feed, per_period=4)["ac_kw"]
    rest = list(tiles(rows, STEPS, feed, per_period=4, from_period=45))
    first = min(tile.first_period for tile in rest)
    assert 0 < first <= 45
    for tile in rest:
        part = tile.values["ac_kw"]
        assert close(part, whole[tile.order, tile.first_period : tile.first_period + part.shape[1]])


def test_a_fleet_sums_who_has_a_value_and_is_null_when_nobody_has() -> None:
    sites = [simple_site(ac_kw=5.0), simple_site(ac_kw=20.0, dc_kw=30.0)]
    day = Steps(start_s(2025, 6, 1), 900, 96)
    ghi = np.full((2, 96), 500, np.float32)
    ghi[0, 70:] = np.nan
    ghi[1, 75:] = np.nan

    def torn(first: int, stop: int) -> Weather:
        return Weather(ghi_wm2=ghi[:, first:stop])

    rows = compile_rows(sites, shipped_atlas(), cells=[0, 1])
    single = simulate(rows, day, torn)["ac_kw"]
    series = fleet_power(rows, day, [[0, 1], [0]], torn)
    assert series.available_kw is not None
    assert close(series.power_ac_kw[0, :70], single[:, :70].sum(axis=0))
    assert close(series.power_ac_kw[0, 70:75], single[1, 70:75])
    assert np.isnan(series.power_ac_kw[0, 75:88]).all()
    assert np.isnan(series.power_ac_kw[1, 70:75]).all()
    assert series.available_kw[0, [60, 72, 80]].tolist() == [25.0, 20.0, 0.0]
    hours = fleet_power(rows, day, [[0, 1], [0]], torn, per_period=4)
    assert np.isnan(hours.power_ac_kw[1, 17]), "a period is null when any of its steps is"


def test_a_site_without_a_cell_has_no_value_by_day() -> None:
    rows = compile_rows([simple_site(), simple_site()], shipped_atlas(), cells=[-1, 0])
    found = simulate(rows, Steps(start_s(2025, 6, 1), 900, 96), lambda first, stop: feed(0, 96))["ac_kw"]
    assert np.isnan(found[0]).any()
    assert np.isfinite(found[1]).all()
    assert np.array_equal(np.isnan(found[0]), found[0] != 0)


def test_a_site_of_more_rows_than_a_tile_holds_is_cut_in_time() -> None:
    array = simple_site().systems[0].arrays[0]
    crowd = simple_site(ac_kw=1e6, dc_kw=0.01)
    wide = crowd.systems[0].arrays[0].modules * 2000
    system = crowd.systems[0]
    big = PvSite(
        latitude_deg=36.1, longitude_deg=-79.95, elevation_m=273,
        systems=(type(system)(inverters=system.inverters, arrays=(type(array)(
            modules=wide, azimuth_deg=180.0, tilt_deg=20.0),)),),
    )  # fmt: skip
    steps = Steps(start_s(2025, 6, 1), 3600, 168)
    wanted = ("dc_kw",)
    one, crowded = simulate(compile_rows([crowd, big], shipped_atlas()), steps, wanted=wanted)["dc_kw"]
    assert close(crowded, 2000 * one)


def test_spans_cover_every_site_once_and_keep_to_the_limit() -> None:
    rows = compile_rows(many(), shipped_atlas())
    ends = rows.site_first_row
    for most in (1, 3, 10, 1000):
        spans = list(site_spans(rows, most))
        assert spans[0][0] == 0
        assert spans[-1][1] == 24
        assert all(left[1] == right[0] for left, right in itertools.pairwise(spans))
        assert all(ends[stop] - ends[first] <= most or stop == first + 1 for first, stop in spans)


def test_a_cut_holds_its_sites_as_if_they_had_been_compiled_alone() -> None:
    sites = many()
    rows = compile_rows(sites, shipped_atlas())
    part, alone = cut(rows, 5, 9), compile_rows(sites[5:9], shipped_atlas())
    for name in rows.__slots__:
        if name not in ("order", "model", "reference_c"):
            assert np.array_equal(getattr(part, name), getattr(alone, name), equal_nan=True), name


def test_sums_hold_groups_by_periods_and_no_member() -> None:
    rows = compile_rows(many(), shipped_atlas())
    sums = FleetSums(rows, STEPS, membership([[0, 1], [2]], 24), 4)
    for tile in tiles(rows, STEPS, per_period=4):
        sums.add(tile)
    assert sums.series().power_ac_kw.shape == (2, 72)


def test_no_sites_and_no_groups_are_no_trouble() -> None:
    rows = compile_rows([], shipped_atlas())
    assert simulate(rows, STEPS)["ac_kw"].shape == (0, len(STEPS))
    assert not fleet_power(rows, STEPS, [[]]).power_ac_kw.any()
    some = compile_rows([simple_site()], shipped_atlas())
    assert fleet_power(some, STEPS, []).power_ac_kw.shape == (0, len(STEPS))


def test_the_room_opens_without_the_slow_libraries() -> None:
    code = (
        "import sys\n"
        "from fleetline.solar import atlas, clear, forecast, kernel, metrics, refine, rows, run\n"
        "print(sorted({'pvlib', 'pandas', 'scipy', 'h5py', 'numba'} & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
