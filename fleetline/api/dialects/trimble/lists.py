"""Query values, and the envelope with its links that every list of this API comes in."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qsl

from fleetline.api.dialects.trimble.words import BadRequest, Words
from fleetline.api.http import Request
from fleetline.model.registry import Sort

LARGEST_OFFSET: Final = 2_147_483_647
LARGEST_LIMIT: Final = 5_000
DEFAULT_LIMIT: Final = 20
BASE_PATH: Final = "/api/assets/v1"


@dataclass(frozen=True, slots=True)
class Asked:
    """Which part of a list a call asks for.

    sort_word, way_word  in canonical spelling, None when the call did not carry them
    """

    offset: int
    limit: int
    sort_word: str | None
    way_word: str | None
    sort: Sort

    @property
    def descending(self) -> bool:
        return self.way_word == "DESC"


def query_values(request: Request) -> dict[str, list[str]]:
    """Every value of the query that is not empty, by its name in lower case."""
    values: dict[str, list[str]] = {}
    for name, value in parse_qsl(request.query):
        values.setdefault(name.lower() if name.isascii() else name, []).append(value)
    return values


def single(values: Mapping[str, list[str]], name: str) -> str | None:
    """The one value of that name, None when it is absent. errors: BadRequest"""
    found = values.get(name.lower(), [])
    if len(found) > 1:
        raise BadRequest(f"{name} is sent more than once")
    return found[0] if found else None


def asked(request: Request, id_word: str, name_word: str) -> Asked:
    """The part that the query names; `id_word`, `name_word`: what the two orders are called. errors: BadRequest"""
    values = query_values(request)
    offset = _number(values, "offset", 0, 0, LARGEST_OFFSET)
    limit = _number(values, "limit", DEFAULT_LIMIT, 1, LARGEST_LIMIT)
    spellings = {id_word.lower(): id_word, name_word.lower(): name_word, "name": name_word}
    sort_word = _word(values, "sortExpression", spellings, f"{id_word} or {name_word}")
    way_word = _word(values, "sortDirection", {"asc": "ASC", "desc": "DESC"}, "ASC or DESC")
    return Asked(offset, limit, sort_word, way_word, Sort.ID if sort_word == id_word else Sort.NAME)


def _number(values: Mapping[str, list[str]], name: str, default: int, low: int, high: int) -> int:
    value = single(values, name)
    if value is None:
        return default
    if not (value.isascii() and value.isdigit() and len(value) <= len(str(high)) and low <= int(value) <= high):
        raise BadRequest(f"{name} must be a whole number from {low} to {high}")
    return int(value)


def _word(values: Mapping[str, list[str]], name: str, spellings: Mapping[str, str], choice: str) -> str | None:
    value = single(values, name)
    if value is None:
        return None
    if value.lower() not in spellings:
        raise BadRequest(f"{name} must be {choice}")
    return spellings[value.lower()]


def envelope(request: Request, path: str, part: Asked, size: int, data: list[Any]) -> dict[str, Any]:
    """The list as it is answered; `path` is the canonical one below BASE_PATH, such as `/vehicles`."""
    base = f"{request.base_url}{BASE_PATH}{path}"
    last = 0 if size == 0 else (size - 1) // part.limit * part.limit
    links = {"first": 0}
    if part.offset + part.limit < size:
        links["next"] = part.offset + part.limit
    if part.offset > 0:
        links["previous"] = min(max(0, part.offset - part.limit), last)
    if size > part.limit:
        links["last"] = last
    head = {"href": f"{base}?{request.query}" if request.query else base, "offset": part.offset, "limit": part.limit}
    pages = {name: {"href": _link(base, part, offset)} for name, offset in links.items()}
    return {**head, "size": size, **pages, "data": data}


def _link(base: str, part: Asked, offset: int) -> str:
    sort = f"&sortExpression={part.sort_word}" if part.sort_word else ""
    way = f"&sortDirection={part.way_word}" if part.way_word else ""
    return f"{base}?offset={offset}&limit={part.limit}{sort}{way}"


def members_path(words: Words) -> str:
    return f"/{words.noun}s"


def groups_path(words: Words) -> str:
    return f"/{words.noun}groups"


def versioned(version: int) -> tuple[tuple[str, str], ...]:
    """The header by which a client sees that a list moved between two pages."""
    return (("fleetline-registry-version", str(version)),)
