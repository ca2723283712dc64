"""Solar fleets: named sets of resources with the sum of their power, their places, and who is in them."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from starlette.responses import Response

from fleetline.web.asking import Refused
from fleetline.web.pages.members import faults_in
from fleetline.web.pages.solar_form import TRACKING
from fleetline.web.pages.solar_power import RANGES, mark_of, power_file, range_of, scores_of, today_of
from fleetline.web.site import Visit

MOST_SHOWN: Final = 1_000
MOST_OFFERED: Final = 200


async def listed(visit: Visit, path: str, query: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """A list of the solar API, empty and `missing` where this server or this visitor has none."""
    try:
        found: dict[str, Any] = await visit.api.get(path, **({"limit": 100} | dict(query or {})))
    except Refused as refusal:
        if not (refusal.missing or refusal.status == 403):
            raise
        return {"items": [], "next": None, "missing": refusal}
    return found | {"missing": None}


async def fleets(visit: Visit) -> Response:
    return await _fleets(visit, {}, 200)


async def _fleets(visit: Visit, faults: dict[str, str], status: int) -> Response:
    found = await listed(visit, "/solar/fleets", {"cursor": visit.query("cursor")})
    sums = {item["id"]: await visit.api.get(f"/solar/fleets/{item['id']}/summary") for item in found["items"]}
    return visit.show(
        "solar_fleets", status, items=found["items"], follows=found["next"], missing=found["missing"], faults=faults,
        sums=sums,
    )  # fmt: skip


async def add(visit: Visit) -> Response:
    name = visit.field("name")
    body = {"name": name, "description": visit.field("description"), "resource_ids": []}
    try:
        made = await visit.api.send("POST", "/solar/fleets", body)
    except Refused as refusal:
        return await _fleets(visit, faults_in(refusal), 422)
    return visit.go(
        f"/solar/fleets/{made['id']}", done=visit.words.say("{name} is added; choose its members.", name=name)
    )


async def fleet(visit: Visit) -> Response:
    return await _fleet(visit, {}, 200)


async def _fleet(visit: Visit, faults: dict[str, str], status: int) -> Response:
    number = visit.request.path_params["number"]
    base = f"/solar/fleets/{number}"
    item = await visit.api.get(base)
    members = (await visit.api.get(f"{base}/resources", limit=MOST_SHOWN))["items"]
    compared = await _compared(visit, number)
    ratios = {one["resource"]["id"]: one["ratio"] for one in compared}
    today = replace(await today_of(visit, base), ratio=_ratio(compared))
    members.sort(key=lambda one: (ratios.get(one["id"]) is None, ratios.get(one["id"]) or 0, one["name"].casefold()))
    return visit.show(
        "solar_fleet", status, item=item, members=members, ratios=ratios, others=await _others(visit, members),
        summary=await visit.api.get(f"{base}/summary"), ranges=RANGES, range=range_of(visit), power_of=base,
        today=today, score=await scores_of(visit, base), tracking=TRACKING, faults=faults,
        mark_of=mark_of, file=f"{base}/power.csv", looked=visit.query("add"),
    )  # fmt: skip


async def _compared(visit: Visit, number: str) -> list[dict[str, Any]]:
    try:
        found = await visit.api.get("/solar/comparison", fleet=number, limit=MOST_SHOWN)
    except Refused as refusal:
        if refusal.status == 401:
            raise
        return []
    return list(found["items"])


def _ratio(compared: list[dict[str, Any]]) -> float | None:
    """Of the members that are metered, each over its own hours."""
    known = [one for one in compared if one["ratio"] is not None]
    expected = sum(one["expected_kwh"] for one in known)
    return sum(one["measured_kwh"] for one in known) / expected if expected else None


async def _others(visit: Visit, members: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What could be put into the fleet: resources outside it, those that the search names."""
    if not visit.administers:
        return []
    every = (await listed(visit, "/solar/resources", {"limit": MOST_OFFERED, "q": visit.query("add")}))["items"]
    inside = {member["id"] for member in members}
    return [one for one in every if one["id"] not in inside]


async def change(visit: Visit) -> Response:
    """Members in or out, another name, or the whole fleet away."""
    number, ids, act = visit.request.path_params["number"], visit.fields("id"), visit.field("act")
    if act == "delete":
        await visit.api.call("DELETE", f"/solar/fleets/{number}")
        return visit.go("/solar/fleets", done="The fleet is deleted; its resources stay.")
    if act == "rename":
        item = await visit.api.get(f"/solar/fleets/{number}")
        body = {"name": visit.field("name"), "description": visit.field("description"), "tags": item["tags"]}
        try:
            await visit.api.send("PUT", f"/solar/fleets/{number}", body, revision=visit.field("revision"))
        except Refused as refusal:
            return await _fleet(visit, faults_in(refusal), 422)
        return visit.go(f"/solar/fleets/{number}", done="Saved.")
    if ids:
        method = "DELETE" if act == "leave" else "POST"
        await visit.api.send(method, f"/solar/fleets/{number}/resources", ids)
    return visit.go(f"/solar/fleets/{number}", done="Saved." if ids else "Nothing was chosen.")


async def file(visit: Visit) -> Response:
    base = f"/solar/fleets/{visit.request.path_params['number']}"
    return await power_file(visit, base, (await visit.api.get(base))["name"])


PAGES: Final = (
    ("GET", "/solar/fleets", fleets),
    ("POST", "/solar/fleets", add),
    ("GET", "/solar/fleets/{number}", fleet),
    ("GET", "/solar/fleets/{number}/power.csv", file),
    ("POST", "/solar/fleets/{number}", change),
)
