"""License Settings and the request log: keys of all APIs made, rolled and revoked, and the calls they made."""

import json
from typing import Any, Final

from starlette.responses import Response

from fleetline.web.asking import Refused
from fleetline.web.site import HEADERS, Visit

KINDS: Final = {
    "fleetize-token": ("Fleetize token", "Raw vehicle data, /v2"),
    "trimble-key": ("Trimble key", "Asset administration, /api/assets/v1"),
    "fleetview-client": ("FleetView client", "Solar resources and fleets, /v1"),
    "fleetview-key": ("FleetView key", "Solar resources and fleets, /v1"),
    "fleetline-token": ("Fleetline token", "Everything in this app, /api/v1"),
}
OVERLAPS: Final = {"0": "at once", "3600": "after an hour", "86400": "after a day", "604800": "after a week"}
APIS: Final = {"fleetize": "Fleetize", "trimble": "Trimble", "fleetview": "FleetView", "own": "Fleetline"}


async def keys(visit: Visit) -> Response:
    return await _keys(visit, 200)


async def _keys(visit: Visit, status: int, **values: Any) -> Response:
    if not visit.administers:
        return visit.show("refused", 403, refusal=_members_only(), title="License Settings")
    found = (await visit.api.get("/credentials"))["items"]
    # a client stands below the key that it needs
    found.sort(key=lambda one: (one["parent_id"] or one["id"], one["parent_id"] is not None))
    shown = [one for one in found if one["state"] == "active" or visit.query("all")]
    users = (await visit.api.get("/users"))["items"]
    plans = (await visit.api.get("/plans"))["items"]
    return visit.show(
        "keys",
        status,
        items=shown,
        hidden=len(found) - len(shown),
        kinds=KINDS,
        overlaps=OVERLAPS,
        users={user["id"]: user["email"] for user in users},
        names={one["id"]: one["name"] or one["hint"] or one["id"][:13] for one in found},
        parents=[one for one in found if one["kind"] == "fleetview-key"],
        plan=next((plan for plan in plans if plan["in_force"]), None),
        **{"made": None, "secrets": {}, "fault": "", "fields": {}} | values,
    )


def _members_only() -> Refused:
    return Refused(
        403, {"detail": "License Settings are for administrators of the account. Ask one of them for a key."}
    )


async def act(visit: Visit) -> Response:
    """Create, roll or revoke, whichever button was pressed; a new secret is on the answering page and nowhere else."""
    what, number = visit.field("act"), visit.field("id")
    try:
        if what == "revoke":
            if visit.field("typed") != await _name(visit, number):
                return await _keys(visit, 422, fault="To revoke a key for good, type its name as the page shows it.")
            await visit.api.send("DELETE", f"/credentials/{number}")
            return visit.go("/License", done="Revoked: the next call with it is refused.")
        if what == "end":
            await visit.api.send("POST", f"/credentials/{number}/end-tokens")
            return visit.go("/License", done="All its tokens have ended: it has to ask for a new one.")
        if what == "roll":
            overlap = visit.field("overlap_s", "86400")
            made = await visit.api.send(
                "POST", f"/credentials/{number}/roll", {"overlap_s": int(overlap) if overlap in OVERLAPS else 86_400}
            )
        else:
            made = await visit.api.send("POST", "/credentials", _asked(visit))
    except Refused as refusal:
        if refusal.status not in (403, 404, 409, 422):
            raise
        return await _keys(visit, refusal.status, fault=refusal.detail, fields=dict(visit.form))
    secrets = {name: value for name, value in made["secrets"].items() if value}
    return await _keys(visit, 200, made=made["credential"], secrets=secrets)


async def _name(visit: Visit, number: str) -> str:
    """What a person types to say that it is this key they mean: its name, of one without a name its hint."""
    found = (await visit.api.get("/credentials"))["items"]
    return next((str(one["name"] or one["hint"] or one["id"]) for one in found if one["id"] == number), "")


