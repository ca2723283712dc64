"""The nouns of the registry: vehicles, drivers, groups and devices, and when two of their names are one."""

import enum
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from fleetline.model.errors import FleetlineError

LONGEST_TEXT: Final = 255
LARGEST_ID: Final = 2**31 - 1
VEHICLE_TYPES: Final = ("CAR", "VAN", "TRUCK", "BUS", "BIKE", "TRAILER", "MACHINE", "PHONE", "OTHER")
NARROW: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 -_=+*#!.,()`~?")
GROUPS_PER_ACCOUNT: Final = 2000
GROUPS_PER_MEMBER: Final = 100


class Kind(enum.Enum):
    """What a list holds; vehicles and drivers live by the same rules."""

    VEHICLE = "vehicle"
    DRIVER = "driver"


class Sort(enum.Enum):
    """The two orders of a list, each served by an index of its own."""

    ID = "id"
    NAME = "name"


@dataclass(frozen=True, slots=True)
class Author:
    """Who changes something and through which door, for the log of changes.

    actor  a user, credential or operator, as text
    door   one word: `cli`, `assets`, `api`, `web`, `intake`, `csv`
    """

    actor: str
    door: str


@dataclass(frozen=True, slots=True)
class Book:
    """The registry of one account as it stands; `version` grows with each change, the sizes count what is live."""

    account_id: str
    id_scope: str
    version: int
    unique_names: bool
    vehicles: int
    drivers: int
    vehicle_groups: int
    driver_groups: int

    def size(self, kind: Kind) -> int:
        return self.vehicles if kind is Kind.VEHICLE else self.drivers

    def groups(self, kind: Kind) -> int:
        return self.vehicle_groups if kind is Kind.VEHICLE else self.driver_groups


@dataclass(frozen=True, slots=True)
class Member:
    """One vehicle or driver; `type`, `description`, `portrait` are a vehicle's, and never set for a driver."""

    member_id: int
    external_id: str
    name: str
    modified_at_ms: int
    type: str = "CAR"
    description: str = ""
    portrait: str | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """A named set of vehicles, or of drivers; a grant of a group covers its subgroups."""

    group_id: int
    name: str
    modified_at_ms: int
    parent_id: int | None = None


@dataclass(frozen=True, slots=True)
class NewMember:
    """A vehicle or driver as a caller asks for it."""

    external_id: str
    name: str


@dataclass(frozen=True, slots=True)
class NewDevice:
    """A device as a caller asks for it.

    name         the vehicle's: an existing vehicle without a device is taken, else one is made
    type         one of VEHICLE_TYPES in any case; None leaves an existing vehicle's as it is
    description  likewise
    mileage_km   the vehicle's mileage now, None when not known
    """

    ident: str
    name: str
    type: str | None = None
    description: str | None = None
    mileage_km: float | None = None


@dataclass(frozen=True, slots=True)
class KnownDevice:
    """What the intake must know of a device.

    since_ms  when the device came to this account, if another account had the identifier before; else None.
              Reports from before that are not this account's
    """

    device_id: int
    account_id: str
    since_ms: int | None


DeviceRow = tuple[int, str, int | None, str | None, str | None, str | None, str | None, int, int, int | None, int]
"""(device_id, ident, vehicle_id, name, type, description, portrait, api, clock_offset_s, retired_at_ms, added_at_ms)
of one live device with its present vehicle; the vehicle's five are None while it is in none; api is 0 or 1;
portrait is a file name, never an address. A plain tuple because lists hold 100,000 of them."""


@dataclass(frozen=True, slots=True)
class Fitting:
    """A device rode in a vehicle from a moment to a moment; `until_ms` None: it still does."""

    device_id: int
    vehicle_id: int
    from_ms: int
    until_ms: int | None


@dataclass(frozen=True, slots=True)
class Calibration:
    """The owner's word on the mileage at a moment; `vehicle_id` is the vehicle the device rode in then, if any."""

    device_id: int
    vehicle_id: int | None
    at_ms: int
    mileage_m: int


@dataclass(frozen=True, slots=True)
class Change:
    """One entry of the log of changes.

    kind    vehicle, driver, vehicle_group, driver_group, device, account
    action  added, changed, deleted, restored, joined, left, fitted, unfitted, calibrated, retired, revived
    detail  names of facts with their new value, or with [old, new]
    """

    kind: str
    item_id: int
    action: str
    detail: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class LoggedChange:
    """A change as the log keeps it, at its place: versions ascend, `ordinal` counts inside one version."""

    version: int
    ordinal: int
    at_ms: int
    actor: str
    door: str
    change: Change


# What becomes of one item of a bulk call.


@dataclass(frozen=True, slots=True)
class Added:
    """Stored under a new id; for a device `member` is None and `device_id` tells."""

    member: Member | None = None
    device_id: int = 0


@dataclass(frozen=True, slots=True)
class Kept:
    """Found as asked; whether something was written is `changed`."""

    member: Member | None
    changed: bool
    device_id: int = 0


@dataclass(frozen=True, slots=True)
class Duplicate:
    """Not stored: `field` is `id` when the external id is taken (whatever the name), else `name`."""

    field: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """Nothing has this id here."""


