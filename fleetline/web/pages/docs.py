"""The documentation of the four APIs: their handbooks as pages, with samples, a console and Postman files."""

import json
from typing import Any, Final
from urllib.parse import urlencode

from starlette.responses import Response

from fleetline.web.asking import Refused
from fleetline.web.site import HEADERS, Visit

ORDER: Final = ("fleetize", "trimble", "fleetview", "own")
SHORT: Final = {"fleetize": "Fleetize", "trimble": "Trimble", "fleetview": "FleetView", "own": "Fleetline"}
THEMES: Final = {"": "System theme", "light": "Light theme", "dark": "Dark theme"}
ENVIRONMENTS: Final = {"default": "Default environment", "none": "No environment"}


async def _known(visit: Visit) -> None:
    """Who reads, if anybody is signed in: the pages are open, their frame is the visitor's own."""
    try:
        await visit.enter()
    except Refused:
        visit.me = None


def _handbooks(visit: Visit) -> dict[str, Any]:
    found = visit.site.handbooks(visit.request)
    return {name: found[name] for name in (*ORDER, *found) if name in found}


async def index(visit: Visit) -> Response:
    await _known(visit)
    return visit.show("docs", books=_handbooks(visit), short=SHORT, kept=_kept(visit), **_theme(visit))


def _one(visit: Visit) -> Any:
    found = _handbooks(visit).get(str(visit.request.path_params["api"]))
    if found is None:
        raise Refused(404, {"detail": "There is no such API here."})
    return found


async def show(visit: Visit) -> Response:
    await _known(visit)
    book = _one(visit)
    languages = {key: label if label == variant else f"{label}, {variant}" for key, label, variant in book.languages}
    return visit.show(
        "doc",
        book=book,
        language=_choice(visit, "lang", languages),
        languages=languages,
        environments=ENVIRONMENTS,
        environment=_choice(visit, "env", ENVIRONMENTS),
        columns=visit.query("columns", "2"),
        books=list(_handbooks(visit)),
        short=SHORT,
        themes=THEMES,
        chosen=_choice(visit, "theme", THEMES),
        kept=_kept(visit),
        **_theme(visit),
    )


def _choice(visit: Visit, name: str, known: dict[str, str]) -> str:
    """The chosen key, the first without a known one."""
    return visit.query(name) if visit.query(name) in known else next(iter(known))


def _theme(visit: Visit) -> dict[str, Any]:
    """The theme chosen on the page; without one that of the visitor, who may follow the system."""
    chosen = _choice(visit, "theme", THEMES)
    return {"theme": chosen} if chosen else {}


def _kept(visit: Visit) -> str:
    """What was chosen here, for the pages of the other APIs."""
    given = {name: visit.query(name) for name in ("lang", "env", "columns", "theme")}
    query = urlencode({name: value for name, value in given.items() if value})
    return f"?{query}" if query else ""


def _file(value: Any, name: str) -> Response:
    named = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(json.dumps(value, indent=2), media_type="application/json", headers=HEADERS | named)


async def openapi_file(visit: Visit) -> Response:
    book = _one(visit)
    return _file(book.openapi, f"{book.name}.openapi.json")


async def collection_file(visit: Visit) -> Response:
    book = _one(visit)
    return _file(book.collection, f"{book.name}.postman_collection.json")


async def environment_file(visit: Visit) -> Response:
    book = _one(visit)
    return _file(book.environment, f"{book.name}.postman_environment.json")


PAGES: Final = (
    ("GET", "/docs", index),
    ("GET", "/docs/{api}", show),
    ("GET", "/docs/{api}/openapi.json", openapi_file),
    ("GET", "/docs/{api}/collection.json", collection_file),
    ("GET", "/docs/{api}/environment.json", environment_file),
)
