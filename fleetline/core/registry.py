"""The one registry of the program: what every door uses to keep vehicles, drivers, groups and devices.

    registry = Registry(store, clock)
    registry.devices    add, import_many, by_ident, register_unknown, rows, row, visible, move, retire, delete,
                        calibrate, change (api switch, clock offset), fittings, calibrations   (registry_devices.py)
    registry.vehicles   add, rename, delete, restore, page, groups, membership                 (registry_members.py,
    registry.drivers    the same                                                                registry_groups.py)
    registry.lists      a whole list of vehicles or drivers applied at once, or previewed      (registry_lists.py)
    registry.changes    the log: who changed what, when, through which door
    registry.version    a number that grows with each change of an account: the key for anything cached of it

Every verb that writes takes the account, what to do, and an `Author`; it is one transaction, which first locks the
account's id scope, so writers of one scope follow one another. Bulk verbs answer one `Outcome` per item, in order.
A use case that needs the registry inside its own transaction asks `tx.registry` (core/ports/registry.py) directly.
"""

from dataclasses import replace
from typing import Final

from fleetline.core.ports.store import Store
from fleetline.core.ports.world import Clock
from fleetline.core.registry_book import writing
from fleetline.core.registry_devices import Devices
from fleetline.core.registry_lists import Lists
from fleetline.core.registry_members import Members
from fleetline.model.registry import Author, Kind, LoggedChange, NamesNotUnique

MOST_NAMES: Final = 100


class Registry:
    """All registry verbs over one store."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self.devices = Devices(store, clock)
        self.vehicles = Members(store, clock, Kind.VEHICLE)
        self.drivers = Members(store, clock, Kind.DRIVER)
        self.lists = Lists(store, clock)

    def of(self, kind: Kind) -> Members:
        """The verbs of vehicles or of drivers."""
        return self.vehicles if kind is Kind.VEHICLE else self.drivers

    async def version(self, account_id: str) -> int:
        """Grows with each change to anything the account registered; 0 before the first."""
        async with self._store.read() as tx:
            book = await tx.registry.book(account_id)
        return book.version if book else 0

    async def set_unique_names(self, account_id: str, unique: bool, author: Author) -> None:
        """Whether names of vehicles, and those of drivers, are unique in the account; they are unless this says no.

        errors  NotFound; NamesNotUnique, with names that are held twice, when they are to become unique
        """
        async with writing(self._store, self._clock, account_id, author) as work:
            if work.book.unique_names == unique:
                return
            if unique and (names := await work.tables.names_held_twice(work.book, MOST_NAMES)):
                raise NamesNotUnique(tuple(names))
            work.book = replace(work.book, unique_names=unique)
            await work.tables.set_name_claims(work.book, claimed=unique)
            work.note("account", 0, "changed", unique_names=[not unique, unique])

    async def changes(self, account_id: str, after: tuple[int, int] = (0, 0), limit: int = 1000) -> list[LoggedChange]:
        """The log of an account after a place (version, ordinal), oldest first; what is read stays as it is."""
        async with self._store.read() as tx:
            return await tx.registry.changes(account_id, *after, limit)
