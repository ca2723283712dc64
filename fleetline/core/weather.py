"""Use cases of weather: deliveries taken, told of and forgotten, each source within one account."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from fleetline.core.ports.power import WeatherRow
from fleetline.core.ports.store import Store, Tx
from fleetline.model.errors import Conflict, Invalid, NotFound
from fleetline.model.resource import Box
from fleetline.model.weather import (
    BLOCK_S,
    LIGHT,
    BlockPacker,
    Delivery,
    Float32Array,
    IntArray,
    Taken,
    WeatherKind,
    WeatherSource,
    cell_places,
    is_leap_day,
    lit,
    nominal_s,
)

MOST_VALUES_AT_ONCE: Final = 4_000_000
MOST_GAPS: Final = 100
BLOCKS_AT_ONCE: Final = 2_000


@dataclass(slots=True)
class Covered:
    """What is stored of one cell; the gaps are [start_s, end_s) between its first and its last step."""

    source: WeatherSource
    kind: WeatherKind
    cell: int
    first_s: int
    last_s: int
    missing: int = 0
    gaps: list[tuple[int, int]] = field(default_factory=list)


class WeatherDesk:
    """Every verb takes the account first."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def put(self, account_id: str, deliveries: Sequence[Delivery]) -> Taken:
        """Store deliveries, all or none; what stood in their place is gone.

        errors  Conflict(`source`, `timeResolutionMinutes` or `spatialResolution_Degrees`): the source has fixed another
        """
        stored, replaced, cells = 0, 0, set[int]()
        async with self._store.write() as tx:
            await tx.power.lock_account(account_id)
            for delivery in deliveries:
                await _same_source(tx, account_id, delivery)
                cells.update(delivery.cells.tolist())
                for part in _pieces(delivery):
                    one, other = await _take(tx, account_id, part)
                    stored, replaced = stored + one, replaced + other
        return Taken(stored, replaced, len(cells))

    async def source(self, account_id: str, name: str) -> WeatherSource | None:
        async with self._store.read() as tx:
            return await tx.power.source(account_id, name)

    async def remove(self, account_id: str, source: str, span: tuple[int, int] | None = None) -> None:
        """All of a source, or its observed and forecast steps of [start_s, end_s). errors: NotFound"""
        async with self._store.write() as tx:
            await tx.power.lock_account(account_id)
            known = await tx.power.source(account_id, source)
            if known is None:
                raise NotFound("source", source)
            if span is None:
                await tx.power.remove_source(account_id, source)
                return
            if span[0] % known.step_s or span[1] % known.step_s:
                raise Invalid("startTime", f"must be on the source's steps of {known.step_s // 60} minutes")
            await _forget(tx, account_id, known, WeatherKind.OBSERVED, 0, span)
            for issue_at_ms in await tx.power.issues(account_id, source):
                await _forget(tx, account_id, known, WeatherKind.FORECAST, issue_at_ms, span)

    async def coverage(
        self, account_id: str, source: str | None, kind: WeatherKind | None, box: Box | None
    ) -> AsyncIterator[Covered]:
        """Each cell that has data, by source, kind and cell; of forecasts the newest issue's."""
        async with self._store.read() as tx:
            sources = await tx.power.sources(account_id)
            for known in sources:
                if source not in (None, known.name):
                    continue
                for one in WeatherKind if kind is None else (kind,):
                    async for covered in _covered(tx, account_id, known, one, box):
                        yield covered


