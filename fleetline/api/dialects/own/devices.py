"""Devices: lists, bulk calls, one device, which vehicles it rode in, what its owner said of the mileage."""

from typing import TYPE_CHECKING

from msgspec import UNSET

from fleetline.api.dialects.own.calls import body_of, expected_revision, id_in_path, packed, query_of
from fleetline.api.dialects.own.members import atomic, check_count, named_items, single
from fleetline.api.dialects.own.now import Nows
from fleetline.api.dialects.own.replies import Listed, answer, nothing, withheld
from fleetline.api.dialects.own.things import (
    CalibrationShown,
    DeviceChange,
    DevicePatch,
    Fit,
    FittingShown,
    Id,
    NewCalibration,
    NewDeviceBody,
    device_shown,
    shows,
)
from fleetline.api.http import Request, Response
from fleetline.core import fleet, fleet_devices, fleet_restore
from fleetline.core.fleet_writing import author_of
from fleetline.model.errors import Invalid
from fleetline.model.registry import Kind, NewDevice, key

if TYPE_CHECKING:
    from fleetline.core.workspace import Workspace


async def listing(workspace: "Workspace", request: Request) -> Response:
    asked, idents = query_of(request), shows(workspace, "imei")
    ident = asked.text("ident")
    if ident and not idents:
        raise Invalid("ident", "is withheld from you")
    wanted = fleet.DeviceWanted(
        after=asked.cursor(int) or 0, limit=asked.limit(), text=key(asked.text("q")), search_idents=idents, ident=ident,
        ids=await _ids(workspace, request), has_vehicle=asked.flag("has_vehicle"), retired=asked.flag("retired"),
        archived=asked.flag("archived") or False,
    )  # fmt: skip
    version, rows, more = await fleet.devices(workspace, wanted)
    nows = await Nows.asked(workspace, asked, request.received_at_ms)
    items = [device_shown(row, idents, nows.of(row.device_id)) for row in rows]
    return answer(Listed(items, packed(rows[-1].device_id) if more else None, version), headers=withheld(workspace))


async def _ids(workspace: "Workspace", request: Request) -> tuple[int, ...] | None:
    """The ids that the query names, and of those the ones in a state that it names."""
    asked = query_of(request)
    ids, having = asked.ids("id"), await Nows.with_status(workspace, asked, request.received_at_ms)
    if ids is None or having is None:
        return having if ids is None else ids
    return tuple(number for number in ids if number in set(having))


async def add(workspace: "Workspace", request: Request) -> Response:
    items = body_of(request, list[NewDeviceBody])
    check_count(items)
    devices = [NewDevice(i.ident, i.name, i.type, i.description, i.mileage_km) for i in items]
    return answer(await fleet_devices.add_devices(workspace, devices, atomic=atomic(request)))


async def change(workspace: "Workspace", request: Request) -> Response:
    items = body_of(request, list[DeviceChange])
    check_count(items)
    changes = [_change(item.id, item.revision, item) for item in items]
    return answer(await fleet_devices.change_devices(workspace, changes, atomic=atomic(request)))


async def fit(workspace: "Workspace", request: Request) -> Response:
    items = body_of(request, list[Fit])
    check_count(items)
    changes = [fleet_devices.DeviceChange(item.device_id, vehicle_id=item.vehicle_id) for item in items]
    return answer(await fleet_devices.change_devices(workspace, changes, atomic=atomic(request)))


async def delete(workspace: "Workspace", request: Request) -> Response:
    return answer(await fleet_devices.delete_devices(workspace, named_items(request), atomic=atomic(request)))


async def restore(workspace: "Workspace", request: Request) -> Response:
    items = body_of(request, list[Id])
    check_count(items)
    return answer(await fleet_restore.restore_devices(workspace, items, atomic=atomic(request)))


async def show(workspace: "Workspace", request: Request) -> Response:
    row = await fleet.device(workspace, _id(request), archived=_archived(request))
    nows = await Nows.all(workspace, request.received_at_ms)
    tagged = [("etag", f'"{row.revision}"'), *withheld(workspace)]
    return answer(device_shown(row, shows(workspace, "imei"), nows.of(row.device_id)), headers=tagged)


async def patch(workspace: "Workspace", request: Request) -> Response:
    number = _id(request)
    item = _change(number, expected_revision(request), body_of(request, DevicePatch))
    single(await fleet_devices.change_devices(workspace, [item]), "device", number)
    return await show(workspace, request)


async def delete_one(workspace: "Workspace", request: Request) -> Response:
    number = _id(request)
    single(await fleet_devices.delete_devices(workspace, [(number, expected_revision(request))]), "device", number)
    return nothing()


async def fittings(workspace: "Workspace", request: Request) -> Response:
    row = await fleet.device(workspace, _id(request), archived=_archived(request))
    ident = row.ident if shows(workspace, "imei") else None
    found = await fleet.device_fittings(workspace, row.device_id, archived=_archived(request))
    items = [
        FittingShown(
            device_id=fitting.device_id, ident=ident, vehicle_id=fitting.vehicle_id, vehicle_name=name,
            from_at_ms=fitting.from_ms, until_at_ms=fitting.until_ms,
        )
        for fitting, name in found
    ]  # fmt: skip
    return answer(Listed(items, None, await fleet.version(workspace)), headers=withheld(workspace))


async def vehicle_fittings(workspace: "Workspace", request: Request) -> Response:
    number = id_in_path(request, "vehicle_id", "vehicle")
    row, _ = await fleet.member(workspace, Kind.VEHICLE, number, archived=_archived(request))
    idents = shows(workspace, "imei")
    items = [
        FittingShown(
            device_id=fitting.device_id, ident=ident if idents else None, vehicle_id=number, vehicle_name=row.name,
            from_at_ms=fitting.from_ms, until_at_ms=fitting.until_ms,
        )
        for fitting, ident in await fleet.fittings(workspace, number, archived=_archived(request))
    ]  # fmt: skip
    return answer(Listed(items, None, await fleet.version(workspace)), headers=withheld(workspace))


async def calibrations(workspace: "Workspace", request: Request) -> Response:
    row = await fleet.device(workspace, _id(request), archived=_archived(request))
    found = await workspace.registry.devices.calibrations(workspace.account_id, row.device_id)
    shown = shows(workspace, "mileage")
    items = [CalibrationShown(c.at_ms, c.mileage_m / 1000 if shown else None, c.vehicle_id) for c in found]
    return answer(Listed(items, None, await fleet.version(workspace)), headers=withheld(workspace))


async def calibrate(workspace: "Workspace", request: Request) -> Response:
    row = await fleet.device(workspace, _id(request))
    said = body_of(request, NewCalibration)
    await workspace.registry.devices.calibrate(
        workspace.account_id, row.device_id, said.mileage_km, author_of(workspace), at_ms=said.at_ms
    )
    return await calibrations(workspace, request)


def _archived(request: Request) -> bool:
    return request.method == "GET" and (query_of(request).flag("archived") or False)


def _id(request: Request) -> int:
    return id_in_path(request, "device_id", "device")


def _change(number: int, revision: int | None, item: DeviceChange | DevicePatch) -> fleet_devices.DeviceChange:
    return fleet_devices.DeviceChange(
        number, revision, fleet_devices.KEPT if item.vehicle_id is UNSET else item.vehicle_id,
        None if item.api is UNSET else item.api, None if item.clock_offset_s is UNSET else item.clock_offset_s,
        None if item.retired is UNSET else item.retired,
    )  # fmt: skip
