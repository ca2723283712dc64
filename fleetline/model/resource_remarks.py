"""What looks wrong about a solar site although it may be stored: watts for kilowatts, radians for degrees."""

from collections.abc import Iterator
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
    return list(_of_site(site))


def _of_site(site: PvSite) -> Iterator[Remark]:
    if not LEAST_DC_PER_AC <= site.dc_kw / site.ac_kw <= MOST_DC_PER_AC:
        yield Remark("ratio", ("systems",))
    if site.latitude_deg == 0 and site.longitude_deg == 0:
        yield Remark("null_island", ("latitude_deg",))
    for number, system in enumerate(site.systems):
        yield from _of_system(site, system, ("systems", number))


def _of_system(site: PvSite, system: PvSystem, path: Path) -> Iterator[Remark]:
    derate = DERATE_PCT[PowerModel.PVLIB] if system.derate_pct is None else system.derate_pct
    if derate < LOW_DERATE_PCT:
        yield Remark("derate", (*path, "derate_pct"))
    for number, array in enumerate(system.arrays):
        place = (*path, "arrays", number)
        for index, modules in enumerate(array.modules):
            yield from _of_modules(modules, (*place, "modules", index))
        yield from _of_array(site, array, place)


def _of_modules(modules: Modules, path: Path) -> Iterator[Remark]:
    if modules.nameplate_dc_kw > LARGE_MODULE_KW:
        yield Remark("watts", (*path, "nameplate_dc_kw"))
    if modules.ptc_kw is not None and modules.ptc_kw > modules.nameplate_dc_kw:
        yield Remark("ptc", (*path, "ptc_kw"))
    if modules.temperature_coefficient_pct_per_c > LARGE_COEFFICIENT:
        yield Remark("coefficient", (*path, "temperature_coefficient_pct_per_c"))


def _of_array(site: PvSite, array: PvArray, path: Path) -> Iterator[Remark]:
    azimuth, tilt = array.azimuth_deg, array.tilt_deg
    if array.tracking is Tracking.FIXED and tilt > STEEP_DEG and _faces_away(site.latitude_deg, azimuth):
        yield Remark("facing", (*path, "azimuth_deg"))
    in_range = tilt <= RADIANS_TILT and azimuth <= RADIANS_AZIMUTH
    if in_range and azimuth != int(azimuth) and tilt != int(tilt):
        yield Remark("radians", (*path, "tilt_deg"))


def _faces_away(latitude_deg: float, azimuth_deg: float) -> bool:
    """Towards the pole of the own hemisphere: less than 90 degrees off it."""
    off_north = min(azimuth_deg, 360.0 - azimuth_deg)
    return off_north < 90.0 if latitude_deg > 0 else off_north > 90.0 and latitude_deg < 0
