"""Keys and client credentials become tokens, tokens are renewed and ended, in the words of OAuth 2.0."""

import base64
import warnings
from typing import Any
from urllib.parse import quote_plus

import httpx
import pytest

from tests.api.calls import Answer, Caller
from tests.api.fleetview.kit import Client, World, plain

JSON = ("content-type", "application/json")
REALM = 'Basic realm="fleetview"'


@pytest.fixture
async def client(world: World) -> Client:
    return await world.client(plan="unlimited", sign_in=False)


def refused(answer: Answer, status: int, error: str, description: str) -> None:
    assert (answer.status, answer.json()) == (status, {"error": error, "error_description": description})
    assert answer.header("cache-control") == "no-store"
    assert answer.header("www-authenticate") == (REALM if status == 401 else None)


async def post(client: Client, path: str, fields: dict[str, str], *headers: tuple[str, str]) -> Answer:
    return await client.caller.form(path, fields, [("x-api-key", client.key), *headers])


def pair(client: Client) -> dict[str, str]:
    return {"client_id": client.client_id, "client_secret": client.secret}


async def works(client: Client, token: str) -> bool:
    answer = await client.caller.get("/v1/fleets", [("x-api-key", client.key), ("authorization", f"Bearer {token}")])
    return answer.status == 200


async def test_the_golden_exchange_rotation_and_reuse(world: World, client: Client) -> None:
    world.ids.secrets = ["RT1", "AT1", "RT2", "AT2"]
    first = await post(client, "/token", {"grant_type": "client_credentials", **pair(client)})
    assert first.status == 200
    assert first.json() == {
        "access_token": "AT1", "token_type": "Bearer", "expires_in": 3600, "refresh_token": "RT1",
    }  # fmt: skip
    assert (first.header("cache-control"), first.header("pragma")) == ("no-store", "no-cache")
    second = await client.caller.call("POST", "/refresh", b'{"refreshToken":"RT1"}', [("x-api-key", client.key), JSON])
    assert second.json() == {
        "access_token": "AT2", "token_type": "Bearer", "expires_in": 3600, "refresh_token": "RT2",
    }  # fmt: skip
    assert await works(client, "AT1") and await works(client, "AT2")
    world.clock.move(11)
    refused(await post(client, "/refresh", {"refresh_token": "RT1"}), 400, "invalid_grant",
            "The refresh token is not valid.")  # fmt: skip
    assert not await works(client, "AT1") and not await works(client, "AT2")
    refused(await post(client, "/refresh", {"refresh_token": "RT2"}), 400, "invalid_grant",
            "The refresh token is not valid.")  # fmt: skip


async def test_a_lost_reply_can_be_asked_for_again_within_ten_seconds(world: World, client: Client) -> None:
    first = (await post(client, "/token", pair(client))).json()["refresh_token"]
    assert (await post(client, "/refresh", {"refresh_token": first})).status == 200
    world.clock.move(10)
    again = await post(client, "/refresh", {"refresh_token": first})
    assert again.status == 200
    used = await post(client, "/refresh", {"refresh_token": again.json()["refresh_token"]})
    assert used.status == 200
    assert (await post(client, "/refresh", {"refresh_token": first})).status == 400
    assert not await works(client, used.json()["access_token"])


async def test_credentials_come_in_every_way_the_standard_has(client: Client) -> None:
    basic = base64.b64encode(f"{quote_plus(client.client_id)}:{quote_plus(client.secret)}".encode()).decode()
    forms: list[tuple[dict[str, str], list[tuple[str, str]]]] = [
        ({"clientId": client.client_id, "CLIENTSECRET": client.secret, "grantType": "client_credentials"}, []),
        ({**pair(client), "scope": "anything", "colour": "blue", "colour2": ""}, []),
        ({}, [("authorization", f"Basic {basic}")]),
        ({"grant_type": "client_credentials"}, [("authorization", f"basic {basic}")]),
        ({"grant_type": "", **pair(client)}, []),
    ]
    for fields, headers in forms:
        assert (await post(client, "/token", fields, *headers)).status == 200, fields
    body = f'{{"clientId":"{client.client_id}","clientSecret":"{client.secret}","scope":null,"x":{{"client_id":1}}}}'
    answer = await client.caller.call("POST", "/Token/", body.encode(), [("X-Api-Key", client.key), JSON])
    assert answer.status == 200


