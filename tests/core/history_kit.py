"""A yard: an account with devices whose reports are filed, folded, sealed and read as in the real program."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from fleetline.app.plug import find_protocols
from fleetline.core.filing import Filing
from fleetline.core.folding import Folding
from fleetline.core.groups import Frames, pack_frames
from fleetline.core.history import History, HistoryDesk
from fleetline.core.sealing import Sealing
from fleetline.core.views import DayView, DeviceView
from fleetline.core.workspace import Core
from fleetline.model.access import Account, Permissions, Principal, Role
from fleetline.model.motion import Report
from fleetline.model.registry import Author, NewDevice
from fleetline.stores.engine import Engine
from tests.core.gate_kit import core_over
from tests.kit import CountedIds, HandClock, MemoryJournal

PROTOCOLS = find_protocols()
DAY_S = 1_773_100_800
AUTHOR = Author("test", "cli")


@dataclass
class Yard:
    core: Core
    clock: HandClock
    journal: MemoryJournal
    filing: Filing
    history: History
    account: Account
    idents: dict[int, str] = field(default_factory=dict)

    @property
    def desk(self) -> HistoryDesk:
        principal = Principal(
            account_id=self.account.account_id,
            partner_id=None,
            user_id=None,
            role=Role.MAIN,
            credential_id="test",
            kind=None,  # type: ignore[arg-type]  # nobody asks how a test came in
            permissions=Permissions(all_devices=True),
        )
        return self.history.of(principal, self.account)

    async def add(self, name: str, mileage_km: float | None = None) -> int:
        ident = f"35000000000{len(self.idents):04d}"
        device = NewDevice(ident, name, "VAN", "", mileage_km)
        device_id = await self.core.registry.devices.add(self.account.account_id, device, AUTHOR)
        self.idents[device_id] = ident
        return device_id

    async def send(self, device_id: int, reports: Sequence[Report], *, received_s: int | None = None) -> None:
        """Deliver in one group; the clock stands at the newest report or at `received_s`."""
        newest = max(report.fix_at_ms or 0 for report in reports)
        self.clock.ms = newest + 2000 if received_s is None else received_s * 1000
        encode = PROTOCOLS["teltonika"].encode
        assert encode is not None
        frames = encode(self.idents[device_id], reports, records_per_packet=10)[1:]  # type: ignore[call-arg]  # its own
        count = len(frames)
        group = Frames([device_id] * count, [self.clock.ms] * count, ["teltonika"] * count, frames)
        self.filing.committed(await self.journal.append(pack_frames(group)), group)

    async def state(self, device_id: int) -> DeviceView:
        views = {view.device_id: view for view in await self.desk.devices(self.clock.now_ms())}
        return views[device_id]

    async def day(self, device_id: int, day_s: int = DAY_S) -> DayView:
        return await self.desk.day(device_id, day_s, self.clock.now_ms())


async def open_yard(engine: Engine, clock: HandClock, ids: CountedIds, folder: Path) -> Yard:
    clock.ms = DAY_S * 1000
    core = core_over(engine, clock, ids, folder)
    account = await core.accounts.add_account("Yard", plan="unlimited")
    journal = MemoryJournal()
    folding = Folding(core.store, clock, PROTOCOLS, {})
    sealing = Sealing(core.store, clock, PROTOCOLS, 0)
    history = History(core.store, folding, sealing, PROTOCOLS, "https://fleet.example")
    filing = Filing(core.store, journal, 1, PROTOCOLS)
    history.attach(filing)
    await filing.start()
    return Yard(core, clock, journal, filing, history, account)


def drive(start_s: int, minutes: int, *, lat: float = 48.0, speed_kmh: float = 60.0) -> list[Report]:
    """North at a steady speed, a report every 30 s, ignition on; then ignition off, and two reports of standing."""
    step = speed_kmh / 120 / 111.19508
    moving = [
        Report(
            fix_at_ms=(start_s + i * 30) * 1000,
            valid=True,
            lat_deg=lat + i * step,
            lon_deg=10.0,
            speed_kmh=speed_kmh if 0 < i < 2 * minutes else 0.0,
            satellites=9,
            ignition=True,
        )
        for i in range(2 * minutes + 1)
    ]
    end_s, place = start_s + minutes * 60, lat + 2 * minutes * step
    standing = [
        Report(
            fix_at_ms=(end_s + after) * 1000,
            valid=True,
            lat_deg=place,
            lon_deg=10.0,
            speed_kmh=0.0,
            satellites=9,
            ignition=False,
        )
        for after in (10, 310, 610)
    ]
    return [*moving, *standing]
