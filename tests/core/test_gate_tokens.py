"""Token pairs of API clients: their families, their lives, the bucket of their key."""

import asyncio
from pathlib import Path

import pytest

from fleetline.core.credentials import IssuedClient
from fleetline.core.gate import Gate
from fleetline.core.tokens import KeyCaller, TokenPair
from fleetline.core.workspace import Core
from fleetline.model.access import Account, Kind, Role
from fleetline.model.errors import Invalid
from fleetline.model.refusals import GrantRefused, TooMany, Unknown
from fleetline.stores.engine import Engine
from tests.core.gate_kit import core_over
from tests.kit import CountedIds, HandClock

HERE = "192.0.2.1"
DAY_S = 86_400


@pytest.fixture
def core(engine: Engine, clock: HandClock, ids: CountedIds, tmp_path: Path) -> Core:
    return core_over(engine, clock, ids, tmp_path)


@pytest.fixture
def gate(core: Core) -> Gate:
    return Gate(core)


@pytest.fixture
async def account(core: Core) -> Account:
    return await core.accounts.add_account("Acme", plan="unlimited")


@pytest.fixture
async def client(core: Core, account: Account) -> IssuedClient:
    return await core.credentials.add_client(account.account_id)


def key_of(client: IssuedClient) -> str:
    assert client.key is not None
    return client.key.secret


async def caller_of(gate: Gate, client: IssuedClient) -> KeyCaller:
    return await gate.tokens.open_key(key_of(client), address=HERE)


async def issued(gate: Gate, client: IssuedClient) -> TokenPair:
    caller = await caller_of(gate, client)
    return await gate.tokens.issue(caller, client.client.credential.credential_id, client.client.secret)


async def refreshed(gate: Gate, client: IssuedClient, refresh_token: str) -> TokenPair | str:
    try:
        return await gate.tokens.refresh(await caller_of(gate, client), refresh_token)
    except GrantRefused:
        return "refused"


async def opens(gate: Gate, api_key: str, access_token: str | None) -> str:
    try:
        await gate.admit_client(api_key, access_token, address=HERE)
    except Unknown as refusal:
        return f"{refusal.which} {refusal.reason}"
    return "admitted"


async def test_a_client_s_credentials_give_a_pair_that_opens_its_account(
    gate: Gate, client: IssuedClient, account: Account
) -> None:
    pair = await issued(gate, client)
    assert pair.expires_in_s == 3600
    assert len({pair.access_token, pair.refresh_token, key_of(client)}) == 3
    workspace = await gate.admit_client(key_of(client), pair.access_token, address=HERE)
    assert workspace.account == account
    assert workspace.principal.role is Role.MAIN
    assert workspace.principal.kind is Kind.ACCESS
    assert await opens(gate, key_of(client), pair.refresh_token) == "token unknown"


async def test_each_missing_or_wrong_secret_is_named(core: Core, gate: Gate, client: IssuedClient) -> None:
    pair = await issued(gate, client)
    assert await opens(gate, "", pair.access_token) == "key missing"
    assert await opens(gate, "wrong", pair.access_token) == "key unknown"
    assert await opens(gate, pair.access_token, pair.access_token) == "key unknown"
    assert await opens(gate, key_of(client), None) == "token missing"
    assert await opens(gate, key_of(client), "wrong") == "token unknown"
    assert await opens(gate, key_of(client), key_of(client)) == "token unknown"


async def test_a_token_belongs_to_the_key_it_was_made_for(core: Core, gate: Gate, client: IssuedClient) -> None:
    pair = await issued(gate, client)
    other = await core.credentials.add_client(client.client.credential.account_id or "")
    assert await opens(gate, key_of(other), pair.access_token) == "token unknown"
    assert await refreshed(gate, other, pair.refresh_token) == "refused"
    await gate.tokens.revoke(await caller_of(gate, other), pair.access_token)
    assert await opens(gate, key_of(client), pair.access_token) == "admitted"
    assert isinstance(await refreshed(gate, client, pair.refresh_token), TokenPair)


