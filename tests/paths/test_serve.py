"""From a device's socket to a caller's answer, through a real process on both engines."""

import json
import re
import signal
import threading
import urllib.request
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from fleetline.model.motion import Report
from tests.paths.server_kit import Place, Tracker

IMEI = "356307042441013"
DAY = 1773100800


@pytest.fixture
def place(database_url: str, tmp_path: Path) -> Iterator[Place]:
    made = Place(tmp_path / "data", database_url)
    yield made
    made.stop(signal.SIGKILL)


EXAMPLE = """
 1 06:00:00 off  0 48.00000  13 07:12:00 on   0 48.06800  25 10:00:20 on  25 48.08400
 2 07:00:00 on   0 48.00000  14 07:13:30 on   0 48.06801  26 10:01:20 on  60 48.07500
 3 07:01:00 on  48 48.00500  15 07:15:00 on   0 48.06800  27 10:02:00 off 55 48.07000
 4 07:02:00 on  60 48.01400  16 07:16:00 on   0 48.06800  28 10:02:10 on  55 48.06850
 5 07:03:00 on  60 48.02300  17 07:17:00 on  35 48.07200  29 10:03:00 on   0 48.06200
 6 07:04:00 on   0 48.03000  18 07:18:00 on  50 48.08000  30 10:04:00 on   0 48.06200
 7 07:04:20 off  0 48.03000  19 07:18:30 on  44 48.08300  31 10:04:20 on  30 48.06100
 8 07:07:20 on   0 48.03001  20 07:19:00 on   0 48.08500  32 10:05:20 on  58 48.05300
 9 07:08:00 on  30 48.03300  21 07:19:10 off  0 48.08500  33 10:06:00 on   0 48.04800
10 07:09:00 on  62 48.04300  22 08:19:10 off  0 48.08503  34 10:06:10 off  0 48.04800
11 07:10:00 on  61 48.55000  23 09:19:10 off  0 48.08498  35 11:06:10 off  0 48.04801
12 07:11:00 on  58 48.06100  24 10:00:00 on   0 48.08500
"""


def example() -> list[Report]:
    """The reports of the worked example, in the order of their numbers."""
    found = []
    for number, clock, ignition, speed, lat in re.findall(r"(\d+) (\d\d:\d\d:\d\d) (on|off) +(\d+) ([\d.]+)", EXAMPLE):
        hours, minutes, seconds = map(int, clock.split(":"))
        on = ignition == "on"
        found.append(
            (
                int(number),
                Report(
                    fix_at_ms=(DAY + hours * 3600 + minutes * 60 + seconds) * 1000, valid=True,
                    lat_deg=float(lat), lon_deg=10.0,
                    speed_kmh=float(speed), course_deg=0.0 if int(number) <= 23 else 180.0, satellites=9, ignition=on,
                    supply_v=14.1 if on else 12.48, battery_v=4.05, coolant_c=82,
                ),
            )
        )  # fmt: skip
    return [report for _, report in sorted(found, key=lambda item: item[0])]


ROUTES = [
    {
        "route_points": "48.00000,10.00000,0;48.00500,10.00000,48;48.01400,10.00000,60;48.02300,10.00000,60;48.03000,10.00000,0;48.03000,10.00000,0;48.03001,10.00000,0;48.03300,10.00000,30;48.04300,10.00000,62;48.06100,10.00000,58;48.06800,10.00000,0;48.06801,10.00000,0;48.06800,10.00000,0;48.06800,10.00000,0;48.07200,10.00000,35;48.08000,10.00000,50;48.08300,10.00000,44;48.08500,10.00000,0",  # noqa: E501
        "origin_timestamp": "1773126000", "origin_mileage": 120000, "origin_location": "48.00000,10.00000",
        "destination_timestamp": "1773127140", "destination_mileage": 120009,
        "destination_location": "48.08500,10.00000",
        "average_speed": 49.67, "average_speed_distance": 56.71, "pause_duration": 540,
        "route_pause": [
            {"grouped": 0, "type": 1, "start_timestamp": "1773126240", "end_timestamp": "1773126480", "mileage": 120003, "location": "48.03000,10.00000"},  # noqa: E501
            {"grouped": 0, "type": 2, "start_timestamp": "1773126720", "end_timestamp": "1773127020", "mileage": 120007, "location": "48.06800,10.00000"},  # noqa: E501
        ],
    },
    {
        "route_points": "48.08500,10.00000,0;48.08400,10.00000,25;48.07500,10.00000,60;48.07000,10.00000,55;48.06850,10.00000,55;48.06200,10.00000,0;48.06200,10.00000,0;48.06100,10.00000,30;48.05300,10.00000,58;48.04800,10.00000,0",  # noqa: E501
        "origin_timestamp": "1773136800", "origin_mileage": 120009, "origin_location": "48.08500,10.00000",
        "destination_timestamp": "1773137160", "destination_mileage": 120013,
        "destination_location": "48.04800,10.00000",
        "average_speed": 47.17, "average_speed_distance": 41.14, "pause_duration": 0, "route_pause": [],
    },
]  # fmt: skip


