"""Tables of the devices: which account has which, which vehicle carried which, and what owners said of mileage."""

from collections.abc import Sequence
from typing import Any

from fleetline.model.registry import Book, Calibration, DeviceRow, Fitting, KnownDevice
from fleetline.stores.engine import Connection

_ROW = """
SELECT d.device_id, d.ident, d.vehicle_id, v.name, v.type, v.description, v.portrait,
       d.api, d.clock_offset_s, d.retired_at_ms, d.added_at_ms
  FROM devices d LEFT JOIN vehicles v ON v.id_scope = d.id_scope AND v.vehicle_id = d.vehicle_id
"""
_ROW_WITH_OWNER = _ROW.replace("SELECT", "SELECT d.ident_claim, d.account_id,", 1)

_NEW_DEVICE = ("device_id", "id_scope", "account_id", "ident", "ident_claim", "vehicle_id", "added_at_ms", "revision")
_GRANTED = """
WITH RECURSIVE granted (id_scope, group_id) AS (
    SELECT id_scope, group_id FROM registry_groups
     WHERE account_id = $1 AND kind = 'vehicle' AND group_id {in_ints:$3}
    UNION
    SELECT g.id_scope, g.group_id
      FROM granted a JOIN registry_groups g ON g.id_scope = a.id_scope AND g.parent_id = a.group_id
     WHERE g.account_id = $1 AND g.kind = 'vehicle'
)
SELECT d.device_id FROM devices d
 WHERE d.account_id = $1 AND d.deleted_at_ms IS NULL AND d.vehicle_id IS NOT NULL AND d.api >= $4
   AND (d.device_id {in_ints:$2} OR d.vehicle_id IN (
        SELECT m.member_id FROM granted a JOIN group_members m ON m.id_scope = a.id_scope AND m.group_id = a.group_id))
 ORDER BY d.device_id
"""


