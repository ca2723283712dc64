"""A call is a POST to one of two actions with a token in its body, and every refusal is one bare line."""

import gzip

import pytest

from fleetline.model.limits import Plan
from tests.api.calls import Caller
from tests.api.fleetize.conftest import MakeWorld
from tests.api.fleetize.desk import Car
from tests.api.fleetize.world import INVALID_TOKEN

FORM = ("content-type", "application/x-www-form-urlencoded")
UNKNOWN_ACTION = "ERROR #9001 - UNKNOWN ACTION"


@pytest.mark.parametrize(
    ("path", "status", "text"),
    [
        ("/v2/devicelist", 200, "[]"),
        ("/v2/devicelist/", 200, "[]"),
        ("/v2/devicelist?apitoken=other&scope=x", 200, "[]"),
        ("/v2/devicelist//", 404, UNKNOWN_ACTION),
        ("/v2/DeviceList", 404, UNKNOWN_ACTION),
        ("/v2/devices", 404, UNKNOWN_ACTION),
        ("/v2/devicelist/7", 404, UNKNOWN_ACTION),
        ("/v2/", 404, UNKNOWN_ACTION),
        ("/v2", 404, UNKNOWN_ACTION),
        ("/v2/..%2fdevicelist", 404, UNKNOWN_ACTION),
    ],
)
async def test_an_action_is_matched_exactly_but_for_one_slash(
    make: MakeWorld, path: str, status: int, text: str
) -> None:
    world = await make()
    answer = await Caller(world.app).form(path, {"apitoken": world.token})
    assert (answer.status, answer.text) == (status, text)


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE"])
async def test_only_post_is_allowed_whatever_the_action(make: MakeWorld, method: str) -> None:
    world = await make()
    for path in ("/v2/devicelist", "/v2/nothing"):
        answer = await Caller(world.app).call(method, path, f"apitoken={world.token}".encode(), [FORM])
        assert (answer.status, answer.header("allow")) == (405, "POST")
        assert answer.text == ("" if method == "HEAD" else "ERROR #9007 - METHOD NOT ALLOWED")


async def test_a_token_in_the_address_or_a_header_is_no_token(make: MakeWorld) -> None:
    world = await make()
    caller = Caller(world.app)
    for headers in ([], [("authorization", f"Bearer {world.token}")], [("x-api-key", world.token)]):
        answer = await caller.call("POST", f"/v2/devicelist?apitoken={world.token}", b"", headers)
        assert (answer.status, answer.text) == (401, INVALID_TOKEN)


async def test_a_success_is_strict_json_that_nobody_may_store(make: MakeWorld, van: Car) -> None:
    world = await make(van)
    answer = await world.call("devicelist")
    assert answer.status == 200
    assert answer.header("content-type") == "application/json; charset=utf-8"
    assert answer.header("cache-control") == "no-store"
    assert answer.header("x-request-id")
    assert answer.header("x-ratelimit-limit") is None
    large = await world.call("device", device=7, headers=[("accept-encoding", "gzip, deflate, br")])
    assert large.header("content-encoding") == "gzip"
    assert gzip.decompress(large.body) == (await world.call("device", device=7)).body


async def test_the_invalid_token_line_is_thirty_one_bytes_of_plain_text(make: MakeWorld) -> None:
    world = await make()
    for token in (None, "wrong", world.token[:-1], world.token + "x", world.token.swapcase(), "\0", "ü" * 40):
        answer = await world.call("devicelist", token)
        assert (answer.status, answer.text) == (401, INVALID_TOKEN)
        assert answer.header("content-length") == "31"
        assert answer.header("content-type") == "text/plain; charset=utf-8"
        assert answer.header("www-authenticate") == "ApiToken"
        assert answer.header("cache-control") == "no-store"
        assert answer.header("x-request-id")
        assert answer.header("x-ratelimit-limit") is None


async def test_the_token_may_have_blanks_around_it(make: MakeWorld) -> None:
    world = await make()
    assert (await world.call("devicelist", f"  {world.token} ")).status == 200


async def test_json_and_multipart_bodies_open_the_door_too(make: MakeWorld) -> None:
    world = await make()
    caller, token = Caller(world.app), world.token
    json = await caller.call(
        "POST", "/v2/devicelist", f'{{"apitoken":"{token}"}}'.encode(), [("content-type", "application/json")]
    )
    part = f'--b\r\nContent-Disposition: form-data; name="apitoken"\r\n\r\n{token}\r\n--b--\r\n'.encode()
    multipart = await caller.call("POST", "/v2/devicelist", part, [("content-type", "multipart/form-data; boundary=b")])
    plain = await caller.call("POST", "/v2/devicelist", f"apitoken={token}".encode())
    assert [answer.text for answer in (json, multipart, plain)] == ["[]"] * 3