@dataclass(frozen=True, slots=True)
class Refused:
    """Not stored, for the reason in words for the owner of the account."""

    reason: str


@dataclass(frozen=True, slots=True)
class Repeated:
    """Names what an earlier item of the call names, which carries the verdict."""


@dataclass(frozen=True, slots=True)
class AddedGroup:
    """A group stored under a new id."""

    group: Group


Outcome = Added | Kept | Duplicate | Unknown | Refused | Repeated
GroupOutcome = AddedGroup | Duplicate


class TooMany(FleetlineError):
    """A call would pass a cap; nothing was written.

    what   `groups` of an account, or `memberships` of one member
    limit  the cap; count: what the call would make it; key: the first member concerned
    """

    def __init__(self, what: str, limit: int, count: int, key: str = "") -> None:
        super().__init__(f"at most {limit} {what} are possible; this would make {count} {key}".rstrip())
        self.what = what
        self.limit = limit
        self.count = count
        self.key = key


class Unstorable(FleetlineError):
    """A value of one item may not be stored; nothing of the call was written.

    item    place in the call, from 0
    field   `id`, `name`
    fault   `blank`, `long`, or `character` with the offending one in `character`
    """

    def __init__(self, item: int, field: str, fault: "TextFault") -> None:
        super().__init__(f"item {item + 1}: {field} {fault.reason} {fault.character!r}")
        self.item = item
        self.field = field
        self.fault = fault


class Ambiguous(FleetlineError):
    """A text names two different things."""

    def __init__(self, kind: Kind, key: str) -> None:
        super().__init__(f"{key} names two {kind.value}s")
        self.kind = kind
        self.key = key


class NamesNotUnique(FleetlineError):
    """Names cannot be made unique while some are held twice."""

    def __init__(self, names: tuple[str, ...]) -> None:
        super().__init__("held twice: " + ", ".join(names))
        self.names = names


def key(text: str) -> str:
    """What two texts share when they are the same id or name: ends trimmed, canonically composed, case folded."""
    if text.isascii():  # composition changes nothing there, and lists are long
        return text.strip().lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text.strip()).casefold())


def each_once(texts: Iterable[str]) -> dict[str, str]:
    """Key -> text, each at the place and in the spelling of its first mention."""
    found: dict[str, str] = {}
    for text in texts:
        found.setdefault(key(text), text)
    return found


@dataclass(frozen=True, slots=True)
class TextFault:
    """Why a text may not be stored: reason `blank`, `long` or `character`."""

    reason: str
    character: str = ""


def text_fault(text: str, *, narrow: bool = False, bar: bool = True) -> TextFault | None:
    """What forbids storing `text` as an id or a name; None when nothing does.

    narrow  only the characters of NARROW are allowed; else every printable one
    bar     whether `|` is allowed; it separates groups in lists
    """
    if not text.strip():
        return TextFault("blank")
    if len(text) > LONGEST_TEXT:
        return TextFault("long")
    if NARROW.issuperset(text):  # nearly every text, and lists are long
        return None
    for character in text:
        allowed = character in NARROW if narrow else character.isprintable() and (bar or character != "|")
        if not allowed:
            return TextFault("character", character)
    return None


def findable(text: str) -> bool:
    """Whether something stored can have this key at all; engines choke on what cannot be (NUL, lone surrogates)."""
    if text.isprintable():
        return bool(text)
    return "\0" not in text and not any("\ud800" <= character <= "\udfff" for character in text)


def changed_facts(before: Member, after: Member) -> dict[str, object]:
    """Name of each fact that differs -> [old, new]."""
    names = ("name", "type", "description", "portrait")
    return {n: [getattr(before, n), getattr(after, n)] for n in names if getattr(before, n) != getattr(after, n)}


def settle_names(wanted: Mapping[int, str], present: Mapping[int, str]) -> set[int]:
    """Which members must keep their old name so that no name is held twice.

    wanted   member -> key of the new name, in the order of the call; all are assumed done
    present  member -> key of the present name, of every other holder of a wanted name and of every member in `wanted`
             but those that are new
    returns  the members of `wanted` that are refused

    A member that is not renamed keeps its name, else the earlier item does; who is refused falls back to the old name,
    which may refuse another one, until nothing changes.
    """
    order = {member: place for place, member in enumerate(wanted)}
    refused: set[int] = set()
    holders: dict[str, set[int]] = {}
    for member in present.keys() | wanted.keys():
        holders.setdefault(wanted[member] if member in wanted else present[member], set()).add(member)
    open_names = list(holders)
    while open_names:
        name = open_names.pop()
        claims = holders.get(name, set())
        if len(claims) < 2:
            continue
        moving = sorted((m for m in claims if m in order and m not in refused), key=order.__getitem__)
        losers = moving if len(moving) < len(claims) else moving[1:]
        for member in losers:
            refused.add(member)
            claims.discard(member)
            if (back := present.get(member)) is not None:
                holders.setdefault(back, set()).add(member)
                open_names.append(back)
    return refused
