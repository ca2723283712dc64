"""The one catalogue of what the web app says: English, as pages and scripts have it, is the key of other languages.

Templates are written in English. When they are compiled for another language, each run of text, each attribute that
people read and each literal of an expression is replaced by what that language's catalogue has for it; a text that it
lacks stays English. `python -m fleetline.web.catalogue` prints all texts as the file that a translator fills; it then
stands as `texts/LANGUAGE.json` in this folder.
"""

import ast
import json
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment
from jinja2.ext import Extension

WEB: Final = Path(__file__).parent
TEXTS: Final = WEB / "texts"
READ_ATTRIBUTES: Final = re.compile(r'\b(?:aria-label|title|placeholder|alt|data-label|content)="')
LITERAL: Final = re.compile(r'"([^"\\{}<>]*)"')
PROSE: Final = re.compile(r"^[A-Z][a-z’]|^[A-Za-z][A-Za-z’,.:-]* [A-Za-z]|^[A-Z]{2,}(?: |$)")
LETTER: Final = re.compile(r"[^\W\d_]")
UNREAD: Final = ("script", "style", "svg", "code", "pre", "kbd")
INLINE: Final = ("a", "b", "br", "code", "em", "kbd", "strong")
JINJA: Final = {"{{": "}}", "{%": "%}", "{#": "#}"}
SAYING: Final = frozenset({"say", "text"})
SCRIPT_CALL: Final = re.compile(r"\bt\(\s*(\"(?:[^\"\\]|\\.)*\")")


@dataclass(frozen=True, slots=True)
class Catalogue:
    """One language. texts: English -> this language; direction: ltr | rtl"""

    language: str = "en"
    direction: str = "ltr"
    texts: Mapping[str, str] = field(default_factory=dict)

    def say(self, message: str, **values: Any) -> str:
        """The message in this language with its `{names}` filled in."""
        found = self.texts.get(message, message)
        return found.format_map(values) if values else found


ENGLISH: Final = Catalogue()


def catalogue_of(language: str, folder: Path = TEXTS) -> Catalogue:
    """The catalogue of a language, English where there is none."""
    path = folder / f"{language}.json"
    if language == "en" or not re.fullmatch(r"[a-z]{2,3}(?:-[A-Za-z]+)?", language) or not path.is_file():
        return ENGLISH
    found = json.loads(path.read_text())
    return Catalogue(language, found.get("direction", "ltr"), found["texts"])


@dataclass(frozen=True, slots=True)
class Run:
    """A stretch of a template that people read.

    message  with {1}, {2} ... for the expressions and inline tags in it, whose places are `parts`
    """

    begin: int
    end: int
    message: str
    parts: tuple[tuple[int, int], ...] = ()


