"""Solar pages: resources with size, place and power; fleets with their members and the sum of their power."""

from typing import Any, Final

from starlette.responses import Response

from fleetline.web.asking import Refused
from fleetline.web.pages.members import faults_in, faults_of, outcome_of
from fleetline.web.site import Visit

RANGES: Final = {"24h": "24 hours", "7d": "7 days", "30d": "30 days", "1y": "1 year"}
TRACKING: Final = {
    "fixed": "Fixed",
    "single_axis": "One axis",
    "single_axis_backtracking": "One axis, backtracking",
    "dual_axis": "Two axes",
}
MOUNTING: Final = {"open_rack": "Open rack", "roof": "On a roof"}
NUMBERS: Final = ("lat_deg", "lon_deg", "dc_kw", "ac_kw", "tilt_deg", "azimuth_deg", "efficiency_pct")
HOUR_MS: Final = 3_600_000


async def resources(visit: Visit) -> Response:
    query = {name: visit.query(name) for name in ("q", "zone", "fleet", "cursor")}
    found = await _list(visit, "/solar/resources", **query)
    return visit.show(
        "solar_resources",
        items=found["items"],
        follows=found["next"],
        missing=found["missing"],
        tracking=TRACKING,
        filtered=any(visit.query(name) for name in ("q", "zone", "fleet")),
    )


async def _list(visit: Visit, path: str, **query: Any) -> dict[str, Any]:
    """A list of the solar API, empty and `missing` where this server or this visitor has none."""
    try:
        found: dict[str, Any] = await visit.api.get(path, limit=100, **query)
    except Refused as refusal:
        if not (refusal.missing or refusal.status == 403):
            raise
        return {"items": [], "next": None, "missing": refusal}
    return found | {"missing": None}


async def resource(visit: Visit) -> Response:
    number = visit.request.path_params["number"]
    item = await visit.api.get(f"/solar/resources/{number}")
    fleets = await _list(visit, "/solar/fleets", resource=number)
    return visit.show(
        "solar_resource",
        item=item,
        fleets=fleets["items"],
        ranges=RANGES,
        range=_range(visit),
        tracking=TRACKING,
        power=await _power(visit, f"/solar/resources/{number}/power"),
    )


def _range(visit: Visit) -> str:
    chosen = visit.query("range", "24h")
    return chosen if chosen in RANGES else "24h"


async def _power(visit: Visit, path: str) -> dict[str, Any]:
    """What the chart may ask for, and the last 24 hours as a table beside it.

    kinds   the series that can be computed now: past and forecast need weather
    shown   of the table: past, else clear_sky, else empty
    hours   (begin, kW or None)
    """
    now_ms = visit.words.now_ms
    day = {"from": now_ms - 24 * HOUR_MS, "to": now_ms}
    found = {kind: await _series(visit, path, kind=kind, **day) for kind in ("past", "clear_sky")}
    found["forecast"] = await _series(visit, path, kind="forecast", to=now_ms + HOUR_MS)
    kinds = [kind for kind, series in found.items() if series is not None]
    shown = next((kind for kind in ("past", "clear_sky") if kind in kinds), "")
    return {"path": path, "kinds": kinds, "shown": shown, "hours": _hours(found.get(shown))}


async def _series(visit: Visit, path: str, **query: Any) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = await visit.api.get(path, period_s=3600, **query)
    except Refused as refusal:
        if refusal.status == 401:
            raise
        return None
    return found


def _hours(found: dict[str, Any] | None) -> list[tuple[int, float | None]]:
    if found is None:
        return []
    values = (
        found["power_ac_kw"] if "power_ac_kw" in found else found["groups"][0]["power_ac_kw"] if found["groups"] else []
    )
    return [(found["from_at_ms"] + index * found["period_s"] * 1000, value) for index, value in enumerate(values)]


async def new(visit: Visit) -> Response:
    fields = {"tilt_deg": "30", "azimuth_deg": "180", "efficiency_pct": "97", "tracking": "fixed"}
    return visit.show("solar_form", fields=fields, faults={}, tracking=TRACKING, mounting=MOUNTING)


async def add(visit: Visit) -> Response:
    fields = {
        name: visit.field(name) for name in ("name", "customer_site_id", "zone", "tracking", "mounting", *NUMBERS)
    }
    body, faults = site_of(fields)
    if not faults:
        try:
            done = await visit.api.send("POST", "/solar/resources", [body])
            faults = faults_of(outcome_of(done))
            if not faults:
                return visit.go(f"/solar/resources/{outcome_of(done)['id']}", done=f"{fields['name']} is added.")
        except Refused as refusal:
            faults = faults_in(refusal)
    return visit.show("solar_form", 422, fields=fields, faults=faults, tracking=TRACKING, mounting=MOUNTING)


