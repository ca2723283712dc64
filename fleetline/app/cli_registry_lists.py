"""Commands that take lists of vehicles and drivers from files and write them to files."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from fleetline.app.cli_registry import OPERATOR, account_option, finished, read_file
from fleetline.app.command import Printed, core_command
from fleetline.core.registry_listing import Options
from fleetline.core.registry_sheets import RESULTS, read_sheet, report_facts, report_table, write_sheet
from fleetline.core.workspace import Core
from fleetline.model.errors import Invalid
from fleetline.model.registry import Author, Kind

MANY_ROWS = 5_000
LIST_AUTHOR = Author(OPERATOR.actor, "csv")


@click.group()
def vehicle() -> None:
    """Lists of vehicles, to and from files."""


@click.group()
def driver() -> None:
    """Lists of drivers, to and from files."""


def _import_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """The options of an import, in the order of its help."""
    for option in reversed(
        (
            click.option("--dry-run", is_flag=True, help="Tell what would happen, and change nothing."),
            click.option("--strict", is_flag=True, help="Change nothing if any row is refused."),
            click.option(
                "--groups", type=click.Choice(["replace", "add"]), default="replace", show_default=True,
                help="Whether a row's groups replace those it has.",
            ),
            click.option("--sync", is_flag=True, help="Also delete what the file does not name; always strict."),
            click.option(
                "--max-removals", type=click.IntRange(min=0), metavar="N",
                help="With --sync: refuse a file that would delete more (the larger of 10 and 5 %).",
            ),
            click.option("--remove-fitted", is_flag=True, help="With --sync: also vehicles that carry a device."),
            click.option("--report", "report_file", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
                         help="Write the report there as a table."),
        )
    ):  # fmt: skip
        function = option(function)
    return function


async def _import(core: Core, kind: Kind, file: str, account_id: str, **values: Any) -> Printed:
    options = Options(
        add_groups=values["groups"] == "add", strict=values["strict"], sync=values["sync"],
        max_removals=values["max_removals"], remove_fitted=values["remove_fitted"],
    )  # fmt: skip
    if not options.sync and (options.max_removals is not None or options.remove_fitted):
        raise click.UsageError("--max-removals and --remove-fitted need --sync")
    sheet = read_sheet(read_file(file), kind)
    progress(len(sheet.rows), f"{len(sheet.rows)} rows read, comparing with the registry ...")
    preview: bool = values["dry_run"]
    report = await core.registry.lists.apply(
        account_id, kind, sheet.rows, LIST_AUTHOR, options=options, preview=preview
    )
    progress(len(sheet.rows), "done, writing the report ...")
    if values["report_file"] is not None:
        _write(values["report_file"], report_table(sheet, report))
    facts = report_facts(sheet, report, preview=preview)
    return finished(Printed(facts, _told(facts, kind)), facts["refused"])


def _told(facts: dict[str, Any], kind: Kind) -> str:
    lines = [f"warning: {text}" for text in facts["warnings"]]
    name = f"{kind.value}_id"
    lines += [f"row {e['row']}: {e[name]}: {e['result']}: {e['detail']}" for e in facts["report"] if e["detail"]]
    lines += [f"removed: {e[name]}" for e in facts["report"] if e["result"] == "removed"]
    if facts["groups_created"]:
        lines.append("groups created: " + ", ".join(facts["groups_created"]))
    counts = ", ".join(f"{facts[result]} {result}" for result in RESULTS)
    return "\n".join([*lines, f"{'preview, nothing changed: ' if facts['dry_run'] else ''}{counts}"])


def progress(rows: int, text: str) -> None:
    """One line for whoever waits for a long file at a terminal."""
    if rows >= MANY_ROWS and sys.stderr.isatty():
        click.echo(text, err=True)


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, "utf-8", newline="")
    except OSError as fault:
        raise Invalid(str(path), fault.strerror or str(fault)) from fault


async def _export(core: Core, kind: Kind, account_id: str, output: Path | None) -> Printed:
    await core.accounts.account(account_id)
    entries = await core.registry.lists.entries(account_id, kind)
    text = write_sheet(entries, kind)
    facts = [{"id": entry.external_id, "name": entry.name, "groups": list(entry.groups)} for entry in entries]
    if output is None or str(output) == "-":
        return Printed(facts, text.removesuffix("\n"))
    _write(output, text)
    return Printed({"rows": len(entries), "output": str(output)}, f"{len(entries)} rows written to {output}")


def _output_option(function: Callable[..., Any]) -> Callable[..., Any]:
    option = click.option("--output", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE")
    with_output: Callable[..., Any] = option(function)
    return with_output


@vehicle.command("import")
@click.argument("file")
@account_option
@_import_options
@core_command
async def vehicle_import(core: Core, file: str, account_id: str, **values: Any) -> Printed:
    """Take the vehicles of FILE (`-`: standard input), a table with Vehicle ID, Vehicle Name, Vehicle Groups."""
    return await _import(core, Kind.VEHICLE, file, account_id, **values)


@vehicle.command("export")
@account_option
@_output_option
@core_command
async def vehicle_export(core: Core, account_id: str, output: Path | None) -> Printed:
    """Write the vehicles as a table that `vehicle import` takes."""
    return await _export(core, Kind.VEHICLE, account_id, output)


@driver.command("import")
@click.argument("file")
@account_option
@_import_options
@core_command
async def driver_import(core: Core, file: str, account_id: str, **values: Any) -> Printed:
    """Take the drivers of FILE (`-`: standard input), a table with Driver ID, Driver Name, Driver Groups."""
    return await _import(core, Kind.DRIVER, file, account_id, **values)


@driver.command("export")
@account_option
@_output_option
@core_command
async def driver_export(core: Core, account_id: str, output: Path | None) -> Printed:
    """Write the drivers as a table that `driver import` takes."""
    return await _export(core, Kind.DRIVER, account_id, output)


@vehicle.command("unique-names")
@click.argument("switch", type=click.Choice(["on", "off"]))
@account_option
@core_command
async def vehicle_unique_names(core: Core, switch: str, account_id: str) -> Printed:
    """Whether no two vehicles, and no two drivers, of the account may have one name; on unless turned off."""
    await core.registry.set_unique_names(account_id, switch == "on", OPERATOR)
    return Printed({"account_id": account_id, "unique_names": switch == "on"}, f"unique names are {switch}")
