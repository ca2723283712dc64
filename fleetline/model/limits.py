"""What a plan allows and what each call uses up, as arithmetic over small states."""

import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final

from fleetline.model.errors import Invalid

DAY_MS: Final = 86_400_000
MICRO: Final = 1_000_000
LAG_MS: Final = 60_000


@dataclass(frozen=True, slots=True)
class Plan:
    """Limits an account lives under; 0 is no limit.

    actions            None: every action there is
    spacing_key        `account_ip`, `ip` or `token`: what the spacing is counted for
    block_after        refusals for spacing in a row that block the credential
    daily_calls        accepted calls of the account in one UTC day
    ip_release_s       silence after which the one bound address is free
    processing_s       longest work on one call
    rate_per_s, burst  operations of one API key; a rate of 0 is no limit
    assets_rate_per_s, assets_burst  operations of one asset key
    """

    name: str
    api: bool = True
    actions: frozenset[str] | None = None
    spacing_s: float = 60
    spacing_grace_s: float = 0.5
    spacing_key: str = "account_ip"
    block_after: int = 10
    daily_calls: int = 100
    one_ip: bool = False
    ip_release_s: int = 900
    processing_s: float = 30
    history_days: int = 0
    rate_per_s: float = 3
    burst: int = 6
    assets_rate_per_s: float = 0
    assets_burst: int = 50

    @property
    def counts_calls(self) -> bool:
        """False when no call can be refused for what was called before, so that nothing need be kept."""
        return self.spacing_s > 0 or self.daily_calls > 0 or self.one_ip

    def includes(self, action: str) -> bool:
        return self.actions is None or action in self.actions


@dataclass(frozen=True, slots=True)
class Lives:
    """How long what the gate issues lives, in seconds.

    family_s  from the exchange of client credentials to the end of every refresh token that descends from it
    reuse_s   how long a spent refresh token may come back because its answer was lost
    signed_s  signed bearer tokens; session_s: people who signed in
    """

    access_s: int = 3_600
    refresh_s: int = 2_592_000
    family_s: int = 7_776_000
    reuse_s: int = 10
    signed_s: int = 3_600
    session_s: int = 1_209_600


STANDARD: Final = Plan("standard")
UNLIMITED: Final = Plan("unlimited", spacing_s=0, block_after=0, daily_calls=0, rate_per_s=0)
BUILT_IN: Final = {plan.name: plan for plan in (STANDARD, UNLIMITED)}

_WHOLE: Final = {
    "block_after": (0, 1000),
    "daily_calls": (0, 10**7),
    "ip_release_s": (60, 86_400),
    "history_days": (0, 36_500),
    "burst": (1, 100_000),
    "assets_burst": (1, 100_000),
}
_NUMBERS: Final = {
    "spacing_s": (0, 3600),
    "spacing_grace_s": (0, 5),
    "processing_s": (1, 300),
    "rate_per_s": (0, 10_000),
    "assets_rate_per_s": (0, 10_000),
}
_FLAGS: Final = ("api", "one_ip")
_SPACING_KEYS: Final = ("account_ip", "ip", "token")
_LONGEST_NAME: Final = 64


def plans_of(definitions: Mapping[str, Mapping[str, object]], actions: Iterable[str]) -> dict[str, Plan]:
    """The built-in plans and those an operator defines, by name.

    definitions  name -> keys of Plan, and `extends`: the plan whose values hold where no key stands (`standard`)
    actions      every action that a plan may name
    errors       Invalid with the field `plans.NAME` or `plans.NAME.KEY`
    """
    known = frozenset(actions)
    plans: dict[str, Plan] = dict(BUILT_IN)
    for name in definitions:
        if name in BUILT_IN:
            raise Invalid(f"plans.{name}", "is built in and cannot be redefined")
        if not name.strip() or name != name.strip() or len(name) > _LONGEST_NAME or not name.isprintable():
            raise Invalid(f"plans.{name}", f"must have a name of 1 to {_LONGEST_NAME} printable characters")
    for name in definitions:
        _define(name, definitions, known, plans, ())
    return plans


def _define(
    name: str,
    definitions: Mapping[str, Mapping[str, object]],
    actions: frozenset[str],
    plans: dict[str, Plan],
    above: tuple[str, ...],
) -> Plan:
    if name in plans:
        return plans[name]
    keys = dict(definitions[name])
    parent = keys.pop("extends", "standard")
    where = f"plans.{name}"
    if parent in (*above, name):
        raise Invalid(f"{where}.extends", "leads back to the plan itself", parent)
    if not isinstance(parent, str) or (parent not in plans and parent not in definitions):
        raise Invalid(f"{where}.extends", "names no plan", parent)
    base = _define(parent, definitions, actions, plans, (*above, name))
    values = {key: _value(f"{where}.{key}", key, value, actions) for key, value in keys.items()}
    plans[name] = replace(base, name=name, **values)  # type: ignore[arg-type]  # each value was checked for its key
    return plans[name]


