"""Statements of the bulk verbs of our own API that the registry's own desk does not have."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from fleetline.model.registry import Author, Book, Group, Kind, Member


@dataclass(frozen=True, slots=True)
class Archived:
    """A vehicle or driver in the archive: the groups it was in, and the device that a vehicle carried."""

    member: Member
    groups: tuple[int, ...]
    device_id: int | None


@dataclass(frozen=True, slots=True)
class Gone:
    """A device that was deleted.

    taken      somebody's device has its identifier now; passed_on: another account's has had it since
    vehicle_id the vehicle that it was taken out of when it was deleted
    """

    device_id: int
    ident: str
    taken: bool
    passed_on: bool
    vehicle_id: int | None


class OwnWrites(Protocol):
    """Each verb is a constant number of statements."""

    async def member_revisions(self, book: Book, kind: Kind, ids: Sequence[int]) -> dict[int, int]:
        """Of the live ones of the account; counts what happened to their groups, and to a vehicle's device."""
        ...

    async def group_revisions(self, book: Book, kind: Kind, ids: Sequence[int]) -> dict[int, int]: ...

    async def device_revisions(self, book: Book, ids: Sequence[int]) -> dict[int, int]: ...

    async def insert_many(
        self, book: Book, kind: Kind, rows: Sequence[tuple[int, str, str, str, str, str, str]], at_ms: int
    ) -> None:
        """rows: (id, external id, its key, name, its key, type, description) of new vehicles or drivers."""
        ...

    async def log_many(
        self,
        book: Book,
        at_ms: int,
        author: Author,
        kind: str,
        action: str,
        rows: Sequence[tuple[int, str]],
        first: int,
    ) -> None:
        """Many changes of one kind and action: (item, detail as JSON), with ordinals from `first` on."""
        ...

    async def set_external_ids(self, book: Book, kind: Kind, members: Sequence[Member]) -> None:
        """Members may swap ids among each other."""
        ...

    async def archived_members(self, book: Book, kind: Kind, ids: Sequence[int], since_ms: int) -> dict[int, Archived]:
        """Those of the ids that were archived since then, by id."""
        ...

    async def restore_many(self, book: Book, kind: Kind, members: Sequence[Member]) -> None:
        """Their keys come back; nobody else may hold them."""
        ...

    async def loose_devices(self, book: Book, ids: Sequence[int]) -> set[int]:
        """Those of the devices that are the account's and in no vehicle."""
        ...

    async def free_devices(self, book: Book, ids: Sequence[int]) -> None:
        """Take devices out of their vehicles, before some of them are set into others."""
        ...

    async def update_devices(self, book: Book, rows: Sequence[tuple[int, bool, int, int | None]]) -> None:
        """rows: (device, api, clock offset in s, retired at)."""
        ...

    async def delete_devices(self, book: Book, ids: Sequence[int], at_ms: int) -> None:
        """Their rows stay for the history of their numbers; their identifiers are free."""
        ...

    async def gone_devices(self, book: Book, ids: Sequence[int], since_ms: int) -> dict[int, Gone]:
        """Those of the ids that were deleted since then, by id."""
        ...

    async def revive_devices(self, book: Book, ids: Sequence[int]) -> None:
        """Their identifiers are theirs again; nobody else may hold them."""
        ...

    async def delete_groups(self, book: Book, ids: Sequence[int]) -> list[tuple[int, int]]:
        """Memberships end and groups below come to the top; (group, member) of those that ended."""
        ...

    async def members_in(self, book: Book, group_id: int, kind: Kind, ids: Sequence[int]) -> tuple[set[int], set[int]]:
        """(those of the ids that exist in the account, those of them that are in the group)."""
        ...

    async def update_groups(self, book: Book, groups: Sequence[Group]) -> None:
        """Name and parent; groups may swap names among each other."""
        ...
