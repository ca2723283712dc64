"""Accounts for the tests of the registry: a partner with two accounts, and two accounts by themselves."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from fleetline.model.registry import Author
from fleetline.stores.engine import Engine

PARTNER: Final = "par_1"
OWN: Final = "acc_own"
OTHER: Final = "acc_other"
SISTER_A: Final = "FLTACC1"
SISTER_B: Final = "FLTACC2"
BY: Final = Author("operator", "cli")


async def make_accounts(engine: Engine) -> None:
    """Two direct accounts, OWN and OTHER, and the two of a partner, SISTER_A and SISTER_B."""
    async with engine.write() as tx:
        await tx.execute("INSERT INTO partners (partner_id, name, created_at_ms) VALUES ($1, 'Partner', 0)", PARTNER)
        await tx.execute_many(
            "INSERT INTO accounts (account_id, partner_id, name, plan, time_zone, language, created_at_ms)"
            " VALUES ($1, $2, $3, 'standard', 'Europe/Berlin', 'de', 0)",
            [
                (OWN, None, "Own"),
                (OTHER, None, "Other"),
                (SISTER_A, PARTNER, "Fleet Account 1"),
                (SISTER_B, PARTNER, "Fleet Account 2"),
            ],
        )


@dataclass
class Counted:
    """How many statements the block sent."""

    count: int = 0


@contextmanager
def statements(engine: Engine) -> Iterator[Counted]:
    """Counts what both engines count."""
    counted, before = Counted(), engine.statements  # type: ignore[attr-defined]  # of both engines, not of the protocol
    yield counted
    counted.count = engine.statements - before  # type: ignore[attr-defined]  # as above
