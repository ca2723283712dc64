"""Solar resources as rows of a spreadsheet: one system with one array in plain cells, anything larger as JSON."""

import json
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from fleetline.core.registry_csv import guarded
from fleetline.model.errors import Invalid
from fleetline.model.power import PowerResource, PvSite, PvSystem
from fleetline.model.registry import findable
from fleetline.model.resource import Draft, Fault
from fleetline.model.site_faults import site_faults

TEXTS: Final = ("name", "customer_site_id", "zone", "feeder", "customer_class", "description")
PLACE: Final = ("latitude_deg", "longitude_deg", "elevation_m")
SITE: Final = ("install_date", "decommission_date", "export_limit_kw", "degradation_pct_per_year")
SYSTEM: Final = ("derate_pct", "albedo_pct")
INVERTER: Final = {"inverter_count": "count", "max_power_ac_kw": "max_power_ac_kw", "efficiency_pct": "efficiency_pct"}
MODULES: Final = {
    "module_count": "count", "nameplate_dc_kw": "nameplate_dc_kw", "ptc_kw": "ptc_kw",
    "temperature_coefficient_pct_per_c": "temperature_coefficient_pct_per_c", "noct_c": "noct_c",
}  # fmt: skip
ARRAY: Final = (
    "azimuth_deg", "tilt_deg", "tracking", "mounting", "rotation_limit_deg", "module_row_count",
    "relative_row_spacing",
)  # fmt: skip
WORDS: Final = ("install_date", "decommission_date", "tracking", "mounting")
WHOLE: Final = ("inverter_count", "module_count", "module_row_count")
SUMS: Final = ("dc_kw", "ac_kw")
"""Short for one kind of module and one inverter of that size in all."""
SYSTEMS: Final = "systems"
NAMES: Final = (
    "id", *TEXTS, "tags", *PLACE, *SUMS, *INVERTER, *MODULES, *ARRAY, *SYSTEM, *SITE, SYSTEMS,
)  # fmt: skip
NEEDED: Final = ("name", "latitude_deg", "longitude_deg")
SOLAR_COLUMNS: Final = tuple((name, name in NEEDED) for name in NAMES)
_EXAMPLE: Final = {
    "name": "Depot roof", "customer_site_id": "PV-001", "zone": "South", "tags": "roof;leased",
    "latitude_deg": "48.776", "longitude_deg": "9.183", "dc_kw": "99.5", "ac_kw": "85", "efficiency_pct": "97.5",
    "azimuth_deg": "180", "tilt_deg": "12", "tracking": "fixed", "mounting": "roof", "install_date": "2021-06-01",
}  # fmt: skip
SOLAR_EXAMPLE: Final = tuple(_EXAMPLE.get(name, "") for name in NAMES)
DEFAULT_EFFICIENCY_PCT: Final = 96.0
LARGEST_MODULE_KW: Final = 1000.0
LONGEST: Final = 255
LONGEST_DESCRIPTION: Final = 1000
MOST_TAGS: Final = 50
FULL_PCT: Final = 100.0


