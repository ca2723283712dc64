"""A hundred thousand vehicles through our own bulk verb, beside parsing their JSON and inserting the same rows."""

import asyncio
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from fleetline.app.bench import Figure
from fleetline.app.settings import load_settings
from fleetline.app.wire import open_core, open_migrated
from fleetline.core.fleet_add import add_members
from fleetline.core.workspace import Workspace
from fleetline.model.access import EVERYTHING, Kind, Principal, Role
from fleetline.model.limits import UNLIMITED
from fleetline.model.registry import Kind as Members
from fleetline.model.registry import key

NAME: Final = "bulk"
TITLE: Final = "adding 100,000 vehicles in one call, beside parsing their JSON plus one bulk insert of the same rows"
GOAL: Final = 0.25
VEHICLES: Final = 100_000
ROUNDS: Final = 3
COLUMNS: Final = (
    "id_scope", "vehicle_id", "account_id", "external_id", "id_key", "name", "name_key", "name_claim", "created_at_ms",
    "modified_at_ms", "revision", "type", "description",
)  # fmt: skip


class Item(msgspec.Struct, gc=False):
    """One vehicle as the body of a call has it."""

    external_id: str
    name: str
    type: str = "CAR"
    description: str = ""
    group_ids: tuple[int, ...] = ()


def run(seconds: float) -> Sequence[Figure]:
    return asyncio.run(_run())


async def _run() -> Sequence[Figure]:
    texts = [{"external_id": f"V-{n:06}", "name": f"Vehicle {n}", "type": "VAN"} for n in range(VEHICLES)]
    body = msgspec.json.encode(texts)
    ours, limits = [], []
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory() as folder:
            limits.append(await _limit(body, Path(folder)))
        with tempfile.TemporaryDirectory() as folder:
            ours.append(await _ours(body, Path(folder)))
    value, limit = min(ours), min(limits)
    return [
        Figure(
            name=f"{VEHICLES:,} vehicles", unit="s", value=value, limit=limit, ratio=limit / value, goal=GOAL, note=""
        )
    ]


def _settings(folder: Path) -> Any:
    return load_settings({"data": folder}, environment={})


async def _ours(body: bytes, folder: Path) -> float:
    async with open_core(_settings(folder)) as core:
        account = await core.accounts.add_account("Bench", plan="unlimited")
        principal = Principal(
            account.account_id, None, "usr_bench", Role.ADMINISTRATOR, "cred_bench", Kind.SESSION, EVERYTHING
        )
        workspace = Workspace(principal, account, UNLIMITED, core)
        began = time.perf_counter()
        items = msgspec.json.decode(body, type=list[Item])
        done = await add_members(workspace, Members.VEHICLE, items)
        answer = msgspec.json.encode(done)
        took = time.perf_counter() - began
    assert done.done == VEHICLES and answer
    return took


async def _limit(body: bytes, folder: Path) -> float:
    async with open_migrated(_settings(folder)) as engine:
        began = time.perf_counter()
        items = msgspec.json.decode(body, type=list[Item])
        parsed = time.perf_counter() - began
        rows = [
            ("acc", n, "acc", i.external_id, key(i.external_id), i.name, key(i.name), key(i.name), 1, 1, 1, i.type, "")
            for n, i in enumerate(items)
        ]
        began = time.perf_counter()
        async with engine.write() as tx:
            await tx.copy("vehicles", COLUMNS, rows)
        return parsed + time.perf_counter() - began
