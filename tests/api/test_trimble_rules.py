"""The rules of the assets API that no recording shows: spelling, order of checks, pages, isolation, bad input."""

from pathlib import Path
from typing import Any

import pytest

from fleetline.model.limits import Plan
from fleetline.stores.engine import Engine
from tests.api.trimble_kit import BASE, Assets, assets_over, faulty, listed, set_state, vehicles
from tests.kit import CountedIds, HandClock
from tests.registry_kit import OWN


@pytest.fixture
async def assets(engine: Engine, clock: HandClock, ids: CountedIds, tmp_path: Path) -> Assets:
    return await assets_over(engine, clock, ids, tmp_path, public_url="https://fleet.example")


async def test_paths_query_names_and_keys_match_in_any_case(assets: Assets) -> None:
    answer = await assets.call("POST", "/VEHICLES/", [{"VEHICLEID": "a", "NAME": "A", "name": "B", "colour": {}}])
    assert answer.json()["data"][0]["Name"] == "B"
    for target in ("/Vehicles?OFFSET=0&Limit=1&x=1&x=2&offset=", "/vehicles/?SortExpression=NAME&sortdirection=Desc"):
        assert await listed(assets, target) == ["a"]
    assert (await assets.caller.call("GET", "/API/Assets/V1/vehicles")).status == 401
    assert await faulty(assets, "GET", "/vehicles?limit=1&Limit=1") == (400, "limit is sent more than once")
    assert await faulty(assets, "GET", "/vehicles//") == (404, "No such endpoint")


BAD_QUERIES = [
    ("offset=-1", "offset must be a whole number from 0 to 2147483647"),
    ("offset=2147483648", "offset must be a whole number from 0 to 2147483647"),
    ("offset=1.0", "offset must be a whole number from 0 to 2147483647"),
    ("offset=%D9%A1", "offset must be a whole number from 0 to 2147483647"),
    ("limit=+5", "limit must be a whole number from 1 to 5000"),
    ("limit=1000000", "limit must be a whole number from 1 to 5000"),
    ("sortExpression=modifiedOn", "sortExpression must be vehicleId or vehicleName"),
    ("sortDirection=down", "sortDirection must be ASC or DESC"),
]


async def test_a_bad_query_value_is_named(assets: Assets) -> None:
    for query, message in BAD_QUERIES:
        assert await faulty(assets, "GET", f"/vehicles?{query}") == (400, message)


BAD_BODIES: list[tuple[str | bytes, str]] = [
        ("", "Request body is not valid JSON"),
        ("[", "Request body is not valid JSON"),
        (b"\xff[]", "Request body is not valid JSON"),
        (b'["\xff"]', "Request body is not valid JSON"),
        ("[" * 100_000, "Request body is not valid JSON"),
        ('[{"a":' * 5000, "Request body is not valid JSON"),
        ("[NaN]", "Request body is not valid JSON"),
        ('"x"', "Request body must be a JSON array"),
        ("[1]", "Item 1 is not an object"),
        ('[{"vehicleId":"a","Name":"A"},null]', "Item 2 is not an object"),
        ('[{"Name":"A"}]', "Item 1: vehicleId is required"),
        ('[{"vehicleId":null,"Name":"A"}]', "Item 1: vehicleId is required"),
        ('[{"vehicleId":"a"}]', "Item 1: Name is required"),
        ('[{"vehicleId":"a","Name":["A"]}]', "Item 1: Name is not text"),
        ('[{"vehicleId":1.0,"Name":"A"}]', "Item 1: vehicleId is not text"),
        ('[{"vehicleId":1e3,"Name":"A"}]', "Item 1: vehicleId is not text"),
        ('[{"vehicleId":1234567890123456789,"Name":"A"}]', "Item 1: vehicleId is not text"),
        ('[{"vehicleId":123456789012345678901234567890,"Name":"A"}]', "Item 1: vehicleId is not text"),
        ('[{"vehicleId":" ","Name":"A"}]', "Item 1: vehicleId is blank"),
        ('[{"vehicleId":"a","Name":""}]', "Item 1: Name is blank"),
        ('[{"vehicleId":"%s","Name":"A"}]' % ("a" * 256), "Item 1: vehicleId is longer than 255 characters"),
        ('[{"vehicleId":"a\\u0000","Name":"A"}]', 'Item 1: vehicleId contains a character that is not allowed: "\0"'),
        ('[{"vehicleId":"a","Name":"ü"}]', 'Item 1: Name contains a character that is not allowed: "ü"'),
    ]  # fmt: skip


