"""The columns of a CSV file of resources: one system with one array flat, anything larger as JSON."""

import json
import re
from collections.abc import Sequence
from typing import Any, Final

from fleetline.api.dialects.fleetview.nouns import facts_json
from fleetline.api.dialects.fleetview.reading import Members, nearest, read_json
from fleetline.api.dialects.fleetview.schema import CONFIGURATION, INVERTER, LOCATION, MODULES, RESOURCE, SYSTEM, Form
from fleetline.api.dialects.fleetview.words import Refusal, bad, clean
from fleetline.model.power import PowerResource
from fleetline.model.resource import Fault

Path = tuple[str, ...]
SYSTEMS: Final = "pvSystems"
TAGS: Final = "tags"
MONTHS: Final = tuple(f"solarAccess_Percent_{month}" for month in range(1, 13))
NUMBER: Final = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,4})?", re.ASCII)
_SYSTEM: Final = ("pvSystems[0]",)
_ARRAY: Final = (*_SYSTEM, "pvArrays[0]")


def _flat(form: Form, path: Path, renames: dict[str, str] | None = None) -> dict[str, tuple[Path, str, str]]:
    """Column -> (path of the owner, name there, kind) of every scalar field of a form."""
    kinds = ("number", "whole", "text", "enum", "date")
    return {
        (renames or {}).get(item.name, item.name): (path, item.name, item.kind)
        for item in form.fields
        if item.kind in kinds
    }


_DATES: Final = ("installDate", "decommissionDate")
COLUMNS: Final[dict[str, tuple[Path, str, str]]] = {
    "resourceId": ((), "resourceId", "text"),
    **_flat(RESOURCE, ()),
    TAGS: ((), TAGS, "tags"),
    **_flat(LOCATION, ("location",)),
    **{name: place for name, place in _flat(SYSTEM, _SYSTEM).items() if name not in _DATES},
    **_flat(INVERTER, (*_SYSTEM, "inverters[0]"), {"count": "inverterCount"}),
    **_flat(MODULES, (*_ARRAY, "pvModules[0]"), {"count": "moduleCount"}),
    **_flat(CONFIGURATION, (*_ARRAY, "arrayConfiguration")),
    **{name: (_ARRAY, name, "month") for name in MONTHS},
    SYSTEMS: ((), SYSTEMS, "json"),
}
"""Every column there is."""

_BY_KEY: Final = {name.lower(): name for name in COLUMNS} | {"energysiteid": "resourceId"}
_INSIDE: Final = tuple(name for name, (path, _, _) in COLUMNS.items() if path[:1] == _SYSTEM)
_BY_PLACE: Final = {".".join((*path, inner)): name for name, (path, inner, _) in COLUMNS.items()}


class Columns:
    """The header of one file. errors: Refusal 400 for what is no header"""

    def __init__(self, header: Sequence[str]) -> None:
        names = []
        for cell in header:
            found = _BY_KEY.get(cell.strip().lower())
            if found is None and len(header) == 1 and (separator := next((s for s in ";\t|" if s in cell), None)):
                word = "a tab" if separator == "\t" else separator
                raise bad("", "header", f"The columns must be separated by commas; the header has {word}.")
            if found is None:
                shown = clean(cell.strip())
                hint = nearest(shown, tuple(COLUMNS))
                raise bad(shown, "unknown", f"The column {shown} is not known; did you mean {hint}?")
            if found in names:
                raise bad(found, "repeated", f"The column {found} is there twice.")
            names.append(found)
        if not names:
            raise bad("", "header", "The body has no header.")
        self.names = tuple(names)
        self.width = len(names)
        self._plan = [(name, *COLUMNS[name]) for name in names]

    def members(self, cells: Sequence[str], faults: list[Fault]) -> Members:
        """The row as the JSON object it stands for; an empty cell is not given."""
        top = made()
        inside = whole = False
        for (name, path, inner, kind), cell in zip(self._plan, cells, strict=True):
            if cell == "" or (kind != "text" and not cell.strip()):
                continue
            if kind == "json":
                whole = True
                top[SYSTEMS] = self._systems(cell, faults)
                continue
            inside = inside or path[:1] == _SYSTEM
            if path[:1] == _SYSTEM and whole:
                continue
            owner = _owner(top, path)
            if kind == "month":
                month = made(monthNumber=int(name.rpartition("_")[2]), solarAccess_Percent=value_of("number", cell))
                owner.setdefault("monthlyShadings", []).append(month)
            else:
                owner[inner] = value_of(kind, cell)
        if inside and whole:
            message = f"{SYSTEMS} cannot stand beside columns of a single system."
            faults.append(Fault(SYSTEMS, "both", message))
        return top

    def _systems(self, cell: str, faults: list[Fault]) -> Any:
        try:
            return read_json(cell.encode())
        except Refusal:
            faults.append(Fault(SYSTEMS, "json", f"{SYSTEMS} could not be read as JSON."))
            return None

    def renamed(self, fault: Fault) -> Fault:
        """A fault by the name of its column."""
        column = _column_of(fault.field)
        if column is None or column == fault.field:
            return fault
        inner = fault.field.rpartition(".")[2]
        message = column + fault.message.removeprefix(inner) if fault.message.startswith(inner) else fault.message
        return Fault(column, fault.code, message)


