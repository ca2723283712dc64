"""Resources and fleets between this API's words and ours, both ways, with the warnings that go with them."""

import datetime
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from fleetline.api.dialects.fleetview.reading import Members, form_values, read_object
from fleetline.api.dialects.fleetview.schema import FILTER, FLEET, MOUNTING, RESOURCE, TRACKING, WRAPPER
from fleetline.api.dialects.fleetview.words import fault_json, faulty
from fleetline.core.power_fleets import CountedFleet
from fleetline.model.power import (
    ALL_SEEN,
    LIMITS,
    Fleet,
    Inverters,
    MemberFilter,
    Modules,
    Obstruction,
    PowerResource,
    PvArray,
    PvSite,
    PvSystem,
)
from fleetline.model.resource import Draft, Fault, FleetDraft
from fleetline.model.resource_remarks import Path, remarks

TRACKING_WORDS: Final = {value: word for word, value in TRACKING.items()}
MOUNTING_WORDS: Final = {value: word for word, value in MOUNTING.items()}


def read_resource(body: bytes) -> tuple[Draft, Any]:
    """The draft in a body, and the resourceId that stands there. errors: Refusal 400 with every fault"""
    return draft_of(unwrapped(read_object(body)))


def unwrapped(members: Members) -> Members:
    """What is inside the sister's wrapper object, where there is one."""
    if len(members) == 1:
        (name, value), *_ = members.items()
        if name.lower() == WRAPPER and isinstance(value, Members):
            return value
    return members


def draft_of(members: Members) -> tuple[Draft, Any]:
    """As `read_resource`, from members that were read already."""
    faults: list[Fault] = []
    values = form_values(RESOURCE, members, "", faults)
    found = draft_from(values, faults)
    if found is None:
        raise faulty(in_order(faults))
    return found, values.get("resource_id")


ORDER: Final = {item.name: index for index, item in enumerate(RESOURCE.fields)}
FLEET_ORDER: Final = {item.name: index for index, item in enumerate(FLEET.fields)}


def in_order(faults: Iterable[Fault]) -> list[Fault]:
    """By the order of the resource's own fields, names nobody knows last; otherwise as they are."""
    return sorted(faults, key=lambda fault: ORDER.get(_head(fault), len(ORDER)))


def _head(fault: Fault) -> str:
    """The member of the body that a fault is in."""
    return fault.field.split(".")[0].split("[")[0]


def draft_from(values: Mapping[str, Any], faults: list[Fault]) -> Draft | None:
    """The draft of read values; None when there are faults, those of fields that contradict each other added."""
    _check_dates(values, "", faults)
    for number, system in enumerate(values["systems"] or ()):
        if system is not None:
            _check_dates(system, f"pvSystems[{number}].", faults)
            for index, array in enumerate(system["arrays"] or ()):
                _check_months(array, f"pvSystems[{number}].pvArrays[{index}]", faults)
    _hint_swapped(faults, values.get("location"))
    return None if faults else _draft(values)


def _check_dates(values: Mapping[str, Any], prefix: str, faults: list[Fault]) -> None:
    start, end = values["install_date"], values["decommission_date"]
    if start is not None and end is not None and end <= start:
        message = "decommissionDate must be after installDate."
        faults.append(Fault(f"{prefix}decommissionDate", "order", message))


def _check_months(array: Mapping[str, Any] | None, path: str, faults: list[Fault]) -> None:
    months = [item["month"] for item in (array or {}).get("shadings") or () if item is not None]
    for index, month in enumerate(months):
        if month is not None and month in months[:index]:
            field = f"{path}.monthlyShadings[{index}].monthNumber"
            faults.append(Fault(field, "repeated", f"monthNumber {month} is given twice."))


def _hint_swapped(faults: list[Fault], location: Any) -> None:
    """A latitude out of range beside a longitude that would be one is worth a hint."""
    longitude = (location or {}).get("longitude_deg")
    if longitude is None or not LIMITS["latitude_deg"].holds(longitude):
        return
    for index, fault in enumerate(faults):
        if fault.field == "location.latitude" and fault.code == "range":
            message = f"{fault.message} Latitude and longitude may be swapped."
            faults[index] = Fault(fault.field, fault.code, message)


def _draft(values: Mapping[str, Any]) -> Draft:
    place = values["location"]
    names = ("name", "description", "customer_site_id", "zone", "feeder", "customer_class", "tags")
    site = PvSite(
        latitude_deg=place["latitude_deg"],
        longitude_deg=place["longitude_deg"],
        elevation_m=place["elevation_m"],
        systems=tuple(_system(item) for item in values["systems"]),
        install_date=values["install_date"],
        decommission_date=values["decommission_date"],
        export_limit_kw=values["export_limit_kw"],
        degradation_pct_per_year=values["degradation_pct_per_year"],
    )
    return Draft(site=site, **{name: values[name] for name in names})