class _Scanner:
    """Walks through one template once."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._runs: list[Run] = []
        self._pieces: list[tuple[int, int, bool]] = []
        """(begin, end, whether it is text) of the run that is open"""

    def runs(self) -> list[Run]:
        at, unread, paragraph = 0, "", False
        source = self._source
        while at < len(source):
            if (opening := source[at : at + 2]) in JINJA:
                end = self._jinja(at)
                if opening == "{{" and not unread:
                    self._pieces.append((at, end, False))
                else:
                    self._close()
                at = end
            elif source[at] == "<" and re.match(r"</?[A-Za-z!]", source[at : at + 3]):
                at, name, closing = self._tag(at)
                unread = (
                    "" if closing and name == unread else (unread or (name if name in UNREAD and not closing else ""))
                )
                paragraph = (not closing) if name == "p" else paragraph
                if paragraph and name in INLINE:
                    self._pieces.append((self._tag_begin, at, False))
                else:
                    self._close()
            else:
                end = next((i for i in range(at + 1, len(source)) if source[i] in "<{"), len(source))
                if not unread or paragraph:
                    self._pieces.append((at, end, not unread))
                at = end
        self._close()
        return sorted(self._runs, key=lambda run: run.begin)

    def _jinja(self, at: int) -> int:
        """The end of an expression, statement or comment; its literals are runs of their own."""
        source = self._source
        end = source.index(JINJA[source[at : at + 2]], at) + 2
        if source[at + 1] != "#":
            for found in LITERAL.finditer(source, at, end):
                text = found[1].strip()
                if PROSE.match(text):
                    begin = found.start(1) + found[1].index(text)
                    self._runs.append(Run(begin, begin + len(text), text))
        return end

    def _tag(self, at: int) -> tuple[int, str, bool]:
        """(its end, its name, whether it closes); what people read of its attributes is found on the way."""
        source, self._tag_begin = self._source, at
        found = re.match(r"<(/?)([A-Za-z!][A-Za-z0-9-]*)", source[at:])
        assert found is not None, "the caller has seen the letter"
        place = at + found.end()
        while source[place] != ">":
            if source[place : place + 2] in JINJA:
                place = self._jinja(place)
            elif attribute := READ_ATTRIBUTES.match(source, place):
                place = self._attribute(attribute.end())
            else:
                place += 1
        return place + 1, found[2].lower(), bool(found[1])

    def _attribute(self, begin: int) -> int:
        """The end of a quoted value, which is a run."""
        place, outer, self._pieces = begin, self._pieces, []
        source = self._source
        while source[place] != '"':
            opening = source[place : place + 2]
            if opening in JINJA:
                end = self._jinja(place)
                if opening == "{{":
                    self._pieces.append((place, end, False))
                else:
                    self._close()
            else:
                end = next(i for i in range(place + 1, len(source)) if source[i] in '"{')
                self._pieces.append((place, end, True))
            place = end
        self._close()
        self._pieces = outer
        return place + 1

    def _close(self) -> None:
        """What is open becomes a run, if there is a word in it; expressions at its edges do not belong to it."""
        pieces, self._pieces = self._pieces, []
        if not any(text and LETTER.search(self._source[a:b]) for a, b, text in pieces):
            return
        while self._is_edge(pieces[0]):
            pieces = pieces[1:]
        while self._is_edge(pieces[-1]):
            pieces = pieces[:-1]
        raw = self._source[pieces[0][0] : pieces[0][1]]
        begin = pieces[0][0] + len(raw) - len(raw.lstrip())
        end = pieces[-1][0] + len(self._source[pieces[-1][0] : pieces[-1][1]].rstrip())
        message, parts = "", list[tuple[int, int]]()
        for a, b, text in pieces:
            if text:
                message += self._source[max(a, begin) : min(b, end)]
            else:
                parts.append((a, b))
                message += f"{{{len(parts)}}}"
        self._runs.append(Run(begin, end, " ".join(message.split()), tuple(parts)))

    def _is_edge(self, piece: tuple[int, int, bool]) -> bool:
        """Blank text, a tag, or an icon and the like: nothing that a sentence begins or ends with."""
        begin, end, text = piece
        found = self._source[begin:end]
        return not found.strip() if text else found.startswith(("<", "{{ p."))


def runs_of(source: str) -> list[Run]:
    """Everything in a template that people read, in its order."""
    return _Scanner(source).runs()


def translated(source: str, texts: Mapping[str, str]) -> str:
    """The template with every run replaced that the language has a text for."""
    return _replaced(source, runs_of(source), 0, len(source), texts)


def _replaced(source: str, runs: list[Run], begin: int, end: int, texts: Mapping[str, str]) -> str:
    """This stretch of the template; a run may lie inside an expression of another one."""
    found, at = list[str](), begin
    for run in sorted(runs, key=lambda run: (run.begin, -run.end)):
        if run.begin < at or run.end > end:
            continue
        inner = [one for one in runs if one is not run and run.begin <= one.begin and one.end <= run.end]
        text = texts.get(run.message)
        if text is None:
            text = _replaced(source, inner, run.begin, run.end, texts)
        for place, part in enumerate(run.parts, 1):
            text = text.replace(f"{{{place}}}", _replaced(source, inner, *part, texts))
        found += [source[at : run.begin], text]
        at = run.end
    return "".join([*found, source[at:end]])


class CatalogueTexts(Extension):
    """Puts the language of its environment into each template as it is compiled."""

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        environment.extend(catalogue=ENGLISH)

    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:
        catalogue: Catalogue = self.environment.catalogue  # type: ignore[attr-defined]  # put there by extend()
        return translated(source, catalogue.texts) if catalogue.texts else source


def _said(tree: ast.AST) -> Iterator[str]:
    """The first argument of each call of `say`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in SAYING:
            match node.args:
                case [ast.Constant(value=str(text)), *_] if LETTER.search(text):
                    yield text


def collected() -> list[str]:
    """Every text of the web app, sorted."""
    from fleetline.web import tables, words

    found: set[str] = set()
    for template in sorted((WEB / "templates").rglob("*.html")):
        found |= {run.message for run in runs_of(template.read_text())}
    for module in (*WEB.glob("*.py"), *(WEB / "pages").glob("*.py")):
        found |= set(_said(ast.parse(module.read_text())))
    for script in (WEB / "static" / "src").rglob("*.js"):
        found |= {json.loads(match[1]) for match in SCRIPT_CALL.finditer(script.read_text())}
    found |= {*words.ALL, *(column.label for columns in tables.TABLES.values() for column in columns)}
    return sorted(found)


def written() -> str:
    """All texts as the file that a translator fills."""
    texts = {text: text for text in collected()}
    return json.dumps({"language": "en", "direction": "ltr", "texts": texts}, ensure_ascii=False, indent=1) + "\n"


if __name__ == "__main__":
    sys.stdout.write(written())
