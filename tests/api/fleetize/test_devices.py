"""Each field of a device has its documented name, type and unit, and null where nothing is known."""

from dataclasses import replace
from typing import Any

import jsonschema_rs
import msgspec
import pytest

from fleetline.api.dialects.fleetize.device import device_json
from fleetline.api.dialects.fleetize.scope import DEVICE_FIELDS
from fleetline.api.dialects.fleetize.shapes import DEVICE_SCHEMA
from fleetline.core.views import DeviceView
from fleetline.model.trips.live import Live
from tests.api.fleetize.conftest import MakeWorld
from tests.api.fleetize.desk import Car
from tests.model.trips_kit import DAY_S, join, report

NOW_S = DAY_S + 12 * 3600

LIVE = Live(
    status_code=2, error_code=0, error_ms=None, online_ms=NOW_S * 1000 - 5000, heartbeat_ms=NOW_S * 1000 - 3000,
    speed_kmh=48, rpm=1850, coolant_c=82, supply_mv=14_104, battery_mv=4_050, heading_deg=180,
    fix_ms=NOW_S * 1000 - 5000, lat_e7=488_777_800, lon_e7=-93_488_900, ignition=True, parked=False, parked_at_ms=None,
    valid_until_ms=None,
)  # fmt: skip
VIEW = DeviceView(
    device_id=492, ident="359183064907632", type="CAR", name="My vehicle", description="BMW E46 M3 Coupé",
    portrait=None, mileage_m=277_910_999.9, mileage_raw_m=13_565.8, distance_m=13_565.8, day_start_s=DAY_S, live=LIVE,
    heartbeat_at_ms=NOW_S * 1000 - 2500, time_zone="Europe/Berlin", language="de", version=1,
)  # fmt: skip


def values(view: DeviceView, now_s: int = NOW_S) -> dict[str, Any]:
    text, _ = device_json(view, DEVICE_FIELDS, frozenset(), now_s * 1000)
    shown: dict[str, Any] = msgspec.json.decode(text)
    jsonschema_rs.validate(DEVICE_SCHEMA, shown)
    return shown


def with_live(**facts: Any) -> DeviceView:
    return replace(VIEW, live=replace(LIVE, **facts))


def test_a_moving_device_reads_as_documented() -> None:
    assert values(VIEW) == {
        "timestamp": DAY_S, "device_id": 492, "device_imei": 359183064907632, "device_type": "CAR",
        "device_name": "My vehicle", "device_description": "BMW E46 M3 Coupé", "device_mileage": 277910,
        "device_mileage_raw": 13, "device_distance": 14, "device_portrait": None, "device_speed": 48,
        "device_upm": 1850,
        "device_temp_engine": 82, "device_voltage_external": 14.1, "device_voltage_internal": 4.05, "device_angle": 180,
        "online_timestamp": NOW_S - 5, "heartbeat_timestamp": NOW_S - 3, "error_code": 0, "error_code_time": None,
        "error_text": None, "status_text": "active", "status_code": 2, "status_absence": None,
        "status_description": None, "location": "48.87778,-9.34889",
    }  # fmt: skip


def test_fields_stand_in_the_order_of_the_table() -> None:
    assert tuple(values(VIEW)) == DEVICE_FIELDS


def test_a_device_never_heard_of_is_unused_and_knows_nothing() -> None:
    nothing = dict.fromkeys(("online_ms", "heartbeat_ms", "speed_kmh", "rpm", "coolant_c", "supply_mv", "battery_mv"))
    nothing |= dict.fromkeys(("heading_deg", "fix_ms", "lat_e7", "lon_e7", "ignition"))
    shown = values(replace(with_live(status_code=5, **nothing), heartbeat_at_ms=None, mileage_m=0.0))
    assert shown["device_speed"] == 0
    unknown = {name for name, value in shown.items() if value is None}
    assert unknown == {
        "device_portrait", "device_upm", "device_temp_engine", "device_voltage_external",
        "device_voltage_internal", "device_angle", "online_timestamp", "heartbeat_timestamp", "error_code_time",
        "error_text", "status_absence", "status_description", "location",
    }  # fmt: skip
    assert (shown["status_text"], shown["device_mileage"]) == ("unused", 0)


