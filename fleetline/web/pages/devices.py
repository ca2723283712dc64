"""Devices and what carries them: the list, adding one with its vehicle, one device with its fittings and mileage."""

from typing import Any, Final

from starlette.responses import Response

from fleetline.web.asking import Refused
from fleetline.web.pages import lists
from fleetline.web.pages.members import faults_in, faults_of, outcome_of
from fleetline.web.site import Visit
from fleetline.web.words import KM_IN_MILES, TYPES


async def listing(visit: Visit) -> Response:
    return await lists.listing(visit, "devices", "devices")


async def sheet(visit: Visit) -> Response:
    return await lists.sheet(visit, "devices")


async def views(visit: Visit) -> Response:
    return await lists.views(visit, "devices")


async def new(visit: Visit) -> Response:
    return visit.show("device_form", fields={"type": "CAR"}, faults={}, types=TYPES)


def kilometres(visit: Visit, text: str) -> float | None:
    """A typed mileage in km, read in the visitor's unit; None for none. A comma may be the decimal point."""
    try:
        value = float(text.replace(",", ".").replace(" ", ""))
    except ValueError:
        return None
    return round(value / KM_IN_MILES, 3) if visit.words.imperial else value


async def add(visit: Visit) -> Response:
    fields = {name: visit.field(name) for name in ("ident", "name", "type", "description", "mileage")}
    body: dict[str, Any] = {name: fields[name] or None for name in ("type", "description")}
    body |= {"ident": fields["ident"], "name": fields["name"], "mileage_km": kilometres(visit, fields["mileage"])}
    faults: dict[str, str] = {}
    if fields["mileage"] and body["mileage_km"] is None:
        faults["mileage"] = visit.words.say("must be a number")
    try:
        done = await visit.api.send("POST", "/devices", [body]) if not faults else None
        faults |= faults_of(outcome_of(done)) if done else {}
    except Refused as refusal:
        faults = faults_in(refusal)
    if faults or done is None:
        return visit.show("device_form", 422, fields=fields, faults=faults, types=TYPES)
    return visit.go(
        f"/devices/{outcome_of(done)['id']}",
        done=visit.words.say("{name} is added and may report now.", name=fields["name"]),
    )


async def show(visit: Visit) -> Response:
    return await _show(visit, {}, 200)


async def _show(visit: Visit, faults: dict[str, str], status: int) -> Response:
    number = int(visit.request.path_params["device_id"])
    device = await visit.api.get(f"/devices/{number}")
    fittings = await visit.api.get(f"/devices/{number}/fittings")
    calibrations = await visit.api.get(f"/devices/{number}/calibrations")
    vehicles = await visit.api.get("/vehicles", limit=1000) if visit.administers else {"items": []}
    return visit.show(
        "device", status, item=device, fittings=fittings["items"], calibrations=calibrations["items"],
        vehicles=vehicles["items"], faults=faults,
    )  # fmt: skip


async def act(visit: Visit) -> Response:
    """Move it to another vehicle, tell its mileage, hide it, retire it."""
    number = int(visit.request.path_params["device_id"])
    what, version = visit.field("act"), None
    try:
        if what == "mileage":
            mileage = kilometres(visit, visit.field("mileage"))
            if mileage is None:
                return await _show(visit, {"mileage": visit.words.say("must be a number")}, 422)
            await visit.api.send("POST", f"/devices/{number}/calibrations", {"mileage_km": mileage})
        else:
            done = await _change(visit, number, what)
            if faults := faults_of(outcome_of(done)):
                return await _show(visit, faults, 422)
            version = done["version"]
    except Refused as refusal:
        return await _show(visit, faults_in(refusal), 422)
    return visit.go(f"/devices/{number}", done=visit.words.say("Saved."), undo=version)


async def _change(visit: Visit, number: int, what: str) -> dict[str, Any]:
    if what == "fit":
        vehicle = visit.field("vehicle_id")
        body = [{"device_id": number, "vehicle_id": int(vehicle) if vehicle.isdecimal() else None}]
        found: dict[str, Any] = await visit.api.send("POST", "/fittings", body)
        return found
    change = {
        "retire": {"retired": True},
        "revive": {"retired": False},
        "hide": {"api": False},
        "unhide": {"api": True},
    }
    changed: dict[str, Any] = await visit.api.send("PATCH", "/devices", [{"id": number, **change.get(what, {})}])
    return changed


PAGES: Final = (
    ("GET", "/devices", listing),
    ("POST", "/devices/views", views),
    ("GET", "/devices/table.{form}", sheet),
    ("GET", "/devices/new", new),
    ("POST", "/devices/new", add),
    ("GET", "/devices/{device_id:int}", show),
    ("POST", "/devices/{device_id:int}", act),
)
