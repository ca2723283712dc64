"""A fleet of imagined devices that drive real sockets with real frames and wait for every answer."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from fleetline.app.paths import first_departure_ms, report_at, vehicle_of
from fleetline.app.simulate_lines import Address, DatagramLine, HttpLine, Line, TcpLine
from fleetline.model.motion import Report

_AGAIN_S: Final = 0.5
"""Pause before a device that got no answer, or lost its connection, tries again."""
_GRACE_S: Final = 30.0
"""How long answers may still come after the last packet was due."""
_IDLING_MS: Final = 60_000
"""Longest time that an engine runs before its vehicle first moves."""
_OPENING_AT_ONCE: Final = 200
"""Connections being opened at the same time, so that no listen queue overflows."""

_LINES: Final[dict[str, Callable[[Address, str], Line]]] = {
    "teltonika": TcpLine,
    "teltonika-udp": DatagramLine,
    "osmand": HttpLine,
}


class SimulateError(ValueError):
    """The simulation cannot be run as asked."""


@dataclass(frozen=True, slots=True)
class SimulateResult:
    """sent: reports handed to a socket, each counted once however often it went; seconds: from start to end."""

    sent: int
    acknowledged: int
    seconds: float


@dataclass(frozen=True, slots=True)
class _Run:
    """What all devices of a simulation share; `begun` and `ends` by the monotonic clock."""

    begun: float
    ends: float
    first_ms: int
    rate_hz: float
    records: int
    opening: asyncio.Semaphore


def simulated_imei(index: int) -> str:
    """The IMEI of the device of this number: fourteen digits and the Luhn digit that makes them valid."""
    if not 0 <= index < 10**9:
        raise ValueError(index)
    body = f"35999{index:09d}"
    total = 0
    for place, letter in enumerate(body):
        digit = int(letter) * (1 + place % 2)
        total += digit - 9 if digit > 9 else digit
    return body + str(-total % 10)


async def simulate(
    targets: Mapping[str, Address],
    devices: int,
    rate_hz: float,
    seconds: float,
    records_per_packet: int = 1,
    idents: Sequence[str] | None = None,
    start_at_ms: int | None = None,
) -> SimulateResult:
    """Let `devices` devices report for `seconds` seconds and wait for the last answers.

    targets      protocol -> (host, port): teltonika, teltonika-udp, osmand; devices take turns among them
    rate_hz      reports a second of each device; they go `records_per_packet` at a time
    idents       of the devices; without them `simulated_imei`
    start_at_ms  time of the first reports; without it, now
    errors       SimulateError for a target of another name, for numbers out of range, for too few idents
    """
    unknown = sorted(set(targets) - set(_LINES))
    if unknown or not targets:
        raise SimulateError(f"no device can be simulated for {', '.join(unknown) or 'no target'}")
    if rate_hz <= 0 or not 1 <= records_per_packet <= 255:
        raise SimulateError("the rate must be above 0 and a packet holds 1 to 255 records")
    if idents is not None and len(idents) < devices:
        raise SimulateError(f"{devices} devices but {len(idents)} idents")
    begun = time.monotonic()
    first_ms = time.time_ns() // 1_000_000 if start_at_ms is None else start_at_ms
    run = _Run(begun, begun + seconds, first_ms, rate_hz, records_per_packet, asyncio.Semaphore(_OPENING_AT_ONCE))
    names = list(targets)
    fleet = []
    for index in range(devices):
        name = names[index % len(names)]
        ident = simulated_imei(index) if idents is None else idents[index]
        fleet.append(_Device(index, index / devices, _LINES[name](targets[name], ident), run))
    async with asyncio.TaskGroup() as group:
        for device in fleet:
            group.create_task(device.report())
    sent, acknowledged = sum(device.sent for device in fleet), sum(device.acknowledged for device in fleet)
    return SimulateResult(sent, acknowledged, time.monotonic() - begun)


class _Device:
    """One device: it drives, gathers packets and sends each until it is taken."""

    def __init__(self, index: int, offset: float, line: Line, run: _Run) -> None:
        self._vehicle = vehicle_of(index)
        self._offset = offset  # of a period, so that devices do not all report in the same instant
        self._line = line
        self._run = run
        self._departure_ms = first_departure_ms(self._vehicle, run.first_ms) + _IDLING_MS
        self.sent = 0
        self.acknowledged = 0

    async def report(self) -> None:
        """Send the packets when they are due, one after another."""
        period = self._run.records / self._run.rate_hz
        turn = 0
        try:
            while (due := self._run.begun + (turn + self._offset) * period) < self._run.ends:
                await asyncio.sleep(due - time.monotonic())
                await self._deliver(self._packet(turn))
                turn += 1
        finally:
            self._line.close()

    def _packet(self, turn: int) -> list[Report]:
        """The reports of one packet: whatever the hour, the vehicle leaves home as the simulation begins."""
        step_ms = 1000 / self._run.rate_hz
        first = turn * self._run.records + self._offset
        reports = []
        for place in range(self._run.records):
            after_ms = round((first + place) * step_ms)
            report = report_at(self._vehicle, self._departure_ms + after_ms)
            reports.append(replace(report, fix_at_ms=self._run.first_ms + after_ms))
        return reports

    async def _deliver(self, reports: list[Report]) -> None:
        """Send one packet again and again until it is taken or the simulation is over."""
        counted = False
        while time.monotonic() < self._run.ends + _GRACE_S:
            try:
                if not self._line.is_open:
                    async with self._run.opening:
                        await self._line.open()
                if not counted:
                    self.sent += len(reports)
                    counted = True
                if await self._line.deliver(reports):
                    self.acknowledged += len(reports)
                    return
            except (OSError, EOFError, TimeoutError):
                self._line.close()
            await asyncio.sleep(_AGAIN_S)
