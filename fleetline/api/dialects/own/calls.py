"""What a call says, read and checked: its query, its cursor, its JSON body, the revision it speaks of."""

import base64
import datetime
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Final, TypeVar
from urllib.parse import parse_qsl

import msgspec

from fleetline.api.dialect import Exchange
from fleetline.api.dialects.own.words import Unparsable
from fleetline.api.errors import TypeUnsupported
from fleetline.api.http import Request
from fleetline.model.errors import Invalid, NotFound
from fleetline.model.registry import findable

T = TypeVar("T")

LARGEST_ID: Final = 2**53 - 1
DEFAULT_LIMIT: Final = 100
LARGEST_LIMIT: Final = 1_000
LONGEST_TEXT: Final = 255
FIRST_MS: Final = 0
LAST_MS: Final = 253_402_300_799_999
_PLACE: Final = re.compile(r"(.*) - at `(?:key in )?\$?(.*)`$", re.DOTALL)


class Query:
    """The query of a call by name; every reader raises Invalid with the name as field."""

    def __init__(self, values: Mapping[str, list[str]]) -> None:
        self._values = values

    def text(self, name: str, longest: int = LONGEST_TEXT) -> str:
        """The one value, empty when it is absent."""
        found = self._values.get(name, [])
        if len(found) > 1:
            raise Invalid(name, "must be given once")
        if not found:
            return ""
        if len(found[0]) > longest or not findable(found[0]):
            raise Invalid(name, f"must be text of 1 to {longest} characters")
        return found[0]

    def whole(self, name: str, low: int, high: int) -> int | None:
        text = self.text(name)
        if not text and name not in self._values:
            return None
        if not re.fullmatch(r"-?[0-9]{1,18}", text) or not low <= int(text) <= high:
            raise Invalid(name, f"must be a whole number from {low} to {high}", text)
        return int(text)

    def flag(self, name: str) -> bool | None:
        text = self.text(name)
        if name in self._values and text not in ("true", "false"):
            raise Invalid(name, "must be true or false", text)
        return text == "true" if text else None

    def word(self, name: str, choice: Sequence[str], default: str) -> str:
        text = self.text(name)
        if name in self._values and text not in choice:
            raise Invalid(name, f"must be one of {', '.join(choice)}", text)
        return text or default

    def words(self, name: str, choice: Sequence[str]) -> tuple[str, ...]:
        """Several words, separated by commas or given several times."""
        found = [word for value in self._values.get(name, []) for word in value.split(",")]
        if any(word not in choice for word in found):
            raise Invalid(name, f"must be out of {', '.join(choice)}")
        return tuple(dict.fromkeys(found))

    def ids(self, name: str) -> tuple[int, ...] | None:
        """Several ids, separated by commas or given several times; None when it is absent."""
        if name not in self._values:
            return None
        found = [word for value in self._values[name] for word in value.split(",")]
        if len(found) > LARGEST_LIMIT or not all(_is_id(word) for word in found):
            raise Invalid(name, f"must be at most {LARGEST_LIMIT} whole numbers from 1")
        return tuple(dict.fromkeys(map(int, found)))

    def instant(self, name: str) -> int | None:
        """Milliseconds since 1970, or RFC 3339; None when it is absent."""
        text = self.text(name)
        if name not in self._values:
            return None
        found = int(text) if re.fullmatch(r"[0-9]{1,18}", text) else _moment(text)
        if found is None or not FIRST_MS <= found <= LAST_MS:
            raise Invalid(name, "must be milliseconds since 1970 or a time as in RFC 3339, with its offset", text)
        return found

    def limit(self) -> int:
        return self.whole("limit", 1, LARGEST_LIMIT) or DEFAULT_LIMIT

    def cursor(self, kind: type[T], name: str = "cursor") -> T | None:
        """What `packed` made a cursor of; None for the first page."""
        text = self.text(name, 2_000)
        if name not in self._values:
            return None
        try:
            return msgspec.json.decode(base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True), type=kind)
        except (msgspec.DecodeError, ValueError) as fault:  # not base64, not text, not JSON, not of this kind
            raise Invalid(name, "is none that this list gave", text) from fault


def packed(place: Any) -> str:
    """A place of a list as an opaque cursor."""
    return base64.urlsafe_b64encode(msgspec.json.encode(place)).decode().rstrip("=")


def query_of(request: Request) -> Query:
    values: dict[str, list[str]] = {}
    for name, value in parse_qsl(request.query, keep_blank_values=True, max_num_fields=None):
        values.setdefault(name, []).append(value)
    return Query(values)


async def check_query(exchange: Exchange) -> None:
    """Every name of the query is one of the route's: Invalid. A filter that is misspelt must not show everything."""
    route = exchange.route
    if route is None or not exchange.request.query:
        return
    known = {given.name for given in route.parameters if given.where == "query"}
    for name, _ in parse_qsl(exchange.request.query, keep_blank_values=True):
        if name not in known:
            raise Invalid(name[:LONGEST_TEXT], "is no parameter of this path")


def _is_id(text: str) -> bool:
    return re.fullmatch(r"[0-9]{1,16}", text) is not None and 1 <= int(text) <= LARGEST_ID


def _moment(text: str) -> int | None:
    try:
        moment = datetime.datetime.fromisoformat(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        return None
    since = moment - datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
    return since // datetime.timedelta(milliseconds=1)


def id_in_path(request: Request, name: str, kind: str) -> int:
    """errors: NotFound for what is no id at all, which names nothing either"""
    text = request.params[name]
    request.notes.subject = text[:64]
    if not _is_id(text):
        raise NotFound(kind, text[:64])
    return int(text)


@lru_cache(256)
def _decoder(kind: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(kind)


def body_of(request: Request, kind: Any) -> Any:
    """The body as this type. errors: TypeUnsupported, Unparsable, Invalid with the path of the fault"""
    if request.media_type not in ("application/json", "") and not request.media_type.endswith("+json"):
        raise TypeUnsupported(request.media_type)
    try:
        return _decoder(kind).decode(request.body)
    except msgspec.ValidationError as fault:
        raise _invalid(str(fault)) from fault
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as fault:
        raise Unparsable(str(fault)) from fault


def converted(value: Any, kind: Any) -> Any:
    """What was read already as this type. errors: Invalid with the path of the fault"""
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as fault:
        raise _invalid(str(fault)) from fault


def _invalid(text: str) -> Invalid:
    match = _PLACE.match(text)
    reason, path = (match[1], match[2].removeprefix(".")) if match else (text, "")
    return Invalid(path or "body", reason[:1].lower() + reason[1:])


def expected_revision(request: Request) -> int | None:
    """The revision in If-Match; None when any will do. A tag that is none of ours stands for none: 0."""
    header = (request.header("if-match") or "*").strip()
    if header == "*":
        return None
    match = re.fullmatch(r'"([0-9]{1,18})"', header)
    return int(match[1]) if match else 0
