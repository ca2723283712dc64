"""Runs of the kernel over many sites and long spans, tile by tile, into single series or fleet sums."""

from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, Protocol

import numpy as np
import numpy.typing as npt

from fleetline.model.power import PowerSeries
from fleetline.solar import kernel
from fleetline.solar.cover import Cover
from fleetline.solar.rows import Rows, cut
from fleetline.solar.sky import Weather
from fleetline.solar.steps import Steps
from fleetline.solar.sun import Ephemeris, ephemeris

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

LARGEST_TILE: Final = 262_144
"""Row-steps that may be computed at once."""

USUAL_TILE: Final = 32_768
"""Row-steps that are computed at once: the arrays of one tile fit the cache of one core."""

Feed = Callable[[int, int], Weather]
"""Weather of steps [first, stop), every cell; asked in order of time, each step once."""


class Engine(Protocol):
    """Computes one tile as `kernel.tile` does."""

    def __call__(
        self, rows: Rows, at: Ephemeris, weather: Weather | None, wanted: Collection[str], cover: Cover | None
    ) -> dict[str, FloatArray]: ...


@dataclass(frozen=True, slots=True)
class Tile:
    """One finished piece: (sites, periods) of each wanted field.

    order          the caller's index of each site
    first_site     of the lines, counted as `Rows` does
    first_period   of the columns
    """

    order: IntArray
    first_site: int
    first_period: int
    values: Mapping[str, FloatArray]


