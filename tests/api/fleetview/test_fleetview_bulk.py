"""Files of resources come in and go out: judged row by row, all or none where asked, and unchanged by a round trip."""

import csv
import io
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fleetline.api.dialects.fleetview import bulk_columns, bulk_fast, bulk_rows
from fleetline.core import power_import
from fleetline.model.resource import Fault
from tests.api.calls import Answer
from tests.api.fleetview.kit import DEPOT, FIELD, Client, World, plain, system

HEAD = (
    "name,customerSiteId,latitude,longitude,inverterCount,maxPowerOutputAC_kW,efficiencyRating_Percent,moduleCount,"
    "nameplateDCRating_kW,azimuth_Degrees,tilt_Degrees"
)
LINE = "Roof,{key},36.1,-79.95,1,7,96,20,0.4,180,20"
CSV, NDJSON, GEOJSON = "text/csv", "application/x-ndjson", "application/geo+json"


def sheet(*keys: str, head: str = HEAD, line: str = LINE) -> bytes:
    return "\r\n".join([head, *(line.format(key=key) for key in keys), ""]).encode()


async def bring(client: Client, body: bytes, query: str = "", media: str = CSV) -> Answer:
    return await client.send("POST", f"/v1/resources/import?{query}", body, media=media)


def counts(answer: Answer) -> list[int]:
    assert answer.status == 200, answer.text
    found = answer.json()
    numbers = [found[name] for name in ("created", "updated", "unchanged", "refused")]
    assert sum(numbers) == len(found["rows"])
    return numbers


async def test_rows_are_created_then_unchanged_then_updated(owner: Client, world: World) -> None:
    first = await bring(owner, sheet("1", "2"))
    assert counts(first) == [2, 0, 0, 0]
    found = first.json()
    assert (found["jobId"], found["status"], found["dryRun"]) == (None, "Done", False)
    assert [row["row"] for row in found["rows"]] == [1, 2]
    stored = (await owner.get(f"/v1/resources/{found['rows'][0]['resourceId']}")).json()
    assert (stored["name"], stored["customerSiteId"], stored["ratings"]) == ("Roof", "1", {"dc_kW": 8, "ac_kW": 7})
    world.clock.move(1)
    assert counts(await bring(owner, sheet("1", "2"))) == [0, 0, 2, 0]
    assert (await owner.get(f"/v1/resources/{stored['resourceId']}")).json() == stored
    changed = await bring(owner, sheet("1", "3", line=LINE.replace("Roof", "New")))
    assert counts(changed) == [1, 1, 0, 0]
    assert [row["outcome"] for row in changed.json()["rows"]] == ["Updated", "Created"]
    again = (await owner.get(f"/v1/resources/{stored['resourceId']}")).json()
    assert (again["name"], again["updatedTime"]) == ("New", "2025-06-21T12:00:01Z")


async def test_a_bad_row_is_named_by_row_and_column_and_the_good_ones_are_kept(owner: Client) -> None:
    lines = [
        HEAD,
        LINE.format(key="1"),
        LINE.format(key="2").replace(",20,0.4", ",0,0.4"),
        LINE.format(key="3").replace("36.1", "north"),
        "too,short",
        LINE.format(key="1"),
        LINE.format(key="4").replace("0.4", ""),
        LINE.format(key="5") + ",6",
    ]
    answer = await bring(owner, "\n".join(lines).encode())
    assert counts(answer) == [1, 0, 0, 6]
    rows = answer.json()["rows"]
    told = [[(item["field"], item["code"], item["message"]) for item in row["errors"]] for row in rows]
    assert told == [
        [],
        [("moduleCount", "whole", "moduleCount must be a whole number from 1 to 10000000.")],
        [("latitude", "type", "latitude must be a number.")],
        [("", "width", "The row has 2 cells in place of 11.")],
        [("customerSiteId", "duplicate", "This row is about the same site as row 1.")],
        [("nameplateDCRating_kW", "required", "nameplateDCRating_kW is required.")],
        [("", "width", "The row has 12 cells in place of 11.")],
    ]
    assert [row["customerSiteId"] for row in rows] == ["1", "2", "3", None, "1", "4", None]
    assert len((await owner.get("/v1/resources")).json()["items"]) == 1


async def test_a_dry_run_tells_the_same_and_stores_nothing(owner: Client) -> None:
    made = await owner.made(plain(customerSiteId="1"))
    body = sheet("1", "2", "x" * 101)
    dry = await bring(owner, body, "dryRun=true")
    assert counts(dry) == [1, 1, 0, 1]
    assert [row["resourceId"] for row in dry.json()["rows"]] == [made, None, None]
    assert len((await owner.get("/v1/resources")).json()["items"]) == 1
    assert counts(await bring(owner, body)) == counts(dry)