async def test_wrong_client_credentials_are_refused_alike(core: Core, gate: Gate, client: IssuedClient) -> None:
    caller = await caller_of(gate, client)
    other = await core.credentials.add_client(client.client.credential.account_id or "")
    own_id, own_secret = client.client.credential.credential_id, client.client.secret
    wrong = [
        (own_id, "wrong"),
        ("00000000-0000-4000-8000-000000000000", own_secret),
        ("nul\x00\ud800", own_secret),
        (other.client.credential.credential_id, other.client.secret),
        (client.key.credential.credential_id if client.key else "", key_of(client)),
    ]
    for client_id, secret in wrong:
        with pytest.raises(Unknown) as refused:
            await gate.tokens.issue(caller, client_id, secret)
        assert (refused.value.which, refused.value.reason) == ("client", "unknown")
    for client_id, secret in (("", own_secret), (own_id, "")):
        with pytest.raises(Unknown) as refused:
            await gate.tokens.issue(caller, client_id, secret)
        assert (refused.value.which, refused.value.reason) == ("client", "missing")
    pair = await gate.tokens.issue(caller, own_id, own_secret)
    for verb in (gate.tokens.refresh, gate.tokens.revoke):
        with pytest.raises(Unknown):
            await verb(caller, pair.refresh_token, (own_id, "wrong"))
    assert await opens(gate, key_of(client), pair.access_token) == "admitted"


async def test_an_access_token_ends_at_the_very_second(gate: Gate, client: IssuedClient, clock: HandClock) -> None:
    pair = await issued(gate, client)
    clock.move(3599)
    assert await opens(gate, key_of(client), pair.access_token) == "admitted"
    clock.move(1)
    assert await opens(gate, key_of(client), pair.access_token) == "token expired"


async def test_a_revoked_token_past_its_end_is_unknown_and_not_expired(
    gate: Gate, client: IssuedClient, clock: HandClock
) -> None:
    pair = await issued(gate, client)
    await gate.tokens.revoke(await caller_of(gate, client), pair.access_token)
    clock.move(4000)
    assert await opens(gate, key_of(client), pair.access_token) == "token unknown"


async def test_refreshing_spends_the_old_token_and_leaves_earlier_access_running(
    gate: Gate, client: IssuedClient, clock: HandClock
) -> None:
    first = await issued(gate, client)
    clock.move(60)
    second = await refreshed(gate, client, first.refresh_token)
    assert isinstance(second, TokenPair)
    assert len({first.access_token, first.refresh_token, second.access_token, second.refresh_token}) == 4
    for pair in (first, second):
        assert await opens(gate, key_of(client), pair.access_token) == "admitted"


async def test_a_refresh_token_is_good_for_its_own_client_only(
    core: Core, gate: Gate, client: IssuedClient, account: Account
) -> None:
    assert client.key is not None
    other = await core.credentials.add_client(account.account_id, key_id=client.key.credential.credential_id)
    first = await issued(gate, client)
    caller = await caller_of(gate, client)
    pair = (other.client.credential.credential_id, other.client.secret)
    with pytest.raises(GrantRefused):
        await gate.tokens.refresh(caller, first.refresh_token, pair)
    own = (client.client.credential.credential_id, client.client.secret)
    assert (await gate.tokens.refresh(caller, first.refresh_token, own)).access_token


async def test_a_spent_token_comes_back_once_more_when_its_answer_was_lost(
    gate: Gate, client: IssuedClient, clock: HandClock
) -> None:
    first = await issued(gate, client)
    await refreshed(gate, client, first.refresh_token)
    clock.move(10)
    again = await refreshed(gate, client, first.refresh_token)
    assert isinstance(again, TokenPair)
    assert await opens(gate, key_of(client), again.access_token) == "admitted"


async def test_a_spent_token_that_comes_back_late_ends_its_family_and_no_other(
    core: Core, gate: Gate, client: IssuedClient, clock: HandClock
) -> None:
    first, other = await issued(gate, client), await issued(gate, client)
    second = await refreshed(gate, client, first.refresh_token)
    assert isinstance(second, TokenPair)
    clock.move(10.001)
    assert await refreshed(gate, client, first.refresh_token) == "refused"
    assert await refreshed(gate, client, second.refresh_token) == "refused"
    for pair in (first, second):
        assert await opens(gate, key_of(client), pair.access_token) == "token unknown"
    assert await opens(gate, key_of(client), other.access_token) == "admitted"
    listed = await core.credentials.credentials(account_id=client.client.credential.account_id)
    assert [(one.alarms, one.alarmed_at_ms) for one in listed if one.kind is Kind.CLIENT] == [(1, clock.ms)]


