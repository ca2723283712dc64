"""The Trimble-compatible API, assets v1: vehicles, drivers and their groups."""

from typing import Final

from fleetline.api.dialect import Dialect
from fleetline.api.dialects.trimble.guide import GUIDE
from fleetline.api.dialects.trimble.lists import BASE_PATH
from fleetline.api.dialects.trimble.routes import ROUTES
from fleetline.api.dialects.trimble.tokens import admit_bearer, bearer_token
from fleetline.api.dialects.trimble.words import render
from fleetline.api.routes import RouteTable
from fleetline.api.steps import admit, check_method, check_size, find_route, handle, plain_encoding, read_body

DESCRIPTION: Final = """\
Keeps the list of a fleet's vehicles and drivers and sorts them into groups.

A key is exchanged for a token at `/accounts/authenticate`; every other call carries `Authorization: bearer TOKEN`.
Paths, query names and JSON keys match without regard to case; key case of the answers is fixed and differs by endpoint.
Bulk calls answer 200 whether all, some or no items took effect; `error` names those that did not. A fault of the
whole call answers `{"message", "code"}` and changes nothing. Every list carries `Fleetline-Registry-Version`, which
grows with each change of the account, so that a reader of many pages can see that the list moved.
"""

DIALECT: Final = Dialect(
    name="trimble",
    title="Trimble-compatible assets API, v1",
    source="developer.trimblemaps.com, Fleet API: vehicles, groups, drivers, accounts",
    mounts=(BASE_PATH,),
    routes=ROUTES,
    order=(
        find_route(RouteTable(ROUTES, fold_case=True)),
        check_method,
        admit,
        check_size,
        plain_encoding,
        read_body,
        handle,
    ),
    identify=bearer_token,
    admit=admit_bearer,
    render=render,
    fold_case=True,
    security=(("token", {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}),),
    description=DESCRIPTION,
    guide=GUIDE,
)
