"""The columns that a list can show, which of them a visitor chose, and the views that a visitor saved."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode

from fleetline.web.site import Visit
from fleetline.web.words import Words

Cell = str | float | int | None
Read = Callable[[dict[str, Any], Words], Cell]
NOT_OF_A_VIEW: Final = frozenset({"cursor", "done", "undo"})
MOST_VIEWS: Final = 30
LONGEST_NAME: Final = 60


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    key     its name in addresses; also what the template draws it by
    sort    by what our own API orders, or the name of a live column that the page orders by; empty: it does not
    live    whether `sort` is such a live column
    plain   the value for a file: text, or a number in the visitor's unit
    unit    of the number: what is measured, see `words.UNITS`
    fixed   cannot be left out
    common  shown unless the visitor chose otherwise
    """

    key: str
    label: str
    plain: Read
    sort: str = ""
    live: bool = False
    unit: str = ""
    numeric: bool = False
    fixed: bool = False
    common: bool = True


def _of(*path: str) -> Read:
    def read(item: dict[str, Any], words: Words) -> Cell:
        found: Any = item
        for name in path:
            found = None if found is None else found.get(name)
        cell: Cell = found
        return cell

    return read


def _number(measure: str, *path: str) -> Read:
    plain = _of(*path)

    def read(item: dict[str, Any], words: Words) -> Cell:
        value = plain(item, words)
        return words.measured(measure, value) if isinstance(value, int | float) else None

    return read


def _moment(*path: str) -> Read:
    plain = _of(*path)

    def read(item: dict[str, Any], words: Words) -> Cell:
        value = plain(item, words)
        return words.stamp(value) if isinstance(value, int) else ""

    return read


def _groups(item: dict[str, Any], words: Words) -> Cell:
    return "|".join(group["name"] for group in item["groups"])


VEHICLES: Final = (
    Column("name", "Name", _of("name"), "name", fixed=True),
    Column("status", "Status", lambda item, words: words.state_words(item["now"]), "status", live=True),
    Column("fix", "Last position", _moment("now", "fix_at_ms"), "fix_at_ms", live=True),
    Column("external_id", "ID", _of("external_id"), "external_id"),
    Column("groups", "Groups", _groups),
    Column("type", "Type", lambda item, words: words.type(item["type"])),
    Column("mileage", "Mileage", _number("distance", "now", "mileage_km"), "mileage_km", True, "distance", True),
    Column("today", "Today", _number("distance", "now", "distance_today_km"), "distance_today_km", True, "distance",
           True),
    Column("speed", "Speed", _number("speed", "now", "speed_kmh"), "speed_kmh", True, "speed", True, common=False),
    Column("heard", "Last message", _moment("now", "heard_at_ms"), "heard_at_ms", live=True, common=False),
    Column("ident", "Device", _of("device", "ident"), common=False),
    Column("supply", "Supply", _number("voltage", "now", "supply_v"), unit="voltage", numeric=True, common=False),
    Column("battery", "Tracker battery", _number("voltage", "now", "battery_v"), unit="voltage", numeric=True,
           common=False),
    Column("coolant", "Coolant", _number("temperature", "now", "coolant_c"), unit="temperature", numeric=True,
           common=False),
    Column("description", "Description", _of("description"), common=False),
    Column("created", "Added", _moment("created_at_ms"), common=False),
    Column("modified", "Changed", _moment("modified_at_ms"), common=False),
)  # fmt: skip
DRIVERS: Final = (
    Column("name", "Name", _of("name"), "name", fixed=True),
    Column("external_id", "ID", _of("external_id"), "external_id"),
    Column("groups", "Groups", _groups),
    Column("modified", "Changed", _moment("modified_at_ms")),
    Column("created", "Added", _moment("created_at_ms"), common=False),
)
DEVICES: Final = (
    Column("ident", "Number (IMEI)", _of("ident"), fixed=True),
    Column("vehicle", "Vehicle", _of("vehicle", "name")),
    Column("status", "Status", lambda item, words: words.state_words(item["now"])),
    Column("heard", "Last message", _moment("now", "heard_at_ms")),
    Column("fix", "Last position", _moment("now", "fix_at_ms"), common=False),
    Column("api", "Raw-data API", lambda item, words: "shown" if item["api"] else "hidden"),
    Column("offset", "Clock offset, s", _of("clock_offset_s"), numeric=True, common=False),
    Column("id", "Device id", _of("id"), numeric=True, common=False),
    Column("added", "Added", _moment("added_at_ms")),
    Column("retired", "Retired", _moment("retired_at_ms"), common=False),
)
TABLES: Final[Mapping[str, tuple[Column, ...]]] = {"vehicles": VEHICLES, "drivers": DRIVERS, "devices": DEVICES}


