"""The benchmarks of a checkout, found in its folder `bench` and run in turn, each figure shown beside its limit."""

import importlib
import pkgutil
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import click

import fleetline
from fleetline.app.command import table
from fleetline.app.logs import set_up_logs
from fleetline.model.errors import Invalid

FOLDER: Final = "bench"
TITLES: Final = ("figure", "ours", "limit", "unit", "ratio", "goal", "met")


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One figure beside its limit, both from one run.

    value, limit  in the same unit; value None: not measured, the note says why
    ratio         of the two, the way round that the goal is stated
    goal          what the ratio must keep: at least, or with `at_most` at most this; None: shown only
    """

    name: str
    unit: str
    value: float | None = None
    limit: float | None = None
    ratio: float | None = None
    goal: float | None = None
    at_most: bool = False
    note: str = ""

    @property
    def met(self) -> bool | None:
        """None where there is nothing to meet, or nothing was measured."""
        if self.goal is None or self.ratio is None:
            return None
        return self.ratio <= self.goal if self.at_most else self.ratio >= self.goal

    @property
    def goal_text(self) -> str | None:
        return None if self.goal is None else f"{'<=' if self.at_most else '>='} {self.goal:g}"


@dataclass(frozen=True, slots=True)
class Benchmark:
    """A module of the folder: its NAME, its TITLE, and `run(seconds)`, seconds being the length of each load."""

    name: str
    title: str
    run: Callable[[float], Sequence[Figure]]


def run_benchmarks(names: Sequence[str], seconds: float, *, echo: bool) -> list[dict[str, Any]]:
    """Run the named benchmarks, or all; `echo` prints each table as it is known.

    returns  one JSON-able dict per figure
    errors   Invalid: no checkout around this package, or a name that is no benchmark
    """
    known = {benchmark.name: benchmark for benchmark in find_benchmarks(checkout())}
    for name in names:
        if name not in known:
            raise Invalid("bench", f"{name} is not one of {', '.join(sorted(known))}", name)
    set_up_logs(quiet=True)
    facts = []
    for name in names or sorted(known):
        if echo:
            click.echo(f"{name}: {known[name].title}")
        figures = known[name].run(seconds)
        if echo:
            click.echo(table_of(figures) + "\n")
        facts += [
            {"benchmark": name, **asdict(figure), "goal": figure.goal_text, "met": figure.met} for figure in figures
        ]
    for fact in facts:
        del fact["at_most"]
    return facts


def checkout() -> Path:
    """The folder that this package was checked out in. errors: Invalid when it was installed without one"""
    root = Path(fleetline.__file__).resolve().parent.parent
    if not (root / FOLDER / "limits").is_dir():
        raise Invalid(
            "bench", "the benchmarks and their limits stand in a checkout of Fleetline, not in an installed package"
        )
    return root


def find_benchmarks(root: Path) -> Iterator[Benchmark]:
    """Every module of the folder that has a NAME, a TITLE and a `run`; helpers have none and are passed over."""
    if str(root) not in sys.path:
        sys.path.insert(0, str(root))
    for found in pkgutil.iter_modules([str(root / FOLDER)]):
        module = importlib.import_module(f"{FOLDER}.{found.name}")
        name, title, run = (getattr(module, word, None) for word in ("NAME", "TITLE", "run"))
        if isinstance(name, str) and isinstance(title, str) and callable(run):
            yield Benchmark(name, title, run)


def table_of(figures: Sequence[Figure]) -> str:
    """For people: a line a figure, its note below."""
    words = {None: None, True: "yes", False: "NO"}
    rows = [
        (f.name, _short(f.value), _short(f.limit), f.unit, _short(f.ratio), f.goal_text, words[f.met]) for f in figures
    ]
    notes = [f"  {figure.name}: {figure.note}" for figure in figures if figure.note]
    return "\n".join([table(TITLES, rows, empty="nothing measured"), *notes])


def _short(value: float | None) -> str | None:
    """Three significant digits, large numbers whole."""
    if value is None:
        return None
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
