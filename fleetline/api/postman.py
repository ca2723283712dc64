"""Postman collections (format 2.1.0) and environments out of a handbook."""

import json
import re
import uuid
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import unquote

from fleetline.api.guide import Example, Guide
from fleetline.api.handbook import Handbook, Operation, text_of
from fleetline.api.samples import Call

SCHEMA: Final = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"
LAST: Final = "Clean up"
LAST_TEXT: Final = "What takes away things that the other folders need; sent last when the whole collection is run."
VARIABLE: Final = re.compile(r"\{\{(\w+)\}\}")
PLACE: Final = re.compile(r"^[A-Za-z_]\w*(\.[A-Za-z_]\w*|\[\d+\])*$|^(\[\d+\])(\.[A-Za-z_]\w*|\[\d+\])*$")
PAUSE_MS: Final = 500
_SPACE: Final = uuid.UUID("6f1f7a53-3f0f-5b0c-9d53-0d8e2b1b7a10")
"""Makes the ids of collections: the same API at the same address has the same one, so that an import replaces it."""


def environment(guide: Guide, title: str, base_url: str) -> dict[str, Any]:
    """The environment to fill in; `baseUrl` is filled already."""
    values = [{"key": "baseUrl", "value": base_url, "type": "default", "enabled": True}]
    values += [
        {"key": one.key, "value": "", "type": "secret" if one.secret else "default", "enabled": True}
        for one in guide.variables
    ]
    return {
        "id": str(uuid.uuid5(_SPACE, f"environment {title} {base_url}")), "name": guide.environment or title,
        "values": values, "_postman_variable_scope": "environment",
    }  # fmt: skip


def collection(book: Handbook) -> dict[str, Any]:
    """The whole API: one folder per chapter, then one for what takes things away."""
    own = {"baseUrl", *(variable.key for variable in book.guide.variables)}
    folders, last = list[dict[str, Any]](), list[dict[str, Any]]()
    for chapter in book.chapters:
        items = list[dict[str, Any]]()
        for operation in chapter.operations:
            for title, example, call in operation.calls:
                if example.left_out:
                    continue
                into = last if example.at_end else items
                name = f"{title} ({chapter.name})" if any(one["name"] == title for one in into) else title
                into.append(_item(book.guide, operation, name, example, call, own))
        if items:
            folders.append({"name": chapter.name, "item": items})
    if last:
        folders.append({"name": LAST, "description": LAST_TEXT, "item": last[::-1]})
    found: dict[str, Any] = {
        "info": {
            "_postman_id": str(uuid.uuid5(_SPACE, f"collection {book.name} {book.base_url}")), "name": book.title,
            "description": description(book), "schema": SCHEMA,
        },
        "item": folders,
        "variable": [{"key": "baseUrl", "value": book.base_url, "type": "string"}, *_scratch(folders, own)],
    }  # fmt: skip
    if book.guide.auth is not None:
        found["auth"] = dict(book.guide.auth)
    return found


def description(book: Handbook) -> str:
    """What Postman shows of the collection, as Markdown."""
    guide = book.guide
    parts = [book.text.strip(), "# Base URL", f"The variable `baseUrl` holds {book.base_url}."]
    parts += ["# From nothing to the first answer", *(f"{n}. {step.text}" for n, step in enumerate(guide.steps, 1))]
    if book.bounds:
        parts += ["# Limits", *(f"- {bound.name}: {bound.value}" for bound in book.bounds)]
    left = [(one, example) for one in book.operations for _, example, _ in one.calls if example.left_out]
    if left:
        parts += ["# Not in this collection", *(f"- `{one.method} {one.path}`: {e.left_out}" for one, e in left)]
    for title, text in (("What the vendor says", guide.vendor), ("What was decided here", guide.ours)):
        parts += [f"# {title}", text] if text else []
    return "\n\n".join(part for part in (*parts, guide.notice) if part)


def _scratch(folders: list[dict[str, Any]], own: set[str]) -> list[dict[str, str]]:
    """Variables that scripts fill and that are none of the environment's."""
    names = [
        name for folder in folders for item in folder["item"] for event in item.get("event", [])
        for line in event["script"]["exec"] for name in re.findall(r'collectionVariables\.set\("(\w+)"', line)
    ]  # fmt: skip
    return [{"key": name, "value": "", "type": "string"} for name in dict.fromkeys(names) if name not in own]


