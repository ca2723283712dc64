"""A list of vehicles or drivers is applied as a whole, and a preview says exactly what the real run does."""

from typing import Any

import pytest

from fleetline.core.registry import Registry
from fleetline.core.registry_csv import guarded, read_table, unguarded
from fleetline.core.registry_listing import Options
from fleetline.core.registry_lists import ListReport
from fleetline.core.registry_sheets import read_sheet, report_facts, report_table, write_sheet
from fleetline.model.errors import Conflict, Invalid
from fleetline.model.registry import Kind, NewDevice, NewMember, TooMany
from fleetline.stores.engine import Engine
from fleetline.stores.store import EngineStore
from tests.kit import HandClock
from tests.registry_kit import BY, OTHER, OWN, SISTER_A, SISTER_B, make_accounts, statements


@pytest.fixture
async def registry(engine: Engine, clock: HandClock) -> Registry:
    await make_accounts(engine)
    return Registry(EngineStore(engine), clock)


HEADER = "Vehicle ID,Vehicle Name,Vehicle Groups\n"


async def apply(
    registry: Registry,
    text: str,
    *,
    account: str = OWN,
    kind: Kind = Kind.VEHICLE,
    preview: bool = False,
    **options: Any,
) -> ListReport:
    """The report; a real run is always preceded by a preview, which must have said the same."""
    rows = read_sheet(text.encode(), kind).rows
    wanted = Options(**options)
    before = await registry.version(account)
    foretold = await registry.lists.apply(account, kind, rows, BY, options=wanted, preview=True)
    assert await registry.version(account) == before
    if preview:
        return foretold
    report = await registry.lists.apply(account, kind, rows, BY, options=wanted, version=foretold.version)
    assert (report.verdicts, report.groups_created) == (foretold.verdicts, foretold.groups_created)
    return report


def results(report: ListReport) -> list[str]:
    return [verdict.result for verdict in report.verdicts]


async def entries(registry: Registry, kind: Kind = Kind.VEHICLE) -> list[tuple[str, str, tuple[str, ...]]]:
    return [(e.external_id, e.name, e.groups) for e in await registry.lists.entries(OWN, kind)]


@pytest.mark.parametrize("kind", list(Kind))
async def test_rows_add_rename_and_regroup(registry: Registry, kind: Kind) -> None:
    header = HEADER.replace("Vehicle", kind.value.title())
    await apply(registry, header + "a,A,North\nb,B,North|East\nc,C,\n", kind=kind)
    report = await apply(registry, header + "A,A2,South|North\nb,,\nc,C,\nd,,North\n", kind=kind)
    assert results(report) == ["changed", "changed", "unchanged", "added"]
    assert [v.detail for v in report.verdicts] == ["name: A -> A2; groups: +South", "groups: -East -North", "", ""]
    assert report.groups_created == ("South",)
    later = await apply(registry, header + "e,E,West | Attic||west|attic|South\n", kind=kind, preview=True)
    assert (later.groups_created, later.verdicts[0].groups) == (("West", "Attic"), ("Attic", "South", "West"))
    assert await entries(registry, kind) == [
        ("a", "A2", ("North", "South")),
        ("b", "B", ()),
        ("c", "C", ()),
        ("d", "d", ("North",)),
    ]


async def test_the_preview_of_the_documented_example(registry: Registry) -> None:
    await apply(registry, HEADER + "veh1,vehicle 1,North\n")
    text = HEADER + "veh1,vehicle new 1,South|North\nveh2,,\n"
    report = await apply(registry, text, preview=True)
    assert report_facts(read_sheet(text.encode(), Kind.VEHICLE), report, preview=True) == {
        "dry_run": True, "rows": 2, "blank": 0, "added": 1, "changed": 1, "unchanged": 0, "superseded": 0, "refused": 0,
        "removed": 0, "groups_created": ["South"], "warnings": [], "report": [
            {"row": 2, "vehicle_id": "veh1", "vehicle_name": "vehicle new 1", "vehicle_groups": ["North", "South"],
             "result": "changed", "detail": "name: vehicle 1 -> vehicle new 1; groups: +South"},
            {"row": 3, "vehicle_id": "veh2", "vehicle_name": "veh2", "vehicle_groups": [], "result": "added",
             "detail": ""},
        ],
    }  # fmt: skip
    assert await entries(registry) == [("veh1", "vehicle 1", ("North",))]


async def test_a_missing_column_leaves_what_it_would_have_said_and_adding_only_adds(registry: Registry) -> None:
    await apply(registry, HEADER + "a,A,North\n")
    assert results(await apply(registry, "Vehicle ID\na\nb\n")) == ["unchanged", "added"]
    assert results(await apply(registry, "Vehicle ID,Vehicle Groups\na,South\n", add_groups=True)) == ["changed"]
    assert await entries(registry) == [("a", "A", ("North", "South")), ("b", "b", ())]
    assert results(await apply(registry, HEADER + "a,,\n", add_groups=True)) == ["unchanged"]


