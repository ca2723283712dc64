"""What one admitted principal may do: its account, its plan, and the desks of the one core."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fleetline.core.accounts import AccountsDesk
from fleetline.core.administration import OwnAccount
from fleetline.core.credentials import CredentialsDesk
from fleetline.core.ports.accounts import Passwords, Signer
from fleetline.core.ports.store import Store
from fleetline.core.ports.world import Clock, Ids
from fleetline.model.access import Account, Holder, Principal, Role
from fleetline.model.limits import STANDARD, Lives, Plan, Standing

if TYPE_CHECKING:
    from fleetline.core.history import History, HistoryDesk
    from fleetline.core.power import PowerDesk
    from fleetline.core.registry import Registry


@dataclass(frozen=True, slots=True, kw_only=True)
class Core:
    """Everything the use cases share; made once when the program starts.

    plans       by name, the built-in ones among them
    public_url  where callers reach this server, without a slash at the end; empty: whatever host a call names
    history     None where nothing of the program reads it, as on the command line of accounts
    """

    store: Store
    clock: Clock
    ids: Ids
    plans: Mapping[str, Plan]
    public_url: str
    lives: Lives
    passwords: Passwords
    signer: Signer
    accounts: AccountsDesk
    credentials: CredentialsDesk
    registry: "Registry"
    history: "History | None" = None
    power: "PowerDesk | None" = None

    def plan_of(self, holder: Holder) -> Plan:
        """The account's plan; one that the settings no longer define counts as the standard plan."""
        return self.plans.get(holder.account.plan, STANDARD) if holder.account else STANDARD


@dataclass(frozen=True, slots=True)
class Workspace:
    """One admitted call.

    account    None for a partner, which has no account to work in
    standing   what is left of the quota or of the bucket; None where the plan has neither
    """

    principal: Principal
    account: Account | None
    plan: Plan
    core: Core
    standing: Standing | None = None

    @property
    def account_id(self) -> str:
        """The scope of every read and write; empty for a partner, which matches nothing."""
        return self.principal.account_id

    @property
    def level(self) -> str:
        """`account` or `partner`."""
        return "partner" if self.principal.role is Role.PARTNER else "account"

    @property
    def registry(self) -> "Registry":
        """Its verbs take `account_id` first."""
        return self.core.registry

    @property
    def history(self) -> "HistoryDesk":
        """History as this principal sees it."""
        assert self.core.history is not None, "this core was put together without history"
        assert self.account is not None, "a partner has no history"
        return self.core.history.of(self.principal, self.account)

    @property
    def power(self) -> "PowerDesk":
        """Its verbs take `account_id` first."""
        assert self.core.power is not None, "this core was put together without power"
        return self.core.power

    @property
    def accounts(self) -> OwnAccount:
        """Users and credentials of the own account, and a partner's accounts."""
        return OwnAccount(self.core.accounts, self.core.credentials, self.principal)
