"""What one admitted principal may do: its account, its plan, and the desks of the one core."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fleetline.core.accounts import AccountsDesk, OwnAccount
from fleetline.core.ports.accounts import Passwords, Signer
from fleetline.core.ports.store import Store
from fleetline.core.ports.world import Clock, Ids
from fleetline.model.access import Account, Principal, Role
from fleetline.model.limits import Plan, Standing

if TYPE_CHECKING:
    from fleetline.core.history import HistoryDesk
    from fleetline.core.registry import Registry


@dataclass(frozen=True, slots=True, kw_only=True)
class Core:
    """Everything the use cases share; made once when the program starts.

    plans       by name, the built-in ones among them
    public_url  where callers reach this server, without a slash at the end
    """

    store: Store
    clock: Clock
    ids: Ids
    plans: Mapping[str, Plan]
    public_url: str
    passwords: Passwords
    signer: Signer
    accounts: AccountsDesk
    registry: "Registry"
    history: "HistoryDesk"


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
        return self.core.history

    @property
    def accounts(self) -> OwnAccount:
        """Users and credentials of the own account, and a partner's accounts."""
        return OwnAccount(self.core.accounts, self.principal)
