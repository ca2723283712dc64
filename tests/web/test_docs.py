"""The documentation pages say everything that the routes say, keep quiet about nothing, and work without scripts."""

import html
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from importlib.metadata import version
from typing import Any

import pytest
import requests

from fleetline.api.handbook import Handbook, handbook
from fleetline.api.routes import Route
from fleetline.app.plug import find_dialects
from fleetline.app.reference_api import REFUSALS
from fleetline.model.limits import STANDARD, Lives
from tests.api.postman_kit import Served, serve

DIALECTS = find_dialects()
NAMES = sorted(DIALECTS)
FILES = ("collection", "environment", "openapi")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    yield from serve(tmp_path_factory.mktemp("docs"))


def book_of(name: str, base: str = "https://fleet.example") -> Handbook:
    return handbook(DIALECTS[name], base_url=base, version=version("fleetline"), refusals=REFUSALS)


def page(served: Served, path: str, **query: str) -> str:
    answer = requests.get(served.base + path, params=query, timeout=30)
    assert answer.status_code == 200, (path, answer.status_code)
    return answer.text


def plain(text: str) -> str:
    """The words of a page: without marks, in single spaces."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", text)).split())


def said(text: str) -> str:
    """A text of ours as `plain` gives it: code marks are marks there."""
    return " ".join(text.replace("`", " ").split())


def gaps(book: Handbook) -> list[str]:
    """What a route leaves unsaid."""
    found = []
    for operation in book.operations:
        name = f"{operation.method} {operation.path}"
        unsaid = {
            "an example": not operation.described,
            "a summary": not operation.summary,
            "a good answer": not any(answer.status < 400 for answer in operation.answers)
            and not any(call[1].left_out for call in operation.calls),
            "words for an answer": not all(text for answer in operation.answers for text in answer.texts),
        }
        found += [f"{name} lacks {what}" for what, is_so in unsaid.items() if is_so]
        found += [f"{name} lacks words for {row.name}" for row in operation.parameters if not row.text]
    return found


@pytest.mark.parametrize("name", NAMES)
def test_no_route_leaves_anything_unsaid(name: str) -> None:
    assert gaps(book_of(name)) == []


@pytest.mark.parametrize("name", NAMES)
def test_a_chapter_has_a_name_and_every_route_that_is_not_hidden_stands_in_one(name: str) -> None:
    shown = [(route.method, route.path) for route in DIALECTS[name].routes if not route.hidden]
    assert sorted((one.method, one.path) for one in book_of(name).operations) == sorted(shown)
    assert all(chapter.name and chapter.name != "Calls" for chapter in book_of(name).chapters)


@pytest.mark.parametrize("name", NAMES)
def test_an_example_is_of_a_route_that_exists_and_names_only_what_the_route_has(name: str) -> None:
    book = book_of(name)
    assert set(DIALECTS[name].guide.examples) == {f"{one.method} {one.path}" for one in book.operations}
    for operation in book.operations:
        known = {where: {row.name for row in operation.parameters if row.where == where} for where in WHERE}
        for _, example, call in operation.calls:
            given = (example.path, example.query, example.headers, example.form)
            for where, names in zip(WHERE, given, strict=True):
                assert set(names) <= known[where], (operation.path, where)
            assert set(example.path) == known["path"] or example.left_out, operation.path
            assert call.media in ("", *operation.media) or operation.media == ("*/*",), (operation.path, call.media)


WHERE = ("path", "query", "header", "form")


async def _nothing(*_: Any) -> Any:
    raise AssertionError("nobody calls it")


def test_a_route_without_documentation_is_found() -> None:
    bare = Route(method="GET", path="/v1/bare", summary="", handler=_nothing)
    known = DIALECTS["fleetview"]
    book = handbook(replace(known, routes=(*known.routes, bare)), base_url="", version="")
    assert gaps(book) == [
        "GET /v1/bare lacks an example", "GET /v1/bare lacks a summary", "GET /v1/bare lacks a good answer",
    ]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_the_page_says_every_route_field_limit_and_text(served: Served, name: str) -> None:
    whole = page(served, f"/docs/{name}")
    book, words = book_of(name, served.base), plain(whole)
    for operation in book.operations:
        assert f'id="{operation.key}"' in whole
        part = plain(whole.split(f'id="{operation.key}"')[1].split('<section class="op"')[0])
        wanted = [operation.method, operation.path, operation.summary, operation.whose, *operation.text.split("\n\n")]
        for row in (*operation.parameters, *operation.body):
            wanted += [row.name, row.text, row.kind]
        for answer in operation.answers:
            wanted += [str(answer.status), *answer.texts, *(row.name for row in answer.rows)]
        missing = [text for text in wanted if said(text) not in part]
        assert missing == [], operation.path
    said_once = [bound.name for bound in book.bounds] + [bound.value for bound in book.bounds]
    said_once += [message.text for message in book.messages] + [message.when for message in book.messages]
    said_once += [step.text for step in book.steps] + [variable.key for variable in book.variables]
    said_once += [book.guide.vendor, book.guide.ours, book.guide.notice]
    assert [text for text in said_once if said(text) not in words] == []


def test_the_page_of_fleetview_says_what_is_the_vendors_and_that_the_name_is_a_trademark(served: Served) -> None:
    words = plain(page(served, "/docs/fleetview"))
    for text in (
        "Clean Power Research's document fixes",
        "The vendor's document lists no routes",
        "trademarks of Clean Power",
    ):
        assert text in words
    assert f"{STANDARD.rate_per_s:g} a second for each API key" in words
    assert f"up to {STANDARD.burst} operations at once" in words and f"{Lives().access_s // 60} minutes" in words
    assert "License Settings" in words and "X-Api-Key" in words and f"Base URL: {served.base}" in words


@pytest.mark.parametrize("name", NAMES)
def test_a_reader_without_scripts_sees_each_language_with_or_without_an_environment(served: Served, name: str) -> None:
    book = book_of(name, served.base)
    for key, _, _ in book.languages:
        for environment in ("default", "none"):
            text = page(served, f"/docs/{name}", lang=key, env=environment)
            shown = [
                html.unescape(one)
                for one in re.findall(r'<pre tabindex="0" aria-label="Sample of [^>]*>(.*?)</pre>', text, re.S)
            ]
            assert shown == [operation.samples[environment][key] for operation in book.operations]
    assert "<noscript><button" in text


def test_an_unknown_choice_is_the_first_and_the_theme_follows_the_system_until_chosen(served: Served) -> None:
    assert "curl --request" in page(served, "/docs/trimble", lang="cobol")
    assert '<html lang="en" data-theme="system">' in page(served, "/docs/fleetview")
    assert '<html lang="en" data-theme="dark">' in page(served, "/docs/fleetview", theme="dark")
    assert '<html lang="en" data-theme="system">' in page(served, "/docs/fleetview", theme='">')
    assert '<div class="doc one">' in page(served, "/docs/fleetview", columns="1")
    assert 'href="/docs/own?lang=go&amp;theme=dark"' in page(served, "/docs/fleetview", lang="go", theme="dark")


@pytest.mark.parametrize("name", NAMES)
def test_the_files_of_an_api_are_downloads_with_this_servers_address(served: Served, name: str) -> None:
    text = page(served, f"/docs/{name}")
    assert "Run in Postman" in text
    for file in FILES:
        assert f'href="/docs/{name}/{file}.json" download' in text
        answer = requests.get(f"{served.base}/docs/{name}/{file}.json", timeout=30)
        assert answer.headers["content-type"] == "application/json"
        assert answer.headers["content-disposition"].startswith(f'attachment; filename="{name}.')
        assert served.base in json.dumps(answer.json())
    assert served.book(name, "openapi")["openapi"].startswith("3.1")


def test_the_overview_leads_to_all_four(served: Served) -> None:
    text = page(served, "/docs")
    for name in NAMES:
        assert f'href="/docs/{name}"' in text and DIALECTS[name].title in plain(text)
    assert requests.get(f"{served.base}/docs/nothing", timeout=30).status_code == 404
    assert requests.get(f"{served.base}/docs/nothing/collection.json", timeout=30).status_code == 404


def test_nothing_on_the_pages_comes_from_elsewhere(served: Served) -> None:
    for path in ("/docs", *(f"/docs/{name}" for name in NAMES)):
        for source in re.findall(r"<(?:script|link|img|iframe)\b[^>]*(?:src|href)=\"([^\"]*)\"", page(served, path)):
            assert source.startswith("/") and not source.startswith("//"), source


def _client(served: Served) -> dict[str, str]:
    values = served.values("fleetview")
    answer = requests.post(
        f"{served.base}/token", headers={"X-Api-Key": values["apiKey"]}, timeout=30,
        data={"client_id": values["clientId"], "client_secret": values["clientSecret"]},
    )  # fmt: skip
    return {"X-Api-Key": values["apiKey"], "Authorization": f"Bearer {answer.json()['access_token']}"}


def _pattern(text: str) -> str:
    """A documented text as a pattern: capitals stand for what the call names."""
    return re.sub(r"\b(NAME|MIN|MAX|OTHER|ID|N)\b", r"\\S+", re.escape(text).replace("A,\\ B,\\ C", ".+"))


SYSTEM: dict[str, Any] = {
    "inverters": [{"count": 1.5, "maxPowerOutputAC_kW": 0, "efficiencyRating_Percent": 96}],
    "pvArrays": [
        {
            "pvModules": [
                {"count": "2", "nameplateDCRating_kW": 0.4, "powerTemperatureCoefficient_PercentPerDegreeC": -0.4}
            ],
            "arrayConfiguration": {"azimuth_Degrees": 180, "tilt_Degrees": 91, "tracking": "Sideways"},
        }
    ],
}  # fmt: skip


def test_the_texts_for_faults_of_a_resource_are_those_that_the_page_gives(served: Served) -> None:
    wrong = {
        "name": "x" * 201, "location": {"longitude": 9}, "installDate": "soon", "zonne": "East", "pvSystems": [SYSTEM],
        "tags": ["x"] * 21,
    }  # fmt: skip
    dates = {
        "name": "Roof", "location": {"latitude": 48, "longitude": 9}, "installDate": "2025-01-02",
        "decommissionDate": "2025-01-01", "pvSystems": [],
    }  # fmt: skip
    headers = _client(served)
    heard = []
    for body in (wrong, dates):
        answer = requests.post(f"{served.base}/v1/resources/validate", json=body, headers=headers, timeout=30).json()
        heard += [(fault["code"], fault["message"]) for fault in answer["errors"]]
    documented = [(one.code, _pattern(one.text)) for one in DIALECTS["fleetview"].guide.messages if one.status == 400]
    faults = [pair for pair in documented if not pair[1].startswith("\\{")]
    for code, pattern in faults:
        assert any(code == found and re.fullmatch(pattern, text) for found, text in heard), (code, pattern, heard)


def test_the_texts_of_the_token_calls_are_those_that_the_page_gives(served: Served) -> None:
    values = served.values("fleetview")
    pair = {"client_id": values["clientId"], "client_secret": values["clientSecret"]}
    key = {"X-Api-Key": values["apiKey"]}
    tries: list[tuple[str, dict[str, str], Any]] = [
        ("/token", {}, pair), ("/token", {"X-Api-Key": "wrong"}, pair), ("/token", key, {}),
        ("/token", key, pair | {"client_secret": "wrong"}), ("/token", key, "client_id=a&client_id=b"),
        ("/token", key, pair | {"grant_type": "password"}), ("/refresh", key, {}), ("/revoke", key, {}),
        ("/refresh", key, {"refresh_token": "a", "grant_type": "password"}), ("/refresh", key, {"refresh_token": "a"}),
        ("/token", key | {"Authorization": "Basic YTpi"}, pair), ("/token", key, b"\xff"),
    ]  # fmt: skip
    documented = [message.text for message in book_of("fleetview").messages if message.text.startswith('{"error"')]
    heard = set()
    for path, headers, body in tries:
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        text = requests.post(served.base + path, headers=headers | kind, data=body, timeout=30).text
        found = [one for one in documented if re.fullmatch(_pattern(one), text)]
        assert found, (path, body, text)
        heard.update(found)
    assert heard == set(documented)
