"""Devices as a spreadsheet file: read, judged by the very code that registers them, and taken back for a preview."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from fleetline.core.fleet import members
from fleetline.core.fleet_writing import Answered, changing
from fleetline.core.ports.own_lists import MemberWanted
from fleetline.core.registry_csv import guarded, read_table, unguarded, write_table
from fleetline.core.registry_lists import ListEntry
from fleetline.core.registry_register import register
from fleetline.core.workspace import Workspace
from fleetline.model.registry import Added, DeviceRow, Kept, Kind, NewDevice, Outcome, Refused, key

COLUMNS: Final = ("imei", "name", "type", "description", "mileage")
PAGE: Final = 1_000


@dataclass(frozen=True, slots=True)
class DeviceLine:
    """What became of one line of the file; device_id 0 where there is none."""

    row: int
    ident: str
    name: str
    result: str
    detail: str
    device_id: int


@dataclass(frozen=True, slots=True)
class DeviceReport:
    """What a file of devices did, or would do."""

    lines: tuple[DeviceLine, ...]
    warnings: tuple[str, ...]
    blank: int
    applied: bool
    version: int


class _TakenBack(Exception):
    """Ends the transaction of a preview."""


async def import_devices(workspace: Workspace, data: bytes, *, preview: bool, atomic: bool) -> DeviceReport:
    """`added`, `unchanged` or `refused` for each line.

    errors  Invalid(`file`), see `read_table`; with `atomic` nothing is written when a line is refused, yet reported
    """
    table = read_table(data, COLUMNS, ("imei", "name"))
    parsed = [new_device({name: unguarded(cell).strip() for name, cell in row.cells.items()}) for row in table.rows]
    good = [item for item in parsed if isinstance(item, NewDevice)]
    outcomes: list[Outcome] = []
    answered, applied, version = Answered(), not preview, 0
    try:
        async with changing(workspace, 0, answered, atomic=False) as change:
            version = change.work.before
            verdicts = iter(await register(change.work, good))
            outcomes = [item if isinstance(item, Refused) else next(verdicts) for item in parsed]
            if preview or (atomic and any(isinstance(outcome, Refused) for outcome in outcomes)):
                applied = False
                raise _TakenBack
        version = answered.done.version
    except _TakenBack:
        pass
    lines = [
        _line(row.number, row.cells.get("imei", ""), row.cells.get("name", ""), outcome, applied=applied)
        for row, outcome in zip(table.rows, outcomes, strict=True)
    ]
    return DeviceReport(tuple(lines), table.warnings, table.blank, applied, version)


def new_device(cells: dict[str, str]) -> NewDevice | Refused:
    """What a row asks for, cells by the names of COLUMNS."""
    mileage = None
    if text := cells.get("mileage"):
        try:
            mileage = float(text)
        except ValueError:
            return Refused("mileage must be a number of kilometres, with a point")
    return NewDevice(cells["imei"], cells["name"], cells.get("type") or None, cells.get("description") or None, mileage)


def _line(row: int, ident: str, name: str, outcome: Outcome, *, applied: bool) -> DeviceLine:
    if isinstance(outcome, Added):
        # the number that a preview took goes back to be taken again
        return DeviceLine(row, ident, name, "added", "", outcome.device_id if applied else 0)
    if isinstance(outcome, Kept):
        return DeviceLine(row, ident, name, "unchanged", "", outcome.device_id)
    reason = outcome.reason if isinstance(outcome, Refused) else "cannot be kept"
    return DeviceLine(row, ident, name, "refused", reason, 0)


async def device_sheet(workspace: Workspace, *, idents: bool) -> str:
    """The devices that the caller may see, as a file that `import_devices` reads."""
    visible = set(
        await workspace.registry.devices.visible(workspace.account_id, workspace.principal.permissions, api_only=False)
    )
    rows: Sequence[DeviceRow] = await workspace.registry.devices.rows(workspace.account_id)
    everything = workspace.principal.permissions.all_devices
    return write_table(
        COLUMNS,
        (
            [guarded(row[1]) if idents else "", guarded(row[3] or ""), row[4] or "", guarded(row[5] or ""), ""]
            for row in rows
            if everything or row[0] in visible
        ),
    )


async def list_entries(workspace: Workspace, kind: Kind, wanted: MemberWanted) -> list[ListEntry]:
    """Every vehicle or driver of a filter as a line of a list, groups by name; only groups the caller may know of."""
    found: list[ListEntry] = []
    place = wanted.after
    while True:
        page = await members(workspace, kind, _from(wanted, place))
        for row in page.rows:
            names = sorted((name for _, name in page.groups.get(row.member_id, [])), key=key)
            found.append(ListEntry(row.external_id, row.name, tuple(names)))
        if not page.more:
            return found
        place = (page.rows[-1].key, page.rows[-1].member_id)


def _from(wanted: MemberWanted, place: tuple[str, int] | None) -> MemberWanted:
    return replace(wanted, after=place, limit=PAGE)
