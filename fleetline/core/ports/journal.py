"""The journal as the core sees it: what is appended is on the disk when the call returns."""

from typing import Protocol


class Journal(Protocol):
    """An append-only table of frame groups, one per intake.

    errors  fleetline.model.errors.Unavailable on each call: disk full, database away
    """

    async def append(self, body: bytes) -> int:
        """Store one group, as `core.groups.pack_frames` wrote it, durably; its journal id, greater than any before.

        What is read back holds the same frames; it may be the smaller of the two forms that `unpack_frames` reads.
        """
        ...

    async def read_after(self, journal_id: int, limit: int) -> list[tuple[int, bytes]]:
        """(journal id, body) of the oldest groups after that id."""
        ...

    async def forget(self, journal_id: int) -> None:
        """Drop the groups up to that id; they are filed."""
        ...

    async def close(self) -> None: ...
