"""Devices come into an account, ride in vehicles, are seen by those who may, and leave for good."""

import asyncio

import pytest

from fleetline.core.registry import Registry
from fleetline.model.access import EVERYTHING, NOTHING, Permissions
from fleetline.model.errors import Conflict, FleetlineError, Invalid, NotFound
from fleetline.model.registry import Added, Author, Kept, NewDevice, Refused
from fleetline.stores.engine import Engine
from fleetline.stores.store import EngineStore
from tests.kit import HandClock
from tests.registry_kit import BY, OTHER, OWN, make_accounts


@pytest.fixture
async def registry(engine: Engine, clock: HandClock) -> Registry:
    await make_accounts(engine)
    return Registry(EngineStore(engine), clock)


VAN = NewDevice("356307042441013", "Van 7", "van", "Parcel van", 120_000)


async def test_a_new_device_makes_the_vehicle_of_its_name_and_rides_in_it(registry: Registry, clock: HandClock) -> None:
    device_id = await registry.devices.add(OWN, VAN, BY)
    assert device_id == 1
    rows = await registry.devices.rows(OWN)
    assert rows == [
        (1, "356307042441013", 1_000_000_001, "Van 7", "VAN", "Parcel van", None, 1, 0, None, clock.now_ms())
    ]
    assert await registry.devices.row(OWN, 1) == rows[0]
    assert await registry.devices.row(OTHER, 1) is None
    words = await registry.devices.calibrations(OWN, 1)
    assert [(w.vehicle_id, w.at_ms, w.mileage_m) for w in words] == [(1_000_000_001, clock.now_ms(), 120_000_000)]


async def test_every_refusal_says_why_and_writes_nothing(registry: Registry) -> None:
    await registry.devices.add(OWN, VAN, BY)
    version = await registry.version(OWN)
    cases: list[tuple[NewDevice, type[FleetlineError], str]] = [
        (NewDevice("1", "van 7 "), Invalid, "carries a device already"),
        (NewDevice("356307042441013", "Van 8"), Invalid, "registered, as device 1"),
        (NewDevice("2", "x", "TANK"), Invalid, "type must be one of"),
        (NewDevice("2", "x", None, None, -1), Invalid, "mileage"),
        (NewDevice("2", "x", None, None, float("nan")), Invalid, "mileage"),
        (NewDevice(" ", "x"), Invalid, "IMEI must be"),
        (NewDevice("2", "\x00"), Invalid, "name"),
        (NewDevice("2", "x", None, "\ud800"), Invalid, "description"),
    ]
    for device, error, words in cases:
        with pytest.raises(error, match=words):
            await registry.devices.add(OWN, device, BY)
    with pytest.raises(Invalid, match="already registered") as caught:
        await registry.devices.add(OTHER, VAN, BY)
    assert OWN not in str(caught.value)
    with pytest.raises(NotFound):
        await registry.devices.add("acc_nobody", VAN, BY)
    assert await registry.version(OWN) == version == 1
    assert await registry.version(OTHER) == 0


async def test_an_import_judges_each_row_against_what_is_stored_and_the_rows_before(registry: Registry) -> None:
    await registry.devices.add(OWN, VAN, BY)
    outcomes = await registry.devices.import_many(
        OWN,
        [
            NewDevice("356307042441013", "Van 7"),
            NewDevice("11", "One"),
            NewDevice("11", "One"),
            NewDevice("11", "Eleven"),
            NewDevice("12", " ONE"),
            NewDevice("13", "Three", "bus"),
        ],
        BY,
    )
    assert [type(outcome) for outcome in outcomes] == [Kept, Added, Kept, Refused, Refused, Added]
    assert [row[0] for row in await registry.devices.rows(OWN)] == [1, 2, 3]
    assert [row[4] for row in await registry.devices.rows(OWN)] == ["VAN", "CAR", "BUS"]


async def test_importing_many_takes_as_many_statements_as_importing_two(registry: Registry, engine: Engine) -> None:
    before = engine.statements  # type: ignore[attr-defined]  # both engines count, the protocol need not say so
    await registry.devices.import_many(OWN, [NewDevice(f"a{i}", f"A {i}", None, None, 1) for i in range(2)], BY)
    small = engine.statements - before  # type: ignore[attr-defined]  # as above
    await registry.devices.import_many(OWN, [NewDevice(f"b{i}", f"B {i}", None, None, 1) for i in range(500)], BY)
    large = engine.statements - before - small  # type: ignore[attr-defined]  # as above
    assert large <= small <= 24


async def test_an_identifier_leads_to_its_device_whichever_account_has_it(registry: Registry, clock: HandClock) -> None:
    await registry.devices.add(OWN, VAN, BY)
    found = await registry.devices.by_ident(VAN.ident)
    assert found is not None
    assert (found.device_id, found.account_id, found.since_ms) == (1, OWN, None)
    for stranger in ("35630704244101", "", "\x00", "\ud800", "356307042441013 "):
        assert await registry.devices.by_ident(stranger) is None


async def test_a_deleted_device_frees_its_identifier_and_its_number_never_comes_back(
    registry: Registry, clock: HandClock
) -> None:
    await registry.devices.add(OWN, VAN, BY)
    await registry.devices.delete(OWN, 1, BY)
    assert await registry.devices.by_ident(VAN.ident) is None
    assert await registry.devices.rows(OWN) == []
    clock.move(60)
    assert await registry.devices.add(OTHER, VAN, BY) == 2
    found = await registry.devices.by_ident(VAN.ident)
    assert found is not None
    assert (found.account_id, found.since_ms) == (OTHER, clock.now_ms())
    with pytest.raises(NotFound):
        await registry.devices.delete(OWN, 1, BY)
    with pytest.raises(NotFound):
        await registry.devices.retire(OWN, 2, BY)


