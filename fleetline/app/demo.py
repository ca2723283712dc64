"""A living demo: a server on fresh data, vehicles that drive through its own tracker ports, and what to paste to see
them.
"""

import asyncio
import signal
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Final

import structlog

from fleetline.app.demo_suns import add_suns, shine
from fleetline.app.paths import Vehicle, first_departure_ms, report_at, vehicle_of
from fleetline.app.server import Server, running
from fleetline.app.settings import Settings
from fleetline.app.simulate import simulated_imei
from fleetline.app.simulate_lines import Address, HttpLine, Line, TcpLine
from fleetline.model.access import Permissions, Role
from fleetline.model.motion import Report
from fleetline.model.power import PowerResource
from fleetline.model.registry import Author, NewDevice, NewMember

log = structlog.get_logger("fleetline.demo")

FLEET: Final = (
    ("Van 1 Lindner", "VAN", "Parcel van, north tour"),
    ("Van 2 Okafor", "VAN", "Parcel van, harbour tour"),
    ("Van 3 Bauer", "VAN", "Parcel van, old town"),
    ("Truck 4 Sorensen", "TRUCK", "Box truck, 12 t"),
    ("Truck 5 Nowak", "TRUCK", "Box truck, 7.5 t"),
    ("Car 6 Pool", "CAR", "Pool car"),
    ("Car 7 Service", "CAR", "Field service, carries ladder"),
    ("Bus 8 Shuttle", "BUS", "Staff shuttle"),
    ("Phone 9 Courier", "PHONE", "Bicycle courier with the phone app"),
    ("Van 10 Ferreira", "VAN", "Loose tracker: its power was cut"),
)
FAULTY: Final = len(FLEET) - 1
PHONE: Final = 8
TOWN: Final = (48.7758, 9.1829)
DAYS: Final = 3
STEP_MS: Final = 15_000
PARKED_MS: Final = 600_000
LOOK_MS: Final = 30_000
"""How often a parked vehicle of the past is looked at, so that its departure is not missed."""
LIVE_S: Final = 2.0
PACKET: Final = 50
PLAN: Final = "unlimited"
CUT_BEFORE_MS: Final = 40 * 60_000


@dataclass(frozen=True, slots=True)
class Secrets:
    """What the demo prints, once, and whose it is."""

    account_id: str
    suns: Sequence[PowerResource]
    email: str
    password: str
    apitoken: str
    trimble_key: str
    api_key: str
    client_id: str
    client_secret: str
    device_id: int


async def run_demo(http: Address, minutes: float | None) -> None:
    """Until SIGTERM, SIGINT, or the minutes are over."""
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    with tempfile.TemporaryDirectory(prefix="fleetline-demo-") as name:
        data = Path(name)
        trackers = {"teltonika": ("127.0.0.1", 0), "osmand": ("127.0.0.1", 0)}
        settings = Settings(data=data, database=f"sqlite:///{data}/fleetline.db", http=http, trackers=trackers)
        async with running(settings) as server:
            secrets = await set_up(server)
            base = f"http://{_host(http[0])}:{server.http_port}"
            sys.stdout.write(welcome(base, secrets))
            sys.stdout.flush()
            living = [
                loop.create_task(drive_fleet(server)),
                loop.create_task(shine(server, secrets.account_id, secrets.suns)),
            ]
            with suppress(TimeoutError):
                await asyncio.wait_for(ended.wait(), None if minutes is None else minutes * 60)
            for task in living:
                task.cancel()
            await asyncio.gather(*living, return_exceptions=True)


def _host(host: str) -> str:
    if host in ("0.0.0.0", "::"):
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host


async def set_up(server: Server) -> Secrets:
    """One account with its vehicles, an administrator, and a credential for each API."""
    core = server.core
    account = (await core.accounts.add_account("Demo Logistics", plan=PLAN)).account_id
    author = Author("demo", "cli")
    devices = [
        NewDevice(simulated_imei(index), name, kind, text, mileage_km=20_000 + 9_500 * index)
        for index, (name, kind, text) in enumerate(FLEET)
    ]
    await core.registry.devices.import_many(account, devices, author)
    user, password = await core.accounts.add_user(
        account, "demo@example.org", role=Role.ADMINISTRATOR, permissions=Permissions(all_devices=True)
    )
    call = await core.credentials.add_call_token(account, name="Demo token", created_by="demo")
    asset = await core.credentials.add_asset_key(account_id=account, name="Demo key", created_by="demo")
    client = await core.credentials.add_client(account, name="Demo client", created_by="demo")
    await add_people(server, account, author)
    suns = await add_suns(server, account)
    first = await core.registry.devices.by_ident(devices[0].ident)
    assert first is not None, "it was registered above"
    assert client.key is not None, "a new key was asked for"
    return Secrets(
        account_id=account,
        suns=suns,
        email=user.email,
        password=password,
        apitoken=call.secret,
        trimble_key=asset.secret,
        api_key=client.key.secret,
        client_id=client.client.credential.credential_id,
        client_secret=client.client.secret,
        device_id=first.device_id,
    )


