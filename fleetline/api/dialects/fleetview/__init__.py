"""The FleetView-compatible API, version 1: solar resources, fleets of them, and their power."""

from typing import Final

from fleetline.api.dialect import Dialect
from fleetline.api.dialects.fleetview.checks import (
    admit_caller,
    admit_client,
    answer_options,
    bearer,
    can_answer,
    check_type,
    finish,
    may_write,
    no_secrets,
    only_https,
)
from fleetline.api.dialects.fleetview.guide import GUIDE
from fleetline.api.dialects.fleetview.once import handle_once
from fleetline.api.dialects.fleetview.routes import ROUTES
from fleetline.api.dialects.fleetview.tokens import render_any
from fleetline.api.routes import RouteTable
from fleetline.api.steps import check_method, find_route, read_body

_TABLE: Final = RouteTable(ROUTES, fold_case=True)

DIALECT: Final = Dialect(
    name="fleetview",
    title="FleetView-compatible API, version 1",
    source="Clean Power Research, FleetView API documentation; rules F-1 to F-210 of the specification",
    mounts=("/token", "/refresh", "/revoke", "/v1"),
    routes=ROUTES,
    order=(
        only_https,
        answer_options(_TABLE),
        admit_caller,
        find_route(_TABLE),
        check_method,
        may_write,
        can_answer,
        check_type,
        read_body,
        no_secrets,
        handle_once,
    ),
    identify=bearer,
    admit=admit_client,
    render=render_any,
    finish=finish,
    body_limit=10 * 1024 * 1024,
    inflate=True,
    fold_case=True,
    security=(
        ("apiKey", {"type": "apiKey", "in": "header", "name": "X-Api-Key"}),
        ("bearer", {"type": "http", "scheme": "bearer"}),
    ),
    description=(
        "Resources are photovoltaic sites, fleets are named sets of them. Every call needs an API key in `X-Api-Key`;"
        " every call but those that give tokens also needs an access token. An API key may do 3 operations a second."
        " FleetView is a trademark of Clean Power Research, which has no tie to this project."
    ),
    guide=GUIDE,
)
