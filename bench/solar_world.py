"""The resources, weather and fleets that the solar benchmarks run on: 80 % fixed, 20 % one axis, 3000 cells."""

import datetime
from typing import Final

import numpy as np

from fleetline.model.power import Inverters, Modules, Mounting, PvArray, PvSite, PvSystem, Tracking
from fleetline.solar.atlas import shipped_atlas
from fleetline.solar.rows import Rows, compile_rows
from fleetline.solar.run import Feed
from fleetline.solar.sky import Weather

CELLS: Final = 3000
FLEETS: Final = 500
FLEETS_PER_RESOURCE: Final = 3
START_S: Final = int(datetime.datetime(2025, 1, 6, tzinfo=datetime.UTC).timestamp())


def mixed_site(random: np.random.Generator, number: int) -> PvSite:
    """One resource of the mix; every fifth turns on one axis between other rows."""
    modules = (Modules(count=20, nameplate_dc_kw=0.4),)
    if number % 5 == 0:
        array = PvArray(
            modules=modules,
            azimuth_deg=180.0,
            tilt_deg=0.0,
            rotation_limit_deg=60.0,
            tracking=Tracking.SINGLE_AXIS_BACKTRACKING if number % 10 else Tracking.SINGLE_AXIS,
        )
    else:
        tilt, azimuth = float(random.uniform(0, 45)), float(random.uniform(90, 270))
        array = PvArray(modules=modules, azimuth_deg=azimuth, tilt_deg=tilt, mounting=Mounting.ROOF)
    system = PvSystem(
        inverters=(Inverters(count=1, max_power_ac_kw=7.0, efficiency_pct=96.0),),
        arrays=(array,),
    )
    return PvSite(
        latitude_deg=float(random.uniform(28, 47)),
        longitude_deg=float(random.uniform(-122, -72)),
        elevation_m=100.0,
        systems=(system,),
    )


def compiled_mix(resources: int) -> Rows:
    """So many resources over all cells, as the kernel takes them."""
    random = np.random.default_rng(1)
    sites = [mixed_site(random, number) for number in range(resources)]
    return compile_rows(sites, shipped_atlas(), cells=random.integers(0, CELLS, resources))


def made_up_feed(cells: int) -> Feed:
    """A week of hours that comes again and again: GHI, DNI, DHI, temperature and wind of each cell."""
    random = np.random.default_rng(2)
    hours = np.arange(168)
    shape = (cells, len(hours))
    day = np.clip(np.cos((hours - 18.5) / 24 * 2 * np.pi), 0, 1) * random.uniform(0.2, 1.0, shape)
    share = random.uniform(0.15, 0.9, shape)
    fields = {
        "ghi_wm2": 900 * day,
        "dhi_wm2": 900 * day * share,
        "dni_wm2": 900 * (1 - share) * (day > 0),
        "temperature_c": random.uniform(-5, 30, shape),
        "wind_ms": random.uniform(0, 12, shape),
    }
    week = {name: values.astype(np.float32) for name, values in fields.items()}

    def feed(first: int, stop: int) -> Weather:
        return Weather(**{name: values[:, : stop - first] for name, values in week.items()})

    return feed


def random_groups(resources: int, fleets: int) -> list[list[int]]:
    """Members of each fleet; every resource is in three."""
    random = np.random.default_rng(3)
    groups: list[list[int]] = [[] for _ in range(fleets)]
    for resource in range(resources):
        for fleet in random.choice(fleets, FLEETS_PER_RESOURCE, replace=False):
            groups[fleet].append(resource)
    return groups
