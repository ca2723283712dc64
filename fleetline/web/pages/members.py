"""Vehicles and drivers: lists with filters, bulk edits with undo, one thing, adding and changing."""

from dataclasses import dataclass
from typing import Any, Final

from starlette.responses import Response

from fleetline.web.asking import Refused
from fleetline.web.pages import lists
from fleetline.web.site import Visit
from fleetline.web.tables import query_of
from fleetline.web.words import STATUS, TYPES

NEAR_DEG: Final = 0.0001


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
        groups = await self._groups(visit)
        return await lists.listing(
            visit, self.many, "members", kind=self.kind, root=self.root, groups=groups, states=STATUS, types=TYPES
        )

    async def sheet(self, visit: Visit) -> Response:
        return await lists.sheet(visit, self.many)

    async def views(self, visit: Visit) -> Response:
        return await lists.views(visit, self.many)

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
        return visit.go(
            f"{self.root}/{outcome_of(done)['id']}", done=visit.words.say("{name} is added.", name=fields["name"])
        )

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
        return visit.go(f"{self.root}/{number}", done=visit.words.say("Saved."), undo=done["version"])

    async def bulk(self, visit: Visit) -> Response:
        """What the ticked rows get, or all that match: archived, restored, a type, put into or taken out of a group."""
        back = visit.field("back", self.root)
        back = back if back.startswith(self.root) else self.root
        act = visit.field("act")
        ids = [int(one) for one in visit.fields("id") if one.isdecimal()]
        if visit.field("every"):
            ids = await lists.ids_of(visit, self.many, lists.asked_of(self.many, query_of(back)))
        if not ids:
            return self._back(visit, back, visit.words.say("Nothing was ticked."))
        if act in ("join", "leave") and not visit.field("group_id").isdecimal():
            return self._back(visit, back, visit.words.say("Choose a group first."))
        if act == "type" and visit.field("type") not in TYPES:
            return self._back(visit, back, visit.words.say("Choose a type first."))
        done = await self._do(visit, act, ids)
        text = self._told(visit, act, done["done"])
        if done["refused"]:
            text += visit.words.say(" {count} refused.", count=done["refused"])
        return self._back(visit, back, text, done["version"] if done["done"] else None)

    def _back(self, visit: Visit, back: str, text: str, undo: int | None = None) -> Response:
        return visit.go(self.root, **query_of(back), done=text, undo=undo)

    async def _do(self, visit: Visit, act: str, ids: list[int]) -> dict[str, Any]:
        if act in ("join", "leave"):
            method = "POST" if act == "join" else "DELETE"
            path, body = f"/{self.kind}-groups/{visit.field('group_id')}/members", list[Any](ids)
        elif act == "type":
            method, path, body = "PATCH", self.root, [{"id": number, "type": visit.field("type")} for number in ids]
        elif act == "restore":
            method, path, body = "POST", f"{self.root}/restore", list[Any](ids)
        else:
            method, path, body = "DELETE", self.root, list[Any](ids)
        done: dict[str, Any] = await visit.api.send(method, path, body)
        return done

    def _told(self, visit: Visit, act: str, count: int) -> str:
        say, many = visit.words.say, self.kind if count == 1 else self.many
        if act == "join":
            return say("{count} {things} put into the group.", count=count, things=say(many))
        if act == "leave":
            return say("{count} {things} taken out of the group.", count=count, things=say(many))
        if act == "restore":
            return say("{count} {things} restored.", count=count, things=say(many))
        if act == "type":
            return say("{count} {things} changed.", count=count, things=say(many))
        return say("{count} {things} archived.", count=count, things=say(many))

    async def show(self, visit: Visit) -> Response:
        number = self._id(visit)
        item = await visit.api.get(f"{self.root}/{number}")
        changes = await visit.api.get(f"{self.root}/{number}/changes", limit=12)
        if self.kind == "driver":
            return visit.show("driver", item=item, changes=changes["items"])
        fittings = await visit.api.get(f"{self.root}/{number}/fittings")
        return visit.show(
            "vehicle", item=item, changes=changes["items"], fittings=fittings["items"],
            trips=await _recent(visit, number), days=await _days(visit, number), raw=await _raw(visit, item),
        )  # fmt: skip

    async def act(self, visit: Visit) -> Response:
        """Archive it, restore it, or send a test position in the name of its device."""
        number, act = self._id(visit), visit.field("act")
        here = f"{self.root}/{number}"
        if act == "test":
            return visit.go(here, done=await _test_position(visit))
        method, path = ("POST", f"{self.root}/restore") if act == "restore" else ("DELETE", self.root)
        done = await visit.api.send(method, path, [number])
        text = visit.words.say("Restored.") if act == "restore" else visit.words.say("Archived.")
        return visit.go(here if act == "restore" else self.root, done=text, undo=done["version"])


