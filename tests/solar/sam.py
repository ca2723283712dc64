"""NREL's PVWatts v8 and ours side by side on the typical years that pvlib ships."""

import functools
import os
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pvlib
from PySAM import Pvwattsv8

from fleetline.model.power import Inverters, Modules, Mounting, PvArray, PvSite, PvSystem, Tracking
from fleetline.solar.atlas import Atlas
from fleetline.solar.rows import compile_rows
from fleetline.solar.run import simulate
from fleetline.solar.sky import Weather
from fleetline.solar.steps import Steps
from tests.solar.kit import start_s

FloatArray = npt.NDArray[np.float64]

FULL = os.environ.get("FLEETLINE_FULL") == "1"
"""Five times as many resources as the gates ask for."""

DC_KW = 100.0
ALBEDO_PCT = 17.0
FIELDS = ("ghi", "dni", "dhi", "temp_air", "wind_speed")
CLIMATES = {"Greensboro": "723170TYA.CSV", "Sand Point": "703165TY.csv", "Miami": "12839.tm2"}


@dataclass(frozen=True, slots=True)
class Climate:
    """A typical year of 8760 hours, and where it was measured; the hours are those of 2021 in local standard time."""

    latitude_deg: float
    longitude_deg: float
    elevation_m: float
    zone_h: float
    hours: dict[str, FloatArray]

    @property
    def steps(self) -> Steps:
        """The year's hours in UTC."""
        return Steps(start_s(2021, 1, 1) - int(self.zone_h * 3600), 3600, 8760)


@functools.cache
def climate(name: str) -> Climate:
    """One of CLIMATES; a TMY2 file gives temperature and wind in tenths."""
    file = Path(pvlib.__file__).parent / "data" / CLIMATES[name]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if file.suffix == ".tm2":
            table, place = pvlib.iotools.read_tmy2(file)
            columns: tuple[str, ...] = ("GHI", "DNI", "DHI", "DryBulb", "Wspd")
        else:
            table, place = pvlib.iotools.read_tmy3(file, map_variables=True)
            columns = FIELDS
    values = [table[column].to_numpy(float) for column in columns]
    if file.suffix == ".tm2":
        values[3:] = [part / 10.0 for part in values[3:]]
    hours = dict(zip(FIELDS, (part.astype(np.float32).astype(np.float64) for part in values), strict=True))
    return Climate(place["latitude"], place["longitude"], place["altitude"], place["TZ"], hours)


@dataclass(frozen=True, slots=True)
class Case:
    """One resource of the matrix. array_type counts as SAM does: rack, roof, one axis, backtracking, two axes."""

    array_type: int
    tilt_deg: float
    azimuth_deg: float
    dc_ac: float
    derate_pct: float
    gcr: float

    @property
    def ac_kw(self) -> float:
        """Rating of the inverters."""
        return DC_KW / self.dc_ac


