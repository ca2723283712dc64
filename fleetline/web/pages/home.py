"""The home page: today at a glance, what needs a look, and the steps of a new installation."""

from collections import Counter
from typing import Any, Final

from starlette.responses import Response

from fleetline.web.asking import Refused
from fleetline.web.site import Visit

STATES: Final = ("moving", "idle", "offline", "alarm")
LATEST_SHOWN: Final = 6


async def live_or_none(visit: Visit) -> dict[str, Any] | None:
    """The live columns, None where this server has no history."""
    try:
        found: dict[str, Any] = await visit.api.get("/live")
    except Refused as refusal:
        if refusal.status == 401:
            raise
        return None
    return found


def rows_of(columns: dict[str, Any]) -> list[dict[str, Any]]:
    """Columns as one dict a device."""
    names = [name for name, value in columns.items() if isinstance(value, list) and name != "gone"]
    return [dict(zip(names, values, strict=True)) for values in zip(*(columns[name] for name in names), strict=True)]


def state_of(row: dict[str, Any]) -> str:
    if row["alarm"]:
        return "alarm"
    return row["status"] if row["status"] in ("moving", "idle") else "offline"


async def home(visit: Visit) -> Response:
    columns = await live_or_none(visit)
    rows = rows_of(columns) if columns else []
    counts = Counter(state_of(row) for row in rows)
    alarms = sorted((row for row in rows if row["alarm"]), key=lambda row: row["name"])
    latest = sorted((row for row in rows if row["fix_at_ms"]), key=lambda row: row["fix_at_ms"], reverse=True)
    kilometres = [row["distance_today_km"] for row in rows if row["distance_today_km"] is not None]
    far = sorted((row for row in rows if row["distance_today_km"]), key=lambda row: -row["distance_today_km"])
    return visit.show(
        "home", counts={state: counts.get(state, 0) for state in STATES}, total=len(rows), alarms=alarms[:LATEST_SHOWN],
        latest=latest[:LATEST_SHOWN], far=far[:LATEST_SHOWN], today_km=sum(kilometres) if kilometres else None,
        state_of=state_of, steps=await steps(visit, rows),
    )  # fmt: skip


async def steps(visit: Visit, rows: list[dict[str, Any]]) -> list[tuple[str, str, str, bool]]:
    """(what, why, where, done) of each step of a new installation; empty for members, who cannot take them."""
    if not visit.administers:
        return []
    keys = await _some(visit, "/credentials")
    users = await _some(visit, "/users")
    return [
        ("Add a vehicle", "with the number (IMEI) of its tracker", "/devices/new", bool(rows)),
        ("Get the first position", "this page notices it by itself", "/map", any(row["fix_at_ms"] for row in rows)),
        (
            "See the first trip",
            "drive, park, look at the line",
            "/vehicles",
            any(row["distance_today_km"] for row in rows),
        ),
        ("Create an API key", "for the program that reads along", "/License", keys > 0),
        ("Invite a colleague", "with the vehicles they may see", "/settings/users", users > 1),
    ]


async def _some(visit: Visit, path: str) -> int:
    try:
        return len((await visit.api.get(path))["items"])
    except Refused as refusal:
        if refusal.status == 401:
            raise
        return 0


PAGES: Final = (("GET", "/", home),)
