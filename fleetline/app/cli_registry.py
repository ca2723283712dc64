"""Commands of tracker devices."""

import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import click

from fleetline.app.command import Printed, core_command, instant, say, table
from fleetline.core.registry_csv import Row, read_table
from fleetline.core.workspace import Core
from fleetline.model.errors import FleetlineError, Invalid
from fleetline.model.registry import Added, Author, DeviceRow, Kept, NewDevice, Outcome, Refused

OPERATOR: Final = Author("operator", "cli")
TITLES: Final = ("device_id", "imei", "vehicle_id", "name", "type", "description", "state")
COLUMNS: Final = ("imei", "name", "type", "description", "mileage")


class RowsRefused(FleetlineError):
    """A file was read, and some of its rows did not take effect; the report on stdout tells which."""

    def __init__(self, count: int) -> None:
        super().__init__(f"{count} row{'s were' if count != 1 else ' was'} refused; the report says why")


def read_file(path: str) -> bytes:
    """The whole file, standard input for `-`. errors: Invalid"""
    try:
        return sys.stdin.buffer.read() if path == "-" else Path(path).read_bytes()
    except OSError as fault:
        raise Invalid(path, fault.strerror or str(fault)) from fault


def account_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """Adds --account, which every command of the registry needs."""
    return click.option("--account", "account_id", required=True, metavar="ACCOUNT_ID")(function)


@click.group()
def device() -> None:
    """Tracker devices and the vehicles they ride in."""


@device.command("add")
@account_option
@click.option("--imei", required=True, metavar="IMEI", help="What the device calls itself.")
@click.option("--name", required=True, metavar="NAME", help="The vehicle it rides in, made if there is none.")
@click.option("--type", "kind", metavar="TYPE", help="CAR unless said: VAN, TRUCK, BUS, BIKE, TRAILER, MACHINE, ...")
@click.option("--description", metavar="TEXT")
@click.option("--mileage", type=float, metavar="KM", help="The vehicle's mileage now.")
@core_command
async def device_add(
    core: Core,
    account_id: str,
    imei: str,
    name: str,
    kind: str | None,
    description: str | None,
    mileage: float | None,
) -> Printed:
    """Register one device."""
    device_id = await core.registry.devices.add(account_id, NewDevice(imei, name, kind, description, mileage), OPERATOR)
    return Printed({"device_id": device_id}, f"device {device_id}")


@device.command("import")
@click.argument("file")
@account_option
@core_command
async def device_import(core: Core, file: str, account_id: str) -> Printed:
    """Register the devices of FILE (`-`: standard input), with the columns imei, name, type, description, mileage."""
    read = read_table(read_file(file), COLUMNS, ("imei", "name"))
    parsed = [_new_device(row) for row in read.rows]
    good = [item for item in parsed if isinstance(item, NewDevice)]
    verdicts = iter(await core.registry.devices.import_many(account_id, good, OPERATOR))
    outcomes = [item if isinstance(item, Refused) else next(verdicts) for item in parsed]
    report = [_reported(row, outcome) for row, outcome in zip(read.rows, outcomes, strict=True)]
    facts: dict[str, Any] = {
        result: sum(entry["result"] == result for entry in report) for result in ("added", "unchanged", "refused")
    }
    lines = [f"row {entry['row']}: {entry['imei']}: {entry['detail']}" for entry in report if entry["detail"]]
    counts = ", ".join(f"{count} {result}" for result, count in facts.items())
    return finished(Printed({**facts, "report": report}, "\n".join([*lines, counts])), facts["refused"])


def finished(printed: Printed, refused: int) -> Printed:
    """What an import tells; when rows were refused it is told first, then the command fails. errors: RowsRefused"""
    if refused:
        say(printed, as_json=bool(click.get_current_context().params.get("as_json")))
        raise RowsRefused(refused)
    return printed


def _new_device(row: Row) -> NewDevice | Refused:
    cells = {name: text.strip() for name, text in row.cells.items()}
    mileage = None
    if text := cells.get("mileage"):
        try:
            mileage = float(text)
        except ValueError:
            return Refused("mileage must be a number of kilometres, with a point")
    return NewDevice(cells["imei"], cells["name"], cells.get("type") or None, cells.get("description") or None, mileage)


def _reported(row: Row, outcome: Outcome) -> dict[str, Any]:
    device_id, result, detail = None, "refused", ""
    if isinstance(outcome, Added):
        device_id, result = outcome.device_id, "added"
    elif isinstance(outcome, Kept):
        device_id, result = outcome.device_id or None, "unchanged"
    elif isinstance(outcome, Refused):
        detail = outcome.reason
    return {
        "row": row.number,
        "imei": row.cells["imei"].strip(),
        "name": row.cells["name"].strip(),
        "result": result,
        "device_id": device_id,
        "detail": detail,
    }


