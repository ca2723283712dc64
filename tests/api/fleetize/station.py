"""Where devices report to in tests: real frames through the real journal, filing and folding into the real desk."""

from dataclasses import dataclass, field

from fleetline.app.plug import find_protocols
from fleetline.core.filing import Filing
from fleetline.core.folding import Folding
from fleetline.core.groups import Frames, pack_frames
from fleetline.core.history import History
from fleetline.core.ports.store import Store
from fleetline.core.sealing import Sealing
from fleetline.model.motion import IGNITION_KNOWN, IGNITION_ON, MISSING_32, VALID, Report, Rows
from fleetline.trackers.protocols.teltonika_encode import encode
from fleetline.trackers.protocols.teltonika_frame import CODEC_8_EXTENDED
from tests.kit import HandClock, MemoryJournal


@dataclass
class Station:
    """Takes reports as their devices sent them, each at the moment it arrived."""

    clock: HandClock
    history: History
    filing: Filing
    journal: MemoryJournal
    waiting: list[tuple[int, int, str, Report]] = field(default_factory=list)

    def expect(self, device_id: int, ident: str, rows: Rows) -> None:
        """These reports are on their way."""
        self.waiting += [(int(row["received_at_ms"]), device_id, ident, report_of(row)) for row in rows]
        self.waiting.sort(key=lambda item: item[0])

    async def go_on(self, until_ms: int) -> None:
        """Everything that arrives by then arrives, and the clock stands there."""
        while self.waiting and self.waiting[0][0] <= until_ms:
            received_ms, device_id, ident, report = self.waiting.pop(0)
            self.clock.ms = received_ms
            await self.receive(device_id, ident, [report])
        self.clock.ms = until_ms

    async def receive(self, device_id: int, ident: str, reports: list[Report], records_per_packet: int = 1) -> None:
        """Reports that arrive now, durable when this returns."""
        _, *frames = encode(ident, reports, CODEC_8_EXTENDED, records_per_packet)
        count = len(frames)
        group = Frames([device_id] * count, [self.clock.ms] * count, ["teltonika"] * count, frames)
        self.filing.committed(await self.journal.append(pack_frames(group)), group)


async def open_station(store: Store, clock: HandClock, public_url: str = "http://localhost:8080") -> Station:
    """A station over one store, and the desk that reads it; nothing runs in the background."""
    protocols, journal = find_protocols(), MemoryJournal()
    folding = Folding(store, clock, protocols, {})
    history = History(store, folding, Sealing(store, clock, protocols, 0), protocols, public_url)
    filing = Filing(store, journal, 1, protocols, folding.future_tolerance_ms, folding.news)
    history.attach(filing)
    return Station(clock, history, filing, journal)


def report_of(row: Rows) -> Report:
    """A row of made-up reports as its device would say it."""

    def number(column: str, factor: float) -> float | None:
        return None if row[column] == MISSING_32 else float(row[column]) / factor

    flags = int(row["flags"])
    return Report(
        fix_at_ms=int(row["at_ms"]),
        valid=bool(flags & VALID),
        lat_deg=number("lat_e7", 1e7),
        lon_deg=number("lon_e7", 1e7),
        speed_kmh=number("speed_e2", 100),
        course_deg=number("course_e2", 100),
        satellites=9,
        ignition=bool(flags & IGNITION_ON) if flags & IGNITION_KNOWN else None,
        rpm=number("rpm", 1),
        coolant_c=number("coolant_e1", 10),
        supply_v=number("supply_mv", 1000),
        battery_v=number("battery_mv", 1000),
    )
