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

REFUSALS: Final[tuple[tuple[str, FleetlineError], ...]] = (
    ("no secret", Unknown("token", "missing")),
    ("a secret that is not known", Unknown("token")),
    ("a secret past its end", Unknown("token", "expired")),
    ("a key that is not known", Unknown("key")),
    ("a spent or unknown refresh token", GrantRefused()),
    ("a secret of the wrong level", WrongLevel("account")),
    ("a blocked credential", Blocked()),
    ("not in the plan", NotInPlan("action")),
    ("another address is bound", AddressRefused(900)),
    ("sooner than the plan's spacing", TooSoon(60)),
    ("more calls than the day has", QuotaUsed(3600, None)),
    ("more operations than the rate", TooMany(1)),
    ("no such path", NoSuchRoute("/path")),
    ("a method the path does not take", MethodNotAllowed("PUT", ("POST",))),
    ("a body that is too large", BodyTooLarge(1_048_576)),
    ("a body that is too slow", BodyUnreadable("slow")),
    ("a body that cannot be read", BodyUnreadable("encoding")),
    ("a content encoding that is not known", EncodingUnsupported("br")),
    ("a content type that is not known", TypeUnsupported("text/html")),
    ("a value that may not be", Invalid("FIELD", "must be ...", "VALUE")),
    ("no such thing", NotFound("thing", "ID")),
    ("a value that is taken", Conflict("thing", "FIELD", "VALUE", "HOLDER")),
    ("work that took too long", OutOfTime(30)),
    ("the store cannot be reached", Unavailable("reason")),
    ("a fault of the server", Internal()),
)
"""What may happen to a call of any API, with made-up facts."""
DEEPEST: Final = 3
MANY_FIELDS: Final = 3


def api_page(dialect: Dialect) -> Iterator[str]:
    """The lines of the page."""
    document = openapi(dialect, base_url="", version="")
    if dialect.description:
        yield from (dialect.description.strip(), "")
    yield f"Source: {dialect.source.rstrip('.')}. Paths begin with {' or '.join(f'`{mount}`' for mount in dialect.mounts)}."
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
        yield f"{route.summary.rstrip('.')}. {route.text} {_who(route)} Source: {route.source}.".replace("  ", " ")
        yield ""
        if given := operation.get("parameters"):
            rows = [(f"`{one['name']}`", one["in"], "yes" if one["required"] else "", kind(one["schema"]), _plain(one)) for one in given]
            yield from (*grid(("Parameter", "In", "Needed", "Type", "Meaning"), rows), "")
        if body := operation.get("requestBody"):
            media = [f"`{name}`" for name in body["content"]]
            shape = next(iter(body["content"].values()))["schema"]
            yield from self._shape(f"Body ({', '.join(media)})", shape, heading)
        refused = []
        for status, answer in operation["responses"].items():
            if int(status) >= 400 and int(status) != 501:
                refused.append(status)
                continue
            content = next(iter(answer.get("content", {}).values()), {})
            yield from self._shape(f"Answer {status}: {answer['description'].rstrip('.')}", content.get("schema"), heading)
        if refused:
            yield from (f"Refusals: {', '.join(refused)}.", "")

    def _shape(self, title: str, shape: Mapping[str, Any] | None, heading: str) -> Iterator[str]:
        if not shape:
            yield from (f"{title}.", "")
            return
        lines = list(_members(shape, 0))
        key = json.dumps(shape, sort_keys=True)
        if len(lines) > MANY_FIELDS and key in self._seen:
            first = self._seen[key]
            yield from (f"{title}: {kind(shape)}, as at [{first}](#{slug(first)}).", "")
            return
        self._seen.setdefault(key, heading)
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
            lines = list(_members(schema, 0))
            yield from (*(lines or [f"{kind(schema)}"]), "")


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
        return f"list of {kind(schema.get('items', {}))}"
    words = {"string": "text", "object": "object", "boolean": "true or false"}.get(name, name)
    if name == "string" and "format" in schema:
        words = f"{words} ({schema['format']})"
    low, high = schema.get("minimum"), schema.get("maximum")
    if name in ("integer", "number") and (low, high) != (None, None):
        words += f" from {number(low)}" if low is not None else ""
        words += f" to {number(high)}" if high is not None else ""
    return f"{words}, `{schema['default']}` unless given" if schema.get("default") not in (None, "") else words


def _members(schema: Mapping[str, Any], depth: int) -> Iterator[str]:
    """The fields of an object, or of the objects of a list, as a list with a list under each."""
    while "items" in schema and isinstance(schema["items"], Mapping):
        schema = schema["items"]
    for choice in schema.get("anyOf") or schema.get("oneOf") or ():
        if "properties" in choice:
            schema = choice
    needed = schema.get("required", ())
    for name, one in schema.get("properties", {}).items():
        text = " ".join(one.get("description", "").split())
        mark = ", needed" if name in needed and depth == 0 else ""
        yield f"{'  ' * depth}- `{name}`: {kind(one)}{mark}{f'. {text}' if text else ''}"
        if depth < DEEPEST and "$ref" not in one:
            yield from _members(one, depth + 1)


def _refusals(dialect: Dialect) -> Iterator[str]:
    """Every refusal in the words of the dialect; what it has no words for cannot happen in it."""
    yield from ("## Refusals", "", "What the answers look like; capitals stand for what the call names.", "")
    request = _bare_request(dialect)
    general = dialect.render(FleetlineError("thing"), request)
    found: dict[tuple[str, str], list[str]] = {}
    for what, refusal in REFUSALS:
        answer = dialect.render(refusal, request)
        if not isinstance(refusal, Internal) and (answer.status, answer.body) == (general.status, general.body):
            continue
        assert isinstance(answer.body, bytes), "a refusal is short"
        found.setdefault((f"{answer.status}", f"`{answer.body.decode()}`"), []).append(what)
    yield from grid(("Status", "Body", "When"), [(status, body, ", or ".join(when)) for (status, body), when in found.items()])
    yield ""
    texts: dict[str, dict[str, None]] = {}
    for route in dialect.routes:
        for answer in route.answers:
            if answer.status >= 400 and not route.hidden:
                texts.setdefault(f"{answer.status}", {})[answer.text.rstrip(".")] = None
    yield from ("What each status means:", "")
    yield from grid(("Status", "Meaning"), [(status, "; ".join(found)) for status, found in sorted(texts.items())])


def _bare_request(dialect: Dialect) -> Request:
    async def receive() -> Any:
        raise AssertionError("nothing is read")

    path = next(route.path for route in dialect.routes if not route.is_open)
    scope = {"method": "POST", "path": path, "query_string": b"", "headers": []}
    return Request(scope, receive, "REQUEST_ID", 0, Origin("192.0.2.1", "https", "HOST", "https://HOST"))
