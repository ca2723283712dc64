"""Lists brought in from files: template, upload, columns, preview row by row, progress, result, undo, and what was."""

import asyncio
import csv
import io
from typing import Any, Final

from starlette.responses import Response

from fleetline.web.asking import Refused
from fleetline.web.site import HEADERS, Visit

KINDS: Final = {"vehicles": "Vehicles", "drivers": "Drivers", "devices": "Devices", "solar": "Solar resources"}
PLACES: Final = {"solar": "/solar/resources"}
"""Where the things of a list are shown, when that is not `/` and its name."""
MEDIA: Final = {"ndjson": "application/x-ndjson", "jsonl": "application/x-ndjson", "geojson": "application/geo+json"}
"""By the ending of a file's name; everything else is taken for CSV."""
MODES: Final = {
    "upsert": "Add what is new and change what is there", "add": "Add only what is new",
    "change": "Change only what is there",
}  # fmt: skip
WORST: Final = ("refused", "left_alone", "superseded", "changed", "added", "unchanged", "taken_back")
RESULTS: Final = {
    "added": ("Added", "good"), "changed": ("Changed", "info"), "unchanged": ("No change", ""),
    "superseded": ("Superseded", "warn"), "refused": ("Error", "bad"), "taken_back": ("Taken back", "good"),
    "left_alone": ("Left alone", "warn"),
}  # fmt: skip
"""result -> (word, class of its chip)"""
STATES: Final = {
    "queued": "Waiting", "running": "Running", "done": "Done", "failed": "Failed", "cancelled": "Stopped",
}  # fmt: skip
FINAL: Final = ("done", "failed", "cancelled")
PAGE: Final = 100
PATIENCE: Final = 12
LOOK_S: Final = 0.1
"""How often, and how many times, a small file is looked after before the page shows its progress instead."""


def kind_of(visit: Visit) -> str:
    kind = str(visit.request.path_params.get("kind", ""))
    if kind not in KINDS:
        raise Refused(404, {"code": "not_found", "detail": "There is no such list to import."})
    return kind


async def _columns(visit: Visit, kind: str) -> list[dict[str, Any]]:
    found = (await visit.api.get("/imports/lists"))["items"]
    columns: list[dict[str, Any]] = next(item["columns"] for item in found if item["what"] == kind)
    return columns


async def start(visit: Visit) -> Response:
    return await _start(visit, "", 200)


async def _start(visit: Visit, fault: str, status: int) -> Response:
    kind = kind_of(visit)
    fleets: list[dict[str, Any]] = []
    if kind == "solar":
        try:
            fleets = (await visit.api.get("/solar/fleets", limit=1000))["items"]
        except Refused as refusal:
            if refusal.status == 401:
                raise
    return visit.show(
        "import", status, kind=kind, kinds=KINDS, places=PLACES, columns=await _columns(visit, kind), fault=fault,
        modes=MODES, fleets=fleets,
    )  # fmt: skip


async def template(visit: Visit) -> Response:
    kind = kind_of(visit)
    columns = await _columns(visit, kind)
    target = io.StringIO()
    rows = [[column["name"] for column in columns], [column["example"] for column in columns]]
    csv.writer(target, lineterminator="\n").writerows(rows)
    named = {"Content-Disposition": f'attachment; filename="{kind}-template.csv"'}
    return Response(target.getvalue(), media_type="text/csv; charset=utf-8", headers=HEADERS | named)


async def upload(visit: Visit) -> Response:
    """The file is kept by the API and previewed; nothing is changed yet."""
    kind = kind_of(visit)
    name, data = await visit.upload("file")
    if not data.strip():
        return await _start(visit, "Choose a file that has a header line and rows.", 422)
    media = MEDIA.get(name.rpartition(".")[2].lower(), "text/csv")
    query = {"what": kind, "file": name[-200:] or "file", "preview": "true", **_choices(visit, flags=True)}
    try:
        made = (await visit.api.call("POST", "/imports", query=query, body=data, media=media)).value()
    except Refused as refusal:
        if refusal.status not in (409, 413, 415, 422):
            raise
        return await _start(visit, refusal.detail, 422)
    return await _on(visit, made)


