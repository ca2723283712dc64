"""Fleets put into an installation through the core itself: registered, journaled, filed, folded, sealed."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Final

from bench.kit import Place
from bench.limits.programs import FIRST_IMEI
from fleetline.app.plug import find_protocols
from fleetline.app.server import journals_of
from fleetline.app.wire import core_over, open_core, open_migrated, with_history
from fleetline.core.filing import Filing
from fleetline.core.groups import Frames, pack_frames
from fleetline.core.history import History
from fleetline.core.ports.world import RandomIds, SystemClock
from fleetline.model.registry import Author, NewDevice
from fleetline.outside.passwords import Argon2Passwords
from fleetline.stores.journals import claim_free

GROUP: Final = 500
"""Frames of one journal row, as many as gather while the one before commits under load."""


def ident(index: int) -> str:
    return f"{FIRST_IMEI + index:015}"


def register(place: Place, count: int) -> None:
    """Devices 1 to `count`, with the identifiers that the load generator uses."""

    async def work() -> None:
        devices = [NewDevice(ident(index), f"Vehicle {index + 1}") for index in range(count)]
        async with open_core(place.settings) as core:
            await core.registry.devices.import_many(place.account, devices, Author("bench", "bench"))

    asyncio.run(work())


def journal(place: Place, frames: Iterable[tuple[int, int, bytes]]) -> int:
    """Leave frames (device id, received at ms, frame) acknowledged and unfiled, as a crash would; their bytes."""

    async def work() -> int:
        async with open_migrated(place.settings) as engine:
            journals = journals_of(place.settings, engine)
            claim = await claim_free(journals)
            rows = await journals.open(claim.intake)
            size, group = 0, list[tuple[int, int, bytes]]()
            for item in frames:
                group.append(item)
                size += len(item[2])
                if len(group) == GROUP:
                    await rows.append(_packed(group))
                    group = []
            if group:
                await rows.append(_packed(group))
            await rows.close()
            await claim.release()
            return size

    return asyncio.run(work())


def _packed(group: list[tuple[int, int, bytes]]) -> bytes:
    devices, received, frames = zip(*group, strict=True)
    return pack_frames(Frames(devices, received, ("teltonika",) * len(group), frames))


@asynccontextmanager
async def history_of(place: Place) -> AsyncIterator[History]:
    """The history of the installation with everything in its journal filed, in this process."""
    settings = place.settings
    async with open_migrated(settings) as engine:
        passwords = Argon2Passwords()
        core = with_history(core_over(engine, settings, passwords, SystemClock(), RandomIds()), settings)
        journals = journals_of(settings, engine)
        claim = await claim_free(journals)
        rows = await journals.open(claim.intake)
        assert core.history is not None, "with_history adds it"
        filing = Filing(core.store, rows, claim.intake, find_protocols())
        try:
            await filing.start()
            yield core.history
        finally:
            await filing.stop()
            await rows.close()
            await claim.release()
            passwords.close()


def settle(place: Place, count: int, *, sealed: bool = False) -> None:
    """File and fold everything of devices 1 to `count`; sealed: also pack the hours that are over."""

    async def work() -> None:
        async with history_of(place) as history:
            await history.folding.catch_up(list(range(1, count + 1)))
            while sealed and await history.sealing.seal():
                pass

    asyncio.run(work())
