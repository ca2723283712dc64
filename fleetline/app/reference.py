"""Writes the reference pages out of the code: `python -m fleetline.app.reference`."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from inspect import cleandoc
from pathlib import Path
from typing import Any, Final

import click

from fleetline.app import reference_words as words
from fleetline.app.cli import COMMANDS, main
from fleetline.app.command import data_options
from fleetline.app.plug import find_dialects, find_protocols
from fleetline.app.reference_api import api_page
from fleetline.app.reference_text import grid, number
from fleetline.app.settings import ACTIONS, FLAGS, PREFIX, READERS, Settings, load_settings
from fleetline.app.settings import WORDS as CHOICES
from fleetline.model.errors import Invalid
from fleetline.model.limits import BUILT_IN, Plan, plans_of

FOLDER: Final = Path(__file__).parents[2] / "docs" / "reference"
NOTE: Final = "Generated from the code by `python -m fleetline.app.reference`; do not edit."
SHARED: Final = ("database", "data", "config", "as_json")


def pages() -> dict[str, str]:
    """Every page by its file name."""
    found = {
        "commands.md": ("Commands", _commands()),
        "settings.md": ("Settings", _settings()),
        "plans.md": ("Plans", _plans()),
        "thresholds.md": ("Trip thresholds", _thresholds()),
        "trackers.md": ("Tracker protocols", _trackers()),
        "positions.md": ("Stored positions", _positions()),
        "metrics.md": ("Health and metrics", _metrics()),
    }
    for name, dialect in sorted(find_dialects().items()):
        found[f"api-{name}.md"] = (dialect.title, api_page(dialect))
    index = [f"- [{title}]({name})" for name, (title, _) in found.items()]
    found["README.md"] = ("Reference", iter(index))
    return {name: "\n".join([f"# {title}", "", NOTE, "", *lines]) + "\n" for name, (title, lines) in found.items()}


def write(folder: Path) -> list[str]:
    """Writes all pages, removes those that no longer are; the names of those that changed."""
    folder.mkdir(parents=True, exist_ok=True)
    wanted = pages()
    changed = [path.name for path in folder.glob("*.md") if path.name not in wanted]
    for name in changed:
        (folder / name).unlink()
    for name, text in wanted.items():
        path = folder / name
        if not path.is_file() or path.read_text("utf-8") != text:
            path.write_text(text, "utf-8")
            changed.append(name)
    return changed


def _commands() -> Iterator[str]:
    yield "Exit status: 0 done; 1 refused, with one clear line on standard error; 2 wrong usage."
    yield ""
    yield "Options of every command that needs data, below called *the shared options*:"
    yield ""
    shared = click.command("shared")(data_options(lambda: None))
    yield from _options(shared, click.Context(shared), shared.params)
    yield ""
    root = click.Context(main, info_name="fleetline")
    for name in COMMANDS:
        command = main.get_command(root, name)
        assert command is not None, f"{name} stands in the table of commands"
        yield from _command(command, click.Context(command, info_name=name, parent=root))


def _command(command: click.Command, ctx: click.Context) -> Iterator[str]:
    if isinstance(command, click.Group):
        for name in command.list_commands(ctx):
            member = command.get_command(ctx, name)
            assert member is not None, f"{name} is listed"
            yield from _command(member, click.Context(member, info_name=name, parent=ctx))
        return
    own = [given for given in command.params if given.name not in SHARED]
    shares = {given.name for given in command.params} >= set(SHARED)
    yield f"## {ctx.command_path}"
    yield ""
    arguments = [given.make_metavar(ctx) for given in own if isinstance(given, click.Argument)]
    yield f"`{' '.join([ctx.command_path, *arguments, '[OPTIONS]'])}`"
    yield ""
    yield cleandoc(command.help or "")
    yield ""
    alone = [] if shares else [given for given in command.params if given.name == "as_json"]
    lines = [*_options(command, ctx, [*own, *alone]), *(["- the shared options"] if shares else [])]
    if lines:
        yield from (*lines, "")


def _options(command: click.Command, ctx: click.Context, given: Sequence[click.Parameter]) -> Iterator[str]:
    for option in given:
        record = option.get_help_record(ctx)
        if record is not None and isinstance(option, click.Option):
            needed = "; needed" if option.required and "required" not in record[1] else ""
            text = f": {' '.join(record[1].split())}" if record[1] else ""
            yield f"- `{record[0]}`{text}{needed}"


def _settings() -> Iterator[str]:
    words.described(READERS, words.SETTINGS)
    yield words.SETTINGS_INTRO
    plain = load_settings({}, {}, Path())
    serve = main.get_command(click.Context(main), "serve")
    assert serve is not None, "serve is a command"
    flags = {flag for option in serve.params for flag in option.opts}
    rows = []
    for name in READERS:
        flag = f"--{FLAGS.get(name, name.replace('_', '-'))}"
        variable = PREFIX + name.upper().replace(".", "_")
        shown = f"`{flag}`" if flag in flags else ""
        default = _default(plain, name)
        rows.append((f"`{name}`", f"`{variable}`", shown, default, _takes(name), words.SETTINGS[name]))
    yield from grid(("In the file", "In the environment", "Flag", "Default", "Takes", "Meaning"), rows)
    yield words.SETTINGS_END


def _default(plain: Settings, name: str) -> str:
    table, _, key = name.rpartition(".")
    if table == "fleetize":
        return f"`{CHOICES[key][0]}`"
    value: Any = getattr(plain.lives if table == "tokens" else plain, key)
    if value is None:
        return "all, each on its own port"
    if isinstance(value, tuple) and value:
        value = f"{value[0]}:{value[1]}"
    return f"`{value}`" if value not in ("", ()) else ""


def _takes(name: str) -> str:
    """What the setting may be, in the words of its own refusal."""
    try:
        READERS[name](name, "?")
    except Invalid as refusal:
        return refusal.reason.removeprefix("must be ").removeprefix("must ").split(": '")[0]
    return "a text"


def _plans() -> Iterator[str]:
    names = [item.name for item in fields(Plan) if item.name != "name"]
    words.described(names, words.PLAN)
    yield words.PLANS_INTRO
    rows = []
    for name in names:
        values = [_plan_value(getattr(plan, name)) for plan in BUILT_IN.values()]
        rows.append((f"`{name}`", *values, _plan_takes(name), words.PLAN[name]))
    yield from grid(("Key", *(f"`{name}`" for name in BUILT_IN), "Takes", "Meaning"), rows)


def _plan_value(value: object) -> str:
    if value is None:
        return "all"
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else f"{value}"


def _plan_takes(name: str) -> str:
    try:
        plans_of({"x": {name: object()}}, ACTIONS)
    except Invalid as refusal:
        return refusal.reason.removeprefix("must be ")
    raise ValueError(f"{name} takes anything")


def _thresholds() -> Iterator[str]:
    from fleetline.model.trips.thresholds import RANGES, Thresholds

    words.described(RANGES, words.THRESHOLDS)
    yield words.THRESHOLDS_INTRO
    plain, rows = Thresholds(), []
    for name, (unit, text) in words.THRESHOLDS.items():
        low, high = RANGES[name]
        rows.append((f"`{name}`", unit, number(getattr(plain, name)), f"{number(low)} to {number(high)}", text))
    yield from grid(("Name", "Unit", "Default", "Range", "Meaning"), rows)


def _trackers() -> Iterator[str]:
    from fleetline.trackers.protocols.teltonika_elements import KNOWN, VARIABLE, Known

    rows = [
        (f"`{found.name}`", f"{found.port}", " and ".join(found.transports), found.source)
        for found in sorted(find_protocols().values(), key=lambda item: item.name)
    ]
    yield from grid(("Name", "Port", "Over", "Documented at"), rows)
    yield words.ELEMENTS_INTRO

    def form(known: Known) -> str:
        if known.form != "number":
            return known.form
        return f"1/{known.divisor}" if known.divisor > 1 else "1"

    elements = []
    for (element, width), known in sorted(KNOWN.items(), key=lambda item: item[0]):
        field = f"`{known.field}`" if known.field else ""
        wide = "any" if width == VARIABLE else f"{width}"
        absent = ", ".join(map(str, known.absent))
        elements.append((f"{element}", wide, f"`{known.name}`", form(known), field, absent))
    yield from grid(("Element", "Bytes", "Attribute", "Step", "Field", "Sensor fault at"), elements)


def _positions() -> Iterator[str]:
    from fleetline.app.positions import FIELDS
    from fleetline.app.reference_facts import shared_attributes

    words.described(FIELDS, words.POSITIONS)
    words.described(shared_attributes(), words.ATTRIBUTES)
    yield words.POSITIONS_INTRO
    yield from grid(("Field", "Meaning"), _named(words.POSITIONS))
    yield words.ATTRIBUTES_INTRO
    yield from grid(("Name", "Meaning"), _named(words.ATTRIBUTES))


def _metrics() -> Iterator[str]:
    from fleetline.app.reference_facts import refused_reports, server_facts

    metrics, troubles = server_facts()
    words.described(troubles, words.TROUBLES)
    words.described(refused_reports(), words.REFUSED_REPORTS)
    yield words.HEALTH_INTRO
    yield from grid(("Name", "Meaning"), _named(words.TROUBLES))
    yield words.METRICS_INTRO
    yield from grid(("Metric", "Kind", "Labels", "Counts"), metrics)
    yield words.REASONS_INTRO
    yield from grid(("Reason", "Meaning"), _named(words.REFUSED_REPORTS))


def _named(table: Mapping[str, str]) -> list[tuple[str, str]]:
    return [(f"`{name}`", text) for name, text in table.items()]


if __name__ == "__main__":
    sys.stdout.writelines(f"{name}\n" for name in write(FOLDER))
