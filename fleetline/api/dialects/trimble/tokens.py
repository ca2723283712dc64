"""A key is exchanged for a token here, and a partner sees its accounts."""

from typing import TYPE_CHECKING, Any

from fleetline.api.dialects.trimble import bodies
from fleetline.api.dialects.trimble.words import NotSupported, answer, full_moment
from fleetline.api.http import Request, Response

if TYPE_CHECKING:
    from fleetline.api.routes import Route
    from fleetline.core.gate import Gate
    from fleetline.core.workspace import Workspace


def bearer_token(request: Request) -> str | None:
    """The token of `Authorization: bearer TOKEN`, in any case of the word; None when there is none."""
    scheme, _, token = (request.header("authorization") or "").strip().partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None


async def admit_bearer(gate: "Gate", request: Request, route: "Route | None") -> "Workspace":
    """The caller whom its token names, at the level that the route needs."""
    level = route.level if route is not None else None
    return await gate.admit_signed(bearer_token(request), address=request.client, level=level or None)


async def authenticate(gate: "Gate", request: Request) -> Response:
    item = bodies.parse_object(request.body)
    key, account_id = item.get("apikey"), item.get("accountid")
    if not isinstance(key, str) or not isinstance(account_id, str | None):
        key = account_id = ""  # the same work and the same answer as for a wrong key
    token = await gate.tokens.sign(key, account_id, address=request.client)
    return answer({"token": token.token, "expires": full_moment(token.expires_at_ms)})


async def list_accounts(workspace: "Workspace", request: Request) -> Response:
    accounts = await workspace.accounts.accounts()
    data: list[dict[str, Any]] = [{"AccountName": item.name, "AccountId": item.account_id} for item in accounts]
    return answer({"data": data})


async def not_supported(workspace: "Workspace", request: Request) -> Response:
    raise NotSupported
