"""The routes of vehicles, drivers and their groups."""

from collections.abc import Iterator
from typing import Any, Final

from fleetline.api.dialects.own import changes
from fleetline.api.dialects.own.groups import GroupHandlers
from fleetline.api.dialects.own.members import SORTS, Matching, MemberHandlers
from fleetline.api.dialects.own.now import STATUS_WORDS
from fleetline.api.dialects.own.replies import (
    ATOMIC,
    BULK_ANSWER,
    BULK_BYTES,
    CURSOR,
    FLAG_SCHEMA,
    ID_SCHEMA,
    IDS_SCHEMA,
    IF_MATCH,
    IF_NONE_MATCH,
    LIMIT,
    Listed,
    in_path,
    query,
    route,
    words_schema,
)
from fleetline.api.dialects.own.sheets import SHEET_BYTES, SheetHandlers, SheetReport
from fleetline.api.dialects.own.things import (
    ChangeShown,
    Driver,
    DriverChange,
    DriverPatch,
    Group,
    GroupChange,
    GroupPatch,
    Id,
    Named,
    NewDriver,
    NewGroup,
    NewVehicle,
    Vehicle,
    VehicleChange,
    VehiclePatch,
)
from fleetline.api.routes import Answer, Parameter, Route
from fleetline.model.registry import VEHICLE_TYPES, Kind

INCLUDE: Final = query("include", "`now`: with the present state", words_schema(("now",)))
STATUS: Final = query("status", "In these states; alarm: with any", words_schema(STATUS_WORDS))
Q: Final = query("q", "Part of a name, an external id or a device's identifier")
ALSO_ARCHIVED: Final = query("archived", "Also when it is in the archive", FLAG_SCHEMA)
NAMED: Final = list[Id | Named]
_IDS: Final = list[Id]


def _filters(kind: Kind) -> list[Parameter]:
    found = [
        Q,
        query("sort", "Order of the list", {"type": "string", "enum": list(SORTS), "default": "name"}),
        query("group", "In this group or one below it", ID_SCHEMA),
        query("external_id", "Exactly this one"),
        query("id", "Only these", IDS_SCHEMA),
        query("archived", "Those that can be restored instead, the latest first", FLAG_SCHEMA),
        query("ever", "With archived: also those that cannot be restored any more", FLAG_SCHEMA),
    ]
    if kind is Kind.VEHICLE:
        types = query("type", "Of these types", words_schema(VEHICLE_TYPES))
        found += [types, query("has_device", "With or without one", FLAG_SCHEMA), STATUS]
    return found


_SHAPES: Final[dict[Kind, tuple[Any, Any, Any, Any, Any]]] = {
    Kind.VEHICLE: (Vehicle, Listed[Vehicle], list[NewVehicle], list[VehicleChange], VehiclePatch),
    Kind.DRIVER: (Driver, Listed[Driver], list[NewDriver], list[DriverChange], DriverPatch),
}
"""What each kind's routes show one by one and in pages, and take to add, to change many and to change one."""


