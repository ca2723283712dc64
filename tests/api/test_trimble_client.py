"""A program written for the vendor's service works against a running server: a reseller's night job, strictly read."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest
import requests

from fleetline.app.server import running
from fleetline.app.settings import Settings
from fleetline.core.workspace import Core


class Record(msgspec.Struct, forbid_unknown_fields=True):
    """A vehicle as it comes back from POST and PUT."""

    Id: int
    Name: str
    VehicleId: str
    ModifiedOn: str


class Fault(msgspec.Struct, forbid_unknown_fields=True):
    message: str
    code: int
    duplicate_ids: list[str] = []
    ids_not_found: list[str] = []


class Written(msgspec.Struct, forbid_unknown_fields=True):
    data: list[Record]
    error: Fault | None = None


class Joined(msgspec.Struct, forbid_unknown_fields=True):
    vehicleGroupId: int
    vehicleGroupName: str


class Listed(msgspec.Struct, forbid_unknown_fields=True):
    id: int
    name: str
    vehicleId: str
    modifiedOn: str
    vehicleGroups: list[Joined] = []


class Link(msgspec.Struct, forbid_unknown_fields=True):
    href: str


class Page(msgspec.Struct, forbid_unknown_fields=True):
    href: str
    offset: int
    limit: int
    size: int
    first: Link
    data: list[Listed]
    next: Link | None = None
    previous: Link | None = None
    last: Link | None = None


@dataclass
class Client:
    """The vendor's API in the way integrators write it."""

    base: str
    key: str
    account: str = ""

    def __post_init__(self) -> None:
        self.session = requests.Session()
        answer = self.session.post(
            f"{self.base}/accounts/authenticate", json={"apiKey": self.key, "accountId": self.account}, timeout=10
        )
        answer.raise_for_status()
        self.session.headers["Authorization"] = "Bearer " + answer.json()["token"]

    def call(self, method: str, path: str, **more: Any) -> requests.Response:
        answer = self.session.request(method, self.base + path, timeout=10, **more)
        answer.raise_for_status()
        return answer

    def push(self, vehicles: dict[str, str]) -> tuple[int, list[str]]:
        """Add what is new and rename the rest, fifty at a time; how many were added, and the ids nobody can have."""
        items = [{"vehicleId": number, "Name": name} for number, name in vehicles.items()]
        added, foreign = 0, []
        for start in range(0, len(items), 50):
            batch = items[start : start + 50]
            written = msgspec.json.decode(self.call("POST", "/vehicles", json=batch).content, type=Written)
            added += len(written.data)
            if written.error is None:
                continue
            assert written.error.code == -12
            there = [item for item in batch if item["vehicleId"] in written.error.duplicate_ids]
            renamed = msgspec.json.decode(self.call("PUT", "/vehicles", json=there).content, type=Written)
            foreign += renamed.error.ids_not_found if renamed.error else []
        return added, foreign

    def vehicles(self) -> dict[str, Listed]:
        """The whole list, by following `next`."""
        found: dict[str, Listed] = {}
        url: str | None = f"{self.base}/vehicles?limit=17"
        while url:
            answer = self.session.get(url, timeout=10)
            answer.raise_for_status()
            page = msgspec.json.decode(answer.content, type=Page)
            assert page.size >= len(page.data)
            found |= {vehicle.vehicleId: vehicle for vehicle in page.data}
            url = page.next.href if page.next else None
        return found


@pytest.fixture
async def server(database_url: str, tmp_path: Path) -> AsyncIterator[tuple[str, Core]]:
    settings = Settings(data=tmp_path / "data", database=database_url, http=("127.0.0.1", 0), trackers={})
    async with running(settings) as found:
        yield f"http://127.0.0.1:{found.http_port}/api/assets/v1", found.core


async def test_a_resellers_night_job_for_three_customers(server: tuple[str, Core]) -> None:
    base, core = server
    partner = await core.accounts.add_partner("Reseller")
    accounts = [await core.accounts.add_account(f"C{i}", partner_id=partner.partner_id) for i in range(3)]
    key = (await core.credentials.add_asset_key(partner_id=partner.partner_id)).secret

    def night_job() -> None:
        reseller = Client(base, key)
        data = reseller.call("GET", "/accounts").json()["data"]
        assert [entry["AccountName"] for entry in data] == ["C0", "C1", "C2"]
        clients = [Client(base, key, entry["AccountId"]) for entry in data]
        for turn, client in enumerate(clients):
            own = {f"c{turn}-{i}": f"Van {i}" for i in range(60)}
            assert client.push({**own, "shared": "Shared"}) == (
                61 if turn == 0 else 60,
                [] if turn == 0 else ["shared"],
            )
        before = clients[1].vehicles()
        assert len(before) == 60
        assert clients[1].push({f"c1-{i}": f"Van {i} b" for i in range(60)}) == (0, [])
        after = clients[1].vehicles()
        assert {name: vehicle.id for name, vehicle in after.items()} == {n: v.id for n, v in before.items()}
        assert {vehicle.name for vehicle in after.values()} == {f"Van {i} b" for i in range(60)}
        group = clients[1].call("POST", "/vehiclegroups", json=[{"vehicleGroupName": "Night"}]).json()["data"][0]
        inside = f"/vehiclegroups/{group['vehicleGroupId']}/vehicles"
        assert clients[1].call("PUT", inside, json=["c1-0", "C1-1"]).json()["data"] == ["c1-0", "c1-1"]
        joined = [vehicle.vehicleId for vehicle in clients[1].vehicles().values() if vehicle.vehicleGroups]
        assert sorted(joined) == ["c1-0", "c1-1"]
        clients[1].call("DELETE", "/vehicles", params={"vehicleId": "c1-0"})
        assert len(clients[1].vehicles()) == 59
        assert len(clients[0].vehicles()) == 61
        with pytest.raises(requests.HTTPError, match="404"):
            clients[2].call("DELETE", "/vehicles", params={"vehicleId": "shared"})
        with pytest.raises(requests.HTTPError, match="400"):
            reseller.call("GET", "/vehicles")

    assert len(accounts) == 3
    await asyncio.to_thread(night_job)
