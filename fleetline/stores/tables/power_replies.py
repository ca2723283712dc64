"""Table of first replies, given again to calls that repeat themselves; status 0 is a call that is not answered yet."""

from fleetline.core.ports.power import KeptReply
from fleetline.stores.engine import Connection


class ReplyTables:
    """See `core.ports.power.ReplyRows`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def claim_reply(self, account_id: str, key: str, request_hash: str, at_ms: int) -> bool:
        claimed = await self._connection.execute(
            "INSERT INTO power_replies (account_id, reply_key, request_hash, status, headers, body, at_ms)"
            " VALUES ($1, $2, $3, 0, '[]', $4, $5) ON CONFLICT (account_id, reply_key) DO NOTHING",
            account_id, key, request_hash, b"", at_ms,
        )  # fmt: skip
        return claimed == 1

    async def renew_reply(self, account_id: str, key: str, at_ms: int) -> None:
        await self._connection.execute(
            "UPDATE power_replies SET at_ms = $3 WHERE account_id = $1 AND reply_key = $2 AND status = 0",
            account_id, key, at_ms,
        )  # fmt: skip

    async def reply(self, account_id: str, key: str) -> KeptReply | None:
        row = await self._connection.fetch_one(
            "SELECT request_hash, status, headers, body, at_ms FROM power_replies"
            " WHERE account_id = $1 AND reply_key = $2",
            account_id, key,
        )  # fmt: skip
        return KeptReply(row[0], row[1], row[2], bytes(row[3]), row[4]) if row else None

    async def keep_reply(self, account_id: str, key: str, reply: KeptReply) -> None:
        await self._connection.execute(
            "UPDATE power_replies SET request_hash = $3, status = $4, headers = $5, body = $6, at_ms = $7"
            " WHERE account_id = $1 AND reply_key = $2",
            account_id, key, reply.request_hash, reply.status, reply.headers, reply.body, reply.at_ms,
        )  # fmt: skip

    async def forget_reply(self, account_id: str, key: str, until_ms: int) -> None:
        await self._connection.execute(
            "DELETE FROM power_replies WHERE account_id = $1 AND reply_key = $2 AND at_ms <= $3",
            account_id, key, until_ms,
        )  # fmt: skip

    async def forget_replies(self, until_ms: int, most: int) -> None:
        await self._connection.execute(
            "DELETE FROM power_replies WHERE (account_id, reply_key) IN"
            " (SELECT account_id, reply_key FROM power_replies WHERE at_ms <= $1 LIMIT $2)",
            until_ms, most,
        )  # fmt: skip
