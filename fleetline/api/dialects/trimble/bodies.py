"""What stands in a request body: JSON whose keys match in any case, each value checked before anything is looked up."""

import re
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from fleetline.api.dialects.trimble.words import BadRequest
from fleetline.model.registry import NewMember

LONGEST_INTEGER: Final = 18
BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
_LARGE_INTEGER: Final = 10**LONGEST_INTEGER


def parse(body: bytes) -> Any:
    """The JSON value. errors: BadRequest"""
    try:
        return msgspec.json.decode(body.removeprefix(BYTE_ORDER_MARK))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as fault:
        raise BadRequest("Request body is not valid JSON") from fault


def parse_object(body: bytes) -> dict[str, Any]:
    """errors: BadRequest"""
    value = parse(body)
    if not isinstance(value, dict):
        raise BadRequest("Request body must be a JSON object")
    return folded(value)


def parse_array(body: bytes, most: int) -> list[Any]:
    """errors: BadRequest, also for more than `most` items"""
    value = parse(body)
    if not isinstance(value, list):
        raise BadRequest("Request body must be a JSON array")
    if len(value) > most:
        raise BadRequest(f"A maximum of {most} records can be sent per call; {len(value)} were sent")
    return value


def folded(item: dict[str, Any]) -> dict[str, Any]:
    """The object with its ASCII keys in lower case; of two spellings of one key the last one counts."""
    return {name.lower() if name.isascii() else name: value for name, value in item.items()}


def text(value: object, where: str) -> str:
    """A text, or an integer of few digits as text. errors: BadRequest"""
    if value is None:
        raise BadRequest(f"{where} is required")
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < _LARGE_INTEGER:
        return str(value)
    if not isinstance(value, str):
        raise BadRequest(f"{where} is not text")
    return value


def members(body: bytes, id_name: str, most: int) -> list[NewMember]:
    """An array of objects with an id and a `Name`. errors: BadRequest"""
    found = []
    for place, item in enumerate(_objects(parse_array(body, most)), 1):
        external_id = text(item.get(id_name.lower()), f"Item {place}: {id_name}")
        found.append(NewMember(external_id, text(item.get("name"), f"Item {place}: Name")))
    return found


def names(body: bytes, name: str, most: int) -> list[str]:
    """An array of objects with a name. errors: BadRequest"""
    items = _objects(parse_array(body, most))
    return [text(item.get(name.lower()), f"Item {place}: {name}") for place, item in enumerate(items, 1)]


def ids(body: bytes, id_name: str, most: int) -> list[str]:
    """An array of ids, each as text or as an object that holds it. errors: BadRequest"""
    found = []
    for place, item in enumerate(parse_array(body, most), 1):
        value = folded(item).get(id_name.lower()) if isinstance(item, dict) else item
        found.append(text(value, f"Item {place}: {id_name}"))
    return found


def _objects(items: Sequence[Any]) -> list[dict[str, Any]]:
    for place, item in enumerate(items, 1):
        if not isinstance(item, dict):
            raise BadRequest(f"Item {place} is not an object")
    return [folded(item) for item in items]


def is_empty(body: bytes) -> bool:
    """Nothing but blanks stands in it."""
    return re.fullmatch(rb"\s*", body) is not None
