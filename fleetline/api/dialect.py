"""What a dialect is: one frozen record of data and pure functions that makes the pipeline speak a vendor's words."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fleetline.api.guide import NO_GUIDE, Guide
from fleetline.api.http import Request, Response
from fleetline.api.routes import Match, Route
from fleetline.model.errors import FleetlineError

if TYPE_CHECKING:
    from fleetline.core.gate import Gate
    from fleetline.core.workspace import Workspace


@dataclass(slots=True)
class Exchange:
    """One call on its way through the steps; each step reads what earlier ones found and adds its own.

    match      the routes of the path; route: the one that will answer
    workspace  what the admitted principal may do
    error      why the call was refused, for the dialect's `finish` and the request log
    """

    dialect: "Dialect"
    gate: "Gate"
    request: Request
    match: Match | None = None
    route: Route | None = None
    workspace: "Workspace | None" = None
    error: FleetlineError | None = None


Step = Callable[[Exchange], Awaitable[Response | None]]
"""One check of the documented order: passes with None, refuses by raising FleetlineError, may answer by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """One vendor's API over the one core.

    name        short and unique, also the folder of its recordings; title: for people; source: where it is documented
    mounts      path prefixes that belong to it, each without a trailing slash; the longest prefix of all dialects wins
    routes      every method and path; what is not here does not exist
    order       the documented order of checks, the last of which is `handle` (see fleetline/api/steps.py)
    identify    the secret of a call, None when it carries none; never raises
    admit       (gate, request, route or None) -> Workspace; asks the gate with the secret, raises what the gate refuses
    render      a refusal in the dialect's words; must have words for every FleetlineError, at least by a general case
    finish      adds what every answer carries, such as rate headers, or drops what the dialect never sends
    give_back   undoes what the gate charged, after Internal or Unavailable
    memory      makes what the dialect keeps between calls, once per pipeline; handlers find it in `request.memory`
    configure   this dialect with an operator's settings out of its own table; errors: Invalid
    body_limit  bytes of a request body, where the route has no limit of its own
    inflate     whether gzip request bodies are undone
    fold_case   whether paths match without regard to ASCII case
    seconds     longest processing of one admitted call, 0: no limit
    security    OpenAPI security schemes by name; description: the chapter that opens its documentation
    guide       what its documentation says besides: the way in, an example of every call
    """

    name: str
    title: str
    source: str
    mounts: tuple[str, ...]
    routes: tuple[Route, ...]
    order: tuple[Step, ...]
    identify: Callable[[Request], object | None]
    admit: Callable[["Gate", Request, Route | None], Awaitable["Workspace"]]
    render: Callable[[FleetlineError, Request], Response]
    finish: Callable[[Exchange, Response], None] | None = None
    give_back: Callable[["Gate", Exchange], Awaitable[None]] | None = None
    memory: Callable[[], object] | None = None
    configure: Callable[[Mapping[str, object]], "Dialect"] | None = None
    body_limit: int = 1_048_576
    inflate: bool = False
    fold_case: bool = False
    seconds: Callable[["Workspace"], float] = lambda workspace: 0.0
    security: tuple[tuple[str, dict[str, object]], ...] = ()
    description: str = ""
    guide: Guide = NO_GUIDE
