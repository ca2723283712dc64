"""Every dialect keeps one contract: its own words for every refusal, every route documented, its place on the host."""

import inspect
from collections.abc import Iterator, Sequence
from typing import Any, cast

import pytest

import fleetline.api.errors
import fleetline.model.errors
import fleetline.model.refusals
from fleetline.api.dialect import Dialect
from fleetline.api.http import Origin, Request
from fleetline.api.openapi import openapi, operation_id
from fleetline.api.pipeline import mount_table
from fleetline.app.plug import find_dialects
from fleetline.model.errors import FleetlineError
from fleetline.model.limits import Standing

DIALECTS = find_dialects()
STANDING = Standing(6, 0, 9, 3)
VALUES: dict[Any, Any] = {
    str: "text", int: 3, float: 3.0, object: "thing", Sequence[str]: ("GET",), Standing: STANDING,
    Standing | None: STANDING,
}  # fmt: skip


def every_refusal() -> Iterator[FleetlineError]:
    """One of each class, with made-up facts."""
    for module in (fleetline.model.errors, fleetline.model.refusals, fleetline.api.errors):
        for _, found in inspect.getmembers(module, inspect.isclass):
            if (
                issubclass(found, FleetlineError)
                and found.__module__ == module.__name__
                and found is not FleetlineError
            ):
                facts = list(inspect.signature(found).parameters.values())
                yield found(*(VALUES[fact.annotation] for fact in facts if fact.kind is fact.POSITIONAL_OR_KEYWORD))


async def nothing() -> Any:
    raise AssertionError


def bare_request(dialect: Dialect) -> Request:
    scope = {"method": "POST", "path": dialect.routes[0].path, "query_string": b"", "headers": []}
    return Request(scope, nothing, "r", 0, Origin("192.0.2.1", "http", "h", "http://h"))


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS)
def test_every_refusal_has_words_in_every_dialect(dialect: Dialect) -> None:
    for refusal in every_refusal():
        response = dialect.render(refusal, bare_request(dialect))
        assert 400 <= response.status <= 599, refusal
        assert response.error, refusal
        assert isinstance(response.body, bytes) and response.body, refusal


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS)
def test_a_call_without_a_secret_carries_none(dialect: Dialect) -> None:
    assert dialect.identify(bare_request(dialect)) is None


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS)
def test_every_route_is_under_a_mount(dialect: Dialect) -> None:
    for route in dialect.routes:
        path = route.path.lower()
        assert any(path == mount.lower() or path.startswith(mount.lower() + "/") for mount in dialect.mounts)


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS)
def test_every_route_is_documented(dialect: Dialect) -> None:
    document = openapi(dialect, base_url="http://localhost", version="0")
    seen = set()
    for route in dialect.routes:
        if route.hidden:
            continue
        operation = document["paths"][route.path][route.method.lower()]
        assert operation["summary"] and operation["responses"], route.path
        assert any(status.startswith("2") for status in operation["responses"]) or "501" in operation["responses"]
        named = {given["name"] for given in operation.get("parameters", []) if given["in"] == "path"}
        assert named == {part[1:-1] for part in route.path.split("/") if part.startswith("{")}
        seen.add(operation_id(route))
    assert len(seen) == len([route for route in dialect.routes if not route.hidden])


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS)
def test_the_document_is_valid_openapi(dialect: Dialect) -> None:
    import schemathesis

    schema = schemathesis.openapi.from_dict(openapi(dialect, base_url="http://localhost", version="0"))
    schema.config.update(base_url="http://localhost")
    cast(Any, schema).validate()


def test_all_dialects_find_their_place_on_one_host() -> None:
    assert len(mount_table(DIALECTS.values())) == sum(len(dialect.mounts) for dialect in DIALECTS.values())
