"""Coming in to our own API: first set-up, sign-in, cookies, tokens, sessions, passwords, repeats."""

from typing import Any

import msgspec
import pytest

from fleetline.model.access import Permissions, Role
from tests.api.calls import Answer
from tests.api.own_kit import JSON, PASSWORD, Installation, Person

SETUP = {"organisation": "Acme", "email": "boss@acme.example", "password": PASSWORD, "time_zone": "Europe/Vienna"}


async def post(here: Installation, path: str, body: Any, *headers: tuple[str, str]) -> Answer:
    return await here.caller.call("POST", f"/api/v1{path}", msgspec.json.encode(body), [JSON, *headers])


async def test_the_first_visitor_makes_the_first_administrator_and_the_second_does_not(here: Installation) -> None:
    assert (await here.caller.get("/api/v1/status")).json()["setup_needed"] is True
    first = await post(here, "/setup", SETUP)
    assert first.status == 201
    cookie = (first.header("set-cookie") or "").split(";")[0]
    session = (await here.caller.get("/api/v1/session", [("cookie", cookie)])).json()
    assert (session["role"], session["account"]["time_zone"]) == ("administrator", "Europe/Vienna")
    second = await post(here, "/setup", {**SETUP, "email": "late@acme.example"})
    assert (second.status, second.json()["code"]) == (409, "conflict")
    assert (await here.caller.get("/api/v1/status")).json()["setup_needed"] is False
    assert (await post(here, "/session", {"email": "late@acme.example", "password": PASSWORD})).status == 401


@pytest.mark.parametrize(
    ("field", "value"),
    [("password", "short"), ("email", "nobody"), ("organisation", "\x07"), ("time_zone", "Mars/Base")],
)
async def test_a_set_up_that_cannot_be_leaves_the_door_open(here: Installation, field: str, value: str) -> None:
    answer = await post(here, "/setup", {**SETUP, field: value})
    assert (answer.status, answer.json()["errors"][0]["path"]) == (422, field)
    assert (await here.caller.get("/api/v1/status")).json()["setup_needed"] is True


async def test_the_cookie_is_for_browsers_only_and_secure_where_the_site_is(here: Installation) -> None:
    await here.account("Acme")
    body = {"email": "boss@acme.example", "password": PASSWORD}
    plain = await post(here, "/session", body)
    assert (plain.header("set-cookie") or "").endswith("; Path=/; Max-Age=1209600; HttpOnly; SameSite=Lax")
    assert plain.json()["token"] is None, "what scripts may not read is not in the answer either"
    secure = here.caller
    secure.scheme = "https"
    answer = await secure.call("POST", "/api/v1/session", msgspec.json.encode(body), [JSON])
    assert (answer.header("set-cookie") or "").endswith("; Secure")
    token = await post(here, "/session", {**body, "keep": "token"})
    assert token.header("set-cookie") is None and token.json()["token"]


async def test_a_call_with_the_cookie_changes_something_only_with_the_sessions_own_header(here: Installation) -> None:
    await here.account("Acme")
    body = {"email": "boss@acme.example", "password": PASSWORD}
    one, two = [await post(here, "/session", body) for _ in range(2)]
    cookie = ("cookie", "other=1; " + (one.header("set-cookie") or "").split(";")[0])
    sent = b'{"theme":"dark"}'

    async def patch(*headers: tuple[str, str]) -> Answer:
        return await here.caller.call("PATCH", "/api/v1/me", sent, [JSON, cookie, *headers])

    for wrong in ((), (("x-fleetline-csrf", "guess"),), (("x-fleetline-csrf", two.json()["csrf"]),)):
        refused = await patch(*wrong)
        assert (refused.status, refused.json()["code"]) == (403, "csrf")
    assert (await patch(("x-fleetline-csrf", one.json()["csrf"]))).json() == {"theme": "dark"}
    seen = (await here.caller.get("/api/v1/session", [cookie])).json()
    assert (seen["csrf"], seen["preferences"]) == (one.json()["csrf"], {"theme": "dark"})


async def test_another_sites_page_cannot_sign_its_visitors_in(here: Installation) -> None:
    await here.account("Acme")
    body = {"email": "boss@acme.example", "password": PASSWORD}
    assert (await post(here, "/session", body, ("origin", "https://evil.example"))).status == 403
    assert (await post(here, "/session", body, ("origin", "http://fleet.example"))).status == 200
    form = await here.caller.form("/api/v1/session", {"email": "boss@acme.example", "password": PASSWORD})
    assert form.status == 415


async def test_a_wrong_password_and_a_wrong_address_are_told_apart_by_nothing_and_close_the_door(
    here: Installation,
) -> None:
    await here.account("Acme")
    wrong = await post(here, "/session", {"email": "boss@acme.example", "password": "wrong"})
    unknown = await post(here, "/session", {"email": "nobody@acme.example", "password": "wrong"})
    assert (wrong.status, wrong.json()["code"]) == (unknown.status, unknown.json()["code"]) == (401, "password")
    for _ in range(8):
        assert (await post(here, "/session", {"email": "boss@acme.example", "password": "wrong"})).status == 401
    closed = await post(here, "/session", {"email": "boss@acme.example", "password": PASSWORD})
    assert (closed.status, closed.header("retry-after")) == (429, "60")
    here.clock.move(60)
    assert (await post(here, "/session", {"email": "boss@acme.example", "password": PASSWORD})).status == 200