async def test_a_body_over_64_kib_is_refused_before_all_else(make: MakeWorld) -> None:
    world = await make()
    caller = Caller(world.app)
    token = f"apitoken={world.token}&x=".encode()
    fits = await caller.call("POST", "/v2/devicelist", token + b"x" * (65_536 - len(token)), [FORM])
    assert fits.status == 200
    for answer in (
        await caller.call("POST", "/v2/devicelist", token + b"x" * (65_537 - len(token)), [FORM]),
        await caller.call("GET", "/v2/devicelist", b"x" * 65_537),
        await caller.call("POST", "/v2/x", [b"x" * 40_000, b"x" * 40_000], [FORM], announce=False),
    ):
        assert (answer.status, answer.text) == (413, "ERROR #9008 - REQUEST TOO LARGE")
        assert answer.header("connection") == "close"


async def test_revoking_a_token_holds_from_the_next_call_on_and_for_it_alone(make: MakeWorld) -> None:
    world = await make()
    other = await world.another_token()
    first = (await world.core.credentials.credentials(account_id=world.account_id))[0]
    await world.core.credentials.revoke(first.credential_id)
    statuses = {(await world.call("devicelist", token)).status for token in (world.token, other)}
    assert statuses == {200, 401}


async def test_tokens_of_a_closed_account_are_unknown(make: MakeWorld) -> None:
    world = await make()
    await world.core.accounts.close_account(world.account_id)
    assert (await world.call("devicelist")).text == INVALID_TOKEN


@pytest.mark.parametrize(
    ("settings", "status", "content_type", "body"),
    [
        ({}, 401, "text/plain; charset=utf-8", INVALID_TOKEN),
        ({"error_status": "200"}, 200, "text/plain; charset=utf-8", INVALID_TOKEN),
        ({"error_body": "json"}, 401, "application/json", f'{{"error":"{INVALID_TOKEN}"}}'),
        ({"error_status": "200", "error_body": "json"}, 200, "application/json", f'{{"error":"{INVALID_TOKEN}"}}'),
    ],
)
async def test_two_settings_serve_odd_clients(
    make: MakeWorld, settings: dict[str, str], status: int, content_type: str, body: str
) -> None:
    world = await make(settings=settings)
    answer = await world.call("devicelist", "wrong")
    assert (answer.status, answer.header("content-type"), answer.text) == (status, content_type, body)
    assert (await world.logged())[0].error == "1000"


async def test_every_call_is_logged_with_its_parameters_and_without_its_token(make: MakeWorld, van: Car) -> None:
    world = await make(van, plan="logged", plans={"logged": Plan("logged", spacing_s=0, daily_calls=2)})
    await world.call("device", device=7, time=1773140400, scope="device_id;" + "x" * 300, address="2001:db8::1")
    await world.call("device", device="no")
    await world.call("devicelist")
    await world.call("devicelist", "wrong", scope="location")
    unknown, quota, parameter, good = await world.logged()
    assert (good.action, good.subject, good.asked, good.status, good.error) == ("device", "7", "1773140400", 200, "")
    assert (good.scope, good.address) == (("device_id;" + "x" * 300)[:200], "2001:db8::1")
    assert (parameter.subject, parameter.status, parameter.error) == ("no", 400, "9003")
    assert (quota.status, quota.error, quota.account_id) == (429, "9004", world.account_id)
    assert (unknown.account_id, unknown.credential_id, unknown.error, unknown.scope) == (None, None, "1000", "location")
    assert good.credential_id == quota.credential_id is not None
    assert world.token not in repr((good, parameter, quota, unknown))


async def test_a_token_is_forty_letters_and_digits(make: MakeWorld) -> None:
    world = await make()
    assert len(world.token) == 40 and world.token.isascii() and world.token.isalnum()


async def test_a_disabled_users_tokens_are_unknown_and_other_users_keep_theirs(make: MakeWorld) -> None:
    world = await make()
    member = await world.member("devices=all")
    assert (await world.call("devicelist", member)).status == 200
    (user,) = await world.core.accounts.users(world.account_id)
    await world.core.accounts.disable_user(user.user_id)
    assert (await world.call("devicelist", member)).text == INVALID_TOKEN
    assert (await world.call("devicelist")).status == 200


async def test_keys_of_other_apis_are_unknown_here(make: MakeWorld) -> None:
    world = await make()
    desk = world.core.credentials
    asset_key = await desk.add_asset_key(account_id=world.account_id)
    client = await desk.add_client(world.account_id)
    assert client.key is not None
    for secret in (asset_key.secret, client.key.secret, client.client.secret):
        assert (await world.call("devicelist", secret)).text == INVALID_TOKEN
