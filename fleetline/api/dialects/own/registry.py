"""The routes of the registry, of what it went through, and of what its things do and did."""

from collections.abc import Iterator, Sequence
from typing import Final

from fleetline.api.dialects.own import changes, devices, history, live, search
from fleetline.api.dialects.own.groups import GroupHandlers
from fleetline.api.dialects.own.members import SORTS, MemberHandlers
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
    INSTANT_SCHEMA,
    LIMIT,
    Listed,
    in_path,
    query,
    route,
)
from fleetline.api.dialects.own.sheets import (
    SHEET_BYTES,
    DeviceSheetReport,
    SheetHandlers,
    SheetReport,
    give_devices,
    take_devices,
)
from fleetline.api.dialects.own.things import (
    CalibrationShown,
    ChangeShown,
    Device,
    DeviceChange,
    DevicePatch,
    Driver,
    DriverChange,
    DriverPatch,
    Fit,
    FittingShown,
    Group,
    GroupChange,
    GroupPatch,
    Id,
    Named,
    NewCalibration,
    NewDeviceBody,
    NewDriver,
    NewGroup,
    NewVehicle,
    Vehicle,
    VehicleChange,
    VehiclePatch,
)
from fleetline.api.dialects.own.tracks import FILES, PositionColumns
from fleetline.api.routes import Answer, Parameter, Route
from fleetline.model.registry import VEHICLE_TYPES, Kind

_NAMED: Final = list[Id | Named]
_IDS: Final = list[Id]
_FROM: Final = query("from", "Begin of the span, a day before its end unless given", INSTANT_SCHEMA)
_TO: Final = query("to", "End of the span, not included; now unless given", INSTANT_SCHEMA)
_DATE: Final = {"type": "string", "format": "date"}


def _words(words: Sequence[str]) -> dict[str, object]:
    return {"type": "array", "items": {"type": "string", "enum": list(words)}, "minItems": 1}


_INCLUDE: Final = query("include", "`now`: with the present state", _words(("now",)))
_STATUS: Final = query("status", "In these states; alarm: with any", _words(STATUS_WORDS))
_Q: Final = query("q", "Part of a name, an external id or a device's identifier")


def _filters(kind: Kind) -> list[Parameter]:
    found = [
        _Q,
        query("sort", "Order of the list", {"type": "string", "enum": list(SORTS), "default": "name"}),
        query("group", "In this group or one below it", ID_SCHEMA),
        query("external_id", "Exactly this one"),
        query("id", "Only these", IDS_SCHEMA),
        query("archived", "Those that can be restored instead, the latest first", FLAG_SCHEMA),
    ]
    if kind is Kind.VEHICLE:
        types = query("type", "Of these types", _words(VEHICLE_TYPES))
        found += [types, query("has_device", "With or without one", FLAG_SCHEMA), _STATUS]
    return found


