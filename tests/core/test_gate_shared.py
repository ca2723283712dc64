"""Limits are one for all processes and outlive each of them."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

from fleetline.core.gate import Gate
from fleetline.stores.engine import migrate
from fleetline.stores.open import open_engine
from tests.core.gate_kit import answers, core_over
from tests.kit import CountedIds, HandClock

WORKER = """
import asyncio, sys
from pathlib import Path
from fleetline.core.gate import Gate
from fleetline.model.access import Kind
from fleetline.model.refusals import Refused
from fleetline.stores.open import open_engine
from tests.core.gate_kit import core_over
from tests.kit import CountedIds, HandClock

async def main(url, folder, secret):
    engine = await open_engine(url)
    gate = Gate(core_over(engine, HandClock(), CountedIds(), Path(folder)))
    print("ready", flush=True)
    sys.stdin.readline()
    for _ in range(3):
        try:
            await gate.admit(Kind.CALL_TOKEN, secret, address="192.0.2.1")
        except Refused as refusal:
            print(type(refusal).__name__, flush=True)
        else:
            print("accepted", flush=True)
    sys.stdin.readline()

asyncio.run(main(*sys.argv[1:]))
"""


async def made(url: str, folder: Path) -> tuple[str, str]:
    """(account id, token) of an account on the standard plan in a fresh database."""
    engine = await open_engine(url)
    await migrate(engine)
    core = core_over(engine, HandClock(), CountedIds(), folder)
    account = await core.accounts.add_account("Acme")
    secret = (await core.credentials.add_call_token(account.account_id)).secret
    await engine.close()
    return account.account_id, secret


async def told(url: str, folder: Path, clock: HandClock, secret: str, seconds: list[float]) -> list[str]:
    """As `answers`, by a process that starts for it and ends after it."""
    engine = await open_engine(url)
    try:
        return await answers(Gate(core_over(engine, clock, CountedIds(), folder)), clock, secret, seconds)
    finally:
        await engine.close()


async def test_spacing_violations_and_quota_outlive_a_restart(
    database_url: str, tmp_path: Path, clock: HandClock
) -> None:
    clock.ms = 1_773_100_800_000
    _, secret = await made(database_url, tmp_path)
    assert await told(database_url, tmp_path, clock, secret, [0, 60, 61]) == ["accepted", "accepted", "TooSoon"]
    assert await told(database_url, tmp_path, clock, secret, [59.4]) == ["TooSoon"]
    assert await told(database_url, tmp_path, clock, secret, [60.0 * n for n in range(1, 100)]) == [
        *["accepted"] * 98, "QuotaUsed",
    ]  # fmt: skip
    assert await told(database_url, tmp_path, clock, secret, [1.0 * n for n in range(1, 9)]) == ["TooSoon"] * 8
    assert await told(database_url, tmp_path, clock, secret, [1, 2, 3]) == ["TooSoon", "TooSoon", "Blocked"]


def test_of_three_processes_that_call_at_once_one_passes_and_kill_forgets_nothing(
    database_url: str, tmp_path: Path
) -> None:
    _, secret = asyncio.run(made(database_url, tmp_path))
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", WORKER, database_url, str(tmp_path), secret],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2],
        )
        for _ in range(3)
    ]  # fmt: skip
    heard: list[str] = []
    try:
        for worker in workers:
            assert worker.stdout is not None
            assert worker.stdout.readline() == "ready\n"
        for worker in workers:
            assert worker.stdin is not None
            worker.stdin.write("\n")
            worker.stdin.flush()
        for worker in workers:
            assert worker.stdout is not None
            heard += [worker.stdout.readline().strip() for _ in range(3)]
    finally:
        for worker in workers:
            os.kill(worker.pid, signal.SIGKILL)
            worker.communicate(timeout=30)
    assert sorted(heard) == ["TooSoon"] * 8 + ["accepted"]
    # the eight violations of the killed processes count: two more block the token
    after = asyncio.run(told(database_url, tmp_path, HandClock(), secret, [1, 2, 3]))
    assert after == ["TooSoon", "TooSoon", "Blocked"]
