"""Signed tokens for asset keys, and sessions of people who sign in."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from pathlib import Path

import pytest

from fleetline.core.gate import Gate
from fleetline.core.ports.accounts import Claims
from fleetline.core.workspace import Core
from fleetline.model.access import Account, Kind, Role
from fleetline.model.errors import Unavailable
from fleetline.model.limits import Plan
from fleetline.model.refusals import Refused, TooMany, Unknown, WrongLevel
from fleetline.outside.signer import FileSigner
from fleetline.stores.engine import Engine
from tests.core.gate_kit import core_over
from tests.kit import CountedIds, HandClock

HERE = "192.0.2.1"
DAY_S = 86_400
PLANS = {"assets": Plan("assets", assets_rate_per_s=1, assets_burst=2)}


@pytest.fixture
def core(engine: Engine, clock: HandClock, ids: CountedIds, tmp_path: Path) -> Core:
    return core_over(engine, clock, ids, tmp_path, PLANS)


@pytest.fixture
def gate(core: Core) -> Gate:
    return Gate(core)


@pytest.fixture
async def account(core: Core) -> Account:
    return await core.accounts.add_account("Acme", plan="unlimited")


async def signed(gate: Gate, key: str, account_id: str | None = None, address: str = HERE) -> str:
    try:
        return (await gate.tokens.sign(key, account_id, address=address)).token
    except Refused as refusal:
        return type(refusal).__name__


async def test_an_account_s_asset_key_gives_account_tokens_for_that_account_only(
    core: Core, gate: Gate, account: Account, clock: HandClock
) -> None:
    key = (await core.credentials.add_asset_key(account_id=account.account_id)).secret
    other = await core.accounts.add_account("Other")
    answer = await gate.tokens.sign(key, None, address=HERE)
    assert answer.expires_at_ms == clock.ms + 3_600_000
    for token in (answer.token, await signed(gate, key, ""), await signed(gate, key, account.account_id)):
        workspace = await gate.admit_signed(token, address=HERE, level="account")
        assert (workspace.account, workspace.level) == (account, "account")
    assert await signed(gate, key, other.account_id) == "Unknown"
    assert await signed(gate, key, "nul\x00") == "Unknown"


async def test_a_partner_s_asset_key_reaches_its_own_open_accounts(core: Core, gate: Gate) -> None:
    partner = await core.accounts.add_partner("Serves many")
    mine = await core.accounts.add_account("Mine", partner_id=partner.partner_id)
    closed = await core.accounts.add_account("Closed", partner_id=partner.partner_id)
    await core.accounts.close_account(closed.account_id)
    rival = await core.accounts.add_partner("Rival")
    foreign = await core.accounts.add_account("Foreign", partner_id=rival.partner_id)
    key = (await core.credentials.add_asset_key(partner_id=partner.partner_id)).secret
    for account_id in (closed.account_id, foreign.account_id, "acc_none", partner.partner_id):
        assert await signed(gate, key, account_id) == "Unknown"
    partner_token, account_token = await signed(gate, key), await signed(gate, key, mine.account_id)
    workspace = await gate.admit_signed(partner_token, address=HERE, level="partner")
    assert (workspace.account, workspace.account_id, workspace.level) == (None, "", "partner")
    assert [one.account_id for one in await workspace.accounts.accounts()] == [mine.account_id]
    assert (await gate.admit_signed(account_token, address=HERE)).account == mine
    for token, level in ((partner_token, "account"), (account_token, "partner")):
        with pytest.raises(WrongLevel) as refused:
            await gate.admit_signed(token, address=HERE, level=level)
        assert refused.value.needed == level
    await core.accounts.close_account(mine.account_id)
    with pytest.raises(Unknown):
        await gate.admit_signed(account_token, address=HERE)
    await core.accounts.close_partner(partner.partner_id)
    with pytest.raises(Unknown):
        await gate.admit_signed(partner_token, address=HERE)


async def test_a_partner_s_token_for_a_foreign_account_opens_nothing_however_well_signed(
    core: Core, gate: Gate, account: Account, clock: HandClock
) -> None:
    partner = await core.accounts.add_partner("Serves many")
    key = await core.credentials.add_asset_key(partner_id=partner.partner_id)
    for subject, level in ((account.account_id, "account"), (account.account_id, "partner"), ("par_other", "partner")):
        claims = Claims("fleetline", subject, level, key.credential.credential_id, clock.ms, clock.ms + 60_000, "jti")
        with pytest.raises(Unknown):
            await gate.admit_signed(core.signer.signed(claims), address=HERE)


async def test_a_signed_token_ends_in_time_and_with_its_key(
    core: Core, gate: Gate, account: Account, clock: HandClock
) -> None:
    issued_key = await core.credentials.add_asset_key(account_id=account.account_id)
    token = await signed(gate, issued_key.secret)
    again = await signed(gate, issued_key.secret)
    assert token != again
    clock.move(3599.999)
    await gate.admit_signed(token, address=HERE)
    clock.move(0.001)
    with pytest.raises(Unknown) as refused:
        await gate.admit_signed(token, address=HERE)
    assert refused.value.reason == "expired"
    fresh = await signed(gate, issued_key.secret)
    await core.credentials.revoke(issued_key.credential.credential_id)
    with pytest.raises(Unknown):
        await gate.admit_signed(fresh, address=HERE)
    assert await signed(gate, issued_key.secret) == "Unknown"


def _part(facts: object) -> str:
    return urlsafe_b64encode(json.dumps(facts).encode()).rstrip(b"=").decode()


async def test_forged_tokens_are_unknown(core: Core, gate: Gate, account: Account, tmp_path: Path) -> None:
    key = (await core.credentials.add_asset_key(account_id=account.account_id)).secret
    token = await signed(gate, key)
    header, claims, signature = token.split(".")
    facts = json.loads(urlsafe_b64decode(claims + "=="))
    assert set(facts) == {"iss", "sub", "lvl", "cid", "iat", "exp", "jti"}
    stranger = FileSigner(tmp_path / "another.key")
    read = core.signer.read(token)
    assert read is not None
    forged = [
        "",
        "x",
        "a.b.c",
        f"{header}.{claims}.",
        f"{_part({'alg': 'none'})}.{claims}.",
        f"{_part({'alg': 'none'})}.{claims}.{signature}",
        f"{_part({'alg': 'HS512'})}.{claims}.{signature}",
        f"{header}.{_part({**facts, 'sub': 'acc_other'})}.{signature}",
        stranger.signed(read),
        token + "\ud800",
        token + "." + "x" * 5000,
    ]
    for one in forged:
        with pytest.raises(Unknown):
            await gate.admit_signed(one, address=HERE)
    await gate.admit_signed(token, address=HERE)


def test_a_restart_keeps_signed_tokens_good_and_their_key_private(tmp_path: Path) -> None:
    claims = Claims("fleetline", "acc_1", "account", "cred_1", 1_773_144_000_000, 1_773_147_600_000, "jti")
    token = FileSigner(tmp_path / "signing.key").signed(claims)
    assert FileSigner(tmp_path / "signing.key").read(token) == claims
    assert (tmp_path / "signing.key").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["signing.key"]
    (tmp_path / "signing.key").write_bytes(b"short")
    with pytest.raises(Unavailable, match="shorter"):
        FileSigner(tmp_path / "signing.key").read(token)


async def test_after_ten_wrong_keys_more_wait_but_a_right_one_never(
    core: Core, gate: Gate, account: Account, clock: HandClock
) -> None:
    key = (await core.credentials.add_asset_key(account_id=account.account_id)).secret
    assert [await signed(gate, "wrong") for _ in range(12)] == ["Unknown"] * 10 + ["TooMany"] * 2
    assert await signed(gate, "wrong", address="198.51.100.7") == "Unknown"
    assert (await signed(gate, key)).count(".") == 2
    clock.move(60)
    assert await signed(gate, "wrong") == "Unknown"


async def test_a_plan_may_limit_the_calls_of_an_asset_key(core: Core, gate: Gate, clock: HandClock) -> None:
    account = await core.accounts.add_account("Limited", plan="assets")
    token = await signed(gate, (await core.credentials.add_asset_key(account_id=account.account_id)).secret)
    for _ in range(2):
        await gate.admit_signed(token, address=HERE)
    with pytest.raises(WrongLevel):
        await gate.admit_signed(token, address=HERE, level="partner")
    with pytest.raises(TooMany):
        await gate.admit_signed(token, address=HERE)
    clock.move(1)
    await gate.admit_signed(token, address=HERE)


async def test_a_person_signs_in_with_a_password_and_out_again(
    core: Core, gate: Gate, account: Account, clock: HandClock
) -> None:
    user, password = await core.accounts.add_user(account.account_id, "Ann@Example.org", role=Role.ADMINISTRATOR)
    for email, wrong in (("ann@example.org", "wrong"), ("nobody@example.org", password), ("nul\x00@x", password)):
        with pytest.raises(Unknown):
            await gate.tokens.sign_in(email, wrong, address=HERE)
    secret = await gate.tokens.sign_in(" ann@EXAMPLE.org", password, address=HERE)
    workspace = await gate.admit(Kind.SESSION, secret, address=HERE)
    assert (workspace.principal.user_id, workspace.principal.administers) == (user.user_id, True)
    with pytest.raises(Unknown):
        await gate.admit(Kind.CALL_TOKEN, secret, address=HERE)
    await gate.tokens.sign_out(secret)
    with pytest.raises(Unknown):
        await gate.admit(Kind.SESSION, secret, address=HERE)
    again = await gate.tokens.sign_in("ann@example.org", password, address=HERE)
    clock.move(14 * DAY_S)
    with pytest.raises(Unknown) as refused:
        await gate.admit(Kind.SESSION, again, address=HERE)
    assert refused.value.reason == "expired"


async def test_guessing_passwords_is_stopped_even_for_the_right_one(core: Core, gate: Gate, account: Account) -> None:
    _, password = await core.accounts.add_user(account.account_id, "ann@example.org")
    for _ in range(10):
        with pytest.raises(Unknown):
            await gate.tokens.sign_in("ann@example.org", "wrong", address=HERE)
    with pytest.raises(TooMany):
        await gate.tokens.sign_in("ann@example.org", password, address=HERE)
    await gate.tokens.sign_in("ann@example.org", password, address="198.51.100.7")


async def test_one_person_in_two_accounts_is_told_apart_by_the_password(
    core: Core, gate: Gate, account: Account
) -> None:
    other = await core.accounts.add_account("Other")
    first, one = await core.accounts.add_user(account.account_id, "ann@example.org")
    second, two = await core.accounts.add_user(other.account_id, "ann@example.org")
    for user, password in ((first, one), (second, two)):
        secret = await gate.tokens.sign_in("ann@example.org", password, address=HERE)
        assert (await gate.admit(Kind.SESSION, secret, address=HERE)).account_id == user.account_id


async def test_one_password_in_several_accounts_opens_the_one_that_is_open(core: Core, gate: Gate) -> None:
    partner = await core.accounts.add_partner("Serves")
    closed, served, disabled, living = [
        await core.accounts.add_account(name, partner_id=partner_id)
        for name, partner_id in (("A", None), ("B", partner.partner_id), ("C", None), ("D", None))
    ]
    users = {}
    for one in (closed, served, disabled, living):
        added, _ = await core.accounts.add_user(one.account_id, "bea@example.org", password="one and the same")
        users[one.name] = added
    await core.accounts.close_account(closed.account_id)
    await core.accounts.close_partner(partner.partner_id)
    await core.accounts.disable_user(users["C"].user_id)
    secret = await gate.tokens.sign_in("bea@example.org", "one and the same", address=HERE)
    assert (await gate.admit(Kind.SESSION, secret, address=HERE)).account_id == living.account_id
    await core.accounts.close_account(living.account_id)
    with pytest.raises(Unknown):
        await gate.tokens.sign_in("bea@example.org", "one and the same", address=HERE)
