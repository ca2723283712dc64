"""Tables of accounts and access, as one slice."""

from fleetline.stores.tables.access import ACCESS_VERSION
from fleetline.stores.tables.activity import ActivityTables
from fleetline.stores.tables.credentials import CredentialTables
from fleetline.stores.tables.limits import LimitTables
from fleetline.stores.tables.people import PeopleTables

__all__ = ["ACCESS_VERSION", "AccountTables"]


class AccountTables(PeopleTables, CredentialTables, LimitTables, ActivityTables):
    """See `core.ports.accounts.Accounts`."""

    async def take(self, name: str, count: int) -> int:
        row = await self._connection.fetch_one(
            "UPDATE counters SET next = next + $2 WHERE name = $1 RETURNING next - $2", name, count
        )
        if row is None:
            raise LookupError(name)
        return int(row[0])
