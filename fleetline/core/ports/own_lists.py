"""The registry as lists for readers: filtered, in an order, from a place on, within what the reader may see."""

from dataclasses import dataclass
from typing import Protocol

from fleetline.model.registry import Fitting, Kind, LoggedChange, Sort


@dataclass(frozen=True, slots=True)
class Sight:
    """What a reader may see of one account: everything, or what is granted (groups with their subgroups)."""

    account_id: str
    everything: bool = True
    devices: tuple[int, ...] = ()
    groups: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberWanted:
    """Which vehicles or drivers to list.

    after        (key, id) of the last one before the page
    text         part of a name, or with `search_ids` of an external id or a device's identifier; folded as keys are
    id_key       exactly this external id, folded
    group_id     in this group or one below it; groups granted to the reader only
    device_ids   vehicles that carry one of these; has_device: any or none
    archived     those in the archive instead of those that are there, deleted since `since_ms`: None: as long ago as
                 they can be restored
    """

    sort: Sort = Sort.NAME
    descending: bool = False
    after: tuple[str, int] | None = None
    limit: int = 100
    text: str = ""
    search_ids: bool = True
    id_key: str = ""
    types: tuple[str, ...] = ()
    ids: tuple[int, ...] | None = None
    group_id: int | None = None
    device_ids: tuple[int, ...] | None = None
    has_device: bool | None = None
    archived: bool = False
    since_ms: int | None = None


@dataclass(frozen=True, slots=True)
class MemberRow:
    """One vehicle or driver with the device it carries; `key` is that of the order asked for."""

    key: str
    member_id: int
    external_id: str
    name: str
    type: str
    description: str
    portrait: str | None
    created_at_ms: int
    modified_at_ms: int
    archived_at_ms: int | None
    revision: int
    device_id: int | None
    ident: str | None


@dataclass(frozen=True, slots=True)
class GroupRow:
    """One group; `members` counts those directly in it, `revision` is of its own facts."""

    group_id: int
    name: str
    parent_id: int | None
    modified_at_ms: int
    revision: int
    members: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceWanted:
    """Which devices to list, by ascending id; `text` looks at identifier and vehicle's name, `ident` is exact.

    archived  those that were deleted instead of those that are there
    """

    after: int = 0
    limit: int = 100
    text: str = ""
    search_idents: bool = True
    ident: str = ""
    ids: tuple[int, ...] | None = None
    has_vehicle: bool | None = None
    retired: bool | None = None
    archived: bool = False


@dataclass(frozen=True, slots=True)
class DeviceListed:
    """One device with its present vehicle; `archived_at_ms` is set of one that was deleted."""

    device_id: int
    ident: str
    vehicle_id: int | None
    vehicle_name: str | None
    vehicle_type: str | None
    api: bool
    clock_offset_s: int
    added_at_ms: int
    retired_at_ms: int | None
    revision: int
    archived_at_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangesWanted:
    """Which changes to show, newest first; `before` is (version, ordinal)."""

    before: tuple[int, int] | None = None
    limit: int = 100
    kinds: tuple[str, ...] = ()
    item_id: int | None = None
    actor: str = ""
    from_ms: int = 0
    to_ms: int | None = None


class OwnLists(Protocol):
    """Reads only; nothing outside the sight is ever found."""

    async def list_members(self, sight: Sight, kind: Kind, wanted: MemberWanted) -> list[MemberRow]: ...

    async def list_member_ids(self, sight: Sight, kind: Kind, wanted: MemberWanted) -> list[int]:
        """The ids of all that the filter names, in its order; `limit` and `after` hold here too."""
        ...

    async def list_groups(self, sight: Sight, kind: Kind) -> list[GroupRow]:
        """All of them, by name; of a restricted reader the granted ones and those below."""
        ...

    async def list_devices(self, sight: Sight, wanted: DeviceWanted) -> list[DeviceListed]:
        """Also those in no vehicle; of a restricted reader the granted ones only, and none of the archive."""
        ...

    async def list_fittings(self, sight: Sight, vehicle_id: int) -> list[tuple[Fitting, str]]:
        """(fitting, identifier) of what a vehicle carried, oldest first; whoever asks has seen that it is visible."""
        ...

    async def list_changes(self, account_id: str, wanted: ChangesWanted) -> list[LoggedChange]: ...
