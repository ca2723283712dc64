"""From parts to routes, days, states: each device is folded forward when somebody asks, else when there is time."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

import msgspec
import orjson
import structlog

from fleetline.core.endless import Endless, keep_going
from fleetline.core.hours import Protocols, chunks, load_hours, merged_hours
from fleetline.core.late import Correction, correct, counter_at
from fleetline.core.memory import NO_ROWS, Known, Step, feed, first_difference, go_on, judge_by, new_words, newer, until
from fleetline.core.parts import read_parts
from fleetline.core.ports.history import Folded, Latest, Moves, Part, StoredDay, StoredMark, StoredRoute
from fleetline.core.ports.store import Store, Tx
from fleetline.core.ports.world import Clock
from fleetline.model.errors import Unavailable
from fleetline.model.motion import Columns, Rows
from fleetline.model.settling import HOUR_MS, concatenate, merge
from fleetline.model.trips import Route
from fleetline.model.trips.mileage import LATE, ODOMETER, DayCounter, calibrated_offset_um, counter_um

log = structlog.get_logger("fleetline.folding")

BATCH: Final = 100
PARTS: Final = 1000
PART_BYTES: Final = 512 * 2**10
"""Of packed parts in one round: some 50,000 reports, which take a hundred times as much while they are decoded."""
KNOWN: Final = 20_000
"""Devices whose fold is kept in hand, so that a tick needs no decoding."""
SHARE: Final = 0.15
"""Of the time of one core that folding in the background may take while deliveries keep coming."""
BUSY: Final = 0.2
"""Of one core: a process that needs more than this for all else leaves folding to those who ask,"""
BUSY_SHARE: Final = 0.03
"""and to this share."""
BREATH: Final = 100
"""Devices put together before others have their turn: deliveries must not wait for a long list."""
PAUSE_S: Final = 1.0
RETRIES: Final = 8
ROUNDS: Final = 400
"""Of one batch: who asks while reports come faster than they can be folded must have an answer too."""
HOURS_AT_ONCE: Final = 48


@dataclass(slots=True)
class _Item:
    """One device in one round."""

    latest: Latest
    moves: Moves
    changed: Mapping[str, float]
    parts: list[Part]
    known: Known
    rows: Rows
    words: list[tuple[int, str, int]] = field(default_factory=list)
    past: dict[int, int] = field(default_factory=dict)
    step: Step = field(default_factory=Step)
    correction: Correction | None = None

    @property
    def folded_part_id(self) -> int:
        return max([self.latest.folded_part_id, *(part.part_id for part in self.parts)])


class Folding:
    """Keeps what follows from reports up to date."""

    def __init__(self, store: Store, clock: Clock, protocols: Protocols, trips: Mapping[str, float]) -> None:
        """trips: the installation's thresholds that differ from the built-in ones."""
        self._store = store
        self._clock = clock
        self._protocols = protocols
        self._trips = dict(trips)
        self.future_tolerance_ms = round(trips.get("future_tolerance", 900) * 1000)
        self._known: OrderedDict[int, tuple[bytes, Known]] = OrderedDict()
        self._lock = asyncio.Lock()
        self._news: set[int] = set()
        self._due = asyncio.Event()
        self._end = asyncio.Event()
        self.task: Endless | None = None
        self._stopping = False
        self.trouble: str | None = None
        self.listeners: list[asyncio.Queue[set[int]]] = []

    @property
    def waiting(self) -> int:
        return len(self._news)

    def news(self, devices: Iterable[int]) -> None:
        """Filing stored something of these devices."""
        self._news.update(devices)
        self._due.set()

    async def start(self) -> None:
        async with self._store.read() as tx:
            self._news.update(await tx.history.with_news(1_000_000))
        self._due.set()
        self.task = keep_going(self._fold_forever(), "folding")

    async def stop(self) -> None:
        self._stopping = True
        self._due.set()
        self._end.set()
        if self.task is not None:
            await self.task

    async def catch_up(self, device_ids: Sequence[int], *, always: bool = False) -> None:
        """Fold these devices up to everything filed; `always`: also those of which only the owner said something new.

        errors  Unavailable
        """
        for place in range(0, len(device_ids), BATCH):
            batch, tries = list(device_ids[place : place + BATCH]), RETRIES
            for _ in range(ROUNDS):
                async with self._lock:
                    batch, lost = await self._round(batch, always=always)
                tries -= lost
                if not batch or not tries:
                    break

    async def rebuild(self, device_id: int) -> int:
        """Fold a device anew from all its stored reports, by the thresholds of now; the number of its routes.

        Only an operator asks for this: closed days may change.
        """
        await self.catch_up([device_id], always=True)
        async with self._lock:
            async with self._store.read() as tx:
                rows = await tx.history.latest([device_id])
                if not rows or rows[0].memory is None:
                    return 0
                moves = (await tx.history.moves([device_id]))[0]
                said = await tx.history.thresholds(list(moves.owners))
                known = Known.new(self._changed(moves.owners, said))
                old = Known.of(rows[0].memory, checked=False)
                known.memory.watch, known.memory.latest = old.memory.watch, old.memory.latest
                known.memory.offsets = [item for item in old.memory.offsets if item.kind not in (ODOMETER, LATE)]
                known.memory.entered, known.memory.first_speed_ms = old.memory.entered, old.memory.first_speed_ms
                step = Step()
                for first, last in chunks(await tx.history.hours_from(device_id, 0), HOURS_AT_ONCE):
                    for columns in (await load_hours(tx, self._protocols, device_id, first, last)).values():
                        known.memory.notice_speed(columns.rows)
                        feed(known, columns.rows, moves, step)
            async with self._store.write() as tx:
                version = await tx.history.next_version()
                await tx.history.lock_latest([device_id])
                await tx.history.drop_folded(device_id)
                await self._put(tx, [(device_id, step)])
                folded = Folded(device_id, rows[0].folded_part_id, known.encode())
                await tx.history.put_folded([folded], version)
                self._keep(device_id, folded.memory, known)
        self._announce({device_id})
        return len(step.routes)

    async def in_hand(self, tx: Tx, device_ids: Sequence[int]) -> dict[int, tuple[Latest, Known | None]]:
        """Where each device stands: its row, and its fold (None before its first report). Not to be changed."""
        found: dict[int, tuple[Latest, Known | None]] = {}
        for place, row in enumerate(await tx.history.latest(device_ids), 1):
            found[row.device_id] = (row, self._resumed(row))
            if place % BREATH == 0:
                await asyncio.sleep(0)
        return found

    def _resumed(self, row: Latest) -> Known | None:
        if row.memory is None:
            return None
        kept = self._known.get(row.device_id)
        if kept is not None and kept[0] == row.memory:
            return kept[1]
        known = Known.of(row.memory)
        self._keep(row.device_id, row.memory, known)
        return known

    def _keep(self, device_id: int, memory: bytes, known: Known) -> None:
        self._known[device_id] = (memory, known)
        self._known.move_to_end(device_id)
        while len(self._known) > KNOWN:
            self._known.popitem(last=False)

    async def _fold_forever(self) -> None:
        while not self._stopping:
            await self._due.wait()
            self._due.clear()
            await self._rest(PAUSE_S)
            while self._news and not self._stopping:
                began = time.perf_counter()
                batch = [self._news.pop() for _ in range(min(BATCH, len(self._news)))]
                try:
                    async with self._lock:
                        left, _ = await self._round(batch, always=False)
                    self._news.update(left)
                    self.trouble = None
                except Unavailable as fault:
                    if self.trouble is None:
                        log.error("folding cannot reach the store", reason=fault.reason)
                    self.trouble = fault.reason
                    self._news.update(batch)
                    await self._rest(PAUSE_S)
                await self._make_room(time.perf_counter() - began)

    async def _make_room(self, took: float) -> None:
        """Rest until folding has not taken more than its share."""
        rest, used = took / SHARE - took, time.process_time()
        await self._rest(rest)
        if time.process_time() - used > BUSY * rest:
            await self._rest(took / BUSY_SHARE - took / SHARE)

    async def _rest(self, seconds: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._end.wait(), seconds)

    # one round

    async def _round(self, device_ids: Sequence[int], *, always: bool) -> tuple[list[int], bool]:
        """Fold some devices by one bite each; (those that are not done yet, whether another process was in the way)."""
        async with self._store.read() as tx:
            items, more = await self._load(tx, device_ids, always=always)
            if not items:
                return [], False
            loop = asyncio.get_running_loop()
            await loop.run_in_executor(None, self._decode, items)
            for item in items:
                await self._prepare(tx, item)
            items = [item for item in items if item.parts or item.words]
        if not items:
            return [], False
        await loop.run_in_executor(None, _advance, items)
        async with self._store.write() as tx:
            lost = await self._save(tx, items)
        self._announce({item.latest.device_id for item in items} - lost)
        if more:
            return list(device_ids), bool(lost)
        return sorted(lost), bool(lost)

    async def _load(self, tx: Tx, device_ids: Sequence[int], *, always: bool) -> tuple[list[_Item], bool]:
        """(the devices with something to fold, whether there is more than one round takes)"""
        rows = {row.device_id: row for row in await tx.history.latest(device_ids)}
        if always:
            rows = {number: rows.get(number, Latest(number, 0, 0, 0, None)) for number in device_ids}
        parts: dict[int, list[Part]] = {}
        found = await tx.history.new_parts(list(rows), PARTS)
        bite = _bite(found)
        for part in bite:
            parts.setdefault(part.device_id, []).append(part)
        wanted = list(rows) if always else list(parts)
        if not wanted:
            return [], False
        moves = {item.device_id: item for item in await tx.history.moves(wanted)}
        said = await tx.history.thresholds(sorted({owner for item in moves.values() for owner in item.owners}))
        items = []
        for device in wanted:
            changed = self._changed(moves[device].owners, said)
            known = self._copy(rows[device], changed)
            items.append(_Item(rows[device], moves[device], changed, parts.get(device, []), known, NO_ROWS))
        return items, len(bite) < len(found) or len(found) == PARTS

    def _changed(self, owners: Sequence[str], said: Mapping[str, str]) -> dict[str, float]:
        """Thresholds that differ from the built-in ones; the nearest owner's word wins."""
        changed = dict(self._trips)
        for owner in reversed(owners):
            changed.update(orjson.loads(said.get(owner, "{}")))
        return changed

    def _copy(self, row: Latest, changed: Mapping[str, float]) -> Known:
        """A fold to work on: what is in hand stays as it is until the round is saved."""
        return Known.new(changed) if row.memory is None else Known.of(row.memory)

    def _decode(self, items: Sequence[_Item]) -> None:
        parts = [part for item in items for part in item.parts]
        columns = iter(read_parts(parts, self._protocols))
        for item in items:
            item.rows = (
                merge(concatenate([Columns(next(columns).rows) for _ in item.parts])).rows if item.parts else NO_ROWS
            )
            judge_by(item.known, item.changed)

    async def _prepare(self, tx: Tx, item: _Item) -> None:
        """What needs the store before a device can be folded: late reports, mileage stated for the past."""
        last_ms = item.known.fold.last_ms
        fresh = newer(item.rows, last_ms)
        if len(fresh) < len(item.rows):
            late_ms = await self._late(tx, item, item.rows[: len(item.rows) - len(fresh)])
            if late_ms is not None:
                item.correction = await correct(
                    tx, self._protocols, item.known, item.moves, item.latest, late_ms, item.rows
                )
        item.rows = fresh
        item.words = new_words(item.known, item.moves, await self._mileage_of_vehicles(tx, item))
        for at_ms, _, _ in item.words:
            if last_ms is not None and at_ms <= last_ms:
                item.past[at_ms] = await counter_at(tx, self._protocols, item.known, item.latest.device_id, at_ms)

    async def _late(self, tx: Tx, item: _Item, rows: Rows) -> int | None:
        """The first moment at which reports not newer than the newest change what was stored; None: repeats only."""
        last_ms = item.known.fold.last_ms
        assert last_ms is not None, "nothing is late before the first report"
        for hour in dict.fromkeys((rows["at_ms"] // HOUR_MS).tolist()):
            device, folded = item.latest.device_id, item.latest.folded_part_id
            segments = await tx.history.segments_of_hours(device, hour, hour)
            parts = await tx.history.parts_of_hours(device, hour, hour)
            after = merged_hours(segments, parts, self._protocols)[hour].rows
            seen = merged_hours(segments, [part for part in parts if part.part_id <= folded], self._protocols)
            before = seen[hour].rows if hour in seen else NO_ROWS
            difference = first_difference(until(before, last_ms), until(after, last_ms))
            if difference is not None:
                return difference
        return None

    async def _mileage_of_vehicles(self, tx: Tx, item: _Item) -> dict[int, int]:
        """For each move into a vehicle that another device rode in before: what that one's mileage was, metres."""
        found = {}
        for from_ms, vehicle_id in item.moves.fittings[1:]:
            former = await tx.history.last_fitting_before(vehicle_id, from_ms)
            if former is None or former[0] == item.latest.device_id:
                continue
            other = (await self.in_hand(tx, [former[0]])).get(former[0])
            if other is None or other[1] is None:
                continue
            memory, until_ms = other[1].memory, former[1]
            if (last_ms := other[1].fold.last_ms) is not None and until_ms <= last_ms:
                counter = await counter_at(tx, self._protocols, other[1], former[0], until_ms)
            else:
                counter = counter_um(other[1].view(until_ms), memory.counters())
            found[from_ms] = round((counter + calibrated_offset_um(memory.offsets, until_ms)) / 1e6)
        return found

    async def _save(self, tx: Tx, items: Sequence[_Item]) -> set[int]:
        """Store what still fits; devices that another process folded meanwhile are given back."""
        version = await tx.history.next_version()  # first, as whoever files does
        await tx.history.begin_latest([item.latest.device_id for item in items if not item.latest.heard_at_ms])
        locked = await tx.history.lock_latest([item.latest.device_id for item in items])
        good = [item for item in items if locked.get(item.latest.device_id) == item.latest.folded_part_id]
        for item in good:
            if item.correction is not None:
                await item.correction.save(tx)
        await self._put(tx, [(item.latest.device_id, item.step) for item in good])
        folded = [Folded(item.latest.device_id, item.folded_part_id, item.known.encode()) for item in good]
        for row, item in zip(folded, good, strict=True):
            self._keep(row.device_id, row.memory, item.known)
        if folded:
            await tx.history.put_folded(folded, version)
        return {item.latest.device_id for item in items} - {item.latest.device_id for item in good}

    async def _put(self, tx: Tx, device_of: Sequence[tuple[int, Step]]) -> None:
        """What follows from the reports of some devices."""
        await tx.history.put_routes([stored_route(d, route) for d, step in device_of for route in step.routes])
        await tx.history.put_marks(
            [StoredMark(d, mark.at_ms, mark.last_ms, mark.state) for d, step in device_of for mark in step.marks]
        )
        await tx.history.put_days([stored_day(d, day) for d, step in device_of for day in step.days.values()])
        await tx.history.add_events(
            [
                (
                    d,
                    a.at_ms,
                    "raised" if a.raised else "cleared",
                    orjson.dumps({"code": a.code, "begin_ms": a.begin_ms}).decode(),
                )
                for d, step in device_of
                for a in step.alarms
            ]
        )

    def _announce(self, devices: set[int]) -> None:
        for queue in self.listeners:
            queue.put_nowait(devices)


def _bite(parts: Sequence[Part]) -> Sequence[Part]:
    """As many of the oldest parts as one round decodes at once, one at the least."""
    size = 0
    for place, part in enumerate(parts):
        size += len(part.body)
        if size > PART_BYTES and place:
            return parts[:place]
    return parts


def _advance(items: Sequence[_Item]) -> None:
    for item in items:
        item.step = go_on(item.known, item.rows, item.moves, item.words, item.past)
        if item.correction is not None:
            item.step.alarms += item.correction.alarms


def stored_route(device_id: int, route: Route) -> StoredRoute:
    body = msgspec.msgpack.encode(route)
    return StoredRoute(device_id, route.origin_ms, route.destination_ms, route.day, route.settled_ms, body)


def stored_day(device_id: int, day: DayCounter) -> StoredDay:
    return StoredDay(device_id, day.day, day.start_um, day.metres_um, day.passed_on_um)
