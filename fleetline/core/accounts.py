"""Use cases of partners, accounts and users."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final
from zoneinfo import available_timezones

from fleetline.core.ports.accounts import Passwords
from fleetline.core.ports.store import Store, Tx
from fleetline.core.ports.world import Clock, Ids
from fleetline.core.secrets import plausible_id
from fleetline.model.access import (
    NOTHING,
    Account,
    Partner,
    Permissions,
    Role,
    User,
    checked_email,
    checked_name,
    email_key,
)
from fleetline.model.errors import Conflict, Invalid, NotFound
from fleetline.model.limits import Plan

PASSWORD_LENGTH: Final = 20
SHORTEST_PASSWORD: Final = 8
LONGEST_PASSWORD: Final = 1_024
LANGUAGES: Final = ("de", "en", "es", "fr", "it", "nl", "pl", "pt")


class AccountsDesk:
    """Everything about accounts, for whoever runs the server; `scope` confines a verb to one account.

    A thing outside the scope is NotFound, like one that never was.
    """

    def __init__(self, store: Store, clock: Clock, ids: Ids, plans: Mapping[str, Plan], passwords: Passwords) -> None:
        self._store, self._clock, self._ids = store, clock, ids
        self._plans, self._passwords = plans, passwords

    async def add_partner(self, name: str) -> Partner:
        """errors: Invalid(`name`)"""
        partner = Partner(self._ids.short("par_"), checked_name("name", name), self._clock.now_ms())
        async with self._store.write() as tx:
            await tx.accounts.add_partner(partner)
        return partner

    async def partners(self) -> list[Partner]:
        async with self._store.read() as tx:
            return await tx.accounts.partners()

    async def close_partner(self, partner_id: str) -> None:
        """Its keys and those of its accounts stop at once. errors: NotFound"""
        async with self._store.write() as tx:
            await partner_in(tx, partner_id)
            await tx.accounts.close_partner(partner_id, self._clock.now_ms())

    async def add_account(
        self, name: str, *, partner_id: str | None = None, plan: str = "standard",
        time_zone: str = "Europe/Berlin", language: str = "de",
    ) -> Account:  # fmt: skip
        """errors: Invalid(`name`, `plan`, `time_zone`, `language`), NotFound(`partner`)"""
        account = Account(
            self._ids.short("acc_"), partner_id, checked_name("name", name), self._known_plan(plan),
            self._clock.now_ms(), time_zone=known_zone(time_zone), language=known_language(language),
        )  # fmt: skip
        async with self._store.write() as tx:
            if partner_id is not None and (await partner_in(tx, partner_id)).closed_at_ms is not None:
                raise Invalid("partner", "is closed", partner_id)
            await tx.accounts.add_account(account)
        return account

    async def accounts(self, partner_id: str | None = None) -> list[Account]:
        """All, or one partner's; closed ones too. errors: NotFound(`partner`)"""
        async with self._store.read() as tx:
            if partner_id is not None:
                await partner_in(tx, partner_id)
            return await tx.accounts.accounts(partner_id)

    async def account(self, account_id: str) -> Account:
        """errors: NotFound"""
        async with self._store.read() as tx:
            return await account_in(tx, account_id)

    async def set_plan(self, account_id: str, plan: str) -> Account:
        """Felt by the account's next call. errors: NotFound, Invalid(`plan`)"""
        return await self._change(account_id, plan=self._known_plan(plan))

    async def set_locale(self, account_id: str, time_zone: str, language: str) -> Account:
        """errors: NotFound, Invalid(`time_zone`, `language`)"""
        return await self._change(account_id, time_zone=known_zone(time_zone), language=known_language(language))

    async def rename_account(self, account_id: str, name: str) -> Account:
        """errors: NotFound, Invalid(`name`)"""
        return await self._change(account_id, name=checked_name("name", name))

    async def close_account(self, account_id: str) -> Account:
        """Its credentials stop at once; what it stored stays. errors: NotFound"""
        async with self._store.write() as tx:
            account = await account_in(tx, account_id)
            if account.closed_at_ms is None:
                account = replace(account, closed_at_ms=self._clock.now_ms())
                await tx.accounts.change_account(account)
        return account

    async def reopen_account(self, account_id: str) -> Account:
        """errors: NotFound"""
        return await self._change(account_id, closed_at_ms=None)

    async def _change(self, account_id: str, **facts: str | None) -> Account:
        async with self._store.write() as tx:
            account = replace(await account_in(tx, account_id), **facts)  # type: ignore[arg-type]  # callers name fields
            await tx.accounts.change_account(account)
        return account

    def _known_plan(self, plan: str) -> str:
        if plan not in self._plans:
            raise Invalid("plan", f"must be one of {', '.join(self._plans)}", plan)
        return plan

    async def add_user(
        self, account_id: str, email: str, *, role: Role = Role.MEMBER, permissions: Permissions = NOTHING,
        password: str | None = None,
    ) -> tuple[User, str]:  # fmt: skip
        """A person of the account, and the password, generated unless one is given.

        errors  NotFound(`account`), Invalid(`email`, `role`, `password`), Conflict(`user`, `email`)
        """
        if role not in (Role.ADMINISTRATOR, Role.MEMBER):
            raise Invalid("role", "must be administrator or member", role)
        secret = self._ids.text(PASSWORD_LENGTH) if password is None else good_password(password)
        user = User(
            self._ids.short("usr_"), account_id, checked_email(email), role, permissions, self._clock.now_ms()
        )  # fmt: skip
        hashed = await self._passwords.hashed(secret)
        async with self._store.write() as tx:
            await open_account(tx, account_id)
            if not await tx.accounts.add_user(user, email_key(user.email), hashed):
                raise Conflict("user", "email", user.email)
        return user, secret

    async def users(self, account_id: str) -> list[User]:
        """Disabled ones too. errors: NotFound(`account`)"""
        async with self._store.read() as tx:
            await account_in(tx, account_id)
            return await tx.accounts.users(account_id)

    async def set_permissions(self, user_id: str, permissions: Permissions, scope: str | None = None) -> User:
        """Felt by the user's next call. errors: NotFound(`user`)"""
        return await self._change_user(user_id, scope, permissions=permissions)

    async def set_role(self, user_id: str, role: Role, scope: str | None = None) -> User:
        """errors: NotFound(`user`), Invalid(`role`)"""
        if role not in (Role.ADMINISTRATOR, Role.MEMBER):
            raise Invalid("role", "must be administrator or member", role)
        return await self._change_user(user_id, scope, role=role)

    async def disable_user(self, user_id: str, scope: str | None = None) -> User:
        """The user's credentials stop at once. errors: NotFound(`user`)"""
        return await self._change_user(user_id, scope, disabled_at_ms=self._clock.now_ms())

    async def enable_user(self, user_id: str, scope: str | None = None) -> User:
        """errors: NotFound(`user`)"""
        return await self._change_user(user_id, scope, disabled_at_ms=None)

    async def set_password(self, user_id: str, password: str | None = None, scope: str | None = None) -> str:
        """The new password, generated unless one is given. errors: NotFound(`user`), Invalid(`password`)"""
        secret = self._ids.text(PASSWORD_LENGTH) if password is None else good_password(password)
        hashed = await self._passwords.hashed(secret)
        async with self._store.write() as tx:
            await user_in(tx, user_id, scope)
            await tx.accounts.set_password(user_id, hashed)
        return secret

    async def _change_user(self, user_id: str, scope: str | None, **facts: object) -> User:
        async with self._store.write() as tx:
            before = await user_in(tx, user_id, scope)
            if facts.get("disabled_at_ms") is not None and before.disabled_at_ms is not None:
                return before
            user = replace(before, **facts)  # type: ignore[arg-type]  # callers name fields
            await tx.accounts.change_user(user)
        return user


