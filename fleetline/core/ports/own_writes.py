"""Statements of the bulk verbs of our own API that the registry's own desk does not have."""

from collections.abc import Sequence
from typing import Protocol

from fleetline.model.registry import Author, Book, Group, Kind, Member


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
        self, book: Book, at_ms: int, author: Author, kind: str, action: str, rows: Sequence[tuple[int, str]], first: int
    ) -> None:
        """Many changes of one kind and action: (item, detail as JSON), with ordinals from `first` on."""
        ...

    async def set_external_ids(self, book: Book, kind: Kind, members: Sequence[Member]) -> None:
        """Members may swap ids among each other."""
        ...

    async def update_groups(self, book: Book, groups: Sequence[Group]) -> None:
        """Name and parent; groups may swap names among each other."""
        ...
