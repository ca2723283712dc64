"""Adding vehicles or drivers in bulk: one verdict per item, one transaction, a constant number of statements."""

from collections.abc import Sequence
from typing import Final, Protocol

from fleetline.core.fleet_writing import Answered, Change, as_json, changing, unstorable
from fleetline.core.verdicts import Done, Verdict
from fleetline.core.workspace import Workspace
from fleetline.model.registry import GROUPS_PER_MEMBER, VEHICLE_TYPES, Kind, findable, key

LONGEST_DESCRIPTION: Final = 1000
_TYPES: Final = frozenset(VEHICLE_TYPES)

NewRow = tuple[int, str, str, str, str, str, str]
"""(id, external id, its key, name, its key, type, description)."""


class NewItem(Protocol):
    """A vehicle or driver as a caller asks for it; a driver has neither type nor description."""

    @property
    def external_id(self) -> str: ...

    @property
    def name(self) -> str: ...

    @property
    def group_ids(self) -> Sequence[int]: ...


async def add_members(workspace: Workspace, kind: Kind, items: Sequence[NewItem], *, atomic: bool = False) -> Done:
    """`added`, `duplicate` or `refused` for each, judged in order against what is stored and what earlier items add.

    errors  as `changing`
    """
    answered = Answered()
    async with changing(workspace, len(items), answered, atomic=atomic) as change:
        await _add(change, kind, items)
    return answered.done


async def _add(change: Change, kind: Kind, items: Sequence[NewItem]) -> None:
    work, verdicts = change.work, change.verdicts
    keys = [(key(item.external_id), key(item.name)) for item in items]
    taken_ids, taken_names = await work.tables.clashes(
        work.book, kind, [i for i, _ in keys if findable(i)], [n for _, n in keys if findable(n)]
    )
    known = await _known_groups(change, kind, items)
    adding: list[int] = []
    unique_names = work.book.unique_names
    for place, (item, (id_key, name_key)) in enumerate(zip(items, keys, strict=True)):
        refusal = _refusal(item, kind, known)
        if refusal is None and id_key in taken_ids:
            refusal = Verdict("duplicate", field="external_id", reason="is in use already")
        if refusal is None and name_key in taken_names:
            refusal = Verdict("duplicate", field="name", reason="is in use already")
        if refusal is not None:
            verdicts[place] = refusal
            continue
        adding.append(place)
        taken_ids.add(id_key)
        if unique_names:
            taken_names.add(name_key)
    if adding:
        await _write(change, kind, items, keys, adding)


async def _known_groups(change: Change, kind: Kind, items: Sequence[NewItem]) -> frozenset[int]:
    """Ids of the account's groups, when any item names one."""
    if not any(item.group_ids for item in items):
        return frozenset()
    groups = await change.work.tables.all_groups(change.work.book.account_id, kind)
    return frozenset(group.group_id for group in groups)


def _refusal(item: NewItem, kind: Kind, known: frozenset[int]) -> Verdict | None:
    refusal = unstorable("external_id", item.external_id) or unstorable("name", item.name)
    if refusal is None and kind is Kind.VEHICLE:
        refusal = bad_facts(item.type, item.description)  # type: ignore[attr-defined]  # vehicles have them
    if refusal is None and item.group_ids:
        refusal = bad_groups(item.group_ids, known)
    return refusal


def bad_facts(type: str, description: str) -> Verdict | None:
    """The refusal of a vehicle's further facts; None when they may be stored."""
    if type not in _TYPES and type.upper() not in _TYPES:
        return Verdict("refused", field="type", reason=f"must be one of {', '.join(VEHICLE_TYPES)}")
    if description and (len(description) > LONGEST_DESCRIPTION or not findable(description)):
        return Verdict(
            "refused", field="description", reason=f"must be text of at most {LONGEST_DESCRIPTION} characters"
        )
    return None


def bad_groups(group_ids: Sequence[int], known: frozenset[int]) -> Verdict | None:
    """The refusal of a list of groups to be in; None when the thing may be in all of them."""
    if len(set(group_ids)) > GROUPS_PER_MEMBER:
        return Verdict("refused", field="group_ids", reason=f"must be at most {GROUPS_PER_MEMBER} groups")
    unknown = next((group_id for group_id in group_ids if group_id not in known), None)
    if unknown is not None:
        return Verdict("refused", field="group_ids", reason=f"there is no group {unknown}")
    return None


async def _write(
    change: Change, kind: Kind, items: Sequence[NewItem], keys: Sequence[tuple[str, str]], adding: Sequence[int]
) -> None:
    work = change.work
    first = await work.tables.lock_counter("registry")
    await work.tables.advance_counter("registry", first + len(adding))
    rows: list[NewRow] = []
    log: list[tuple[int, str]] = []
    joined: list[tuple[int, str]] = []
    pairs: list[tuple[int, int]] = []
    revision, vehicles = work.book.version, kind is Kind.VEHICLE
    for number, place in enumerate(adding, first):
        item, (id_key, name_key) = items[place], keys[place]
        facts = (item.type.upper(), item.description) if vehicles else ("", "")  # type: ignore[attr-defined]  # as above
        rows.append((number, item.external_id, id_key, item.name, name_key, *facts))
        log.append((number, as_json(external_id=item.external_id, name=item.name)))
        for group_id in dict.fromkeys(item.group_ids) if item.group_ids else ():
            pairs.append((group_id, number))
            joined.append((number, as_json(group_id=group_id)))
        change.verdicts[place] = Verdict("added", number, revision)
    own = change.tx.own
    await own.insert_many(work.book, kind, rows, work.at_ms)
    work.grow(kind, members=len(rows))
    await work.tables.save_book(work.book)
    await own.log_many(work.book, work.at_ms, work.author, kind.value, "added", log, 1)
    if pairs:
        await work.tables.join(work.book, pairs)
        await own.log_many(work.book, work.at_ms, work.author, kind.value, "joined", joined, 1 + len(log))
    change.logged = True
