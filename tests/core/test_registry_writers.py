"""Many writers of the same ids make no duplicate, lose nothing and fail nowhere."""

import asyncio
from collections import Counter

import pytest

from fleetline.core.registry import Registry
from fleetline.model.registry import Added, Duplicate, NewDevice, NewMember, Outcome, Refused
from fleetline.stores.engine import Engine
from fleetline.stores.store import EngineStore
from tests.kit import HandClock
from tests.registry_kit import BY, OTHER, OWN, SISTER_A, SISTER_B, make_accounts

WRITERS = 16


@pytest.fixture
async def registry(engine: Engine, clock: HandClock) -> Registry:
    await make_accounts(engine)
    return Registry(EngineStore(engine), clock)


def added(outcomes: list[list[Outcome]]) -> int:
    return sum(isinstance(outcome, Added) for batch in outcomes for outcome in batch)


@pytest.mark.parametrize(("writers", "rounds"), [(2, 100), (WRITERS, 20)])
async def test_writers_of_the_same_fifty_ids_add_each_id_once(
    registry: Registry, engine: Engine, writers: int, rounds: int
) -> None:
    for turn in range(rounds):
        items = [NewMember(f"r{turn}-{i}", f"N{turn}-{i}") for i in range(50)]
        accounts = [(SISTER_A, SISTER_B)[(writer + turn) % 2] for writer in range(writers)]
        outcomes = await asyncio.gather(
            *(registry.vehicles.add(a, items[:: -1 if w % 3 else 1], BY) for w, a in enumerate(accounts))
        )
        told = Counter(type(outcome) for batch in outcomes for outcome in batch)
        assert told == {Added: 50, Duplicate: 50 * (writers - 1)}
    sizes = []
    for account_id in (SISTER_A, SISTER_B):
        sizes.append((await registry.vehicles.page(account_id)).size)
        logged = await registry.changes(account_id, limit=10_000)
        assert len(logged) == sizes[-1]
        assert logged[-1].version == await registry.version(account_id)
    assert sum(sizes) == 50 * rounds


async def test_writers_that_add_rename_and_delete_at_once_leave_a_consistent_list(
    registry: Registry, engine: Engine
) -> None:
    await registry.vehicles.add(OWN, [NewMember(f"v{i}", f"N{i}") for i in range(20)], BY)
    [group] = await registry.vehicles.groups.add(OWN, ["G"], BY)
    group_id = group.group.group_id  # type: ignore[union-attr]  # it is new

    async def work(writer: int) -> None:
        ids = [f"v{(writer + i) % 20}" for i in range(20)]
        await registry.vehicles.rename(
            OWN, [NewMember(text, f"N{(i + writer) % 20}") for i, text in enumerate(ids)], BY
        )
        await registry.vehicles.groups.assign(OWN, group_id, ids, BY)
        await registry.vehicles.add(OWN, [NewMember(f"w{writer}", f"W{writer}"), NewMember("w", "W")], BY)
        await registry.vehicles.delete(OWN, f"w{writer}", BY)
        await registry.vehicles.groups.unassign(OWN, group_id, ids[:3], BY)

    await asyncio.gather(*(work(writer) for writer in range(WRITERS)))
    page = await registry.vehicles.page(OWN, limit=100)
    assert page.size == len(page.members) == 21
    assert len({member.name for member in page.members}) == 21
    async with EngineStore(engine).read() as tx:
        assert (await tx.registry.counted(OWN))[0] == 21


async def test_accounts_that_register_the_same_trackers_at_once_share_them_out(registry: Registry) -> None:
    devices = [NewDevice(f"35630704244{i:04}", f"Van {i}", None, None, 1) for i in range(50)]
    accounts = (OWN, OTHER, SISTER_A, SISTER_B)
    outcomes = await asyncio.gather(
        *(registry.devices.import_many(accounts[w % 4], devices[:: (1, -1)[w % 2]], BY) for w in range(WRITERS))
    )
    assert added(outcomes) == 50
    assert any(isinstance(outcome, Refused) for batch in outcomes for outcome in batch)
    rows = [row for account_id in accounts for row in await registry.devices.rows(account_id)]
    assert sorted(row[1] for row in rows) == sorted(device.ident for device in devices)
    assert sorted(row[0] for row in rows) == list(range(1, 51))
