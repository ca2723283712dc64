"""What the history use cases hand to a dialect: a device as it stands now, one UTC day of it."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fleetline.model.trips import Route
from fleetline.model.trips.live import Live


@dataclass(frozen=True, slots=True)
class DeviceView:
    """One device at one moment, with the vehicle it rides in.

    name, type, description, portrait  the present vehicle's; portrait is an absolute URL or None
    mileage_m, mileage_raw_m           calibrated and uncalibrated counter with its offset, metres, now
    distance_m                         metres of the served UTC day
    day_start_s                        start of the served UTC day
    live                               what the fold says at `now_ms`
    heartbeat_at_ms                    receipt of the latest message of any kind; None: never heard of
    time_zone, language                the account's, for texts about parking
    version                            grows whenever anything stored about the device changes
    """

    device_id: int
    ident: str
    type: str
    name: str
    description: str
    portrait: str | None
    mileage_m: float
    mileage_raw_m: float
    distance_m: float
    day_start_s: int
    live: Live
    heartbeat_at_ms: int | None
    time_zone: str
    language: str
    version: int


@dataclass(frozen=True, slots=True)
class RouteView:
    """One route and the kept fixes from its origin to its destination.

    lat_e7, lon_e7  (n,) int64; speed_kmh (n,) int64, rounded half up. All three None once retention removed the
    positions
    origin_mileage_m, destination_mileage_m  calibrated counter there
    pause_mileage_m  calibrated counter at the begin of each pause
    """

    route: Route
    origin_mileage_m: float
    destination_mileage_m: float
    pause_mileage_m: tuple[float, ...]
    lat_e7: npt.NDArray[np.int64] | None
    lon_e7: npt.NDArray[np.int64] | None
    speed_kmh: npt.NDArray[np.int64] | None


@dataclass(frozen=True, slots=True)
class DayView:
    """One device, one UTC day."""

    device: DeviceView
    routes: tuple[RouteView, ...]
