"""What a call asks for besides its body: query parameters, times, conditions, and places in lists."""

import base64
import datetime
import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl, urlencode

from fleetline.api.dialects.fleetview.reading import nearest, normal_id, plain, storable, unknown_name
from fleetline.api.dialects.fleetview.words import Refusal, bad, clean
from fleetline.api.http import Request, Response, json_response
from fleetline.model.errors import NotFound
from fleetline.model.resource import Box, Place, Stale

if TYPE_CHECKING:
    from fleetline.core.workspace import Workspace

LARGEST_PAGE: Final = 1_000
USUAL_PAGE: Final = 100
SECRETS: Final = ("client_secret", "access_token", "refresh_token", "api_key")
EPOCH: Final = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
UUID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.ASCII)
_TIME: Final = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)"
    r"(?:[Tt](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?([Zz]|[+ -](?:[01]\d|2[0-3])(?::?[0-5]\d)?))?",
    re.ASCII,
)


class Query:
    """The query of a call: names in any letter case, each known and given once. errors: Refusal 400 from the start"""

    def __init__(self, request: Request, known: Iterable[str]) -> None:
        self.names = tuple(known)
        by_key = {name.lower(): name for name in self.names}
        self.values: dict[str, str] = {}
        for name, value in pairs_of(request.query):
            found = by_key.get(name.lower())
            if found is None:
                if not self.names:
                    raise bad(clean(name), "unknown", f"{clean(name)} is not known; this call takes no parameters.")
                fault = unknown_name("", name, self.names)
                raise Refusal(400, fault.message, [fault])
            if found in self.values:
                raise bad(found, "repeated", f"{found} is given twice.")
            if not storable(value):
                raise bad(found, "text", f"{found} has characters that cannot be stored.")
            self.values[found] = value

    def text(self, name: str, least: int = 1, most: int = 200) -> str | None:
        value = self.values.get(name)
        if value is not None and not least <= len(value) <= most:
            raise bad(name, "length", f"{name} must have {least} to {most} characters.")
        return value

    def word(self, name: str, words: Sequence[str], default: str) -> str:
        """One of the words, in their own spelling."""
        value = self.values.get(name)
        if value is None:
            return default
        for word in words:
            if word.lower() == value.lower():
                return word
        raise bad(name, "enum", f"{name} must be one of {', '.join(words)}.")

    def words(self, name: str, words: Sequence[str]) -> tuple[str, ...] | None:
        """Some of the words, separated by commas, in the order they were given."""
        value = self.values.get(name)
        if value is None:
            return None
        by_key = {word.lower(): word for word in words}
        found = []
        for part in value.split(","):
            word = by_key.get(part.strip().lower())
            if word is None and not part.strip():
                raise bad(name, "enum", f"{name} must be some of {', '.join(words)}.")
            if word is None:
                hint = nearest(part.strip(), words)
                raise bad(name, "enum", f"{clean(part.strip())} is not known; did you mean {hint}?")
            if word not in found:
                found.append(word)
        return tuple(found)

    def flag(self, name: str, default: bool) -> bool:
        return self.word(name, ("true", "false"), "true" if default else "false") == "true"

    def whole(self, name: str, least: int, most: int, default: int) -> int:
        value = self.values.get(name)
        if value is None:
            return default
        if not re.fullmatch(r"-?\d{1,18}", value, re.ASCII) or not least <= int(value) <= most:
            raise bad(name, "whole", f"{name} must be a whole number from {least} to {most}.")
        return int(value)

    def number(self, name: str, least: float, most: float) -> float | None:
        value = self.values.get(name)
        if value is None:
            return None
        if not re.fullmatch(r"[+-]?(\d+(\.\d*)?|\.\d+)", value, re.ASCII):
            raise bad(name, "type", f"{name} must be a number.")
        if not least <= float(value) <= most:
            raise bad(name, "range", f"{name} must be from {plain(least)} to {plain(most)}.")
        return float(value)

    def time_ms(self, name: str, *, required: bool = False) -> int | None:
        value = self.values.get(name)
        if value is None:
            if required:
                raise bad(name, "required", f"{name} is required.")
            return None
        return time_ms(name, value)

    def id(self, name: str) -> str | None:
        value = self.values.get(name)
        return None if value is None else normal_id(value)

    def box(self, name: str) -> Box | None:
        """`west,south,east,north`."""
        value = self.values.get(name)
        if value is None:
            return None
        parts = value.split(",")
        try:
            west, south, east, north = (float(part) for part in parts)
        except ValueError:
            raise bad(name, "type", f"{name} must be west,south,east,north in degrees.") from None
        good = -180 <= west <= 180 and -180 <= east <= 180 and -90 <= south <= north <= 90
        if not good:
            raise bad(name, "range", f"{name} must be west,south,east,north in degrees.")
        return Box(west, south, east, north)


def pairs_of(query: str) -> list[tuple[str, str]]:
    """Names and values of a query string. errors: Refusal 400"""
    try:
        return parse_qsl(query, keep_blank_values=True, errors="strict", max_num_fields=1000)
    except ValueError as fault:
        raise bad("", "query", "The query string could not be read.") from fault


