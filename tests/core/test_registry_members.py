"""Vehicles and drivers are added, renamed, deleted and listed; one bad item never loses the good ones."""

import pytest

from fleetline.core.registry import Registry
from fleetline.model.errors import Conflict, NotFound
from fleetline.model.registry import (
    Added,
    Ambiguous,
    Duplicate,
    Kept,
    Kind,
    NewDevice,
    NewMember,
    Repeated,
    Sort,
    Unknown,
    Unstorable,
)
from fleetline.stores.engine import Engine
from fleetline.stores.store import EngineStore
from tests.kit import HandClock
from tests.registry_kit import BY, OTHER, OWN, SISTER_A, SISTER_B, make_accounts, statements


@pytest.fixture
async def registry(engine: Engine, clock: HandClock) -> Registry:
    await make_accounts(engine)
    return Registry(EngineStore(engine), clock)


def pairs(*texts: str) -> list[NewMember]:
    """`id:name` each."""
    return [NewMember(*text.split(":", 1)) for text in texts]


async def names(registry: Registry, account_id: str, kind: Kind = Kind.VEHICLE) -> dict[str, str]:
    page = await registry.of(kind).page(account_id, limit=5000)
    return {member.external_id: member.name for member in page.members}


@pytest.mark.parametrize("kind", list(Kind))
async def test_items_are_judged_in_order_and_a_refused_one_reserves_nothing(registry: Registry, kind: Kind) -> None:
    verbs = registry.of(kind)
    await verbs.add(OWN, pairs("x:X"), BY)
    outcomes = await verbs.add(OWN, pairs("X :n", "y:N", "z:n", "Y:m", "w:W"), BY)
    assert [type(o) for o in outcomes] == [Duplicate, Added, Duplicate, Duplicate, Added]
    assert [o.field for o in outcomes if isinstance(o, Duplicate)] == ["id", "name", "id"]
    assert await names(registry, OWN, kind) == {"x": "X", "y": "N", "w": "W"}
    ids = [o.member.member_id for o in outcomes if isinstance(o, Added) and o.member]
    assert ids == [1_000_000_002, 1_000_000_003]


async def test_vehicle_ids_are_unique_in_the_partner_cloud_and_driver_ids_in_the_account(registry: Registry) -> None:
    for verbs in (registry.vehicles, registry.drivers):
        assert isinstance((await verbs.add(SISTER_A, pairs("1:One"), BY))[0], Added)
    assert await registry.vehicles.add(SISTER_B, pairs("1:Other"), BY) == [Duplicate("id")]
    assert isinstance((await registry.vehicles.add(SISTER_B, pairs("2:One"), BY))[0], Added)
    assert isinstance((await registry.drivers.add(SISTER_B, pairs("1:One"), BY))[0], Added)
    for outsider in (OWN, OTHER):
        assert isinstance((await registry.vehicles.add(outsider, pairs("1:One"), BY))[0], Added)
    assert await registry.vehicles.rename(SISTER_B, pairs("1:Mine"), BY) == [Unknown()]
    with pytest.raises(NotFound):
        await registry.vehicles.delete(SISTER_B, "1", BY)


@pytest.mark.parametrize(
    ("text", "narrow", "fault"),
    [
        ("x/y", True, "/"),
        ("x/y", False, None),
        ("Grüße", True, "ü"),
        ("Grüße", False, None),
        ("a\tb", False, "\t"),
        ("a\u200bb", False, "\u200b"),
        (" ", False, ""),
        ("", True, ""),
        ("a" * 256, False, ""),
        ("a" * 255, True, None),
    ],
)
async def test_only_texts_that_may_be_stored_are_and_one_fault_stops_the_whole_call(
    registry: Registry, text: str, narrow: bool, fault: str | None
) -> None:
    items = [NewMember("a", "A"), NewMember("b", text)]
    if fault is None:
        assert all(isinstance(o, Added) for o in await registry.vehicles.add(OWN, items, BY, narrow=narrow))
        return
    with pytest.raises(Unstorable) as caught:
        await registry.vehicles.add(OWN, items, BY, narrow=narrow)
    assert (caught.value.item, caught.value.field, caught.value.fault.character) == (1, "name", fault)
    assert await names(registry, OWN) == {}
    await registry.vehicles.add(OWN, pairs("a:A", "b:B"), BY)
    with pytest.raises(Unstorable):
        await registry.vehicles.rename(OWN, [NewMember("b", text)], BY, narrow=narrow)


