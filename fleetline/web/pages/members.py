"""Vehicles and drivers: lists with filters, bulk edits with undo, one thing, adding and changing."""

from dataclasses import dataclass
from typing import Any, Final

from starlette.responses import Response

from fleetline.web.asking import Refused
from fleetline.web.site import Visit
from fleetline.web.words import STATUS, TYPES

LIMITS: Final = (50, 100, 250)
SORTS: Final = ("name", "-name", "external_id", "-external_id")


def outcome_of(done: dict[str, Any]) -> dict[str, Any]:
    """The one outcome of a call with one item."""
    found: dict[str, Any] = done["outcomes"][0]
    return found


def faults_of(outcome: dict[str, Any]) -> dict[str, str]:
    """Field -> what is wrong with it, empty when it was done."""
    if outcome["outcome"] in ("refused", "duplicate", "unknown", "stale"):
        words = {
            "duplicate": "is in use already",
            "stale": "was changed meanwhile: reload",
            "unknown": "is not there any more",
        }
        return {outcome.get("field") or "name": outcome.get("reason") or words.get(outcome["outcome"], "is refused")}
    return {}


def faults_in(refusal: Refused) -> dict[str, str]:
    """The same of a call that was refused as a whole."""
    if refusal.status not in (409, 412, 422):
        raise refusal
    found = {fault["path"].rsplit(".", 1)[-1]: fault["reason"] for fault in refusal.errors}
    return found or {"": refusal.detail}


@dataclass(frozen=True, slots=True)
class MemberPages:
    """The pages of one kind. kind: vehicle | driver"""

    kind: str

    @property
    def many(self) -> str:
        return f"{self.kind}s"

    @property
    def root(self) -> str:
        return f"/{self.kind}s"

    async def _groups(self, visit: Visit) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = (await visit.api.get(f"/{self.kind}-groups"))["items"]
        return sorted(items, key=lambda group: group["name"].casefold())

    async def listing(self, visit: Visit) -> Response:
        sort = visit.query("sort", "name")
        query: dict[str, Any] = {
            "q": visit.query("q"), "group": visit.query("group"), "sort": sort if sort in SORTS else "name",
            "cursor": visit.query("cursor"), "limit": visit.query("limit") or 100,
            "archived": "true" if visit.query("archived") else None,
        }  # fmt: skip
        if self.kind == "vehicle":
            query |= {"status": visit.query("status"), "type": visit.query("type"), "include": "now"}
        found = await visit.api.get(self.root, **query)
        filtered = any(visit.query(name) for name in ("q", "group", "status", "type", "archived"))
        return visit.show(
            "members", kind=self.kind, root=self.root, items=found["items"], follows=found["next"], filtered=filtered,
            groups=await self._groups(visit), states=STATUS, types=TYPES, sort=sort,
        )  # fmt: skip

    async def new(self, visit: Visit) -> Response:
        return await self._form(visit, None, {"type": "CAR"}, {}, 200)

    async def _form(
        self, visit: Visit, item: dict[str, Any] | None, fields: dict[str, Any], faults: dict[str, str], status: int
    ) -> Response:
        return visit.show(
            "member_form", status, kind=self.kind, root=self.root, item=item, fields=fields, faults=faults, types=TYPES,
            groups=await self._groups(visit),
        )  # fmt: skip

    def _fields(self, visit: Visit) -> dict[str, Any]:
        names = ("external_id", "name", "type", "description") if self.kind == "vehicle" else ("external_id", "name")
        fields: dict[str, Any] = {name: visit.field(name) for name in names}
        fields["group_ids"] = [int(group) for group in visit.fields("group_ids") if group.isdecimal()]
        return fields

    async def add(self, visit: Visit) -> Response:
        fields = self._fields(visit)
        try:
            done = await visit.api.send("POST", self.root, [fields])
            faults = faults_of(outcome_of(done))
        except Refused as refusal:
            faults = faults_in(refusal)
        if faults:
            return await self._form(visit, None, fields, faults, 422)
        return visit.go(f"{self.root}/{outcome_of(done)['id']}", done=f"{fields['name']} is added.")

    async def edit(self, visit: Visit) -> Response:
        item = await visit.api.get(f"{self.root}/{self._id(visit)}")
        fields = dict(item) | {"group_ids": [group["id"] for group in item["groups"]]}
        return await self._form(visit, item, fields, {}, 200)

    def _id(self, visit: Visit) -> int:
        return int(visit.request.path_params["member_id"])

    async def change(self, visit: Visit) -> Response:
        number, fields = self._id(visit), self._fields(visit)
        revision = visit.field("revision")
        item = {"id": number, **fields} | ({"revision": int(revision)} if revision.isdecimal() else {})
        try:
            done = await visit.api.send("PATCH", self.root, [item])
            faults = faults_of(outcome_of(done))
        except Refused as refusal:
            faults = faults_in(refusal)
        if faults:
            known = await visit.api.get(f"{self.root}/{number}")
            return await self._form(visit, known, fields, faults, 422)
        return visit.go(f"{self.root}/{number}", done="Saved.", undo=done["version"])

    async def bulk(self, visit: Visit) -> Response:
        """What the ticked rows get: archived, restored, put into or taken out of a group."""
        ids = [int(one) for one in visit.fields("id") if one.isdecimal()]
        back = visit.field("back", self.root)
        back = back if back.startswith(f"{self.root}") else self.root
        act, group = visit.field("act"), visit.field("group_id")
        if not ids:
            return visit.go(back, done="Nothing was ticked.")
        if act in ("join", "leave"):
            if not group.isdecimal():
                return visit.go(back, done="Choose a group first.")
            method = "POST" if act == "join" else "DELETE"
            done = await visit.api.send(method, f"/{self.kind}-groups/{group}/members", ids)
        elif act == "restore":
            done = await visit.api.send("POST", f"{self.root}/restore", ids)
        else:
            done = await visit.api.send("DELETE", self.root, ids)
        words = {"join": "put into the group", "leave": "taken out of the group", "restore": "restored"}
        text = f"{done['done']} {self.kind if done['done'] == 1 else self.many} {words.get(act, 'archived')}"
        text += f", {done['refused']} refused." if done["refused"] else "."
        undo = done["version"] if done["done"] else None
        return visit.go(back.split("?", 1)[0], **_query_of(back), done=text, undo=undo)

    async def show(self, visit: Visit) -> Response:
        number = self._id(visit)
        item = await visit.api.get(f"{self.root}/{number}")
        changes = await visit.api.get(f"{self.root}/{number}/changes", limit=12)
        if self.kind == "driver":
            return visit.show("driver", item=item, changes=changes["items"])
        fittings = await visit.api.get(f"{self.root}/{number}/fittings")
        return visit.show(
            "vehicle", item=item, changes=changes["items"], fittings=fittings["items"],
            trips=await _recent(visit, number), days=await _days(visit, number),
        )  # fmt: skip


