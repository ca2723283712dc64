"""The two actions, and what the documentation says about them."""

from typing import TYPE_CHECKING, Final

from fleetline.api.dialects.fleetize.day import day_json, shows_points
from fleetline.api.dialects.fleetize.fields import Fields, device_of, time_of
from fleetline.api.dialects.fleetize.listing import Listings, Variant
from fleetline.api.dialects.fleetize.scope import scope_of, withheld_fields, withheld_header
from fleetline.api.dialects.fleetize.shapes import DEVICE_SCHEMA, ROUTE_SCHEMA
from fleetline.api.http import JSON_TYPE, Request, Response
from fleetline.api.packed import Packed
from fleetline.api.routes import Answer, Parameter, Route
from fleetline.model.refusals import NotInPlan

if TYPE_CHECKING:
    from fleetline.core.workspace import Workspace

SOURCE: Final = "The vendor's API document, edition of 21.01.2026; what it leaves open is marked as ours."
DAY_S: Final = 86_400


async def devicelist(workspace: "Workspace", request: Request) -> Response:
    """All devices the token may see. source: rules Z-29 to Z-32"""
    fields: Fields = request.parsed
    after_s = time_of(fields, "activity_after")
    scope, withhold = scope_of(fields.get("scope", "")), workspace.principal.permissions.withhold
    views = await workspace.history.devices(request.received_at_ms)
    listings: Listings = request.memory
    variant: Variant = (_sight(workspace), scope.device, withheld_fields(withhold))
    if after_s is None:
        return _success(workspace, await listings.answer(variant, views, request.received_at_ms))
    active = [view for view in views if view.live.online_ms is not None and view.live.online_ms // 1000 > after_s]
    return _success(workspace, await listings.part(variant, active, request.received_at_ms))


async def device(workspace: "Workspace", request: Request) -> Response:
    """One device and the routes of one UTC day. source: rules Z-33 to Z-44"""
    fields: Fields = request.parsed
    device_id, time_s = device_of(fields), time_of(fields, "time")
    scope = scope_of(fields.get("scope", ""))
    day_start_s = None if time_s is None else time_s - time_s % DAY_S
    withheld = withheld_fields(workspace.principal.permissions.withhold)
    day = await workspace.history.day(
        device_id, day_start_s, request.received_at_ms, points=shows_points(scope, withheld)
    )
    within_history(workspace, day.device.day_start_s, request.received_at_ms)
    return _success(workspace, day_json(day, scope, withheld, request.received_at_ms))


def within_history(workspace: "Workspace", day_start_s: int, now_ms: int) -> None:
    """The day is no further back than plan and user allow: NotInPlan."""
    back = now_ms // 1000 // DAY_S - day_start_s // DAY_S
    for most in (workspace.plan.history_days, workspace.principal.permissions.history_days):
        if 0 < most < back:
            raise NotInPlan("history")


def _sight(workspace: "Workspace") -> str:
    """Callers with the same text see the same devices."""
    principal = workspace.principal
    return principal.account_id if principal.permissions.all_devices else f"{principal.account_id}/{principal.user_id}"


def _success(workspace: "Workspace", body: bytes | Packed) -> Response:
    headers = [("content-type", JSON_TYPE), ("cache-control", "no-store")]
    return Response(200, body, headers + withheld_header(workspace.principal.permissions.withhold))


TOKEN: Final = Parameter("apitoken", "form", "Personal API token", required=True)
SCOPE: Final = Parameter(
    "scope", "form", "Names of the wanted fields, separated by `;`, e.g. `device_id;device_name;`; empty: all"
)
WHOLE_SECOND: Final = {"type": "integer", "minimum": 0, "maximum": 253_402_300_799}

REFUSALS: Final = tuple(
    Answer(status, text, example=line, media="text/plain")
    for status, text, line in (
        (401, "No token, or one that is not known", "ERROR #1000 - INVALID API TOKEN"),
        (
            429,
            "Less than 60 seconds after the call before; the 60 seconds begin anew",
            "ERROR #1055 - QUERY-THRESHOLD EXCEEDED - PLEASE REDUCE QUERY-INTERVAL, "
            "OTHERWISE YOUR TOKEN WILL BE BLOCKED",
        ),
        (403, "Blocked after persistent violation", "ERROR #1002 - QUERY-THRESHOLD EXCEEDED - API TOKEN BLOCKED"),
        (404, "No such action (ours)", "ERROR #9001 - UNKNOWN ACTION"),
        (404, "No such device, or none that this token may see (ours)", "ERROR #9002 - UNKNOWN DEVICE"),
        (400, "The first bad or missing parameter (ours)", "ERROR #9003 - INVALID PARAMETER: device"),
        (429, "100 calls of this UTC day are used up (ours)", "ERROR #9004 - DAILY QUOTA EXCEEDED"),
        (503, "The processing time of the plan is over (ours)", "ERROR #9005 - PROCESSING TIME EXCEEDED"),
        (403, "Another address is bound to the account (ours)", "ERROR #9006 - IP ADDRESS NOT ALLOWED"),
        (405, "Not POST (ours)", "ERROR #9007 - METHOD NOT ALLOWED"),
        (413, "Body over 64 KiB (ours)", "ERROR #9008 - REQUEST TOO LARGE"),
        (403, "API, action or day is not in the plan (ours)", "ERROR #9009 - NOT INCLUDED IN PLAN"),
        (500, "A fault of this server (ours)", "ERROR #9500 - INTERNAL ERROR"),
        (503, "The store cannot be reached (ours)", "ERROR #9503 - TEMPORARILY UNAVAILABLE"),
    )
)

FORMS: Final = "application/x-www-form-urlencoded, multipart/form-data, application/json"

ROUTES: Final = (
    Route(
        method="POST",
        path="/v2/devicelist",
        summary="Getting a list of your devices",
        text="All devices this token may see, with their present state. There is no paging.",
        handler=devicelist,
        tag="devices",
        parameters=(
            TOKEN,
            SCOPE,
            Parameter("activity_after", "form", "Only devices with activity after this Unix second", WHOLE_SECOND),
        ),
        body_media=FORMS,
        answers=(Answer(200, "The devices", {"type": "array", "items": DEVICE_SCHEMA}), *REFUSALS),
    ),
    Route(
        method="POST",
        path="/v2/device",
        summary="Getting specific Device- & Tracking-Information",
        text="One device as it is now, and every route that began on the wanted UTC day.",
        handler=device,
        tag="devices",
        parameters=(
            TOKEN,
            Parameter(
                "device",
                "form",
                "The device_id, not the IMEI",
                {"type": "integer", "minimum": 1, "maximum": 2**53 - 1},
                required=True,
            ),
            Parameter(
                "time",
                "form",
                "Any Unix second of the wanted UTC day; empty: the latest day with activity",
                WHOLE_SECOND,
            ),
            SCOPE,
        ),
        body_media=FORMS,
        answers=(
            Answer(
                200,
                "The device and its routes",
                {
                    "type": "object",
                    "required": ["device"],
                    "properties": {
                        "device": DEVICE_SCHEMA,
                        "routes": {"type": ["array", "null"], "items": ROUTE_SCHEMA},
                    },
                },
            ),
            *REFUSALS,
        ),
    ),
)
