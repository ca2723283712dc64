"""The routes of what happens and happened: search, changes, the live view, history."""

from collections.abc import Iterator
from typing import Final

from fleetline.api.dialects.own import changes, history, live, search
from fleetline.api.dialects.own.device_routes import DEVICE_ID, VEHICLE_ID
from fleetline.api.dialects.own.registry import ALSO_ARCHIVED
from fleetline.api.dialects.own.replies import (
    ATOMIC,
    CURSOR,
    FLAG_SCHEMA,
    IDS_SCHEMA,
    INSTANT_SCHEMA,
    LIMIT,
    Listed,
    in_path,
    query,
    route,
    words_schema,
)
from fleetline.api.dialects.own.things import ChangeShown
from fleetline.api.dialects.own.tracks import FILES, PositionColumns
from fleetline.api.routes import Answer, Parameter, Route
from fleetline.core.watching import MOST_STREAMS

FROM: Final = query("from", "Begin of the span, a day before its end unless given", INSTANT_SCHEMA)
TO: Final = query("to", "End of the span, not included; now unless given", INSTANT_SCHEMA)
DATE: Final = {"type": "string", "format": "date"}

CHANGES: Final = (
    route(
        "GET",
        "/search",
        "Find anything by a text",
        search.search,
        tag="search",
        parameters=[query("q", "The text", required=True)],
        answers=[Answer(200, "The first few of each kind", search.Hits)],
    ),
    route(
        "GET",
        "/changes",
        "The feed of changes",
        changes.feed,
        tag="changes",
        text="Deletes included, oldest first; for callers from whom nothing of the account is hidden.",
        parameters=[
            query("after", "`next` of the answer before", {"type": "string"}),
            LIMIT,
            query("kind", "Of these kinds", words_schema(changes.KINDS)),
        ],
        answers=[Answer(200, "Changes after that place", changes.Feed)],
    ),
    route(
        "POST",
        "/changes/{version}/undo",
        "Take back what one call changed",
        changes.undo,
        tag="changes",
        text="Item by item, where nobody has changed it since. Bulk calls, imports and single changes, of any API.",
        parameters=[in_path("version", "Version that the call made"), ATOMIC],
        answers=[Answer(200, "What became of each thing", changes.UndoneShown)],
    ),
    route(
        "GET",
        "/audit",
        "Who did what",
        changes.audit,
        tag="changes",
        level="administrator",
        parameters=[
            CURSOR,
            LIMIT,
            query("kind", "Of these kinds", words_schema((*changes.KINDS, *changes.ACT_KINDS[:3]))),
            query("id", "Of this thing", {"type": "integer", "minimum": 0, "maximum": 2**53 - 1}),
            query("actor", "Done by this user or credential"),
            query("from", "Not before", INSTANT_SCHEMA),
            query("to", "Before", INSTANT_SCHEMA),
        ],
        answers=[Answer(200, "The newest first", Listed[ChangeShown])],
    ),
)

LIVE: Final = (
    route(
        "GET",
        "/live",
        "Where everything is now",
        live.snapshot,
        tag="live",
        text="All of them by ascending id, or with `limit` so many by name.",
        parameters=[
            query("q", "Part of a name", {"type": "string"}),
            query("status", "In one of these states", words_schema(live.STATES)),
            query("group", "In one of these vehicle groups, directly", IDS_SCHEMA),
            query("limit", "Not more than these, by name", {"type": "integer", "minimum": 1, "maximum": 1_000}),
        ],
        answers=[Answer(200, "Columns of all devices in vehicles that the caller may see", live.LiveColumns)],
    ),
    route(
        "GET",
        "/live/events",
        "What changes from now on",
        live.events,
        tag="live",
        text="Server-sent events. `snapshot` first, then `changed` at most once a second with the same columns of the "
        "devices that changed, `registry` when vehicles, groups or fittings did, `ended` when the session has "
        f"(`reason` session) or when the same person has opened {MOST_STREAMS} newer streams (`reason` elsewhere); "
        "a comment after 15 silent seconds.",
        parameters=[
            query("vehicle", "Only devices in these vehicles", IDS_SCHEMA),
            query("brief", "Without the columns that seldom change, unless they have", FLAG_SCHEMA),
        ],
        answers=[Answer(200, "Events", {"type": "string"}, media="text/event-stream")],
    ),
)


def _history(noun: str, named: Parameter) -> Iterator[Route]:
    path = f"/{noun}s/{{{noun}_id}}"
    step = query(
        "step_s", "Only the first report of each so many seconds", {"type": "integer", "minimum": 1, "maximum": 86_400}
    )
    files = tuple(
        Answer(
            200,
            f"As {name.upper()}",
            {"type": "string"} if name != "geojson" else {"type": "object"},
            media=media.split(";")[0],
        )
        for name, (media, _) in FILES.items()
    )
    yield route(
        "GET",
        f"{path}/trips",
        f"Trips of a {noun}",
        history.trips,
        tag="history",
        parameters=[named, FROM, TO, query("points", "With their lines", FLAG_SCHEMA), ALSO_ARCHIVED],
        answers=[Answer(200, "Trips that touch the span", history.Trips)],
    )
    yield route(
        "GET",
        f"{path}/positions",
        f"Stored reports of a {noun}",
        history.positions,
        tag="history",
        parameters=[
            named,
            FROM,
            TO,
            step,
            query("attributes", "With further readings", FLAG_SCHEMA),
            query("format", "Of the answer", {"type": "string", "enum": list(history.FORMATS), "default": "json"}),
            ALSO_ARCHIVED,
        ],
        text="At most 32 days at once.",
        answers=[Answer(200, "Columns", PositionColumns), *files],
    )
    yield route(
        "GET",
        f"{path}/days",
        f"Sums per day of a {noun}",
        history.days,
        tag="history",
        parameters=[
            named,
            query("from", "First day, UTC; six days before the last unless given", DATE),
            query("to", "Last day, UTC; today unless given", DATE),
            ALSO_ARCHIVED,
        ],
        answers=[Answer(200, "Days that have trips", history.Days)],
    )


ROUTES: Final = (*CHANGES, *LIVE, *_history("vehicle", VEHICLE_ID), *_history("device", DEVICE_ID))
