"""How much memory one fleet-level run takes above an idle process, found out in a process of its own."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np

from bench.solar_world import CELLS, FLEETS, START_S, compiled_mix, made_up_feed, random_groups
from fleetline.solar.run import FleetSums, membership, tiles
from fleetline.solar.steps import Steps
from fleetline.solar.sun import ephemeris


def memory_mib(resources: int, hours: int) -> tuple[float, float]:
    """Peak above idle and the part that the sums themselves take, MiB."""
    command = [sys.executable, "-m", "bench.solar_memory", str(resources), str(hours)]
    folder = Path(__file__).parent.parent
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    peak, sums = json.loads(done.stdout)
    return float(peak), float(sums)


def _status_mib(name: str) -> float:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(name):
            return int(line.split()[1]) / 1024
    raise KeyError(name)


def _forget_peak() -> None:
    """Starts the high-water mark of this process again (Linux)."""
    Path("/proc/self/clear_refs").write_text("5")


def _run(resources: int, hours: int) -> tuple[float, float]:
    """Idle is a process that has computed before, and holds a week of weather but no resources."""
    ephemeris(np.array([float(START_S)]))
    feed = made_up_feed(CELLS)
    members = membership(random_groups(resources, FLEETS), resources)
    _forget_peak()
    idle = _status_mib("VmRSS")
    rows = compiled_mix(resources)
    steps = Steps(START_S, 3600, hours)
    sums = FleetSums(rows, steps, members)
    for tile in tiles(rows, steps, feed):
        sums.add(tile)
    return _status_mib("VmHWM") - idle, sums.series().power_ac_kw.nbytes / 2**20


if __name__ == "__main__":
    print(json.dumps(_run(int(sys.argv[1]), int(sys.argv[2]))))
