"""OpenAPI 3.1 of a dialect, generated from its route table."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

from fleetline.api.dialect import Dialect
from fleetline.api.routes import Answer, Parameter, Route

VERSION: Final = "3.1.1"
TEMPLATE: Final = "#/components/schemas/{name}"


def openapi(dialect: Dialect, *, base_url: str, version: str) -> dict[str, Any]:
    """The document as plain JSON values.

    base_url  where the server is reached, without a slash at the end
    version   of the program
    """
    shown = [route for route in dialect.routes if not route.hidden]
    schemas = _Schemas(shown)
    paths: dict[str, dict[str, Any]] = {}
    for route in shown:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(dialect, route, schemas)
    components: dict[str, Any] = {"schemas": schemas.named}
    if dialect.security:
        components["securitySchemes"] = {name: dict(scheme) for name, scheme in dialect.security}
    return {
        "openapi": VERSION,
        "info": {"title": dialect.title, "version": version, "description": dialect.description or dialect.source},
        "servers": [{"url": base_url}],
        "paths": paths,
        "components": components,
    }


class _Schemas:
    """JSON Schemas of the types that routes name; msgspec describes all of them in one go."""

    def __init__(self, routes: Iterable[Route]) -> None:
        types: list[Any] = []
        for route in routes:
            for found in (route.body, *(answer.schema for answer in route.answers)):
                if found is not None and not isinstance(found, Mapping) and found not in types:
                    types.append(found)
        described, self.named = msgspec.json.schema_components(types, ref_template=TEMPLATE)
        self._types, self._described = types, described

    def of(self, found: Any) -> dict[str, Any]:
        """The schema itself, or a reference to a named one."""
        return dict(found) if isinstance(found, Mapping) else self._described[self._types.index(found)]


def _operation(dialect: Dialect, route: Route, schemas: _Schemas) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": operation_id(route),
        "summary": route.summary,
        "description": "\n\n".join(part for part in (route.text, f"Source: {route.source}.") if part),
        "responses": {status: _response(answers, schemas) for status, answers in _by_status(route.answers).items()},
    }
    if route.tag:
        operation["tags"] = [route.tag]
    if parameters := [_parameter(given) for given in route.parameters if given.where != "form"]:
        operation["parameters"] = parameters
    if body := _body(route, schemas):
        operation["requestBody"] = body
    if dialect.security:
        operation["security"] = [] if route.is_open else [{name: [] for name, _ in dialect.security}]
    return operation


def operation_id(route: Route) -> str:
    """A name made of method and path, unique in the dialect: `post_v2_devicelist`."""
    return re.sub(r"[^a-zA-Z0-9]+", "_", f"{route.method.lower()}{route.path}").strip("_")


def _parameter(given: Parameter) -> dict[str, Any]:
    return {
        "name": given.name,
        "in": given.where,
        "required": given.required or given.where == "path",
        "description": f"{given.text} ({given.source})",
        "schema": dict(given.schema),
    }


def _body(route: Route, schemas: _Schemas) -> dict[str, Any] | None:
    form = [given for given in route.parameters if given.where == "form"]
    if form:
        schema = {
            "type": "object",
            "properties": {g.name: {**g.schema, "description": f"{g.text} ({g.source})"} for g in form},
            "required": [given.name for given in form if given.required],
        }
    elif route.body is not None:
        schema = schemas.of(route.body)
    else:
        return None
    return {"required": True, "content": {media.strip(): {"schema": schema} for media in route.body_media.split(",")}}


def _by_status(answers: Iterable[Answer]) -> dict[str, list[Answer]]:
    found: dict[str, list[Answer]] = {}
    for answer in answers:
        found.setdefault(str(answer.status), []).append(answer)
    return found


def _response(answers: list[Answer], schemas: _Schemas) -> dict[str, Any]:
    """One response object; several answers of one status become examples of it."""
    response: dict[str, Any] = {"description": "; ".join(answer.text for answer in answers)}
    content: dict[str, Any] = {}
    for answer in answers:
        if answer.schema is None and answer.example is None:
            continue
        media = content.setdefault(answer.media, {})
        if answer.schema is not None:
            media.setdefault("schema", schemas.of(answer.schema))
        if answer.example is not None:
            examples = media.setdefault("examples", {})
            examples[f"example{len(examples) + 1}"] = {"summary": answer.text, "value": answer.example}
    if content:
        response["content"] = content
    headers = {name: text for answer in answers for name, text in answer.headers.items()}
    if headers:
        response["headers"] = {
            name: {"description": text, "schema": {"type": "string"}} for name, text in headers.items()
        }
    return response
