"""JSON Schemas as rows of a table: the path of each field, what it may hold and whether it is needed."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

DEEPEST: Final = 6
SHOWN_WORDS: Final = 12


@dataclass(frozen=True, slots=True)
class Row:
    """One parameter or field. name: path, `a.b[].c`; where: path, query, header, form or body"""

    name: str
    where: str
    kind: str
    needed: bool
    text: str
    whose: str = ""


def body_rows(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> tuple[Row, ...]:
    """The fields that a caller may send."""
    return tuple(_rows(schema, schemas, "", "body", 0, writing=True))


def answer_rows(schema: Any, schemas: Mapping[str, Any]) -> tuple[Row, ...]:
    """The fields of an answer. schema: JSON Schema, or a type that `schemas` has under its name"""
    if not isinstance(schema, Mapping):
        inner = getattr(schema, "__args__", None)
        if inner:
            return answer_rows({"type": "array", "items": {"$ref": f"#/{inner[0].__name__}"}}, schemas)
        schema = schemas.get(getattr(schema, "__name__", ""), {})
    return tuple(_rows(schema, schemas, "", "answer", 0, writing=False))


def resolved(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> Mapping[str, Any]:
    """The schema itself, or the named one that it refers to."""
    name = str(schema.get("$ref", "")).rsplit("/", 1)[-1]
    return schemas.get(name, {}) if name else schema


def _choices(schema: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    return schema.get("anyOf") or schema.get("oneOf") or ()


def _rows(
    given: Mapping[str, Any], schemas: Mapping[str, Any], path: str, where: str, depth: int, *, writing: bool
) -> Iterator[Row]:
    schema = resolved(given, schemas)
    for choice in _choices(schema):
        if "properties" in resolved(choice, schemas) or resolved(choice, schemas).get("type") == "array":
            schema = resolved(choice, schemas)
    if isinstance(schema.get("items"), Mapping):
        yield from _rows(schema["items"], schemas, f"{path}[]", where, depth + 1, writing=writing)
        return
    needed = schema.get("required", ())
    for name, inner in schema.get("properties", {}).items():
        if writing and inner.get("readOnly"):
            continue
        found = resolved(inner, schemas)
        place = f"{path}.{name}" if path else name
        text = str(inner.get("description") or found.get("description") or "").split("\n\n")[0]
        yield Row(place, where, kind(inner, schemas), name in needed, text)
        if depth < DEEPEST:
            yield from _rows(found, schemas, place, where, depth + 1, writing=writing)


def kind(given: Mapping[str, Any], schemas: Mapping[str, Any]) -> str:
    """A schema in a few words: type, range, choice, default."""
    schema = resolved(given, schemas)
    words = _kind(schema, schemas)
    default = schema.get("default", given.get("default"))
    return f"{words}; default {default}" if default not in (None, "", [], {}) else words


def _kind(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> str:
    if "enum" in schema:
        shown = [str(word) for word in schema["enum"][:SHOWN_WORDS]]
        return " | ".join(shown) + (" | ..." if len(schema["enum"]) > SHOWN_WORDS else "")
    if choices := _choices(schema):
        return " or ".join(dict.fromkeys(_kind(resolved(choice, schemas), schemas) for choice in choices))
    named = schema.get("type", "any value")
    kinds = [_typed(name, schema, schemas) for name in ([named] if isinstance(named, str) else named)]
    return " or ".join(kinds)


def _typed(name: str, schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> str:
    if name == "array":
        items = schema.get("items")
        items = items if isinstance(items, Mapping) else {}
        words = f"list of {_kind(resolved(items, schemas), schemas)}"
        return _range(words, schema, "minItems", "maxItems")
    if name == "string":
        return _range(str(schema.get("format") or "text"), schema, "minLength", "maxLength")
    if name in ("integer", "number"):
        words = "whole number" if name == "integer" else "number"
        above = f" above {_plain(schema['exclusiveMinimum'])}" if "exclusiveMinimum" in schema else ""
        return _range(words + above, schema, "minimum", "maximum")
    return {"boolean": "true or false", "object": "object"}.get(name, name)


def _range(words: str, schema: Mapping[str, Any], least: str, most: str) -> str:
    low, high = schema.get(least), schema.get(most)
    if low is None and high is None:
        return words
    unit = {"minItems": " items", "minLength": " characters"}.get(least, "")
    if low is None:
        return f"{words}, to {_plain(high)}{unit}"
    return f"{words}, from {_plain(low)}{unit}" if high is None else f"{words}, {_plain(low)} to {_plain(high)}{unit}"


def _plain(value: Any) -> str:
    return str(int(value)) if value == int(value) else f"{value:g}"
