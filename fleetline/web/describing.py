"""Reads an OpenAPI document into what a page, a sample and a Postman collection need to know of each operation."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

DEEPEST: Final = 6
METHODS: Final = ("get", "post", "put", "patch", "delete")
KNOWN: Final[Mapping[str, Any]] = {
    "apitoken": "{{apitoken}}", "apikey": "{{apiKey}}", "client_id": "{{clientId}}", "client_secret": "{{clientSecret}}",
    "refresh_token": "{{refreshToken}}", "email": "you@example.org", "password": "a long password", "name": "Van 17",
    "ident": "358765432109876", "latitude": 48.7758, "longitude": 9.1829, "vehicleid": "van-17", "device": 1,
    "resourceid": "{{resourceId}}", "fleetid": "{{fleetId}}", "external_id": "van-17", "grant_type": "client_credentials",
}  # fmt: skip
"""Examples by the name of a field in lower case."""


@dataclass(frozen=True, slots=True)
class Named:
    """A parameter or a field of a body. place: query | path | header | body"""

    name: str
    place: str
    kind: str
    needed: bool
    text: str
    example: Any


@dataclass(frozen=True, slots=True)
class Operation:
    """One call. body: an example, None without one; media: of the body; auth: names of security schemes"""

    key: str
    method: str
    path: str
    summary: str
    text: str
    tag: str
    parameters: tuple[Named, ...]
    fields: tuple[Named, ...]
    media: str
    body: Any
    auth: tuple[str, ...]
    answers: tuple[tuple[str, str], ...]


class Described:
    """A document. operations: in the document's order; tags: as they first appear"""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.title = str(document["info"]["title"])
        self.text = str(document["info"].get("description", ""))
        self.schemes: Mapping[str, Any] = document.get("components", {}).get("securitySchemes", {})
        self._schemas: Mapping[str, Any] = document.get("components", {}).get("schemas", {})
        self.operations = [
            self._operation(method, path, methods[method])
            for path, methods in document["paths"].items() for method in METHODS if method in methods
        ]  # fmt: skip
        self.tags = list(dict.fromkeys(operation.tag for operation in self.operations))

    def _operation(self, method: str, path: str, found: Mapping[str, Any]) -> Operation:
        media, schema = self._body(found)
        body = self.example(schema) if schema is not None else None
        answers = tuple((status, str(answer.get("description", ""))) for status, answer in found["responses"].items())
        auth = tuple(name for choice in found.get("security", [])[:1] for name in choice)
        return Operation(
            key=str(found["operationId"]), method=method.upper(), path=path, summary=str(found.get("summary", "")),
            text=str(found.get("description", "")), tag=(found.get("tags") or ["calls"])[0],
            parameters=tuple(self._parameter(item) for item in found.get("parameters", [])),
            fields=tuple(self._fields(schema)) if schema is not None else (), media=media, body=body, auth=auth,
            answers=answers,
        )  # fmt: skip

    def _body(self, found: Mapping[str, Any]) -> tuple[str, Any]:
        content = found.get("requestBody", {}).get("content", {})
        for media in ("application/json", *content):
            if media in content:
                return media, content[media].get("schema", {})
        return "", None

    def resolved(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        """The schema itself, or the one that it refers to."""
        name = str(schema.get("$ref", "")).rsplit("/", 1)[-1]
        return self._schemas.get(name, {}) if name else schema

    def _parameter(self, item: Mapping[str, Any]) -> Named:
        schema = self.resolved(item.get("schema", {}))
        return Named(
            str(item["name"]), str(item["in"]), self.kind(schema), bool(item.get("required")),
            str(item.get("description", "")), self.example(schema, str(item["name"])),
        )  # fmt: skip

    def _fields(self, schema: Mapping[str, Any]) -> list[Named]:
        """The fields of a body; those of its items where it is a list."""
        found = self.resolved(schema)
        if found.get("type") == "array":
            found = self.resolved(found.get("items", {}))
        for choice in (*found.get("anyOf", []), *found.get("oneOf", [])):
            if "properties" in self.resolved(choice):
                found = self.resolved(choice)
        needed = set(found.get("required", []))
        return [
            Named(name, "body", self.kind(self.resolved(inner)), name in needed, str(inner.get("description", "")),
                  self.example(inner, name))
            for name, inner in found.get("properties", {}).items()
        ]  # fmt: skip

    def kind(self, schema: Mapping[str, Any]) -> str:
        """One or two words for a type."""
        if "enum" in schema:
            return " | ".join(map(str, schema["enum"][:8]))
        if "anyOf" in schema or "oneOf" in schema:
            kinds = [self.kind(self.resolved(choice)) for choice in schema.get("anyOf", schema.get("oneOf", []))]
            return " or ".join(dict.fromkeys(kinds))
        kind = schema.get("type", "any")
        if isinstance(kind, list):
            return " or ".join(map(str, kind))
        if kind == "array":
            return f"list of {self.kind(self.resolved(schema.get('items', {})))}"
        return str(schema.get("format") or kind)

    def example(self, schema: Mapping[str, Any], name: str = "", depth: int = 0) -> Any:
        """A value that the schema takes; needed fields and the first few others."""
        found = self.resolved(schema)
        if "example" in found or found.get("examples"):
            return found.get("example", (found.get("examples") or [None])[0])
        if name.lower() in KNOWN and found.get("type") != "array":
            return KNOWN[name.lower()]
        for word in ("const", "default"):
            if found.get(word) is not None:
                return found[word]
        if found.get("enum"):
            return found["enum"][0]
        choices = found.get("anyOf") or found.get("oneOf")
        if choices:
            return self.example(choices[0], name, depth)
        return self._by_type(found, name, depth)

    def _by_type(self, found: Mapping[str, Any], name: str, depth: int) -> Any:
        kind = found.get("type", "object" if "properties" in found else "string")
        kind = next((one for one in kind if one != "null"), "string") if isinstance(kind, list) else kind
        if kind == "object":
            if depth > DEEPEST:
                return {}
            needed = set(found.get("required", []))
            inner = found.get("properties", {})
            return {key: self.example(value, key, depth + 1) for key, value in inner.items() if key in needed or len(inner) < 4}
        if kind == "array":
            return [self.example(found.get("items", {}), name.removesuffix("s"), depth + 1)] if depth <= DEEPEST else []
        if kind in ("integer", "number"):
            return found.get("minimum", found.get("exclusiveMinimum", 0) + 1)
        if kind == "boolean":
            return True
        return {"date": "2026-06-01", "date-time": "2026-06-01T00:00:00Z"}.get(str(found.get("format")), name or "text")