class DeviceTables:
    """See `core.ports.registry.Devices`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def device_by_ident(self, ident: str) -> KnownDevice | None:
        row = await self._connection.fetch_one(
            "SELECT d.device_id, d.account_id, d.added_at_ms, EXISTS (SELECT 1 FROM devices o"
            " WHERE o.ident = d.ident AND o.device_id < d.device_id AND o.account_id <> d.account_id)"
            " FROM devices d WHERE d.ident_claim = $1",
            ident,
        )
        return KnownDevice(row[0], row[1], row[2] if row[3] else None) if row else None

    async def device_rows(self, account_id: str) -> list[DeviceRow]:
        rows: list[Any] = await self._connection.fetch(
            f"{_ROW} WHERE d.account_id = $1 AND d.deleted_at_ms IS NULL ORDER BY d.device_id", account_id
        )
        return rows

    async def device_row(self, account_id: str, device_id: int) -> DeviceRow | None:
        row: Any = await self._connection.fetch_one(
            f"{_ROW} WHERE d.device_id = $2 AND d.account_id = $1 AND d.deleted_at_ms IS NULL", account_id, device_id
        )
        return row  # type: ignore[no-any-return]  # the columns of _ROW are those of DeviceRow

    async def gone_device_row(self, account_id: str, device_id: int) -> DeviceRow | None:
        row: Any = await self._connection.fetch_one(
            f"{_ROW} WHERE d.device_id = $2 AND d.account_id = $1 AND d.deleted_at_ms IS NOT NULL",
            account_id, device_id,
        )  # fmt: skip
        return row  # type: ignore[no-any-return]  # as above

    async def device_ids(self, account_id: str, *, api_only: bool) -> list[int]:
        rows = await self._connection.fetch(
            "SELECT device_id FROM devices WHERE account_id = $1 AND deleted_at_ms IS NULL AND vehicle_id IS NOT NULL"
            " AND api >= $2 ORDER BY device_id",
            account_id, int(api_only),
        )  # fmt: skip
        return [row[0] for row in rows]

    async def granted_device_ids(
        self, account_id: str, devices: Sequence[int], groups: Sequence[int], *, api_only: bool
    ) -> list[int]:
        rows = await self._connection.fetch(_GRANTED, account_id, list(devices), list(groups), int(api_only))
        return [row[0] for row in rows]

    async def holders_of_idents(self, idents: Sequence[str]) -> list[tuple[str, str, DeviceRow]]:
        rows: list[Any] = await self._connection.fetch(
            f"{_ROW_WITH_OWNER} WHERE d.ident_claim {{in_texts:$1}}", list(idents)
        )
        return [(row[0], row[1], row[2:]) for row in rows]

    async def devices_in_vehicles(self, account_id: str, vehicle_ids: Sequence[int]) -> dict[int, int]:
        rows = await self._connection.fetch(
            "SELECT vehicle_id, device_id FROM devices WHERE id_scope ="
            " (SELECT id_scope FROM registries WHERE account_id = $1) AND vehicle_id {in_ints:$2}",
            account_id, list(vehicle_ids),
        )  # fmt: skip
        return {row[0]: row[1] for row in rows}

    async def insert_devices(self, book: Book, rows: Sequence[tuple[int, str, int | None, int]]) -> None:
        await self._connection.copy(
            "devices",
            _NEW_DEVICE,
            [
                (device_id, book.id_scope, book.account_id, ident, ident, vehicle_id, at_ms, book.version)
                for device_id, ident, vehicle_id, at_ms in rows
            ],
        )

    async def end_fittings(self, device_ids: Sequence[int], until_ms: int) -> None:
        await self._connection.execute(
            "UPDATE fittings SET until_ms = CASE WHEN from_ms > $2 THEN from_ms ELSE $2 END"
            " WHERE device_id {in_ints:$1} AND until_ms IS NULL",
            list(device_ids), until_ms,
        )  # fmt: skip

    async def begin_fittings(self, book: Book, rows: Sequence[tuple[int, int, int]]) -> None:
        await self._connection.copy(
            "fittings",
            ("device_id", "vehicle_id", "from_ms", "id_scope"),
            [(*row, book.id_scope) for row in rows],
        )

    async def set_vehicle_of_devices(self, book: Book, rows: Sequence[tuple[int, int | None]]) -> None:
        await self._connection.execute_many(
            "UPDATE devices SET vehicle_id = $3, revision = $4 WHERE device_id = $1 AND account_id = $2",
            [(device_id, book.account_id, vehicle_id, book.version) for device_id, vehicle_id in rows],
        )

    async def update_device(
        self, book: Book, device_id: int, *, api: bool, clock_offset_s: int, retired_at_ms: int | None
    ) -> None:
        await self._connection.execute(
            "UPDATE devices SET api = $3, clock_offset_s = $4, retired_at_ms = $5, revision = $6"
            " WHERE device_id = $1 AND account_id = $2",
            device_id, book.account_id, int(api), clock_offset_s, retired_at_ms, book.version,
        )  # fmt: skip

    async def delete_device(self, book: Book, device_id: int, at_ms: int) -> None:
        await self._connection.execute(
            "UPDATE devices SET ident_claim = NULL, vehicle_id = NULL, deleted_at_ms = $3, revision = $4"
            " WHERE device_id = $1 AND account_id = $2",
            device_id, book.account_id, at_ms, book.version,
        )  # fmt: skip

    async def fittings_of_devices(self, account_id: str, device_ids: Sequence[int]) -> list[Fitting]:
        rows = await self._connection.fetch(
            "SELECT f.device_id, f.vehicle_id, f.from_ms, f.until_ms FROM fittings f JOIN devices d USING (device_id)"
            " WHERE f.device_id {in_ints:$2} AND d.account_id = $1 ORDER BY f.device_id, f.from_ms",
            account_id, list(device_ids),
        )  # fmt: skip
        return [Fitting(*row) for row in rows]

    async def fittings_of_vehicle(self, account_id: str, vehicle_id: int) -> list[Fitting]:
        rows = await self._connection.fetch(
            "SELECT f.device_id, f.vehicle_id, f.from_ms, f.until_ms FROM fittings f JOIN devices d USING (device_id)"
            " WHERE f.id_scope = (SELECT id_scope FROM registries WHERE account_id = $1) AND f.vehicle_id = $2"
            " AND d.account_id = $1 ORDER BY f.from_ms",
            account_id, vehicle_id,
        )  # fmt: skip
        return [Fitting(*row) for row in rows]

    async def put_calibrations(self, rows: Sequence[tuple[Calibration, int]]) -> None:
        await self._connection.execute_many(
            "INSERT INTO calibrations (device_id, vehicle_id, at_ms, mileage_m, made_at_ms) VALUES ($1, $2, $3, $4, $5)"
            " ON CONFLICT (device_id, at_ms) DO UPDATE SET vehicle_id = excluded.vehicle_id,"
            " mileage_m = excluded.mileage_m, made_at_ms = excluded.made_at_ms",
            [(c.device_id, c.vehicle_id, c.at_ms, c.mileage_m, made_at_ms) for c, made_at_ms in rows],
        )

    async def calibrations_of_devices(self, account_id: str, device_ids: Sequence[int]) -> list[Calibration]:
        rows = await self._connection.fetch(
            "SELECT c.device_id, c.vehicle_id, c.at_ms, c.mileage_m"
            " FROM calibrations c JOIN devices d USING (device_id)"
            " WHERE c.device_id {in_ints:$2} AND d.account_id = $1 ORDER BY c.device_id, c.at_ms",
            account_id, list(device_ids),
        )  # fmt: skip
        return [Calibration(*row) for row in rows]

    async def set_vehicle_facts(self, book: Book, rows: Sequence[tuple[int, str, str, str | None]], at_ms: int) -> None:
        await self._connection.execute_many(
            "UPDATE vehicles SET type = $4, description = $5, portrait = $6, modified_at_ms = $7, revision = $8"
            " WHERE id_scope = $1 AND vehicle_id = $3 AND account_id || '' = $2",
            [(book.id_scope, book.account_id, *row, at_ms, book.version) for row in rows],
        )
