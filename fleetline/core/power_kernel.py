"""The one place where the physics is called: tile by tile on a thread, so that other work gets its turn in between."""

import asyncio
import sys
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final, TypeVar

import numpy as np
import numpy.typing as npt

from fleetline.model.power import PowerModel, PvSite
from fleetline.solar import run
from fleetline.solar.atlas import shipped_atlas
from fleetline.solar.rows import Rows, compile_rows
from fleetline.solar.run import Tile
from fleetline.solar.sky import Weather
from fleetline.solar.steps import Steps

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
Feed = Callable[[int, int], Weather]
T = TypeVar("T")
TURN_SECONDS: Final = 0.0005


@dataclass(frozen=True, slots=True)
class Task:
    """What is to be computed.

    cells       index of each site into the weather of `feed`; None with clear sky
    per_period  steps that make one period
    fields      of the kernel; `ac_kw` always comes
    """

    sites: Sequence[PvSite]
    steps: Steps
    per_period: int
    model: PowerModel = PowerModel.PVLIB
    fields: tuple[str, ...] = ()
    cells: IntArray | None = None
    feed: Feed | None = None

    @property
    def wanted(self) -> Collection[str]:
        return {"ac_kw", *self.fields}

    @property
    def periods(self) -> int:
        return len(self.steps) // self.per_period


class Kernel:
    """Runs tasks, one tile at a time, on a thread of its own."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._threads: ThreadPoolExecutor | None = None

    async def on_thread(self, work: Callable[..., T], *arguments: object) -> T:
        """`work(*arguments)` on the kernel's thread."""
        if self._threads is None:
            self._threads = ThreadPoolExecutor(1, thread_name_prefix=self._name, initializer=_give_way)
        return await asyncio.get_running_loop().run_in_executor(self._threads, work, *arguments)

    async def run(self, task: Task, add: Callable[[Tile], None], rows: Rows | None = None) -> None:
        """Every tile of the task goes to `add`, which is called on the thread, in order of time."""
        compiled = rows if rows is not None else await self.on_thread(compiled_rows, task)
        tiles = run.tiles(compiled, task.steps, task.feed, per_period=task.per_period, wanted=task.wanted)
        while await self.on_thread(_step, tiles, add):
            pass

    async def series(self, task: Task) -> dict[str, FloatArray]:
        """(sites, periods) of each field, sites in their own order."""
        names = ("ac_kw", *task.fields)
        out = {name: np.full((len(task.sites), task.periods), np.nan) for name in names}

        def add(tile: Tile) -> None:
            for name in names:
                part = tile.values[name]
                out[name][tile.order, tile.first_period : tile.first_period + part.shape[1]] = part

        if task.sites:
            await self.run(task, add)
        return out

    def close(self) -> None:
        """Waits for the tile that is being computed."""
        if self._threads is not None:
            self._threads.shutdown()


def _give_way() -> None:
    """From the first computation on the threads of this process take turns ten times as often.

    A small call hops between threads a few times; each hop would wait for the 5 ms that Python leaves a thread that
    computes. Measured on two cores: the slowest in a hundred of small calls waits a third as long while a job runs.
    """
    sys.setswitchinterval(TURN_SECONDS)


def compiled_rows(task: Task) -> Rows:
    """The sites of the task as columns; reads the tables that are shipped."""
    return compile_rows(task.sites, shipped_atlas(), cells=task.cells, model=task.model)


def _step(tiles: Iterator[Tile], add: Callable[[Tile], None]) -> bool:
    tile = next(tiles, None)
    if tile is not None:
        add(tile)
    return tile is not None
