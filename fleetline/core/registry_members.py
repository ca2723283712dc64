"""Use cases of vehicles, and of drivers by the same rules: add, rename, delete, restore, list."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from fleetline.core.ports.registry import RegistryTables
from fleetline.core.ports.store import Store
from fleetline.core.ports.world import Clock
from fleetline.core.registry_book import Writing, writing
from fleetline.core.registry_fitting import refit
from fleetline.core.registry_groups import Groups
from fleetline.model.errors import Conflict, Invalid, NotFound
from fleetline.model.registry import (
    LARGEST_ID,
    VEHICLE_TYPES,
    Added,
    Ambiguous,
    Author,
    Book,
    Duplicate,
    Kept,
    Kind,
    Member,
    NewMember,
    Outcome,
    Repeated,
    Sort,
    Unknown,
    Unstorable,
    changed_facts,
    findable,
    key,
    settle_names,
    text_fault,
)

RESTORABLE_MS: Final = 30 * 86_400_000


@dataclass(frozen=True, slots=True)
class Page:
    """A part of a list as one moment shows it.

    size    all members of the list
    groups  member -> (group_id, group name) by ascending group_id; members without group are left out
    """

    version: int
    size: int
    members: tuple[Member, ...]
    groups: Mapping[int, list[tuple[int, str]]]


class Members:
    """The verbs of one kind over one store. Every call sees and changes one account only."""

    def __init__(self, store: Store, clock: Clock, kind: Kind) -> None:
        self._store = store
        self._clock = clock
        self.kind = kind
        self.groups = Groups(store, clock, kind)

    async def add(
        self, account_id: str, items: Sequence[NewMember], author: Author, *, narrow: bool = False
    ) -> list[Outcome]:
        """Added or Duplicate for each, judged in order against what is stored and what earlier items added.

        narrow  ids and names must be made of few characters, see `text_fault`; only what is to be stored is checked
        errors  Unstorable, and nothing of the call is written
        """
        async with writing(self._store, self._clock, account_id, author) as work:
            return await add_members(work, self.kind, items, narrow=narrow)

    async def rename(
        self, account_id: str, items: Sequence[NewMember], author: Author, *, narrow: bool = False
    ) -> list[Outcome]:
        """Kept, Unknown, Duplicate(name) or Repeated for each, judged on the end state of the whole call.

        Of items with one id the last name counts, and the first carries the verdict.
        errors  Unstorable, and nothing of the call is written
        """
        async with writing(self._store, self._clock, account_id, author) as work:
            return await _rename(work, self.kind, items, narrow=narrow)

    async def delete(self, account_id: str, text: str, author: Author) -> Member:
        """Delete the one member with this external id, or with this system id in plain digits.

        A vehicle's device leaves it and stays in the account.
        errors  NotFound; Ambiguous when two members fit
        """
        async with writing(self._store, self._clock, account_id, author) as work:
            found = await _by_either_id(work, self.kind, text)
            await remove_members(work, self.kind, [found])
            return found

    async def restore(self, account_id: str, member_id: int, author: Author) -> Member:
        """Bring a deleted member back, into its groups that still exist; a vehicle's device too if it is free.

        errors  NotFound, also after RESTORABLE_MS; Conflict `id` or `name` when somebody took it
        """
        async with writing(self._store, self._clock, account_id, author) as work:
            return await _restore(work, self.kind, member_id)

    async def deleted(self, account_id: str) -> list[tuple[Member, int]]:
        """(member, deleted_at_ms) of all that can be restored, latest first."""
        async with self._store.read() as tx:
            book = await tx.registry.book(account_id)
            since_ms = self._clock.now_ms() - RESTORABLE_MS
            return await tx.registry.deleted_members(book, self.kind, since_ms) if book else []

    async def page(
        self, account_id: str, *, sort: Sort = Sort.NAME, descending: bool = False, offset: int = 0, limit: int = 20
    ) -> Page:
        """`limit` members after `offset` others; ties of a key are ordered by system id."""
        async with self._store.read() as tx:
            tables, book = tx.registry, await tx.registry.book(account_id)
            if book is None:
                return Page(0, 0, (), {})
            if offset >= book.size(self.kind):
                return Page(book.version, book.size(self.kind), (), {})
            ids = await _page_ids(tables, book, self.kind, sort, descending, offset, limit)
            found = {m.member_id: m for m in await tables.members_by_ids(book, self.kind, ids)}
            groups = await tables.groups_of_members(book, ids)
            return Page(book.version, book.size(self.kind), tuple(found[i] for i in ids), groups)

    async def following(
        self, account_id: str, *, sort: Sort = Sort.NAME, after: tuple[str, int] | None = None, limit: int = 100
    ) -> tuple[Page, tuple[str, int] | None]:
        """The members after a place of the order, and the place to go on from, None at the end.

        The cost is the same at every depth, and members that come or go elsewhere move nothing.
        """
        async with self._store.read() as tx:
            book = await tx.registry.book(account_id)
            if book is None:
                return Page(0, 0, (), {}), None
            places = await tx.registry.ids_after(account_id, self.kind, sort, after, limit + 1)
            ids = [member_id for _, member_id in places[:limit]]
            found = {m.member_id: m for m in await tx.registry.members_by_ids(book, self.kind, ids)}
            groups = await tx.registry.groups_of_members(book, ids)
        page = Page(book.version, book.size(self.kind), tuple(found[i] for i in ids), groups)
        return page, (places[limit - 1] if len(places) > limit else None)

    async def one(self, account_id: str, member_id: int) -> Member:
        """errors: NotFound"""
        async with self._store.read() as tx:
            book = await tx.registry.book(account_id)
            found = await tx.registry.members_by_ids(book, self.kind, [member_id]) if book else []
        if not found:
            raise NotFound(self.kind.value, member_id)
        return found[0]

    async def describe(
        self,
        account_id: str,
        member_id: int,
        author: Author,
        *,
        type: str | None = None,  # the fact's own name
        description: str | None = None,
        portrait: str | None = None,
    ) -> Member:
        """Set a vehicle's further facts; None leaves one as it is, an empty portrait takes it away.

        errors  NotFound; Invalid
        """
        if type is not None and type.upper() not in VEHICLE_TYPES:
            raise Invalid("type", f"must be one of {', '.join(VEHICLE_TYPES)}", type)
        if description and (len(description) > 1000 or not findable(description)):
            raise Invalid("description", "must be text of at most 1000 characters")
        async with writing(self._store, self._clock, account_id, author) as work:
            found = await work.tables.members_by_ids(work.book, Kind.VEHICLE, [member_id])
            if not found or self.kind is not Kind.VEHICLE:
                raise NotFound(self.kind.value, member_id)
            before = found[0]
            after = replace(
                before,
                type=before.type if type is None else type.upper(),
                description=before.description if description is None else description,
                portrait=before.portrait if portrait is None else portrait or None,
            )
            if after == before:
                return before
            at_ms = work.after(before.modified_at_ms)
            row = (member_id, after.type, after.description, after.portrait)
            await work.tables.set_vehicle_facts(work.book, [row], at_ms)
            work.note("vehicle", member_id, "changed", **changed_facts(before, after))
            return replace(after, modified_at_ms=at_ms)


async def _page_ids(
    tables: RegistryTables, book: Book, kind: Kind, sort: Sort, descending: bool, offset: int, limit: int
) -> list[int]:
    """The ids of a page, skipping from the nearer end of the list; `offset` lies before the end."""
    account_id, size = book.account_id, book.size(kind)
    behind = max(0, size - offset - limit)
    if offset <= behind:
        return await tables.page_ids(account_id, kind, sort, descending=descending, offset=offset, limit=limit)
    limit = min(limit, size - offset)
    ids = await tables.page_ids(account_id, kind, sort, descending=not descending, offset=behind, limit=limit)
    return ids[::-1]


async def add_members(
    work: Writing, kind: Kind, items: Sequence[NewMember], *, narrow: bool, groups: Sequence[Sequence[int]] = ()
) -> list[Outcome]:
    """See `Members.add`; `groups`, when given, are those that each item joins at once."""
    keys = [(key(item.external_id), key(item.name)) for item in items]
    taken_ids, taken_names = await work.tables.clashes(
        work.book, kind, [i for i, _ in keys if findable(i)], [n for _, n in keys if findable(n)]
    )
    outcomes: list[Outcome] = []
    adding: list[int] = []
    for place, (item, (id_key, name_key)) in enumerate(zip(items, keys, strict=True)):
        if id_key in taken_ids:
            outcomes.append(Duplicate("id"))
        elif name_key in taken_names:
            outcomes.append(Duplicate("name"))
        else:
            check_member(place, item.external_id, item.name, narrow=narrow)
            outcomes.append(Added())
            adding.append(place)
            taken_ids.add(id_key)
            if work.book.unique_names:
                taken_names.add(name_key)
    if not adding:
        return outcomes
    first = await work.tables.lock_counter("registry")
    await work.tables.advance_counter("registry", first + len(adding))
    made = [
        Member(first + order, items[place].external_id, items[place].name, work.at_ms)
        for order, place in enumerate(adding)
    ]
    await work.tables.insert_members(work.book, kind, made, work.at_ms)
    work.grow(kind, members=len(made))
    for place, member in zip(adding, made, strict=True):
        outcomes[place] = Added(member)
        work.note(kind.value, member.member_id, "added", external_id=member.external_id, name=member.name)
    if groups:
        await _join_groups(work, kind, made, [groups[place] for place in adding])
    return outcomes


async def _join_groups(work: Writing, kind: Kind, members: Sequence[Member], groups: Sequence[Sequence[int]]) -> None:
    pairs = [
        (group_id, member.member_id)
        for member, joined in zip(members, groups, strict=True) for group_id in joined
    ]  # fmt: skip
    if pairs:
        await work.tables.join(work.book, pairs)
    for group_id, member_id in pairs:
        work.note(kind.value, member_id, "joined", group_id=group_id)


def check_member(place: int, external_id: str, name: str, *, narrow: bool) -> None:
    """errors: Unstorable"""
    for field, text in (("id", external_id), ("name", name)):
        if fault := text_fault(text, narrow=narrow):
            raise Unstorable(place, field, fault)


async def _rename(work: Writing, kind: Kind, items: Sequence[NewMember], *, narrow: bool) -> list[Outcome]:
    last: dict[str, int] = {key(item.external_id): place for place, item in enumerate(items)}
    holders = await work.tables.holders_of_id_keys(work.book, kind, [text for text in last if findable(text)])
    # the scope may be wider than the account: a sister's member is as unknown as one that does not exist
    found = {text: member for text, account_id, member in holders if account_id == work.book.account_id}
    asked = {found[text]: place for text, place in last.items() if text in found}
    for member, place in asked.items():
        if items[place].name != member.name and (fault := text_fault(items[place].name, narrow=narrow)):
            raise Unstorable(place, "name", fault)
    refused = await refused_names(work, kind, {member: items[place].name for member, place in asked.items()})
    changed = {
        member.member_id: replace(member, name=items[place].name)
        for member, place in asked.items()
        if member.member_id not in refused and items[place].name != member.name
    }
    if changed:
        at_ms = work.after(*(member.modified_at_ms for member in changed.values()))
        changed = {number: replace(member, modified_at_ms=at_ms) for number, member in changed.items()}
        await work.tables.rename_members(work.book, kind, list(changed.values()))
        for member in asked:
            if member.member_id in changed:
                name = changed[member.member_id].name
                work.note(kind.value, member.member_id, "changed", name=[member.name, name])
    outcomes: list[Outcome] = []
    seen: set[str] = set()
    for item in items:
        text = key(item.external_id)
        outcomes.append(Repeated() if text in seen else _verdict(found.get(text), changed, refused))
        seen.add(text)
    return outcomes


def _verdict(member: Member | None, changed: Mapping[int, Member], refused: set[int]) -> Outcome:
    if member is None:
        return Unknown()
    if member.member_id in refused:
        return Duplicate("name")
    return Kept(changed.get(member.member_id, member), member.member_id in changed)


async def refused_names(
    work: Writing, kind: Kind, names: Mapping[Member, str], *, gone: Sequence[Member] = ()
) -> set[int]:
    """Which of these members may not have the name they are to get, see `settle_names`.

    names  member -> new name, in the order of the call
    gone   members that this call removes, whose names are free
    """
    if not work.book.unique_names:
        return set()
    wanted = {m.member_id: key(name) for m, name in names.items() if key(name) != key(m.name)}
    texts = [text for text in dict.fromkeys(wanted.values()) if findable(text)]
    leaving = {member.member_id for member in gone}
    holders = await work.tables.holders_of_name_keys(work.book, kind, texts)
    present = {member.member_id: text for text, member in holders if member.member_id not in leaving}
    present |= {member.member_id: key(member.name) for member in names}
    return settle_names(wanted, present)


async def _by_either_id(work: Writing, kind: Kind, text: str) -> Member:
    """See `Members.delete`."""
    id_key = key(text)
    holders = await work.tables.holders_of_id_keys(work.book, kind, [id_key]) if findable(id_key) else []
    found = [member for _, account_id, member in holders if account_id == work.book.account_id]
    if text.isascii() and text.isdigit() and not text.startswith("0") and len(text) <= 10 and int(text) <= LARGEST_ID:
        numbered = await work.tables.members_by_ids(work.book, kind, [int(text)])
        found += [member for member in numbered if member not in found]
    if not found:
        raise NotFound(kind.value, text)
    if len(found) > 1:
        raise Ambiguous(kind, text)
    return found[0]


async def remove_members(work: Writing, kind: Kind, members: Sequence[Member]) -> None:
    """Delete members of the account, in a constant number of statements."""
    ids = [member.member_id for member in members]
    groups = await work.tables.groups_of_members(work.book, ids)
    carried: dict[int, int] = {}
    if kind is Kind.VEHICLE:
        carried = await work.tables.devices_in_vehicles(work.book.account_id, ids)
    if carried:
        await work.tables.end_fittings(list(carried.values()), work.at_ms)
        await work.tables.set_vehicle_of_devices(work.book, [(device_id, None) for device_id in carried.values()])
        for vehicle_id, device_id in carried.items():
            work.note("device", device_id, "unfitted", vehicle_id=vehicle_id)
    rows = [(i, [group_id for group_id, _ in groups.get(i, [])], carried.get(i)) for i in ids]
    await work.tables.delete_members(work.book, kind, rows, work.at_ms)
    work.grow(kind, members=-len(members))
    for member in members:
        work.note(kind.value, member.member_id, "deleted", external_id=member.external_id, name=member.name)


async def _restore(work: Writing, kind: Kind, member_id: int) -> Member:
    stored = await work.tables.deleted_member(work.book, kind, member_id)
    if stored is None or stored[1] < work.at_ms - RESTORABLE_MS:
        raise NotFound(kind.value, member_id)
    member, _, groups, device_id = stored
    ids, names = await work.tables.clashes(work.book, kind, [key(member.external_id)], [key(member.name)])
    if ids:
        raise Conflict(kind.value, "id", member.external_id)
    if names:
        raise Conflict(kind.value, "name", member.name)
    member = replace(member, modified_at_ms=work.after(member.modified_at_ms))
    await work.tables.restore_member(work.book, kind, member)
    work.grow(kind, members=1)
    work.note(kind.value, member_id, "restored", external_id=member.external_id, name=member.name)
    present = {group.group_id for group in await work.tables.all_groups(work.book.account_id, kind)}
    await work.tables.join(work.book, [(group_id, member_id) for group_id in groups if group_id in present])
    if device_id is not None:
        row = await work.tables.device_row(work.book.account_id, device_id)
        if row is not None and row[2] is None:
            await refit(work, device_id, None, member_id)
    return member