def check_secrets(request: Request) -> None:
    """No secret stands where logs and histories keep it. errors: Refusal 400. source: rule F-3"""
    if not request.query:
        return
    for name, _ in pairs_of(request.query):
        if name.lower() in SECRETS:
            raise bad(name.lower(), "secret", f"{name.lower()} must not stand in the query string.")


def time_ms(name: str, text: Any) -> int:
    """An instant in milliseconds since 1970: ISO 8601 with Z or an offset, or a plain date.

    errors  Refusal 400
    """
    found = _time_ms(text) if isinstance(text, str) else None
    if found is None:
        raise bad(name, "time", f"{name} must be a time like 2025-06-21T12:00:00Z, with Z or an offset.")
    return found


def _time_ms(text: str) -> int | None:
    match = _TIME.fullmatch(text)
    if match is None:
        return None
    year, month, day, hour, minute, second = (int(part or 0) for part in match.groups()[:6])
    fraction = int((match[7] or "0").ljust(3, "0")[:3])
    try:
        at = datetime.datetime(year, month, day, hour, minute, second, tzinfo=datetime.UTC)
    except ValueError:
        return None
    return round((at - EPOCH).total_seconds()) * 1000 + fraction - (offset if (offset := _offset_ms(match[8])) else 0)


def _offset_ms(text: str | None) -> int:
    """Of `+02:00`, `+0200` or `+02`; a blank stands for the plus that a query string turned into one."""
    if text is None or text in "Zz":
        return 0
    minutes = text[3:].removeprefix(":")
    size = (int(text[1:3]) * 60 + int(minutes or 0)) * 60_000
    return -size if text[0] == "-" else size


def path_id(request: Request, name: str) -> str:
    """An id out of the path. errors: NotFound for what is no UUID"""
    text = request.params[name].lower()
    if UUID.fullmatch(text) is None:
        raise NotFound(name, "")
    return text


def etag(version: int, view: str = "") -> tuple[str, str]:
    """The header of a stored version."""
    return ("etag", f'"{version}{f"-{view}" if view else ""}"')


def _tags(header: str) -> list[str]:
    return [part.strip() for part in header.split(",")]


def wanted_versions(request: Request) -> frozenset[int] | None:
    """The versions an If-Match allows, None for any. errors: Stale when it allows none that could ever be"""
    header = request.header("if-match")
    if header is None or header.strip() == "*":
        return None
    found = [re.fullmatch(r'"(\d{1,15})(-[a-z]+)?"', tag) for tag in _tags(header)]
    versions = frozenset(int(match[1]) for match in found if match is not None)
    if not versions:
        raise Stale("object")
    return versions


def unchanged(request: Request, tag: tuple[str, str]) -> Response | None:
    """304 when the caller has this version already."""
    header = request.header("if-none-match")
    if header is None:
        return None
    tags = [part.removeprefix("W/") for part in _tags(header)]
    return Response(304, b"", [tag]) if "*" in tags or tag[1] in tags else None


def _mark(workspace: "Workspace", request: Request, values: Mapping[str, str]) -> str:
    """What a cursor belongs to: the account, the path and every filter."""
    kept = {name: value for name, value in values.items() if name not in ("cursor", "limit")}
    text = json.dumps([workspace.account_id, request.path.lower().rstrip("/"), sorted(kept.items())])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def page_of(workspace: "Workspace", request: Request, query: Query) -> tuple[Place | None, int]:
    """Where to go on and how many to give. errors: Refusal 400"""
    most = query.whole("limit", 1, LARGEST_PAGE, USUAL_PAGE)
    cursor = query.values.get("cursor")
    if cursor is None:
        return None, most
    try:
        mark, at_ms, key = json.loads(base64.urlsafe_b64decode(cursor.encode("ascii") + b"=="))
        good = mark == _mark(workspace, request, query.values) and isinstance(at_ms, int) and isinstance(key, str)
    except (ValueError, TypeError):
        good = False
    if not good or not -(2**62) < at_ms < 2**62 or not storable(key):
        raise bad("cursor", "cursor", "cursor is not one of this list.")
    return (at_ms, key), most


def list_response(
    workspace: "Workspace",
    request: Request,
    query: Query,
    found: Sequence[Any],
    most: int,
    place: Callable[[Any], Place],
    shown: Callable[[Any], Any],
) -> Response:
    """A page of a list; `found` has one more than asked for when there are more."""
    items, following = found[:most], len(found) > most
    headers, cursor = list[tuple[str, str]](), None
    if following:
        text = json.dumps([_mark(workspace, request, query.values), *place(items[-1])], separators=(",", ":"))
        cursor = base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")
        asked = urlencode({**query.values, "cursor": cursor})
        headers.append(("link", f'<{request.base_url}{request.path}?{asked}>; rel="next"'))
    body = {"items": [shown(item) for item in items], "nextCursor": cursor}
    return json_response(body, headers=headers)
