"""The documentation of one dialect as plain data, made of its route table and its guide."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import quote, urlencode

from fleetline.api.dialect import Dialect
from fleetline.api.guide import Bound, Example, Guide, Message, Step, Variable
from fleetline.api.http import Origin, Request
from fleetline.api.openapi import openapi, operation_id
from fleetline.api.routes import Route
from fleetline.api.samples import FORM, LANGUAGES, Call, filled, samples
from fleetline.api.schema_rows import Row, answer_rows, body_rows, kind
from fleetline.model.errors import FleetlineError

WHOSE: Final = {"ours": "ours", "sister": "the vendor's sister API"}
NUMBER: Final = re.compile(r'"\{\{#(\w+)\}\}"')
KNOWN_HEADERS: Final = ("x-api-key", "authorization")


@dataclass(frozen=True, slots=True)
class AnswerShown:
    """One answer. rows: fields of its JSON; example: its text"""

    status: int
    phrase: str
    texts: tuple[str, ...]
    media: tuple[str, ...]
    rows: tuple[Row, ...]
    examples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Operation:
    """One route.

    whose        `ours`, or whose document says so
    samples      environment (`none`, `default`) -> language -> program
    calls        (title, example, call) of each example, {{names}} left in
    """

    key: str
    method: str
    path: str
    summary: str
    text: str
    whose: str
    is_open: bool
    level: str
    parameters: tuple[Row, ...]
    body: tuple[Row, ...]
    media: tuple[str, ...]
    answers: tuple[AnswerShown, ...]
    samples: Mapping[str, Mapping[str, str]]
    calls: tuple[tuple[str, Example, Call], ...]
    described: bool


@dataclass(frozen=True, slots=True)
class Chapter:
    name: str
    anchor: str
    operations: tuple[Operation, ...]


@dataclass(frozen=True, slots=True)
class Walk:
    """One step of the way in. samples: as of the operation that it speaks of, which `anchor` leads to"""

    text: str
    anchor: str
    samples: Mapping[str, Mapping[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Handbook:
    """Everything that a page, a collection and an environment of one API are made of.

    languages  (key, label, variant)
    messages   texts of refusals: those of the guide and what the dialect itself answers
    openapi, collection, environment  the files, as JSON values
    """

    name: str
    title: str
    base_url: str
    text: str
    source: str
    guide: Guide
    chapters: tuple[Chapter, ...]
    steps: tuple[Walk, ...]
    bounds: tuple[Bound, ...]
    messages: tuple[Message, ...]
    variables: tuple[Variable, ...]
    languages: tuple[tuple[str, str, str], ...]
    openapi: Mapping[str, Any]
    collection: Mapping[str, Any]
    environment: Mapping[str, Any]

    @property
    def operations(self) -> tuple[Operation, ...]:
        return tuple(operation for chapter in self.chapters for operation in chapter.operations)


Refusals = Iterable[tuple[str, FleetlineError, Sequence[str]]]
"""(what happened, with made-up facts, names of the dialects in which it can; none: all)"""


def handbook(dialect: Dialect, *, base_url: str, version: str, refusals: Refusals = ()) -> Handbook:
    """The documentation of a dialect as it is served at `base_url`."""
    from fleetline.api.postman import collection, environment  # it reads what stands above

    guide, document = dialect.guide, openapi(dialect, base_url=base_url, version=version)
    chapters = _chapters(dialect, document, base_url)
    found = {f"{one.method} {one.path}": one for chapter in chapters for one in chapter.operations}
    steps = tuple(_walk(step, found) for step in guide.steps)
    book = Handbook(
        name=dialect.name, title=dialect.title, base_url=base_url, text=dialect.description, source=dialect.source,
        guide=guide, chapters=chapters, steps=steps, bounds=guide.bounds,
        messages=(*guide.messages, *_messages(dialect, refusals, {message.text for message in guide.messages})),
        variables=guide.variables,
        languages=tuple((one.key, one.label, one.variant) for one in LANGUAGES),
        openapi=document, collection={}, environment=environment(guide, dialect.title, base_url),
    )  # fmt: skip
    return replace(book, collection=collection(book))


def _walk(step: Step, found: Mapping[str, Operation]) -> Walk:
    operation = found.get(step.call)
    return Walk(step.text, operation.key, operation.samples) if operation else Walk(step.text, "", {})


def _chapters(dialect: Dialect, document: Mapping[str, Any], base_url: str) -> tuple[Chapter, ...]:
    by_tag: dict[str, list[Operation]] = {}
    for route in dialect.routes:
        if not route.hidden:
            by_tag.setdefault(route.tag or "Calls", []).append(_operation(dialect, route, document, base_url))
    return tuple(
        Chapter(name[:1].upper() + name[1:], re.sub(r"\W+", "-", name.lower()), tuple(found))
        for name, found in by_tag.items()
    )


def _operation(dialect: Dialect, route: Route, document: Mapping[str, Any], base_url: str) -> Operation:
    guide, known = dialect.guide, document["paths"][route.path][route.method.lower()]
    schemas = document["components"]["schemas"]
    example = guide.examples.get(f"{route.method} {route.path}")
    calls = tuple(
        (one.title or route.summary, one, call_of(guide, route, one))
        for one in ((example, *example.also) if example else (Example(),))
    )
    values = {"baseUrl": base_url} | {variable.key: variable.shown for variable in guide.variables}
    body = known.get("requestBody", {}).get("content", {})
    return Operation(
        key=operation_id(route), method=route.method, path=route.path, summary=route.summary, text=route.text,
        whose=WHOSE.get(route.source, "the vendor"), is_open=route.is_open, level=route.level,
        parameters=tuple(
            Row(given.name, given.where, kind(given.schema, schemas), given.required or given.where == "path",
                given.text, WHOSE.get(given.source, "the vendor"))
            for given in route.parameters
        ),
        body=body_rows(next(iter(body.values()))["schema"], schemas) if body and route.body is not None else (),
        media=tuple(body), answers=tuple(_answers(route, schemas, example)),
        samples={"none": samples(calls[0][2]), "default": samples(filled(calls[0][2], values))}, calls=calls,
        described=example is not None,
    )  # fmt: skip


def _answers(route: Route, schemas: Mapping[str, Any], example: Example | None) -> Iterable[AnswerShown]:
    for status in dict.fromkeys(answer.status for answer in route.answers):
        same = [answer for answer in route.answers if answer.status == status]
        shown = [text_of(answer.example) for answer in same if answer.example is not None]
        if example is not None and example.answer is not None and status == _good(route):
            shown.insert(0, text_of(example.answer))
        schema = next((answer.schema for answer in same if answer.schema is not None), None)
        yield AnswerShown(
            status, HTTPStatus(status).phrase, tuple(dict.fromkeys(answer.text for answer in same)),
            tuple(dict.fromkeys(answer.media for answer in same if answer.media)),
            answer_rows(schema, schemas) if schema is not None and status < 400 else (), tuple(shown),
        )  # fmt: skip


def _good(route: Route) -> int:
    return min((answer.status for answer in route.answers), default=200)


def text_of(value: Any) -> str:
    """A body as it is sent: texts as they are, JSON over several lines, {{#name}} without its quotes."""
    if value is None or isinstance(value, str):
        return value or ""
    return NUMBER.sub(r"{{\1}}", json.dumps(value, indent=2, ensure_ascii=False))


def call_of(guide: Guide, route: Route, example: Example) -> Call:
    """The call of an example, with {{baseUrl}} and the other variables left in."""
    path = route.path
    for name, value in example.path.items():
        path = path.replace("{" + name + "}", value)
    query = urlencode(example.query, quote_via=quote, safe="{}:,;")
    headers = dict(guide.headers)
    if guide.bearer and not route.is_open:
        headers["Authorization"] = f"Bearer {{{{{example.bearer}}}}}" if example.bearer else guide.bearer
    headers |= example.headers
    media = example.media or (FORM if example.form else "")
    if not media and example.body is not None:
        media = route.body_media.split(",")[0].strip()
    return Call(
        route.method, "{{baseUrl}}" + path + (f"?{query}" if query else ""), tuple(headers.items()), media,
        text_of(example.body), tuple(example.form.items()),
    )  # fmt: skip


def _messages(dialect: Dialect, refusals: Refusals, said: set[str]) -> tuple[Message, ...]:
    """Every refusal in the dialect's own words; what it has no words for cannot happen in it."""
    found: dict[tuple[int, str], list[str]] = {}
    for request in _requests(dialect):
        general = dialect.render(FleetlineError("thing"), request)
        for what, refusal, where in refusals:
            answer = dialect.render(refusal, request)
            unsaid = (answer.status, answer.body) == (general.status, general.body) and answer.status != 500
            if unsaid or (where and dialect.name not in where) or not isinstance(answer.body, bytes):
                continue
            reasons = found.setdefault((answer.status, answer.body.decode()), [])
            if what not in reasons:
                reasons.append(what)
    return tuple(
        Message(status, HTTPStatus(status).phrase, body, ", or ".join(when))
        for (status, body), when in sorted(found.items()) if body not in said
    )  # fmt: skip


def _requests(dialect: Dialect) -> list[Request]:
    """A bare call of one route that is open and of one that is not: their refusals may differ."""

    async def receive() -> Any:
        raise AssertionError("nothing is read")

    paths = {route.is_open: route.path for route in reversed(dialect.routes)}
    return [
        Request({"method": "POST", "path": path, "query_string": b"", "headers": []}, receive, "REQUEST_ID", 0,
                Origin("192.0.2.1", "https", "HOST", "https://HOST"))
        for _, path in sorted(paths.items())
    ]  # fmt: skip
