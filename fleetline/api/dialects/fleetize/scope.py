"""Which parts of an answer a call asked for."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

DEVICE_FIELDS: Final = (
    "timestamp", "device_id", "device_imei", "device_type", "device_name", "device_description", "device_mileage",
    "device_mileage_raw", "device_distance", "device_portrait", "device_speed", "device_upm", "device_temp_engine",
    "device_voltage_external", "device_voltage_internal", "device_angle", "online_timestamp", "heartbeat_timestamp",
    "error_code", "error_code_time", "error_text", "status_text", "status_code", "status_absence", "status_description",
    "location",
)  # fmt: skip
"""In the order of the answer."""

ROUTE_FIELDS: Final = (
    "route_points", "origin_timestamp", "origin_mileage", "origin_location", "destination_timestamp",
    "destination_mileage", "destination_location", "average_speed", "average_speed_distance", "pause_duration",
    "route_pause",
)  # fmt: skip

ROUTE_EXTENSIONS: Final = ("origin_rule", "destination_rule", "route_open")
"""Fields of ours, which only a call that names them meets."""

ROUTES: Final = "routes"

_ROUTE: Final = frozenset((*ROUTE_FIELDS, *ROUTE_EXTENSIONS))


@dataclass(frozen=True, slots=True)
class Scope:
    """What to answer, field by field in the order of the answer.

    device  fields of a device
    route   fields of each route
    routes  whether the node `routes` is there at all
    """

    device: tuple[str, ...]
    route: tuple[str, ...]
    routes: bool


EVERYTHING: Final = Scope(DEVICE_FIELDS, ROUTE_FIELDS, True)


def scope_of(text: str) -> Scope:
    """The names of a scope, separated by `;`; without any name everything.

    source  rules Z-40 to Z-44
    """
    names = {name.strip() for name in text.split(";")} - {""}
    if not names:
        return EVERYTHING
    wanted = names | set(ROUTE_FIELDS) if ROUTES in names else names
    return Scope(
        device=_kept(DEVICE_FIELDS, names),
        route=_kept((*ROUTE_FIELDS, *ROUTE_EXTENSIONS), wanted),
        routes=ROUTES in names or not names.isdisjoint(_ROUTE),
    )


def _kept(fields: Iterable[str], names: set[str]) -> tuple[str, ...]:
    return tuple(name for name in fields if name in names)


WITHHELD: Final[dict[str, frozenset[str]]] = {
    "imei": frozenset({"device_imei"}),
    "sensors": frozenset(
        {"device_upm", "device_temp_engine", "device_voltage_external", "device_voltage_internal"},
    ),
    "location": frozenset(
        {"location", "device_angle", "route_points", "origin_location", "destination_location", "pause.location"}
    ),
    "mileage": frozenset(
        {
            "device_mileage", "device_mileage_raw", "device_distance", "origin_mileage", "destination_mileage",
            "pause.mileage",
        }
    ),
    "routes": frozenset({ROUTES}),
}  # fmt: skip
"""Group of a user's permissions -> the fields that become null; a pause's own begin with `pause.`."""


def withheld_fields(groups: Iterable[str]) -> frozenset[str]:
    """Every field that these groups make null. source: rule Z-14"""
    return frozenset[str]().union(*(WITHHELD[group] for group in groups))


def withheld_header(groups: frozenset[str]) -> list[tuple[str, str]]:
    """The header that names the withheld groups; none when nothing is withheld."""
    named = [group for group in WITHHELD if group in groups]
    return [("x-fleetline-withheld", ", ".join(named))] if named else []
