"""What the gate gives out in exchange for longer-lived secrets: token pairs, signed tokens, sessions."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from fleetline.core.metering import Meter, Uses, living, named
from fleetline.core.ports.accounts import Claims
from fleetline.core.ports.store import Tx
from fleetline.core.secrets import fits, hint, plausible_id, secret_hash
from fleetline.model.access import Credential, Holder, Kind, User, email_key
from fleetline.model.limits import Standing, address_key
from fleetline.model.refusals import GrantRefused, TooMany, Unknown

if TYPE_CHECKING:
    from fleetline.core.workspace import Core

TOKEN_BITS: Final = 256
MOST_FAILURES: Final = 10
FAILURES_WITHIN_MS: Final = 60_000
ISSUER: Final = "fleetline"


@dataclass(frozen=True, slots=True)
class TokenPair:
    """An access token, how long it lives, and the refresh token that follows it."""

    access_token: str
    refresh_token: str
    expires_in_s: int


@dataclass(frozen=True, slots=True)
class SignedToken:
    """A signed bearer token, good until `expires_at_ms`."""

    token: str
    expires_at_ms: int


@dataclass(frozen=True, slots=True)
class KeyCaller:
    """Somebody who showed a valid API key and paid one operation for it."""

    holder: Holder
    standing: Standing | None
    address: str


class Tokens:
    """Issues, refreshes and revokes."""

    def __init__(self, core: "Core", meter: Meter, uses: Uses) -> None:
        self._core, self._meter, self._uses = core, meter, uses

    async def open_key(self, api_key: str, *, address: str) -> KeyCaller:
        """The first check of the token routes. errors: Unknown(`key`), TooMany"""
        if not api_key:
            raise Unknown("key", "missing")
        now_ms, hashed = self._core.clock.now_ms(), secret_hash(api_key)
        async with self._core.store.read() as tx:
            found = await tx.accounts.holders([hashed], now_ms)
        holder = living(found.get(hashed), Kind.API_KEY, "key", now_ms)
        standing = await self.operate(holder)
        self._uses.note(holder.credential.credential_id, now_ms, address)
        return KeyCaller(holder, standing, address)

    async def operate(self, key: Holder) -> Standing | None:
        """Take one operation of an API key; None where the plan has no rate. errors: TooMany"""
        plan, key_id, standing = self._core.plan_of(key), key.credential.credential_id, None
        if plan.rate_per_s > 0:
            try:
                standing = await self._meter.take(f"operations:{key_id}", plan.rate_per_s, plan.burst, key)
            except TooMany:
                self._uses.count(key_id, self._core.clock.now_ms(), refused=True)
                raise
        self._uses.count(key_id, self._core.clock.now_ms(), refused=False)
        return standing

    async def issue(self, caller: KeyCaller, client_id: str, client_secret: str) -> TokenPair:
        """A pair for client credentials, the first of a new family. errors: Unknown(`client`)"""
        if not client_id or not client_secret:
            raise named(Unknown("client", "missing"), caller.holder, caller.standing)
        now_ms = self._core.clock.now_ms()
        async with self._core.store.write() as tx:
            client = await self._client(tx, caller, client_id, client_secret, now_ms)
            family_ends_at_ms = now_ms + self._core.lives.family_s * 1000
            pair = await self._pair(tx, client.credential, self._core.ids.uuid(), family_ends_at_ms, now_ms)
        self._uses.note(client_id, now_ms, caller.address)
        return pair

    async def refresh(self, caller: KeyCaller, refresh_token: str, client: tuple[str, str] | None = None) -> TokenPair:
        """The next pair of a family; a spent token that comes back too late ends its family.

        client  (id, secret) when the call carries them
        errors  Unknown(`client`), GrantRefused
        """
        now_ms, hashed = self._core.clock.now_ms(), secret_hash(refresh_token)
        async with self._core.store.write() as tx:
            if client is not None:
                await self._client(tx, caller, *client, now_ms)
            holder = (await tx.accounts.holders([hashed], now_ms)).get(hashed)
            pair = None
            # a refresh token is good for the client it was issued to only (RFC 6749, section 6)
            own = client is None or (holder is not None and holder.credential.parent_id == client[0])
            if holder is not None and own and _of_key(holder, caller) and holder.credential.kind is Kind.REFRESH:
                pair = await self._next_pair(tx, holder, refresh_token, now_ms)
        if pair is None:
            raise named(GrantRefused(), caller.holder, caller.standing)
        return pair

    async def _next_pair(self, tx: Tx, holder: Holder, refresh_token: str, now_ms: int) -> TokenPair | None:
        """None: refused. Whatever it changes must be stored then too."""
        spent = await tx.accounts.lock_credential(holder.credential.credential_id)
        client = holder.parent
        if spent is None or client is None or not holder.alive(now_ms) or not spent.usable(now_ms):
            return None
        assert spent.family_id is not None and spent.family_ends_at_ms is not None, "every refresh token has a family"
        if now_ms >= spent.family_ends_at_ms:
            return None
        self._uses.note(client.credential_id, now_ms, "")
        if client.keeps_refresh:
            access = await self._access(tx, client, spent.family_id, now_ms)
            return TokenPair(access, refresh_token, self._core.lives.access_s)
        if spent.spent_at_ms is not None:
            late = now_ms - spent.spent_at_ms > self._core.lives.reuse_s * 1000
            if late or await tx.accounts.has_spent_successor(spent.family_id, spent.credential_id):
                await tx.accounts.revoke_family(spent.family_id, now_ms)
                await tx.accounts.alarm(client.credential_id, now_ms)
                return None
        await tx.accounts.spend(spent.credential_id, now_ms)
        return await self._pair(
            tx, client, spent.family_id, spent.family_ends_at_ms, now_ms, predecessor_id=spent.credential_id
        )

    async def revoke(self, caller: KeyCaller, token: str, client: tuple[str, str] | None = None) -> None:
        """A refresh token ends its family, an access token itself; what is unknown or another key's changes nothing.

        errors  Unknown(`client`) when client credentials come along and are wrong
        """
        now_ms, hashed = self._core.clock.now_ms(), secret_hash(token)
        async with self._core.store.write() as tx:
            if client is not None:
                await self._client(tx, caller, *client, now_ms)
            holder = (await tx.accounts.holders([hashed], now_ms)).get(hashed)
            if holder is None or not _of_key(holder, caller):
                return
            if holder.credential.kind is Kind.REFRESH and holder.credential.family_id is not None:
                await tx.accounts.revoke_family(holder.credential.family_id, now_ms)
            elif holder.credential.kind is Kind.ACCESS:
                await tx.accounts.revoke([holder.credential.credential_id], now_ms)

    async def _client(self, tx: Tx, caller: KeyCaller, client_id: str, client_secret: str, now_ms: int) -> Holder:
        holder, hashes = None, list[str]()
        if plausible_id(client_id):
            holder = await tx.accounts.holder(client_id)
            hashes = await tx.accounts.secret_hashes(client_id, now_ms)
        true = fits(client_secret, hashes)
        if holder is None or not true or holder.credential.kind is not Kind.CLIENT or not holder.alive(now_ms):
            raise named(Unknown("client"), caller.holder, caller.standing)
        if holder.credential.parent_id != caller.holder.credential.credential_id:
            raise named(Unknown("client"), caller.holder, caller.standing)
        return holder

    async def _pair(
        self, tx: Tx, client: Credential, family_id: str, family_ends_at_ms: int, now_ms: int,
        *, predecessor_id: str | None = None,
    ) -> TokenPair:  # fmt: skip
        lives = self._core.lives
        secret = self._core.ids.urlsafe(TOKEN_BITS)
        refresh = Credential(
            credential_id=self._core.ids.short("cred_"), kind=Kind.REFRESH, account_id=client.account_id,
            parent_id=client.credential_id, family_id=family_id, created_at_ms=now_ms, hint=hint(secret),
            expires_at_ms=min(now_ms + lives.refresh_s * 1000, family_ends_at_ms), family_ends_at_ms=family_ends_at_ms,
        )  # fmt: skip
        await tx.accounts.add_credentials([(refresh, secret_hash(secret))], predecessor_id)
        return TokenPair(await self._access(tx, client, family_id, now_ms), secret, lives.access_s)

    async def _access(self, tx: Tx, client: Credential, family_id: str, now_ms: int) -> str:
        secret = self._core.ids.urlsafe(TOKEN_BITS)
        access = Credential(
            credential_id=self._core.ids.short("cred_"), kind=Kind.ACCESS, account_id=client.account_id,
            parent_id=client.credential_id, family_id=family_id, created_at_ms=now_ms, hint=hint(secret),
            expires_at_ms=now_ms + self._core.lives.access_s * 1000,
        )  # fmt: skip
        await tx.accounts.add_credentials([(access, secret_hash(secret))])
        return secret

    async def sign(self, asset_key: str, account_id: str | None, *, address: str) -> SignedToken:
        """A signed bearer token for an asset key.

        account_id  a partner's choice among its accounts; None or empty: the key's own level
        errors      Unknown(`key`), the same for every cause; TooMany in its place after ten failures of the address
                    in a minute. A right key is never refused
        """
        now_ms, hashed = self._core.clock.now_ms(), secret_hash(asset_key)
        async with self._core.store.read() as tx:
            holder = (await tx.accounts.holders([hashed], now_ms)).get(hashed)
            account = await tx.accounts.account(account_id if account_id and plausible_id(account_id) else "-")
        subject = None
        if holder is not None and holder.credential.kind is Kind.ASSET_KEY and holder.alive(now_ms):
            open_account = account if account is not None and account.closed_at_ms is None else None
            own_id = holder.account.account_id if holder.account else None
            if not account_id:
                subject = (own_id, "account") if own_id else (holder.partner_id, "partner")
            elif open_account is not None and (
                open_account.account_id == own_id or (own_id is None and open_account.partner_id == holder.partner_id)
            ):
                subject = (open_account.account_id, "account")
        if holder is None or subject is None or subject[0] is None:
            await self._meter.fail(f"key-failures:{address_key(address)}", MOST_FAILURES, FAILURES_WITHIN_MS)
            raise Unknown("key")
        self._uses.note(holder.credential.credential_id, now_ms, address)
        return self._signed(subject[0], subject[1], holder.credential.credential_id, now_ms)

    def _signed(self, subject: str, level: str, credential_id: str, now_ms: int) -> SignedToken:
        promised_ms = now_ms + self._core.lives.signed_s * 1000
        # the claim holds whole seconds and must not end before what the caller is told
        claims = Claims(
            ISSUER, subject, level, credential_id, now_ms, -(-promised_ms // 1000) * 1000, self._core.ids.uuid()
        )  # fmt: skip
        return SignedToken(self._core.signer.signed(claims), promised_ms)

    async def sign_in(self, email: str, password: str, *, address: str) -> str:
        """The secret of a new session.

        errors  Unknown(`password`); TooMany after ten failures of the address in a minute
        """
        key = f"sign-in-failures:{address_key(address)}"
        await self._meter.may_try(key, MOST_FAILURES, FAILURES_WITHIN_MS)
        now_ms = self._core.clock.now_ms()
        async with self._core.store.read() as tx:
            known = await tx.accounts.users_by_email(email_key(email)) if _storable(email) else []
            candidates = [pair for pair in known if await _open_to(tx, pair[0])]
        user = await self._whose(candidates, password)
        if user is None:
            await self._meter.fail(key, MOST_FAILURES, FAILURES_WITHIN_MS)
            raise Unknown("password")
        secret = self._core.ids.urlsafe(TOKEN_BITS)
        session = Credential(
            credential_id=self._core.ids.short("cred_"), kind=Kind.SESSION, account_id=user.account_id,
            user_id=user.user_id, created_at_ms=now_ms, expires_at_ms=now_ms + self._core.lives.session_s * 1000,
            last_used_at_ms=now_ms, last_address=address,
        )  # fmt: skip
        async with self._core.store.write() as tx:
            await tx.accounts.add_credentials([(session, secret_hash(secret))])
        return secret

    async def _whose(self, candidates: list[tuple[User, str | None]], password: str) -> User | None:
        found = None
        for user, stored in candidates:
            if await self._core.passwords.fits(password, stored) and found is None:
                found = user
        if not candidates:
            # the same work as for a known address, so that time tells nobody which addresses are known
            await self._core.passwords.fits(password, None)
        return found

    async def sign_out(self, secret: str) -> None:
        """End the session; an unknown one has ended already."""
        now_ms, hashed = self._core.clock.now_ms(), secret_hash(secret)
        async with self._core.store.write() as tx:
            holder = (await tx.accounts.holders([hashed], now_ms)).get(hashed)
            if holder is not None and holder.credential.kind is Kind.SESSION:
                await tx.accounts.revoke([holder.credential.credential_id], now_ms)


async def _open_to(tx: Tx, user: User) -> bool:
    """Whether a session of this user would open anything; one password may fit in several accounts."""
    account = await tx.accounts.account(user.account_id)
    if user.disabled_at_ms is not None or account is None or account.closed_at_ms is not None:
        return False
    partner = await tx.accounts.partner(account.partner_id) if account.partner_id else None
    return partner is None or partner.closed_at_ms is None


def _of_key(holder: Holder, caller: KeyCaller) -> bool:
    return holder.parent is not None and holder.parent.parent_id == caller.holder.credential.credential_id


def _storable(text: str) -> bool:
    return text.isprintable() and not any("\ud800" <= letter <= "\udfff" for letter in text)
