"""Our own API over a real engine, called the way a server would, and accounts with people and vehicles in them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec

from fleetline.api.dialects.own import DIALECT
from fleetline.api.pipeline import Pipeline
from fleetline.app.plug import find_protocols
from fleetline.core.folding import Folding
from fleetline.core.gate import Gate
from fleetline.core.groups import Frames
from fleetline.core.history import History
from fleetline.core.parts import file_frames
from fleetline.core.pledges import Pledges
from fleetline.core.power import PowerDesk
from fleetline.core.requests import RequestLog
from fleetline.core.sealing import Sealing
from fleetline.core.workspace import Core
from fleetline.model.access import Permissions, Role
from fleetline.model.motion import Report
from fleetline.outside.weather_files import PvlibFiles
from fleetline.stores.engine import Engine
from tests.api.calls import Answer, Caller
from tests.core.gate_kit import core_over
from tests.kit import CountedIds, HandClock

PASSWORD = "a good password"
JSON = ("content-type", "application/json")
PROTOCOLS = find_protocols()


@dataclass
class Person:
    """Somebody who signed in, as a program does: with a token."""

    caller: Caller
    token: str
    account_id: str
    user_id: str
    email: str

    async def call(self, method: str, path: str, body: Any = None, headers: Sequence[tuple[str, str]] = ()) -> Answer:
        """`body` as JSON, bytes as they are."""
        sent = b"" if body is None else body if isinstance(body, bytes) else msgspec.json.encode(body)
        kind = [] if any(name == "content-type" for name, _ in headers) else [JSON]
        return await self.caller.call(
            method, f"/api/v1{path}", sent, [("authorization", f"Bearer {self.token}"), *kind, *headers]
        )

    async def get(self, path: str, headers: Sequence[tuple[str, str]] = ()) -> Any:
        """The answer's JSON; anything but 200 fails."""
        answer = await self.call("GET", path, headers=headers)
        assert answer.status == 200, (path, answer.status, answer.text)
        return answer.json()

    async def do(self, method: str, path: str, body: Any, status: int = 200) -> Any:
        answer = await self.call(method, path, body)
        assert answer.status == status, (path, answer.status, answer.text)
        return answer.json() if answer.body else None

    async def add_vehicles(self, *ids: str, **facts: Any) -> list[int]:
        """Vehicles of these external ids; their numbers."""
        done = await self.do("POST", "/vehicles", [{"external_id": i, "name": f"Name {i}", **facts} for i in ids])
        assert done["refused"] == 0, done
        return [outcome["id"] for outcome in done["outcomes"]]

    async def add_devices(self, *names: str) -> list[int]:
        """Devices, each in a vehicle of that name."""
        items = [
            {"ident": f"35{self.account_id[-1]}{place:012d}{name}", "name": name} for place, name in enumerate(names)
        ]
        done = await self.do("POST", "/devices", items)
        assert done["refused"] == 0, done
        return [outcome["id"] for outcome in done["outcomes"]]


@dataclass
class Installation:
    """One program: its core, its clock, its HTTP application."""

    core: Core
    clock: HandClock
    app: Pipeline
    log: RequestLog

    @property
    def caller(self) -> Caller:
        return Caller(self.app)

    async def account(self, name: str, plan: str = "unlimited") -> Person:
        """A fresh account and its administrator, signed in."""
        account = await self.core.accounts.add_account(name, plan=plan)
        return await self.person(account.account_id, f"boss@{name}.example".lower(), Role.ADMINISTRATOR)

    async def person(
        self, account_id: str, email: str, role: Role = Role.MEMBER, permissions: Permissions | None = None
    ) -> Person:
        """A user of the account, signed in."""
        user, _ = await self.core.accounts.add_user(
            account_id, email, role=role, permissions=permissions or Permissions(), password=PASSWORD
        )
        return await self.sign_in(account_id, user.user_id, email)

    async def sign_in(self, account_id: str, user_id: str, email: str) -> Person:
        body = msgspec.json.encode({"email": email, "password": PASSWORD, "keep": "token"})
        answer = await self.caller.call("POST", "/api/v1/session", body, [JSON])
        assert answer.status == 200, answer.text
        return Person(self.caller, answer.json()["token"], account_id, user_id, email)

    async def drive(self, device_id: int, times_ms: Sequence[int], *, lat: float = 48.0, lon: float = 9.0) -> None:
        """Reports of a device at these times, going east at 50 km/h, filed as the intake does."""
        reports = [
            Report(
                fix_at_ms=at, valid=True, lat_deg=lat, lon_deg=lon + (at - times_ms[0]) / 1000 * 0.000187, speed_kmh=50,
                course_deg=90, altitude_m=200, satellites=9, ignition=True, supply_v=12.5,
            )
            for at in times_ms
        ]  # fmt: skip
        encode = PROTOCOLS["teltonika"].encode
        assert encode is not None
        frames = encode("350000000000006", reports)[1:]
        group = Frames([device_id] * len(frames), [times_ms[-1]] * len(frames), ["teltonika"] * len(frames), frames)
        filed = file_frames([group], PROTOCOLS, {})
        async with self.core.store.write() as tx:
            await tx.history.add_parts(filed.parts)
            heard = [(number, at_ms, 1) for number, at_ms in filed.heard.items()]
            await tx.history.heard(heard, await tx.history.next_version())


ROOF = {
    "latitude_deg": 48.1, "longitude_deg": 11.5, "elevation_m": 500,
    "systems": [{
        "inverters": [{"count": 1, "max_power_ac_kw": 8, "efficiency_pct": 97}],
        "arrays": [{"azimuth_deg": 180, "tilt_deg": 30, "modules": [{"count": 20, "nameplate_dc_kw": 0.5}]}],
    }],
}  # fmt: skip
"""Ten kilowatts that look south."""


def install(engine: Engine, clock: HandClock, ids: CountedIds, folder: Path) -> Installation:
    bare = core_over(engine, clock, ids, folder)
    folding = Folding(bare.store, clock, PROTOCOLS, {})
    history = History(bare.store, folding, Sealing(bare.store, clock, PROTOCOLS, 0), PROTOCOLS, "http://fleet.example")
    power = PowerDesk(bare.store, clock, ids, PvlibFiles())
    core = replace(bare, history=history, power=power)
    log = RequestLog(core.store, clock)
    pipeline = Pipeline([DIALECT], gate=Gate(core), log=log, clock=clock, ids=ids, pledges=Pledges(core.store))
    return Installation(core, clock, pipeline, log)
