"""A whole list of vehicles or drivers applied at once, or previewed by the same code."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from fleetline.core.ports.store import Store
from fleetline.core.ports.world import Clock
from fleetline.core.registry_book import Writing, writing
from fleetline.core.registry_groups import add_groups
from fleetline.core.registry_listing import Intent, Options, Row, Stored, Verdict, judge
from fleetline.core.registry_members import add_members, remove_members
from fleetline.model.errors import Conflict, Invalid
from fleetline.model.registry import Added, AddedGroup, Author, Kind, Member, NewMember, each_once, findable, key


@dataclass(frozen=True, slots=True)
class ListReport:
    """What a list did, or would do.

    version         of the registry that the verdicts rest on
    verdicts        one per row in order, then one per removed member
    groups_created  names of groups that did not exist, in the order of their first mention
    applied         False for a preview, and for a strict list of which a row was refused
    """

    version: int
    verdicts: tuple[Verdict, ...]
    groups_created: tuple[str, ...] = ()
    applied: bool = False

    def count(self, result: str) -> int:
        return sum(verdict.result == result for verdict in self.verdicts)


class _Undo(Exception):
    """Takes everything back that a preview did, and carries its report out."""

    def __init__(self, report: ListReport) -> None:
        super().__init__("preview")
        self.report = report


@dataclass(frozen=True, slots=True)
class ListEntry:
    """One member as a list shows it, groups by name."""

    external_id: str
    name: str
    groups: tuple[str, ...] = field(default=())


class Lists:
    """Lists over one store."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def apply(
        self,
        account_id: str,
        kind: Kind,
        rows: Sequence[Row],
        author: Author,
        *,
        options: Options,
        preview: bool = False,
        version: int | None = None,
    ) -> ListReport:
        """Add, rename, regroup, and with `options.sync` remove members, so that the account is as the list says.

        preview  do it all and take it back
        version  refuse unless the registry still has this version, which a preview was made from
        errors   NotFound account; Conflict for another version; TooMany groups; Invalid where `options.sync` refuses
                 the list as a whole (no rows, too many removals, a fitted device)
        """
        try:
            async with writing(self._store, self._clock, account_id, author) as work:
                if version is not None and version != work.before:
                    raise Conflict("registry", "version", version, work.before)
                report = await apply_in(work, kind, rows, options)
                if preview:
                    raise _Undo(replace(report, applied=False))
                return report
        except _Undo as undone:
            return undone.report

    async def entries(self, account_id: str, kind: Kind) -> list[ListEntry]:
        """The whole list by name, each member with the names of its groups in order."""
        async with self._store.read() as tx:
            book = await tx.registry.book(account_id)
            if book is None:
                return []
            members = await tx.registry.all_members(book, kind)
            groups = await tx.registry.groups_of_members(book, [member.member_id for member in members])
        return [
            ListEntry(m.external_id, m.name, tuple(sorted((n for _, n in groups.get(m.member_id, [])), key=key)))
            for m in members
        ]


async def apply_in(work: Writing, kind: Kind, rows: Sequence[Row], options: Options) -> ListReport:
    """The same inside a call that is under way; see `Lists.apply`."""
    stored = await _stored(work, kind, rows, options)
    intents, removed = judge(kind, rows, stored, options)
    _check_sync(kind, rows, stored, removed, options)
    verdicts = [intent.verdict for intent in intents]
    if (options.strict or options.sync) and any(verdict.result == "refused" for verdict in verdicts):
        return ListReport(work.before, tuple(_not_applied(verdict) for verdict in verdicts))
    created = await _carry_out(work, kind, intents, removed, stored)
    gone = [Verdict(None, m.external_id, m.name, (), "removed", "", m.member_id) for m in removed]
    return ListReport(work.before, (*verdicts, *gone), created, True)


def _not_applied(verdict: Verdict) -> Verdict:
    if verdict.result not in ("added", "changed"):
        return verdict
    return replace(verdict, result="refused", detail="not applied, because another row is refused")