async def test_signing_out_ends_the_session_at_once(here: Installation) -> None:
    boss = await here.account("Acme")
    answer = await boss.call("DELETE", "/session")
    assert answer.status == 204
    assert "Max-Age=0" in (answer.header("set-cookie") or "")
    assert (await boss.call("GET", "/session")).status == 401


async def test_a_new_password_ends_every_other_session_and_is_the_only_one(here: Installation) -> None:
    boss = await here.account("Acme")
    other = await here.sign_in(boss.account_id, boss.user_id, boss.email)
    wrong = await boss.call("POST", "/me/password", {"current": "wrong", "new": "a newer password"})
    assert (wrong.status, wrong.json()["errors"][0]["path"]) == (422, "current")
    assert (await other.call("GET", "/session")).status == 200
    await boss.do("POST", "/me/password", {"current": PASSWORD, "new": "a newer password"}, 204)
    assert (await other.call("GET", "/session")).status == 401
    assert (await boss.call("GET", "/session")).status == 200
    assert (await post(here, "/session", {"email": boss.email, "password": PASSWORD})).status == 401
    assert (await post(here, "/session", {"email": boss.email, "password": "a newer password"})).status == 200


async def test_sessions_are_listed_and_ended_one_by_one(here: Installation) -> None:
    boss = await here.account("Acme")
    member = await here.person(boss.account_id, "m@acme.example")
    here.clock.move(1)
    other = await here.sign_in(boss.account_id, boss.user_id, boss.email)
    mine = (await boss.get("/me/sessions"))["items"]
    assert [session["current"] for session in mine] == [False, True]
    await boss.do("DELETE", f"/me/sessions/{mine[0]['id']}", None, 204)
    assert (await other.call("GET", "/session")).status == 401
    theirs = [s for s in (await boss.get("/sessions"))["items"] if s["user_id"] == member.user_id]
    assert (await boss.call("DELETE", f"/me/sessions/{theirs[0]['id']}")).status == 404
    await boss.do("DELETE", f"/sessions/{theirs[0]['id']}", None, 204)
    assert (await member.call("GET", "/session")).status == 401


async def test_a_token_for_programs_is_shown_once_rolled_with_an_overlap_and_revoked(here: Installation) -> None:
    boss = await here.account("Acme")
    made = await boss.do("POST", "/credentials", {"kind": "fleetline-token", "name": "Report"}, 201)
    token = made["secrets"]["token"]
    assert token.startswith("fl.")
    assert token not in (await boss.call("GET", "/credentials")).text
    program = Person(here.caller, token, boss.account_id, "", "")
    assert (await program.get("/session"))["role"] == "main"
    rolled = await boss.do("POST", f"/credentials/{made['credential']['id']}/roll", {"overlap_s": 3600})
    newer = Person(here.caller, rolled["secrets"]["token"], boss.account_id, "", "")
    assert [(await one.call("GET", "/session")).status for one in (program, newer)] == [200, 200]
    here.clock.move(3_601)
    assert [(await one.call("GET", "/session")).status for one in (program, newer)] == [401, 200]
    await boss.do("DELETE", f"/credentials/{made['credential']['id']}", None, 204)
    assert (await newer.call("GET", "/session")).status == 401


async def test_a_token_ends_when_it_was_said_to(here: Installation) -> None:
    boss = await here.account("Acme")
    ends = here.clock.ms + 60_000
    made = await boss.do("POST", "/credentials", {"kind": "fleetline-token", "expires_at_ms": ends}, 201)
    program = Person(here.caller, made["secrets"]["token"], boss.account_id, "", "")
    assert (await program.call("GET", "/session")).status == 200
    here.clock.move(60)
    assert (await program.call("GET", "/session")).status == 401
    late = await boss.call("POST", "/credentials", {"kind": "fleetline-token", "expires_at_ms": ends})
    assert late.json()["errors"][0]["path"] == "expires_at_ms"
    odd = await boss.call("POST", "/credentials", {"kind": "trimble-key", "read_only": True})
    assert odd.json()["errors"][0]["path"] == "read_only", "a promise this kind cannot keep is not made"


async def test_a_users_token_sees_what_the_user_sees(here: Installation) -> None:
    boss = await here.account("Acme")
    one, _ = await boss.add_devices("One", "Two")
    member = await here.person(boss.account_id, "m@acme.example", permissions=Permissions(devices=frozenset({one})))
    made = await boss.do("POST", "/credentials", {"kind": "fleetline-token", "user_id": member.user_id}, 201)
    program = Person(here.caller, made["secrets"]["token"], boss.account_id, "", "")
    assert [v["name"] for v in (await program.get("/vehicles"))["items"]] == ["One"]
    await boss.do("PATCH", f"/users/{member.user_id}", {"disabled": True})
    assert (await program.call("GET", "/vehicles")).status == 401


