"""A device-day shows the device as it is now and every route that began on that UTC day, whole and once."""

from typing import Any

import jsonschema_rs
import msgspec
import numpy as np
import pytest

from fleetline.api.dialects.fleetize.scope import DEVICE_FIELDS, ROUTE_FIELDS
from fleetline.api.dialects.fleetize.shapes import DEVICE_SCHEMA, ROUTE_SCHEMA
from tests.api.fleetize.conftest import MakeWorld
from tests.api.fleetize.desk import Car
from tests.model.trips_kit import DAY_S, join, report


def drive(start_s: float, minutes: int, lat: float = 48.0) -> list[Any]:
    """A drive north at 60 km/h, a fix each 30 s, ignition off at its end; 500 m a fix."""
    step = 500 / 111_195
    fixes = [
        report(start_s + 30 * n, lat + step * n, speed=60 if 0 < n < 2 * minutes else 0, ignition=n < 2 * minutes)
        for n in range(2 * minutes + 1)
    ]
    end_s = start_s + 60 * minutes
    return [
        report(start_s - 60, lat, speed=0, ignition=False),
        *fixes,
        report(end_s + 600, lat + step * 2 * minutes, speed=0, ignition=False),
    ]


def validated(answer: Any) -> dict[str, Any]:
    shown: dict[str, Any] = answer.json()
    jsonschema_rs.validate(DEVICE_SCHEMA, shown["device"])
    for route in shown["routes"]:
        jsonschema_rs.validate(ROUTE_SCHEMA, route)
    return shown


async def test_keys_stand_in_the_documented_order_and_no_further_key_comes(make: MakeWorld, van: Car) -> None:
    shown = validated(await (await make(van)).call("device", device=7))
    assert list(shown) == ["device", "routes"]
    assert tuple(shown["device"]) == DEVICE_FIELDS
    assert [tuple(route) for route in shown["routes"]] == [ROUTE_FIELDS] * 2
    pause = shown["routes"][0]["route_pause"][0]
    assert list(pause) == ["grouped", "type", "start_timestamp", "end_timestamp", "mileage", "location"]


@pytest.mark.parametrize("second", [0, 1, 39_600, 86_399])
async def test_any_second_of_a_day_names_the_day(make: MakeWorld, van: Car, second: int) -> None:
    world = await make(van)
    assert (await world.call("device", device=7, time=DAY_S + second)).body == (
        await world.call("device", device=7)
    ).body


