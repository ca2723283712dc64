"""Our own API keeps the word of its own OpenAPI document, whatever it is sent."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.core.failures import Failure, FailureGroup

from fleetline.api.dialects.own import DIALECT
from fleetline.api.openapi import openapi
from fleetline.api.routes import Route
from fleetline.stores.engine import migrate
from fleetline.stores.open import open_engine
from tests.api.own_kit import ROOF, Installation, Person, install
from tests.kit import CountedIds, HandClock

BASE = "http://fleet.example"
STREAMS = frozenset({"/api/v1/live/events"})
"""They go on for ever; tests/api/test_own_live.py listens to them."""
ROUTES = [route for route in DIALECT.routes if route.path not in STREAMS]
EXAMPLES = 8


@dataclass
class Place:
    """An installation in a loop of its own, since the cases are drawn outside of any."""

    runner: "asyncio.Runner"
    here: Installation
    boss: Person

    def send(self, request: dict[str, Any], headers: dict[str, str]) -> httpx.Response:
        async def go() -> httpx.Response:
            transport = httpx.ASGITransport(self.here.app, client=("192.0.2.1", 4000))
            async with httpx.AsyncClient(transport=transport, base_url=BASE) as client:
                sent = {
                    name: text.encode("latin-1", "replace") for name, text in {**request["headers"], **headers}.items()
                }
                wanted = client.build_request(
                    request["method"], request["url"], params=request.get("params"), headers=sent,
                    json=request.get("json"), content=request.get("data"),
                )  # fmt: skip
                answer = await client.send(wanted)
                await answer.aread()
                return answer

        return self.runner.run(go())


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder: Path = tmp_path_factory.mktemp("own")
    with asyncio.Runner() as runner:

        async def begin() -> tuple[Any, Installation, Person]:
            engine = await open_engine(f"sqlite:///{folder}/fleetline.db")
            await migrate(engine)
            here = install(engine, HandClock(), CountedIds(), folder)
            boss = await here.account("Acme")
            devices = await boss.add_devices("One", "Two")
            await boss.add_vehicles("V1", "V2")
            await boss.do("POST", "/vehicle-groups", [{"name": "North"}])
            await boss.do("POST", "/drivers", [{"external_id": "D1", "name": "Dora"}])
            [roof] = (await boss.do("POST", "/solar/resources", [{"name": "Roof", "site": ROOF}]))["outcomes"]
            await boss.do("POST", "/solar/fleets", {"name": "Suns", "resource_ids": [roof["id"]]}, 201)
            now = here.clock.ms
            await here.drive(devices[0], [now - 1_200_000 + second * 10_000 for second in range(120)])
            return engine, here, boss

        engine, here, boss = runner.run(begin())
        yield Place(runner, here, boss)
        runner.run(engine.close())


# without the chapter on security: every case goes in with a good token, and what comes without one is tested elsewhere
SCHEMA = schemathesis.openapi.from_dict(openapi(replace(DIALECT, security=()), base_url=BASE, version="0"))
# a value may be of the right form and yet be refused: a name that is taken, a day that has no end
SCHEMA.config.checks.positive_data_acceptance.expected_statuses = [
    "2xx",
    "3xx",
    "401",
    "403",
    "404",
    "409",
    "412",
    "422",
    "429",
]


def refusals(case: Any, answer: httpx.Response) -> list[str]:
    try:
        case.validate_response(answer, excluded_checks=[schemathesis.checks.ignored_auth])
    except FailureGroup as group:
        return [f"{failure.title}: {failure.message}" for failure in group.exceptions]
    except Failure as failure:
        return [f"{failure.title}: {failure.message}"]
    return []


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["good", "bad"])
@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_every_answer_is_one_that_the_document_names(place: Place, route: Route, mode: GenerationMode) -> None:
    operation = SCHEMA[route.path][route.method]
    if mode is GenerationMode.NEGATIVE and not (route.parameters or route.body):
        pytest.skip("there is nothing to get wrong")

    @settings(
        max_examples=EXAMPLES, deadline=None, database=None, derandomize=True, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(case=operation.as_strategy(generation_mode=mode))
    def each(case: Any) -> None:
        # going out would end the session that all other cases need
        secret = place.boss.token if (route.method, route.path) != ("DELETE", "/api/v1/session") else "nobody's"
        headers = {} if route.is_open else {"authorization": f"Bearer {secret}"}
        request = case.as_transport_kwargs(base_url=BASE)
        answer = place.send(request, headers)
        assert refusals(case, answer) == [], (request, answer.status_code, answer.text[:500])

    try:
        each()
    except Unsatisfiable:
        pytest.skip("whatever is sent is right")
