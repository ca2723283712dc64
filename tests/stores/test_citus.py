"""On a cluster the tables lie on its nodes, and every promise of the engine holds as on one machine.

The contract of the engines runs on a cluster too: with FLEETLINE_TEST_CITUS every test of an `engine` does. Here stands
what is special about many nodes.
"""

import asyncio
import json
import urllib.parse
import urllib.request
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from fleetline.core.ports.history import Folded, Part, Refusal, StoredDay, StoredMark, StoredRoute
from fleetline.model.errors import Invalid
from fleetline.model.motion import Report
from fleetline.stores.citus import BY_DEVICE, distribute_tables, nodes_in_trouble, one_moment
from fleetline.stores.engine import Engine, migrate
from fleetline.stores.open import open_engine
from fleetline.stores.postgres import PostgresEngine
from fleetline.stores.store import EngineStore
from tests.kit import EmbeddedPostgres
from tests.paths.server_kit import Place, Tracker
from tests.servers_kit import GivenCitus, GivenPostgres, tell

DEVICES = range(1, 41)
DAY = 1773100800


@pytest.fixture
def undistributed(citus: GivenCitus) -> Iterator[str]:
    url = citus.empty()
    yield url
    citus.drop(url)


@pytest.fixture
async def cluster(citus: GivenCitus) -> AsyncIterator[Engine]:
    url = citus.url()
    engine = await open_engine(url)
    yield engine
    await engine.close()
    citus.drop(url)


async def test_one_machine_alone_cannot_be_distributed(
    postgres: EmbeddedPostgres | GivenPostgres, tmp_path: Path
) -> None:
    for url, reason in ((postgres.url(), "no Citus extension"), (f"sqlite:///{tmp_path}/one.db", "only PostgreSQL")):
        engine = await open_engine(url)
        await migrate(engine)
        with pytest.raises(Invalid, match=reason):
            await distribute_tables(engine)
        assert await nodes_in_trouble(engine) is None
        await engine.close()


async def test_a_cluster_without_workers_is_refused_and_left_as_it_is(undistributed: str) -> None:
    await tell(undistributed, "SELECT citus_remove_node(nodename, nodeport) FROM pg_dist_node WHERE groupid <> 0")
    engine = await open_engine(undistributed)
    await migrate(engine)
    with pytest.raises(Invalid, match="no active worker node"):
        await distribute_tables(engine)
    await engine.close()
    assert await tell(undistributed, "SELECT 1 FROM pg_dist_partition") == []


async def fill(engine: Engine) -> None:
    async with EngineStore(engine).write() as tx:
        version = await tx.history.next_version()
        await tx.history.add_parts([Part(device, 1, b"part %d" % device, 0) for device in DEVICES])
        await tx.history.heard([(device, 5, 1) for device in DEVICES], version)
        await tx.history.put_routes([StoredRoute(device, 1, 2, 3, 4, b"route") for device in DEVICES])
        await tx.history.put_marks([StoredMark(device, 1, 2, b"mark") for device in DEVICES])
        await tx.history.put_days([StoredDay(device, 1, 2, 3, 4) for device in DEVICES])
        await tx.history.add_events([(device, 1, "raised", "{}") for device in DEVICES])
        await tx.history.add_refusals([Refusal(device, 1, "future", 1, b"frame") for device in DEVICES])
        for device in DEVICES:
            await tx.history.put_segment(device, 0, 1, b"segment")
        await tx.connection.execute("INSERT INTO journal (intake, body) VALUES (1, $1), (2, $1)", b"group")


async def everything(engine: Engine) -> dict[str, list[tuple[Any, ...]]]:
    found = {}
    async with engine.read() as tx:
        for table in (*BY_DEVICE, "journal"):
            found[table] = sorted(await tx.fetch(f"SELECT * FROM {table}"))
    return found