def matrix(seed: int = 180, count: int = 1000 if FULL else 200) -> list[Case]:
    """Resources of every kind that face the sun, the same on each run."""
    random = np.random.default_rng(seed)
    cases = []
    for number in range(count):
        kind = number % 5
        tilt = float(random.uniform(0, 60)) if kind < 2 else 0.0
        if kind == 1 and number % 3 == 0:
            tilt = (0.0, 5.0, 10.0)[number // 3 % 3]
        cases.append(_case(random, kind, tilt, float(random.uniform(90, 270))))
    return cases


def hard_matrix(seed: int = 181, count: int = 160 if FULL else 40) -> list[Case]:
    """Racks and roofs that face away from the equator up to a tilt of 60 degrees, and others that are steeper.

    Racks end at 70 degrees: beyond, PVWatts gives rows more light from the sky the steeper they stand.
    """
    random = np.random.default_rng(seed)
    cases = []
    for number in range(count):
        kind = number // 2 % 2
        if number % 2 == 0:
            tilt, azimuth = float(random.uniform(0, 60)), float(random.uniform(-90, 90)) % 360
        else:
            tilt, azimuth = float(random.uniform(60, 70 if kind == 0 else 90)), float(random.uniform(0, 360))
        cases.append(replace(_case(random, kind, tilt, azimuth), dc_ac=float(random.uniform(1.0, 1.3))))
    return cases


def usual_cases() -> list[Case]:
    """Racks and roofs of up to 20 degrees that face the equator, 1.2 times as much DC as AC."""
    return [Case(kind, tilt, 180.0, 1.2, 86.0, 0.4) for kind in (0, 1) for tilt in (0.0, 10.0, 20.0)]


def _case(random: np.random.Generator, kind: int, tilt: float, azimuth: float) -> Case:
    return Case(
        kind,
        tilt,
        azimuth,
        float(random.uniform(1.0, 1.8)),
        float(random.uniform(80, 95)),
        float(random.uniform(0.25, 0.5)),
    )


@functools.cache
def _sam(place_name: str) -> Any:
    """PVWatts v8 with the weather of one of CLIMATES."""
    place = climate(place_name)
    model: Any = Pvwattsv8.default("PVWattsNone")
    stamps = np.arange("2021-01-01", "2022-01-01", dtype="datetime64[h]")
    months, days = stamps.astype("datetime64[M]"), stamps.astype("datetime64[D]")
    model.SolarResource.solar_resource_data = {
        "lat": place.latitude_deg, "lon": place.longitude_deg, "tz": place.zone_h, "elev": place.elevation_m,
        "year": [2021] * 8760,
        "month": (months.astype(int) % 12 + 1).tolist(),
        "day": ((days - months).astype(int) + 1).tolist(),
        "hour": (stamps.astype(int) % 24).tolist(),
        "minute": [30] * 8760,
        "gh": place.hours["ghi"].tolist(), "dn": place.hours["dni"].tolist(), "df": place.hours["dhi"].tolist(),
        "tdry": place.hours["temp_air"].tolist(), "wspd": place.hours["wind_speed"].tolist(),
        "albedo": [ALBEDO_PCT / 100] * 8760,
    }  # fmt: skip
    model.SolarResource.use_wf_albedo = 1
    return model


@functools.cache
def sam_kw(place_name: str, case: Case) -> FloatArray:
    """(8760,) AC power as PVWatts v8 has it."""
    model = _sam(place_name)
    design = model.SystemDesign
    design.system_capacity = DC_KW
    design.module_type = 0
    design.dc_ac_ratio = case.dc_ac
    design.inv_eff = 96
    design.losses = 100 - case.derate_pct
    design.array_type = case.array_type
    design.tilt, design.azimuth, design.gcr = case.tilt_deg, case.azimuth_deg, case.gcr
    design.rotlim = 45
    model.execute()
    return np.asarray(model.Outputs.ac) / 1000.0


TRACKING = {2: Tracking.SINGLE_AXIS, 3: Tracking.SINGLE_AXIS_BACKTRACKING, 4: Tracking.DUAL_AXIS}


def our_site(place: Climate, case: Case) -> PvSite:
    """The same resource in our words."""
    array = PvArray(
        modules=(Modules(count=1, nameplate_dc_kw=DC_KW, temperature_coefficient_pct_per_c=0.37),),
        azimuth_deg=case.azimuth_deg,
        tilt_deg=case.tilt_deg,
        tracking=TRACKING.get(case.array_type, Tracking.FIXED),
        module_row_count={0: 10_000, 1: 1}.get(case.array_type),
        relative_row_spacing=1 / case.gcr,
        mounting=Mounting.ROOF if case.array_type == 1 else Mounting.OPEN_RACK,
    )
    system = PvSystem(
        inverters=(Inverters(count=1, max_power_ac_kw=case.ac_kw, efficiency_pct=96),),
        arrays=(array,),
        albedo_pct=ALBEDO_PCT,
        derate_pct=case.derate_pct,
    )
    return PvSite(
        latitude_deg=place.latitude_deg,
        longitude_deg=place.longitude_deg,
        elevation_m=place.elevation_m,
        systems=(system,),
    )


def our_kw(
    place: Climate,
    cases: Sequence[Case],
    *,
    ghi_only: bool = False,
    calm: bool = False,
    moved_s: int = 0,
    **changed: Any,
) -> FloatArray:
    """(cases, 8760) AC power as our kernel has it.

    calm      leaves the wind out
    moved_s   puts the sun so many seconds late
    changed   columns of the compiled rows to replace
    """
    hours = {name: values.astype(np.float32)[None] for name, values in place.hours.items()}

    def feed(first: int, stop: int) -> Weather:
        return Weather(
            ghi_wm2=hours["ghi"][:, first:stop],
            dni_wm2=None if ghi_only else hours["dni"][:, first:stop],
            dhi_wm2=None if ghi_only else hours["dhi"][:, first:stop],
            temperature_c=hours["temp_air"][:, first:stop],
            wind_ms=hours["wind_speed"][:, first:stop] * np.float32(not calm),
        )

    nowhere = Atlas(
        lambda latitude, longitude: np.zeros((len(latitude), 12)), lambda latitude, longitude: np.zeros(len(latitude))
    )
    rows = compile_rows([our_site(place, case) for case in cases], nowhere, cells=np.zeros(len(cases), np.int64))
    steps = replace(place.steps, start_s=place.steps.start_s + moved_s)
    return simulate(replace(rows, **changed), steps, feed)["ac_kw"]


@dataclass(frozen=True, slots=True)
class Agreement:
    """How near one series comes to another over all hours."""

    ratio: float
    nrmse: float
    correlation: float

    def within(self, low: float, high: float, nrmse: float, correlation: float) -> bool:
        """Whether all three hold."""
        return low <= self.ratio <= high and self.nrmse < nrmse and self.correlation > correlation


def agreement(ours: FloatArray, theirs: FloatArray, ac_kw: float) -> Agreement:
    """`theirs` is the reference."""
    error = float(np.sqrt(np.mean((ours - theirs) ** 2))) / ac_kw
    return Agreement(float(ours.sum() / theirs.sum()), error, float(np.corrcoef(ours, theirs)[0, 1]))