async def test_the_last_of_two_rows_with_one_id_counts_and_names_may_swap(registry: Registry) -> None:
    await apply(registry, HEADER + "a,A,\nb,B,\n")
    report = await apply(registry, HEADER + "a,X,\nb,A,\nA ,B,\n")
    assert results(report) == ["superseded", "changed", "changed"]
    assert await entries(registry) == [("b", "A", ()), ("a", "B", ())]


async def test_bad_rows_are_refused_with_a_reason_and_good_ones_take_effect(registry: Registry) -> None:
    await registry.vehicles.add(SISTER_B, [NewMember("theirs", "T")], BY)
    await apply(registry, HEADER + "a,A,\nb,B,\n", account=SISTER_A)
    text = HEADER + f"theirs,,\n,x,\nc,B,\nd,x\ty,\ne,,{'g' * 256}\nf,F,\ng,f,\n"
    report = await apply(registry, text, account=SISTER_A)
    assert [(v.result, v.detail) for v in report.verdicts] == [
        ("refused", "Vehicle ID is in use in the partner cloud"),
        ("refused", "Vehicle ID is blank"),
        ("refused", "Vehicle Name is in use"),
        ("refused", "Vehicle Name contains a character that cannot be kept: '\\t'"),
        ("refused", f"Vehicle Groups: {'g' * 64!r} is longer than 255 characters"),
        ("added", ""),
        ("refused", "Vehicle Name is in use"),
    ]
    assert {entry.external_id for entry in await registry.lists.entries(SISTER_A, Kind.VEHICLE)} == {"a", "b", "f"}


async def test_a_strict_list_with_a_bad_row_applies_nothing(registry: Registry) -> None:
    await apply(registry, HEADER + "a,A,\n")
    report = await apply(registry, HEADER + "a,A,\nb,B,New\n,x,\n", strict=True)
    assert results(report) == ["unchanged", "refused", "refused"]
    assert (report.applied, report.groups_created) == (False, ())
    assert await entries(registry) == [("a", "A", ())]
    assert results(await apply(registry, HEADER + "b,B,New\n", strict=True)) == ["added"]


async def test_a_synchronous_list_removes_what_it_does_not_name_and_its_names_are_free(registry: Registry) -> None:
    await apply(registry, HEADER + "a,A,North\nb,B,\nc,C,\n")
    report = await apply(registry, HEADER + "a,B,\nd,C,North\n", sync=True)
    assert results(report) == ["changed", "added", "removed", "removed"]
    assert [v.row for v in report.verdicts] == [2, 3, None, None]
    assert await entries(registry) == [("a", "B", ()), ("d", "C", ("North",))]
    assert (await registry.vehicles.page(OWN)).size == 2
    assert results(await apply(registry, HEADER + "d,C,North\n,x,\n", sync=True)) == ["unchanged", "refused"]
    assert (await registry.vehicles.page(OWN)).size == 2


async def test_a_synchronous_list_is_refused_when_it_would_remove_too_much(registry: Registry) -> None:
    await apply(registry, HEADER + "".join(f"v{i},,\n" for i in range(12)))
    await registry.devices.add(OWN, NewDevice("dev", "v11"), BY)
    for text, options in (
        (HEADER, {}),
        (HEADER + "v11,,\n", {}),
        (HEADER + "v11,,\nv0,,\nv1,,\n", {"max_removals": 8}),
        (HEADER + "v0,,\nv1,,\n", {}),
    ):
        with pytest.raises(Invalid, match="file"):
            await apply(registry, text, sync=True, **options)
    assert (await registry.vehicles.page(OWN)).size == 12
    report = await apply(registry, HEADER + "v0,,\nv1,,\n", sync=True, remove_fitted=True)
    assert report.count("removed") == 10
    row = await registry.devices.row(OWN, 1)
    assert row is not None
    assert row[2] is None


async def test_a_preview_is_applied_only_on_the_version_it_was_made_from(registry: Registry) -> None:
    rows = read_sheet((HEADER + "a,A,\n").encode(), Kind.VEHICLE).rows
    report = await registry.lists.apply(OWN, Kind.VEHICLE, rows, BY, options=Options(), preview=True)
    await registry.vehicles.add(OWN, [NewMember("x", "X")], BY)
    with pytest.raises(Conflict):
        await registry.lists.apply(OWN, Kind.VEHICLE, rows, BY, options=Options(), version=report.version)


async def test_names_may_be_held_twice_where_the_account_allows_it(registry: Registry) -> None:
    await registry.set_unique_names(OWN, False, BY)
    assert results(await apply(registry, HEADER + "a,A,\nb,A,\n")) == ["added", "added"]


async def test_a_member_would_be_in_too_many_groups_and_an_account_would_have_too_many(registry: Registry) -> None:
    many = "|".join(f"g{i}" for i in range(101))
    report = await apply(registry, HEADER + f"a,A,{many}\n")
    assert [(v.result, v.detail) for v in report.verdicts] == [("refused", "would be in 101 groups, more than 100")]
    lines = "".join(f"v{i},,{'|'.join(f'g{i}-{j}' for j in range(100))}\n" for i in range(21))
    with pytest.raises(TooMany):
        await registry.lists.apply(
            OWN, Kind.VEHICLE, read_sheet((HEADER + lines).encode(), Kind.VEHICLE).rows, BY, options=Options()
        )
    assert (await registry.vehicles.groups.page(OWN)).size == 0


