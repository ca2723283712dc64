"""What the history use cases hand to a dialect: a device as it stands now, one UTC day of it."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from fleetline.model.trips import Route
from fleetline.model.trips.live import Live
from fleetline.model.trips.reading import Points


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
class Track:
    """The kept fixes of a route from its origin to its destination.

    at_ms           (n,) int64
    lat_e7, lon_e7  (n,) int32, 1e-7 degrees
    speed_kmh       (n,) int32, whole km/h, rounded half up
    texts           what a dialect made of it, under a name of its own; kept as long as the track is
    """

    at_ms: npt.NDArray[np.int64]
    lat_e7: npt.NDArray[np.int32]
    lon_e7: npt.NDArray[np.int32]
    speed_kmh: npt.NDArray[np.int32]
    texts: dict[str, bytes] = field(default_factory=dict, compare=False)

    def __len__(self) -> int:
        return len(self.at_ms)

    @classmethod
    def of(cls, points: Points) -> "Track":
        lat, lon, speed = (part.astype(np.int32) for part in (points.lat_e7, points.lon_e7, points.speed_kmh))
        return cls(points.at_ms, lat, lon, speed)


@dataclass(frozen=True, slots=True)
class RouteView:
    """One route and, where they were asked for, its points.

    origin_mileage_m, destination_mileage_m  calibrated counter there
    pause_mileage_m  calibrated counter at the begin of each pause
    track            None when it was not asked for, or once retention removed positions
    """

    route: Route
    origin_mileage_m: float
    destination_mileage_m: float
    pause_mileage_m: tuple[float, ...]
    track: Track | None


@dataclass(frozen=True, slots=True)
class DayView:
    """One device, one UTC day."""

    device: DeviceView
    routes: tuple[RouteView, ...]
