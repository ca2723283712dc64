"""History as it is kept: sealed, corrected, moved, calibrated, recomputed and let go."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fleetline.core.tracks import Tracks
from fleetline.core.views import DayView
from fleetline.model.errors import NotFound
from fleetline.model.registry import Added, NewMember
from fleetline.stores.engine import Engine
from tests.core.history_kit import AUTHOR, DAY_S, PROTOCOLS, Yard, drive, open_yard
from tests.kit import CountedIds, HandClock

SIX = DAY_S + 6 * 3600
HOUR_MS = 3_600_000


@pytest.fixture
async def yard(engine: Engine, clock: HandClock, ids: CountedIds, tmp_path: Path) -> AsyncIterator[Yard]:
    made = await open_yard(engine, clock, ids, tmp_path)
    yield made
    await made.filing.stop()


def shape(day: DayView) -> list[tuple[int, int, int, int]]:
    """(origin, destination, metres, points) of each route."""
    return [
        (
            view.route.origin_ms // 1000 - DAY_S,
            view.route.destination_ms // 1000 - DAY_S,
            round(view.route.metres_m),
            -1 if view.track is None else len(view.track),
        )
        for view in day.routes
    ]


async def parts_left(yard: Yard, device: int) -> int:
    async with yard.core.store.read() as tx:
        return len(await tx.history.parts_of_hours(device, 0, 10**7))


async def seal_all(yard: Yard) -> None:
    yard.clock.ms = (DAY_S + 2 * 86_400) * 1000
    while await yard.history.sealing.seal():
        pass


async def test_a_sealed_hour_answers_as_it_did_and_its_parts_are_gone(yard: Yard) -> None:
    device = await yard.add("Van")
    await yard.send(device, drive(SIX, 20))
    before = shape(await yard.day(device))
    assert before == [(21_600, 22_800, 20_000, 41)]
    assert await parts_left(yard, device) > 0
    await seal_all(yard)
    assert await parts_left(yard, device) == 0
    assert shape(await yard.day(device)) == before
    positions = await yard.desk.positions(device, SIX * 1000, (SIX + 3600) * 1000)
    assert len(positions) == 44


async def test_a_report_that_comes_late_into_a_sealed_hour_is_folded_in_and_sealed_again(yard: Yard) -> None:
    device = await yard.add("Van")
    reports = drive(SIX, 20)
    await yard.send(device, reports[:15] + reports[25:])
    await yard.day(device)
    await seal_all(yard)
    await yard.send(device, reports[15:25], received_s=DAY_S + 2 * 86_400)
    whole = [(21_600, 22_800, 20_000, 41)]
    assert shape(await yard.day(device)) == whole
    await seal_all(yard)
    assert (await parts_left(yard, device), shape(await yard.day(device))) == (0, whole)


async def test_everything_once_more_changes_nothing(yard: Yard) -> None:
    device = await yard.add("Van")
    reports = drive(SIX, 10)
    await yard.send(device, reports)
    before, state = shape(await yard.day(device)), await yard.state(device)
    await yard.send(device, list(reversed(reports)), received_s=DAY_S + 90_000)
    assert shape(await yard.day(device)) == before
    assert (await yard.state(device)).mileage_m == state.mileage_m


async def test_a_list_is_the_same_until_something_changes_and_asks_one_thing_then(yard: Yard, engine: Engine) -> None:
    device = await yard.add("Van")
    await yard.send(device, drive(SIX, 5))
    first = await yard.desk.devices(yard.clock.now_ms())
    assert await yard.desk.devices(yard.clock.now_ms()) is first  # and nobody has news any more
    before = engine.statements  # type: ignore[attr-defined]  # both engines count, the protocol need not say so
    assert await yard.desk.devices(yard.clock.now_ms()) is first
    assert engine.statements - before == 1  # type: ignore[attr-defined]  # as above
    other = await yard.add("Lorry")
    assert [view.device_id for view in await yard.desk.devices(yard.clock.now_ms())] == [device, other]
    await yard.send(device, drive(SIX + 900, 5, lat=48.1))
    views = await yard.desk.devices(yard.clock.now_ms())
    assert views[0].version > first[0].version


async def test_points_asked_for_again_are_those_kept_until_a_report_changes_them(yard: Yard) -> None:
    device = await yard.add("Van")
    reports = drive(SIX, 20)
    await yard.send(device, reports[:-1])
    await seal_all(yard)
    first = [view.track for view in (await yard.day(device)).routes]
    assert (await yard.day(device)).routes[0].track is first[0]
    elsewhere = replace(reports[10], lat_deg=(reports[10].lat_deg or 0.0) + 0.0005)
    await yard.send(device, [elsewhere], received_s=DAY_S + 2 * 86_400)
    (again,) = [view.track for view in (await yard.day(device)).routes]
    assert again is not None and first[0] is not None and again is not first[0]
    assert len(again) == len(first[0])
    changed = np.flatnonzero(again.lat_e7 != first[0].lat_e7)
    assert again.at_ms[changed].tolist() == [SIX * 1000 + 10 * 30_000]


async def test_no_more_points_are_kept_than_there_is_room_for(yard: Yard) -> None:
    yard.history.tracks = Tracks(PROTOCOLS, most_points=1)
    device = await yard.add("Van")
    await yard.send(device, drive(SIX, 20))
    whole = shape(await yard.day(device))
    first, second = await yard.day(device), await yard.day(device)
    assert shape(first) == shape(second) == whole
    assert first.routes[0].track is not second.routes[0].track


async def test_points_nobody_asked_for_are_not_read(yard: Yard) -> None:
    device = await yard.add("Van")
    await yard.send(device, drive(SIX, 20))
    day = await yard.desk.day(device, DAY_S, yard.clock.now_ms(), points=False)
    assert [view.track for view in day.routes] == [None]


async def test_retention_removes_points_and_keeps_routes_and_counters(yard: Yard) -> None:
    device = await yard.add("Van")
    await yard.send(device, drive(SIX, 10))
    await yard.day(device)
    await seal_all(yard)
    async with yard.core.store.write() as tx:
        await tx.history.put_retention(yard.account.account_id, 30)
    yard.clock.ms = (DAY_S + 40 * 86_400) * 1000
    assert await yard.history.sealing.sweep() == 1
    assert shape(await yard.day(device)) == [(21_600, 22_200, 10_000, -1)]
    assert round((await yard.state(device)).mileage_m) == 10_000


async def test_a_mileage_stated_at_registration_counts_from_the_first_report(yard: Yard) -> None:
    device = await yard.add("Van", mileage_km=1000)
    assert (await yard.state(device)).mileage_m == 1_000_000
    await yard.send(device, drive(SIX, 10))
    assert round((await yard.state(device)).mileage_m) == 1_010_000
    (route,) = (await yard.day(device)).routes
    assert (round(route.origin_mileage_m), round(route.destination_mileage_m)) == (1_000_000, 1_010_000)


async def test_the_mileage_of_a_device_with_an_odometer_is_the_same_in_whatever_order_its_reports_come(
    yard: Yard,
) -> None:
    """Some devices send the newest of what they kept first."""
    reports = []
    for turn, hour in enumerate((6, 10, 32)):
        for report in drive(DAY_S + hour * 3600, 20, lat=48.0 + turn * 20_000 / 111_195.08):
            assert report.lat_deg is not None
            reports.append(replace(report, odometer_m=round(120e6 + (report.lat_deg - 48.0) * 111_195.08)))
    forth, back = await yard.add("forth"), await yard.add("back", mileage_km=5)
    now_s = DAY_S + 40 * 3600
    await yard.send(forth, reports, received_s=now_s)
    for place in range(len(reports), 0, -9):
        await yard.send(back, reports[max(0, place - 9) : place], received_s=now_s)
        assert (await yard.state(back)).mileage_raw_m == pytest.approx(120_060_000, abs=2)
    state = await yard.state(back)
    assert (state.mileage_raw_m, state.mileage_m) == pytest.approx((120_060_000, 65_000), abs=2)
    expected, found = await yard.day(forth), await yard.day(back)
    assert shape(found) == shape(expected) and len(found.routes) == 2
    assert found.device.mileage_raw_m == pytest.approx(expected.device.mileage_raw_m, abs=2)


async def test_an_earlier_day_that_comes_late_with_its_odometer_moves_no_later_one(yard: Yard) -> None:
    device = await yard.add("van")
    first = [replace(report, odometer_m=120_000_000 + 500 * i) for i, report in enumerate(drive(SIX, 20))]
    second = [replace(r, odometer_m=121_000_000 + 500 * i) for i, r in enumerate(drive(SIX + 86_400, 20, lat=48.2))]
    now_s = SIX + 86_400 + 3600
    await yard.send(device, second, received_s=now_s)
    before = await yard.day(device, DAY_S + 86_400)
    await yard.send(device, first, received_s=now_s + 60)
    after, old = await yard.day(device, DAY_S + 86_400), await yard.day(device)
    assert after.routes[0].origin_mileage_m == before.routes[0].origin_mileage_m == 121_000_000
    assert after.device.mileage_raw_m == before.device.mileage_raw_m
    assert (old.routes[0].origin_mileage_m, old.routes[0].destination_mileage_m) == (120_000_000, 120_020_000)


async def test_a_later_calibration_holds_from_its_moment_and_leaves_earlier_routes(yard: Yard) -> None:
    device = await yard.add("Van")
    await yard.send(device, drive(SIX, 10))
    await yard.day(device)
    yard.clock.ms = (SIX + 7200) * 1000
    await yard.core.registry.devices.calibrate(yard.account.account_id, device, 500.0, AUTHOR)
    assert round((await yard.state(device)).mileage_m) == 500_000
    await yard.send(device, drive(SIX + 10_800, 10, lat=48.0899322))
    assert round((await yard.state(device)).mileage_m / 1000) == 510
    first, second = (await yard.day(device)).routes
    assert round(first.origin_mileage_m) == 0
    assert round(second.origin_mileage_m / 1000) == 500


async def test_moving_a_device_to_another_vehicle_ends_its_route_and_its_number_stays(yard: Yard) -> None:
    device = await yard.add("Van")
    reports = drive(SIX, 20)
    await yard.send(device, reports[:20])
    await yard.day(device)
    yard.clock.ms = (SIX + 19 * 30 + 10) * 1000
    (truck,) = await yard.core.registry.vehicles.add(yard.account.account_id, [NewMember("t1", "Truck")], AUTHOR)
    assert isinstance(truck, Added) and truck.member is not None
    await yard.core.registry.devices.move(yard.account.account_id, device, truck.member.member_id, AUTHOR)
    await yard.send(device, reports[20:])
    assert (await yard.state(device)).name == "Truck"
    first = (await yard.day(device)).routes[0].route
    assert (first.destination_rule, first.destination_ms) == ("refitted", reports[19].fix_at_ms)


async def test_other_thresholds_hold_from_the_next_day_and_for_old_days_when_recomputed(yard: Yard) -> None:
    device = await yard.add("Van")
    await yard.send(device, [*drive(SIX, 10)[:-1], *drive(SIX + 1200, 10, lat=48.0899322)])
    assert len(shape(await yard.day(device))) == 2
    async with yard.core.store.write() as tx:
        await tx.history.put_thresholds(f"device:{device}", '{"parking_min": 1200}')
    assert len(shape(await yard.day(device))) == 2
    assert await yard.history.folding.rebuild(device) == 0
    assert [route[0] for route in shape(await yard.day(device))] == [21_600]


async def test_a_device_of_another_account_does_not_exist(yard: Yard) -> None:
    with pytest.raises(NotFound):
        await yard.day(4711)


async def test_the_list_is_the_same_object_while_nothing_changed_and_another_when_something_did(yard: Yard) -> None:
    device = await yard.add("Van")
    await yard.send(device, drive(SIX, 10))
    first = await yard.desk.devices(yard.clock.now_ms())
    assert await yard.desk.devices(yard.clock.now_ms()) is first
    await yard.send(device, drive(SIX + 7200, 1, lat=49.0)[:1])
    second = await yard.desk.devices(yard.clock.now_ms())
    assert second is not first
    yard.clock.ms += 86_400_000
    assert await yard.desk.devices(yard.clock.now_ms()) is not second
