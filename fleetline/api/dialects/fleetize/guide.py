"""What the documentation of this API says besides its routes: the way in, limits, a call of each action."""

from typing import Final

from fleetline.api.guide import Bound, Example, Guide, Step, Variable
from fleetline.model.limits import STANDARD

STEPS: Final = (
    Step("Make a token on the page License Settings (`/License`), or with `fleetline credential add fleetize-token`."
         " It is shown once."),
    Step("Send it as the form field `apitoken` with POST; the action is the last part of the path. A token in the"
         " address is none.", "POST /v2/devicelist"),
    Step("Take a `device_id` from the list and ask for one day of that device: any Unix second of the UTC day.",
         "POST /v2/device"),
    Step(f"Wait {STANDARD.spacing_s:g} seconds between two calls on the plan standard: an earlier one is refused with"
         " #1055 and starts the time anew."),
)  # fmt: skip
BOUNDS: Final = (
    Bound("Spacing", f"{STANDARD.spacing_s:g} seconds between two calls of an account from one address, on the plan"
          " standard", "documented"),
    Bound("Blocking", f"a token is blocked after {STANDARD.block_after} calls in a row that came too early"),
    Bound("Quota", f"{STANDARD.daily_calls} calls of an account in one UTC day, on the plan standard;"
          " `X-RateLimit-*` says what is left", "documented"),
    Bound("Processing", f"{STANDARD.processing_s:g} seconds for one call", "documented"),
    Bound("Body", "64 KiB"),
)  # fmt: skip
SCOPE: Final = "device_id;device_name;device_lastposition_latitude;device_lastposition_longitude;"
TOKEN: Final = {"apitoken": "{{apitoken}}"}

GUIDE: Final = Guide(
    vendor=(
        "The vendor's document fixes POST, the two actions with their fields and units, the refusals #1000, #1055 and"
        " #1002 to the letter, and the limits of its plans."
    ),
    ours=(
        "Refusals #9001 to #9503, the headers of the quota and what the vendor's document leaves open were decided here"
        " and are marked so."
    ),
    notice="Fleetize is a name of its vendor, which has no tie to this project and does not endorse it.",
    steps=STEPS,
    bounds=BOUNDS,
    variables=(
        Variable("apitoken", "YOUR_API_TOKEN", "The token.", secret=True),
        Variable("deviceId", "YOUR_DEVICE_ID", "Kept by the list of devices: the first of them."),
    ),
    examples={
        "POST /v2/devicelist": Example(
            form={**TOKEN, "scope": SCOPE},
            keeps={"deviceId": "[0].device_id"},
        ),
        "POST /v2/device": Example(form={**TOKEN, "device": "{{deviceId}}", "time": "", "scope": ""}),
    },
    environment="Fleetize on Fleetline",
)