async def test_the_last_administrator_stays_one(here: Installation) -> None:
    boss = await here.account("Acme")
    for change in ({"role": "member"}, {"disabled": True}):
        answer = await boss.call("PATCH", f"/users/{boss.user_id}", change)
        assert (answer.status, answer.json()["errors"][0]["path"]) == (422, next(iter(change)))
    await here.person(boss.account_id, "second@acme.example", Role.ADMINISTRATOR)
    assert (await boss.do("PATCH", f"/users/{boss.user_id}", {"role": "member"}))["role"] == "member"
    assert (await boss.call("GET", "/users")).status == 403, "felt by the next call"


async def test_users_are_added_one_outcome_each_and_a_made_up_password_is_shown_once(here: Installation) -> None:
    boss = await here.account("Acme")
    done = await boss.do(
        "POST",
        "/users",
        [
            {"email": "new@acme.example", "permissions": {"devices": "all", "withhold": ["imei"]}},
            {"email": "boss@acme.example"},
            {"email": "nothing"},
        ],
    )
    assert [outcome["outcome"] for outcome in done["outcomes"]] == ["added", "duplicate", "refused"]
    password = done["outcomes"][0]["password"]
    answer = await post(here, "/session", {"email": "new@acme.example", "password": password})
    assert answer.status == 200
    listed = await boss.call("GET", "/users")
    assert password not in listed.text


async def test_a_repeat_under_the_same_key_is_done_once_and_told_the_same(here: Installation) -> None:
    boss = await here.account("Acme")
    key = ("idempotency-key", "k-1")
    items = [{"external_id": "V1", "name": "One"}]
    first, second = [await boss.call("POST", "/vehicles", items, [key]) for _ in range(2)]
    assert (first.status, second.status, first.body) == (200, 200, second.body)
    assert (first.header("idempotency-replayed"), second.header("idempotency-replayed")) == (None, "true")
    assert len((await boss.get("/vehicles"))["items"]) == 1
    other = await boss.call("POST", "/vehicles", [{"external_id": "V2", "name": "Two"}], [key])
    assert (other.status, other.json()["code"]) == (409, "key_reused")
    here.clock.move(86_401)
    boss = await here.sign_in(boss.account_id, boss.user_id, boss.email)
    late = await boss.call("POST", "/vehicles", items, [key])
    assert late.json()["outcomes"][0]["outcome"] == "duplicate", "after a day the key is forgotten"


async def test_one_persons_key_is_nobody_elses(here: Installation) -> None:
    boss = await here.account("Acme")
    second = await here.person(boss.account_id, "second@acme.example", Role.ADMINISTRATOR)
    key = ("idempotency-key", "k-1")
    await boss.call("POST", "/vehicles", [{"external_id": "V1", "name": "One"}], [key])
    answer = await second.call("POST", "/vehicles", [{"external_id": "V2", "name": "Two"}], [key])
    assert (answer.status, answer.header("idempotency-replayed")) == (200, None)


async def test_a_refused_call_leaves_its_key_free_and_a_secret_is_not_shown_again(here: Installation) -> None:
    boss = await here.account("Acme")
    key = ("idempotency-key", "k-1")
    refused = await boss.call("POST", "/vehicles", [{"external_id": 5, "name": "One"}], [key])
    assert (refused.status, refused.json()["errors"][0]["path"]) == (422, "[0].external_id")
    assert (await boss.call("POST", "/vehicles", [{"external_id": "V1", "name": "One"}], [key])).status == 200
    body = {"kind": "trimble-key"}
    made = await boss.call("POST", "/credentials", body, [("idempotency-key", "k-2")])
    again = await boss.call("POST", "/credentials", body, [("idempotency-key", "k-2")])
    assert (made.status, again.status, again.json()["code"]) == (201, 409, "key_reused")
    assert made.json()["secrets"]["api_key"] not in again.text
    assert len((await boss.get("/credentials"))["items"]) == 1


async def test_the_request_log_shows_the_accounts_own_calls_only_and_never_a_secret(here: Installation) -> None:
    boss, stranger = await here.account("Acme"), await here.account("Beta")
    await boss.get("/vehicles?q=needle")
    await stranger.get("/drivers")
    await boss.call("GET", "/nowhere")
    await here.log.flush()
    listed = await boss.get("/requests")
    assert {entry["action"] for entry in listed["items"]} >= {"GET /api/v1/vehicles"}
    assert not any("drivers" in entry["action"] for entry in listed["items"])
    text = (await boss.call("GET", "/requests")).text
    assert "needle" not in text and boss.token not in text
    assert (await boss.get("/requests?refused=true"))["items"] == []
    pages = await boss.get("/requests?limit=1")
    assert len(pages["items"]) == 1
