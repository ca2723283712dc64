"""How fast and how lean the solar kernel is, beside pvlib's ModelChain in a loop and beside copying its numbers.

`python -m bench.solar` prints one JSON document; `--full` runs the year over all resources instead of 5000.
Everything but the run on two threads takes one thread, and every ratio comes from one process. The ratio of two threads
to one says nothing on a machine whose cores are busy.
"""

import argparse
import json
import statistics
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from bench.solar_memory import memory_mib
from bench.solar_world import CELLS, FLEETS, START_S, compiled_mix, made_up_feed, mixed_site, random_groups
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

Clock = Callable[[], float]


@dataclass(frozen=True, slots=True)
class Gate:
    """One line of the report: what was measured, over what it stands, and what it must keep."""

    name: str
    value: float
    limit: float
    at_most: bool

    @property
    def kept(self) -> bool:
        """Whether the figure is on the right side of its limit."""
        return self.value <= self.limit if self.at_most else self.value >= self.limit

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        sign = "<=" if self.at_most else ">="
        return {"name": self.name, "value": round(self.value, 4), "gate": f"{sign} {self.limit:g}", "kept": self.kept}


def copy_s_per_float() -> float:
    """Seconds per float32 when a buffer of 256 MiB is copied: the best of five."""
    source = np.ones(COPY_BYTES // 4, np.float32)
    target = np.empty_like(source)
    np.copyto(target, source)
    return min(_timed(lambda: np.copyto(target, source)) for _ in range(5)) / source.size


def _timed(action: Callable[[], object]) -> float:
    begun = time.perf_counter()
    action()
    return time.perf_counter() - begun


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


def ours_s_per_step(rows: Rows, hours: int, engine: Engine, size: int, threads: int = 1) -> float:
    """Seconds per row-step of a whole run under weather, the best of three."""
    steps = Steps(START_S, 3600, hours)
    feed = made_up_feed(CELLS)

    def run() -> None:
        for _ in tiles(rows, steps, feed, engine=engine, size=size, threads=threads):
            pass

    return min(_timed(run) for _ in range(3)) / (rows.sites * hours)


def sums_share(rows: Rows, hours: int) -> float:
    """Part of the kernel's time that sums over 500 fleets add to a run."""
    steps = Steps(START_S, 3600, hours)
    sums = FleetSums(rows, steps, membership(random_groups(rows.sites, FLEETS), rows.sites))
    adding = kernel_s = 0.0
    begun = time.perf_counter()
    for tile in tiles(rows, steps, made_up_feed(CELLS)):
        kernel_s += time.perf_counter() - begun
        adding += _timed(lambda tile=tile: sums.add(tile))  # type: ignore[misc]
        begun = time.perf_counter()
    return adding / kernel_s


def _fused() -> Engine | None:
    try:
        from fleetline.solar import fused
    except ImportError:
        return None
    return fused.tile


def measure(hours: int, resources: int) -> list[Gate]:
    """All gates of one span: a week or a year."""
    name, peers = ("week", 50) if hours == WEEK_H else ("year", 20)
    rows = compiled_mix(resources)
    copy, peer = copy_s_per_float(), peer_s_per_step(hours, peers)
    ours_s_per_step(rows, WEEK_H, kernel.tile, USUAL_TILE)
    ours = ours_s_per_step(rows, hours, kernel.tile, USUAL_TILE)
    gates = [
        Gate(f"{name}: numpy kernel, times faster than the peer", peer / ours, 60 if name == "week" else 5, False),
        Gate(f"{name}: numpy kernel, times the copy", ours / copy, 2000, True),
        Gate(f"{name}: fleet sums, share of kernel time", min(sums_share(rows, hours) for _ in range(2)), 0.10, True),
    ]
    return gates + _fused_gates(name, rows, hours, peer, copy, ours)


def _fused_gates(name: str, rows: Rows, hours: int, peer: float, copy: float, ours: float) -> list[Gate]:
    engine = _fused()
    if engine is None:
        return []
    ours_s_per_step(rows, 24, engine, LARGEST_TILE)  # compiles
    fused = ours_s_per_step(rows, hours, engine, LARGEST_TILE)
    twice = ours_s_per_step(rows, hours, engine, LARGEST_TILE, threads=2)
    return [
        Gate(f"{name}: fused kernel, times faster than the peer", peer / fused, 200 if name == "week" else 15, False),
        Gate(f"{name}: numpy kernel, times the fused kernel", ours / fused, 5, True),
        Gate(f"{name}: fused kernel, times the copy", fused / copy, 600, True),
        Gate(f"{name}: fused kernel, speed on two threads against one", fused / twice, 1.5, False),
    ]


def memory_gates(resources: int, year_resources: int) -> list[Gate]:
    """Memory above idle of fleet-level runs, each in a process of its own, in MiB."""
    week, _ = memory_mib(resources, WEEK_H)
    short, short_sums = memory_mib(year_resources, WEEK_H)
    year, year_sums = memory_mib(year_resources, YEAR_H)
    return [
        Gate("week: memory above the idle server, MiB", week, 512, True),
        Gate("year: memory above the idle server, MiB", year, 512, True),
        Gate("year: memory beside the sums, times the week's", (year - year_sums) / (short - short_sums), 1.2, True),
    ]


def report(*, full: bool = False, resources: int = RESOURCES) -> list[dict[str, Any]]:
    """Every gate as data; CI size unless `full`."""
    year_resources = resources if full else min(CI_YEAR_RESOURCES, resources)
    gates = measure(WEEK_H, resources) + measure(YEAR_H, year_resources)
    lean = resources if full else min(CI_MEMORY_RESOURCES, resources)
    return [gate.as_dict() for gate in gates + memory_gates(resources, lean)]


def main() -> None:
    """Prints the report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true", help="the year over all resources")
    parser.add_argument("--resources", type=int, default=RESOURCES)
    chosen = parser.parse_args()
    print(json.dumps(report(full=chosen.full, resources=chosen.resources), indent=1))


if __name__ == "__main__":
    main()
