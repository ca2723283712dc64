"""How secrets are made, shown in lists and stored."""

import hashlib
import hmac
from collections.abc import Iterable
from typing import Final

HINT_AFTER: Final = 32
LONGEST_ID: Final = 64
OWN_PREFIX: Final = "fl."
"""Begins every token of our own API: no session's secret does, and whoever finds one in a log knows what it opens."""


def secret_hash(secret: str) -> str:
    """What is stored of a random secret: it has 128 bits or more, so nobody tries them all and one fast hash is enough.

    returns  SHA-256 in hexadecimal
    """
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def fits(secret: str, hashes: Iterable[str]) -> bool:
    """Whether the secret has one of these hashes, in a time that tells nothing."""
    own = secret_hash(secret)
    return sum(hmac.compare_digest(own, known) for known in hashes) > 0


def hint(secret: str) -> str:
    """First eight and last four characters of a long secret; nothing of one too short to spare them."""
    return f"{secret[:8]}...{secret[-4:]}" if len(secret) >= HINT_AFTER else ""


def plausible_id(text: str) -> bool:
    """Whether a text from outside may be an identifier of ours; no engine is asked for what it cannot even read."""
    return 0 < len(text) <= LONGEST_ID and text.isascii() and text.isprintable()
