"""What the documentation of our own API says besides its routes: the way in, its limits, a call of every route."""

from typing import Final

from fleetline.api.dialects.own.examples import EXAMPLES
from fleetline.api.guide import Bound, Guide, Step, Variable
from fleetline.model.limits import Lives

STEPS: Final = (
    Step("Make a Fleetline token on the page License Settings (`/License`); it is shown once. Or sign in as a person"
         " does, with `keep` as `token`.", "POST /api/v1/session"),
    Step("Send it with every call: `Authorization: Bearer TOKEN`.", "GET /api/v1/session"),
    Step("A list is given a page at a time: pass `next` on as `cursor` until it is null. A bulk call gives one outcome"
         " per item, and `atomic` makes it all or nothing.", "GET /api/v1/vehicles"),
    Step("Guard a change with `If-Match` and the `revision` that you read; repeat a call that may have been lost under"
         " the same `Idempotency-Key`.", "POST /api/v1/vehicles"),
    Step("Follow the live feed instead of asking again and again.", "GET /api/v1/live/events"),
    Step("Run the whole Postman collection on an account made for trying out: it changes settings and ends sessions."
         " Its second request works on a fresh installation only."),
)  # fmt: skip

GUIDE: Final = Guide(
    ours="All of this API is ours: it is what the web app itself uses, and no vendor's document says anything of it.",
    steps=STEPS,
    bounds=(
        Bound(
            "Life of a sign-in", f"{Lives().session_s // 86_400} days; a token lives until it is revoked or its own end"
        ),
        Bound("Sign-in", "ten failures of one address within a minute close the door for it until the minute is over"),
        Bound("Bulk calls", "10,000 items"),
        Bound("Lists", "up to 1000 items a page"),
    ),
    variables=(
        Variable("email", "you@example.org", "The e-mail address of an administrator."),
        Variable("password", "YOUR_PASSWORD", "The password.", secret=True),
        Variable("bearerToken", "YOUR_TOKEN", "A token made on License Settings, or kept by Sign in.", secret=True),
    ),
    examples=EXAMPLES,
    auth={"type": "bearer", "bearer": [{"key": "token", "value": "{{bearerToken}}", "type": "string"}]},
    bearer="Bearer {{bearerToken}}",
    environment="Fleetline",
)
