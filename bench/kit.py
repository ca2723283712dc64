"""What the benchmarks share: an installation of their own, its server as a process, and what a process has cost."""

import http.client
import json
import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from fleetline.app.settings import Settings, load_settings

TICK_HZ: Final = os.sysconf("SC_CLK_TCK")
START_S: Final = 600.0
"""A server that recovers millions of records opens its port only afterwards."""
ENDING_S: Final = 120.0
OPEN_FILES: Final = 20_000


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def cpu_s(pid: int) -> float:
    """Seconds of processor time, user and system, of all threads of a process. errors: OSError off Linux"""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICK_HZ


def peak_mb(pid: int) -> float:
    """The most memory a process and those it has started have had resident, each by itself, MB of 2**20 bytes."""
    return sum(map(_peak_mb, (pid, *started_by(pid))))


def _peak_mb(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    raise OSError("no VmHWM")


def started_by(pid: int) -> list[int]:
    """The processes that a process has started and that are there."""
    return [int(one) for lists in Path(f"/proc/{pid}/task").glob("*/children") for one in lists.read_text().split()]


def best_s(work: Callable[[], object], seconds: float, least: int = 3) -> float:
    """The least seconds that one of many calls took: other work on the machine only ever adds."""
    times, until = list[float](), time.monotonic() + seconds
    while len(times) < least or time.monotonic() < until:
        begun = time.perf_counter()
        work()
        times.append(time.perf_counter() - begun)
    return min(times)


def ends(process: "subprocess.Popen[Any]") -> None:
    """Ask a process of ours to end, and wait until it has."""
    process.send_signal(signal.SIGTERM)
    process.wait(ENDING_S)


@dataclass(slots=True)
class Server:
    """A running server of ours."""

    process: "subprocess.Popen[bytes]"
    http: int
    teltonika: int

    @property
    def pid(self) -> int:
        return self.process.pid

    def metric(self, name: str) -> float:
        status, body = self.get("/metrics")
        for line in body.decode().splitlines():
            if status == 200 and line.startswith(f"{name} "):
                return float(line.split()[1])
        raise LookupError(name)

    def wait_filed(self) -> None:
        """Return once everything acknowledged is filed."""
        while self.metric("fleetline_unfiled_groups"):
            time.sleep(0.05)

    def get(self, path: str) -> tuple[int, bytes]:
        return ask(self.http, "GET", path)

    def call(self, action: str, **fields: object) -> bytes:
        """A Fleetize answer."""
        status, body = ask(self.http, "POST", f"/v2/{action}", form(fields))
        if status != 200:
            raise RuntimeError(f"{action}: {status} {body[:200]!r}")
        return body


def form(fields: dict[str, object]) -> bytes:
    return urllib.parse.urlencode(fields).encode()


FORM: Final = {"content-type": "application/x-www-form-urlencoded"}


def ask(port: int, method: str, path: str, body: bytes | None = None) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request(method, path, body, FORM if body is not None else {})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


class Place:
    """An installation in a folder of its own, gone when the block ends; one account on the plan `unlimited`."""

    def __enter__(self) -> Self:
        self.folder = Path(tempfile.mkdtemp(prefix="fleetline-bench-"))
        self.account = self._command("account", "add", "Bench", "--plan", "unlimited")["account_id"]
        self.token = self._command("credential", "add", "fleetize-token", "--account", self.account)["apitoken"]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def settings(self) -> Settings:
        return load_settings({"data": str(self.data)}, {}, self.folder)

    def _words(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "fleetline.app", *words, "--data", str(self.data)]

    def _environment(self) -> dict[str, str]:
        # settings of whoever measures must not leak into what is measured
        kept = {name: value for name, value in os.environ.items() if not name.startswith("FLEETLINE_")}
        return {**kept, "PYTHONPATH": os.pathsep.join(filter(None, (*sys.path[:1], os.environ.get("PYTHONPATH"))))}

    def _command(self, *words: str) -> Any:
        done = subprocess.run(
            self._words(*words, "--json"),
            capture_output=True,
            text=True,
            check=True,
            cwd=self.folder,
            env=self._environment(),
        )
        return json.loads(done.stdout)

    @contextmanager
    def serving(self, *more: str) -> Iterator[Server]:
        """The server, ready; ended in good order with the block."""
        ports = (free_port(), free_port())
        allow_files(OPEN_FILES)
        with (self.folder / "serve.log").open("wb") as log:
            process = subprocess.Popen(
                self._words(
                    "serve", "--http", f"127.0.0.1:{ports[0]}", "--tracker", f"teltonika=127.0.0.1:{ports[1]}", *more
                ),
                stdout=log, stderr=log, cwd=self.folder, env=self._environment(),
            )  # fmt: skip
        try:
            self._wait_ready(process, ports[0])
            yield Server(process, *ports)
        finally:
            ends(process)

    def _wait_ready(self, process: "subprocess.Popen[bytes]", port: int) -> None:
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline:
            try:
                if ask(port, "GET", "/healthz")[0] == 200:
                    return
            except OSError:
                if process.poll() is not None:
                    break
            time.sleep(0.01)
        raise RuntimeError((self.folder / "serve.log").read_text()[-2000:])


def allow_files(count: int) -> None:
    """Raise the soft limit of open files, which children inherit, as far as the hard one lets us."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = count if hard == resource.RLIM_INFINITY else min(count, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
