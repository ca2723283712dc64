"""Solar resources: the list with the worst first, one resource with its power, its specifications and its data."""

from typing import Any, Final
from urllib.parse import urlencode

from starlette.responses import Response

from fleetline.web.asking import Refused
from fleetline.web.pages import solar_fleets, solar_form
from fleetline.web.pages.solar_form import MOUNTING, TRACKING
from fleetline.web.pages.solar_power import RANGES, mark_of, power_file, range_of, scores_of, today_of
from fleetline.web.site import Visit

FILTERS: Final = ("q", "zone", "fleet")
PAGE: Final = 100


async def resources(visit: Visit) -> Response:
    query = {name: visit.query(name) for name in FILTERS}
    sort = visit.query("sort", "ratio")
    found = await _ranked(visit, query) if sort != "added" else None
    if found is None:
        plain = await solar_fleets.listed(visit, "/solar/resources", {**query, "cursor": visit.query("cursor")})
        items = [{"resource": item, "ratio": None} for item in plain["items"]]
        found = plain | {"items": items, "ranked": False}
    metered = any(item["ratio"] is not None for item in found["items"])
    fleets = [] if found["missing"] else (await solar_fleets.listed(visit, "/solar/fleets"))["items"]
    return visit.show(
        "solar_resources", items=found["items"], follows=found["next"], missing=found["missing"],
        ranked=found["ranked"], metered=metered, tracking=TRACKING, fleets=fleets, mark_of=mark_of,
        filtered=any(visit.query(name) for name in FILTERS),
        filter=urlencode({name: value for name, value in query.items() if value}),
        zones=sorted({query["zone"], *(item["resource"]["zone"] or "" for item in found["items"])} - {""}),
    )  # fmt: skip


async def _ranked(visit: Visit, query: dict[str, str]) -> dict[str, Any] | None:
    """The list beside what was expected; None where it is too long to be compared, or there is none."""
    try:
        found = await visit.api.get("/solar/comparison", limit=PAGE, cursor=visit.query("cursor"), **query)
    except Refused as refusal:
        if refusal.status not in (403, 404, 409, 422):
            raise
        return None
    return dict(found) | {"missing": None, "ranked": True}


async def resource(visit: Visit) -> Response:
    number = visit.request.path_params["number"]
    base = f"/solar/resources/{number}"
    item = await visit.api.get(base)
    fleets = await solar_fleets.listed(visit, "/solar/fleets", {"resource": number})
    return visit.show(
        "solar_resource", item=item, fleets=fleets["items"], ranges=RANGES, range=range_of(visit), tracking=TRACKING,
        mounting=MOUNTING, power_of=base, today=await today_of(visit, base), score=await scores_of(visit, base),
        mark_of=mark_of, file=f"{base}/power.csv",
    )  # fmt: skip


async def resource_file(visit: Visit) -> Response:
    base = f"/solar/resources/{visit.request.path_params['number']}"
    return await power_file(visit, base, (await visit.api.get(base))["name"])


async def remove(visit: Visit) -> Response:
    number = visit.request.path_params["number"]
    await visit.api.call("DELETE", f"/solar/resources/{number}")
    return visit.go("/solar/resources", done="The resource is deleted and has left its fleets.")


async def front(visit: Visit) -> Response:
    return visit.go("/solar/resources")


PAGES: Final = (
    ("GET", "/solar", front),
    ("GET", "/solar/resources", resources),
    *solar_form.PAGES,
    ("GET", "/solar/resources/{number}", resource),
    ("GET", "/solar/resources/{number}/power.csv", resource_file),
    ("POST", "/solar/resources/{number}", remove),
    *solar_fleets.PAGES,
)