async def test_a_spent_token_whose_successor_was_used_ends_its_family_at_once(
    gate: Gate, client: IssuedClient, clock: HandClock
) -> None:
    first = await issued(gate, client)
    second = await refreshed(gate, client, first.refresh_token)
    assert isinstance(second, TokenPair)
    clock.move(1)
    third = await refreshed(gate, client, second.refresh_token)
    assert isinstance(third, TokenPair)
    assert await refreshed(gate, client, first.refresh_token) == "refused"
    assert await opens(gate, key_of(client), third.access_token) == "token unknown"


async def test_two_workers_that_refresh_at_once_both_answer_and_spend_once(
    core: Core, gate: Gate, client: IssuedClient
) -> None:
    first = await issued(gate, client)
    told = await asyncio.gather(*(refreshed(worker, client, first.refresh_token) for worker in (gate, Gate(core))))
    assert all(isinstance(pair, TokenPair) for pair in told)
    assert told[0] != told[1]


@pytest.mark.parametrize(("days", "more_s", "told"), [(29, DAY_S - 1, True), (30, 0, False)])
async def test_a_refresh_token_ends_after_thirty_days(
    gate: Gate, client: IssuedClient, clock: HandClock, days: int, more_s: int, told: bool
) -> None:
    pair = await issued(gate, client)
    clock.move(days * DAY_S + more_s)
    assert isinstance(await refreshed(gate, client, pair.refresh_token), TokenPair) is told


async def test_a_family_ends_after_ninety_days_even_if_just_rotated(
    gate: Gate, client: IssuedClient, clock: HandClock
) -> None:
    pair: TokenPair | str = await issued(gate, client)
    for days in (25, 25, 25, 14):
        clock.move(days * DAY_S)
        assert isinstance(pair, TokenPair)
        pair = await refreshed(gate, client, pair.refresh_token)
    assert isinstance(pair, TokenPair)
    clock.move(DAY_S - 1)
    last = await refreshed(gate, client, pair.refresh_token)
    assert isinstance(last, TokenPair)
    clock.move(1)
    assert await refreshed(gate, client, last.refresh_token) == "refused"


async def test_a_client_may_keep_its_refresh_token(core: Core, gate: Gate, account: Account, clock: HandClock) -> None:
    client = await core.credentials.add_client(account.account_id, keeps_refresh=True)
    first = await issued(gate, client)
    for _ in range(3):
        clock.move(3600)
        pair = await refreshed(gate, client, first.refresh_token)
        assert isinstance(pair, TokenPair)
        assert pair.refresh_token == first.refresh_token
        assert await opens(gate, key_of(client), pair.access_token) == "admitted"


async def test_a_read_only_client_gives_read_only_principals(core: Core, gate: Gate, account: Account) -> None:
    client = await core.credentials.add_client(account.account_id, read_only=True)
    pair = await issued(gate, client)
    assert (await gate.admit_client(key_of(client), pair.access_token, address=HERE)).principal.read_only


async def test_revoking_a_refresh_token_ends_the_family_and_an_access_token_only_itself(
    gate: Gate, client: IssuedClient
) -> None:
    first = await issued(gate, client)
    second = await refreshed(gate, client, first.refresh_token)
    assert isinstance(second, TokenPair)
    caller = await caller_of(gate, client)
    await gate.tokens.revoke(caller, first.access_token)
    assert await opens(gate, key_of(client), first.access_token) == "token unknown"
    assert await opens(gate, key_of(client), second.access_token) == "admitted"
    await gate.tokens.revoke(caller, "nobody knows this one")
    await gate.tokens.revoke(caller, first.refresh_token)
    assert await opens(gate, key_of(client), second.access_token) == "token unknown"
    assert await refreshed(gate, client, second.refresh_token) == "refused"


@pytest.mark.parametrize("which", ["key", "client", "tokens"])
async def test_revoking_from_above_stops_every_token_at_once(
    core: Core, gate: Gate, client: IssuedClient, which: str
) -> None:
    pair = await issued(gate, client)
    assert client.key is not None
    client_id = client.client.credential.credential_id
    if which == "key":
        await core.credentials.revoke(client.key.credential.credential_id)
        assert await opens(gate, key_of(client), pair.access_token) == "key unknown"
        return
    await (core.credentials.revoke if which == "client" else core.credentials.revoke_tokens)(client_id)
    assert await opens(gate, key_of(client), pair.access_token) == "token unknown"
    assert await refreshed(gate, client, pair.refresh_token) == "refused"