async def test_all_or_none(owner: Client) -> None:
    await owner.made(plain(customerSiteId="1"))
    bad = await bring(owner, sheet("1", "2", "x" * 101), "atomic=true")
    assert counts(bad) == [0, 0, 0, 3]
    assert [row["errors"][0]["code"] for row in bad.json()["rows"]] == ["atomic", "atomic", "length"]
    items = (await owner.get("/v1/resources")).json()["items"]
    assert [item["name"] for item in items] == ["Roof"]
    good = await bring(owner, sheet("1", "2"), "atomic=true")
    assert counts(good)[0] == 1
    assert all(row["resourceId"] for row in good.json()["rows"])


async def test_modes_keep_rows_from_creating_or_updating(owner: Client, stranger: Client) -> None:
    made = await owner.made(plain(customerSiteId="1"))
    foreign = await stranger.made(plain())
    created = await bring(owner, sheet("1", "2"), "mode=createOnly")
    assert counts(created) == [1, 0, 0, 1]
    assert created.json()["rows"][0]["errors"][0]["message"].startswith(f"The row is resource {made} already")
    updated = await bring(owner, sheet("1", "3", line=LINE.replace("Roof", "New")), "mode=UPDATEONLY")
    assert counts(updated) == [0, 1, 0, 1]
    lines = [json.dumps(plain(resourceId=key)) for key in (made, foreign, "x")]
    by_id = await bring(owner, "\n".join(lines).encode(), media=NDJSON)
    assert counts(by_id) == [0, 1, 0, 2]
    assert [row["errors"][0]["message"] for row in by_id.json()["rows"][1:]] == ["resourceId does not exist."] * 2
    two = (await owner.get("/v1/resources?customerSiteId=2")).json()["items"][0]["resourceId"]
    taken = await bring(
        owner, json.dumps([plain(resourceId=made, customerSiteId="2")]).encode(), media="application/json"
    )
    message = f"customerSiteId is already used by resource {two}."
    assert taken.json()["rows"][0]["errors"] == [{"field": "customerSiteId", "code": "duplicate", "message": message}]


async def test_two_rows_may_hand_a_customer_id_on(owner: Client) -> None:
    one, two = await owner.made(plain(customerSiteId="1")), await owner.made(plain(customerSiteId="2"))
    rows = [plain(resourceId=one, customerSiteId="9"), plain(resourceId=two, customerSiteId="1")]
    assert counts(await bring(owner, json.dumps(rows).encode(), media="application/json")) == [0, 2, 0, 0]
    found = (await owner.get("/v1/resources")).json()["items"]
    assert [item["customerSiteId"] for item in found] == ["9", "1"]


async def test_rows_join_a_fleet(owner: Client) -> None:
    fleet = (await owner.post("/v1/fleets", {"name": "F"})).json()["fleetId"]
    await bring(owner, sheet("1"))
    assert counts(await bring(owner, sheet("1", "2", "2"), f"fleetId={fleet}")) == [1, 0, 1, 1]
    assert (await owner.get(f"/v1/fleets/{fleet}")).json()["resourceCount"] == 2
    assert (await bring(owner, sheet("1"), "fleetId=00000000-0000-4000-8000-00000000ffff")).status == 404


async def test_azimuths_of_other_conventions_are_turned(owner: Client) -> None:
    for convention, told, stored in (
        ("north-clockwise", 90, 90), ("north-counterclockwise", 90, 270), ("south-zero", -90, 90),
        ("south-zero", 0, 180), ("south-zero", 90, 270), ("north-counterclockwise", 0, 0),
    ):  # fmt: skip
        body = sheet("1", line=LINE.replace(",180,", f",{told},"))
        answer = await bring(owner, body, f"azimuthConvention={convention}")
        assert counts(answer)[3] == 0, answer.text
        found = (await owner.get("/v1/resources")).json()["items"][0]
        assert found["pvSystems"][0]["pvArrays"][0]["arrayConfiguration"]["azimuth_Degrees"] == stored
    refused = await bring(owner, sheet("1", line=LINE.replace(",180,", ",-90,")))
    assert refused.json()["rows"][0]["errors"][0]["field"] == "azimuth_Degrees"
    rows = [{**DEPOT, "pvSystems": [system(array={"solarObstructions": [
        {"azimuth_Degrees": -10, "elevation_Degrees": 5}
    ]})]}]  # fmt: skip
    del rows[0]["PvSystems"]
    made = await bring(owner, json.dumps(rows).encode(), "azimuthConvention=south-zero", "application/json")
    found = (await owner.get(f"/v1/resources/{made.json()['rows'][0]['resourceId']}")).json()
    assert found["pvSystems"][0]["pvArrays"][0]["solarObstructions"][0]["azimuth_Degrees"] == 170


