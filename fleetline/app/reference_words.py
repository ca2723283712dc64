"""What the reference pages say about names for which the code itself has no words."""

from collections.abc import Iterable, Mapping
from typing import Final

SETTINGS: Final = {
    "data": "Folder of the database file, the journal and the signing key.",
    "database": "Where everything is kept.",
    "http": "Where the APIs and pages are served.",
    "public_url": "How callers reach this server: stands in links and in the documentation.",
    "workers": "Processes that share the ports.",
    "trackers": "Protocols to listen for, each with its address.",
    "mqtt": "Broker to listen to.",
    "register_unknown": "Account that gets a device for every unknown identifier.",
    "trusted_proxies": "Proxies whose `X-Forwarded-For`, `-Proto` and `-Host` are believed.",
    "retention.request_log_days": "How long the request log is kept; 0: for ever.",
    "retention.positions_days": "How long positions are kept where an account says nothing; 0: for ever.",
    "tokens.signed_s": "Life of a bearer token of the Trimble-compatible API, in seconds.",
    "tokens.session_s": "Life of a sign-in of the web app, in seconds.",
    "fleetize.error_status": "Status of refusals of the Fleetize-compatible API: the fitting one, or 200 always.",
    "fleetize.error_body": "Body of those refusals: one bare line, or the line in a JSON object.",
}

PLAN: Final = {
    "api": "Whether the Fleetize-compatible API is open at all.",
    "actions": "Actions of the Fleetize-compatible API that may be called; without it: all.",
    "spacing_s": "Seconds between two of its calls.",
    "spacing_grace_s": "How much earlier than that a call may come.",
    "spacing_key": "What the spacing is counted for.",
    "block_after": "Refusals for spacing in a row that block the token.",
    "daily_calls": "Accepted calls of the account in one UTC day.",
    "one_ip": "Whether the account is bound to the address that calls first.",
    "ip_release_s": "Seconds of silence after which that address is free.",
    "processing_s": "Longest work on one call, in seconds.",
    "history_days": "How many days back a day may be asked for.",
    "rate_per_s": "Operations a second of one key of the FleetView-compatible API.",
    "burst": "How many of them may come at once.",
    "assets_rate_per_s": "Operations a second of one key of the Trimble-compatible API.",
    "assets_burst": "How many of them may come at once.",
}

THRESHOLDS: Final = {
    "move_speed": ("km/h", "A fix slower than this stands."),
    "quiet_speed": ("km/h", "A leg of a minute or more with a lower mean speed counts as standing."),
    "min_trip_distance": ("m", "A route exists once it is this far from where it began."),
    "min_trip_duration": ("s", "A route exists once it lasts this long."),
    "parking_min": ("s", "With the ignition off for this long, or unknown and standing for this long, a route ends."),
    "long_stop_min": ("s", "With the ignition on, standing this long is a pause."),
    "idle_limit": ("s", "With the ignition on, standing this long ends a route."),
    "gap_split": ("s", "Silence longer than this ends a route."),
    "ignition_debounce": ("s", "A change of the ignition undone within this time never happened."),
    "max_speed": ("km/h", "A fix that would need more than this is set aside as a spike."),
    "drift_radius": ("m", "Fixes within this distance of a stand belong to it."),
    "derived_radius": ("m", "The same where the speed is computed, not reported."),
    "leave_radius": ("m", "A fix farther than this leaves a stand, whatever its speed."),
    "group_radius": ("m", "Pauses this near to one another are marked as grouped."),
    "tow_distance": ("m", "Moving this far with the ignition off makes the ignition unknown."),
    "min_satellites": ("", "A fix with fewer satellites has no usable position."),
    "max_accuracy": ("m", "A fix less accurate than this has no usable position."),
    "future_tolerance": ("s", "A report further ahead of its receipt than this is refused."),
    "offline_after": ("s", "Without a report for this long a device is offline."),
    "no_signal_parked": ("s", "The same for a device that is parked."),
    "no_gps_after": ("s", "Without a fix for this long a device has lost its position."),
    "bad_hdop": ("", "A greater dilution of precision is reported as a bad position."),
    "bad_accuracy": ("m", "A worse accuracy is reported as a bad position."),
}

