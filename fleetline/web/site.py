"""What every page is made with: templates, built files, the visitor, and one place where refusals become pages."""

import gzip
import json
import time
from collections.abc import Awaitable, Callable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlencode

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup, escape
from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from fleetline.web.asking import AsgiApp, OwnApi, Refused
from fleetline.web.catalogue import ENGLISH, Catalogue, CatalogueTexts
from fleetline.web.streets import streets_of
from fleetline.web.words import Words, zone_of

DIST: Final = Path(__file__).parent / "static" / "dist"
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; "
    "connect-src 'self'; worker-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'; object-src 'none'"
)
HEADERS: Final = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}
Handbooks = Callable[[str], Mapping[str, Any]]
"""Base URL in, the handbook of each API by its name out; see the api room, which this room does not import."""


def marked(text: str) -> Markup:
    """Text in which `backticks` mean code, as HTML."""
    parts = text.split("`")
    return Markup("").join(
        Markup("<code>%s</code>") % part if index % 2 else escape(part) for index, part in enumerate(parts)
    )


class Site:
    """One web app."""

    def __init__(
        self,
        public_url: str,
        api: AsgiApp,
        handbooks: Handbooks | None,
        tiles: Path | None = None,
        dist: Path = DIST,
        texts: Catalogue = ENGLISH,
    ) -> None:
        self.public_url, self.api, self.dist = public_url, api, dist
        self._handbooks = handbooks
        self.tiles = tiles
        self._made: tuple[str, Mapping[str, Any]] = ("", {})
        self.version = version("fleetline")
        listed = dist / "assets.json"
        self.assets: dict[str, str] = json.loads(listed.read_text()) if listed.is_file() else {}
        self.pages = Environment(
            loader=PackageLoader("fleetline.web"),
            autoescape=select_autoescape(),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            extensions=[CatalogueTexts],
        )
        self.texts = texts
        self.pages.catalogue = texts  # type: ignore[attr-defined]  # the extension reads it when it compiles
        self.pages.filters["marked"] = marked
        self.pages.globals |= {"asset": self.asset, "built": bool(self.assets), "version": self.version}

    def asset(self, name: str) -> str:
        """The address of a built file, empty where it was not built."""
        kept = self.assets.get(name)
        return f"/static/{kept}" if kept else ""

    def handbooks(self, request: Request) -> Mapping[str, Any]:
        """The handbook of each API for this address; the last ones made are kept, since making them takes a while."""
        base = self.base(request)
        if self._handbooks is not None and self._made[0] != base:
            self._made = (base, self._handbooks(base))
        return self._made[1]

    def base(self, request: Request) -> str:
        return self.public_url or f"{request.url.scheme}://{request.url.netloc}"