@pytest.mark.parametrize(
    ("body", "media", "status", "words"),
    [
        (b"", CSV, 400, "The body has no header."),
        (sheet("1", head=HEAD.replace("name,", "title,")), CSV, 400, "The column title is not known; did you mean "),
        (sheet("1", head=HEAD.replace("name,", "Latitude,")), CSV, 400, "The column latitude is there twice."),
        (sheet("1") + b"R\xf6of,2,36.1", CSV, 400, "The body is not UTF-8 at byte "),
        (HEAD.encode("utf-16"), CSV, 400, "The body is not UTF-8 at byte 0."),
        (HEAD.encode() + b'\n"open', CSV, 400, "The body could not be read as CSV near line 2."),
        (b"{", "application/json", 400, "The body could not be read as JSON."),
        (b"{}", "application/json", 400, "The body must be a list."),
        (b"{}", GEOJSON, 400, "The body must be a GeoJSON FeatureCollection."),
        (b"x", "text/plain", 415, "The content type is not supported."),
    ],
)
async def test_a_file_that_cannot_be_read_is_refused_whole(
    sqlite_owner: Client, body: bytes, media: str, status: int, words: str
) -> None:
    answer = await bring(sqlite_owner, body, media=media)
    assert (answer.status, words in answer.json()["message"]) == (status, True), answer.text
    assert (await sqlite_owner.get("/v1/resources")).json()["items"] == []


async def test_single_lines_that_cannot_be_read_are_refused_rows(owner: Client) -> None:
    lines = [json.dumps(DEPOT), "{", "5", "", json.dumps({**FIELD, "x": 1}), '{"name":"' + "[" * 40]
    answer = await bring(owner, "\n".join(lines).encode(), media=NDJSON)
    assert counts(answer) == [1, 0, 0, 4]
    assert [row["row"] for row in answer.json()["rows"]] == [1, 2, 3, 4, 5]
    features = [5, {"type": "Feature", "geometry": None, "properties": {}}]
    body = json.dumps({"type": "FeatureCollection", "features": features}).encode()
    assert counts(await bring(owner, body, media=GEOJSON)) == [0, 0, 0, 2]


async def rich(client: Client) -> list[dict[str, Any]]:
    """Resources that need every column, and some that need JSON."""
    months = [{"monthNumber": month, "solarAccess_Percent": 100 - month} for month in (1, 7)]
    bodies = [
        DEPOT, FIELD,
        plain(
            name='A, "quoted"\nname', description=" kept ", customerSiteId="ü;ß", zone="Z", feeder="F",
            tags=["a", "b c"], installDate="2020-01-02", decommissionDate="2030-01-02", exportLimit_kW=0.1,
            degradationPerYear_Percent=0.5, location={"latitude": -1e-5, "longitude": 179.123456789},
            pvSystems=[
                system(
                    albedo_Percent=20.5, generalDerate_Percent=90, cleaningThreshold_Millimeters=5,
                    thresholdSnowfall_CentimeterPerHour=1, array={"monthlyShadings": months},
                    modules={"ptcRating_kW": 0.35, "nominalOperatingCellTemperature_DegreesC": 44.4},
                    configuration={"tracking": "SingleAxis", "moduleRowCount": 7, "relativeRowSpacing": 2.5},
                )
            ],
            **{"class": "C"},
        ),
        plain(tags=["a;b", "[c"], pvSystems=[system(), system(installDate="2021-01-01")]),
        plain(pvSystems=[system(array={"solarObstructions": [{"azimuth_Degrees": 10, "elevation_Degrees": 5}]})]),
    ]  # fmt: skip
    for body in bodies:
        await client.made(body)
    return list((await client.get("/v1/resources")).json()["items"])


