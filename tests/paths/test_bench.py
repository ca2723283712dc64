"""`fleetline bench` measures the real thing beside its limit, and says plainly what it cannot measure."""

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bench.drives import drive, packet
from bench.fleet import ident, journal, register, settle
from bench.kit import Place, best_s, cpu_s, peak_mb
from bench.limits import programs
from bench.limits.programs import compiled
from fleetline.app import bench
from fleetline.app.bench import Figure, checkout, find_benchmarks, run_benchmarks, table_of
from fleetline.app.plug import find_protocols
from fleetline.model.errors import Invalid
from fleetline.model.wire import Memo

ROOT = Path(__file__).parent.parent.parent
NAMES = {"auth", "bulk", "day", "folding", "ingest", "latency", "listing", "memory", "recovery"}
with_compiler = pytest.mark.skipif(shutil.which("cc") is None and shutil.which("gcc") is None, reason="no C compiler")


def test_every_benchmark_of_the_folder_is_found_and_helpers_are_not() -> None:
    found = {benchmark.name for benchmark in find_benchmarks(checkout())}
    assert found >= NAMES
    assert not found & {"kit", "fleet", "drives", "limits"}


def test_an_installed_package_without_its_checkout_refuses_in_one_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(bench.fleetline, "__file__", str(tmp_path / "site-packages" / "fleetline" / "__init__.py"))
    with pytest.raises(Invalid, match="checkout"):
        run_benchmarks(["ingest"], 1.0, echo=False)


def test_a_name_that_is_no_benchmark_is_refused_before_anything_runs() -> None:
    words = [sys.executable, "-m", "fleetline.app", "bench", "folding", "speed", "--json"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False, cwd=ROOT)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert "speed" in done.stderr
    assert "ingest" in done.stderr


def test_a_figure_meets_its_goal_from_the_right_side() -> None:
    least = Figure(name="a", unit="us", value=10, limit=4, ratio=0.4, goal=0.4)
    most = Figure(name="b", unit="ms", value=7, limit=2, ratio=3.5, goal=3.0, at_most=True)
    assert (least.met, least.goal_text, most.met, most.goal_text) == (True, ">= 0.4", False, "<= 3")
    assert Figure(name="c", unit="s", value=1, limit=1, ratio=1).met is None
    assert Figure(name="d", unit="us", goal=0.4, note="skipped: no C compiler").met is None


def test_the_table_shows_what_is_missed_and_why_something_was_skipped() -> None:
    missed = Figure(name="p99", unit="ms", value=7123.4, limit=2, ratio=3561.7, goal=3.0, at_most=True)
    skipped = Figure(name="ingest", unit="us", goal=0.4, note="skipped: no C compiler")
    lines = table_of([missed, skipped]).splitlines()
    assert lines[1].split() == ["p99", "7,123", "2", "ms", "3,562", "<=", "3", "NO"]
    assert lines[2].split() == ["ingest", "-", "-", "us", "-", ">=", "0.4", "-"]
    assert lines[3] == "  ingest: skipped: no C compiler"


def test_the_fold_is_measured_in_both_forms_and_the_command_tells_it_as_json() -> None:
    words = [sys.executable, "-m", "fleetline.app", "bench", "folding", "--seconds", "1", "--json"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=120, check=True, cwd=ROOT)
    fast, slow = json.loads(done.stdout)
    assert (fast["benchmark"], fast["name"], slow["name"]) == ("folding", "vectorised", "point by point")
    for figure in (fast, slow):
        assert figure["value"] > 0
        assert figure["limit"] == fast["limit"] > 0
        assert figure["ratio"] == pytest.approx(figure["limit"] / figure["value"])


@with_compiler
def test_the_limit_and_our_server_take_the_same_load_and_ours_has_filed_all_of_it() -> None:
    with Place() as place:
        made = compiled(place.folder)
        register(place, 3)
        start_s = int(time.time()) - 86_400
        _, peer = made.cost(durable=True, connections=3, seconds=0.2, records=2, start_s=start_s)
        with place.serving() as server:
            ours = made.load(server.teltonika, connections=3, seconds=30, records=2, start_s=start_s, packets=90)
            server.wait_filed()
            devices = json.loads(server.call("devicelist", apitoken=place.token))
            assert (server.metric("fleetline_frames_total"), server.metric("fleetline_reports_total")) == (90, 180)
            assert cpu_s(server.pid) > 0
            assert peak_mb(server.pid) > 10
    assert peer.records == 2 * peer.packets > 0
    assert (ours.packets, ours.records) == (90, 180)
    assert [device["device_imei"] for device in devices] == [int(ident(index)) for index in range(3)]


@with_compiler
def test_a_load_that_is_refused_says_so_instead_of_giving_a_figure() -> None:
    with Place() as place:
        made = compiled(place.folder)
        with place.serving() as server, pytest.raises(RuntimeError, match=r"refused|closed"):
            made.load(server.teltonika, connections=1, seconds=1, records=1, start_s=int(time.time()) - 3600)


def test_without_a_compiler_the_limit_is_skipped_with_the_reason(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(programs.shutil, "which", lambda name: None)
    with pytest.raises(programs.NoCompiler, match="compiler"):
        compiled(tmp_path)


def test_what_the_fleet_leaves_in_the_journal_is_filed_folded_and_answered() -> None:
    with Place() as place:
        register(place, 2)
        begin_s = int(time.time()) - 7200
        frames = [(device + 1, (begin_s + 60) * 1000, packet(device, begin_s, 0, 60)) for device in range(2)]
        assert journal(place, frames) == sum(len(frame) for _, _, frame in frames)
        settle(place, 2)
        with place.serving() as server:
            devices = json.loads(server.call("devicelist", apitoken=place.token))
        assert [device["online_timestamp"] for device in devices] == [begin_s + 59] * 2


def test_a_made_up_packet_is_one_that_a_server_accepts() -> None:
    teltonika = find_protocols()["teltonika"]
    frame = packet(7, 1_773_100_800, 30, 5)
    assert teltonika.receive(frame, Memo()).count == 5
    reports = teltonika.decode(frame).reports
    assert [report.fix_at_ms for report in reports] == [(1_773_100_800 + i) * 1000 for i in range(5)]
    assert [report.odometer_m for report in reports] == [(30 + i) * 11 for i in range(5)]


def test_a_made_up_drive_is_the_same_each_time_moves_always_and_stays_on_the_continent() -> None:
    first, again, other = (drive(7200, 0, seed) for seed in (1, 1, 2))
    assert first == again != other
    assert min(report.speed_kmh or 0 for report in first) >= 10
    for report in first:
        assert report.lat_deg is not None
        assert report.lon_deg is not None
        assert (45 < report.lat_deg < 51, 5 < report.lon_deg < 13) == (True, True)


def test_the_best_of_many_calls_counts_and_slow_ones_do_not() -> None:
    waits = iter([0.05, 0.0, 0.05])
    assert best_s(lambda: time.sleep(next(waits)), 0.0, least=3) < 0.05
