"""A disk that is full, a database that goes away: nothing is acknowledged that is not safe, and nothing acknowledged
is lost.
"""

import os
import signal
import subprocess
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fleetline.model.motion import Report
from tests.kit import EmbeddedPostgres
from tests.paths.server_kit import Place, Tracker

IMEI = "350000000000006"
DAY = 1773100800


def reports(first: int, count: int) -> list[Report]:
    return [
        Report(
            fix_at_ms=(DAY + i) * 1000,
            valid=True,
            lat_deg=48 + i * 1e-5,
            lon_deg=9.0,
            satellites=8,
            speed_kmh=40,
            odometer_m=i * 11,
        )
        for i in range(first, first + count)
    ]


def until(true: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def delivered(tracker: Tracker, first: int) -> int:
    """As a tracker does: the same packet again until it is taken; how many reports were acknowledged."""
    return tracker.send(reports(first, 30))


@pytest.fixture
def small_disk() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="fleetline-small-"))
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if done.returncode:
        pytest.skip("a file system of a few megabytes can be made by root only")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_full_disk_is_not_acknowledged_and_is_left_behind_when_there_is_room(small_disk: Path) -> None:
    place = Place(small_disk / "data", f"sqlite:///{small_disk}/data/fleetline.db")
    account, token = place.account()
    place.start("--register-unknown", account)
    try:
        tracker = Tracker(place, IMEI)
        filler = small_disk / "filler"
        filler.write_bytes(b"x" * (os.statvfs(small_disk).f_bavail * 4096 - 1_500_000))
        acknowledged = 0
        while taken := delivered(tracker, acknowledged):
            acknowledged += taken
            assert acknowledged < 100_000
        status, text = place.get("/healthz")
        assert status == 503 and "full" in text
        filler.unlink()
        while not (taken := delivered(tracker, acknowledged)):
            time.sleep(0.2)
        acknowledged += taken
        until(lambda: place.get("/healthz")[0] == 200)
        assert place.answer("devicelist", apitoken=token)
        place.stop()
        stored = [row["fix_at_ms"] for row in place.run("positions", "--account", account)]
        assert len(stored) == len(set(stored))
        assert set(stored) >= {(DAY + i) * 1000 for i in range(acknowledged)}
    finally:
        place.stop(signal.SIGKILL)


def test_a_database_that_goes_away_and_comes_back_loses_nothing_acknowledged(tmp_path: Path) -> None:
    with (
        warnings.catch_warnings(),
        tempfile.TemporaryDirectory(prefix="fleetline-pg-", ignore_cleanup_errors=True) as name,
    ):
        warnings.simplefilter("ignore")
        Path(name).chmod(0o755)
        server = EmbeddedPostgres(Path(name) / "data")
        place = Place(tmp_path / "data", server.url())
        try:
            account, token = place.account()
            place.start("--register-unknown", account)
            tracker = Tracker(place, IMEI)
            acknowledged = delivered(tracker, 0)
            assert acknowledged == 30
            server.down()
            assert delivered(tracker, acknowledged) == 0
            assert place.get("/healthz")[0] == 503
            assert place.call("devicelist", apitoken=token) == (503, "ERROR #9503 - TEMPORARILY UNAVAILABLE")
            server.up()
            while not (taken := delivered(tracker, acknowledged)):
                time.sleep(0.2)
            acknowledged += taken
            until(lambda: place.get("/healthz")[0] == 200)
            assert len(place.answer("devicelist", apitoken=token)) == 1
            place.stop()
            stored = [row["fix_at_ms"] for row in place.run("positions", "--account", account)]
            assert sorted(stored) == [(DAY + i) * 1000 for i in range(acknowledged)]
        finally:
            place.stop(signal.SIGKILL)
            server.stop()
