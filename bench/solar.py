"""How fast and how lean the solar kernel is, beside pvlib's ModelChain in a loop and beside copying its numbers.

`python -m bench.solar` prints these figures alone; `--full` runs the year over all resources instead of 5000.
Everything but the run on two threads takes one thread, and every ratio comes from one process. Seconds are those of the
processor, but for the two threads.
"""

import argparse
import statistics
import time
import warnings
from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from bench.solar_memory import memory_mib
from bench.solar_world import CELLS, FLEETS, START_S, compiled_mix, made_up_feed, mixed_site, random_groups
from fleetline.app.bench import Figure, table_of
from fleetline.solar import kernel
from fleetline.solar.rows import Rows
from fleetline.solar.run import LARGEST_TILE, USUAL_TILE, Engine, FleetSums, membership, tiles
from fleetline.solar.steps import Steps

COPY_BYTES: Final = 256 * 2**20
WEEK_H: Final = 168
YEAR_H: Final = 8760
RESOURCES: Final = 100_000
CI_YEAR_RESOURCES: Final = 5000
CI_MEMORY_RESOURCES: Final = 20_000
MOST_MIB: Final = 512.0

ROUNDS: Final = 3


def copy_s_per_float() -> float:
    """Seconds per float32 when a buffer of 256 MiB is copied: the best of five."""
    source = np.ones(COPY_BYTES // 4, np.float32)
    target = np.empty_like(source)
    np.copyto(target, source)
    return min(_timed(lambda: np.copyto(target, source)) for _ in range(5)) / source.size


def _timed(action: Callable[[], object], clock: Callable[[], float] = time.process_time) -> float:
    """Seconds of the processor, so that other work on the machine does not count as ours; of the wall where asked."""
    begun = clock()
    action()
    return clock() - begun


def peer_s_per_step(hours: int, count: int) -> float:
    """Median seconds per row-step of pvlib's ModelChain over `count` resources, one at a time."""
    import pandas as pd

    times = pd.date_range(pd.Timestamp(START_S + 1800, unit="s", tz="UTC"), periods=hours, freq="h")
    random = np.random.default_rng(4)
    fields = made_up_feed(1)(0, min(hours, WEEK_H))
    repeat = -(-hours // WEEK_H)

    def column(values: npt.NDArray[np.float32] | None) -> npt.NDArray[np.float64]:
        assert values is not None
        return np.tile(values[0], repeat)[:hours].astype(np.float64)

    weather = pd.DataFrame(
        {
            "ghi": column(fields.ghi_wm2),
            "dni": column(fields.dni_wm2),
            "dhi": column(fields.dhi_wm2),
            "temp_air": column(fields.temperature_c),
            "wind_speed": column(fields.wind_ms),
        },
        index=times,
    )
    chains = [_chain(random, number) for number in range(count)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        chains[0].run_model(weather)
        seconds = [_timed(lambda chain=chain: chain.run_model(weather)) for chain in chains]  # type: ignore[misc]
    return statistics.median(seconds) / hours


def _chain(random: np.random.Generator, number: int) -> Any:
    """The resource of our mix in pvlib's words."""
    from pvlib import location, modelchain, pvsystem

    site = mixed_site(random, number)
    array = site.systems[0].arrays[0]
    if number % 5 == 0:
        mount: Any = pvsystem.SingleAxisTrackerMount(
            array.tilt_deg, array.azimuth_deg, array.rotation_limit_deg, True, 1 / 3
        )
    else:
        mount = pvsystem.FixedMount(array.tilt_deg, array.azimuth_deg)
    one = pvsystem.Array(
        mount,
        albedo=0.17,
        module_parameters={"pdc0": site.dc_kw * 1000, "gamma_pdc": -0.004},
        temperature_model_parameters={"u0": 25.0, "u1": 6.84},
    )
    system = pvsystem.PVSystem([one], inverter_parameters={"pdc0": site.ac_kw * 1000 / 0.96, "eta_inv_nom": 0.96})
    return modelchain.ModelChain(
        system, location.Location(site.latitude_deg, site.longitude_deg, altitude=100.0),
        dc_model="pvwatts", ac_model="pvwatts", aoi_model="physical", spectral_model="no_loss",
        temperature_model="faiman", transposition_model="perez", losses_model="no_loss",
    )  # fmt: skip


def ours_s_per_step(
    rows: Rows, hours: int, engine: Engine, size: int, threads: int = 1,
    clock: Callable[[], float] = time.process_time,
) -> float:  # fmt: skip
    """Seconds per row-step of one whole run under weather."""
    steps, feed = Steps(START_S, 3600, hours), made_up_feed(CELLS)

    def run() -> None:
        for _ in tiles(rows, steps, feed, engine=engine, size=size, threads=threads):
            pass

    return _timed(run, clock) / (rows.sites * hours)


def sums_share(rows: Rows, hours: int) -> float:
    """Part of the kernel's time that sums over 500 fleets add to a run."""
    steps = Steps(START_S, 3600, hours)
    sums = FleetSums(rows, steps, membership(random_groups(rows.sites, FLEETS), rows.sites))
    adding = kernel_s = 0.0
    begun = time.process_time()
    for tile in tiles(rows, steps, made_up_feed(CELLS)):
        kernel_s += time.process_time() - begun
        adding += _timed(lambda tile=tile: sums.add(tile))  # type: ignore[misc]
        begun = time.process_time()
    return adding / kernel_s


def _fused() -> Engine | None:
    try:
        from fleetline.solar import fused
    except ImportError:
        return None
    return fused.tile


def measure(hours: int, resources: int) -> list[Figure]:
    """All figures of one span: a week or a year."""
    name, peers = ("week", 50) if hours == WEEK_H else ("year", 20)
    rows, engine = compiled_mix(resources), _fused()
    ours_s_per_step(rows, 24, kernel.tile, USUAL_TILE)
    if engine is not None:
        ours_s_per_step(rows, 24, engine, LARGEST_TILE)  # compiles
    copy, peer = copy_s_per_float(), peer_s_per_step(hours, peers)
    ours = min(ours_s_per_step(rows, hours, kernel.tile, USUAL_TILE) for _ in range(ROUNDS))
    share = min(sums_share(rows, hours) for _ in range(2))
    what = f"{name} of {resources:,}"
    return [
        _steps(f"{what}: numpy kernel, faster than pvlib", ours, peer, peer / ours, 60 if hours == WEEK_H else 5),
        _steps(f"{what}: numpy kernel, times copying", ours, copy, ours / copy, 2000, at_most=True),
        Figure(
            name=f"{what}: {FLEETS} fleet sums, of kernel time", unit="", value=share, limit=1.0, ratio=share,
            goal=0.10, at_most=True,
        ),
        *([] if engine is None else _fused_figures(what, rows, hours, engine, (peer, copy, ours))),
    ]  # fmt: skip


def _fused_figures(
    what: str, rows: Rows, hours: int, engine: Engine, beside: tuple[float, float, float]
) -> list[Figure]:
    peer, copy, ours = beside
    one = min(ours_s_per_step(rows, hours, engine, LARGEST_TILE) for _ in range(ROUNDS))
    walls: dict[int, list[float]] = {1: [], 2: []}
    for threads in (1, 2) * ROUNDS:  # in turn, so that other work on the machine meets both
        walls[threads].append(
            ours_s_per_step(rows, hours, engine, LARGEST_TILE, threads=threads, clock=time.perf_counter)
        )
    alone, two = min(walls[1]), min(walls[2])
    idle = "says little while other work keeps the cores busy"
    return [
        _steps(f"{what}: fused kernel, faster than pvlib", one, peer, peer / one, 200 if hours == WEEK_H else 15),
        _steps(f"{what}: fused kernel, faster than numpy's", one, ours, ours / one, 5, at_most=True),
        _steps(f"{what}: fused kernel, times copying", one, copy, one / copy, 600, at_most=True),
        _steps(f"{what}: fused kernel on two threads against one", two, alone, alone / two, 1.5, note=idle),
    ]


def _steps(
    name: str, ours_s: float, limit_s: float, ratio: float, goal: float, *, at_most: bool = False, note: str = ""
) -> Figure:
    """A figure per row-step."""
    return Figure(
        name=name, unit="ns/step", value=ours_s * 1e9, limit=limit_s * 1e9, ratio=ratio, goal=goal, at_most=at_most,
        note=note,
    )  # fmt: skip


def memory_figures(resources: int, year_resources: int) -> list[Figure]:
    """Memory above idle of fleet-level runs, each in a process of its own."""
    week, _ = memory_mib(resources, WEEK_H)
    short, short_sums = memory_mib(year_resources, WEEK_H)
    year, year_sums = memory_mib(year_resources, YEAR_H)
    return [
        _mib(f"week of {resources:,}: memory above idle", week, MOST_MIB, 1.0),
        _mib(f"year of {year_resources:,}: memory above idle", year, MOST_MIB, 1.0),
        _mib("year beside week: memory beside the sums", year - year_sums, short - short_sums, 1.2),
    ]


def _mib(name: str, value: float, limit: float, goal: float) -> Figure:
    return Figure(name=name, unit="MiB", value=value, limit=limit, ratio=value / limit, goal=goal, at_most=True)


def kernel_figures(*, full: bool = False, resources: int = RESOURCES) -> list[Figure]:
    """Every figure of the kernel; the year at CI size unless `full`."""
    year_resources = resources if full else min(CI_YEAR_RESOURCES, resources)
    lean = resources if full else min(CI_MEMORY_RESOURCES, resources)
    return [*measure(WEEK_H, resources), *measure(YEAR_H, year_resources), *memory_figures(resources, lean)]


def main(words: Sequence[str] | None = None) -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true", help="the year over all resources")
    parser.add_argument("--resources", type=int, default=RESOURCES)
    chosen = parser.parse_args(words)
    print(table_of(kernel_figures(full=chosen.full, resources=chosen.resources)))


if __name__ == "__main__":
    main()
