"""Commands about what is kept and how it is judged: retention, thresholds, recomputing, refused reports."""

import click
import orjson

from fleetline.app.command import Printed, core_command, data_options, instant, settings_of, table
from fleetline.core.workspace import Core
from fleetline.model.errors import Invalid, NotFound

__all__ = ["history"]


@click.group()
def history() -> None:
    """What is kept, and how movement is judged."""


@history.command()
@click.option("--account", "account_id", required=True, metavar="ACCOUNT_ID")
@click.option("--days", type=click.IntRange(0, 36_500), help="0: for ever; left out: as the installation does")
@core_command
async def retention(core: Core, account_id: str, days: int | None) -> Printed:
    """How long the positions of an account are kept; routes and counters stay."""
    await core.accounts.account(account_id)
    async with core.store.write() as tx:
        await tx.history.put_retention(account_id, days)
    text = "as the installation does" if days is None else ("for ever" if days == 0 else f"{days} days")
    return Printed({"account_id": account_id, "positions_days": days}, f"positions of {account_id} are kept {text}")


@history.command()
@click.option("--account", "account_id", metavar="ACCOUNT_ID")
@click.option("--group", "group_id", type=int, metavar="GROUP_ID")
@click.option("--device", "device_id", type=int, metavar="DEVICE_ID")
@click.argument("changes", nargs=-1, metavar="[KEY=VALUE ...]")
@core_command
async def thresholds(
    core: Core, account_id: str | None, group_id: int | None, device_id: int | None, changes: tuple[str, ...]
) -> Printed:
    """Trip thresholds of an account, a group or a device; the nearest wins, a day keeps those it began with.

    KEY=VALUE sets one, KEY= takes it back; without any the present ones are shown.
    """
    from fleetline.model.trips import Thresholds

    named = [
        f"{kind}:{number}"
        for kind, number in (("account", account_id), ("group", group_id), ("device", device_id))
        if number is not None
    ]
    if len(named) != 1:
        raise Invalid("owner", "give one of --account, --group and --device")
    async with core.store.write() as tx:
        if not await tx.history.owner_exists(named[0]):
            raise NotFound(*named[0].split(":"))
        kept: dict[str, float] = orjson.loads((await tx.history.thresholds(named)).get(named[0], "{}"))
        for change in changes:
            key, sign, value = change.partition("=")
            if not sign:
                raise Invalid(change, "must be KEY=VALUE")
            kept.pop(key, None)
            if value:
                kept[key] = _number(key, value)
        Thresholds().override(kept)
        if changes:
            await tx.history.put_thresholds(named[0], orjson.dumps(kept).decode())
    lines = [f"{key} = {value}" for key, value in sorted(kept.items())]
    return Printed({"owner": named[0], "thresholds": kept}, "\n".join(lines) or f"{named[0]} has none of its own")


def _number(key: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise Invalid(key, "must be a number", text) from None


@history.command()
@click.option("--account", "account_id", required=True, metavar="ACCOUNT_ID")
@click.option("--device", "device_id", type=int, metavar="DEVICE_ID", help="one device (all)")
@data_options
def recompute(*, account_id: str, device_id: int | None, **values: object) -> None:
    """Routes, pauses and counters anew from all stored reports, by the thresholds of now; closed days may change."""
    import asyncio

    from fleetline.app.command import say
    from fleetline.app.wire import open_core, with_history

    as_json = bool(values.pop("as_json"))
    settings = settings_of(values)

    async def work() -> dict[int, int]:
        async with open_core(settings) as bare:
            core = with_history(bare, settings)
            await core.accounts.account(account_id)
            async with core.store.read() as tx:
                devices = [row[0] for row in await tx.registry.device_rows(account_id)]
            if device_id is not None and device_id not in devices:
                raise NotFound("device", device_id)
            assert core.history is not None, "put together above"
            wanted = devices if device_id is None else [device_id]
            return {number: await core.history.folding.rebuild(number) for number in wanted}

    routes = asyncio.run(work())
    facts = [{"device_id": number, "routes": count} for number, count in routes.items()]
    say(
        Printed(facts, "\n".join(f"device {number}: {count} routes" for number, count in routes.items())),
        as_json=as_json,
    )


@history.command()
@click.option("--account", "account_id", required=True, metavar="ACCOUNT_ID")
@click.option("--device", "device_id", type=int, required=True, metavar="DEVICE_ID")
@click.option("--limit", type=click.IntRange(1, 10_000), default=100, show_default=True)
@core_command
async def refusals(core: Core, account_id: str, device_id: int, limit: int) -> Printed:
    """Reports of a device that were acknowledged and not accepted, with the reason; kept 30 days."""
    async with core.store.read() as tx:
        if await tx.registry.device_row(account_id, device_id) is None:
            raise NotFound("device", device_id)
        found = await tx.history.refusals_of(device_id, limit)
    facts = [
        {
            "received_at_ms": item.received_at_ms,
            "reason": item.reason,
            "reports": item.reports,
            "frame": item.frame.hex() if item.frame is not None else None,
        }
        for item in found
    ]
    rows = [(instant(item.received_at_ms), item.reason, item.reports) for item in found]
    return Printed(facts, table(("received", "reason", "reports"), rows, empty="nothing was refused"))
