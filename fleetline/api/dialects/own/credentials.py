"""Credentials of all APIs, shown once, rolled and revoked; and the log of the calls they made."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Final, Literal

import msgspec

from fleetline.api.dialects.own.calls import body_of, packed, query_of
from fleetline.api.dialects.own.replies import (
    CURSOR,
    INSTANT_SCHEMA,
    LIMIT,
    Listed,
    answer,
    in_path,
    nothing,
    query,
    route,
    words_schema,
)
from fleetline.api.dialects.own.session import Text
from fleetline.api.http import Request, Response
from fleetline.api.routes import Answer
from fleetline.core.acts import record
from fleetline.core.administration import NotAllowed
from fleetline.core.own_tokens import add_own_token
from fleetline.core.requests import RequestEntry, RequestFilter, find_requests
from fleetline.model.access import STANDING_KINDS, Activity, Credential, Kind
from fleetline.model.errors import Invalid

if TYPE_CHECKING:
    from fleetline.core.workspace import Workspace

KINDS: Final = tuple(kind.value for kind in STANDING_KINDS)
LOGGED_KINDS: Final = tuple(kind.value for kind in Kind)
STATES: Final = ("active", "expired", "revoked", "blocked")
NONE: Final = Activity()
OVERLAPS: Final = (0, 3_600, 86_400, 604_800)


class CredentialShown(msgspec.Struct, frozen=True, kw_only=True):
    """A credential without its secret; `hint` is enough to tell it from others.

    parent_id  the API key of a client; user_id: whose it is, null for the account itself
    operations_24h, refused_24h, last_client_id  of an API key: calls that counted, calls that its bucket refused, the
               client that used it last; counts are right to half a minute
    families, last_token_at_ms  of a client: refresh tokens that can still be used, when its newest token was made
    former_until_ms  until when the secret from before it was rolled works on
    """

    id: str
    kind: str
    name: str
    hint: str
    user_id: str | None
    parent_id: str | None
    created_by: str
    created_at_ms: int
    expires_at_ms: int | None
    last_used_at_ms: int | None
    last_address: str | None
    read_only: bool
    state: str
    alarms: int
    alarmed_at_ms: int | None = None
    operations_24h: int = 0
    refused_24h: int = 0
    last_client_id: str | None = None
    families: int = 0
    last_token_at_ms: int | None = None
    former_until_ms: int | None = None


class NewCredential(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A credential for one of the APIs.

    user_id  of fleetline-token and fleetize-token: acts with that user's permissions, else with the account's
    key_id   of fleetview-client: the API key that the client joins, else a new one is made
    """

    kind: Literal["fleetline-token", "fleetize-token", "fleetview-client", "trimble-key"]
    name: Annotated[str, msgspec.Meta(max_length=255)] = ""
    user_id: Text | None = None
    key_id: Text | None = None
    read_only: bool = False
    keeps_refresh: bool = False
    expires_at_ms: Annotated[int, msgspec.Meta(ge=0, le=253_402_300_799_999)] | None = None


class Secrets(msgspec.Struct, frozen=True, kw_only=True):
    """What the credential opens doors with, shown this once; only those of its kind are not null."""

    token: str | None = None
    apitoken: str | None = None
    api_key: str | None = None
    client_id: str | None = None
    client_secret: str | None = None


class CredentialMade(msgspec.Struct, frozen=True):
    credential: CredentialShown
    secrets: Secrets


