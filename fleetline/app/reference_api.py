"""The reference page of one API dialect: its routes, shapes and refusals, out of its route table."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from fleetline.api.dialect import Dialect
from fleetline.api.errors import (
    BodyTooLarge,
    BodyUnreadable,
    EncodingUnsupported,
    Internal,
    MethodNotAllowed,
    NoSuchRoute,
    OutOfTime,
    TypeUnsupported,
)
from fleetline.api.http import Origin, Request
from fleetline.api.openapi import openapi
from fleetline.api.routes import Route
from fleetline.app.reference_text import grid, number, slug
from fleetline.model.errors import Conflict, FleetlineError, Invalid, NotFound, Unavailable
from fleetline.model.refusals import (
    AddressRefused,
    Blocked,
    GrantRefused,
    NotInPlan,
    QuotaUsed,
    TooMany,
    TooSoon,
    Unknown,
    WrongLevel,
)

EVERY: Final = ()
REFUSALS: Final[tuple[tuple[str, FleetlineError, tuple[str, ...]], ...]] = (
    ("no secret", Unknown("token", "missing"), EVERY),
    ("a secret that is not known", Unknown("token"), EVERY),
    ("a secret past its end", Unknown("token", "expired"), EVERY),
    ("a key that is not known", Unknown("key"), EVERY),
    ("a spent or unknown refresh token", GrantRefused(), ("fleetview",)),
    ("a secret of the wrong level", WrongLevel("account"), ("trimble",)),
    ("a blocked credential", Blocked(), ("fleetize",)),
    ("not in the plan", NotInPlan("history"), ("fleetize", "own")),
    ("another address is bound", AddressRefused(900), ("fleetize",)),
    ("sooner than the plan's spacing", TooSoon(60), ("fleetize",)),
    ("more calls than the day has", QuotaUsed(3600, None), ("fleetize",)),
    ("more operations than the rate", TooMany(1), EVERY),
    ("no such path", NoSuchRoute("/path"), EVERY),
    ("a method the path does not take", MethodNotAllowed("PUT", ("POST",)), EVERY),
    ("a body that is too large", BodyTooLarge(1_048_576), EVERY),
    ("a body that is too slow", BodyUnreadable("slow"), EVERY),
    ("a body that cannot be read", BodyUnreadable("encoding"), EVERY),
    ("a content encoding that is not known", EncodingUnsupported("br"), EVERY),
    ("a content type that is not known", TypeUnsupported("text/html"), EVERY),
    ("a value that may not be", Invalid("FIELD", "must be REASON", "VALUE"), EVERY),
    ("no such thing", NotFound("thing", "ID"), EVERY),
    ("a value that is taken", Conflict("thing", "FIELD", "VALUE", "HOLDER"), EVERY),
    ("work that took too long", OutOfTime(30), EVERY),
    ("the store cannot be reached", Unavailable("REASON"), EVERY),
    ("a fault of the server", Internal(), EVERY),
)
"""(what happened, with made-up facts, the dialects in which it can): one of each class of refusal at least."""
DEEPEST: Final = 3
MANY_FIELDS: Final = 3


def api_page(dialect: Dialect) -> Iterator[str]:
    """The lines of the page."""
    document = openapi(dialect, base_url="", version="")
    if dialect.description:
        yield from (dialect.description.strip(), "")
    mounts = " or ".join(f"`{mount}`" for mount in dialect.mounts)
    yield f"Source: {dialect.source.rstrip('.')}. Paths begin with {mounts}."
    yield ""
    page = _Page(document)
    tag = None
    for route in dialect.routes:
        if route.hidden:
            continue
        if route.tag != tag:
            tag = route.tag
            yield from (f"## {tag}", "")
        yield from page.route(route)
    yield from page.named()
    yield from _refusals(dialect)


class _Page:
    """One page while it is written; a shape that comes again is a link to where it stands first."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document
        self._seen: dict[str, str] = {}

    def route(self, route: Route) -> Iterator[str]:
        operation = self._document["paths"][route.path][route.method.lower()]
        heading = f"{route.method} {route.path}"
        yield from (f"### {heading}", "")
        yield " ".join(f"{route.summary.rstrip('.')}. {route.text} {_who(route)} Source: {route.source}.".split())
        yield ""
        if given := operation.get("parameters"):
            rows = [
                (f"`{one['name']}`", one["in"], "yes" if one["required"] else "", kind(one["schema"]), _plain(one))
                for one in given
            ]
            yield from (*grid(("Parameter", "In", "Needed", "Type", "Meaning"), rows), "")
        if body := operation.get("requestBody"):
            media = ", ".join(f"`{name}`" for name in body["content"])
            shape = next(iter(body["content"].values()))["schema"]
            yield from self._shape(f"Body ({media})", shape, heading)
        responses = operation["responses"]
        refused = sorted(status for status in responses if int(status) >= 400 and status != "501")
        for status, answer in responses.items():
            if status not in refused:
                content: Mapping[str, Any] = next(iter(answer.get("content", {}).values()), {})
                title = f"Answer {status}: {answer['description'].rstrip('.')}"
                yield from self._shape(title, content.get("schema"), heading)
        if refused:
            yield from (f"Refusals: {', '.join(refused)}.", "")

    def _shape(self, title: str, shape: Mapping[str, Any] | None, heading: str) -> Iterator[str]:
        if not shape:
            yield from (f"{title}.", "")
            return
        lines = list(self._members(shape, 0, heading))
        yield from (f"{title}: {kind(shape)}{', with' if lines else '.'}", "")
        if lines:
            yield from (*lines, "")

    def named(self) -> Iterator[str]:
        """The shapes that have a name."""
        schemas = self._document["components"]["schemas"]
        if schemas:
            yield from ("## Shapes", "")
        for name, schema in sorted(schemas.items()):
            yield from (f"### {name}", "")
            if text := schema.get("description"):
                yield from (" ".join(text.split("\n\n")[0].split()), "")
            lines = list(self._members(schema, 0, name))
            yield from (*(lines or [kind(schema)]), "")

    def _members(self, schema: Mapping[str, Any], depth: int, heading: str) -> Iterator[str]:
        """The fields of an object, or of the objects of a list, as a list with a list under each."""
        while isinstance(schema.get("items"), Mapping):
            schema = schema["items"]
        for choice in schema.get("anyOf") or schema.get("oneOf") or ():
            if "properties" in choice:
                schema = choice
        members = schema.get("properties", {})
        if len(members) > MANY_FIELDS:
            key = json.dumps(members, sort_keys=True)
            if (first := self._seen.setdefault(key, heading)) != heading:
                yield f"{'  ' * depth}- the fields at [{first}](#{slug(first)})"
                return
        needed = schema.get("required", ())
        for name, one in members.items():
            text = " ".join(one.get("description", "").split())
            mark = ", needed" if name in needed and depth == 0 else ""
            yield f"{'  ' * depth}- `{name}`: {kind(one)}{mark}{f'. {text}' if text else ''}"
            if depth < DEEPEST and "$ref" not in one:
                yield from self._members(one, depth + 1, heading)


