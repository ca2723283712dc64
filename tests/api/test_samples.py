"""Code samples: cURL and Python are run for real, every language is kept to the letter and read by its own parser."""

import contextlib
import io
import json
import re
import shlex
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fleetline.api.guide import Example
from fleetline.api.handbook import Handbook, handbook
from fleetline.api.samples import FORM, LANGUAGES, Call, filled, samples
from fleetline.app.plug import find_dialects
from tests.api.postman_kit import MOST_TRIES, Served, place, serve

ROOT = Path(__file__).parents[2]
KEPT = ROOT / "tests" / "recordings" / "samples"
DIALECTS = find_dialects()
BASE = "https://fleet.example"
NASTY = 'It\'s 5 "inch" \\ of `code` with $HOME, ${x}, %d and é\nover two lines'
CALLS = {
    "get": Call(
        "GET", f"{BASE}/v1/resources?zone=East&limit=10", (("X-Api-Key", "KEY"), ("Authorization", "Bearer T"))
    ),
    "form": Call(
        "POST", f"{BASE}/token", (("X-Api-Key", "KEY"),), FORM, form=(("client_id", "ID"), ("scope", "a;b c"))
    ),
    "json": Call("POST", f"{BASE}/v1/fleets", (("X-Api-Key", "KEY"),), "application/json", '{\n  "name": "East"\n}'),
    "delete": Call("DELETE", f"{BASE}/v1/fleets/1"),
    "empty": Call("PUT", f"{BASE}/v1/fleets/1/resources/2", (("X-Api-Key", "KEY"),)),
    "nasty": Call("PATCH", f"{BASE}/x", (("X-Note", "it's"),), "text/plain", NASTY),
}
LANGUAGE_KEYS = [language.key for language in LANGUAGES]


def books() -> list[Handbook]:
    return [handbook(dialect, base_url=BASE, version="1") for dialect in DIALECTS.values()]


def all_samples(key: str) -> list[str]:
    """Of every call of every API, and of the calls above."""
    shown = [operation.samples["default"][key] for book in books() for operation in book.operations]
    return [*shown, *(samples(call)[key] for call in CALLS.values())]


def test_the_languages_are_the_nine_of_the_first_cut() -> None:
    assert [(one.label, one.variant) for one in LANGUAGES] == [
        ("cURL", "cURL"), ("Python", "Requests"), ("JavaScript", "Fetch"), ("Go", "Native"), ("Java", "OkHttp"),
        ("C#", "HttpClient"), ("PHP", "cURL"), ("R", "httr"), ("HTTP", "HTTP"),
    ]  # fmt: skip


@pytest.mark.parametrize("key", LANGUAGE_KEYS)
def test_samples_are_those_that_are_kept(key: str) -> None:
    wanted = "".join(f"===== {name}\n{samples(call)[key]}\n" for name, call in CALLS.items())
    assert (KEPT / f"{key}.txt").read_text("utf-8") == wanted


@pytest.mark.parametrize("book", books(), ids=lambda book: book.name)
def test_every_operation_has_a_sample_in_every_language_with_and_without_an_environment(book: Handbook) -> None:
    for operation in book.operations:
        assert list(operation.samples["none"]) == list(operation.samples["default"]) == LANGUAGE_KEYS
        for key in LANGUAGE_KEYS:
            bare, whole = operation.samples["none"][key], operation.samples["default"][key]
            assert "{{baseUrl}}" in bare and BASE.removeprefix("https://") in whole and "{{baseUrl}}" not in whole


def test_a_filled_call_leaves_only_names_that_nobody_knows() -> None:
    call = Call("GET", "{{baseUrl}}/a/{{id}}", (("X", "{{key}}"),), form=(("f", "{{key}}"),), body="{{key}}")
    assert filled(call, {"baseUrl": BASE, "key": "K"}) == Call(
        "GET", f"{BASE}/a/{{{{id}}}}", (("X", "K"),), form=(("f", "K"),), body="K"
    )


