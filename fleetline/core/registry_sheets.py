"""A list of vehicles or drivers as a spreadsheet file: read into rows, written from entries, its report as facts."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from fleetline.core.registry_csv import guarded, read_table, unguarded, write_table
from fleetline.core.registry_listing import Row, Verdict
from fleetline.core.registry_lists import ListEntry, ListReport
from fleetline.model.registry import Kind, each_once, text_fault

BAR: Final = "|"
RESULTS: Final = ("added", "changed", "unchanged", "superseded", "refused", "removed")


@dataclass(frozen=True, slots=True)
class Sheet:
    """A file that was read: its rows, how many blank lines it has, and what its reader should know."""

    kind: Kind
    rows: tuple[Row, ...]
    blank: int
    warnings: tuple[str, ...]


def columns(kind: Kind) -> tuple[str, str, str]:
    """The three column names, `Vehicle ID` and so on."""
    noun = kind.value.title()
    return f"{noun} ID", f"{noun} Name", f"{noun} Groups"


def read_sheet(data: bytes, kind: Kind) -> Sheet:
    """The rows of a file. errors: Invalid(`file`), see `read_table`"""
    id_column, name_column, groups_column = names = columns(kind)
    table = read_table(data, names, (id_column,))
    grouped = groups_column in table.columns
    rows = tuple(
        Row(
            row.number,
            unguarded(row.cells[id_column]),
            unguarded(row.cells.get(name_column, "")),
            _group_names(unguarded(row.cells[groups_column])) if grouped else None,
        )
        for row in table.rows
    )
    return Sheet(kind, rows, table.blank, table.warnings)


def _group_names(cell: str) -> tuple[str, ...]:
    return tuple(each_once(part.strip() for part in cell.split(BAR) if part.strip()).values())


def write_sheet(entries: Iterable[ListEntry], kind: Kind) -> str:
    """A file that `read_sheet` reads back to the same list."""
    return write_table(
        columns(kind), ([guarded(e.external_id), guarded(e.name), guarded(BAR.join(e.groups))] for e in entries)
    )


def report_facts(sheet: Sheet, report: ListReport, *, preview: bool) -> dict[str, Any]:
    """The report for programs; the counts add up to `rows`, `removed` apart."""
    noun = sheet.kind.value
    return {
        "dry_run": preview,
        "rows": len(sheet.rows),
        "blank": sheet.blank,
        **{result: report.count(result) for result in RESULTS},
        "groups_created": list(report.groups_created),
        "warnings": [*sheet.warnings, *_warnings(sheet, report.verdicts)],
        "report": [
            {
                "row": verdict.row,
                f"{noun}_id": verdict.external_id,
                f"{noun}_name": verdict.name,
                f"{noun}_groups": list(verdict.groups),
                "result": verdict.result,
                "detail": verdict.detail,
            }
            for verdict in report.verdicts
        ],
    }


def _warnings(sheet: Sheet, verdicts: Sequence[Verdict]) -> Iterable[str]:
    """Texts that are kept although no caller of the assets API could send them."""
    id_column, name_column, _ = columns(sheet.kind)
    for verdict in verdicts:
        if verdict.result not in ("added", "changed"):
            continue
        new_name = verdict.result == "added" or verdict.detail.startswith("name: ")
        for title, text, stored in (
            (id_column, verdict.external_id, verdict.result == "added"),
            (name_column, verdict.name, new_name),
        ):
            fault = text_fault(text, narrow=True) if stored else None
            if fault is not None:
                yield f"row {verdict.row}: {title} has a character that the API does not take: {fault.character!r}"


def report_table(sheet: Sheet, report: ListReport) -> str:
    """The report as a file, one line per row; a removed member has no row number."""
    lines = (
        [
            "" if verdict.row is None else str(verdict.row), guarded(verdict.external_id), guarded(verdict.name),
            guarded(BAR.join(verdict.groups)), verdict.result, guarded(verdict.detail),
        ]
        for verdict in report.verdicts
    )  # fmt: skip
    return write_table(["Row", *columns(sheet.kind), "Result", "Detail"], lines)
