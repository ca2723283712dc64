"""What becomes of each item of a bulk call of our own API, and of a call whose items depend on one another."""

from collections.abc import Sequence
from typing import Final

import msgspec

from fleetline.model.errors import FleetlineError

GOOD: Final = frozenset(
    {"added", "changed", "unchanged", "archived", "deleted", "restored", "joined", "left", "fitted", "unfitted"}
)


class Verdict(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """One item's outcome.

    outcome   one of GOOD, or `duplicate`, `unknown`, `refused`, `stale`
    id        of the thing, 0 when there is none
    revision  of the thing after the call, 0 when not known
    field     which of the item's values is at fault, else empty; reason: what is wrong with it, for people
    """

    outcome: str
    id: int = 0
    revision: int = 0
    field: str = ""
    reason: str = ""

    @property
    def good(self) -> bool:
        return self.outcome in GOOD


class Done(msgspec.Struct, frozen=True):
    """A bulk call that was carried out; `version` is the registry's after it."""

    outcomes: list[Verdict]
    done: int
    refused: int
    version: int


def done_of(verdicts: list[Verdict], version: int) -> Done:
    """The verdicts counted."""
    good = sum(verdict.good for verdict in verdicts)
    return Done(verdicts, good, len(verdicts) - good, version)


class NotAll(FleetlineError):
    """Some items cannot be done and the caller wanted all or nothing; nothing was written."""

    def __init__(self, verdicts: Sequence[Verdict]) -> None:
        self.verdicts = list(verdicts)
        self.refused = sum(not verdict.good for verdict in verdicts)
        super().__init__(f"{self.refused} items cannot be done")


class Stale(FleetlineError):
    """The caller spoke of a revision that is past; `revision` is the present one."""

    def __init__(self, revision: int) -> None:
        super().__init__(f"the revision is {revision} now")
        self.revision = revision
