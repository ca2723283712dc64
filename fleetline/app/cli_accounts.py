"""Commands of partners, accounts, users and credentials."""

import sys

import click

from fleetline.app.command import Printed, core_command, instant, table
from fleetline.core.acts import record_operator
from fleetline.core.workspace import Core
from fleetline.model.access import NOTHING, Account, Credential, Role, User, parse_permissions
from fleetline.model.errors import Invalid


@click.group()
def partner() -> None:
    """Partners, who serve several accounts."""


@partner.command("add")
@click.argument("name")
@core_command
async def partner_add(core: Core, name: str) -> Printed:
    """Add a partner called NAME."""
    added = await core.accounts.add_partner(name)
    return Printed({"partner_id": added.partner_id}, added.partner_id)


@partner.command("list")
@core_command
async def partner_list(core: Core) -> Printed:
    """All partners."""
    facts: list[dict[str, object]] = [
        {
            "partner_id": one.partner_id,
            "name": one.name,
            "created_at": instant(one.created_at_ms),
            "state": "open" if one.closed_at_ms is None else "closed",
        }
        for one in await core.accounts.partners()
    ]
    return Printed(facts, _table(facts, "no partners"))


@partner.command("close")
@click.argument("partner_id")
@core_command
async def partner_close(core: Core, partner_id: str) -> Printed:
    """Stop every key of PARTNER_ID and of the accounts it serves."""
    await core.accounts.close_partner(partner_id)
    return Printed({"partner_id": partner_id, "state": "closed"}, f"{partner_id} is closed")


@click.group()
def account() -> None:
    """Accounts, which own devices and live under a plan."""


@account.command("add")
@click.argument("name")
@click.option("--partner", "partner_id", metavar="PARTNER_ID", help="The partner that serves it.")
@click.option("--plan", default="standard", show_default=True, help="standard, unlimited or one of the settings.")
@click.option("--time-zone", default="Europe/Berlin", show_default=True, help="For texts made for people.")
@click.option("--language", default="de", show_default=True, help="For texts made for people: de or en.")
@core_command
async def account_add(
    core: Core, name: str, partner_id: str | None, plan: str, time_zone: str, language: str
) -> Printed:
    """Add an account called NAME."""
    added = await core.accounts.add_account(
        name, partner_id=partner_id, plan=plan, time_zone=time_zone, language=language
    )
    return Printed({"account_id": added.account_id, "plan": added.plan}, f"{added.account_id} on plan {added.plan}")


@account.command("list")
@click.option("--partner", "partner_id", metavar="PARTNER_ID", help="Only those this partner serves.")
@core_command
async def account_list(core: Core, partner_id: str | None) -> Printed:
    """All accounts."""
    facts = [_account(one) for one in await core.accounts.accounts(partner_id)]
    return Printed(facts, _table(facts, "no accounts"))


@account.command("plan")
@click.argument("account_id")
@click.argument("plan")
@core_command
async def account_plan(core: Core, account_id: str, plan: str) -> Printed:
    """Put ACCOUNT_ID on PLAN; its next call feels it."""
    changed = await core.accounts.set_plan(account_id, plan)
    facts = {"account_id": changed.account_id, "plan": changed.plan}
    return Printed(facts, f"{changed.account_id} on plan {changed.plan}")


@account.command("close")
@click.argument("account_id")
@core_command
async def account_close(core: Core, account_id: str) -> Printed:
    """Stop every credential of ACCOUNT_ID; what it stored stays."""
    changed = await core.accounts.close_account(account_id)
    return Printed(_account(changed), f"{account_id} is closed")


@account.command("reopen")
@click.argument("account_id")
@core_command
async def account_reopen(core: Core, account_id: str) -> Printed:
    """Let the credentials of ACCOUNT_ID work again."""
    changed = await core.accounts.reopen_account(account_id)
    return Printed(_account(changed), f"{account_id} is open")


@click.group()
def user() -> None:
    """People of an account and what each may see."""


@user.command("add")
@click.argument("account_id")
@click.argument("email")
@click.option("--role", type=click.Choice(["administrator", "member"]), default="member", show_default=True)
@click.option("--permissions", metavar="SPEC", help="devices=all|7,9;groups=2;withhold=location;history=30")
@click.option("--password-stdin", is_flag=True, help="Read the password from the first line of standard input.")
@core_command
async def user_add(
    core: Core, account_id: str, email: str, role: str, permissions: str | None, password_stdin: bool
) -> Printed:
    """Add EMAIL to the people of ACCOUNT_ID; a member sees nothing until --permissions grant it."""
    granted = NOTHING if permissions is None else parse_permissions(permissions)
    given = _password() if password_stdin else None
    added, password = await core.accounts.add_user(
        account_id, email, role=Role(role), permissions=granted, password=given
    )
    shown = None if password_stdin else password
    text = added.user_id if shown is None else f"{added.user_id}\npassword, shown only now: {shown}"
    return Printed({"user_id": added.user_id, "password": shown}, text)


