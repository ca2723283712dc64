"""Persons, sessions and the account as our own API shows them."""

from typing import TYPE_CHECKING, Any

import msgspec

from fleetline.model.access import Account, Credential, User
from fleetline.model.limits import Plan

if TYPE_CHECKING:
    from fleetline.core.workspace import Workspace


class PermissionsShown(msgspec.Struct, frozen=True):
    """`devices` is "all" or ids; `history` the days back that may be asked, 0 for all."""

    devices: list[int] | str
    groups: list[int]
    withhold: list[str]
    history: int


class UserShown(msgspec.Struct, frozen=True):
    id: str
    email: str
    role: str
    permissions: PermissionsShown
    created_at_ms: int
    disabled_at_ms: int | None


class AccountShown(msgspec.Struct, frozen=True):
    id: str
    name: str
    plan: str
    time_zone: str
    language: str
    created_at_ms: int


class PlanShown(msgspec.Struct, frozen=True):
    """Limits of a plan; 0 is no limit, `actions` null means all."""

    name: str
    in_force: bool
    api: bool
    actions: list[str] | None
    spacing_s: float
    daily_calls: int
    one_address: bool
    processing_s: float
    history_days: int
    rate_per_s: float
    burst: int
    assets_rate_per_s: float
    assets_burst: int


class SessionShown(msgspec.Struct, frozen=True):
    """`current` marks the session of this very call."""

    id: str
    user_id: str | None
    created_at_ms: int
    expires_at_ms: int | None
    last_used_at_ms: int | None
    last_address: str | None
    current: bool


class SignedIn(msgspec.Struct, frozen=True):
    """Who the caller is. `user` is null for a token of the account itself; `csrf` for callers without the cookie."""

    session_id: str
    kind: str
    user: UserShown | None
    account: AccountShown
    plan: PlanShown
    role: str
    administers: bool
    read_only: bool
    permissions: PermissionsShown
    preferences: dict[str, Any]
    csrf: str | None
    expires_at_ms: int | None


def permissions_shown(facts: dict[str, Any]) -> PermissionsShown:
    return PermissionsShown(facts["devices"], facts["groups"], facts["withhold"], facts["history"])


def user_shown(user: User) -> UserShown:
    return UserShown(
        user.user_id, user.email, user.role.value, permissions_shown(user.permissions.facts()), user.created_at_ms,
        user.disabled_at_ms,
    )  # fmt: skip


def account_shown(account: Account) -> AccountShown:
    return AccountShown(
        account.account_id, account.name, account.plan, account.time_zone, account.language, account.created_at_ms
    )


def plan_shown(plan: Plan, in_force: bool) -> PlanShown:
    return PlanShown(
        plan.name, in_force, plan.api, sorted(plan.actions) if plan.actions is not None else None, plan.spacing_s,
        plan.daily_calls, plan.one_ip, plan.processing_s, plan.history_days, plan.rate_per_s, plan.burst,
        plan.assets_rate_per_s, plan.assets_burst,
    )  # fmt: skip


def session_shown(credential: Credential, workspace: "Workspace") -> SessionShown:
    return SessionShown(
        credential.credential_id, credential.user_id, credential.created_at_ms, credential.expires_at_ms,
        credential.last_used_at_ms, credential.last_address,
        credential.credential_id == workspace.principal.credential_id,
    )  # fmt: skip