async def add_people(server: Server, account_id: str, author: Author) -> None:
    """Two groups of vehicles, and the drivers whose names some of them carry."""
    registry = server.core.registry
    drivers = [NewMember(f"D{number}", name.split(" ", 2)[2]) for number, (name, _, _) in enumerate(FLEET[:5], 1)]
    await registry.drivers.add(account_id, drivers, author)
    await registry.vehicles.groups.add(account_id, ["Vans", "Trucks"], author)
    async with server.core.store.read() as tx:
        rows = await tx.registry.device_rows(account_id)
    groups = {group.name: group.group_id for group in await registry.vehicles.groups.all(account_id)}
    for name, kind in (("Vans", "VAN"), ("Trucks", "TRUCK")):
        idents = [row[1] for row in rows if row[4] == kind]
        await registry.vehicles.groups.assign(account_id, groups[name], idents, author)


def welcome(base: str, secrets: Secrets) -> str:
    """What a person reads first; each line that begins with `curl` can be pasted as it is."""
    pick = "python3 -c 'import json,sys; print(json.load(sys.stdin)[\"{}\"])'"
    signed = f'curl -s -d \'{{"apiKey":"{secrets.trimble_key}"}}\' {base}/api/assets/v1/accounts/authenticate'
    key = f"X-Api-Key: {secrets.api_key}"
    pair = f"-d client_id={secrets.client_id} -d client_secret={secrets.client_secret}"
    bearer = f"curl -s -H '{key}' {pair} {base}/token"
    return f"""
Fleetline demo: {base}/
Sign in as {secrets.email} with the password {secrets.password}

Fleetize-compatible, all devices:
curl -s -d apitoken={secrets.apitoken} {base}/v2/devicelist

Fleetize-compatible, one device with today's routes:
curl -s -d apitoken={secrets.apitoken} -d device={secrets.device_id} {base}/v2/device

Trimble-compatible, vehicles:
curl -s -H "Authorization: bearer $({signed} | {pick.format("token")})" {base}/api/assets/v1/vehicles

FleetView-compatible, solar resources:
curl -s -H '{key}' -H "Authorization: Bearer $({bearer} | {pick.format("access_token")})" {base}/v1/resources

Press Ctrl+C to end; the data of the demo goes with it.

"""


async def drive_fleet(server: Server) -> None:
    """History of the last days first, then live for ever, all of it through the tracker ports."""
    ports: Mapping[str, int] = server.tracker_ports
    async with asyncio.TaskGroup() as group:
        for index in range(len(FLEET)):
            name = "osmand" if index == PHONE else "teltonika"
            address = ("127.0.0.1", ports[name])
            line: Line = (
                HttpLine(address, simulated_imei(index)) if index == PHONE else TcpLine(address, simulated_imei(index))
            )
            group.create_task(_Driver(index, line, server.core.clock.now_ms()).drive())


class _Driver:
    """One vehicle of the demo. Its hours are shifted so that some are always on the road, whatever the time of day."""

    def __init__(self, index: int, line: Line, now_ms: int) -> None:
        self._index = index
        self._line = line
        self._vehicle: Vehicle = vehicle_of(index, TOWN)
        driving_for_ms = Random(index).randrange(2, 25) * 60_000
        self._shift_ms = first_departure_ms(self._vehicle, now_ms) + driving_for_ms - now_ms
        self._begin_ms = now_ms - DAYS * 86_400_000
        self._now_ms = now_ms

    def _report(self, at_ms: int) -> Report:
        report = replace(report_at(self._vehicle, at_ms + self._shift_ms), fix_at_ms=at_ms)
        if self._index == FAULTY and at_ms >= self._now_ms - CUT_BEFORE_MS:
            return replace(report, power_cut=at_ms < self._now_ms - CUT_BEFORE_MS + STEP_MS, supply_v=0.0)
        return report

    async def drive(self) -> None:
        at_ms = self._begin_ms
        waiting: list[Report] = []
        quiet_until_ms = at_ms
        while at_ms < self._now_ms:
            report = self._report(at_ms)
            if report.ignition or at_ms >= quiet_until_ms:
                waiting.append(report)
                quiet_until_ms = at_ms + PARKED_MS
            at_ms += STEP_MS if report.ignition else LOOK_MS
            if len(waiting) >= PACKET:
                await self._deliver(waiting)
                waiting = []
                await asyncio.sleep(0)
        if waiting:
            await self._deliver(waiting)
        loop = asyncio.get_running_loop()
        began = loop.time()
        while True:
            await self._deliver([self._report(self._now_ms + round((loop.time() - began) * 1000))])
            await asyncio.sleep(LIVE_S)

    async def _deliver(self, reports: list[Report]) -> None:
        """Again and again until the server has taken them, as a tracker does."""
        while True:
            try:
                if not self._line.is_open:
                    await self._line.open()
                if await self._line.deliver(reports):
                    return
            except (OSError, EOFError, TimeoutError) as fault:
                log.info("demo line", device=self._index, fault=type(fault).__name__)
                self._line.close()
            await asyncio.sleep(1)
