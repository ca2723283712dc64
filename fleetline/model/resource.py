"""Solar resources on their way in and out: what is to be stored, what is asked for, and what may be refused."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import msgspec
from msgspec import structs

from fleetline.model.errors import FleetlineError
from fleetline.model.power import Fleet, MemberFilter, PowerResource, PvSite, Tracking


class Draft(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What an account wants stored of one resource; see `PowerResource`.

    resource_id  None where the account leaves the choice to us
    """

    name: str
    site: PvSite
    resource_id: str | None = None
    description: str = ""
    customer_site_id: str | None = None
    zone: str | None = None
    feeder: str | None = None
    customer_class: str | None = None
    tags: tuple[str, ...] = ()

    def made(self, resource_id: str, account_id: str, now_ms: int) -> PowerResource:
        """The resource when it is stored for the first time."""
        return PowerResource(
            resource_id=resource_id,
            account_id=account_id,
            name=self.name,
            site=self.site,
            description=self.description,
            customer_site_id=self.customer_site_id,
            zone=self.zone,
            feeder=self.feeder,
            customer_class=self.customer_class,
            tags=self.tags,
            created_at_ms=now_ms,
            updated_at_ms=now_ms,
        )

    def changed(self, before: PowerResource, now_ms: int) -> PowerResource:
        """The resource when it replaces another; the very same object when nothing differs."""
        made = self.made(before.resource_id, before.account_id, now_ms)
        same = structs.replace(
            made, created_at_ms=before.created_at_ms, updated_at_ms=before.updated_at_ms, version=before.version
        )
        return before if same == before else structs.replace(same, updated_at_ms=now_ms, version=before.version + 1)


@dataclass(frozen=True, slots=True)
class FleetDraft:
    """What an account wants stored of one fleet.

    resource_ids   None leaves the listed members as they are
    keeps_filter   the filter that is stored stays, whatever `filter` says
    """

    name: str
    description: str = ""
    tags: tuple[str, ...] = ()
    resource_ids: tuple[str, ...] | None = None
    filter: MemberFilter | None = None
    keeps_filter: bool = True

    def changed(self, before: Fleet, now_ms: int) -> Fleet:
        """The fleet with these facts; the very same object when nothing differs."""
        kept = before.filter if self.keeps_filter else self.filter
        after = replace(before, name=self.name, description=self.description, tags=self.tags, filter=kept)
        return before if after == before else replace(after, updated_at_ms=now_ms, version=before.version + 1)


@dataclass(frozen=True, slots=True)
class Box:
    """An area of the globe, degrees; one whose west is east of its east crosses the date line."""

    west: float
    south: float
    east: float
    north: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceFilter:
    """Which resources of an account are wanted; what is None does not count.

    name_part          in any letter case
    updated_since_ms   the instant itself counts
    """

    fleet_id: str | None = None
    box: Box | None = None
    customer_site_id: str | None = None
    zone: str | None = None
    customer_class: str | None = None
    name_part: str | None = None
    updated_since_ms: int | None = None


Place = tuple[int, str]
"""Where a walk through a list stands: creation time and id of the last thing seen."""


class Fault(msgspec.Struct, frozen=True, gc=False):
    """Why a value may not be stored, in the words of whoever read it.

    field  path in the reader's own names
    code   a word for programs; message: for people
    """

    field: str
    code: str
    message: str


class Row(msgspec.Struct, frozen=True, gc=False):
    """One row of an import: a draft, or the faults that keep it from being one.

    number    1 is the first row of data
    warnings  what the reader wants told although the row can be stored
    customer_site_id  as far as it could be read, also beside faults
    repeats   number of the row before that is about the same site; 0 for none
    """

    number: int
    draft: Draft | None
    faults: tuple[Fault, ...] = ()
    warnings: tuple[Fault, ...] = ()
    customer_site_id: str | None = None
    repeats: int = 0


class RowReason(msgspec.Struct, frozen=True, gc=False):
    """Why a row without faults was refused.

    code    `repeated` (holder: the row that came first), `taken` (the resource that has the customer's id), `exists`
            (the resource that may not be changed), `missing` (nothing to update), `unknown` (no resource of that id),
            `undone` (another row of an atomic import was refused)
    """

    code: str
    holder: str | None = None


class RowOutcome(msgspec.Struct, frozen=True, gc=False):
    """What became of one row: `created`, `updated`, `unchanged` or `refused`.

    reason  why the core refused it; None where the faults of the row say it
    """

    number: int
    outcome: str
    resource_id: str | None
    customer_site_id: str | None
    reason: RowReason | None = None
    faults: tuple[Fault, ...] = ()
    warnings: tuple[Fault, ...] = ()


OUTCOMES: Final = ("created", "updated", "unchanged", "refused")


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportOrder:
    """How an import treats its rows.

    mode      `upsert`, `createOnly` or `updateOnly`
    atomic    all rows are stored or none
    fleet_id  every row that is not refused joins this fleet
    """

    mode: str = "upsert"
    dry_run: bool = False
    atomic: bool = False
    fleet_id: str | None = None


class TooManyRows(FleetlineError):
    """An import has more rows than any may have."""

    def __init__(self, most: int) -> None:
        super().__init__(f"more than {most} rows")
        self.most = most


class Stale(FleetlineError):
    """The caller asked for a change to a version that is no longer the stored one."""

    def __init__(self, kind: str) -> None:
        super().__init__(f"the {kind} has changed")
        self.kind = kind


class UnknownMembers(FleetlineError):
    """Some of the ids in a list are nothing of the account's; `what` is the name of the list."""

    def __init__(self, indexes: Sequence[int], what: str = "resourceIds") -> None:
        super().__init__(f"{len(indexes)} of {what} do not exist")
        self.indexes = tuple(indexes)
        self.what = what


def tracking_of(site: PvSite) -> Tracking | None:
    """The one way of tracking of all arrays; None when there are several."""
    kinds = {array.tracking for system in site.systems for array in system.arrays}
    return kinds.pop() if len(kinds) == 1 else None


def row_count(site: PvSite) -> int:
    """Rows of the physics: entries of modules."""
    return sum(len(array.modules) for system in site.systems for array in system.arrays)