def _item(
    guide: Guide, operation: Operation, title: str, example: Example, call: Call, own: set[str]
) -> dict[str, Any]:
    origin = f"Source: {operation.whose}."
    request: dict[str, Any] = {
        "method": call.method, "header": list(_headers(operation, call)), "url": _url(operation, call),
        "description": "\n\n".join(part for part in (operation.text, origin) if part),
    }  # fmt: skip
    if operation.is_open:
        request["auth"] = {"type": "noauth"}
    elif example.bearer:
        request["auth"] = bearer(example.bearer)
    if call.form:
        request["body"] = {"mode": "urlencoded", "urlencoded": list(_form(operation, call))}
    elif call.body:
        language = "json" if "json" in call.media and "nd" not in call.media else "text"
        request["body"] = {"mode": "raw", "raw": call.body, "options": {"raw": {"language": language}}}
    item: dict[str, Any] = {"name": title, "request": request, "response": []}
    if lines := list(_script(example, own)):
        item["event"] = [{"listen": "test", "script": {"type": "text/javascript", "exec": lines}}]
    if example.answer is not None:
        item["response"] = [_saved(operation, title, example, request)]
    return item


def bearer(variable: str) -> dict[str, Any]:
    """The `auth` of calls that carry the token of a variable."""
    return {"type": "bearer", "bearer": [{"key": "token", "value": "{{" + variable + "}}", "type": "string"}]}


def _headers(operation: Operation, call: Call) -> Iterator[dict[str, Any]]:
    """Those that are sent, and those that may be, switched off; Authorization comes from the collection's auth."""
    sent = {name.lower() for name, _ in call.headers} | {"authorization", "content-type"}
    for name, value in call.headers:
        if name.lower() != "authorization":
            yield {"key": name, "value": value, "type": "text"}
    if call.media:
        yield {"key": "Content-Type", "value": call.media, "type": "text"}
    for row in operation.parameters:
        if row.where == "header" and row.name.lower() not in sent:
            yield {"key": row.name, "value": "", "type": "text", "description": row.text, "disabled": True}


def _url(operation: Operation, call: Call) -> dict[str, Any]:
    raw = call.url
    address, _, query = raw.partition("?")
    path = address.removeprefix("{{baseUrl}}").strip("/")
    url: dict[str, Any] = {"raw": raw, "host": ["{{baseUrl}}"], "path": path.split("/")}
    texts = {row.name: row for row in operation.parameters if row.where == "query"}
    given: list[dict[str, Any]] = []
    for pair in filter(None, query.split("&")):
        name, _, value = pair.partition("=")
        given.append({"key": unquote(name), "value": unquote(value)})
    sent = {one["key"] for one in given}
    given += [{"key": name, "value": "", "disabled": True} for name in texts if name not in sent]
    for one in given:
        if one["key"] in texts:
            one["description"] = f"{texts[one['key']].text} ({texts[one['key']].kind})"
    return url | ({"query": given} if given else {})


def _form(operation: Operation, call: Call) -> Iterator[dict[str, Any]]:
    sent = {name for name, _ in call.form}
    texts = {row.name: row.text for row in operation.parameters if row.where == "form"}
    for name, value in call.form:
        yield {"key": name, "value": value, "type": "text", "description": texts.get(name, "")}
    for name, text in texts.items():
        if name not in sent:
            yield {"key": name, "value": "", "type": "text", "description": text, "disabled": True}


def _script(example: Example, own: set[str]) -> Iterator[str]:
    """What Postman keeps of the answer for the calls after this one."""
    for name, of in example.copies.items():
        yield f'pm.{_scope(name, own)}.set("{name}", pm.variables.get("{of}"));'
    if example.keeps or example.waits:
        yield "const answer = pm.response.json();"
    for name, place in example.keeps.items():
        if not PLACE.match(place):
            raise ValueError(f"{place!r} is no place in an answer")
        reached = f"answer{place}" if place.startswith("[") else f"answer.{place}"
        yield f'pm.{_scope(name, own)}.set("{name}", {reached});'
    if example.waits:
        place, words = example.waits
        yield f"if ({json.dumps(words)}.includes(answer.{place})) {{"
        yield f"  setTimeout(() => pm.execution.setNextRequest(pm.info.requestName), {PAUSE_MS});"
        yield "}"


def _scope(name: str, own: set[str]) -> str:
    return "environment" if name in own else "collectionVariables"


def _saved(operation: Operation, title: str, example: Example, request: Mapping[str, Any]) -> dict[str, Any]:
    good = next((answer for answer in operation.answers if answer.status < 400), None)
    status = good.status if good else 200
    media = good.media[0] if good and good.media else "application/json"
    return {
        "name": title,
        "originalRequest": {key: request[key] for key in ("method", "header", "url", "body") if key in request},
        "status": HTTPStatus(status).phrase, "code": status,
        "_postman_previewlanguage": "json" if "json" in media else "text",
        "header": [{"key": "Content-Type", "value": media}], "cookie": [], "body": text_of(example.answer),
    }  # fmt: skip
