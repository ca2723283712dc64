"""Lists brought in from files: template, columns matched by name, preview row by row, run, and taken back again."""

import csv
import io
from collections.abc import Sequence
from typing import Any, Final

from starlette.responses import Response

from fleetline.web.asking import Refused
from fleetline.web.site import HEADERS, Visit

KINDS: Final[dict[str, tuple[tuple[str, bool], ...]]] = {
    "vehicles": (("Vehicle ID", True), ("Vehicle Name", False), ("Vehicle Groups", False)),
    "drivers": (("Driver ID", True), ("Driver Name", False), ("Driver Groups", False)),
    "devices": (("imei", True), ("name", True), ("type", False), ("description", False), ("mileage", False)),
}
"""(column, whether a file must have it) of each list."""
EXAMPLES: Final = {
    "vehicles": ("van-17", "Van 17", "Berlin|Parcels"),
    "drivers": ("d-204", "Ada Lovelace", "Berlin"),
    "devices": ("358765432109876", "Van 17", "VAN", "Parcel van, north tour", "48210"),
}
SYNONYMS: Final = {
    "vehicle id": ("id", "external id", "vehicle", "number plate", "plate", "registration"),
    "vehicle name": ("name", "label"),
    "vehicle groups": ("groups", "group", "fleet"),
    "driver id": ("id", "external id", "driver", "personnel number"),
    "driver name": ("name",),
    "driver groups": ("groups", "group"),
    "imei": ("ident", "device", "identifier", "unique id", "uniqueid"),
    "name": ("vehicle name", "vehicle", "label"),
    "mileage": ("odometer", "km", "mileage_km"),
    "type": ("vehicle type",),
}
LARGEST: Final = 4_000_000
SHOWN: Final = 300


def kind_of(visit: Visit) -> str:
    kind = str(visit.request.path_params.get("kind", ""))
    if kind not in KINDS:
        raise Refused(404, {"code": "not_found", "detail": "There is no such list to import."})
    return kind


def separator(text: str) -> str:
    first = text.split("\n", 1)[0]
    return max(",;\t", key=first.count)


def header_of(text: str) -> list[str]:
    """The cells of the first line."""
    return next(csv.reader(io.StringIO(text), delimiter=separator(text)), [])


def guessed(kind: str, header: Sequence[str]) -> dict[str, str]:
    """Our column -> the column of the file that most likely stands for it, empty when none does."""
    folded = {cell.strip().casefold(): cell for cell in header}
    found = {}
    for column, _ in KINDS[kind]:
        names = (column.casefold(), *SYNONYMS.get(column.casefold(), ()))
        found[column] = next((folded[name] for name in names if name in folded), "")
    return found


def renamed(text: str, mapping: dict[str, str]) -> str:
    """The file with our columns only, under our names."""
    rows = csv.DictReader(io.StringIO(text), delimiter=separator(text))
    target = io.StringIO()
    writer = csv.writer(target, lineterminator="\n")
    kept = [(ours, theirs) for ours, theirs in mapping.items() if theirs]
    writer.writerow([ours for ours, _ in kept])
    writer.writerows([row.get(theirs) or "" for _, theirs in kept] for row in rows)
    return target.getvalue()


async def start(visit: Visit) -> Response:
    kind = kind_of(visit)
    return visit.show("import", kind=kind, step="file", columns=KINDS[kind], fault="")


async def template(visit: Visit) -> Response:
    kind = kind_of(visit)
    target = io.StringIO()
    csv.writer(target, lineterminator="\n").writerows([[name for name, _ in KINDS[kind]], EXAMPLES[kind]])
    named = {"Content-Disposition": f'attachment; filename="{kind}-template.csv"'}
    return Response(target.getvalue(), media_type="text/csv; charset=utf-8", headers=HEADERS | named)


async def proceed(visit: Visit) -> Response:
    """The step after: a file's columns, a preview of its rows, or the run itself."""
    kind = kind_of(visit)
    name, data = await visit.upload("file")
    try:
        text = data.decode("utf-8-sig") if data else str(visit.form.get("text") or "")
    except UnicodeDecodeError:
        return _again(visit, kind, "The file is not UTF-8 text. Save it as CSV UTF-8 and choose it again.")
    if not text.strip():
        return _again(visit, kind, "Choose a CSV file that has a header line.")
    if len(text) > LARGEST:
        return _again(visit, kind, "The file is larger than 4 MB. Use the command line or the API for it.")
    name, header = name or visit.field("name"), header_of(text)
    mapping = {ours: visit.field(f"map:{ours}") for ours, _ in KINDS[kind]} if not data else guessed(kind, header)
    missing = [ours for ours, needed in KINDS[kind] if needed and not mapping[ours]]
    shared: dict[str, Any] = {
        "kind": kind,
        "columns": KINDS[kind],
        "text": text,
        "name": name,
        "header": header,
        "mapping": mapping,
        "add_groups": bool(visit.field("add_groups")),
        "report": None,
        "fault": "",
    }
    if missing:
        return visit.show(
            "import", step="columns", **shared | {"fault": f"Say which column is {' and '.join(missing)}."}
        )
    options = {"add_groups": "true"} if shared["add_groups"] and kind != "devices" else {}
    runs = visit.field("act") == "run"
    try:
        report = await _apply(visit, kind, renamed(text, mapping), {**options, "preview": "false" if runs else "true"})
    except Refused as refusal:
        if refusal.status not in (409, 415, 422):
            raise
        return visit.show("import", step="columns", **shared | {"fault": refusal.detail})
    shared["report"] = report | {"lines": sorted(report["lines"], key=_worst_first)[:SHOWN]}
    return visit.show("import", step="done" if runs else "preview", **shared)


def _worst_first(line: dict[str, Any]) -> tuple[bool, int]:
    return line["result"] != "refused", line["row"] or 0


def _again(visit: Visit, kind: str, fault: str) -> Response:
    return visit.show("import", 422, kind=kind, step="file", columns=KINDS[kind], fault=fault)


async def _apply(visit: Visit, kind: str, text: str, query: dict[str, str]) -> dict[str, Any]:
    reply = await visit.api.call("POST", f"/{kind}/import", query=query, body=text.encode(), media="text/csv")
    found: dict[str, Any] = reply.value()
    return found


PAGES: Final = (
    ("GET", "/import/{kind}", start),
    ("POST", "/import/{kind}", proceed),
    ("GET", "/import/{kind}/template.csv", template),
)