@pytest.mark.parametrize("time", [0, DAY_S - 1, DAY_S + 86_400, 253_402_300_799])
async def test_a_day_without_data_is_a_success_with_present_values(make: MakeWorld, van: Car, time: int) -> None:
    world = await make(van)
    shown = validated(await world.call("device", device=7, time=time))
    live = (await world.call("device", device=7)).json()["device"]
    assert shown["routes"] == []
    assert shown["device"] == {**live, "timestamp": time // 86_400 * 86_400, "device_distance": 0}


async def test_a_device_never_heard_of_is_served_for_the_day_of_the_call(make: MakeWorld) -> None:
    shown = validated(await (await make(Car(3))).call("device", device=3))
    assert (shown["device"]["timestamp"], shown["device"]["status_code"], shown["routes"]) == (DAY_S, 5, [])


async def test_a_route_over_midnight_is_booked_once_and_whole_where_it_began(make: MakeWorld) -> None:
    car = Car(1, rows=join(drive(DAY_S + 86_400 - 600, 20)))
    world = await make(car)
    world.clock.ms = (DAY_S + 86_400 + 7200) * 1000
    first = validated(await world.call("device", device=1, time=DAY_S))
    second = validated(await world.call("device", device=1, time=DAY_S + 86_400))
    (route,) = first["routes"]
    assert second["routes"] == []
    assert int(route["destination_timestamp"]) > DAY_S + 86_400 > int(route["origin_timestamp"])
    assert len(route["route_points"].split(";")) == 41
    assert first["device"]["device_distance"] + second["device"]["device_distance"] == 20
    assert validated(await world.call("device", device=1))["device"]["timestamp"] == DAY_S


async def test_points_are_chronological_with_five_decimals_and_whole_speeds(make: MakeWorld, van: Car) -> None:
    shown = validated(await (await make(van)).call("device", device=7))
    for route in shown["routes"]:
        points = [point.split(",") for point in route["route_points"].split(";")]
        assert f"{points[0][0]},{points[0][1]}" == route["origin_location"]
        assert f"{points[-1][0]},{points[-1][1]}" == route["destination_location"]
        assert all(
            len(lat.split(".")[1]) == len(lon.split(".")[1]) == 5 and speed.isdigit() for lat, lon, speed in points
        )
        speeds = [int(speed) for _, _, speed in points if speed != "0"]
        assert route["average_speed"] == pytest.approx(sum(speeds) / len(speeds), abs=0.005)


async def test_whole_averages_are_written_without_decimals(make: MakeWorld) -> None:
    world = await make(Car(1, rows=join(drive(DAY_S + 3600, 10))))
    answer = await world.call("device", device=1, scope="average_speed;average_speed_distance")
    assert answer.body == b'{"device":{},"routes":[{"average_speed":60,"average_speed_distance":60}]}'


async def test_when_retention_took_the_positions_the_points_are_null_and_the_rest_stays(
    make: MakeWorld, van: Car
) -> None:
    world = await make(van)
    before = validated(await world.call("device", device=7))["routes"]
    van.forgotten = True
    after = validated(await world.call("device", device=7))["routes"]
    assert after == [{**route, "route_points": None} for route in before]


async def test_a_route_in_progress_is_shown_up_to_its_last_fix(make: MakeWorld) -> None:
    rows = join(drive(DAY_S + 12 * 3600 - 300, 20))
    car = Car(1, rows=rows[np.argsort(rows["at_ms"])][:9])
    world = await make(car)
    shown = validated(await world.call("device", device=1, scope="routes;route_open;destination_rule;status_code"))
    (route,) = shown["routes"]
    assert (route["route_open"], route["destination_rule"]) == (1, "open")
    assert int(route["destination_timestamp"]) == DAY_S + 12 * 3600 - 300 + 30 * 7
    assert shown["device"] == {"status_code": 2}


async def test_a_long_day_of_one_second_fixes_is_one_strict_answer(make: MakeWorld) -> None:
    count = 86_000
    rows = np.repeat(report(DAY_S + 60, 48.0, 10.0, speed=50, ignition=True), count)
    rows["at_ms"] += np.arange(count) * 1000
    rows["received_at_ms"] = rows["at_ms"][-1]
    rows["lat_e7"] += np.arange(count, dtype=np.int32) * 1300
    world = await make()
    car = Car(1, rows=rows)
    world.desk.cars[1] = car
    world.clock.ms = (DAY_S + 86_400 + 60) * 1000

    async def quick(device_id: int, day_start_s: int | None, now_ms: int, *, points: bool) -> Any:
        from tests.api.fleetize import desk
        from tests.model.trips_kit import run

        fold, outcome = run(rows)
        view = fold.view(now_ms)
        empty = desk.folded(Car(1), now_ms)
        state = desk.Folded(view, [*outcome.routes, *view.routes], dict(view.days), empty.live, [], rows, None)
        routes = tuple(desk.route_view(car, state, route, now_ms, points=points) for route in state.routes)
        return desk.DayView(desk.device_view(car, state, DAY_S // 86_400, now_ms), routes)

    world.desk.day = quick  # type: ignore[method-assign]  # folding each report by itself, as the desk does, takes minutes
    answer = await world.call("device", device=1, scope="route_points")
    (route,) = msgspec.json.decode(answer.body)["routes"]
    assert route["route_points"] == ";".join(f"{(480_000_000 + n * 1300) / 1e7:.5f},10.00000,50" for n in range(count))