def tiles(
    rows: Rows,
    steps: Steps,
    feed: Feed | None = None,
    *,
    per_period: int = 1,
    wanted: Collection[str] = ("ac_kw",),
    engine: Engine = kernel.tile,
    from_period: int = 0,
    size: int = USUAL_TILE,
    threads: int = 1,
) -> Iterator[Tile]:
    """Every site and period once, time outermost: all sites of some steps, then all sites of the next ones.

    feed          None for clear sky; must answer in the time order it is asked
    per_period    steps that make one period; values are means, NaN where any step of the period is
    from_period   periods before it are left out; not for sites with dirt or snow, whose past counts
    size          row-steps of a tile, at most LARGEST_TILE
    threads       tiles that are computed at the same time, in order; one where dirt or snow is modelled
    """
    cover = Cover.clean(rows, steps.step_s)
    jobs = _jobs(rows, steps, feed, per_period, wanted, engine, from_period, min(size, LARGEST_TILE), cover)
    if threads == 1 or cover is not None:
        yield from (job() for job in jobs)
        return
    with ThreadPoolExecutor(threads) as pool:
        waiting: deque[Future[Tile]] = deque()
        for job in jobs:
            waiting.append(pool.submit(job))
            if len(waiting) >= 2 * threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _jobs(
    rows: Rows,
    steps: Steps,
    feed: Feed | None,
    per_period: int,
    wanted: Collection[str],
    engine: Engine,
    from_period: int,
    size: int,
    cover: Cover | None,
) -> Iterator[Callable[[], Tile]]:
    """What computes each tile, in order; with a cover each must be done before the next is asked for."""
    for first, stop in steps.tiles(per_period):
        if stop <= from_period * per_period:
            continue
        at = ephemeris(steps.mid_s(first, stop))
        weather = None if feed is None else feed(first, stop)
        stretch = _Stretch(rows, at, weather, wanted, cover, engine, first // per_period, per_period)
        for span in site_spans(rows, size // (stop - first)):
            yield partial(stretch.tile, span)
        if cover is not None and weather is not None:
            cover = cover.after(weather, rows)


@dataclass(frozen=True, slots=True)
class _Stretch:
    """All sites over the steps of one tile."""

    rows: Rows
    at: Ephemeris
    weather: Weather | None
    wanted: Collection[str]
    cover: Cover | None
    engine: Engine
    first_period: int
    per_period: int

    def tile(self, span: tuple[int, int]) -> Tile:
        """Sites of [first, stop)."""
        rows = cut(self.rows, *span)
        cover = None if self.cover is None else self.cover.part(self.rows, *span)
        values = self._computed(rows, cover)
        if self.per_period > 1:
            values = {name: part.reshape(len(part), -1, self.per_period).mean(axis=2) for name, part in values.items()}
        return Tile(rows.order, span[0], self.first_period, values)

    def _computed(self, rows: Rows, cover: Cover | None) -> dict[str, FloatArray]:
        """In shorter runs of steps when a single site has more rows than a tile may hold."""
        steps = len(self.at.mid_s)
        length = max(LARGEST_TILE // max(len(rows.tilt_deg), 1), 1)
        if length >= steps:
            return self.engine(rows, self.at, self.weather, self.wanted, cover)
        parts = []
        for first in range(0, steps, length):
            chosen = slice(first, first + length)
            weather = None if self.weather is None else _steps_of(self.weather, chosen)
            parts.append(self.engine(rows, _moments(self.at, chosen), weather, self.wanted, cover))
            if cover is not None and weather is not None:
                cover = cover.after(weather, rows)
        return {name: np.concatenate([part[name] for part in parts], axis=1) for name in parts[0]}


def site_spans(rows: Rows, most: int) -> Iterator[tuple[int, int]]:
    """(first, stop) of consecutive sites with at most `most` rows together, and at least one site."""
    ends = rows.site_first_row
    first = 0
    while first < rows.sites:
        stop = int(np.searchsorted(ends, ends[first] + most, side="right")) - 1
        stop = max(stop, first + 1)
        yield first, stop
        first = stop


def _steps_of(weather: Weather, chosen: slice) -> Weather:
    names = weather.__slots__
    parts = {name: getattr(weather, name) for name in names}
    return Weather(**{name: None if part is None else part[:, chosen] for name, part in parts.items()})


def _moments(at: Ephemeris, chosen: slice) -> Ephemeris:
    return Ephemeris(*(getattr(at, name)[..., chosen] for name in at.__slots__))


def simulate(
    rows: Rows,
    steps: Steps,
    feed: Feed | None = None,
    *,
    per_period: int = 1,
    wanted: Collection[str] = ("ac_kw",),
    engine: Engine = kernel.tile,
) -> dict[str, FloatArray]:
    """(sites, periods) of each wanted field of kernel.FIELDS, sites in the caller's order; all in memory at once."""
    out: dict[str, FloatArray] = {}
    for tile in tiles(rows, steps, feed, per_period=per_period, wanted=wanted, engine=engine):
        for name, part in tile.values.items():
            if name not in out:
                out[name] = np.full((rows.sites, steps.count // per_period), np.nan)
            out[name][tile.order, tile.first_period : tile.first_period + part.shape[1]] = part
    return {name: out.get(name, np.empty((0, steps.count // per_period))) for name in {*wanted, "ac_kw"}}


def membership(groups: Sequence[Sequence[int]], sites: int) -> Any:
    """Sparse (groups, sites) of ones; a site named twice in a group counts once.

    groups   the caller's indices of each group's members
    """
    from scipy import sparse  # late: it costs 0.1 s

    lines = [np.unique(np.asarray(group, np.int64)) for group in groups]
    ends = np.concatenate([[0], np.cumsum([len(line) for line in lines])]).astype(np.int64)
    columns = np.concatenate([*lines, np.empty(0, np.int64)])
    return sparse.csr_matrix((np.ones(len(columns)), columns, ends), shape=(len(lines), sites))


class FleetSums:
    """Sums of the tiles over groups of sites; holds (groups, periods) and never a member's series.

    A column is final once all sites of its tiles were added: `tiles` gives them time by time.
    """

    def __init__(self, rows: Rows, steps: Steps, members: Any, per_period: int = 1) -> None:
        """`members`: sparse (groups, sites) from `membership`."""
        self._members = members.tocsc()[:, rows.order]
        self._counts = np.diff(members.tocsr().indptr)
        self._steps, self._per_period = steps, per_period
        self._capacity_kw = rows.site_ac_kw
        self._total_kw = np.asarray(self._members @ self._capacity_kw)
        shape = (self._members.shape[0], steps.count // per_period)
        self._power_kw = np.zeros(shape)
        self._lost_kw: FloatArray | None = None
        self._lost: FloatArray | None = None
        self._open = _OpenSum(0, np.zeros((shape[0], 0)))

    def add(self, tile: Tile) -> None:
        """Adds one tile; each must come once."""
        power = tile.values["ac_kw"]
        chosen = slice(tile.first_site, tile.first_site + len(power))
        members = self._members[:, chosen]
        if np.isnan(power.sum()):
            missing = np.isnan(power)
            power = np.where(missing, 0.0, power)
            self._lose(tile.first_period, members, missing, self._capacity_kw[chosen])
        if tile.first_period != self._open.first or power.shape[1] != self._open.sums.shape[1]:
            self._close()
            self._open = _OpenSum(tile.first_period, np.zeros((len(self._power_kw), power.shape[1])))
        total = self._open.sums
        total += members @ power

    def _close(self) -> None:
        """Moves the sums of the columns at hand to their place; they are kept apart to stay in the cache."""
        first, sums = self._open.first, self._open.sums
        self._power_kw[:, first : first + sums.shape[1]] += sums
        self._open = _OpenSum(0, np.zeros((len(sums), 0)))

    def _lose(self, first: int, members: Any, missing: npt.NDArray[np.bool_], capacity_kw: FloatArray) -> None:
        if self._lost is None or self._lost_kw is None:
            self._lost, self._lost_kw = np.zeros_like(self._power_kw), np.zeros_like(self._power_kw)
        columns = slice(first, first + missing.shape[1])
        self._lost[:, columns] += members @ missing.astype(np.float64)
        self._lost_kw[:, columns] += members @ (missing * capacity_kw[:, None])

    def series(self) -> PowerSeries:
        """What was summed: null where every member is missing, 0 for a group without members."""
        self._close()
        power = self._power_kw
        available = np.broadcast_to(self._total_kw[:, None], power.shape)
        if self._lost is not None and self._lost_kw is not None:
            counts = self._counts[:, None]
            power = np.where((self._lost == counts) & (counts > 0), np.nan, power)
            available = available - self._lost_kw
        return PowerSeries(
            start_at_ms=self._steps.start_s * 1000,
            period_ms=self._steps.step_s * self._per_period * 1000,
            power_ac_kw=power,
            total_kw=self._total_kw,
            available_kw=available,
        )


@dataclass(frozen=True, slots=True)
class _OpenSum:
    """(groups, periods) sums of the columns that tiles are being added to."""

    first: int
    sums: FloatArray


def fleet_power(
    rows: Rows,
    steps: Steps,
    groups: Sequence[Sequence[int]],
    feed: Feed | None = None,
    *,
    per_period: int = 1,
    engine: Engine = kernel.tile,
) -> PowerSeries:
    """One summed series per group of the caller's site indices."""
    sums = FleetSums(rows, steps, membership(groups, rows.sites), per_period)
    for tile in tiles(rows, steps, feed, per_period=per_period, engine=engine):
        sums.add(tile)
    return sums.series()
