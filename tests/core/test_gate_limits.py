"""The arithmetic of limits holds for any caller, not only for the worked examples."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleetline.model.errors import Invalid
from fleetline.model.limits import (
    BUILT_IN,
    DAY_MS,
    STANDARD,
    UNLIMITED,
    Answer,
    Bucket,
    CallState,
    Failures,
    Plan,
    address_key,
    judge,
    may_fail,
    plans_of,
    quota_standing,
    refund,
    take,
)

HERE, THERE = "192.0.2.1", "198.51.100.7"
START = 1_773_100_800_000

gaps_ms = st.lists(st.one_of(st.integers(0, 2_000), st.integers(55_000, 65_000), st.integers(0, DAY_MS)), max_size=60)


def run(plan: Plan, times_ms: list[int], addresses: list[str] | None = None) -> list[Answer]:
    state, told = CallState(), []
    for index, now_ms in enumerate(times_ms):
        state, verdict = judge(plan, state, now_ms, addresses[index] if addresses else HERE)
        told.append(verdict.answer)
    return told


def instants(gaps: list[int]) -> list[int]:
    times, now_ms = [], START
    for gap in gaps:
        now_ms += gap
        times.append(now_ms)
    return times


@given(gaps_ms)
def test_no_two_calls_pass_within_the_spacing_however_hard_one_tries(gaps: list[int]) -> None:
    times = instants(gaps)
    passed = [at for at, answer in zip(times, run(STANDARD, times), strict=True) if answer is Answer.ACCEPTED]
    assert all(later - earlier >= 59_500 for earlier, later in itertools.pairwise(passed))


@given(gaps_ms)
def test_a_call_is_refused_for_spacing_just_when_the_try_before_was_too_near(gaps: list[int]) -> None:
    plan = Plan("endless", block_after=0, daily_calls=0)
    times = instants(gaps)
    expected = [
        Answer.SPACING if index and times[index] - times[index - 1] < 59_500 else Answer.ACCEPTED
        for index in range(len(times))
    ]
    assert run(plan, times) == expected


@given(st.lists(st.integers(-500, 500), min_size=2, max_size=300))
def test_a_caller_that_polls_each_minute_with_jitter_is_never_too_soon(jitter_ms: list[int]) -> None:
    plan = Plan("uncounted", daily_calls=0)
    times = [START + 60_000 * index + shift // 2 for index, shift in enumerate(jitter_ms)]
    assert set(run(plan, times)) == {Answer.ACCEPTED}


def test_one_call_each_quarter_of_an_hour_is_never_refused() -> None:
    assert set(run(STANDARD, [START + 900_000 * index for index in range(96 * 5)])) == {Answer.ACCEPTED}


@given(gaps_ms, st.integers(1, 6))
def test_a_token_is_blocked_from_the_nth_violation_in_a_row_on_and_never_before(gaps: list[int], bears: int) -> None:
    told = run(Plan("strict", block_after=bears, daily_calls=0), instants(gaps))
    row, blocked = 0, False
    for answer in told:
        assert (answer is Answer.BLOCKED) is blocked
        row = row + 1 if answer is Answer.SPACING else 0
        blocked = blocked or row == bears


@given(gaps_ms, st.integers(1, 8))
def test_no_day_ever_sees_more_calls_than_its_quota(gaps: list[int], quota: int) -> None:
    times = instants(gaps)
    told = run(Plan("few", spacing_s=0, daily_calls=quota), times)
    per_day: dict[int, int] = {}
    for at, answer in zip(times, told, strict=True):
        used = per_day.get(at // DAY_MS, 0)
        assert (answer is Answer.QUOTA) is (used >= quota)
        per_day[at // DAY_MS] = used + (answer is Answer.ACCEPTED)


@given(st.lists(st.tuples(st.integers(0, 500_000), st.sampled_from([HERE, THERE, "203.0.113.9"])), max_size=40))
def test_a_second_address_never_passes_while_the_bound_one_is_not_silent(calls: list[tuple[int, str]]) -> None:
    times, places = instants([gap for gap, _ in calls]), [place for _, place in calls]
    told = run(Plan("homed", spacing_s=0, daily_calls=0, one_ip=True, ip_release_s=900), times, places)
    bound, heard_ms = "", 0
    for at, place, answer in zip(times, places, told, strict=True):
        free = bound in ("", place) or at - heard_ms >= 900_000
        assert (answer is Answer.ACCEPTED) is free
        if free:
            bound, heard_ms = place, at


def test_a_refusal_for_the_wrong_address_costs_neither_spacing_nor_violation_nor_quota() -> None:
    plan = Plan("homed", one_ip=True)
    bound, _ = judge(plan, CallState(), START, HERE)
    after, verdict = judge(plan, bound, START + 1_000, THERE)
    assert (after, verdict.answer, verdict.retry_after_s) == (bound, Answer.ADDRESS, 899)


def test_a_bound_address_that_is_refused_for_spacing_is_not_silent() -> None:
    plan = Plan("homed", one_ip=True, ip_release_s=60)
    state, _ = judge(plan, CallState(), START, HERE)
    state, verdict = judge(plan, state, START + 40_000, HERE)
    assert verdict.answer is Answer.SPACING
    assert judge(plan, state, START + 99_000, THERE)[1].answer is Answer.ADDRESS


def test_a_clock_that_was_set_back_costs_one_refusal_and_no_more() -> None:
    state, _ = judge(STANDARD, CallState(), START, HERE)
    state, refused = judge(STANDARD, state, START - 3_600_000, HERE)
    _, accepted = judge(STANDARD, state, START - 3_600_000 + 60_000, HERE)
    assert (refused.answer, accepted.answer) == (Answer.SPACING, Answer.ACCEPTED)


def test_a_host_whose_clock_lags_over_midnight_gets_no_second_quota() -> None:
    plan = Plan("one", spacing_s=0, daily_calls=1)
    state, first = judge(plan, CallState(), START + DAY_MS, HERE)
    state, second = judge(plan, state, START + DAY_MS - 5, HERE)
    assert (first.answer, second.answer) == (Answer.ACCEPTED, Answer.QUOTA)
    assert state.day == (START + DAY_MS) // DAY_MS


@given(st.integers(0, 5), st.integers(0, 5))
def test_a_refund_never_gives_more_than_was_taken(taken: int, returned: int) -> None:
    plan = Plan("few", spacing_s=0, daily_calls=5)
    state = CallState()
    for _ in range(taken):
        state, _ = judge(plan, state, START, HERE)
    for _ in range(returned):
        state = refund(state, START // DAY_MS)
    standing = quota_standing(plan, state, START)
    assert standing is not None
    assert standing.remaining == 5 - max(0, taken - returned)


def test_a_bucket_passes_six_at_once_and_one_more_a_third_of_a_second_later() -> None:
    bucket: Bucket | None = None
    waits = []
    for _ in range(8):
        bucket, wait_s, standing = take(3, 6, bucket, START)
        waits.append(wait_s)
    assert waits == [0] * 6 + [1, 1]
    assert (standing.limit, standing.remaining, standing.reset_in_s) == (6, 0, 2)
    bucket, wait_s, _ = take(3, 6, bucket, START + 333)
    assert wait_s == 0
    assert take(3, 6, bucket, START + 333)[1] == 1


@given(st.integers(0, 400))
def test_a_caller_at_the_very_rate_is_never_refused_though_the_clock_counts_milliseconds(phase_ms: int) -> None:
    bucket: Bucket | None = None
    for _ in range(6):
        bucket, _, _ = take(3, 6, bucket, START)
    for index in range(1, 200):
        bucket, wait_s, _ = take(3, 6, bucket, START + phase_ms + index * 1000 // 3)
        assert wait_s == 0


@pytest.mark.parametrize("step_ms", [1, 7, 50, 333])
def test_hammering_for_ten_seconds_passes_36_at_most_and_nearly_that(step_ms: int) -> None:
    bucket: Bucket | None = None
    passed = 0
    for now_ms in range(START, START + 10_001, step_ms):
        bucket, wait_s, _ = take(3, 6, bucket, now_ms)
        passed += wait_s == 0
    assert passed <= 36
    assert passed >= min(35, 10_000 // step_ms)


@given(st.lists(st.integers(0, 900), max_size=80), st.integers(1, 20), st.integers(1, 20))
def test_what_a_bucket_lets_pass_never_exceeds_burst_and_rate_in_any_stretch(
    gaps: list[int], rate: int, burst: int
) -> None:
    bucket: Bucket | None = None
    passed = []
    for now_ms in instants(gaps):
        bucket, wait_s, standing = take(rate, burst, bucket, now_ms)
        assert 0 <= standing.remaining <= burst
        if wait_s == 0:
            passed.append(now_ms)
    for index, first in enumerate(passed):
        for count, last in enumerate(passed[index:], 1):
            assert count <= burst + rate * (last - first + 1) / 1000 + 1e-9


@given(st.lists(st.integers(0, 900), max_size=60))
def test_the_wait_that_a_full_up_bucket_names_is_enough(gaps: list[int]) -> None:
    bucket: Bucket | None = None
    for now_ms in instants(gaps):
        bucket, wait_s, _ = take(0.5, 2, bucket, now_ms)
        if wait_s:
            assert take(0.5, 2, bucket, now_ms + wait_s * 1000)[1] == 0


def test_a_host_whose_clock_lags_refills_no_bucket_twice() -> None:
    bucket: Bucket | None = None
    for _ in range(6):
        bucket, _, _ = take(3, 6, bucket, START + 2_000)
    for _ in range(5):
        bucket, lagging, _ = take(3, 6, bucket, START)
        bucket, ahead, _ = take(3, 6, bucket, START + 2_000)
        assert (lagging, ahead) == (1, 1)


@given(st.lists(st.integers(0, 20_000), max_size=60))
def test_after_ten_failures_in_a_minute_the_eleventh_has_to_wait(gaps: list[int]) -> None:
    failures, counted = Failures(), list[int]()
    for now_ms in instants(gaps):
        failures, wait_s = may_fail(failures, now_ms, 10, 60_000)
        recent = [at for at in counted if at > now_ms - 60_000]
        assert (wait_s > 0) is (len(recent) >= 10)
        if wait_s == 0:
            counted.append(now_ms)
        assert len(failures.at_ms) <= 10


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:0:1::1", "2001:db8:0:1::/64"),
        ("2001:DB8:0:1:ffff:ffff:ffff:ffff", "2001:db8:0:1::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("unix:", "unix:"),
    ],
)
def test_addresses_count_as_themselves_or_by_their_sixty_four(address: str, key: str) -> None:
    assert address_key(address) == key


def test_the_built_in_plans_are_the_documented_ones() -> None:
    assert (STANDARD.spacing_s, STANDARD.block_after, STANDARD.daily_calls) == (60, 10, 100)
    assert (STANDARD.rate_per_s, STANDARD.burst) == (3, 6)
    assert STANDARD.counts_calls
    assert not UNLIMITED.counts_calls
    assert UNLIMITED.rate_per_s == 0


def test_a_plan_takes_what_it_does_not_say_from_the_plan_it_extends() -> None:
    plans = plans_of(
        {
            "gold": {"extends": "silver", "daily_calls": 0, "api": "yes"},
            "silver": {"spacing_s": 10, "actions": ["device"]},
            "free": {"extends": "unlimited", "spacing_s": 5},
        },
        ["device", "devicelist"],
    )
    assert set(plans) == {"standard", "unlimited", "gold", "silver", "free"}
    assert (plans["gold"].spacing_s, plans["gold"].daily_calls, plans["gold"].block_after) == (10, 0, 10)
    assert plans["gold"].includes("device")
    assert not plans["gold"].includes("devicelist")
    assert plans["standard"].includes("devicelist")
    assert (plans["free"].spacing_grace_s, plans["free"].block_after) == (0.5, 0)


@pytest.mark.parametrize(
    ("definitions", "field"),
    [
        ({"standard": {}}, "plans.standard"),
        ({"unlimited": {"spacing_s": 1}}, "plans.unlimited"),
        ({"gold": {"spacing": 1}}, "plans.gold.spacing"),
        ({"gold": {"spacing_s": 3601}}, "plans.gold.spacing_s"),
        ({"gold": {"spacing_s": -1}}, "plans.gold.spacing_s"),
        ({"gold": {"spacing_s": True}}, "plans.gold.spacing_s"),
        ({"gold": {"spacing_s": float("nan")}}, "plans.gold.spacing_s"),
        ({"gold": {"daily_calls": 1.5}}, "plans.gold.daily_calls"),
        ({"gold": {"daily_calls": 10_000_001}}, "plans.gold.daily_calls"),
        ({"gold": {"ip_release_s": 59}}, "plans.gold.ip_release_s"),
        ({"gold": {"processing_s": 0}}, "plans.gold.processing_s"),
        ({"gold": {"api": "maybe"}}, "plans.gold.api"),
        ({"gold": {"one_ip": 1}}, "plans.gold.one_ip"),
        ({"gold": {"spacing_key": "user"}}, "plans.gold.spacing_key"),
        ({"gold": {"actions": "device"}}, "plans.gold.actions"),
        ({"gold": {"actions": ["reports"]}}, "plans.gold.actions"),
        ({"gold": {"actions": [["device"]]}}, "plans.gold.actions"),
        ({"gold": {"extends": "platinum"}}, "plans.gold.extends"),
        ({"gold": {"extends": ["standard"]}}, "plans.gold.extends"),
        ({"gold": {"extends": "gold"}}, "plans.gold.extends"),
        ({"a": {"extends": "b"}, "b": {"extends": "a"}}, "plans.b.extends"),
        ({" ": {}}, "plans. "),
    ],
)
def test_a_plan_that_cannot_be_meant_is_refused_by_its_key(
    definitions: dict[str, dict[str, object]], field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        plans_of(definitions, ["device", "devicelist"])
    assert refused.value.field == field
    assert set(BUILT_IN) == {"standard", "unlimited"}