class Visit:
    """One visitor's call of one page.

    me     what GET /session says; None on open pages
    """

    def __init__(self, site: Site, request: Request) -> None:
        self.site, self.request = site, request
        self.api = OwnApi(site.api, request)
        self.me: dict[str, Any] | None = None
        self.form: FormData = FormData()
        self.words = Words(zone_of("UTC"), "metric", time.time_ns() // 1_000_000, site.texts)

    async def enter(self) -> None:
        """Who it is. errors: Refused(401)"""
        me: dict[str, Any] = await self.api.get("/session")
        self.me, self.api.csrf = me, ""
        preferences = me["preferences"]
        zone = zone_of(str(preferences.get("time_zone") or me["account"]["time_zone"]))
        self.words = Words(zone, str(preferences.get("units") or "metric"), self.words.now_ms, self.site.texts)

    async def read_form(self) -> None:
        """The fields of a form; its `csrf` is what the API is then asked with, so the API itself judges it."""
        self.form = await self.request.form(max_files=1, max_fields=5_000)
        self.api.csrf = self.field("csrf")

    def field(self, name: str, otherwise: str = "") -> str:
        value = self.form.get(name)
        return value.strip() if isinstance(value, str) else otherwise

    def fields(self, name: str) -> list[str]:
        return [value for value in self.form.getlist(name) if isinstance(value, str)]

    async def upload(self, name: str) -> tuple[str, bytes]:
        """(file name, content) of an uploaded file, empty without one."""
        value = self.form.get(name)
        if not isinstance(value, UploadFile):
            return "", b""
        return value.filename or "", await value.read()

    def query(self, name: str, otherwise: str = "") -> str:
        return self.request.query_params.get(name, otherwise).strip()

    @property
    def administers(self) -> bool:
        return bool(self.me and self.me["administers"])

    def link(self, **changes: Any) -> str:
        """This very page with its query changed; None takes a name away, what comes twice is joined by commas."""
        given = self.request.query_params
        kept = {name: ",".join(given.getlist(name)) for name in given if name not in ("done", "undo")}
        kept |= {name: str(value) for name, value in changes.items() if value is not None}
        for name, value in changes.items():
            if value is None:
                kept.pop(name, None)
        return f"{self.request.url.path}?{urlencode(kept)}" if kept else self.request.url.path

    def show(self, template: str, status: int = 200, **values: Any) -> Response:
        """The page as HTML."""
        preferences = self.me["preferences"] if self.me else {}
        text = self.site.pages.get_template(f"page/{template}.html").render(
            visit=self,
            me=self.me,
            words=self.words,
            path=self.request.url.path,
            theme=values.pop("theme", preferences.get("theme", "system")),
            units=self.words.units,
            csrf=self.me["csrf"] if self.me else "",
            administers=self.administers,
            done=self.query("done"),
            undo=self.query("undo"),
            base=self.site.base(self.request),
            streets=streets_of(self.site.tiles),
            **values,
        )
        return self._sent(text.encode(), status)

    def _sent(self, body: bytes, status: int) -> Response:
        """The page, packed where nothing in it can have been chosen by somebody else.

        What a stranger's link puts into a page must not be packed together with the session's secret: the length of
        the answer would tell of it.
        """
        headers = HEADERS | {"Vary": "Cookie, HX-Request, Accept-Encoding"}
        chosen = bool(self.request.url.query) and not self.request.url.path.startswith("/docs")
        if self.request.method == "GET" and not chosen and "gzip" in self.request.headers.get("accept-encoding", ""):
            body, headers = gzip.compress(body, 5, mtime=0), headers | {"Content-Encoding": "gzip"}
        return HTMLResponse(body, status, headers=headers)

    def go(self, path: str, **query: Any) -> Response:
        """On to another page after something was done."""
        asked = {name: value for name, value in query.items() if value not in (None, "")}
        return RedirectResponse(f"{path}?{urlencode(asked)}" if asked else path, 303, headers=HEADERS)


Handler = Callable[[Visit], Awaitable[Response]]


def page(site: Site, handler: Handler, *, is_open: bool = False) -> Callable[[Request], Awaitable[Response]]:
    """The endpoint of a handler: the visitor is known, the form is read, a refusal is shown in words."""

    async def endpoint(request: Request) -> Response:
        visit = Visit(site, request)
        try:
            if not is_open:
                await visit.enter()
            if request.method == "POST":
                await visit.read_form()
            return await handler(visit)
        except Refused as refusal:
            return await _refused(visit, refusal)

    return endpoint


async def _refused(visit: Visit, refusal: Refused) -> Response:
    if refusal.status == 401:
        status = await visit.api.get("/status")
        if status["setup_needed"]:
            return visit.go("/setup")
        here = visit.request.url.path
        if visit.request.url.query:
            here += f"?{visit.request.url.query}"
        return RedirectResponse("/login" if here == "/" else f"/login?next={quote(here)}", 303, headers=HEADERS)
    return visit.show(
        "refused", refusal.status, refusal=refusal, title="Not found" if refusal.status == 404 else "Refused"
    )