async def test_a_look_up_is_never_refused_for_its_characters(registry: Registry) -> None:
    await registry.vehicles.add(OWN, [NewMember("a/b", "A/B")], BY)
    items = [NewMember(text, "new") for text in ("\x00", "\ud800", "", "nö", "z" * 1000)]
    assert await registry.vehicles.rename(OWN, items, BY, narrow=True) == [Unknown()] * 5
    outcomes = await registry.vehicles.rename(OWN, [NewMember("A/B", "A/B")], BY, narrow=True)
    assert [type(o) for o in outcomes] == [Kept]
    assert [type(o) for o in await registry.vehicles.add(OWN, [NewMember("a/b", "\x00")], BY, narrow=True)] == [
        Duplicate
    ]
    for text in ("\x00", "\ud800", "", "z" * 1000, "99999999999999999999"):
        with pytest.raises(NotFound):
            await registry.vehicles.delete(OWN, text, BY)


async def test_two_vehicles_swap_names_and_three_go_round_in_one_call(registry: Registry) -> None:
    await registry.vehicles.add(OWN, pairs("a:A", "b:B", "c:C"), BY)
    await registry.vehicles.rename(OWN, pairs("a:B", "b:A"), BY)
    assert await names(registry, OWN) == {"a": "B", "b": "A", "c": "C"}
    await registry.vehicles.rename(OWN, pairs("a:C", "b:B", "c:A"), BY)
    assert await names(registry, OWN) == {"a": "C", "b": "B", "c": "A"}


async def test_a_name_that_stays_taken_refuses_everyone_behind_it(registry: Registry) -> None:
    await registry.vehicles.add(OWN, pairs("a:A", "b:B", "c:C"), BY)
    version = await registry.version(OWN)
    assert await registry.vehicles.rename(OWN, pairs("a:B", "b:C"), BY) == [Duplicate("name")] * 2
    assert await registry.version(OWN) == version
    outcomes = await registry.vehicles.rename(OWN, pairs("a:New", "b:new", "c:A"), BY)
    assert [type(o) for o in outcomes] == [Kept, Duplicate, Kept]
    assert await names(registry, OWN) == {"a": "New", "b": "B", "c": "A"}


async def test_of_two_items_with_one_id_the_last_name_counts_at_the_first_place(registry: Registry) -> None:
    await registry.vehicles.add(OWN, pairs("a:A", "b:B"), BY)
    outcomes = await registry.vehicles.rename(OWN, pairs("A:One", "zz:x", "b:Two", "a :Three", "ZZ:y"), BY)
    assert [type(o) for o in outcomes] == [Kept, Unknown, Kept, Repeated, Repeated]
    assert await names(registry, OWN) == {"a": "Three", "b": "Two"}


async def test_a_rename_moves_the_time_and_a_name_already_so_does_not(registry: Registry, clock: HandClock) -> None:
    start = clock.now_ms()
    await registry.vehicles.add(OWN, pairs("a:A", "b:B"), BY)
    clock.move(-60)
    outcomes = await registry.vehicles.rename(OWN, pairs("a:A", "b:b"), BY)
    assert [(o.changed, o.member.modified_at_ms) for o in outcomes if isinstance(o, Kept) and o.member] == [
        (False, start),
        (True, start),
    ]
    clock.move(120)
    outcomes = await registry.vehicles.rename(OWN, pairs("b:B"), BY)
    assert [o.member.modified_at_ms for o in outcomes if isinstance(o, Kept) and o.member] == [start + 60_000]


async def test_a_deleted_vehicle_frees_its_id_and_name_and_its_number_never_returns(registry: Registry) -> None:
    await registry.vehicles.add(OWN, pairs("a:A"), BY)
    assert (await registry.vehicles.delete(OWN, "A ", BY)).member_id == 1_000_000_001
    with pytest.raises(NotFound):
        await registry.vehicles.delete(OWN, "1000000001", BY)
    outcomes = await registry.vehicles.add(OWN, pairs("a:A"), BY)
    assert [o.member.member_id for o in outcomes if isinstance(o, Added) and o.member] == [1_000_000_002]


async def test_a_number_that_names_two_vehicles_deletes_neither(registry: Registry) -> None:
    await registry.vehicles.add(OWN, pairs("p:P", "1000000001:Q"), BY)
    with pytest.raises(Ambiguous):
        await registry.vehicles.delete(OWN, "1000000001", BY)
    assert len(await names(registry, OWN)) == 2
    assert (await registry.vehicles.delete(OWN, "1000000002", BY)).external_id == "1000000001"


