"""Pages read as a reader would: their examples in order, and a fresh folder in which each is really typed."""

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from click.testing import CliRunner

from fleetline.app.cli import main
from tests.paths.server_kit import START_S, Place

ROOT: Final = Path(__file__).parents[2]
GUIDE: Final = ROOT / "docs" / "guide"
GUIDES: Final = [ROOT / "README.md", *sorted(GUIDE.glob("*.md"))]
PAGES: Final = [*GUIDES, ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("[dr]*/*.md"))]
FENCE: Final = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.M | re.S)
MARK: Final = re.compile(r"<!-- not run: (.+) -->\s*$")


@dataclass(frozen=True)
class Fence:
    """A fenced block: its language, its lines without the indent of the fence, what stands before it."""

    language: str
    lines: tuple[str, ...]
    before: str

    @property
    def examples(self) -> list[str]:
        """The lines that a reader is to type and that begin with `fleetline ` or `curl `."""
        return [line for line in self.lines if line.startswith(("fleetline ", "curl "))]

    @property
    def mark(self) -> str | None:
        """Why it is not run, None when it is."""
        found = MARK.search(self.before)
        return found[1] if found else None


def fences(page: Path) -> Iterator[Fence]:
    text = page.read_text("utf-8")
    for found in FENCE.finditer(text):
        lines = tuple(line.removeprefix(found[1]) for line in found[3].splitlines())
        yield Fence(found[2], lines, text[: found.start()])


def prose(page: Path) -> str:
    """The page without its fenced blocks."""
    return FENCE.sub("", page.read_text("utf-8"))


def code_spans(page: Path) -> list[str]:
    """What stands between back quotes, on one line each."""
    return [" ".join(span.split()) for span in re.findall(r"`([^`]+)`", prose(page))]


MADE: Final = {
    "ACCOUNT_ID": ("fleetline account add Extra --plan unlimited", r"(acc_\w+)"),
    "PARTNER_ID": ("fleetline partner add Extra", r"(par_\w+)"),
    "USER_ID": ("fleetline user add ACCOUNT_ID extra@example.org", r"\A(\S+)"),
    "DEVICE_ID": ("fleetline device add --account ACCOUNT_ID --imei 350424063817363 --name Extra", r"device (\d+)"),
    "TOKEN": ("fleetline credential add fleetize-token --account ACCOUNT_ID", r"\A(\S+)"),
    "KEY": ("fleetline credential add trimble-key --account ACCOUNT_ID", r"\A(\S+)"),
    "CREDENTIAL_ID": ("fleetline credential list --account ACCOUNT_ID", r"(cred_\w+)"),
    "API_KEY": ("fleetline credential add fleetview-client --account ACCOUNT_ID", r"api_key: (\S+)"),
    "CLIENT_ID": ("fleetline credential add fleetview-client --account ACCOUNT_ID", r"client_id: (\S+)"),
    "CLIENT_SECRET": ("fleetline credential add fleetview-client --account ACCOUNT_ID", r"client_secret: (\S+)"),
    "JWT": ("curl https://YOUR-SERVER/api/assets/v1/accounts/authenticate", r'"token": ?"([^"]+)"'),
    "ACCESS_TOKEN": ("curl https://YOUR-SERVER/token", r'"access_token": ?"([^"]+)"'),
    "RESOURCE_ID": ("curl https://YOUR-SERVER/v1/resources", r'"resourceId": ?"([^"]+)"'),
}
"""Placeholder -> (a command that makes such a thing, where its output has it). An example that runs the same command
fills the placeholder for those after it; one that no example filled is made by the command."""
PLACEHOLDER: Final = re.compile(rf"(?<![\w-])({'|'.join(MADE)})(?![\w-])")


def stem(command: str) -> str:
    """Which command it is: its words up to the first value or option; of a call its address without the query."""
    words = shlex.split(command)
    if words[0] == "curl":
        return next(word for word in words if word.startswith("http")).partition("?")[0].split("/", 3)[3]
    return " ".join(word for word in words[:4] if re.fullmatch(r"[a-z][a-z-]*", word))