def _system(values: Mapping[str, Any]) -> PvSystem:
    plain = {name: value for name, value in values.items() if name not in ("inverters", "arrays")}
    return PvSystem(
        inverters=tuple(Inverters(**item) for item in values["inverters"]),
        arrays=tuple(_array(item) for item in values["arrays"]),
        **plain,
    )


def _array(values: Mapping[str, Any]) -> PvArray:
    seen = {item["month"]: item["access_pct"] for item in values["shadings"]}
    access = tuple(seen.get(month, 100.0) for month in range(1, 13)) if seen else ALL_SEEN
    return PvArray(
        modules=tuple(Modules(**item) for item in values["modules"]),
        obstructions=tuple(Obstruction(**item) for item in values["obstructions"]),
        solar_access_pct=access,
        named_months=tuple(seen),
        **values["configuration"],
    )


def number(value: float | None) -> float | None:
    """A number as replies show it: whole ones without decimals."""
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < 1e15 else value


def time_text(at_ms: int) -> str:
    """`2025-06-21T12:00:00Z`, with milliseconds only where there are any."""
    at = datetime.datetime.fromtimestamp(at_ms // 1000, datetime.UTC)
    rest = at_ms % 1000
    return f"{at:%Y-%m-%dT%H:%M:%S}{f'.{rest:03}' if rest else ''}Z"


def _day(date: datetime.date | None) -> str | None:
    return date.isoformat() if date is not None else None


def resource_json(resource: PowerResource, warnings: Sequence[Fault] | None = None) -> dict[str, Any]:
    """The resource as replies show it; `warnings` only on replies to writes."""
    site = resource.site
    out: dict[str, Any] = {"resourceId": resource.resource_id, **facts_json(resource)}
    out["ratings"] = {"dc_kW": number(rounded(site.dc_kw)), "ac_kW": number(rounded(site.ac_kw))}
    out["createdTime"] = time_text(resource.created_at_ms)
    out["updatedTime"] = time_text(resource.updated_at_ms)
    if warnings is not None:
        out["warnings"] = [fault_json(fault) for fault in warnings]
    return out


def rounded(value: float) -> float:
    """Four decimals, half to even; never -0."""
    return round(value, 4) + 0.0


def facts_json(resource: PowerResource | Draft) -> dict[str, Any]:
    """Everything of a resource that a write can set."""
    site = resource.site
    return {
        "name": resource.name,
        "description": resource.description,
        "customerSiteId": resource.customer_site_id,
        "location": {
            "latitude": number(site.latitude_deg),
            "longitude": number(site.longitude_deg),
            "elevation_Meters": number(site.elevation_m),
        },
        "zone": resource.zone,
        "feeder": resource.feeder,
        "class": resource.customer_class,
        "tags": list(resource.tags),
        "installDate": _day(site.install_date),
        "decommissionDate": _day(site.decommission_date),
        "exportLimit_kW": number(site.export_limit_kw),
        "degradationPerYear_Percent": number(site.degradation_pct_per_year),
        "pvSystems": [system_json(system) for system in site.systems],
    }


def system_json(system: PvSystem) -> dict[str, Any]:
    """One PV system."""
    return {
        "installDate": _day(system.install_date),
        "decommissionDate": _day(system.decommission_date),
        "albedo_Percent": number(system.albedo_pct),
        "generalDerate_Percent": number(system.derate_pct),
        "cleaningThreshold_Millimeters": number(system.cleaning_threshold_mm),
        "rainAccumPeriod": number(system.rain_period_h),
        "thresholdSnowfall_CentimeterPerHour": number(system.threshold_snowfall_cm_per_h),
        "canSlideCoefficient_WattPerMeterSquareCelsius": number(system.can_slide_coefficient),
        "slideAmountCoefficient": number(system.slide_amount_coefficient),
        "inverters": [
            {
                "count": item.count,
                "maxPowerOutputAC_kW": number(item.max_power_ac_kw),
                "efficiencyRating_Percent": number(item.efficiency_pct),
            }
            for item in system.inverters
        ],
        "pvArrays": [_array_json(array) for array in system.arrays],
    }


def _array_json(array: PvArray) -> dict[str, Any]:
    return {
        "pvModules": [
            {
                "count": item.count,
                "nameplateDCRating_kW": number(item.nameplate_dc_kw),
                "ptcRating_kW": number(item.ptc_kw),
                "powerTemperatureCoefficient_PercentPerDegreeC": number(item.temperature_coefficient_pct_per_c),
                "nominalOperatingCellTemperature_DegreesC": number(item.noct_c),
            }
            for item in array.modules
        ],
        "arrayConfiguration": {
            "azimuth_Degrees": number(array.azimuth_deg),
            "tilt_Degrees": number(array.tilt_deg),
            "tracking": TRACKING_WORDS[array.tracking],
            "trackingRotationLimit_Degrees": number(array.rotation_limit_deg),
            "moduleRowCount": array.module_row_count,
            "relativeRowSpacing": number(array.relative_row_spacing),
            "mountingType": MOUNTING_WORDS[array.mounting],
        },
        "solarObstructions": [
            {
                "azimuth_Degrees": number(item.azimuth_deg),
                "elevation_Degrees": number(item.elevation_deg),
                "opacity_Percent": number(item.opacity_pct),
            }
            for item in array.obstructions
        ],
        "monthlyShadings": [
            {"monthNumber": month, "solarAccess_Percent": number(array.solar_access_pct[month - 1])}
            for month in array.named_months
        ],
    }


_PATHS: Final = {
    "systems": "pvSystems",
    "arrays": "pvArrays",
    "modules": "pvModules",
    "latitude_deg": "location.latitude",
    "derate_pct": "generalDerate_Percent",
    "nameplate_dc_kw": "nameplateDCRating_kW",
    "ptc_kw": "ptcRating_kW",
    "temperature_coefficient_pct_per_c": "powerTemperatureCoefficient_PercentPerDegreeC",
    "azimuth_deg": "arrayConfiguration.azimuth_Degrees",
    "tilt_deg": "arrayConfiguration.tilt_Degrees",
}

_REMARKS: Final = {
    "ratio": "DC over AC is outside 0.5 to 2.5.",
    "watts": "nameplateDCRating_kW is above 1 kW for one module; was it given in watts?",
    "coefficient": "powerTemperatureCoefficient_PercentPerDegreeC is above 1.",
    "derate": "generalDerate_Percent is under 50; it is what is kept, not what is lost.",
    "null_island": "The location is 0, 0.",
    "facing": "The array is tilted more than 15 degrees and faces away from the equator.",
    "radians": "tilt_Degrees and azimuth_Degrees look like radians.",
    "ptc": "ptcRating_kW is above nameplateDCRating_kW.",
}


def warnings_of(site: PvSite) -> list[Fault]:
    """What looks wrong about a site that may be stored. source: rule F-73"""
    return [Fault(_path(item.path), item.code, _REMARKS[item.code]) for item in remarks(site)]


def _path(path: Path) -> str:
    out = ""
    for part in path:
        out += f"[{part}]" if isinstance(part, int) else f"{'.' if out else ''}{_PATHS[part]}"
    return out


def fleet_json(found: CountedFleet) -> dict[str, Any]:
    """A fleet as replies show it; one without a filter has no member of that name."""
    fleet = found.fleet
    return {
        "fleetId": fleet.fleet_id,
        **fleet_facts(fleet),
        "resourceCount": found.count,
        "createdTime": time_text(fleet.created_at_ms),
        "updatedTime": time_text(fleet.updated_at_ms),
    }


def fleet_facts(fleet: Fleet) -> dict[str, Any]:
    """Everything of a fleet that a write can set, but who is listed."""
    out: dict[str, Any] = {"name": fleet.name, "description": fleet.description, "tags": list(fleet.tags)}
    if (wanted := fleet.filter) is not None:
        out["filter"] = {
            "zone": wanted.zone,
            "class": wanted.customer_class,
            "feeder": wanted.feeder,
            "tags": list(wanted.tags),
            "bbox": None if wanted.box is None else [number(side) for side in wanted.box],
        }
    return out


def fleet_draft(members: Members, *, whole: bool = False) -> tuple[FleetDraft, Any]:
    """The draft in a body, and the fleetId that stands there.

    whole   a body without a filter means none; otherwise the one that is stored stays
    errors  Refusal 400
    """
    faults: list[Fault] = []
    values = form_values(FLEET, members, "", faults)
    wanted = None if values["filter"] is None else MemberFilter(**values["filter"])
    if wanted == MemberFilter() and not any(fault.field.startswith("filter") for fault in faults):
        names = ", ".join(item.name for item in FILTER.fields)
        faults.append(Fault("filter", "required", f"filter must have at least one of {names}."))
    if faults:
        raise faulty(sorted(faults, key=lambda fault: FLEET_ORDER.get(_head(fault), len(FLEET_ORDER))))
    keeps = not whole and not any(name.lower() == "filter" for name in members)
    draft = FleetDraft(
        values["name"], values["description"], values["tags"], values["resource_ids"], wanted, keeps_filter=keeps
    )
    return draft, values.get("fleet_id")
