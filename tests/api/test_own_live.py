"""What our own API tells of now and of the past: columns, the stream of changes, trips, reports, files."""

import asyncio
import zlib
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import msgspec
import pytest

from fleetline.core import live
from fleetline.core.watching import MOST_STREAMS
from fleetline.model.access import Permissions, parse_permissions
from tests.api.own_kit import Installation, Person

MINUTE = 60_000


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Turns follow one another without a second in between."""
    monkeypatch.setattr(live, "TICK_S", 0.01)


class Stream:
    """What one listener has heard; `leave` hangs up."""

    def __init__(self) -> None:
        self.heard = asyncio.Queue[str]()
        self.unpacker = zlib.decompressobj(31)
        self.rest = ""
        self.gone = asyncio.Event()
        self.status = 0
        self.over = asyncio.Event()

    async def event(self) -> tuple[str, Any]:
        """The next event's name and data; a comment's name is empty."""
        async with asyncio.timeout(10):
            text = await self.heard.get()
        if text.startswith(":"):
            return "", text.strip()
        name, data = text.strip().split("\n")
        return name.removeprefix("event: "), msgspec.json.decode(data.removeprefix("data: "))

    def hear(self, body: bytes) -> None:
        """What came over the wire, in gzip; every event must be whole as soon as it was sent."""
        *whole, self.rest = (self.rest + self.unpacker.decompress(body).decode()).split("\n\n")
        for text in whole:
            self.heard.put_nowait(text)


@asynccontextmanager
async def listening(here: Installation, person: Person, query: bytes = b"") -> AsyncIterator[Stream]:
    """Somebody at the stream of changes until the block ends."""
    stream, asked = Stream(), False
    scope = {
        "type": "http", "http_version": "1.1", "method": "GET", "scheme": "http", "path": "/api/v1/live/events",
        "raw_path": b"/api/v1/live/events", "query_string": query, "client": ("192.0.2.1", 1),
        "server": ("127.0.0.1", 80),
        "headers": [(b"host", b"fleet.example"), (b"authorization", f"Bearer {person.token}".encode()),
                    (b"accept-encoding", b"gzip")],
    }  # fmt: skip

    async def receive() -> Any:
        nonlocal asked
        if not asked:
            asked = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await stream.gone.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            stream.status = message["status"]
        elif message.get("body"):
            stream.hear(message["body"])

    task = asyncio.ensure_future(here.app(scope, receive, send))
    task.add_done_callback(lambda _: stream.over.set())
    try:
        yield stream
    finally:
        stream.gone.set()
        async with asyncio.timeout(10):
            await task


async def driving(here: Installation, boss: Person, name: str = "One") -> int:
    """A device in a vehicle that has just driven for ten minutes."""
    [device] = await boss.add_devices(name)
    here.clock.move(1_200)
    await here.drive(device, [here.clock.ms - 10 * MINUTE + 10_000 * step for step in range(61)])
    return device


async def test_the_snapshot_holds_every_device_in_columns_of_one_length(here: Installation) -> None:
    boss = await here.account("Acme")
    device = await driving(here, boss)
    await boss.add_devices("Never heard of")
    shown = await boss.get("/live")
    lengths = {len(column) for name, column in shown.items() if isinstance(column, list) and name != "gone"}
    assert lengths == {2}
    assert shown["device_id"][0] == device
    assert (shown["status"], shown["fix_at_ms"]) == (["moving", "unused"], [here.clock.ms, None])
    assert (shown["lat_e7"][0], shown["speed_kmh"][0], shown["course_deg"][0]) == (480_000_000, 50, 90)
    vehicle = await boss.get(f"/vehicles/{shown['vehicle_id'][0]}")
    assert vehicle["now"]["status"] == "moving" and vehicle["now"]["lat_deg"] == 48.0
    assert [v["name"] for v in (await boss.get("/vehicles?status=moving"))["items"]] == ["One"]
    assert [v["name"] for v in (await boss.get("/vehicles?status=unused,idle"))["items"]] == ["Never heard of"]


@pytest.mark.usefixtures("quick")
async def test_the_stream_tells_everything_once_and_then_only_what_changed(here: Installation) -> None:
    boss = await here.account("Acme")
    one = await driving(here, boss)
    [two] = await boss.add_devices("Two")
    async with listening(here, boss) as stream:
        name, first = await stream.event()
        assert (name, first["device_id"]) == ("snapshot", [one, two])
        await here.drive(two, [here.clock.ms - 1000, here.clock.ms])
        name, changed = await stream.event()
        assert (name, changed["device_id"], changed["lat_e7"]) == ("changed", [two], [480_000_000])
        await boss.do("DELETE", "/devices", [one])
        name, gone = await stream.event()
        assert (name, gone["device_id"], gone["gone"]) == ("changed", [], [one])
        assert (await stream.event())[0] == "registry"


@pytest.mark.usefixtures("quick")
async def test_a_brief_stream_names_vehicles_once_and_again_when_they_are_called_otherwise(here: Installation) -> None:
    boss = await here.account("Acme")
    device = await driving(here, boss)
    seldom = {"vehicle_id", "name", "type", "group_ids"}
    async with listening(here, boss, b"brief=true") as stream:
        name, first = await stream.event()
        assert (name, first["name"]) == ("snapshot", ["One"])
        await here.drive(device, [here.clock.ms + 1000])
        name, changed = await stream.event()
        assert (name, changed["device_id"], seldom & changed.keys()) == ("changed", [device], set())
        await boss.do("PATCH", "/vehicles", [{"id": first["vehicle_id"][0], "name": "Renamed"}])
        name, changed = await stream.event()
        assert (name, changed["name"], seldom - changed.keys()) == ("changed", ["Renamed"], set())


@pytest.mark.usefixtures("quick")
async def test_a_stream_of_one_vehicle_is_silent_about_the_others(here: Installation) -> None:
    boss = await here.account("Acme")
    one = await driving(here, boss)
    [two] = await boss.add_devices("Two")
    vehicles = {v["name"]: v["id"] for v in (await boss.get("/vehicles"))["items"]}
    async with listening(here, boss, f"vehicle={vehicles['Two']}".encode()) as stream:
        assert (await stream.event())[1]["device_id"] == [two]
        await here.drive(one, [here.clock.ms + 1000])
        await here.drive(two, [here.clock.ms])
        assert (await stream.event())[1]["device_id"] == [two]


@pytest.mark.usefixtures("quick")
async def test_who_opens_too_many_streams_loses_the_oldest_and_nobody_else_loses_any(here: Installation) -> None:
    boss = await here.account("Acme")
    member = await here.person(boss.account_id, "m@acme.example", permissions=Permissions(all_devices=True))
    async with AsyncExitStack() as stack:
        other = await stack.enter_async_context(listening(here, member))
        assert (await other.event())[0] == "snapshot"
        streams = []
        for _ in range(MOST_STREAMS + 1):
            streams.append(await stack.enter_async_context(listening(here, boss)))
            assert (await streams[-1].event())[0] == "snapshot"
        while (event := await streams[0].event())[0] != "ended":
            assert event[0] == ""
        assert event[1] == {"reason": "elsewhere"}
        await streams[0].over.wait()
        assert not any(stream.over.is_set() for stream in (*streams[1:], other))


async def test_an_answer_can_be_narrowed_and_tells_how_many_there_are_and_where(here: Installation) -> None:
    boss = await here.account("Acme")
    await driving(here, boss, "Zoo van")
    await boss.add_devices("alpha", "Beta van")
    first = await boss.get("/live?limit=2")
    assert (first["name"], first["total"], first["found"]) == (["alpha", "Beta van"], 3, 3)
    assert first["box"]["south"] == first["box"]["north"] == 48.0
    vans = await boss.get("/live?q=VAN")
    assert (sorted(vans["name"]), vans["total"], vans["found"]) == (["Beta van", "Zoo van"], 3, 2)
    moving = await boss.get("/live?status=moving,alarm&limit=5")
    assert moving["name"] == ["Zoo van"]
    assert (await boss.get("/live?group=4711"))["found"] == 0


@pytest.mark.usefixtures("quick")
async def test_a_silent_stream_says_that_it_is_there(here: Installation) -> None:
    boss = await here.account("Acme")
    async with listening(here, boss) as stream:
        assert (await stream.event())[0] == "snapshot"
        assert (await stream.event())[0] == ""


@pytest.mark.usefixtures("quick")
async def test_a_stream_ends_with_the_session_or_the_rights_that_opened_it(here: Installation) -> None:
    boss = await here.account("Acme")
    member = await here.person(boss.account_id, "m@acme.example", permissions=Permissions(all_devices=True))
    async with listening(here, boss) as stream, listening(here, member) as other:
        assert (await stream.event())[0] == (await other.event())[0] == "snapshot"
        await boss.do("PATCH", f"/users/{member.user_id}", {"permissions": {"devices": []}})
        while (event := await other.event())[0] != "ended":
            assert event[0] == ""
        await other.over.wait()
        assert not stream.over.is_set()
        await boss.call("DELETE", "/session")
        while (event := await stream.event())[0] != "ended":
            assert event[0] == ""


@pytest.mark.usefixtures("quick")
async def test_a_listener_who_leaves_costs_nothing_any_more(here: Installation) -> None:
    boss = await here.account("Acme")
    async with listening(here, boss) as stream:
        assert (await stream.event())[0] == "snapshot"
    assert stream.over.is_set()
    assert here.log is not None
    await here.log.flush()
    assert any(entry["action"].endswith("/live/events") for entry in (await boss.get("/requests"))["items"])


@pytest.mark.usefixtures("quick")
async def test_a_member_hears_of_granted_devices_only(here: Installation) -> None:
    boss = await here.account("Acme")
    one = await driving(here, boss)
    [two] = await boss.add_devices("Two")
    member = await here.person(boss.account_id, "m@acme.example", permissions=Permissions(devices=frozenset({two})))
    async with listening(here, member) as stream:
        assert (await stream.event())[1]["device_id"] == [two]
        await here.drive(one, [here.clock.ms + 1000])
        await here.drive(two, [here.clock.ms])
        assert (await stream.event())[1]["device_id"] == [two]


async def test_a_vehicles_trips_are_those_of_the_devices_it_carried_while_it_carried_them(here: Installation) -> None:
    boss = await here.account("Acme")
    one = await driving(here, boss)
    [vehicle] = [v["id"] for v in (await boss.get("/vehicles"))["items"]]
    [other] = await boss.add_vehicles("V2")
    here.clock.move(3_600)
    await boss.do("POST", "/fittings", [{"device_id": one, "vehicle_id": other}])
    here.clock.move(3_600)
    await here.drive(one, [here.clock.ms - 10 * MINUTE + 10_000 * step for step in range(61)])
    first = (await boss.get(f"/vehicles/{vehicle}/trips"))["items"]
    second = (await boss.get(f"/vehicles/{other}/trips?points=true"))["items"]
    assert [len(first), len(second)] == [1, 1]
    assert second[0]["from_at_ms"] == here.clock.ms - 10 * MINUTE
    assert second[0]["distance_km"] == pytest.approx(8.3, rel=0.02)
    assert len(second[0]["line"]["lat_e7"]) == second[0]["fixes"] == 61
    both = (await boss.get(f"/devices/{one}/trips"))["items"]
    assert [trip["from_at_ms"] for trip in both] == [first[0]["from_at_ms"], second[0]["from_at_ms"]]
    [day] = (await boss.get(f"/vehicles/{other}/days"))["items"]
    assert (day["trips"], day["distance_km"]) == (1, second[0]["distance_km"])


async def test_reports_come_as_columns_thinned_where_asked_and_as_files(here: Installation) -> None:
    boss = await here.account("Acme")
    device = await driving(here, boss)
    here.clock.move(1)
    [vehicle] = [v["id"] for v in (await boss.get("/vehicles"))["items"]]
    found = await boss.get(f"/vehicles/{vehicle}/positions")
    assert len(found["at_ms"]) == 61 and set(found["device_id"]) == {device}
    assert (found["supply_v"][0], found["ignition"][0], found["valid"][0]) == (12.5, True, True)
    assert found["rpm"][0] is None
    assert len((await boss.get(f"/vehicles/{vehicle}/positions?step_s=60"))["at_ms"]) == 11
    heads = {
        "csv": "device_id,time,", "gpx": '<?xml version="1.0"', "kml": '<?xml version="1.0"',
        "geojson": '{"type":"FeatureCollection"',
    }  # fmt: skip
    for form, head in heads.items():
        answer = await boss.call("GET", f"/vehicles/{vehicle}/positions?format={form}")
        assert answer.status == 200 and answer.text.startswith(head), form
        assert f'filename="positions-{vehicle}.{form}"' in (answer.header("content-disposition") or "")
    lines = (await boss.call("GET", f"/vehicles/{vehicle}/positions?format=csv")).text.splitlines()
    assert len(lines) == 62
    assert lines[1].split(",")[4] == "48.0000000"
    track = msgspec.json.decode((await boss.call("GET", f"/vehicles/{vehicle}/positions?format=geojson")).body)
    assert len(track["features"][0]["geometry"]["coordinates"]) == 61


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("from=5&to=5", "to"), ("from=2026-03-01", "from"), ("from=yesterday", "from"), ("to=-1", "to"),
        ("from=0&to=9999999999999", "to"), ("format=shp", "format"), ("step_s=0", "step_s"),
    ],
)  # fmt: skip
async def test_a_span_or_form_that_cannot_be_is_named(here: Installation, query: str, field: str) -> None:
    boss = await here.account("Acme")
    [vehicle] = await boss.add_vehicles("V1")
    answer = await boss.call("GET", f"/vehicles/{vehicle}/positions?{query}")
    assert (answer.status, answer.json()["errors"][0]["path"]) == (422, field)


async def test_times_are_taken_as_milliseconds_and_as_rfc_3339(here: Installation) -> None:
    boss = await here.account("Acme")
    [vehicle] = await boss.add_vehicles("V1")
    one = await boss.get(f"/vehicles/{vehicle}/trips?from=1773100800000&to=1773187200000")
    two = await boss.get(f"/vehicles/{vehicle}/trips?from=2026-03-10T01:00:00%2B01:00&to=2026-03-11T00:00:00Z")
    assert (one["from_at_ms"], one["to_at_ms"]) == (two["from_at_ms"], two["to_at_ms"])


async def test_two_moments_differ_by_what_changed_between_them(here: Installation) -> None:
    boss = await here.account("Acme")
    await driving(here, boss)
    workspace = await _workspace(here, boss)
    first = await live.scene(workspace, here.clock.ms)
    same = await live.scene(workspace, here.clock.ms)
    assert live.turn(first, same) == live.Turn(first.version, [], [], False)
    await boss.do("PATCH", "/vehicles", [{"id": next(iter(first.placed.values())).vehicle_id, "name": "Renamed"}])
    renamed = live.turn(first, await live.scene(workspace, here.clock.ms))
    assert [placed.view.name for placed in renamed.changed] == ["Renamed"]
    assert renamed.registry_changed


async def _workspace(here: Installation, person: Person) -> Any:
    from fleetline.core.gate import Gate
    from fleetline.model.access import Kind

    return await Gate(here.core).admit(Kind.SESSION, person.token, address="192.0.2.1")


async def test_what_a_device_said_in_a_vehicle_outlives_its_stay_and_a_device_that_left_is_named(
    here: Installation,
) -> None:
    boss = await here.account("Acme")
    device = await driving(here, boss)
    [vehicle] = [v["id"] for v in (await boss.get("/vehicles"))["items"]]
    here.clock.move(60)
    await boss.do("POST", "/fittings", [{"device_id": device, "vehicle_id": None}])
    trips = await boss.get(f"/vehicles/{vehicle}/trips")
    assert (len(trips["items"]), trips["missing"]) == (1, [])
    assert len((await boss.get(f"/devices/{device}/positions"))["at_ms"]) == 61
    await boss.do("DELETE", "/devices", [device])
    gone = await boss.get(f"/vehicles/{vehicle}/trips")
    assert (gone["items"], gone["missing"]) == (trips["items"], [])
    # what a device that was deleted said is for those who see all of the account
    member = await here.person(boss.account_id, "m@acme.example", permissions=Permissions())
    await grant(here, member, boss, vehicle)
    assert (await member.get(f"/vehicles/{vehicle}/trips"))["items"] == []
    assert (await member.call("GET", f"/devices/{device}/positions?archived=true")).status == 404


async def grant(here: Installation, member: Person, boss: Person, vehicle: int) -> None:
    """Let somebody see that vehicle."""
    done = await boss.do("POST", "/vehicle-groups", [{"name": "Seen"}])
    group = done["outcomes"][0]["id"]
    await boss.do("POST", f"/vehicle-groups/{group}/members", [vehicle])
    await here.core.accounts.set_permissions(member.user_id, parse_permissions(f"groups={group}"))


@pytest.mark.usefixtures("quick")
async def test_a_server_that_stops_does_not_wait_for_its_listeners(here: Installation) -> None:
    boss = await here.account("Acme")
    async with listening(here, boss) as stream:
        assert (await stream.event())[0] == "snapshot"
        here.app.end()
        async with asyncio.timeout(10):
            await stream.over.wait()
