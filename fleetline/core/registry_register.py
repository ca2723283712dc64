"""How devices come into an account: each in the vehicle of its name, one verdict per item."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from fleetline.core.registry_book import Writing
from fleetline.core.registry_fitting import mileage_metres
from fleetline.model.errors import Invalid
from fleetline.model.registry import (
    VEHICLE_TYPES,
    Added,
    Calibration,
    DeviceRow,
    Kept,
    Kind,
    Member,
    NewDevice,
    Outcome,
    Refused,
    changed_facts,
    findable,
    key,
    text_fault,
)

LONGEST_IDENT: Final = 64
LONGEST_DESCRIPTION: Final = 1000
_WORDS: Final = {
    "blank": "is blank",
    "long": "is longer than 255 characters",
    "character": "has a character that cannot be kept",
}


@dataclass(slots=True)
class Plan:
    """What a call will write, and what its own earlier items have taken already.

    vehicles   new vehicles; their ids are places in this list until the block of numbers is known
    devices    (item, ident, vehicle: a Member that exists or a place in `vehicles`)
    facts      existing vehicles whose type or description changes
    """

    vehicles: list[Member] = field(default_factory=list)
    devices: list[tuple[int, NewDevice, Member | int]] = field(default_factory=list)
    facts: list[tuple[Member, Member]] = field(default_factory=list)
    idents: dict[str, NewDevice] = field(default_factory=dict)
    id_keys: set[str] = field(default_factory=set)
    name_keys: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Present:
    """What is stored and bears on the call.

    idents    ident -> (account that has it, row)
    names     key -> vehicles of that name
    carrying  vehicles that carry a device
    id_keys   external ids taken in the scope
    """

    account_id: str
    idents: Mapping[str, tuple[str, DeviceRow]]
    names: Mapping[str, list[Member]]
    carrying: Mapping[int, int]
    id_keys: frozenset[str]


async def register(work: Writing, devices: Sequence[NewDevice]) -> list[Outcome]:
    """Added, Kept or Refused for each; an item is judged against what is stored and what earlier items took."""
    checked = [check(device) for device in devices]
    good = [device for device in checked if isinstance(device, NewDevice)]
    # locked before anything is read, so that no other writer of the installation can take an identifier in between
    next_device = await work.tables.lock_counter("devices")
    present = await _present(work, good)
    plan = Plan()
    outcomes: list[Outcome] = [
        _judge(index, device, present, plan) if isinstance(device, NewDevice) else device
        for index, device in enumerate(checked)
    ]
    if plan.devices:
        await _write(work, plan, outcomes, next_device)
    return outcomes


def check(device: NewDevice) -> NewDevice | Refused:
    """The item with its texts trimmed, or why it cannot be stored."""
    ident, name = device.ident.strip(), device.name.strip()
    if not ident or len(ident) > LONGEST_IDENT or not ident.isprintable():
        return Refused(f"IMEI must be 1 to {LONGEST_IDENT} printable characters")
    if fault := text_fault(name):
        return Refused(f"name {_WORDS[fault.reason]}")
    kind = (device.type or "").strip().upper() or None
    if kind is not None and kind not in VEHICLE_TYPES:
        return Refused(f"type must be one of {', '.join(VEHICLE_TYPES)}")
    description = device.description
    if description is not None and (len(description) > LONGEST_DESCRIPTION or not findable(description + ".")):
        return Refused(f"description must be text of at most {LONGEST_DESCRIPTION} characters")
    if device.mileage_km is not None:
        try:
            mileage_metres(device.mileage_km)
        except Invalid as fault_of_mileage:
            return Refused(f"mileage {fault_of_mileage.reason}")
    return NewDevice(ident, name, kind, description, device.mileage_km)


async def _present(work: Writing, devices: Sequence[NewDevice]) -> Present:
    tables, book = work.tables, work.book
    holders = await tables.holders_of_idents([device.ident for device in devices])
    names: dict[str, list[Member]] = {}
    for text, member in await tables.holders_of_name_keys(book, Kind.VEHICLE, list({key(d.name) for d in devices})):
        names.setdefault(text, []).append(member)
    taken = await tables.holders_of_id_keys(book, Kind.VEHICLE, list({key(d.ident) for d in devices}))
    found = [member.member_id for members in names.values() for member in members]
    return Present(
        account_id=book.account_id,
        idents={ident: (account_id, row) for ident, account_id, row in holders},
        names=names,
        carrying=await tables.devices_in_vehicles(book.account_id, found),
        id_keys=frozenset(text for text, _, _ in taken),
    )


def _judge(index: int, device: NewDevice, present: Present, plan: Plan) -> Outcome:
    if (verdict := _registered(device, present, plan)) is not None:
        return verdict
    name_key = key(device.name)
    vehicles = present.names.get(name_key, [])
    if len(vehicles) > 1:
        return Refused(f"{len(vehicles)} vehicles are named {device.name!r}")
    if name_key in plan.name_keys or (vehicles and vehicles[0].member_id in present.carrying):
        return Refused(f"the vehicle {device.name!r} carries a device already")
    if vehicles:
        vehicle = vehicles[0]
        wanted = replace(
            vehicle,
            type=device.type or vehicle.type,
            description=vehicle.description if device.description is None else device.description,
        )
        if wanted != vehicle:
            plan.facts.append((vehicle, wanted))
        plan.devices.append((index, device, vehicle))
    else:
        id_key = key(device.ident)
        if id_key in present.id_keys or id_key in plan.id_keys:
            return Refused("IMEI is in use as the id of another vehicle")
        plan.id_keys.add(id_key)
        plan.devices.append((index, device, len(plan.vehicles)))
        plan.vehicles.append(Member(0, device.ident, device.name, 0, device.type or "CAR", device.description or ""))
    plan.name_keys.add(name_key)
    plan.idents[device.ident] = device
    return Added()  # its number is known once all items are judged


def _registered(device: NewDevice, present: Present, plan: Plan) -> Outcome | None:
    """The verdict on an identifier that is registered already, by an account or by an earlier item."""
    if device.ident in plan.idents:
        if plan.idents[device.ident] == device:
            return Kept(None, False)
        return Refused("IMEI stands in an earlier row with other values")
    if device.ident not in present.idents:
        return None
    account_id, row = present.idents[device.ident]
    if account_id != present.account_id:
        return Refused("IMEI is already registered")
    same = (
        key(row[3] or "") == key(device.name)
        and (device.type is None or device.type == row[4])
        and (device.description is None or device.description == row[5])
    )
    if same:
        return Kept(None, False, row[0])
    return Refused(f"IMEI is already registered, as device {row[0]} of the vehicle {row[3]!r}")


async def _write(work: Writing, plan: Plan, outcomes: list[Outcome], next_device: int) -> None:
    tables = work.tables
    at_ms = work.after(*(vehicle.modified_at_ms for vehicle, _ in plan.facts), 0)
    made: list[Member] = []
    if plan.vehicles:
        first = await tables.lock_counter("registry")
        made = [replace(v, member_id=first + place, modified_at_ms=at_ms) for place, v in enumerate(plan.vehicles)]
        await tables.advance_counter("registry", first + len(made))
        await tables.insert_members(work.book, Kind.VEHICLE, made, at_ms)
        work.grow(Kind.VEHICLE, members=len(made))
        for vehicle in made:
            work.note("vehicle", vehicle.member_id, "added", external_id=vehicle.external_id, name=vehicle.name)
    if plan.facts:
        rows = [(wanted.member_id, wanted.type, wanted.description, wanted.portrait) for _, wanted in plan.facts]
        await tables.set_vehicle_facts(work.book, rows, at_ms)
        for vehicle, wanted in plan.facts:
            work.note("vehicle", vehicle.member_id, "changed", **changed_facts(vehicle, wanted))
    rides = []
    for place, (index, device, vehicle_or_place) in enumerate(plan.devices):
        vehicle = made[vehicle_or_place] if isinstance(vehicle_or_place, int) else vehicle_or_place
        rides.append((next_device + place, device, vehicle.member_id))
        outcomes[index] = Added(device_id=next_device + place)
        work.note("device", next_device + place, "added", ident=device.ident, vehicle_id=vehicle.member_id)
    await tables.advance_counter("devices", next_device + len(rides))
    await tables.insert_devices(work.book, [(number, device.ident, ride, at_ms) for number, device, ride in rides])
    await tables.begin_fittings(work.book, [(number, ride, at_ms) for number, _, ride in rides])
    words = [
        (Calibration(number, ride, at_ms, mileage_metres(device.mileage_km)), at_ms)
        for number, device, ride in rides
        if device.mileage_km is not None
    ]
    if words:
        await tables.put_calibrations(words)
