"""The routes of devices and fittings."""

from typing import Final

from fleetline.api.dialects.own import devices
from fleetline.api.dialects.own.registry import INCLUDE, NAMED, STATUS, Q
from fleetline.api.dialects.own.replies import (
    ATOMIC,
    BULK_ANSWER,
    BULK_BYTES,
    CURSOR,
    FLAG_SCHEMA,
    IDS_SCHEMA,
    IF_MATCH,
    LIMIT,
    Listed,
    in_path,
    query,
    route,
)
from fleetline.api.dialects.own.sheets import SHEET_BYTES, DeviceSheetReport, give_devices, take_devices
from fleetline.api.dialects.own.things import (
    CalibrationShown,
    Device,
    DeviceChange,
    DevicePatch,
    Fit,
    FittingShown,
    NewCalibration,
    NewDeviceBody,
)
from fleetline.api.routes import Answer

DEVICE_ID: Final = in_path("device_id", "Id of the device")
VEHICLE_ID: Final = in_path("vehicle_id", "Id of the vehicle")
_ONE_DEVICE: Final = (Answer(200, "The device", Device, headers={"etag": "Its revision"}),)
_TAG: Final = "devices"

ROUTES: Final = (
    route(
        "GET",
        "/devices",
        "A list of devices",
        devices.listing,
        tag=_TAG,
        parameters=[
            CURSOR,
            LIMIT,
            INCLUDE,
            Q,
            query("ident", "Exactly this identifier"),
            query("id", "Only these", IDS_SCHEMA),
            query("has_vehicle", "In a vehicle or in none", FLAG_SCHEMA),
            query("retired", "In use or not", FLAG_SCHEMA),
            STATUS,
        ],
        answers=[Answer(200, "A page, by id", Listed[Device])],
    ),
    route(
        "POST",
        "/devices",
        "Register devices",
        devices.add,
        tag=_TAG,
        parameters=[ATOMIC],
        body=list[NewDeviceBody],
        body_limit=BULK_BYTES,
        text="Each goes into the vehicle of its name, which is made when there is none.",
        answers=BULK_ANSWER,
    ),
    route(
        "PATCH",
        "/devices",
        "Change devices",
        devices.change,
        tag=_TAG,
        parameters=[ATOMIC],
        body=list[DeviceChange],
        body_limit=BULK_BYTES,
        answers=BULK_ANSWER,
    ),
    route(
        "DELETE",
        "/devices",
        "Take devices off the account",
        devices.delete,
        tag=_TAG,
        parameters=[ATOMIC],
        body=NAMED,
        body_limit=BULK_BYTES,
        text="Their identifiers are free, their numbers are never given again.",
        answers=BULK_ANSWER,
    ),
    route(
        "GET",
        "/devices/export",
        "Devices as a file",
        give_devices,
        tag=_TAG,
        answers=[Answer(200, "The form that the import reads", {"type": "string"}, media="text/csv")],
    ),
    route(
        "POST",
        "/devices/import",
        "Devices from a file",
        take_devices,
        tag=_TAG,
        body={"type": "string"},
        body_media="text/csv",
        body_limit=SHEET_BYTES,
        text="Columns imei, name, type, description, mileage.",
        parameters=[
            query("preview", "Say what would be done, and do nothing", FLAG_SCHEMA),
            query("atomic", "Do nothing when a row is refused", FLAG_SCHEMA),
        ],
        answers=[Answer(200, "A report per row", DeviceSheetReport)],
    ),
    route(
        "GET", "/devices/{device_id}", "One device", devices.show, tag=_TAG, parameters=[DEVICE_ID], answers=_ONE_DEVICE
    ),
    route(
        "PATCH",
        "/devices/{device_id}",
        "Change one device",
        devices.patch,
        tag=_TAG,
        parameters=[DEVICE_ID, IF_MATCH],
        body=DevicePatch,
        answers=_ONE_DEVICE,
    ),
    route(
        "DELETE",
        "/devices/{device_id}",
        "Take one device off the account",
        devices.delete_one,
        tag=_TAG,
        parameters=[DEVICE_ID, IF_MATCH],
        answers=[Answer(204, "Gone")],
    ),
    route(
        "GET",
        "/devices/{device_id}/fittings",
        "Which vehicles a device rode in",
        devices.fittings,
        tag=_TAG,
        parameters=[DEVICE_ID],
        answers=[Answer(200, "The oldest first", Listed[FittingShown])],
    ),
    route(
        "GET",
        "/devices/{device_id}/calibrations",
        "What the owner said of the mileage",
        devices.calibrations,
        tag=_TAG,
        parameters=[DEVICE_ID],
        answers=[Answer(200, "The oldest first", Listed[CalibrationShown])],
    ),
    route(
        "POST",
        "/devices/{device_id}/calibrations",
        "Say what the mileage is",
        devices.calibrate,
        tag=_TAG,
        parameters=[DEVICE_ID],
        body=NewCalibration,
        answers=[Answer(200, "All words on it", Listed[CalibrationShown])],
    ),
    route(
        "POST",
        "/fittings",
        "Move devices between vehicles",
        devices.fit,
        tag=_TAG,
        parameters=[ATOMIC],
        body=list[Fit],
        body_limit=BULK_BYTES,
        text="From now on; both histories stay right.",
        answers=BULK_ANSWER,
    ),
    route(
        "GET",
        "/vehicles/{vehicle_id}/fittings",
        "Which devices a vehicle carried",
        devices.vehicle_fittings,
        tag="vehicles",
        parameters=[VEHICLE_ID],
        answers=[Answer(200, "The oldest first", Listed[FittingShown])],
    ),
)