def _who(route: Route) -> str:
    if route.is_open:
        return "Open to everybody who knows the way."
    return f"Needs a secret of the level `{route.level}`." if route.level else "Needs a secret."


def _plain(parameter: Mapping[str, Any]) -> str:
    """The description without its mark of origin where that says nothing new."""
    text: str = parameter["description"]
    return text.removesuffix(" (documented)").removesuffix(" (ours)")


def kind(schema: Mapping[str, Any]) -> str:
    """A JSON Schema in a few words."""
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[-1]
        return f"[{name}](#{slug(name)})"
    if "enum" in schema:
        return " or ".join(f"`{value}`" for value in schema["enum"])
    if choices := schema.get("anyOf") or schema.get("oneOf"):
        return " or ".join(dict.fromkeys(kind(choice) for choice in choices))
    named = schema.get("type", "any value")
    names = [named] if isinstance(named, str) else list(named)
    return " or ".join(_typed(name, schema) for name in names)


def _typed(name: str, schema: Mapping[str, Any]) -> str:
    if name == "array":
        if parts := schema.get("prefixItems"):
            return f"list of exactly {' then '.join(kind(part) for part in parts)}"
        return f"list of {kind(schema.get('items') or {})}"
    words = {"string": "text", "object": "object", "boolean": "true or false"}.get(name, name)
    if name == "string" and "format" in schema:
        words = f"{words} ({schema['format']})"
    low, high = schema.get("minimum"), schema.get("maximum")
    if name in ("integer", "number") and (low, high) != (None, None):
        words += f" from {number(low)}" if low is not None else ""
        words += f" to {number(high)}" if high is not None else ""
    return f"{words}, `{schema['default']}` unless given" if schema.get("default") not in (None, "") else words


def _refusals(dialect: Dialect) -> Iterator[str]:
    """Every refusal in the words of the dialect; what it has no words for cannot happen in it."""
    yield from ("## Refusals", "", "What the answers look like; capitals stand for what the call names.", "")
    request = _bare_request(dialect)
    general = dialect.render(FleetlineError("thing"), request)
    found: dict[tuple[str, str], list[str]] = {}
    for what, refusal, where in REFUSALS:
        answer = dialect.render(refusal, request)
        unsaid = not isinstance(refusal, Internal) and (answer.status, answer.body) == (general.status, general.body)
        if unsaid or (where and dialect.name not in where):
            continue
        assert isinstance(answer.body, bytes), "a refusal is short"
        found.setdefault((f"{answer.status}", f"`{answer.body.decode()}`"), []).append(what)
    rows = [(status, body, ", or ".join(when)) for (status, body), when in sorted(found.items())]
    yield from grid(("Status", "Body", "When"), rows)
    yield ""
    texts: dict[str, dict[str, None]] = {}
    for route in dialect.routes:
        for named in route.answers:
            if named.status >= 400 and not route.hidden:
                texts.setdefault(f"{named.status}", {})[named.text.rstrip(".")] = None
    yield from ("What each status means:", "")
    yield from grid(("Status", "Meaning"), [(status, "; ".join(said)) for status, said in sorted(texts.items())])


def _bare_request(dialect: Dialect) -> Request:
    async def receive() -> Any:
        raise AssertionError("nothing is read")

    path = next(route.path for route in dialect.routes if not route.is_open)
    scope = {"method": "POST", "path": path, "query_string": b"", "headers": []}
    return Request(scope, receive, "REQUEST_ID", 0, Origin("192.0.2.1", "https", "HOST", "https://HOST"))
