"""Builds reports for the tests of the trip engine: the worked example, drives and stands, the recorded bus ride."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np

from fleetline.model.motion import IGNITION_KNOWN, IGNITION_ON, VALID, Rows, empty_rows
from fleetline.model.trips.fold import Fold, Outcome
from fleetline.model.trips.routes import Route
from fleetline.model.trips.thresholds import Thresholds

DAY_S = 1_773_100_800
"""2026-03-10 00:00:00 UTC, the day of the worked example."""
RECORDING = Path(__file__).parents[1] / "recordings" / "tracks" / "304-to-ul.gpx"

EXAMPLE = """
 1 06:00:00 off  0 48.00000
 2 07:00:00 on   0 48.00000
 3 07:01:00 on  48 48.00500
 4 07:02:00 on  60 48.01400
 5 07:03:00 on  60 48.02300
 6 07:04:00 on   0 48.03000
 7 07:04:20 off  0 48.03000
 8 07:07:20 on   0 48.03001
 9 07:08:00 on  30 48.03300
10 07:09:00 on  62 48.04300
11 07:10:00 on  61 48.55000
12 07:11:00 on  58 48.06100
13 07:12:00 on   0 48.06800
14 07:13:30 on   0 48.06801
15 07:15:00 on   0 48.06800
16 07:16:00 on   0 48.06800
17 07:17:00 on  35 48.07200
18 07:18:00 on  50 48.08000
19 07:18:30 on  44 48.08300
20 07:19:00 on   0 48.08500
21 07:19:10 off  0 48.08500
22 08:19:10 off  0 48.08503
23 09:19:10 off  0 48.08498
24 10:00:00 on   0 48.08500
25 10:00:20 on  25 48.08400
26 10:01:20 on  60 48.07500
27 10:02:00 off 55 48.07000
28 10:02:10 on  55 48.06850
29 10:03:00 on   0 48.06200
30 10:04:00 on   0 48.06200
31 10:04:20 on  30 48.06100
32 10:05:20 on  58 48.05300
33 10:06:00 on   0 48.04800
34 10:06:10 off  0 48.04800
35 11:06:10 off  0 48.04801
"""


def report(
    at_s: float,
    lat: float | None = None,
    lon: float | None = 10.0,
    *,
    speed: float | None = None,
    ignition: bool | None = None,
    received_s: float | None = None,
    valid: bool = True,
    flags: int = 0,
    **columns: int,
) -> Rows:
    """One row; speed in km/h, other columns by their names in ROW and in its units."""
    row = empty_rows(1)
    row["at_ms"] = round(at_s * 1000)
    row["received_at_ms"] = round((at_s + 2 if received_s is None else received_s) * 1000)
    if lat is not None and lon is not None:
        row["lat_e7"], row["lon_e7"] = round(lat * 1e7), round(lon * 1e7)
        flags |= VALID if valid else 0
    if speed is not None:
        row["speed_e2"] = round(speed * 100)
    if ignition is not None:
        flags |= IGNITION_KNOWN | (IGNITION_ON if ignition else 0)
    row["flags"] = flags
    for name, value in columns.items():
        row[name] = value
    return row


def join(rows: Iterable[Rows]) -> Rows:
    """One array of all of them, in the order given."""
    return np.concatenate(list(rows))


def example() -> Rows:
    """The 35 reports of fleetize section 14; 19 arrives two hours late."""
    rows = []
    for line in EXAMPLE.split("\n"):
        if not line.strip():
            continue
        number, clock, ignition, speed, lat = line.split()
        hours, minutes, seconds = (int(part) for part in clock.split(":"))
        at = DAY_S + hours * 3600 + minutes * 60 + seconds
        on = ignition == "on"
        rows.append(
            report(
                at,
                float(lat),
                speed=float(speed),
                ignition=on,
                received_s=DAY_S + 9.5 * 3600 if number == "19" else None,
                course_e2=0 if int(number) <= 23 else 18_000,
                supply_mv=14_100 if on else 12_480,
                battery_mv=4050,
                coolant_e1=820,
            )
        )
    return join(rows)


def recording() -> Rows:
    """The bus ride: 2,144 fixes with time and position only."""
    space = {"g": "http://www.topografix.com/GPX/1/1"}
    rows = []
    for point in ElementTree.parse(RECORDING).getroot().iterfind(".//g:trkpt", space):
        stamp = point.find("g:time", space)
        assert stamp is not None and stamp.text is not None
        at = np.datetime64(stamp.text.rstrip("Z"), "s").astype(np.int64)
        rows.append(report(int(at), float(point.get("lat", "")), float(point.get("lon", ""))))
    return join(rows)


def run(
    rows: Rows, thresholds: Thresholds | None = None, *, fast: bool | None = None, refits: Sequence[int] = ()
) -> tuple[Fold, Outcome]:
    """A new fold over the rows in order of time."""
    fold = Fold(thresholds)
    return fold, fold.feed(np.sort(rows, order="at_ms"), fast=fast, refits=refits)


def routes_by(rows: Rows, now_s: float, thresholds: Thresholds | None = None, **options: Any) -> list[Route]:
    """Every route of the rows as seen at a moment, the open one included."""
    fold, outcome = run(rows, thresholds, **options)
    return [*outcome.routes, *fold.view(round(now_s * 1000)).routes]


MOVES = ("stand", "drive", "crawl", "spike", "jump", "nofix", "gap", "leap", "off", "on", "flip", "shuttle", "stuck")
"""What a made-up device can do next; see `Device`."""


class Device:
    """A device that does what it is told, with the noise and the faults of real ones; the same seed, the same reports.

    ignition   `always`, `changes` (reported only when it changes) or `never`
    speed      `always`, `never` or `mixed`
    odometer   `none`, `good` or `mixed`
    """

    def __init__(self, seed: int, ignition: str, speed: str, odometer: str, start_s: float = DAY_S + 80_000) -> None:
        self.chance = np.random.default_rng(seed)
        self.reports_ignition, self.reports_speed, self.reports_odometer = ignition, speed, odometer
        self.at_s = start_s
        self.lat, self.lon = 48.0, 10.0
        self.heading = 0.0
        self.on = True
        self.told: bool | None = None
        self.odometer = 1000.0
        self.stuck = False
        self.rows: list[Rows] = []

    def _say(self, speed: float, *, fix: bool = True, lat: float | None = None, noise_m: float = 0.0) -> None:
        chance = self.chance
        noise = chance.normal(0.0, noise_m / 111_195.0, 2) if noise_m else (0.0, 0.0)
        tells = self.reports_ignition == "always" or (self.reports_ignition == "changes" and self.told != self.on)
        with_speed = self.reports_speed == "always" or (self.reports_speed == "mixed" and chance.random() < 0.7)
        with_odometer = self.reports_odometer == "good" or (self.reports_odometer == "mixed" and chance.random() < 0.8)
        columns: dict[str, Any] = {"odometer_m": int(self.odometer)} if with_odometer else {}
        if chance.random() < 0.8:
            columns["course_e2"] = int(chance.integers(0, 36_000))
        self.rows.append(
            report(
                self.at_s,
                (self.lat if lat is None else lat) + noise[0] if fix else None,
                self.lon + noise[1],
                speed=speed if with_speed else None,
                ignition=self.on if tells else None,
                received_s=self.at_s + (900 if chance.random() < 0.05 else 1),
                **columns,
            )
        )
        if tells:
            self.told = self.on

    def _move(self, seconds: float, speed: float) -> None:
        metres = speed / 3.6 * seconds
        self.at_s += seconds
        self.lat += metres / 111_195.0 * float(np.cos(self.heading))
        self.lon += metres / 111_195.0 / 0.669 * float(np.sin(self.heading))
        if not self.stuck:
            self.odometer += metres * 1.02

    def do(self, move: str, count: int, step_s: float) -> None:
        """One move: `count` reports `step_s` apart, or as many as the move needs."""
        chance = self.chance
        if move in ("off", "on"):
            self.on = move == "on"
        elif move == "stuck":
            self.stuck = not self.stuck
        elif move in ("gap", "leap"):
            self._move(float(chance.choice([70, 290, 700, 3600, 3601, 9000])), 60.0 if move == "leap" else 0.01)
            self._say(0.0, noise_m=10)
        elif move == "flip":
            self.on = not self.on
            for _ in range(1 + count % 4):
                self._move(9.0, 0.0)
                self._say(0.0)
            self.on = not self.on
        elif move == "spike":
            for _ in range(1 + count % 4):
                self._move(step_s, 0.0)
                self._say(float(chance.choice([0.0, 50.0])), lat=self.lat + float(chance.choice([2.0, 2.0, 3.0])))
        elif move == "jump":
            self.lat += 0.7
            for _ in range(3):
                self._move(step_s, 20.0)
                self._say(20.0)
        else:
            self._report_many(move, count, step_s)

    def _report_many(self, move: str, count: int, step_s: float) -> None:
        chance = self.chance
        speeds = {
            "drive": (8.0, 90.0),
            "crawl": (1.0, 8.0),
            "stand": (0.0, 0.0),
            "nofix": (0.0, 0.0),
            "shuttle": (5.0, 30.0),
        }
        low, high = speeds[move]
        self.heading = float(chance.uniform(0, 6.28))
        base = float(chance.uniform(low, high))
        for index in range(count):
            if move == "shuttle" and index % 5 == 4:
                self.heading += np.pi
            self._move(step_s, base)
            noise = float(chance.choice([0.0, 3.0, 12.0])) if move != "stand" or chance.random() < 0.9 else 45.0
            shown = base if move != "stand" else float(chance.choice([0.0, 0.0, 0.0, 2.0, 4.0]))
            self._say(shown, fix=move != "nofix", noise_m=noise)


def made_up(seed: int, moves: Sequence[tuple[str, int, float]], ignition: str, speed: str, odometer: str) -> Rows:
    """The reports of a made-up device, ascending."""
    device = Device(seed, ignition, speed, odometer)
    for move, count, step_s in moves:
        device.do(move, count, step_s)
    return join(device.rows) if device.rows else empty_rows(0)


class Script:
    """Writes the reports of a drive: one each 30 s while moving, each 10 s while standing, due north from 48, 10."""

    def __init__(self, start_s: float = DAY_S + 8 * 3600, *, odometer_m: float | None = None) -> None:
        self.at_s = start_s
        self.north_m = 0.0
        self.odometer_m = odometer_m
        self.rows: list[Rows] = []

    def say(self, speed: float | None, ignition: bool | None, **columns: int) -> "Script":
        """One report here and now."""
        if self.odometer_m is not None:
            columns["odometer_m"] = round(self.odometer_m)
        lat = 48.0 + self.north_m / (1111.95 * 100)
        row = report(self.at_s, lat, speed=speed, ignition=ignition)
        for name, value in columns.items():
            row[name] = value
        self.rows.append(row)
        return self

    def drive(self, minutes: float = 10, kmh: float = 60, ignition: bool | None = True, gain: float = 1.0) -> "Script":
        """Move along; gain: how much faster the odometer turns than the wheels roll."""
        for _ in range(round(minutes * 2)):
            self.at_s += 30
            self.north_m += kmh / 3.6 * 30
            if self.odometer_m is not None:
                self.odometer_m += kmh / 3.6 * 30 * gain
            self.say(kmh, ignition)
        return self

    def stand(self, seconds: float, ignition: bool | None = True, step_s: float = 10) -> "Script":
        """Arrive 10 s from now, stand so long; the last report there is left to `leave` or to what follows."""
        self.at_s += 10
        begin = self.at_s
        while self.at_s < begin + seconds:
            self.say(0, ignition)
            self.at_s = min(self.at_s + step_s, begin + seconds)
        return self

    def leave(self, ignition: bool | None = True) -> "Script":
        """Still there, about to go."""
        return self.say(0, ignition)

    def silent(self, seconds: float, metres: float) -> "Script":
        """Say nothing for a while and turn up elsewhere."""
        self.at_s += seconds
        self.north_m += metres
        return self

    def done(self) -> Rows:
        return join(self.rows)
