"""The web app's entry: pages under `/`, with a strict content policy; everything unknown is a plain 404."""

from importlib.metadata import version
from typing import Final

from jinja2 import Environment, PackageLoader, select_autoescape
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

POLICY: Final = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
HEADERS: Final = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


def web_app(public_url: str) -> Starlette:
    """The pages of one server; `public_url` may be empty."""
    pages = Environment(loader=PackageLoader("fleetline.web"), autoescape=select_autoescape())

    async def status(request: Request) -> Response:
        base = public_url or f"{request.url.scheme}://{request.url.netloc}"
        text = pages.get_template("status.html").render(version=version("fleetline"), base=base)
        return HTMLResponse(text, headers=HEADERS)

    async def style(request: Request) -> Response:
        text = pages.get_template("status.css").render()
        return Response(text, media_type="text/css", headers=HEADERS)

    return Starlette(routes=[Route("/", status), Route("/status.css", style)])
