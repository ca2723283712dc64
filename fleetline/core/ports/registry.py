"""The registry as the core asks for it inside one transaction: books, devices, members, groups and the log."""

from collections.abc import Iterable, Sequence
from typing import Protocol

from fleetline.model.registry import (
    Author,
    Book,
    Calibration,
    Change,
    DeviceRow,
    Fitting,
    Group,
    Kind,
    KnownDevice,
    LoggedChange,
    Member,
    Sort,
)


class Books(Protocol):
    """Versions, sizes, sequences and the log."""

    async def open_book(self, account_id: str) -> Book | None:
        """Lock the account's id scope and read its book, making it on first use; None: there is no such account."""
        ...

    async def book(self, account_id: str) -> Book | None:
        """The book as it stands, without any lock; None while nothing was ever written."""
        ...

    async def save_book(self, book: Book) -> None: ...

    async def lock_counter(self, name: str) -> int:
        """The next number of a sequence, which stays locked until the transaction ends."""
        ...

    async def advance_counter(self, name: str, following: int) -> None: ...

    async def log(self, book: Book, at_ms: int, author: Author, changes: Sequence[Change]) -> None:
        """Append changes under the book's version."""
        ...

    async def changes(self, account_id: str, version: int, ordinal: int, limit: int) -> list[LoggedChange]:
        """Changes after that place of the log, oldest first."""
        ...

    async def counted(self, account_id: str) -> tuple[int, int, int, int]:
        """(vehicles, drivers, vehicle groups, driver groups) by counting rows; for the doctor."""
        ...

    async def accounts_with_books(self) -> list[str]: ...

    async def set_name_claims(self, book: Book, *, claimed: bool) -> None:
        """Give every live vehicle and driver its name claim, or take all claims away."""
        ...

    async def names_held_twice(self, book: Book, limit: int) -> list[str]: ...


class Devices(Protocol):
    """Devices, their fittings and calibrations."""

    async def device_by_ident(self, ident: str) -> KnownDevice | None: ...

    async def device_rows(self, account_id: str) -> list[DeviceRow]:
        """All live devices of the account by ascending device_id, in one statement."""
        ...

    async def device_row(self, account_id: str, device_id: int) -> DeviceRow | None: ...

    async def gone_device_row(self, account_id: str, device_id: int) -> DeviceRow | None:
        """One that was deleted; it rides in nothing."""
        ...

    async def device_ids(self, account_id: str, *, api_only: bool) -> list[int]:
        """Live devices that ride in a vehicle; with `api_only` those whose api switch is on. Ascending."""
        ...

    async def granted_device_ids(
        self, account_id: str, devices: Sequence[int], groups: Sequence[int], *, api_only: bool
    ) -> list[int]:
        """Those of `device_ids` that are named, or ride in a vehicle of a named group or of one of its subgroups."""
        ...

    async def holders_of_idents(self, idents: Sequence[str]) -> list[tuple[str, str, DeviceRow]]:
        """(ident, account_id, row) of every live device of the installation with one of the idents."""
        ...

    async def devices_in_vehicles(self, account_id: str, vehicle_ids: Sequence[int]) -> dict[int, int]:
        """vehicle_id -> device_id of those vehicles that carry a device."""
        ...

    async def insert_devices(self, book: Book, rows: Sequence[tuple[int, str, int | None, int]]) -> None:
        """rows: (device_id, ident, vehicle_id, added_at_ms)."""
        ...

    async def end_fittings(self, device_ids: Sequence[int], until_ms: int) -> None: ...

    async def begin_fittings(self, book: Book, rows: Sequence[tuple[int, int, int]]) -> None:
        """rows: (device_id, vehicle_id, from_ms)."""
        ...

    async def set_vehicle_of_devices(self, book: Book, rows: Sequence[tuple[int, int | None]]) -> None:
        """rows: (device_id, vehicle_id)."""
        ...

    async def update_device(
        self, book: Book, device_id: int, *, api: bool, clock_offset_s: int, retired_at_ms: int | None
    ) -> None: ...

    async def delete_device(self, book: Book, device_id: int, at_ms: int) -> None:
        """The row stays for the history of its number; its identifier is free."""
        ...

    async def fittings_of_devices(self, account_id: str, device_ids: Sequence[int]) -> list[Fitting]:
        """By device, then from the oldest on."""
        ...

    async def fittings_of_vehicle(self, account_id: str, vehicle_id: int) -> list[Fitting]: ...

    async def put_calibrations(self, rows: Sequence[tuple[Calibration, int]]) -> None:
        """rows: (calibration, made_at_ms); one for the same device and moment replaces the former."""
        ...

    async def calibrations_of_devices(self, account_id: str, device_ids: Sequence[int]) -> list[Calibration]:
        """By device, then from the oldest on."""
        ...

    async def set_vehicle_facts(self, book: Book, rows: Sequence[tuple[int, str, str, str | None]], at_ms: int) -> None:
        """rows: (vehicle_id, type, description, portrait)."""
        ...


