"""Use cases of partners, accounts, users and credentials."""

import asyncio
from pathlib import Path

import pytest

from fleetline.core.administration import NotAllowed
from fleetline.core.gate import Gate
from fleetline.core.workspace import Core, Workspace
from fleetline.model.access import Account, Kind, Permissions, Role
from fleetline.model.errors import Conflict, Invalid, NotFound
from fleetline.stores.engine import Engine
from tests.core.gate_kit import core_over
from tests.kit import CountedIds, HandClock

NOBODY = ("acc_nobody", "", "x" * 65, "nul\x00", "\ud800")


@pytest.fixture
def core(engine: Engine, clock: HandClock, ids: CountedIds, tmp_path: Path) -> Core:
    return core_over(engine, clock, ids, tmp_path)


@pytest.fixture
async def account(core: Core) -> Account:
    return await core.accounts.add_account("Acme", plan="unlimited")


async def workspace_of(core: Core, account: Account, role: Role | None = None) -> Workspace:
    """As the main user, or as a new user of that role."""
    user_id = None
    if role is not None:
        user, _ = await core.accounts.add_user(account.account_id, f"{role}@{account.account_id}", role=role)
        user_id = user.user_id
    issued = await core.credentials.add_call_token(account.account_id, user_id=user_id)
    return await Gate(core).admit(Kind.CALL_TOKEN, issued.secret, address="192.0.2.1")


