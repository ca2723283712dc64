"""Lists brought in from files through our own API: previewed, run in the background, told of row by row, undone."""

from typing import Any

import pytest

from tests.api.own_kit import ROOF, Installation, Person
from tests.kit import HandClock

CSV = ("content-type", "text/csv")


async def worked_off(here: Installation) -> None:
    assert here.core.power is not None
    await here.core.power.jobs.work_off()


async def bring(here: Installation, boss: Person, text: str, query: str, media: str = "text/csv") -> dict[str, Any]:
    """A file brought in and worked through; how it ended."""
    answer = await boss.call("POST", f"/imports?{query}", text.encode(), [("content-type", media)])
    assert answer.status == 202, answer.text
    return await ended(here, boss, answer.json()["id"])


async def ended(here: Installation, boss: Person, import_id: str) -> dict[str, Any]:
    await worked_off(here)
    found: dict[str, Any] = await boss.get(f"/imports/{import_id}")
    return found


async def again(here: Installation, boss: Person, import_id: str, **body: Any) -> dict[str, Any]:
    made = await boss.do("POST", f"/imports/{import_id}/again", {"preview": False, **body}, 202)
    return await ended(here, boss, made["id"])


async def undone(here: Installation, boss: Person, import_id: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    made = await boss.do("POST", f"/imports/{import_id}/undo", None, 202)
    found = await ended(here, boss, made["id"])
    return found, (await boss.get(f"/imports/{made['id']}/lines"))["items"]


VANS = "Vehicle ID,Vehicle Name,Vehicle Groups\nv1,Van one,North\nv2,Van two,North|Night\nv3,,\n"


async def test_a_preview_says_what_would_be_done_and_does_nothing(here: Installation) -> None:
    boss = await here.account("Acme")
    shown = await bring(here, boss, VANS, "what=vehicles&file=vans.csv&preview=true")
    assert (shown["kind"], shown["state"], shown["counts"]) == ("preview", "done", {"added": 3})
    assert shown["groups_created"] == ["North", "Night"]
    assert (shown["done"], shown["total"], shown["undoable"]) == (3, 3, False)
    assert (await boss.get("/vehicles"))["items"] == []
    assert (await boss.get("/vehicle-groups"))["items"] == []
    assert (await boss.get("/imports"))["items"] == [], "a preview is no import"


async def test_a_previewed_file_is_brought_in_without_being_sent_again(here: Installation) -> None:
    boss = await here.account("Acme")
    shown = await bring(here, boss, VANS, "what=vehicles&file=vans.csv&preview=true")
    run = await again(here, boss, shown["id"])
    assert (run["kind"], run["counts"], run["undoable"]) == ("import", {"added": 3}, True)
    vehicles = (await boss.get("/vehicles"))["items"]
    assert [vehicle["name"] for vehicle in vehicles] == ["v3", "Van one", "Van two"]
    [listed] = (await boss.get("/imports"))["items"]
    assert (listed["id"], listed["file"], listed["actor"]) == (run["id"], "vans.csv", boss.user_id)


async def test_columns_are_guessed_told_and_remembered_for_the_next_file_with_that_header(here: Installation) -> None:
    boss = await here.account("Acme")
    text = "Kennzeichen;Plate name\nB-1;Van, blue\n"
    shown = await bring(here, boss, text, "what=vehicles&preview=true")
    assert (shown["missing"], shown["counts"]) == (["Vehicle ID"], {})
    refused = await boss.call("POST", f"/imports/{shown['id']}/again", {"preview": False})
    assert (refused.status, refused.json()["errors"][0]["path"]) == (422, "columns")
    columns = {"Vehicle ID": "Kennzeichen", "Vehicle Name": "Plate name"}
    run = await again(here, boss, shown["id"], columns=columns)
    assert run["counts"] == {"added": 1}
    other = await bring(here, boss, "PLATE NAME;kennzeichen\nGreen;B-2\n", "what=vehicles&preview=true")
    assert other["columns"] == {"Vehicle ID": "kennzeichen", "Vehicle Name": "PLATE NAME"}
    stranger = await here.account("Other")
    unknown = await bring(here, stranger, text, "what=vehicles&preview=true")
    assert unknown["missing"] == ["Vehicle ID"], "another account has told nothing yet"


async def test_each_row_is_told_and_the_result_file_has_a_column_of_errors(here: Installation) -> None:
    boss = await here.account("Acme")
    text = (
        "imei,name,colour\n350000000000001,Van,red\nshort imei that is far too long for one"
        + "x" * 64
        + ",Van 2,blue\n"
    )
    run = await bring(here, boss, text, "what=devices&file=list.csv")
    assert run["counts"] == {"added": 1, "refused": 1}
    [line] = (await boss.get(f"/imports/{run['id']}/lines?result=refused"))["items"]
    assert (line["row"], line["name"]) == (3, "Van 2")
    assert line["detail"]
    answer = await boss.call("GET", f"/imports/{run['id']}/result")
    lines = answer.text.splitlines()
    assert lines[0] == "imei,name,colour,Result,Error"
    assert lines[1] == "350000000000001,Van,red,added,"
    assert lines[2].endswith(f",Van 2,blue,refused,{line['detail']}")
    assert 'filename="list-result.csv"' in (answer.header("content-disposition") or "")
    only = await boss.call("GET", f"/imports/{run['id']}/result?result=refused")
    assert len(only.text.splitlines()) == 2


async def test_the_last_row_of_an_id_holds_wherever_in_a_long_file_the_rows_stand(here: Installation) -> None:
    boss = await here.account("Acme")
    rows = [f"v{number},Name {number}" for number in range(4_500)]
    text = "\n".join(["Vehicle ID,Vehicle Name", "V7,Early", *rows, "v8,Late"]) + "\n"
    run = await bring(here, boss, text, "what=vehicles")
    assert run["counts"] == {"added": 4_500, "superseded": 2}
    [late] = (await boss.get("/vehicles?external_id=v8"))["items"]
    assert late["name"] == "Late"
    page = await boss.get(f"/imports/{run['id']}/lines?limit=1000&result=added")
    following = await boss.get(f"/imports/{run['id']}/lines?limit=1000&result=added&cursor={page['next']}")
    assert page["items"][-1]["row"] < following["items"][0]["row"]
    back, lines = await undone(here, boss, run["id"])
    assert back["counts"] == {"taken_back": 4_500} and len(lines) == 100
    assert (await boss.get("/vehicles"))["items"] == []


async def test_an_undo_puts_back_what_was_and_leaves_alone_what_was_changed_since(here: Installation) -> None:
    boss = await here.account("Acme")
    [old] = await boss.add_vehicles("old")
    text = "Vehicle ID,Vehicle Name,Vehicle Groups\nold,Renamed,North\nnew,New one,North\nkept,Kept one,\n"
    run = await bring(here, boss, text, "what=vehicles")
    assert run["counts"] == {"changed": 1, "added": 2}
    [kept] = (await boss.get("/vehicles?external_id=kept"))["items"]
    await boss.do("PATCH", "/vehicles", [{"id": kept["id"], "name": "Mine now"}])
    back, lines = await undone(here, boss, run["id"])
    left = [line for line in lines if line["result"] == "left_alone"]
    assert [(line["key"], line["name"]) for line in left] == [("kept", "Mine now")]
    assert "was changed since" in left[0]["detail"]
    names = {vehicle["external_id"]: vehicle["name"] for vehicle in (await boss.get("/vehicles"))["items"]}
    assert names == {"old": "Name old", "kept": "Mine now"}
    assert (await boss.get(f"/vehicles/{old}"))["groups"] == []
    assert (await boss.get("/vehicle-groups"))["items"] == [], "the group came with the import"
    shown = await boss.get(f"/imports/{run['id']}")
    assert (shown["undoable"], shown["undone_by"], back["of"]) == (False, back["id"], run["id"])
    twice = await boss.call("POST", f"/imports/{run['id']}/undo")
    assert (twice.status, twice.json()["code"]) == (409, "cannot_undo")


async def test_an_import_can_be_undone_for_a_day_and_not_longer(here: Installation, clock: HandClock) -> None:
    boss = await here.account("Acme")
    run = await bring(here, boss, VANS, "what=vehicles")
    clock.move(86_400)
    boss = await here.sign_in(boss.account_id, boss.user_id, boss.email)
    late = await boss.call("POST", f"/imports/{run['id']}/undo")
    assert (late.status, late.json()["detail"]) == (409, "An import can be undone for 24 hours.")


SUNS = (
    "name;customer_site_id;lat;lon;kWp;AC;tilt;azimuth\n"
    "Roof;S1;48,1;11.5;10;8;30;180\nField;S2;48.2;11.6;2500;2000;20;170\nBad;S3;95;11;5;4;30;180\nLost;S4;48;11;x;4;30;180\n"
)


async def test_solar_resources_come_in_from_a_spreadsheet_with_the_columns_of_other_programs(
    here: Installation,
) -> None:
    boss = await here.account("Acme")
    run = await bring(here, boss, SUNS, "what=solar&file=suns.csv")
    assert run["counts"] == {"added": 2, "refused": 2}
    lines = (await boss.get(f"/imports/{run['id']}/lines?result=refused"))["items"]
    assert [line["detail"] for line in lines] == [
        "latitude_deg must be from -90 to 90", "dc_kw must be a number, not 'x'",
    ]  # fmt: skip
    roof, field = (await boss.get("/solar/resources"))["items"]
    assert (roof["dc_kw"], roof["ac_kw"], field["dc_kw"], roof["lat_deg"]) == (10, 8, 2500, 48.1)


@pytest.mark.parametrize(
    ("form", "media"), [("csv", "text/csv"), ("ndjson", "application/x-ndjson"), ("geojson", "application/geo+json")]
)
async def test_what_is_given_out_comes_in_again_without_changing_anything(
    here: Installation, form: str, media: str
) -> None:
    boss = await here.account("Acme")
    large = {**ROOF, "systems": [*ROOF["systems"], *ROOF["systems"]]}  # type: ignore[misc]  # a list, as written
    items = [
        {"name": "Roof", "site": ROOF, "customer_site_id": "S1", "tags": ["a", "b"]}, {"name": "=Two", "site": large},
    ]  # fmt: skip
    await boss.do("POST", "/solar/resources", items)
    given = await boss.call("GET", f"/solar/resources/export?format={form}&q=o")
    run = await bring(here, boss, given.text, "what=solar", media)
    assert run["counts"] == {"unchanged": 2}
    assert not run["undoable"], "it changed nothing"


async def test_undoing_solar_resources_takes_new_ones_away_and_puts_changed_ones_back(here: Installation) -> None:
    boss = await here.account("Acme")
    site = {"name": "Before", "site": ROOF, "customer_site_id": "S1"}
    [made] = (await boss.do("POST", "/solar/resources", [site]))["outcomes"]
    fleet = await boss.do("POST", "/solar/fleets", {"name": "Suns"}, 201)
    run = await bring(here, boss, SUNS, f"what=solar&fleet={fleet['id']}")
    assert run["counts"] == {"added": 1, "changed": 1, "refused": 2}
    assert (await boss.get(f"/solar/fleets/{fleet['id']}"))["resources"] == 2
    back, _ = await undone(here, boss, run["id"])
    assert back["counts"] == {"taken_back": 2}
    [left] = (await boss.get("/solar/resources"))["items"]
    assert (left["id"], left["name"], left["dc_kw"]) == (made["id"], "Before", 10)
    assert (await boss.get(f"/solar/fleets/{fleet['id']}"))["resources"] == 0


async def test_an_undo_leaves_a_solar_resource_alone_that_was_changed_since(here: Installation) -> None:
    boss = await here.account("Acme")
    run = await bring(here, boss, SUNS, "what=solar")
    [roof] = (await boss.get("/solar/resources?q=Roof"))["items"]
    await boss.do("PATCH", f"/solar/resources/{roof['id']}", {"zone": "North"})
    back, lines = await undone(here, boss, run["id"])
    assert back["counts"] == {"taken_back": 1, "left_alone": 1}
    [left] = [line for line in lines if line["result"] == "left_alone"]
    assert (left["name"], left["detail"]) == ("Roof", "was changed since")
    assert [item["name"] for item in (await boss.get("/solar/resources"))["items"]] == ["Roof"]


@pytest.mark.parametrize(
    ("text", "media", "reason"),
    [
        ("", "text/csv", "has no header line"),
        ("Vehicle ID\n", "text/csv", "has no rows"),
        ('Vehicle ID\n"open\n', "text/csv", "is not a table"),
        ("{}", "application/geo+json", "must be one of text/csv"),
    ],
)
async def test_a_file_that_cannot_be_read_is_refused_with_its_reason(
    here: Installation, text: str, media: str, reason: str
) -> None:
    boss = await here.account("Acme")
    answer = await boss.call("POST", "/imports?what=vehicles", text.encode(), [("content-type", media)])
    assert answer.status == 422
    assert reason in answer.json()["detail"]


async def test_imports_of_one_account_are_nothing_to_another_or_to_its_members(here: Installation) -> None:
    boss, stranger = await here.account("Acme"), await here.account("Other")
    run = await bring(here, boss, VANS, "what=vehicles")
    member = await here.person(boss.account_id, "m@x.example")
    for path in ("", "/lines", "/result"):
        assert (await stranger.call("GET", f"/imports/{run['id']}{path}")).status == 404
        assert (await member.call("GET", f"/imports/{run['id']}{path}")).status == 403
    assert (await stranger.call("POST", f"/imports/{run['id']}/undo")).status == 404
    assert (await stranger.get("/imports"))["items"] == []


async def test_a_stopped_import_keeps_what_it_did_and_can_be_undone(here: Installation) -> None:
    boss = await here.account("Acme")
    made = await boss.call("POST", "/imports?what=vehicles", VANS.encode(), [CSV])
    stopped = await boss.do("DELETE", f"/imports/{made.json()['id']}", None)
    await worked_off(here)
    assert (stopped["state"], (await boss.get("/vehicles"))["items"]) == ("cancelled", [])
    again = await boss.call("POST", f"/imports/{made.json()['id']}/undo")
    assert again.json()["detail"] == "The import changed nothing."
