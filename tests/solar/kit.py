"""Sites for the tests of the solar room, drawn from a seed, and short ways to write a simple one."""

import datetime
from typing import Any

import numpy as np

from fleetline.model.power import Inverters, Modules, Mounting, Obstruction, PvArray, PvSite, PvSystem, Tracking


def start_s(*when: int) -> int:
    """Seconds since 1970 of a UTC date and time."""
    return int(datetime.datetime(*when, tzinfo=datetime.UTC).timestamp())  # type: ignore[arg-type,misc]  # ints only


def simple_site(
    *,
    ac_kw: float = 7.0,
    dc_kw: float = 8.0,
    latitude_deg: float = 36.1,
    longitude_deg: float = -79.95,
    elevation_m: float | None = 273.0,
    system: dict[str, Any] | None = None,
    modules: dict[str, Any] | None = None,
    site: dict[str, Any] | None = None,
    **array: Any,
) -> PvSite:
    """One inverter, one array, one row of modules; `array` goes to the PvArray, the dicts to their owners."""
    row = Modules(**{"count": 1, "nameplate_dc_kw": dc_kw, **(modules or {})})
    facing = PvArray(**{"modules": (row,), "azimuth_deg": 180.0, "tilt_deg": 20.0, **array})
    inverters = (Inverters(count=1, max_power_ac_kw=ac_kw, efficiency_pct=96.0),)
    return PvSite(
        latitude_deg=latitude_deg,
        longitude_deg=longitude_deg,
        elevation_m=elevation_m,
        systems=(PvSystem(inverters=inverters, arrays=(facing,), **(system or {})),),
        **(site or {}),
    )


def golden_a() -> PvSite:
    """Depot roof: 20 modules of 0.4 kW, one inverter of 7 kW."""
    return simple_site(modules={"count": 20, "nameplate_dc_kw": 0.4}, mounting=Mounting.ROOF)


def golden_b() -> PvSite:
    """Backtracking field of 1.2 MW."""
    array = PvArray(
        modules=(Modules(count=3000, nameplate_dc_kw=0.4, temperature_coefficient_pct_per_c=0.35),),
        azimuth_deg=180,
        tilt_deg=0,
        tracking=Tracking.SINGLE_AXIS_BACKTRACKING,
        rotation_limit_deg=60,
        relative_row_spacing=2.5,
    )
    inverters = (Inverters(count=2, max_power_ac_kw=500, efficiency_pct=98),)
    system = PvSystem(inverters=inverters, arrays=(array,))
    return PvSite(latitude_deg=35.90, longitude_deg=-79.00, elevation_m=120, systems=(system,))


def random_array(random: np.random.Generator, tracking: Tracking, *, plain: bool = False) -> PvArray:
    """Any array of that tracking; `plain` leaves shade and skyline out."""
    rows = tuple(
        Modules(
            count=int(random.integers(1, 50)),
            nameplate_dc_kw=float(random.uniform(0.1, 0.6)),
            temperature_coefficient_pct_per_c=float(random.uniform(0.2, 0.6)),
            noct_c=float(random.uniform(40, 55)) if random.random() < 0.5 else None,
        )
        for _ in range(int(random.integers(1, 3)))
    )
    shaded = not plain and random.random() < 0.4
    walled = not plain and random.random() < 0.4
    return PvArray(
        modules=rows,
        azimuth_deg=float(random.uniform(0, 360)),
        tilt_deg=float(random.choice([0.0, random.uniform(0, 90), random.uniform(0, 40)])),
        tracking=tracking,
        rotation_limit_deg=float(random.uniform(20, 90)),
        module_row_count=None if random.random() < 0.4 else int(random.integers(1, 12)),
        relative_row_spacing=None if random.random() < 0.3 else float(random.uniform(1.1, 6)),
        mounting=Mounting.ROOF if random.random() < 0.5 else Mounting.OPEN_RACK,
        solar_access_pct=tuple(random.uniform(40, 100, 12).tolist()) if shaded else (100.0,) * 12,
        obstructions=tuple(
            Obstruction(
                azimuth_deg=float(random.uniform(0, 360)),
                elevation_deg=float(random.uniform(0, 50)),
                opacity_pct=float(random.uniform(20, 100)),
            )
            for _ in range(int(random.integers(1, 8)) if walled else 0)
        ),
    )


def random_site(random: np.random.Generator, tracking: Tracking, *, systems: int = 1, plain: bool = False) -> PvSite:
    """Any site between the polar circles whose arrays all track alike."""

    def system() -> PvSystem:
        arrays = tuple(random_array(random, tracking, plain=plain) for _ in range(int(random.integers(1, 3))))
        rated = sum(row.count * row.nameplate_dc_kw for array in arrays for row in array.modules)
        return PvSystem(
            inverters=(
                Inverters(count=2, max_power_ac_kw=rated / 3, efficiency_pct=float(random.uniform(90, 99))),
                Inverters(count=1, max_power_ac_kw=rated / 4, efficiency_pct=float(random.uniform(90, 99))),
            ),
            arrays=arrays,
            albedo_pct=float(random.uniform(0, 60)),
            derate_pct=None if random.random() < 0.3 else float(random.uniform(70, 100)),
            install_date=datetime.date(2021, 5, 3) if random.random() < 0.3 else None,
        )

    return PvSite(
        latitude_deg=float(random.uniform(-64, 64)),
        longitude_deg=float(random.uniform(-179, 179)),
        elevation_m=float(random.uniform(-100, 3500)),
        systems=tuple(system() for _ in range(systems)),
        install_date=datetime.date(2024, 2, 1) if random.random() < 0.2 else None,
        decommission_date=datetime.date(2026, 3, 1) if random.random() < 0.2 else None,
        degradation_pct_per_year=float(random.uniform(0, 3)) if random.random() < 0.5 else None,
    )
