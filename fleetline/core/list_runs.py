"""The runs of lists: a file worked through chunk by chunk, each chunk and its report stored together or not at all."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol

import msgspec

from fleetline.core.fleet_sheets import new_device
from fleetline.core.jobs import Work
from fleetline.core.list_files import FileRow, read_file
from fleetline.core.list_import import RUN, Line, Order, Summary, order_of, packed, summary_of, unpacked
from fleetline.core.ports.store import Store, Tx
from fleetline.core.ports.world import Clock, Ids
from fleetline.core.power_import import Judge
from fleetline.core.registry_book import Writing
from fleetline.core.registry_listing import Options
from fleetline.core.registry_listing import Row as ListRow
from fleetline.core.registry_lists import apply_in
from fleetline.core.registry_register import register
from fleetline.core.solar_sheet import draft_of, draft_of_cells
from fleetline.model.errors import Invalid, NotFound
from fleetline.model.power import PowerResource
from fleetline.model.registry import Added, Author, Kept, Kind, NewDevice, Refused, each_once, key
from fleetline.model.resource import Fault, ImportOrder, Row, RowOutcome

CHUNK: Final = 2_000
BAR: Final = "|"
WORDS: Final = {"created": "added", "updated": "changed", "unchanged": "unchanged", "refused": "refused"}
MODES: Final = {"upsert": "upsert", "add": "createOnly", "change": "updateOnly"}
REASONS: Final = {
    "repeated": "row {holder} is about the same site",
    "taken": "customer_site_id is used by another resource",
    "exists": "is there already",
    "missing": "is not there yet",
    "unknown": "id names no resource",
}


class _TakenBack(Exception):
    """Ends the transaction of a preview."""


@dataclass(slots=True)
class Chunk:
    """What one chunk came to; before: of solar resources, what undoing needs, see `Before`."""

    lines: list[Line]
    version: int | None = None
    groups_created: Sequence[str] = ()
    before: bytes = b""


class Before(msgspec.Struct, frozen=True):
    """How a resource was before a run; version: the one that the run gave it, former: None for one that it made."""

    resource_id: str
    version: int
    former: PowerResource | None
    joined: bool


class Applier(Protocol):
    """Carries out the rows of one kind of list inside a transaction."""

    async def __call__(self, tx: Tx, account_id: str, order: Order, rows: Sequence[FileRow]) -> Chunk: ...


class ListRun:
    """Runs and previews lists; see `jobs.JobKind`."""

    def __init__(self, store: Store, clock: Clock, ids: Ids) -> None:
        self._store = store
        self._appliers: dict[str, Applier] = {
            "vehicles": Members(Kind.VEHICLE, clock),
            "drivers": Members(Kind.DRIVER, clock),
            "devices": Devices(clock),
            "solar": Suns(clock, ids),
        }

    async def run(self, work: Work) -> str:
        order, summary = order_of(work.job), summary_of(work.job)
        if summary.missing:
            return work.job.summary
        body = await work.part("file", 0)
        found = await asyncio.to_thread(lambda: read_file(unpacked(body), order.media))
        past = await asyncio.to_thread(settled, order, found.rows)
        finished = set(await work.parts("out"))
        for number, start in enumerate(range(0, len(found.rows), CHUNK)):
            if number in finished:
                continue
            some = found.rows[start : start + CHUNK]
            rows = [row for row in some if row.number not in past]
            told = [past[row.number] for row in some if row.number in past]
            await self._chunk(work, order, summary, number, rows, told, start + len(some))
        return msgspec.json.encode(summary).decode()

    async def _chunk(
        self, work: Work, order: Order, summary: Summary, number: int, rows: Sequence[FileRow], told: list[Line],
        done: int,
    ) -> None:  # fmt: skip
        apply, account_id = self._appliers[order.what], work.job.account_id
        previewed = None if work.job.kind == RUN else await self._previewed(account_id, order, rows)
        async with work.chunk(done) as tx:
            chunk = previewed or await apply(tx, account_id, order, rows)
            lines = sorted([*chunk.lines, *told], key=lambda line: line.row)
            for line in lines:
                summary.counts[line.result] = summary.counts.get(line.result, 0) + 1
            known = {key(name) for name in summary.groups_created}
            summary.groups_created += [name for name in chunk.groups_created if key(name) not in known]
            if previewed is None and chunk.version is not None:
                summary.versions.append(chunk.version)
            if previewed is None and chunk.before:
                summary.chunks.append(number)
                await tx.power.add_part(work.job.job_id, "undo", number, chunk.before)
            await tx.power.add_part(work.job.job_id, "out", number, packed(lines))
            work.summary = msgspec.json.encode(summary).decode()

    async def _previewed(self, account_id: str, order: Order, rows: Sequence[FileRow]) -> Chunk:
        """What the rows would do, done and taken back."""
        chunk = Chunk([])
        try:
            async with self._store.write() as tx:
                chunk = await self._appliers[order.what](tx, account_id, order, rows)
                raise _TakenBack
        except _TakenBack:
            return replace(chunk, lines=[_as_preview(line) for line in chunk.lines])


def _as_preview(line: Line) -> Line:
    """Numbers that a preview took go back to be taken again."""
    return msgspec.structs.replace(line, id="") if line.result == "added" else line


def settled(order: Order, rows: Sequence[FileRow]) -> dict[int, Line]:
    """row -> line of every row that another row of the file speaks for, wherever in the file the two stand."""
    if order.what == "solar":
        return _repeated(order, rows)
    column = {"vehicles": "Vehicle ID", "drivers": "Driver ID"}.get(order.what)
    return {} if column is None else _superseded(order, rows, column)


def _superseded(order: Order, rows: Sequence[FileRow], column: str) -> dict[int, Line]:
    """Of vehicles and drivers the last row of an id holds."""
    ids = {row.number: row.by_column(order.header, {column: order.columns[column]})[column] for row in rows}
    last = {key(text): number for number, text in ids.items() if key(text)}
    return {
        number: Line(
            row=number, key=text, name="", result="superseded", detail=f"row {last[key(text)]} has the same id"
        )
        for number, text in ids.items()
        if key(text) and last[key(text)] != number
    }


def _repeated(order: Order, rows: Sequence[FileRow]) -> dict[int, Line]:
    """Of solar resources the first row of a site holds, and the others are refused."""
    first: dict[tuple[str, str], int] = {}
    found: dict[int, Line] = {}
    for row in rows:
        for name, text in _keys(order, row):
            holder = first.setdefault((name, text), row.number)
            if holder != row.number:
                detail = REASONS["repeated"].format(holder=holder)
                found[row.number] = Line(row=row.number, key=text, name="", result="refused", detail=detail)
    return found


def _keys(order: Order, row: FileRow) -> list[tuple[str, str]]:
    """What a row of solar resources is found by."""
    names = ("id", "customer_site_id")
    if order.header:
        cells = row.by_column(order.header, {name: order.columns[name] for name in names if name in order.columns})
        return [(name, cell.strip()) for name, cell in cells.items() if cell.strip()]
    value = row.value if isinstance(row.value, dict) else {}
    return [(name, value[name]) for name in names if isinstance(value.get(name), str) and value[name]]


async def opened(tx: Tx, account_id: str, order: Order, clock: Clock) -> Writing:
    """The registry's frame in a transaction that is open. errors: NotFound account"""
    book = await tx.registry.open_book(account_id)
    if book is None:
        raise NotFound("account", account_id)
    return Writing(tx.registry, book, Author(order.actor, order.door), clock.now_ms())


