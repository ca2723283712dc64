"""Coming in and going out: sign-in, the first set-up, sign-out."""

from typing import Any, Final
from urllib.parse import urlsplit

from starlette.responses import RedirectResponse, Response

from fleetline.web.asking import Refused, Reply
from fleetline.web.site import HEADERS, Visit

SHORTEST_PASSWORD: Final = 8


def safe_next(path: str) -> str:
    """A path of this site to go on to; anything else is the home page."""
    parts = urlsplit(path)
    inside = path.startswith("/") and not path.startswith(("//", "/\\")) and not parts.netloc and not parts.scheme
    return path if inside and "\\" not in path else "/"


def entered(reply: Reply, path: str) -> Response:
    response = RedirectResponse(path, 303, headers=HEADERS)
    for cookie in reply.cookies:
        response.headers.append("set-cookie", cookie)
    return response


async def sign_in(visit: Visit) -> Response:
    status = await visit.api.get("/status")
    if status["setup_needed"]:
        return visit.go("/setup")
    return visit.show("login", next=safe_next(visit.query("next", "/")), email="", error="")


async def do_sign_in(visit: Visit) -> Response:
    email, path = visit.field("email"), safe_next(visit.field("next", "/"))
    password = visit.form.get("password")
    if not email or not isinstance(password, str) or not password:
        return visit.show(
            "login", 422, next=path, email=email, error=visit.words.say("Enter your e-mail address and your password.")
        )
    try:
        reply = await _post(visit, "/session", {"email": email, "password": password})
    except Refused as refusal:
        return visit.show("login", refusal.status, next=path, email=email, error=refusal.detail)
    return entered(reply, path)


async def _post(visit: Visit, path: str, body: dict[str, Any]) -> Reply:
    import json

    return await visit.api.call("POST", path, body=json.dumps(body).encode(), media="application/json")


async def set_up(visit: Visit) -> Response:
    status = await visit.api.get("/status")
    if not status["setup_needed"]:
        return visit.go("/login")
    return visit.show("setup", error="", fields={"time_zone": "Europe/Berlin"}, faults={})


async def do_set_up(visit: Visit) -> Response:
    fields = {name: visit.field(name) for name in ("organisation", "email", "time_zone")}
    password = visit.form.get("password")
    body = {name: value for name, value in fields.items() if value} | {"password": password or ""}
    faults = {name: visit.words.say("This is needed.") for name in ("organisation", "email") if not fields[name]}
    if not isinstance(password, str) or len(password) < SHORTEST_PASSWORD:
        faults["password"] = visit.words.say("At least {count} characters.", count=SHORTEST_PASSWORD)
    if faults:
        return visit.show("setup", 422, error="", fields=fields, faults=faults)
    try:
        reply = await _post(visit, "/setup", body)
    except Refused as refusal:
        found = {fault["path"]: fault["reason"] for fault in refusal.errors}
        return visit.show("setup", refusal.status, error=refusal.detail, fields=fields, faults=found)
    return entered(reply, "/")


async def sign_out(visit: Visit) -> Response:
    try:
        reply = await visit.api.call("DELETE", "/session")
    except Refused:
        return visit.go("/login")  # the session was over already
    return entered(reply, "/login")


PAGES: Final = (
    ("GET", "/login", sign_in),
    ("POST", "/login", do_sign_in),
    ("GET", "/setup", set_up),
    ("POST", "/setup", do_set_up),
    ("POST", "/logout", sign_out),
)