@device.command("list")
@account_option
@core_command
async def device_list(core: Core, account_id: str) -> Printed:
    """All devices of an account with the vehicle each rides in."""
    facts = [_device(row) for row in await core.registry.devices.rows(account_id)]
    rows = [[fact[title] for title in TITLES] for fact in facts]
    return Printed(facts, table(TITLES, rows, empty="no devices"))


def _device(row: DeviceRow) -> dict[str, Any]:
    device_id, ident, vehicle_id, name, kind, description, _, api, offset, retired_at_ms, added_at_ms = row
    return {
        "device_id": device_id,
        "imei": ident,
        "vehicle_id": vehicle_id,
        "name": name,
        "type": kind,
        "description": description,
        "api": bool(api),
        "clock_offset_s": offset,
        "added_at": instant(added_at_ms),
        "state": "in use" if retired_at_ms is None else "retired",
    }


@device.command("move")
@click.argument("device_id", type=int)
@account_option
@click.option("--vehicle", "vehicle_id", type=int, metavar="VEHICLE_ID", help="None given: it rides in no vehicle.")
@core_command
async def device_move(core: Core, device_id: int, account_id: str, vehicle_id: int | None) -> Printed:
    """From now on DEVICE_ID rides in another vehicle; it keeps its number and its history."""
    await core.registry.devices.move(account_id, device_id, vehicle_id, OPERATOR)
    where = "in no vehicle" if vehicle_id is None else f"in vehicle {vehicle_id}"
    return Printed({"device_id": device_id, "vehicle_id": vehicle_id}, f"device {device_id} rides {where}")


@device.command("retire")
@click.argument("device_id", type=int)
@account_option
@click.option("--undo", is_flag=True, help="It is in use again.")
@core_command
async def device_retire(core: Core, device_id: int, account_id: str, undo: bool) -> Printed:
    """Say that DEVICE_ID is no longer in use; it stays in the lists."""
    await core.registry.devices.retire(account_id, device_id, OPERATOR, retired=not undo)
    state = "in use" if undo else "retired"
    return Printed({"device_id": device_id, "state": state}, f"device {device_id} is {state}")


@device.command("delete")
@click.argument("device_id", type=int)
@account_option
@core_command
async def device_delete(core: Core, device_id: int, account_id: str) -> Printed:
    """Take DEVICE_ID off the account; its IMEI can be registered anew, under a new number and without its history."""
    await core.registry.devices.delete(account_id, device_id, OPERATOR)
    return Printed({"device_id": device_id, "state": "deleted"}, f"device {device_id} is deleted")


@device.command("calibrate")
@click.argument("device_id", type=int)
@click.argument("km", type=float)
@account_option
@click.option("--at", metavar="TIME", help="ISO 8601, UTC when it names no zone; now when not given.")
@core_command
async def device_calibrate(core: Core, device_id: int, km: float, account_id: str, at: str | None) -> Printed:
    """The vehicle of DEVICE_ID had run KM kilometres at that moment."""
    at_ms = None if at is None else _moment(at)
    await core.registry.devices.calibrate(account_id, device_id, km, OPERATOR, at_ms=at_ms)
    return Printed({"device_id": device_id, "mileage": km}, f"device {device_id} stands at {km:g} km")


@device.command("set")
@click.argument("device_id", type=int)
@account_option
@click.option("--api", type=click.Choice(["on", "off"]), help="Whether the call APIs know this device.")
@click.option("--clock-offset", "clock_offset_s", type=int, metavar="SECONDS", help="Added to every time it sends.")
@core_command
async def device_set(
    core: Core, device_id: int, account_id: str, api: str | None, clock_offset_s: int | None
) -> Printed:
    """Set what else there is to set of DEVICE_ID."""
    await core.registry.devices.change(
        account_id, device_id, OPERATOR, api=None if api is None else api == "on", clock_offset_s=clock_offset_s
    )
    row = await core.registry.devices.row(account_id, device_id)
    assert row is not None, "change refuses a device that is not there"
    facts = _device(row)
    text = f"device {device_id}: api {'on' if facts['api'] else 'off'}, clock offset {facts['clock_offset_s']} s"
    return Printed(facts, text)


def _moment(text: str) -> int:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise Invalid("at", "must be a time such as 2026-03-10T06:00:00Z", text) from None
    return round((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)