async def test_every_refusal_of_a_token_has_its_documented_words(client: Client, world: World) -> None:
    other = await world.client("Other", sign_in=False)
    basic = "Basic " + base64.b64encode(f"{client.client_id}:{client.secret}".encode()).decode()
    call = client.caller.call
    refused(await call("POST", "/token"), 401, "invalid_client", "The X-Api-Key header is missing.")
    refused(await call("POST", "/token", headers=[("x-api-key", "nope")]), 401, "invalid_client",
            "The API key is not valid.")  # fmt: skip
    missing = "Client authentication is missing."
    wrong = "The client credentials are not valid."
    for fields in ({}, {"client_id": client.client_id}, {"client_secret": client.secret}):
        refused(await post(client, "/token", fields), 401, "invalid_client", missing)
    for fields in (
        {**pair(client), "client_id": "nobody"}, {**pair(client), "client_secret": "wrong"}, pair(other),
    ):  # fmt: skip
        refused(await post(client, "/token", fields), 401, "invalid_client", wrong)
    for header in ("Basic !", "Basic " + base64.b64encode(b"no colon").decode()):
        refused(await post(client, "/token", {}, ("authorization", header)), 401, "invalid_client", wrong)
    refused(await post(client, "/token", pair(client), ("authorization", basic)), 400, "invalid_request",
            "Send the client credentials once.")  # fmt: skip
    refused(await post(client, "/token", {**pair(client), "grant_type": "password"}), 400,
            "unsupported_grant_type", "grant_type must be client_credentials.")  # fmt: skip
    refused(await post(client, "/refresh", {"refresh_token": "x", "grant_type": "password"}), 400,
            "unsupported_grant_type", "grant_type must be refresh_token.")  # fmt: skip
    refused(await post(client, "/refresh", {}), 400, "invalid_request", "The parameter refresh_token is missing.")
    refused(await post(client, "/revoke", {}), 400, "invalid_request", "The parameter token is missing.")
    refused(await post(client, "/refresh", {"refresh_token": "x"}), 400, "invalid_grant",
            "The refresh token is not valid.")  # fmt: skip
    for path in ("/refresh", "/revoke"):
        fields = {"refresh_token": "x", "token": "x", **pair(client), "client_secret": "wrong"}
        refused(await post(client, path, fields), 401, "invalid_client", wrong)


async def test_a_body_that_cannot_be_read_is_told_so(client: Client) -> None:
    key = ("x-api-key", client.key)
    form = ("content-type", "application/x-www-form-urlencoded")
    for body, kind in ((b"{", JSON), (b"[]", JSON), (b'{"client_id":5}', JSON), (b"client_id=%FF", form),
                       (b"\xff=1", form)):  # fmt: skip
        refused(await client.caller.call("POST", "/token", body, [key, kind]), 400, "invalid_request",
                "The body could not be read.")  # fmt: skip
    for body, kind, name in (
        (b"client_id=a&client_id=b", form, "client_id"), (b"client_id=a&clientId=b", form, "clientId"),
        (b"colour=a&colour=b", form, "colour"), (b'{"client_id":"a","client_id":"b"}', JSON, "client_id"),
    ):  # fmt: skip
        refused(await client.caller.call("POST", "/token", body, [key, kind]), 400, "invalid_request",
                f"The parameter {name} is repeated.")  # fmt: skip
    text = await client.caller.call("POST", "/token", b"a", [key, ("content-type", "text/plain")])
    assert (text.status, text.json()["statusCode"]) == (415, "UnsupportedMediaType")
    wrong = await client.caller.call("GET", "/token", headers=[key])
    assert (wrong.status, wrong.header("allow")) == (405, "POST, OPTIONS")
    secret = await client.caller.call("POST", "/token?client_secret=x", b"", [key])
    refused(secret, 400, "invalid_request", "client_secret must not stand in the query string.")