@pytest.mark.parametrize(("form", "media"), [("csv", CSV), ("ndjson", NDJSON), ("geojson", GEOJSON)])
async def test_importing_an_export_changes_nothing(owner: Client, stranger: Client, form: str, media: str) -> None:
    before = await rich(owner)
    out = await owner.get(f"/v1/resources/export?format={form}")
    assert (out.status, (out.header("content-type") or "").split(";")[0]) == (200, media)
    again = await bring(owner, out.body, media=media)
    assert counts(again) == [0, 0, len(before), 0], again.text
    assert (await owner.get("/v1/resources")).json()["items"] == before
    plain_out = out.body
    for item in before:
        plain_out = plain_out.replace(item["resourceId"].encode(), b"")
    if form == "csv":
        copied = await bring(stranger, plain_out, media=media)
        assert counts(copied) == [len(before), 0, 0, 0]
        ours = ("resourceId", "createdTime", "updatedTime")
        theirs = (await stranger.get("/v1/resources")).json()["items"]
        assert [{k: v for k, v in item.items() if k not in ours} for item in theirs] == [
            {k: v for k, v in item.items() if k not in ours} for item in before
        ]


async def test_an_export_has_what_the_filters_leave(owner: Client) -> None:
    await rich(owner)
    out = await owner.get("/v1/resources/export?zone=Z")
    rows = list(csv.DictReader(io.StringIO(out.text)))
    assert [(row["zone"], row["feeder"], row["solarAccess_Percent_7"]) for row in rows] == [("Z", "F", "93")]
    empty = await owner.get("/v1/resources/export?format=geojson&zone=nowhere")
    assert empty.json() == {"type": "FeatureCollection", "features": []}
    points = (await owner.get("/v1/resources/export?format=geojson")).json()["features"]
    assert points[0]["geometry"] == {"type": "Point", "coordinates": [-79.95, 36.1, 273]}
    assert (await owner.get("/v1/resources/export?format=xml")).status == 400


async def test_a_csv_with_its_mark_any_order_and_any_letter_case_is_read(owner: Client) -> None:
    names = HEAD.split(",")
    order = list(reversed(range(len(names))))
    line = LINE.format(key="1").split(",")
    text = ",".join(names[at].upper() for at in order) + "\n" + ",".join(line[at] for at in order)
    assert counts(await bring(owner, b"\xef\xbb\xbf" + text.encode()))[0] == 1
    both = sheet("2", head=f"{HEAD},pvSystems", line=LINE + ',"[]"')
    assert (await bring(owner, both)).json()["rows"][0]["errors"][0]["code"] == "both"


@pytest.mark.parametrize("atomic", [False, True])
async def test_many_rows_become_a_job_whose_rows_can_be_read(
    owner: Client, stranger: Client, world: World, atomic: bool
) -> None:
    keys = [str(index) for index in range(1200)]
    keys[700] = "x" * 101 if not atomic else "700"
    keys[1100] = "5" if not atomic else "1100"
    answer = await bring(owner, sheet(*keys), f"atomic={'true' if atomic else 'false'}")
    assert answer.status == 202
    job = answer.json()["jobId"]
    assert (answer.json()["status"], answer.header("location")) == ("Queued", f"/v1/jobs/{job}")
    assert (await owner.get(f"/v1/jobs/{job}/rows")).status == 409
    assert await world.power.jobs.work_off() == 1
    found = (await owner.get(f"/v1/jobs/{job}")).json()
    expected = (1200, 0) if atomic else (1198, 2)
    assert (found["kind"], found["status"], found["created"], found["refused"]) == ("Import", "Done", *expected)
    assert found["progress"] == {"completedRows": 1200, "totalRows": 1200, "percent": 100}
    rows = [json.loads(line) for line in (await owner.get(found["rowsUrl"])).text.splitlines()]
    assert [row["row"] for row in rows] == list(range(1, 1201))
    refused = [json.loads(line) for line in (await owner.get(f"{found['rowsUrl']}?outcome=refused")).text.splitlines()]
    if not atomic:
        assert [(row["row"], row["errors"][0]["code"]) for row in refused] == [(701, "length"), (1101, "duplicate")]
        assert refused[1]["errors"][0]["message"] == "This row is about the same site as row 6."
    assert (await stranger.get(found["rowsUrl"])).status == 404
    again = await bring(owner, sheet(*keys))
    await world.power.jobs.work_off()
    assert (await owner.get(f"/v1/jobs/{again.json()['jobId']}")).json()["unchanged"] == expected[0]


async def test_an_atomic_job_with_one_bad_row_stores_nothing(owner: Client, world: World) -> None:
    keys = [str(index) for index in range(1100)]
    keys[1050] = "x" * 101
    job = (await bring(owner, sheet(*keys), "atomic=true")).json()["jobId"]
    await world.power.jobs.work_off()
    found = (await owner.get(f"/v1/jobs/{job}")).json()
    assert (found["status"], found["created"], found["refused"]) == ("Done", 0, 1100)
    assert (await owner.get("/v1/resources")).json()["items"] == []


