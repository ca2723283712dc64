"""What a vehicle did, whichever devices it carried: routes, reports and days of its fittings, one after another."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from fleetline.core import fleet
from fleetline.core.views import RouteView
from fleetline.core.workspace import Workspace
from fleetline.model.errors import Invalid, NotFound
from fleetline.model.motion import Columns
from fleetline.model.refusals import NotInPlan
from fleetline.model.settling import DAY_MS

LONGEST_MS: Final = 366 * DAY_MS

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Stretch:
    """A device and the time for which what it says is about the thing asked for."""

    device_id: int
    from_ms: int
    to_ms: int


@dataclass(frozen=True, slots=True)
class DaySum:
    """One UTC day (days since 1970): routes booked on it, their metres, and those of the driving itself."""

    day: int
    routes: int
    distance_m: float
    driving_ms: int
    first_ms: int
    last_ms: int


async def stretches_of_vehicle(
    workspace: Workspace, vehicle_id: int, from_ms: int, to_ms: int, *, archived: bool = False
) -> list[Stretch]:
    """The devices that the vehicle carried in the span, in order; with `archived` also of one in the archive.

    errors  NotFound, Invalid, NotInPlan

    What a device stored before it was registered belongs to the vehicle that it was registered with.
    """
    _check_span(workspace, from_ms, to_ms)
    found = []
    for fitting, _ in await fleet.fittings(workspace, vehicle_id, archived=archived):
        every = await workspace.registry.devices.fittings(workspace.account_id, fitting.device_id)
        since_ms = 0 if fitting.from_ms == min(each.from_ms for each in every) else fitting.from_ms
        begin, end = max(from_ms, since_ms), min(to_ms, fitting.until_ms or to_ms)
        if begin < end:
            found.append(Stretch(fitting.device_id, begin, end))
    return found


async def stretches_of_device(
    workspace: Workspace, device_id: int, from_ms: int, to_ms: int, *, archived: bool = False
) -> list[Stretch]:
    """The device itself for the whole span. errors: NotFound, Invalid, NotInPlan"""
    _check_span(workspace, from_ms, to_ms)
    await fleet.device(workspace, device_id, archived=archived)
    return [Stretch(device_id, from_ms, to_ms)]


def _check_span(workspace: Workspace, from_ms: int, to_ms: int) -> None:
    if from_ms >= to_ms:
        raise Invalid("to", "must lie after from", to_ms)
    if to_ms - from_ms > LONGEST_MS:
        raise Invalid("to", "must be at most 366 days after from", to_ms)
    back = workspace.core.clock.now_ms() // DAY_MS - from_ms // DAY_MS
    most = workspace.principal.permissions.history_days
    if 0 < most < back:
        raise NotInPlan("history")


@dataclass(frozen=True, slots=True)
class Found(Generic[T]):
    """(device, what it said) in order; missing: devices deleted since, whose past only those see who see all."""

    items: list[tuple[int, T]]
    missing: list[int]


async def routes(workspace: Workspace, stretches: Sequence[Stretch], *, points: bool) -> Found[RouteView]:
    """Every route that begins in its stretch or reaches into it, ascending, with its points where they are wanted."""
    now_ms = workspace.core.clock.now_ms()
    found: list[tuple[int, RouteView]] = []
    missing = []
    for stretch in stretches:
        try:
            views = await workspace.history.routes(
                stretch.device_id, stretch.from_ms, stretch.to_ms, now_ms, points=points
            )
        except NotFound:
            missing.append(stretch.device_id)
            continue
        found += [
            (stretch.device_id, view) for view in views
            if view.route.origin_ms < stretch.to_ms and view.route.destination_ms >= stretch.from_ms
        ]  # fmt: skip
    return Found(found, missing)


async def positions(workspace: Workspace, stretches: Sequence[Stretch]) -> Found[Columns]:
    """The reports of each stretch, those without a fix included."""
    found: list[tuple[int, Columns]] = []
    missing = []
    for stretch in stretches:
        try:
            columns = await workspace.history.positions(stretch.device_id, stretch.from_ms, stretch.to_ms)
        except NotFound:
            missing.append(stretch.device_id)
        else:
            found.append((stretch.device_id, columns))
    return Found(found, missing)


def days_of(views: Sequence[RouteView]) -> list[DaySum]:
    """Sums per UTC day that has any route, ascending; a route counts whole on the day of its origin."""
    sums: dict[int, DaySum] = {}
    for view in views:
        route = view.route
        before = sums.get(route.day, DaySum(route.day, 0, 0.0, 0, route.origin_ms, route.destination_ms))
        pauses_ms = sum(pause.end_ms - pause.start_ms for pause in route.pauses)
        sums[route.day] = DaySum(
            route.day, before.routes + 1, before.distance_m + route.metres_m,
            before.driving_ms + route.destination_ms - route.origin_ms - pauses_ms,
            min(before.first_ms, route.origin_ms), max(before.last_ms, route.destination_ms),
        )  # fmt: skip
    return [sums[day] for day in sorted(sums)]
