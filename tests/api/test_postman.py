"""The Postman collections are of the format they name, hold every route, and work from the first call to the last."""

import json
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from fleetline.api.handbook import Handbook, handbook
from fleetline.app.plug import find_dialects
from tests.api.postman_kit import Collection, Item, Sender, Served, read, script, serve

ROOT = Path(__file__).parents[2]
RECORDINGS = ROOT / "tests" / "recordings" / "trimble"
DIALECTS = find_dialects()
NAMES = ("own", "fleetize", "trimble", "fleetview")
"""Our own first: its second call makes the first account of an installation."""
BASE = "https://fleet.example"
SCHEMA = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"


def book_of(name: str) -> Handbook:
    return handbook(DIALECTS[name], base_url=BASE, version="1")


def collection_of(name: str) -> Collection:
    return read(book_of(name).collection)


def test_every_dialect_has_a_collection() -> None:
    assert set(NAMES) == set(DIALECTS)


@pytest.mark.parametrize("name", NAMES)
def test_a_collection_is_of_version_2_1_with_ids_and_names_of_its_own(name: str) -> None:
    collection = collection_of(name)
    assert collection.info.schema == SCHEMA
    assert {variable.key: variable.value for variable in collection.variable}["baseUrl"] == BASE
    titles = [(folder, item.name) for folder, item in collection.items]
    assert len(set(titles)) == len(titles)
    assert all(folder.item for folder in collection.item)


@pytest.mark.parametrize("name", NAMES)
def test_every_route_is_in_the_collection_or_its_description_says_why_not(name: str) -> None:
    book, collection = book_of(name), collection_of(name)
    for operation in book.operations:
        _, example, call = operation.calls[0]
        if example.left_out:
            assert f"`{operation.method} {operation.path}`: {example.left_out}" in collection.info.description
        else:
            sent = [item for _, item in collection.items if item.request.url.raw == call.url]
            assert any(item.request.method == operation.method for item in sent), operation.path


@pytest.mark.parametrize("name", NAMES)
def test_each_chapter_is_a_folder_and_only_what_takes_things_away_stands_in_the_last(name: str) -> None:
    folders = [folder.name for folder in collection_of(name).item]
    chapters = [
        chapter.name for chapter in book_of(name).chapters
        if any(not (call[1].left_out or call[1].at_end) for one in chapter.operations for call in one.calls)
    ]  # fmt: skip
    assert [folder for folder in folders if folder != "Clean up"] == chapters
    last = [item.request for folder, item in collection_of(name).items if folder == "Clean up"]
    gentle = ("/batchDelete", "/me/password")
    assert all(request.method == "DELETE" or request.url.raw.endswith(gentle) for request in last)


@pytest.mark.parametrize("name", NAMES)
def test_a_variable_is_given_by_the_environment_or_kept_by_an_earlier_answer(name: str) -> None:
    book, collection = book_of(name), collection_of(name)
    known = {one["key"] for one in book.environment["values"]}
    kept = {one for _, item in collection.items for one in _sets(item)}
    scratch = {variable.key for variable in collection.variable} - {"baseUrl"}
    assert scratch == kept - known
    for _, item in collection.items:
        text = json.dumps(book.collection)
        assert all("{{" + one + "}}" in text for one in _sets(item))


def _sets(item: Item) -> set[str]:
    return {line.split('"')[1] for line in script(item) if ".set(" in line}


def test_the_first_folder_of_fleetview_manages_tokens_without_using_any() -> None:
    folder = collection_of("fleetview").item[0]
    assert folder.name == "Token Management"
    assert [item.name for item in folder.item] == ["Get token", "Refresh token", "Revoke token"]
    assert [item.request.url.raw for item in folder.item] == [
        "{{baseUrl}}/token", "{{baseUrl}}/refresh", "{{baseUrl}}/revoke",
    ]  # fmt: skip
    assert all(item.request.auth is not None and item.request.auth.type == "noauth" for item in folder.item)


def test_the_collection_of_fleetview_lets_postman_fetch_its_tokens() -> None:
    auth = book_of("fleetview").collection["auth"]
    assert auth["type"] == "oauth2"
    assert {one["key"]: one["value"] for one in auth["oauth2"]} == {
        "grant_type": "client_credentials", "accessTokenUrl": "{{baseUrl}}/token", "clientId": "{{clientId}}",
        "clientSecret": "{{clientSecret}}", "accessToken": "{{bearerToken}}", "addTokenTo": "header",
        "tokenRequestParams": [
            {"key": "X-Api-Key", "value": "{{apiKey}}", "enabled": True, "send_as": "request_header"}
        ],
    }  # fmt: skip


