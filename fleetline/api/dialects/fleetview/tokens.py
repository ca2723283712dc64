"""The three token routes at the host root: client credentials in, token pairs out, in the words of OAuth 2.0."""

import base64
import binascii
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl, unquote_plus

import msgspec

from fleetline.api.dialects.fleetview.asking import SECRETS, pairs_of
from fleetline.api.dialects.fleetview.words import REALM, TOKEN_ROUTES, Refusal, clean, render
from fleetline.api.errors import BodyUnreadable
from fleetline.api.http import JSON_TYPE, Request, Response
from fleetline.core.tokens import KeyCaller, TokenPair
from fleetline.model.errors import FleetlineError
from fleetline.model.refusals import GrantRefused, Unknown

if TYPE_CHECKING:
    from fleetline.core.gate import Gate

NO_STORE: Final = [("cache-control", "no-store"), ("pragma", "no-cache")]
UNREADABLE: Final = "The body could not be read."
NOT_VALID: Final = "The client credentials are not valid."
MISSING: Final = "Client authentication is missing."
NAMES: Final = ("client_id", "client_secret", "grant_type", "refresh_token", "token", "token_type_hint")
_BY_KEY: Final = {name.replace("_", ""): name for name in NAMES}


class TokenRefusal(FleetlineError):
    """A refusal of RFC 6749 section 5.2."""

    def __init__(self, status: int, error: str, description: str) -> None:
        super().__init__(description)
        self.status = status
        self.error = error
        self.description = description


def render_any(error: FleetlineError, request: Request) -> Response:
    """Token routes answer in OAuth's words where those have any, everything else in the API's own."""
    if request.segments[0].lower() not in TOKEN_ROUTES:
        return render(error, request)
    response = _token_response(error)
    if response is None:
        response = render(error, request)
        response.headers.append(("cache-control", "no-store"))
    return response


def _token_response(error: FleetlineError) -> Response | None:
    match error:
        case TokenRefusal():
            return _refused(error.status, error.error, error.description)
        case Unknown(which="key"):
            missing = error.reason == "missing"
            words = "The X-Api-Key header is missing." if missing else "The API key is not valid."
            return _refused(401, "invalid_client", words)
        case Unknown():
            return _refused(401, "invalid_client", MISSING if error.reason == "missing" else NOT_VALID)
        case GrantRefused():
            return _refused(400, "invalid_grant", "The refresh token is not valid.")
        case BodyUnreadable():
            return _refused(400, "invalid_request", UNREADABLE)
        case Refusal(status=400):
            return _refused(400, "invalid_request", error.message)
    return None


def _refused(status: int, error: str, description: str) -> Response:
    body = msgspec.json.encode({"error": error, "error_description": description})
    headers = [("content-type", JSON_TYPE), ("cache-control", "no-store")]
    if status == 401:
        headers.append(("www-authenticate", f"Basic {REALM}"))
    return Response(status, body, headers, error)


def _invalid(description: str) -> TokenRefusal:
    return TokenRefusal(400, "invalid_request", description)


def read_parameters(request: Request) -> dict[str, str]:
    """The parameters of the body by their RFC names; those nobody knows are left out. errors: TokenRefusal"""
    if request.query:
        for name, _ in pairs_of(request.query):
            if name.lower() in SECRETS:
                raise _invalid(f"{name.lower()} must not stand in the query string.")
    pairs = _json_pairs(request.body) if request.media_type == "application/json" else _form_pairs(request.body)
    out: dict[str, str] = {}
    seen: set[str] = set()
    for name, value in pairs:
        key = _BY_KEY.get(name.lower().replace("_", ""), name)
        if key in seen:
            raise _invalid(f"The parameter {clean(name)} is repeated.")
        seen.add(key)
        # RFC 6749 3.1: a parameter sent without a value counts as not sent
        if key in NAMES and value != "" and value is not None:
            if not isinstance(value, str):
                raise _invalid(UNREADABLE)
            out[key] = value
    return out


