"""Several serving processes on the same ports speak with one voice, and a tracker has one connection to all of them."""

import contextlib
import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fleetline.model.motion import Report
from tests.paths.server_kit import Place, Tracker

DAY = 1773100800
DEVICES = 12
"""The system spreads connections by chance: that all of these come to one process happens once in thousands of runs."""


@pytest.fixture
def place(database_url: str, tmp_path: Path) -> Iterator[Place]:
    made = Place(tmp_path / "data", database_url)
    account, _ = made.account()
    try:
        made.start("--workers", "2", "--register-unknown", account)
        yield made
    finally:
        made.stop()


def until(true: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def imei(number: int) -> str:
    return f"35000000000{number:04d}"


def report(second: int) -> Report:
    return Report(fix_at_ms=(DAY + second) * 1000, valid=True, lat_deg=48.0, lon_deg=9.0, satellites=8)


def children(place: Place) -> list[int]:
    """Process ids of the serving processes."""
    assert place.process is not None
    listed = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(place.process.pid)], capture_output=True, text=True, check=False
    )
    return sorted(map(int, listed.stdout.split()))


def metric(place: Place, name: str) -> float:
    status, page = place.get("/metrics")
    assert status == 200
    return sum(float(value) for value in re.findall(rf"^{name}(?:\{{[^}}]*\}})? (\S+)$", page, re.MULTILINE))


def is_closed(tracker: Tracker) -> bool:
    tracker.socket.settimeout(10)
    with contextlib.suppress(ConnectionResetError):
        return tracker.socket.recv(1) == b""
    return True


def test_whichever_process_is_asked_the_numbers_are_those_of_all(place: Place) -> None:
    trackers = [Tracker(place, imei(number)) for number in range(DEVICES)]
    assert sum(tracker.send([report(number)]) for number, tracker in enumerate(trackers)) == DEVICES
    for _ in range(8):
        assert metric(place, "fleetline_reports_total") == DEVICES
        assert metric(place, "fleetline_connections") == DEVICES
        assert metric(place, "fleetline_processes") == 2
    for tracker in trackers:
        tracker.close()


def test_numbers_do_not_fall_when_a_process_dies_and_comes_again(place: Place) -> None:
    trackers = [Tracker(place, imei(number)) for number in range(DEVICES)]
    for number, tracker in enumerate(trackers):
        tracker.send([report(number)])
    before = metric(place, "fleetline_reports_total")
    killed, _ = children(place)
    os.kill(killed, signal.SIGKILL)
    until(lambda: killed not in children(place) and len(children(place)) == 2)
    until(lambda: place.get("/healthz")[0] == 200)
    for _ in range(8):
        assert metric(place, "fleetline_reports_total") == before
        assert metric(place, "fleetline_processes") == 2
    assert metric(place, "fleetline_connections") < DEVICES  # those of the one that was killed are gone


def test_a_tracker_that_comes_again_takes_over_from_whichever_process_had_it(place: Place) -> None:
    older = [Tracker(place, imei(number)) for number in range(DEVICES)]
    assert all(tracker.send([report(1)]) == 1 for tracker in older)
    newer = [Tracker(place, imei(number)) for number in range(DEVICES)]
    assert all(tracker.send([report(2)]) == 1 for tracker in newer)
    assert all(is_closed(tracker) for tracker in older)
    assert all(tracker.send([report(3)]) == 1 for tracker in newer)
    assert metric(place, "fleetline_takeovers_total") == DEVICES
    assert metric(place, "fleetline_connections") == DEVICES
    logs = "".join(path.read_text() for path in place.data.parent.glob("serve-*.log"))
    taken = [line for line in logs.splitlines() if "session taken over" in line]
    assert len(taken) == DEVICES
    assert any("another process" in line for line in taken)
    account = place.run("account", "list")[0]["account_id"]
    place.stop()
    stored = place.run("positions", "--account", account)
    assert sorted(row["fix_at_ms"] for row in stored) == [(DAY + s) * 1000 for s in (1, 2, 3) for _ in range(DEVICES)]


def test_while_a_process_is_away_health_says_so(place: Place) -> None:
    stopped, _ = children(place)
    os.kill(stopped, signal.SIGSTOP)
    try:
        # a connection to the stopped one is never answered: ask until the other one gets it
        until(lambda: _asked_briefly(place) == (503, "1 of 2 do not answer"))
    finally:
        os.kill(stopped, signal.SIGCONT)
    until(lambda: place.get("/healthz")[0] == 200)


def _asked_briefly(place: Place) -> tuple[int, str]:
    with socket.create_connection(("127.0.0.1", place.http), timeout=5) as asking:
        asking.settimeout(4)
        asking.sendall(b"GET /healthz HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n")
        answer = b""
        with contextlib.suppress(TimeoutError):
            while piece := asking.recv(4096):
                answer += piece
    found = re.search(rb'"workers":"([^"]*)"', answer)
    return (int(answer.split()[1]) if answer else 0), found[1].decode() if found else ""
