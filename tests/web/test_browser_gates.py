"""What every page owes the browser: a title and a language, compressed files, a strict policy, little to carry."""

import gzip
import json
import re
from typing import Any, Final

import pytest
from playwright.sync_api import Browser, Response, StorageState

from fleetline.web.build import BUILT
from fleetline.web.site import DIST
from tests.web.browser_kit import Look, looking, why_not

pytestmark = pytest.mark.skipif(bool(why_not()), reason=why_not() or "runs")
PATHS: Final = (
    "/", "/map", "/vehicles", "/vehicles/{vehicle}", "/vehicles/{vehicle}/trips", "/drivers", "/devices", "/groups",
    "/settings", "/settings/users", "/License", "/solar/resources",
)  # fmt: skip
LIGHT: Final = ("/", "/vehicles", "/drivers", "/devices", "/groups", "/settings", "/settings/users", "/License")
FONT: Final = "inter.woff2"
MAP_FILES: Final = (
    "app.js", "app.css", "map.js", "map.css", "maplibre-worker.js", "fleet_worker.js", "land-110m.json",
    "places_cities.json", FONT,
)  # fmt: skip
MOST_LIGHT: Final = 90 * 1024
SECRETS: Final = re.compile(rb"password_hash|argon2|secret_hash|BEGIN [A-Z ]*PRIVATE KEY|sourceMappingURL")
FACTS: Final = """() => ({
  title: document.title, description: document.querySelector('meta[name=description]')?.content || '',
  lang: document.documentElement.lang, viewport: document.querySelector('meta[name=viewport]')?.content || '',
  blocking: [...document.querySelectorAll('head script')].filter((one) => one.type !== 'module').length,
  inline: [...document.querySelectorAll('script:not([src]):not([type="application/json"]), [onclick], [style]')]
    .filter((one) => !one.closest('.maplibregl-map, .uplot, trip-replay, fleet-map')).length,
  images: [...document.querySelectorAll('img')].filter((one) => !one.width || !one.height).length,
  headings: document.querySelectorAll('h1').length,
})"""


def test_pages_meet_what_an_audit_of_the_browser_asks(
    browser: Browser, base: str, inside: StorageState, vehicle: str
) -> None:
    found: dict[str, Any] = {}
    with looking(browser, base, storage_state=inside) as look:
        for path in PATHS:
            page = look.go(path.format(vehicle=vehicle))
            facts = page.evaluate(FACTS)
            wrong = [name for name in ("title", "description", "lang", "viewport") if not facts[name]]
            wrong += [name for name in ("blocking", "inline", "images") if facts[name]]
            if facts["headings"] != 1 or "user-scalable=no" in facts["viewport"]:
                wrong.append("headings or zoom")
            if wrong:
                found[path] = (wrong, facts)
        assert look.troubles == [], "deprecated interfaces are told of here"
    assert found == {}


def test_files_are_compressed_last_for_ever_and_change_their_name(look: Look, vehicle: str) -> None:
    answers: list[Response] = []
    look.page.on("response", lambda answer: answers.append(answer))
    for path in ("/map", "/vehicles/{vehicle}/trips"):
        look.go(path.format(vehicle=vehicle))
        look.page.wait_for_load_state("networkidle") if "map" not in path else look.page.wait_for_timeout(1500)
    static = [answer for answer in answers if "/static/" in answer.url]
    assert static
    for answer in static:
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable", answer.url
        assert re.search(r"-[0-9a-f]{10}\.[a-z0-9]+$", answer.url), answer.url
        if not answer.url.endswith((".woff2", ".png")):
            assert answer.headers["content-encoding"] == "br", answer.url


def test_every_answer_carries_the_policy_and_nothing_of_a_page_is_kept_elsewhere(look: Look, base: str) -> None:
    for path in ("/", "/vehicles", "/login", "/no-such-page"):
        headers = look.page.request.get(f"{base}{path}", max_redirects=0).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy and "unsafe" not in policy, path
        assert headers["cache-control"] == "no-store", path
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"


def test_pages_without_a_map_are_light(browser: Browser, base: str, inside: StorageState) -> None:
    heavy: dict[str, int] = {}
    for path in LIGHT:
        with looking(browser, base, storage_state=inside) as look:
            sizes: list[int] = []
            look.page.on("response", lambda answer, sizes=sizes: sizes.append(_carried(answer)))
            look.go(path)
            look.page.wait_for_load_state("networkidle")
            if sum(sizes) > MOST_LIGHT:
                heavy[path] = sum(sizes)
    assert heavy == {}


def _carried(answer: Response) -> int:
    sent = answer.headers.get("content-length")
    return int(sent) if sent else 0


def test_the_map_and_its_worker_keep_to_their_budget() -> None:
    names = json.loads(BUILT.read_text())
    missing = [name for name in MAP_FILES if name not in names]
    assert missing == []
    sizes = [(DIST / (names[name] if name == FONT else f"{names[name]}.br")).stat().st_size for name in MAP_FILES]
    assert sum(sizes) <= 560 * 1024


def test_nothing_that_is_served_holds_a_secret_or_a_map_to_its_sources() -> None:
    for path in DIST.iterdir():
        if path.suffix in (".js", ".css", ".json"):
            assert not SECRETS.search(path.read_bytes()), path.name
        assert path.suffix != ".map"


def test_a_page_with_a_query_is_not_packed_beside_the_sessions_secret(look: Look, base: str) -> None:
    plain = look.page.request.get(f"{base}/vehicles?q=x", headers={"accept-encoding": "gzip"})
    packed = look.page.request.get(f"{base}/vehicles", headers={"accept-encoding": "gzip"})
    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert len(gzip.compress(packed.body())) < len(packed.body())
