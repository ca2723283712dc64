"""Jobs in this API's words: their state, how far they are, and when."""

from typing import Any, Final

from fleetline.api.dialects.fleetview.nouns import number, time_text
from fleetline.model.resource_job import Job

STATES: Final = {
    "queued": "Queued",
    "running": "Running",
    "done": "Done",
    "failed": "Failed",
    "cancelled": "Cancelled",
}


def job_head(job: Job, things: str) -> dict[str, Any]:
    """What every job shows; `things` is what its progress counts: `Resources` or `Rows`."""
    whole = job.state == "done"
    percent = 100.0 if whole else 100.0 * job.done / job.total if job.total else 0.0
    return {
        "status": STATES[job.state],
        "progress": {
            f"completed{things}": job.total if whole else job.done,
            f"total{things}": job.total,
            "percent": number(round(percent, 2)),
        },
        "createdTime": time_text(job.created_at_ms),
        "startedTime": None if job.started_at_ms is None else time_text(job.started_at_ms),
        "finishedTime": None if job.finished_at_ms is None else time_text(job.finished_at_ms),
    }
