"""The live map: its list as a plain page; the map itself is an island that hears the same columns as they change."""

from typing import Any, Final

from starlette.responses import Response

from fleetline.web.asking import Refused
from fleetline.web.pages.home import rows_of, state_of
from fleetline.web.site import Visit

SHOWN: Final = 100
"""Rows of the page: a browser with scripts replaces them, one without pages on by the filter."""


async def groups_or_none(visit: Visit) -> list[dict[str, Any]]:
    """The vehicle groups, none where they may not be seen."""
    try:
        items: list[dict[str, Any]] = (await visit.api.get("/vehicle-groups"))["items"]
    except Refused as refusal:
        if refusal.status == 401:
            raise
        return []
    return items


async def first_rows(visit: Visit) -> dict[str, Any]:
    """The first columns by name of what the address asks for; nothing of it where this server has no history.

    A filter that cannot be is none: links outlive groups and words.
    """
    group = visit.query("group")
    asked = {
        "q": visit.query("q"), "status": visit.query("status"), "group": group if group.isdecimal() else "",
        "limit": SHOWN,
    }  # fmt: skip
    for query in (asked, {"limit": SHOWN}):
        try:
            found: dict[str, Any] = await visit.api.get("/live", **query)
        except Refused as refusal:
            if refusal.status == 401:
                raise
            if refusal.status != 422:
                break
        else:
            return found
    return {"device_id": [], "total": 0, "found": 0, "box": None}


async def live_map(visit: Visit) -> Response:
    columns = await first_rows(visit)
    box = columns["box"]
    return visit.show(
        "map", rows=rows_of(columns), found=columns["found"], total=columns["total"], state_of=state_of,
        box=",".join(str(box[side]) for side in ("west", "south", "east", "north")) if box else "",
        groups=await groups_or_none(visit),
    )  # fmt: skip


PAGES: Final = (("GET", "/map", live_map),)
