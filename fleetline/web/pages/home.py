"""The home page: today at a glance, what needs a look, and the steps of a new installation."""

from collections import Counter
from heapq import nlargest, nsmallest
from typing import Any, Final

from starlette.responses import Response

from fleetline.web.asking import Refused
from fleetline.web.site import Visit

STATES: Final = ("moving", "idle", "offline", "alarm")
SHOWN: Final = 6


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
    """Columns as one dict a device; a list that is no column of devices is left out."""
    count = len(columns["device_id"])
    names = [name for name, value in columns.items() if _is_column(name, value, count)]
    return [dict(zip(names, values, strict=True)) for values in zip(*(columns[name] for name in names), strict=True)]


def _is_column(name: str, value: Any, count: int) -> bool:
    return isinstance(value, list) and name != "gone" and len(value) == count


def _state(status: str, alarm: str | None) -> str:
    if alarm:
        return "alarm"
    return status if status in ("moving", "idle") else "offline"


def state_of(row: dict[str, Any]) -> str:
    return _state(row["status"], row["alarm"])


async def home(visit: Visit) -> Response:
    columns = await live_or_none(visit)
    today = Today(columns) if columns else Today({"device_id": []})
    return visit.show(
        "home", counts=today.counts, total=today.total, alarms=today.rows(today.alarms),
        latest=today.rows(today.latest), far=today.rows(today.far), today_km=today.kilometres, state_of=state_of,
        steps=await steps(visit, today),
    )  # fmt: skip


class Today:
    """What the columns of the live view say of this day; rows are made only of what is shown.

    alarms, latest, far  places of the first few: by name, by the latest position, by distance driven
    kilometres           of all together, None where nobody may see any
    """

    def __init__(self, columns: dict[str, Any]) -> None:
        self._columns = columns
        self.total = len(columns["device_id"])
        places, names = range(self.total), columns.get("name", [])
        states = [_state(*pair) for pair in zip(columns.get("status", []), columns.get("alarm", []), strict=True)]
        counts = Counter(states)
        self.counts = {state: counts.get(state, 0) for state in STATES}
        self.fixes: list[int | None] = columns.get("fix_at_ms", [])
        self.driven: list[float | None] = columns.get("distance_today_km", [])
        self.alarms = nsmallest(SHOWN, (at for at in places if states[at] == "alarm"), key=lambda at: names[at])
        self.latest = nlargest(SHOWN, (at for at in places if self.fixes[at]), key=lambda at: self.fixes[at] or 0)
        self.far = nlargest(SHOWN, (at for at in places if self.driven[at]), key=lambda at: self.driven[at] or 0)
        known = [km for km in self.driven if km is not None]
        self.kilometres = sum(known) if known else None

    def rows(self, places: list[int]) -> list[dict[str, Any]]:
        """The columns at these places, as one dict a device."""
        names = [name for name, value in self._columns.items() if _is_column(name, value, self.total)]
        return [{name: self._columns[name][at] for name in names} for at in places]

    def vehicle_of(self, places: list[int]) -> int | None:
        """The vehicle of the first of these places that has one."""
        vehicles = self._columns.get("vehicle_id", [])
        return next((vehicles[at] for at in places if vehicles[at]), None)

    @property
    def silent(self) -> list[int]:
        """Places of devices without any position, a few."""
        return [at for at in range(self.total) if not self.fixes[at]][:SHOWN]


async def steps(visit: Visit, today: Today) -> list[tuple[str, str, str, bool]]:
    """(what, why, where, done) of each step of a new installation; empty for members, who cannot take them."""
    if not visit.administers:
        return []
    keys = await _some(visit, "/credentials")
    users = await _some(visit, "/users")
    say, silent = visit.words.say, today.vehicle_of(today.silent)
    moved = today.vehicle_of(today.far) or today.vehicle_of(today.latest)
    waiting = f"/vehicles/{silent}" if silent and not today.latest else "/map"
    first = f"/vehicles/{moved}/trips" if moved else "/vehicles"
    return [
        (say("Add a vehicle"), say("with the number (IMEI) of its tracker"), "/devices/new", today.total > 0),
        (say("Get the first position"), say("this page notices it by itself"), waiting, bool(today.latest)),
        (say("See the first trip"), say("drive, park, look at the line"), first, bool(today.far)),
        (say("Create an API key"), say("for the program that reads along"), "/License", keys > 0),
        (say("Invite a colleague"), say("with the vehicles they may see"), "/settings/users", users > 1),
    ]


async def _some(visit: Visit, path: str) -> int:
    try:
        return len((await visit.api.get(path))["items"])
    except Refused as refusal:
        if refusal.status == 401:
            raise
        return 0


async def demo_data(visit: Visit) -> Response:
    """Vehicles and trips for a first look; the toast takes them away again."""
    done = await visit.api.send("POST", "/demo-data")
    return visit.go("/", done=visit.words.say("Demo data are loaded."), undo=done["version"])


PAGES: Final = (("GET", "/", home), ("POST", "/demo-data", demo_data))
