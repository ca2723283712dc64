"""The door for callers: a secret comes in, a Workspace or a refusal goes out.

    workspace = await gate.admit(Kind.CALL_TOKEN, secret, address=address)       a call token, its limits applied
    workspace = await gate.admit(Kind.SESSION, secret, address=address)          a person who signed in
    workspace = await gate.admit_client(api_key, access_token, address=address)  an API key with a bearer token
    workspace = await gate.admit_signed(token, address=address)                  a signed bearer token
    standing  = await gate.refund(workspace)               the quota unit of a call that failed through a fault of ours
    gate.tokens                                            issue, refresh, revoke (core/tokens.py)

Refusals are the classes of `model/refusals.py`. What another process changes holds at the next call (core/holders.py).
"""

import asyncio
from typing import Final

import structlog

from fleetline.core.holders import Holders
from fleetline.core.metering import SPAN_MS, Meter, Uses, living, named
from fleetline.core.secrets import secret_hash
from fleetline.core.tokens import Tokens
from fleetline.core.workspace import Core, Workspace
from fleetline.model.access import Holder, Kind
from fleetline.model.errors import Unavailable
from fleetline.model.limits import DAY_MS, Plan, Standing, address_key
from fleetline.model.refusals import Blocked, NotInPlan, Unknown, WrongLevel

FLUSH_SECONDS: Final = 30.0
SWEEP_SECONDS: Final = 3_600.0
LIMITS_KEPT_MS: Final = 2 * DAY_MS
ENDED_KEPT_MS: Final = DAY_MS
USES_KEPT_MS: Final = 2 * DAY_MS
SWEEP_ROWS: Final = 1_000


