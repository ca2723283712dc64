"""Who holds which secret, remembered between calls for as long as nothing was taken from anybody.

Every question first reads one number, the access version, which each process that revokes, blocks, closes or limits
anything changes in the same transaction. While it stands, what was found before holds; once it is another one, all of
it is forgotten. So a caller who was let in a moment ago costs one glance, and what another process takes away is gone
for the next call. A call that may pledge (core/pledges.py) leaves the glance to its own first transaction.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Final

from fleetline.core.ports.pledge import PLEDGE
from fleetline.core.ports.store import Store, Tx
from fleetline.model.access import Holder

MOST: Final = 4_096
"""Holders that are remembered at once; the ones found first are forgotten first."""

Key = tuple[str, str]
"""(hash of a secret, empty) or (credential id, account id)."""


class Holders:
    """Finds holders; one per process. Time is for the caller to judge: a holder that was found may have ended since."""

    def __init__(self, store: Store, most: int = MOST) -> None:
        self._store, self._most = store, most
        self._version = -1
        self._known: dict[Key, Holder] = {}

    async def by_secret(self, secret_hashes: Sequence[str], now_ms: int) -> dict[str, Holder]:
        """Hash -> who holds it, as `tx.accounts.holders` says."""

        async def ask(tx: Tx, keys: Sequence[Key]) -> dict[Key, Holder]:
            found = await tx.accounts.holders([hashed for hashed, _ in keys], now_ms)
            return {(hashed, ""): holder for hashed, holder in found.items()}

        known = await self._found([(hashed, "") for hashed in secret_hashes], ask)
        return {hashed: holder for (hashed, _), holder in known.items()}

    async def in_account(self, credential_id: str, account_id: str) -> Holder | None:
        """The holder of a credential, a partner's inside that account of its own; None: there is no such thing.

        account_id  empty: wherever the credential itself stands
        """

        async def ask(tx: Tx, keys: Sequence[Key]) -> dict[Key, Holder]:
            holder = await tx.accounts.holder(credential_id)
            if holder is not None and account_id and holder.account is None:
                account = await tx.accounts.account(account_id)
                own = account is not None and account.partner_id == holder.partner_id
                holder = replace(holder, account=account) if own else None
            return {} if holder is None else {(credential_id, account_id): holder}

        return (await self._found([(credential_id, account_id)], ask)).get((credential_id, account_id))

    async def _found(
        self, keys: Sequence[Key], ask: Callable[[Tx, Sequence[Key]], Awaitable[dict[Key, Holder]]]
    ) -> dict[Key, Holder]:
        pledge = PLEDGE.get()
        if pledge is not None and self._version >= 0 and all(key in self._known for key in keys):
            pledge.version = self._version
            return {key: self._known[key] for key in keys}
        version = await self._store.access_version()
        if version != self._version:
            self._version = version
            self._known.clear()
        known = {key: self._known[key] for key in keys if key in self._known}
        missing = [key for key in keys if key not in known]
        if not missing:
            return known
        async with self._store.read() as tx:
            found = await ask(tx, missing)
        if version == self._version:
            # whoever saw another version meanwhile has forgotten all, and this may be of before
            self._remember(found)
        return {**known, **found}

    def _remember(self, found: dict[Key, Holder]) -> None:
        self._known.update(found)
        while len(self._known) > self._most:
            del self._known[next(iter(self._known))]