def _members(kind: Kind) -> Iterator[Route]:
    noun, (shown, pages, new, change, patch) = kind.value, _SHAPES[kind]
    do, sheet, path = MemberHandlers(kind), SheetHandlers(kind), f"/{noun}s"
    named, tag = in_path(f"{noun}_id", f"Id of the {noun}"), f"{noun}s"
    include = [INCLUDE] if kind is Kind.VEHICLE else []
    one = [Answer(200, f"The {noun}", shown, headers={"etag": "Its revision"})]
    yield route(
        "GET",
        path,
        f"A list of {noun}s",
        do.listing,
        tag=tag,
        parameters=[CURSOR, LIMIT, *include, *_filters(kind)],
        answers=[Answer(200, "A page", pages)],
    )
    yield route(
        "POST",
        path,
        f"Add {noun}s",
        do.add,
        tag=tag,
        parameters=[ATOMIC],
        body=new,
        body_limit=BULK_BYTES,
        answers=BULK_ANSWER,
    )
    yield route(
        "PATCH",
        path,
        f"Change {noun}s",
        do.change,
        tag=tag,
        parameters=[ATOMIC],
        body=change,
        body_limit=BULK_BYTES,
        answers=BULK_ANSWER,
    )
    yield route(
        "DELETE",
        path,
        f"Archive {noun}s",
        do.archive,
        tag=tag,
        parameters=[ATOMIC],
        body=NAMED,
        body_limit=BULK_BYTES,
        text="They can be restored for 30 days.",
        answers=BULK_ANSWER,
    )
    yield route(
        "POST",
        f"{path}/restore",
        f"Restore archived {noun}s",
        do.restore,
        tag=tag,
        parameters=[ATOMIC],
        body=_IDS,
        body_limit=BULK_BYTES,
        answers=BULK_ANSWER,
    )
    yield route(
        "GET",
        f"{path}/matching",
        f"Ids of all {noun}s of a filter",
        do.matching,
        tag=tag,
        parameters=_filters(kind),
        text="How many they are, and what a bulk call on all of them names.",
        answers=[Answer(200, "All of them", Matching)],
    )
    yield route(
        "GET",
        f"{path}/export",
        f"{noun.title()}s as a file",
        sheet.give,
        tag=tag,
        parameters=_filters(kind),
        answers=[Answer(200, "The form that the import reads", {"type": "string"}, media="text/csv")],
    )
    yield route(
        "POST",
        f"{path}/import",
        f"{noun.title()}s from a file",
        sheet.take,
        tag=tag,
        body={"type": "string"},
        body_media="text/csv",
        body_limit=SHEET_BYTES,
        text=f"Columns {noun.title()} ID, {noun.title()} Name, {noun.title()} Groups (separated by |).",
        parameters=[
            query("preview", "Say what would be done, and do nothing", FLAG_SCHEMA),
            query("atomic", "Do nothing when a row is refused", FLAG_SCHEMA),
            query("add_groups", "Add a row's groups to those there are instead of replacing them", FLAG_SCHEMA),
            query("sync", "Remove what the file does not name", FLAG_SCHEMA),
            query(
                "max_removals", "The most that may be removed", {"type": "integer", "minimum": 0, "maximum": 1_000_000}
            ),
            query("remove_fitted", "Remove vehicles that carry a device, too", FLAG_SCHEMA),
            query(
                "version",
                "Of the registry that the preview rested on",
                {"type": "integer", "minimum": 0, "maximum": 2**53 - 1},
            ),
        ],
        answers=[Answer(200, "A report per row", SheetReport)],
    )
    yield route(
        "GET",
        f"{path}/{{{noun}_id}}",
        f"One {noun}",
        do.show,
        tag=tag,
        parameters=[named, ALSO_ARCHIVED, IF_NONE_MATCH],
        answers=[*one, Answer(304, "The caller has it")],
    )
    yield route(
        "PATCH",
        f"{path}/{{{noun}_id}}",
        f"Change one {noun}",
        do.patch,
        tag=tag,
        parameters=[named, IF_MATCH],
        body=patch,
        answers=one,
    )
    yield route(
        "DELETE",
        f"{path}/{{{noun}_id}}",
        f"Archive one {noun}",
        do.archive_one,
        tag=tag,
        parameters=[named, IF_MATCH],
        answers=[Answer(204, "Archived")],
    )
    trail = changes.of_vehicle if kind is Kind.VEHICLE else changes.of_driver
    yield route(
        "GET",
        f"{path}/{{{noun}_id}}/changes",
        f"What was done to a {noun}",
        trail,
        tag=tag,
        parameters=[named, CURSOR, LIMIT, ALSO_ARCHIVED],
        answers=[Answer(200, "The newest first", Listed[ChangeShown])],
    )


def _groups(kind: Kind) -> Iterator[Route]:
    do, path, tag = GroupHandlers(kind), f"/{kind.value}-groups", f"{kind.value} groups"
    named = in_path("group_id", "Id of the group")
    one = [Answer(200, "The group", Group, headers={"etag": "Its revision"})]
    yield route(
        "GET",
        path,
        "All groups, flat",
        do.listing,
        tag=tag,
        answers=[Answer(200, "By name", Listed[Group])],
        text="A restricted caller sees the groups granted to it and those below.",
    )
    yield route(
        "POST", path, "Add groups", do.add, tag=tag, parameters=[ATOMIC], body=list[NewGroup], answers=BULK_ANSWER
    )
    yield route(
        "PATCH",
        path,
        "Rename or move groups",
        do.change,
        tag=tag,
        parameters=[ATOMIC],
        body=list[GroupChange],
        answers=BULK_ANSWER,
    )
    yield route(
        "DELETE",
        path,
        "Delete groups",
        do.delete,
        tag=tag,
        parameters=[ATOMIC],
        body=NAMED,
        answers=BULK_ANSWER,
        text="Members stay; groups below come to the top. They can be restored for 30 days.",
    )
    yield route(
        "POST",
        f"{path}/restore",
        "Restore deleted groups",
        do.restore,
        tag=tag,
        parameters=[ATOMIC],
        body=_IDS,
        answers=BULK_ANSWER,
        text="With the members and the groups below that are still there.",
    )
    yield route("GET", f"{path}/{{group_id}}", "One group", do.show, tag=tag, parameters=[named], answers=one)
    yield route(
        "PATCH",
        f"{path}/{{group_id}}",
        "Change one group",
        do.patch,
        tag=tag,
        parameters=[named, IF_MATCH],
        body=GroupPatch,
        answers=one,
    )
    yield route(
        "DELETE",
        f"{path}/{{group_id}}",
        "Delete one group",
        do.delete_one,
        tag=tag,
        parameters=[named, IF_MATCH],
        answers=[Answer(204, "Deleted")],
    )
    yield route(
        "POST",
        f"{path}/{{group_id}}/members",
        f"Put {kind.value}s into a group",
        do.join,
        tag=tag,
        parameters=[named, ATOMIC],
        body=_IDS,
        body_limit=BULK_BYTES,
        answers=BULK_ANSWER,
    )
    yield route(
        "DELETE",
        f"{path}/{{group_id}}/members",
        f"Take {kind.value}s out of a group",
        do.leave,
        tag=tag,
        parameters=[named, ATOMIC],
        body=_IDS,
        body_limit=BULK_BYTES,
        answers=BULK_ANSWER,
    )


ROUTES: Final = (*_members(Kind.VEHICLE), *_members(Kind.DRIVER), *_groups(Kind.VEHICLE), *_groups(Kind.DRIVER))
