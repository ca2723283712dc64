"""The latest state of a whole fleet as one answer, beside sending the same bytes from memory."""

import http.client
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from bench.drives import packet
from bench.fleet import journal, register, settle
from bench.kit import FORM, Place, ask, cpu_s, ends, form, free_port
from fleetline.app.bench import Figure

NAME: Final = "listing"
TITLE: Final = (
    "server processor time of a devicelist answer when nothing changed, beside uvicorn sending the same bytes"
)
GOAL: Final = 0.60
SHARE: Final = 0.25
"""Each of the two servers is asked twice, in turn, for this part of the seconds."""
HEARD_BEFORE_S: Final = 600


def run(seconds: float) -> Sequence[Figure]:
    return [figure for devices in (10_000, 100_000) for figure in _listing(devices, seconds)]


def _listing(devices: int, seconds: float) -> Sequence[Figure]:
    with Place() as place:
        register(place, devices)
        now = int(time.time())
        journal(
            place,
            ((number + 1, now * 1000, packet(number, now - HEARD_BEFORE_S, 0, 1)) for number in range(devices)),
        )
        settle(place, devices)
        body = form({"apitoken": place.token})
        with place.serving() as server:
            begun = time.perf_counter()
            text = server.call("devicelist", apitoken=place.token)
            first = time.perf_counter() - begun
            with _same_bytes(place, text) as (peer_port, peer_pid):
                ours, peers = list[float](), list[float]()
                for _ in range(2):
                    ours.append(_cost(server.http, server.pid, body, seconds * SHARE))
                    peers.append(_cost(peer_port, peer_pid, body, seconds * SHARE))
    value, limit = sum(ours) / 2, sum(peers) / 2
    return [
        Figure(
            name=f"{devices:,} devices", unit="ms", value=value * 1e3, limit=limit * 1e3, ratio=limit / value,
            goal=GOAL if devices == 10_000 else None,
            note=f"{len(text) / 2**20:.1f} MB; the first answer after a start took {first * 1e3:.0f} ms",
        )
    ]  # fmt: skip


@contextmanager
def _same_bytes(place: Place, text: bytes) -> Iterator[tuple[int, int]]:
    """(port, pid) of the peer."""
    file, port = place.folder / "answer.json", free_port()
    file.write_bytes(text)
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.limits.same_bytes", str(port), str(file)], cwd=sys.path[0] or None
    )
    try:
        deadline = time.monotonic() + 20
        while True:
            try:
                ask(port, "GET", "/")
                break
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)
        yield port, process.pid
    finally:
        ends(process)


def _cost(port: int, pid: int, body: bytes, seconds: float) -> float:
    """Processor seconds of the server per answer, asked again and again on one connection."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    answers, begun, until = 0, cpu_s(pid), time.monotonic() + seconds
    while time.monotonic() < until:
        connection.request("POST", "/v2/devicelist", body, FORM)
        answer = connection.getresponse()
        answer.read()
        if answer.status != 200:
            raise RuntimeError(f"devicelist: {answer.status}")
        answers += 1
    connection.close()
    return (cpu_s(pid) - begun) / answers