class Gate:
    """Admits callers of one core; every worker has one, and all of them share their limits through the store."""

    def __init__(self, core: Core) -> None:
        self.core = core
        self.uses = Uses(core.store)
        self.holders = Holders(core.store)
        self.meter = Meter(core.store, core.clock)
        self.tokens = Tokens(core, self.meter, self.uses)

    async def admit(self, kind: Kind, secret: str, *, address: str) -> Workspace:
        """A caller that shows one secret: CALL_TOKEN or SESSION.

        secret  empty when the call carries none
        errors  Unknown (`call` or `session`); for a call token then NotInPlan, Blocked, AddressRefused, TooSoon,
                QuotaUsed, in this order. What a refusal changes in the limits is stored when it is raised
        """
        which = "call" if kind is Kind.CALL_TOKEN else "session"
        now_ms = self.core.clock.now_ms()
        if not secret:
            raise Unknown(which, "missing")
        hashed = secret_hash(secret)
        found = await self.holders.by_secret([hashed], now_ms)
        holder = living(found.get(hashed), kind, which, now_ms)
        plan, standing = self.core.plan_of(holder), None
        if kind is Kind.CALL_TOKEN:
            if not plan.api:
                raise named(NotInPlan("api"), holder)
            if holder.credential.blocked_at_ms is not None:
                raise named(Blocked(), holder)
            if plan.counts_calls:
                standing = await self.meter.count_call(holder, plan, address_key(address))
        return self._welcome(holder, plan, standing, now_ms, address)

    async def admit_client(self, api_key: str, access_token: str | None, *, address: str) -> Workspace:
        """A caller that shows an API key and a bearer token made for it; any valid key pays one operation.

        errors  Unknown(`key`), TooMany, Unknown(`token`), in this order; the last carries the standing
        """
        now_ms = self.core.clock.now_ms()
        if not api_key:
            raise Unknown("key", "missing")
        hashes = [secret_hash(secret) for secret in (api_key, access_token) if secret]
        found = await self.holders.by_secret(hashes, now_ms)
        key = living(found.get(hashes[0]), Kind.API_KEY, "key", now_ms)
        standing = await self.tokens.operate(key)
        self.uses.note(key.credential.credential_id, now_ms, address)
        if not access_token:
            raise named(Unknown("token", "missing"), key, standing)
        token = found.get(hashes[-1])
        if token is None or token.parent is None or token.parent.parent_id != key.credential.credential_id:
            raise named(Unknown("token"), key, standing)
        client_id = token.parent.credential_id
        try:
            token = living(token, Kind.ACCESS, "token", now_ms)
        except Unknown as refusal:
            refusal.standing = standing
            raise
        self.uses.note(client_id, now_ms, address)
        return self._welcome(token, self.core.plan_of(token), standing, now_ms, address)

    async def admit_signed(self, token: str | None, *, address: str, level: str | None = None) -> Workspace:
        """A caller that shows a signed bearer token.

        level   `account` or `partner`: what the route needs; None: either
        errors  Unknown(`token`), WrongLevel, TooMany, in this order
        """
        now_ms = self.core.clock.now_ms()
        if not token:
            raise Unknown("token", "missing")
        claims = self.core.signer.read(token)
        if claims is None:
            raise Unknown("token")
        if now_ms >= claims.expires_at_ms:
            raise Unknown("token", "expired")
        account_id = claims.subject if claims.level == "account" else ""
        found = await self.holders.in_account(claims.credential_id, account_id)
        holder = living(found, Kind.ASSET_KEY, "token", now_ms)
        if claims.subject != (holder.account.account_id if holder.account else holder.partner_id):
            raise named(Unknown("token"), holder)
        if level is not None and level != claims.level:
            raise named(WrongLevel(level), holder)
        plan, standing = self.core.plan_of(holder), None
        if plan.assets_rate_per_s > 0:
            bucket = f"assets:{claims.credential_id}"
            standing = await self.meter.take(bucket, plan.assets_rate_per_s, plan.assets_burst, holder)
        return self._welcome(holder, plan, standing, now_ms, address)

    async def refund(self, workspace: Workspace) -> Standing | None:
        """Give back the quota unit that this call took; the standing after it, None where the plan has no quota."""
        if workspace.principal.kind is not Kind.CALL_TOKEN or workspace.standing is None:
            return workspace.standing
        return await self.meter.give_back(workspace.account_id, workspace.plan, workspace.standing)

    async def sweep(self) -> int:
        """Forget, in small transactions, what no limit and no token needs any more; how many rows."""
        total, gone, now_ms = 0, SWEEP_ROWS, self.core.clock.now_ms()
        while gone >= SWEEP_ROWS:
            now_ms = self.core.clock.now_ms()
            async with self.core.store.write() as tx:
                gone = await tx.accounts.sweep(
                    limits_before_ms=now_ms - LIMITS_KEPT_MS, ended_before_ms=now_ms - ENDED_KEPT_MS, now_ms=now_ms,
                    most=SWEEP_ROWS,
                )  # fmt: skip
            total += gone
        async with self.core.store.write() as tx:
            total += await tx.accounts.forget_uses((now_ms - USES_KEPT_MS) // SPAN_MS, SWEEP_ROWS * 10)
        return total

    async def keep(self) -> None:
        """Write last uses every half minute and sweep every hour, until cancelled; `serve` runs it in each worker."""
        logger = structlog.get_logger("fleetline.gate")
        until_sweep = 0.0
        while True:
            try:
                await self.uses.flush()
                if until_sweep <= 0:
                    await self.sweep()
                    until_sweep = SWEEP_SECONDS
            except Unavailable as away:
                logger.warning("last uses wait", reason=away.reason)
            await asyncio.sleep(FLUSH_SECONDS)
            until_sweep -= FLUSH_SECONDS

    def _welcome(self, holder: Holder, plan: Plan, standing: Standing | None, now_ms: int, address: str) -> Workspace:
        self.uses.note(holder.credential.credential_id, now_ms, address)
        return Workspace(holder.principal(), holder.account, plan, self.core, standing)