def _members(kind: Kind) -> Iterator[Route]:
    noun, shown, new = kind.value, (Vehicle, Driver)[kind is Kind.DRIVER], (NewVehicle, NewDriver)[kind is Kind.DRIVER]
    change, patch = (VehicleChange, DriverChange)[kind is Kind.DRIVER], (VehiclePatch, DriverPatch)[kind is Kind.DRIVER]
    do, sheet, path = MemberHandlers(kind), SheetHandlers(kind), f"/{noun}s"
    named, tag = in_path(f"{noun}_id", f"Id of the {noun}"), f"{noun}s"
    include = [_INCLUDE] if kind is Kind.VEHICLE else []
    one = [Answer(200, f"The {noun}", shown, headers={"etag": "Its revision"})]
    yield route("GET", path, f"A list of {noun}s", do.listing, tag=tag, parameters=[CURSOR, LIMIT, *include, *_filters(kind)],
                answers=[Answer(200, "A page", Listed[shown])])  # type: ignore[valid-type]  # of either kind
    yield route("POST", path, f"Add {noun}s", do.add, tag=tag, parameters=[ATOMIC], body=list[new],  # type: ignore[valid-type]  # as above
                body_limit=BULK_BYTES, answers=BULK_ANSWER)
    yield route("PATCH", path, f"Change {noun}s", do.change, tag=tag, parameters=[ATOMIC], body=list[change],  # type: ignore[valid-type]  # as above
                body_limit=BULK_BYTES, answers=BULK_ANSWER)
    yield route("DELETE", path, f"Archive {noun}s", do.archive, tag=tag, parameters=[ATOMIC], body=_NAMED,
                body_limit=BULK_BYTES, text="They can be restored for 30 days.", answers=BULK_ANSWER)
    yield route("POST", f"{path}/restore", f"Restore archived {noun}s", do.restore, tag=tag, parameters=[ATOMIC], body=_IDS,
                body_limit=BULK_BYTES, answers=BULK_ANSWER)
    yield route("GET", f"{path}/export", f"{noun.title()}s as a file", sheet.give, tag=tag, parameters=_filters(kind),
                answers=[Answer(200, "The form that the import reads", {"type": "string"}, media="text/csv")])
    yield route(
        "POST", f"{path}/import", f"{noun.title()}s from a file", sheet.take, tag=tag, body={"type": "string"},
        body_media="text/csv", body_limit=SHEET_BYTES,
        text=f"Columns {noun.title()} ID, {noun.title()} Name, {noun.title()} Groups (separated by |).",
        parameters=[
            query("preview", "Say what would be done, and do nothing", FLAG_SCHEMA),
            query("atomic", "Do nothing when a row is refused", FLAG_SCHEMA),
            query("add_groups", "Add a row's groups to those there are instead of replacing them", FLAG_SCHEMA),
            query("sync", "Remove what the file does not name", FLAG_SCHEMA),
            query("max_removals", "The most that may be removed", {"type": "integer", "minimum": 0, "maximum": 1_000_000}),
            query("remove_fitted", "Remove vehicles that carry a device, too", FLAG_SCHEMA),
            query("version", "Of the registry that the preview rested on", {"type": "integer", "minimum": 0, "maximum": 2**53 - 1}),
        ],
        answers=[Answer(200, "A report per row", SheetReport)],
    )
    yield route("GET", f"{path}/{{{noun}_id}}", f"One {noun}", do.show, tag=tag, parameters=[named, IF_NONE_MATCH],
                answers=[*one, Answer(304, "The caller has it")])
    yield route("PATCH", f"{path}/{{{noun}_id}}", f"Change one {noun}", do.patch, tag=tag, parameters=[named, IF_MATCH],
                body=patch, answers=one)
    yield route("DELETE", f"{path}/{{{noun}_id}}", f"Archive one {noun}", do.archive_one, tag=tag,
                parameters=[named, IF_MATCH], answers=[Answer(204, "Archived")])
    trail = changes.of_vehicle if kind is Kind.VEHICLE else changes.of_driver
    yield route("GET", f"{path}/{{{noun}_id}}/changes", f"What was done to a {noun}", trail, tag=tag,
                parameters=[named, CURSOR, LIMIT], answers=[Answer(200, "The newest first", Listed[ChangeShown])])


def _groups(kind: Kind) -> Iterator[Route]:
    do, path, tag = GroupHandlers(kind), f"/{kind.value}-groups", f"{kind.value} groups"
    named = in_path("group_id", "Id of the group")
    one = [Answer(200, "The group", Group, headers={"etag": "Its revision"})]
    yield route("GET", path, "All groups, flat", do.listing, tag=tag, answers=[Answer(200, "By name", Listed[Group])],
                text="A restricted caller sees the groups granted to it and those below.")
    yield route("POST", path, "Add groups", do.add, tag=tag, parameters=[ATOMIC], body=list[NewGroup], answers=BULK_ANSWER)
    yield route("PATCH", path, "Rename or move groups", do.change, tag=tag, parameters=[ATOMIC], body=list[GroupChange],
                answers=BULK_ANSWER)
    yield route("DELETE", path, "Delete groups", do.delete, tag=tag, parameters=[ATOMIC], body=_NAMED, answers=BULK_ANSWER,
                text="Members stay; groups below come to the top.")
    yield route("GET", f"{path}/{{group_id}}", "One group", do.show, tag=tag, parameters=[named], answers=one)
    yield route("PATCH", f"{path}/{{group_id}}", "Change one group", do.patch, tag=tag, parameters=[named, IF_MATCH],
                body=GroupPatch, answers=one)
    yield route("DELETE", f"{path}/{{group_id}}", "Delete one group", do.delete_one, tag=tag, parameters=[named, IF_MATCH],
                answers=[Answer(204, "Deleted")])
    yield route("POST", f"{path}/{{group_id}}/members", f"Put {kind.value}s into a group", do.join, tag=tag,
                parameters=[named, ATOMIC], body=_IDS, body_limit=BULK_BYTES, answers=BULK_ANSWER)
    yield route("DELETE", f"{path}/{{group_id}}/members", f"Take {kind.value}s out of a group", do.leave, tag=tag,
                parameters=[named, ATOMIC], body=_IDS, body_limit=BULK_BYTES, answers=BULK_ANSWER)


