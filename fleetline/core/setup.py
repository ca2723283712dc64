"""The first minute of an installation: while there is no account, the first visitor makes one and its administrator."""

from fleetline.core.accounts import good_password, known_language, known_zone
from fleetline.core.workspace import Core
from fleetline.model.access import NOTHING, Account, Role, User, checked_email, checked_name, email_key
from fleetline.model.errors import Conflict
from fleetline.model.limits import STANDARD


async def needs_setup(core: Core) -> bool:
    """Whether there is no account yet."""
    async with core.store.read() as tx:
        return not await tx.accounts.accounts()


async def set_up(
    core: Core, organisation: str, email: str, password: str, *, time_zone: str = "Europe/Berlin", language: str = "en"
) -> User:
    """The first account and its administrator.

    errors  Conflict(`setup`) once there is any account; Invalid(`organisation`, `email`, `password`, `time_zone`,
            `language`)
    """
    now_ms = core.clock.now_ms()
    account = Account(
        core.ids.short("acc_"), None, checked_name("organisation", organisation), STANDARD.name, now_ms,
        time_zone=known_zone(time_zone), language=known_language(language),
    )  # fmt: skip
    user = User(
        core.ids.short("usr_"), account.account_id, checked_email(email), Role.ADMINISTRATOR, NOTHING, now_ms
    )  # fmt: skip
    hashed = await core.passwords.hashed(good_password(password))
    async with core.store.write() as tx:
        # one row that everybody who sets up must hold, so that of two first visitors one comes second
        await tx.registry.lock_counter("setup")
        if await tx.accounts.accounts():
            raise Conflict("setup", "account", organisation)
        await tx.accounts.add_account(account)
        await tx.accounts.add_user(user, email_key(user.email), hashed)
    return user