def test_every_request_of_fleetview_carries_the_key_and_all_but_the_token_calls_take_the_collections_auth() -> None:
    for folder, item in collection_of("fleetview").items:
        keys = [one.value for one in item.request.header if one.key == "X-Api-Key" and not one.disabled]
        assert keys == ["{{apiKey}}"], item.name
        assert (item.request.auth is None) == (folder != "Token Management")


def test_the_environment_of_fleetview_has_the_vendors_seven_variables_and_the_address() -> None:
    values = book_of("fleetview").environment["values"]
    kinds = {one["key"]: one["type"] for one in values}
    assert kinds == {
        "baseUrl": "default", "apiKey": "secret", "clientId": "default", "clientSecret": "secret",
        "bearerToken": "default", "refreshToken": "default", "resourceId": "default", "fleetId": "default",
    }  # fmt: skip
    assert {one["key"]: one["value"] for one in values if one["value"]} == {"baseUrl": BASE}


def test_scripts_of_fleetview_keep_both_tokens_and_the_ids_of_what_was_made() -> None:
    kept = {item.name: _sets(item) for _, item in collection_of("fleetview").items}
    assert kept["Get token"] == {"bearerToken", "refreshToken"}
    assert kept["Refresh token"] >= {"bearerToken", "refreshToken"}
    assert kept["Create resource"] == {"resourceId"} and kept["Create fleet"] == {"fleetId"}
    lines = [line for _, item in collection_of("fleetview").items for line in script(item)]
    assert 'pm.environment.set("bearerToken", answer.access_token);' in lines


def test_the_same_api_at_the_same_address_replaces_itself_on_import() -> None:
    one, same = book_of("trimble"), book_of("trimble")
    other = handbook(DIALECTS["trimble"], base_url="https://other.example", version="1")
    ids = [book.collection["info"]["_postman_id"] for book in (one, same, other)]
    assert ids[0] == ids[1] != ids[2]


def _recorded() -> Iterator[tuple[str, Any]]:
    """(method and path without what names one group, answer) of every recorded call."""
    for path in sorted(RECORDINGS.glob("*.json")):
        for call in json.loads(path.read_text())["calls"]:
            if call["status"] == 200:
                yield call["method"], json.loads(call["answer"])


def test_answers_that_the_trimble_pages_show_are_those_of_the_recordings() -> None:
    recorded = list(_recorded())
    shown = 0
    for operation in book_of("trimble").operations:
        answer = operation.calls[0][1].answer
        if answer is not None:
            shown += 1
            assert (operation.method, answer) in recorded, operation.path
    assert shown >= 19


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    yield from serve(tmp_path)


def test_every_request_of_every_collection_works_on_a_fresh_server_in_order(served: Served) -> None:
    for name in NAMES:
        sender = Sender(read(served.book(name, "collection")), served.values(name))
        refused = [
            (folder, item.name, answer.status_code, answer.text[:300])
            for folder, item, answer in sender.run() if not 200 <= answer.status_code < 300
        ]  # fmt: skip
        assert refused == [], name


def newman(folder: Path) -> str:
    """The runner that Postman itself gives out; skips with the reason where it cannot be had."""
    if found := shutil.which("newman"):
        return found
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("newman is not here, and without Node it cannot be had")
    words = [npm, "install", "newman@6", "--no-audit", "--no-fund", "--loglevel=error", "--fetch-retries=0"]
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=240, check=False)
    if done.returncode != 0:
        pytest.skip(f"newman cannot be had: {done.stderr.strip().splitlines()[:1]}")
    return str(folder / "node_modules" / ".bin" / "newman")


def _filled(environment: Mapping[str, Any], values: Mapping[str, str]) -> dict[str, Any]:
    rows = [one | {"value": values.get(one["key"], one["value"])} for one in environment["values"]]
    return {**environment, "values": rows}


def test_postmans_own_runner_gets_good_answers_only(served: Served, tmp_path: Path) -> None:
    runner = newman(tmp_path)
    for name in NAMES:
        files = [tmp_path / f"{name}-{kind}.json" for kind in ("collection", "environment", "report")]
        values = served.values(name)
        files[0].write_text(json.dumps(served.book(name, "collection")))
        files[1].write_text(json.dumps(_filled(served.book(name, "environment"), values)))
        words = [runner, "run", files[0], "--environment", files[1], "--reporters", "json", "--timeout", "120000"]
        done = subprocess.run(
            [*map(str, words), "--reporter-json-export", str(files[2])], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, (name, done.stdout[-2000:], done.stderr[-2000:])
        run = json.loads(files[2].read_text())["run"]
        codes = [(one["item"]["name"], one.get("response", {}).get("code", 0)) for one in run["executions"]]
        assert run["failures"] == []
        assert len(codes) >= len(collection_of(name).items)
        assert [code for code in codes if not 200 <= code[1] < 300] == [], name
