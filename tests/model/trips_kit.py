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