async def test_a_bad_body_is_refused_whole_and_nothing_is_half_written(assets: Assets) -> None:
    for body, message in BAD_BODIES:
        assert await faulty(assets, "POST", "/vehicles", body) == (400, message)
    assert await listed(assets) == []


async def test_a_lone_surrogate_is_no_json_or_no_name(assets: Assets) -> None:
    status, _ = await faulty(assets, "POST", "/vehicles", '[{"vehicleId":"\\ud800","Name":"A"}]')
    assert status == 400


async def test_numbers_of_eighteen_digits_are_text_and_a_byte_order_mark_is_skipped(assets: Assets) -> None:
    body = b'\xef\xbb\xbf[{"vehicleId":123456789012345678,"Name":-7}]'
    record = (await assets.call("POST", "/vehicles", body)).json()["data"][0]
    assert (record["VehicleId"], record["Name"]) == ("123456789012345678", "-7")


async def test_checks_run_in_their_order(assets: Assets) -> None:
    large = b"[" + b" " * 2_000_000
    assert await faulty(assets, "POST", "/nothing", large, token=None) == (404, "No such endpoint")
    assert await faulty(assets, "PATCH", "/vehicles", large, token=None) == (405, "Method not allowed")
    answer = await assets.call("PATCH", "/vehicles", token=None)
    assert answer.header("allow") == "POST, PUT, GET, HEAD, DELETE"
    assert await faulty(assets, "POST", "/vehicles", large, token=None) == (401, "Missing, invalid or expired token")
    level = "Token does not have account level access"
    assert await faulty(assets, "POST", "/vehicles", large, token="partner") == (400, level)
    zipped = [("content-encoding", "gzip")]
    too_large = (413, "Request body is larger than 1048576 bytes")
    assert await faulty(assets, "POST", "/vehicles", large, headers=zipped) == too_large
    assert await faulty(assets, "POST", "/vehicles", b"[", headers=zipped) == (415, "Content-Encoding is not supported")
    assert await faulty(assets, "POST", "/vehicles", large) == too_large
    body = [{"vehicleId": "a"}] * 51
    assert (await faulty(assets, "POST", "/vehicles", body))[1].startswith("A maximum of 50 records")
    assert (await faulty(assets, "PUT", "/vehicles", [{}] * 1001))[1].startswith("A maximum of 1000 records")


async def test_a_chunked_body_is_cut_off_and_a_refused_call_closes_the_connection(assets: Assets) -> None:
    token = [("authorization", f"bearer {await assets.token('own')}")]
    chunks = [b" " * 65_536] * 20
    answer = await assets.caller.call("POST", f"{BASE}/vehicles", chunks, token, announce=False)
    assert (answer.status, answer.header("connection")) == (413, "close")
    answer = await assets.caller.call("POST", f"{BASE}/vehicles", chunks, announce=False)
    assert (answer.status, answer.header("connection")) == (401, "close")


NO_TOKENS = ["", "bearer", "bearer ", "Basic abc", "bearer a.b.c", "bearer \xff", "token x"]


async def test_whatever_is_no_token_is_answered_alike(assets: Assets) -> None:
    for header in NO_TOKENS:
        answer = await assets.call("GET", "/vehicles?token=x", token=None, headers=[("authorization", header)])
        assert (answer.status, answer.header("www-authenticate")) == (401, "Bearer")
        assert answer.json() == {"message": "Missing, invalid or expired token", "code": 401}


async def test_the_word_bearer_matches_in_any_case_and_a_revoked_key_ends_its_tokens(assets: Assets) -> None:
    token = await assets.token("own")
    answer = await assets.call("GET", "/vehicles", token=None, headers=[("authorization", f"BEARER  {token}")])
    assert answer.status == 200
    await assets.core.credentials.revoke("cred_direct")
    assert (await assets.call("GET", "/vehicles")).status == 401
    assert (await assets.call("POST", "/accounts/authenticate", {"apiKey": "k-direct"}, token=None)).status == 400


