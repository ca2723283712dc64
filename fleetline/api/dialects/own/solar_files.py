"""Solar resources and their power given out as files."""

from typing import TYPE_CHECKING, Final

from fleetline.api.dialects.own.calls import query_of
from fleetline.api.dialects.own.solar import desk_of, filter_of
from fleetline.api.http import Request, Response
from fleetline.api.whole_file import Sheet
from fleetline.core.solar_sheet import NAMES, cells_of, feature_of, object_of

if TYPE_CHECKING:
    from fleetline.core.workspace import Workspace

FORMS: Final = {
    "csv": ("text/csv; charset=utf-8", "csv"),
    "ndjson": ("application/x-ndjson; charset=utf-8", "ndjson"),
    "geojson": ("application/geo+json; charset=utf-8", "geojson"),
}
"""(media type, ending of a file's name)"""
SHEET: Final = Sheet(NAMES, cells_of, object_of, feature_of, "\n")


async def give(workspace: "Workspace", request: Request) -> Response:
    """Everything that the filter leaves, as it stands at one moment, in a form that an import reads back."""
    desk, asked = desk_of(workspace), query_of(request)
    form, wanted = asked.word("format", tuple(FORMS), "csv"), filter_of(asked)
    pieces = await SHEET.file(form, desk.resources.walk(workspace.account_id, wanted))
    media, ending = FORMS[form]
    headers = [
        ("content-type", media),
        ("cache-control", "no-store"),
        ("content-disposition", f'attachment; filename="solar-resources.{ending}"'),
    ]
    return Response(200, pieces, headers)
