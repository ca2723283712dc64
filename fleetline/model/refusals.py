"""The ways in which the gate says no, as data; each dialect has its own words for each."""

from fleetline.model.errors import FleetlineError
from fleetline.model.limits import Standing


class Refused(FleetlineError):
    """The gate did not admit the call.

    credential_id, credential_kind, account_id, user_id  whose call it was, as far as known; for the request log, never
              for an answer
    standing  what is left of the quota or bucket, where the call was counted before it was refused
    """

    def __init__(self, fact: str, standing: Standing | None = None) -> None:
        super().__init__(fact)
        self.standing = standing
        self.credential_id: str | None = None
        self.credential_kind = ""
        self.account_id: str | None = None
        self.user_id: str | None = None


class Unknown(Refused):
    """No live credential fits: missing, mistyped, revoked, or its user or account has ended.

    which   `call`, `key`, `client`, `token`, `refresh`, `session`: the secret that does not fit
    reason  `missing`, `unknown` or `expired` (a true one past its end)
    """

    def __init__(self, which: str, reason: str = "unknown") -> None:
        super().__init__(f"{which} {reason}")
        self.which = which
        self.reason = reason


class NotInPlan(Refused):
    """The account's plan does not include it: `api`, `action` or `history`."""

    def __init__(self, what: str) -> None:
        super().__init__(f"the plan does not include {what}")
        self.what = what


class WrongLevel(Refused):
    """A partner's token where an account's is needed, or the other way round; `needed` is `account` or `partner`."""

    def __init__(self, needed: str) -> None:
        super().__init__(f"a token of {needed} level is needed")
        self.needed = needed


class Blocked(Refused):
    """The credential was blocked for persistent violation; only an operator lifts it."""

    def __init__(self) -> None:
        super().__init__("blocked for persistent violation")


class TooSoon(Refused):
    """Less than the plan's spacing after the call before."""

    def __init__(self, retry_after_s: int) -> None:
        super().__init__(f"too soon, wait {retry_after_s} s")
        self.retry_after_s = retry_after_s


class QuotaUsed(Refused):
    """The day's calls are used up; they come back at midnight UTC."""

    def __init__(self, retry_after_s: int, standing: Standing | None) -> None:
        super().__init__(f"daily quota used, wait {retry_after_s} s", standing)
        self.retry_after_s = retry_after_s


class AddressRefused(Refused):
    """Another address is bound to the account and has not been silent long enough."""

    def __init__(self, retry_after_s: int) -> None:
        super().__init__(f"another address is bound, wait {retry_after_s} s")
        self.retry_after_s = retry_after_s


class TooMany(Refused):
    """More operations than the plan's rate, or too many failures from one address; nothing was taken."""

    def __init__(self, retry_after_s: int, standing: Standing | None = None) -> None:
        super().__init__(f"too many operations, wait {retry_after_s} s", standing)
        self.retry_after_s = retry_after_s


class GrantRefused(Refused):
    """A refresh token that is unknown, expired, spent, revoked or another key's."""

    def __init__(self) -> None:
        super().__init__("the refresh token is not valid")