async def test_a_token_works_until_it_expires(assets: Assets, clock: HandClock) -> None:
    await assets.token("own")
    clock.move(3599)
    assert (await assets.call("GET", "/vehicles")).status == 200
    clock.move(61)
    assert (await assets.call("GET", "/vehicles")).status == 401


KEYS: list[tuple[dict[str, Any], int]] = [
    ({"APIKEY": "k-direct", "AccountId": OWN}, 200),
    ({"apiKey": "k-direct", "accountId": ""}, 200),
    ({"apiKey": "k-direct", "accountId": None}, 200),
    ({"apiKey": "k-direct", "accountId": "FLTACC1"}, 400),
    ({"apiKey": "k-direct", "accountId": 7}, 400),
    ({"apiKey": ["k-direct"]}, 400),
    ({"apiKey": None}, 400),
    ({"apiKey": "k-partner", "accountId": OWN}, 400),
    ({"apiKey": "k-partner", "accountId": "fltacc1"}, 400),
    ({"apiKey": "\x00", "accountId": "\x00"}, 400),
    ({"apiKey": "k-partner", "accountId": "\x00"}, 400),
]


async def test_a_key_opens_its_own_accounts_only(assets: Assets, clock: HandClock) -> None:
    for body, status in KEYS:
        clock.move(60)
        answer = await assets.call("POST", "/accounts/authenticate", body, token=None, headers=[("authorization", "x")])
        assert answer.status == status, body
        if status == 400:
            assert answer.json() == {"message": "Invalid apiKey value or alias sent", "code": 400}
        else:
            assert list(answer.json()) == ["token", "expires"]


async def test_failures_are_slowed_down_and_a_right_key_still_works(assets: Assets) -> None:
    for _ in range(10):
        assert (await faulty(assets, "POST", "/accounts/authenticate", {"apiKey": "no"}, token=None))[0] == 400
    answer = await assets.call("POST", "/accounts/authenticate", {"apiKey": "no"}, token=None)
    assert (answer.status, answer.json()["message"]) == (429, "Too many requests")
    assert answer.header("retry-after") == "60"
    assert (await assets.call("POST", "/accounts/authenticate", {"apiKey": "k-direct"}, token=None)).status == 200


async def test_a_plan_may_set_a_rate(engine: Engine, clock: HandClock, ids: CountedIds, tmp_path: Path) -> None:
    plans = {"slow": Plan("slow", assets_rate_per_s=1, assets_burst=2)}
    assets = await assets_over(engine, clock, ids, tmp_path, plans=plans)
    await assets.core.accounts.set_plan(OWN, "slow")
    assert [(await assets.call("GET", "/vehicles")).status for _ in range(3)] == [200, 200, 429]
    answer = await assets.call("GET", "/vehicles")
    assert answer.json() == {"message": "Too many requests", "code": 429}
    assert answer.header("retry-after") == "1"


async def test_reasons_are_counted_in_a_header_and_named_in_the_log(assets: Assets) -> None:
    await assets.call("POST", "/vehicles", vehicles("1:One", "2:Two"))
    body = vehicles("1:x", "3:Two", "4:one", "1:TWO", "5:Five")
    answer = await assets.call("POST", "/vehicles", body)
    assert answer.header("fleetline-refused") == "id=2; name=2"
    assert answer.json()["error"]["duplicate_ids"] == ["1", "3", "4"]
    assert [record["VehicleId"] for record in answer.json()["data"]] == ["5"]
    assert assets.entries[-1].scope == "1: id; 2: name; 3: name; 4: id"
    assert (assets.entries[-1].status, assets.entries[-1].error) == (200, "-12")
    assert "authenticate" in assets.entries[0].action
    assert not any(secret in str(entry) for entry in assets.entries for secret in ("k-direct", assets.tokens["own"]))


async def test_unknown_and_refused_items_of_a_rename_are_both_told(assets: Assets) -> None:
    await assets.call("POST", "/vehicles", vehicles("a:A", "b:B"))
    answer = await assets.call("PUT", "/vehicles", vehicles("zz:x", "a:B", "ZZ:y", "b:B", "q:q"))
    assert answer.json() == {
        "error": {
            "message": "The request finished without updating non-existent vehicleIds",
            "code": -11,
            "ids_not_found": ["zz", "q"],
            "duplicate_ids": ["a"],
        },
        "data": [{"Id": 1000000002, "Name": "B", "VehicleId": "b", "ModifiedOn": "2026-03-10T12:00:00"}],
    }
    assert list(answer.json()["error"]) == ["message", "code", "ids_not_found", "duplicate_ids"]


