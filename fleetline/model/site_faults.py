"""What forbids storing a PV site: a number out of its range, a part without the parts it needs, dates out of order."""

import datetime
from collections.abc import Iterator
from typing import Any, Final

import msgspec

from fleetline.model.power import FIRST_DATE, LAST_DATE, LIMITS, Inverters, Modules, Obstruction, PvSite

MOST_PARTS: Final = 1_000
"""Entries of any one list of a site."""
_OWN_NAMES: Final[dict[tuple[Any, str], str]] = {
    (Inverters, "count"): "inverter_count",
    (Modules, "count"): "module_count",
    (Obstruction, "elevation_deg"): "obstruction_elevation_deg",
}
"""Fields whose limit carries the name of their owner."""
_NEEDED: Final = frozenset({"systems", "inverters", "arrays", "modules"})
MONTHS: Final = 12


def site_faults(site: PvSite) -> Iterator[tuple[str, str]]:
    """(path, what it must be) of each fault, such as ("systems[0].arrays[1].tilt_deg", "must be from 0 to 90")."""
    yield from _faults(site, "")


def _faults(thing: Any, path: str) -> Iterator[tuple[str, str]]:
    for part in msgspec.structs.fields(thing):
        value, place = getattr(thing, part.name), f"{path}{part.name}"
        limit = LIMITS.get(_OWN_NAMES.get((type(thing), part.name), part.name))
        if isinstance(value, tuple):
            yield from _list_faults(part.name, value, place)
        elif limit is not None and value is not None and not limit.holds(value):
            kind = "a whole number " if limit.whole else ""
            above = "above" if limit.above else "from"
            yield place, f"must be {kind}{above} {limit.low:g} to {limit.high:g}"
        elif isinstance(value, datetime.date) and not FIRST_DATE <= value <= LAST_DATE:
            yield place, f"must be from {FIRST_DATE} to {LAST_DATE}"
    begin, end = getattr(thing, "install_date", None), getattr(thing, "decommission_date", None)
    if begin is not None and end is not None and end < begin:
        yield f"{path}decommission_date", "must not lie before install_date"


def _list_faults(name: str, values: tuple[Any, ...], place: str) -> Iterator[tuple[str, str]]:
    if name in _NEEDED and not values:
        yield place, "must not be empty"
    if len(values) > MOST_PARTS:
        yield place, f"must be at most {MOST_PARTS}"
        return
    if name == "solar_access_pct" and len(values) != MONTHS:
        yield place, f"must be {MONTHS} numbers, January to December"
    if name == "named_months" and not all(1 <= month <= MONTHS for month in values):
        yield place, "must be months from 1 to 12"
    limit = LIMITS.get(name)
    for number, value in enumerate(values):
        if isinstance(value, msgspec.Struct):
            yield from _faults(value, f"{place}[{number}].")
        elif limit is not None and not limit.holds(value):
            yield f"{place}[{number}]", f"must be from {limit.low:g} to {limit.high:g}"