async def test_a_token_falls_with_its_client_even_if_nobody_revoked_the_token_itself(
    core: Core, gate: Gate, client: IssuedClient, clock: HandClock
) -> None:
    pair = await issued(gate, client)
    async with core.store.write() as tx:
        await tx.accounts.revoke([client.client.credential.credential_id], clock.ms)
    assert await opens(gate, key_of(client), pair.access_token) == "token unknown"
    assert await refreshed(gate, client, pair.refresh_token) == "refused"


async def test_a_rotated_secret_lives_on_for_the_overlap_and_tokens_stay(
    core: Core, gate: Gate, client: IssuedClient, clock: HandClock
) -> None:
    pair = await issued(gate, client)
    assert client.key is not None
    old_key, key_id = key_of(client), client.key.credential.credential_id
    client_id, old_secret = client.client.credential.credential_id, client.client.secret
    new_key = (await core.credentials.rotate(key_id, 3600)).secret
    new_secret = (await core.credentials.rotate(client_id, 3600)).secret
    clock.move(3599)
    for api_key in (old_key, new_key):
        assert await opens(gate, api_key, pair.access_token) == "admitted"
        for secret in (old_secret, new_secret):
            await gate.tokens.issue(await gate.tokens.open_key(api_key, address=HERE), client_id, secret)
    clock.move(1)
    assert await opens(gate, old_key, None) == "key unknown"
    caller = await gate.tokens.open_key(new_key, address=HERE)
    with pytest.raises(Unknown):
        await gate.tokens.issue(caller, client_id, old_secret)
    await gate.tokens.issue(caller, client_id, new_secret)


async def test_a_key_has_ten_clients_at_most(core: Core, account: Account, client: IssuedClient) -> None:
    assert client.key is not None
    for _ in range(9):
        joined = await core.credentials.add_client(account.account_id, key_id=client.key.credential.credential_id)
        assert joined.key is None
    with pytest.raises(Invalid, match="10 clients"):
        await core.credentials.add_client(account.account_id, key_id=client.key.credential.credential_id)


async def test_every_operation_of_a_key_draws_on_one_bucket(core: Core, gate: Gate, clock: HandClock) -> None:
    account = await core.accounts.add_account("Limited")
    client = await core.credentials.add_client(account.account_id)
    pair = await issued(gate, client)
    workers = [gate, Gate(core)]
    for index in range(5):
        workspace = await workers[index % 2].admit_client(key_of(client), pair.access_token, address=HERE)
        assert workspace.standing is not None
        assert workspace.standing.remaining == 4 - index
    with pytest.raises(TooMany) as refused:
        await gate.admit_client(key_of(client), None, address=HERE)
    assert refused.value.retry_after_s == 1
    assert refused.value.standing is not None
    assert (refused.value.standing.limit, refused.value.standing.remaining) == (6, 0)
    with pytest.raises(TooMany):
        await gate.tokens.open_key(key_of(client), address=HERE)
    clock.move(1 / 3)
    with pytest.raises(Unknown) as counted:
        await gate.admit_client(key_of(client), "wrong", address=HERE)
    # a bad bearer was counted, so its answer carries what is left
    assert counted.value.standing is not None
    with pytest.raises(TooMany):
        await gate.admit_client(key_of(client), pair.access_token, address=HERE)


async def test_of_many_simultaneous_operations_only_the_burst_passes(core: Core, gate: Gate) -> None:
    account = await core.accounts.add_account("Limited")
    client = await core.credentials.add_client(account.account_id)

    async def operate() -> str:
        try:
            await gate.tokens.open_key(key_of(client), address=HERE)
        except TooMany:
            return "too many"
        return "passed"

    assert sorted(await asyncio.gather(*(operate() for _ in range(12)))) == ["passed"] * 6 + ["too many"] * 6


async def test_expired_tokens_are_swept_a_day_later(gate: Gate, client: IssuedClient, clock: HandClock) -> None:
    pair = await issued(gate, client)
    clock.move(3600 + DAY_S)
    assert await gate.sweep() == 0
    assert await opens(gate, key_of(client), pair.access_token) == "token expired"
    clock.move(0.001)
    assert await gate.sweep() == 1
    assert await opens(gate, key_of(client), pair.access_token) == "token unknown"
