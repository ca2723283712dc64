"""The catalogue: what people read in templates is found whole, put back exactly, translated without losing a value."""

import json
from pathlib import Path
from typing import Any

import pytest
from jinja2 import DictLoader, Environment

from fleetline.web.app import web_app
from fleetline.web.catalogue import (
    ENGLISH,
    WEB,
    Catalogue,
    CatalogueTexts,
    catalogue_of,
    collected,
    runs_of,
    translated,
    written,
)

TEMPLATES = sorted((WEB / "templates").rglob("*.html"))


def messages(source: str) -> list[str]:
    return [run.message for run in runs_of(source)]


def test_a_sentence_with_values_and_words_in_bold_is_one_message() -> None:
    source = '<p class="a">Found {{ n }} of <strong>{{ all }}</strong> vehicles.</p>'
    assert messages(source) == ["Found {1} of {2}{3}{4} vehicles."]


def test_what_people_hear_of_a_tag_is_found_and_its_code_is_not() -> None:
    source = '<button class="Big Button" aria-label="Edit {{ name }}" data-x="Not this"><code>GET /x</code></button>'
    assert messages(source) == ["Edit {1}"]


def test_words_inside_an_expression_are_found_and_names_are_not() -> None:
    assert messages('{{ "Save" if item else "Add " ~ kind }}{{ p.icon("file") }}') == ["Save", "Add"]


def test_a_translation_may_turn_the_order_of_values_round() -> None:
    texts = {"{1} of {2} done": "{2} davon {1} fertig", "Save": "Speichern"}
    source = '<b>{{ a }} of {{ "Save" if b else c }} done</b>'
    assert translated(source, texts) == '<b>{{ "Speichern" if b else c }} davon {{ a }} fertig</b>'


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.stem)
def test_every_template_comes_back_unchanged_from_its_own_words(path: Path) -> None:
    source = path.read_text()
    same = translated(source, {run.message: run.message for run in runs_of(source)})
    assert same.split() == source.split()


def test_pages_of_another_language_are_translated_when_they_are_compiled() -> None:
    environment = Environment(extensions=[CatalogueTexts], loader=DictLoader({"a": "<h1>Vehicles</h1>"}))
    environment.catalogue = Catalogue("de", "ltr", {"Vehicles": "Fahrzeuge"})  # type: ignore[attr-defined]  # see extend()
    assert environment.get_template("a").render() == "<h1>Fahrzeuge</h1>"


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.stem)
def test_no_word_of_a_template_escapes_a_language_that_marks_every_text(path: Path) -> None:
    source = path.read_text()
    runs = runs_of(source)
    marked = translated(source, {run.message: f"«{run.message}»" for run in runs})
    assert marked.count("«") - source.count("«") == len(runs)
    assert Environment().parse(marked).body, "it is still a template"


def test_a_language_nobody_has_translated_is_english(tmp_path: Path) -> None:
    assert catalogue_of("xx", tmp_path) is ENGLISH
    assert catalogue_of("../en", tmp_path) is ENGLISH
    (tmp_path / "ar.json").write_text(json.dumps({"direction": "rtl", "texts": {"Home": "الرئيسية"}}))
    assert catalogue_of("ar", tmp_path) == Catalogue("ar", "rtl", {"Home": "الرئيسية"})


async def test_a_whole_page_is_served_in_another_language_from_right_to_left() -> None:
    texts = {"Not found": "Nicht da", "There is no such page": "Diese Seite gibt es nicht"}
    pages = web_app("", texts=Catalogue("xx", "rtl", texts))
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": "/nowhere", "raw_path": b"/nowhere", "query_string": b"",
             "headers": [(b"host", b"here")], "scheme": "http", "server": ("here", 80), "root_path": ""}  # fmt: skip
    await pages(scope, receive, send)
    body = b"".join(message.get("body", b"") for message in sent).decode()
    assert 'lang="xx"' in body and 'dir="rtl"' in body
    assert "Diese Seite gibt es nicht" in body and "Nicht da - Fleetline" in body


def test_messages_fill_in_their_values() -> None:
    german = Catalogue("de", "ltr", {"{count} h ago": "vor {count} Std."})
    assert (german.say("{count} h ago", count=3), ENGLISH.say("{count} h ago", count=3)) == ("vor 3 Std.", "3 h ago")


def test_the_list_for_translators_has_every_text_of_pages_and_scripts() -> None:
    texts = collected()
    assert {"Load demo data", "Moving, {speed}", "find anything", "Power cut", "November"} <= set(texts)
    assert json.loads(written())["texts"].keys() == set(texts)
