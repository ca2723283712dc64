"""A caller who is let in on the word of a moment ago, until the first transaction of the call asks in passing.

Where a question to the database costs a trip of its own, knowing the caller would cost a good part of a small call. So
the gate pledges the access version under which it remembers the caller, and the store compares it in the very trip that
begins the call's first transaction, before anything is read or written.
"""

from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final


@dataclass(slots=True)
class Pledge:
    """One call's.

    version  under which the caller was remembered; None: nothing was pledged, the gate asked
    kept     whether the store has compared it
    """

    version: int | None = None
    kept: bool = False

    @property
    def is_open(self) -> bool:
        return self.version is not None and not self.kept


class Moved(Exception):
    """Access is another one than pledged; nothing was read or written. The call may begin anew, without a pledge."""


PLEDGE: Final[ContextVar[Pledge | None]] = ContextVar("pledge", default=None)
"""The pledge of the call under way; None where the gate has to ask. Not of the program: each call has its own."""