@user.command("list")
@click.argument("account_id")
@core_command
async def user_list(core: Core, account_id: str) -> Printed:
    """The people of ACCOUNT_ID."""
    found = await core.accounts.users(account_id)
    rows = [(one.user_id, one.email, one.role.value, _state(one), one.permissions.spec()) for one in found]
    titles = ("user_id", "email", "role", "state", "permissions")
    return Printed([_user(one) for one in found], table(titles, rows, empty="no users"))


@user.command("permissions")
@click.argument("user_id")
@click.argument("spec")
@core_command
async def user_permissions(core: Core, user_id: str, spec: str) -> Printed:
    """Let USER_ID see what SPEC grants and no more, from the next call on.

    SPEC is made of devices=all or ids, groups=ids, withhold=imei,sensors,location,mileage,routes and history=days,
    with semicolons between, such as "devices=7,9;groups=2;withhold=location;history=30".
    """
    changed = await core.accounts.set_permissions(user_id, parse_permissions(spec))
    return Printed(_user(changed), changed.permissions.spec())


@user.command("role")
@click.argument("user_id")
@click.argument("role", type=click.Choice(["administrator", "member"]))
@core_command
async def user_role(core: Core, user_id: str, role: str) -> Printed:
    """Make USER_ID an administrator or a member."""
    changed = await core.accounts.set_role(user_id, Role(role))
    return Printed(_user(changed), f"{user_id} is {changed.role.value}")


@user.command("password")
@click.argument("user_id")
@click.option("--password-stdin", is_flag=True, help="Read the password from the first line of standard input.")
@core_command
async def user_password(core: Core, user_id: str, password_stdin: bool) -> Printed:
    """Give USER_ID a new password."""
    password = await core.accounts.set_password(user_id, _password() if password_stdin else None)
    shown = None if password_stdin else password
    text = f"{user_id} has a new password" if shown is None else f"password, shown only now: {shown}"
    return Printed({"user_id": user_id, "password": shown}, text)


@user.command("disable")
@click.argument("user_id")
@core_command
async def user_disable(core: Core, user_id: str) -> Printed:
    """Stop every credential of USER_ID."""
    changed = await core.accounts.disable_user(user_id)
    return Printed(_user(changed), f"{user_id} is disabled")


@user.command("enable")
@click.argument("user_id")
@core_command
async def user_enable(core: Core, user_id: str) -> Printed:
    """Let the credentials of USER_ID work again."""
    changed = await core.accounts.enable_user(user_id)
    return Printed(_user(changed), f"{user_id} is active")


@click.group()
def credential() -> None:
    """Tokens and keys: made, listed, revoked."""


@credential.group("add")
def credential_add() -> None:
    """Make a credential; its secret is shown this once."""


@credential_add.command("fleetize-token")
@click.option("--account", "account_id", required=True, metavar="ACCOUNT_ID")
@click.option("--user", "user_id", metavar="USER_ID", help="Whose it is; without it, the main user's.")
@click.option("--name", default="", help="To tell it from others in lists.")
@core_command
async def add_call_token(core: Core, account_id: str, user_id: str | None, name: str) -> Printed:
    """A token for the Fleetize-compatible API."""
    issued = await core.credentials.add_call_token(account_id, user_id=user_id, name=name)
    await record_operator(core, issued.credential, "added")
    return Printed({"apitoken": issued.secret}, issued.secret)


@credential_add.command("fleetline-token")
@click.option("--account", "account_id", required=True, metavar="ACCOUNT_ID")
@click.option("--user", "user_id", metavar="USER_ID", help="Whose it is; without it, the main user's.")
@click.option("--read-only", is_flag=True, help="It may change nothing.")
@click.option("--name", default="", help="To tell it from others in lists.")
@core_command
async def add_own_token(core: Core, account_id: str, user_id: str | None, read_only: bool, name: str) -> Printed:
    """A bearer token for Fleetline's own API."""
    issued = await core.credentials.add_own_token(account_id, user_id=user_id, name=name, read_only=read_only)
    await record_operator(core, issued.credential, "added")
    return Printed({"token": issued.secret}, issued.secret)


