"""Whatever anybody sends, the answer is one of the documented ones, and what is accepted can be computed."""

import copy
import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fleetline.api.dialects.fleetview.nouns import draft_of, facts_json, unwrapped
from fleetline.api.dialects.fleetview.reading import Members, read_json
from fleetline.api.dialects.fleetview.routes import ROUTES
from fleetline.api.dialects.fleetview.words import Refusal
from fleetline.stores.engine import migrate
from fleetline.stores.open import open_engine
from tests.api.fleetview.kit import DEPOT, FIELD, Client, plain, system, world_over

ODD: list[Any] = [
    None, True, False, 0, -1, 1, 1.5, -0.0, 91, 1e300, -1e300, 10**30, 2**63, "", " ", "20", "NaN", "\0", "\ud800",
    "é" * 300, [], [None], [[]], {}, {"a": 1}, {"count": {}}, "2025-02-30", "Fixed", "x" * 5000,
]  # fmt: skip
RICH = plain(
    description="d", zone="Z", tags=["a"], installDate="2020-01-01", exportLimit_kW=5,
    pvSystems=[
        system(
            albedo_Percent=20, cleaningThreshold_Millimeters=1, thresholdSnowfall_CentimeterPerHour=1,
            modules={"ptcRating_kW": 0.3}, configuration={"tracking": "SingleAxis", "moduleRowCount": 3},
            array={
                "monthlyShadings": [{"monthNumber": 1, "solarAccess_Percent": 50}],
                "solarObstructions": [{"azimuth_Degrees": 1, "elevation_Degrees": 1}],
            },
        )
    ],
)  # fmt: skip


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Paths of everything inside."""
    found = [path] if path else []
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in pairs:
        found += places(inner, (*path, key))
    return found


def changed(base: Any, path: tuple[Any, ...], value: Any, name: str | None) -> Any:
    """The base with another value at a path, or with another name there."""
    out = copy.deepcopy(base)
    owner = out
    for key in path[:-1]:
        owner = owner[key]
    if name is not None and isinstance(owner, dict):
        owner[name] = owner.pop(path[-1])
    else:
        owner[path[-1]] = value
    return out


@given(st.sampled_from([DEPOT, FIELD, RICH]), st.data())
@settings(max_examples=400, deadline=None)
def test_a_spec_with_anything_in_any_place_is_read_or_refused_with_faults(base: Any, data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(places(base)))
    name = data.draw(st.none() | st.sampled_from(["", "NAME", "name", "x", "Tilt", "count", "\0", "\ud800"]))
    body = json.dumps(changed(base, path, data.draw(st.sampled_from(ODD)), name)).encode()
    try:
        members = read_json(body)
        assert isinstance(members, Members)
        draft, _ = draft_of(unwrapped(members))
    except Refusal as refusal:
        assert refusal.status == 400 and refusal.faults
        assert all(fault.message and fault.code for fault in refusal.faults)
        return
    again, _ = draft_of(read_json(json.dumps(facts_json(draft)).encode()))
    assert again == draft


KNOWN = {200, 201, 202, 204, 304, 400, 404, 406, 409, 412, 413, 415, 422}
BODIES = [
    b"", b"{", b"[]", b"{}", b"5", b"null", b"\xff", json.dumps(RICH).encode(), b'{"resourceIds":[5]}',
    b'{"name":"F","resourceIds":["x"]}', b"a,b\n1,2", b'{"weatherDataOptions":5,"resourceIds":["x"]}',
]  # fmt: skip
QUERIES = [
    "", "x=1", "limit=0", "limit=9&cursor=abc", "startTime=2025-06-21&endTime=2025-06-22", "type=clearSky",
    "startTime=2025-06-21&endTime=2025-06-22&type=clearSky&outputFields=,", "bbox=1,2", "bbox=nan,0,0,0", "view=ids",
    "view=resolved", "%FF", "a=%00", "source=x&format=tmy3", "format=csv", "asOf=9999-12-31", "atomic=maybe",
    "startTime=0001-01-01&endTime=9999-12-31", "updatedSince=0001-01-01T00:00:00%2B14:00",
]  # fmt: skip
KEYS = ["00000000-0000-4000-8000-00000000ffff", "x", "%00", "é", "a" * 300, "default"]


@pytest.mark.parametrize("route", [r for r in ROUTES if not r.is_open], ids=lambda r: f"{r.method} {r.path}")
async def test_no_call_is_answered_with_a_fault_of_ours(route: Any, tmp_path: Path) -> None:
    engine = await open_engine(f"sqlite:///{tmp_path}/fleetline.db")
    await migrate(engine)
    client = await world_over(engine, tmp_path).client()
    made = await client.made(plain())
    fleet = (await client.post("/v1/fleets", {"name": "F", "resourceIds": [made]})).json()["fleetId"]
    medias = [media.strip().replace("*/*", "text/csv") for media in route.body_media.split(",")]
    for key in (made, fleet, *KEYS):
        path = "/".join(quote(key, safe="%") if part.startswith("{") else part for part in route.path.split("/"))
        for query in QUERIES if key == made else QUERIES[:2]:
            await check(client, route.method, f"{path}?{query}", b"", medias[0])
        if route.method in ("POST", "PUT", "PATCH"):
            for body in BODIES if key in (made, fleet) else BODIES[:2]:
                for media in medias:
                    await check(client, route.method, path, body, media)
        if "{" not in route.path:
            break
    await engine.close()


async def check(client: Client, method: str, target: str, body: bytes, media: str) -> None:
    answer = await client.send(method, target, body, media=media)
    assert answer.status in KNOWN, (method, target, body, answer.text)
    if answer.status in (400, 409, 422):
        found = answer.json()
        assert found["message"] and found["errors"], (method, target, body)


def test_every_route_says_what_it_answers() -> None:
    for route in ROUTES:
        assert route.summary and route.tag and route.answers, route.path
        assert any(answer.status < 300 for answer in route.answers), route.path


async def test_the_description_for_programs_names_every_route(owner: Client) -> None:
    from fleetline.api.dialects.fleetview import DIALECT
    from fleetline.api.openapi import openapi

    found = openapi(DIALECT, base_url="http://fleet.example", version="1")
    json.dumps(found)
    assert {(path, method) for path, item in found["paths"].items() for method in item} == {
        (route.path, route.method.lower()) for route in ROUTES
    }
