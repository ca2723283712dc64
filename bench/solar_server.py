"""A client of the FleetView-compatible API on a server of ours, and how long it waits while a large job runs."""

import http.client
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from bench.kit import Place, peak_mb
from bench.solar_world import START_S
from fleetline.app.bench import Figure

GOAL: Final = 5.0
CALLS: Final = 400
RESOURCES: Final = 2_000
HOURS: Final = 744
PAUSE_S: Final = 0.005
"""Between two small calls: a client, not a flood."""


def idle_mb(pid: int) -> float:
    """What a process has resident now, MB of 2**20 bytes; its peak is counted from here on."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")
    return peak_mb(pid)


@dataclass
class Client:
    """One account with a key and a token; the port is that of the server of the moment."""

    key: str
    client_id: str
    secret: str
    port: int = 0
    token: str = ""

    def ask(self, method: str, path: str, body: bytes | None = None, media: str = "application/json") -> Any:
        """The JSON of an answer. errors: RuntimeError for one that says no"""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=600)
        try:
            return self.ask_over(connection, method, path, body, media)
        finally:
            connection.close()

    def ask_over(
        self, connection: http.client.HTTPConnection, method: str, path: str, body: bytes | None = None,
        media: str = "application/json",
    ) -> Any:  # fmt: skip
        headers = {"X-Api-Key": self.key, "Content-Type": media}
        if path != "/token":
            self.token = self.token or self._token()
            headers["Authorization"] = f"Bearer {self.token}"
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        text = answer.read()
        if answer.status >= 300:
            raise RuntimeError(f"{method} {path}: {answer.status} {text[:300]!r}")
        return json.loads(text) if text else None

    def _token(self) -> str:
        pair = json.dumps({"client_id": self.client_id, "client_secret": self.secret}).encode()
        token: str = self.ask("POST", "/token", pair)["access_token"]
        return token

    def wait(self, path: str, pause_s: float = 0.05) -> Any:
        """A job once it has ended well."""
        while (job := self.ask("GET", path))["status"] in ("Queued", "Running"):
            time.sleep(pause_s)
        if job["status"] != "Done":
            raise RuntimeError(str(job))
        return job


class SolarPlace(Place):
    """An installation whose accounts get clients of this API."""

    def client(self, name: str) -> Client:
        """A client of a new account that has no limits."""
        account = self._command("account", "add", name, "--plan", "unlimited")["account_id"]
        found = self._command("credential", "add", "fleetview-client", "--account", account)
        return Client(found["api_key"], found["client_id"], found["client_secret"])


def waiting_figures(place: SolarPlace, seconds: float) -> Sequence[Figure]:
    """The slowest in a hundred of small calls, on an idle server and while it computes months of a large fleet."""
    from bench.solar_import import csv_body

    client = place.client("Waiting")
    with place.serving() as server:
        client.port = server.http
        fleet = client.ask("POST", "/v1/fleets", b'{"name":"all"}')["fleetId"]
        job = client.ask("POST", f"/v1/resources/import?fleetId={fleet}", csv_body(RESOURCES), "text/csv")
        client.wait(f"/v1/jobs/{job['jobId']}")
        path = f"/v1/fleets/{fleet}"
        _p99_s(client, path, CALLS // 4)
        idle = _p99_s(client, path, CALLS)
        busy, counted = _while_running(client, fleet, path, seconds)
    told = f"{counted} calls of a fleet while {RESOURCES:,} sites are computed over {HOURS:,} hours"
    return [
        Figure(
            name="small GET during a job, p99", unit="ms", value=busy * 1e3, limit=idle * 1e3, ratio=busy / idle,
            goal=GOAL, at_most=True, note=told,
        )
    ]  # fmt: skip


def _while_running(client: Client, fleet: str, path: str, seconds: float) -> tuple[float, int]:
    order = {
        "fleetIds": [fleet],
        "weatherDataOptions": {
            "type": "clearSky", "startTime": _time(START_S), "endTime": _time(START_S + HOURS * 3600),
        },
        "result": {"level": "fleet"},
    }  # fmt: skip
    body, times = json.dumps(order).encode(), list[float]()
    until = time.monotonic() + seconds
    while len(times) < CALLS or time.monotonic() < until:
        job = f"/v1/simulations/{client.ask('POST', '/v1/simulations', body)['simulationId']}"
        while client.ask("GET", job)["status"] == "Queued":
            time.sleep(PAUSE_S)
        while True:
            times += _times_s(client, path, 25)
            if client.ask("GET", job)["status"] != "Running":
                break
    return sorted(times)[len(times) * 99 // 100], len(times)


def _time(at_s: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at_s))


def _p99_s(client: Client, path: str, count: int) -> float:
    times = _times_s(client, path, count)
    return sorted(times)[len(times) * 99 // 100]


def _times_s(client: Client, path: str, count: int) -> list[float]:
    connection = http.client.HTTPConnection("127.0.0.1", client.port, timeout=60)
    times = []
    try:
        for _ in range(count):
            time.sleep(PAUSE_S)
            begun = time.perf_counter()
            client.ask_over(connection, "GET", path)
            times.append(time.perf_counter() - begun)
    finally:
        connection.close()
    return times[1:]
