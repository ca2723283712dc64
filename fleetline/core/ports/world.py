"""Time and chance as the core sees them, so that tests can set both by hand."""

import secrets
import string
import time
import uuid
from typing import Final, Protocol

ALPHANUMERIC: Final = string.ascii_letters + string.digits


class Clock(Protocol):
    """Where `now` comes from."""

    def now_ms(self) -> int:
        """Milliseconds since 1970-01-01T00:00:00Z, UTC."""
        ...


class Ids(Protocol):
    """Where secrets and identifiers come from; unguessable outside tests."""

    def text(self, length: int) -> str:
        """`length` characters out of A-Z a-z 0-9."""
        ...

    def urlsafe(self, bits: int) -> str:
        """`bits` random bits in base64url without padding."""
        ...

    def short(self, prefix: str) -> str:
        """An identifier for people: the prefix and ten lower-case letters and digits."""
        ...

    def uuid(self) -> str:
        """A random UUID, version 4, in lower case."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000


class RandomIds:
    """Identifiers out of the operating system's randomness."""

    def text(self, length: int) -> str:
        return "".join(secrets.choice(ALPHANUMERIC) for _ in range(length))

    def urlsafe(self, bits: int) -> str:
        return secrets.token_urlsafe(bits // 8)

    def short(self, prefix: str) -> str:
        letters = string.ascii_lowercase + string.digits
        return prefix + "".join(secrets.choice(letters) for _ in range(10))

    def uuid(self) -> str:
        return str(uuid.uuid4())
