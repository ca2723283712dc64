"""Commands that show or try things: demo, positions, simulate, bench."""

import asyncio
import sys
from datetime import UTC, datetime
from typing import Any

import click

from fleetline.app.command import Printed, data_options, say, settings_of
from fleetline.app.settings import read_address
from fleetline.model.errors import Invalid


@click.command()
@click.option("--http", metavar="HOST:PORT", help="where it is served (127.0.0.1:8080)")
@click.option("--minutes", type=click.FloatRange(min=0, min_open=True), help="stop after so long")
def demo(*, http: str | None, minutes: float | None) -> None:
    """A server on a fresh data folder with a living demo fleet; prints where to look and what to paste."""
    from fleetline.app.demo import run_demo
    from fleetline.app.logs import set_up_logs

    set_up_logs(quiet=True)
    settings = settings_of({"database": None, "data": None, "config": None, "http": http}, "http")
    _run(run_demo(settings.http, minutes))


def _run(coroutine: Any) -> None:
    import uvloop

    uvloop.run(coroutine)


@click.command()
@click.option("--account", "account_id", required=True, metavar="ACCOUNT_ID")
@click.option("--device", "device_id", type=int, metavar="DEVICE_ID", help="one device (all)")
@click.option("--from", "from_text", metavar="TIME", help="ISO 8601 or Unix seconds, UTC (the beginning)")
@click.option("--to", "to_text", metavar="TIME", help="up to, not including (now)")
@click.option(
    "--format", "form", type=click.Choice(["json", "csv", "gpx", "geojson", "kml"]), default="json", show_default=True
)
@data_options
def positions(**values: Any) -> None:
    """Stored reports as kept, those without a valid fix included."""
    from fleetline.app.positions import export_positions

    values.pop("as_json")
    settings = settings_of(values)
    from_ms, to_ms = read_time("--from", values["from_text"]), read_time("--to", values["to_text"])
    text = asyncio.run(
        export_positions(settings, values["account_id"], values["device_id"], from_ms, to_ms, values["form"])
    )
    sys.stdout.write(text)


def read_time(name: str, text: str | None) -> int | None:
    """Milliseconds since 1970 of ISO 8601 (UTC when it names no zone) or Unix seconds. errors: Invalid"""
    if text is None:
        return None
    if text.isdecimal() and len(text) <= 12:
        return int(text) * 1000
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise Invalid(name, "must be a time like 2026-03-10T07:00:00Z or Unix seconds", text) from None
    return round((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)


@click.command()
@click.option(
    "--tracker",
    multiple=True,
    required=True,
    metavar="NAME=HOST:PORT",
    help="teltonika, teltonika-udp or osmand, repeatable",
)
@click.option("--devices", type=click.IntRange(1, 100_000), default=10, show_default=True)
@click.option(
    "--rate",
    "rate_hz",
    type=click.FloatRange(min=0, min_open=True),
    default=1.0,
    show_default=True,
    help="reports a second and device",
)
@click.option("--seconds", type=click.FloatRange(min=0, min_open=True), default=60.0, show_default=True)
@click.option("--records-per-packet", type=click.IntRange(1, 255), default=1, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="print one JSON document")
def simulate(
    *, tracker: tuple[str, ...], devices: int, rate_hz: float, seconds: float, records_per_packet: int, as_json: bool
) -> None:
    """Drive real sockets with real frames; the devices' IMEIs are 359990000000009 and up."""
    from fleetline.app.simulate import SimulateError
    from fleetline.app.simulate import simulate as run

    targets = {}
    for word in tracker:
        name, sign, address = word.partition("=")
        if not sign:
            raise click.UsageError(f"--tracker must be NAME=HOST:PORT, not {word}")
        targets[name] = read_address("--tracker", address)
    try:
        result = asyncio.run(run(targets, devices, rate_hz, seconds, records_per_packet))
    except SimulateError as fault:
        raise Invalid("simulate", str(fault)) from fault
    if not result.acknowledged:
        raise Invalid("simulate", "no report was acknowledged: does the server listen there, and know these devices?")
    facts = {"sent": result.sent, "acknowledged": result.acknowledged, "seconds": round(result.seconds, 3)}
    say(
        Printed(facts, f"{result.acknowledged} of {result.sent} reports acknowledged in {result.seconds:.1f} s"),
        as_json=as_json,
    )


@click.command()
@click.argument("names", nargs=-1, metavar="[NAME ...]")
@click.option("--seconds", type=click.FloatRange(min=1), default=10.0, show_default=True, help="length of each load")
@click.option("--json", "as_json", is_flag=True, help="print one JSON document")
def bench(*, names: tuple[str, ...], seconds: float, as_json: bool) -> None:
    """Each figure beside its physical limit or peer, as a ratio from one run."""
    from fleetline.app.bench import run_benchmarks

    figures = run_benchmarks(names, seconds, echo=not as_json)
    if as_json:
        say(Printed(figures, ""), as_json=True)