async def partner_in(tx: Tx, partner_id: str) -> Partner:
    """errors: NotFound"""
    partner = await tx.accounts.partner(partner_id) if plausible_id(partner_id) else None
    if partner is None:
        raise NotFound("partner", partner_id)
    return partner


async def account_in(tx: Tx, account_id: str) -> Account:
    """errors: NotFound"""
    account = await tx.accounts.account(account_id) if plausible_id(account_id) else None
    if account is None:
        raise NotFound("account", account_id)
    return account


async def open_account(tx: Tx, account_id: str) -> Account:
    """One that is not closed. errors: NotFound, Invalid(`account`)"""
    account = await account_in(tx, account_id)
    if account.closed_at_ms is not None:
        raise Invalid("account", "is closed", account_id)
    return account


async def user_in(tx: Tx, user_id: str, account_id: str | None) -> User:
    """A user, of that account unless it is None. errors: NotFound"""
    user = await tx.accounts.user(user_id) if plausible_id(user_id) else None
    if user is None or account_id not in (None, user.account_id):
        raise NotFound("user", user_id)
    return user


def good_password(password: str) -> str:
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise Invalid("password", f"must have {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters")
    return password


def known_zone(time_zone: str) -> str:
    if time_zone not in available_timezones():
        raise Invalid("time_zone", "must be an IANA name such as Europe/Berlin", time_zone)
    return time_zone


def known_language(language: str) -> str:
    if language not in LANGUAGES:
        raise Invalid("language", f"must be one of {', '.join(LANGUAGES)}", language)
    return language
