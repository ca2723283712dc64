"""Settings: one's own preferences, password and sessions; for administrators users, account and audit trail."""

from typing import Any, Final
from zoneinfo import available_timezones

from starlette.responses import Response

from fleetline.web.asking import Refused
from fleetline.web.pages.members import faults_in
from fleetline.web.site import Visit

UNITS: Final = ("metric", "imperial")
THEMES: Final = ("system", "light", "dark")
PARTS: Final = {
    "imei": "device numbers", "sensors": "sensor values", "location": "places", "mileage": "mileage", "routes": "trips",
}  # fmt: skip


def zones() -> list[str]:
    return sorted(
        name for name in available_timezones() if "/" in name and not name.startswith(("Etc/", "SystemV/", "posix"))
    )


async def own(visit: Visit) -> Response:
    return await _own(visit, {}, 200)


async def _own(visit: Visit, faults: dict[str, str], status: int) -> Response:
    sessions = await visit.api.get("/me/sessions")
    return visit.show("settings", status, sessions=sessions["items"], zones=zones(), faults=faults)


async def change_own(visit: Visit) -> Response:
    what = visit.field("act")
    try:
        if what == "password":
            body = {name: str(visit.form.get(name) or "") for name in ("current", "new")}
            await visit.api.send("POST", "/me/password", body)
            return visit.go(
                "/settings", done=visit.words.say("The password is changed; your other sessions are ended.")
            )
        if what == "end":
            await visit.api.send("DELETE", f"/me/sessions/{visit.field('id')}")
            return visit.go("/settings", done=visit.words.say("The session is ended."))
        chosen: dict[str, Any] = {}
        if visit.field("units") in UNITS:
            chosen["units"] = visit.field("units")
        if visit.field("theme") in THEMES:
            chosen["theme"] = visit.field("theme")
        if "time_zone" in visit.form:
            chosen["time_zone"] = visit.field("time_zone") or None
        if "keys_shown" in visit.form:
            chosen["shortcuts"] = bool(visit.field("shortcuts"))
        await visit.api.send("PATCH", "/me", chosen)
    except Refused as refusal:
        if refusal.code == "password":
            return await _own(visit, {"current": visit.words.say("is not your password")}, 422)
        return await _own(visit, faults_in(refusal), 422)
    return visit.go("/settings", done=visit.words.say("Saved."))


async def users(visit: Visit) -> Response:
    return await _users(visit, 200)


async def _users(visit: Visit, status: int, **values: Any) -> Response:
    found = (await visit.api.get("/users"))["items"]
    groups = (await visit.api.get("/vehicle-groups"))["items"]
    shown = {"faults": {}, "fields": {}, "password": None, "about": ""} | values
    return visit.show(
        "users", status, items=found, groups={group["id"]: group["name"] for group in groups}, parts=PARTS, **shown
    )


async def change_users(visit: Visit) -> Response:
    """Add somebody, change a role, disable, or give a new password; a generated password is shown this once."""
    what, number = visit.field("act"), visit.field("id")
    try:
        if what == "password":
            made = await visit.api.send("POST", f"/users/{number}/password", {})
            return await _users(visit, 200, password=made["password"], about=visit.field("email"))
        if what == "add":
            done = await visit.api.send("POST", "/users", [_new_user(visit)])
            [outcome] = done["outcomes"]
            if outcome["outcome"] == "added":
                return await _users(visit, 200, password=outcome["password"], about=outcome["user"]["email"])
        else:
            off = what == "disable"
            change: dict[str, Any] = {"role": visit.field("role")} if what == "role" else {"disabled": off}
            done = await visit.api.send("PATCH", "/users", [{"id": number, **change}])
            [outcome] = done["outcomes"]
            if outcome["outcome"] in ("changed", "unchanged"):
                return visit.go("/settings/users", done=visit.words.say("Saved."))
        faults = {outcome["field"] or "email": outcome["reason"] or "is refused"}
    except Refused as refusal:
        faults = faults_in(refusal)
    return await _users(visit, 422, faults=faults, fields=dict(visit.form))


def _new_user(visit: Visit) -> dict[str, Any]:
    groups = [int(group) for group in visit.fields("groups") if group.isdecimal()]
    permissions: dict[str, Any] = {"withhold": [part for part in visit.fields("withhold") if part in PARTS]}
    permissions |= {"devices": "all"} if visit.field("sees") == "all" else {"groups": groups}
    return {"email": visit.field("email"), "role": visit.field("role", "member"), "permissions": permissions}


async def account(visit: Visit) -> Response:
    return await _account(visit, {}, 200)


async def _account(visit: Visit, faults: dict[str, str], status: int) -> Response:
    plans = (await visit.api.get("/plans"))["items"]
    return visit.show(
        "account", status, account=await visit.api.get("/account"), plans=plans, zones=zones(), faults=faults
    )


async def change_account(visit: Visit) -> Response:
    body = {name: visit.field(name) for name in ("name", "time_zone") if visit.field(name)}
    try:
        await visit.api.send("PATCH", "/account", body)
    except Refused as refusal:
        return await _account(visit, faults_in(refusal), 422)
    return visit.go("/settings/account", done=visit.words.say("Saved."))


async def audit(visit: Visit) -> Response:
    found = await visit.api.get("/audit", kind=visit.query("kind"), cursor=visit.query("cursor"), limit=100)
    people = {user["id"]: user["email"] for user in (await visit.api.get("/users"))["items"]}
    return visit.show("audit", items=found["items"], follows=found["next"], people=people)


PAGES: Final = (
    ("GET", "/settings", own),
    ("POST", "/settings", change_own),
    ("GET", "/settings/users", users),
    ("POST", "/settings/users", change_users),
    ("GET", "/settings/account", account),
    ("POST", "/settings/account", change_account),
    ("GET", "/settings/audit", audit),
)