POSITIONS: Final = {
    "device_id": "Number of the device.",
    "ident": "What the device calls itself: its IMEI, or the id of the phone app.",
    "protocol": "Protocol it came by.",
    "fix_at_ms": "Time of the report after the device's clock was corrected, in ms since 1970, UTC.",
    "received_at_ms": "When it was received, in ms since 1970, UTC.",
    "valid": "Whether the device itself calls the position good.",
    "lat_deg": "Degrees north, WGS 84; null without a position.",
    "lon_deg": "Degrees east.",
    "altitude_m": "Metres above the sea.",
    "speed_kmh": "Speed over ground.",
    "course_deg": "Degrees clockwise from north.",
    "attributes": "Everything else that was sent, by name.",
}

ATTRIBUTES: Final = {
    "ignition": "true or false.",
    "odometer_m": "Total of the vehicle or the device, as sent.",
    "hdop": "Horizontal dilution of precision.",
    "accuracy_m": "Radius the position is good for.",
    "obd_speed_kmh": "Speed by the vehicle's own bus.",
    "rpm": "Engine speed.",
    "coolant_c": "Coolant temperature.",
    "supply_v": "Voltage of the vehicle's supply.",
    "battery_v": "Voltage of the tracker's own battery.",
    "satellites": "Satellites in use.",
    "power_cut": "true in the report that tells of it.",
    "power_restored": "true in the report that tells of it.",
    "tampered": "true in the report that tells of it.",
}
"""Names under `attributes` that every protocol shares."""

REFUSED_REPORTS: Final = {
    "future": "More than `future_tolerance` ahead of its receipt.",
    "too_old": "Before the year 2000.",
    "not_ours": "Before the device came to this account.",
}

TROUBLES: Final = {
    "journal": "Reports cannot be stored, so devices are not acknowledged and keep what they have.",
    "filing": "Acknowledged reports wait in the journal; callers see older data.",
    "folding": "Routes and states are behind.",
    "listeners": "Still starting, or stopping.",
    "workers": "Of several processes some do not answer: one is starting anew, or hangs.",
}


def described(names: Iterable[str], words: Mapping[str, object]) -> None:
    """Refuses a table of words that does not fit the names of the code. errors: ValueError"""
    known = set(names)
    if known != set(words):
        missing, idle = sorted(known - set(words)), sorted(set(words) - known)
        raise ValueError(f"names without words: {missing}; words without a name: {idle}")


SETTINGS_INTRO: Final = """\
A flag beats the environment, the environment beats `fleetline.toml`, which is looked for in the working folder, then
in the data folder; `--config FILE` or `FLEETLINE_CONFIG` names another. A name with a point stands in a table of the
file: `retention.positions_days` is `positions_days` under `[retention]`.
"""
SETTINGS_END: Final = """
Two more tables stand in the file: `[trips]` holds [thresholds](thresholds.md), each also as `FLEETLINE_TRIPS_NAME`,
and `[plans.NAME]` makes a [plan](plans.md)."""
PLANS_INTRO: Final = """\
An account lives under a plan: `fleetline account add NAME --plan PLAN`, `fleetline account plan ACCOUNT_ID PLAN`.
A plan of your own is a table `[plans.NAME]` in `fleetline.toml`; its key `extends` names the plan whose values hold
where no key stands (`standard`). 0 is no limit.
"""
THRESHOLDS_INTRO: Final = """\
Set them for the installation under `[trips]` in `fleetline.toml`, for an account, a group or a device with
`fleetline history thresholds`; the nearest wins. A day keeps those it began with until `fleetline history recompute`.
"""
ELEMENTS_INTRO: Final = """
## Teltonika I/O elements known by name

An element that is not listed is kept as `io_NUMBER`. *Step* is the unit of the number sent, in the unit of the name.
Where a *field* stands the value goes there and no attribute is kept; several elements may serve one field.
"""
POSITIONS_INTRO: Final = """\
Fields of `fleetline positions`, for every report that was accepted, those without a position included. A value that
was not sent is null.
"""
ATTRIBUTES_INTRO: Final = """
## Attributes that every protocol shares

They stand under `attributes` when they were sent; beside them stands what else the device sent, under names such as
those of the [Teltonika elements](trackers.md#teltonika-io-elements-known-by-name).
"""
HEALTH_INTRO: Final = """\
`GET /healthz` answers 200 `{"status": "ok"}` while everything works, else 503 with `"status": "degraded"` and the
reason under the name of what does not work, in any of several processes:
"""
METRICS_INTRO: Final = """
`GET /metrics` speaks the text format of Prometheus. Of several processes the one that is asked adds up what all have
counted; what one had counted that ended stays in the sum as it was last reported.
"""
REASONS_INTRO: Final = """
Reasons of `fleetline_refused_reports_total`:
"""