async def test_moving_a_device_keeps_its_number_and_writes_the_history_of_both_vehicles(
    registry: Registry, clock: HandClock
) -> None:
    start = clock.now_ms()
    await registry.devices.import_many(OWN, [NewDevice("1", "A"), NewDevice("2", "B")], BY)
    first, second = (row[2] for row in await registry.devices.rows(OWN))
    assert first is not None
    assert second is not None
    with pytest.raises(Conflict):
        await registry.devices.move(OWN, 1, second, BY)
    await registry.devices.move(OWN, 2, None, BY)
    clock.move(10)
    await registry.devices.move(OWN, 1, second, BY)
    await registry.devices.move(OWN, 1, second, BY)
    await registry.devices.move(OWN, 1, first, BY)
    fittings = await registry.devices.fittings(OWN, 1)
    moved = start + 10_000
    assert [(f.vehicle_id, f.from_ms, f.until_ms) for f in fittings] == [
        (first, start, moved),
        (second, moved, moved + 1),
        (first, moved + 1, None),
    ]
    assert [f.device_id for f in await registry.devices.fittings_of_vehicle(OWN, second)] == [2, 1]
    assert await registry.devices.fittings(OTHER, 1) == []
    with pytest.raises(NotFound):
        await registry.devices.move(OWN, 1, 7, BY)
    assert await registry.devices.visible(OWN, EVERYTHING) == [1]


async def test_only_what_is_granted_switched_on_and_in_a_vehicle_is_visible(registry: Registry) -> None:
    await registry.devices.import_many(OWN, [NewDevice(str(i), f"V {i}") for i in range(1, 6)], BY)
    await registry.devices.change(OWN, 2, BY, api=False)
    await registry.devices.move(OWN, 3, None, BY)
    assert await registry.devices.visible(OWN, EVERYTHING) == [1, 4, 5]
    assert await registry.devices.visible(OWN, EVERYTHING, api_only=False) == [1, 2, 4, 5]
    assert await registry.devices.visible(OWN, NOTHING) == []
    granted = Permissions(devices=frozenset({1, 2, 3, 99}))
    assert await registry.devices.visible(OWN, granted) == [1]
    assert await registry.devices.visible(OTHER, granted) == []
    await registry.devices.change(OWN, 2, BY, api=True, clock_offset_s=-60)
    row = await registry.devices.row(OWN, 2)
    assert row is not None
    assert row[7:9] == (1, -60)


async def test_a_retired_device_stays_listed_and_known(registry: Registry, clock: HandClock) -> None:
    await registry.devices.add(OWN, VAN, BY)
    await registry.devices.retire(OWN, 1, BY)
    version = await registry.version(OWN)
    await registry.devices.retire(OWN, 1, BY)
    assert await registry.version(OWN) == version
    row = await registry.devices.row(OWN, 1)
    assert row is not None
    assert row[9] == clock.now_ms()
    assert await registry.devices.by_ident(VAN.ident) is not None
    await registry.devices.retire(OWN, 1, BY, retired=False)
    row = await registry.devices.row(OWN, 1)
    assert row is not None
    assert row[9] is None


async def test_a_calibration_of_the_past_belongs_to_the_vehicle_of_that_moment(
    registry: Registry, clock: HandClock
) -> None:
    await registry.devices.import_many(OWN, [NewDevice("1", "A"), NewDevice("2", "B")], BY)
    then = clock.now_ms() + 5_000
    first, second = (row[2] for row in await registry.devices.rows(OWN))
    clock.move(60)
    await registry.devices.move(OWN, 2, None, BY)
    await registry.devices.move(OWN, 1, second, BY)
    await registry.devices.calibrate(OWN, 1, 10.5, BY, at_ms=then)
    await registry.devices.calibrate(OWN, 1, 11, BY)
    words = await registry.devices.calibrations(OWN, 1)
    assert [(w.vehicle_id, w.mileage_m) for w in words] == [(first, 10_500), (second, 11_000)]
    with pytest.raises(Invalid):
        await registry.devices.calibrate(OWN, 1, 11, BY, at_ms=clock.now_ms() + 1)
    with pytest.raises(NotFound):
        await registry.devices.calibrate(OTHER, 1, 11, BY)


async def test_an_unknown_identifier_is_registered_once_by_many_intakes_at_once(registry: Registry) -> None:
    found = await asyncio.gather(*(registry.devices.register_unknown(OWN, "9000") for _ in range(16)))
    assert {device.device_id for device in found if device} == {1}
    assert None not in found
    assert await registry.devices.register_unknown(OWN, "\x01") is None


async def test_the_log_tells_who_did_what_through_which_door(registry: Registry, engine: Engine) -> None:
    await registry.devices.add(OWN, VAN, Author("usr_1", "api"))
    await registry.devices.delete(OWN, 1, BY)
    async with EngineStore(engine).read() as tx:
        logged = await tx.registry.changes(OWN, 0, 0, 100)
        assert await tx.registry.changes(OWN, 1, 2, 1) == logged[2:3]
    assert [(entry.version, entry.actor, entry.door, entry.change.kind, entry.change.action) for entry in logged] == [
        (1, "usr_1", "api", "vehicle", "added"),
        (1, "usr_1", "api", "device", "added"),
        (2, "operator", "cli", "device", "unfitted"),
        (2, "operator", "cli", "device", "deleted"),
    ]
