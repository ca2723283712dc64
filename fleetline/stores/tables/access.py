"""The number that tells every process that somebody may do less than before, or other things."""

from typing import Final

from fleetline.stores.engine import Connection

ACCESS_VERSION: Final = "SELECT next FROM counters WHERE name = 'access'"


class AccessTables:
    """What the tables of people and of credentials share; see `core.ports.store.Store.access_version`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._access_changed = False

    def change_access(self) -> None:
        self._access_changed = True

    async def settle(self) -> None:
        """The last statement of a transaction: the new version, where one is due.

        Its row is locked from here to the commit only, so that nobody who holds it waits for another lock.
        """
        if self._access_changed:
            self._access_changed = False
            await self._connection.execute(
                "INSERT INTO counters (name, next) VALUES ('access', 1)"
                " ON CONFLICT (name) DO UPDATE SET next = counters.next + 1"
            )