@pytest.mark.parametrize(
    ("ident", "shown"),
    [
        ("356307042441013", 356307042441013),
        ("000000000000007", 7),
        ("12345678901234", "12345678901234"),
        ("3563070424410131", "3563070424410131"),
        ("osmand-7", "osmand-7"),
        ("٣٥٦٣٠٧٠٤٢٤٤١٠١٣", "٣٥٦٣٠٧٠٤٢٤٤١٠١٣"),
    ],
)
def test_an_imei_is_a_number_and_any_other_identifier_a_string(ident: str, shown: int | str) -> None:
    assert values(replace(VIEW, ident=ident))["device_imei"] == shown


@pytest.mark.parametrize(
    ("millivolts", "volts"),
    [(12_480, 12.48), (12_485, 12.49), (12_484, 12.48), (12_000, 12), (0, 0), (4_996, 5), (7, 0.01)],
)
def test_voltages_have_two_decimals_at_most(millivolts: int, volts: float) -> None:
    text, _ = device_json(with_live(supply_mv=millivolts), ("device_voltage_external",), frozenset(), 0)
    assert text == b'{"device_voltage_external":%s}' % repr(volts).encode()


@pytest.mark.parametrize(
    ("metres", "down", "near"),
    [(0.0, 0, 0), (499.9, 0, 0), (500.0, 0, 1), (999.999, 0, 1), (1000.0, 1, 1), (1499.99, 1, 1), (1500.0, 1, 2)],
)
def test_mileages_are_cut_and_the_day_counter_is_rounded(metres: float, down: int, near: int) -> None:
    shown = values(replace(VIEW, mileage_m=metres, mileage_raw_m=metres, distance_m=metres))
    assert (shown["device_mileage"], shown["device_mileage_raw"], shown["device_distance"]) == (down, down, near)


def test_a_portrait_is_a_raw_url_encoded_address() -> None:
    view = replace(VIEW, portrait="http://track.example/assets/img~1/a b+c_1471424858072.png?x=1&y=ü")
    assert values(view)["device_portrait"] == (
        "http%3A%2F%2Ftrack.example%2Fassets%2Fimg~1%2Fa%20b%2Bc_1471424858072.png%3Fx%3D1%26y%3D%C3%BC"
    )


@pytest.mark.parametrize(
    ("code", "text"), [(1, "Modified"), (2, "Unplugged"), (3, "No Signal"), (4, "No GPS"), (5, "Bad GPS")]
)
def test_an_error_has_its_text_and_its_time(code: int, text: str) -> None:
    shown = values(with_live(error_code=code, error_ms=1_773_140_772_999))
    assert (shown["error_code"], shown["error_code_time"], shown["error_text"]) == (code, 1_773_140_772, text)


def test_only_a_parked_and_offline_device_tells_since_when() -> None:
    since = {"online_ms": 1_426_576_180_000, "parked": True}
    shown = values(with_live(status_code=1, **since), 1_426_576_180 + 34 * 3600)
    assert shown["status_text"] == "offline"
    assert shown["status_absence"] == "Parking: 1d 10h"
    assert shown["status_description"] == "parked since Di, 17.03., 08:09"
    for facts in (
        {"status_code": 3, **since},
        {"status_code": 1, **since, "parked": False},
        {"status_code": 1, **since, "online_ms": None},
    ):
        shown = values(with_live(**facts))
        assert (shown["status_absence"], shown["status_description"]) == (None, None)


