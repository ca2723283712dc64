"""The things of the registry as our own API shows and takes them."""

from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from msgspec import UNSET, UnsetType

from fleetline.api.dialects.own.now import Now
from fleetline.core.fleet import DeviceListed, GroupRow, MemberRow
from fleetline.model.registry import LoggedChange

if TYPE_CHECKING:
    from fleetline.core.workspace import Workspace

Id = Annotated[int, msgspec.Meta(ge=1, le=2**53 - 1)]
Revision = Annotated[int, msgspec.Meta(ge=1, le=2**53 - 1)]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=255)]
Description = Annotated[str, msgspec.Meta(max_length=1000)]


class GroupNamed(msgspec.Struct, frozen=True):
    id: int
    name: str


class DeviceNamed(msgspec.Struct, frozen=True):
    """`ident` is null where identifiers are withheld."""

    id: int
    ident: str | None


class VehicleNamed(msgspec.Struct, frozen=True):
    id: int
    name: str | None
    type: str | None


class Vehicle(msgspec.Struct, frozen=True, kw_only=True):
    """`now` is null unless `include=now` was asked for (as it always is for one vehicle) and it carries a device."""

    id: int
    external_id: str | None
    name: str
    type: str
    description: str
    portrait: str | None
    groups: list[GroupNamed]
    device: DeviceNamed | None
    created_at_ms: int
    modified_at_ms: int
    archived_at_ms: int | None
    revision: int
    now: Now | None = None


class Driver(msgspec.Struct, frozen=True, kw_only=True):
    id: int
    external_id: str
    name: str
    groups: list[GroupNamed]
    created_at_ms: int
    modified_at_ms: int
    archived_at_ms: int | None
    revision: int


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """`members` counts those directly in it; `parent_id` is null at the top."""

    id: int
    name: str
    parent_id: int | None
    members: int
    modified_at_ms: int
    revision: int


class Device(msgspec.Struct, frozen=True, kw_only=True):
    """`api` off hides it from the raw-data API; `clock_offset_s` is added to the times it claims.

    archived_at_ms  of one that was deleted: its past is kept and its identifier is free
    """

    id: int
    ident: str | None
    vehicle: VehicleNamed | None
    api: bool
    clock_offset_s: int
    added_at_ms: int
    retired_at_ms: int | None
    archived_at_ms: int | None
    revision: int
    now: Now | None = None


class FittingShown(msgspec.Struct, frozen=True, kw_only=True):
    """A device rode in a vehicle; `until_at_ms` null: it still does."""

    device_id: int
    ident: str | None
    vehicle_id: int
    vehicle_name: str | None
    from_at_ms: int
    until_at_ms: int | None


class CalibrationShown(msgspec.Struct, frozen=True):
    """The owner's word on the mileage at a moment; null where mileage is withheld."""

    at_ms: int
    mileage_km: float | None
    vehicle_id: int | None


