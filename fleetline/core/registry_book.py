"""The frame around each change of a registry: lock the scope, take the next version, write, log."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from fleetline.core.ports.registry import RegistryTables
from fleetline.core.ports.store import Store
from fleetline.core.ports.world import Clock
from fleetline.model.errors import NotFound
from fleetline.model.registry import Author, Book, Change, Kind


class Writing:
    """One call that changes one account's registry.

    tables   the desk of the open transaction
    book     the account's book under the version that this call makes; sizes are kept by `grow`
    at_ms    the one time of everything the call writes; `after` moves it forward
    changes  what was done so far; a call without changes writes no new version
    """

    def __init__(self, tables: RegistryTables, book: Book, author: Author, at_ms: int) -> None:
        self.tables = tables
        self.before = book.version
        self.book = replace(book, version=book.version + 1)
        self.author = author
        self.at_ms = at_ms
        self.changes: list[Change] = []

    def note(self, kind: str, item_id: int, action: str, **detail: object) -> None:
        self.changes.append(Change(kind, item_id, action, detail))

    def after(self, *moments_ms: int) -> int:
        """The time of this call, never before any of the given ones, so that no record's time runs backwards."""
        self.at_ms = max(self.at_ms, *moments_ms)
        return self.at_ms

    def grow(self, kind: Kind, *, members: int = 0, groups: int = 0) -> None:
        if kind is Kind.VEHICLE:
            vehicles, vehicle_groups = self.book.vehicles + members, self.book.vehicle_groups + groups
            self.book = replace(self.book, vehicles=vehicles, vehicle_groups=vehicle_groups)
        else:
            drivers, driver_groups = self.book.drivers + members, self.book.driver_groups + groups
            self.book = replace(self.book, drivers=drivers, driver_groups=driver_groups)

    async def finish(self) -> None:
        if self.changes:
            await self.tables.save_book(self.book)
            await self.tables.log(self.book, self.at_ms, self.author, self.changes)

    @property
    def version(self) -> int:
        """The account's version once this call is done."""
        return self.book.version if self.changes else self.before


@asynccontextmanager
async def writing(store: Store, clock: Clock, account_id: str, author: Author) -> AsyncIterator[Writing]:
    """A write transaction on the account's registry with its scope locked; logged and saved when the block ends well.

    errors  NotFound for an account that does not exist
    """
    async with store.write() as tx:
        book = await tx.registry.open_book(account_id)
        if book is None:
            raise NotFound("account", account_id)
        # the clock is read after the lock, so that versions and times ascend together
        work = Writing(tx.registry, book, author, clock.now_ms())
        yield work
        await work.finish()
