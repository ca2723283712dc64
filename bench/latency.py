"""How long a device waits for its acknowledgement when the server is saturated, beside append and fdatasync in C."""

import time
from collections.abc import Sequence
from typing import Final

from bench.fleet import register
from bench.ingest import CONNECTIONS, DAYS_BACK, WARM_S
from bench.kit import Place
from bench.limits.programs import NoCompiler, compiled
from fleetline.app.bench import Figure

NAME: Final = "latency"
TITLE: Final = "acknowledgement at saturation, 1,000 connections, beside a C program that appends and calls fdatasync"
GOAL: Final = 3.0


def run(seconds: float) -> Sequence[Figure]:
    return [figure for records in (1, 30) for figure in _latency(records, seconds)]


def _latency(records: int, seconds: float) -> Sequence[Figure]:
    name = f"{records} record{'s' if records > 1 else ''} a packet"
    with Place() as place:
        try:
            programs = compiled(place.folder)
        except NoCompiler as missing:
            return [Figure(name=name, unit="ms", goal=GOAL, at_most=True, note=f"skipped: {missing}")]
        register(place, CONNECTIONS)
        start_s = int(time.time()) - DAYS_BACK * 86_400
        with place.serving() as server:
            warm_s = start_s - 86_400
            programs.load(server.teltonika, connections=CONNECTIONS, seconds=WARM_S, records=records, start_s=warm_s)
            _, peer = programs.cost(
                durable=True, connections=CONNECTIONS, seconds=seconds, records=records, start_s=start_s
            )
            ours = programs.load(
                server.teltonika, connections=CONNECTIONS, seconds=seconds, records=records, start_s=start_s
            )
    rates = f"{ours.packets / ours.seconds:,.0f} packets/s beside {peer.packets / peer.seconds:,.0f}"
    return [
        Figure(
            name=f"{name}, p50", unit="ms", value=ours.p50_us / 1e3, limit=peer.p50_us / 1e3,
            ratio=ours.p50_us / peer.p50_us, note=rates,
        ),
        Figure(
            name=f"{name}, p99", unit="ms", value=ours.p99_us / 1e3, limit=peer.p99_us / 1e3,
            ratio=ours.p99_us / peer.p99_us, goal=GOAL, at_most=True,
        ),
    ]  # fmt: skip
