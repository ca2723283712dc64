"""Jobs are worked on by a process of their own, which comes and goes with them and with the server."""

import asyncio
import os
import pickle
import signal
import subprocess
import sys
import textwrap
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from fleetline.app.job_worker import JobWorker
from fleetline.app.server import Server, running
from fleetline.app.settings import Settings
from fleetline.core.power_simulation import Order
from fleetline.model.power import PowerResource
from fleetline.model.resource_job import Job
from fleetline.model.resource_query import PowerQuery, SeriesKind
from fleetline.stores.engine import Engine
from tests.solar.kit import simple_site

JUNE_S = 1_750_464_000
DAYS = 10
MANY = 3_000
"""Sites that take a few chunks."""


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    return Settings(data=tmp_path / "data", database=database_url, http=("127.0.0.1", 0), trackers={})


@pytest.fixture
async def server(settings: Settings) -> AsyncIterator[Server]:
    async with running(settings) as found:
        yield found


async def submitted(server: Server, sites: int) -> Job:
    """A simulation that writes down a chunk every few moments when there are many sites."""
    core = server.core
    assert core.power is not None
    account = await core.accounts.add_account("Roofs")
    query = PowerQuery(kind=SeriesKind.CLEAR_SKY, start_s=JUNE_S, end_s=JUNE_S + DAYS * 86_400, period_s=3_600)
    inline = tuple(
        PowerResource(resource_id=str(index), account_id=account.account_id, name="Roof", site=simple_site())
        for index in range(sites)
    )
    order = Order(query=query, level="resource", form="rows", inline=inline)
    return await core.power.simulations.start(account.account_id, order)


async def seen(server: Server, job: Job, *states: str) -> Job:
    """The job once it is in one of those states."""
    assert server.core.power is not None
    async with asyncio.timeout(60):
        while True:
            found = await server.core.power.simulations.get(job.account_id, job.job_id)
            if found.state in states:
                return found
            await asyncio.sleep(0.02)


async def test_a_job_is_done_by_another_process_than_the_servers(server: Server) -> None:
    assert server.job_worker.process is None
    done = await seen(server, await submitted(server, 1), "done", "failed")
    assert done.state == "done" and done.done == 1
    process = server.job_worker.process
    assert process is not None and process.pid != os.getpid()
    assert "jobs" not in server.troubles()
    again = await seen(server, await submitted(server, 1), "done", "failed")
    assert again.state == "done"
    assert server.job_worker.process is process


async def test_a_killed_process_is_followed_by_one_that_goes_on(server: Server) -> None:
    job = await submitted(server, MANY)
    await seen(server, job, "running")
    first = server.job_worker.process
    assert first is not None
    first.kill()
    first.wait()
    await silenced(server.engine, job)
    assert (await seen(server, job, "done", "failed")).state == "done"
    assert server.job_worker.process is not first


async def silenced(engine: Engine, job: Job) -> None:
    """As if the time in which its owner must say a word had passed."""
    async with engine.write() as connection:
        await connection.execute("UPDATE power_jobs SET leased_until_ms = 0 WHERE job_id = $1", job.job_id)


async def test_the_process_ends_with_the_server(settings: Settings) -> None:
    async with running(settings) as server:
        await seen(server, await submitted(server, MANY), "running")
        process = server.job_worker.process
    assert process is not None and process.poll() == 0


SERVER = """
    import asyncio, pickle, sys
    from fleetline.app.server import running
    from tests.app.test_job_worker import MANY, seen, submitted

    async def main() -> None:
        async with running(pickle.load(sys.stdin.buffer)) as server:
            await seen(server, await submitted(server, MANY), "running")
            print(server.job_worker.process.pid, flush=True)
            await asyncio.sleep(60)

    asyncio.run(main())
"""


async def test_the_process_ends_when_the_server_is_killed(settings: Settings) -> None:
    command = [sys.executable, "-c", textwrap.dedent(SERVER)]
    with subprocess.Popen(  # noqa: ASYNC220 - it is started, not waited for
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=Path(__file__).parents[2]
    ) as server:
        assert server.stdin is not None and server.stdout is not None
        server.stdin.write(pickle.dumps(settings))
        server.stdin.close()
        worker = int(await asyncio.to_thread(server.stdout.readline))
        server.kill()
    for _ in range(400):
        if not alive(worker):
            return
        await asyncio.sleep(0.05)
    pytest.fail("it goes on without a server")


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def test_a_process_that_cannot_work_is_a_trouble_and_is_started_again(server: Server) -> None:
    nowhere = replace(server.settings, database="postgresql://127.0.0.1:1/none")
    assert server.core.power is not None
    worker = JobWorker(nowhere, server.core.power.jobs)
    worker._call()
    process = worker.process
    assert process is not None and await asyncio.to_thread(process.wait) != 0
    assert worker.trouble is None
    worker._call()
    assert worker.trouble is not None and "ended with 1" in worker.trouble
    assert worker.process is not process
    await worker.stop()


async def test_interrupting_the_terminal_leaves_the_end_to_the_server(server: Server) -> None:
    job = await submitted(server, MANY)
    await seen(server, job, "running")
    process = server.job_worker.process
    assert process is not None
    process.send_signal(signal.SIGINT)
    assert (await seen(server, job, "done", "failed")).state == "done"
    assert process.poll() is None
