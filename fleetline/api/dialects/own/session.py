"""Coming in and going out: first set-up, sign-in, the caller's own facts, password, sessions."""

from importlib.metadata import version
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import msgspec

from fleetline.api.dialects.own.calls import body_of
from fleetline.api.dialects.own.doors import ONESELF, bearer, cookie, csrf_of, identify, session_cookie
from fleetline.api.dialects.own.people import (
    SessionShown,
    SignedIn,
    account_shown,
    permissions_shown,
    plan_shown,
    session_shown,
    user_shown,
)
from fleetline.api.dialects.own.replies import Listed, answer, in_path, nothing, route
from fleetline.api.dialects.own.words import Forged
from fleetline.api.http import Request, Response
from fleetline.api.routes import Answer
from fleetline.core import sessions
from fleetline.core.setup import needs_setup, set_up
from fleetline.model.access import Kind

if TYPE_CHECKING:
    from fleetline.core.gate import Gate
    from fleetline.core.workspace import Workspace

Text = Annotated[str, msgspec.Meta(min_length=1, max_length=255)]
Password = Annotated[str, msgspec.Meta(min_length=1, max_length=1024)]
NewPassword = Annotated[str, msgspec.Meta(min_length=8, max_length=1024)]


class SetUp(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The first administrator and what the organisation is called; `language` is en or de."""

    organisation: Text
    email: Text
    password: NewPassword
    time_zone: Text = "Europe/Berlin"
    language: Text = "en"


class SignIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`keep` says where the session goes: into the browser's cookie, or as a token into the answer (for programs)."""

    email: Text
    password: Password
    keep: Literal["cookie", "token"] = "cookie"


class ChangePassword(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    current: Password
    new: NewPassword


class Status(msgspec.Struct, frozen=True):
    """What a page must know before anybody has signed in."""

    version: str
    setup_needed: bool


class Opened(msgspec.Struct, frozen=True):
    """A session that just began: with the cookie `csrf` is set, else `token`, for `Authorization: Bearer`."""

    token: str | None
    csrf: str | None
    expires_in_s: int


async def status(gate: "Gate", request: Request) -> Response:
    return answer(Status(version("fleetline"), await needs_setup(gate.core)))


async def setup(gate: "Gate", request: Request) -> Response:
    _from_here(request)
    asked = body_of(request, SetUp)
    await set_up(
        gate.core, asked.organisation, asked.email, asked.password, time_zone=asked.time_zone, language=asked.language
    )
    return await _opened(gate, request, asked.email, asked.password, 201, cookie=True)


async def sign_in(gate: "Gate", request: Request) -> Response:
    _from_here(request)
    asked = body_of(request, SignIn)
    return await _opened(gate, request, asked.email, asked.password, 200, cookie=asked.keep == "cookie")


def _from_here(request: Request) -> None:
    """Another site's page cannot sign its visitors in. errors: Forged"""
    origin = request.header("origin")
    if origin is not None and origin.lower() not in (
        request.base_url.lower(),
        f"{request.scheme}://{request.host}".lower(),
    ):
        raise Forged


async def _opened(gate: "Gate", request: Request, email: str, password: str, status: int, *, cookie: bool) -> Response:
    secret = await gate.tokens.sign_in(email, password, address=request.client)
    seconds = gate.core.lives.session_s
    if not cookie:
        return answer(Opened(secret, None, seconds), status)
    return answer(Opened(None, csrf_of(secret), seconds), status, [session_cookie(request, secret, seconds)])


async def sign_out(workspace: "Workspace", request: Request) -> Response:
    if workspace.principal.kind is Kind.SESSION:
        await sessions.end_session(workspace, workspace.principal.credential_id, address=request.client)
    return nothing([session_cookie(request, "", 0)])


async def signed_in(workspace: "Workspace", request: Request) -> Response:
    standing = await sessions.standing(workspace)
    principal = workspace.principal
    assert workspace.account is not None, "sessions and API tokens are of accounts"
    with_cookie = bearer(request) is None and cookie(request) is not None
    return answer(
        SignedIn(
            session_id=principal.credential_id, kind=principal.kind.value,
            user=user_shown(standing.user) if standing.user else None, account=account_shown(workspace.account),
            plan=plan_shown(workspace.plan, True), role=principal.role.value, administers=principal.administers,
            read_only=principal.read_only, permissions=permissions_shown(principal.permissions.facts()),
            preferences=standing.preferences, csrf=csrf_of(identify(request) or "") if with_cookie else None,
            expires_at_ms=standing.credential.expires_at_ms,
        )
    )  # fmt: skip


async def prefer(workspace: "Workspace", request: Request) -> Response:
    return answer(await sessions.prefer(workspace, body_of(request, dict[str, Any])))


async def change_password(workspace: "Workspace", request: Request) -> Response:
    asked = body_of(request, ChangePassword)
    await sessions.change_password(workspace, asked.current, asked.new, address=request.client)
    return nothing()


async def own_sessions(workspace: "Workspace", request: Request) -> Response:
    found = await sessions.sessions(workspace)
    return answer(Listed([session_shown(one, workspace) for one in found], None, 0))


async def end_own_session(workspace: "Workspace", request: Request) -> Response:
    request.notes.subject = request.params["session_id"][:64]
    await sessions.end_session(workspace, request.params["session_id"], address=request.client)
    return nothing()


SESSION_ID: Final = in_path("session_id", "Id of the session", {"type": "string"})
_PREFERENCES: Final = {"type": "object", "additionalProperties": True}
_COOKIE: Final = {"set-cookie": "fleetline_session, HttpOnly, SameSite=Lax"}

ROUTES: Final = (
    route("GET", "/status", "What a page must know first", None, open_handler=status, tag="session",
          answers=[Answer(200, "Version, and whether the first set-up is due", Status)]),
    route("POST", "/setup", "Make the first account and its administrator", None, open_handler=setup, tag="session",
          text="Works once, while there is no account; the caller is signed in.", body=SetUp,
          answers=[Answer(201, "Signed in", Opened, headers=_COOKIE)]),
    route("POST", "/session", "Sign in", None, open_handler=sign_in, tag="session", body=SignIn,
          text="Ten failures of one address within a minute close the door for it until the minute is over.",
          answers=[Answer(200, "Signed in", Opened, headers=_COOKIE)]),
    route("GET", "/session", "Who the caller is", signed_in, tag="session",
          answers=[Answer(200, "The caller", SignedIn)]),
    route("DELETE", "/session", "Sign out", sign_out, tag="session", level=ONESELF, once=False,
          answers=[Answer(204, "Signed out")]),
    route("PATCH", "/me", "Change one's preferences", prefer, tag="session", level=ONESELF, body=_PREFERENCES,
          text="The object is merged into what is there; null takes a key away.",
          answers=[Answer(200, "All preferences", _PREFERENCES)]),
    route("POST", "/me/password", "Change one's password", change_password, tag="session", level=ONESELF, once=False,
          body=ChangePassword, text="Every other session of the same person ends.", answers=[Answer(204, "Done")]),
    route("GET", "/me/sessions", "One's own sessions", own_sessions, tag="session",
          answers=[Answer(200, "Those that are alive, the newest first", Listed[SessionShown])]),
    route("DELETE", "/me/sessions/{session_id}", "End one's own session", end_own_session, tag="session", level=ONESELF,
          parameters=[SESSION_ID], answers=[Answer(204, "Ended")]),
)  # fmt: skip
