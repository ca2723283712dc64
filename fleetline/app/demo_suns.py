"""The solar side of the demo: systems of a depot and of branches, with weather, meters and forecasts that go on."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import structlog

from fleetline.app.demo_weather import DAY_S, STEP_S, foretold, meter_share, observed
from fleetline.app.server import Server
from fleetline.core.power import PowerDesk
from fleetline.model.errors import FleetlineError
from fleetline.model.power import Inverters, Modules, Mounting, PowerResource, PvArray, PvSite, PvSystem, Tracking
from fleetline.model.resource import Draft, FleetDraft
from fleetline.model.resource_query import PowerQuery, SeriesKind
from fleetline.model.weather import Delivery, IntArray, WeatherKind, cell_codes
from fleetline.solar.steps import Steps

log = structlog.get_logger("fleetline.demo")

SOURCE: Final = "default"
RESOLUTION_E2: Final = 10
PAST_DAYS: Final = 370
"""A year and a little, so that every range of the charts has a beginning."""
AHEAD_S: Final = 3 * DAY_S
ISSUE_S: Final = 6 * 3600
ISSUED_DAYS: Final = 4
"""How far back forecasts reach that were made then, for their scores."""
FIXED, TURNING = Tracking.FIXED, Tracking.SINGLE_AXIS_BACKTRACKING
ROOF, RACK = Mounting.ROOF, Mounting.OPEN_RACK


@dataclass(frozen=True, slots=True)
class Sun:
    """One system. health: what its meter reads over what the model says; broken_days: how long it has been worse."""

    name: str
    zone: str
    place: tuple[float, float]
    modules: int
    each_kw: float
    ac_kw: float
    azimuth_deg: float
    tilt_deg: float
    tracking: Tracking = FIXED
    mounting: Mounting = ROOF
    health: float = 0.99
    broken: float = 1.0
    broken_days: float = 0.0

    def draft(self, number: int) -> Draft:
        """The resource as anybody would store it."""
        array = PvArray(
            modules=(Modules(count=self.modules, nameplate_dc_kw=self.each_kw),), azimuth_deg=self.azimuth_deg,
            tilt_deg=self.tilt_deg, tracking=self.tracking, mounting=self.mounting,
        )  # fmt: skip
        inverters = (Inverters(count=1, max_power_ac_kw=self.ac_kw, efficiency_pct=97.5),)
        systems = (PvSystem(inverters=inverters, arrays=(array,)),)
        site = PvSite(latitude_deg=self.place[0], longitude_deg=self.place[1], systems=systems)
        return Draft(name=self.name, site=site, zone=self.zone, customer_site_id=f"PV-{number:03d}")


SUNS: Final = (
    Sun("Depot roof south", "Stuttgart", (48.776, 9.183), 240, 0.42, 85, 180, 12),
    Sun("Depot roof east", "Stuttgart", (48.776, 9.184), 120, 0.42, 40, 95, 12, health=0.96),
    Sun("Workshop carport", "Stuttgart", (48.774, 9.181), 180, 0.45, 66, 265, 7, mounting=RACK, broken=0.68,
        broken_days=3.3),
    Sun("Field at the ring road", "Stuttgart", (48.711, 9.242), 2400, 0.55, 1000, 180, 0, TURNING, RACK, 1.01),
    Sun("Branch Ulm, hall 2", "Ulm", (48.401, 9.988), 310, 0.40, 99, 170, 10, health=0.97),
    Sun("Branch Heilbronn, west roof", "Heilbronn", (49.142, 9.218), 150, 0.41, 50, 250, 15, health=0.88),
    Sun("Cold store Karlsruhe", "Karlsruhe", (49.009, 8.404), 640, 0.43, 220, 185, 5),
    Sun("Charging park Freiburg", "Freiburg", (47.999, 7.842), 420, 0.44, 150, 180, 8, mounting=RACK, health=1.02),
)  # fmt: skip
FLEETS: Final = (
    ("All roofs", "Everything that is metered", None),
    ("Stuttgart depot", "Behind one grid connection", "Stuttgart"),
)


async def add_suns(server: Server, account_id: str) -> list[PowerResource]:
    """The systems and their fleets; what meters and skies say comes with `shine`."""
    power = server.core.power
    assert power is not None, "a server has power"
    made = [await power.resources.add(account_id, sun.draft(number)) for number, sun in enumerate(SUNS, 1)]
    for name, text, zone in FLEETS:
        members = tuple(item.resource_id for item in made if zone in (None, item.zone))
        await power.fleets.add(account_id, FleetDraft(name=name, description=text, resource_ids=members))
    return made


async def shine(server: Server, account_id: str, made: Sequence[PowerResource]) -> None:
    """Weather, forecasts and meters of the past first, then what each quarter of an hour adds, for ever."""
    power = server.core.power
    assert power is not None, "a server has power"
    sky = Sky(power, account_id, made, server.core.clock.now_ms() // 1000)
    await sky.past()
    while True:
        now_s = server.core.clock.now_ms() // 1000
        await asyncio.sleep(STEP_S - now_s % STEP_S + 1)
        try:
            await sky.go_on(server.core.clock.now_ms() // 1000)
        except FleetlineError as fault:
            log.info("demo sky", fault=str(fault))


class Sky:
    """What is delivered for the systems of the demo, by the use cases that everybody's deliveries take."""

    def __init__(self, power: PowerDesk, account_id: str, made: Sequence[PowerResource], begun_s: int) -> None:
        self._power, self._account_id, self._made = power, account_id, list(zip(SUNS, made, strict=True))
        places = np.array([sun.place for sun in SUNS])
        self._cells: IntArray = np.unique(cell_codes(places[:, 0].copy(), places[:, 1].copy(), RESOLUTION_E2))
        self._begun_s = begun_s
        self._done_s = begun_s // STEP_S * STEP_S

    async def past(self) -> None:
        """The last days at first, since they are looked at first; then the year before them."""
        edge = self._done_s
        week = edge - 8 * DAY_S
        await self._deliver(week, edge)
        newest = edge // ISSUE_S * ISSUE_S
        await self._foretell(newest)
        for issued_s in range(newest - ISSUED_DAYS * DAY_S, newest, ISSUE_S):
            await self._foretell(issued_s)
        await self._deliver(edge - PAST_DAYS * DAY_S, week)

    async def go_on(self, now_s: int) -> None:
        """Everything up to now, and a new forecast when one is due."""
        edge = now_s // STEP_S * STEP_S
        if edge <= self._done_s:
            return
        if edge // ISSUE_S > self._done_s // ISSUE_S:
            await self._foretell(edge // ISSUE_S * ISSUE_S)
        await self._deliver(self._done_s, edge)
        self._done_s = edge

    async def _deliver(self, start_s: int, stop_s: int) -> None:
        """Weather as it was, and what the meters made of it."""
        steps = Steps(start_s, STEP_S, (stop_s - start_s) // STEP_S)
        values = await asyncio.to_thread(observed, self._cells, steps)
        await self._power.weather.put(
            self._account_id, [replace(self._delivery(start_s), kind=WeatherKind.OBSERVED, values=values)]
        )
        for number, (sun, resource) in enumerate(self._made):
            await self._read_meter(number, sun, resource, start_s, stop_s)

    async def _foretell(self, issued_s: int) -> None:
        steps = Steps(issued_s, STEP_S, AHEAD_S // STEP_S)
        values = await asyncio.to_thread(foretold, self._cells, steps, issued_s)
        one = replace(self._delivery(issued_s), kind=WeatherKind.FORECAST, values=values, issue_at_ms=issued_s * 1000)
        await self._power.weather.put(self._account_id, [one])

    def _delivery(self, start_s: int) -> Delivery:
        return Delivery(
            source=SOURCE, kind=WeatherKind.OBSERVED, start_s=start_s, step_s=STEP_S, resolution_e2=RESOLUTION_E2,
            cells=self._cells, values={},
        )  # fmt: skip

    async def _read_meter(self, number: int, sun: Sun, resource: PowerResource, start_s: int, stop_s: int) -> None:
        query = PowerQuery(kind=SeriesKind.HISTORICAL, start_s=start_s, end_s=stop_s, period_s=STEP_S, source=SOURCE)
        series = await self._power.series.resource(self._account_id, resource.resource_id, query)
        times = Steps(start_s, STEP_S, query.periods).mid_s().astype(np.float64)
        share = sun.health * meter_share(times, number)
        share = np.where(times > self._begun_s - sun.broken_days * DAY_S, share * sun.broken, share)
        limit = resource.site.ac_kw
        read = np.minimum(series.values["ac_kw"] * share, limit)
        await self._power.measurements.put(self._account_id, resource.resource_id, start_s, STEP_S, read)
