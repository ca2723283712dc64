"""What our own API says to calls that cannot be, and what holds when many call at once."""

import asyncio
from typing import Any

import pytest

from tests.api.own_kit import JSON, Installation, Person


@pytest.mark.parametrize(
    ("body", "status", "code", "path"),
    [
        (b"", 400, "json", None),
        (b"[", 400, "json", None),
        (b"\xff\xfe", 400, "json", None),
        (b"{}", 422, "invalid", "body"),
        (b"[1]", 422, "invalid", "[0]"),
        (b'[{"external_id":"A"}]', 422, "invalid", "[0]"),
        (b'[{"external_id":"A","name":5}]', 422, "invalid", "[0].name"),
        (b'[{"external_id":"A","name":"A","colour":"red"}]', 422, "invalid", "[0]"),
        (b'[{"external_id":"A","name":"A","group_ids":[0]}]', 422, "invalid", "[0].group_ids[0]"),
        (b"[" * 20_000 + b"]" * 20_000, 422, "invalid", "[0]"),
        (b'[{"external_id":"\\ud800","name":"A"}]', 400, "json", None),
    ],
)
async def test_a_body_that_cannot_be_is_refused_where_it_is_wrong(
    boss: Person, body: bytes, status: int, code: str, path: str | None
) -> None:
    answer = await boss.call("POST", "/vehicles", body)
    problem = answer.json()
    assert (answer.status, problem["code"]) == (status, code), answer.text
    assert answer.header("content-type") == "application/problem+json"
    assert problem["request_id"] == answer.header("x-request-id")
    assert [fault["path"] for fault in problem["errors"]] == ([] if path is None else [path])
    assert (await boss.get("/vehicles"))["items"] == []


@pytest.mark.parametrize(
    ("name", "field"), [("", "name"), ("  ", "name"), ("a\0b", "name"), ("x" * 256, "name"), ("x\n", "name")]
)
async def test_a_name_that_cannot_be_kept_costs_only_its_own_item(boss: Person, name: str, field: str) -> None:
    done = await boss.do("POST", "/vehicles", [{"external_id": "A", "name": name}, {"external_id": "B", "name": "B"}])
    assert [outcome["outcome"] for outcome in done["outcomes"]] == ["refused", "added"]
    assert done["outcomes"][0]["field"] == field


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=1000001", "limit=x", "limit=1&limit=2", "sort=age", "q=", "q=%00", "id=0"]
)
async def test_a_query_that_cannot_be_is_refused_by_name(boss: Person, query: str) -> None:
    answer = await boss.call("GET", f"/vehicles?{query}")
    assert (answer.status, answer.json()["errors"][0]["path"]) == (422, query.split("=")[0])


async def test_bodies_are_limited_each_to_what_its_route_needs(boss: Person) -> None:
    small = await boss.call("PATCH", "/me", b" " * 1_048_577)
    assert (small.status, small.json()["code"]) == (413, "too_large")
    many = await boss.call("POST", "/vehicles", [{"external_id": "A", "name": "A"}] * 100_001)
    assert (many.status, many.json()["errors"]) == (
        422, [{"path": "body", "reason": "must have at most 100000 items"}],
    )  # fmt: skip


async def test_other_content_types_and_methods_are_named(boss: Person) -> None:
    form = await boss.call("POST", "/vehicles", b"a=b", [("content-type", "application/x-www-form-urlencoded")])
    assert (form.status, form.json()["code"]) == (415, "media_type")
    wrong = await boss.call("PUT", "/vehicles")
    assert (wrong.status, wrong.header("allow")) == (405, "GET, HEAD, POST, PATCH, DELETE")
    assert (await boss.call("GET", "/nothing")).json()["code"] == "no_route"
    assert (await boss.call("HEAD", "/vehicles")).body == b""


@pytest.mark.parametrize("number", ["0", "-1", "x", "99999999999999999999", "%F0%9F%9A%97", "1e3"])
async def test_what_is_no_id_names_nothing(boss: Person, number: str) -> None:
    assert (await boss.call("GET", f"/vehicles/{number}")).status == 404


async def test_sixteen_writers_of_the_same_vehicles_make_each_once(here: Installation, boss: Person) -> None:
    items = [{"external_id": f"V{number}", "name": f"V{number}"} for number in range(20)]
    answers = await asyncio.gather(*(boss.call("POST", "/vehicles", items) for _ in range(16)))
    assert {answer.status for answer in answers} == {200}
    added = [outcome for answer in answers for outcome in answer.json()["outcomes"] if outcome["outcome"] == "added"]
    assert len(added) == 20
    assert len({outcome["id"] for outcome in added}) == 20
    assert len((await boss.get("/vehicles"))["items"]) == 20


async def test_sixteen_swaps_of_two_names_leave_two_names(boss: Person) -> None:
    one, two = await boss.add_vehicles("V1", "V2")

    async def swap(turn: int) -> Any:
        names = ("A", "B") if turn % 2 else ("B", "A")
        return await boss.call("PATCH", "/vehicles", [{"id": one, "name": names[0]}, {"id": two, "name": names[1]}])

    answers = await asyncio.gather(*(swap(turn) for turn in range(16)))
    assert {answer.status for answer in answers} == {200}
    assert {v["name"] for v in (await boss.get("/vehicles"))["items"]} == {"A", "B"}


async def test_a_repeat_that_comes_while_the_first_is_under_way_is_told_so(here: Installation, boss: Person) -> None:
    key = ("idempotency-key", "k")
    items = [{"external_id": "V", "name": "V"}]
    answers = await asyncio.gather(*(boss.call("POST", "/vehicles", items, [key]) for _ in range(8)))
    done = [answer for answer in answers if answer.status == 200]
    assert all(answer.json()["code"] == "key_reused" for answer in answers if answer not in done)
    assert {answer.json()["done"] for answer in done} == {1}
    assert sum(answer.header("idempotency-replayed") is None for answer in done) == 1


async def test_a_call_that_broke_off_under_a_key_is_never_done_twice(here: Installation, boss: Person) -> None:
    async with here.core.store.write() as tx:
        await tx.own.begin_repeat(boss.account_id, f"{boss.user_id}/k", "of another process", here.clock.ms)
    key = ("idempotency-key", "k")
    other = await boss.call("POST", "/vehicles", [{"external_id": "V", "name": "V"}], [key])
    assert other.status == 409
    assert (await boss.get("/vehicles"))["items"] == []


async def test_answers_that_hold_what_somebody_may_see_are_kept_by_nobody(boss: Person) -> None:
    for path in ("/session", "/vehicles", "/credentials", "/users", "/live"):
        assert (await boss.call("GET", path)).header("cache-control") == "no-store", path


async def test_the_same_path_with_a_slash_at_the_end_is_the_same(here: Installation, boss: Person) -> None:
    answer = await here.caller.call("GET", "/api/v1/status/", headers=[JSON])
    assert answer.status == 200