async def _same_source(tx: Tx, account_id: str, delivery: Delivery) -> None:
    """The source has the delivery's step and resolution, from its first one on. errors: Conflict"""
    known = await tx.power.source(account_id, delivery.source)
    if known is None:
        made = WeatherSource(delivery.source, delivery.step_s, delivery.resolution_e2)
        await tx.power.add_source(account_id, made)
        return
    if known.step_s != delivery.step_s:
        raise Conflict("source", "timeResolutionMinutes", delivery.step_s // 60, known.step_s // 60)
    if known.resolution_e2 != delivery.resolution_e2:
        wanted = delivery.resolution_e2 / 100
        raise Conflict("source", "spatialResolution_Degrees", wanted, known.resolution_e2 / 100)


def _pieces(delivery: Delivery) -> Iterator[Delivery]:
    """The delivery in parts of some cells each; typical ones in runs that stand together in the nominal year."""
    step = delivery.step_s
    for begins, start, stop in _runs(delivery):
        cells = max(1, MOST_VALUES_AT_ONCE // max(1, (stop - start + 2 * BLOCK_S // step) * len(delivery.values)))
        for at in range(0, len(delivery.cells), cells):
            chosen = slice(at, at + cells)
            yield replace(
                delivery,
                start_s=begins,
                cells=delivery.cells[chosen],
                values={name: part[chosen, start:stop] for name, part in delivery.values.items()},
            )


def _runs(delivery: Delivery) -> Iterator[tuple[int, int, int]]:
    """(start_s, first step, step after the last) of each run; 29 February of a typical year is nobody's."""
    if delivery.kind is not WeatherKind.TYPICAL:
        yield delivery.start_s, 0, delivery.count
        return
    times = delivery.start_s + delivery.step_s * np.arange(delivery.count, dtype=np.int64)
    nominal = nominal_s(times)
    leap = is_leap_day(times)
    ends = np.flatnonzero((np.diff(nominal) != delivery.step_s) | (np.diff(leap.astype(np.int64)) != 0)) + 1
    for start, stop in zip([0, *ends.tolist()], [*ends.tolist(), delivery.count], strict=True):
        if not leap[start]:
            yield int(nominal[start]), start, stop


async def _take(tx: Tx, account_id: str, part: Delivery) -> tuple[int, int]:
    """Values stored and replaced."""
    first = part.start_s // BLOCK_S
    last = (part.start_s + part.count * part.step_s - 1) // BLOCK_S
    cells = [int(cell) for cell in part.cells]
    old = await tx.power.weather(account_id, part.source, part.kind, part.issue_at_ms, cells, (first, last))
    rows, stored, replaced = await asyncio.to_thread(_merge, part, old, first, last)
    await tx.power.keep_weather(account_id, part.source, part.kind, part.issue_at_ms, rows)
    kept = {(row.cell, row.block) for row in rows}
    if gone := [(row.cell, row.block) for row in old if (row.cell, row.block) not in kept]:
        await tx.power.remove_weather(account_id, part.source, part.kind, part.issue_at_ms, gone)
    return stored, replaced


def _merge(part: Delivery, old: Sequence[WeatherRow], first: int, last: int) -> tuple[list[WeatherRow], int, int]:
    per_block = BLOCK_S // part.step_s
    table = unpacked(old, part.cells, (first, last), per_block)
    shape = (len(part.cells), (last - first + 1) * per_block)
    at = (part.start_s - first * BLOCK_S) // part.step_s
    span = slice(at, at + part.count)
    stored = replaced = 0
    for name, values in part.values.items():
        kept = np.maximum(values, np.float32(0)) if name in LIGHT else values
        field_values = table.setdefault(name, np.full(shape, np.nan, np.float32))
        given = ~np.isnan(kept)
        replaced += int((given & ~np.isnan(field_values[:, span])).sum())
        stored += int(given.sum())
        field_values[:, span] = kept
    return packed(table, part.cells, first, per_block), stored, replaced


def unpacked(
    rows: Sequence[WeatherRow], cells: IntArray, blocks: tuple[int, int], per_block: int
) -> dict[str, Float32Array]:
    """Field -> (cells, steps of these blocks), NaN where nothing is stored; only fields that are stored anywhere."""
    index = {int(cell): number for number, cell in enumerate(cells)}
    shape = (len(cells), (blocks[1] - blocks[0] + 1) * per_block)
    out: dict[str, Float32Array] = {}
    packer = BlockPacker()
    for row in rows:
        at = (row.block - blocks[0]) * per_block
        line = index[row.cell]
        for name, values in packer.unpack(row.body).items():
            if name not in out:
                out[name] = np.full(shape, np.nan, np.float32)
            out[name][line, at : at + per_block] = values
    return out


def packed(table: Mapping[str, Float32Array], cells: IntArray, first: int, per_block: int) -> list[WeatherRow]:
    """Rows of every block that holds anything."""
    packer = BlockPacker()
    rows = []
    light = lit(table)
    for line, cell in enumerate(cells):
        for number in range(light.shape[1] // per_block):
            span = slice(number * per_block, (number + 1) * per_block)
            part = {name: values[line, span] for name, values in table.items()}
            held = {name: values for name, values in part.items() if not np.isnan(values).all()}
            body = packer.pack(held) if held else b""
            rows.append(WeatherRow(int(cell), first + number, int(light[line, span].sum()), body))
    return [row for row in rows if row.body]


async def _forget(
    tx: Tx, account_id: str, source: WeatherSource, kind: WeatherKind, issue_at_ms: int, span: tuple[int, int]
) -> None:
    """Blank the steps of a span; blocks left empty go."""
    if span[1] <= span[0]:
        return
    first, last = span[0] // BLOCK_S, (span[1] - 1) // BLOCK_S
    per_block = BLOCK_S // source.step_s
    cells = await tx.power.weather_cells(account_id, source.name, kind, issue_at_ms)
    gone: list[tuple[int, int]] = []
    at_once = max(1, BLOCKS_AT_ONCE // (last - first + 1))
    for at in range(0, len(cells), at_once):
        some = cells[at : at + at_once]
        rows = await tx.power.weather(account_id, source.name, kind, issue_at_ms, some, (first, last))
        codes = np.array(some, np.int64)
        table = unpacked(rows, codes, (first, last), per_block)
        left: list[WeatherRow] = []
        if table:
            start = max(0, (span[0] - first * BLOCK_S) // source.step_s)
            for values in table.values():
                values[:, start : (span[1] - first * BLOCK_S) // source.step_s] = np.nan
            left = packed(table, codes, first, per_block)
        await tx.power.keep_weather(account_id, source.name, kind, issue_at_ms, left)
        kept = {(row.cell, row.block) for row in left}
        gone += [(row.cell, row.block) for row in rows if (row.cell, row.block) not in kept]
    await tx.power.remove_weather(account_id, source.name, kind, issue_at_ms, gone)


async def _covered(
    tx: Tx, account_id: str, source: WeatherSource, kind: WeatherKind, box: Box | None
) -> AsyncIterator[Covered]:
    issue = 0
    if kind is WeatherKind.FORECAST:
        newest = await tx.power.last_issue(account_id, source.name, 2**62)
        if newest is None:
            return
        issue = newest
    after, gather = (-1, -1), _Gather(source, kind)
    while rows := await tx.power.weather_blocks(account_id, source.name, kind, issue, after, BLOCKS_AT_ONCE):
        after = (rows[-1].cell, rows[-1].block)
        for covered in await asyncio.to_thread(gather.add, rows):
            if box is None or _inside(box, covered.cell):
                yield covered
    if gather.now is not None and (box is None or _inside(box, gather.now.cell)):
        yield gather.now


def _inside(box: Box, cell: int) -> bool:
    lat, lon = cell_places(np.array([cell]))
    within = box.west <= lon[0] <= box.east if box.west <= box.east else not box.east < lon[0] < box.west
    return bool(within and box.south <= lat[0] <= box.north)


class _Gather:
    """Goes over the blocks of many cells in order and tells of each cell once it is past it."""

    def __init__(self, source: WeatherSource, kind: WeatherKind) -> None:
        self.now: Covered | None = None
        self._source, self._kind = source, kind
        self._packer = BlockPacker()

    def add(self, rows: Sequence[WeatherRow]) -> list[Covered]:
        done = []
        for row in rows:
            if self.now is not None and self.now.cell != row.cell:
                done.append(self.now)
                self.now = None
            self._add(row)
        return done

    def _add(self, row: WeatherRow) -> None:
        step, start = self._source.step_s, row.block * BLOCK_S
        light = lit(self._packer.unpack(row.body))
        if not light.any():
            return
        edges = np.flatnonzero(np.diff(np.concatenate([[False], light, [False]])))
        for first, stop in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
            begins, ends = start + first * step, start + stop * step
            if self.now is None:
                self.now = Covered(self._source, self._kind, row.cell, begins, ends)
            elif begins > self.now.last_s:
                self.now.missing += (begins - self.now.last_s) // step
                if len(self.now.gaps) < MOST_GAPS:
                    self.now.gaps.append((self.now.last_s, begins))
            self.now.last_s = ends
