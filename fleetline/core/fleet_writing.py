"""The frame around each bulk change that our own API makes, and the small judgements that all of them share."""

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

import msgspec

from fleetline.core.administration import NotAllowed
from fleetline.core.ports.store import Tx
from fleetline.core.registry_book import Writing
from fleetline.core.verdicts import Done, NotAll, Verdict, done_of
from fleetline.core.workspace import Workspace
from fleetline.model.errors import NotFound
from fleetline.model.registry import LONGEST_TEXT, Author, TextFault, text_fault

DOOR: Final = "api"
_ENCODER: Final = msgspec.json.Encoder()


@dataclass(slots=True)
class Change:
    """One bulk call under way: its transaction, the registry's frame in it, and what became of each item so far.

    logged  the block has written book and log by itself
    """

    tx: Tx
    work: Writing
    verdicts: list[Verdict]
    logged: bool = False

    def part(self, count: int) -> "Change":
        """The same transaction for some items more, with verdicts of their own."""
        return Change(self.tx, self.work, [_UNJUDGED] * count)


class Answered:
    """Holds what a bulk call ended with, once its transaction is over."""

    __slots__ = ("done",)

    def __init__(self) -> None:
        self.done = Done([], 0, 0, 0)


@asynccontextmanager
async def changing(workspace: Workspace, count: int, answered: Answered, *, atomic: bool) -> AsyncIterator[Change]:
    """A write transaction on the caller's registry; the block fills `verdicts`, one per item, in order.

    count   of items
    atomic  take everything back unless every verdict is good
    errors  NotAllowed; NotAll; NotFound account
    """
    if not workspace.principal.administers or workspace.principal.read_only:
        raise NotAllowed("administrators")
    core = workspace.core
    async with core.store.write() as tx:
        book = await tx.registry.open_book(workspace.account_id)
        if book is None:
            raise NotFound("account", workspace.account_id)
        # the clock is read after the lock, so that versions and times ascend together
        work = Writing(tx.registry, book, author_of(workspace), core.clock.now_ms())
        change = Change(tx, work, [_UNJUDGED] * count)
        yield change
        if atomic and not all(verdict.good for verdict in change.verdicts):
            raise NotAll(change.verdicts)
        await work.finish()
        answered.done = done_of(change.verdicts, work.book.version if change.logged else work.version)


_UNJUDGED: Final = Verdict("refused", reason="was not judged")


def author_of(workspace: Workspace) -> Author:
    return Author(workspace.principal.user_id or workspace.principal.credential_id, DOOR)


def unstorable(field: str, text: str) -> Verdict | None:
    """The refusal of a text that may not be stored as an id or a name; None when it may."""
    if text.isascii() and 0 < len(text) <= LONGEST_TEXT and text.isprintable() and text.strip():
        return None  # most texts are of this kind, and lists are long
    fault = text_fault(text)
    return None if fault is None else Verdict("refused", field=field, reason=text_words(fault))


def text_words(fault: TextFault) -> str:
    """Why a text may not be stored, as the end of a sentence."""
    words = {"blank": "must not be blank", "long": f"must be at most {LONGEST_TEXT} characters"}
    return words.get(fault.reason, f"must not contain the character {fault.character!r}")


def as_json(**detail: object) -> str:
    return _ENCODER.encode(detail).decode()


def repeated(ids: Iterable[int]) -> set[int]:
    """Places of items that name what an earlier item names."""
    seen: set[int] = set()
    places = set()
    for place, item in enumerate(ids):
        if item in seen:
            places.add(place)
        seen.add(item)
    return places


REPEATED: Final = "names what an earlier item names"


def judge_named(
    verdicts: list[Verdict], named: Sequence[tuple[int, int | None]], revisions: dict[int, int]
) -> list[int]:
    """Fill in the verdicts of items that repeat another, name nothing or speak of a past revision; places of the rest.

    named      (id, revision or None) of each item
    revisions  of everything that exists
    """
    doubled, open_places = repeated(number for number, _ in named), []
    for place, (number, revision) in enumerate(named):
        present = revisions.get(number)
        if place in doubled:
            verdicts[place] = Verdict("refused", number, field="id", reason=REPEATED)
        elif present is None:
            verdicts[place] = Verdict("unknown", number, field="id", reason="does not exist")
        elif revision is not None and revision != present:
            verdicts[place] = Verdict("stale", number, present, "revision", f"is {present} now")
        else:
            verdicts[place] = Verdict("unchanged", number, present)
            open_places.append(place)
    return open_places
