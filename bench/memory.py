"""How much memory a server has with 10,000 devices on it."""

import time
from collections.abc import Sequence
from typing import Final

from bench.fleet import register
from bench.ingest import DAYS_BACK
from bench.kit import Place, peak_mb
from bench.limits.programs import NoCompiler, compiled
from fleetline.app.bench import Figure

NAME: Final = "memory"
TITLE: Final = "most memory a server had, 10,000 connections delivering as fast as they are answered, beside 400 MB"
CONNECTIONS: Final = 10_000
LIMIT_MB: Final = 400.0


def run(seconds: float) -> Sequence[Figure]:
    return [_memory(records, seconds) for records in (1, 30)]


def _memory(records: int, seconds: float) -> Figure:
    name = f"{records} record{'s' if records > 1 else ''} a packet"
    with Place() as place:
        try:
            programs = compiled(place.folder)
        except NoCompiler as missing:
            return Figure(name=name, unit="MB", limit=LIMIT_MB, goal=1.0, at_most=True, note=f"skipped: {missing}")
        register(place, CONNECTIONS)
        with place.serving() as server:
            empty = peak_mb(server.pid)
            start_s = int(time.time()) - DAYS_BACK * 86_400
            load = programs.load(
                server.teltonika, connections=CONNECTIONS, seconds=seconds, records=records, start_s=start_s
            )
            server.wait_filed()
            peak = peak_mb(server.pid)
    return Figure(
        name=name, unit="MB", value=peak, limit=LIMIT_MB, ratio=peak / LIMIT_MB, goal=1.0, at_most=True,
        note=f"{empty:.0f} MB after the start; {load.packets / load.seconds:,.0f} packets/s",
    )  # fmt: skip