async def test_more_rows_than_any_import_may_have_are_refused(owner: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(power_import, "MOST_ROWS", 300)
    answer = await bring(owner, sheet(*(str(index) for index in range(301))))
    assert (answer.status, answer.json()["statusCode"]) == (413, "RequestEntityTooLarge")
    assert (await bring(owner, sheet(*(str(index) for index in range(300))))).status == 200


@given(st.lists(st.sampled_from(sorted(bulk_columns.COLUMNS)), min_size=8, unique=True), st.data())
@settings(max_examples=150, deadline=None)
def test_the_short_way_of_a_row_comes_to_what_the_long_way_says(names: list[str], data: st.DataObject) -> None:
    names = [*dict.fromkeys([*names, *HEAD.split(",")])]
    usual = dict(zip(HEAD.split(","), LINE.format(key="1").split(","), strict=True))
    odd = [
        "",
        " ",
        "0",
        "1",
        "12",
        "-5",
        "1.5",
        "1e2",
        "nan",
        "1_0",
        "inf",
        "Roof",
        "dualaxis",
        "2025-06-21",
        "a;b",
        "\0",
    ]
    cells = [
        usual[name] if name in usual and data.draw(st.integers(0, 9)) else data.draw(st.sampled_from(odd))
        for name in names
    ]
    columns = bulk_columns.Columns(names)
    draft = bulk_fast.Fast(columns.names).draft(cells)
    faults: list[Fault] = []
    row = bulk_rows.row_of(1, columns.members(cells, faults), "north-clockwise", faults, columns.renamed)
    assert draft is None or row.draft == draft


def test_a_plain_row_takes_the_short_way() -> None:
    columns = bulk_columns.Columns(HEAD.split(","))
    assert bulk_fast.Fast(columns.names).draft(LINE.format(key="1").split(",")) is not None


async def test_digits_of_other_scripts_are_no_numbers_in_a_file(owner: Client) -> None:
    row = LINE.format(key="1")
    for wrong in (row.replace("36.1", "\uff13\uff16"), row.replace("0.4", "\u0660.4")):
        answer = await bring(owner, f"{HEAD}\n{wrong}\n".encode())
        assert counts(answer) == [0, 0, 0, 1]
        assert answer.json()["rows"][0]["errors"][0]["code"] == "type"


async def test_a_file_with_other_separators_is_told_so(sqlite_owner: Client) -> None:
    for separator, word in ((";", ";"), ("\t", "a tab")):
        answer = await bring(sqlite_owner, sheet("1").replace(b",", separator.encode()))
        message = f"The columns must be separated by commas; the header has {word}."
        assert (answer.status, answer.json()["message"]) == (400, message)


async def test_a_feature_whose_properties_contradict_its_geometry_is_refused(owner: Client) -> None:
    facts = {name: value for name, value in plain().items() if name != "location"}

    def feature(coordinates: list[float], **properties: Any) -> dict[str, Any]:
        geometry = {"type": "Point", "coordinates": coordinates}
        return {"type": "Feature", "geometry": geometry, "properties": facts | properties}

    here = {"latitude": 36.1, "longitude": -79.95}
    features = [
        feature([-79.95, 36.1], location=here),
        feature([-79.95, 36.1], Location={"Elevation_Meters": 200}),
        feature([-79.95, 36.1, 200], location={"elevation_Meters": 200}),
        feature([-79.95, 36.1], location={"latitude": 10, "longitude": -79.95}),
        feature([-79.95, 36.1, 500], Location={"Elevation_Meters": 200}),
        feature([-79.95, 36.1], location={"lat": 36.1}),
        feature([-79.95, 36.1], location="here"),
    ]
    body = json.dumps({"type": "FeatureCollection", "features": features}).encode()
    rows = (await bring(owner, body, media=GEOJSON)).json()["rows"]
    assert [[fault["field"] for fault in row["errors"]] for row in rows] == [
        [], [], [], ["location.latitude"], ["location.elevation_Meters"], ["location.lat"], ["location"],
    ]  # fmt: skip
    elevations = [
        (await owner.get(f"/v1/resources/{row['resourceId']}")).json()["location"]["elevation_Meters"]
        for row in rows[:3]
    ]
    assert elevations == [None, 200, 200]
