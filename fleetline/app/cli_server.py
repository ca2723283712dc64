"""Commands that run or look after a server: serve, migrate, doctor, backup, restore."""

import asyncio
import os
import sys
from pathlib import Path
from typing import Any

import click

from fleetline.app.command import Printed, data_options, say, settings_of
from fleetline.app.settings import Settings
from fleetline.model.errors import Invalid


@click.command()
@click.option("--http", metavar="HOST:PORT", help="where the APIs and pages are served (127.0.0.1:8080)")
@click.option(
    "--tracker", multiple=True, metavar="NAME=HOST:PORT", help="a protocol to listen for, repeatable; `none`: none"
)
@click.option("--public-url", metavar="URL", help="how callers reach this server")
@click.option("--workers", type=int, metavar="N", help="processes that share the ports (1)")
@click.option("--register-unknown", metavar="ACCOUNT_ID", help="make a device of every unknown identifier")
@click.option("--mqtt", metavar="URL", help="broker to listen to")
@data_options
def serve(**values: Any) -> None:
    """Serve until SIGTERM; GET /healthz answers 200 once every listener is open."""
    from fleetline.app.logs import set_up_logs
    from fleetline.app.server import serve as run
    from fleetline.app.workers import supervise

    values.pop("as_json")
    values["trackers"] = list(values.pop("tracker")) or None
    settings = settings_of(values, "http", "trackers", "public_url", "workers", "register_unknown", "mqtt")
    set_up_logs()
    if settings.workers > 1 and "FLEETLINE_WORKER" not in os.environ:
        sys.exit(supervise(settings.workers))
    _run(run(settings))


def _run(coroutine: Any) -> None:
    try:
        import uvloop
    except ImportError:  # not on Windows
        asyncio.run(coroutine)
    else:
        uvloop.run(coroutine)


@click.command()
@click.option("--distribute", is_flag=True, help="spread the tables over the workers of a Citus cluster")
@data_options
def migrate(*, distribute: bool, **values: Any) -> None:
    """Bring the schema of the database up to date."""
    as_json = values.pop("as_json")
    settings = settings_of(values)
    applied, spread = asyncio.run(_migrate(settings, distribute))
    lines = [*(f"applied {name}" for name in applied), *(f"distributed {name}" for name in spread)]
    facts = {"applied": applied, "distributed": spread}
    say(Printed(facts, "\n".join(lines) or "the schema is up to date"), as_json=as_json)


async def _migrate(settings: Settings, distribute: bool) -> tuple[list[str], list[str]]:
    from fleetline.stores.citus import distribute_tables
    from fleetline.stores.engine import SchemaTooNew
    from fleetline.stores.engine import migrate as bring_up
    from fleetline.stores.open import open_engine

    settings.data.mkdir(parents=True, exist_ok=True)
    engine = await open_engine(settings.database)
    try:
        applied = await bring_up(engine)
        return applied, await distribute_tables(engine) if distribute else []
    except SchemaTooNew as newer:
        raise click.ClickException(str(newer)) from newer
    finally:
        await engine.close()


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@data_options
def backup(*, file: Path, **values: Any) -> None:
    """Write everything into one FILE, while the server runs."""
    from fleetline.stores.backup import write_backup

    as_json = values.pop("as_json")
    counts = asyncio.run(_with_journals(settings_of(values), file, write_backup, _now_ms()))
    _say_counts(counts, f"{file}: {sum(counts.values())} rows of {len(counts)} tables", as_json)


@click.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@data_options
def restore(*, file: Path, **values: Any) -> None:
    """Fill an empty database from a backup FILE, of either engine."""
    from fleetline.stores.backup import restore_backup

    as_json = values.pop("as_json")
    counts = asyncio.run(_with_journals(settings_of(values), file, restore_backup))
    _say_counts(counts, f"restored {sum(counts.values())} rows of {len(counts)} tables", as_json)


async def _with_journals(settings: Settings, file: Path, work: Any, *more: Any) -> dict[str, int]:
    from fleetline.app.server import journals_of
    from fleetline.app.wire import open_migrated

    async with open_migrated(settings) as engine:
        try:
            counts: dict[str, int] = await work(engine, journals_of(settings, engine), file, *more)
        except OSError as fault:
            raise Invalid(str(file), fault.strerror or str(fault)) from fault
        return counts


def _now_ms() -> int:
    from fleetline.core.ports.world import SystemClock

    return SystemClock().now_ms()


def _say_counts(counts: dict[str, int], text: str, as_json: bool) -> None:
    say(Printed({"rows": sum(counts.values()), "tables": counts}, text), as_json=as_json)


@click.command()
@click.option("--mend", is_flag=True, help="put right what can be put right by itself")
@data_options
def doctor(*, mend: bool, **values: Any) -> None:
    """Say what is wrong and what to do."""
    from fleetline.app.doctor import examine

    as_json = values.pop("as_json")
    findings = asyncio.run(examine(settings_of(values), mend=mend))
    text = "\n".join(
        f"{'ok   ' if f.fine else 'WRONG'} {f.what}" + (f"\n      {f.remedy}" if f.remedy else "") for f in findings
    )
    facts = [{"check": f.check, "fine": f.fine, "what": f.what, "remedy": f.remedy} for f in findings]
    say(Printed(facts, text), as_json=as_json)
    if not all(f.fine for f in findings):
        sys.exit(1)
