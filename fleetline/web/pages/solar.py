"""Solar pages: resources with their size and place, fleets with their members and power chart."""

from typing import Any, Final

from starlette.responses import Response

from fleetline.web.asking import Refused
from fleetline.web.site import Visit

RANGES: Final = {"24h": "24 hours", "7d": "7 days", "30d": "30 days", "1y": "1 year"}


async def resources(visit: Visit) -> Response:
    return await _listing(visit, "/solar/resources", "solar_resources")


async def fleets(visit: Visit) -> Response:
    return await _listing(visit, "/solar/fleets", "solar_fleets")


async def _listing(visit: Visit, path: str, template: str) -> Response:
    try:
        found = await visit.api.get(path, q=visit.query("q"), cursor=visit.query("cursor"), limit=100)
    except Refused as refusal:
        if not refusal.missing:
            raise
        return visit.show(template, items=[], follows=None, filtered=False, missing=True)
    return visit.show(
        template, items=found["items"], follows=found.get("next"), filtered=bool(visit.query("q")), missing=False
    )


async def resource(visit: Visit) -> Response:
    return await _one(visit, "/solar/resources", "solar_resource")


async def fleet(visit: Visit) -> Response:
    return await _one(visit, "/solar/fleets", "solar_fleet")


async def _one(visit: Visit, path: str, template: str) -> Response:
    number = visit.request.path_params["number"]
    chosen = visit.query("range", "24h")
    item: dict[str, Any] = await visit.api.get(f"{path}/{number}")
    members: list[dict[str, Any]] = []
    if template == "solar_fleet":
        members = (await visit.api.get(f"{path}/{number}/resources", limit=1000))["items"]
    return visit.show(template, item=item, members=members, ranges=RANGES, range=chosen if chosen in RANGES else "24h")


PAGES: Final = (
    ("GET", "/solar", resources),
    ("GET", "/solar/resources", resources),
    ("GET", "/solar/resources/{number}", resource),
    ("GET", "/solar/fleets", fleets),
    ("GET", "/solar/fleets/{number}", fleet),
)