class Members(Protocol):
    """Vehicles and drivers, live ones unless a name says otherwise."""

    async def holders_of_id_keys(self, book: Book, kind: Kind, keys: Sequence[str]) -> list[tuple[str, str, Member]]:
        """(key, account_id, member) of every holder in the scope where external ids of this kind are unique."""
        ...

    async def holders_of_name_keys(self, book: Book, kind: Kind, keys: Sequence[str]) -> list[tuple[str, Member]]:
        """(key, member) of every holder in the account."""
        ...

    async def clashes(
        self, book: Book, kind: Kind, id_keys: Sequence[str], name_keys: Sequence[str]
    ) -> tuple[set[str], set[str]]:
        """Which external ids are taken in their scope and which names in the account, in one statement."""
        ...

    async def members_by_ids(self, book: Book, kind: Kind, member_ids: Sequence[int]) -> list[Member]: ...

    async def all_members(self, book: Book, kind: Kind) -> list[Member]:
        """By name."""
        ...

    async def insert_members(self, book: Book, kind: Kind, members: Sequence[Member], at_ms: int) -> None: ...

    async def rename_members(self, book: Book, kind: Kind, members: Sequence[Member]) -> None:
        """Store name and time of the given members, which may swap names among each other."""
        ...

    async def delete_members(
        self, book: Book, kind: Kind, rows: Sequence[tuple[int, Sequence[int], int | None]], at_ms: int
    ) -> None:
        """rows: (member_id, its groups, the device it carried); keys are given up, memberships end."""
        ...

    async def deleted_member(
        self, book: Book, kind: Kind, member_id: int
    ) -> tuple[Member, int, tuple[int, ...], int | None] | None:
        """(member, deleted_at_ms, former groups, former device) of a deleted one."""
        ...

    async def deleted_members(self, book: Book, kind: Kind, since_ms: int) -> list[tuple[Member, int]]: ...

    async def restore_member(self, book: Book, kind: Kind, member: Member) -> None: ...

    async def page_ids(
        self, account_id: str, kind: Kind, sort: Sort, *, descending: bool, offset: int, limit: int
    ) -> list[int]: ...

    async def ids_after(
        self, account_id: str, kind: Kind, sort: Sort, after: tuple[str, int] | None, limit: int
    ) -> list[tuple[str, int]]:
        """(key, member_id) that follow a place of the order; the same cost at every depth."""
        ...


class Groups(Protocol):
    """Groups and memberships."""

    async def groups_by_name_keys(self, book: Book, kind: Kind, keys: Sequence[str]) -> list[tuple[str, Group]]: ...

    async def group(self, book: Book, kind: Kind, group_id: int) -> Group | None: ...

    async def all_groups(self, account_id: str, kind: Kind) -> list[Group]: ...

    async def group_page(
        self, account_id: str, kind: Kind, sort: Sort, *, descending: bool, offset: int, limit: int
    ) -> list[Group]: ...

    async def insert_groups(self, book: Book, kind: Kind, groups: Sequence[Group]) -> None: ...

    async def update_group(self, book: Book, group: Group) -> None: ...

    async def delete_group(self, book: Book, group_id: int) -> list[int]:
        """Memberships end and subgroups lose their parent; the members it had."""
        ...

    async def groups_of_members(self, book: Book, member_ids: Sequence[int]) -> dict[int, list[tuple[int, str]]]:
        """member -> (group_id, group name) by ascending group_id; members without group are left out."""
        ...

    async def group_counts(self, book: Book, member_ids: Sequence[int]) -> dict[int, int]: ...

    async def members_among(self, book: Book, group_id: int, member_ids: Sequence[int]) -> set[int]: ...

    async def join(self, book: Book, pairs: Iterable[tuple[int, int]]) -> None:
        """pairs: (group_id, member_id), none of them there yet."""
        ...

    async def leave(self, book: Book, pairs: Iterable[tuple[int, int]]) -> None: ...


class RegistryTables(Books, Devices, Members, Groups, Protocol):
    """The whole slice, as `tx.registry`."""
