"""The web app's entry: which page stands at which path, the built files, and a plain page for everything unknown."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from fleetline.web.asking import AsgiApp, nobody
from fleetline.web.catalogue import ENGLISH, Catalogue
from fleetline.web.pages import (
    coming,
    devices,
    docs,
    groups,
    home,
    imports,
    keys,
    live,
    members,
    settings,
    solar,
    trips,
)
from fleetline.web.site import HEADERS, Handbooks, Handler, Site, Visit, page
from fleetline.web.streets import streets_of

MEDIA: Final = {
    ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".json": "application/json",
    ".woff2": "font/woff2", ".png": "image/png", ".svg": "image/svg+xml",
}  # fmt: skip
FOR_EVER: Final = "public, max-age=31536000, immutable"
ENCODINGS: Final = (("br", ".br"), ("gzip", ".gz"))
Rows = tuple[tuple[str, str, Handler], ...]


def web_app(
    public_url: str, api: AsgiApp = nobody, *, handbooks: Handbooks | None = None, tiles: Path | None = None,
    texts: Catalogue = ENGLISH,
) -> Starlette:  # fmt: skip
    """The pages of one server.

    public_url  where people reach it; may be empty
    api         the application that serves /api/v1, asked in this process with the visitor's cookie
    handbooks   the documentation of all APIs by name, for /docs
    tiles       where the operator may put a street map, a PMTiles file; looked for at each page
    texts       the language
    """
    site = Site(public_url, api, handbooks, tiles, texts=texts)
    rows: Rows = (
        *home.PAGES, *live.PAGES, *members.PAGES, *trips.PAGES, *groups.PAGES, *devices.PAGES, *imports.PAGES,
        *solar.PAGES, *keys.PAGES, *settings.PAGES,
    )  # fmt: skip
    routes: list[BaseRoute] = [_route(site, *row) for row in rows]
    routes += [_route(site, *row, is_open=True) for row in (*coming.PAGES, *docs.PAGES)]
    routes += [
        Route("/static/{name}", _static(site.dist)),
        Route("/tiles/streets.pmtiles", page(site, _streets)),
        Route("/manifest.webmanifest", _packaged("manifest.webmanifest", "application/manifest+json")),
        Route("/favicon.svg", _packaged("favicon.svg", "image/svg+xml")),
        Route("/plain/app.css", _packaged("src/app.css", "text/css; charset=utf-8")),
        Route("/robots.txt", _robots),
    ]
    return Starlette(routes=routes, exception_handlers={404: _unknown(site), 405: _unknown(site)})


def _route(site: Site, method: str, path: str, handler: Handler, is_open: bool = False) -> Route:
    return Route(path, page(site, handler, is_open=is_open), methods=[method])


def _static(folder: Path) -> Callable[[Request], Response]:
    def serve(request: Request) -> Response:
        """A built file, in the smallest form that the browser takes; its name changes with its content."""
        name = request.path_params["name"]
        path = folder / name
        if Path(name).name != name or path.suffix not in MEDIA or name == "assets.json" or not path.is_file():
            raise HTTPException(404)
        headers = {"Cache-Control": FOR_EVER, "X-Content-Type-Options": "nosniff", "Vary": "Accept-Encoding"}
        if name.startswith("maplibre-worker"):
            headers["Content-Security-Policy"] = HEADERS["Content-Security-Policy"]
        accepted = request.headers.get("accept-encoding", "")
        for encoding, ending in ENCODINGS:
            packed = folder / (name + ending)
            if encoding in accepted and packed.is_file():
                return FileResponse(
                    packed, headers=headers | {"Content-Encoding": encoding}, media_type=MEDIA[path.suffix]
                )
        return FileResponse(path, headers=headers, media_type=MEDIA[path.suffix])

    return serve


async def _streets(visit: Visit) -> Response:
    """The operator's street map, in the pieces that the browser asks for."""
    found = streets_of(visit.site.tiles)
    if found is None or found.fault:
        raise HTTPException(404)
    headers = {"Cache-Control": "private, max-age=86400", "X-Content-Type-Options": "nosniff"}
    return FileResponse(found.path, media_type="application/octet-stream", headers=headers)


def _packaged(name: str, media: str) -> Callable[[Request], Response]:
    path = Path(__file__).parent / "static" / name

    def serve(request: Request) -> Response:
        return FileResponse(path, media_type=media, headers={"Cache-Control": "public, max-age=86400"})

    return serve


def _robots(request: Request) -> Response:
    return PlainTextResponse("User-agent: *\nDisallow: /\n")


def _unknown(site: Site) -> Callable[[Request, Exception], Response]:
    def show(request: Request, fault: Exception) -> Response:
        status = fault.status_code if isinstance(fault, HTTPException) else 404
        return Visit(site, request).show("unknown", status)

    return show
