"""Table of how much credentials are used, and what of theirs is alive."""

from collections.abc import Iterable, Sequence

from fleetline.model.access import Activity
from fleetline.stores.tables.access import AccessTables


class ActivityTables(AccessTables):
    """See `core.ports.accounts.Activities`."""

    async def count_uses(self, counts: Iterable[tuple[str, int, int, int]]) -> None:
        await self._connection.execute_many(
            "INSERT INTO credential_uses (credential_id, span, operations, refused) VALUES ($1, $2, $3, $4)"
            " ON CONFLICT (credential_id, span) DO UPDATE SET"
            " operations = credential_uses.operations + excluded.operations,"
            " refused = credential_uses.refused + excluded.refused",
            list(counts),
        )

    async def forget_uses(self, before_span: int, most: int) -> int:
        return await self._connection.execute(
            "DELETE FROM credential_uses WHERE (credential_id, span) IN"
            " (SELECT credential_id, span FROM credential_uses WHERE span < $1 LIMIT $2)",
            before_span, most,
        )  # fmt: skip

    async def activities(self, credential_ids: Sequence[str], from_span: int, now_ms: int) -> dict[str, Activity]:
        found = {wanted: Activity() for wanted in credential_ids}
        wanted = list(found)
        counted = await self._connection.fetch(
            "SELECT credential_id, CAST(SUM(operations) AS BIGINT), CAST(SUM(refused) AS BIGINT) FROM credential_uses"
            " WHERE credential_id {in_texts:$1} AND span >= $2 GROUP BY credential_id",
            wanted, from_span,
        )  # fmt: skip
        for credential_id, operations, refused in counted:
            found[credential_id].operations, found[credential_id].refused = operations, refused
        for credential_id, families, last_token_at_ms in await self._tokens(wanted, now_ms):
            found[credential_id].families, found[credential_id].last_token_at_ms = families, last_token_at_ms
        former = await self._connection.fetch(
            "SELECT credential_id, MAX(until_ms) FROM former_secrets"
            " WHERE credential_id {in_texts:$1} AND until_ms > $2 GROUP BY credential_id",
            wanted, now_ms,
        )  # fmt: skip
        for credential_id, until_ms in former:
            found[credential_id].former_until_ms = until_ms
        return found

    async def _tokens(self, client_ids: list[str], now_ms: int) -> list[tuple[str, int, int]]:
        """(client, its families that can still be refreshed, when its newest token was made)"""
        rows = await self._connection.fetch(
            "SELECT parent_id, COUNT(DISTINCT CASE WHEN kind = 'fleetview-refresh' AND revoked_at_ms IS NULL"
            " AND spent_at_ms IS NULL AND expires_at_ms > $2 AND family_ends_at_ms > $2 THEN family_id END),"
            " MAX(created_at_ms) FROM credentials"
            " WHERE parent_id {in_texts:$1} AND kind IN ('fleetview-access', 'fleetview-refresh') GROUP BY parent_id",
            client_ids, now_ms,
        )  # fmt: skip
        return [(row[0], row[1], row[2]) for row in rows]
