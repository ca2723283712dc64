"""The live state of a device as clients see it: status, error, latest values (fleetize sections 10 and 12)."""

from dataclasses import dataclass
from typing import Final

from fleetline.model.trips.latest import Latest
from fleetline.model.trips.routes import DAY_MS, Route
from fleetline.model.trips.thresholds import Thresholds, milliseconds
from fleetline.model.trips.view import View
from fleetline.model.trips.watch import MODIFIED_LASTS_MS, Watch, silent_due_ms

OFFLINE: Final = 1
ACTIVE: Final = 2
INACTIVE: Final = 3
NOT_MOVED: Final = 4
UNUSED: Final = 5
AFTER_ROUTE_MS: Final = 3_600_000
OBD_FRESH_MS: Final = 600_000
"""A vehicle's own speed counts before the GPS speed while it is not this much older."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """One device at one moment; None = unknown.

    speed_kmh, rpm, coolant_c, heading_deg   whole numbers, half up; speed 0 unless active, rpm 0 while ignition is off
    supply_mv, battery_mv                    latest millivolts
    online_ms          latest active report; heartbeat_ms latest message
    lat_e7, lon_e7     latest fix, of fix_ms
    parked             standing in a parking; parked_at_ms its first fix
    valid_until_ms     while nothing arrives, all of this stays true before this moment; None: for good
    """

    status_code: int
    error_code: int
    error_ms: int | None
    online_ms: int | None
    heartbeat_ms: int | None
    speed_kmh: int | None
    rpm: int | None
    coolant_c: int | None
    supply_mv: int | None
    battery_mv: int | None
    heading_deg: int | None
    fix_ms: int | None
    lat_e7: int | None
    lon_e7: int | None
    ignition: bool | None
    parked: bool
    parked_at_ms: int | None
    valid_until_ms: int | None


def status_code(view: View, latest: Latest, heartbeat_ms: int | None, now_ms: int, thresholds: Thresholds) -> int:
    """Z-72, for a device that is in use."""
    if heartbeat_ms is None:
        return UNUSED
    if not view.moved:
        return NOT_MOVED
    limit = milliseconds(thresholds.offline_after)
    silent = now_ms - heartbeat_ms > limit or (latest.newest_ms is not None and now_ms - latest.newest_ms > limit)
    if view.ignition is False or silent or (view.ignition is None and view.resting):
        return OFFLINE
    return INACTIVE if view.standing else ACTIVE


def live(
    view: View,
    latest: Latest,
    watch: Watch,
    now_ms: int,
    *,
    thresholds: Thresholds,
    heartbeat_ms: int | None,
    retired: bool = False,
) -> Live:
    """The state at `now_ms`.

    view          `Fold.view(now_ms)`; thresholds those in force now
    heartbeat_ms  receipt of the latest message of any kind, also of one whose reports were refused
    retired       the owner has taken the device out of use
    """
    status = UNUSED if retired else status_code(view, latest, heartbeat_ms, now_ms, thresholds)
    code, begin = (0, None) if heartbeat_ms is None else watch.error(now_ms, view, thresholds)
    rpm = None if latest.rpm is None else 0 if view.ignition is False else latest.rpm[0]
    return Live(
        status_code=status,
        error_code=code,
        error_ms=begin,
        online_ms=view.active_ms,
        heartbeat_ms=heartbeat_ms,
        speed_kmh=speed_kmh(view, latest, status),
        rpm=rpm,
        coolant_c=None if latest.coolant_e1 is None else (latest.coolant_e1[0] + 5) // 10,
        supply_mv=None if latest.supply_mv is None else latest.supply_mv[0],
        battery_mv=None if latest.battery_mv is None else latest.battery_mv[0],
        heading_deg=None if view.heading_e2 is None else (view.heading_e2 + 50) // 100 % 360,
        fix_ms=view.fix_ms,
        lat_e7=view.lat_e7,
        lon_e7=view.lon_e7,
        ignition=view.ignition,
        parked=view.parked,
        parked_at_ms=view.parked_at_ms,
        valid_until_ms=valid_until_ms(view, latest, watch, now_ms, thresholds, heartbeat_ms),
    )


def speed_kmh(view: View, latest: Latest, status: int) -> int | None:
    """The vehicle's own speed, else that of the latest fix; 0 unless active, None when no speed was ever known."""
    if view.fix_ms is None and latest.obd_speed_e2 is None:
        return None
    if status != ACTIVE:
        return 0
    speed = view.speed_e2 or 0
    if latest.obd_speed_e2 is not None and (view.fix_ms is None or view.fix_ms - latest.obd_speed_e2[1] < OBD_FRESH_MS):
        speed = latest.obd_speed_e2[0]
    return int((speed + 50) / 100)


def valid_until_ms(
    view: View, latest: Latest, watch: Watch, now_ms: int, thresholds: Thresholds, heartbeat_ms: int | None
) -> int | None:
    """The earliest moment after `now_ms` at which the clock alone changes a status, an error, a route or a parking."""
    limit = milliseconds(thresholds.offline_after)
    moments = [silent_due_ms(watch.contact_ms, view, thresholds), view.parking_due_ms]
    if heartbeat_ms is not None:
        moments.append(heartbeat_ms + limit + 1)
    if latest.newest_ms is not None:
        moments.append(latest.newest_ms + limit + 1)
    if view.silence_due_ms is not None:
        moments.append(view.silence_due_ms + 1)
    if watch.modified_ms is not None:
        moments.append(watch.modified_ms + MODIFIED_LASTS_MS)
    coming = [moment for moment in moments if moment is not None and moment > now_ms]
    return min(coming) if coming else None


def served_day(active_ms: int | None, route: Route | None, now_ms: int) -> int:
    """The latest activity day (Z-35), days since 1970.

    route  the last route with origin <= active_ms, settled or of the view; None: there is none
    """
    if active_ms is None:
        return now_ms // DAY_MS
    if route is not None and route.origin_ms <= active_ms < route.destination_ms + AFTER_ROUTE_MS:
        return route.day
    return active_ms // DAY_MS