@dataclass(frozen=True, slots=True)
class Shown:
    """What one visitor's list shows.

    table    its name; columns: those shown, in the order of the table
    chosen   as in the address: the keys joined by commas, empty when the visitor has not said
    views    [{"name", "query"}] as saved
    """

    table: str
    columns: tuple[Column, ...]
    chosen: str
    views: list[dict[str, str]]

    @property
    def all(self) -> tuple[Column, ...]:
        return TABLES[self.table]


def shown_of(visit: Visit, table: str) -> Shown:
    """The columns of the address, else of the visitor's preferences, else the common ones; always the fixed one."""
    preferences: Mapping[str, Any] = visit.me["preferences"] if visit.me else {}
    kept = preferences.get("columns")
    mine = kept.get(table) if isinstance(kept, dict) else None
    # boxes come one by one, links joined by commas
    asked = [key for value in visit.request.query_params.getlist("columns") for key in value.split(",") if key]
    keys = set(asked or (mine if isinstance(mine, list) else ()))
    columns = tuple(
        column for column in TABLES[table] if column.fixed or (column.key in keys if keys else column.common)
    )
    return Shown(table, columns, ",".join(column.key for column in columns) if asked else "", views_of(visit, table))


def views_of(visit: Visit, table: str) -> list[dict[str, str]]:
    """What was saved, without anything that is no view."""
    preferences: Mapping[str, Any] = visit.me["preferences"] if visit.me else {}
    kept = preferences.get("views")
    found = kept.get(table) if isinstance(kept, dict) else None
    return [
        {"name": str(view["name"]), "query": str(view["query"])}
        for view in (found if isinstance(found, list) else [])
        if isinstance(view, dict) and {"name", "query"} <= set(view)
    ]


def query_of(path: str) -> dict[str, str]:
    """The query of an address without what belongs to one look at it only; boxes of one name joined by commas."""
    found: dict[str, str] = {}
    for name, value in parse_qsl(path.partition("?")[2]):
        if name not in NOT_OF_A_VIEW:
            found[name] = f"{found[name]},{value}" if name == "columns" and name in found else value
    return found


async def change_views(visit: Visit, table: str) -> tuple[str, dict[str, str]]:
    """Save the view, forget one, or keep the columns as the visitor's own: (what to say, the query to show)."""
    what, query = visit.field("act"), query_of("?" + visit.field("back").partition("?")[2])
    if what == "columns":
        keys = [column.key for column in TABLES[table] if column.fixed or column.key in visit.fields("columns")]
        await _keep(visit, "columns", table, keys)
        return visit.words.say("These columns are yours now."), {
            name: value for name, value in query.items() if name != "columns"
        }
    views, name = views_of(visit, table), visit.field("name")[:LONGEST_NAME]
    if what == "forget":
        await _keep(visit, "views", table, [view for view in views if view["name"] != name])
        return visit.words.say("The view “{name}” is forgotten.", name=name), query
    if not name:
        return visit.words.say("Give the view a name."), query
    kept = [view for view in views if view["name"] != name]
    if len(kept) >= MOST_VIEWS:
        return visit.words.say("There are {count} views already; forget one first.", count=MOST_VIEWS), query
    await _keep(visit, "views", table, [*kept, {"name": name, "query": urlencode(query)}])
    return visit.words.say("The view “{name}” is saved.", name=name), query


async def _keep(visit: Visit, name: str, table: str, value: list[Any]) -> None:
    preferences: Mapping[str, Any] = visit.me["preferences"] if visit.me else {}
    before = preferences.get(name)
    await visit.api.send("PATCH", "/me", {name: (before if isinstance(before, dict) else {}) | {table: value}})