async def test_a_deleted_vehicle_comes_back_with_groups_and_device_for_thirty_days(
    registry: Registry, clock: HandClock
) -> None:
    device_id = await registry.devices.add(OWN, NewDevice("77", "Van"), BY)
    [vehicle] = (await registry.vehicles.page(OWN)).members
    kept, gone = [g.group.group_id for g in await registry.vehicles.groups.add(OWN, ["Keep", "Gone"], BY)]  # type: ignore[union-attr]  # both are new
    for group_id in (kept, gone):
        await registry.vehicles.groups.assign(OWN, group_id, ["77"], BY)
    await registry.vehicles.delete(OWN, "77", BY)
    row = await registry.devices.row(OWN, device_id)
    assert row is not None
    assert row[2:7] == (None, None, None, None, None)
    assert [member.member_id for member, _ in await registry.vehicles.deleted(OWN)] == [vehicle.member_id]
    await registry.vehicles.groups.delete(OWN, gone, BY)
    clock.move(29 * 86_400)
    await registry.vehicles.restore(OWN, vehicle.member_id, BY)
    page = await registry.vehicles.page(OWN)
    assert (page.size, page.groups) == (1, {vehicle.member_id: [(kept, "Keep")]})
    row = await registry.devices.row(OWN, device_id)
    assert row is not None
    assert row[2] == vehicle.member_id
    with pytest.raises(NotFound):
        await registry.vehicles.restore(OWN, vehicle.member_id, BY)
    await registry.vehicles.delete(OWN, "77", BY)
    clock.move(31 * 86_400)
    assert await registry.vehicles.deleted(OWN) == []
    with pytest.raises(NotFound):
        await registry.vehicles.restore(OWN, vehicle.member_id, BY)


async def test_a_vehicle_whose_id_or_name_was_taken_meanwhile_does_not_come_back(registry: Registry) -> None:
    await registry.vehicles.add(OWN, pairs("a:A"), BY)
    await registry.vehicles.delete(OWN, "a", BY)
    await registry.vehicles.add(OWN, pairs("b:A"), BY)
    with pytest.raises(Conflict) as caught:
        await registry.vehicles.restore(OWN, 1_000_000_001, BY)
    assert caught.value.field == "name"
    await registry.vehicles.rename(OWN, pairs("b:B"), BY)
    await registry.vehicles.add(OWN, pairs("A:C"), BY)
    with pytest.raises(Conflict) as caught:
        await registry.vehicles.restore(OWN, 1_000_000_001, BY)
    assert caught.value.field == "id"
    with pytest.raises(NotFound):
        await registry.vehicles.restore(OTHER, 1_000_000_001, BY)


async def test_lists_follow_folded_names_by_code_point_and_turn_round_exactly(registry: Registry) -> None:
    await registry.vehicles.add(OWN, pairs("3:vehicle_a", "1:vehicleDynamic", "2:Éa", "4:éB", "5:z", "6:Zeta"), BY)
    rising = [m.name for m in (await registry.vehicles.page(OWN)).members]
    assert rising == ["vehicle_a", "vehicleDynamic", "z", "Zeta", "Éa", "éB"]
    falling = [m.name for m in (await registry.vehicles.page(OWN, descending=True)).members]
    assert falling == rising[::-1]
    by_id = [m.external_id for m in (await registry.vehicles.page(OWN, sort=Sort.ID, offset=4, limit=9)).members]
    assert by_id == ["5", "6"]
    past = await registry.vehicles.page(OWN, offset=2**31 - 1)
    assert (past.size, past.members) == (6, ())


async def test_a_cursor_walks_the_whole_list_once(registry: Registry) -> None:
    await registry.vehicles.add(OWN, [NewMember(f"v{i}", f"N {i % 7} {i}") for i in range(40)], BY)
    seen, after, more = [], None, True
    while more:
        page, after = await registry.vehicles.following(OWN, after=after, limit=7)
        seen += [m.member_id for m in page.members]
        more = after is not None
    assert seen == [m.member_id for m in (await registry.vehicles.page(OWN, limit=5000)).members]