def _value(where: str, key: str, value: object, actions: frozenset[str]) -> object:
    if key in _FLAGS:
        return _flag(where, value)
    if key in _WHOLE:
        return _number(where, value, _WHOLE[key], whole=True)
    if key in _NUMBERS:
        return _number(where, value, _NUMBERS[key], whole=False)
    if key == "spacing_key":
        if value not in _SPACING_KEYS:
            raise Invalid(where, f"must be one of {', '.join(_SPACING_KEYS)}", value)
        return value
    if key == "actions":
        if not isinstance(value, list | tuple) or not all(isinstance(word, str) and word in actions for word in value):
            raise Invalid(where, f"must be a list out of {', '.join(sorted(actions))}", value)
        return frozenset(value)
    raise Invalid(where, "is not a key of a plan")


def _flag(where: str, value: object) -> bool:
    if isinstance(value, bool):
        return value
    if value in ("yes", "no"):
        return value == "yes"
    raise Invalid(where, "must be true or false", value)


def _number(where: str, value: object, limits: tuple[int, int], *, whole: bool) -> float:
    low, high = limits
    good = isinstance(value, int) and not isinstance(value, bool)
    if not whole:
        good = good or isinstance(value, float)
    if not good or not low <= value <= high:  # type: ignore[operator]  # a number, or `good` is false
        kind = "a whole number" if whole else "a number"
        raise Invalid(where, f"must be {kind} from {low} to {high}", value)
    return value  # type: ignore[return-value]  # checked in the line above


def address_key(address: str) -> str:
    """What an address counts as: IPv4 by itself, IPv6 by its /64, an IPv4 address in IPv6 clothes as IPv4.

    A peer without an address (a Unix socket) counts as the text it is.
    """
    try:
        found = ipaddress.ip_address(address.split("%", 1)[0])
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(ipaddress.IPv6Network((found, 64), strict=False))


@dataclass(frozen=True, slots=True)
class Standing:
    """How much is left, for headers.

    limit       daily calls, or operations a full bucket holds
    remaining   whole calls or operations left
    reset_at_s  Unix second when all of it is there again; reset_in_s the same from now on; both rounded up
    rate_per_s  of a bucket; 0 for daily calls
    """

    limit: int
    remaining: int
    reset_at_s: int
    reset_in_s: int
    rate_per_s: float = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class CallState:
    """What earlier calls left behind.

    blocked, violations  of the credential
    tried_at_ms          last call that counted for the spacing, of whatever the plan's spacing_key names
    day, used            of the account: days since 1970 and calls accepted on it
    bound_to, heard_at_ms  of the account: the one address and when it last called
    """

    blocked: bool = False
    violations: int = 0
    tried_at_ms: int | None = None
    day: int = 0
    used: int = 0
    bound_to: str = ""
    heard_at_ms: int = 0


class Answer(StrEnum):
    """What the limits say to a call."""

    ACCEPTED = "accepted"
    BLOCKED = "blocked"
    ADDRESS = "address"
    SPACING = "spacing"
    QUOTA = "quota"


@dataclass(frozen=True, slots=True)
class Verdict:
    """retry_after_s is 0 where waiting does not help or is not needed."""

    answer: Answer
    retry_after_s: int = 0


def judge(plan: Plan, state: CallState, now_ms: int, address: str) -> tuple[CallState, Verdict]:
    """One call of a plan that counts calls: block, address, spacing, quota, in this order.

    A refusal for spacing starts the spacing anew and is a violation; the last one that the plan bears blocks.
    A refusal for quota starts the spacing anew. Both are part of the returned state, which must be kept
    whatever the verdict is.

    address  as `address_key` gives it
    source   rules Z-19 to Z-24 of the call API's specification
    """
    if state.blocked:
        return state, Verdict(Answer.BLOCKED)
    if plan.one_ip:
        release_ms = state.heard_at_ms + plan.ip_release_s * 1000
        if state.bound_to not in ("", address) and now_ms < release_ms:
            return state, Verdict(Answer.ADDRESS, _ceil_s(release_ms - now_ms))
        if state.bound_to == address:
            state = replace(state, heard_at_ms=now_ms)
    if _too_soon(plan, state, now_ms):
        violations = state.violations + 1
        blocked = 0 < plan.block_after <= violations
        state = replace(state, tried_at_ms=now_ms, violations=violations, blocked=blocked)
        return state, Verdict(Answer.SPACING, _ceil_s(round(plan.spacing_s * 1000)))
    state = _today(replace(state, tried_at_ms=now_ms), now_ms)
    if 0 < plan.daily_calls <= state.used:
        return state, Verdict(Answer.QUOTA, _ceil_s((state.day + 1) * DAY_MS - now_ms))
    state = replace(state, violations=0, used=state.used + 1)
    if plan.one_ip:
        state = replace(state, bound_to=address, heard_at_ms=now_ms)
    return state, Verdict(Answer.ACCEPTED)