async def test_tokens_live_to_the_second(client: Client, world: World) -> None:
    first = (await post(client, "/token", pair(client))).json()
    world.clock.move(3599)
    assert await works(client, first["access_token"])
    world.clock.move(1)
    expired = await client.caller.get(
        "/v1/fleets", [("x-api-key", client.key), ("authorization", f"Bearer {first['access_token']}")]
    )
    assert (expired.status, expired.json()["message"]) == (401, "The access token has expired.")
    assert expired.header("www-authenticate") == 'Bearer realm="fleetview", error="invalid_token"'
    world.clock.move(2_592_000 - 3600)
    assert (await post(client, "/refresh", {"refresh_token": first["refresh_token"]})).status == 400
    token = (await post(client, "/token", pair(client))).json()["refresh_token"]
    for _ in range(3):
        world.clock.move(2_591_999)
        answer = await post(client, "/refresh", {"refresh_token": token})
        token = answer.json().get("refresh_token", "")
        if answer.status == 400:
            break
    world.clock.ms = world.clock.ms // 1000 * 1000
    assert answer.status == 200
    world.clock.move(7_776_000 - 3 * 2_591_999)
    assert (await post(client, "/refresh", {"refresh_token": token})).status == 400


async def test_revoking_ends_a_token_or_a_family_and_never_tells_which_exist(client: Client, world: World) -> None:
    other = await world.client("Other", sign_in=False)
    first = (await post(client, "/token", pair(client))).json()
    second = (await post(client, "/token", pair(client))).json()
    for token in (first["access_token"], "unknown", first["access_token"]):
        answer = await post(client, "/revoke", {"token": token, "token_type_hint": "anything", **pair(client)})
        assert (answer.status, answer.body) == (200, b"")
    assert not await works(client, first["access_token"])
    assert (await post(client, "/refresh", {"refresh_token": first["refresh_token"]})).status == 200
    foreign = await other.caller.form("/revoke", {"token": second["refresh_token"]}, [("x-api-key", other.key)])
    assert (foreign.status, foreign.body) == (200, b"")
    assert await works(client, second["access_token"])
    assert (await post(client, "/revoke", {"token": second["refresh_token"]})).status == 200
    assert not await works(client, second["access_token"])
    assert (await post(client, "/refresh", {"refresh_token": second["refresh_token"]})).status == 400


async def test_every_call_needs_a_key_and_a_token_made_for_it(client: Client, world: World) -> None:
    other = await world.client("Other")
    await client.sign_in()
    call = client.caller.get
    key, token = ("x-api-key", client.key), ("authorization", f"Bearer {client.token}")
    cases: list[tuple[list[tuple[str, str]], str, str]] = [
        ([], "The X-Api-Key header is missing.", 'ApiKey realm="fleetview"'),
        ([token], "The X-Api-Key header is missing.", 'ApiKey realm="fleetview"'),
        ([("x-api-key", client.token), token], "The API key is not valid.", 'ApiKey realm="fleetview"'),
        ([key], "An access token is needed.", 'Bearer realm="fleetview"'),
        ([key, ("authorization", "Basic YTpi")], "An access token is needed.", 'Bearer realm="fleetview"'),
        ([key, ("authorization", "Bearer nope")], "The access token is not valid.",
         'Bearer realm="fleetview", error="invalid_token"'),
        ([("x-api-key", other.key), token], "The access token is not valid.",
         'Bearer realm="fleetview", error="invalid_token"'),
    ]  # fmt: skip
    for headers, message, challenge in cases:
        for path in ("/v1/fleets", "/v1/nowhere"):
            answer = await call(path, headers)
            assert (answer.status, answer.json()) == (401, {"statusCode": "Unauthorized", "message": message})
            assert answer.header("www-authenticate") == challenge
    assert (await call("/v1/nowhere", [key, token])).status == 404
    assert (await call("/v1/fleets", [key, ("authorization", f"bearer {client.token}")])).status == 200


async def test_a_standard_oauth_client_gets_its_token_and_uses_it(world: World, client: Client) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the library announces changes of its own that do not concern this use
        from authlib.integrations.httpx_client import AsyncOAuth2Client

    transport = httpx.ASGITransport(app=world.pipeline)
    for method in ("client_secret_basic", "client_secret_post"):
        async with AsyncOAuth2Client(
            client.client_id, client.secret, token_endpoint="http://fleet.example/token",
            token_endpoint_auth_method=method, grant_type="client_credentials", transport=transport,
            headers={"X-Api-Key": client.key},
        ) as oauth:  # fmt: skip
            token = await oauth.fetch_token("http://fleet.example/token")
            assert token["token_type"] == "Bearer"
            made = await oauth.post("http://fleet.example/v1/resources", json=plain())
            assert made.status_code == 201
            renewed = await oauth.refresh_token("http://fleet.example/refresh", token["refresh_token"])
            assert renewed["access_token"] != token["access_token"]
            assert (await oauth.get("http://fleet.example/v1/resources")).json()["items"]
            revoked = await oauth.revoke_token("http://fleet.example/revoke", renewed["refresh_token"])
            assert revoked.status_code == 200
            assert (await oauth.get("http://fleet.example/v1/resources")).status_code == 401


