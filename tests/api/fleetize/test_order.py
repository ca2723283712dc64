"""Checks run in the documented order, and each refusal costs what the table says."""

import asyncio
from typing import Any

import pytest

from fleetline.core.views import DeviceView
from fleetline.model.errors import Unavailable
from fleetline.model.limits import Plan
from tests.api.fleetize.conftest import MakeWorld
from tests.api.fleetize.desk import Car, MemoryDesk
from tests.api.fleetize.world import BLOCKED, INVALID_TOKEN, TOO_SOON, World
from tests.kit import HandClock

OPEN = Plan("open", spacing_s=0, daily_calls=0)
QUOTA = "ERROR #9004 - DAILY QUOTA EXCEEDED"
NOT_INCLUDED = "ERROR #9009 - NOT INCLUDED IN PLAN"


async def at(world: World, seconds: list[float], **options: Any) -> list[str]:
    """The text of the answer (OK for a success) to a call at each of these seconds after now."""
    start, texts = world.clock.ms, []
    for second in seconds:
        world.clock.ms = start + round(second * 1000)
        answer = await world.call("devicelist", **options)
        texts.append("OK" if answer.status == 200 else answer.text)
    return texts


async def test_a_refusal_for_spacing_starts_the_sixty_seconds_anew(make: MakeWorld) -> None:
    world = await make(plan="standard")
    assert await at(world, [0, 30, 61, 121]) == ["OK", TOO_SOON, TOO_SOON, "OK"]


async def test_half_a_second_of_jitter_is_forgiven_and_no_more(make: MakeWorld) -> None:
    world = await make(plan="standard")
    assert await at(world, [0, 59.5]) == ["OK", "OK"]
    assert await at(world, [59.4]) == [TOO_SOON]


async def test_the_tenth_refusal_in_a_row_blocks_the_token_until_an_operator_lifts_it(make: MakeWorld) -> None:
    world = await make(plan="standard")
    assert await at(world, [float(second) for second in range(12)]) == ["OK", *[TOO_SOON] * 10, BLOCKED]
    world.clock.move(86_400 * 30)
    answer = await world.call("devicelist")
    assert (answer.status, answer.text, answer.header("content-length")) == (403, BLOCKED, "58")
    fresh = await world.another_token()
    assert (await world.call("devicelist", fresh)).status == 200


async def test_the_threshold_line_is_byte_for_byte_the_vendors(make: MakeWorld) -> None:
    world = await make(plan="standard")
    await world.call("devicelist")
    answer = await world.call("devicelist")
    assert (answer.status, answer.text, answer.header("content-length")) == (429, TOO_SOON, "107")
    assert answer.header("retry-after") == "60"


async def test_a_plan_with_another_spacing_says_so_in_retry_after(make: MakeWorld) -> None:
    world = await make(plan="quick", plans={"quick": Plan("quick", spacing_s=10)})
    await world.call("devicelist")
    assert (await world.call("devicelist")).header("retry-after") == "10"


async def test_accounts_behind_one_address_do_not_hinder_each_other_nor_one_account_at_two(make: MakeWorld) -> None:
    world = await make(plan="standard")
    other = await world.core.accounts.add_account("Other", plan="standard")
    foreign = (await world.core.credentials.add_call_token(other.account_id)).secret
    assert (await world.call("devicelist")).status == 200
    assert (await world.call("devicelist", foreign)).status == 200
    assert (await world.call("devicelist", address="198.51.100.9")).status == 200
    assert (await world.call("devicelist")).status == 429


async def test_ipv6_addresses_count_by_their_64(make: MakeWorld) -> None:
    world = await make(plan="standard")
    assert (await world.call("devicelist", address="2001:db8:0:1::1")).status == 200
    assert (await world.call("devicelist", address="2001:db8:0:1:ffff::2")).status == 429
    assert (await world.call("devicelist", address="2001:db8:0:2::1")).status == 200