def _query_of(path: str) -> dict[str, str]:
    from urllib.parse import parse_qsl

    return {name: value for name, value in parse_qsl(path.partition("?")[2]) if name not in ("done", "undo")}


async def _recent(visit: Visit, number: int) -> list[dict[str, Any]]:
    """The latest trips of the last week, newest first."""
    from_ms = visit.words.now_ms - 7 * 86_400_000
    try:
        found = await visit.api.get(f"/vehicles/{number}/trips", **{"from": from_ms, "to": visit.words.now_ms})
    except Refused as refusal:
        if refusal.status == 401:
            raise
        return []
    return list(reversed(found["items"] or []))


async def _days(visit: Visit, number: int) -> list[dict[str, Any]]:
    try:
        return list((await visit.api.get(f"/vehicles/{number}/days"))["items"] or [])
    except Refused as refusal:
        if refusal.status == 401:
            raise
        return []


async def undo(visit: Visit) -> Response:
    """Take back what one call changed, as the toast offers it."""
    version = visit.field("version")
    back = visit.field("back", "/")
    back = back if back.startswith("/") and not back.startswith("//") else "/"
    done = await visit.api.send("POST", f"/changes/{int(version) if version.isdecimal() else 0}/undo")
    text = "Taken back." if not done.get("refused") else f"{done['done']} taken back, {done['refused']} could not be."
    return visit.go(back.split("?", 1)[0], **_query_of(back), done=text)


def _pages(kind: str) -> tuple[tuple[str, str, Any], ...]:
    pages, root = MemberPages(kind), f"/{kind}s"
    return (
        ("GET", root, pages.listing),
        ("GET", f"{root}/new", pages.new),
        ("POST", f"{root}/new", pages.add),
        ("POST", f"{root}/bulk", pages.bulk),
        ("GET", f"{root}/{{member_id:int}}", pages.show),
        ("GET", f"{root}/{{member_id:int}}/edit", pages.edit),
        ("POST", f"{root}/{{member_id:int}}/edit", pages.change),
    )


PAGES: Final = (*_pages("vehicle"), *_pages("driver"), ("POST", "/undo", undo))
