"""A backup of either engine restores into either engine."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from fleetline.core.groups import Frames, pack_frames
from fleetline.model.errors import Invalid
from fleetline.stores.backup import restore_backup, write_backup
from fleetline.stores.engine import Engine, migrate
from fleetline.stores.journals import Journals, PostgresJournals, SqliteJournals, claim_free, claim_orphans
from fleetline.stores.open import open_engine
from fleetline.stores.postgres import PostgresEngine
from tests.conftest import ENGINES
from tests.kit import EmbeddedPostgres
from tests.servers_kit import GivenCitus, GivenPostgres

NOW = 1_773_100_800_000


def journals_of(engine: Engine, folder: Path) -> Journals:
    return PostgresJournals(engine) if isinstance(engine, PostgresEngine) else SqliteJournals(folder)


@pytest.fixture(params=ENGINES)
async def target(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Engine]:
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path}/target/fleetline.db"
    else:
        server: EmbeddedPostgres | GivenPostgres | GivenCitus = request.getfixturevalue(request.param)
        url = server.url()
    opened = await open_engine(url)
    await migrate(opened)
    yield opened
    await opened.close()


async def fill(engine: Engine) -> None:
    async with engine.write() as tx:
        await tx.execute("INSERT INTO parts (device_id, hour, body) VALUES (7, 1, $1)", b"\x00\xff body")
        await tx.execute_many(
            "INSERT INTO latest (device_id, heard_at_ms) VALUES ($1, $2)", [(number, NOW) for number in range(4500)]
        )
        await tx.execute("INSERT INTO filed (intake, journal_id) VALUES (1, 0)")


async def test_every_row_and_every_unfiled_group_is_there_again(engine: Engine, target: Engine, tmp_path: Path) -> None:
    await fill(engine)
    journals = journals_of(engine, tmp_path / "source")
    journal = await journals.open(1)
    group = pack_frames(Frames([7], [NOW], ["teltonika"], [b"frame"]))
    await journal.append(group)
    written = await write_backup(engine, journals, tmp_path / "backup", NOW)
    assert written["latest"] == 4500 and written["journal"] == 1

    copies = journals_of(target, tmp_path / "target")
    assert await restore_backup(target, copies, tmp_path / "backup") == written
    async with target.read() as tx:
        assert await tx.fetch("SELECT part_id, device_id, hour, body FROM parts") == [(1, 7, 1, b"\x00\xff body")]
        assert await tx.fetch_one("SELECT count(*), max(device_id) FROM latest") == (4500, 4499)
    restored = await copies.open(1)
    assert [body for _, body in await restored.read_after(0, 9)] == [group]
    assert await restored.append(group) > (await restored.read_after(0, 9))[0][0]
    async with target.write() as tx:
        await tx.execute("INSERT INTO parts (device_id, hour, body) VALUES (7, 2, $1)", b"new")
        assert await tx.fetch("SELECT count(*) FROM parts") == [(2,)]
    await journal.close()
    await restored.close()


@pytest.mark.parametrize("damage", [lambda b: b[:-9], lambda b: b[: len(b) // 2], lambda b: b"hello", lambda b: b""])
async def test_a_file_that_is_not_whole_restores_nothing(
    engine: Engine, target: Engine, tmp_path: Path, damage: Callable[[bytes], bytes]
) -> None:
    await fill(engine)
    await write_backup(engine, journals_of(engine, tmp_path / "source"), tmp_path / "backup", NOW)
    (tmp_path / "broken").write_bytes(damage((tmp_path / "backup").read_bytes()))
    with pytest.raises(Invalid):
        await restore_backup(target, journals_of(target, tmp_path / "target"), tmp_path / "broken")
    async with target.read() as tx:
        assert await tx.fetch_one("SELECT count(*) FROM latest") == (0,)


async def test_an_intake_is_held_by_one_process_at_a_time_and_found_again_when_it_is_gone(
    engine: Engine, tmp_path: Path
) -> None:
    journals = journals_of(engine, tmp_path)
    first, second = await claim_free(journals), await claim_free(journals)
    assert (first.intake, second.intake) == (1, 2)
    for claim in (first, second):
        journal = await journals.open(claim.intake)
        await journal.append(b"group")
        await journal.close()
    assert await claim_orphans(journals) == []
    await second.release()
    orphans = await claim_orphans(journals)
    assert [claim.intake for claim in orphans] == [2]
    for claim in (first, *orphans):
        await claim.release()