async def test_the_cost_of_a_call_does_not_grow_with_its_items(registry: Registry, engine: Engine) -> None:
    verbs = registry.vehicles
    await verbs.add(OWN, [NewMember(f"s{i}", f"S {i}") for i in range(1000)], BY)
    [group] = await verbs.groups.add(OWN, ["G"], BY)
    group_id = group.group.group_id  # type: ignore[union-attr]  # it is new
    ids = [f"s{i}" for i in range(1000)]
    with statements(engine) as one:
        await verbs.add(OWN, pairs("n1:N1"), BY)
    with statements(engine) as fifty:
        await verbs.add(OWN, [NewMember(f"m{i}", f"M {i}") for i in range(50)], BY)
    assert one.count == fifty.count <= 20
    with statements(engine) as one:
        await verbs.rename(OWN, pairs("s1:T1"), BY)
    with statements(engine) as thousand:
        await verbs.rename(OWN, [NewMember(i, f"U {i}") for i in ids], BY)
    assert one.count == thousand.count <= 20
    for verb in (verbs.groups.assign, verbs.groups.unassign):
        with statements(engine) as thousand:
            assert all(isinstance(o, Kept) and o.changed for o in await verb(OWN, group_id, ids, BY))
        assert thousand.count <= 20
    await verbs.groups.assign(OWN, group_id, ids, BY)
    await registry.devices.add(OWN, NewDevice("d", "N1"), BY)
    with statements(engine) as single:
        await verbs.delete(OWN, "n1", BY)
    assert single.count <= 20
    with statements(engine) as single:
        await verbs.groups.rename(OWN, group_id, "H", BY)
    assert single.count <= 20
    with statements(engine) as single:
        await verbs.groups.delete(OWN, group_id, BY)
    assert single.count <= 20
    with statements(engine) as page:
        assert len((await verbs.page(OWN, offset=500, limit=500)).members) == 500
    assert page.count <= 4


async def test_the_kept_sizes_are_the_counted_ones(registry: Registry, engine: Engine) -> None:
    await registry.vehicles.add(OWN, pairs("a:A", "b:B", "a:C"), BY)
    await registry.drivers.add(OWN, pairs("a:A"), BY)
    await registry.vehicles.groups.add(OWN, ["G", "H", "g"], BY)
    await registry.drivers.groups.add(OWN, ["G"], BY)
    await registry.vehicles.delete(OWN, "a", BY)
    await registry.devices.import_many(OWN, [NewDevice("1", "B"), NewDevice("2", "New")], BY)
    async with EngineStore(engine).read() as tx:
        book = await tx.registry.book(OWN)
        assert book is not None
        kept = (book.vehicles, book.drivers, book.vehicle_groups, book.driver_groups)
        assert kept == await tx.registry.counted(OWN) == (2, 1, 2, 1)
        assert await tx.registry.accounts_with_books() == [OWN]


async def test_reading_an_account_that_never_wrote_is_an_empty_list(registry: Registry) -> None:
    page = await registry.vehicles.page(OTHER)
    assert (page.version, page.size, page.members) == (0, 0, ())
    assert (await registry.drivers.groups.page(OTHER)).size == 0
    assert await registry.devices.rows(OTHER) == []


async def test_a_portrait_a_type_and_a_description_are_the_vehicles(registry: Registry, clock: HandClock) -> None:
    await registry.devices.add(OWN, NewDevice("1", "Van"), BY)
    clock.move(1)
    vehicle = await registry.vehicles.describe(OWN, 1_000_000_001, BY, type="bus", description="d", portrait="p.jpg")
    assert (vehicle.type, vehicle.description, vehicle.portrait) == ("BUS", "d", "p.jpg")
    assert vehicle.modified_at_ms == clock.now_ms()
    assert await registry.vehicles.one(OWN, vehicle.member_id) == vehicle
    row = await registry.devices.row(OWN, 1)
    assert row is not None
    assert row[4:7] == ("BUS", "d", "p.jpg")
    with pytest.raises(NotFound):
        await registry.vehicles.describe(OTHER, vehicle.member_id, BY, type="bus")


async def test_every_part_of_a_list_is_the_same_from_whichever_end_it_is_counted(registry: Registry) -> None:
    await registry.vehicles.add(OWN, [NewMember(f"v{i}", f"N {i % 5} {i}") for i in range(23)], BY)
    whole = [m.member_id for m in (await registry.vehicles.page(OWN, limit=100)).members]
    for descending in (False, True):
        order = whole[::-1] if descending else whole
        for offset in (0, 3, 11, 12, 16, 20, 22, 23, 40):
            for limit in (1, 7, 23, 100):
                page = await registry.vehicles.page(OWN, descending=descending, offset=offset, limit=limit)
                assert [m.member_id for m in page.members] == order[offset : offset + limit]
