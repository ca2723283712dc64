"""What only our own API keeps, inside one transaction: repeats, preferences and acts; and the lists it shows."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from fleetline.core.ports.own_lists import OwnLists
from fleetline.core.ports.own_writes import OwnWrites


@dataclass(frozen=True, slots=True)
class Repeat:
    """The first answer to a call with a key; status 0 while there is none, `headers` are JSON."""

    request_hash: str
    status: int
    headers: str
    body: bytes
    at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """Something that was done to an account itself; `detail` is a JSON object, never with a secret.

    kind     user, credential, session, account
    subject  id of the thing
    """

    at_ms: int
    act_id: str
    actor: str
    address: str
    kind: str
    subject: str
    action: str
    detail: str


class OwnTables(OwnLists, OwnWrites, Protocol):
    """The whole slice, as `tx.own`."""

    async def begin_repeat(self, account_id: str, key: str, request_hash: str, at_ms: int) -> Repeat | None:
        """Claim a key; None when it was free, else what stands under it, which stays as it is."""
        ...

    async def keep_repeat(self, account_id: str, key: str, repeat: Repeat) -> None:
        """Under a key that was claimed."""
        ...

    async def drop_repeat(self, account_id: str, key: str) -> None: ...

    async def drop_repeats_before(self, at_ms: int, most: int) -> int:
        """How many went."""
        ...

    async def preferences(self, user_id: str) -> str | None:
        """A JSON object."""
        ...

    async def keep_preferences(self, user_id: str, body: str) -> None: ...

    async def add_acts(self, account_id: str, acts: Sequence[Act]) -> None: ...

    async def acts(self, account_id: str, before: tuple[int, str], from_ms: int, limit: int) -> list[Act]:
        """Those older than that place and not older than `from_ms`, the newest first."""
        ...

    async def columns_of_header(self, account_id: str, what: str, header_key: str) -> str | None:
        """A JSON object: our column -> theirs, as it was last time."""
        ...

    async def keep_columns(self, account_id: str, what: str, header_key: str, body: str, at_ms: int) -> None: ...