def modules_of(dc_kw: float) -> dict[str, Any]:
    """One kind of module that makes up so many kW; a module has 1000 kW at most."""
    count = max(1, -(-int(dc_kw * 1000) // int(LARGEST_MODULE_KW * 1000)))
    return {"count": count, "nameplate_dc_kw": dc_kw / count}


def draft_of_cells(cells: Mapping[str, str], faults: list[Fault]) -> Draft | None:
    """The resource that a row of plain cells stands for; None when something was added to `faults`."""
    given = {name: cell.strip() for name, cell in cells.items() if cell.strip()}
    value = {name: _value(name, cell, faults) for name, cell in given.items()}
    site: dict[str, Any] = {name: value[name] for name in (*PLACE, *SITE) if name in value}
    if SYSTEMS in value:
        site["systems"] = value[SYSTEMS]
        single = {*SUMS, *INVERTER, *MODULES, *ARRAY, *SYSTEM} & set(value)
        if single:
            faults.append(Fault(SYSTEMS, "both", f"cannot stand beside {min(single)}"))
    else:
        site["systems"] = [_system(value, faults)]
    texts = {name: value[name] for name in (*TEXTS, "tags", "id") if name in value}
    return None if faults else draft_of({**texts, "site": site}, faults)


def _value(name: str, cell: str, faults: list[Fault]) -> Any:
    if name == SYSTEMS:
        try:
            return json.loads(cell)
        except (ValueError, RecursionError):
            faults.append(Fault(name, "json", "is no JSON"))
            return []
    if name == "tags":
        return [part.strip() for part in cell.split(";") if part.strip()]
    if name in TEXTS or name in WORDS or name == "id":
        return cell.lower().replace(" ", "_") if name in ("tracking", "mounting") else cell
    try:
        number = float(cell if "." in cell else cell.replace(",", "."))
    except ValueError:
        faults.append(Fault(name, "number", f"must be a number, not {cell[:40]!r}"))
        return 0.0
    return int(number) if name in WHOLE and number.is_integer() else number


def _system(value: Mapping[str, Any], faults: list[Fault]) -> dict[str, Any]:
    inverter = {theirs: value[ours] for ours, theirs in INVERTER.items() if ours in value}
    modules = {theirs: value[ours] for ours, theirs in MODULES.items() if ours in value}
    if "max_power_ac_kw" not in inverter and "ac_kw" in value:
        inverter["max_power_ac_kw"] = value["ac_kw"] / inverter.get("count", 1)
    if "nameplate_dc_kw" not in modules and "dc_kw" in value:
        modules |= (
            {"nameplate_dc_kw": value["dc_kw"] / modules["count"]}
            if modules.get("count")
            else modules_of(value["dc_kw"])
        )
    for name, found in (("ac_kw", inverter.get("max_power_ac_kw")), ("dc_kw", modules.get("nameplate_dc_kw"))):
        if found is None:
            faults.append(Fault(name, "needed", "is needed"))
    array = {name: value[name] for name in ARRAY if name in value}
    lacking = [name for name in ("azimuth_deg", "tilt_deg") if name not in array]
    faults += [Fault(name, "needed", "is needed") for name in lacking]
    return {
        **{name: value[name] for name in SYSTEM if name in value},
        "inverters": [{"count": 1, "efficiency_pct": DEFAULT_EFFICIENCY_PCT, **inverter}],
        "arrays": [{**array, "modules": [{"count": 1, **modules}]}],
    }


def draft_of(value: Any, faults: list[Fault]) -> Draft | None:
    """The resource that an object of our own API stands for; its `id` names one that is there already."""
    if not isinstance(value, dict):
        faults.append(Fault("", "type", "must be an object"))
        return None
    try:
        site = msgspec.convert(value.get("site"), PvSite)
        texts = msgspec.convert({name: value.get(name) for name in (*TEXTS, "tags", "id")}, _Texts)
    except msgspec.ValidationError as fault:
        reason, _, path = str(fault).partition(" - at `$")
        faults.append(Fault(path.strip("`."), "type", reason[:1].lower() + reason[1:]))
        return None
    faults += [Fault(_short(path), "range", reason) for path, reason in site_faults(site)]
    faults += texts.faults()
    if faults:
        return None
    kept = {name: getattr(texts, name) for name in ("customer_site_id", "zone", "feeder", "customer_class")}
    return Draft(
        name=texts.name or "", site=site, resource_id=texts.id, description=texts.description or "",
        tags=tuple(texts.tags or ()), **kept,
    )  # fmt: skip


def _short(path: str) -> str:
    """The name of a column for what one of them holds."""
    return path.rpartition(".")[2] if path.count("[0]") == path.count("[") else path


class _Texts(msgspec.Struct, frozen=True, kw_only=True):
    name: str | None = None
    customer_site_id: str | None = None
    zone: str | None = None
    feeder: str | None = None
    customer_class: str | None = None
    description: str | None = None
    tags: list[str] | None = None
    id: str | None = None

    def faults(self) -> list[Fault]:
        found = [] if self.name else [Fault("name", "needed", "is needed")]
        for name in (*TEXTS, "id"):
            text = getattr(self, name)
            longest = LONGEST_DESCRIPTION if name == "description" else LONGEST
            if text is not None and (len(text) > longest or (text and not findable(text))):
                found.append(Fault(name, "text", f"must be at most {longest} characters that can be kept"))
        if len(self.tags or ()) > MOST_TAGS or not all(0 < len(tag) <= 64 and findable(tag) for tag in self.tags or ()):
            found.append(Fault("tags", "text", f"must be at most {MOST_TAGS} of at most 64 characters"))
        return found


def object_of(resource: PowerResource) -> dict[str, Any]:
    """The resource as `draft_of` reads it back."""
    names = {name: getattr(resource, name) for name in (*TEXTS, "tags")}
    found = {"id": resource.resource_id, **names, "site": resource.site}
    return dict(msgspec.to_builtins(found))


def feature_of(resource: PowerResource) -> dict[str, Any]:
    """The same as a feature of GeoJSON; its place stands in the geometry only."""
    found = object_of(resource)
    longitude, latitude = found["site"].pop("longitude_deg"), found["site"].pop("latitude_deg")
    return {"type": "Feature", "geometry": {"type": "Point", "coordinates": [longitude, latitude]}, "properties": found}


def object_of_feature(feature: Any) -> Any:
    """What `draft_of` reads, out of a feature. errors: Invalid"""
    geometry = feature.get("geometry") if isinstance(feature, dict) else None
    place = geometry.get("coordinates") if isinstance(geometry, dict) and geometry.get("type") == "Point" else None
    properties = feature.get("properties") if isinstance(feature, dict) else None
    if not isinstance(place, list) or len(place) not in (2, 3) or not isinstance(properties, dict):
        raise Invalid("geometry", "must be a point [longitude, latitude] beside properties")
    site = properties.get("site")
    own = dict(zip(("longitude_deg", "latitude_deg", "elevation_m"), place, strict=False))
    if isinstance(site, dict):
        return {**properties, "site": {**site, **own}}
    return {**properties, **own}


def cells_of(resource: PowerResource) -> list[str]:
    """The resource as a row under NAMES; bringing it in again changes nothing."""
    site = resource.site
    plain = _is_plain(site)
    found: dict[str, Any] = {"id": resource.resource_id, "tags": ";".join(resource.tags)}
    found |= {name: getattr(resource, name) for name in TEXTS}
    found |= {name: getattr(site, name) for name in (*PLACE, *SITE)}
    if plain:
        (system,) = site.systems
        (inverter,), (array,) = system.inverters, system.arrays
        found |= {name: getattr(system, name) for name in SYSTEM}
        found |= {ours: getattr(inverter, theirs) for ours, theirs in INVERTER.items()}
        found |= {ours: getattr(array.modules[0], theirs) for ours, theirs in MODULES.items()}
        found |= {name: getattr(array, name) for name in ARRAY}
    else:
        found[SYSTEMS] = msgspec.json.encode(site.systems).decode()
    return [_cell(found.get(name)) for name in NAMES]


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return guarded(value)
    if isinstance(value, float):
        return repr(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    return str(getattr(value, "value", value))


def _is_plain(site: PvSite) -> bool:
    """Whether plain cells hold all of it."""
    if len(site.systems) != 1:
        return False
    (system,) = site.systems
    if len(system.inverters) != 1 or len(system.arrays) != 1 or len(system.arrays[0].modules) != 1:
        return False
    (array,) = system.arrays
    plain = PvSystem(
        inverters=system.inverters, arrays=system.arrays, derate_pct=system.derate_pct, albedo_pct=system.albedo_pct
    )
    return (
        system == plain
        and not array.obstructions
        and not array.named_months
        and set(array.solar_access_pct) == {FULL_PCT}
    )
