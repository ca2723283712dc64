"""Tables of long runs: their state, who works on them, and the parts they read and write."""

from collections.abc import Sequence
from typing import Any, Final

from fleetline.model.resource import Place
from fleetline.model.resource_job import Job
from fleetline.stores.engine import Connection

COLUMNS: Final = (
    "job_id", "account_id", "kind", "state", "request", "done", "total", "summary", "created_at_ms", "started_at_ms",
    "finished_at_ms", "owner", "leased_until_ms",
)  # fmt: skip
_SELECTED: Final = ", ".join(f"j.{name}" for name in COLUMNS)
_FREE: Final = (
    "((j.state = 'running' AND (j.leased_until_ms IS NULL OR j.leased_until_ms <= $1)) OR (j.state = 'queued' AND"
    " (SELECT count(*) FROM power_jobs o WHERE o.account_id = j.account_id AND o.state = 'running') < $2))"
)
"""What may be worked on at $1: silent, or waiting for an account with fewer than $2 running."""


def _job(row: Sequence[Any]) -> Job:
    return Job(**dict(zip(COLUMNS, row, strict=True)))


class JobTables:
    """See `core.ports.power.JobRows`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add_job(self, job: Job) -> None:
        marks = ", ".join(f"${index}" for index in range(1, len(COLUMNS) + 1))
        await self._connection.execute(
            f"INSERT INTO power_jobs ({', '.join(COLUMNS)}) VALUES ({marks})",
            *(getattr(job, name) for name in COLUMNS),
        )

    async def job(self, account_id: str, job_id: str) -> Job | None:
        row = await self._connection.fetch_one(
            f"SELECT {_SELECTED} FROM power_jobs j WHERE j.account_id = $1 AND j.job_id = $2", account_id, job_id
        )
        return _job(row) if row else None

    async def find_jobs(self, account_id: str, kinds: Sequence[str], after: Place | None, most: int) -> list[Job]:
        rows = await self._connection.fetch(
            f"SELECT {_SELECTED} FROM power_jobs j WHERE j.account_id = $1 AND j.kind {{in_texts:$5}}"
            " AND (j.created_at_ms > $2 OR (j.created_at_ms = $2 AND j.job_id > $3))"
            " ORDER BY j.created_at_ms, j.job_id LIMIT $4",
            account_id, *(after or (-(2**62), "")), most, list(kinds),
        )  # fmt: skip
        return [_job(row) for row in rows]

    async def latest_jobs(self, account_id: str, kinds: Sequence[str], before: Place | None, most: int) -> list[Job]:
        rows = await self._connection.fetch(
            f"SELECT {_SELECTED} FROM power_jobs j WHERE j.account_id = $1 AND j.kind {{in_texts:$5}}"
            " AND (j.created_at_ms < $2 OR (j.created_at_ms = $2 AND j.job_id < $3))"
            " ORDER BY j.created_at_ms DESC, j.job_id DESC LIMIT $4",
            account_id, *(before or (2**62, "")), most, list(kinds),
        )  # fmt: skip
        return [_job(row) for row in rows]

    async def count_jobs(self, account_id: str, state: str) -> int:
        row = await self._connection.fetch_one(
            "SELECT count(*) FROM power_jobs WHERE account_id = $1 AND state = $2", account_id, state
        )
        return int(row[0]) if row else 0

    async def job_waits(self, now_ms: int, most_running: int) -> bool:
        return (
            await self._connection.fetch_one(f"SELECT 1 FROM power_jobs j WHERE {_FREE} LIMIT 1", now_ms, most_running)
            is not None
        )

    async def claim_job(self, owner: str, now_ms: int, until_ms: int, most_running: int) -> Job | None:
        row = await self._connection.fetch_one(
            f"SELECT {_SELECTED} FROM power_jobs j WHERE {_FREE} ORDER BY j.created_at_ms, j.job_id LIMIT 1",
            now_ms, most_running,
        )  # fmt: skip
        if row is None:
            return None
        found = _job(row)
        # two processes may have seen the same job or filled the same free place: the account's lock lets one go first
        await self._connection.fetch("SELECT 1 FROM accounts WHERE account_id = $1 {for_update}", found.account_id)
        changed = await self._connection.execute(
            f"UPDATE power_jobs AS j SET state = 'running', owner = $3, leased_until_ms = $4,"
            f" started_at_ms = COALESCE(j.started_at_ms, $1) WHERE j.job_id = $5 AND {_FREE}",
            now_ms, most_running, owner, until_ms, found.job_id,
        )  # fmt: skip
        return await self.job(found.account_id, found.job_id) if changed else None

    async def renew_job(self, job_id: str, owner: str, until_ms: int) -> bool:
        changed = await self._connection.execute(
            "UPDATE power_jobs SET leased_until_ms = $3 WHERE job_id = $1 AND owner = $2 AND state = 'running'",
            job_id, owner, until_ms,
        )  # fmt: skip
        return changed == 1

    async def change_job(self, job: Job) -> None:
        await self._connection.execute(
            "UPDATE power_jobs SET state = $2, done = $3, total = $4, summary = $5, started_at_ms = $6,"
            " finished_at_ms = $7, owner = $8, leased_until_ms = $9 WHERE job_id = $1",
            job.job_id, job.state, job.done, job.total, job.summary, job.started_at_ms, job.finished_at_ms, job.owner,
            job.leased_until_ms,
        )  # fmt: skip

    async def remove_job(self, job_id: str) -> None:
        await self._connection.execute("DELETE FROM power_job_parts WHERE job_id = $1", job_id)
        await self._connection.execute("DELETE FROM power_jobs WHERE job_id = $1", job_id)

    async def add_part(self, job_id: str, role: str, number: int, body: bytes) -> None:
        await self._connection.execute(
            "INSERT INTO power_job_parts (job_id, role, number, body) VALUES ($1, $2, $3, $4)"
            " ON CONFLICT (job_id, role, number) DO UPDATE SET body = excluded.body",
            job_id, role, number, body,
        )  # fmt: skip

    async def part(self, job_id: str, role: str, number: int) -> bytes | None:
        row = await self._connection.fetch_one(
            "SELECT body FROM power_job_parts WHERE job_id = $1 AND role = $2 AND number = $3", job_id, role, number
        )
        return bytes(row[0]) if row else None

    async def part_numbers(self, job_id: str, role: str) -> list[int]:
        rows = await self._connection.fetch(
            "SELECT number FROM power_job_parts WHERE job_id = $1 AND role = $2 ORDER BY number", job_id, role
        )
        return [row[0] for row in rows]

    async def remove_parts(self, job_id: str, role: str) -> None:
        await self._connection.execute("DELETE FROM power_job_parts WHERE job_id = $1 AND role = $2", job_id, role)

    async def finished_before(self, at_ms: int, most: int) -> list[str]:
        rows = await self._connection.fetch(
            "SELECT job_id FROM power_jobs WHERE finished_at_ms <= $1 ORDER BY finished_at_ms, job_id LIMIT $2",
            at_ms, most,
        )  # fmt: skip
        return [row[0] for row in rows]