def _parser(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not on this machine")
    return found


def _check(*words: str | Path) -> str:
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


def test_python_samples_are_python() -> None:
    for text in all_samples("python"):
        compile(text, "sample", "exec")


def test_curl_samples_are_one_command_of_the_shell() -> None:
    for text in all_samples("curl"):
        words = shlex.split(text.replace(" \\\n", " "))
        assert words[:2] == ["curl", "--request"] and "\n" not in words
    assert NASTY in shlex.split(samples(CALLS["nasty"])["curl"].replace(" \\\n", " "))


def test_javascript_samples_are_javascript(tmp_path: Path) -> None:
    node = _parser("node")
    path = tmp_path / "samples.mjs"
    path.write_text("\n".join(f"{{\n{text}\n}}" for text in all_samples("javascript")))
    _check(node, "--check", path)


def test_go_samples_are_go_as_its_formatter_writes_it(tmp_path: Path) -> None:
    gofmt = _parser("gofmt")
    for number, text in enumerate(all_samples("go")):
        (tmp_path / f"{number}.go").write_text(text + "\n")
    assert _check(gofmt, "-l", tmp_path) == ""


def test_java_samples_are_java(tmp_path: Path) -> None:
    javac = _parser("javac")
    for number, text in enumerate(all_samples("java")):
        (tmp_path / str(number)).mkdir()
        (tmp_path / str(number) / "Sample.java").write_text(text)
    files = sorted(tmp_path.glob("*/Sample.java"))
    _check(javac, "-XDshould-stop.ifNoError=PARSE", "-encoding", "UTF-8", "-d", tmp_path, *files)


def test_the_parser_of_java_finds_what_is_no_java(tmp_path: Path) -> None:
    javac = _parser("javac")
    (tmp_path / "Sample.java").write_text(samples(CALLS["json"])["java"].replace(".build();", ".build()"))
    with pytest.raises(AssertionError, match="expected"):
        _check(javac, "-XDshould-stop.ifNoError=PARSE", "-d", tmp_path, tmp_path / "Sample.java")


def test_php_samples_are_php(tmp_path: Path) -> None:
    php = _parser("php")
    for number, text in enumerate(all_samples("php")):
        path = tmp_path / f"{number}.php"
        path.write_text(text)
        _check(php, "-l", path)


def test_r_samples_are_r(tmp_path: Path) -> None:
    script = _parser("Rscript")
    path = tmp_path / "samples.R"
    path.write_text("\n".join(all_samples("r")))
    _check(script, "-e", f"invisible(parse('{path}'))")


@pytest.mark.parametrize("key", ["csharp", "php", "r"])
def test_brackets_and_quotes_of_a_sample_close(key: str) -> None:
    """Where the language has no parser here: the least that one would find."""
    literals = {
        "csharp": re.compile(r'@"(?:[^"]|"")*"|"(?:[^"\\]|\\.)*"'),
        "php": re.compile(r"'(?:[^'\\]|\\.)*'", re.S),
        "r": re.compile(r"'(?:[^'\\]|\\.)*'|`[^`]*`", re.S),
    }
    for text in all_samples(key):
        bare = literals[key].sub("", text)
        assert not set("\"'") & set(bare), text
        while (shorter := re.sub(r"\(\s*[^()\[\]{}]*\)|\[[^()\[\]{}]*\]|\{[^()\[\]{}]*\}", "", bare)) != bare:
            bare = shorter
        assert not set("()[]{}") & set(bare), text


def test_raw_samples_are_requests_of_http() -> None:
    for text in all_samples("http"):
        head, _, body = text.partition("\n\n")
        first, *rest = head.split("\n")
        assert re.fullmatch(r"(GET|POST|PUT|PATCH|DELETE) /\S* HTTP/1\.1", first), first
        headers = dict(line.split(": ", 1) for line in rest)
        assert headers["Host"] == "fleet.example"
        assert int(headers.get("Content-Length", "0")) == len(body.encode())


Step = tuple[str, Example, Call]


def in_order(book: Handbook) -> Iterator[Step]:
    """The calls as the collection has them: what takes things away comes last, what was made last first."""
    calls = [call for operation in book.operations for call in operation.calls if not call[1].left_out]
    yield from (call for call in calls if not call[1].at_end)
    yield from reversed([call for call in calls if call[1].at_end])


def walk(book: Handbook, values: dict[str, str], run: Callable[[Call], str]) -> int:
    """Runs the sample of every call with the values that answers before it gave; how many were run."""
    done = 0
    for title, example, call in in_order(book):
        for _ in range(MOST_TRIES):
            text = run(filled(call, values))
            if not example.waits or json.loads(text)[example.waits[0]] not in example.waits[1]:
                break
            time.sleep(0.1)
        else:
            raise AssertionError(f"{title} is asked for again and again")
        values |= {name: values[of] for name, of in example.copies.items()}
        for name, where in example.keeps.items():
            values[name] = str(place(json.loads(text), where if where.startswith("[") else f".{where}"))
        done += 1
    return done


def _by_curl(call: Call) -> str:
    _parser("curl")
    command = samples(call)["curl"] + " --silent --show-error --fail-with-body --max-time 60"
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, (call.method, call.url, done.stdout, done.stderr)
    return done.stdout


def _by_python(call: Call) -> str:
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        exec(compile(samples(call)["python"], "sample", "exec"), {})
    return said.getvalue()


@pytest.mark.parametrize("run", [_by_curl, _by_python], ids=["curl", "python"])
def test_the_samples_of_every_call_of_every_api_work(run: Callable[[Call], str], tmp_path: Path) -> None:
    for served in serve(tmp_path):
        for name in ("own", "fleetize", "trimble", "fleetview"):
            book = handbook(DIALECTS[name], base_url=served.base, version="1")
            values = _blank(served, name, book)
            assert walk(book, values, run) == sum(1 for _ in in_order(book))


def _blank(served: Served, name: str, book: Handbook) -> dict[str, str]:
    return {variable.key: "" for variable in book.variables} | served.values(name)
