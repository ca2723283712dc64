"""Which calls may be let in on a pledge, and that every pledge is kept before its call is answered."""

from fleetline.core.ports.pledge import PLEDGE, Moved, Pledge
from fleetline.core.ports.store import Store


class Pledges:
    """Of one store. A call whose pledge turns out to be broken begins anew, so only those that read pledge."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def begin(self) -> Pledge | None:
        """From here on the call under way may pledge; None where asking costs as little."""
        pledge = Pledge() if self._store.compares_in_passing else None
        PLEDGE.set(pledge)
        return pledge

    def renounce(self) -> None:
        """From here on the call asks."""
        PLEDGE.set(None)

    async def keep(self, pledge: Pledge) -> None:
        """Compare now what no transaction has compared. errors: Moved"""
        if not pledge.is_open:
            return
        if await self._store.access_version() != pledge.version:
            raise Moved
        pledge.kept = True
