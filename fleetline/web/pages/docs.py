"""The documentation of the four APIs: made from their own route tables, with samples, a console and Postman files."""

import json
from typing import Any, Final

from starlette.responses import Response

from fleetline.web.asking import Refused
from fleetline.web.describing import Described
from fleetline.web.pages.keys import environment
from fleetline.web.samples import LANGUAGES, call_of, collection
from fleetline.web.site import HEADERS, Visit

ORDER: Final = ("fleetize", "trimble", "fleetview", "own")
VARIABLES: Final[dict[str, tuple[str, ...]]] = {
    "fleetview": ("apiKey", "clientId", "clientSecret", "bearerToken", "refreshToken", "resourceId", "fleetId"),
    "fleetize": ("apitoken",), "trimble": ("apiKey", "bearerToken"), "own": ("bearerToken",),
}  # fmt: skip
GUIDES: Final[dict[str, tuple[str, ...]]] = {
    "fleetize": (
        "Create a Fleetize token on License Settings.",
        "Send it as the form field apitoken with POST; the action is the last part of the path.",
        "Keep the pause between two calls of one action that your plan names; a call that comes too early is refused.",
    ),
    "trimble": (
        "Create a Trimble key on License Settings.",
        "POST it as apiKey to /api/assets/v1/accounts/authenticate; the answer is a token.",
        "Send the token with every other call: Authorization: bearer TOKEN.",
    ),
    "fleetview": (
        "Create a FleetView client on License Settings: an API key, a client id and a client secret.",
        "POST client id and secret to /token, with the key in the header X-Api-Key; the answer holds an access token for "
        "60 minutes and a refresh token.",
        "Send both with every other call: X-Api-Key and Authorization: Bearer. POST the refresh token to /refresh for new ones.",
        "An API key may do 3 operations a second on the standard plan, with bursts of 6; 429 says how long to wait.",
    ),
    "own": (
        "Create a Fleetline token on License Settings.",
        "Send it with every call: Authorization: Bearer TOKEN.",
        "Lists give next: pass it on as cursor. Bulk calls give one outcome per item.",
    ),
}


async def _known(visit: Visit) -> None:
    """Who reads, if anybody is signed in: the pages are open, their frame is the visitor's own."""
    try:
        await visit.enter()
    except Refused:
        visit.me = None


def _documents(visit: Visit) -> dict[str, Any]:
    documents = visit.site.documents
    found = dict(documents(visit.site.base(visit.request))) if documents is not None else {}
    return {name: found[name] for name in (*ORDER, *found) if name in found}


async def index(visit: Visit) -> Response:
    await _known(visit)
    found = {name: Described(document) for name, document in _documents(visit).items()}
    return visit.show("docs", apis=found, guides=GUIDES)


def _one(visit: Visit) -> tuple[str, dict[str, Any]]:
    name = str(visit.request.path_params["api"])
    found = _documents(visit).get(name)
    if found is None:
        raise Refused(404, {"detail": "There is no such API here."})
    return name, found


async def show(visit: Visit) -> Response:
    await _known(visit)
    name, document = _one(visit)
    described, base = Described(document), visit.site.base(visit.request)
    language = visit.query("lang") if visit.query("lang") in LANGUAGES else "curl"
    write = LANGUAGES[language][1]
    samples = {op.key: write(call_of(described, op, base)) for op in described.operations}
    return visit.show(
        "doc", name=name, doc=described, samples=samples, language=language, columns=visit.query("columns", "2"),
        languages={key: text for key, (text, _) in LANGUAGES.items()}, guide=GUIDES.get(name, ()), apis=list(_documents(visit)),
    )  # fmt: skip


def _file(value: Any, name: str) -> Response:
    named = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(json.dumps(value, indent=2), media_type="application/json", headers=HEADERS | named)


async def openapi_file(visit: Visit) -> Response:
    name, document = _one(visit)
    return _file(document, f"{name}.openapi.json")


async def collection_file(visit: Visit) -> Response:
    name, document = _one(visit)
    found = collection(Described(document), name)
    found["variable"][0]["value"] = visit.site.base(visit.request)
    return _file(found, f"{name}.postman_collection.json")


async def environment_file(visit: Visit) -> Response:
    name, document = _one(visit)
    values = dict.fromkeys(VARIABLES.get(name, ()), "")
    return _file(environment(visit.site.base(visit.request), str(document["info"]["title"]), values), f"{name}.postman_environment.json")


PAGES: Final = (
    ("GET", "/docs", index),
    ("GET", "/docs/{api}", show),
    ("GET", "/docs/{api}/openapi.json", openapi_file),
    ("GET", "/docs/{api}/collection.json", collection_file),
    ("GET", "/docs/{api}/environment.json", environment_file),
)
