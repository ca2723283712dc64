"""A device as it stands now, as our own API shows it: status in words, units in names, null for what is withheld."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import msgspec

from fleetline.api.dialects.own.calls import Query
from fleetline.core import live
from fleetline.core.views import DeviceView

if TYPE_CHECKING:
    from fleetline.core.workspace import Workspace

STATUS: Final = {1: "offline", 2: "moving", 3: "idle", 4: "not_moved", 5: "unused"}
ALARM: Final = {0: None, 1: "modified", 2: "unplugged", 3: "no_signal", 4: "no_gps", 5: "bad_gps"}
STATUS_WORDS: Final = (*STATUS.values(), "alarm")
"""`alarm` stands for any device that has one, whatever its status."""


class Now(msgspec.Struct, frozen=True, kw_only=True):
    """One device now.

    status  moving, idle (standing, in use), offline (parked or silent), not_moved, unused; always with its age:
            fix_at_ms (latest position), online_at_ms (latest activity), heard_at_ms (latest message)
    alarm   modified, unplugged, no_signal, no_gps, bad_gps or null, since alarm_at_ms
    distance_today_km  of the present UTC day
    """

    status: str
    alarm: str | None
    alarm_at_ms: int | None
    fix_at_ms: int | None
    heard_at_ms: int | None
    online_at_ms: int | None
    parked_at_ms: int | None
    lat_deg: float | None
    lon_deg: float | None
    course_deg: int | None
    speed_kmh: int | None
    ignition: bool | None
    mileage_km: float | None
    distance_today_km: float | None
    rpm: int | None
    coolant_c: int | None
    supply_v: float | None
    battery_v: float | None


def now_shown(view: DeviceView, withhold: frozenset[str]) -> Now:
    """The view with the parts taken out that the caller may not see."""
    now, place, sensors, mileage = (
        view.live,
        "location" not in withhold,
        "sensors" not in withhold,
        "mileage" not in withhold,
    )
    return Now(
        status=STATUS[now.status_code], alarm=ALARM[now.error_code], alarm_at_ms=now.error_ms, fix_at_ms=now.fix_ms,
        heard_at_ms=now.heartbeat_ms, online_at_ms=now.online_ms, parked_at_ms=now.parked_at_ms,
        lat_deg=now.lat_e7 / 1e7 if place and now.lat_e7 is not None else None,
        lon_deg=now.lon_e7 / 1e7 if place and now.lon_e7 is not None else None,
        course_deg=now.heading_deg if place else None, speed_kmh=now.speed_kmh, ignition=now.ignition,
        mileage_km=round(view.mileage_m / 1000, 1) if mileage else None,
        distance_today_km=round(view.distance_m / 1000, 1) if mileage else None,
        rpm=now.rpm if sensors else None, coolant_c=now.coolant_c if sensors else None,
        supply_v=now.supply_mv / 1000 if sensors and now.supply_mv is not None else None,
        battery_v=now.battery_mv / 1000 if sensors and now.battery_mv is not None else None,
    )  # fmt: skip


class Nows:
    """The present states that one answer shows."""

    def __init__(self, views: Mapping[int, DeviceView], withhold: frozenset[str]) -> None:
        self._views, self._withhold = views, withhold

    @staticmethod
    async def asked(workspace: "Workspace", query: Query, now_ms: int) -> "Nows":
        """Those of all devices when the query says `include=now`, else none."""
        if not query.words("include", ("now",)):
            return Nows({}, frozenset())
        return await Nows.all(workspace, now_ms)

    @staticmethod
    async def all(workspace: "Workspace", now_ms: int) -> "Nows":
        views = await live.views(workspace, now_ms)
        return Nows({view.device_id: view for view in views}, workspace.principal.permissions.withhold)

    @staticmethod
    async def with_status(workspace: "Workspace", query: Query, now_ms: int) -> tuple[int, ...] | None:
        """Ids of the devices with one of the states that the query asks for; None when it asks for none."""
        words = query.words("status", STATUS_WORDS)
        if not words:
            return None
        views = await live.views(workspace, now_ms)
        return tuple(
            view.device_id for view in views
            if STATUS[view.live.status_code] in words or ("alarm" in words and view.live.error_code != 0)
        )  # fmt: skip

    def of(self, device_id: int | None) -> Now | None:
        view = self._views.get(device_id) if device_id is not None else None
        return None if view is None else now_shown(view, self._withhold)
