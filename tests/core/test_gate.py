"""The door: who is let in, in which order the checks run, and what a call costs."""

import asyncio
from pathlib import Path

import pytest

from fleetline.core.gate import Gate
from fleetline.core.workspace import Core
from fleetline.model.access import Kind, Permissions, Role
from fleetline.model.limits import Plan
from fleetline.model.refusals import (
    AddressRefused,
    Blocked,
    NotInPlan,
    QuotaUsed,
    Refused,
    TooSoon,
    Unknown,
)
from fleetline.stores.engine import Engine
from tests.core.gate_kit import answers, core_over
from tests.kit import CountedIds, HandClock

HERE, THERE = "192.0.2.1", "198.51.100.7"

PLANS = {
    "closed": Plan("closed", api=False),
    "three": Plan("three", spacing_s=0, daily_calls=3),
    "homed": Plan("homed", spacing_s=0, daily_calls=0, one_ip=True, ip_release_s=900),
    "by-ip": Plan("by-ip", spacing_key="ip", daily_calls=0),
    "by-token": Plan("by-token", spacing_key="token", daily_calls=0),
    "tight": Plan("tight", one_ip=True, daily_calls=2),
}


@pytest.fixture
def core(engine: Engine, clock: HandClock, ids: CountedIds, tmp_path: Path) -> Core:
    return core_over(engine, clock, ids, tmp_path, PLANS)


@pytest.fixture
def gate(core: Core) -> Gate:
    return Gate(core)


async def token_of(core: Core, plan: str = "standard", account_id: str | None = None) -> str:
    if account_id is None:
        account_id = (await core.accounts.add_account("Acme", plan=plan)).account_id
    return (await core.credentials.add_call_token(account_id)).secret


async def admitted(gate: Gate, secret: str, address: str = HERE) -> str:
    try:
        await gate.admit(Kind.CALL_TOKEN, secret, address=address)
    except Refused as refusal:
        return type(refusal).__name__
    return "accepted"


async def test_a_token_of_the_main_user_opens_the_account_with_everything_in_sight(core: Core, gate: Gate) -> None:
    account = await core.accounts.add_account("Acme", plan="unlimited")
    issued = await core.credentials.add_call_token(account.account_id)
    assert len(issued.secret) == 40
    workspace = await gate.admit(Kind.CALL_TOKEN, issued.secret, address=HERE)
    assert workspace.account == account
    assert workspace.principal.role is Role.MAIN
    assert workspace.principal.permissions.all_devices
    assert workspace.principal.credential_id == issued.credential.credential_id
    assert workspace.standing is None
    assert workspace.level == "account"


async def test_no_token_and_a_wrong_one_are_told_apart_in_the_log_only(gate: Gate) -> None:
    with pytest.raises(Unknown) as missing:
        await gate.admit(Kind.CALL_TOKEN, "", address=HERE)
    with pytest.raises(Unknown) as wrong:
        await gate.admit(Kind.CALL_TOKEN, "x\x00\ud800", address=HERE)
    assert (missing.value.reason, wrong.value.reason) == ("missing", "unknown")
    assert wrong.value.credential_id is None


async def test_a_secret_of_another_kind_opens_nothing(core: Core, gate: Gate) -> None:
    account = await core.accounts.add_account("Acme", plan="unlimited")
    client = await core.credentials.add_client(account.account_id)
    assert client.key is not None
    for secret in (client.key.secret, client.client.secret):
        with pytest.raises(Unknown):
            await gate.admit(Kind.CALL_TOKEN, secret, address=HERE)


async def test_revoking_disabling_and_closing_hold_for_the_next_call_of_any_worker(core: Core, gate: Gate) -> None:
    account = await core.accounts.add_account("Acme", plan="unlimited")
    user, _ = await core.accounts.add_user(account.account_id, "ann@example.org", role=Role.ADMINISTRATOR)
    main = await core.credentials.add_call_token(account.account_id)
    hers = await core.credentials.add_call_token(account.account_id, user_id=user.user_id)
    spare = await core.credentials.add_call_token(account.account_id)
    assert [await admitted(gate, issued.secret) for issued in (main, hers, spare)] == ["accepted"] * 3
    await core.credentials.revoke(spare.credential.credential_id)
    assert await admitted(gate, spare.secret) == "Unknown"
    await core.accounts.disable_user(user.user_id)
    assert await admitted(gate, hers.secret) == "Unknown"
    await core.accounts.enable_user(user.user_id)
    assert await admitted(gate, hers.secret) == "accepted"
    await core.accounts.close_account(account.account_id)
    assert [await admitted(gate, issued.secret) for issued in (main, hers)] == ["Unknown"] * 2


