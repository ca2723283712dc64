"""Taking back what one call changed in the registry: item by item, where nobody has changed the thing since."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from fleetline.core.fleet_archive import archive_in, restore_in
from fleetline.core.fleet_change import MemberChange, change_in
from fleetline.core.fleet_devices import DeviceChange, change_devices_in, delete_devices_in
from fleetline.core.fleet_groups import GroupChange, change_groups_in, delete_groups_in
from fleetline.core.fleet_restore import groups_deleted_in, restore_devices_in, restore_groups_in
from fleetline.core.fleet_writing import Answered, Change, changing
from fleetline.core.ports.registry import RegistryTables
from fleetline.core.verdicts import NotAll, Verdict
from fleetline.core.workspace import Workspace
from fleetline.model.errors import NotFound
from fleetline.model.registry import Kind, LoggedChange

AT_ONCE: Final = 5_000
"""Changes that are read together: a call may be one of many, and the log goes on behind it."""


@dataclass(frozen=True, slots=True)
class Undone:
    """(kind, verdict) of each thing that the call had changed; `version` is the registry's afterwards."""

    items: list[tuple[str, Verdict]]
    version: int


@dataclass(slots=True)
class _Thing:
    """What one call did to one thing: actions in order, values of each fact, groups it joined and left."""

    actions: list[str] = field(default_factory=list)
    facts: dict[str, list[Any]] = field(default_factory=dict)
    joined: list[int] = field(default_factory=list)
    left: list[int] = field(default_factory=list)
    former_vehicle: int | None = None

    def take(self, logged: LoggedChange) -> None:
        action, detail = logged.change.action, logged.change.detail
        self.actions.append(action)
        if action == "changed":
            self.facts |= {name: values for name, values in detail.items() if isinstance(values, list)}
        elif action in ("joined", "left"):
            (self.joined if action == "joined" else self.left).append(int(str(detail["group_id"])))
        elif action == "unfitted":
            self.former_vehicle = int(str(detail["vehicle_id"]))


Things = dict[int, _Thing]
Run = Callable[[Change], Awaitable[None]]


async def undo(workspace: Workspace, version: int, *, atomic: bool = False) -> Undone:
    """Take back everything that the call with this version did.

    errors  NotFound(`change`); as `changing`; NotAll when `atomic` and something cannot be taken back
    """
    answered = Answered()
    items: list[tuple[str, Verdict]] = []
    async with changing(workspace, 0, answered, atomic=False) as change:
        items = await undo_in(change, workspace.account_id, version)
        if atomic and not all(verdict.good for _, verdict in items):
            raise NotAll([verdict for _, verdict in items])
    return Undone(items, answered.done.version)


async def undo_in(change: Change, account_id: str, version: int) -> list[tuple[str, Verdict]]:
    """The same inside a call that is under way: (kind, verdict) of each thing. errors: NotFound(`change`)"""
    things = _things(await changes_of(change.work.tables, account_id, version))
    if not things:
        raise NotFound("change", version)
    items: list[tuple[str, Verdict]] = []
    await _Undoing(change, version, things, items).run()
    return items


async def changes_of(tables: RegistryTables, account_id: str, version: int) -> list[LoggedChange]:
    """Everything that the call with this version did, and nothing of those after it."""
    found: list[LoggedChange] = []
    while True:
        some = await tables.changes(account_id, version, found[-1].ordinal if found else 0, AT_ONCE)
        found += [logged for logged in some if logged.version == version]
        if len(some) < AT_ONCE or some[-1].version != version:
            return found


def _things(done: Sequence[LoggedChange]) -> dict[str, Things]:
    """kind -> thing -> what was done to it."""
    found: dict[str, Things] = {}
    for logged in done:
        found.setdefault(logged.change.kind, {}).setdefault(logged.change.item_id, _Thing()).take(logged)
    return found


