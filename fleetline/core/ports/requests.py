"""The port of the request log."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestEntry:
    """One call, answered or refused; never a secret, a body or an answer.

    account_id, user_id, credential_id  None where no known secret was sent; kind of the credential: empty then
    action   the operation; subject: the thing asked for; asked: the time asked for; scope: the parts asked for
    error    the dialect's error number or word, empty on success
    """

    at_ms: int
    request_id: str
    dialect: str
    account_id: str | None
    user_id: str | None
    credential_id: str | None
    address: str
    method: str
    action: str
    subject: str
    asked: str
    scope: str
    status: int
    error: str
    elapsed_ms: int
    bytes_sent: int
    agent: str
    kind: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestFilter:
    """Which entries to show; None or empty: any.

    account_id  only this account's; `everybody` must be said for all, those without a known secret included
    refused     True: only refused calls, False: only answered ones
    kinds       of credentials; sessions: True: only calls of people who are signed in, False: only all others
    before      (at_ms, request_id) of the last entry of the page before
    """

    account_id: str | None = None
    everybody: bool = False
    credential_id: str | None = None
    dialect: str = ""
    action: str = ""
    address: str = ""
    refused: bool | None = None
    kinds: tuple[str, ...] = ()
    sessions: bool | None = None
    from_ms: int | None = None
    to_ms: int | None = None
    before: tuple[int, str] | None = None


class Requests(Protocol):
    """The request log inside one transaction."""

    async def add(self, entries: Sequence[RequestEntry]) -> None:
        """Keep these entries; one whose request_id is kept already stays as it is."""
        ...

    async def find(self, wanted: RequestFilter, limit: int) -> list[RequestEntry]:
        """The newest first."""
        ...

    async def forget(self, before_ms: int, limit: int) -> int:
        """Remove up to `limit` of the entries older than that; how many."""
        ...