@credential_add.command("fleetview-client")
@click.option("--account", "account_id", required=True, metavar="ACCOUNT_ID")
@click.option("--name", default="", help="To tell it from others in lists.")
@core_command
async def add_client(core: Core, account_id: str, name: str) -> Printed:
    """An API key with a client for the FleetView-compatible API."""
    issued = await core.credentials.add_client(account_id, name=name)
    assert issued.key is not None, "a client without a key to join gets one"
    for made in (issued.key, issued.client):
        await record_operator(core, made.credential, "added")
    facts = {
        "api_key": issued.key.secret,
        "client_id": issued.client.credential.credential_id,
        "client_secret": issued.client.secret,
    }
    return Printed(facts, "\n".join(f"{key}: {value}" for key, value in facts.items()))


@credential_add.command("trimble-key")
@click.option("--account", "account_id", metavar="ACCOUNT_ID")
@click.option("--partner", "partner_id", metavar="PARTNER_ID")
@click.option("--name", default="", help="To tell it from others in lists.")
@core_command
async def add_asset_key(core: Core, account_id: str | None, partner_id: str | None, name: str) -> Printed:
    """A key for the Trimble-compatible API, of an account or of a partner."""
    _one_of(account_id, partner_id)
    issued = await core.credentials.add_asset_key(account_id=account_id, partner_id=partner_id, name=name)
    await record_operator(core, issued.credential, "added")
    return Printed({"api_key": issued.secret}, issued.secret)


@credential.command("list")
@click.option("--account", "account_id", metavar="ACCOUNT_ID")
@click.option("--partner", "partner_id", metavar="PARTNER_ID")
@core_command
async def credential_list(core: Core, account_id: str | None, partner_id: str | None) -> Printed:
    """The credentials of an account or of a partner, never their secrets."""
    _one_of(account_id, partner_id)
    now_ms = core.clock.now_ms()
    found = await core.credentials.credentials(account_id=account_id, partner_id=partner_id)
    facts = [_credential(one, now_ms) for one in found]
    return Printed(facts, _table(facts, "no credentials"))


@credential.command("revoke")
@click.argument("credential_id")
@core_command
async def credential_revoke(core: Core, credential_id: str) -> Printed:
    """Stop CREDENTIAL_ID, and what was made with it, from the next call on."""
    changed = await core.credentials.revoke(credential_id)
    await record_operator(core, changed, "revoked")
    return Printed(_credential(changed, core.clock.now_ms()), f"{credential_id} is revoked")


@credential.command("unblock")
@click.argument("credential_id")
@core_command
async def credential_unblock(core: Core, credential_id: str) -> Printed:
    """Lift the block that CREDENTIAL_ID earned by calling too often."""
    changed = await core.credentials.unblock(credential_id)
    await record_operator(core, changed, "unblocked")
    now_ms = core.clock.now_ms()
    return Printed(_credential(changed, now_ms), f"{credential_id} is {changed.state(now_ms)}")


def _one_of(account_id: str | None, partner_id: str | None) -> None:
    if (account_id is None) == (partner_id is None):
        raise click.UsageError("Give either --account or --partner.")


def _password() -> str:
    line = sys.stdin.readline().rstrip("\r\n")
    if not line:
        raise Invalid("password", "standard input has none")
    return line


def _state(one: User) -> str:
    return "active" if one.disabled_at_ms is None else "disabled"


def _user(one: User) -> dict[str, object]:
    return {
        "user_id": one.user_id,
        "account_id": one.account_id,
        "email": one.email,
        "role": one.role.value,
        "permissions": one.permissions.facts(),
        "created_at": instant(one.created_at_ms),
        "state": _state(one),
    }


def _account(one: Account) -> dict[str, object]:
    return {
        "account_id": one.account_id,
        "name": one.name,
        "plan": one.plan,
        "partner_id": one.partner_id,
        "time_zone": one.time_zone,
        "language": one.language,
        "created_at": instant(one.created_at_ms),
        "state": "open" if one.closed_at_ms is None else "closed",
    }


def _credential(one: Credential, now_ms: int) -> dict[str, object]:
    return {
        "credential_id": one.credential_id,
        "kind": one.kind.value,
        "name": one.name,
        "hint": one.hint,
        "created_at": instant(one.created_at_ms),
        "last_used_at": instant(one.last_used_at_ms),
        "state": one.state(now_ms),
    }


def _table(facts: list[dict[str, object]], empty: str) -> str:
    titles = list(facts[0]) if facts else []
    return table(titles, [[row[title] for title in titles] for row in facts], empty=empty)