@pytest.mark.parametrize(
    ("facts", "fields", "until_s"),
    [
        ({}, DEVICE_FIELDS, None),
        ({"valid_until_ms": (NOW_S + 40) * 1000}, DEVICE_FIELDS, NOW_S + 40),
        ({"parked": True, "status_code": 1}, DEVICE_FIELDS, NOW_S + 55),
        ({"parked": True, "status_code": 1, "valid_until_ms": (NOW_S + 40) * 1000}, DEVICE_FIELDS, NOW_S + 40),
        ({"parked": True, "status_code": 1}, ("device_id", "status_description"), None),
    ],
)
def test_a_fragment_knows_until_when_it_holds(
    facts: dict[str, Any], fields: tuple[str, ...], until_s: int | None
) -> None:
    _, until_ms = device_json(with_live(**facts), fields, frozenset(), NOW_S * 1000)
    assert until_ms == (2**62 if until_s is None else until_s * 1000)


async def test_devicelist_is_a_flat_array_in_ascending_order_of_all_fields(make: MakeWorld, van: Car) -> None:
    world = await make(van, Car(9, ident="x9", name='Ü "9"'), Car(2, ident="x2", name="</script>\u2028"))
    answer = await world.call("devicelist")
    assert [item["device_id"] for item in answer.json()] == [2, 7, 9]
    assert [item["status_code"] for item in answer.json()] == [5, 1, 5]
    for item in answer.json():
        assert tuple(item) == DEVICE_FIELDS
        jsonschema_rs.validate(DEVICE_SCHEMA, item)
    assert [item["device_name"] for item in answer.json()] == ["</script>\u2028", "Van 7", 'Ü "9"']
    assert answer.json()[1]["timestamp"] == DAY_S


async def test_devicelist_without_a_device_is_an_empty_array(make: MakeWorld) -> None:
    assert (await (await make()).call("devicelist")).text == "[]"


async def test_activity_after_keeps_what_was_active_later_and_drops_what_never_was(make: MakeWorld, van: Car) -> None:
    world = await make(van, Car(8, ident="never"))
    online_s = 1_773_137_160

    async def ids(**fields: Any) -> list[int]:
        return [item["device_id"] for item in (await world.call("devicelist", **fields)).json()]

    assert await ids() == [7, 8]
    assert await ids(activity_after=online_s - 1) == [7]
    assert await ids(activity_after=online_s) == []
    assert await ids(activity_after=0) == [7]
    assert await ids(activity_after="") == [7, 8]
    assert await ids() == [7, 8]


async def test_an_unchanged_list_is_the_same_bytes_and_a_change_shows_at_once(make: MakeWorld, van: Car) -> None:
    world = await make(van, Car(8, ident="y"))
    first = (await world.call("devicelist")).body
    assert (await world.call("devicelist")).body == first
    world.clock.move(59)
    assert (await world.call("devicelist")).json()[0]["status_absence"] == "Parking: 1h 54m"
    world.clock.move(1)
    assert (await world.call("devicelist")).json()[0]["status_absence"] == "Parking: 1h 55m"
    van.name = "Renamed"
    assert (await world.call("devicelist")).json()[0]["device_name"] == "Renamed"
    now_s = world.clock.ms // 1000
    van.rows = join(
        [van.rows, report(now_s - 2, 48.5, 10.5, speed=50, ignition=True, received_s=now_s, supply_mv=14_000)]
    )
    shown = (await world.call("devicelist")).json()[0]
    assert (shown["device_voltage_external"], shown["heartbeat_timestamp"]) == (14, now_s)
    del world.desk.cars[7]
    assert [item["device_id"] for item in (await world.call("devicelist")).json()] == [8]


async def test_the_day_of_the_list_is_the_day_of_the_call(make: MakeWorld, van: Car) -> None:
    world = await make(van)
    world.clock.move(86_400)
    shown = (await world.call("devicelist")).json()[0]
    assert (shown["timestamp"], shown["device_distance"]) == (DAY_S + 86_400, 0)
    assert shown["device_mileage"] == 120_013
