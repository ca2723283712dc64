"""Groups of vehicles, and of drivers with other words: the tree, bulk calls, who is in them."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from msgspec import UNSET

from fleetline.api.dialects.own.calls import body_of, expected_revision, id_in_path
from fleetline.api.dialects.own.members import atomic, check_count, named_items, single
from fleetline.api.dialects.own.replies import Listed, answer, nothing
from fleetline.api.dialects.own.things import GroupChange, GroupPatch, Id, NewGroup, group_shown
from fleetline.api.http import Request, Response
from fleetline.core import fleet, fleet_groups, fleet_restore
from fleetline.model.registry import Kind

if TYPE_CHECKING:
    from fleetline.core.workspace import Workspace


@dataclass(frozen=True, slots=True)
class GroupHandlers:
    """The endpoints of one kind of group."""

    kind: Kind

    async def listing(self, workspace: "Workspace", request: Request) -> Response:
        version, groups = await fleet.groups(workspace, self.kind)
        return answer(Listed([group_shown(group) for group in groups], None, version))

    async def add(self, workspace: "Workspace", request: Request) -> Response:
        items = body_of(request, list[NewGroup])
        check_count(items)
        pairs = [(item.name, item.parent_id) for item in items]
        return answer(await fleet_groups.add_groups(workspace, self.kind, pairs, atomic=atomic(request)))

    async def change(self, workspace: "Workspace", request: Request) -> Response:
        items = body_of(request, list[GroupChange])
        check_count(items)
        changes = [_change(item.id, item.revision, item) for item in items]
        return answer(await fleet_groups.change_groups(workspace, self.kind, changes, atomic=atomic(request)))

    async def delete(self, workspace: "Workspace", request: Request) -> Response:
        named = named_items(request)
        return answer(await fleet_groups.delete_groups(workspace, self.kind, named, atomic=atomic(request)))

    async def restore(self, workspace: "Workspace", request: Request) -> Response:
        ids = body_of(request, list[Id])
        check_count(ids)
        return answer(await fleet_restore.restore_groups(workspace, self.kind, ids, atomic=atomic(request)))

    async def show(self, workspace: "Workspace", request: Request) -> Response:
        found = await fleet.group(workspace, self.kind, self._id(request))
        # how many are in it changes without any revision of its own
        return answer(group_shown(found), headers=[("etag", f'"{found.revision}"')])

    async def patch(self, workspace: "Workspace", request: Request) -> Response:
        number, patch = self._id(request), body_of(request, GroupPatch)
        change = _change(number, expected_revision(request), patch)
        single(await fleet_groups.change_groups(workspace, self.kind, [change]), self._noun, number)
        return await self.show(workspace, request)

    async def delete_one(self, workspace: "Workspace", request: Request) -> Response:
        number = self._id(request)
        done = await fleet_groups.delete_groups(workspace, self.kind, [(number, expected_revision(request))])
        single(done, self._noun, number)
        return nothing()

    async def join(self, workspace: "Workspace", request: Request) -> Response:
        return await self._assign(workspace, request, joins=True)

    async def leave(self, workspace: "Workspace", request: Request) -> Response:
        return await self._assign(workspace, request, joins=False)

    async def _assign(self, workspace: "Workspace", request: Request, *, joins: bool) -> Response:
        number, ids = self._id(request), body_of(request, list[Id])
        check_count(ids)
        done = await fleet_groups.assign(workspace, self.kind, number, ids, joins=joins, atomic=atomic(request))
        return answer(done)

    @property
    def _noun(self) -> str:
        return f"{self.kind.value}_group"

    def _id(self, request: Request) -> int:
        return id_in_path(request, "group_id", self._noun)


def _change(number: int, revision: int | None, item: GroupChange | GroupPatch) -> fleet_groups.GroupChange:
    return fleet_groups.GroupChange(
        number, revision, None if item.name is UNSET else item.name,
        fleet_groups.KEPT if item.parent_id is UNSET else item.parent_id,
    )  # fmt: skip
