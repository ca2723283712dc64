"""The commands of accounts, as scripts see them: JSON, exit status, one line on stderr."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from fleetline.app.cli import main
from fleetline.app.settings import load_settings
from fleetline.app.wire import open_core
from fleetline.core.gate import Gate
from fleetline.core.workspace import Workspace
from fleetline.model.access import Kind
from fleetline.model.refusals import Unknown
from fleetline.stores.open import open_engine

Run = Callable[..., "Ran"]


@dataclass
class Ran:
    """How a command ended."""

    status: int
    out: str
    err: str

    @property
    def facts(self) -> Any:
        assert self.status == 0, self.err
        return json.loads(self.out)


@pytest.fixture
def run(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The command with a working folder of its own, on each engine in turn."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("FLEETLINE_")]:
        monkeypatch.delenv(name)

    def start(*words: str, given: str = "", database: str = database_url) -> Ran:
        done = CliRunner().invoke(main, words, input=given, env={"FLEETLINE_DATABASE": database})
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        return Ran(done.exit_code, done.stdout, done.stderr)

    return start


@pytest.fixture
def account_id(run: Run) -> str:
    return str(run("account", "add", "Acme", "--plan", "unlimited", "--json").facts["account_id"])


async def admitted(database_url: str, folder: Path, secret: str, kind: Kind = Kind.CALL_TOKEN) -> Workspace:
    settings = load_settings({"database": database_url, "data": folder / "fleetline-data"}, {}, folder)
    async with open_core(settings) as core:
        gate = Gate(core)
        workspace = await gate.admit(kind, secret, address="192.0.2.1")
        await gate.uses.flush()
        return workspace


def test_partners_and_accounts_are_added_and_listed(run: Run) -> None:
    partner = run("partner", "add", "Serves many", "--json").facts
    assert set(partner) == {"partner_id"}
    added = run("account", "add", "Ümlaut", "--partner", partner["partner_id"], "--json").facts
    assert added == {"account_id": added["account_id"], "plan": "standard"}
    (listed,) = run("account", "list", "--json").facts
    assert (listed["name"], listed["partner_id"], listed["state"]) == ("Ümlaut", partner["partner_id"], "open")
    changed = run("account", "plan", added["account_id"], "unlimited", "--json").facts
    assert changed == {"account_id": added["account_id"], "plan": "unlimited"}
    assert run("account", "close", added["account_id"], "--json").facts["state"] == "closed"
    assert [one["state"] for one in run("partner", "list", "--json").facts] == ["open"]


def test_a_token_made_on_the_command_line_opens_the_door_until_it_is_revoked(
    run: Run, account_id: str, database_url: str, tmp_path: Path
) -> None:
    made = run("credential", "add", "fleetize-token", "--account", account_id, "--json").facts
    assert set(made) == {"apitoken"}
    assert asyncio.run(admitted(database_url, tmp_path, made["apitoken"])).account_id == account_id
    (listed,) = run("credential", "list", "--account", account_id, "--json").facts
    assert set(listed) == {"credential_id", "kind", "name", "hint", "created_at", "last_used_at", "state"}
    assert (listed["kind"], listed["state"]) == ("fleetize-token", "active")
    assert listed["last_used_at"] >= listed["created_at"]
    assert made["apitoken"] not in json.dumps(listed)
    assert run("credential", "revoke", listed["credential_id"], "--json").facts["state"] == "revoked"
    with pytest.raises(Unknown):
        asyncio.run(admitted(database_url, tmp_path, made["apitoken"]))


def test_every_kind_of_credential_has_the_documented_keys(run: Run, account_id: str) -> None:
    own = run("credential", "add", "fleetline-token", "--account", account_id, "--json").facts
    assert set(own) == {"token"} and own["token"].startswith("fl.")
    client = run("credential", "add", "fleetview-client", "--account", account_id, "--json").facts
    assert set(client) == {"api_key", "client_id", "client_secret"}
    key = run("credential", "add", "trimble-key", "--account", account_id, "--json").facts
    assert set(key) == {"api_key"}
    partner_id = run("partner", "add", "Serves many", "--json").facts["partner_id"]
    assert set(run("credential", "add", "trimble-key", "--partner", partner_id, "--json").facts) == {"api_key"}
    kinds = [one["kind"] for one in run("credential", "list", "--account", account_id, "--json").facts]
    assert sorted(kinds) == ["fleetline-token", "fleetview-client", "fleetview-key", "trimble-key"]
    assert len(run("credential", "list", "--partner", partner_id, "--json").facts) == 1


async def test_a_token_of_our_own_api_made_on_the_command_line_opens_what_it_is_to_open(
    run: Run, account_id: str, database_url: str, tmp_path: Path
) -> None:
    def made(*more: str) -> str:
        words = ("credential", "add", "fleetline-token", "--account", account_id, *more, "--json")
        return str(run(*words).facts["token"])

    user = (await asyncio.to_thread(run, "user", "add", account_id, "ann@example.org", "--json")).facts["user_id"]
    tokens = [await asyncio.to_thread(made, *more) for more in ((), ("--read-only",), ("--user", user))]
    found = [(await admitted(database_url, tmp_path, token, Kind.OWN_TOKEN)).principal for token in tokens]
    assert [(one.user_id, one.read_only, one.administers) for one in found] == [
        (None, False, True), (None, True, True), (user, False, False),
    ]  # fmt: skip
    refused = await asyncio.to_thread(
        run, "credential", "add", "fleetline-token", "--account", account_id, "--user", "usr_nobody"
    )
    assert (refused.status, refused.err.count("\n")) == (1, 1)


def test_people_are_added_with_permissions_and_disabled(run: Run, account_id: str) -> None:
    spec = "devices=7,9;groups=2;withhold=location,sensors;history=30"
    added = run("user", "add", account_id, "ann@example.org", "--permissions", spec, "--json").facts
    assert set(added) == {"user_id", "password"}
    assert len(added["password"]) == 20
    other = ("user", "add", account_id, "bob@example.org", "--password-stdin", "--json")
    assert run(*other, given="correct horse\n").facts["password"] is None
    users = {one["email"]: one for one in run("user", "list", account_id, "--json").facts}
    assert users["ann@example.org"]["permissions"] == {
        "devices": [7, 9], "groups": [2], "withhold": ["sensors", "location"], "history": 30,
    }  # fmt: skip
    changed = run("user", "permissions", added["user_id"], "devices=all", "--json").facts
    assert changed["permissions"]["devices"] == "all"
    assert run("user", "disable", added["user_id"], "--json").facts["state"] == "disabled"
    refused = run("credential", "add", "fleetize-token", "--account", account_id, "--user", added["user_id"])
    assert (refused.status, refused.out) == (1, "")
    assert run("user", "enable", added["user_id"], "--json").facts["state"] == "active"


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (("account", "add", "Acme", "--plan", "gold"), 1),
        (("account", "add", " "), 1),
        (("account", "add", "Acme", "--partner", "par_none"), 1),
        (("account", "plan", "acc_none", "standard"), 1),
        (("user", "add", "acc_none", "ann@example.org"), 1),
        (("user", "permissions", "usr_none", "devices=x"), 1),
        (("credential", "revoke", "cred_none"), 1),
        (("credential", "unblock", "cred_none"), 1),
        (("credential", "list", "--account", "acc_none", "--json"), 1),
        (("account", "add"), 2),
        (("account", "add", "Acme", "--colour", "red"), 2),
        (("user", "add", "acc_none", "ann@example.org", "--role", "king"), 2),
        (("credential", "add", "trimble-key"), 2),
        (("credential", "list"), 2),
        (("fly",), 2),
    ],
)
def test_a_refusal_is_one_line_on_stderr_and_wrong_usage_is_told_apart(
    run: Run, words: tuple[str, ...], status: int
) -> None:
    refused = run(*words)
    assert (refused.status, refused.out) == (status, "")
    if status == 1:
        assert refused.err.startswith("fleetline: ")
        assert refused.err.count("\n") == 1


def test_an_operator_lifts_a_block(run: Run, account_id: str) -> None:
    run("credential", "add", "fleetize-token", "--account", account_id)
    (listed,) = run("credential", "list", "--account", account_id, "--json").facts
    assert run("credential", "unblock", listed["credential_id"], "--json").facts["state"] == "active"


def test_settings_that_cannot_be_meant_stop_every_command_with_one_line(run: Run, tmp_path: Path) -> None:
    (tmp_path / "fleetline.toml").write_text("[plans.gold]\nspacing_s = 4000\n")
    refused = run("account", "list")
    assert (refused.status, refused.out) == (1, "")
    assert refused.err == "fleetline: fleetline.toml: plans.gold.spacing_s: must be a number from 0 to 3600\n"


def test_a_plan_of_the_settings_is_a_plan_of_the_command_line(run: Run, tmp_path: Path) -> None:
    (tmp_path / "fleetline.toml").write_text('[plans.gold]\nextends = "unlimited"\nactions = ["device"]\n')
    assert run("account", "add", "Acme", "--plan", "gold", "--json").facts["plan"] == "gold"


async def pretend_newer(database_url: str) -> None:
    engine = await open_engine(database_url)
    async with engine.write() as tx:
        await tx.execute("INSERT INTO schema_version (number, name) VALUES (9999, 'future')")
    await engine.close()


def test_a_database_from_the_future_is_refused_with_one_line(run: Run, tmp_path: Path, database_url: str) -> None:
    assert run("account", "list", "--json").facts == []
    asyncio.run(pretend_newer(database_url))
    refused = run("account", "list")
    assert refused.status == 1
    assert "newer" in refused.err
    assert refused.err.count("\n") == 1


def test_the_database_stands_in_the_data_folder_unless_it_is_named(run: Run, tmp_path: Path) -> None:
    run("account", "add", "Acme", "--data", "elsewhere", database="")
    assert (tmp_path / "elsewhere" / "fleetline.db").is_file()


def test_help_lists_every_command_without_loading_any(run: Run) -> None:
    told = run("--help")
    assert told.status == 0
    for name in ("partner", "account", "user", "credential"):
        assert f"  {name} " in told.out
    heavy = ("numpy", "apsw", "asyncpg", "msgspec", "fleetline.app.wire", "fleetline.app.cli_accounts")
    script = (
        "import sys; from fleetline.app.cli import main; main(['--help'], standalone_mode=False);"
        f" print([name for name in {heavy} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.endswith("[]\n")
