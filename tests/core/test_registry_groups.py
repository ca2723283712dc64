"""Groups gather vehicles or drivers, and what a member user may see follows them."""

import pytest

from fleetline.core.registry import Registry
from fleetline.model.access import Permissions
from fleetline.model.errors import Conflict, Invalid, NotFound
from fleetline.model.registry import (
    AddedGroup,
    Duplicate,
    Kept,
    Kind,
    NewDevice,
    NewMember,
    Repeated,
    TooMany,
    Unknown,
    Unstorable,
)
from fleetline.stores.engine import Engine
from fleetline.stores.store import EngineStore
from tests.kit import HandClock
from tests.registry_kit import BY, OTHER, OWN, make_accounts


@pytest.fixture
async def registry(engine: Engine, clock: HandClock) -> Registry:
    await make_accounts(engine)
    return Registry(EngineStore(engine), clock)


async def make(registry: Registry, *names: str, kind: Kind = Kind.VEHICLE) -> list[int]:
    outcomes = await registry.of(kind).groups.add(OWN, names, BY)
    return [o.group.group_id for o in outcomes if isinstance(o, AddedGroup)]


async def test_group_names_are_unique_in_the_account_and_of_any_script(registry: Registry) -> None:
    outcomes = await registry.vehicles.groups.add(OWN, ["North", "Süd / 南", "north "], BY)
    assert [type(o) for o in outcomes] == [AddedGroup, AddedGroup, Duplicate]
    assert [type(o) for o in await registry.drivers.groups.add(OWN, ["North"], BY)] == [AddedGroup]
    assert [type(o) for o in await registry.vehicles.groups.add(OTHER, ["North"], BY)] == [AddedGroup]
    for name in ("a|b", " ", "", "x" * 256, "a\x00"):
        with pytest.raises(Unstorable):
            await registry.vehicles.groups.add(OWN, ["fine", name], BY)
    assert [g.name for g in await registry.vehicles.groups.all(OWN)] == ["North", "Süd / 南"]


async def test_an_account_holds_two_thousand_groups_and_doubles_do_not_count(registry: Registry) -> None:
    await make(registry, *(f"g{i}" for i in range(1999)))
    with pytest.raises(TooMany) as caught:
        await registry.vehicles.groups.add(OWN, ["a", "b"], BY)
    assert (caught.value.limit, caught.value.count) == (2000, 2001)
    outcomes = await registry.vehicles.groups.add(OWN, ["a", "A", "g1"], BY)
    assert [type(o) for o in outcomes] == [AddedGroup, Duplicate, Duplicate]


async def test_renaming_moves_the_time_and_only_another_groups_name_is_refused(
    registry: Registry, clock: HandClock
) -> None:
    group_id, _ = await make(registry, "A", "B")
    start = clock.now_ms()
    clock.move(5)
    groups = registry.vehicles.groups
    assert (await groups.rename(OWN, group_id, "A", BY)).modified_at_ms == start
    assert (await groups.rename(OWN, group_id, "a", BY)).modified_at_ms == start + 5000
    with pytest.raises(Conflict):
        await groups.rename(OWN, group_id, "b", BY)
    with pytest.raises(Unstorable):
        await groups.rename(OWN, group_id, "|", BY)
    for account_id, number in ((OTHER, group_id), (OWN, 5), (OWN, 2**40), (OWN, -1)):
        with pytest.raises(NotFound):
            await groups.rename(account_id, number, "x", BY)
    with pytest.raises(NotFound):
        await registry.drivers.groups.rename(OWN, group_id, "x", BY)


async def test_members_join_and_leave_each_once_and_nothing_else_moves(registry: Registry, clock: HandClock) -> None:
    [group_id] = await make(registry, "A")
    await registry.vehicles.add(OWN, [NewMember("veh1", "One"), NewMember("veh2", "Two")], BY)
    await registry.vehicles.add(OTHER, [NewMember("veh3", "Three")], BY)
    clock.move(5)
    groups = registry.vehicles.groups
    outcomes = await groups.assign(OWN, group_id, ["VEH1", "veh9", "veh1", "veh3", "\x00"], BY)
    assert [type(o) for o in outcomes] == [Kept, Unknown, Repeated, Unknown, Unknown]
    version = await registry.version(OWN)
    assert isinstance(kept := (await groups.assign(OWN, group_id, ["veh1"], BY))[0], Kept)
    assert not kept.changed
    assert isinstance(kept := (await groups.unassign(OWN, group_id, ["veh2"], BY))[0], Kept)
    assert not kept.changed
    assert await registry.version(OWN) == version
    page = await registry.vehicles.page(OWN)
    assert page.groups == {1_000_000_002: [(group_id, "A")]}
    assert {m.modified_at_ms for m in page.members} == {clock.now_ms() - 5000}
    await groups.unassign(OWN, group_id, ["veh1"], BY)
    assert (await registry.vehicles.page(OWN)).groups == {}


async def test_a_member_is_in_a_hundred_groups_at_most(registry: Registry) -> None:
    ids = await make(registry, *(f"g{i}" for i in range(101)))
    await registry.vehicles.add(OWN, [NewMember("a", "A"), NewMember("b", "B")], BY)
    for group_id in ids[:100]:
        await registry.vehicles.groups.assign(OWN, group_id, ["b"], BY)
    with pytest.raises(TooMany) as caught:
        await registry.vehicles.groups.assign(OWN, ids[100], ["a", "b"], BY)
    assert (caught.value.key, caught.value.limit) == ("b", 100)
    assert (await registry.vehicles.page(OWN)).groups.get(1_000_000_102) is None


async def test_a_grant_of_a_group_covers_its_subgroups_from_the_next_look_on(registry: Registry) -> None:
    top, middle, low = await make(registry, "Top", "Middle", "Low")
    groups = registry.vehicles.groups
    await groups.place(OWN, middle, top, BY)
    await groups.place(OWN, low, middle, BY)
    for group_id, parent in ((top, low), (middle, middle)):
        with pytest.raises(Invalid):
            await groups.place(OWN, group_id, parent, BY)
    with pytest.raises(NotFound):
        await groups.place(OWN, low, 7, BY)
    await registry.devices.import_many(OWN, [NewDevice(str(i), f"V{i}") for i in range(1, 4)], BY)
    granted = Permissions(groups=frozenset({top}), devices=frozenset({3}))
    assert await registry.devices.visible(OWN, granted) == [3]
    await groups.assign(OWN, low, ["1"], BY)
    assert await registry.devices.visible(OWN, granted) == [1, 3]
    assert await registry.devices.visible(OTHER, granted) == []
    await groups.delete(OWN, middle, BY)
    assert await registry.devices.visible(OWN, granted) == [3]
    assert [(g.name, g.parent_id) for g in await groups.all(OWN)] == [("Low", None), ("Top", None)]


async def test_a_deleted_group_leaves_its_members_where_they_are(registry: Registry) -> None:
    [group_id] = await make(registry, "A", kind=Kind.DRIVER)
    await registry.drivers.add(OWN, [NewMember("d", "D")], BY)
    await registry.drivers.groups.assign(OWN, group_id, ["d"], BY)
    with pytest.raises(NotFound):
        await registry.vehicles.groups.delete(OWN, group_id, BY)
    await registry.drivers.groups.delete(OWN, group_id, BY)
    page = await registry.drivers.page(OWN)
    assert (page.size, page.groups) == (1, {})
    with pytest.raises(NotFound):
        await registry.drivers.groups.delete(OWN, group_id, BY)
