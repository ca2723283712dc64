"""A long run over solar resources: what it was asked, how far it is, and what came of it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One long run.

    kind      what it does; request: what it was asked, as its kind wrote it down
    state     `queued`, `running`, `done`, `failed` or `cancelled`
    done, total  resources or rows
    summary   what came of it, as its kind wrote it down
    owner, leased_until_ms  the process that works on it, and how long it is believed to
    """

    job_id: str
    account_id: str
    kind: str
    state: str
    request: str
    done: int
    total: int
    summary: str
    created_at_ms: int
    started_at_ms: int | None = None
    finished_at_ms: int | None = None
    owner: str | None = None
    leased_until_ms: int | None = None