async def test_a_client_can_send_back_what_it_read_whatever_stands_in_it(assets: Assets, engine: Engine) -> None:
    state = {"vehicles": [{"account": "own", "id": 1, "external_id": "a/ü", "name": "N/ü"}]}
    await set_state(engine, state)
    assert (await assets.call("PUT", "/vehicles", vehicles("A/Ü:N/ü"))).json()["data"][0]["VehicleId"] == "a/ü"
    assert (await assets.call("POST", "/vehicles", vehicles("a/ü:N/ü"))).json()["error"]["code"] == -12
    assert await faulty(assets, "PUT", "/vehicles", vehicles("a/ü:n/ü")) == (
        400, 'Item 1: Name contains a character that is not allowed: "/"',
    )  # fmt: skip
    assert (await assets.call("DELETE", "/vehicles?vehicleId=A%2F%C3%BC")).status == 200


LINKS = [
    (0, 0, (0, None, None, None)), (0, 20, (0, None, 0, None)), (1, 0, (1, None, None, None)),
    (20, 0, (20, None, None, None)), (20, 20, (0, None, 0, None)), (45, 0, (20, 20, None, 40)),
    (45, 10, (20, 30, 0, 40)), (45, 20, (20, 40, 0, 40)), (45, 40, (5, None, 20, 40)), (45, 60, (0, None, 40, 40)),
]  # fmt: skip
"""Vehicles there are, offset, (rows, next, previous, last)."""


async def test_every_row_of_the_table_of_links(assets: Assets, engine: Engine) -> None:
    start, there = "https://fleet.example/api/assets/v1/vehicles?offset=", 0
    for size, offset, expected in LINKS:
        new = [{"account": "own", "id": i + 1, "external_id": f"v{i}", "name": f"N{i}"} for i in range(there, size)]
        await set_state(engine, {"vehicles": new})
        there = size
        answer = await assets.call("GET", f"/vehicles?offset={offset}")
        page = answer.json()
        places = [
            int(page[name]["href"].removeprefix(start).removesuffix("&limit=20")) if name in page else None
            for name in ("next", "previous", "last", "first")
        ]
        assert (len(page["data"]), *places) == (*expected, 0)
        assert (page["size"], page["limit"], page["offset"]) == (size, 20, offset)
        assert answer.header("fleetline-registry-version") == "0"


async def test_following_next_visits_every_vehicle_once(assets: Assets, engine: Engine) -> None:
    entries = [{"account": "own", "id": i + 1, "external_id": f"v{i}", "name": f"N{i % 9}-{i}"} for i in range(60)]
    await set_state(engine, {"vehicles": entries})
    target: str | None = "/vehicles?limit=7&sortExpression=name&sortDirection=desc"
    seen: list[int] = []
    while target:
        page = (await assets.call("GET", target)).json()
        seen += [record["id"] for record in page["data"]]
        target = page.get("next", {}).get("href", "").removeprefix("https://fleet.example" + BASE) or None
    assert len(seen) == len(set(seen)) == 60
    page = (await assets.call("GET", "/vehicles?limit=60")).json()
    assert seen == [record["id"] for record in page["data"]][::-1]


async def test_without_a_public_url_links_name_the_host_that_was_called(
    engine: Engine, clock: HandClock, ids: CountedIds, tmp_path: Path
) -> None:
    assets = await assets_over(engine, clock, ids, tmp_path)
    headers = [("host", "other.example:8443"), ("x-forwarded-host", "evil.example"), ("forwarded", "host=evil.example")]
    page = (await assets.call("GET", "/drivergroups?x=%C3%A4&sortExpression=DRIVERGROUPID", headers=headers)).json()
    start = "http://other.example:8443/api/assets/v1/drivergroups?"
    assert page["href"] == f"{start}x=%C3%A4&sortExpression=DRIVERGROUPID"
    assert page["first"]["href"] == f"{start}offset=0&limit=20&sortExpression=driverGroupId"
