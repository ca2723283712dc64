"""First replies to calls that carry a key against repetition, kept for a day."""

from typing import Final

from fleetline.core.ports.power import KeptReply
from fleetline.core.ports.store import Store
from fleetline.core.ports.world import Clock

KEPT_MS: Final = 86_400_000


class Replies:
    """Each account has its own keys."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock

    async def find(self, account_id: str, key: str) -> KeptReply | None:
        """The first reply to this key within the last day."""
        async with self._store.read() as tx:
            return await tx.power.reply(account_id, key, self._clock.now_ms() - KEPT_MS)

    async def keep(self, account_id: str, key: str, request_hash: str, status: int, headers: str, body: bytes) -> None:
        """The first reply to this key; those a day old go."""
        now_ms = self._clock.now_ms()
        async with self._store.write() as tx:
            await tx.power.forget_replies(now_ms - KEPT_MS)
            await tx.power.keep_reply(account_id, key, KeptReply(request_hash, status, headers, body), now_ms)
