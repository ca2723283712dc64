"""Calls that carry a key against repetition: claimed in the store, their first replies kept for a day.

A claim says for how long nobody else may take it to be abandoned, and whoever works on the call renews it. When its
process dies, nobody can tell whether the call took effect: such a key is never claimed again within the day.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final

from fleetline.core.ports.power import KeptReply
from fleetline.core.ports.store import Store
from fleetline.core.ports.world import Clock
from fleetline.model.errors import Unavailable

KEPT_MS: Final = 86_400_000
CLAIM_MS: Final = 30_000
RENEW_SECONDS: Final = 8.0
FIRST_LOOK_SECONDS: Final = 0.02
LAST_LOOK_SECONDS: Final = 0.5
WAIT_SECONDS: Final = 30.0
"""For the first call of a key to end, before a second one is told that it still runs."""
SWEEP_ROWS: Final = 500


@dataclass(frozen=True, slots=True)
class Earlier:
    """What stands under a key: state `answered`, `other` (another request), `running` or `unfinished`."""

    state: str
    reply: KeptReply | None = None


class Replies:
    """Each account has its own keys."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock

    async def claim(self, account_id: str, key: str, request_hash: str) -> Earlier | None:
        """None: the key is the caller's, and `keep` or `release` must follow.

        While another call of the same key and request runs, in whatever process, this waits for its reply.
        """
        pause_s, waited_s = FIRST_LOOK_SECONDS, 0.0
        while True:
            found = await self._look(account_id, key, request_hash)
            if found is None or found.state != "running" or waited_s >= WAIT_SECONDS:
                return found
            await asyncio.sleep(pause_s)
            waited_s += pause_s
            pause_s = min(2 * pause_s, LAST_LOOK_SECONDS)

    async def _look(self, account_id: str, key: str, request_hash: str) -> Earlier | None:
        now_ms = self._clock.now_ms()
        async with self._store.write() as tx:
            await tx.power.forget_replies(now_ms - KEPT_MS, SWEEP_ROWS)
            await tx.power.forget_reply(account_id, key, now_ms - KEPT_MS)
            if await tx.power.claim_reply(account_id, key, request_hash, now_ms):
                return None
            kept = await tx.power.reply(account_id, key)
        if kept is None:
            return Earlier("running")  # its first call has just been refused: the next look claims it
        if kept.request_hash != request_hash:
            return Earlier("other")
        if kept.status:
            return Earlier("answered", kept)
        return Earlier("running" if now_ms - kept.at_ms < CLAIM_MS else "unfinished")

    @contextlib.asynccontextmanager
    async def held(self, account_id: str, key: str) -> AsyncIterator[None]:
        """Keeps a claim alive inside the block, however long that takes."""
        beats = asyncio.create_task(self._renew(account_id, key))
        try:
            yield
        finally:
            beats.cancel()

    async def _renew(self, account_id: str, key: str) -> None:
        while True:
            await asyncio.sleep(RENEW_SECONDS)
            with contextlib.suppress(Unavailable):  # the claim has time for some more tries
                async with self._store.write() as tx:
                    await tx.power.renew_reply(account_id, key, self._clock.now_ms())

    async def keep(self, account_id: str, key: str, request_hash: str, status: int, headers: str, body: bytes) -> None:
        """The first reply to this key."""
        now_ms = self._clock.now_ms()
        async with self._store.write() as tx:
            await tx.power.keep_reply(account_id, key, KeptReply(request_hash, status, headers, body, now_ms))

    async def release(self, account_id: str, key: str) -> None:
        """The call was refused and changed nothing: the key is free again."""
        async with self._store.write() as tx:
            await tx.power.forget_reply(account_id, key, self._clock.now_ms())