def limits(answer: Answer) -> list[Any]:
    names = ("ratelimit-policy", "ratelimit", "x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset")
    return [answer.header(name) for name in names]


async def test_a_key_holds_six_operations_and_gains_three_a_second(world: World) -> None:
    client = await world.client(plan="standard", sign_in=False)
    first = await post(client, "/token", pair(client))
    assert limits(first) == ['"operations";q=6;w=2', '"operations";r=5;t=1', "6", "5", "1"]
    client.token = first.json()["access_token"]
    answers = [await client.get("/v1/nowhere") for _ in range(3)] + [await client.get("/v1/fleets")]
    assert [answer.status for answer in answers] == [404, 404, 404, 200]
    bad = await client.caller.get("/v1/fleets", [("x-api-key", client.key)])
    assert (bad.status, limits(bad)) == (401, ['"operations";q=6;w=2', '"operations";r=0;t=2', "6", "0", "2"])
    for path in ("/v1/fleets", "/v1/nowhere"):
        over = await client.get(path)
        assert (over.status, over.json()) == (
            429,
            {
                "statusCode": "TooManyRequests",
                "message": "This API key may do 3 operations per second. Try again in 1 second.",
            },
        )
        assert over.header("retry-after") == "1"
        assert limits(over) == ['"operations";q=6;w=2', '"operations";r=0;t=2', "6", "0", "2"]
    token = await post(client, "/token", pair(client))
    assert (token.status, token.json()["statusCode"]) == (429, "TooManyRequests")
    for method in ("OPTIONS",):
        options = await client.caller.call(method, "/v1/fleets")
        assert (options.status, options.header("allow")) == (204, "POST, GET, HEAD, OPTIONS")
        assert limits(options) == [None] * 5
    assert limits(await client.caller.get("/v1/fleets", [("x-api-key", "wrong")])) == [None] * 5
    world.clock.move(0.334)
    assert (await client.get("/v1/fleets")).status == 200
    assert (await client.get("/v1/fleets")).status == 429


async def test_a_plan_of_its_own_has_its_own_numbers_and_unlimited_has_none(world: World, owner: Client) -> None:
    assert limits(await owner.get("/v1/fleets")) == [None] * 5


async def test_a_server_that_is_public_under_https_takes_nothing_in_the_clear(world: World, client: Client) -> None:
    from dataclasses import replace

    world.gate.core = replace(world.core, public_url="https://fleet.example")
    refused_call = await client.caller.get("/v1/fleets")
    assert (refused_call.status, refused_call.json()) == (403, {"statusCode": "Forbidden", "message": "Use https."})
    client.caller.address = "127.0.0.1"
    assert (await client.caller.get("/v1/fleets")).status == 401
    client.caller.address, client.caller.scheme = "192.0.2.1", "https"
    assert (await client.caller.get("/v1/fleets")).status == 401


async def test_secrets_in_the_query_string_are_refused(owner: Client) -> None:
    for name in ("client_secret", "access_token", "refresh_token", "API_KEY"):
        answer = await owner.get(f"/v1/fleets?{name}=x")
        assert (answer.status, answer.json()["errors"][0]["code"]) == (400, "secret")