@dataclass(frozen=True, slots=True)
class Members:
    """Vehicles or drivers."""

    kind: Kind
    clock: Clock

    async def __call__(self, tx: Tx, account_id: str, order: Order, rows: Sequence[FileRow]) -> Chunk:
        work = await opened(tx, account_id, order, self.clock)
        listed = [self._row(order, row) for row in rows]
        report = await apply_in(work, self.kind, listed, Options(add_groups=order.choices.add_groups))
        await work.finish()
        lines = [
            Line(
                row=verdict.row or 0, key=verdict.external_id, name=verdict.name, result=verdict.result,
                detail=verdict.detail or (", ".join(verdict.groups) if verdict.result == "added" else ""),
                id=str(verdict.member_id or ""),
            )
            for verdict in report.verdicts
        ]  # fmt: skip
        return Chunk(lines, work.version if work.changes else None, report.groups_created)

    def _row(self, order: Order, row: FileRow) -> ListRow:
        title = self.kind.value.title()
        cells = row.by_column(order.header, order.columns)
        groups = cells.get(f"{title} Groups")
        names = None if groups is None else tuple(each_once(n.strip() for n in groups.split(BAR) if n.strip()).values())
        return ListRow(row.number, cells[f"{title} ID"], cells.get(f"{title} Name", ""), names)