async def test_closing_a_partner_closes_the_accounts_it_serves(core: Core, gate: Gate) -> None:
    partner = await core.accounts.add_partner("Serves many")
    account = await core.accounts.add_account("Acme", partner_id=partner.partner_id, plan="unlimited")
    secret = await token_of(core, account_id=account.account_id)
    workspace = await gate.admit(Kind.CALL_TOKEN, secret, address=HERE)
    assert workspace.principal.partner_id == partner.partner_id
    await core.accounts.close_partner(partner.partner_id)
    assert await admitted(gate, secret) == "Unknown"


async def test_a_member_sees_what_is_granted_as_of_this_very_call(core: Core, gate: Gate) -> None:
    account = await core.accounts.add_account("Acme", plan="unlimited")
    user, _ = await core.accounts.add_user(account.account_id, "bob@example.org")
    secret = (await core.credentials.add_call_token(account.account_id, user_id=user.user_id)).secret
    first = await gate.admit(Kind.CALL_TOKEN, secret, address=HERE)
    assert first.principal.role is Role.MEMBER
    assert first.principal.permissions == Permissions()
    granted = Permissions(devices=frozenset({7, 9}), withhold=frozenset({"location"}), history_days=30)
    await core.accounts.set_permissions(user.user_id, granted)
    second = await gate.admit(Kind.CALL_TOKEN, secret, address=HERE)
    assert second.principal.permissions == granted


async def test_an_administrator_sees_everything_whatever_was_granted(core: Core, gate: Gate) -> None:
    account = await core.accounts.add_account("Acme", plan="unlimited")
    user, _ = await core.accounts.add_user(account.account_id, "ann@example.org", role=Role.ADMINISTRATOR)
    secret = (await core.credentials.add_call_token(account.account_id, user_id=user.user_id)).secret
    workspace = await gate.admit(Kind.CALL_TOKEN, secret, address=HERE)
    assert workspace.principal.permissions.all_devices
    assert workspace.principal.administers


async def test_a_refusal_for_spacing_starts_the_minute_anew(core: Core, gate: Gate, clock: HandClock) -> None:
    told = await answers(gate, clock, await token_of(core), [0, 30, 61, 121])
    assert told == ["accepted", "TooSoon", "TooSoon", "accepted"]


@pytest.mark.parametrize(("second", "told"), [(59.4, "TooSoon"), (59.5, "accepted")])
async def test_half_a_second_of_jitter_is_borne(
    core: Core, gate: Gate, clock: HandClock, second: float, told: str
) -> None:
    assert await answers(gate, clock, await token_of(core), [0, second]) == ["accepted", told]


async def test_the_tenth_violation_in_a_row_blocks_until_an_operator_lifts_it(
    core: Core, gate: Gate, clock: HandClock
) -> None:
    account = await core.accounts.add_account("Acme")
    issued = await core.credentials.add_call_token(account.account_id)
    told = await answers(gate, clock, issued.secret, [float(second) for second in range(13)])
    assert told == ["accepted", *["TooSoon"] * 10, "Blocked", "Blocked"]
    clock.move(86_400 * 400)
    assert await admitted(gate, issued.secret) == "Blocked"
    listed = await core.credentials.credentials(account_id=account.account_id)
    assert [credential.state(clock.ms) for credential in listed] == ["blocked"]
    # another token of the same account was never blocked
    assert await admitted(gate, await token_of(core, account_id=account.account_id)) == "accepted"
    await core.credentials.unblock(issued.credential.credential_id)
    clock.move(61)
    assert await answers(gate, clock, issued.secret, [0, 1]) == ["accepted", "TooSoon"]


