"""How callers of our own API come in: a session's cookie or a bearer token, and what each of them may do."""

from typing import TYPE_CHECKING, Final

from fleetline.api.dialect import Exchange
from fleetline.api.dialects.own.words import Forged
from fleetline.api.http import Request
from fleetline.api.routes import Route
from fleetline.core.administration import NotAllowed
from fleetline.core.secrets import OWN_PREFIX, fits, secret_hash
from fleetline.model.access import Kind

if TYPE_CHECKING:
    from fleetline.core.gate import Gate
    from fleetline.core.workspace import Workspace

COOKIE: Final = "fleetline_session"
CSRF_HEADER: Final = "x-fleetline-csrf"
SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
ADMINISTRATOR: Final = "administrator"
"""The level of routes that only administrators may call."""
ONESELF: Final = "oneself"
"""The level of routes by which everybody changes only what is their own."""


def bearer(request: Request) -> str | None:
    """The secret of the Authorization header, None without one."""
    scheme, _, secret = (request.header("authorization") or "").partition(" ")
    return secret.strip() if scheme.lower() == "bearer" else None


def cookie(request: Request) -> str | None:
    """The session's secret as the browser keeps it."""
    for header in request.header_all("cookie"):
        for part in header.split(";"):
            name, _, value = part.strip().partition("=")
            if name == COOKIE and value:
                return value
    return None


def identify(request: Request) -> str | None:
    """The secret of a call; a bearer token goes before the cookie."""
    found = bearer(request)
    return found if found is not None else cookie(request)


def csrf_of(secret: str) -> str:
    """What our pages send along with the cookie: nobody who cannot read our answers knows it."""
    return secret_hash(f"csrf {secret}")[:32]


async def admit_caller(gate: "Gate", request: Request, route: Route | None) -> "Workspace":
    """A session by cookie or bearer, or an API token. errors: Forged; Unknown(`session`)"""
    secret = identify(request) or ""
    if bearer(request) is None and secret and request.method not in SAFE:
        sent = request.header(CSRF_HEADER) or ""
        if not fits(sent, [secret_hash(csrf_of(secret))]):
            raise Forged
    kind = Kind.OWN_TOKEN if secret.startswith(OWN_PREFIX) else Kind.SESSION
    return await gate.admit(kind, secret, address=request.client)


async def check_rights(exchange: Exchange) -> None:
    """The caller may use the route at all: NotAllowed. What it then sees is for the core to say."""
    route, workspace = exchange.route, exchange.workspace
    if route is None or route.is_open:
        return
    assert workspace is not None, "admit comes before check_rights"
    if exchange.request.method not in SAFE and workspace.principal.read_only:
        raise NotAllowed("read_only")
    if route.level == ADMINISTRATOR and not workspace.principal.administers:
        raise NotAllowed("administrators")


def session_cookie(request: Request, secret: str, seconds: int) -> tuple[str, str]:
    """The header that keeps a session in the browser; with no seconds left it takes it away."""
    secure = "; Secure" if request.base_url.startswith("https:") else ""
    return ("set-cookie", f"{COOKIE}={secret}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}")
