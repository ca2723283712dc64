"""The store as the core sees it: transactions, and in each of them one desk per slice."""

from contextlib import AbstractAsyncContextManager
from typing import Protocol

from fleetline.core.ports.accounts import Accounts
from fleetline.core.ports.history import HistoryPort
from fleetline.core.ports.own import OwnTables
from fleetline.core.ports.power import PowerTables
from fleetline.core.ports.registry import RegistryTables
from fleetline.core.ports.requests import Requests


class Tx(Protocol):
    """One open transaction; each attribute speaks for one slice of the schema."""

    @property
    def history(self) -> HistoryPort: ...

    @property
    def registry(self) -> RegistryTables: ...

    @property
    def accounts(self) -> Accounts: ...

    @property
    def power(self) -> PowerTables: ...

    @property
    def requests(self) -> Requests: ...

    @property
    def own(self) -> OwnTables: ...


class Store(Protocol):
    """Opens transactions."""

    def read(self) -> AbstractAsyncContextManager[Tx]:
        """A transaction that sees one moment and changes nothing."""
        ...

    def write(self) -> AbstractAsyncContextManager[Tx]:
        """A transaction that is durable when the block ends well, and undone when it raises."""
        ...

    @property
    def compares_in_passing(self) -> bool:
        """Whether a transaction compares the open pledge of its call (see `pledge.py`); else asking costs as little."""
        ...

    async def access_version(self) -> int:
        """A number that is another one after each change by which somebody may do less than before, or other things.

        It costs far less than a transaction; every change that was stored before the call is in it.
        """
        ...

    async def standing(self, account_id: str) -> tuple[int, int]:
        """What `tx.history.versions` says, as cheap as `access_version`."""
        ...
