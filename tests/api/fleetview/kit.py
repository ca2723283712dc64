"""A whole API in memory for its tests: a real engine, accounts with keys and clients, and callers that hold tokens."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from fleetline.api.dialects.fleetview import DIALECT
from fleetline.api.pipeline import Pipeline
from fleetline.core.gate import Gate
from fleetline.core.power import PowerDesk
from fleetline.core.requests import RequestLog
from fleetline.core.workspace import Core
from fleetline.outside.weather_files import PvlibFiles
from fleetline.stores.engine import Engine
from fleetline.stores.store import EngineStore
from tests.api.calls import Answer, Caller
from tests.core.gate_kit import core_over
from tests.kit import CountedIds, HandClock

NOON_MS = 1_750_507_200_000
"""2025-06-21T12:00:00Z"""

DEPOT: dict[str, Any] = {
    "Name": "Depot roof", "CustomerSiteId": "01", "Zone": "East",
    "Location": {"Latitude": 36.1, "Longitude": -79.95, "Elevation_Meters": 273},
    "PvSystems": [
        {
            "Inverters": [{"Count": 1, "MaxPowerOutputAC_kW": 7, "EfficiencyRating_Percent": 96}],
            "PvArrays": [
                {
                    "PvModules": [{"Count": 20, "NameplateDCRating_kW": 0.4}],
                    "ArrayConfiguration": {"Azimuth_Degrees": 180, "Tilt_Degrees": 20, "MountingType": "Roof"},
                }
            ],
        }
    ],
}  # fmt: skip
"""Resource A of the golden examples, in the sister's spelling."""

FIELD: dict[str, Any] = {
    "name": "Field", "location": {"latitude": 35.9, "longitude": -79.0, "elevation_Meters": 120},
    "pvSystems": [
        {
            "inverters": [{"count": 2, "maxPowerOutputAC_kW": 500, "efficiencyRating_Percent": 98}],
            "pvArrays": [
                {
                    "pvModules": [
                        {
                            "count": 3000, "nameplateDCRating_kW": 0.4,
                            "powerTemperatureCoefficient_PercentPerDegreeC": 0.35,
                        }
                    ],
                    "arrayConfiguration": {
                        "azimuth_Degrees": 180, "tilt_Degrees": 0, "tracking": "SingleAxisWithBacktracking",
                        "trackingRotationLimit_Degrees": 60, "relativeRowSpacing": 2.5, "mountingType": "OpenRack",
                    },
                }
            ],
        }
    ],
}  # fmt: skip
"""Resource B of the golden examples."""


def plain(**changes: Any) -> dict[str, Any]:
    """A small valid resource, in this API's spelling; members given replace its own, None takes one out."""
    base: dict[str, Any] = {
        "name": "Roof", "location": {"latitude": 36.1, "longitude": -79.95, "elevation_Meters": 273},
        "pvSystems": [system()],
    }  # fmt: skip
    base.update(changes)
    return {name: value for name, value in base.items() if value is not None}


def system(
    *, modules: dict[str, Any] | None = None, inverter: dict[str, Any] | None = None,
    configuration: dict[str, Any] | None = None, array: dict[str, Any] | None = None, **changes: Any,
) -> dict[str, Any]:  # fmt: skip
    """One PV system of 8 kW DC and 7 kW AC."""
    return {
        "inverters": [{"count": 1, "maxPowerOutputAC_kW": 7, "efficiencyRating_Percent": 96, **(inverter or {})}],
        "pvArrays": [
            {
                "pvModules": [{"count": 20, "nameplateDCRating_kW": 0.4, **(modules or {})}],
                "arrayConfiguration": {"azimuth_Degrees": 180, "tilt_Degrees": 20, **(configuration or {})},
                **(array or {}),
            }
        ],
        **changes,
    }


class ListedIds(CountedIds):
    """Counted ids, except for those that a test lays down beforehand."""

    def __init__(self) -> None:
        super().__init__()
        self.uuids: list[str] = []
        self.secrets: list[str] = []

    def uuid(self) -> str:
        return self.uuids.pop(0) if self.uuids else super().uuid()

    def urlsafe(self, bits: int) -> str:
        return self.secrets.pop(0) if self.secrets else super().urlsafe(bits)


@dataclass
class Client:
    """A program of one account, with its key, its client credentials and an access token."""

    caller: Caller
    key: str
    client_id: str
    secret: str
    token: str = ""
    account_id: str = ""
    extra: list[tuple[str, str]] = field(default_factory=list)

    @property
    def headers(self) -> list[tuple[str, str]]:
        found = [("x-api-key", self.key), *self.extra]
        return [*found, ("authorization", f"Bearer {self.token}")] if self.token else found

    async def sign_in(self) -> None:
        fields = {"grant_type": "client_credentials", "client_id": self.client_id, "client_secret": self.secret}
        answer = await self.caller.form("/token", fields, [("x-api-key", self.key)])
        assert answer.status == 200, answer.text
        self.token = answer.json()["access_token"]

    async def get(self, path: str, headers: Sequence[tuple[str, str]] = ()) -> Answer:
        return await self.caller.call("GET", path, headers=[*self.headers, *headers])

    async def send(
        self, method: str, path: str, body: Any = None, headers: Sequence[tuple[str, str]] = (),
        media: str = "application/json",
    ) -> Answer:  # fmt: skip
        """The body as JSON, unless it is bytes already."""
        raw = body if isinstance(body, bytes) else b"" if body is None else msgspec.json.encode(body)
        typed = [("content-type", media)] if body is not None else []
        return await self.caller.call(method, path, raw, headers=[*self.headers, *typed, *headers])

    async def post(self, path: str, body: Any, headers: Sequence[tuple[str, str]] = ()) -> Answer:
        return await self.send("POST", path, body, headers)

    async def made(self, body: Any) -> str:
        """The id of a resource that is stored."""
        answer = await self.post("/v1/resources", body)
        assert answer.status == 201, answer.text
        return str(answer.json()["resourceId"])


@dataclass
class World:
    """The API and everything under it."""

    core: Core
    gate: Gate
    pipeline: Pipeline
    clock: HandClock
    ids: ListedIds
    power: PowerDesk

    async def client(self, name: str = "Owner", plan: str = "unlimited", *, sign_in: bool = True) -> Client:
        """A new account with a key and a client."""
        account = await self.core.accounts.add_account(name, plan=plan)
        made = await self.core.credentials.add_client(account.account_id, created_by="test")
        assert made.key is not None
        client = Client(
            Caller(self.pipeline), made.key.secret, made.client.credential.credential_id, made.client.secret,
            account_id=account.account_id,
        )  # fmt: skip
        if sign_in:
            await client.sign_in()
        return client


def world_over(engine: Engine, folder: Path) -> World:
    """Everything put together over one engine."""
    from dataclasses import replace

    clock, ids = HandClock(NOON_MS), ListedIds()
    store = EngineStore(engine)
    power = PowerDesk(store, clock, ids, PvlibFiles())
    core = replace(core_over(engine, clock, ids, folder), power=power)
    gate = Gate(core)
    pipeline = Pipeline([DIALECT], gate=gate, log=RequestLog(store, clock), clock=clock, ids=CountedIds())
    return World(core, gate, pipeline, clock, ids, power)
