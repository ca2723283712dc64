"""Table of what the meters of solar resources said, some days to a row."""

from collections.abc import Sequence

from fleetline.stores.engine import Connection


class MeasurementTables:
    """See `core.ports.power.MeasurementRows`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def measurements(
        self, resource_ids: Sequence[str], step_s: int, blocks: tuple[int, int]
    ) -> list[tuple[str, int, bytes]]:
        rows = await self._connection.fetch(
            "SELECT resource_id, block, body FROM power_measurements"
            " WHERE resource_id {in_texts:$1} AND step_s = $2 AND block >= $3 AND block <= $4",
            list(resource_ids), step_s, *blocks,
        )  # fmt: skip
        return [(row[0], row[1], bytes(row[2])) for row in rows]

    async def keep_measurements(self, rows: Sequence[tuple[str, int, int, bytes]]) -> None:
        await self._connection.execute_many(
            "INSERT INTO power_measurements (resource_id, step_s, block, body) VALUES ($1, $2, $3, $4)"
            " ON CONFLICT (resource_id, step_s, block) DO UPDATE SET body = excluded.body",
            rows,
        )
