"""Table of first replies, given again to calls that repeat themselves."""

from fleetline.core.ports.power import KeptReply
from fleetline.stores.engine import Connection


class ReplyTables:
    """See `core.ports.power.ReplyRows`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def reply(self, account_id: str, key: str, since_ms: int) -> KeptReply | None:
        row = await self._connection.fetch_one(
            "SELECT request_hash, status, headers, body FROM power_replies"
            " WHERE account_id = $1 AND reply_key = $2 AND at_ms > $3",
            account_id, key, since_ms,
        )  # fmt: skip
        return KeptReply(row[0], row[1], row[2], bytes(row[3])) if row else None

    async def keep_reply(self, account_id: str, key: str, reply: KeptReply, at_ms: int) -> None:
        await self._connection.execute(
            "INSERT INTO power_replies (account_id, reply_key, request_hash, status, headers, body, at_ms)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (account_id, reply_key) DO UPDATE SET"
            " request_hash = excluded.request_hash, status = excluded.status, headers = excluded.headers,"
            " body = excluded.body, at_ms = excluded.at_ms",
            account_id, key, reply.request_hash, reply.status, reply.headers, reply.body, at_ms,
        )  # fmt: skip

    async def forget_replies(self, before_ms: int) -> None:
        await self._connection.execute("DELETE FROM power_replies WHERE at_ms <= $1", before_ms)
