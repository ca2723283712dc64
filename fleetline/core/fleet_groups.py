"""Groups in bulk, with their hierarchy, and who is in them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from fleetline.core.fleet_writing import REPEATED, Answered, Change, changing, judge_named, repeated, text_words
from fleetline.core.registry_groups import deleted_facts
from fleetline.core.verdicts import Done, Verdict
from fleetline.core.workspace import Workspace
from fleetline.model.errors import NotFound
from fleetline.model.registry import (
    GROUPS_PER_ACCOUNT,
    GROUPS_PER_MEMBER,
    Group,
    Kind,
    key,
    settle_names,
    text_fault,
)

KEPT: Final = "kept"
"""Stands for a parent that stays as it is, where None means the top."""


@dataclass(frozen=True, slots=True)
class GroupChange:
    """What one group is to become; a name of None and a parent of KEPT stay as they are."""

    group_id: int
    revision: int | None = None
    name: str | None = None
    parent_id: int | str | None = KEPT


def _bad_name(name: str) -> Verdict | None:
    fault = text_fault(name, bar=False)
    return None if fault is None else Verdict("refused", field="name", reason=text_words(fault))


async def add_groups(
    workspace: Workspace, kind: Kind, items: Sequence[tuple[str, int | None]], *, atomic: bool = False
) -> Done:
    """`added`, `duplicate` or `refused` for each, judged in order.

    items   (name, parent or None), a parent that is there already
    errors  as `changing`
    """
    answered = Answered()
    async with changing(workspace, len(items), answered, atomic=atomic) as change:
        work = change.work
        groups = await work.tables.all_groups(work.book.account_id, kind)
        taken, known = {key(group.name) for group in groups}, {group.group_id for group in groups}
        adding: list[int] = []
        for place, (name, parent_id) in enumerate(items):
            refusal = _bad_name(name)
            if refusal is None and key(name) in taken:
                refusal = Verdict("duplicate", field="name", reason="is in use already")
            if refusal is None and parent_id is not None and parent_id not in known:
                refusal = Verdict("refused", field="parent_id", reason=f"there is no group {parent_id}")
            if refusal is None and len(groups) + len(adding) >= GROUPS_PER_ACCOUNT:
                refusal = Verdict("refused", reason=f"an account has at most {GROUPS_PER_ACCOUNT} groups")
            if refusal is not None:
                change.verdicts[place] = refusal
                continue
            taken.add(key(name))
            adding.append(place)
        if adding:
            await _insert(change, kind, [items[place] for place in adding], adding)
    return answered.done


async def _insert(change: Change, kind: Kind, items: Sequence[tuple[str, int | None]], places: Sequence[int]) -> None:
    work = change.work
    first = await work.tables.lock_counter("registry")
    await work.tables.advance_counter("registry", first + len(items))
    made = [Group(first + order, name, work.at_ms, parent) for order, (name, parent) in enumerate(items)]
    await work.tables.insert_groups(work.book, kind, made)
    work.grow(kind, groups=len(made))
    for place, group in zip(places, made, strict=True):
        detail: dict[str, object] = {"name": group.name}
        if group.parent_id is not None:
            detail["parent_id"] = group.parent_id
        work.note(f"{kind.value}_group", group.group_id, "added", **detail)
        change.verdicts[place] = Verdict("added", group.group_id, work.book.version)


async def change_groups(
    workspace: Workspace, kind: Kind, items: Sequence[GroupChange], *, atomic: bool = False
) -> Done:
    """`changed`, `unchanged`, `duplicate`, `unknown`, `stale` or `refused` for each, judged on the end state.

    errors  as `changing`
    """
    answered = Answered()
    async with changing(workspace, len(items), answered, atomic=atomic) as change:
        await change_groups_in(change, kind, items)
    return answered.done


async def change_groups_in(change: Change, kind: Kind, items: Sequence[GroupChange]) -> None:
    """See `change_groups`; fills in the verdicts."""
    work = change.work
    revisions = await change.tx.own.group_revisions(work.book, kind, [item.group_id for item in items])
    places = judge_named(change.verdicts, [(item.group_id, item.revision) for item in items], revisions)
    groups = {g.group_id: g for g in await work.tables.all_groups(work.book.account_id, kind)}
    wanted = _wanted(change, items, places, groups)
    await _update(change, kind, wanted, groups)


def _wanted(
    change: Change, items: Sequence[GroupChange], places: Sequence[int], groups: Mapping[int, Group]
) -> dict[int, Group]:
    """place -> the group as it is to be, without those that names, parents or the tree stand against."""
    wanted: dict[int, Group] = {}
    for place in places:
        item, before = items[place], groups[items[place].group_id]
        name = before.name if item.name is None else item.name
        parent = before.parent_id if isinstance(item.parent_id, str) else item.parent_id
        refusal = None if item.name is None else _bad_name(name)
        if refusal is None and parent is not None and parent not in groups:
            refusal = Verdict("refused", field="parent_id", reason=f"there is no group {parent}")
        if refusal is not None:
            _refuse(change, place, item.group_id, refusal)
            continue
        wanted[place] = replace(before, name=name, parent_id=parent)
    while refused := _doubled(wanted, groups) or _circular(wanted, groups):
        for place, refusal in refused.items():
            _refuse(change, place, wanted.pop(place).group_id, refusal)
    return wanted


def _refuse(change: Change, place: int, group_id: int, refusal: Verdict) -> None:
    known = change.verdicts[place].revision
    change.verdicts[place] = Verdict(refusal.outcome, group_id, known, refusal.field, refusal.reason)


def _doubled(wanted: Mapping[int, Group], groups: Mapping[int, Group]) -> dict[int, Verdict]:
    names = {g.group_id: key(g.name) for g in wanted.values() if key(g.name) != key(groups[g.group_id].name)}
    refused = settle_names(names, {number: key(group.name) for number, group in groups.items()})
    duplicate = Verdict("duplicate", field="name", reason="is in use already")
    return {place: duplicate for place, group in wanted.items() if group.group_id in refused}


def _circular(wanted: Mapping[int, Group], groups: Mapping[int, Group]) -> dict[int, Verdict]:
    """The last of the items that would make some group lie under itself."""
    parents = {number: group.parent_id for number, group in groups.items()}
    parents |= {group.group_id: group.parent_id for group in wanted.values()}
    for place, group in reversed(list(wanted.items())):
        seen, above = {group.group_id}, group.parent_id
        while above is not None and above not in seen:
            seen.add(above)
            above = parents[above]
        if above is not None and group.parent_id != groups[group.group_id].parent_id:
            return {place: Verdict("refused", field="parent_id", reason="lies under the group itself")}
    return {}


async def _update(change: Change, kind: Kind, wanted: Mapping[int, Group], groups: Mapping[int, Group]) -> None:
    work = change.work
    changed = {place: group for place, group in wanted.items() if group != groups[group.group_id]}
    if not changed:
        return
    at_ms = work.after(*(group.modified_at_ms for group in changed.values()))
    await change.tx.own.update_groups(work.book, [replace(g, modified_at_ms=at_ms) for g in changed.values()])
    for place, group in changed.items():
        before = groups[group.group_id]
        detail: dict[str, object] = {
            name: [getattr(before, name), getattr(group, name)]
            for name in ("name", "parent_id")
            if getattr(before, name) != getattr(group, name)
        }
        work.note(f"{kind.value}_group", group.group_id, "changed", **detail)
        change.verdicts[place] = Verdict("changed", group.group_id, work.book.version)


async def delete_groups(
    workspace: Workspace, kind: Kind, named: Sequence[tuple[int, int | None]], *, atomic: bool = False
) -> Done:
    """`deleted`, `unknown`, `stale` or `refused` for each; members stay, groups below come to the top.

    named   (id, revision or None)
    errors  as `changing`
    """
    answered = Answered()
    async with changing(workspace, len(named), answered, atomic=atomic) as change:
        await delete_groups_in(change, kind, named)
    return answered.done


async def delete_groups_in(change: Change, kind: Kind, named: Sequence[tuple[int, int | None]]) -> None:
    """See `delete_groups`; fills in the verdicts."""
    work = change.work
    revisions = await change.tx.own.group_revisions(work.book, kind, [number for number, _ in named])
    places = judge_named(change.verdicts, named, revisions)
    if not places:
        return
    groups = {g.group_id: g for g in await work.tables.all_groups(work.book.account_id, kind)}
    gone = [named[place][0] for place in places]
    for group_id, member_id in await change.tx.own.delete_groups(work.book, gone):
        work.note(kind.value, member_id, "left", group_id=group_id)
    work.grow(kind, groups=-len(gone))
    for place in places:
        group_id = named[place][0]
        work.note(f"{kind.value}_group", group_id, "deleted", **deleted_facts(groups[group_id], groups.values()))
        change.verdicts[place] = Verdict("deleted", group_id, work.book.version)


async def assign(
    workspace: Workspace, kind: Kind, group_id: int, ids: Sequence[int], *, joins: bool, atomic: bool = False
) -> Done:
    """`joined` or `left`, `unchanged`, `unknown` or `refused` for each member. errors: as `changing`; NotFound group"""
    answered = Answered()
    async with changing(workspace, len(ids), answered, atomic=atomic) as change:
        work = change.work
        if await work.tables.group(work.book, kind, group_id) is None:
            raise NotFound(f"{kind.value}_group", group_id)
        there, inside = await change.tx.own.members_in(work.book, group_id, kind, ids)
        counts = await work.tables.group_counts(work.book, list(there)) if joins else {}
        doubled, moved = repeated(ids), list[int]()
        for place, number in enumerate(ids):
            verdict = Verdict("unchanged", number)
            if place in doubled:
                verdict = Verdict("refused", number, field="id", reason=REPEATED)
            elif number not in there:
                verdict = Verdict("unknown", number, field="id", reason="does not exist")
            elif joins and number not in inside and counts.get(number, 0) >= GROUPS_PER_MEMBER:
                verdict = Verdict("refused", number, field="id", reason=f"is in {GROUPS_PER_MEMBER} groups already")
            elif joins != (number in inside):
                verdict = Verdict("joined" if joins else "left", number, work.book.version)
                moved.append(number)
            change.verdicts[place] = verdict
        if moved:
            pairs = [(group_id, number) for number in moved]
            await (work.tables.join(work.book, pairs) if joins else work.tables.leave(work.book, pairs))
            for number in moved:
                work.note(kind.value, number, "joined" if joins else "left", group_id=group_id)
    return answered.done
