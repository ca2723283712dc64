"""What the live map costs a browser: ten thousand vehicles, first sight, updates, frames, panning."""

import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from bench import web_probes as probes
from bench.fleet import register
from bench.kit import Place, Server, ends
from fleetline.app.bench import Figure
from fleetline.web.build import BUILT

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, StorageState

NAME: Final = "map"
TITLE: Final = "the live map with 10,000 vehicles in a browser without a graphics card, beside the gates it must keep"
VEHICLES: Final = 10_000
PERIOD_S: Final = 30.0
"""Every vehicle speaks so often while updates come over the stream."""
RUNS: Final = 5
SETTLE_MS: Final = 5_000
PATIENCE_S: Final = 90.0
FLAGS: Final = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
EMAIL: Final = "boss@bench.example"
GATES: Final = {
    "transfer": ("KB", 560.0), "requests": ("", 14.0), "first paint": ("ms", 400.0), "largest paint": ("ms", 800.0),
    "layout shift": ("", 0.02), "blocking": ("ms", 800.0), "last long task ends": ("ms", 2_500.0),
    "all on the map": ("ms", 2_500.0), "frame, p95, stream": ("ms", 25.0), "update script, stream": ("ms", 5.0),
    "update on screen, stream": ("ms", 50.0), "frame, p95, all at 1 Hz": ("ms", 25.0),
    "update script, all at 1 Hz": ("ms", 5.0), "update on screen, all at 1 Hz": ("ms", 50.0),
    "pan frame over bare map": ("ms", 75.0), "heap": ("MB", 60.0),
}  # fmt: skip
"""Unit and the most that each figure may be, from the project's own study of what a browser without a card can do."""
NOTES: Final = {
    "transfer": "scripts, styles, fonts and land, those of workers too, without the stream itself",
    "all on the map": "from asking for the page to the first picture with vehicles",
    "frame, p95, stream": f"every vehicle reports each {PERIOD_S:g} s through the tracker port",
    "frame, p95, all at 1 Hz": "every vehicle moves each second, handed to the page's own listener",
}


def run(seconds: float) -> Sequence[Figure]:
    """`seconds`: how long frames are watched."""
    missing = _missing()
    if missing:
        return [Figure(name="everything", unit="", note=f"skipped: {missing}")]
    from playwright.sync_api import sync_playwright

    with _Place() as place:
        register(place, VEHICLES)
        password = place.administrator()
        with place.serving() as server, sync_playwright() as playwright:
            with fleet(server, 1.0):
                time.sleep(2.0)
            server.wait_filed()
            browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=list(FLAGS))
            found = _Look(browser, f"http://127.0.0.1:{server.http}", password).figures(server, seconds)
            browser.close()
    return [_figure(name, found.get(name)) for name in GATES]


class _Place(Place):
    def administrator(self) -> str:
        """The password of a new one."""
        words = ("user", "add", self.account, EMAIL, "--role", "administrator", "--permissions", "devices=all")
        return str(self._command(*words)["password"])


def _missing() -> str:
    if shutil.which("chromium") is None:
        return "no Chromium on this machine"
    if not BUILT.is_file():
        return "the web app's scripts are not built"
    try:
        import playwright  # noqa: F401  # only whether it is there
    except ImportError:
        return "playwright is not installed"
    return ""


def _figure(name: str, value: float | None) -> Figure:
    unit, limit = GATES[name]
    note = NOTES.get(name, "") if value is not None else f"skipped: no update came in {PATIENCE_S:g} s"
    ratio = None if value is None else value / limit
    return Figure(name=name, unit=unit, value=value, limit=limit, ratio=ratio, goal=1.0, at_most=True, note=note)


