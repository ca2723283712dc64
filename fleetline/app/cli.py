"""The command `fleetline`: the table of its commands, each imported only when it is used."""

from importlib import import_module
from typing import Final

import click

from fleetline.model.errors import FleetlineError

COMMANDS: Final = {
    "demo": ("fleetline.app.cli_tools:demo", "A server with a living demo fleet on fresh data."),
    "serve": ("fleetline.app.cli_server:serve", "Serve trackers, APIs and pages until SIGTERM."),
    "partner": ("fleetline.app.cli_accounts:partner", "Partners, who serve several accounts."),
    "account": ("fleetline.app.cli_accounts:account", "Accounts, which own devices and live under a plan."),
    "user": ("fleetline.app.cli_accounts:user", "People of an account and what each may see."),
    "credential": ("fleetline.app.cli_accounts:credential", "Tokens and keys: made, listed, revoked."),
    "device": ("fleetline.app.cli_registry:device", "Tracker devices and the vehicles they ride in."),
    "vehicle": ("fleetline.app.cli_registry_lists:vehicle", "Lists of vehicles, to and from files."),
    "driver": ("fleetline.app.cli_registry_lists:driver", "Lists of drivers, to and from files."),
    "history": ("fleetline.app.cli_history:history", "What is kept, and how movement is judged."),
    "positions": ("fleetline.app.cli_tools:positions", "Stored reports as kept."),
    "simulate": ("fleetline.app.cli_tools:simulate", "Drive real sockets with real frames."),
    "bench": ("fleetline.app.cli_tools:bench", "Benchmarks, each figure beside its limit."),
    "backup": ("fleetline.app.cli_server:backup", "Everything in one file, while the server runs."),
    "restore": ("fleetline.app.cli_server:restore", "Fill an empty database from a backup."),
    "migrate": ("fleetline.app.cli_server:migrate", "Bring the schema up to date."),
    "doctor": ("fleetline.app.cli_server:doctor", "What is wrong and what to do."),
}
"""Name of each command -> (module:attribute, one line of help)."""


class Refusal(click.ClickException):
    """Something is refused in good order: one line on stderr, exit status 1."""

    exit_code = 1

    def show(self, file: object = None) -> None:
        del file  # where to print is not the caller's choice: stdout carries data only
        click.echo(f"fleetline: {self.format_message()}", err=True)


class Commands(click.Group):
    """A group whose members are imported when they are called, so that `--help` costs nothing."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name][0].partition(":")
        command = getattr(import_module(module), attribute)
        assert isinstance(command, click.Command), f"{cmd_name} is no command"
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except FleetlineError as refusal:
            raise Refusal(" ".join(str(refusal).split())) from refusal


@click.command(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(None, "--version", package_name="fleetline", message="fleetline %(version)s")
def main() -> None:
    """The fleet server that you run yourself: trackers and solar systems report in, people and programs read out."""
