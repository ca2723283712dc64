"""The store over either engine: one transaction that speaks for every slice of the schema."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fleetline.stores.engine import Connection, Engine
from fleetline.stores.tables.accounts import AccountTables
from fleetline.stores.tables.history import HistoryTables
from fleetline.stores.tables.own import OwnTables
from fleetline.stores.tables.power import PowerTables
from fleetline.stores.tables.registry import RegistryTables
from fleetline.stores.tables.requests import RequestTable


class EngineTx:
    """One transaction, with the tables of every slice on it."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.history = HistoryTables(connection)
        self.registry = RegistryTables(connection)
        self.accounts = AccountTables(connection)
        self.requests = RequestTable(connection)
        self.own = OwnTables(connection)
        self.power = PowerTables(connection)


class EngineStore:
    """Opens transactions on one engine."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    @asynccontextmanager
    async def read(self) -> AsyncIterator[EngineTx]:
        async with self.engine.read() as connection:
            yield EngineTx(connection)

    @asynccontextmanager
    async def write(self) -> AsyncIterator[EngineTx]:
        async with self.engine.write() as connection:
            yield EngineTx(connection)
