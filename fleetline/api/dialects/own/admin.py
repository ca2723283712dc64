"""Administration of the account: its own facts, its plan, its users and their sessions."""

from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import msgspec
from msgspec import UNSET, UnsetType

from fleetline.api.dialects.own.calls import body_of, query_of
from fleetline.api.dialects.own.people import (
    AccountShown,
    PlanShown,
    SessionShown,
    UserShown,
    account_shown,
    plan_shown,
    session_shown,
    user_shown,
)
from fleetline.api.dialects.own.replies import Listed, answer, in_path, nothing, query, route
from fleetline.api.dialects.own.session import SESSION_ID, NewPassword, Text
from fleetline.api.http import Request, Response
from fleetline.api.routes import Answer
from fleetline.core import sessions
from fleetline.core.acts import record
from fleetline.core.household import UserChange as Change
from fleetline.core.household import change_account, change_users
from fleetline.model.access import NOTHING, Permissions, Role, permissions_of
from fleetline.model.errors import FleetlineError, Invalid, NotFound

if TYPE_CHECKING:
    from fleetline.core.workspace import Workspace

RoleWord = Literal["administrator", "member"]
MOST_USERS: Final = 100


class PermissionsGiven(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`devices`: "all" or ids; `withhold`: imei, sensors, location, mileage, routes; `history`: days back, 0 all."""

    devices: list[Annotated[int, msgspec.Meta(ge=1, le=2**53 - 1)]] | Literal["all"] = []
    groups: list[Annotated[int, msgspec.Meta(ge=1, le=2**53 - 1)]] = []
    withhold: list[Literal["imei", "sensors", "location", "mileage", "routes"]] = []
    history: Annotated[int, msgspec.Meta(ge=0, le=36_500)] = 0


class NewUser(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A person of the account; without a password one is generated and shown once."""

    email: Text
    role: RoleWord = "member"
    permissions: PermissionsGiven | None = None
    password: NewPassword | None = None


class UserChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is absent stays as it is."""

    id: Text
    role: RoleWord | UnsetType = UNSET
    permissions: PermissionsGiven | UnsetType = UNSET
    disabled: bool | UnsetType = UNSET


class UserPatch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is absent stays as it is."""

    role: RoleWord | UnsetType = UNSET
    permissions: PermissionsGiven | UnsetType = UNSET
    disabled: bool | UnsetType = UNSET


class AccountPatch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is absent stays as it is."""

    name: Text | None = None
    time_zone: Text | None = None
    language: Text | None = None


class NewPasswordBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Without a password one is generated."""

    new: NewPassword | None = None


class PasswordShown(msgspec.Struct, frozen=True):
    """Shown once; null when the caller chose it."""

    password: str | None


class UserOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """`outcome` is added, changed, unchanged, duplicate, unknown or refused; `password` shown once."""

    outcome: str
    user: UserShown | None = None
    password: str | None = None
    field: str = ""
    reason: str = ""


class UsersDone(msgspec.Struct, frozen=True):
    outcomes: list[UserOutcome]
    done: int
    refused: int


def _permissions(given: PermissionsGiven | None) -> Permissions:
    return NOTHING if given is None else permissions_of(msgspec.to_builtins(given))


async def show_account(workspace: "Workspace", request: Request) -> Response:
    assert workspace.account is not None, "sessions and API tokens are of accounts"
    return answer(account_shown(workspace.account))


async def patch_account(workspace: "Workspace", request: Request) -> Response:
    patch = body_of(request, AccountPatch)
    changed = await change_account(
        workspace, name=patch.name, time_zone=patch.time_zone, language=patch.language, address=request.client
    )
    return answer(account_shown(changed))


async def plans(workspace: "Workspace", request: Request) -> Response:
    found = [plan_shown(plan, plan.name == workspace.plan.name) for plan in workspace.core.plans.values()]
    return answer(Listed(found, None, 0))


async def users(workspace: "Workspace", request: Request) -> Response:
    return answer(Listed([user_shown(user) for user in await workspace.accounts.users()], None, 0))


async def add_users(workspace: "Workspace", request: Request) -> Response:
    items = body_of(request, list[NewUser])
    _few(items)
    outcomes = []
    for item in items:
        try:
            user, password = await workspace.accounts.add_user(
                item.email, role=Role(item.role), permissions=_permissions(item.permissions), password=item.password
            )
        except FleetlineError as fault:
            outcomes.append(_refused(fault))
            continue
        await record(workspace, request.client, "user", user.user_id, "added", email=user.email, role=user.role.value)
        shown = password if item.password is None else None
        outcomes.append(UserOutcome(outcome="added", user=user_shown(user), password=shown))
    return answer(_done(outcomes))


def _few(items: list[Any]) -> None:
    """Each user costs a slow hash. errors: Invalid"""
    if len(items) > MOST_USERS:
        raise Invalid("body", f"must have at most {MOST_USERS} items")


def _refused(fault: FleetlineError) -> UserOutcome:
    """One bad item never loses the good ones; what is nobody's fault ends the call."""
    if isinstance(fault, NotFound):
        return UserOutcome(outcome="unknown", field="id", reason="does not exist")
    if isinstance(fault, Invalid):
        return UserOutcome(outcome="refused", field=fault.field, reason=fault.reason)
    if getattr(fault, "field", "") == "email":
        return UserOutcome(outcome="duplicate", field="email", reason="is in use already")
    raise fault


def _done(outcomes: list[UserOutcome]) -> UsersDone:
    good = sum(one.outcome in ("added", "changed", "unchanged") for one in outcomes)
    return UsersDone(outcomes, good, len(outcomes) - good)


def _change(number: str, item: UserChange | UserPatch) -> Change:
    return Change(
        number,
        None if item.role is UNSET else Role(item.role),
        None if item.permissions is UNSET else _permissions(item.permissions),
        None if item.disabled is UNSET else item.disabled,
    )


async def patch_users(workspace: "Workspace", request: Request) -> Response:
    items = body_of(request, list[UserChange])
    _few(items)
    outcomes = []
    for item in items:
        try:
            [(user, changed)] = await change_users(workspace, [_change(item.id, item)], address=request.client)
        except FleetlineError as fault:
            outcomes.append(_refused(fault))
            continue
        outcomes.append(UserOutcome(outcome="changed" if changed else "unchanged", user=user_shown(user)))
    return answer(_done(outcomes))


async def show_user(workspace: "Workspace", request: Request) -> Response:
    wanted = request.params["user_id"]
    request.notes.subject = wanted[:64]
    for user in await workspace.accounts.users():
        if user.user_id == wanted:
            return answer(user_shown(user))
    raise NotFound("user", wanted)


async def patch_user(workspace: "Workspace", request: Request) -> Response:
    wanted, patch = request.params["user_id"], body_of(request, UserPatch)
    request.notes.subject = wanted[:64]
    [(user, _)] = await change_users(workspace, [_change(wanted, patch)], address=request.client)
    return answer(user_shown(user))


async def set_password(workspace: "Workspace", request: Request) -> Response:
    wanted, asked = request.params["user_id"], body_of(request, NewPasswordBody)
    request.notes.subject = wanted[:64]
    password = await workspace.accounts.set_password(wanted, asked.new)
    await sessions.end_sessions_of(workspace, wanted)
    await record(workspace, request.client, "user", wanted, "password_set")
    return answer(PasswordShown(password if asked.new is None else None))


async def all_sessions(workspace: "Workspace", request: Request) -> Response:
    found = await sessions.sessions(workspace, everybody=True)
    wanted = query_of(request).text("user")
    shown = [session_shown(one, workspace) for one in found if wanted in ("", one.user_id)]
    return answer(Listed(shown, None, 0))


async def end_session(workspace: "Workspace", request: Request) -> Response:
    wanted = request.params["session_id"]
    request.notes.subject = wanted[:64]
    await sessions.end_session(workspace, wanted, everybody=True, address=request.client)
    return nothing()


USER_ID: Final = in_path("user_id", "Id of the user", {"type": "string"})

ROUTES: Final = (
    route("GET", "/account", "The account", show_account, tag="administration",
          answers=[Answer(200, "The account", AccountShown)]),
    route("PATCH", "/account", "Change the account", patch_account, tag="administration", body=AccountPatch,
          answers=[Answer(200, "The account", AccountShown)]),
    route("GET", "/plans", "Every plan and its limits", plans, tag="administration",
          answers=[Answer(200, "Plans", Listed[PlanShown])]),
    route("GET", "/users", "Users of the account", users, tag="administration", level="administrator",
          answers=[Answer(200, "All of them, disabled ones too, by creation", Listed[UserShown])]),
    route("POST", "/users", "Add users", add_users, tag="administration", body=list[NewUser], text="At most 100.",
          answers=[Answer(200, "One outcome per item, in order", UsersDone)]),
    route("PATCH", "/users", "Change users", patch_users, tag="administration", body=list[UserChange],
          text="At most 100.", answers=[Answer(200, "One outcome per item, in order", UsersDone)]),
    route("GET", "/users/{user_id}", "One user", show_user, tag="administration", level="administrator",
          parameters=[USER_ID], answers=[Answer(200, "The user", UserShown)]),
    route("PATCH", "/users/{user_id}", "Change one user", patch_user, tag="administration", parameters=[USER_ID],
          body=UserPatch, text="The last administrator stays one.", answers=[Answer(200, "The user", UserShown)]),
    route("POST", "/users/{user_id}/password", "Set a user's password", set_password, tag="administration",
          parameters=[USER_ID], body=NewPasswordBody, text="The user's sessions end.",
          answers=[Answer(200, "The password, when it was generated", PasswordShown)]),
    route("GET", "/sessions", "Sessions of all users", all_sessions, tag="administration", level="administrator",
          parameters=[query("user", "Of this user only")],
          answers=[Answer(200, "Those that are alive, the newest first", Listed[SessionShown])]),
    route("DELETE", "/sessions/{session_id}", "End a session", end_session, tag="administration",
          parameters=[SESSION_ID], answers=[Answer(204, "Ended")]),
)  # fmt: skip
