"""Use cases of the credentials that people hand out: made, listed, replaced, blocked, revoked."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from fleetline.core.accounts import open_account, partner_in, user_in
from fleetline.core.metering import SPAN_MS
from fleetline.core.ports.store import Store, Tx
from fleetline.core.ports.world import Clock, Ids
from fleetline.core.secrets import OWN_PREFIX, hint, plausible_id, secret_hash
from fleetline.model.access import LONGEST_NAME, STANDING_KINDS, Activity, Credential, Kind, checked_name
from fleetline.model.errors import Invalid, NotFound
from fleetline.model.limits import DAY_MS

CALL_TOKEN_LENGTH: Final = 40
KEY_LENGTH: Final = 64
OWN_TOKEN_LENGTH: Final = 48
LENGTHS: Final = {Kind.CALL_TOKEN: CALL_TOKEN_LENGTH, Kind.OWN_TOKEN: OWN_TOKEN_LENGTH}
MOST_CLIENTS: Final = 10
REVOKED_LISTED_MS: Final = 90 * DAY_MS
OVERLAPS_S: Final = (0, 3_600, 86_400, 604_800)


@dataclass(frozen=True, slots=True)
class Issued:
    """A credential and its new secret, which nobody can show again."""

    credential: Credential
    secret: str


@dataclass(frozen=True, slots=True)
class IssuedClient:
    """A client and, unless it joined an existing one, the API key made for it."""

    client: Issued
    key: Issued | None


class CredentialsDesk:
    """Everything about standing credentials, for whoever runs the server; `scope` confines a verb to one account.

    created_by  a user id, or empty for an operator
    """

    def __init__(self, store: Store, clock: Clock, ids: Ids) -> None:
        self._store, self._clock, self._ids = store, clock, ids

    async def add_call_token(
        self, account_id: str, *, user_id: str | None = None, name: str = "", created_by: str = ""
    ) -> Issued:
        """A token of a user, or of the main user.

        errors  NotFound(`account`, `user`), Invalid(`account`, `user`, `name`)
        """
        issued = self._new(Kind.CALL_TOKEN, CALL_TOKEN_LENGTH, name, created_by, account_id=account_id)
        async with self._store.write() as tx:
            await open_account(tx, account_id)
            await _check_user(tx, user_id, account_id)
            issued = replace(issued, credential=replace(issued.credential, user_id=user_id))
            await _add(tx, issued)
        return issued

    async def add_client(
        self, account_id: str, *, key_id: str | None = None, name: str = "", created_by: str = "",
        read_only: bool = False, keeps_refresh: bool = False,
    ) -> IssuedClient:  # fmt: skip
        """A client of a new API key, or of the key given.

        errors  NotFound(`account`, `credential`), Invalid(`account`, `key`, `name`): a key has ten clients at most
        """
        async with self._store.write() as tx:
            await open_account(tx, account_id)
            key = None
            if key_id is None:
                key = self._new(Kind.API_KEY, KEY_LENGTH, name, created_by, account_id=account_id)
                await _add(tx, key)
                key_id = key.credential.credential_id
            else:
                await self._roomy_key(tx, key_id, account_id)
            client = self._new(Kind.CLIENT, KEY_LENGTH, name, created_by, account_id=account_id)
            client = replace(client, credential=replace(
                client.credential, credential_id=self._ids.uuid(), parent_id=key_id,
                read_only=read_only, keeps_refresh=keeps_refresh,
            ))  # fmt: skip
            await _add(tx, client)
        return IssuedClient(client, key)

    async def _roomy_key(self, tx: Tx, key_id: str, account_id: str) -> None:
        key = await _credential(tx, key_id, account_id)
        now_ms = self._clock.now_ms()
        if key.kind is not Kind.API_KEY or not key.usable(now_ms):
            raise Invalid("key", "is no live API key", key_id)
        clients = await tx.accounts.children(key_id, [Kind.CLIENT])
        if sum(client.usable(now_ms) for client in clients) >= MOST_CLIENTS:
            raise Invalid("key", f"has {MOST_CLIENTS} clients, the most there may be", key_id)

    async def add_asset_key(
        self, *, account_id: str | None = None, partner_id: str | None = None, name: str = "", created_by: str = ""
    ) -> Issued:
        """A key of an account or of a partner. errors: NotFound, Invalid(`account`, `partner`, `name`)"""
        if (account_id is None) == (partner_id is None):
            raise Invalid("account", "give either an account or a partner")
        issued = self._new(Kind.ASSET_KEY, KEY_LENGTH, name, created_by, account_id=account_id, partner_id=partner_id)
        async with self._store.write() as tx:
            if account_id is not None:
                await open_account(tx, account_id)
            elif partner_id is not None and (await partner_in(tx, partner_id)).closed_at_ms is not None:
                raise Invalid("partner", "is closed", partner_id)
            await _add(tx, issued)
        return issued

    async def add_own_token(
        self, account_id: str, *, user_id: str | None = None, name: str = "", created_by: str = "",
        read_only: bool = False, expires_at_ms: int | None = None,
    ) -> Issued:  # fmt: skip
        """A token for our own API: of a user, or with the rights of the account itself.

        errors  NotFound(`account`, `user`); Invalid(`account`, `user`, `name`, `expires_at_ms`)
        """
        if expires_at_ms is not None and expires_at_ms <= self._clock.now_ms():
            raise Invalid("expires_at_ms", "must lie in the future", expires_at_ms)
        issued = self._new(Kind.OWN_TOKEN, OWN_TOKEN_LENGTH, name, created_by, account_id=account_id)
        issued = replace(issued, credential=replace(
            issued.credential, user_id=user_id, read_only=read_only, expires_at_ms=expires_at_ms
        ))  # fmt: skip
        async with self._store.write() as tx:
            await open_account(tx, account_id)
            await _check_user(tx, user_id, account_id)
            await _add(tx, issued)
        return issued

    async def credentials(
        self, *, account_id: str | None = None, partner_id: str | None = None, kinds: Sequence[Kind] = STANDING_KINDS
    ) -> list[Credential]:
        """Of an account or of a partner, those revoked in the last 90 days too; by creation. errors: NotFound"""
        async with self._store.read() as tx:
            if partner_id is not None:
                await partner_in(tx, partner_id)
                return self._listed(await tx.accounts.credentials_of_partner(partner_id, kinds))
            if account_id is None or not plausible_id(account_id) or await tx.accounts.account(account_id) is None:
                raise NotFound("account", account_id)
            return self._listed(await tx.accounts.credentials(account_id, kinds))

    def _listed(self, found: Sequence[Credential]) -> list[Credential]:
        since_ms = self._clock.now_ms() - REVOKED_LISTED_MS
        return [one for one in found if one.revoked_at_ms is None or one.revoked_at_ms > since_ms]

    async def activities(self, credentials: Sequence[Credential]) -> dict[str, Activity]:
        """How much each was used in the last 24 hours, right to half a minute, and what of its is alive."""
        now_ms = self._clock.now_ms()
        async with self._store.read() as tx:
            return await tx.accounts.activities(
                [one.credential_id for one in credentials], (now_ms - DAY_MS) // SPAN_MS + 1, now_ms
            )

    async def revoke(self, credential_id: str, scope: str | None = None) -> Credential:
        """From the next call on it opens nothing, nor does what was made with it. errors: NotFound"""
        now_ms = self._clock.now_ms()
        async with self._store.write() as tx:
            credential = await _credential(tx, credential_id, scope)
            await tx.accounts.revoke([credential_id], now_ms)
            if credential.kind is Kind.API_KEY:
                for client in await tx.accounts.children(credential_id, [Kind.CLIENT]):
                    await tx.accounts.revoke_children(client.credential_id, now_ms)
            await tx.accounts.revoke_children(credential_id, now_ms)
            return await _credential(tx, credential_id, scope)

    async def revoke_tokens(self, client_id: str, scope: str | None = None) -> None:
        """All tokens of a client, which itself stays. errors: NotFound"""
        async with self._store.write() as tx:
            await _credential(tx, client_id, scope)
            await tx.accounts.revoke_children(client_id, self._clock.now_ms())

    async def unblock(self, credential_id: str) -> Credential:
        """Lift the block for persistent violation; for operators only. errors: NotFound"""
        async with self._store.write() as tx:
            await _credential(tx, credential_id, None)
            await tx.accounts.keep_violations(credential_id, 0, None)
            tx.accounts.change_access()
            return await _credential(tx, credential_id, None)

    async def rotate(self, credential_id: str, overlap_s: int = 86_400, scope: str | None = None) -> Issued:
        """A new secret for a key or client; the old one works on for the overlap, and tokens stay valid.

        errors  NotFound, Invalid(`overlap_s`, `credential`)
        """
        if overlap_s not in OVERLAPS_S:
            raise Invalid("overlap_s", f"must be one of {', '.join(map(str, OVERLAPS_S))}", overlap_s)
        now_ms = self._clock.now_ms()
        async with self._store.write() as tx:
            credential = await _credential(tx, credential_id, scope)
            if not credential.usable(now_ms):
                raise Invalid("credential", "has ended", credential_id)
            secret = self._secret(credential.kind, LENGTHS.get(credential.kind, KEY_LENGTH))
            await tx.accounts.replace_secret(
                credential_id, secret_hash(secret), hint(secret), now_ms + overlap_s * 1000
            )  # fmt: skip
            return Issued(await _credential(tx, credential_id, scope), secret)

    def _new(
        self, kind: Kind, length: int, name: str, created_by: str,
        *, account_id: str | None = None, partner_id: str | None = None,
    ) -> Issued:  # fmt: skip
        secret = self._secret(kind, length)
        credential = Credential(
            credential_id=self._ids.short("cred_"), kind=kind, account_id=account_id, partner_id=partner_id,
            name=checked_name("name", name) if name else "", hint=hint(secret), created_by=created_by[:LONGEST_NAME],
            created_at_ms=self._clock.now_ms(),
        )  # fmt: skip
        return Issued(credential, secret)

    def _secret(self, kind: Kind, length: int) -> str:
        return (OWN_PREFIX if kind is Kind.OWN_TOKEN else "") + self._ids.text(length)


async def _check_user(tx: Tx, user_id: str | None, account_id: str) -> None:
    """errors: NotFound(`user`), Invalid(`user`)"""
    if user_id is not None and (await user_in(tx, user_id, account_id)).disabled_at_ms is not None:
        raise Invalid("user", "is disabled", user_id)


async def _add(tx: Tx, issued: Issued) -> None:
    await tx.accounts.add_credentials([(issued.credential, secret_hash(issued.secret))])


async def _credential(tx: Tx, credential_id: str, account_id: str | None) -> Credential:
    """A standing credential, locked; of that account unless it is None. errors: NotFound"""
    found = await tx.accounts.lock_credential(credential_id) if plausible_id(credential_id) else None
    if found is None or found.kind not in STANDING_KINDS or account_id not in (None, found.account_id):
        raise NotFound("credential", credential_id)
    return found
