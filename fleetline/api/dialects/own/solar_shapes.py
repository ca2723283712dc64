"""Solar resources, fleets and their power as our own API shows and takes them."""

from collections.abc import Sequence
from typing import Annotated

import msgspec

from fleetline.model.power import Fleet, PowerResource, PvSite
from fleetline.model.resource import tracking_of
from fleetline.model.resource_summary import FleetSummary

Text = Annotated[str, msgspec.Meta(min_length=1, max_length=255)]
Tags = Annotated[tuple[Annotated[str, msgspec.Meta(min_length=1, max_length=64)], ...], msgspec.Meta(max_length=50)]


class ResourceBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A PV site with its names; every number of `site` is in the unit its name ends with."""

    name: Text
    site: PvSite
    description: Annotated[str, msgspec.Meta(max_length=1000)] = ""
    customer_site_id: Text | None = None
    zone: Text | None = None
    feeder: Text | None = None
    customer_class: Text | None = None
    tags: Tags = ()


class ResourceShown(msgspec.Struct, frozen=True, kw_only=True):
    """`dc_kw`, `ac_kw`: sums over the site; `tracking` is null where arrays differ."""

    id: str
    name: str
    description: str
    customer_site_id: str | None
    zone: str | None
    feeder: str | None
    customer_class: str | None
    tags: Sequence[str]
    lat_deg: float
    lon_deg: float
    dc_kw: float
    ac_kw: float
    tracking: str | None
    site: PvSite
    created_at_ms: int
    updated_at_ms: int
    revision: int


Latitude = Annotated[float, msgspec.Meta(ge=-90, le=90)]
Longitude = Annotated[float, msgspec.Meta(ge=-180, le=180)]


class FilterBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Who is a member without being listed: resources of which all of this is true.

    Of `tags` all; `box` is west, south, east, north.
    """

    zone: Text | None = None
    feeder: Text | None = None
    customer_class: Text | None = None
    tags: Tags = ()
    box: tuple[Longitude, Latitude, Longitude, Latitude] | None = None


class FleetBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A named set of resources: those listed, and those that fit the filter.

    `resource_ids` null leaves the list as it is, `filter` left out the filter; `filter` null takes it away.
    """

    name: Text
    description: Annotated[str, msgspec.Meta(max_length=1000)] = ""
    tags: Tags = ()
    resource_ids: Annotated[tuple[Text, ...], msgspec.Meta(max_length=100_000)] | None = None
    filter: FilterBody | msgspec.UnsetType | None = msgspec.UNSET


class FleetShown(msgspec.Struct, frozen=True, kw_only=True):
    """`resources` counts the members, listed or by the filter."""

    id: str
    name: str
    description: str
    tags: Sequence[str]
    filter: FilterBody | None
    resources: int
    created_at_ms: int
    updated_at_ms: int
    revision: int


class SolarOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """`outcome` is added, duplicate or refused."""

    outcome: str
    id: str | None = None
    revision: int = 0
    field: str = ""
    reason: str = ""


class SolarDone(msgspec.Struct, frozen=True):
    outcomes: list[SolarOutcome]
    done: int
    refused: int


class SummaryShown(msgspec.Struct, frozen=True, kw_only=True):
    """What of a fleet stands on a day; centroid is [latitude, longitude], box [west, south, east, north], degrees."""

    resources: int
    dc_kw: float
    ac_kw: float
    exportable_kw: float
    centroid: list[float] | None
    box: list[float] | None


class MembersChanged(msgspec.Struct, frozen=True):
    added: int
    removed: int
    resources: int


class BasisShown(msgspec.Struct, frozen=True, kw_only=True):
    """What a series was computed from; `failures`: resources that could not be computed, and why."""

    assumed: list[str]
    not_modelled: list[str]
    failures: list[tuple[str, str]]
    forecast_made_at_ms: int | None
    forecast_model: str | None


class PowerShown(msgspec.Struct, frozen=True, kw_only=True):
    """Mean power of equal periods, the first from `from_at_ms`; null where nothing could be computed."""

    kind: str
    from_at_ms: int
    to_at_ms: int
    period_s: int
    power_ac_kw: list[float | None]
    fields: dict[str, list[float | None]]
    basis: BasisShown


class GroupPower(msgspec.Struct, frozen=True, kw_only=True):
    """Sum of some members; available_kw: AC rating of those that have a value in the period."""

    key: str | None
    resources: int
    total_kw: float
    power_ac_kw: list[float | None]
    available_kw: list[float | None]


class FleetPower(msgspec.Struct, frozen=True, kw_only=True):
    """Sums of a fleet, one group that holds everybody unless others are asked for."""

    kind: str
    from_at_ms: int
    to_at_ms: int
    period_s: int
    groups: list[GroupPower]
    basis: BasisShown


def resource_shown(found: PowerResource) -> ResourceShown:
    tracking = tracking_of(found.site)
    return ResourceShown(
        id=found.resource_id, name=found.name, description=found.description, customer_site_id=found.customer_site_id,
        zone=found.zone, feeder=found.feeder, customer_class=found.customer_class, tags=found.tags,
        lat_deg=found.site.latitude_deg, lon_deg=found.site.longitude_deg, dc_kw=round(found.site.dc_kw, 6),
        ac_kw=round(found.site.ac_kw, 6), tracking=tracking.value if tracking else None, site=found.site,
        created_at_ms=found.created_at_ms, updated_at_ms=found.updated_at_ms, revision=found.version,
    )  # fmt: skip


def body_shown(found: PowerResource) -> ResourceBody:
    """The resource as a call would store it."""
    return ResourceBody(
        name=found.name, site=found.site, description=found.description, customer_site_id=found.customer_site_id,
        zone=found.zone, feeder=found.feeder, customer_class=found.customer_class, tags=found.tags,
    )  # fmt: skip


def fleet_shown(fleet: Fleet, count: int) -> FleetShown:
    return FleetShown(
        id=fleet.fleet_id, name=fleet.name, description=fleet.description, tags=fleet.tags, resources=count,
        filter=None if fleet.filter is None else FilterBody(**msgspec.structs.asdict(fleet.filter)),
        created_at_ms=fleet.created_at_ms, updated_at_ms=fleet.updated_at_ms, revision=fleet.version,
    )  # fmt: skip


def summary_shown(found: FleetSummary) -> SummaryShown:
    box = found.box
    return SummaryShown(
        resources=found.total.count, dc_kw=found.total.dc_kw, ac_kw=found.total.ac_kw,
        exportable_kw=found.exportable_kw, centroid=list(found.centroid) if found.centroid else None,
        box=[box.west, box.south, box.east, box.north] if box else None,
    )  # fmt: skip
