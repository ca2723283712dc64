"""A history desk in memory, the plainest there is: for every question it folds all reports of a device anew."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from fleetline.core.views import DayView, DeviceView, RouteView, Track
from fleetline.model.access import Account, Principal
from fleetline.model.errors import NotFound
from fleetline.model.motion import Rows, empty_rows
from fleetline.model.trips import Fold, Route, Thresholds
from fleetline.model.trips import live as living
from fleetline.model.trips import mileage as counters
from fleetline.model.trips.latest import Latest
from fleetline.model.trips.reading import kept
from fleetline.model.trips.routes import DAY_MS
from fleetline.model.trips.view import View
from fleetline.model.trips.watch import Watch

THRESHOLDS = Thresholds()


@dataclass
class Car:
    """A device with the vehicle it rides in, and everything it ever reported (ROW, any order)."""

    device_id: int
    ident: str = "356307042441013"
    type: str = "VAN"
    name: str = "Van 7"
    description: str = "Parcel van"
    portrait: str | None = None
    mileage_km: float | None = None
    rows: Rows = field(default_factory=lambda: empty_rows(0))
    retired: bool = False
    forgotten: bool = False
    time_zone: str = "Europe/Berlin"
    language: str = "de"

    def known(self, now_ms: int) -> Rows:
        """What had arrived by then, in order of arrival."""
        rows = self.rows[self.rows["received_at_ms"] <= now_ms]
        return rows[np.argsort(rows["received_at_ms"], kind="stable")]


@dataclass
class Folded:
    """A device at a moment."""

    view: View
    routes: list[Route]
    days: dict[int, int]
    live: living.Live
    offsets: list[counters.Offset]
    rows: Rows
    heartbeat_ms: int | None


class MemoryDesk:
    """See fleetline/core/history.py; every device belongs to whoever asks."""

    def __init__(self, cars: Iterable[Car] = ()) -> None:
        self.cars = {car.device_id: car for car in cars}
        self.asked: list[int] = []

    def of(self, principal: Principal, account: Account) -> "MemoryDesk":
        """Everybody sees everything here; who sees what is tested with the real desk."""
        return self

    async def devices(self, now_ms: int) -> list[DeviceView]:
        today = now_ms // DAY_MS
        return [device_view(car, folded(car, now_ms), today, now_ms) for _, car in sorted(self.cars.items())]

    async def day(self, device_id: int, day_start_s: int | None, now_ms: int, *, points: bool = True) -> DayView:
        self.asked.append(device_id)
        if device_id not in self.cars:
            raise NotFound("device", device_id)
        car = self.cars[device_id]
        state = folded(car, now_ms)
        day = served(state, now_ms) if day_start_s is None else day_start_s * 1000 // DAY_MS
        routes = [route for route in state.routes if route.day == day]
        return DayView(
            device_view(car, state, day, now_ms),
            tuple(route_view(car, state, route, now_ms, points=points) for route in routes),
        )


def folded(car: Car, now_ms: int) -> Folded:
    """Everything the reports known by then say."""
    arrived = car.known(now_ms)
    watch, fold = Watch(), Fold(THRESHOLDS)
    for index in range(len(arrived)):
        received_ms = int(arrived["received_at_ms"][index])
        watch.tick(received_ms, fold.view(received_ms), THRESHOLDS)
        if fold.last_ms is not None and int(arrived["at_ms"][index]) <= fold.last_ms:
            watch.hear(received_ms)
            continue
        fold.feed(arrived[index : index + 1])
        watch.feed(arrived[index : index + 1], fold.view(received_ms), THRESHOLDS)
    rows = np.sort(arrived, order="at_ms")
    latest, whole = Latest(), Fold(THRESHOLDS)
    latest.merge(rows)
    outcome = whole.feed(rows)
    view = whole.view(now_ms)
    heartbeat_ms = int(arrived["received_at_ms"][-1]) if len(arrived) else None
    state = living.live(
        view, latest, watch, now_ms, thresholds=THRESHOLDS, heartbeat_ms=heartbeat_ms, retired=car.retired
    )
    days = {**outcome.days, **view.days}
    offsets = []
    if view.first_odometer is not None:
        start_um = sum(um for day, um in days.items() if day < view.first_odometer[2])
        offsets.append(counters.odometer_offset(view.first_odometer, start_um))
    if car.mileage_km is not None:
        offsets.append(counters.calibration(counters.CALIBRATED, 0, car.mileage_km, 0))
    return Folded(view, [*outcome.routes, *view.routes], days, state, offsets, rows, heartbeat_ms)


def served(state: Folded, now_ms: int) -> int:
    """The latest activity day."""
    active_ms = state.view.active_ms
    before = [route for route in state.routes if active_ms is not None and route.origin_ms <= active_ms]
    return living.served_day(active_ms, before[-1] if before else None, now_ms)


def device_view(car: Car, state: Folded, day: int, now_ms: int) -> DeviceView:
    counter = sum(state.days.values())
    return DeviceView(
        device_id=car.device_id,
        ident=car.ident,
        type=car.type,
        name=car.name,
        description=car.description,
        portrait=car.portrait,
        mileage_m=(counter + counters.calibrated_offset_um(state.offsets, now_ms)) / 1e6,
        mileage_raw_m=(counter + counters.raw_offset_um(state.offsets, now_ms)) / 1e6,
        distance_m=state.days.get(day, 0) / 1e6,
        day_start_s=day * DAY_MS // 1000,
        live=state.live,
        heartbeat_at_ms=state.heartbeat_ms,
        time_zone=car.time_zone,
        language=car.language,
        version=len(state.rows),
    )


def route_view(car: Car, state: Folded, route: Route, now_ms: int, *, points: bool) -> RouteView:
    start_um = sum(um for day, um in state.days.items() if day < route.day)
    origin, destination, pauses = counters.route_counters(route, start_um, state.offsets, now_ms)
    found = None if car.forgotten or not points else kept(state.rows, route, THRESHOLDS)
    return RouteView(
        route=route,
        origin_mileage_m=origin / 1e6,
        destination_mileage_m=destination / 1e6,
        pause_mileage_m=tuple(um / 1e6 for um in pauses),
        track=None if found is None else Track.of(found),
    )
