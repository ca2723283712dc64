"""What each row of a list means for what is stored, judged on the end state of the whole list and without writing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from fleetline.model.registry import (
    GROUPS_PER_MEMBER,
    Group,
    Kind,
    Member,
    TextFault,
    each_once,
    key,
    settle_names,
    text_fault,
)

_FAULTS: Final = {"blank": "is blank", "long": "is longer than 255 characters"}


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a list.

    number  its line, for the report
    name    empty: an existing member keeps its name, a new one takes its id
    groups  None: memberships stay as they are
    """

    number: int
    external_id: str
    name: str = ""
    groups: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Options:
    """How a list is applied.

    add_groups    groups of a row are added to those the member has, instead of replacing them
    strict        nothing is applied when a row is refused
    sync          members that the list does not name are removed; always strict
    max_removals  None: the larger of 10 and 5 % of the account
    """

    add_groups: bool = False
    strict: bool = False
    sync: bool = False
    max_removals: int | None = None
    remove_fitted: bool = False


@dataclass(frozen=True, slots=True)
class Stored:
    """What is stored and bears on a list.

    own          key of external id -> member of the account; foreign: keys that other accounts of the scope hold
    unnamed      members that the list does not name, when it is to be synchronous; else empty
    names        (name key, member_id) of every holder of a name that a row asks for
    memberships  member_id -> (group_id, name)
    fitted       ids of unnamed members that carry a device
    """

    unique_names: bool
    size: int
    own: Mapping[str, Member]
    foreign: frozenset[str]
    unnamed: tuple[Member, ...]
    names: tuple[tuple[str, int], ...]
    groups: Mapping[str, Group]
    memberships: Mapping[int, list[tuple[int, str]]]
    fitted: frozenset[int]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of a row: `added`, `changed`, `unchanged`, `superseded`, `refused`, or of a member: `removed`.

    row     None for a removed member
    groups  names in order, as they are after the call
    detail  what changes, or why not
    """

    row: int | None
    external_id: str
    name: str
    groups: tuple[str, ...]
    result: str
    detail: str = ""
    member_id: int | None = None


@dataclass(frozen=True, slots=True)
class Intent:
    """A row with what it does.

    member         the stored one, None for a new one
    joins, leaves  names of groups
    """

    row: Row
    member: Member | None
    name: str
    verdict: Verdict
    joins: tuple[str, ...] = field(default=())
    leaves: tuple[str, ...] = field(default=())


def judge(kind: Kind, rows: Sequence[Row], stored: Stored, options: Options) -> tuple[list[Intent], tuple[Member, ...]]:
    """One Intent per row in order, and the members to remove."""
    last = {key(row.external_id): place for place, row in enumerate(rows) if key(row.external_id)}
    intents: list[Intent] = []
    for place, row in enumerate(rows):
        text = key(row.external_id)
        member = stored.own.get(text)
        name = row.name or (member.name if member is not None else row.external_id)
        if text and last[text] != place:
            line = rows[last[text]].number
            intents.append(_intent(row, member, name, "superseded", f"row {line} has the same id"))
        elif fault := _row_fault(kind, row, name, member, stored):
            intents.append(_intent(row, member, name, "refused", fault))
        else:
            intents.append(_regrouped(row, member, name, stored, options))
    _settle(kind, intents, stored, options)
    return intents, stored.unnamed if options.sync else ()


def _intent(row: Row, member: Member | None, name: str, result: str, detail: str) -> Intent:
    member_id = None if member is None else member.member_id
    groups = tuple(row.groups or ())
    return Intent(row, member, name, Verdict(row.number, row.external_id, name, groups, result, detail, member_id))


def _row_fault(kind: Kind, row: Row, name: str, member: Member | None, stored: Stored) -> str:
    title = kind.value.title()
    if member is None and (fault := text_fault(row.external_id)):
        return f"{title} ID {_fault(fault)}"
    if key(row.external_id) in stored.foreign:
        return f"{title} ID is in use in the partner cloud"
    if (member is None or name != member.name) and (fault := text_fault(name)):
        return f"{title} Name {_fault(fault)}"
    for group in row.groups or ():
        if key(group) not in stored.groups and (fault := text_fault(group, bar=False)):
            return f"{title} Groups: {group[:64]!r} {_fault(fault)}"
    return ""


def _fault(fault: TextFault) -> str:
    return _FAULTS.get(fault.reason) or f"contains a character that cannot be kept: {fault.character!r}"


def _regrouped(row: Row, member: Member | None, name: str, stored: Stored, options: Options) -> Intent:
    present = {} if member is None else {key(n): n for _, n in stored.memberships.get(member.member_id, [])}
    wanted = present
    if row.groups is not None:
        mentioned = each_once(row.groups)
        asked = {text: stored.groups[text].name if text in stored.groups else n for text, n in mentioned.items()}
        wanted = {**asked, **present} if options.add_groups else asked
    joins = tuple(n for text, n in sorted(wanted.items()) if text not in present)
    leaves = tuple(n for text, n in sorted(present.items()) if text not in wanted)
    after = tuple(n for _, n in sorted(wanted.items()))
    intent = _intent(row, member, name, "", "")
    if len(after) > GROUPS_PER_MEMBER:
        detail = f"would be in {len(after)} groups, more than {GROUPS_PER_MEMBER}"
        return replace(intent, verdict=replace(intent.verdict, result="refused", detail=detail))
    details = [] if member is None or name == member.name else [f"name: {member.name} -> {name}"]
    if member is not None and (joins or leaves):
        details.append("groups: " + " ".join([*(f"+{n}" for n in joins), *(f"-{n}" for n in leaves)]))
    result = "added" if member is None else "changed" if details else "unchanged"
    verdict = replace(intent.verdict, groups=after, result=result, detail="; ".join(details))
    return replace(intent, joins=joins, leaves=leaves, verdict=verdict)


def _settle(kind: Kind, intents: list[Intent], stored: Stored, options: Options) -> None:
    """Refuse the rows whose name would be held twice once the whole list is applied."""
    if not stored.unique_names:
        return
    # a new member has no number yet: its place counts, below every number
    numbers = {-place - 1 if i.member is None else i.member.member_id: place for place, i in enumerate(intents)
               if i.verdict.result not in ("refused", "superseded")}  # fmt: skip
    wanted, present = {}, {}
    for number, place in numbers.items():
        intent = intents[place]
        if intent.member is not None:
            present[number] = key(intent.member.name)
        if intent.member is None or key(intent.name) != key(intent.member.name):
            wanted[number] = key(intent.name)
    leaving = {member.member_id for member in stored.unnamed} if options.sync else set()
    present |= {number: text for text, number in stored.names if number not in leaving}
    for number in settle_names(wanted, present):
        intent = intents[numbers[number]]
        detail = f"{kind.value.title()} Name is in use"
        intents[numbers[number]] = replace(intent, verdict=replace(intent.verdict, result="refused", detail=detail))
