"""Changing vehicles or drivers in bulk: facts, ids, names and groups, judged on the end state of the whole call."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from fleetline.core.fleet_add import bad_facts, bad_groups
from fleetline.core.fleet_writing import Answered, Change, changing, judge_named, unstorable
from fleetline.core.registry_members import refused_names
from fleetline.core.verdicts import Done, Verdict
from fleetline.core.workspace import Workspace
from fleetline.model.registry import Kind, Member, changed_facts, findable, key, settle_names


@dataclass(frozen=True, slots=True)
class MemberChange:
    """What one vehicle or driver is to become; None leaves a fact as it is, `group_ids` replaces all groups."""

    member_id: int
    revision: int | None = None
    external_id: str | None = None
    name: str | None = None
    type: str | None = None
    description: str | None = None
    group_ids: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True)
class _Plan:
    """One item that may go ahead: the thing as it is and as it is to be, and the groups it is in and is to be in."""

    place: int
    before: Member
    after: Member
    leaving: tuple[int, ...]
    joining: tuple[int, ...]

    @property
    def changes(self) -> bool:
        return self.before != self.after or bool(self.leaving or self.joining)


async def change_members(
    workspace: Workspace, kind: Kind, items: Sequence[MemberChange], *, atomic: bool = False
) -> Done:
    """`changed`, `unchanged`, `duplicate`, `unknown`, `stale` or `refused` for each, done whole or not at all.

    Things may swap names or external ids among each other. errors: as `changing`
    """
    answered = Answered()
    async with changing(workspace, len(items), answered, atomic=atomic) as change:
        await change_in(change, kind, items)
    return answered.done


async def change_in(change: Change, kind: Kind, items: Sequence[MemberChange]) -> None:
    """See `change_members`; fills in the verdicts."""
    work, verdicts = change.work, change.verdicts
    ids = [item.member_id for item in items]
    revisions = await change.tx.own.member_revisions(work.book, kind, ids)
    places = judge_named(verdicts, [(item.member_id, item.revision) for item in items], revisions)
    found = {m.member_id: m for m in await work.tables.members_by_ids(work.book, kind, list(revisions))}
    groups, known = await _groups(change, kind, items)
    plans: list[_Plan] = []
    for place in places:
        item = items[place]
        refusal = _refusal(item, kind, known)
        if refusal is not None:
            verdicts[place] = replace_id(refusal, item.member_id, verdicts[place].revision)
            continue
        before = found[item.member_id]
        wanted = before_groups = set(groups.get(item.member_id, ()))
        if item.group_ids is not None:
            wanted = set(item.group_ids)
        plans.append(
            _Plan(place, before, _after(item, before), tuple(sorted(before_groups - wanted)),
                  tuple(sorted(wanted - before_groups)))
        )  # fmt: skip
    await _apply(change, kind, await _settled(change, kind, plans))


def replace_id(verdict: Verdict, number: int, revision: int) -> Verdict:
    """The verdict with the thing it is about."""
    return Verdict(verdict.outcome, number, revision, verdict.field, verdict.reason)


async def _groups(
    change: Change, kind: Kind, items: Sequence[MemberChange]
) -> tuple[Mapping[int, list[int]], frozenset[int]]:
    """(groups of each thing whose groups are to change, ids of all groups there are)."""
    work = change.work
    asked = [item.member_id for item in items if item.group_ids is not None]
    if not asked:
        return {}, frozenset()
    present = await work.tables.groups_of_members(work.book, asked)
    all_groups = await work.tables.all_groups(work.book.account_id, kind)
    return (
        {member: [group_id for group_id, _ in pairs] for member, pairs in present.items()},
        frozenset(group.group_id for group in all_groups),
    )


def _refusal(item: MemberChange, kind: Kind, known: frozenset[int]) -> Verdict | None:
    for field, text in (("external_id", item.external_id), ("name", item.name)):
        if text is not None and (refusal := unstorable(field, text)):
            return refusal
    if kind is Kind.VEHICLE and (refusal := bad_facts(item.type or "CAR", item.description or "")):
        return refusal
    if item.type == "":
        return bad_facts("", "")
    return bad_groups(item.group_ids, known) if item.group_ids else None


def _after(item: MemberChange, before: Member) -> Member:
    return replace(
        before,
        external_id=before.external_id if item.external_id is None else item.external_id,
        name=before.name if item.name is None else item.name,
        type=before.type if item.type is None else item.type.upper(),
        description=before.description if item.description is None else item.description,
    )


async def _settled(change: Change, kind: Kind, plans: list[_Plan]) -> list[_Plan]:
    """Those of the plans that no name and no external id stands against; a plan that falls may make others fall."""
    work = change.work
    while True:
        names = {plan.before: plan.after.name for plan in plans}
        refused = dict.fromkeys(await refused_names(work, kind, names), "name")
        refused |= dict.fromkeys(await _refused_ids(change, kind, plans), "external_id")
        if not refused:
            return plans
        for plan in plans:
            if field := refused.get(plan.before.member_id):
                known = change.verdicts[plan.place].revision
                change.verdicts[plan.place] = Verdict(
                    "duplicate", plan.before.member_id, known, field, "is in use already"
                )
        plans = [plan for plan in plans if plan.before.member_id not in refused]


async def _refused_ids(change: Change, kind: Kind, plans: Sequence[_Plan]) -> set[int]:
    moved = {p.before.member_id: key(p.after.external_id) for p in plans}
    wanted = {
        p.before.member_id: moved[p.before.member_id] for p in plans
        if moved[p.before.member_id] != key(p.before.external_id)
    }  # fmt: skip
    if not wanted:
        return set()
    texts = [text for text in dict.fromkeys(wanted.values()) if findable(text)]
    holders = await change.work.tables.holders_of_id_keys(change.work.book, kind, texts)
    # ids are numbers of one sequence, so a sister account's holder is simply one that does not move
    present = {member.member_id: text for text, _, member in holders}
    present |= {p.before.member_id: key(p.before.external_id) for p in plans}
    return settle_names(wanted, present)


async def _apply(change: Change, kind: Kind, plans: Sequence[_Plan]) -> None:
    work, tables = change.work, change.work.tables
    plans = [plan for plan in plans if plan.changes]
    if not plans:
        return
    facts = [plan for plan in plans if plan.before != plan.after]
    at_ms = work.after(*(plan.before.modified_at_ms for plan in facts), 0)
    made = {plan.place: replace(plan.after, modified_at_ms=at_ms) for plan in facts}
    if renamed := [made[p.place] for p in facts if p.before.name != p.after.name]:
        await tables.rename_members(work.book, kind, renamed)
    if moved := [made[p.place] for p in facts if p.before.external_id != p.after.external_id]:
        await change.tx.own.set_external_ids(work.book, kind, moved)
    described = [
        made[p.place] for p in facts if (p.before.type, p.before.description) != (p.after.type, p.after.description)
    ]
    if described:
        rows = [(m.member_id, m.type, m.description, m.portrait) for m in described]
        await tables.set_vehicle_facts(work.book, rows, at_ms)
    if leaving := [(group_id, p.before.member_id) for p in plans for group_id in p.leaving]:
        await tables.leave(work.book, leaving)
    if joining := [(group_id, p.before.member_id) for p in plans for group_id in p.joining]:
        await tables.join(work.book, joining)
    for plan in plans:
        _note(change, kind, plan)


def _note(change: Change, kind: Kind, plan: _Plan) -> None:
    work, number = change.work, plan.before.member_id
    detail = changed_facts(plan.before, plan.after)
    if plan.before.external_id != plan.after.external_id:
        detail["external_id"] = [plan.before.external_id, plan.after.external_id]
    if detail:
        work.note(kind.value, number, "changed", **detail)
    for group_id in plan.leaving:
        work.note(kind.value, number, "left", group_id=group_id)
    for group_id in plan.joining:
        work.note(kind.value, number, "joined", group_id=group_id)
    change.verdicts[plan.place] = Verdict("changed", number, work.book.version)
