"""A core over a real engine with an account in it, for tests of the door."""

from collections.abc import Mapping
from pathlib import Path

from fleetline.core.accounts import AccountsDesk
from fleetline.core.credentials import CredentialsDesk
from fleetline.core.gate import Gate
from fleetline.core.registry import Registry
from fleetline.core.workspace import Core
from fleetline.model.access import Kind
from fleetline.model.limits import BUILT_IN, Lives, Plan
from fleetline.model.refusals import Refused
from fleetline.outside.passwords import Argon2Passwords
from fleetline.outside.signer import FileSigner
from fleetline.stores.engine import Engine
from fleetline.stores.store import EngineStore
from tests.kit import CountedIds, HandClock


def core_over(
    engine: Engine, clock: HandClock, ids: CountedIds, folder: Path, plans: Mapping[str, Plan] | None = None
) -> Core:
    store, known = EngineStore(engine), {**BUILT_IN, **(plans or {})}
    passwords = Argon2Passwords(memory_kib=64, passes=1)
    return Core(
        store=store, clock=clock, ids=ids, plans=known, public_url="http://localhost:8080", lives=Lives(),
        passwords=passwords, signer=FileSigner(folder / "signing.key"),
        accounts=AccountsDesk(store, clock, ids, known, passwords), credentials=CredentialsDesk(store, clock, ids),
        registry=Registry(store, clock),
    )  # fmt: skip


async def answers(
    gate: Gate, clock: HandClock, secret: str, seconds: list[float], address: str = "192.0.2.1"
) -> list[str]:
    """What a caller that calls at these seconds after now is told."""
    start, told = clock.ms, []
    for second in seconds:
        clock.ms = start + round(second * 1000)
        try:
            await gate.admit(Kind.CALL_TOKEN, secret, address=address)
        except Refused as refusal:
            told.append(type(refusal).__name__)
        else:
            told.append("accepted")
    return told
