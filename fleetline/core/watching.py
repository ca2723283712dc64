"""Who listens to the live stream, so that nobody takes all its places, and what each audience was last shown."""

from collections import OrderedDict
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from fleetline.core.live import Scene

MOST_STREAMS: Final = 10
"""Streams of one person at once: browsers keep six connections to a server, so these are the windows of two devices."""
AUDIENCES: Final = 64
"""Audiences whose last scene is kept in hand."""


class Seat:
    """One open stream; `taken` once a newer one of the same person needed its place."""

    __slots__ = ("taken",)

    def __init__(self) -> None:
        self.taken = False


class Watching:
    """All open streams of this process, and the last scene of each audience."""

    def __init__(self) -> None:
        self._seats: dict[str, list[Seat]] = {}
        self._scenes: OrderedDict[Hashable, Scene] = OrderedDict()

    @contextmanager
    def seat(self, person: str) -> Iterator[Seat]:
        """A place for the block; the oldest stream of a person who has too many loses its own."""
        mine = Seat()
        seats = self._seats.setdefault(person, [])
        seats.append(mine)
        for late in seats[:-MOST_STREAMS]:
            late.taken = True
        try:
            yield mine
        finally:
            seats.remove(mine)
            if not seats:
                self._seats.pop(person, None)

    def last(self, audience: Hashable) -> "Scene | None":
        return self._scenes.get(audience)

    def keep(self, audience: Hashable, scene: "Scene") -> None:
        self._scenes[audience] = scene
        self._scenes.move_to_end(audience)
        while len(self._scenes) > AUDIENCES:
            self._scenes.popitem(last=False)