async def test_call_101_of_a_utc_day_is_refused_until_midnight(make: MakeWorld, clock: HandClock) -> None:
    world = await make(plan="standard")
    clock.ms = clock.ms // 86_400_000 * 86_400_000
    midnight_s = clock.ms // 1000 + 86_400
    assert await at(world, [864.0 * call for call in range(100)]) == ["OK"] * 100
    clock.ms = midnight_s * 1000 - 100_000
    answer = await world.call("devicelist")
    assert (answer.status, answer.text, answer.header("retry-after")) == (429, QUOTA, "100")
    rate = [answer.header(f"x-ratelimit-{name}") for name in ("limit", "remaining", "reset")]
    assert rate == ["100", "0", str(midnight_s)]
    clock.ms = midnight_s * 1000
    answer = await world.call("devicelist")
    assert (answer.status, answer.header("x-ratelimit-remaining")) == (200, "99")


async def test_one_call_each_quarter_of_an_hour_is_never_refused(make: MakeWorld) -> None:
    world = await make(plan="standard")
    assert await at(world, [900.0 * call for call in range(120)]) == ["OK"] * 120


async def test_what_is_left_stands_on_answers_from_the_quota_check_on(make: MakeWorld) -> None:
    world = await make(plan="standard")
    world.clock.move(0)
    assert (await world.call("nothing")).header("x-ratelimit-remaining") == "99"
    assert (await world.call("devicelist")).header("x-ratelimit-remaining") is None
    world.clock.move(61)
    assert (await world.call("device", device="x")).header("x-ratelimit-remaining") == "98"


async def test_refusals_before_the_spacing_cost_nothing(make: MakeWorld) -> None:
    world = await make(plan="standard")
    assert (await world.call("devicelist", "wrong")).text == INVALID_TOKEN
    assert (await world.call("devicelist", x="x" * 70_000)).status == 413
    answer = await world.call("devicelist")
    assert (answer.status, answer.header("x-ratelimit-remaining")) == (200, "99")


async def test_one_address_at_a_time_where_the_plan_says_so(make: MakeWorld) -> None:
    plan = Plan("homed", spacing_s=0, daily_calls=0, one_ip=True, ip_release_s=900)
    world = await make(plan="homed", plans={"homed": plan})
    assert (await world.call("devicelist", address="192.0.2.1")).status == 200
    world.clock.move(300)
    answer = await world.call("devicelist", address="192.0.2.2")
    assert (answer.status, answer.text) == (403, "ERROR #9006 - IP ADDRESS NOT ALLOWED")
    assert answer.header("retry-after") == "600"
    world.clock.move(600)
    assert (await world.call("devicelist", address="192.0.2.2")).status == 200
    assert (await world.call("devicelist", address="192.0.2.1")).status == 403


async def test_an_api_or_an_action_outside_the_plan_is_refused(make: MakeWorld) -> None:
    plans = {
        "closed": Plan("closed", api=False),
        "lists": Plan("lists", actions=frozenset({"devicelist"}), spacing_s=0, daily_calls=5),
    }
    closed = await make(plan="closed", plans=plans)
    answer = await closed.call("devicelist")
    assert (answer.status, answer.text, answer.header("x-ratelimit-limit")) == (403, NOT_INCLUDED, None)
    await closed.core.accounts.set_plan(closed.account_id, "lists")
    assert (await closed.call("devicelist")).status == 200
    answer = await closed.call("device", device="not even looked at")
    assert (answer.status, answer.text, answer.header("x-ratelimit-remaining")) == (403, NOT_INCLUDED, "3")
    assert (await closed.call("nothing")).text == "ERROR #9001 - UNKNOWN ACTION"


@pytest.mark.parametrize(
    ("action", "fields", "text"),
    [
        ("device", {}, "ERROR #9003 - INVALID PARAMETER: device"),
        ("device", {"device": "x", "time": "y"}, "ERROR #9003 - INVALID PARAMETER: device"),
        ("device", {"device": "7", "time": "1773140400000"}, "ERROR #9003 - INVALID PARAMETER: time"),
        ("device", {"device": "8", "time": "y"}, "ERROR #9003 - INVALID PARAMETER: time"),
        ("device", {"device": "8"}, "ERROR #9002 - UNKNOWN DEVICE"),
        ("device", {"device": "356307042441013"}, "ERROR #9002 - UNKNOWN DEVICE"),
        ("device", {"device": "9007199254740992"}, "ERROR #9003 - INVALID PARAMETER: device"),
        ("devicelist", {"activity_after": "-1"}, "ERROR #9003 - INVALID PARAMETER: activity_after"),
        ("devicelist", {"activity_after": "1e3", "device": "x"}, "ERROR #9003 - INVALID PARAMETER: activity_after"),
    ],
)
async def test_the_first_bad_parameter_is_named(
    make: MakeWorld, van: Car, action: str, fields: dict[str, str], text: str
) -> None:
    answer = await (await make(van)).call(action, **fields)
    assert answer.text == text
    assert answer.status == (404 if "DEVICE" in text and "9002" in text else 400)


