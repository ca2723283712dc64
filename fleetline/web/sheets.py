"""A list as a file for other programs: CSV and XLSX of the columns that are shown."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Final

from starlette.responses import Response

from fleetline.web.site import HEADERS
from fleetline.web.tables import Cell, Column
from fleetline.web.words import Words

FORMULA_SIGNS: Final = ("=", "+", "-", "@", "\t", "\r")
MEDIA: Final = {
    "csv": "text/csv; charset=utf-8", "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}  # fmt: skip
WIDEST: Final = 48


def headings(columns: Sequence[Column], words: Words) -> list[str]:
    """The label of each column with its unit: `Mileage, km`."""
    return [f"{column.label}, {unit}" if (unit := words.unit(column.unit)) else column.label for column in columns]


def guarded(cell: Cell) -> Cell:
    """A text that a spreadsheet would take for a formula gets an apostrophe in front."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA_SIGNS) else cell


def as_csv(columns: Sequence[Column], rows: Iterable[Sequence[Cell]], words: Words) -> bytes:
    """With a byte order mark, which spreadsheets need to see that it is UTF-8."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(headings(columns, words))
    for row in rows:
        writer.writerow(["" if cell is None else guarded(cell) for cell in row])
    return b"\xef\xbb\xbf" + text.getvalue().encode()


def as_xlsx(columns: Sequence[Column], rows: Iterable[Sequence[Cell]], words: Words, name: str) -> bytes:
    """One sheet with a heading that stays in sight and a filter; numbers are numbers, and no text is a formula."""
    from xlsxwriter import Workbook

    file = io.BytesIO()
    book = Workbook(file, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    sheet = book.add_worksheet(name.capitalize())
    bold = book.add_format({"bold": True, "bottom": 1})
    widths = [len(text) for text in headings(columns, words)]
    sheet.write_row(0, 0, headings(columns, words), bold)
    last = 0
    for last, row in enumerate(rows, 1):
        for place, cell in enumerate(row):
            if isinstance(cell, str):
                sheet.write_string(last, place, cell)
            elif cell is not None:
                sheet.write_number(last, place, cell)
            widths[place] = max(widths[place], len(str(cell or "")))
    for place, width in enumerate(widths):
        sheet.set_column(place, place, min(WIDEST, width + 2))
    sheet.freeze_panes(1, 1)
    sheet.autofilter(0, 0, max(1, last), max(0, len(columns) - 1))
    book.close()
    return file.getvalue()


def sheet_response(
    form: str, columns: Sequence[Column], rows: Iterable[Sequence[Cell]], words: Words, name: str
) -> Response:
    """The file as a download. form: csv | xlsx"""
    body = as_xlsx(columns, rows, words, name) if form == "xlsx" else as_csv(columns, rows, words)
    headers = HEADERS | {"Content-Disposition": f'attachment; filename="{name}.{form}"'}
    return Response(body, headers=headers, media_type=MEDIA[form])