class Roll(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How long the old secret works on: not at all, an hour, a day, a week."""

    overlap_s: Literal[0, 3_600, 86_400, 604_800] = 86_400


class RequestShown(msgspec.Struct, frozen=True, kw_only=True):
    """One call of any API; never a secret, a body or an answer. `kind` is its credential's, empty where it had none."""

    request_id: str
    at_ms: int
    api: str
    method: str
    action: str
    subject: str
    asked: str
    scope: str
    status: int
    error: str
    elapsed_ms: int
    bytes_sent: int
    address: str
    agent: str
    user_id: str | None
    credential_id: str | None
    kind: str


def credential_shown(
    found: Credential, now_ms: int, activity: Activity = NONE, last_client_id: str | None = None
) -> CredentialShown:
    return CredentialShown(
        id=found.credential_id, kind=found.kind.value, name=found.name, hint=found.hint, user_id=found.user_id,
        parent_id=found.parent_id, created_by=found.created_by, created_at_ms=found.created_at_ms,
        expires_at_ms=found.expires_at_ms, last_used_at_ms=found.last_used_at_ms, last_address=found.last_address,
        read_only=found.read_only, state=found.state(now_ms), alarms=found.alarms,
        alarmed_at_ms=found.alarmed_at_ms, operations_24h=activity.operations, refused_24h=activity.refused,
        last_client_id=last_client_id, families=activity.families, last_token_at_ms=activity.last_token_at_ms,
        former_until_ms=activity.former_until_ms,
    )  # fmt: skip


async def listing(workspace: "Workspace", request: Request) -> Response:
    asked, now_ms = query_of(request), request.received_at_ms
    kinds, states = asked.words("kind", KINDS), asked.words("state", STATES)
    wanted = [Kind(word) for word in kinds] or STANDING_KINDS
    found = await workspace.accounts.credentials(wanted)
    activities, users = await workspace.accounts.activities(found), _last_users(found)
    shown = [
        credential_shown(one, now_ms, activities[one.credential_id], users.get(one.credential_id))
        for one in found if not states or one.state(now_ms) in states
    ]  # fmt: skip
    return answer(Listed(shown, None, 0))


def _last_users(found: Sequence[Credential]) -> dict[str, str]:
    """API key -> the client of it that was used last, among those that were listed."""
    clients = sorted((one for one in found if one.last_used_at_ms), key=lambda one: one.last_used_at_ms or 0)
    return {one.parent_id: one.credential_id for one in clients if one.parent_id is not None}


async def add(workspace: "Workspace", request: Request) -> Response:
    asked = body_of(request, NewCredential)
    _check(asked)
    accounts = workspace.accounts
    if asked.kind == "fleetview-client":
        made = await accounts.add_client(
            key_id=asked.key_id, name=asked.name, read_only=asked.read_only, keeps_refresh=asked.keeps_refresh
        )
        credential = made.client.credential
        secrets = Secrets(
            api_key=made.key.secret if made.key else None, client_id=credential.credential_id,
            client_secret=made.client.secret,
        )  # fmt: skip
    elif asked.kind == "fleetline-token":
        own = await add_own_token(
            workspace,
            name=asked.name,
            user_id=asked.user_id,
            read_only=asked.read_only,
            expires_at_ms=asked.expires_at_ms,
        )
        credential, secrets = own.credential, Secrets(token=own.secret)
    elif asked.kind == "fleetize-token":
        issued = await accounts.add_call_token(user_id=asked.user_id, name=asked.name)
        credential, secrets = issued.credential, Secrets(apitoken=issued.secret)
    else:
        issued = await accounts.add_asset_key(name=asked.name)
        credential, secrets = issued.credential, Secrets(api_key=issued.secret)
    await record(
        workspace, request.client, "credential", credential.credential_id, "added", kind=asked.kind, name=asked.name
    )
    return answer(CredentialMade(credential_shown(credential, request.received_at_ms), secrets), 201)


_FIELDS: Final = {
    "fleetline-token": {"user_id", "read_only", "expires_at_ms"},
    "fleetize-token": {"user_id"},
    "fleetview-client": {"key_id", "read_only", "keeps_refresh"},
    "trimble-key": set[str](),
}


def _check(asked: NewCredential) -> None:
    """errors: Invalid for a field that this kind does not have; a promise that is not kept would be worse"""
    for name in ("user_id", "key_id", "read_only", "keeps_refresh", "expires_at_ms"):
        if getattr(asked, name) and name not in _FIELDS[asked.kind]:
            raise Invalid(name, f"is not for a {asked.kind}")


async def roll(workspace: "Workspace", request: Request) -> Response:
    wanted, asked = _id(request), body_of(request, Roll)
    issued = await workspace.accounts.rotate(wanted, asked.overlap_s)
    await record(workspace, request.client, "credential", wanted, "rolled", overlap_s=asked.overlap_s)
    kind, secret = issued.credential.kind, issued.secret
    secrets = Secrets(
        token=secret if kind is Kind.OWN_TOKEN else None, apitoken=secret if kind is Kind.CALL_TOKEN else None,
        api_key=secret if kind in (Kind.API_KEY, Kind.ASSET_KEY) else None,
        client_id=wanted if kind is Kind.CLIENT else None, client_secret=secret if kind is Kind.CLIENT else None,
    )  # fmt: skip
    return answer(CredentialMade(credential_shown(issued.credential, request.received_at_ms), secrets))


async def revoke(workspace: "Workspace", request: Request) -> Response:
    wanted = _id(request)
    await workspace.accounts.revoke(wanted)
    await record(workspace, request.client, "credential", wanted, "revoked")
    return nothing()


async def end_tokens(workspace: "Workspace", request: Request) -> Response:
    wanted = _id(request)
    await workspace.accounts.revoke_tokens(wanted)
    await record(workspace, request.client, "credential", wanted, "tokens ended")
    return nothing()


def _id(request: Request) -> str:
    wanted = request.params["credential_id"]
    request.notes.subject = wanted[:64]
    return wanted


async def requests(workspace: "Workspace", request: Request) -> Response:
    if not workspace.principal.administers:
        raise NotAllowed("requests")
    asked = query_of(request)
    limit, before = asked.limit(), asked.cursor(tuple[int, str])
    wanted = RequestFilter(
        account_id=workspace.account_id, credential_id=asked.text("credential") or None, dialect=asked.text("api"),
        action=asked.text("action"), address=asked.text("address"), refused=asked.flag("refused"),
        kinds=asked.words("kind", LOGGED_KINDS), sessions=asked.flag("sessions"),
        from_ms=asked.instant("from"), to_ms=asked.instant("to"), before=_place(before),
    )  # fmt: skip
    found = await find_requests(workspace.core.store, wanted, limit + 1)
    items = [_request_shown(entry) for entry in found[:limit]]
    follows = packed((items[-1].at_ms, items[-1].request_id)) if len(found) > limit else None
    return answer(Listed(items, follows, 0))


def _place(before: tuple[int, str] | None) -> tuple[int, str] | None:
    if before is not None and (not 0 <= before[0] < 2**62 or "\0" in before[1]):
        raise Invalid("cursor", "is none that this list gave")
    return before


def _request_shown(entry: RequestEntry) -> RequestShown:
    return RequestShown(
        request_id=entry.request_id, at_ms=entry.at_ms, api=entry.dialect, method=entry.method, action=entry.action,
        subject=entry.subject, asked=entry.asked, scope=entry.scope, status=entry.status, error=entry.error,
        elapsed_ms=entry.elapsed_ms, bytes_sent=entry.bytes_sent, address=entry.address, agent=entry.agent,
        user_id=entry.user_id, credential_id=entry.credential_id, kind=entry.kind,
    )  # fmt: skip


CREDENTIAL_ID: Final = in_path("credential_id", "Id of the credential", {"type": "string"})


ROUTES: Final = (
    route(
        "GET",
        "/credentials",
        "Credentials of all APIs",
        listing,
        tag="credentials",
        level="administrator",
        parameters=[
            query("kind", "Of these kinds", words_schema(KINDS)),
            query("state", "In these states", words_schema(STATES)),
        ],
        answers=[Answer(200, "All of them, by creation", Listed[CredentialShown])],
    ),
    route(
        "POST",
        "/credentials",
        "Make a credential",
        add,
        tag="credentials",
        body=NewCredential,
        text="The secrets are in this answer and nowhere else ever again.",
        answers=[Answer(201, "The credential and its secrets", CredentialMade)],
    ),
    route(
        "POST",
        "/credentials/{credential_id}/roll",
        "Give a credential a new secret",
        roll,
        tag="credentials",
        parameters=[CREDENTIAL_ID],
        body=Roll,
        answers=[Answer(200, "The new secret", CredentialMade)],
    ),
    route(
        "DELETE",
        "/credentials/{credential_id}",
        "Revoke a credential",
        revoke,
        tag="credentials",
        parameters=[CREDENTIAL_ID],
        answers=[Answer(204, "From the next call on it opens nothing")],
    ),
    route(
        "POST",
        "/credentials/{credential_id}/end-tokens",
        "End all tokens of a client",
        end_tokens,
        tag="credentials",
        parameters=[CREDENTIAL_ID],
        answers=[Answer(204, "From the next call on they open nothing; the client itself can ask for new ones")],
    ),
    route(
        "GET",
        "/requests",
        "The log of all calls",
        requests,
        tag="credentials",
        level="administrator",
        parameters=[
            CURSOR,
            LIMIT,
            query("api", "Of this API: fleetize, trimble, fleetview, own"),
            query("action", "Exactly this operation"),
            query("credential", "Made with this credential"),
            query("address", "From this address"),
            query("refused", "Only refused or only answered ones", {"type": "boolean"}),
            query("kind", "Made with credentials of these kinds", words_schema(LOGGED_KINDS)),
            query("sessions", "Only of people who are signed in, or only all others", {"type": "boolean"}),
            query("from", "Not before", INSTANT_SCHEMA),
            query("to", "Before", INSTANT_SCHEMA),
        ],
        answers=[Answer(200, "The newest first", Listed[RequestShown])],
    ),
)
