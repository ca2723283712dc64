"""What every command that needs data has in common: its options, its settings, its core, its way of printing."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import update_wrapper
from pathlib import Path
from typing import Any

import click

from fleetline.app.settings import Settings, load_settings


@dataclass(frozen=True, slots=True)
class Printed:
    """What a command tells: facts for programs, lines for people."""

    facts: object
    text: str


def data_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Adds --database, --data, --config and --json to the options of a command."""
    folder, file = click.Path(path_type=Path, file_okay=False), click.Path(path_type=Path)
    for option in (
        click.option("--json", "as_json", is_flag=True, help="Print one JSON document."),
        click.option("--config", type=file, metavar="FILE", help="Settings file.  [default: fleetline.toml]"),
        click.option("--data", type=folder, metavar="DIR", help="Data folder.  [default: ./fleetline-data]"),
        click.option("--database", metavar="URL", help="sqlite:///PATH or postgresql://...  [default: in --data]"),
    ):
        function = option(function)
    return function


def settings_of(values: dict[str, Any], *names: str) -> Settings:
    """Takes the shared options, and those named, out of a command's values. errors: Invalid"""
    flags = {name: values.pop(name, None) for name in ("database", "data", "config", *names)}
    return load_settings(flags)


def core_command(work: Callable[..., Awaitable[Printed]]) -> Callable[..., None]:
    """Makes a command of `async def work(core, ...) -> Printed`, with the shared options."""

    def run(**values: Any) -> None:
        as_json = values.pop("as_json")
        settings = settings_of(values)
        printed = asyncio.run(_with_core(settings, work, values))
        say(printed, as_json=as_json)

    return data_options(update_wrapper(run, work))


async def _with_core(settings: Settings, work: Callable[..., Awaitable[Printed]], values: Mapping[str, Any]) -> Printed:
    from fleetline.app.wire import open_core  # brings the engines, which `--help` never needs

    async with open_core(settings) as core:
        return await work(core, **values)


def say(printed: Printed, *, as_json: bool) -> None:
    """One JSON document, or the lines for people."""
    if as_json:
        click.echo(json.dumps(printed.facts, ensure_ascii=False))
    elif printed.text:
        click.echo(printed.text)


def table(titles: Sequence[str], rows: Sequence[Sequence[object]], *, empty: str) -> str:
    """Columns for people, as wide as they need to be."""
    if not rows:
        return empty
    cells = [[str(title) for title in titles], *[["-" if cell is None else str(cell) for cell in row] for row in rows]]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells
    )


def instant(at_ms: int | None) -> str | None:
    """ISO 8601 in UTC with whole seconds, rounded down."""
    if at_ms is None:
        return None
    return datetime.fromtimestamp(at_ms // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
