"""Expected failures, as data without prose: each dialect has its own words for each."""


class FleetlineError(Exception):
    """Base of every failure that a caller may meet in good order.

    A subclass carries facts, never sentences for people; `str()` is for logs and the command line only.
    """


class NotFound(FleetlineError):
    """The thing does not exist, or the caller may not know that it does."""

    def __init__(self, kind: str, key: object) -> None:
        super().__init__(f"no {kind} {key}")
        self.kind = kind
        self.key = key


class Conflict(FleetlineError):
    """The change contradicts what is stored: a taken name, a stale version, a device already fitted."""

    def __init__(self, kind: str, field: str, value: object, holder: object = None) -> None:
        super().__init__(f"{kind} {field} {value!r} is already in use")
        self.kind = kind
        self.field = field
        self.value = value
        self.holder = holder


class Invalid(FleetlineError):
    """A value that may not be stored; `field` is its path in the caller's own order of things."""

    def __init__(self, field: str, reason: str, value: object = None) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason
        self.value = value


class Unavailable(FleetlineError):
    """The store cannot be reached or takes no writes now; the same call may succeed later."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
