"""Groups of vehicles and of drivers: the tree with its counts, adding, renaming, moving, deleting."""

from typing import Any, Final

from starlette.responses import Response

from fleetline.web.asking import Refused
from fleetline.web.pages.members import faults_in, faults_of, outcome_of
from fleetline.web.site import Visit

KINDS: Final = ("vehicle", "driver")


def tree(items: list[dict[str, Any]]) -> list[tuple[int, dict[str, Any]]]:
    """(depth, group), each below its parent, brothers by name; a group whose parent is hidden stands at the top."""
    known = {group["id"] for group in items}
    below: dict[int | None, list[dict[str, Any]]] = {}
    for group in sorted(items, key=lambda group: group["name"].casefold()):
        below.setdefault(group["parent_id"] if group["parent_id"] in known else None, []).append(group)
    rows: list[tuple[int, dict[str, Any]]] = []
    waiting = [(0, group) for group in reversed(below.get(None, []))]
    while waiting:
        depth, group = waiting.pop()
        rows.append((depth, group))
        waiting += [(depth + 1, child) for child in reversed(below.get(group["id"], []))]
    return rows


def kind_of(visit: Visit) -> str:
    asked = visit.query("kind") or visit.field("kind")
    return asked if asked in KINDS else "vehicle"


async def listing(visit: Visit) -> Response:
    return await _list(visit, {}, 200)


async def _list(visit: Visit, faults: dict[str, str], status: int) -> Response:
    kind = kind_of(visit)
    found = await visit.api.get(f"/{kind}-groups")
    return visit.show("groups", status, kind=kind, rows=tree(found["items"]), faults=faults)


async def act(visit: Visit) -> Response:
    """Add, rename, move or delete, whichever button was pressed."""
    kind = kind_of(visit)
    path, number = f"/{kind}-groups", visit.field("id")
    parent = visit.field("parent_id")
    parent_id = int(parent) if parent.isdecimal() else None
    try:
        if visit.field("act") == "add":
            done = await visit.api.send("POST", path, [{"name": visit.field("name"), "parent_id": parent_id}])
            text = visit.words.say("Group added.")
        elif visit.field("act") == "delete":
            done = await visit.api.send("DELETE", path, [int(number or 0)])
            text = visit.words.say("Group deleted; its members stay.")
        else:
            change = {"id": int(number or 0), "name": visit.field("name"), "parent_id": parent_id}
            done = await visit.api.send("PATCH", path, [change])
            text = visit.words.say("Group saved.")
        faults = faults_of(outcome_of(done))
    except Refused as refusal:
        faults = faults_in(refusal)
    if faults:
        return await _list(visit, faults, 422)
    return visit.go("/groups", kind=kind, done=text, undo=done["version"])


PAGES: Final = (("GET", "/groups", listing), ("POST", "/groups", act))
