"""From settings to a running core: the engine opened, the schema brought up to date, the desks put together."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Final

from fleetline.app.settings import Settings
from fleetline.core.accounts import AccountsDesk
from fleetline.core.credentials import CredentialsDesk
from fleetline.core.ports.world import Clock, Ids, RandomIds, SystemClock
from fleetline.core.registry import Registry
from fleetline.core.workspace import Core
from fleetline.model.errors import Unavailable
from fleetline.outside.passwords import Argon2Passwords
from fleetline.outside.signer import FileSigner
from fleetline.stores.engine import Engine, SchemaTooNew, migrate
from fleetline.stores.open import open_engine
from fleetline.stores.store import EngineStore

SIGNING_KEY: Final = "signing.key"


@asynccontextmanager
async def open_core(settings: Settings, *, clock: Clock | None = None, ids: Ids | None = None) -> AsyncIterator[Core]:
    """The core over the database that the settings name; closed when the block ends.

    errors  Unavailable: no database, no data folder, or a schema of a newer Fleetline
    """
    async with open_migrated(settings) as engine:
        passwords = Argon2Passwords()
        try:
            yield core_over(engine, settings, passwords, clock or SystemClock(), ids or RandomIds())
        finally:
            passwords.close()


@asynccontextmanager
async def open_migrated(settings: Settings) -> AsyncIterator[Engine]:
    """The engine on a schema that is up to date. errors: as `open_core`"""
    try:
        settings.data.mkdir(parents=True, exist_ok=True)
    except OSError as fault:
        raise Unavailable(f"{settings.data}: {fault.strerror or fault}") from fault
    engine = await open_engine(settings.database)
    try:
        try:
            await migrate(engine)
        except SchemaTooNew as newer:
            raise Unavailable(str(newer)) from newer
        yield engine
    finally:
        await engine.close()


def with_history(core: Core, settings: Settings) -> Core:
    """The same core with the desks that read and write history; it brings numpy, which most commands never need."""
    from fleetline.app.plug import find_protocols
    from fleetline.core.folding import Folding
    from fleetline.core.history import History
    from fleetline.core.sealing import Sealing

    protocols = find_protocols()
    folding = Folding(core.store, core.clock, protocols, settings.trips)
    sealing = Sealing(core.store, core.clock, protocols, settings.positions_days)
    return replace(core, history=History(core.store, folding, sealing, protocols, core.public_url))


def with_power(core: Core) -> Core:
    """The same core with the desks of solar resources and fleets; pvlib is brought by the first simulation only."""
    from fleetline.core.power import PowerDesk
    from fleetline.outside.weather_files import PvlibFiles

    return replace(core, power=PowerDesk(core.store, core.clock, core.ids, PvlibFiles()))


def core_over(engine: Engine, settings: Settings, passwords: Argon2Passwords, clock: Clock, ids: Ids) -> Core:
    """Every desk over one engine."""
    store = EngineStore(engine)
    return Core(
        store=store,
        clock=clock,
        ids=ids,
        plans=settings.plans,
        public_url=settings.public_url,
        lives=settings.lives,
        passwords=passwords,
        signer=FileSigner(settings.data / SIGNING_KEY),
        accounts=AccountsDesk(store, clock, ids, settings.plans, passwords),
        credentials=CredentialsDesk(store, clock, ids),
        registry=Registry(store, clock),
    )
