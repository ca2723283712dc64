"""What a set of solar resources sums up to on one day: ratings, what may be exported, where it is, how it tracks."""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass, field

from msgspec.structs import replace

from fleetline.model.power import PowerResource, PvSite, PvSystem, Tracking
from fleetline.model.resource import Box, tracking_of


@dataclass(slots=True)
class Share:
    """Part of a sum."""

    count: int = 0
    dc_kw: float = 0.0
    ac_kw: float = 0.0

    def add(self, site: PvSite) -> None:
        self.count += 1
        self.dc_kw += site.dc_kw
        self.ac_kw += site.ac_kw


@dataclass(slots=True)
class FleetSummary:
    """Sums over what stands.

    exportable_kw  AC ratings, each held under its site's export limit
    centroid       latitude and longitude, weighted by AC; None for nothing
    box            None for nothing
    by_tracking    None is the key of sites with several kinds; by_zone, by_class: empty for no zone or class
    """

    total: Share = field(default_factory=Share)
    exportable_kw: float = 0.0
    centroid: tuple[float, float] | None = None
    box: Box | None = None
    by_zone: dict[str, Share] = field(default_factory=dict)
    by_class: dict[str, Share] = field(default_factory=dict)
    by_tracking: dict[Tracking | None, Share] = field(default_factory=dict)


def standing(site: PvSite, on: datetime.date) -> PvSite | None:
    """The site with those of its systems that stand on that day; None when nothing does."""
    if not _stands(site.install_date, site.decommission_date, on):
        return None
    systems = tuple(system for system in site.systems if _system_stands(system, on))
    if not systems:
        return None
    return site if len(systems) == len(site.systems) else replace(site, systems=systems)


def _system_stands(system: PvSystem, on: datetime.date) -> bool:
    return _stands(system.install_date, system.decommission_date, on)


def _stands(start: datetime.date | None, end: datetime.date | None, on: datetime.date) -> bool:
    return (start is None or start <= on) and (end is None or on < end)


def summarised(resources: Sequence[PowerResource], on: datetime.date) -> FleetSummary:
    """Each resource counts once."""
    out = FleetSummary()
    places: list[tuple[float, float, float]] = []
    for resource in resources:
        site = standing(resource.site, on)
        if site is None:
            continue
        limit = site.export_limit_kw
        out.exportable_kw += site.ac_kw if limit is None else min(site.ac_kw, limit)
        places.append((site.latitude_deg, site.longitude_deg, site.ac_kw))
        out.total.add(site)
        out.by_zone.setdefault(resource.zone or "", Share()).add(site)
        out.by_class.setdefault(resource.customer_class or "", Share()).add(site)
        out.by_tracking.setdefault(tracking_of(site), Share()).add(site)
    if places:
        weight = sum(ac for _, _, ac in places)
        out.centroid = (
            sum(lat * ac for lat, _, ac in places) / weight,
            sum(lon * ac for _, lon, ac in places) / weight,
        )
        lats, lons = [lat for lat, _, _ in places], [lon for _, lon, _ in places]
        out.box = Box(min(lons), min(lats), max(lons), max(lats))
    return out
