"""What the documentation of this API says besides its routes: the way in, whose words are whose, limits."""

from typing import Final

from fleetline.api.dialects.trimble.examples import EXAMPLES
from fleetline.api.dialects.trimble.lists import BASE_PATH
from fleetline.api.guide import Bound, Guide, Step, Variable
from fleetline.model.limits import Lives

AUTHENTICATE: Final = f"POST {BASE_PATH}/accounts/authenticate"
STEPS: Final = (
    Step("Make a key on the page License Settings (`/License`), or with `fleetline credential add trimble-key`."
         " It is shown once."),
    Step("Send it as `apiKey`; a partner's key names the account as `accountId`, and without it gets a token that lists"
         " the partner's accounts. The answer holds a token and until when it works.", AUTHENTICATE),
    Step("Every other call carries `Authorization: bearer TOKEN`.", f"GET {BASE_PATH}/vehicles"),
    Step("When a call answers 401 the token is over: exchange the key again."),
)  # fmt: skip
BOUNDS: Final = (
    Bound("Life of a token", f"{Lives().signed_s // 60} minutes", "documented"),
    Bound("Added in one call", "50 vehicles or drivers, or 50 groups", "documented"),
    Bound("Renamed, assigned or unassigned in one call", "1000"),
    Bound("Lists", "20 records a page unless `limit` asks for 1 to 5000"),
)  # fmt: skip

VARIABLES: Final = (
    Variable("apiKey", "YOUR_API_KEY", "The key of an account.", secret=True),
    Variable("partnerKey", "YOUR_PARTNER_API_KEY", "A partner's key; only the list of accounts needs it.", secret=True),
    Variable("bearerToken", "YOUR_TOKEN", "Kept by the exchange of the key."),
)  # fmt: skip

GUIDE: Final = Guide(
    vendor=(
        "The vendor's documents fix the paths, the shapes and texts of vehicles, drivers, groups and authentication,"
        " the codes -11 and -12, and 50 items a call. Examples that are marked so are the vendor's own."
    ),
    ours=(
        "Lists and deletions of drivers and groups, what happens at the same moment, limits of rate, and every refusal"
        " that the vendor's documents do not show were decided here. Route modifier sets answer 501."
    ),
    notice=(
        "Trimble and CoPilot are trademarks of Trimble Inc., which has no tie to this project and does not endorse it."
    ),
    steps=STEPS,
    bounds=BOUNDS,
    variables=VARIABLES,
    examples=EXAMPLES,
    auth={"type": "bearer", "bearer": [{"key": "token", "value": "{{bearerToken}}", "type": "string"}]},
    bearer="Bearer {{bearerToken}}",
    environment="Trimble assets on Fleetline",
)