DEVICE_ID: Final = in_path("device_id", "Id of the device")
VEHICLE_ID: Final = in_path("vehicle_id", "Id of the vehicle")
_ONE_DEVICE: Final = (Answer(200, "The device", Device, headers={"etag": "Its revision"}),)
_TAG: Final = "devices"

DEVICES: Final = (
    route("GET", "/devices", "A list of devices", devices.listing, tag=_TAG,
          parameters=[CURSOR, LIMIT, _INCLUDE, _Q, query("ident", "Exactly this identifier"), query("id", "Only these", IDS_SCHEMA),
                      query("has_vehicle", "In a vehicle or in none", FLAG_SCHEMA), query("retired", "In use or not", FLAG_SCHEMA),
                      _STATUS],
          answers=[Answer(200, "A page, by id", Listed[Device])]),
    route("POST", "/devices", "Register devices", devices.add, tag=_TAG, parameters=[ATOMIC], body=list[NewDeviceBody],
          body_limit=BULK_BYTES, text="Each goes into the vehicle of its name, which is made when there is none.",
          answers=BULK_ANSWER),
    route("PATCH", "/devices", "Change devices", devices.change, tag=_TAG, parameters=[ATOMIC], body=list[DeviceChange],
          body_limit=BULK_BYTES, answers=BULK_ANSWER),
    route("DELETE", "/devices", "Take devices off the account", devices.delete, tag=_TAG, parameters=[ATOMIC], body=_NAMED,
          body_limit=BULK_BYTES, text="Their identifiers are free, their numbers are never given again.", answers=BULK_ANSWER),
    route("GET", "/devices/export", "Devices as a file", give_devices, tag=_TAG,
          answers=[Answer(200, "The form that the import reads", {"type": "string"}, media="text/csv")]),
    route("POST", "/devices/import", "Devices from a file", take_devices, tag=_TAG, body={"type": "string"},
          body_media="text/csv", body_limit=SHEET_BYTES, text="Columns imei, name, type, description, mileage.",
          parameters=[query("preview", "Say what would be done, and do nothing", FLAG_SCHEMA),
                      query("atomic", "Do nothing when a row is refused", FLAG_SCHEMA)],
          answers=[Answer(200, "A report per row", DeviceSheetReport)]),
    route("GET", "/devices/{device_id}", "One device", devices.show, tag=_TAG, parameters=[DEVICE_ID], answers=_ONE_DEVICE),
    route("PATCH", "/devices/{device_id}", "Change one device", devices.patch, tag=_TAG, parameters=[DEVICE_ID, IF_MATCH],
          body=DevicePatch, answers=_ONE_DEVICE),
    route("DELETE", "/devices/{device_id}", "Take one device off the account", devices.delete_one, tag=_TAG,
          parameters=[DEVICE_ID, IF_MATCH], answers=[Answer(204, "Gone")]),
    route("GET", "/devices/{device_id}/fittings", "Which vehicles a device rode in", devices.fittings, tag=_TAG,
          parameters=[DEVICE_ID], answers=[Answer(200, "The oldest first", Listed[FittingShown])]),
    route("GET", "/devices/{device_id}/calibrations", "What the owner said of the mileage", devices.calibrations, tag=_TAG,
          parameters=[DEVICE_ID], answers=[Answer(200, "The oldest first", Listed[CalibrationShown])]),
    route("POST", "/devices/{device_id}/calibrations", "Say what the mileage is", devices.calibrate, tag=_TAG,
          parameters=[DEVICE_ID], body=NewCalibration, answers=[Answer(200, "All words on it", Listed[CalibrationShown])]),
    route("POST", "/fittings", "Move devices between vehicles", devices.fit, tag=_TAG, parameters=[ATOMIC], body=list[Fit],
          body_limit=BULK_BYTES, text="From now on; both histories stay right.", answers=BULK_ANSWER),
    route("GET", "/vehicles/{vehicle_id}/fittings", "Which devices a vehicle carried", devices.vehicle_fittings, tag="vehicles",
          parameters=[VEHICLE_ID], answers=[Answer(200, "The oldest first", Listed[FittingShown])]),
)  # fmt: skip

