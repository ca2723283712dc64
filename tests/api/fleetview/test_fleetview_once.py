"""Idempotency-Key over several processes: each has a pipeline of its own over one database."""

import asyncio
from dataclasses import replace
from pathlib import Path

from fleetline.core import power_replies
from fleetline.stores.engine import Engine
from fleetline.stores.store import EngineStore
from tests.api.calls import Caller
from tests.api.fleetview.kit import Client, World, plain, world_over

KEY = ("idempotency-key", "k-1")


def beside(owner: Client, engine: Engine, folder: Path) -> Client:
    """The same client, its calls answered by another process."""
    other = world_over(engine, folder)
    return replace(owner, caller=Caller(other.pipeline))


async def test_calls_of_one_key_in_two_processes_do_a_thing_once(owner: Client, engine: Engine, tmp_path: Path) -> None:
    there = beside(owner, engine, tmp_path)
    calls = [who.post("/v1/resources", plain(), [KEY]) for who in (owner, there) * 4]
    answers = await asyncio.gather(*calls)
    assert {answer.status for answer in answers} == {201}
    assert len({answer.body for answer in answers}) == 1
    assert len((await owner.get("/v1/resources")).json()["items"]) == 1


async def test_a_refused_call_leaves_its_key_free_in_every_process(
    owner: Client, engine: Engine, tmp_path: Path
) -> None:
    there = beside(owner, engine, tmp_path)
    assert (await owner.post("/v1/resources", plain(name=""), [KEY])).status == 400
    assert (await there.post("/v1/resources", plain(), [KEY])).status == 201


async def test_a_call_whose_process_died_is_not_done_again(
    owner: Client, world: World, engine: Engine, tmp_path: Path
) -> None:
    store = EngineStore(engine)
    asked = power_replies.Replies(store, world.clock)
    first = await owner.post("/v1/resources", plain(), [KEY])
    async with store.write() as tx:
        kept = await tx.power.reply(owner.account_id, KEY[1])
        assert kept is not None
        await tx.power.keep_reply(owner.account_id, KEY[1], replace(kept, status=0, body=b""))
    world.clock.move(power_replies.CLAIM_MS / 1000)
    again = await owner.post("/v1/resources", plain(), [KEY])
    assert (first.status, again.status) == (201, 409)
    assert "cut off" in again.json()["message"]
    assert (await asked.claim(owner.account_id, KEY[1], "another")) == power_replies.Earlier("other")
    assert len((await owner.get("/v1/resources")).json()["items"]) == 1
