"""What a packet costs from the wire to a filed device-hour, beside a program that only frames and acknowledges."""

import time
from collections.abc import Sequence
from typing import Final

from bench.fleet import register
from bench.kit import Place, Server, cpu_s
from bench.limits.programs import Load, NoCompiler, Programs, compiled
from fleetline.app.bench import Figure

NAME: Final = "ingest"
TITLE: Final = (
    "server processor time per packet, durable and filed, beside a C program that only frames and acknowledges"
)
CONNECTIONS: Final = 1000
GOAL: Final = 0.40
DAYS_BACK: Final = 4
"""The load's reports begin so long ago: none of them may lie in the future however fast it runs."""
WARM_S: Final = 1.0
PEER_SHARE: Final = 0.25
"""The peer runs so long before and again after, so that both see the same machine."""


def run(seconds: float) -> Sequence[Figure]:
    return [figure for records in (1, 30) for figure in _ingest(records, seconds)]


def _ingest(records: int, seconds: float) -> Sequence[Figure]:
    name = f"{records} record{'s' if records > 1 else ''} a packet"
    with Place() as place:
        try:
            programs = compiled(place.folder)
        except NoCompiler as missing:
            return [Figure(name=name, unit="us", goal=GOAL, note=f"skipped: {missing}")]
        register(place, CONNECTIONS)
        start_s = int(time.time()) - DAYS_BACK * 86_400
        with place.serving() as server:
            programs.load(
                server.teltonika, connections=CONNECTIONS, seconds=WARM_S, records=records, start_s=start_s - 86_400
            )
            before = _peer(programs, records, seconds, start_s)
            ours, load = _ours(server, programs, records, seconds, start_s)
            after = _peer(programs, records, seconds, start_s)
    peer = (before + after) / 2
    return [
        Figure(
            name=name, unit="us", value=ours * 1e6, limit=peer * 1e6, ratio=peer / ours, goal=GOAL,
            note=f"{load.packets / load.seconds:,.0f} packets/s, {load.records / load.seconds:,.0f} records/s; "
            f"the limit before and after: {before * 1e6:.2f} and {after * 1e6:.2f} us",
        )
    ]  # fmt: skip


def _peer(programs: Programs, records: int, seconds: float, start_s: int) -> float:
    length = max(1.0, seconds * PEER_SHARE)
    return programs.cost(durable=False, connections=CONNECTIONS, seconds=length, records=records, start_s=start_s)[0]


def _ours(server: Server, programs: Programs, records: int, seconds: float, start_s: int) -> tuple[float, Load]:
    """(processor seconds per packet until all of them are filed, the load)"""
    server.wait_filed()
    begun = cpu_s(server.pid)
    load = programs.load(server.teltonika, connections=CONNECTIONS, seconds=seconds, records=records, start_s=start_s)
    server.wait_filed()
    return (cpu_s(server.pid) - begun) / load.packets, load
