"""Which lists can be brought in from files: their columns, what other programs call these, and one example of a row."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from fleetline.core.solar_sheet import SOLAR_COLUMNS, SOLAR_EXAMPLE
from fleetline.model.errors import Invalid

CSV: Final = "text/csv"
NDJSON: Final = "application/x-ndjson"
GEOJSON: Final = "application/geo+json"
MEDIA: Final = (CSV, NDJSON, GEOJSON)


@dataclass(frozen=True, slots=True)
class ListKind:
    """One kind of list.

    columns   (name, whether a file must have it), in the order of the template
    example   a row of the template
    media     in which forms a file may come
    """

    name: str
    columns: tuple[tuple[str, bool], ...]
    example: tuple[str, ...]
    media: tuple[str, ...] = (CSV,)


KINDS: Final[Mapping[str, ListKind]] = {
    kind.name: kind
    for kind in (
        ListKind(
            "vehicles", (("Vehicle ID", True), ("Vehicle Name", False), ("Vehicle Groups", False)),
            ("van-17", "Van 17", "Berlin|Parcels"),
        ),
        ListKind(
            "drivers", (("Driver ID", True), ("Driver Name", False), ("Driver Groups", False)),
            ("d-204", "Ada Lovelace", "Berlin"),
        ),
        ListKind(
            "devices",
            (("imei", True), ("name", True), ("type", False), ("description", False), ("mileage", False)),
            ("358765432109876", "Van 17", "VAN", "Parcel van, north tour", "48210"),
        ),
        ListKind("solar", SOLAR_COLUMNS, SOLAR_EXAMPLE, MEDIA),
    )
}  # fmt: skip

SYNONYMS: Final[Mapping[str, tuple[str, ...]]] = {
    "vehicle id": ("id", "external id", "vehicle", "number plate", "plate", "registration"),
    "vehicle name": ("name", "label"),
    "vehicle groups": ("groups", "group", "fleet"),
    "driver id": ("id", "external id", "driver", "personnel number"),
    "driver name": ("name",),
    "driver groups": ("groups", "group"),
    "imei": ("ident", "device", "identifier", "unique id", "uniqueid"),
    "name": ("vehicle name", "vehicle", "label", "site name", "site", "plant"),
    "mileage": ("odometer", "km", "mileage_km"),
    "type": ("vehicle type",),
    "customer_site_id": ("customersiteid", "site id", "siteid", "site number", "external id"),
    "latitude_deg": ("latitude", "lat"),
    "longitude_deg": ("longitude", "lon", "lng", "long"),
    "elevation_m": ("elevation", "elevation_meters", "altitude"),
    "dc_kw": ("kwp", "dc", "dc rating", "dc_rating_kw", "peak power"),
    "ac_kw": ("kw", "ac", "ac rating", "ac_rating_kw", "kw ac"),
    "tilt_deg": ("tilt", "tilt_degrees", "slope", "inclination"),
    "azimuth_deg": ("azimuth", "azimuth_degrees", "orientation"),
    "install_date": ("installdate", "installed", "commissioned", "in service since"),
    "nameplate_dc_kw": ("nameplatedcrating_kw", "module kw"),
    "module_count": ("modulecount", "modules", "panels"),
    "max_power_ac_kw": ("maxpoweroutputac_kw", "inverter kw"),
    "inverter_count": ("invertercount", "inverters"),
    "efficiency_pct": ("efficiencyrating_percent", "efficiency", "inverter efficiency"),
    "customer_class": ("class",),
}


def kind_named(name: str) -> ListKind:
    """errors: Invalid(`what`)"""
    found = KINDS.get(name)
    if found is None:
        raise Invalid("what", f"must be one of {', '.join(KINDS)}", name)
    return found


def guessed(kind: ListKind, header: Sequence[str]) -> dict[str, str]:
    """Our column -> the column of the file that most likely stands for it; those that none does are left out."""
    folded = {cell.strip().casefold(): cell for cell in reversed(header)}
    found: dict[str, str] = {}
    for column, _ in kind.columns:
        names = (column.casefold(), column.casefold().replace("_", " "), *SYNONYMS.get(column.casefold(), ()))
        cell = next((folded[name] for name in names if name in folded), None)
        if cell is not None and cell not in found.values():
            found[column] = cell
    return found


def header_key(header: Sequence[str]) -> str:
    """The same for files whose header lines name the same columns, whatever their order and case."""
    text = "\x1f".join(sorted(cell.strip().casefold() for cell in header))
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def checked(kind: ListKind, header: Sequence[str], columns: Mapping[str, str]) -> dict[str, str]:
    """The mapping without what it leaves open. errors: Invalid(`columns`)"""
    known = {name for name, _ in kind.columns}
    chosen = {ours: theirs for ours, theirs in columns.items() if theirs}
    for ours, theirs in chosen.items():
        if ours not in known:
            raise Invalid("columns", f"has {ours[:64]!r}, which is no column of this list")
        if header.count(theirs) != 1:
            raise Invalid("columns", f"names {theirs[:64]!r}, which the file does not have once")
    return chosen


def missing(kind: ListKind, columns: Mapping[str, str]) -> tuple[str, ...]:
    """Columns that a file must have and that nothing stands for."""
    return tuple(name for name, needed in kind.columns if needed and not columns.get(name))
