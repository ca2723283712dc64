"""The pages are true: what they say to type works, what they point at is there, what they name exists."""

import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import click
import pytest

import fleetline.api.errors
import fleetline.model.errors
import fleetline.model.refusals
from fleetline.app import reference
from fleetline.app.cli import main
from fleetline.app.reference_api import REFUSALS
from fleetline.app.reference_text import slug
from fleetline.app.settings import PREFIX, READERS, load_settings
from fleetline.model.errors import FleetlineError
from tests.kit import EmbeddedPostgres
from tests.paths.docs_kit import GUIDES, PAGES, ROOT, Scene, code_spans, fences, prose

CLUSTER: Final = "postgresql://user:password@coordinator/fleetline"
NOT_RUN: Final = {f"fleetline migrate --distribute --database {CLUSTER}": "needs a Citus cluster"}
"""Examples that are shown and not run here; the page says the same in a comment before the block."""

SAYS: Final = (
    ("README.md", "v2/devicelist", '"device_name":"Van 7"'),
    ("first-tracker.md", "v2/devicelist", '"device_imei":359990000000009,'),
    ("first-tracker.md", "v2/device", '"device_id":1,'),
    ("teltonika.md", "fleetline positions", "device_id,ident,protocol"),
    ("teltonika.md", "fleetline simulate", "1 of 1 reports acknowledged"),
    ("postgresql.md", "fleetline restore", "restored"),
    ("backup.md", "fleetline restore", "restored"),
    ("trimble.md", "vehicles?limit", '"vehicleId":"V7"'),
    ("trimble.md", "vehiclegroups", '"vehicleGroupName":"North"'),
    ("trimble.md", "import vehicles.csv", "1 unchanged"),
    ("fleetview.md", "type=clearSky", '"energyAC_kWh":'),
    ("operations.md", "healthz", '"ok"'),
    ("operations.md", "metrics", "fleetline_unfiled_groups 0"),
)
"""(page, part of the example, what it must print)"""

REGISTRIES: Final = re.compile(
    rf"\b({'|'.join(('pypi', 'pythonhosted', 'npmjs', 'yarnpkg', 'crates', 'ghcr', 'docker'))})\.\w+"
)
MACHINE: Final = re.compile(rf"(?<![\w.:/-])/({'|'.join(('work', 'tmp', 'root', 'home', 'Users'))})\b")


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[Scene]:
    made: list[str] = []

    def url() -> str:
        """One database for the whole page, made when the page first speaks of it."""
        if not made:
            server: EmbeddedPostgres = request.getfixturevalue("postgres")
            made.append(server.url())
        return made[0]

    monkeypatch.chdir(tmp_path)
    opened = Scene(tmp_path, url)
    yield opened
    opened.end()


@pytest.mark.parametrize("page", GUIDES, ids=lambda page: page.name)
def test_every_example_of_a_page_works_on_a_fresh_folder(page: Path, scene: Scene) -> None:
    for block in fences(page):
        if block.mark is None:
            scene.read(block)
    for name, part, wanted in SAYS:
        if name == page.name:
            printed = [output for example, output in scene.outputs if part in example]
            assert printed and any(wanted in output for output in printed), (part, wanted, printed)


def test_every_address_in_the_table_of_the_web_page_is_served(scene: Scene) -> None:
    rows = re.findall(r"^\| (`/.*?) \|", prose(ROOT / "docs" / "guide" / "web.md"), re.M)
    paths = [path for row in rows for path in re.findall(r"`(/[^`]*)`", row)]
    assert len(paths) > 10
    scene.serve([])
    for path in paths:
        assert scene.place.get(path.replace("ID", "1"))[0] == 200, path


def test_an_example_is_left_out_only_with_a_reason_in_the_page_and_here() -> None:
    marked = {
        example: block.mark for page in GUIDES for block in fences(page) if block.mark for example in block.examples
    }
    assert marked == NOT_RUN


