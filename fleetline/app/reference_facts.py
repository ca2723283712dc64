"""Names that only a running program tells: its metrics, its troubles, the attributes of a full report."""

import asyncio
import tempfile
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any, Final

from prometheus_client.parser import text_string_to_metric_families

from fleetline.app.health import MISSING, Health
from fleetline.app.positions import _sensors
from fleetline.app.server import Server, running
from fleetline.app.settings import Settings
from fleetline.core.ports.requests import RequestEntry
from fleetline.model.motion import ROW
from fleetline.model.settling import ACCEPTED, REASONS

CALL: Final = RequestEntry(
    at_ms=0, request_id="", dialect="", account_id=None, user_id=None, credential_id=None, address="", method="",
    action="", subject="", asked="", scope="", status=200, error="", elapsed_ms=1, bytes_sent=0, agent="",
)  # fmt: skip


def server_facts() -> tuple[list[tuple[str, str, str, str]], list[str]]:
    """Metrics as (name, kind, labels, what they count), and the names of troubles, of a server that runs a moment."""
    return asyncio.run(_server_facts())


async def _server_facts() -> tuple[list[tuple[str, str, str, str]], list[str]]:
    with tempfile.TemporaryDirectory(prefix="fleetline-reference-", ignore_cleanup_errors=True) as name:
        data = Path(name)
        settings = Settings(data=data, database=f"sqlite:///{data}/fleetline.db", http=("127.0.0.1", 0), trackers={})
        async with running(settings) as server:
            return await _metrics(server), _troubles(server)


async def _metrics(server: Server) -> list[tuple[str, str, str, str]]:
    health = Health(server)
    health.observe(CALL)
    server.intake.refused["", ""] += 1
    server.filing.refused[""] += 1
    sent: list[bytes] = []

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message.get("body", b""))

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "http.disconnect"}

    await health.metrics({"type": "http", "method": "GET"}, receive, send)
    found = []
    for family in text_string_to_metric_families(b"".join(sent).decode()):
        if family.name.endswith("_created"):
            continue
        name = f"{family.name}_total" if family.type == "counter" else family.name
        labels = dict.fromkeys(label for sample in family.samples for label in sample.labels if label != "le")
        found.append((f"`{name}`", family.type, ", ".join(f"`{label}`" for label in labels), family.documentation))
    return found


def _troubles(server: Server) -> list[str]:
    server.intake.trouble = server.filing.trouble = server.folding.trouble = "for the page"
    server.ready = False
    found = [*server.troubles(), MISSING]
    server.intake.trouble = server.filing.trouble = server.folding.trouble = None
    return found


def refused_reports() -> list[str]:
    """Why a report that was acknowledged may not count."""
    return [reason for index, reason in enumerate(REASONS) if index != ACCEPTED]


def shared_attributes() -> list[str]:
    """Names under `attributes` of a report that carries everything there is a column for."""
    import numpy as np

    row = np.ones(1, ROW)
    row["flags"] = 2**31 - 1
    return list(_sensors(row[0]))
