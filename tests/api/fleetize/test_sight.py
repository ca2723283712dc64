"""Who sees which devices, on the real registry and the real history: what is hidden does not exist."""

from typing import Any

import pytest

from fleetline.model.access import Role, parse_permissions
from fleetline.model.motion import Report
from fleetline.model.registry import AddedGroup, Author, NewMember
from tests.api.fleetize.conftest import MakeWorld
from tests.api.fleetize.desk import Car
from tests.api.fleetize.world import World, register
from tests.kit import HandClock
from tests.model.trips_kit import DAY_S, example

BY = Author("test", "cli")
UNKNOWN_DEVICE = "ERROR #9002 - UNKNOWN DEVICE"


def cars() -> list[Car]:
    return [
        Car(1, "356307042441013", name="One", mileage_km=120_000, rows=example()),
        Car(2, "tracker-2", name="Two"),
        Car(3, "tracker-3", name="Three"),
    ]


@pytest.fixture
async def world(make: MakeWorld, clock: HandClock) -> World:
    clock.ms = DAY_S * 1000
    world = await make(*cars(), stored=True)
    assert world.station is not None
    await world.station.go_on((DAY_S + 12 * 3600) * 1000)
    return world


async def seen(world: World, token: str = "") -> list[int]:
    answer = await world.call("devicelist", token, scope="device_id")
    assert answer.status == 200, answer.text
    return [item["device_id"] for item in answer.json()]


async def test_the_main_user_and_administrators_see_every_device(world: World) -> None:
    administrator = await world.member("", role=Role.ADMINISTRATOR)
    assert await seen(world) == await seen(world, administrator) == [1, 2, 3]


async def test_a_new_member_sees_nothing_until_something_is_granted(world: World) -> None:
    token = await world.member("")
    assert await seen(world, token) == []
    answer = await world.call("device", token, device=1)
    assert (answer.status, answer.text) == (404, UNKNOWN_DEVICE)
    (user,) = await world.core.accounts.users(world.account_id)
    await world.core.accounts.set_permissions(user.user_id, parse_permissions("devices=3,1"))
    assert await seen(world, token) == [1, 3]
    assert (await world.call("device", token, device=1)).json()["device"]["device_name"] == "One"
    assert (await world.call("device", token, device=2)).text == UNKNOWN_DEVICE


async def test_a_vehicle_that_joins_a_granted_group_appears_at_once(world: World) -> None:
    vehicles, account = world.core.registry.vehicles, world.account_id
    (outcome,) = await vehicles.groups.add(account, ["Vans"], BY)
    assert isinstance(outcome, AddedGroup)
    group_id = outcome.group.group_id
    token = await world.member(f"groups={group_id}")
    assert await seen(world, token) == []
    page = await vehicles.page(account)
    (two,) = [member.external_id for member in page.members if member.name == "Two"]
    await vehicles.groups.assign(account, group_id, [two], BY)
    assert await seen(world, token) == [2]


async def test_a_device_whose_switch_is_off_is_unknown_to_this_api(world: World) -> None:
    await world.core.registry.devices.change(world.account_id, 1, BY, api=False)
    assert await seen(world) == [2, 3]
    assert (await world.call("device", device=1)).text == UNKNOWN_DEVICE
    await world.core.registry.devices.change(world.account_id, 1, BY, api=True)
    assert await seen(world) == [1, 2, 3]


async def test_another_accounts_device_is_unknown_to_the_byte(world: World, engine: Any) -> None:
    other = await world.core.accounts.add_account("Other", plan="unlimited")
    await register(engine, world.core, other.account_id, Car(4, "tracker-4", name="Foreign"))
    foreign = (await world.core.credentials.add_call_token(other.account_id)).secret
    assert await seen(world, foreign) == [4]
    assert await seen(world) == [1, 2, 3]
    hidden, missing = await world.call("device", device=4), await world.call("device", device=5)
    assert (hidden.status, hidden.body) == (missing.status, missing.body) == (404, UNKNOWN_DEVICE.encode())
    assert [name for name, _ in hidden.headers] == [name for name, _ in missing.headers]


async def test_a_renamed_vehicle_a_moved_and_a_deleted_device_show_at_once(world: World) -> None:
    registry, account = world.core.registry, world.account_id
    await seen(world)
    page = await registry.vehicles.page(account)
    (two,) = [member.external_id for member in page.members if member.name == "Two"]
    await registry.vehicles.rename(account, [NewMember(two, "Zwei")], BY)
    assert (await world.call("devicelist", scope="device_name")).json()[1] == {"device_name": "Zwei"}
    await registry.devices.delete(account, 3, BY)
    assert await seen(world) == [1, 2]
    assert (await world.call("device", device=3)).text == UNKNOWN_DEVICE
    await registry.devices.retire(account, 1, BY)
    shown = (await world.call("devicelist")).json()[0]
    assert (shown["status_code"], shown["status_text"]) == (5, "unused")


async def test_an_answer_holds_every_report_acknowledged_before_the_call(world: World) -> None:
    assert world.station is not None
    for second in range(1, 4):
        world.clock.move(10)
        at_ms = world.clock.ms - 1000
        report = Report(fix_at_ms=at_ms, valid=True, lat_deg=48.1, lon_deg=10.0, satellites=9, supply_v=10 + second)
        await world.station.receive(1, "356307042441013", [report])
        shown = (await world.call("devicelist", scope="device_voltage_external;heartbeat_timestamp")).json()[0]
        assert shown == {"device_voltage_external": 10 + second, "heartbeat_timestamp": world.clock.ms // 1000}
        day = (await world.call("device", device=1, scope="device_voltage_external")).json()
        assert day["device"] == {"device_voltage_external": 10 + second}