def _choices(visit: Visit, *, flags: bool = False) -> dict[str, Any]:
    """What the form chose; flags: as a query takes them."""
    adds: Any = bool(visit.field("add_groups"))
    found = {"add_groups": ("true" if adds else None) if flags else adds, "mode": visit.field("mode") or "upsert"}
    fleet = visit.field("fleet") or None
    return found | ({"fleet": fleet} if flags else {"fleet_id": fleet})


async def _on(visit: Visit, made: dict[str, Any]) -> Response:
    """To the page of a run, once it is over or has taken long enough to show how far it is."""
    for _ in range(PATIENCE):
        if made["state"] in FINAL:
            break
        await asyncio.sleep(LOOK_S)
        made = await visit.api.get(f"/imports/{made['id']}")
    return visit.go(f"/imports/{made['id']}")


async def history(visit: Visit) -> Response:
    found = await visit.api.get("/imports", cursor=visit.query("cursor"), limit=50)
    people = await _people(visit)
    return visit.show(
        "imports", items=found["items"], follows=found["next"], kinds=KINDS, people=people, states=STATES, final=FINAL,
        problems=_problems,
    )  # fmt: skip


async def _people(visit: Visit) -> dict[str, str]:
    """id -> e-mail address."""
    users = (await visit.api.get("/users"))["items"]
    return {user["id"]: user["email"] for user in users}


def _problems(counts: dict[str, int]) -> int:
    return counts.get("refused", 0) + counts.get("superseded", 0)


async def show(visit: Visit) -> Response:
    return await _show(visit, "", 200)


async def _show(visit: Visit, fault: str, status: int) -> Response:
    number = visit.request.path_params["number"]
    item = await visit.api.get(f"/imports/{number}")
    chosen = visit.query("result")
    results = [result for result in WORST if item["counts"].get(result)]
    if chosen not in results:
        chosen = _first(item, results) if not chosen else ""
    lines = await visit.api.get(f"/imports/{number}/lines", result=chosen, cursor=visit.query("cursor"))
    undo = await visit.api.get(f"/imports/{item['undone_by']}") if item["undone_by"] not in (None, "-") else None
    return visit.show(
        "import_run", status, item=item, lines=lines["items"], follows=lines["next"], chosen=chosen, results=results,
        words_of=RESULTS, kinds=KINDS, places=PLACES, columns=await _columns(visit, item["what"]), modes=MODES,
        running=item["state"] not in FINAL, states=STATES, taken_back=undo, fault=fault, people=await _people(visit),
        good=item["counts"].get("added", 0) + item["counts"].get("changed", 0),
    )  # fmt: skip


def _first(item: dict[str, Any], results: list[str]) -> str:
    """What is shown unasked: everything, but of a long file, or of an undo, what did not work."""
    troubles = [result for result in results if result in ("refused", "left_alone")]
    return troubles[0] if troubles and (item["kind"] == "undo" or item["total"] > PAGE) else ""


async def act(visit: Visit) -> Response:
    number, wanted = visit.request.path_params["number"], visit.field("act")
    try:
        if wanted == "stop":
            await visit.api.send("DELETE", f"/imports/{number}")
            return visit.go(f"/imports/{number}", done="Stopped. What was done until then stays.")
        if wanted == "undo":
            return await _on(visit, await visit.api.send("POST", f"/imports/{number}/undo"))
        columns = {name.removeprefix("map:"): visit.field(name) for name in visit.form if name.startswith("map:")}
        body = {"preview": wanted != "run", "columns": columns or None, **_choices(visit)}
        return await _on(visit, await visit.api.send("POST", f"/imports/{number}/again", body))
    except Refused as refusal:
        if refusal.status not in (409, 422):
            raise
        return await _show(visit, refusal.detail, refusal.status)


PAGES: Final = (
    ("GET", "/import/{kind}", start),
    ("POST", "/import/{kind}", upload),
    ("GET", "/import/{kind}/template.csv", template),
    ("GET", "/imports", history),
    ("GET", "/imports/{number}", show),
    ("POST", "/imports/{number}", act),
)
