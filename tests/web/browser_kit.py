"""A real server with two small fleets, and a real browser that looks at it."""

import json
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Browser, BrowserContext, Page, Playwright

from fleetline.model.motion import Report
from fleetline.web.build import BUILT
from tests.paths.server_kit import Place, Tracker

FLAGS: Final = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
AXE: Final = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
RULES: Final = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
SIZES: Final = ((1280, 800), (390, 844))
LOUD: Final = ("GPU stall", "GL Driver Message")
"""What software rendering says of itself."""


def why_not() -> str:
    """Why no browser test can run here; empty when they can."""
    if shutil.which("chromium") is None:
        return "no Chromium on this machine"
    return "" if BUILT.is_file() else "the web app's scripts are not built: python -m fleetline.web.build"


def launched(playwright: Playwright) -> Browser:
    return playwright.chromium.launch(executable_path=shutil.which("chromium"), args=list(FLAGS))


@dataclass
class Account:
    """One organisation with an administrator and its vehicles."""

    account_id: str
    email: str
    password: str
    vehicles: list[str]


def filled(place: Place) -> tuple[Account, Account]:
    """Two accounts on a running server: the first drives a trip of a quarter of an hour that ended just now."""
    first = _account(place, "Alpha", ["Alpha van with a rather long name for a narrow list", "Alpha truck"], 1)
    second = _account(place, "Beta", ["Beta bus"], 9)
    now_ms = time.time_ns() // 1_000_000
    for number in (1, 2):
        tracker = Tracker(place, imei(number))
        tracker.send([report(now_ms, step, number) for step in range(90)])
        tracker.close()
    return first, second


def imei(number: int) -> str:
    return f"35999000000000{number}"


def report(now_ms: int, step: int, number: int) -> Report:
    """Every ten seconds along a street; the last is of this moment."""
    return Report(
        fix_at_ms=now_ms - (89 - step) * 10_000,
        valid=True,
        lat_deg=48.77 + step * 0.0011 * number,
        lon_deg=9.18,
        speed_kmh=0.0 if step in (0, 89) else 44.0,
        course_deg=0.0,
        ignition=step != 89,
        satellites=9,
    )


def _account(place: Place, name: str, vehicles: list[str], first: int) -> Account:
    made = place.run("account", "add", name, "--plan", "unlimited")["account_id"]
    email = f"boss@{name.lower()}.example"
    user = place.run("user", "add", made, email, "--role", "administrator", "--permissions", "devices=all")
    for number, vehicle in enumerate(vehicles, first):
        place.run("device", "add", "--account", made, "--imei", imei(number), "--name", vehicle, "--type", "VAN")
    return Account(made, email, user["password"], vehicles)


class Look:
    """One page in one context, with all that went wrong in it."""

    def __init__(self, context: BrowserContext, base: str) -> None:
        self.base = base
        self.troubles: list[str] = []
        self.page: Page = context.new_page()
        self.page.on("console", lambda message: self._heard(message.type, message.text))
        self.page.on("pageerror", lambda fault: self.troubles.append(f"script: {fault}"))
        context.on("request", lambda request: self._asked(request.url))

    def _heard(self, kind: str, text: str) -> None:
        if kind in ("error", "warning") and not any(word in text for word in LOUD):
            self.troubles.append(f"{kind}: {text}")

    def _asked(self, url: str) -> None:
        if not url.startswith((self.base, "data:", f"blob:{self.base}")):
            self.troubles.append(f"outside: {url}")

    def go(self, path: str) -> Page:
        answer = self.page.goto(self.base + path)
        assert answer is not None
        if answer.status >= 400:
            self.troubles.append(f"{answer.status}: {path}")
        return self.page

    def sign_in(self, account: Account) -> None:
        page = self.go("/login")
        page.fill("#email", account.email)
        page.fill("#password", account.password)
        page.click("button.first")
        page.wait_for_url(f"{self.base}/")

    def axe(self) -> list[str]:
        """What axe finds, one line a rule."""
        self.page.evaluate(AXE.read_text())
        found: dict[str, Any] = self.page.evaluate(f"axe.run(document, {{runOnly: {json.dumps(RULES)}}})")
        return [f"{rule['id']}: {rule['nodes'][0]['html'][:200]}" for rule in found["violations"]]


@contextmanager
def looking(browser: Browser, base: str, **options: Any) -> Iterator[Look]:
    context = browser.new_context(**options)
    try:
        yield Look(context, base)
    finally:
        context.close()