def prepared(place: Place) -> tuple[str, int]:
    """(token, device id) of an account with the device of the example; the mileage stated before the first report."""
    account, token = place.account()
    device = place.run(
        "device", "add", "--account", account, "--imei", IMEI, "--name", "Van 7", "--type", "VAN",
        "--description", "Parcel van", "--mileage", "120000",
    )["device_id"]  # fmt: skip
    return token, device


def test_the_worked_example_through_a_teltonika_socket_gives_the_documented_answer(place: Place) -> None:
    token, device = prepared(place)
    place.start()
    tracker = Tracker(place, IMEI)
    assert tracker.send(example()[:18]) == 18
    assert tracker.send(example()[19:], per_packet=4) == 16
    day = place.answer("device", apitoken=token, device=device, time=DAY + 39600)
    early = dict(ROUTES[0], average_speed=50.38)
    early["route_points"] = str(early["route_points"]).replace("48.08300,10.00000,44;", "")
    assert [route["route_points"] for route in day["routes"]] == [early["route_points"], ROUTES[1]["route_points"]]
    assert day["routes"][0]["average_speed"] == 50.38
    assert tracker.send(example()[18:19]) == 1  # number 19 comes late
    assert tracker.send(example()) == 35  # and everything once more
    day = place.answer("device", apitoken=token, device=device, time=DAY + 39600)
    assert day["routes"] == ROUTES
    told = day["device"]
    assert (told["device_distance"], told["device_mileage"], told["device_mileage_raw"]) == (14, 120013, 13)
    assert (told["location"], told["device_angle"], told["online_timestamp"]) == ("48.04801,10.00000", 180, 1773137160)
    assert (told["device_voltage_external"], told["device_temp_engine"], told["status_code"]) == (12.48, 82, 1)
    tracker.close()


def test_what_was_answered_is_there_after_a_restart_and_revoking_holds_at_once(place: Place) -> None:
    token, device = prepared(place)
    place.start()
    tracker = Tracker(place, IMEI)
    tracker.send(example())
    before = place.answer("device", apitoken=token, device=device, time=DAY)
    tracker.close()
    place.stop()
    place.start()
    assert place.answer("device", apitoken=token, device=device, time=DAY) == before
    account = place.run("account", "list")[0]["account_id"]
    listed = place.run("credential", "list", "--account", account)
    place.run("credential", "revoke", listed[0]["credential_id"])
    assert place.call("devicelist", apitoken=token) == (401, "ERROR #1000 - INVALID API TOKEN")


def test_after_kill_9_under_load_every_acknowledged_report_is_there_exactly_once(place: Place) -> None:
    account, token = place.account()
    place.start("--register-unknown", account)
    acknowledged: dict[str, int] = {}

    def load(index: int) -> None:
        imei = f"35000000000{index:04d}"
        try:
            tracker = Tracker(place, imei)
            for second in range(100_000):
                report = Report(fix_at_ms=(DAY + second) * 1000, valid=True, lat_deg=48.0, lon_deg=9.0, satellites=8)
                assert tracker.send([report]) == 1
                acknowledged[imei] = second + 1
        except OSError:
            return

    threads = [threading.Thread(target=load, args=(index,)) for index in range(8)]
    for thread in threads:
        thread.start()
    while sum(acknowledged.values()) < 2000:
        pass
    assert place.process is not None
    place.process.kill()
    for thread in threads:
        thread.join()
    place.process.wait()
    place.start()
    devices = {str(d["device_imei"]): d["device_id"] for d in place.answer("devicelist", apitoken=token)}
    place.stop()
    for imei, count in acknowledged.items():
        stored = place.run("positions", "--account", account, "--device", str(devices[imei]))
        times = [row["fix_at_ms"] for row in stored]
        assert len(times) == len(set(times))
        assert set(times) >= {(DAY + second) * 1000 for second in range(count)}
        assert len(times) <= count + 1  # the one that was on its way may be there too


