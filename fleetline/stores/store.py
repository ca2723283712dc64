"""The store over either engine: one transaction that speaks for every slice of the schema."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fleetline.stores.engine import Connection, Engine
from fleetline.stores.tables.accounts import ACCESS_VERSION, AccountTables
from fleetline.stores.tables.history import VERSIONS, HistoryTables
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
            tx = EngineTx(connection)
            yield tx
            await tx.accounts.settle()

    @property
    def compares_in_passing(self) -> bool:
        return self.engine.compares_in_passing

    async def access_version(self) -> int:
        row = await self.engine.peek(ACCESS_VERSION)
        return int(row[0]) if row else 0

    async def standing(self, account_id: str) -> tuple[int, int]:
        row = await self.engine.peek(VERSIONS, account_id)
        assert row is not None, "a row of two values"
        return int(row[0]), int(row[1])