async def test_a_read_only_client_reads_and_validates_and_changes_nothing(owner: Client, world: World) -> None:
    resource_id = await owner.made(plain())
    async with world.core.store.write() as tx:
        await tx.connection.execute(  # type: ignore[attr-defined]  # the engine's own connection
            "UPDATE credentials SET read_only = 1 WHERE credential_id = $1", owner.client_id
        )
        tx.accounts.change_access()
    for method, path, body in (
        ("POST", "/v1/resources", plain()), ("PUT", f"/v1/resources/{resource_id}", plain()),
        ("DELETE", f"/v1/resources/{resource_id}", None), ("POST", "/v1/fleets", {"name": "F"}),
    ):  # fmt: skip
        answer = await owner.send(method, path, body)
        assert (answer.status, answer.json()["statusCode"]) == (403, "Forbidden")
        assert answer.header("www-authenticate") == 'Bearer realm="fleetview", error="insufficient_scope"'
    assert (await owner.get(f"/v1/resources/{resource_id}")).status == 200
    assert (await owner.post("/v1/resources/validate", plain())).status == 200


async def test_the_same_key_against_repetition_does_a_thing_once(owner: Client, world: World) -> None:
    key = ("idempotency-key", "k-1")
    first = await owner.post("/v1/resources", plain(), [key])
    again = await owner.post("/v1/resources", plain(), [key])
    assert (first.status, again.status, again.json()) == (201, 201, first.json())
    assert again.header("etag") == first.header("etag")
    other = await owner.post("/v1/resources", plain(name="Other"), [key])
    assert (other.status, other.json()["errors"][0]["field"]) == (409, "Idempotency-Key")
    assert len((await owner.get("/v1/resources")).json()["items"]) == 1
    world.clock.move(86_400)
    await owner.sign_in()
    later = await owner.post("/v1/resources", plain(), [key])
    assert later.json()["resourceId"] != first.json()["resourceId"]
    assert (await owner.post("/v1/resources", plain(), [("idempotency-key", "a b")])).status == 400


async def test_methods_types_and_sizes_are_checked_in_their_order(owner: Client) -> None:
    wrong = await owner.send("PUT", "/v1/fleets", b"x", media="text/plain")
    assert (wrong.status, wrong.header("allow")) == (405, "POST, GET, HEAD, OPTIONS")
    accept = await owner.get("/v1/fleets", [("accept", "application/xml")])
    assert (accept.status, accept.json()["statusCode"]) == (406, "NotAcceptable")
    for value in ("application/*;q=0.5", "text/html, */*;q=0.1", "application/json"):
        assert (await owner.get("/v1/fleets", [("accept", value)])).status == 200
    large = await owner.send("POST", "/v1/fleets", b" ", [("content-length", str(10 * 1024 * 1024 + 1))])
    assert (large.status, large.json()["statusCode"]) == (413, "RequestEntityTooLarge")
    both = await owner.send("POST", "/v1/fleets", b" ", [("content-length", "99999999")], media="text/plain")
    assert both.status == 415
    head = await owner.send("HEAD", "/v1/fleets")
    assert (head.status, head.body, head.header("x-request-id") is not None) == (200, b"", True)
    assert head.header("access-control-allow-origin") is None


async def test_a_body_that_swells_past_the_limit_is_refused_before_it_is_held(owner: Client) -> None:
    import gzip
    import tracemalloc

    swollen = gzip.compress(b" " * (200 * 1024 * 1024), 9)
    assert len(swollen) < 1_000_000
    tracemalloc.start()
    answer = await owner.send("POST", "/v1/resources", swollen, [("content-encoding", "gzip")])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert answer.status == 413
    assert peak < 11 * 1024 * 1024
    packed = await owner.send("POST", "/v1/fleets", gzip.compress(b'{"name":"F"}'), [("content-encoding", "gzip")])
    assert packed.status == 201
    assert (await owner.send("POST", "/v1/fleets", b"x", [("content-encoding", "br")])).status == 415


async def test_a_client_that_keeps_its_refresh_token_gets_the_same_one_again(world: World) -> None:
    account = await world.core.accounts.add_account("Kept", plan="unlimited")
    made = await world.core.credentials.add_client(account.account_id, keeps_refresh=True)
    assert made.key is not None
    fields = {"client_id": made.client.credential.credential_id, "client_secret": made.client.secret}
    caller, key = Caller(world.pipeline), [("x-api-key", made.key.secret)]
    first = (await caller.form("/token", fields, key)).json()
    for _ in range(3):
        world.clock.move(3600)
        again = (await caller.form("/refresh", {"refresh_token": first["refresh_token"]}, key)).json()
        assert again["refresh_token"] == first["refresh_token"]
        assert again["access_token"] != first["access_token"]