async def test_what_was_there_is_there_after_distributing_and_lies_on_the_nodes_alone(undistributed: str) -> None:
    engine = await open_engine(undistributed)
    await migrate(engine)
    await fill(engine)
    before = await everything(engine)
    assert all(before.values())
    assert await distribute_tables(engine) == [*BY_DEVICE, "journal"]
    assert await everything(engine) == before
    assert await distribute_tables(engine) == []
    assert await migrate(engine) == []
    await engine.close()
    spread = await tell(undistributed, "SELECT table_name::text, distribution_column FROM citus_tables ORDER BY 1")
    assert dict(map(tuple, spread)) == {**dict.fromkeys(BY_DEVICE, "device_id"), "journal": "intake"}
    together = await tell(undistributed, "SELECT count(DISTINCT colocation_id) FROM citus_tables WHERE table_name::text"
                                         " <> 'journal'")  # fmt: skip
    assert together[0][0] == 1
    nodes = await tell(undistributed, "SELECT DISTINCT nodename, nodeport FROM citus_shards")
    assert len(nodes) > 1
    left = await tell(undistributed, "SELECT sum(pg_relation_size(c.oid)) FROM pg_class c JOIN pg_dist_partition p"
                                     " ON p.logicalrelid = c.oid")  # fmt: skip
    assert left[0][0] == 0


async def test_devices_on_several_nodes_are_locked_folded_and_read_in_one_transaction(cluster: Engine) -> None:
    await fill(cluster)
    store = EngineStore(cluster)
    async with store.read() as tx:
        parts = {part.device_id: part.part_id for part in await tx.history.new_parts(list(DEVICES), 1000)}
        assert sorted(parts) == list(DEVICES)
    async with store.write() as tx:
        version = await tx.history.next_version()
        assert await tx.history.lock_latest(list(DEVICES)) == dict.fromkeys(DEVICES, 0)
        await tx.history.put_folded([Folded(device, part, b"memory") for device, part in parts.items()], version)
    async with store.read() as tx:
        assert await tx.history.with_news(1000) == []
        assert sorted(await tx.history.changed_after(version - 1)) == list(DEVICES)
        assert len(await tx.history.folded_hours(10, 1000)) == len(DEVICES)
    async with store.write() as tx:
        await tx.history.drop_parts(list(parts.values()))
        await tx.history.drop_refusals_before(10)
    async with store.read() as tx:
        assert await tx.history.new_parts(list(DEVICES), 1000) == []


async def test_a_number_is_never_seen_before_what_was_written_under_it_on_every_node(cluster: Engine) -> None:
    assert isinstance(cluster, PostgresEngine)
    store, written = EngineStore(cluster), asyncio.Event()

    async def write() -> None:
        for _ in range(150):
            async with store.write() as tx:
                version = await tx.history.next_version()
                await tx.history.heard([(device, 5, 1) for device in DEVICES], version)
        written.set()

    async def read() -> int:
        reads = 0
        while not written.is_set():
            async with store.read() as tx:
                _, version = await tx.history.versions("nobody")
                rows = await tx.history.latest(list(DEVICES))
            assert all(row.version >= version for row in rows)
            reads += bool(rows)
        return reads

    writing = asyncio.create_task(write())
    reads = await asyncio.gather(read(), read())
    await writing
    assert all(count > 10 for count in reads)


async def test_a_node_that_may_forget_what_it_was_given_is_named(cluster: Engine, citus: GivenCitus) -> None:
    assert isinstance(cluster, PostgresEngine)
    careless = citus.nodes(cluster.url)[-1]
    await tell(careless, f"ALTER DATABASE {urllib.parse.urlsplit(cluster.url).path[1:]} SET synchronous_commit = off")
    troubles = await nodes_in_trouble(cluster)
    assert troubles is not None
    host, port = citus.workers[-1]
    assert troubles[f"{host}:{port}"].startswith("has synchronous_commit off")
    assert not any(
        "synchronous_commit off" in trouble for name, trouble in troubles.items() if name != f"{host}:{port}"
    )