@dataclass
class Scene:
    """A fresh folder in which the examples of one page are typed one after another."""

    folder: Path
    postgres_url: Callable[[], str]
    place: Place = field(init=False)
    values: dict[str, str] = field(default_factory=dict)
    outputs: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        data = self.folder / "fleetline-data"
        self.place = Place(data, f"sqlite:///{data}/fleetline.db")
        (self.folder / "backups").mkdir()

    def read(self, block: Fence) -> None:
        """What a reader does with the block: types its commands, saves the file it shows."""
        if block.language == "json" and (named := re.findall(r"`(\w+\.json)`", block.before)):
            json.loads("\n".join(block.lines))
            (self.folder / named[-1]).write_text("\n".join(block.lines))
        for example in block.examples:
            self.type(example)

    def type(self, example: str) -> str:
        """One example with real values; what it printed. A server goes on until the next one or the end."""
        command = self._real(example)
        if stem(example) == "fleetline serve":
            self.serve(shlex.split(command)[2:])
            return ""
        if example.startswith("curl") or stem(example) == "fleetline simulate":
            self._served()
        output = self._call(command) if example.startswith("curl") else self._run(command)
        self.outputs.append((example, output))
        for name, (maker, pattern) in MADE.items():
            if stem(maker) == stem(example) and (found := re.search(pattern, output)):
                self.values[name] = found[1]
        return output

    def _real(self, example: str) -> str:
        for name in PLACEHOLDER.findall(example):
            if name not in self.values:
                self.type(MADE[name][0])
        text = PLACEHOLDER.sub(lambda found: self.values[found[1]], example)
        here = f"127.0.0.1:{self.place.http}"
        text = re.sub(r"https?://(YOUR-SERVER|localhost:8080|127\.0\.0\.1:8080)", f"http://{here}", text)
        text = re.sub(r"--http \S+", f"--http {here}", text)
        text = re.sub(r"teltonika=\S+:5027", f"teltonika=127.0.0.1:{self.place.teltonika}", text)
        text = re.sub(r"--seconds \d+", "--seconds 1", text).replace("--workers 4", "--workers 2")
        if "postgresql://" in text:
            text = re.sub(r"postgresql://\S+", self.postgres_url(), text)
        return text.replace(" /backups/", f" {self.folder}/backups/")

    def _environment(self, *, http: int, teltonika: int, osmand: int) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("FLEETLINE_")}
        trackers = f"teltonika=127.0.0.1:{teltonika},osmand=127.0.0.1:{osmand}"
        ports = {"FLEETLINE_HTTP": f"127.0.0.1:{http}", "FLEETLINE_TRACKERS": trackers}
        return {**kept, **ports, "PYTHONWARNINGS": "ignore"}

    def _run(self, command: str) -> str:
        """A command in this very process: fifty of them start no fifty interpreters."""
        environment = self._environment(http=0, teltonika=0, osmand=0)
        result = CliRunner().invoke(main, shlex.split(command)[1:], env=environment, catch_exceptions=False)
        assert result.exit_code == 0, (command, result.output)
        return result.stdout

    def _call(self, command: str) -> str:
        curl = shutil.which("curl")
        assert curl is not None, "the examples of the pages need curl"
        words = [curl, "--silent", "--show-error", "--fail", "--max-time", "30", *shlex.split(command)[1:]]
        done = subprocess.run(words, cwd=self.folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, (command, done.stdout, done.stderr)
        return done.stdout

    def _served(self) -> None:
        if self.place.process is None:
            self.serve([])

    def serve(self, words: list[str]) -> None:
        """Start a server in the folder, in place of the one that runs, and wait until its listeners are open."""
        self.place.stop()
        place = self.place
        environment = self._environment(http=place.http, teltonika=place.teltonika, osmand=place.osmand)
        log = self.folder / f"serve-{time.monotonic_ns()}.log"
        with log.open("wb") as out:
            place.process = subprocess.Popen(
                [sys.executable, "-m", "fleetline.app", "serve", *words],
                cwd=self.folder, env=environment, stdout=out, stderr=out,
            )  # fmt: skip
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline:
            assert place.process.poll() is None, log.read_text()
            try:
                if place.get("/healthz")[0] == 200:
                    return
            except OSError:
                time.sleep(0.05)
        raise AssertionError(log.read_text())

    def end(self) -> None:
        self.place.stop(signal.SIGTERM)
