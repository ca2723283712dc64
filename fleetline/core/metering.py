"""What calls use up: limit states taken from the store, judged and put back in one transaction."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Final, TypeVar

from fleetline.core.ports.accounts import LimitRow
from fleetline.core.ports.store import Store, Tx
from fleetline.core.ports.world import Clock
from fleetline.model.access import Credential, Holder, Kind
from fleetline.model.limits import (
    DAY_MS,
    Answer,
    Bucket,
    CallState,
    Failures,
    Plan,
    Standing,
    Verdict,
    judge,
    may_fail,
    quota_standing,
    refund,
    take,
)
from fleetline.model.refusals import AddressRefused, Blocked, QuotaUsed, Refused, TooMany, TooSoon, Unknown

R = TypeVar("R", bound=Refused)


def named(refusal: R, holder: Holder, standing: Standing | None = None) -> R:
    """The refusal with whose call it was, for the request log, and what is left after it."""
    refusal.credential_id, refusal.credential_kind = holder.credential.credential_id, holder.credential.kind.value
    refusal.account_id = holder.account.account_id if holder.account else None
    refusal.user_id = holder.user.user_id if holder.user else None
    if standing is not None:
        refusal.standing = standing
    return refusal


def living(holder: Holder | None, kind: Kind, which: str, now_ms: int) -> Holder:
    """The holder, if its credential is of that kind and alive. errors: Unknown"""
    if holder is None or holder.credential.kind is not kind:
        raise Unknown(which)
    if not holder.alive(now_ms):
        raise named(Unknown(which, "expired" if holder.expired(now_ms) else "unknown"), holder)
    return holder


SPAN_MS: Final = 600_000
"""Uses are counted by tens of minutes."""


class Uses:
    """When and how often each credential was used, gathered in memory and written in one go now and then."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._waiting: dict[str, tuple[int, str]] = {}
        self._counts: Counter[tuple[str, int, bool]] = Counter()

    def note(self, credential_id: str, at_ms: int, address: str) -> None:
        self._waiting[credential_id] = (at_ms, address)

    def count(self, credential_id: str, at_ms: int, *, refused: bool) -> None:
        """One operation of an API key, or one that its bucket refused."""
        self._counts[credential_id, at_ms // SPAN_MS, refused] += 1

    async def flush(self) -> None:
        """Write what waits; what the store does not take now goes on waiting."""
        batch, self._waiting = self._waiting, {}
        counts, self._counts = self._counts, Counter()
        if not batch and not counts:
            return
        try:
            async with self._store.write() as tx:
                # in one order for everybody, so that two workers never wait for each other
                await tx.accounts.note_uses([(key, *batch[key]) for key in sorted(batch)])
                spans = sorted({(key, span) for key, span, _ in counts})
                await tx.accounts.count_uses(
                    [(key, span, counts[key, span, False], counts[key, span, True]) for key, span in spans]
                )
        except BaseException:
            self._waiting = {**batch, **self._waiting}
            self._counts.update(counts)
            raise


class Meter:
    """Applies limits; a refusal is raised after its transaction is stored."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock

    async def count_call(self, holder: Holder, plan: Plan, address: str) -> Standing | None:
        """One call of a plan that counts calls.

        address  as `address_key` gives it
        returns  what is left of the quota, None without one
        errors   Blocked, AddressRefused, TooSoon, QuotaUsed
        """
        assert holder.account is not None, "only accounts have plans that count calls"
        keys = _CallKeys(plan, holder.account.account_id, holder.credential.credential_id, address)
        async with self._store.write() as tx:
            rows = await tx.accounts.lock_limits(keys.all)
            credential = await tx.accounts.lock_credential(holder.credential.credential_id)
            if credential is None:
                raise named(Unknown("call"), holder)
            # read under the lock, so that callers stand in the order in which they got it
            now_ms = self._clock.now_ms()
            before = keys.state(rows, credential)
            after, verdict = judge(plan, before, now_ms, address)
            await self._keep(tx, keys, credential, before, after, now_ms)
        standing = quota_standing(plan, after, now_ms)
        if verdict.answer is not Answer.ACCEPTED:
            raise named(_refusal(verdict, standing), holder)
        return standing

    async def _keep(
        self, tx: Tx, keys: "_CallKeys", credential: Credential, before: CallState, after: CallState, now_ms: int
    ) -> None:
        if after == before:
            return
        if rows := keys.changed(before, after):
            await tx.accounts.keep_limits(rows)
        if (after.violations, after.blocked) != (before.violations, before.blocked):
            blocked_at_ms = now_ms if after.blocked else None
            await tx.accounts.keep_violations(credential.credential_id, after.violations, blocked_at_ms)

    async def give_back(self, account_id: str, plan: Plan, standing: Standing) -> Standing | None:
        """Return the quota unit of the day that `standing` was given for."""
        key, day = f"quota:{account_id}", standing.reset_at_s * 1000 // DAY_MS - 1
        async with self._store.write() as tx:
            row = (await tx.accounts.lock_limits([key]))[key]
            now_ms = self._clock.now_ms()
            state = refund(CallState(day=(row.at_ms or 0) // DAY_MS, used=row.number), day)
            await tx.accounts.keep_limits([replace(row, number=state.used)])
        return quota_standing(plan, state, now_ms)

    async def take(self, key: str, rate_per_s: float, burst: int, holder: Holder) -> Standing:
        """One operation out of the bucket of that name. errors: TooMany"""
        async with self._store.read() as tx:
            bucket = _bucket((await tx.accounts.limit_rows([key])).get(key))
        kept, wait_s, standing = take(rate_per_s, burst, bucket, self._clock.now_ms())
        if wait_s == 0:
            # others can only have emptied it meanwhile: a refusal by the plain read stands, a pass is judged again
            async with self._store.write() as tx:
                bucket = _bucket((await tx.accounts.lock_limits([key])).get(key))
                kept, wait_s, standing = take(rate_per_s, burst, bucket, self._clock.now_ms())
                if wait_s == 0:
                    await tx.accounts.keep_limits([LimitRow(key, kept.at_ms, kept.level_micro)])
        if wait_s:
            raise named(TooMany(wait_s, standing), holder)
        return standing

    async def may_try(self, key: str, most: int, within_ms: int) -> None:
        """Counts nothing. errors: TooMany when there were `most` failures under that name in the last `within_ms`"""
        async with self._store.read() as tx:
            row = (await tx.accounts.limit_rows([key])).get(key)
        if wait_s := may_fail(_failures(row), self._clock.now_ms(), most, within_ms)[1]:
            raise TooMany(wait_s)

    async def fail(self, key: str, most: int, within_ms: int) -> None:
        """Count one failure under that name. errors: TooMany when there were `most` in the last `within_ms`"""
        now_ms = self._clock.now_ms()
        async with self._store.read() as tx:
            row = (await tx.accounts.limit_rows([key])).get(key)
        _, wait_s = may_fail(_failures(row), now_ms, most, within_ms)
        if wait_s == 0:
            async with self._store.write() as tx:
                row = (await tx.accounts.lock_limits([key])).get(key)
                kept, wait_s = may_fail(_failures(row), now_ms, most, within_ms)
                if wait_s == 0:
                    await tx.accounts.keep_limits([LimitRow(key, now_ms, 0, ",".join(map(str, kept.at_ms)))])
        if wait_s:
            raise TooMany(wait_s)


class _CallKeys:
    """Under which names the states of one call stand."""

    def __init__(self, plan: Plan, account_id: str, credential_id: str, address: str) -> None:
        spacing = {
            "account_ip": f"spacing-account:{account_id}:{address}",
            "ip": f"spacing-address:{address}",
            "token": f"spacing-token:{credential_id}",
        }[plan.spacing_key]
        self.spacing = spacing if plan.spacing_s > 0 else None
        self.quota = f"quota:{account_id}" if plan.daily_calls > 0 else None
        self.place = f"address:{account_id}" if plan.one_ip else None
        self.all = [key for key in (self.spacing, self.quota, self.place) if key is not None]

    def state(self, rows: Mapping[str, LimitRow], credential: Credential) -> CallState:
        empty = LimitRow("")
        spacing, quota, place = (rows.get(key or "", empty) for key in (self.spacing, self.quota, self.place))
        return CallState(
            blocked=credential.blocked_at_ms is not None,
            violations=credential.violations,
            tried_at_ms=spacing.at_ms,
            day=(quota.at_ms or 0) // DAY_MS,
            used=quota.number,
            bound_to=place.mark,
            heard_at_ms=place.at_ms or 0,
        )

    def changed(self, before: CallState, after: CallState) -> list[LimitRow]:
        rows = []
        if self.spacing and after.tried_at_ms != before.tried_at_ms:
            rows.append(LimitRow(self.spacing, after.tried_at_ms))
        if self.quota and (after.day, after.used) != (before.day, before.used):
            rows.append(LimitRow(self.quota, after.day * DAY_MS, after.used))
        if self.place and (after.bound_to, after.heard_at_ms) != (before.bound_to, before.heard_at_ms):
            rows.append(LimitRow(self.place, after.heard_at_ms, 0, after.bound_to))
        return rows


def _refusal(verdict: Verdict, standing: Standing | None) -> Refused:
    if verdict.answer is Answer.BLOCKED:
        return Blocked()
    if verdict.answer is Answer.ADDRESS:
        return AddressRefused(verdict.retry_after_s)
    if verdict.answer is Answer.SPACING:
        return TooSoon(verdict.retry_after_s)
    return QuotaUsed(verdict.retry_after_s, standing)


def _bucket(row: LimitRow | None) -> Bucket | None:
    return Bucket(row.number, row.at_ms) if row is not None and row.at_ms is not None else None


def _failures(row: LimitRow | None) -> Failures:
    return Failures(tuple(map(int, filter(None, row.mark.split(",")))) if row is not None else ())
