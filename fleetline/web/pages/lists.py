"""A list as a page or a file: its filter as our own API knows it, one page of it in any order, all of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from starlette.exceptions import HTTPException
from starlette.responses import Response

from fleetline.web.sheets import MEDIA, sheet_response
from fleetline.web.site import Visit
from fleetline.web.tables import Column, Shown, change_views, query_of, shown_of

PAGE: Final = 100
WHOLE: Final = 1_000
PLAIN_SORTS: Final = ("name", "external_id")
FLAGS: Final = {"yes": "true", "no": "false"}
FILTERS: Final[Mapping[str, tuple[str, ...]]] = {
    "vehicles": ("q", "group", "status", "type", "archived"),
    "drivers": ("q", "group", "archived"),
    "devices": ("q", "fitted", "retired"),
}
"""What the address of each list may say."""


@dataclass(frozen=True, slots=True)
class Found:
    """One page. follows: the cursor of the next one; count: how many the filter names, None where nobody counted"""

    items: list[dict[str, Any]]
    follows: str | None
    count: int | None


def asked_of(table: str, query: Mapping[str, str]) -> dict[str, Any]:
    """The filter of an address in the words of our own API."""
    given = {name: query.get(name, "").strip() for name in FILTERS[table]}
    if table == "devices":
        return {
            "q": given["q"], "has_vehicle": FLAGS.get(given["fitted"]), "retired": "true" if given["retired"] else None,
        }  # fmt: skip
    return given | {"archived": "true" if given["archived"] else None}


def is_filtered(visit: Visit, table: str) -> bool:
    return any(visit.query(name) for name in FILTERS[table])


async def page_of(visit: Visit, table: str, columns: tuple[Column, ...]) -> Found:
    """The page that the address asks for."""
    asked, sort = asked_of(table, visit.request.query_params), sort_of(visit, columns)
    if table != "drivers":
        asked["include"] = "now"
    if table == "devices":
        found = await visit.api.get("/devices", cursor=visit.query("cursor"), limit=PAGE, **asked)
        return Found(found["items"], found["next"], _small(visit, found))
    if sort.lstrip("-") not in PLAIN_SORTS:
        return await _by_live(visit, table, asked, sort)
    found = await visit.api.get(f"/{table}", sort=sort, cursor=visit.query("cursor"), limit=PAGE, **asked)
    count = _small(visit, found)
    if count is None:
        count = len(await ids_of(visit, table, asked))
    return Found(found["items"], found["next"], count)


def _small(visit: Visit, found: dict[str, Any]) -> int | None:
    """How many there are when all of them are on this page."""
    return None if found["next"] or visit.query("cursor") else len(found["items"])


def sort_of(visit: Visit, columns: tuple[Column, ...]) -> str:
    """The order of the address, `name` for one that no column has."""
    asked = visit.query("sort", "name")
    return asked if asked.lstrip("-") in {column.sort for column in columns if column.sort} else "name"


async def ids_of(visit: Visit, table: str, asked: Mapping[str, Any], sort: str = "name") -> list[int]:
    """Everything the filter names."""
    query = {name: value for name, value in asked.items() if name != "include"}
    ids: list[int] = (await visit.api.get(f"/{table}/matching", sort=sort, **query))["ids"]
    return ids


async def _by_live(visit: Visit, table: str, asked: Mapping[str, Any], sort: str) -> Found:
    """A page in the order of what the vehicles do now; those that say nothing of it come last, whatever the order."""
    ids = await _sorted(visit, table, asked, sort)
    cursor = visit.query("cursor")
    begin = int(cursor) if cursor.isdecimal() else 0
    wanted = ids[begin : begin + PAGE]
    if not wanted:
        return Found([], None, len(ids))
    query = {name: value for name, value in asked.items() if name in ("include", "archived")}
    found = await visit.api.get(f"/{table}", id=wanted, limit=PAGE, **query)
    by_id = {item["id"]: item for item in found["items"]}
    follows = str(begin + PAGE) if begin + PAGE < len(ids) else None
    return Found([by_id[number] for number in wanted if number in by_id], follows, len(ids))


async def _sorted(visit: Visit, table: str, asked: Mapping[str, Any], sort: str) -> list[int]:
    name, down = sort.lstrip("-"), sort.startswith("-")
    if name in PLAIN_SORTS:
        return await ids_of(visit, table, asked, sort)
    ids = await ids_of(visit, table, asked)
    live = await visit.api.get("/live")
    values = [
        None if value is None else "" if name == "status" and alarm else value
        for value, alarm in zip(live[name], live["alarm"], strict=True)
    ]
    told = {number: value for number, value in zip(live["vehicle_id"], values, strict=True) if value is not None}
    known = sorted((number for number in ids if number in told), key=lambda number: told[number], reverse=down)
    return [*known, *(number for number in ids if number not in told)]


async def whole_of(visit: Visit, table: str, columns: tuple[Column, ...]) -> list[dict[str, Any]]:
    """Everything the filter names, in the order of the address."""
    asked = asked_of(table, visit.request.query_params)
    more = asked | ({} if table == "drivers" else {"include": "now"})
    items: list[dict[str, Any]] = []
    cursor: str | None = None
    while True:
        found = await visit.api.get(f"/{table}", limit=WHOLE, cursor=cursor, **more)
        items += found["items"]
        cursor = found["next"]
        if cursor is None:
            break
    if table == "devices" or sort_of(visit, columns) == "name":
        return items
    place = {number: at for at, number in enumerate(await _sorted(visit, table, asked, sort_of(visit, columns)))}
    return sorted(items, key=lambda item: place.get(item["id"], len(place)))


async def sheet(visit: Visit, table: str) -> Response:
    """The whole list with the columns that are shown, as CSV or XLSX."""
    if visit.request.path_params["form"] not in MEDIA:
        raise HTTPException(404)
    shown = shown_of(visit, table)
    items = await whole_of(visit, table, shown.columns)
    rows = ([column.plain(item, visit.words) for column in shown.columns] for item in items)
    return sheet_response(visit.request.path_params["form"], shown.columns, rows, visit.words, table)


async def views(visit: Visit, table: str) -> Response:
    """Save or forget a view, or keep the columns for good."""
    text, query = await change_views(visit, table)
    return visit.go(f"/{table}", **query, done=text)


async def listing(visit: Visit, table: str, template: str, **values: Any) -> Response:
    """The list as a page."""
    shown: Shown = shown_of(visit, table)
    found = await page_of(visit, table, shown.columns)
    here = query_of("?" + visit.request.url.query)
    export = {} if table == "devices" else {name: value for name, value in asked_of(table, here).items() if value}
    return visit.show(
        template, items=found.items, follows=found.follows, count=found.count, shown=shown, table=table,
        filtered=is_filtered(visit, table), sort=sort_of(visit, shown.columns), here=here, here_query=urlencode(here),
        export=urlencode(export), **values,
    )  # fmt: skip
