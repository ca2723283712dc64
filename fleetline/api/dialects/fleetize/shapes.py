"""The JSON Schemas of a device, a route and a pause, for the documentation and for tests of every answer."""

from typing import Any, Final

Schema = dict[str, Any]


def _value(kinds: str, text: str, *, nullable: bool = True, **more: Any) -> Schema:
    names = [*kinds.split(), "null"] if nullable else kinds.split()
    return {"type": names[0] if len(names) == 1 else names, "description": text, **more}


_LOCATION: Final = r"^-?[0-9]{1,2}\.[0-9]{5},-?[0-9]{1,3}\.[0-9]{5}$"
_DIGITS: Final = "^[0-9]+$"

DEVICE_SCHEMA: Final[Schema] = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "timestamp": _value("integer", "Beginning of the output data, Unix second", nullable=False),
        "device_id": _value("integer", "API-ID of the device", nullable=False, minimum=1),
        "device_imei": _value("integer string", "IMEI; another identifier is a string"),
        "device_type": _value("string", "Type of the device, e.g. CAR", nullable=False),
        "device_name": _value("string", "Name, defined by the owner", nullable=False),
        "device_description": _value("string", "Description, defined by the owner", nullable=False),
        "device_mileage": _value("integer", "Current mileage, km"),
        "device_mileage_raw": _value("integer", "Current internal mileage, km"),
        "device_distance": _value("integer", "Day trip counter, km"),
        "device_portrait": _value("string", "Raw URL-encoded address of the image"),
        "device_speed": _value("integer", "Current speed, km/h", minimum=0),
        "device_upm": _value("integer", "Current revolutions of the engine, per minute"),
        "device_temp_engine": _value("integer", "Current engine temperature, degrees Celsius"),
        "device_voltage_external": _value("number", "Current voltage of the vehicle's battery, volt"),
        "device_voltage_internal": _value("number", "Current voltage of the device's battery, volt"),
        "device_angle": _value("integer", "Current heading, degrees", minimum=0, maximum=359),
        "online_timestamp": _value("integer", "Last activity, Unix second"),
        "heartbeat_timestamp": _value("integer", "Last contact, Unix second"),
        "error_code": _value("integer", "0 no error, 1 modified, 2 unplugged, 3 no signal, 4 no GPS, 5 bad GPS",
                             nullable=False, minimum=0, maximum=5),
        "error_code_time": _value("integer", "When the error occurred, Unix second"),
        "error_text": _value("string", "Description of the error"),
        "status_text": _value("string", "Current state, as text", nullable=False),
        "status_code": _value("integer", "1 offline, 2 active, 3 inactive, 4 not moved yet, 5 unused",
                              nullable=False, minimum=1, maximum=5),
        "status_absence": _value("string", "How long it has been parked (from the vendor's example)"),
        "status_description": _value("string", "Since when it has been parked (from the vendor's example)"),
        "location": _value("string", "Latitude and longitude, degrees", pattern=_LOCATION),
    },
}  # fmt: skip

PAUSE_SCHEMA: Final[Schema] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["grouped", "type", "start_timestamp", "end_timestamp", "mileage", "location"],
    "properties": {
        "grouped": _value("integer", "1 if another pause lies in this area", nullable=False, minimum=0, maximum=1),
        "type": _value("integer", "1 ignition off, 2 long stopped", nullable=False, minimum=1, maximum=2),
        "start_timestamp": _value("string", "Beginning, Unix second", nullable=False, pattern=_DIGITS),
        "end_timestamp": _value("string", "Ending, Unix second", nullable=False, pattern=_DIGITS),
        "mileage": _value("integer", "Mileage there, km"),
        "location": _value("string", "Latitude and longitude, degrees", pattern=_LOCATION),
    },
}

ROUTE_SCHEMA: Final[Schema] = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "route_points": _value("string", "`lat,lon,speed` of every fix, joined by `;`"),
        "origin_timestamp": _value(
            "string", "Time of leaving the origin, Unix second", nullable=False, pattern=_DIGITS
        ),
        "origin_mileage": _value("integer", "Mileage there, km"),
        "origin_location": _value("string", "Latitude and longitude, degrees", pattern=_LOCATION),
        "destination_timestamp": _value(
            "string", "Time of reaching the destination, Unix second", nullable=False, pattern=_DIGITS
        ),
        "destination_mileage": _value("integer", "Mileage there, km"),
        "destination_location": _value("string", "Latitude and longitude, degrees", pattern=_LOCATION),
        "average_speed": _value("number", "Mean of the speeds that are not 0, km/h", nullable=False, minimum=0),
        "average_speed_distance": _value("number", "Distance over driving time, km/h", nullable=False, minimum=0),
        "pause_duration": _value("integer", "Duration of all pauses, s", nullable=False, minimum=0),
        "route_pause": {"type": "array", "items": PAUSE_SCHEMA, "description": "All pauses in time order"},
        "origin_rule": _value("string", "Why the route begins there (ours; only when scope names it)", nullable=False),
        "destination_rule": _value("string", "Why it ends there (ours; only when scope names it)", nullable=False),
        "route_open": _value(
            "integer", "1 while it may go on (ours; only when scope names it)", nullable=False, minimum=0, maximum=1
        ),
    },
}