class ChangeShown(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of the log: what was done to which thing. `place` orders entries of one version.

    kind    vehicle, driver, vehicle_group, driver_group, device, account, user, credential, session
    detail  names of facts with their new value, or with [old, new]
    """

    version: int
    place: int
    at_ms: int
    actor: str
    door: str
    kind: str
    id: int | str
    action: str
    detail: dict[str, Any]


class NewVehicle(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    external_id: str
    name: str
    type: str = "CAR"
    description: str = ""
    group_ids: tuple[Id, ...] = ()


class NewDriver(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    external_id: str
    name: str
    group_ids: tuple[Id, ...] = ()


class VehicleChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is absent stays as it is; `group_ids` replaces all of the vehicle's groups."""

    id: Id
    revision: Revision | None = None
    external_id: str | UnsetType = UNSET
    name: str | UnsetType = UNSET
    type: str | UnsetType = UNSET
    description: str | UnsetType = UNSET
    group_ids: tuple[Id, ...] | UnsetType = UNSET


class DriverChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is absent stays as it is; `group_ids` replaces all of the driver's groups."""

    id: Id
    revision: Revision | None = None
    external_id: str | UnsetType = UNSET
    name: str | UnsetType = UNSET
    group_ids: tuple[Id, ...] | UnsetType = UNSET


class VehiclePatch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is absent stays as it is."""

    external_id: str | UnsetType = UNSET
    name: str | UnsetType = UNSET
    type: str | UnsetType = UNSET
    description: str | UnsetType = UNSET
    group_ids: tuple[Id, ...] | UnsetType = UNSET


class DriverPatch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is absent stays as it is."""

    external_id: str | UnsetType = UNSET
    name: str | UnsetType = UNSET
    group_ids: tuple[Id, ...] | UnsetType = UNSET


class Named(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A thing, and the revision that the caller knows of it."""

    id: Id
    revision: Revision | None = None


class NewGroup(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    parent_id: Id | None = None


class GroupChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is absent stays as it is; a `parent_id` of null brings the group to the top."""

    id: Id
    revision: Revision | None = None
    name: str | UnsetType = UNSET
    parent_id: Id | UnsetType | None = UNSET


class GroupPatch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is absent stays as it is."""

    name: str | UnsetType = UNSET
    parent_id: Id | UnsetType | None = UNSET


class NewDeviceBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Goes into the vehicle of that name, which is made when there is none."""

    ident: str
    name: str
    type: str | None = None
    description: str | None = None
    mileage_km: float | None = None


class DeviceChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is absent stays as it is; a `vehicle_id` of null takes the device out of its vehicle."""

    id: Id
    revision: Revision | None = None
    vehicle_id: Id | UnsetType | None = UNSET
    api: bool | UnsetType = UNSET
    clock_offset_s: int | UnsetType = UNSET
    retired: bool | UnsetType = UNSET


class DevicePatch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is absent stays as it is."""

    vehicle_id: Id | UnsetType | None = UNSET
    api: bool | UnsetType = UNSET
    clock_offset_s: int | UnsetType = UNSET
    retired: bool | UnsetType = UNSET


class Fit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """From now on the device rides in that vehicle, or in none."""

    device_id: Id
    vehicle_id: Id | None


class NewCalibration(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The vehicle's mileage at a moment, now without one."""

    mileage_km: Annotated[float, msgspec.Meta(ge=0, le=10_000_000)]
    at_ms: Annotated[int, msgspec.Meta(ge=0, le=253_402_300_799_999)] | None = None


def shows(workspace: "Workspace", part: str) -> bool:
    """Whether this part of the values may be shown to the caller."""
    return part not in workspace.principal.permissions.withhold


def vehicle_shown(row: MemberRow, groups: list[tuple[int, str]], idents: bool, now: Now | None = None) -> Vehicle:
    """`idents`: whether identifiers of devices may be shown; after an import of devices external ids are the same."""
    device = None
    if row.device_id is not None:
        device = DeviceNamed(row.device_id, row.ident if idents else None)
    return Vehicle(
        id=row.member_id, external_id=row.external_id if idents else None, name=row.name, type=row.type,
        description=row.description, portrait=row.portrait, groups=[GroupNamed(*pair) for pair in groups],
        device=device, created_at_ms=row.created_at_ms, modified_at_ms=row.modified_at_ms,
        archived_at_ms=row.archived_at_ms, revision=row.revision, now=now,
    )  # fmt: skip


def driver_shown(row: MemberRow, groups: list[tuple[int, str]]) -> Driver:
    return Driver(
        id=row.member_id, external_id=row.external_id, name=row.name, groups=[GroupNamed(*pair) for pair in groups],
        created_at_ms=row.created_at_ms, modified_at_ms=row.modified_at_ms, archived_at_ms=row.archived_at_ms,
        revision=row.revision,
    )  # fmt: skip


def group_shown(row: GroupRow) -> Group:
    return Group(
        id=row.group_id, name=row.name, parent_id=row.parent_id, members=row.members,
        modified_at_ms=row.modified_at_ms, revision=row.revision,
    )  # fmt: skip


def device_shown(row: DeviceListed, idents: bool, now: Now | None = None) -> Device:
    vehicle = None
    if row.vehicle_id is not None:
        vehicle = VehicleNamed(row.vehicle_id, row.vehicle_name, row.vehicle_type)
    return Device(
        id=row.device_id, ident=row.ident if idents else None, vehicle=vehicle, api=row.api,
        clock_offset_s=row.clock_offset_s, added_at_ms=row.added_at_ms, retired_at_ms=row.retired_at_ms,
        archived_at_ms=row.archived_at_ms, revision=row.revision, now=now,
    )  # fmt: skip


def change_shown(logged: LoggedChange) -> ChangeShown:
    change = logged.change
    return ChangeShown(
        version=logged.version, place=logged.ordinal, at_ms=logged.at_ms, actor=logged.actor, door=logged.door,
        kind=change.kind, id=change.item_id, action=change.action, detail=dict(change.detail),
    )  # fmt: skip
