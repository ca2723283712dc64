"""The live map: its list as a plain page; the map itself is an island that reads the same columns."""

from typing import Any, Final

from starlette.responses import Response

from fleetline.web.asking import Refused
from fleetline.web.pages.home import live_or_none, rows_of, state_of
from fleetline.web.site import Visit

SHOWN: Final = 500


async def groups_or_none(visit: Visit) -> list[dict[str, Any]]:
    """The vehicle groups, none where they may not be seen."""
    try:
        items: list[dict[str, Any]] = (await visit.api.get("/vehicle-groups"))["items"]
    except Refused as refusal:
        if refusal.status == 401:
            raise
        return []
    return items


async def live_map(visit: Visit) -> Response:
    columns = await live_or_none(visit)
    rows = rows_of(columns) if columns else []
    text, state, group = visit.query("q").casefold(), visit.query("status"), visit.query("group")
    wanted = [
        row for row in rows
        if text in row["name"].casefold() and state in ("", state_of(row))
        and (not group or int(group) in row["group_ids"] if group.isdecimal() or not group else True)
    ]  # fmt: skip
    wanted.sort(key=lambda row: row["name"].casefold())
    return visit.show(
        "map", rows=wanted[:SHOWN], found=len(wanted), total=len(rows), state_of=state_of,
        groups=await groups_or_none(visit),
    )  # fmt: skip


PAGES: Final = (("GET", "/map", live_map),)
