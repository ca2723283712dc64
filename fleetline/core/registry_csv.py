"""Tables of text as spreadsheets read and write them."""

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from fleetline.model.errors import Invalid

LARGEST_FILE: Final = 32 * 2**20
MOST_ROWS: Final = 200_000
LARGEST_CELL: Final = 131_072
_DELIMITERS: Final = (",", ";", "\t")
_FORMULA: Final = ("=", "+", "-", "@")


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table; `number` counts lines from 1, the header being 1; a column that the file lacks is absent."""

    number: int
    cells: dict[str, str]


@dataclass(frozen=True, slots=True)
class Table:
    """A file that was read.

    columns   the known columns it has, as their names are given in code
    blank     lines without any text, which are in no row
    warnings  columns that nobody asked for
    """

    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    blank: int
    warnings: tuple[str, ...]


def file_text(data: bytes) -> str:
    """The text of a UTF-8 file, with or without byte order mark. errors: Invalid(`file`): not UTF-8, too large"""
    if len(data) > LARGEST_FILE:
        raise Invalid("file", f"is larger than {LARGEST_FILE // 2**20} MiB")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        raise Invalid("file", f"is not UTF-8: byte {fault.start + 1} of it") from fault


def read_table(data: bytes, columns: Sequence[str], required: Sequence[str]) -> Table:
    """Rows of a UTF-8 file, with or without byte order mark, whose header line names its columns in any case and order.

    The delimiter is comma, semicolon or tab, whichever finds most of `columns` in the header line.
    errors  Invalid(`file`): not UTF-8, too large, too many rows, broken quotes, a required column missing or one twice
    """
    text = file_text(data)
    lines = csv_lines(text, _delimiter(text, columns))
    header = [cell.strip() for cell in lines[0]] if lines else []
    places = _places(header, columns, required)
    rows, blank = [], 0
    for number, cells in enumerate(lines[1:], 2):
        if not any(cell.strip() for cell in cells):
            blank += 1
            continue
        rows.append(Row(number, {c: cells[at] if at < len(cells) else "" for c, at in places.items()}))
    if len(rows) > MOST_ROWS:
        raise Invalid("file", f"has more than {MOST_ROWS} rows")
    known = set(places.values())
    others = [name for at, name in enumerate(header) if at not in known and name]
    return Table(tuple(places), tuple(rows), blank, tuple(f"column {name!r} is ignored" for name in others))


def csv_lines(text: str, delimiter: str) -> list[list[str]]:
    """Every line as its cells. errors: Invalid(`file`)"""
    former = csv.field_size_limit(LARGEST_CELL)
    try:
        return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except csv.Error as fault:
        raise Invalid("file", f"is not a table of comma-separated values: {fault}") from fault
    finally:
        csv.field_size_limit(former)


def _delimiter(text: str, columns: Sequence[str]) -> str:
    first = text.lstrip("\r\n").splitlines()[:1] or [""]
    wanted = {column.casefold() for column in columns}

    def found(delimiter: str) -> int:
        return len(wanted & {cell.strip().strip('"').strip().casefold() for cell in first[0].split(delimiter)})

    return max(_DELIMITERS, key=found)


def _places(header: Sequence[str], columns: Sequence[str], required: Sequence[str]) -> dict[str, int]:
    folded = [name.casefold() for name in header]
    places = {}
    for column in columns:
        count = folded.count(column.casefold())
        if count > 1:
            raise Invalid("file", f"has the column {column!r} {count} times")
        if count:
            places[column] = folded.index(column.casefold())
        elif column in required:
            raise Invalid("file", f"has no column {column!r} in its first line")
    return places


def write_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """The table with commas and a line feed after each row."""
    target = io.StringIO()
    writer = csv.writer(target, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return target.getvalue()


def guarded(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula; `unguarded` undoes it."""
    return "'" + cell if cell.lstrip("'").startswith(_FORMULA) else cell


def unguarded(cell: str) -> str:
    """The cell as it was before `guarded`."""
    return cell[1:] if cell.startswith("'") and cell.lstrip("'").startswith(_FORMULA) else cell