@dataclass(frozen=True, slots=True)
class Devices:
    """Devices, each with the vehicle of its name."""

    clock: Clock

    async def __call__(self, tx: Tx, account_id: str, order: Order, rows: Sequence[FileRow]) -> Chunk:
        work = await opened(tx, account_id, order, self.clock)
        cells = [
            {name: cell.strip() for name, cell in row.by_column(order.header, order.columns).items()} for row in rows
        ]
        parsed = [new_device(some) for some in cells]
        verdicts = iter(await register(work, [item for item in parsed if isinstance(item, NewDevice)]))
        outcomes = [item if isinstance(item, Refused) else next(verdicts) for item in parsed]
        await work.finish()
        lines = []
        for row, some, outcome in zip(rows, cells, outcomes, strict=True):
            result = "added" if isinstance(outcome, Added) else "unchanged" if isinstance(outcome, Kept) else "refused"
            detail = outcome.reason if isinstance(outcome, Refused) else "" if result != "refused" else "cannot be kept"
            number = str(outcome.device_id) if isinstance(outcome, Added | Kept) else ""
            lines.append(
                Line(row=row.number, key=some["imei"], name=some["name"], result=result, detail=detail, id=number)
            )
        return Chunk(lines, work.version if work.changes else None)


@dataclass(frozen=True, slots=True)
class Suns:
    """Solar resources, found by their id or else by the customer's own."""

    clock: Clock
    ids: Ids

    async def __call__(self, tx: Tx, account_id: str, order: Order, rows: Sequence[FileRow]) -> Chunk:
        await tx.power.lock_account(account_id)
        read = [self._row(order, row) for row in rows]
        drafts = [row.draft for row in read if row.draft is not None]
        former = await tx.power.resources(account_id, [d.resource_id for d in drafts if d.resource_id is not None])
        sites = [d.customer_site_id for d in drafts if d.customer_site_id is not None]
        former |= {one.resource_id: one for one in (await tx.power.holders(account_id, sites)).values()}
        fleet_id = order.choices.fleet_id
        inside = set(await tx.power.listed_ids(fleet_id)) if fleet_id is not None else set()
        asked = ImportOrder(mode=MODES[order.choices.mode], fleet_id=fleet_id)
        outcomes = await Judge(self.clock, self.ids).judged(tx, account_id, asked, read, dry=False)
        named = {row.number: _named(order, row) for row in rows}
        lines = [_solar_line(outcome, *named[outcome.number]) for outcome in outcomes]
        before = []
        for outcome in outcomes:
            if outcome.resource_id is None or outcome.outcome == "refused":
                continue
            old = former.get(outcome.resource_id)
            joined = fleet_id is not None and outcome.resource_id not in inside
            if outcome.outcome != "unchanged" or joined:
                version = 1 if old is None else old.version + (outcome.outcome == "updated")
                before.append(Before(outcome.resource_id, version, old, joined))
        return Chunk(lines, before=packed(before) if before else b"")

    def _row(self, order: Order, row: FileRow) -> Row:
        faults: list[Fault] = []
        if isinstance(row.value, Invalid):
            faults.append(Fault(row.value.field, "type", row.value.reason))
            return Row(row.number, None, tuple(faults))
        if order.header:
            draft = draft_of_cells(row.by_column(order.header, order.columns), faults)
        elif isinstance(row.value, dict) and "site" not in row.value:
            draft = draft_of_cells({name: _plain(value) for name, value in row.value.items()}, faults)
        else:
            draft = draft_of(row.value, faults)
        return Row(row.number, draft, tuple(faults), (), draft.customer_site_id if draft is not None else None)


def _plain(value: object) -> str:
    """A property of a feature as a cell."""
    if isinstance(value, list):
        return ";".join(map(str, value))
    return "" if value is None else str(value)


def _named(order: Order, row: FileRow) -> tuple[str, str]:
    """(customer's own id, name) as far as they can be read, also of a row that is refused."""
    value = row.by_column(order.header, order.columns) if order.header else row.value
    found = value if isinstance(value, dict) else {}
    return str(found.get("customer_site_id") or "").strip()[:255], str(found.get("name") or "").strip()[:255]


def _solar_line(outcome: RowOutcome, key: str, name: str) -> Line:
    detail = "; ".join(f"{fault.field} {fault.message}".strip() for fault in outcome.faults)
    if outcome.reason is not None:
        detail = REASONS[outcome.reason.code].format(holder=outcome.reason.holder)
    return Line(
        row=outcome.number, key=key, name=name, result=WORDS[outcome.outcome], detail=detail,
        id=outcome.resource_id or "",
    )  # fmt: skip
