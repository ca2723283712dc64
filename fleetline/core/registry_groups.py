"""Use cases of groups: named sets of vehicles or of drivers, and who is in them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from fleetline.core.ports.store import Store
from fleetline.core.ports.world import Clock
from fleetline.core.registry_book import Writing, writing
from fleetline.model.errors import Conflict, Invalid, NotFound
from fleetline.model.registry import (
    GROUPS_PER_ACCOUNT,
    GROUPS_PER_MEMBER,
    LARGEST_ID,
    AddedGroup,
    Author,
    Duplicate,
    Group,
    GroupOutcome,
    Kept,
    Kind,
    Member,
    Outcome,
    Repeated,
    Sort,
    TooMany,
    Unknown,
    Unstorable,
    findable,
    key,
    text_fault,
)


@dataclass(frozen=True, slots=True)
class GroupPage:
    """A part of the list of groups as one moment shows it; `size` counts all of them."""

    version: int
    size: int
    groups: tuple[Group, ...]


class Groups:
    """The verbs of one kind of group over one store. Every call sees and changes one account only."""

    def __init__(self, store: Store, clock: Clock, kind: Kind) -> None:
        self._store = store
        self._clock = clock
        self.kind = kind

    async def add(self, account_id: str, names: Sequence[str], author: Author) -> list[GroupOutcome]:
        """AddedGroup or Duplicate for each, judged in order.

        errors  Unstorable; TooMany `groups`; nothing of the call is written then
        """
        async with writing(self._store, self._clock, account_id, author) as work:
            return await add_groups(work, self.kind, names)

    async def rename(self, account_id: str, group_id: int, name: str, author: Author) -> Group:
        """errors: NotFound, Unstorable (item 0), Conflict when another group has the name"""
        async with writing(self._store, self._clock, account_id, author) as work:
            group = await self._group(work, group_id)
            if name == group.name:
                return group
            if fault := text_fault(name, bar=False):
                raise Unstorable(0, "name", fault)
            holders = await work.tables.groups_by_name_keys(work.book, self.kind, [key(name)])
            if any(holder.group_id != group_id for _, holder in holders):
                raise Conflict(self._noun, "name", name)
            renamed = replace(group, name=name, modified_at_ms=work.after(group.modified_at_ms))
            await work.tables.update_group(work.book, renamed)
            work.note(self._noun, group_id, "changed", name=[group.name, name])
            return renamed

    async def place(self, account_id: str, group_id: int, parent_id: int | None, author: Author) -> Group:
        """Put a group under another one, or at the top; a grant of a group covers all groups below it.

        errors  NotFound group or parent; Invalid when the group would come to lie under itself
        """
        async with writing(self._store, self._clock, account_id, author) as work:
            group = await self._group(work, group_id)
            if parent_id == group.parent_id:
                return group
            parents = {g.group_id: g.parent_id for g in await work.tables.all_groups(account_id, self.kind)}
            if parent_id is not None and parent_id not in parents:
                raise NotFound(self._noun, parent_id)
            above = parent_id
            while above is not None:
                if above == group_id:
                    raise Invalid("parent_id", "lies under the group itself", parent_id)
                above = parents[above]
            placed = replace(group, parent_id=parent_id, modified_at_ms=work.after(group.modified_at_ms))
            await work.tables.update_group(work.book, placed)
            work.note(self._noun, group_id, "changed", parent_id=[group.parent_id, parent_id])
            return placed

    async def delete(self, account_id: str, group_id: int, author: Author) -> Group:
        """Memberships end, members stay, groups below come to the top. errors: NotFound"""
        async with writing(self._store, self._clock, account_id, author) as work:
            group = await self._group(work, group_id)
            facts = deleted_facts(group, await work.tables.all_groups(account_id, self.kind))
            members = await work.tables.delete_group(work.book, group_id)
            work.grow(self.kind, groups=-1)
            for member_id in members:
                work.note(self.kind.value, member_id, "left", group_id=group_id)
            work.note(self._noun, group_id, "deleted", **facts)
            return group

    async def assign(
        self, account_id: str, group_id: int, external_ids: Sequence[str], author: Author
    ) -> list[Outcome]:
        """Kept, Unknown or Repeated for each; `changed` tells who was not in the group before.

        errors  NotFound group; TooMany `memberships` naming the first member that is in too many groups
        """
        async with writing(self._store, self._clock, account_id, author) as work:
            await self._group(work, group_id)
            members = await _named(work, self.kind, external_ids)
            ids = [member.member_id for member in members.values()]
            inside = await work.tables.members_among(work.book, group_id, ids)
            joining = [member for member in members.values() if member.member_id not in inside]
            counts = await work.tables.group_counts(work.book, [member.member_id for member in joining])
            for member in joining:
                if (count := counts.get(member.member_id, 0) + 1) > GROUPS_PER_MEMBER:
                    raise TooMany("memberships", GROUPS_PER_MEMBER, count, member.external_id)
            if joining:
                await work.tables.join(work.book, [(group_id, member.member_id) for member in joining])
                for member in joining:
                    work.note(self.kind.value, member.member_id, "joined", group_id=group_id)
            return _verdicts(external_ids, members, {member.member_id for member in joining})

    async def unassign(
        self, account_id: str, group_id: int, external_ids: Sequence[str], author: Author
    ) -> list[Outcome]:
        """Kept, Unknown or Repeated for each; `changed` tells who was in the group before. errors: NotFound group"""
        async with writing(self._store, self._clock, account_id, author) as work:
            await self._group(work, group_id)
            members = await _named(work, self.kind, external_ids)
            ids = [member.member_id for member in members.values()]
            inside = await work.tables.members_among(work.book, group_id, ids)
            if inside:
                await work.tables.leave(work.book, [(group_id, member_id) for member_id in sorted(inside)])
                for member_id in sorted(inside):
                    work.note(self.kind.value, member_id, "left", group_id=group_id)
            return _verdicts(external_ids, members, inside)

    async def page(
        self, account_id: str, *, sort: Sort = Sort.NAME, descending: bool = False, offset: int = 0, limit: int = 20
    ) -> GroupPage:
        async with self._store.read() as tx:
            book = await tx.registry.book(account_id)
            if book is None:
                return GroupPage(0, 0, ())
            groups = await tx.registry.group_page(
                account_id, self.kind, sort, descending=descending, offset=offset, limit=limit
            )
            return GroupPage(book.version, book.groups(self.kind), tuple(groups))

    async def all(self, account_id: str) -> list[Group]:
        """By name."""
        async with self._store.read() as tx:
            return await tx.registry.all_groups(account_id, self.kind)

    @property
    def _noun(self) -> str:
        return f"{self.kind.value}_group"

    async def _group(self, work: Writing, group_id: int) -> Group:
        group = await work.tables.group(work.book, self.kind, group_id) if 0 < group_id <= LARGEST_ID else None
        if group is None:
            raise NotFound(self._noun, group_id)
        return group


def deleted_facts(group: Group, groups: Iterable[Group]) -> dict[str, object]:
    """What the log has to keep of a deleted group, besides who left it, so that it can come back."""
    facts: dict[str, object] = {"name": group.name}
    if group.parent_id is not None:
        facts["parent_id"] = group.parent_id
    if below := sorted(other.group_id for other in groups if other.parent_id == group.group_id):
        facts["below"] = below
    return facts


async def add_groups(work: Writing, kind: Kind, names: Sequence[str]) -> list[GroupOutcome]:
    """See `Groups.add`."""
    keys = [key(name) for name in names]
    holders = await work.tables.groups_by_name_keys(work.book, kind, [text for text in keys if findable(text)])
    taken = {text for text, _ in holders}
    outcomes: list[GroupOutcome] = [Duplicate("name")] * len(names)
    adding: list[int] = []
    for place, (name, text) in enumerate(zip(names, keys, strict=True)):
        if text in taken:
            continue
        if fault := text_fault(name, bar=False):
            raise Unstorable(place, "name", fault)
        taken.add(text)
        adding.append(place)
    if not adding:
        return outcomes
    if (count := work.book.groups(kind) + len(adding)) > GROUPS_PER_ACCOUNT:
        raise TooMany("groups", GROUPS_PER_ACCOUNT, count)
    first = await work.tables.lock_counter("registry")
    await work.tables.advance_counter("registry", first + len(adding))
    made = [Group(first + order, names[place], work.at_ms) for order, place in enumerate(adding)]
    await work.tables.insert_groups(work.book, kind, made)
    work.grow(kind, groups=len(made))
    for place, group in zip(adding, made, strict=True):
        outcomes[place] = AddedGroup(group)
        work.note(f"{kind.value}_group", group.group_id, "added", name=group.name)
    return outcomes


async def _named(work: Writing, kind: Kind, external_ids: Sequence[str]) -> dict[str, Member]:
    """Key -> member of the account, in the order of the call; ids that name none are left out."""
    keys = dict.fromkeys(key(text) for text in external_ids)
    holders = await work.tables.holders_of_id_keys(work.book, kind, [text for text in keys if findable(text)])
    found = {text: member for text, account_id, member in holders if account_id == work.book.account_id}
    return {text: found[text] for text in keys if text in found}


def _verdicts(external_ids: Sequence[str], members: dict[str, Member], changed: set[int]) -> list[Outcome]:
    outcomes: list[Outcome] = []
    seen: set[str] = set()
    for text in map(key, external_ids):
        member = members.get(text)
        if text in seen:
            outcomes.append(Repeated())
        elif member is None:
            outcomes.append(Unknown())
        else:
            outcomes.append(Kept(member, member.member_id in changed))
        seen.add(text)
    return outcomes
