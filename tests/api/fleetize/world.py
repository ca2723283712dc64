"""The whole application for one account: real gate, real store, real pipeline, and devices held in memory."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

from fleetline.api.dialects.fleetize import DIALECT, configure
from fleetline.api.pipeline import Pipeline
from fleetline.core.gate import Gate
from fleetline.core.requests import RequestFilter, RequestLog, find_requests
from fleetline.core.workspace import Core
from fleetline.model.access import Role, parse_permissions
from fleetline.model.limits import Plan
from fleetline.model.registry import Author, NewDevice
from fleetline.stores.engine import Engine
from tests.api.calls import Answer, Caller
from tests.api.fleetize.desk import Car, MemoryDesk
from tests.api.fleetize.station import Station, open_station
from tests.core.gate_kit import core_over
from tests.kit import CountedIds, HandClock

FREE = "unlimited"
INVALID_TOKEN = "ERROR #1000 - INVALID API TOKEN"
TOO_SOON = "ERROR #1055 - QUERY-THRESHOLD EXCEEDED - PLEASE REDUCE QUERY-INTERVAL, OTHERWISE YOUR TOKEN WILL BE BLOCKED"
BLOCKED = "ERROR #1002 - QUERY-THRESHOLD EXCEEDED - API TOKEN BLOCKED"


@dataclass
class World:
    """An account with a token of its main user, behind the application."""

    core: Core
    gate: Gate
    log: RequestLog
    clock: HandClock
    app: Pipeline
    account_id: str
    token: str
    desk: MemoryDesk
    station: Station | None = None

    async def call(
        self,
        action: str,
        token: str | None = "",
        *,
        address: str = "192.0.2.1",
        headers: Sequence[tuple[str, str]] = (),
        **fields: Any,
    ) -> Answer:
        """A form POST; token "" is the main user's, None sends none."""
        known = {"apitoken": token or self.token} if token is not None else {}
        sent = {**known, **{name: str(value) for name, value in fields.items()}}
        return await Caller(self.app, address).form(f"/v2/{action}", sent, headers)

    async def member(self, permissions: str, email: str = "member@example.com", role: Role = Role.MEMBER) -> str:
        """A new user's token."""
        user, _ = await self.core.accounts.add_user(
            self.account_id, email, role=role, permissions=parse_permissions(permissions)
        )
        issued = await self.core.credentials.add_call_token(self.account_id, user_id=user.user_id)
        return issued.secret

    async def another_token(self) -> str:
        """A further token of the main user."""
        return (await self.core.credentials.add_call_token(self.account_id)).secret

    async def logged(self) -> list[Any]:
        """Every entry of the request log, the newest first."""
        await self.log.flush()
        return list(await find_requests(self.core.store, RequestFilter(everybody=True), 1000))


async def make_world(
    engine: Engine,
    clock: HandClock,
    ids: CountedIds,
    folder: Path,
    cars: Sequence[Car] = (),
    *,
    plan: str = FREE,
    plans: Mapping[str, Plan] | None = None,
    settings: Mapping[str, object] | None = None,
    stored: bool = False,
    **account: str,
) -> World:
    """An account on that plan, its devices in memory; stored: registered, reporting and read as in the real program."""
    desk, station = MemoryDesk(cars), None
    core = core_over(engine, clock, ids, folder, plans)
    made = await core.accounts.add_account("Fleet", plan=plan, **account)
    if stored:
        station = await open_station(core.store, clock)
        await station.filing.start()
        core = replace(core, history=station.history)
        for car in cars:
            await register(engine, core, made.account_id, car)
            station.expect(car.device_id, car.ident, car.rows)
    else:
        core = replace(core, history=cast(Any, desk))
    issued = await core.credentials.add_call_token(made.account_id)
    gate, log = Gate(core), RequestLog(core.store, clock)
    dialect = DIALECT if settings is None else configure(settings)
    app = Pipeline([dialect], gate=gate, log=log, clock=clock, ids=ids)
    return World(core, gate, log, clock, app, made.account_id, issued.secret, desk, station)


async def register(engine: Engine, core: Core, account_id: str, car: Car) -> None:
    """Put the device into the registry under the id it has in memory."""
    async with engine.write() as tx:
        await tx.execute("UPDATE counters SET next = $1 WHERE name = 'devices'", car.device_id)
    device = NewDevice(car.ident, car.name, car.type, car.description, car.mileage_km)
    assert await core.registry.devices.add(account_id, device, Author("test", "cli")) == car.device_id