@contextmanager
def fleet(server: Server, period_s: float) -> Iterator[None]:
    """The fleet on the road while the block runs."""
    words = [sys.executable, "-m", "bench.web_fleet", str(server.teltonika), str(VEHICLES), str(period_s)]
    process = subprocess.Popen(words, stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        if process.stdout.readline() != b"moving\n":
            raise RuntimeError("the fleet did not start")
        yield
    finally:
        ends(process)


class _Look:
    """One browser, signed in."""

    def __init__(self, browser: "Browser", base: str, password: str) -> None:
        self.browser, self.base = browser, base
        self.state = self._sign_in(password)

    def _sign_in(self, password: str) -> "StorageState":
        context = self.browser.new_context()
        page = context.new_page()
        page.goto(self.base + "/login")
        page.fill("#email", EMAIL)
        page.fill("#password", password)
        page.click("button.first")
        page.wait_for_url(self.base + "/")
        state = context.storage_state()
        context.close()
        return state

    def figures(self, server: Server, seconds: float) -> dict[str, float]:
        loads = [self._load() for _ in range(RUNS)]
        found = {name: statistics.median(load[name] for load in loads) for name in loads[0]}
        with self._page() as page:
            page.wait_for_timeout(SETTLE_MS)
            found |= self._panned(page)
            found |= _updates(page, "all at 1 Hz", seconds, page.evaluate(probes.FEED, VEHICLES) or probes.FED)
            found["heap"] = page.evaluate("performance.memory.usedJSHeapSize / 1e6")
        with fleet(server, PERIOD_S), self._page() as page:
            page.wait_for_timeout(SETTLE_MS)
            if _is_moving(page):
                found |= _updates(page, "stream", seconds, probes.FRAMES)
        return found

    @contextmanager
    def _page(self) -> Iterator["Page"]:
        """The map with nothing in the browser's cache."""
        context = self.browser.new_context(storage_state=self.state, viewport={"width": 1280, "height": 800})
        page = context.new_page()
        page.add_init_script(probes.WATCH)
        page.goto(self.base + "/map")
        try:
            yield page
        finally:
            context.close()

    def _load(self) -> dict[str, float]:
        with self._page() as page:
            page.wait_for_timeout(SETTLE_MS)
            seen: dict[str, Any] = page.evaluate(probes.LOADED)
            fetched: list[float] = seen["fetched"]
            for worker in page.workers:
                fetched += worker.evaluate(probes.FETCHED)
        if seen["count"] != VEHICLES:
            raise RuntimeError(f"the map shows {seen['count']} vehicles of {VEHICLES}")
        late = [(begun, took) for begun, took in seen["long"] if begun > seen["first"]]
        return {
            "transfer": sum(fetched) / 1024, "requests": len(fetched) + 1, "first paint": seen["first"],
            "largest paint": seen["largest"], "layout shift": seen["shift"],
            "blocking": sum(max(0.0, took - 50) for _, took in late),
            "last long task ends": max((begun + took for begun, took in late), default=0.0),
            "all on the map": seen["shown"],
        }  # fmt: skip

    def _panned(self, page: "Page") -> dict[str, float]:
        """How much longer a frame of a moving map lasts with all vehicles than without any."""
        full, bare = list[float](), list[float]()
        for _ in range(3):
            page.evaluate(probes.HIDE, False)
            full += page.evaluate(probes.PAN, 1500)
            page.evaluate(probes.HIDE, True)
            bare += page.evaluate(probes.PAN, 1500)
        page.evaluate(probes.HIDE, False)
        return {"pan frame over bare map": statistics.median(full) - statistics.median(bare)}


def _is_moving(page: "Page") -> bool:
    """Whether updates come, after a while for the server to have taken in what was silent before."""
    page.evaluate("window.__test.updates().length = 0")
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        if page.evaluate("window.__test.updates().length") > 2:
            return True
        page.wait_for_timeout(500)
    return False


def _updates(page: "Page", how: str, seconds: float, probe: str) -> dict[str, float]:
    """Medians of five watches of what updates cost while nothing else moves; nothing where none come."""
    rows = list[tuple[float, float, float]]()
    for _ in range(RUNS):
        page.evaluate("window.__test.updates().length = 0")
        gaps: list[float] = page.evaluate(probe, max(3.0, seconds / 2) * 1000)
        updates: list[dict[str, float]] = page.evaluate("window.__test.updates()")
        if not updates:
            return {}
        script, shown = (statistics.median(update[name] for update in updates) for name in ("script", "shown"))
        rows.append((sorted(gaps)[int(len(gaps) * 0.95)], script, shown))
    frame, script, shown = (statistics.median(row[place] for row in rows) for place in range(3))
    return {f"frame, p95, {how}": frame, f"update script, {how}": script, f"update on screen, {how}": shown}