async def test_parameters_of_the_other_action_are_ignored(make: MakeWorld, van: Car) -> None:
    world = await make(van)
    assert (await world.call("devicelist", device="x", time="y")).status == 200
    assert (await world.call("device", device=7, activity_after="x")).status == 200


async def test_history_ends_where_plan_or_user_says(make: MakeWorld, van: Car) -> None:
    plans = {"short": Plan("short", spacing_s=0, daily_calls=0, history_days=3)}
    world = await make(van, plan="short", plans=plans)
    member = await world.member("devices=all;history=1")
    today_s = world.clock.ms // 86_400_000 * 86_400
    for token, days in ((world.token, 3), (member, 1)):
        assert (await world.call("device", token, device=7, time=today_s - days * 86_400)).status == 200
        answer = await world.call("device", token, device=7, time=today_s - days * 86_400 - 1)
        assert (answer.status, answer.text) == (403, NOT_INCLUDED)
    assert (await world.call("device", device=7, time=today_s + 86_400 * 400)).status == 200
    assert (await world.call("device", device=8, time=0)).text == "ERROR #9002 - UNKNOWN DEVICE"
    world.clock.move(86_400 * 4)
    assert (await world.call("device", device=7)).text == NOT_INCLUDED


class Slow(MemoryDesk):
    """A desk whose store takes for ever."""

    async def devices(self, now_ms: int) -> list[DeviceView]:
        await asyncio.sleep(60)
        raise AssertionError("the work was not stopped")


async def test_work_beyond_the_plans_processing_time_is_stopped_and_counted(make: MakeWorld) -> None:
    world = await make(plan="swift", plans={"swift": Plan("swift", spacing_s=0, daily_calls=9, processing_s=0.02)})
    object.__setattr__(world.core, "history", Slow())
    answer = await world.call("devicelist")
    assert (answer.status, answer.text) == (503, "ERROR #9005 - PROCESSING TIME EXCEEDED")
    assert (answer.header("retry-after"), answer.header("x-ratelimit-remaining")) == ("60", "8")


class Faulty(MemoryDesk):
    """A desk that fails the way it is told to."""

    def __init__(self, fault: Exception) -> None:
        super().__init__()
        self.fault = fault

    async def devices(self, now_ms: int) -> list[DeviceView]:
        raise self.fault


@pytest.mark.parametrize(
    ("fault", "status", "text", "retry"),
    [
        (ZeroDivisionError("secret"), 500, "ERROR #9500 - INTERNAL ERROR", None),
        (Unavailable("disk full"), 503, "ERROR #9503 - TEMPORARILY UNAVAILABLE", "10"),
    ],
)
async def test_a_call_that_fails_for_us_gives_its_quota_unit_back(
    make: MakeWorld, fault: Exception, status: int, text: str, retry: str | None
) -> None:
    world = await make(plan="few", plans={"few": Plan("few", spacing_s=0, daily_calls=2)})
    whole = world.core.history
    object.__setattr__(world.core, "history", Faulty(fault))
    for _ in range(5):
        answer = await world.call("devicelist")
        assert (answer.status, answer.text, answer.header("retry-after")) == (status, text, retry)
        assert answer.header("x-ratelimit-remaining") == "2"
    object.__setattr__(world.core, "history", whole)
    statuses = [(await world.call("devicelist")).status for _ in range(3)]
    assert statuses == [200, 200, 429]


async def test_of_calls_at_the_same_instant_exactly_one_passes(make: MakeWorld) -> None:
    world = await make(plan="standard")
    answers = await asyncio.gather(*(world.call("devicelist") for _ in range(6)))
    assert sorted(answer.status for answer in answers) == [200, 429, 429, 429, 429, 429]