def test_settings_files_shown_in_the_pages_are_accepted(tmp_path: Path) -> None:
    shown = [block for page in GUIDES for block in fences(page) if block.language == "toml"]
    assert shown
    for block in shown:
        (tmp_path / "fleetline.toml").write_text("\n".join(block.lines))
        assert load_settings({}, {}, tmp_path).file is not None


def test_the_reference_is_what_the_code_says() -> None:
    wanted = reference.pages()
    kept = {path.name: path.read_text("utf-8") for path in reference.FOLDER.glob("*.md")}
    stale = sorted(name for name in wanted.keys() | kept.keys() if wanted.get(name) != kept.get(name))
    assert not stale, "run: python -m fleetline.app.reference"


def test_the_reference_shows_a_refusal_of_every_kind() -> None:
    shown = {type(refusal) for _, refusal, _ in REFUSALS}
    base = {FleetlineError, fleetline.model.refusals.Refused}
    for module in (fleetline.model.errors, fleetline.model.refusals, fleetline.api.errors):
        for _, found in inspect.getmembers(module, inspect.isclass):
            if issubclass(found, FleetlineError) and found not in base:
                assert found in shown, f"{found.__name__} has no line in reference_api.REFUSALS"


def _headings(page: Path) -> set[str]:
    return {slug(re.sub(r"[`*]", "", line.lstrip("# "))) for line in prose(page).splitlines() if line.startswith("#")}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
        if re.match(r"\w+:", target):
            assert target.startswith("https://"), target
            continue
        name, _, anchor = target.partition("#")
        path = (page.parent / name).resolve() if name else page
        assert path.exists(), target
        assert not anchor or anchor in _headings(path), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_no_page_names_a_package_registry_or_a_path_of_one_machine(page: Path) -> None:
    text = page.read_text("utf-8")
    assert not REGISTRIES.search(text), REGISTRIES.search(text)
    assert not MACHINE.search(text) and str(ROOT) not in text, MACHINE.search(text)


def _typed() -> list[tuple[str, str]]:
    """(page, text) of everything in the guides that is a command of ours."""
    found = []
    for page in GUIDES:
        lines = [example for block in fences(page) for example in block.examples]
        found += [(page.name, text) for text in (*lines, *code_spans(page)) if text.startswith("fleetline ")]
    return found


def _command(words: list[str]) -> tuple[click.Command, list[str]]:
    """The command that these words name, and the words left."""
    found: click.Command = main
    ctx, rest = click.Context(main), list(words)
    while isinstance(found, click.Group) and rest:
        member = found.get_command(ctx, rest[0])
        assert member is not None, f"there is no command {' '.join(words)}"
        found, rest = member, rest[1:]
    return found, rest


def test_every_command_and_option_named_in_the_guides_exists() -> None:
    typed = _typed()
    assert len(typed) > 50
    for page, text in typed:
        command, rest = _command(re.sub(r'"[^"]*"', "QUOTED", text).split()[1:])
        options = {flag for option in command.params for flag in option.opts} | {"--help"}
        for word in rest:
            assert not word.startswith("--") or word in options, (page, text, word)


def _every_option(command: click.Command) -> set[str]:
    if isinstance(command, click.Group):
        members = [
            command.get_command(click.Context(command), name) for name in command.list_commands(click.Context(command))
        ]
        return set().union(*(_every_option(member) for member in members if member is not None))
    return {flag for option in command.params for flag in option.opts}


def test_every_option_metric_and_variable_named_in_the_guides_exists() -> None:
    options = _every_option(main)
    metrics = set(re.findall(r"\| `(fleetline_\w+)` \|", (reference.FOLDER / "metrics.md").read_text("utf-8")))
    variables = {PREFIX + name.upper().replace(".", "_") for name in READERS} | {f"{PREFIX}CONFIG"}
    for page in GUIDES:
        for span in code_spans(page):
            assert not re.fullmatch(r"--[a-z-]+", span) or span in options, (page.name, span)
        named = set(re.findall(r"\bfleetline_\w+", page.read_text("utf-8")))
        assert named <= metrics, (page.name, named - metrics)
        named = set(re.findall(r"\bFLEETLINE_\w+", page.read_text("utf-8")))
        assert named <= variables, (page.name, named - variables)
