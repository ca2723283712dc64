"""What the documentation of this API says besides its routes: the way in, limits, the texts of refusals."""

from typing import Any, Final

from fleetline.api.dialects.fleetview.examples import EXAMPLES
from fleetline.api.dialects.fleetview.tokens import MISSING, NOT_VALID, UNREADABLE
from fleetline.api.guide import Bound, Guide, Message, Step, Variable
from fleetline.model.limits import STANDARD, Lives

_LIVES: Final = Lives()
DAY_S: Final = 86_400

VENDOR: Final = (
    "Clean Power Research's document fixes the API key in `X-Api-Key`, OAuth 2.0 client credentials at `/token` and"
    " `/refresh`, the 60 minutes of an access token, 3 operations a second and status 429, the License Settings page,"
    " and the seven variables of the environment. Field names and enums of resources follow the vendor's public"
    " SolarAnywhere schema, with the first letter lowered."
)
OURS: Final = (
    "The vendor's document lists no routes of resources or fleets: every path under `/v1/`, `/revoke`, the shape of"
    " lists and errors, bursts, the life of refresh tokens and everything else marked `ours` was decided here."
)
NOTICE: Final = (
    "FleetView and SolarAnywhere are trademarks of Clean Power Research, which has no tie to this project and does not"
    " endorse it."
)
STEPS: Final = (
    Step("Make a client on the page License Settings (`/License`), or with `fleetline credential add fleetview-client`:"
         " an API key, a client id and a client secret, each shown once."),
    Step("Send client id and secret to `/token`, with the API key in the header `X-Api-Key`. The answer holds an access"
         " token for 60 minutes and a refresh token.", "POST /token"),
    Step("Every other call carries both: `X-Api-Key` with the key and `Authorization: Bearer` with the access token.",
         "GET /v1/resources"),
    Step("Before the 60 minutes are over send the refresh token to `/refresh`: it is spent, and the answer holds the"
         " next pair. Used a second time, it ends every token that came of it.", "POST /refresh"),
    Step("Postman fetches tokens by itself under Authorization of the collection, or with the folder Token Management,"
         " whose scripts keep both tokens in the environment."),
    Step("A plan with a limit needs a pause of 350 ms between requests when Postman runs the whole collection."),
)  # fmt: skip
BOUNDS: Final = (
    Bound("Operations", f"{STANDARD.rate_per_s:g} a second for each API key on the plan standard", "documented"),
    Bound("Bursts", f"up to {STANDARD.burst} operations at once, refilled at {STANDARD.rate_per_s:g} a second; a"
          " refused call costs none. 429 carries `Retry-After`; every counted answer carries `RateLimit` and"
          " `X-RateLimit-*`"),
    Bound("Life of an access token", f"{_LIVES.access_s // 60} minutes", "documented"),
    Bound("Life of a refresh token", f"{_LIVES.refresh_s // DAY_S} days, and {_LIVES.family_s // DAY_S} days from the"
          " `/token` call that began its family"),
    Bound("Body", "10 MiB; 256 MiB on import and weather routes, counted after gzip is undone"),
    Bound("Lists", "100 items a page unless `limit` asks for 1 to 1000"),
    Bound("Imports", "up to 1000 rows are done at once, up to 200,000 by a job"),
)  # fmt: skip


def _grant(status: int, code: str, text: str, when: str) -> Message:
    return Message(status, code, f'{{"error":"{code}","error_description":"{text}"}}', when)


def _fault(code: str, text: str, when: str) -> Message:
    return Message(400, code, text, when)


