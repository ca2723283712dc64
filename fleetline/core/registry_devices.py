"""Use cases of tracker devices: register, find, see, move, calibrate, retire, delete."""

from collections.abc import Sequence

from fleetline.core.ports.store import Store
from fleetline.core.ports.world import Clock
from fleetline.core.registry_book import Writing, writing
from fleetline.core.registry_fitting import mileage_metres, refit, vehicle_at
from fleetline.core.registry_register import register
from fleetline.model.access import Permissions
from fleetline.model.errors import Conflict, Invalid, NotFound
from fleetline.model.registry import (
    Added,
    Author,
    Calibration,
    DeviceRow,
    Fitting,
    Kind,
    KnownDevice,
    NewDevice,
    Outcome,
    Refused,
    findable,
)


class Devices:
    """Device verbs over one store. Each refuses what another account owns exactly as what does not exist."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def add(self, account_id: str, device: NewDevice, author: Author) -> int:
        """Register one device in the account's vehicle of that name, made if there is none; its device_id.

        errors  Invalid, with the field `imei`, `name`, `type`, `description` or `mileage`;
                Conflict in the owner's words when the identifier, the vehicle or the external id is taken
        """
        outcome = (await self.import_many(account_id, [device], author))[0]
        if isinstance(outcome, Added):
            return outcome.device_id
        if isinstance(outcome, Refused):
            raise Invalid("device", outcome.reason, device.ident)
        raise Conflict("device", "imei", device.ident)

    async def import_many(self, account_id: str, devices: Sequence[NewDevice], author: Author) -> list[Outcome]:
        """Register many devices in one transaction: Added, Kept (already there as asked) or Refused for each."""
        async with writing(self._store, self._clock, account_id, author) as work:
            return await register(work, devices)

    async def by_ident(self, ident: str) -> KnownDevice | None:
        """The live device of the installation with this identifier, whichever account has it; exact text."""
        if not findable(ident):
            return None
        async with self._store.read() as tx:
            return await tx.registry.device_by_ident(ident)

    async def register_unknown(self, account_id: str, ident: str) -> KnownDevice | None:
        """Make a device of an identifier nobody has, in a vehicle named like it; None when it cannot be registered."""
        author = Author("intake", "intake")
        await self.import_many(account_id, [NewDevice(ident, ident)], author)
        return await self.by_ident(ident)

    async def rows(self, account_id: str) -> list[DeviceRow]:
        """All devices of the account that are not deleted, also those in no vehicle, by device_id."""
        async with self._store.read() as tx:
            return await tx.registry.device_rows(account_id)

    async def row(self, account_id: str, device_id: int) -> DeviceRow | None:
        async with self._store.read() as tx:
            return await tx.registry.device_row(account_id, device_id)

    async def visible(self, account_id: str, permissions: Permissions, *, api_only: bool = True) -> list[int]:
        """Ids of the devices in a vehicle that these permissions show, ascending.

        api_only  leave out those whose api switch is off
        """
        async with self._store.read() as tx:
            if permissions.all_devices:
                return await tx.registry.device_ids(account_id, api_only=api_only)
            return await tx.registry.granted_device_ids(
                account_id, sorted(permissions.devices), sorted(permissions.groups), api_only=api_only
            )

    async def fittings(self, account_id: str, device_id: int) -> list[Fitting]:
        """Which vehicles the device rode in, oldest first; empty for a device the account never had."""
        async with self._store.read() as tx:
            return await tx.registry.fittings_of_devices(account_id, [device_id])

    async def fittings_of_vehicle(self, account_id: str, vehicle_id: int) -> list[Fitting]:
        """Which devices the vehicle carried, oldest first."""
        async with self._store.read() as tx:
            return await tx.registry.fittings_of_vehicle(account_id, vehicle_id)

    async def calibrations(self, account_id: str, device_id: int) -> list[Calibration]:
        """What the owner said of the mileage, oldest first."""
        async with self._store.read() as tx:
            return await tx.registry.calibrations_of_devices(account_id, [device_id])

    async def move(self, account_id: str, device_id: int, vehicle_id: int | None, author: Author) -> None:
        """From now on the device rides in that vehicle, or in none; it keeps its id and its history.

        errors  NotFound device or vehicle; Conflict when the vehicle carries another device
        """
        async with writing(self._store, self._clock, account_id, author) as work:
            row = await _live(work, device_id)
            if row[2] == vehicle_id:
                return
            if vehicle_id is not None:
                if not await work.tables.members_by_ids(work.book, Kind.VEHICLE, [vehicle_id]):
                    raise NotFound("vehicle", vehicle_id)
                holders = await work.tables.devices_in_vehicles(account_id, [vehicle_id])
                if vehicle_id in holders:
                    raise Conflict("vehicle", "device", vehicle_id, holders[vehicle_id])
            await refit(work, device_id, row[2], vehicle_id)

    async def change(
        self,
        account_id: str,
        device_id: int,
        author: Author,
        *,
        api: bool | None = None,
        clock_offset_s: int | None = None,
    ) -> None:
        """Set the api switch or the clock offset; None leaves as it is.

        errors  NotFound; Invalid for an offset of more than ten years
        """
        if clock_offset_s is not None and abs(clock_offset_s) > 10 * 366 * 86_400:
            raise Invalid("clock_offset_s", "must be at most ten years", clock_offset_s)
        async with writing(self._store, self._clock, account_id, author) as work:
            row = await _live(work, device_id)
            facts = {
                "api": bool(row[7]) if api is None else api,
                "clock_offset_s": row[8] if clock_offset_s is None else clock_offset_s,
            }
            former = {"api": bool(row[7]), "clock_offset_s": row[8]}
            if facts != former:
                await work.tables.update_device(
                    work.book, device_id, api=bool(facts["api"]), clock_offset_s=int(facts["clock_offset_s"]),
                    retired_at_ms=row[9],
                )  # fmt: skip
                changed = {name: [former[name], value] for name, value in facts.items() if value != former[name]}
                work.note("device", device_id, "changed", **changed)

    async def retire(self, account_id: str, device_id: int, author: Author, *, retired: bool = True) -> None:
        """Say that the device is no longer in use, or is again; it stays listed, its reports stay welcome.

        errors  NotFound
        """
        async with writing(self._store, self._clock, account_id, author) as work:
            row = await _live(work, device_id)
            if (row[9] is not None) == retired:
                return
            at_ms = work.at_ms if retired else None
            await work.tables.update_device(
                work.book, device_id, api=bool(row[7]), clock_offset_s=row[8], retired_at_ms=at_ms
            )
            work.note("device", device_id, "retired" if retired else "revived")

    async def delete(self, account_id: str, device_id: int, author: Author) -> None:
        """Take the device off the account; its identifier is free, its number is never given again.

        errors  NotFound
        """
        async with writing(self._store, self._clock, account_id, author) as work:
            row = await _live(work, device_id)
            if row[2] is not None:
                await refit(work, device_id, row[2], None)
            await work.tables.delete_device(work.book, device_id, work.at_ms)
            work.note("device", device_id, "deleted", ident=row[1])

    async def calibrate(
        self, account_id: str, device_id: int, mileage_km: float, author: Author, *, at_ms: int | None = None
    ) -> None:
        """The vehicle's mileage was so many kilometres at that moment (now when None).

        errors  NotFound; Invalid for a mileage out of range or a moment to come
        """
        mileage_m = mileage_metres(mileage_km)
        async with writing(self._store, self._clock, account_id, author) as work:
            row = await _live(work, device_id)
            moment = work.at_ms if at_ms is None else at_ms
            if not 0 <= moment <= work.at_ms:
                raise Invalid("at", "must not lie in the future", moment)
            vehicle_id = row[2]
            if at_ms is not None:
                vehicle_id = vehicle_at(await work.tables.fittings_of_devices(account_id, [device_id]), moment)
            word = Calibration(device_id, vehicle_id, moment, mileage_m)
            await work.tables.put_calibrations([(word, work.at_ms)])
            work.note("device", device_id, "calibrated", at_ms=moment, mileage_m=mileage_m)


async def _live(work: Writing, device_id: int) -> DeviceRow:
    row = await work.tables.device_row(work.book.account_id, device_id)
    if row is None:
        raise NotFound("device", device_id)
    return row
