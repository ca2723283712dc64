"""Serving processes remember whom they let in; what a command takes away is refused by every one of them at once."""

import http.client
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.paths.server_kit import Place

ASSETS = "/api/assets/v1"
CONNECTIONS = 10


@pytest.fixture
def place(database_url: str, tmp_path: Path) -> Iterator[Place]:
    found = Place(tmp_path / "data", database_url)
    yield found
    found.stop()


class Caller:
    """One kept connection, which stays with the process that took it."""

    def __init__(self, place: Place) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", place.http, timeout=20)

    def ask(self, method: str, path: str, token: str, body: Any = None) -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        self.connection.request(method, path, None if body is None else json.dumps(body), headers)
        answer = self.connection.getresponse()
        text = answer.read()
        return answer.status, json.loads(text) if text else None

    def statuses(self, signed: str, own: str) -> set[int]:
        return {
            self.ask("GET", f"{ASSETS}/vehicles", signed)[0],
            self.ask("POST", f"{ASSETS}/vehicles", signed, [])[0],
            self.ask("GET", f"{ASSETS}/vehicles?limit=1", signed)[0],
            self.ask("GET", "/api/v1/vehicles", own)[0],
            self.ask("PATCH", "/api/v1/vehicles", own, [])[0],
        }


def test_two_processes_refuse_what_a_third_has_revoked_on_the_very_next_call(place: Place) -> None:
    account, _ = place.account()
    key = place.run("credential", "add", "trimble-key", "--account", account)["api_key"]
    own = place.run("credential", "add", "fleetline-token", "--account", account)["token"]
    place.start("--workers", "2")
    signed = Caller(place).ask("POST", f"{ASSETS}/accounts/authenticate", "", {"apiKey": key})[1]["token"]
    callers = [Caller(place) for _ in range(CONNECTIONS)]
    for _ in range(2):  # the second time everybody is known
        assert {status for caller in callers for status in caller.statuses(signed, own)} == {200}
    listed = {one["kind"]: one["credential_id"] for one in place.run("credential", "list", "--account", account)}
    place.run("credential", "revoke", listed["trimble-key"])
    place.run("credential", "revoke", listed["fleetline-token"])
    for caller in callers:
        assert caller.ask("GET", f"{ASSETS}/vehicles", signed)[0] == 401
        assert caller.ask("GET", "/api/v1/vehicles", own)[0] == 401
        assert caller.statuses(signed, own) == {401}


def test_a_closed_account_is_shut_in_every_process_and_open_again_when_it_is_opened(place: Place) -> None:
    account, _ = place.account()
    own = place.run("credential", "add", "fleetline-token", "--account", account)["token"]
    place.start("--workers", "2")
    callers = [Caller(place) for _ in range(CONNECTIONS)]
    for command, status in (("close", 401), ("reopen", 200), ("close", 401)):
        for caller in callers:
            caller.ask("GET", "/api/v1/vehicles", own)
        place.run("account", command, account)
        assert {caller.ask("GET", "/api/v1/vehicles", own)[0] for caller in callers} == {status}