async def test_an_accepted_call_ends_the_row_of_violations(core: Core, gate: Gate, clock: HandClock) -> None:
    secret = await token_of(core)
    for _ in range(4):
        told = await answers(gate, clock, secret, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
        assert told == ["accepted", *["TooSoon"] * 9]
        clock.move(60)
    assert await admitted(gate, secret) == "accepted"


async def test_call_101_of_a_day_is_refused_and_midnight_gives_all_back(
    core: Core, gate: Gate, clock: HandClock
) -> None:
    clock.ms = 1_773_100_800_000
    secret = await token_of(core)
    assert await answers(gate, clock, secret, [60.0 * n for n in range(101)]) == ["accepted"] * 100 + ["QuotaUsed"]
    clock.move(60)
    with pytest.raises(QuotaUsed) as refused:
        await gate.admit(Kind.CALL_TOKEN, secret, address=HERE)
    assert refused.value.retry_after_s == 86_400 - 60 * 101
    assert refused.value.standing is not None
    assert (refused.value.standing.limit, refused.value.standing.remaining) == (100, 0)
    assert refused.value.standing.reset_at_s == 1_773_187_200
    clock.ms = 1_773_187_199_999
    assert await admitted(gate, secret) == "QuotaUsed"
    clock.ms = 1_773_187_200_000
    # a refusal for quota restarts the spacing too
    assert await admitted(gate, secret) == "TooSoon"
    clock.move(60)
    workspace = await gate.admit(Kind.CALL_TOKEN, secret, address=HERE)
    assert workspace.standing is not None
    assert workspace.standing.remaining == 99


async def test_the_quota_is_the_account_s_over_all_its_tokens_and_no_other_account_s(
    core: Core, gate: Gate, clock: HandClock
) -> None:
    account = await core.accounts.add_account("Acme", plan="three")
    tokens = [await token_of(core, account_id=account.account_id) for _ in range(2)]
    other = await token_of(core, plan="three")
    told = [await admitted(gate, tokens[number % 2]) for number in range(4)]
    assert told == ["accepted", "accepted", "accepted", "QuotaUsed"]
    assert await admitted(gate, other) == "accepted"


async def test_a_call_that_failed_for_us_gets_its_unit_back_once(core: Core, gate: Gate, clock: HandClock) -> None:
    secret = await token_of(core, plan="three")
    workspace = await gate.admit(Kind.CALL_TOKEN, secret, address=HERE)
    assert workspace.standing is not None
    assert workspace.standing.remaining == 2
    after = await gate.refund(workspace)
    assert after is not None
    assert after.remaining == 3
    # a unit of yesterday is nobody's today
    late = await gate.admit(Kind.CALL_TOKEN, secret, address=HERE)
    clock.move(86_400)
    assert await admitted(gate, secret) == "accepted"
    again = await gate.refund(late)
    assert again is not None
    assert again.remaining == 2


async def test_one_address_is_bound_until_it_has_been_silent(core: Core, gate: Gate, clock: HandClock) -> None:
    secret = await token_of(core, plan="homed")
    assert await admitted(gate, secret, HERE) == "accepted"
    clock.move(899)
    with pytest.raises(AddressRefused) as refused:
        await gate.admit(Kind.CALL_TOKEN, secret, address=THERE)
    assert refused.value.retry_after_s == 1
    assert await admitted(gate, secret, HERE) == "accepted"
    clock.move(899.999)
    assert await admitted(gate, secret, THERE) == "AddressRefused"
    clock.move(0.001)
    assert await admitted(gate, secret, THERE) == "accepted"
    assert await admitted(gate, secret, HERE) == "AddressRefused"


async def test_addresses_of_one_sixty_four_count_as_one(core: Core, gate: Gate) -> None:
    secret = await token_of(core, plan="homed")
    assert await admitted(gate, secret, "2001:db8:0:1::1") == "accepted"
    assert await admitted(gate, secret, "2001:db8:0:1:ffff::2") == "accepted"
    assert await admitted(gate, secret, "2001:db8:0:2::1") == "AddressRefused"


async def test_what_the_spacing_counts_is_the_plan_s_choice(core: Core, gate: Gate, clock: HandClock) -> None:
    both: dict[str, list[str]] = {}
    for plan in ("standard", "by-ip", "by-token"):
        clock.move(1000)
        first = await token_of(core, plan=plan)
        second = await token_of(core, plan=plan)
        calls = [(first, HERE), (first, THERE), (second, HERE)]
        both[plan] = [await admitted(gate, secret, address) for secret, address in calls]
    assert both["standard"] == ["accepted", "accepted", "accepted"]
    assert both["by-ip"] == ["accepted", "accepted", "TooSoon"]
    assert both["by-token"] == ["accepted", "TooSoon", "accepted"]


async def test_the_checks_run_in_the_documented_order(core: Core, gate: Gate, clock: HandClock) -> None:
    closed = await token_of(core, plan="closed")
    with pytest.raises(NotInPlan):
        await gate.admit(Kind.CALL_TOKEN, closed, address=HERE)
    secret = await token_of(core, plan="tight")
    assert await admitted(gate, secret, HERE) == "accepted"
    # too soon and from a foreign address: the address answers, and costs nothing
    clock.move(1)
    assert await admitted(gate, secret, THERE) == "AddressRefused"
    clock.move(58.5)
    assert await admitted(gate, secret, HERE) == "accepted"
    # too soon and without quota: the spacing answers
    clock.move(1)
    assert await admitted(gate, secret, HERE) == "TooSoon"
    clock.move(60)
    assert await admitted(gate, secret, HERE) == "QuotaUsed"


async def test_a_blocked_token_of_a_plan_without_the_api_hears_of_the_plan_first(
    core: Core, gate: Gate, clock: HandClock
) -> None:
    account = await core.accounts.add_account("Acme")
    issued = await core.credentials.add_call_token(account.account_id)
    await answers(gate, clock, issued.secret, [float(second) for second in range(11)])
    with pytest.raises(Blocked) as refused:
        await gate.admit(Kind.CALL_TOKEN, issued.secret, address=HERE)
    assert refused.value.credential_id == issued.credential.credential_id
    assert refused.value.account_id == account.account_id
    await core.accounts.set_plan(account.account_id, "closed")
    assert await admitted(gate, issued.secret) == "NotInPlan"


async def test_of_simultaneous_calls_exactly_one_passes(core: Core, gate: Gate, clock: HandClock) -> None:
    secret = await token_of(core)
    other_worker = Gate(core)
    told = await asyncio.gather(*(admitted(worker, secret) for worker in (gate, other_worker) for _ in range(3)))
    assert sorted(told) == ["TooSoon"] * 5 + ["accepted"]


async def test_ten_simultaneous_calls_use_the_quota_no_further_than_it_goes(core: Core, gate: Gate) -> None:
    secret = await token_of(core, plan="three")
    told = await asyncio.gather(*(admitted(gate, secret) for _ in range(10)))
    assert sorted(told) == ["QuotaUsed"] * 7 + ["accepted"] * 3


async def test_another_plan_is_felt_by_the_next_call(core: Core, gate: Gate, clock: HandClock) -> None:
    account = await core.accounts.add_account("Acme")
    secret = await token_of(core, account_id=account.account_id)
    assert await answers(gate, clock, secret, [0, 1]) == ["accepted", "TooSoon"]
    await core.accounts.set_plan(account.account_id, "unlimited")
    assert await answers(gate, clock, secret, [0, 0, 0]) == ["accepted"] * 3
    await core.accounts.set_plan(account.account_id, "standard")
    with pytest.raises(TooSoon) as refused:
        await gate.admit(Kind.CALL_TOKEN, secret, address=HERE)
    assert refused.value.retry_after_s == 60


async def test_a_plan_that_the_settings_no_longer_define_counts_as_standard(
    core: Core, gate: Gate, engine: Engine, clock: HandClock, ids: CountedIds, tmp_path: Path
) -> None:
    secret = await token_of(core, plan="by-token")
    without = Gate(core_over(engine, clock, ids, tmp_path))
    assert (await without.admit(Kind.CALL_TOKEN, secret, address=HERE)).plan.name == "standard"


async def test_an_unlimited_call_of_a_known_caller_glances_once_and_writes_nothing(
    core: Core, gate: Gate, engine: Engine
) -> None:
    secret = await token_of(core, plan="unlimited")
    counts = []
    for _ in range(3):
        before = engine.statements  # type: ignore[attr-defined]  # both engines count, the port does not ask for it
        assert await admitted(gate, secret) == "accepted"
        counts.append(engine.statements - before)  # type: ignore[attr-defined]  # as above
    assert counts == [2, 1, 1]


async def test_last_use_is_written_in_batches_and_survives(core: Core, gate: Gate, clock: HandClock) -> None:
    account = await core.accounts.add_account("Acme", plan="unlimited")
    issued = await core.credentials.add_call_token(account.account_id)
    for address in (HERE, THERE):
        clock.move(1)
        await gate.admit(Kind.CALL_TOKEN, issued.secret, address=address)
    await gate.uses.flush()
    (listed,) = await core.credentials.credentials(account_id=account.account_id)
    assert (listed.last_used_at_ms, listed.last_address) == (clock.ms, THERE)
    # a worker that writes an older use later hides nothing
    slow = Gate(core)
    slow.uses.note(issued.credential.credential_id, clock.ms - 5000, HERE)
    await slow.uses.flush()
    (listed,) = await core.credentials.credentials(account_id=account.account_id)
    assert (listed.last_used_at_ms, listed.last_address) == (clock.ms, THERE)


async def test_sweeping_forgets_what_is_over_and_nothing_else(core: Core, gate: Gate, clock: HandClock) -> None:
    secret = await token_of(core, plan="three")
    assert await admitted(gate, secret) == "accepted"
    assert await gate.sweep() == 0
    assert [await admitted(gate, secret) for _ in range(3)] == ["accepted", "accepted", "QuotaUsed"]
    clock.move(86_400 * 4)
    assert await gate.sweep() == 1
    assert await admitted(gate, secret) == "accepted"
