"""What is remembered of callers holds until anybody's rights become fewer, whichever process changes them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from fleetline.core.holders import Holders
from fleetline.core.ports.pledge import PLEDGE, Moved, Pledge
from fleetline.core.secrets import secret_hash
from fleetline.core.workspace import Core
from fleetline.model.access import Account, Holder, Role, parse_permissions
from fleetline.stores.engine import Engine
from fleetline.stores.store import EngineStore, EngineTx
from tests.core.gate_kit import core_over
from tests.kit import CountedIds, HandClock
from tests.registry_kit import statements


@pytest.fixture
def core(engine: Engine, clock: HandClock, ids: CountedIds, tmp_path: Path) -> Core:
    return core_over(engine, clock, ids, tmp_path)


@pytest.fixture
async def account(core: Core) -> Account:
    return await core.accounts.add_account("Acme", plan="unlimited")


async def held(holders: Holders, secret: str, clock: HandClock) -> Holder:
    return (await holders.by_secret([secret_hash(secret)], clock.ms))[secret_hash(secret)]


async def test_every_change_of_rights_by_another_process_is_seen_by_the_next_question(
    core: Core, elsewhere: Core, account: Account, clock: HandClock, ids: CountedIds
) -> None:
    partner = await core.accounts.add_partner("Serves")
    served = await core.accounts.add_account("Served", partner_id=partner.partner_id)
    user, _ = await core.accounts.add_user(account.account_id, "a@example.com", role=Role.MEMBER)
    token = await core.credentials.add_call_token(account.account_id, user_id=user.user_id)
    key = await core.credentials.add_asset_key(account_id=served.account_id)
    holders = Holders(core.store)

    async def now(secret: str = token.secret) -> Holder:
        return await held(holders, secret, clock)

    assert (await now()).user == user
    await elsewhere.accounts.set_permissions(user.user_id, parse_permissions("devices=7"))
    assert (await now()).principal().permissions.devices == {7}
    await elsewhere.accounts.set_role(user.user_id, Role.ADMINISTRATOR)
    assert (await now()).principal().administers
    await elsewhere.accounts.disable_user(user.user_id)
    assert not (await now()).alive(clock.ms)
    await elsewhere.accounts.enable_user(user.user_id)
    assert (await now()).alive(clock.ms)
    await elsewhere.accounts.set_plan(account.account_id, "standard")
    assert (await now()).account.plan == "standard"  # type: ignore[union-attr]  # a call token has an account
    await elsewhere.accounts.close_account(account.account_id)
    assert not (await now()).alive(clock.ms)
    await elsewhere.accounts.reopen_account(account.account_id)
    assert (await now()).alive(clock.ms)
    await elsewhere.credentials.revoke(token.credential.credential_id)
    assert not (await now()).alive(clock.ms)
    assert (await now(key.secret)).alive(clock.ms)
    await elsewhere.accounts.close_partner(partner.partner_id)
    assert not (await now(key.secret)).alive(clock.ms)


async def test_a_former_secret_ends_in_time_though_it_is_remembered(
    core: Core, account: Account, clock: HandClock
) -> None:
    token = await core.credentials.add_own_token(account.account_id)
    holders = Holders(core.store)
    assert (await held(holders, token.secret, clock)).until_ms is None
    fresh = await core.credentials.rotate(token.credential.credential_id, 3_600)
    for secret in (token.secret, fresh.secret):
        assert (await held(holders, secret, clock)).alive(clock.ms)
    clock.move(3_600)
    assert not (await held(holders, token.secret, clock)).alive(clock.ms)
    assert (await held(holders, fresh.secret, clock)).alive(clock.ms)


async def test_what_takes_nothing_from_anybody_makes_nobody_forget(
    core: Core, account: Account, engine: Engine, clock: HandClock
) -> None:
    token = await core.credentials.add_own_token(account.account_id)
    holders = Holders(core.store)
    await held(holders, token.secret, clock)
    await core.credentials.add_call_token(account.account_id)
    await core.accounts.add_user(account.account_id, "b@example.com")
    async with core.store.write() as tx:
        await tx.accounts.note_uses([(token.credential.credential_id, clock.ms, "192.0.2.9")])
    with statements(engine) as sent:
        await held(holders, token.secret, clock)
    assert sent.count == 1


async def test_only_so_many_are_remembered_and_all_are_found(
    core: Core, account: Account, engine: Engine, clock: HandClock
) -> None:
    secrets = [(await core.credentials.add_own_token(account.account_id)).secret for _ in range(5)]
    holders = Holders(core.store, most=3)
    for secret in (*secrets, *secrets):
        assert (await held(holders, secret, clock)).alive(clock.ms)
    with statements(engine) as sent:
        for secret in secrets[2:]:
            await held(holders, secret, clock)
    assert sent.count == 3


class Interrupted(EngineStore):
    """A store in whose reads something happens after they began to see and before they answer."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        self.then: list[str] = []
        self.other: Core

    @asynccontextmanager
    async def read(self) -> AsyncIterator[EngineTx]:
        async with super().read() as tx:
            await tx.registry.book("")  # the moment that the transaction sees is this one
            while self.then:
                await self.other.credentials.revoke(self.then.pop())
            yield tx


async def test_what_was_read_before_a_revocation_is_not_taken_for_what_came_after(
    core: Core, elsewhere: Core, account: Account, engine: Engine, clock: HandClock
) -> None:
    token = await core.credentials.add_own_token(account.account_id)
    store = Interrupted(engine)
    store.other, store.then = elsewhere, [token.credential.credential_id]
    holders = Holders(store)
    # this caller came before the revocation was stored, so that it may pass; the next one may not
    assert (await held(holders, token.secret, clock)).alive(clock.ms)
    assert not (await held(holders, token.secret, clock)).alive(clock.ms)


async def test_a_pledge_is_compared_by_the_first_transaction_where_that_is_free(
    core: Core, elsewhere: Core, account: Account, engine: Engine, clock: HandClock
) -> None:
    token = await core.credentials.add_own_token(account.account_id)
    holders, store = Holders(core.store), core.store
    await held(holders, token.secret, clock)
    if not store.compares_in_passing:
        return
    PLEDGE.set(pledge := Pledge())
    with statements(engine) as sent:
        await held(holders, token.secret, clock)
    assert (sent.count, pledge.is_open) == (0, True)
    async with store.read() as tx:
        assert await tx.accounts.account(account.account_id) == account
    assert pledge.kept
    PLEDGE.set(pledge := Pledge())
    await held(holders, token.secret, clock)
    await elsewhere_revokes(elsewhere, token.credential.credential_id)
    for begin in (store.read, store.write):
        with pytest.raises(Moved):
            async with begin():
                raise AssertionError("nothing may happen in it")
    PLEDGE.set(None)
    assert not (await held(holders, token.secret, clock)).alive(clock.ms)
    async with store.write() as tx:
        assert await tx.accounts.account(account.account_id) == account


async def elsewhere_revokes(elsewhere: Core, credential_id: str) -> None:
    """By another process, which pledged nothing."""
    pledge = PLEDGE.get()
    PLEDGE.set(None)
    await elsewhere.credentials.revoke(credential_id)
    PLEDGE.set(pledge)
