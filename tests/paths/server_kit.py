"""A real server as its own process on free ports, and devices and callers that speak to it over real sockets."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fleetline.app.plug import find_protocols
from fleetline.model.motion import Report

PROTOCOLS = find_protocols()
START_S = 40


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Place:
    """One installation: its data, its database, and the server while it runs."""

    data: Path
    database: str
    http: int = field(default_factory=free_port)
    teltonika: int = field(default_factory=free_port)
    osmand: int = field(default_factory=free_port)
    process: "subprocess.Popen[bytes] | None" = None

    def run(self, *words: str, ok: bool = True) -> Any:
        """A command of ours with --json; its document, or its standard error when it is to be refused."""
        done = subprocess.run(
            [sys.executable, "-m", "fleetline.app", *words, "--data", str(self.data),
             "--database", self.database, "--json"],
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        if not ok:
            assert done.returncode == 1, (done.returncode, done.stderr)
            return done.stderr
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def start(self, *more: str) -> None:
        log = (self.data.parent / f"serve-{time.monotonic_ns()}.log").open("wb")
        self.process = subprocess.Popen(
            [
                sys.executable, "-m", "fleetline.app", "serve", "--data", str(self.data), "--database", self.database,
                "--http", f"127.0.0.1:{self.http}", "--tracker", f"teltonika=127.0.0.1:{self.teltonika}",
                "--tracker", f"osmand=127.0.0.1:{self.osmand}", *more,
            ],
            stderr=log, stdout=log, env={**os.environ, "PYTHONWARNINGS": "ignore"},
        )  # fmt: skip
        log.close()
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline:
            try:
                if self.get("/healthz")[0] == 200:
                    return
            except OSError:
                assert self.process.poll() is None, Path(log.name).read_text()
            time.sleep(0.05)
        raise AssertionError(Path(log.name).read_text())

    def stop(self, number: int = signal.SIGTERM) -> None:
        if self.process is not None:
            self.process.send_signal(number)
            self.process.wait(30)
            self.process = None

    def get(self, path: str) -> tuple[int, str]:
        return self._open(urllib.request.Request(f"http://127.0.0.1:{self.http}{path}"))

    def call(self, action: str, **fields: object) -> tuple[int, str]:
        body = urllib.parse.urlencode(fields).encode()
        return self._open(urllib.request.Request(f"http://127.0.0.1:{self.http}/v2/{action}", body))

    def answer(self, action: str, **fields: object) -> Any:
        status, text = self.call(action, **fields)
        assert status == 200, text
        return json.loads(text)

    @staticmethod
    def _open(request: urllib.request.Request) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(request, timeout=30) as reply:
                return reply.status, reply.read().decode()
        except urllib.error.HTTPError as refusal:
            return refusal.code, refusal.read().decode()

    def account(self, plan: str = "unlimited") -> tuple[str, str]:
        """(account id, token of its main user)"""
        account = self.run("account", "add", "Acme", "--plan", plan)["account_id"]
        token = self.run("credential", "add", "fleetize-token", "--account", account)["apitoken"]
        return account, token


class Tracker:
    """A Teltonika device on one TCP connection."""

    def __init__(self, place: Place, imei: str) -> None:
        self.imei = imei
        self.socket = socket.create_connection(("127.0.0.1", place.teltonika), timeout=20)
        self.socket.sendall(b"\x00\x0f" + imei.encode())
        self.accepted = self._exactly(1) == b"\x01"

    def send(self, reports: Sequence[Report], per_packet: int = 30) -> int:
        """Reports acknowledged; each packet waits for its answer."""
        encode = PROTOCOLS["teltonika"].encode
        assert encode is not None
        done = 0
        for frame in encode(self.imei, reports, records_per_packet=per_packet)[1:]:  # type: ignore[call-arg]  # its own option
            self.socket.sendall(frame)
            done += int.from_bytes(self._exactly(4), "big")
        return done

    def _exactly(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            piece = self.socket.recv(count - len(data))
            if not piece:
                raise ConnectionError("closed")
            data += piece
        return data

    def close(self) -> None:
        self.socket.close()
