"""How long a server takes to be ready again after a crash with unfiled records, beside reading their bytes."""

import time
from collections.abc import Sequence
from typing import Final

from bench.drives import packets
from bench.fleet import journal, register
from bench.kit import Place
from fleetline.app.bench import Figure

NAME: Final = "recovery"
TITLE: Final = "from start to ready after a crash with unfiled records, beside reading the journal's files"
DEVICES: Final = 1000
RECORDS: Final = 30
WHOLE: Final = 10_000_000
WHOLE_FROM_S: Final = 60.0
DAYS_BACK: Final = 2
PIECE: Final = 2**20


def run(seconds: float) -> Sequence[Figure]:
    share = min(1.0, seconds / WHOLE_FROM_S)
    turns = max(1, round(WHOLE * share / (DEVICES * RECORDS)))
    records = turns * DEVICES * RECORDS
    start_s = int(time.time()) - DAYS_BACK * 86_400
    with Place() as place:
        register(place, DEVICES)
        empty = _start(place)
        received_ms = (start_s + turns * RECORDS) * 1000
        journal(
            place, ((device + 1, received_ms, frame) for device, frame in packets(DEVICES, turns, RECORDS, start_s))
        )
        reading = _read(place)
        ours = _start(place) - empty
    scaled = "" if share == 1 else f"scaled down from {WHOLE:,}: give --seconds {WHOLE_FROM_S:.0f} for all of them; "
    return [
        Figure(
            name=f"{records:,} records", unit="s", value=ours, limit=reading, ratio=ours / reading,
            note=f"{scaled}{records / ours:,.0f} records/s; a start with an empty journal takes {empty:.2f} s",
        )
    ]  # fmt: skip


def _start(place: Place) -> float:
    """Seconds until the server answers."""
    begun = time.perf_counter()
    with place.serving() as server:
        taken = time.perf_counter() - begun
        server.wait_filed()
    return taken


def _read(place: Place) -> float:
    begun = time.perf_counter()
    for path in sorted(place.data.glob("journal-*-*.db*")):
        with path.open("rb") as file:
            while file.read(PIECE):
                pass
    return time.perf_counter() - begun