CHANGES: Final = (
    route("GET", "/search", "Find anything by a text", search.search, tag="search", parameters=[query("q", "The text", required=True)],
          answers=[Answer(200, "The first few of each kind", search.Hits)]),
    route("GET", "/changes", "The feed of changes", changes.feed, tag="changes",
          text="Deletes included, oldest first; for callers from whom nothing of the account is hidden.",
          parameters=[query("after", "`next` of the answer before", {"type": "string"}), LIMIT,
                      query("kind", "Of these kinds", _words(changes.KINDS))],
          answers=[Answer(200, "Changes after that place", changes.Feed)]),
    route("GET", "/audit", "Who did what", changes.audit, tag="changes", level="administrator",
          parameters=[CURSOR, LIMIT, query("kind", "Of these kinds", _words((*changes.KINDS, *changes.ACT_KINDS[:3]))),
                      query("id", "Of this thing", {"type": "integer", "minimum": 0, "maximum": 2**53 - 1}),
                      query("actor", "Done by this user or credential"), query("from", "Not before", INSTANT_SCHEMA),
                      query("to", "Before", INSTANT_SCHEMA)],
          answers=[Answer(200, "The newest first", Listed[ChangeShown])]),
)  # fmt: skip

LIVE: Final = (
    route("GET", "/live", "Where everything is now", live.snapshot, tag="live",
          answers=[Answer(200, "Columns of all devices in vehicles that the caller may see", live.LiveColumns)]),
    route("GET", "/live/events", "What changes from now on", live.events, tag="live",
          text="Server-sent events. `snapshot` first, then `changed` at most once a second with the same columns of the "
               "devices that changed, `registry` when vehicles, groups or fittings did, `ended` when the session has; "
               "a comment after 15 silent seconds.",
          answers=[Answer(200, "Events", {"type": "string"}, media="text/event-stream")]),
)  # fmt: skip


def _history(noun: str, named: Parameter) -> Iterator[Route]:
    path = f"/{noun}s/{{{noun}_id}}"
    step = query("step_s", "Only the first report of each so many seconds", {"type": "integer", "minimum": 1, "maximum": 86_400})
    files = tuple(Answer(200, f"As {name.upper()}", {"type": "string"} if name != "geojson" else {"type": "object"},
                         media=media.split(";")[0]) for name, (media, _) in FILES.items())
    yield route("GET", f"{path}/trips", f"Trips of a {noun}", history.trips, tag="history",
                parameters=[named, _FROM, _TO, query("points", "With their lines", FLAG_SCHEMA)],
                answers=[Answer(200, "Trips that touch the span", history.Trips)])
    yield route("GET", f"{path}/positions", f"Stored reports of a {noun}", history.positions, tag="history",
                parameters=[named, _FROM, _TO, step, query("attributes", "With further readings", FLAG_SCHEMA),
                            query("format", "Of the answer", {"type": "string", "enum": list(history.FORMATS), "default": "json"})],
                text="At most 32 days at once.", answers=[Answer(200, "Columns", PositionColumns), *files])
    yield route("GET", f"{path}/days", f"Sums per day of a {noun}", history.days, tag="history",
                parameters=[named, query("from", "First day, UTC; six days before the last unless given", _DATE),
                            query("to", "Last day, UTC; today unless given", _DATE)],
                answers=[Answer(200, "Days that have trips", history.Days)])  # fmt: skip


ROUTES: Final = (
    *_members(Kind.VEHICLE), *_members(Kind.DRIVER), *_groups(Kind.VEHICLE), *_groups(Kind.DRIVER), *DEVICES, *CHANGES,
    *LIVE, *_history("vehicle", VEHICLE_ID), *_history("device", DEVICE_ID),
)  # fmt: skip
