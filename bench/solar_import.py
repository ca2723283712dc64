"""Importing 100,000 resources through the API, beside reading the same CSV and one bulk insert of its cells."""

import csv
import io
import random
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import apsw

from bench.kit import peak_mb
from bench.solar_server import SolarPlace, idle_mb
from fleetline.app.bench import Figure

ROWS: Final = 100_000
ROUNDS: Final = 3
GOAL: Final = 20.0
MOST_MIB: Final = 256.0
HEADER: Final = (
    "name", "customerSiteId", "zone", "latitude", "longitude", "inverterCount", "maxPowerOutputAC_kW",
    "efficiencyRating_Percent", "moduleCount", "nameplateDCRating_kW", "azimuth_Degrees", "tilt_Degrees",
    "mountingType", "installDate",
)  # fmt: skip


def import_figures(place: SolarPlace) -> Sequence[Figure]:
    """Each round has a new account, so that every row is a new resource; the memory is that of the first round."""
    body = csv_body(ROWS)
    ours, limits, more_mib = [], [], 0.0
    for number in range(ROUNDS):
        limits.append(_limit_s(body, place.folder / f"bare-{number}.db"))
        client = place.client(f"Import {number}")
        with place.serving() as server:
            client.port = server.http
            idle = idle_mb(server.pid)
            begun = time.perf_counter()
            job = client.ask("POST", "/v1/resources/import", body, "text/csv")
            done = client.wait(f"/v1/jobs/{job['jobId']}")
            ours.append(time.perf_counter() - begun)
            more_mib = more_mib or peak_mb(server.pid) - idle
        assert done["created"] == ROWS, done
    value, limit = min(ours), min(limits)
    return [
        Figure(
            name=f"import of {ROWS:,} rows", unit="s", value=value, limit=limit, ratio=value / limit, goal=GOAL,
            at_most=True, note="from the call to the job's end, both on the disk",
        ),
        Figure(
            name="import: memory above idle", unit="MiB", value=more_mib, limit=MOST_MIB, ratio=more_mib / MOST_MIB,
            goal=1.0, at_most=True,
        ),
    ]  # fmt: skip


def csv_body(rows: int) -> bytes:
    """Roofs without fault, each unlike the others."""
    chance = random.Random(1)
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(HEADER)
    for number in range(rows):
        place = round(chance.uniform(28, 47), 5), round(chance.uniform(-120, -70), 5)
        power = 1, round(chance.uniform(3, 10), 1), 96, chance.randint(10, 40), 0.4
        way = chance.randint(90, 270), chance.randint(5, 45), "Roof"
        zone = f"Z{number % 40}"
        writer.writerow((f"Roof {number}", f"C-{number:06}", zone, *place, *power, *way, "2019-05-01"))
    return out.getvalue().encode()


def _limit_s(body: bytes, file: Path) -> float:
    """Seconds of a bare csv read and one bulk insert, as durable as ours."""
    begun = time.perf_counter()
    header, *rows = csv.reader(io.StringIO(body.decode(), newline=""))
    connection = apsw.Connection(str(file))
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute(f"CREATE TABLE bare ({', '.join(header)})")
    with connection:
        connection.executemany(f"INSERT INTO bare VALUES ({', '.join('?' * len(header))})", rows)
    took = time.perf_counter() - begun
    connection.close()
    return took