NO_KEY: Final = "The X-Api-Key header is missing."
MESSAGES: Final = (
    _grant(401, "invalid_client", NO_KEY, "no key on a token call"),
    Message(401, "Unauthorized", f'{{"statusCode":"Unauthorized","message":"{NO_KEY}"}}', "no key on any other call"),
    _grant(401, "invalid_client", MISSING, "client id or secret missing on /token"),
    _grant(401, "invalid_client", NOT_VALID,
           "unknown client id, wrong secret, revoked client, or a client of another key"),
    _grant(400, "invalid_request", "Send the client credentials once.", "Basic header and credentials in the body"),
    _grant(400, "invalid_request", UNREADABLE, "a body that cannot be read"),
    _grant(400, "invalid_request", "The parameter NAME is repeated.", "a parameter that comes twice"),
    _grant(400, "invalid_request", "The parameter refresh_token is missing.", "/refresh without one"),
    _grant(400, "invalid_request", "The parameter token is missing.", "/revoke without one"),
    _grant(400, "unsupported_grant_type", "grant_type must be client_credentials.", "another grant type on /token"),
    _grant(400, "unsupported_grant_type", "grant_type must be refresh_token.", "another grant type on /refresh"),
    _grant(400, "invalid_grant", "The refresh token is not valid.",
           "unknown, expired, spent, revoked, or of another key"),
    _fault("required", "NAME is required.", "a needed field is missing"),
    _fault("enum", "NAME must be one of A, B, C.", "a word that the field does not know"),
    _fault("range", "NAME must be from MIN to MAX.", "a number outside its range"),
    _fault("whole", "NAME must be a whole number from MIN to MAX.", "a count with a fraction, or outside its range"),
    _fault("range", "NAME must be above MIN and at most MAX.", "a size of nothing, or too large"),
    _fault("length", "NAME must have MIN to MAX characters.", "a text too short or too long"),
    _fault("length", "NAME must have MIN to MAX items.", "a list too short or too long"),
    _fault("date", "NAME must be a date like 2025-06-21.", "a date that is none"),
    _fault("order", "decommissionDate must be after installDate.", "an end before the start"),
    Message(409, "duplicate", "NAME is already used by resource ID.", "a customerSiteId that another resource has"),
    Message(409, "duplicate", "NAME is already used by fleet ID.", "a name that another fleet has"),
    _fault("sign", "NAME must be from 0 to 100; give the loss per degree as a positive number.",
           "a negative temperature coefficient"),
    _fault("type", "NAME must be a number.", "another type; likewise text, a list, an object"),
    _fault("unknown", "NAME is not known; did you mean OTHER?", "a field that this API does not have"),
    Message(422, "NoWeather", "There is no weather to compute this with.", "historical power without stored weather"),
    Message(422, "FinerThanWeather", "The weather has steps of N minutes; ask for N or more.",
            "periods that neither divide the weather's step nor are made of it; shorter ones that do are answered"),
    Message(422, "TooLarge", "This is too large for one call; use /v1/simulations.",
            "a fleet too large for an answer at once"),
)  # fmt: skip
VARIABLES: Final = (
    Variable("apiKey", "YOUR_API_KEY", "The API key.", secret=True),
    Variable("clientId", "YOUR_CLIENT_ID", "The client id."),
    Variable("clientSecret", "YOUR_CLIENT_SECRET", "The client secret.", secret=True),
    Variable("bearerToken", "YOUR_ACCESS_TOKEN", "Kept by Get token and Refresh token."),
    Variable("refreshToken", "YOUR_REFRESH_TOKEN", "Kept by Get token and Refresh token."),
    Variable("resourceId", "YOUR_RESOURCE_ID", "Kept by Create resource."),
    Variable("fleetId", "YOUR_FLEET_ID", "Kept by Create fleet."),
)


def _oauth(**values: Any) -> list[dict[str, Any]]:
    return [
        {"key": key, "value": value, "type": "any" if isinstance(value, list) else "string"}
        for key, value in values.items()
    ]


AUTH: Final[dict[str, Any]] = {
    "type": "oauth2",
    "oauth2": _oauth(
        grant_type="client_credentials", accessTokenUrl="{{baseUrl}}/token", clientId="{{clientId}}",
        clientSecret="{{clientSecret}}", accessToken="{{bearerToken}}", addTokenTo="header",
        tokenRequestParams=[
            {"key": "X-Api-Key", "value": "{{apiKey}}", "enabled": True, "send_as": "request_header"}
        ],
    ),
}  # fmt: skip

GUIDE: Final = Guide(
    vendor=VENDOR, ours=OURS, notice=NOTICE, steps=STEPS, bounds=BOUNDS, messages=MESSAGES, variables=VARIABLES,
    examples=EXAMPLES, auth=AUTH, headers={"X-Api-Key": "{{apiKey}}"}, bearer="Bearer {{bearerToken}}",
    environment="FleetView on Fleetline",
)  # fmt: skip
