"""The commands of devices and of lists: one document for programs, one line for a refusal, and the right status."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from fleetline.app.cli import main

Run = Callable[..., Result]


@pytest.fixture
def run(database_url: str, tmp_path: Path) -> Run:
    """Runs a command on a fresh database; `text` goes to standard input."""

    def command(*words: str, text: str | None = None) -> Result:
        options = ["--database", database_url, "--data", str(tmp_path / "data")]
        return CliRunner().invoke(main, [*words, *options], input=text, catch_exceptions=False)

    return command


@pytest.fixture
def account(run: Run) -> str:
    return str(facts(run("account", "add", "Own", "--json"))["account_id"])


def facts(result: Result, status: int = 0) -> Any:
    """The document on stdout."""
    assert result.exit_code == status, result.output
    return json.loads(result.stdout)


def refusal(result: Result, words: str) -> None:
    """One line on stderr, nothing on stdout, status 1."""
    assert result.exit_code == 1
    assert (result.stdout, result.stderr.count("\n")) == ("", 1)
    assert words in result.stderr


def test_a_device_is_added_listed_moved_calibrated_retired_and_deleted(run: Run, account: str) -> None:
    own = ("--account", account)
    words = ("device", "add", *own, "--imei", "356307042441013", "--name", "Van 7", "--type", "van")
    assert facts(run(*words, "--description", "d", "--mileage", "120000.5", "--json")) == {"device_id": 1}
    refusal(run(*words), "in use")
    refusal(run(*words[:3], "acc_nobody", *words[4:]), "no account acc_nobody")
    refusal(run(*words, "--mileage", "nan"), "mileage")
    [device] = facts(run("device", "list", *own, "--json"))
    vehicle = device.pop("vehicle_id")
    assert device.pop("added_at")
    assert device == {
        "device_id": 1, "imei": "356307042441013", "name": "Van 7", "type": "VAN", "description": "d", "api": True,
        "clock_offset_s": 0, "state": "in use",
    }  # fmt: skip
    assert facts(run("device", "calibrate", "1", "7", *own, "--at", "2020-01-01", "--json"))["mileage"] == 7
    refusal(run("device", "calibrate", "1", "7", *own, "--at", "tomorrow"), "at: must be a time")
    refusal(run("device", "calibrate", "1", "7", *own, "--at", "2999-01-01"), "future")
    assert facts(run("device", "move", "1", *own, "--json"))["vehicle_id"] is None
    assert facts(run("device", "move", "1", *own, "--vehicle", str(vehicle), "--json"))["vehicle_id"] == vehicle
    refusal(run("device", "move", "1", *own, "--vehicle", "5"), "no vehicle 5")
    assert facts(run("device", "set", "1", *own, "--api", "off", "--clock-offset", "-60", "--json"))["api"] is False
    assert facts(run("device", "retire", "1", *own, "--json"))["state"] == "retired"
    assert "retired" in run("device", "list", *own).stdout
    assert facts(run("device", "retire", "1", *own, "--undo", "--json"))["state"] == "in use"
    assert facts(run("device", "delete", "1", *own, "--json"))["state"] == "deleted"
    refusal(run("device", "delete", "1", *own), "no device 1")
    assert run("device", "list", *own).stdout == "no devices\n"
    assert facts(run(*words, "--json")) == {"device_id": 2}


def test_devices_are_imported_row_by_row(run: Run, account: str, tmp_path: Path) -> None:
    file = tmp_path / "devices.csv"
    file.write_text("IMEI;Name;Type;Mileage\n1;One;bus;12.5\n\n1;One;bus;12.5\n2;Two;tank;\n3;Three;;many\n")
    result = run("device", "import", str(file), "--account", account, "--json")
    report = facts(result, 1)
    assert {name: report[name] for name in ("added", "unchanged", "refused")} == {
        "added": 1, "unchanged": 1, "refused": 2,
    }  # fmt: skip
    assert [(row["row"], row["result"]) for row in report["report"]] == [
        (2, "added"), (4, "unchanged"), (5, "refused"), (6, "refused"),
    ]  # fmt: skip
    assert result.stderr == "fleetline: 2 rows were refused; the report says why\n"
    assert facts(run("device", "import", "-", "--account", account, "--json", text="imei,name\n4,Four\n"))["added"] == 1
    refusal(run("device", "import", "-", "--account", account, text="name\nx\n"), "no column 'imei'")
    refusal(run("device", "import", str(tmp_path / "none.csv"), "--account", account), "No such file")


@pytest.mark.parametrize("noun", ["vehicle", "driver"])
def test_a_list_goes_in_is_previewed_and_comes_out(run: Run, account: str, tmp_path: Path, noun: str) -> None:
    title, own = noun.title(), ("--account", account)
    header = f"{title} ID,{title} Name,{title} Groups\n"
    assert facts(run(noun, "import", "-", *own, "--json", text=header + "veh1,vehicle 1,North\n"))["added"] == 1
    text = header + "veh1,vehicle new 1,South|North\nveh2,,\n"
    foretold = facts(run(noun, "import", "-", *own, "--dry-run", "--json", text=text))
    assert (foretold["dry_run"], foretold["changed"], foretold["added"]) == (True, 1, 1)
    assert foretold["report"][0][f"{noun}_groups"] == ["North", "South"]
    report_file = tmp_path / "report.csv"
    done = facts(run(noun, "import", "-", *own, "--json", "--report", str(report_file), text=text))
    assert {**done, "dry_run": True} == foretold
    assert report_file.read_text().splitlines()[1] == (
        "2,veh1,vehicle new 1,North|South,changed,name: vehicle 1 -> vehicle new 1; groups: +South"
    )
    exported = run(noun, "export", *own).stdout
    assert exported == header + "veh2,veh2,\nveh1,vehicle new 1,North|South\n"
    file = tmp_path / "out.csv"
    assert run(noun, "export", *own, "--output", str(file)).exit_code == 0
    assert file.read_text() == exported
    assert "2 unchanged" in run(noun, "import", str(file), *own, "--sync").stdout
    refusal(run(noun, "export", "--account", "acc_nobody"), "no account acc_nobody")


def test_a_refused_row_or_file_ends_with_status_one(run: Run, account: str) -> None:
    own, header = ("--account", account), "Vehicle ID,Vehicle Name\n"
    result = run("vehicle", "import", "-", *own, text=header + "a,A\nb,a\n")
    assert result.exit_code == 1
    assert "row 3: b: refused: Vehicle Name is in use" in result.stdout
    assert result.stderr == "fleetline: 1 row was refused; the report says why\n"
    report = facts(run("vehicle", "import", "-", *own, "--strict", "--json", text=header + "c,C\n,x\n"), 1)
    assert (report["added"], report["refused"]) == (0, 2)
    refusal(run("vehicle", "import", "-", *own, "--sync", text=header), "no rows")
    refusal(run("vehicle", "import", "-", *own, text="x\n"), "no column 'Vehicle ID'")
    assert run("vehicle", "import", "-", *own, "--max-removals", "1", text=header).exit_code == 2
    assert facts(run("vehicle", "import", "-", *own, "--sync", "--json", text=header + "z,Ä\n"))["warnings"] == [
        "row 2: Vehicle Name has a character that the API does not take: 'Ä'"
    ]
    assert run("vehicle", "export", *own).stdout == "Vehicle ID,Vehicle Name,Vehicle Groups\nz,Ä,\n"


def test_names_are_let_off_being_unique_and_back_only_without_doubles(run: Run, account: str) -> None:
    own, header = ("--account", account), "Vehicle ID,Vehicle Name\n"
    assert facts(run("vehicle", "unique-names", "off", *own, "--json"))["unique_names"] is False
    assert run("vehicle", "import", "-", *own, text=header + "a,A\nb,A\n").exit_code == 0
    refusal(run("vehicle", "unique-names", "on", *own), "held twice: A")
    assert run("vehicle", "import", "-", *own, text=header + "b,B\n").exit_code == 0
    assert facts(run("vehicle", "unique-names", "on", *own, "--json"))["unique_names"] is True