async def _test_position(visit: Visit) -> str:
    """Send it, and say what became of it."""
    say, device = visit.words.say, visit.field("device_id")
    place = {name: _degrees(visit.field(name)) for name in ("lat_deg", "lon_deg")}
    body = {name: value for name, value in place.items() if value is not None}
    try:
        stands = await visit.api.send("POST", f"/devices/{device}/test-position", body)
    except Refused as refusal:
        if refusal.status != 422:
            raise
        return say("Nothing was sent: {why}", why=refusal.detail)
    if any(abs((stands["now"][name] or 0.0) - value) > NEAR_DEG for name, value in body.items()):
        return say("Stored, but a jump so far is not believed to be its place.")
    return say("The test position went in; it is the latest one now.")


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


def _degrees(text: str) -> float | None:
    try:
        return float(text.replace(",", "."))
    except ValueError:
        return None


async def _raw(visit: Visit, item: dict[str, Any]) -> dict[str, Any]:
    """Everything that the latest report said, by name; empty where there is none or it may not be seen."""
    at_ms = (item["now"] or {}).get("fix_at_ms")
    if at_ms is None:
        return {}
    span = {"from": at_ms, "to": at_ms + 1, "attributes": "true"}
    found = await visit.api.get(f"/vehicles/{item['id']}/positions", **span)
    if not found["at_ms"]:
        return {}
    attributes = {name: values[-1] for name, values in (found["attributes"] or {}).items()}
    columns = {name: values[-1] for name, values in found.items() if isinstance(values, list) and name != "missing"}
    return {name: value for name, value in (columns | attributes).items() if value is not None}


async def undo(visit: Visit) -> Response:
    """Take back what one call changed, as the toast offers it."""
    version = visit.field("version")
    back = visit.field("back", "/")
    back = back if back.startswith("/") and not back.startswith("//") else "/"
    done = await visit.api.send("POST", f"/changes/{int(version) if version.isdecimal() else 0}/undo")
    text = visit.words.say("Taken back.")
    if done.get("refused"):
        text = visit.words.say("{done} taken back, {refused} could not be.", done=done["done"], refused=done["refused"])
    return visit.go(back.split("?", 1)[0], **query_of(back), done=text)


def _pages(kind: str) -> tuple[tuple[str, str, Any], ...]:
    pages, root = MemberPages(kind), f"/{kind}s"
    return (
        ("GET", root, pages.listing),
        ("GET", f"{root}/new", pages.new),
        ("POST", f"{root}/new", pages.add),
        ("POST", f"{root}/bulk", pages.bulk),
        ("POST", f"{root}/{{member_id:int}}/act", pages.act),
        ("POST", f"{root}/views", pages.views),
        ("GET", f"{root}/table.{{form}}", pages.sheet),
        ("GET", f"{root}/{{member_id:int}}", pages.show),
        ("GET", f"{root}/{{member_id:int}}/edit", pages.edit),
        ("POST", f"{root}/{{member_id:int}}/edit", pages.change),
    )


PAGES: Final = (*_pages("vehicle"), *_pages("driver"), ("POST", "/undo", undo))
