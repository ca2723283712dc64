"""The routes of solar resources, fleets and power."""

from typing import Final

from fleetline.api.dialects.own import solar
from fleetline.api.dialects.own import solar_shapes as shapes
from fleetline.api.dialects.own.replies import (
    BULK_BYTES,
    CURSOR,
    IF_MATCH,
    IF_NONE_MATCH,
    INSTANT_SCHEMA,
    LIMIT,
    Listed,
    in_path,
    query,
    route,
    words_schema,
)
from fleetline.api.routes import Answer, Parameter

TAG: Final = "solar"
RESOURCE_ID: Final = in_path("resource_id", "Id of the resource", {"type": "string"})
FLEET_ID: Final = in_path("fleet_id", "Id of the fleet", {"type": "string"})
RESOURCE: Final = (Answer(200, "The resource", shapes.ResourceShown, headers={"etag": "Its revision"}),)
FLEET: Final = (Answer(200, "The fleet", shapes.FleetShown, headers={"etag": "Its revision"}),)
SAME: Final = Answer(304, "The caller has it")
MEMBERS: Final = list[shapes.Text]
ALL: Final = "For callers from whom nothing of the account is hidden."


def _word(words: tuple[str, ...], default: str) -> dict[str, object]:
    return {"type": "string", "enum": list(words), "default": default}


SERIES: Final[tuple[Parameter, ...]] = (
    query("kind", "Where the light comes from", _word(tuple(solar.KINDS), "past")),
    query("from", "Begin; a day before the end unless given; a forecast begins now", INSTANT_SCHEMA),
    query("to", "End; now, of a forecast tomorrow, unless given", INSTANT_SCHEMA),
    query("period_s", "Seconds of a period", _word(solar.PERIODS_S, "3600")),
    query("source", "Weather source"),
)

FILTERS: Final[tuple[Parameter, ...]] = (
    query("q", "Part of a name"),
    query("fleet", "In this fleet"),
    query("customer_site_id", "Exactly this one"),
    query("zone", "In this zone"),
    query("customer_class", "Of this class"),
    query("box", "Within west,south,east,north"),
)

ROUTES: Final = (
    route(
        "GET",
        "/solar/resources",
        "Solar resources",
        solar.resources,
        tag=TAG,
        text=ALL,
        parameters=[
            CURSOR,
            LIMIT,
            *FILTERS,
        ],
        answers=[Answer(200, "A page, by creation", Listed[shapes.ResourceShown])],
    ),
    route(
        "POST",
        "/solar/resources",
        "Add solar resources",
        solar.add_resources,
        tag=TAG,
        text="At most 1,000.",
        body=list[shapes.ResourceBody],
        body_limit=BULK_BYTES,
        answers=[Answer(200, "One outcome per item, in order", shapes.SolarDone)],
    ),
    route(
        "GET",
        "/solar/resources/{resource_id}",
        "One solar resource",
        solar.show_resource,
        tag=TAG,
        parameters=[RESOURCE_ID, IF_NONE_MATCH],
        answers=[*RESOURCE, SAME],
    ),
    route(
        "PUT",
        "/solar/resources/{resource_id}",
        "Replace a solar resource",
        solar.put_resource,
        tag=TAG,
        parameters=[RESOURCE_ID, IF_MATCH],
        body=shapes.ResourceBody,
        answers=RESOURCE,
    ),
    route(
        "PATCH",
        "/solar/resources/{resource_id}",
        "Change a solar resource",
        solar.patch_resource,
        tag=TAG,
        text="A merge patch (RFC 7396): what it names changes, null empties, lists are replaced whole.",
        parameters=[RESOURCE_ID, IF_MATCH],
        body={"type": "object"},
        body_media="application/merge-patch+json",
        answers=RESOURCE,
    ),
    route(
        "DELETE",
        "/solar/resources/{resource_id}",
        "Remove a solar resource",
        solar.delete_resource,
        tag=TAG,
        text="It leaves every fleet.",
        parameters=[RESOURCE_ID, IF_MATCH],
        answers=[Answer(204, "Removed")],
    ),
    route(
        "GET",
        "/solar/resources/{resource_id}/power",
        "Power of a solar resource",
        solar.resource_power,
        tag=TAG,
        parameters=[RESOURCE_ID, *SERIES, query("fields", "Further fields", words_schema(solar.FIELDS))],
        answers=[Answer(200, "Mean power by period", shapes.PowerShown)],
    ),
    route(
        "GET",
        "/solar/fleets",
        "Solar fleets",
        solar.fleets,
        tag=TAG,
        text=ALL,
        parameters=[CURSOR, LIMIT, query("resource", "That this resource is in")],
        answers=[Answer(200, "A page, by creation", Listed[shapes.FleetShown])],
    ),
    route(
        "POST",
        "/solar/fleets",
        "Add a solar fleet",
        solar.add_fleet,
        tag=TAG,
        body=shapes.FleetBody,
        body_limit=BULK_BYTES,
        answers=[Answer(201, "The fleet", shapes.FleetShown)],
    ),
    route(
        "GET",
        "/solar/fleets/{fleet_id}",
        "One solar fleet",
        solar.show_fleet,
        tag=TAG,
        parameters=[FLEET_ID, IF_NONE_MATCH],
        answers=[*FLEET, SAME],
    ),
    route(
        "PUT",
        "/solar/fleets/{fleet_id}",
        "Replace a solar fleet",
        solar.put_fleet,
        tag=TAG,
        parameters=[FLEET_ID, IF_MATCH],
        body=shapes.FleetBody,
        body_limit=BULK_BYTES,
        answers=FLEET,
    ),
    route(
        "DELETE",
        "/solar/fleets/{fleet_id}",
        "Remove a solar fleet",
        solar.delete_fleet,
        tag=TAG,
        text="Its resources stay.",
        parameters=[FLEET_ID, IF_MATCH],
        answers=[Answer(204, "Removed")],
    ),
    route(
        "GET",
        "/solar/fleets/{fleet_id}/resources",
        "Members of a solar fleet",
        solar.members,
        tag=TAG,
        parameters=[FLEET_ID, CURSOR, LIMIT],
        answers=[Answer(200, "A page, by creation", Listed[shapes.ResourceShown])],
    ),
    route(
        "POST",
        "/solar/fleets/{fleet_id}/resources",
        "Put resources into a solar fleet",
        solar.add_members,
        tag=TAG,
        text="All of them, or none when one does not exist.",
        parameters=[FLEET_ID],
        body=MEMBERS,
        answers=[Answer(200, "How many it has now", shapes.MembersChanged)],
    ),
    route(
        "DELETE",
        "/solar/fleets/{fleet_id}/resources",
        "Take resources out of a solar fleet",
        solar.remove_members,
        tag=TAG,
        parameters=[FLEET_ID],
        body=MEMBERS,
        answers=[Answer(200, "How many it has now", shapes.MembersChanged)],
    ),
    route(
        "GET",
        "/solar/fleets/{fleet_id}/summary",
        "What of a solar fleet stands today",
        solar.summary,
        tag=TAG,
        parameters=[FLEET_ID],
        answers=[Answer(200, "Sums", shapes.SummaryShown)],
    ),
    route(
        "GET",
        "/solar/fleets/{fleet_id}/power",
        "Power of a solar fleet",
        solar.fleet_power,
        tag=TAG,
        parameters=[FLEET_ID, *SERIES, query("group_by", "Sums by this", _word(solar.GROUPINGS, "none"))],
        answers=[Answer(200, "Mean power by period", shapes.FleetPower)],
    ),
)
