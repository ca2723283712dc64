"""Vehicles, and drivers with other words: lists, bulk calls, one thing."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import msgspec
from msgspec import UNSET

from fleetline.api.dialects.own.calls import Query, body_of, expected_revision, id_in_path, packed, query_of
from fleetline.api.dialects.own.now import Nows
from fleetline.api.dialects.own.replies import Listed, answer, nothing, one, withheld
from fleetline.api.dialects.own.things import (
    Driver,
    DriverChange,
    DriverPatch,
    Id,
    Named,
    NewDriver,
    NewVehicle,
    Vehicle,
    VehicleChange,
    VehiclePatch,
    driver_shown,
    shows,
    vehicle_shown,
)
from fleetline.api.http import Request, Response
from fleetline.core import fleet
from fleetline.core.fleet_add import add_members
from fleetline.core.fleet_archive import archive_members, restore_members
from fleetline.core.fleet_change import MemberChange, change_members
from fleetline.core.verdicts import Done, Stale, Verdict
from fleetline.model.errors import Conflict, Invalid, NotFound
from fleetline.model.registry import VEHICLE_TYPES, Kind, Sort, key

if TYPE_CHECKING:
    from fleetline.core.workspace import Workspace

SORTS: Final = {
    "name": (Sort.NAME, False), "-name": (Sort.NAME, True), "external_id": (Sort.ID, False),
    "-external_id": (Sort.ID, True),
}  # fmt: skip
MOST_ITEMS: Final = 100_000
NOTHING: Final = Nows({}, frozenset())


def named_items(request: Request) -> list[tuple[int, int | None]]:
    """The items of a call that names things: (id, revision or None). errors: Invalid"""
    items = body_of(request, list[Id | Named])
    check_count(items)
    return [(item, None) if isinstance(item, int) else (item.id, item.revision) for item in items]


def check_count(items: Sequence[Any]) -> None:
    """errors: Invalid"""
    if len(items) > MOST_ITEMS:
        raise Invalid("body", f"must have at most {MOST_ITEMS} items")


def atomic(request: Request) -> bool:
    return query_of(request).flag("atomic") or False


def single(done: Done, kind: str, key_: object) -> Verdict:
    """The verdict on the one thing of a call that must take effect. errors: NotFound, Stale, Conflict, Invalid"""
    verdict = done.outcomes[0]
    if verdict.good:
        return verdict
    if verdict.outcome == "unknown":
        raise NotFound(kind, key_)
    if verdict.outcome == "stale":
        raise Stale(verdict.revision)
    if verdict.outcome == "duplicate":
        raise Conflict(kind, verdict.field, key_)
    raise Invalid(verdict.field or "body", verdict.reason)


class Matching(msgspec.Struct, frozen=True):
    """The ids of all that a filter names, in its order; what a bulk call on all of them is made with."""

    count: int
    ids: list[int]


@dataclass(frozen=True, slots=True)
class MemberHandlers:
    """The endpoints of one kind of member."""

    kind: Kind

    async def listing(self, workspace: "Workspace", request: Request) -> Response:
        asked = query_of(request)
        wanted = await self.wanted(workspace, asked, request.received_at_ms)
        page = await fleet.members(workspace, self.kind, wanted)
        nows = await Nows.asked(workspace, asked, request.received_at_ms)
        items = [self._shown(workspace, row, page.groups.get(row.member_id, []), nows) for row in page.rows]
        follows = packed((page.rows[-1].key, page.rows[-1].member_id)) if page.more else None
        return answer(Listed(items, follows, page.version), headers=withheld(workspace))

    async def matching(self, workspace: "Workspace", request: Request) -> Response:
        wanted = await self.wanted(workspace, query_of(request), request.received_at_ms)
        ids = await fleet.matching(workspace, self.kind, wanted)
        return answer(Matching(len(ids), ids), headers=withheld(workspace))

    async def wanted(self, workspace: "Workspace", asked: Query, now_ms: int) -> fleet.MemberWanted:
        """What the query asks for. errors: Invalid"""
        sort, descending = SORTS[asked.word("sort", list(SORTS), "name")]
        vehicles = self.kind is Kind.VEHICLE
        idents = not vehicles or shows(workspace, "imei")
        if not idents and (sort is Sort.ID or asked.text("external_id")):
            raise Invalid("sort" if sort is Sort.ID else "external_id", "is withheld from you")
        archived = asked.flag("archived") or False
        after = asked.cursor(tuple[str, int])
        if archived and after is not None and not after[0].isdecimal():
            raise Invalid("cursor", "is none that this list gave")
        return fleet.MemberWanted(
            sort=sort, descending=descending, after=after, limit=asked.limit(), text=key(asked.text("q")),
            search_ids=idents, id_key=key(asked.text("external_id")), ids=asked.ids("id"),
            group_id=await self._group(workspace, asked), archived=archived,
            since_ms=0 if asked.flag("ever") else None,
            types=asked.words("type", VEHICLE_TYPES) if vehicles else (),
            has_device=asked.flag("has_device") if vehicles else None,
            device_ids=await Nows.with_status(workspace, asked, now_ms) if vehicles else None,
        )  # fmt: skip

    async def _group(self, workspace: "Workspace", asked: Query) -> int | None:
        """The group of the query, if the caller may know of it; 0, which has no members, for any other."""
        found = asked.whole("group", 1, 2**53 - 1)
        if found is None or workspace.principal.permissions.all_devices:
            return found
        known = {group.group_id for group in (await fleet.groups(workspace, self.kind))[1]}
        return found if found in known else 0

    def _shown(
        self, workspace: "Workspace", row: fleet.MemberRow, groups: list[tuple[int, str]], nows: Nows
    ) -> Vehicle | Driver:
        if self.kind is Kind.DRIVER:
            return driver_shown(row, groups)
        return vehicle_shown(row, groups, shows(workspace, "imei"), nows.of(row.device_id))

    async def add(self, workspace: "Workspace", request: Request) -> Response:
        body: type[Any] = list[NewVehicle] if self.kind is Kind.VEHICLE else list[NewDriver]
        items = body_of(request, body)
        check_count(items)
        return answer(await add_members(workspace, self.kind, items, atomic=atomic(request)))

    async def change(self, workspace: "Workspace", request: Request) -> Response:
        body: type[Any] = list[VehicleChange] if self.kind is Kind.VEHICLE else list[DriverChange]
        items = body_of(request, body)
        check_count(items)
        changes = [_change(item.id, item.revision, item) for item in items]
        return answer(await change_members(workspace, self.kind, changes, atomic=atomic(request)))

    async def archive(self, workspace: "Workspace", request: Request) -> Response:
        return answer(await archive_members(workspace, self.kind, named_items(request), atomic=atomic(request)))

    async def restore(self, workspace: "Workspace", request: Request) -> Response:
        items = body_of(request, list[Id])
        check_count(items)
        return answer(await restore_members(workspace, self.kind, items, atomic=atomic(request)))

    async def show(self, workspace: "Workspace", request: Request) -> Response:
        archived = query_of(request).flag("archived") or False
        row, groups = await fleet.member(workspace, self.kind, self._id(request), archived=archived)
        if row.device_id is None:
            return one(self._shown(workspace, row, groups, NOTHING), row.revision, request, withheld(workspace))
        nows = await Nows.all(workspace, request.received_at_ms)
        # what it does now changes without any revision, so this answer is never `not modified`
        tagged = [("etag", f'"{row.revision}"'), *withheld(workspace)]
        return answer(self._shown(workspace, row, groups, nows), headers=tagged)

    async def patch(self, workspace: "Workspace", request: Request) -> Response:
        number = self._id(request)
        patch = body_of(request, self.patch_body)
        change = _change(number, expected_revision(request), patch)
        single(await change_members(workspace, self.kind, [change]), self.kind.value, number)
        return await self.show(workspace, request)

    async def archive_one(self, workspace: "Workspace", request: Request) -> Response:
        number = self._id(request)
        done = await archive_members(workspace, self.kind, [(number, expected_revision(request))])
        single(done, self.kind.value, number)
        return nothing()

    @property
    def patch_body(self) -> Any:
        return VehiclePatch if self.kind is Kind.VEHICLE else DriverPatch

    def _id(self, request: Request) -> int:
        return id_in_path(request, f"{self.kind.value}_id", self.kind.value)


def _change(number: int, revision: int | None, item: Any) -> MemberChange:
    """What an item of either kind asks for."""
    facts = {
        name: value
        for name in ("external_id", "name", "type", "description")
        if (value := getattr(item, name, UNSET)) is not UNSET
    }
    groups = None if item.group_ids is UNSET else item.group_ids
    return MemberChange(number, revision, group_ids=groups, **facts)