def test_an_unknown_device_is_refused_and_counted(place: Place) -> None:
    place.account()
    place.start()
    assert not Tracker(place, "351111111111111").accepted
    status, metrics = place.get("/metrics")
    assert status == 200
    assert 'fleetline_refused_frames_total{protocol="teltonika",reason="unknown_device"} 1.0' in metrics


def test_the_recorded_ride_gives_the_route_and_the_pause_it_must(place: Place) -> None:
    account, token = place.account()
    place.start("--register-unknown", account)
    gpx = (Path(__file__).parents[1] / "recordings" / "tracks" / "304-to-ul.gpx").read_text()
    found = re.findall(r'lat="([-\d.]+)" lon="([-\d.]+)">\s*<ele>[-\d.]+</ele>\s*<time>([^<]+)<', gpx)
    fixes = [(float(lat), float(lon), round(datetime.fromisoformat(at).timestamp())) for lat, lon, at in found]
    assert len(fixes) == 2144
    tracker = Tracker(place, IMEI)
    # the wire has no room for an unknown speed: a recording without speeds comes with zeros
    sent = [Report(fix_at_ms=at * 1000, valid=True, lat_deg=lat, lon_deg=lon, satellites=9) for lat, lon, at in fixes]
    assert tracker.send(sent) == 2144
    for lat, lon, at in fixes:
        url = f"http://127.0.0.1:{place.osmand}/?id=phone-1&lat={lat}&lon={lon}&timestamp={at}"
        with urllib.request.urlopen(url, timeout=20) as reply:
            assert reply.status == 200
    for listed in place.answer("devicelist", apitoken=token):
        day = place.answer("device", apitoken=token, device=listed["device_id"])
        assert day["device"]["timestamp"] == 1550448000
        (route,) = day["routes"]
        assert abs(int(route["origin_timestamp"]) - 1550476208) <= 10
        assert abs(int(route["destination_timestamp"]) - 1550480426) <= 10
        (pause,) = route["route_pause"]
        assert pause["type"] == 2
        assert abs(int(pause["start_timestamp"]) - 1550478929) <= 10
        assert 200 <= route["pause_duration"] <= 215
        assert len(route["route_points"].split(";")) > 1700
        metres = place.run("positions", "--account", account, "--device", str(listed["device_id"]))
        assert len(metres) == 2144


def test_a_backup_made_while_serving_restores_to_the_same_answers(place: Place, tmp_path: Path) -> None:
    token, device = prepared(place)
    place.start()
    tracker = Tracker(place, IMEI)
    tracker.send(example())
    before = place.answer("device", apitoken=token, device=device, time=DAY)
    place.run("backup", str(tmp_path / "backup"))
    place.stop()
    copy = Place(tmp_path / "copy", f"sqlite:///{tmp_path}/copy/fleetline.db")
    copy.run("restore", str(tmp_path / "backup"))
    copy.start()
    try:
        assert copy.answer("device", apitoken=token, device=device, time=DAY) == before
        assert all(finding["fine"] for finding in copy.run("doctor"))
    finally:
        copy.stop(signal.SIGKILL)


def test_positions_are_exported_in_every_form(place: Place) -> None:
    token, device = prepared(place)
    del token
    place.start()
    Tracker(place, IMEI).send(example())
    place.stop()
    account = place.run("account", "list")[0]["account_id"]
    rows = place.run("positions", "--account", account)
    assert len(rows) == 35
    assert rows[0] == {
        "device_id": device, "ident": IMEI, "protocol": "teltonika", "fix_at_ms": 1773122400000,
        "received_at_ms": rows[0]["received_at_ms"],
        "valid": True, "lat_deg": 48.0, "lon_deg": 10.0, "altitude_m": 0.0, "speed_kmh": 0.0, "course_deg": 0.0,
        "attributes": rows[0]["attributes"],
    }  # fmt: skip
    assert rows[0]["attributes"]["ignition"] is False
    assert json.dumps(rows)