async def test_exporting_and_importing_changes_nothing(registry: Registry) -> None:
    names = ["=1+1", "'=x", "''-y", "plain", "'quoted", 'with "quotes", comma', " lead", "@x", "+1", "Grüße", "a|b"]
    await registry.vehicles.add(OWN, [NewMember(f"-{i}", name) for i, name in enumerate(names)], BY)
    for group in await registry.vehicles.groups.add(OWN, ["=G", "H"], BY):
        await registry.vehicles.groups.assign(OWN, group.group.group_id, ["-0", "-3"], BY)  # type: ignore[union-attr]  # both are new
    text = write_sheet(await registry.lists.entries(OWN, Kind.VEHICLE), Kind.VEHICLE)
    assert not any(cell[:1] in "=+-@" for line in text.splitlines() for cell in line.split(",") if cell)
    version = await registry.version(OWN)
    report = await apply(registry, text, sync=True)
    assert set(results(report)) == {"unchanged"}
    assert await registry.version(OWN) == version
    table = report_table(read_sheet(text.encode(), Kind.VEHICLE), report)
    assert table.splitlines()[0] == "Row,Vehicle ID,Vehicle Name,Vehicle Groups,Result,Detail"
    assert len(table.splitlines()) == len(names) + 1


async def test_a_long_list_takes_as_many_statements_as_a_short_one(registry: Registry, engine: Engine) -> None:
    rows = [read_sheet((HEADER + f"{x}0,N{x},G{x}\n").encode(), Kind.VEHICLE).rows for x in "ab"]
    long = read_sheet((HEADER + "".join(f"c{i},C{i},G{i % 7}\n" for i in range(2000))).encode(), Kind.VEHICLE).rows
    await registry.lists.apply(OWN, Kind.VEHICLE, rows[0], BY, options=Options())
    with statements(engine) as short:
        await registry.lists.apply(OWN, Kind.VEHICLE, rows[1], BY, options=Options())
    with statements(engine) as large:
        await registry.lists.apply(OWN, Kind.VEHICLE, long, BY, options=Options())
    assert large.count == short.count <= 25


async def test_an_account_that_never_wrote_exports_the_header_alone(registry: Registry) -> None:
    assert write_sheet(await registry.lists.entries(OTHER, Kind.DRIVER), Kind.DRIVER) == (
        "Driver ID,Driver Name,Driver Groups\n"
    )


@pytest.mark.parametrize(
    ("data", "rows"),
    [
        (b"\xef\xbb\xbfb;A\r\n1;2\r\n", [("2", "1")]),
        (b"x\tB\ta\r1\t2\t3\r\r4\t5\t6", [("3", "2"), ("6", "5")]),
        (b'"A","b"\n"x, y","say ""hi"""\n', [("x, y", 'say "hi"')]),
        (b"a,b\n1\n", [("1", "")]),
        (b' a , "b"\n1,2\n'.replace(b' "b"', b"b "), [("1", "2")]),
    ],
)
def test_tables_are_read_in_every_common_dress(data: bytes, rows: list[tuple[str, str]]) -> None:
    table = read_table(data, ("a", "b"), ("a",))
    assert [(row.cells["a"], row.cells["b"]) for row in table.rows] == rows


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"\xff\xfea", "not UTF-8"),
        (b"", "no column 'a'"),
        (b"b\n1\n", "no column 'a'"),
        (b"a,A\n", "2 times"),
        (b'a\n"x"y\n', "comma-separated"),
        (b'a\n"x\n', "comma-separated"),
        (b"a\n" + b"x" * 200_000, "comma-separated"),
        (b"a\n" + b"x\n" * 200_001, "more than 200000 rows"),
        (b"a\n" + b"x" * (32 * 2**20), "larger than 32 MiB"),
    ],
)
def test_a_file_that_is_no_table_is_refused_whole(data: bytes, reason: str) -> None:
    with pytest.raises(Invalid, match=reason):
        read_table(data, ("a", "b"), ("a",))


def test_blank_lines_are_counted_and_lines_keep_their_number() -> None:
    table = read_table(b"a,b\n\n1,\n,\n2,\n", ("a", "b", "c"), ("a",))
    assert ([row.number for row in table.rows], table.blank, table.columns) == ([3, 5], 2, ("a", "b"))
    assert read_table(b"a,zz,\n", ("a",), ("a",)).warnings == ("column 'zz' is ignored",)


@pytest.mark.parametrize("cell", ["=1", "'=1", "''+1", "-", "@a", "'a", "a=1", "", "'"])
def test_a_guarded_cell_is_no_formula_and_comes_back_as_it_was(cell: str) -> None:
    assert guarded(cell)[:1] not in ("=", "+", "-", "@")
    assert unguarded(guarded(cell)) == cell