def site_of(fields: dict[str, str]) -> tuple[dict[str, Any], dict[str, str]]:
    """(body of a resource with one inverter and one array, faults by field)."""
    faults = {} if fields["name"] else {"name": "is needed"}
    number: dict[str, float] = {}
    for name in NUMBERS:
        try:
            number[name] = float(fields[name].replace(",", "."))
        except ValueError:
            faults[name] = "must be a number"
    if faults:
        return {}, faults
    array = {
        "modules": [{"count": 1, "nameplate_dc_kw": number["dc_kw"]}],
        "azimuth_deg": number["azimuth_deg"],
        "tilt_deg": number["tilt_deg"],
        "tracking": fields["tracking"] or "fixed",
        "mounting": fields["mounting"] or "open_rack",
    }
    # a module may have 1000 kW at most: a large plant is many equal ones
    if number["dc_kw"] > 1000:
        count = int(number["dc_kw"] // 1000) + 1
        array["modules"] = [{"count": count, "nameplate_dc_kw": number["dc_kw"] / count}]
    inverter = {"count": 1, "max_power_ac_kw": number["ac_kw"], "efficiency_pct": number["efficiency_pct"]}
    site = {
        "latitude_deg": number["lat_deg"],
        "longitude_deg": number["lon_deg"],
        "systems": [{"inverters": [inverter], "arrays": [array]}],
    }
    texts = {name: fields[name] or None for name in ("customer_site_id", "zone")}
    return {"name": fields["name"], "site": site, **texts}, {}


async def remove(visit: Visit) -> Response:
    number = visit.request.path_params["number"]
    await visit.api.call("DELETE", f"/solar/resources/{number}")
    return visit.go("/solar/resources", done="The resource is deleted and has left its fleets.")


async def fleets(visit: Visit) -> Response:
    found = await _list(visit, "/solar/fleets", cursor=visit.query("cursor"))
    return visit.show("solar_fleets", items=found["items"], follows=found["next"], missing=found["missing"], faults={})


async def add_fleet(visit: Visit) -> Response:
    name = visit.field("name")
    try:
        made = await visit.api.send("POST", "/solar/fleets", {"name": name, "resource_ids": []})
    except Refused as refusal:
        faults = faults_in(refusal)
        found = await _list(visit, "/solar/fleets")
        return visit.show("solar_fleets", 422, items=found["items"], follows=None, missing=None, faults=faults)
    return visit.go(f"/solar/fleets/{made['id']}", done=f"{name} is added; choose its members.")


async def fleet(visit: Visit) -> Response:
    number = visit.request.path_params["number"]
    item = await visit.api.get(f"/solar/fleets/{number}")
    members = (await visit.api.get(f"/solar/fleets/{number}/resources", limit=1000))["items"]
    every = (await _list(visit, "/solar/resources"))["items"] if visit.administers else []
    inside = {member["id"] for member in members}
    return visit.show(
        "solar_fleet",
        item=item,
        members=members,
        others=[one for one in every if one["id"] not in inside],
        summary=await visit.api.get(f"/solar/fleets/{number}/summary"),
        ranges=RANGES,
        range=_range(visit),
        power=await _power(visit, f"/solar/fleets/{number}/power"),
        tracking=TRACKING,
    )


async def change_fleet(visit: Visit) -> Response:
    """Members in or out, or the whole fleet away."""
    number, ids = visit.request.path_params["number"], visit.fields("id")
    if visit.field("act") == "delete":
        await visit.api.call("DELETE", f"/solar/fleets/{number}")
        return visit.go("/solar/fleets", done="The fleet is deleted; its resources stay.")
    if ids:
        method = "DELETE" if visit.field("act") == "leave" else "POST"
        await visit.api.send(method, f"/solar/fleets/{number}/resources", ids)
    return visit.go(f"/solar/fleets/{number}", done="Saved." if ids else "Nothing was chosen.")


async def front(visit: Visit) -> Response:
    return visit.go("/solar/resources")


PAGES: Final = (
    ("GET", "/solar", front),
    ("GET", "/solar/resources", resources),
    ("GET", "/solar/resources/new", new),
    ("POST", "/solar/resources/new", add),
    ("GET", "/solar/resources/{number}", resource),
    ("POST", "/solar/resources/{number}", remove),
    ("GET", "/solar/fleets", fleets),
    ("POST", "/solar/fleets", add_fleet),
    ("GET", "/solar/fleets/{number}", fleet),
    ("POST", "/solar/fleets/{number}", change_fleet),
)
