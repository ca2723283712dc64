"""What is told about the use of API keys and their clients: counts of the last day, families, tokens, old secrets."""

from pathlib import Path

import pytest

from fleetline.core.credentials import IssuedClient
from fleetline.core.gate import Gate
from fleetline.core.workspace import Core
from fleetline.model.access import Account, Activity
from fleetline.model.refusals import GrantRefused, TooMany
from fleetline.stores.engine import Engine
from tests.core.gate_kit import core_over
from tests.kit import CountedIds, HandClock

HERE = "192.0.2.1"


@pytest.fixture
def core(engine: Engine, clock: HandClock, ids: CountedIds, tmp_path: Path) -> Core:
    return core_over(engine, clock, ids, tmp_path)


@pytest.fixture
async def account(core: Core) -> Account:
    return await core.accounts.add_account("Acme", plan="standard")


async def activities(core: Core, account: Account, client: IssuedClient) -> tuple[Activity, Activity]:
    """(of the key, of the client)"""
    assert client.key is not None
    found = await core.credentials.credentials(account_id=account.account_id)
    told = await core.credentials.activities(found)
    return told[client.key.credential.credential_id], told[client.client.credential.credential_id]


async def test_operations_and_refusals_of_a_key_are_counted_over_processes_for_a_day(
    core: Core, account: Account, clock: HandClock
) -> None:
    client = await core.credentials.add_client(account.account_id)
    assert client.key is not None
    gates = [Gate(core), Gate(core)]
    for number in range(8):
        gate = gates[number % 2]
        try:
            await gate.tokens.open_key(client.key.secret, address=HERE)
        except TooMany:
            continue
    for gate in gates:
        await gate.uses.flush()
        await gate.uses.flush()
    key, _ = await activities(core, account, client)
    assert (key.operations, key.refused) == (6, 2)
    clock.move(86_400 - 600)
    assert (await activities(core, account, client))[0].operations == 6
    clock.move(600)
    assert (await activities(core, account, client))[0] == Activity()
    clock.move(2 * 86_400)
    assert await gates[0].sweep() >= 1


async def test_counts_that_the_store_does_not_take_wait(core: Core, account: Account, clock: HandClock) -> None:
    client = await core.credentials.add_client(account.account_id)
    assert client.key is not None
    gate = Gate(core)
    await gate.tokens.open_key(client.key.secret, address=HERE)
    gate.uses.note("nobody", clock.ms, "\ud800")
    with pytest.raises(Exception, match="surrogate"):
        await gate.uses.flush()
    gate.uses.note("nobody", clock.ms, HERE)
    await gate.uses.flush()
    assert (await activities(core, account, client))[0].operations == 1


async def test_a_client_tells_its_living_families_and_its_newest_token(
    core: Core, account: Account, clock: HandClock
) -> None:
    gate = Gate(core)
    client = await core.credentials.add_client(account.account_id)
    assert client.key is not None
    client_id, secret = client.client.credential.credential_id, client.client.secret
    assert (await activities(core, account, client))[1] == Activity()
    caller = await gate.tokens.open_key(client.key.secret, address=HERE)
    first = await gate.tokens.issue(caller, client_id, secret)
    await gate.tokens.issue(caller, client_id, secret)
    clock.move(60)
    second = await gate.tokens.refresh(caller, first.refresh_token)
    told = (await activities(core, account, client))[1]
    assert (told.families, told.last_token_at_ms) == (2, clock.ms)
    await gate.tokens.refresh(caller, second.refresh_token)
    clock.move(60)
    with pytest.raises(GrantRefused):
        await gate.tokens.refresh(caller, second.refresh_token)
    assert (await activities(core, account, client))[1].families == 1
    await core.credentials.revoke_tokens(client_id)
    assert (await activities(core, account, client))[1].families == 0


async def test_a_rolled_key_tells_until_when_its_old_secret_works(
    core: Core, account: Account, clock: HandClock
) -> None:
    client = await core.credentials.add_client(account.account_id)
    assert client.key is not None
    await core.credentials.rotate(client.key.credential.credential_id, 3_600)
    until_ms = clock.ms + 3_600_000
    assert (await activities(core, account, client))[0].former_until_ms == until_ms
    clock.move(3_600)
    assert (await activities(core, account, client))[0].former_until_ms is None


async def test_what_was_revoked_is_listed_for_ninety_days(core: Core, account: Account, clock: HandClock) -> None:
    client = await core.credentials.add_client(account.account_id)
    assert client.key is not None
    await core.credentials.revoke(client.key.credential.credential_id)
    clock.move(90 * 86_400 - 1)
    assert len(await core.credentials.credentials(account_id=account.account_id)) == 2
    clock.move(1)
    assert await core.credentials.credentials(account_id=account.account_id) == []