def refund(state: CallState, day: int) -> CallState:
    """The state with one call of that day given back, as long as it still counts that day."""
    if state.day != day or state.used == 0:
        return state
    return replace(state, used=state.used - 1)


def quota_standing(plan: Plan, state: CallState, now_ms: int) -> Standing | None:
    """None where the plan has no quota."""
    if plan.daily_calls == 0:
        return None
    reset_at_ms = (state.day + 1) * DAY_MS
    left = max(0, plan.daily_calls - state.used)
    return Standing(plan.daily_calls, left, reset_at_ms // 1000, _ceil_s(reset_at_ms - now_ms))


def _too_soon(plan: Plan, state: CallState, now_ms: int) -> bool:
    if plan.spacing_s == 0 or state.tried_at_ms is None:
        return False
    # a clock that was set back, or another host's that lags, makes the gap look negative: that is no gap at all
    gap_ms = max(0, now_ms - state.tried_at_ms)
    spacing_ms, grace_ms = round(plan.spacing_s * 1000), round(plan.spacing_grace_s * 1000)
    return gap_ms == 0 or gap_ms + grace_ms < spacing_ms


def _today(state: CallState, now_ms: int) -> CallState:
    """The counter of the day of `now_ms`; a host whose clock lags over midnight counts for the new day too."""
    day = now_ms // DAY_MS
    if day == state.day or day == state.day - 1:
        return state
    return replace(state, day=day, used=0)


def _ceil_s(duration_ms: int) -> int:
    return -(-duration_ms // 1000)


@dataclass(frozen=True, slots=True)
class Bucket:
    """A token bucket as it was at one moment; `level_micro` is in millionths of an operation."""

    level_micro: int
    at_ms: int


def take(rate_per_s: float, burst: int, bucket: Bucket | None, now_ms: int) -> tuple[Bucket, int, Standing]:
    """One operation out of a bucket that holds `burst`, starts full and refills without steps.

    A refused operation takes nothing. One millisecond of refill may be borrowed, because a clock of milliseconds
    cannot name a third of a second: so a steady caller at the very rate is never refused.

    bucket   None: never used
    returns  the bucket to keep, seconds until an operation may go on (0: this one may), and the standing
    """
    per_ms = max(1, round(rate_per_s * 1000))
    full = burst * MICRO
    level, at_ms = full, now_ms
    if bucket is not None:
        gap_ms = now_ms - bucket.at_ms
        level = min(full, bucket.level_micro + max(0, gap_ms) * per_ms)
        # a host whose clock lags a little must not let the others refill the same time again
        at_ms = bucket.at_ms if -LAG_MS < gap_ms < 0 else now_ms
    passes = level + per_ms >= MICRO
    if passes:
        level -= MICRO
    missing = MICRO - per_ms - level
    wait_s = 0 if passes else max(1, _ceil_s(-(-missing // per_ms)))
    refill_ms = -(-(full - level) // per_ms)
    standing = Standing(burst, max(0, level) // MICRO, _ceil_s(now_ms + refill_ms), _ceil_s(refill_ms), rate_per_s)
    return Bucket(level, at_ms), wait_s, standing


@dataclass(frozen=True, slots=True)
class Failures:
    """The instants of the last wrong secrets from one address, oldest first."""

    at_ms: tuple[int, ...] = field(default=())


def may_fail(failures: Failures, now_ms: int, most: int, within_ms: int) -> tuple[Failures, int]:
    """One more failure: the state to keep, and 0, or the seconds to wait when there were `most` of them already.

    A failure that has to wait is not counted, so the address is free `within_ms` after the oldest that counts.
    """
    recent = tuple(instant for instant in failures.at_ms if now_ms - within_ms < instant <= now_ms)
    if len(recent) >= most:
        return Failures(recent), _ceil_s(recent[0] + within_ms - now_ms)
    return Failures((*recent, now_ms)), 0
