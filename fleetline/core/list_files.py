"""Files of lists: read into a header and rows whatever their form, and written back with what became of each row."""

import csv
import io
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from fleetline.core.list_kinds import CSV, GEOJSON, NDJSON
from fleetline.core.registry_csv import MOST_ROWS, csv_lines, file_text, guarded, unguarded
from fleetline.core.solar_sheet import object_of_feature
from fleetline.model.errors import Invalid

_DELIMITERS: Final = ",;\t"
ID_COLUMNS: Final = ("row", "name")
RESULT_COLUMNS: Final = ("Result", "Error")


@dataclass(frozen=True, slots=True)
class FileRow:
    """One row; number: its line, the header's being 1, or its place in a file of objects.

    cells   of a spreadsheet, as long as the header
    value   of a file of objects: the object, or the Invalid that says why it is none
    """

    number: int
    cells: tuple[str, ...] = ()
    value: Any = None

    def by_column(self, header: Sequence[str], columns: Mapping[str, str]) -> dict[str, str]:
        """Our column -> cell."""
        place = {name: index for index, name in enumerate(header)}
        return {ours: unguarded(self.cells[place[theirs]]) for ours, theirs in columns.items()}


@dataclass(frozen=True, slots=True)
class ListFile:
    """A file that was read; header is empty for files of objects, whose fields have names of their own."""

    header: tuple[str, ...]
    rows: tuple[FileRow, ...]
    blank: int = 0


def read_file(data: bytes, media: str) -> ListFile:
    """errors: Invalid(`file`)"""
    readers: dict[str, Callable[[str], ListFile]] = {CSV: _table, NDJSON: _lines, GEOJSON: _features}
    found = readers[media](file_text(data))
    if len(found.rows) > MOST_ROWS:
        raise Invalid("file", f"has more than {MOST_ROWS} rows")
    if not found.rows:
        raise Invalid("file", "has no rows")
    return found


def _table(text: str) -> ListFile:
    first = next((line for line in text.splitlines() if line.strip()), "")
    lines = csv_lines(text.lstrip("\r\n"), max(_DELIMITERS, key=first.count))
    header = tuple(cell.strip() for cell in lines[0]) if lines else ()
    if not any(header):
        raise Invalid("file", "has no header line")
    rows, blank = [], 0
    for number, cells in enumerate(lines[1:], 2):
        if any(cell.strip() for cell in cells):
            rows.append(FileRow(number, tuple([*cells, *[""] * (len(header) - len(cells))][: len(header)])))
        else:
            blank += 1
    return ListFile(header, tuple(rows), blank)


def _lines(text: str) -> ListFile:
    rows, blank = [], 0
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            blank += 1
            continue
        try:
            rows.append(FileRow(number, (), json.loads(line)))
        except (ValueError, RecursionError):
            rows.append(FileRow(number, (), Invalid("", "is no JSON")))
    return ListFile((), tuple(rows), blank)


def _features(text: str) -> ListFile:
    try:
        whole = json.loads(text)
    except (ValueError, RecursionError) as fault:
        raise Invalid("file", "is no JSON") from fault
    features = whole.get("features") if isinstance(whole, dict) else None
    if not isinstance(features, list):
        raise Invalid("file", "is no GeoJSON FeatureCollection")
    rows = []
    for number, feature in enumerate(features, 1):
        try:
            rows.append(FileRow(number, (), object_of_feature(feature)))
        except Invalid as fault:
            rows.append(FileRow(number, (), fault))
    return ListFile((), tuple(rows))


def result_file(found: ListFile, told: Iterable[tuple[int, str, str, str]]) -> str:
    """The file as a spreadsheet with two columns more.

    told  (row, name, result, error) of each row that is wanted
    """
    rows = {row.number: row for row in found.rows}
    target = io.StringIO()
    writer = csv.writer(target, lineterminator="\n")
    writer.writerow([*(found.header or ID_COLUMNS), *RESULT_COLUMNS])
    for number, name, result, error in told:
        row = rows.get(number)
        cells = row.cells if found.header and row is not None else (str(number), guarded(name))
        writer.writerow([*cells, result, guarded(error)])
    return target.getvalue()
