"""The short way for CSV rows without fault: cells straight into a draft; whatever looks odd takes the long way."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from fleetline.api.dialects.fleetview.bulk_columns import COLUMNS, MONTHS, SYSTEMS
from fleetline.api.dialects.fleetview.reading import date_of, normal_id, storable
from fleetline.api.dialects.fleetview.schema import (
    CONFIGURATION,
    INVERTER,
    LOCATION,
    MODULES,
    RESOURCE,
    SYSTEM,
    TAG_LENGTH,
    Field,
    Form,
)
from fleetline.model.power import ALL_SEEN, LIMITS, Inverters, Limit, Modules, PvArray, PvSite, PvSystem
from fleetline.model.resource import Draft

Convert = Callable[[str], Any]
ODD: Final = object()
"""What a converter gives for a cell that it does not take."""
UNSEEN: Final = object()
MOST_SEEN: Final = 1_000
"""Values of one column that are remembered: most columns of a large file say the same few things again and again."""

DRAFT, SITE, SYSTEM_BAG, INVERTER_BAG, MODULES_BAG, ARRAY_BAG, MONTH_BAG = range(7)
_BAGS: Final[Mapping[tuple[str, ...], tuple[int, Form]]] = {
    (): (DRAFT, RESOURCE),
    ("location",): (SITE, LOCATION),
    ("pvSystems[0]",): (SYSTEM_BAG, SYSTEM),
    ("pvSystems[0]", "inverters[0]"): (INVERTER_BAG, INVERTER),
    ("pvSystems[0]", "pvArrays[0]", "pvModules[0]"): (MODULES_BAG, MODULES),
    ("pvSystems[0]", "pvArrays[0]", "arrayConfiguration"): (ARRAY_BAG, CONFIGURATION),
}
_SITE_ATTRS: Final = ("install_date", "decommission_date", "export_limit_kw", "degradation_pct_per_year")


class Fast:
    """Compiled for one header."""

    def __init__(self, names: Sequence[str]) -> None:
        self._plan = [(*_step(name), dict[str, Any]()) for name in names]

    def draft(self, cells: Sequence[str]) -> Draft | None:
        """None when the row has to go the long way."""
        bags: tuple[dict[Any, Any], ...] = ({}, {}, {}, {}, {}, {}, {})
        for (convert, bag, attr, seen), cell in zip(self._plan, cells, strict=True):
            if cell == "":
                continue
            value = seen.get(cell, UNSEEN)
            if value is UNSEEN:
                value = convert(cell)
                if len(seen) < MOST_SEEN:
                    seen[cell] = value
            if value is ODD:
                return None
            bags[bag][attr] = value
        try:
            return _draft(bags)
        except (TypeError, KeyError):  # something that is required was not given
            return None


def _draft(bags: tuple[dict[Any, Any], ...]) -> Draft | None:
    draft, site, system, inverter, modules, array, months = bags
    if site.get("install_date") is not None and site.get("decommission_date") is not None:
        return None
    seen = tuple(months.get(month, 100.0) for month in range(1, 13)) if months else ALL_SEEN
    one = PvArray(modules=(Modules(**modules),), solar_access_pct=seen, named_months=tuple(sorted(months)), **array)
    systems = (PvSystem(inverters=(Inverters(**inverter),), arrays=(one,), **system),)
    return Draft(site=PvSite(systems=systems, **site), **draft)


def _step(name: str) -> tuple[Convert, int, Any]:
    path, inner, kind = COLUMNS[name]
    if name in MONTHS:
        return _number(LIMITS["solar_access_pct"]), MONTH_BAG, int(name.rpartition("_")[2])
    if name == SYSTEMS:
        return _odd, DRAFT, name
    if name == "resourceId":
        return normal_id, DRAFT, "resource_id"
    bag, form = _BAGS[path]
    item = form.by_key[inner.lower()]
    bag = SITE if bag == DRAFT and item.attr in _SITE_ATTRS else bag
    return _converter(item, kind), bag, item.attr


def _converter(item: Field, kind: str) -> Convert:
    if kind == "number" and item.limit is not None:
        return _number(item.limit)
    if kind == "whole" and item.limit is not None:
        return _whole(item.limit)
    if kind == "enum":
        words = {word.lower(): value for word, value in item.words.items()}
        return lambda cell: words.get(cell.strip().lower(), ODD)
    if kind == "date":
        return lambda cell: date_of(cell.strip()) or ODD
    if kind == "tags":
        return lambda cell: _tags(cell, item.most)
    return _text(item)


def _odd(cell: str) -> Any:
    return ODD


def _number(limit: Limit) -> Convert:
    low, high, above = limit.low, limit.high, limit.above

    def convert(cell: str) -> Any:
        try:
            value = float(cell)
        except ValueError:
            return ODD
        plain = cell.isascii() and "_" not in cell  # `float` reads the digits of every script
        good = plain and (low < value if above else low <= value) and value <= high
        return value if good else ODD

    return convert


def _whole(limit: Limit) -> Convert:
    low, high = limit.low, limit.high

    def convert(cell: str) -> Any:
        if not cell.isascii() or not cell.isdigit() or len(cell) > 9:
            return ODD
        value = int(cell)
        return value if low <= value <= high else ODD

    return convert


def _text(item: Field) -> Convert:
    least, most, free = item.least, item.most, item.free

    def convert(cell: str) -> Any:
        kept = cell if free else cell.strip()
        if not least <= len(kept) <= most or not (kept.isprintable() or storable(kept)):
            return ODD
        return kept

    return convert


def _tags(cell: str, most: int) -> Any:
    parts = tuple(part.strip() for part in cell.split(";") if part.strip())
    low, high = TAG_LENGTH
    good = len(parts) <= most and all(low <= len(part) <= high for part in parts) and storable(cell)
    return parts if good and not cell.lstrip().startswith("[") else ODD