async def _stored(work: Writing, kind: Kind, rows: Sequence[Row], options: Options) -> Stored:
    tables, book = work.tables, work.book
    texts = [text for text in dict.fromkeys(key(row.external_id) for row in rows) if findable(text)]
    holders = await tables.holders_of_id_keys(book, kind, texts)
    own = {text: member for text, account_id, member in holders if account_id == book.account_id}
    everybody = await tables.all_members(book, kind) if options.sync else []
    listed = set(texts)
    unnamed = [member for member in everybody if key(member.external_id) not in listed]
    names = {key(row.name or row.external_id) for row in rows}
    named = await tables.holders_of_name_keys(book, kind, [text for text in names if findable(text)])
    groups = await tables.all_groups(book.account_id, kind)
    ids = [member.member_id for member in (*own.values(), *unnamed)]
    fitted: dict[int, int] = {}
    if kind is Kind.VEHICLE and unnamed:
        fitted = await tables.devices_in_vehicles(book.account_id, [member.member_id for member in unnamed])
    return Stored(
        unique_names=book.unique_names,
        size=book.size(kind),
        own=own,
        foreign=frozenset(text for text, account_id, _ in holders if account_id != book.account_id),
        unnamed=tuple(unnamed),
        names=tuple((text, member.member_id) for text, member in named),
        groups={key(group.name): group for group in groups},
        memberships=await tables.groups_of_members(book, ids),
        fitted=frozenset(fitted),
    )


def _check_sync(kind: Kind, rows: Sequence[Row], stored: Stored, removed: Sequence[Member], options: Options) -> None:
    if not options.sync:
        return
    if not rows:
        raise Invalid("file", "has no rows, so it would remove everything")
    most = max(10, stored.size * 5 // 100) if options.max_removals is None else options.max_removals
    if len(removed) > most:
        raise Invalid("file", f"would remove {len(removed)} {kind.value}s, more than {most}")
    fitted = [member.external_id for member in removed if member.member_id in stored.fitted]
    if fitted and not options.remove_fitted:
        raise Invalid("file", f"would remove {len(fitted)} vehicles that carry a device, the first is {fitted[0]}")


async def _carry_out(
    work: Writing, kind: Kind, intents: Sequence[Intent], removed: Sequence[Member], stored: Stored
) -> tuple[str, ...]:
    """Write what was judged; names of the groups made for it."""
    if removed:
        await remove_members(work, kind, removed)
    active = [intent for intent in intents if intent.verdict.result in ("added", "changed")]
    mentioned = each_once(name for intent in active for name in intent.row.groups or ())
    names = [name for text, name in mentioned.items() if text not in stored.groups]
    groups = {text: group.group_id for text, group in stored.groups.items()}
    for outcome in await add_groups(work, kind, names) if names else []:
        assert isinstance(outcome, AddedGroup), "only names that no group has are added"
        groups[key(outcome.group.name)] = outcome.group.group_id
    await _rename(work, kind, active)
    await _add(work, kind, active, groups)
    await _regroup(work, kind, active, groups)
    return tuple(names)


async def _rename(work: Writing, kind: Kind, active: Sequence[Intent]) -> None:
    renamed = [(i.member, i.name) for i in active if i.member is not None and i.name != i.member.name]
    if not renamed:
        return
    at_ms = work.after(*(member.modified_at_ms for member, _ in renamed))
    await work.tables.rename_members(
        work.book, kind, [replace(member, name=name, modified_at_ms=at_ms) for member, name in renamed]
    )
    for member, name in renamed:
        work.note(kind.value, member.member_id, "changed", name=[member.name, name])


async def _add(work: Writing, kind: Kind, active: Sequence[Intent], groups: dict[str, int]) -> None:
    new = [intent for intent in active if intent.member is None]
    if not new:
        return
    items = [NewMember(intent.row.external_id, intent.name) for intent in new]
    joins = [[groups[key(name)] for name in intent.joins] for intent in new]
    outcomes = await add_members(work, kind, items, narrow=False, groups=joins)
    assert all(isinstance(outcome, Added) for outcome in outcomes), "what was judged free is free"


async def _regroup(work: Writing, kind: Kind, active: Sequence[Intent], groups: dict[str, int]) -> None:
    old = [(intent, intent.member.member_id) for intent in active if intent.member is not None]
    joining = [(groups[key(name)], member_id) for intent, member_id in old for name in intent.joins]
    leaving = [(groups[key(name)], member_id) for intent, member_id in old for name in intent.leaves]
    if joining:
        await work.tables.join(work.book, joining)
    if leaving:
        await work.tables.leave(work.book, leaving)
    for action, pairs in (("joined", joining), ("left", leaving)):
        for group_id, member_id in pairs:
            work.note(kind.value, member_id, action, group_id=group_id)