async def test_accounts_stand_alone_or_under_a_partner(core: Core, clock: HandClock) -> None:
    partner = await core.accounts.add_partner("  Serves many ")
    alone = await core.accounts.add_account("Alone")
    clock.move(1)
    served = await core.accounts.add_account("Served", partner_id=partner.partner_id, plan="unlimited", language="en")
    assert partner.name == "Serves many"
    assert (alone.plan, alone.time_zone, alone.language, alone.root_id) == (
        "standard", "Europe/Berlin", "de", alone.account_id,
    )  # fmt: skip
    assert served.root_id == partner.partner_id
    assert await core.accounts.accounts() == [alone, served]
    assert await core.accounts.accounts(partner.partner_id) == [served]
    assert await core.accounts.account(served.account_id) == served
    assert await core.accounts.partners() == [partner]


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        ({"name": " "}, "name"),
        ({"name": "x" * 256}, "name"),
        ({"name": "two\nlines"}, "name"),
        ({"name": "half \ud800"}, "name"),
        ({"name": "Acme", "plan": "gold"}, "plan"),
        ({"name": "Acme", "time_zone": "Mars/Olympus"}, "time_zone"),
        ({"name": "Acme", "language": "tlh"}, "language"),
    ],
)
async def test_an_account_that_cannot_be_meant_is_refused(core: Core, facts: dict[str, str], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        await core.accounts.add_account(**facts)
    assert refused.value.field == field
    assert await core.accounts.accounts() == []


@pytest.mark.parametrize("nobody", NOBODY)
async def test_what_never_was_is_not_found_whatever_it_is_called(core: Core, nobody: str) -> None:
    for attempt in (
        core.accounts.account(nobody),
        core.accounts.accounts(nobody),
        core.accounts.add_account("Acme", partner_id=nobody),
        core.accounts.set_plan(nobody, "standard"),
        core.accounts.close_account(nobody),
        core.accounts.close_partner(nobody),
        core.accounts.add_user(nobody, "ann@example.org"),
        core.accounts.users(nobody),
        core.accounts.set_permissions(nobody, Permissions()),
        core.credentials.add_call_token(nobody),
        core.credentials.add_asset_key(partner_id=nobody),
        core.credentials.credentials(account_id=nobody),
        core.credentials.revoke(nobody),
        core.credentials.unblock(nobody),
        core.credentials.rotate(nobody),
    ):
        with pytest.raises(NotFound):
            await attempt


async def test_a_closed_account_takes_nobody_in_until_it_is_open_again(core: Core, account: Account) -> None:
    closed = await core.accounts.close_account(account.account_id)
    assert closed == await core.accounts.close_account(account.account_id)
    for attempt in (
        core.accounts.add_user(account.account_id, "ann@example.org"),
        core.credentials.add_call_token(account.account_id),
        core.credentials.add_client(account.account_id),
        core.credentials.add_asset_key(account_id=account.account_id),
    ):
        with pytest.raises(Invalid, match="closed"):
            await attempt
    assert await core.accounts.reopen_account(account.account_id) == account
    await core.credentials.add_call_token(account.account_id)


async def test_a_user_is_one_per_address_and_account_whatever_its_letters(core: Core, account: Account) -> None:
    other = await core.accounts.add_account("Other")
    user, password = await core.accounts.add_user(account.account_id, " Ann@Example.org ")
    assert (user.email, user.role, user.permissions) == ("Ann@Example.org", Role.MEMBER, Permissions())
    assert len(password) == 20
    with pytest.raises(Conflict):
        await core.accounts.add_user(account.account_id, "ann@EXAMPLE.ORG")
    await core.accounts.add_user(other.account_id, "ann@example.org")
    assert await core.accounts.users(account.account_id) == [user]


async def test_two_operators_who_add_one_person_at_once_get_one_user(core: Core, account: Account) -> None:
    told = await asyncio.gather(
        *(core.accounts.add_user(account.account_id, "ann@example.org") for _ in range(4)), return_exceptions=True
    )
    assert sum(isinstance(one, Conflict) for one in told) == 3
    assert len(await core.accounts.users(account.account_id)) == 1


@pytest.mark.parametrize(
    "email", ["", "ann", "@example.org", "ann@", "a b@example.org", "ann@ex\x00", "a" * 251 + "@b.c"]
)
async def test_what_is_no_address_is_refused(core: Core, account: Account, email: str) -> None:
    with pytest.raises(Invalid) as refused:
        await core.accounts.add_user(account.account_id, email)
    assert refused.value.field == "email"


async def test_a_password_is_stored_as_a_slow_hash_only(core: Core, account: Account, engine: Engine) -> None:
    with pytest.raises(Invalid):
        await core.accounts.add_user(account.account_id, "bob@example.org", password="short")
    user, shown = await core.accounts.add_user(account.account_id, "ann@example.org", password="correct horse")
    assert shown == "correct horse"
    async with engine.read() as tx:
        (stored,) = await tx.fetch("SELECT password_hash FROM users")
    assert stored[0].startswith("$argon2id$")
    changed = await core.accounts.set_password(user.user_id)
    assert changed != shown
    assert await core.passwords.fits(shown, stored[0])
    async with engine.read() as tx:
        (stored,) = await tx.fetch("SELECT password_hash FROM users")
    assert await core.passwords.fits(changed, stored[0])
    assert not await core.passwords.fits(shown, stored[0])


async def test_no_secret_stands_anywhere_in_the_store(core: Core, account: Account, engine: Engine) -> None:
    token = await core.credentials.add_call_token(account.account_id)
    client = await core.credentials.add_client(account.account_id)
    key = await core.credentials.add_asset_key(account_id=account.account_id)
    assert client.key is not None
    async with engine.read() as tx:
        rows = await tx.fetch("SELECT * FROM credentials")
    stored = "\n".join(str(row) for row in rows)
    for issued in (token, client.client, client.key, key):
        assert issued.secret not in stored
        assert issued.credential.hint == f"{issued.secret[:8]}...{issued.secret[-4:]}"
    assert [len(issued.secret) for issued in (token, client.client, client.key, key)] == [40, 64, 64, 64]


async def test_credentials_are_listed_with_their_state_and_never_vanish(
    core: Core, account: Account, clock: HandClock
) -> None:
    first = await core.credentials.add_call_token(account.account_id, name="nightly")
    clock.move(1)
    second = await core.credentials.add_client(account.account_id)
    assert second.key is not None
    await core.credentials.revoke(first.credential.credential_id)
    clock.move(1)
    again = await core.credentials.revoke(first.credential.credential_id)
    assert again.revoked_at_ms == clock.ms - 1000
    listed = await core.credentials.credentials(account_id=account.account_id)
    assert {one.credential_id: (one.kind, one.name, one.state(clock.ms)) for one in listed} == {
        first.credential.credential_id: (Kind.CALL_TOKEN, "nightly", "revoked"),
        second.key.credential.credential_id: (Kind.API_KEY, "", "active"),
        second.client.credential.credential_id: (Kind.CLIENT, "", "active"),
    }
    assert second.client.credential.parent_id == second.key.credential.credential_id


async def test_revoking_a_key_takes_its_clients_with_it(core: Core, account: Account, clock: HandClock) -> None:
    issued = await core.credentials.add_client(account.account_id)
    other = await core.credentials.add_client(account.account_id)
    assert issued.key is not None
    await core.credentials.revoke(issued.key.credential.credential_id)
    listed = await core.credentials.credentials(account_id=account.account_id)
    states = {one.credential_id: one.state(clock.ms) for one in listed}
    assert states[issued.client.credential.credential_id] == "revoked"
    assert states[other.client.credential.credential_id] == "active"


async def test_an_asset_key_is_an_account_s_or_a_partner_s(core: Core, account: Account) -> None:
    partner = await core.accounts.add_partner("Serves many")
    await core.credentials.add_asset_key(account_id=account.account_id)
    issued = await core.credentials.add_asset_key(partner_id=partner.partner_id)
    assert await core.credentials.credentials(partner_id=partner.partner_id) == [issued.credential]
    for both in ({}, {"account_id": account.account_id, "partner_id": partner.partner_id}):
        with pytest.raises(Invalid):
            await core.credentials.add_asset_key(**both)
    await core.accounts.close_partner(partner.partner_id)
    with pytest.raises(Invalid, match="closed"):
        await core.credentials.add_asset_key(partner_id=partner.partner_id)


async def test_a_token_is_only_made_for_a_living_user_of_that_account(core: Core, account: Account) -> None:
    other = await core.accounts.add_account("Other")
    user, _ = await core.accounts.add_user(account.account_id, "ann@example.org")
    with pytest.raises(NotFound):
        await core.credentials.add_call_token(other.account_id, user_id=user.user_id)
    await core.accounts.disable_user(user.user_id)
    with pytest.raises(Invalid, match="disabled"):
        await core.credentials.add_call_token(account.account_id, user_id=user.user_id)


@pytest.mark.parametrize("role", [None, Role.ADMINISTRATOR])
async def test_who_administers_manages_the_own_account(core: Core, account: Account, role: Role | None) -> None:
    workspace = await workspace_of(core, account, role)
    user, _ = await workspace.accounts.add_user("bob@example.org")
    assert (await workspace.accounts.set_role(user.user_id, Role.ADMINISTRATOR)).role is Role.ADMINISTRATOR
    assert (await workspace.accounts.disable_user(user.user_id)).disabled_at_ms is not None
    assert (await workspace.accounts.enable_user(user.user_id)).disabled_at_ms is None
    issued = await workspace.accounts.add_client(name="roof")
    assert issued.client.credential.created_by == (workspace.principal.user_id or "")
    assert (await workspace.accounts.revoke(issued.client.credential.credential_id)).revoked_at_ms is not None
    with pytest.raises(NotAllowed):
        await workspace.accounts.accounts()


async def test_nobody_manages_another_account_or_learns_of_it(core: Core, account: Account) -> None:
    workspace = await workspace_of(core, account)
    other = await core.accounts.add_account("Other")
    user, _ = await core.accounts.add_user(other.account_id, "bob@example.org")
    token = await core.credentials.add_call_token(other.account_id)
    for attempt in (
        workspace.accounts.set_permissions(user.user_id, Permissions(True)),
        workspace.accounts.set_role(user.user_id, Role.ADMINISTRATOR),
        workspace.accounts.disable_user(user.user_id),
        workspace.accounts.set_password(user.user_id),
        workspace.accounts.add_call_token(user_id=user.user_id),
        workspace.accounts.revoke(token.credential.credential_id),
        workspace.accounts.revoke_tokens(token.credential.credential_id),
        workspace.accounts.rotate(token.credential.credential_id),
    ):
        with pytest.raises(NotFound):
            await attempt
    assert await core.accounts.users(other.account_id) == [user]
    assert await core.credentials.credentials(account_id=other.account_id) == [token.credential]


async def test_a_member_manages_nothing(core: Core, account: Account) -> None:
    own = (await workspace_of(core, account, Role.MEMBER)).accounts
    for attempt in (own.users(), own.credentials(), own.add_call_token(), own.add_user("x@y"), own.accounts()):
        with pytest.raises(NotAllowed):
            await attempt


async def test_an_overlap_outside_the_choices_is_refused(core: Core, account: Account) -> None:
    issued = await core.credentials.add_asset_key(account_id=account.account_id)
    with pytest.raises(Invalid):
        await core.credentials.rotate(issued.credential.credential_id, 5)
    await core.credentials.revoke(issued.credential.credential_id)
    with pytest.raises(Invalid):
        await core.credentials.rotate(issued.credential.credential_id)