def _form_pairs(body: bytes) -> list[tuple[str, Any]]:
    try:
        text = body.decode("ascii")
        return list(parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=1000))
    except ValueError as fault:
        raise _invalid(UNREADABLE) from fault


def _json_pairs(body: bytes) -> list[tuple[str, Any]]:
    top: list[tuple[str, Any]] = []

    def keep(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        top[:] = pairs  # the outermost object comes last
        return dict(pairs)

    try:
        value = json.loads(body.decode("utf-8-sig"), object_pairs_hook=keep)
    except (ValueError, RecursionError) as fault:
        raise _invalid(UNREADABLE) from fault
    if not isinstance(value, dict):
        raise _invalid(UNREADABLE)
    return top


def read_client(request: Request, given: Mapping[str, str]) -> tuple[str, str] | None:
    """(id, secret) of the Basic header or the body; None when neither is whole.

    errors  TokenRefusal for both ways at once, and for a Basic header that cannot be read
    """
    in_body = ("client_id" in given and "client_secret" in given) or "client_secret" in given
    header = request.header("authorization")
    if header is not None and header[:6].lower() == "basic ":
        if in_body:
            raise _invalid("Send the client credentials once.")
        found = _basic(header[6:])
        if found[0] != given.get("client_id", found[0]):
            raise TokenRefusal(401, "invalid_client", NOT_VALID)
        return found
    return (given.get("client_id", ""), given["client_secret"]) if in_body else None


def _basic(text: str) -> tuple[str, str]:
    """Both parts are form-decoded after base64. source: RFC 6749 2.3.1"""
    try:
        name, colon, secret = base64.b64decode(text.strip(), validate=True).decode("utf-8").partition(":")
    except (binascii.Error, ValueError) as fault:
        raise TokenRefusal(401, "invalid_client", NOT_VALID) from fault
    if not colon:
        raise TokenRefusal(401, "invalid_client", NOT_VALID)
    return unquote_plus(name), unquote_plus(secret)


def _check_grant(given: Mapping[str, str], wanted: str) -> None:
    if given.get("grant_type", wanted) != wanted:
        raise TokenRefusal(400, "unsupported_grant_type", f"grant_type must be {wanted}.")


def _caller(request: Request) -> KeyCaller:
    assert isinstance(request.parsed, KeyCaller), "the key was checked before any token route answers"
    return request.parsed


def _pair_response(pair: TokenPair) -> Response:
    body = msgspec.json.encode(
        {
            "access_token": pair.access_token,
            "token_type": "Bearer",
            "expires_in": pair.expires_in_s,
            "refresh_token": pair.refresh_token,
        }
    )
    return Response(200, body, [("content-type", JSON_TYPE), *NO_STORE])


async def post_token(gate: "Gate", request: Request) -> Response:
    """Client credentials for a token pair."""
    given = read_parameters(request)
    client = read_client(request, given)
    if client is None or not all(client):
        raise TokenRefusal(401, "invalid_client", MISSING)
    _check_grant(given, "client_credentials")
    return _pair_response(await gate.tokens.issue(_caller(request), *client))


async def post_refresh(gate: "Gate", request: Request) -> Response:
    """A refresh token for the next pair of its family."""
    given = read_parameters(request)
    client = read_client(request, given)
    _check_grant(given, "refresh_token")
    if "refresh_token" not in given:
        raise _invalid("The parameter refresh_token is missing.")
    return _pair_response(await gate.tokens.refresh(_caller(request), given["refresh_token"], client))


async def post_revoke(gate: "Gate", request: Request) -> Response:
    """Ends a token or, with a refresh token, its whole family. source: RFC 7009"""
    given = read_parameters(request)
    client = read_client(request, given)
    if "token" not in given:
        raise _invalid("The parameter token is missing.")
    await gate.tokens.revoke(_caller(request), given["token"], client)
    return Response(200, b"", NO_STORE[:1])