def _asked(visit: Visit) -> dict[str, Any]:
    kind = visit.field("kind")
    body: dict[str, Any] = {"kind": kind, "name": visit.field("name")}
    if kind in ("fleetize-token", "fleetline-token") and visit.field("user_id"):
        body["user_id"] = visit.field("user_id")
    if kind in ("fleetline-token", "fleetview-client") and visit.field("read_only"):
        body["read_only"] = True
    if kind == "fleetview-client" and visit.field("key_id"):
        body["key_id"] = visit.field("key_id")
    return body


def curl_of(base: str, item: dict[str, Any]) -> str:
    """The call of a log entry for a terminal, its secret left to fill in: the log keeps neither secrets nor bodies."""
    if item["api"] == "fleetize":
        device = f" -d device={item['subject']}" if item["subject"].isdecimal() else ""
        return f"curl -d apitoken=APITOKEN{device} {base}/v2/{item['action']}"
    path = item["action"].removeprefix(f"{item['method']} ")
    if not path.startswith("/"):
        return ""
    if path.endswith("}") and item["subject"]:
        path = path[: path.rindex("{")] + item["subject"]
    key = " -H 'X-Api-Key: KEY'" if item["api"] == "fleetview" else ""
    return f"curl -X {item['method']}{key} -H 'Authorization: Bearer TOKEN' '{base}{path}'"


async def requests(visit: Visit) -> Response:
    if not visit.administers:
        return visit.show("refused", 403, refusal=_members_only(), title="Request log")
    names = ("api", "action", "credential", "address", "cursor")
    query: dict[str, Any] = {name: visit.query(name) for name in names}
    # the pages of this app call the API for each thing they show: that is not what anybody looks for here
    query["sessions"] = None if visit.query("people") == "with" or visit.query("credential") else "false"
    query["refused"] = {"refused": "true", "answered": "false"}.get(visit.query("result"))
    found = await visit.api.get("/requests", **query, limit=100)
    credentials = (await visit.api.get("/credentials"))["items"]
    users = (await visit.api.get("/users"))["items"]
    who = {one["id"]: one["name"] or KINDS.get(one["kind"], (one["kind"],))[0] for one in credentials}
    return visit.show(
        "requests",
        items=[item | {"curl": curl_of(visit.site.base(visit.request), item)} for item in found["items"]],
        follows=found["next"],
        apis=APIS,
        who=who,
        people={user["id"]: user["email"] for user in users},
        filtered=any(visit.query(name) for name in ("api", "action", "credential", "address", "result", "people")),
    )


def environment(base: str, name: str, values: dict[str, str]) -> dict[str, Any]:
    """A Postman environment; what is secret is marked so."""
    kept = {"baseUrl": base, **values}
    secret = ("apiKey", "clientSecret", "apitoken", "token", "bearerToken", "refreshToken")
    return {
        "name": name,
        "values": [
            {"key": key, "value": value, "type": "secret" if key in secret else "default", "enabled": True}
            for key, value in kept.items()
        ],
        "_postman_variable_scope": "environment",
    }


async def moved(visit: Visit) -> Response:
    return visit.go("/License")


async def filled_environment(visit: Visit) -> Response:
    """The environment of the secrets that the page just showed; they come back from that page and are not kept."""
    names = {
        "api_key": "apiKey",
        "client_id": "clientId",
        "client_secret": "clientSecret",
        "apitoken": "apitoken",
        "token": "token",
    }
    values = {names[name]: visit.field(name) for name in names if visit.field(name)}
    body = json.dumps(environment(visit.site.base(visit.request), "Fleetline", values), indent=2)
    named = {"Content-Disposition": 'attachment; filename="fleetline.postman_environment.json"'}
    return Response(body, media_type="application/json", headers=HEADERS | named)


PAGES: Final = (
    ("GET", "/License", keys),
    ("POST", "/License", act),
    ("POST", "/License/environment.json", filled_environment),
    ("GET", "/requests", requests),
    ("GET", "/developers/keys", moved),
)
