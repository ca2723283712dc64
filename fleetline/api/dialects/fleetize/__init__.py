"""The Fleetize-compatible API, version 2: two actions, one bare line for every refusal."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from fleetline.api.dialect import Dialect, Exchange
from fleetline.api.dialects.fleetize.actions import ROUTES, SOURCE
from fleetline.api.dialects.fleetize.fields import read_fields
from fleetline.api.dialects.fleetize.guide import GUIDE
from fleetline.api.dialects.fleetize.listing import Listings
from fleetline.api.dialects.fleetize.words import renderer
from fleetline.api.http import Request, Response
from fleetline.api.routes import Route, RouteTable
from fleetline.api.steps import admit, find_route, handle, only_method, read_body
from fleetline.model.access import Kind
from fleetline.model.errors import Invalid
from fleetline.model.limits import Standing
from fleetline.model.refusals import NotInPlan, QuotaUsed

if TYPE_CHECKING:
    from fleetline.core.gate import Gate
    from fleetline.core.workspace import Workspace

BODY_LIMIT: Final = 65_536


async def parse(exchange: Exchange) -> None:
    """The body's fields, and what the request log keeps of them."""
    request = exchange.request
    request.parsed = fields = read_fields(request)
    notes = request.notes
    notes.action = request.segments[1] if len(request.segments) == 2 else "/".join(request.segments[1:])
    notes.subject, notes.asked = fields.get("device", ""), fields.get("time", "")
    notes.scope = fields.get("scope", "")


def identify(request: Request) -> str | None:
    """The field `apitoken` of the body; a token in the address is none."""
    token = (request.parsed or {}).get("apitoken")
    return token if isinstance(token, str) else None


async def admit_token(gate: "Gate", request: Request, route: Route | None) -> "Workspace":
    """Checks 2 to 8 of the documented order."""
    return await gate.admit(Kind.CALL_TOKEN, identify(request) or "", address=request.client)


async def in_plan(exchange: Exchange) -> None:
    """The action is in the account's plan: NotInPlan."""
    assert exchange.workspace is not None, "admit comes before in_plan"
    if not exchange.workspace.plan.includes(exchange.request.segments[1]):
        raise NotInPlan("action")


async def give_back(gate: "Gate", exchange: Exchange) -> None:
    """The quota unit of a call that failed for us."""
    assert exchange.workspace is not None
    exchange.workspace = replace(exchange.workspace, standing=await gate.refund(exchange.workspace))


def finish(exchange: Exchange, response: Response) -> None:
    """What is left of the quota, on every answer from the check of the quota on."""
    standing = exchange.workspace.standing if exchange.workspace is not None else _left(exchange.error)
    if standing is not None:
        response.headers += [
            ("x-ratelimit-limit", str(standing.limit)),
            ("x-ratelimit-remaining", str(standing.remaining)),
            ("x-ratelimit-reset", str(standing.reset_at_s)),
        ]


def _left(error: Exception | None) -> Standing | None:
    return error.standing if isinstance(error, QuotaUsed) else None


def configure(settings: Mapping[str, object]) -> Dialect:
    """The dialect with an operator's settings: `error_status` (http, 200) and `error_body` (line, json).

    errors  Invalid for any other key or value
    """
    allowed = {"error_status": ("http", "200"), "error_body": ("line", "json")}
    values = {"error_status": "http", "error_body": "line"} | {key: str(value) for key, value in settings.items()}
    for key, value in values.items():
        if key not in allowed:
            raise Invalid(f"fleetize.{key}", "is not a setting")
        if value not in allowed[key]:
            raise Invalid(f"fleetize.{key}", f"must be one of {', '.join(allowed[key])}", value)
    return replace(DIALECT, render=renderer(values["error_status"], values["error_body"]))


DIALECT: Final = Dialect(
    name="fleetize",
    title="Fleetize-compatible API, version 2",
    source=SOURCE,
    mounts=("/v2",),
    routes=ROUTES,
    order=(read_body, only_method("POST"), parse, admit, find_route(RouteTable(ROUTES)), in_plan, handle),
    identify=identify,
    admit=admit_token,
    render=renderer("http", "line"),
    finish=finish,
    give_back=give_back,
    memory=Listings,
    configure=configure,
    body_limit=BODY_LIMIT,
    seconds=lambda workspace: workspace.plan.processing_s,
    guide=GUIDE,
)
