"""Liveness and metrics of one host: /healthz says what is wrong in a word, /metrics counts it for Prometheus."""

import os
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Final

import orjson
from prometheus_client import CollectorRegistry, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from fleetline.api.http import Receive, Scope, Send
from fleetline.app.siblings import Answers, Siblings
from fleetline.app.sums import remember, summed
from fleetline.core.ports.requests import RequestEntry

if TYPE_CHECKING:
    from fleetline.app.server import Server

TEXT: Final = b"text/plain; version=0.0.4; charset=utf-8"
MISSING: Final = "workers"
"""Name of the trouble that a process of this host does not answer."""
SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class Health:
    """What one server tells about itself."""

    def __init__(self, server: "Server", siblings: Siblings | None = None) -> None:
        self._server = server
        self._siblings = siblings
        self._registry = CollectorRegistry()
        self._registry.register(_Counters(server))
        self._calls = Histogram(
            "fleetline_request_seconds", "API calls by dialect and status", ["api", "status"],
            buckets=SECONDS, registry=self._registry,
        )  # fmt: skip
        if siblings is not None:
            siblings.answer("troubles", lambda: orjson.dumps(server.troubles()))
            siblings.answer("metrics", lambda: generate_latest(self._registry))

    def observe(self, entry: RequestEntry) -> None:
        """Count one answered API call."""
        self._calls.labels(entry.dialect, str(entry.status)).observe(entry.elapsed_ms / 1000)

    async def healthz(self, scope: Scope, receive: Receive, send: Send) -> None:
        """200 while everything works; 503 with the reason when something does not."""
        troubles = self._server.troubles()
        if self._siblings is not None:
            troubles = self._with_theirs(troubles, await self._siblings.ask("troubles"), self._siblings.count)
        body = orjson.dumps({"status": "degraded" if troubles else "ok", **troubles})
        await _send(send, 503 if troubles else 200, b"application/json", body, scope)

    async def metrics(self, scope: Scope, receive: Receive, send: Send) -> None:
        page = generate_latest(self._registry)
        if (siblings := self._siblings) is not None:
            said = {(number, pid): body.decode() for number, (pid, body) in (await siblings.ask("metrics")).items()}
            said[siblings.number, os.getpid()] = page.decode()
            page = summed(list(said.values()), remember(siblings.folder, said))
        await _send(send, 200, TEXT, page, scope)

    @staticmethod
    def _with_theirs(troubles: dict[str, str], answers: Answers, count: int) -> dict[str, str]:
        """What does not work in any process; which of them has no word is a trouble too."""
        for _, body in answers.values():
            troubles = {**orjson.loads(body), **troubles}
        if missing := count - 1 - len(answers):
            troubles = {**troubles, MISSING: f"{missing} of {count} do not answer"}
        return troubles


async def _send(send: Send, status: int, content_type: bytes, body: bytes, scope: Scope) -> None:
    headers: list[tuple[bytes, bytes]] = [
        (b"content-type", content_type),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})


class _Counters(Collector):
    """Reads the counters the rooms keep anyway; nothing is counted twice."""

    def __init__(self, server: "Server") -> None:
        self._server = server

    def collect(self) -> Iterator[Any]:
        intake, filing = self._server.intake, self._server.filing
        yield _counter("fleetline_reports", "Reports acknowledged", [((), intake.counts["reports"])])
        yield _counter("fleetline_frames", "Frames acknowledged", [((), intake.counts["frames"])])
        yield _counter("fleetline_commits", "Groups of frames committed", [((), intake.counts["groups"])])
        yield _counter("fleetline_takeovers", "Sessions taken over", [((), intake.counts["taken_over"])])
        yield _counter(
            "fleetline_refused_frames", "Frames refused", sorted(intake.refused.items()), ["protocol", "reason"]
        )
        reasons = [((reason,), count) for reason, count in sorted(filing.refused.items())]
        yield _counter("fleetline_refused_reports", "Reports acknowledged and not accepted", reasons, ["reason"])
        yield _gauge("fleetline_waiting_bytes", "Bytes that wait for a commit", intake.waiting_bytes)
        yield _gauge("fleetline_unfiled_groups", "Committed groups not yet filed", filing.waiting)
        yield _gauge(
            "fleetline_unfolded_devices", "Devices with reports the fold has not seen", self._server.folding.waiting
        )
        yield _gauge("fleetline_processes", "Processes that these numbers are of", 1)
        yield _gauge("fleetline_connections", "Open tracker connections", self._server.connections())


def _counter(
    name: str, text: str, values: Iterable[tuple[tuple[str, ...], float]], labels: Iterable[str] = ()
) -> CounterMetricFamily:
    family = CounterMetricFamily(name, text, labels=list(labels))
    for label, value in values:
        family.add_metric(list(label), value)
    return family


def _gauge(name: str, text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, text, value=value)