class _Undoing:
    """The steps backwards, in an order in which none stands in another's way."""

    def __init__(
        self, change: Change, version: int, things: Mapping[str, Things], items: list[tuple[str, Verdict]]
    ) -> None:
        self._change, self._version, self._things, self._items = change, version, things, items

    async def run(self) -> None:
        for kind in Kind:
            await self._restore_groups(kind)
            await self._restore(kind)
            await self._change_groups(kind)
            await self._change_back(kind)
        await self._devices()
        for kind in Kind:
            await self._archive(kind)
            await self._delete_groups(kind)
        for kind_name in ("account",):
            self._refuse(kind_name, list(self._things.get(kind_name, {})), "is no thing of the registry")

    def _of(self, kind: str, *actions: str) -> list[int]:
        """Things whose first or only deed was one of these."""
        return [number for number, thing in self._things.get(kind, {}).items() if thing.actions[0] in actions]

    async def _part(self, kind: str, count: int, run: Run) -> None:
        part = self._change.part(count)
        await run(part)
        self._items += [(kind, verdict) for verdict in part.verdicts]

    def _refuse(self, kind: str, ids: Sequence[int], reason: str) -> None:
        self._items += [(kind, Verdict("refused", number, reason=reason)) for number in ids]

    async def _restore(self, kind: Kind) -> None:
        if ids := self._of(kind.value, "deleted"):
            await self._part(kind.value, len(ids), lambda part: restore_in(part, kind, ids))

    async def _archive(self, kind: Kind) -> None:
        if ids := self._of(kind.value, "added", "restored"):
            named = [(number, self._version) for number in ids]
            await self._part(kind.value, len(ids), lambda part: archive_in(part, kind, named))

    async def _change_back(self, kind: Kind) -> None:
        ids = self._of(kind.value, "changed", "joined", "left")
        if not ids:
            return
        things, book = self._things[kind.value], self._change.work.book
        present = await self._change.work.tables.groups_of_members(book, ids)
        known = {group.group_id for group in await self._change.work.tables.all_groups(book.account_id, kind)}
        changes = []
        for number in ids:
            thing = things[number]
            groups: tuple[int, ...] | None = None
            if thing.joined or thing.left:
                now = {group_id for group_id, _ in present.get(number, [])}
                # a group that was deleted and is not back cannot be joined
                groups = tuple(sorted((now - set(thing.joined)) | (set(thing.left) & known)))
            old = {name: values[0] for name, values in thing.facts.items()}
            changes.append(
                MemberChange(
                    number, self._version, old.get("external_id"), old.get("name"), old.get("type"),
                    old.get("description"), groups,
                )
            )  # fmt: skip
        await self._part(kind.value, len(ids), lambda part: change_in(part, kind, changes))

    async def _change_groups(self, kind: Kind) -> None:
        noun = f"{kind.value}_group"
        ids = self._of(noun, "changed")
        if not ids:
            return
        changes = []
        for number in ids:
            facts = self._things[noun][number].facts
            parent = facts["parent_id"][0] if "parent_id" in facts else GroupChange(0).parent_id
            changes.append(GroupChange(number, self._version, facts["name"][0] if "name" in facts else None, parent))
        await self._part(noun, len(ids), lambda part: change_groups_in(part, kind, changes))

    async def _restore_groups(self, kind: Kind) -> None:
        noun = f"{kind.value}_group"
        if not (ids := self._of(noun, "deleted")):
            return
        book = self._change.work.book
        done = await changes_of(self._change.work.tables, book.account_id, self._version)
        found = groups_deleted_in(kind, done)
        # who left them comes back with the other changes to these things, where nobody has changed them since
        await self._part(noun, len(ids), lambda part: restore_groups_in(part, kind, ids, found, members=False))

    async def _delete_groups(self, kind: Kind) -> None:
        noun = f"{kind.value}_group"
        if ids := self._of(noun, "added", "restored"):
            named = [(number, self._version) for number in ids]
            await self._part(noun, len(ids), lambda part: delete_groups_in(part, kind, named))

    async def _devices(self) -> None:
        things = self._things.get("device", {})
        gone = [number for number, thing in things.items() if thing.actions[-1] == "deleted"]
        if gone:
            await self._part("device", len(gone), lambda part: restore_devices_in(part, gone))
        said = [number for number, thing in things.items() if thing.actions == ["calibrated"]]
        self._refuse("device", said, "what was said of the mileage is corrected by saying it again")
        if added := [number for number in self._of("device", "added", "restored") if number not in gone]:
            named = [(number, self._version) for number in added]
            await self._part("device", len(added), lambda part: delete_devices_in(part, named))
        back = [number for number in things if number not in {*gone, *said, *added}]
        changes = [change for number in back if (change := await self._device_back(number, things[number]))]
        if changes:
            await self._part("device", len(changes), lambda part: change_devices_in(part, changes))

    async def _device_back(self, number: int, thing: _Thing) -> DeviceChange | None:
        """None where the restored vehicle has its device again already."""
        old = {name: values[0] for name, values in thing.facts.items()}
        vehicle = DeviceChange(0).vehicle_id
        if {"fitted", "unfitted"} & set(thing.actions):
            vehicle = thing.former_vehicle
            if vehicle in self._things.get("vehicle", {}) and "fitted" not in thing.actions:
                return None
        retired = {"retired": False, "revived": True}.get(thing.actions[-1])
        return DeviceChange(number, self._version, vehicle, old.get("api"), old.get("clock_offset_s"), retired)
