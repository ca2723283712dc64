"""The same question inside one process: which part of a call's processor time goes into admitting its caller."""

import asyncio
import time
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any, Final

import uvloop

from fleetline.api.dialects.own import DIALECT as OWN
from fleetline.api.dialects.trimble import DIALECT as ASSETS
from fleetline.api.pipeline import Pipeline
from fleetline.app.settings import load_settings
from fleetline.app.wire import open_core
from fleetline.core.gate import Gate
from fleetline.core.pledges import Pledges
from fleetline.core.requests import RequestLog
from fleetline.core.workspace import Core
from fleetline.model.registry import Author, NewMember

CALLS: Final = 3_000
BEFORE: Final = 300
VEHICLES: Final = 200
HERE: Final = "127.0.0.1"


class Watched(Gate):
    """A gate that adds up the processor time of its thread while it admits."""

    spent_s = 0.0

    async def admit(self, *secrets: Any, **facts: Any) -> Any:
        begun = time.thread_time()
        try:
            return await super().admit(*secrets, **facts)
        finally:
            self.spent_s += time.thread_time() - begun

    async def admit_signed(self, *secrets: Any, **facts: Any) -> Any:
        begun = time.thread_time()
        try:
            return await super().admit_signed(*secrets, **facts)
        finally:
            self.spent_s += time.thread_time() - begun


def shares(folder: Path, database: str) -> dict[str, tuple[float, float]]:
    """API -> (seconds of a call of a page of 20 for admitting its caller, seconds of the whole call)."""
    flags = {"data": str(folder), **({"database": database} if database else {})}
    return uvloop.run(_shares(load_settings(flags, {}, folder)))


async def _shares(settings: Any) -> dict[str, tuple[float, float]]:
    async with open_core(settings) as core:
        gate, log = Watched(core), RequestLog(core.store, core.clock)
        pipeline = Pipeline(
            [ASSETS, OWN], gate=gate, log=log, clock=core.clock, ids=core.ids, pledges=Pledges(core.store)
        )
        await log.start()
        try:
            return {
                name: await _share(pipeline, gate, path, secret)
                for name, path, secret in await _callers(core, gate)
            }  # fmt: skip
        finally:
            await log.close()


async def _callers(core: Core, gate: Gate) -> list[tuple[str, str, str]]:
    account = (await core.accounts.add_account("Bench", plan="unlimited")).account_id
    items = [NewMember(f"v{number}", f"Vehicle {number}") for number in range(VEHICLES)]
    await core.registry.vehicles.add(account, items, Author("bench", "assets"))
    key = (await core.credentials.add_asset_key(account_id=account)).secret
    signed = (await gate.tokens.sign(key, None, address=HERE)).token
    own = (await core.credentials.add_own_token(account)).secret
    return [("assets API", "/api/assets/v1/vehicles", signed), ("own API", "/api/v1/vehicles", own)]


async def _share(pipeline: Pipeline, gate: Watched, path: str, secret: str) -> tuple[float, float]:
    scope = {
        "type": "http", "method": "GET", "path": path, "raw_path": path.encode(), "query_string": b"limit=20",
        "headers": [(b"host", b"fleet.example"), (b"authorization", b"Bearer " + secret.encode())],
        "client": (HERE, 1), "scheme": "http",
    }  # fmt: skip
    for _ in range(BEFORE):
        await _call(pipeline, scope)
    gate.spent_s, begun = 0.0, time.thread_time()
    for _ in range(CALLS):
        await _call(pipeline, scope)
    return gate.spent_s / CALLS, (time.thread_time() - begun) / CALLS


async def _call(pipeline: Pipeline, scope: MutableMapping[str, Any]) -> None:
    statuses = list[int]()

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: MutableMapping[str, Any]) -> None:
        statuses.append(message.get("status", 0))

    # each call of a server is a task of its own
    await asyncio.create_task(_serve(pipeline, dict(scope), receive, send))
    if statuses[0] != 200:
        raise RuntimeError(f"{scope['path']}: {statuses[0]}")


async def _serve(pipeline: Pipeline, *call: Any) -> None:
    await pipeline(*call)
