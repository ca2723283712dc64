"""Spreadsheet files: lists of vehicles, drivers and devices taken in, previewed, and given out."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import msgspec

from fleetline.api.dialects.own.calls import query_of
from fleetline.api.dialects.own.members import MemberHandlers
from fleetline.api.dialects.own.replies import answer, withheld
from fleetline.api.dialects.own.things import shows
from fleetline.api.errors import TypeUnsupported
from fleetline.api.http import Request, Response
from fleetline.core.fleet_sheets import DeviceLine, device_sheet, import_devices, list_entries
from fleetline.core.fleet_writing import author_of
from fleetline.core.registry_listing import Options
from fleetline.core.registry_lists import ListEntry
from fleetline.core.registry_sheets import read_sheet, report_facts, write_sheet
from fleetline.model.registry import Kind

if TYPE_CHECKING:
    from fleetline.core.workspace import Workspace

CSV: Final = "text/csv; charset=utf-8"
SHEET_BYTES: Final = 33_554_432


class SheetLine(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the file, or (row null) one that a synchronous list removes."""

    row: int | None
    external_id: str
    name: str
    groups: list[str]
    result: str
    detail: str


class SheetReport(msgspec.Struct, frozen=True, kw_only=True):
    """What a list did, or with `preview` would do; `version` names the registry that the verdicts rest on."""

    preview: bool
    applied: bool
    version: int
    rows: int
    blank: int
    counts: dict[str, int]
    groups_created: list[str]
    warnings: list[str]
    lines: list[SheetLine]


class DeviceSheetReport(msgspec.Struct, frozen=True, kw_only=True):
    """What a file of devices did, or with `preview` would do."""

    preview: bool
    applied: bool
    version: int
    rows: int
    blank: int
    counts: dict[str, int]
    warnings: list[str]
    lines: list[DeviceLine]


def _sheet(request: Request) -> bytes:
    if request.media_type not in ("text/csv", "text/plain", "application/octet-stream"):
        raise TypeUnsupported(request.media_type)
    return request.body


@dataclass(frozen=True, slots=True)
class SheetHandlers:
    """Lists of one kind of member."""

    kind: Kind

    async def take(self, workspace: "Workspace", request: Request) -> Response:
        asked = query_of(request)
        preview = asked.flag("preview") or False
        options = Options(
            add_groups=asked.flag("add_groups") or False, strict=asked.flag("atomic") or False,
            sync=asked.flag("sync") or False, max_removals=asked.whole("max_removals", 0, 1_000_000),
            remove_fitted=asked.flag("remove_fitted") or False,
        )  # fmt: skip
        sheet = read_sheet(_sheet(request), self.kind)
        report = await workspace.registry.lists.apply(
            workspace.account_id, self.kind, sheet.rows, author_of(workspace), options=options, preview=preview,
            version=asked.whole("version", 0, 2**53 - 1),
        )  # fmt: skip
        facts: dict[str, Any] = report_facts(sheet, report, preview=preview)
        results = ("added", "changed", "unchanged", "superseded", "refused", "removed")
        noun = self.kind.value
        return answer(
            SheetReport(
                preview=preview, applied=report.applied, version=report.version, rows=facts["rows"],
                blank=facts["blank"], counts={result: facts[result] for result in results},
                groups_created=facts["groups_created"], warnings=facts["warnings"],
                lines=[
                    SheetLine(
                        row=line["row"], external_id=line[f"{noun}_id"], name=line[f"{noun}_name"],
                        groups=line[f"{noun}_groups"], result=line["result"], detail=line["detail"],
                    )
                    for line in facts["report"]
                ],
            )
        )  # fmt: skip

    async def give(self, workspace: "Workspace", request: Request) -> Response:
        wanted = await MemberHandlers(self.kind).wanted(workspace, query_of(request), request.received_at_ms)
        entries = await list_entries(workspace, self.kind, wanted)
        if self.kind is Kind.VEHICLE and not shows(workspace, "imei"):
            entries = [ListEntry("", entry.name, entry.groups) for entry in entries]
        return _file(workspace, write_sheet(entries, self.kind), f"{self.kind.value}s.csv")


def _file(workspace: "Workspace", text: str, name: str) -> Response:
    headers = [
        ("content-type", CSV),
        ("cache-control", "no-store"),
        ("content-disposition", f'attachment; filename="{name}"'),
    ]
    return Response(200, text.encode(), [*headers, *withheld(workspace)])


async def take_devices(workspace: "Workspace", request: Request) -> Response:
    asked = query_of(request)
    preview = asked.flag("preview") or False
    report = await import_devices(
        workspace, _sheet(request), preview=preview, atomic=asked.flag("atomic") or False
    )  # fmt: skip
    counts = {
        result: sum(line.result == result for line in report.lines) for result in ("added", "unchanged", "refused")
    }
    return answer(
        DeviceSheetReport(
            preview=preview, applied=report.applied, version=report.version, rows=len(report.lines), blank=report.blank,
            counts=counts, warnings=list(report.warnings), lines=list(report.lines),
        )
    )  # fmt: skip


async def give_devices(workspace: "Workspace", request: Request) -> Response:
    return _file(workspace, await device_sheet(workspace, idents=shows(workspace, "imei")), "devices.csv")
