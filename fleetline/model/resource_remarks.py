"""What looks wrong about a solar site although it may be stored: watts for kilowatts, radians for degrees."""

from dataclasses import dataclass
from typing import Final

from fleetline.model.power import DERATE_PCT, Modules, PowerModel, PvArray, PvSite, PvSystem, Tracking

LEAST_DC_PER_AC: Final = 0.5
MOST_DC_PER_AC: Final = 2.5
LARGE_MODULE_KW: Final = 1.0
LARGE_COEFFICIENT: Final = 1.0
LOW_DERATE_PCT: Final = 50.0
STEEP_DEG: Final = 15.0
RADIANS_TILT: Final = 1.6
RADIANS_AZIMUTH: Final = 6.3

Path = tuple[str | int, ...]
"""Attributes and indexes from the site down."""


@dataclass(frozen=True, slots=True)
class Remark:
    """code: `ratio`, `watts`, `coefficient`, `derate`, `null_island`, `facing`, `radians`, `ptc`."""

    code: str
    path: Path


def remarks(site: PvSite) -> list[Remark]:
    """One for each thing that looks wrong, from the site down."""
    found: list[Remark] = []
    if not LEAST_DC_PER_AC <= site.dc_kw / site.ac_kw <= MOST_DC_PER_AC:
        found.append(Remark("ratio", ("systems",)))
    if site.latitude_deg == 0 and site.longitude_deg == 0:
        found.append(Remark("null_island", ("latitude_deg",)))
    for number, system in enumerate(site.systems):
        _of_system(site, system, ("systems", number), found)
    return found


def _of_system(site: PvSite, system: PvSystem, path: Path, found: list[Remark]) -> None:
    derate = DERATE_PCT[PowerModel.PVLIB] if system.derate_pct is None else system.derate_pct
    if derate < LOW_DERATE_PCT:
        found.append(Remark("derate", (*path, "derate_pct")))
    for number, array in enumerate(system.arrays):
        place = (*path, "arrays", number)
        for index, modules in enumerate(array.modules):
            _of_modules(modules, (*place, "modules", index), found)
        _of_array(site, array, place, found)


def _of_modules(modules: Modules, path: Path, found: list[Remark]) -> None:
    if modules.nameplate_dc_kw > LARGE_MODULE_KW:
        found.append(Remark("watts", (*path, "nameplate_dc_kw")))
    if modules.ptc_kw is not None and modules.ptc_kw > modules.nameplate_dc_kw:
        found.append(Remark("ptc", (*path, "ptc_kw")))
    if modules.temperature_coefficient_pct_per_c > LARGE_COEFFICIENT:
        found.append(Remark("coefficient", (*path, "temperature_coefficient_pct_per_c")))


def _of_array(site: PvSite, array: PvArray, path: Path, found: list[Remark]) -> None:
    azimuth, tilt = array.azimuth_deg, array.tilt_deg
    if array.tracking is Tracking.FIXED and tilt > STEEP_DEG and _faces_away(site.latitude_deg, azimuth):
        found.append(Remark("facing", (*path, "azimuth_deg")))
    in_range = tilt <= RADIANS_TILT and azimuth <= RADIANS_AZIMUTH
    if in_range and azimuth != int(azimuth) and tilt != int(tilt):
        found.append(Remark("radians", (*path, "tilt_deg")))


def _faces_away(latitude_deg: float, azimuth_deg: float) -> bool:
    """Towards the pole of the own hemisphere: less than 90 degrees off it."""
    off_north = min(azimuth_deg, 360.0 - azimuth_deg)
    return off_north < 90.0 if latitude_deg > 0 else off_north > 90.0 and latitude_deg < 0