def _column_of(field: str) -> str | None:
    found = _BY_PLACE.get(field)
    if found is not None:
        return found
    match = re.fullmatch(r"pvSystems\[0\]\.pvArrays\[0\]\.monthlyShadings\[\d+\]\.(\w+)", field)
    return "solarAccess_Percent" if match is not None else None


def made(**members: Any) -> Members:
    """An object as if it had been read."""
    out = Members(members)
    out.repeated = ()
    return out


def _owner(top: Members, path: Path) -> Members:
    """The object at a path, made where it is missing."""
    now = top
    for part in path:
        name, bracket, _ = part.partition("[")
        now = now.setdefault(name, [made()])[0] if bracket else now.setdefault(name, made())
    return now


def value_of(kind: str, cell: str) -> Any:
    """A cell as the JSON value it stands for; what is no number stays text and becomes a fault."""
    if kind in ("number", "whole"):
        text = cell.strip()
        if NUMBER.fullmatch(text) is None:
            return text
        return int(text) if text.lstrip("+-").isdigit() and len(text) < 19 else float(text)
    if kind == "tags":
        if cell.lstrip().startswith("["):
            try:
                return read_json(cell.encode())
            except Refusal:
                return cell
        return [part.strip() for part in cell.split(";") if part.strip()]
    return cell if kind == "text" else cell.strip()


def cells_of(resource: PowerResource) -> list[str]:
    """The resource as one row under COLUMNS; importing it again changes nothing."""
    facts = {"resourceId": resource.resource_id, **facts_json(resource)}
    flat = is_flat(resource)
    out = []
    for name, (path, inner, kind) in COLUMNS.items():
        if kind == "json":
            out.append("" if flat else json.dumps(facts[SYSTEMS], separators=(",", ":"), ensure_ascii=False))
        elif path[:1] == _SYSTEM and not flat:
            out.append("")
        else:
            out.append(_cell(_found(facts, path, inner, name), kind))
    return out


def _found(facts: dict[str, Any], path: Path, inner: str, name: str) -> Any:
    now: Any = facts
    for part in path:
        key, bracket, _ = part.partition("[")
        now = now[key][0] if bracket else now[key]
    if name in MONTHS:
        month = int(name.rpartition("_")[2])
        return next((m["solarAccess_Percent"] for m in now["monthlyShadings"] if m["monthNumber"] == month), None)
    return now[inner]


def _cell(value: Any, kind: str) -> str:
    if value is None:
        return ""
    if kind == "tags":
        plain = all(";" not in tag and not tag.startswith("[") for tag in value)
        return ";".join(value) if plain else json.dumps(value, ensure_ascii=False)
    return value if isinstance(value, str) else repr(value)


def is_flat(resource: PowerResource) -> bool:
    """Whether one row of plain columns holds all of it."""
    if len(resource.site.systems) != 1:
        return False
    (system,) = resource.site.systems
    if len(system.inverters) != 1 or len(system.arrays) != 1 or system.install_date or system.decommission_date:
        return False
    (array,) = system.arrays
    months = array.named_months
    return len(array.modules) == 1 and not array.obstructions and list(months) == sorted(months)