async def test_one_moment_is_the_same_on_every_node_and_does_not_go_on(cluster: Engine) -> None:
    await fill(cluster)
    store, written = EngineStore(cluster), asyncio.Event()

    async def write() -> None:
        while not written.is_set():
            async with store.write() as tx:
                version = await tx.history.next_version()
                await tx.history.heard([(device, 5, 1) for device in DEVICES], version)
                await tx.history.add_parts([Part(device, 2, b"part", 0) for device in DEVICES])
                await tx.history.mark_filed(1, version)

    writing = asyncio.create_task(write())
    for _ in range(15):
        async with one_moment(cluster) as tx:
            await asyncio.sleep(0.05)  # the others go on, this transaction must not
            filed = await tx.fetch_one("SELECT coalesce(max(journal_id), 0) FROM filed")
            parts = await tx.fetch("SELECT device_id, count(*) FROM parts GROUP BY device_id")
            versions = {row[0] for row in await tx.fetch("SELECT version FROM latest")}
            again = await tx.fetch("SELECT device_id, count(*) FROM parts GROUP BY device_id")
        assert (filed is not None and versions == {filed[0]}) or filed == (0,)
        assert len({count for _, count in parts}) == 1
        assert sorted(parts) == sorted(again)
    written.set()
    await writing


def asked(request: urllib.request.Request | str) -> Any:
    with urllib.request.urlopen(request, timeout=30) as reply:
        return json.loads(reply.read())


def posted(url: str, body: bytes, **headers: str) -> Any:
    return asked(urllib.request.Request(url, body, {name.replace("_", "-"): text for name, text in headers.items()}))


def test_from_the_sockets_of_two_protocols_to_the_answers_of_four_apis(undistributed: str, tmp_path: Path) -> None:
    place = Place(tmp_path / "data", undistributed)
    account, token = place.account()
    assert place.run("migrate", "--distribute")["distributed"] == [*BY_DEVICE, "journal"]
    person = place.run("user", "add", account, "anna@example.org", "--role", "administrator")
    key = place.run("credential", "add", "trimble-key", "--account", account)["api_key"]
    client = place.run("credential", "add", "fleetview-client", "--account", account)
    place.start("--register-unknown", account)
    try:
        base = f"http://127.0.0.1:{place.http}"
        idents = [f"35000000000{number:04d}" for number in range(8)]
        for ident in idents[:4]:
            rides = [
                Report(fix_at_ms=(DAY + s) * 1000, valid=True, lat_deg=48 + s / 9000, lon_deg=9, speed_kmh=44)
                for s in range(600)
            ]
            assert Tracker(place, ident).send(rides) == 600
        for ident in idents[4:]:
            for second in range(20):
                query = f"id={ident}&lat={48 + second / 9000}&lon=9&speed=24&timestamp={DAY + second}"
                with urllib.request.urlopen(f"http://127.0.0.1:{place.osmand}/?{query}", timeout=20) as reply:
                    assert reply.status == 200
        devices = {str(d["device_imei"]): d for d in place.answer("devicelist", apitoken=token)}
        assert sorted(devices) == idents
        # 599 seconds of 1/9000 degree of latitude each are 7.4 km
        for ident in idents[:4]:
            day = place.answer("device", apitoken=token, device=devices[ident]["device_id"], time=DAY + 86399)
            assert day["device"]["device_distance"] == 7

        login = posted(f"{base}/api/assets/v1/accounts/authenticate", json.dumps({"apiKey": key}).encode())
        vehicles = asked(urllib.request.Request(f"{base}/api/assets/v1/vehicles",
                                                headers={"Authorization": f"bearer {login['token']}"}))  # fmt: skip
        assert sorted(v["vehicleId"] for v in vehicles["data"]) == idents, vehicles

        pair = urllib.parse.urlencode({name: client[name] for name in ("client_id", "client_secret")}).encode()
        access = posted(f"{base}/token", pair, X_Api_Key=client["api_key"])["access_token"]
        sign = {"X-Api-Key": client["api_key"], "Authorization": f"Bearer {access}"}
        assert asked(urllib.request.Request(f"{base}/v1/resources", headers=sign))

        secret = json.dumps({"email": "anna@example.org", "password": person["password"], "keep": "token"}).encode()
        ours = posted(f"{base}/api/v1/session", secret, Content_Type="application/json")["token"]
        listed = asked(urllib.request.Request(f"{base}/api/v1/vehicles?include=now",
                                              headers={"Authorization": f"Bearer {ours}"}))  # fmt: skip
        assert sorted(item["external_id"] for item in listed["items"]) == idents
    finally:
        place.stop()
    stored = place.run("positions", "--account", account)
    assert len(stored) == 4 * 600 + 4 * 20
