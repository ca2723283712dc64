"""A credential that another process revokes is refused on the very next call, whatever that call asks for."""

from pathlib import Path

import pytest

from fleetline.core.workspace import Core
from fleetline.stores.engine import Engine
from tests.api.trimble_kit import Assets, assets_over, vehicles
from tests.kit import CountedIds, HandClock
from tests.registry_kit import OWN

UNKNOWN = {"message": "Missing, invalid or expired token", "code": 401}


@pytest.fixture
async def assets(engine: Engine, clock: HandClock, ids: CountedIds, tmp_path: Path) -> Assets:
    return await assets_over(engine, clock, ids, tmp_path)


@pytest.mark.parametrize(
    ("method", "target", "body"),
    [
        ("GET", "/vehicles", b""),
        ("HEAD", "/vehicles", b""),
        ("GET", "/vehicles?limit=0", b""),
        ("GET", "/accounts", b""),
        ("GET", "/avoidFavorSets", b""),
        ("POST", "/vehicles", vehicles("a:A")),
        ("POST", "/vehicles", b"no JSON"),
        ("PUT", "/vehicles", vehicles("a:B")),
        ("DELETE", "/vehicles?vehicleId=a", b""),
    ],
)
async def test_the_next_call_is_refused(
    assets: Assets, elsewhere: Core, method: str, target: str, body: bytes | list[dict[str, str]]
) -> None:
    for _ in range(3):
        assert (await assets.call("GET", "/vehicles")).status == 200
    await elsewhere.credentials.revoke("cred_direct")
    for _ in range(2):
        answer = await assets.call(method, target, body)
        assert answer.status == 401
        assert method == "HEAD" or answer.json() == UNKNOWN
    other = await assets.call("GET", "/vehicles", token="other")
    assert (other.status, other.json()["data"]) == (200, [])


async def test_a_call_that_began_anew_answers_as_any_other_when_it_was_somebody_else_s_credential(
    assets: Assets, elsewhere: Core
) -> None:
    await assets.call("POST", "/vehicles", vehicles("a:A", "b:B"))
    await assets.call("GET", "/vehicles")
    await elsewhere.credentials.revoke("cred_other")
    answer = await assets.call("GET", "/vehicles?limit=1")
    assert (answer.status, answer.json()["size"], len(answer.json()["data"])) == (200, 2, 1)
    assert assets.entries[-1].credential_id == "cred_direct"


async def test_a_closed_account_is_refused_on_the_next_call_and_let_in_again_once_it_is_open(
    assets: Assets, elsewhere: Core
) -> None:
    assert (await assets.call("GET", "/vehicles")).status == 200
    await elsewhere.accounts.close_account(OWN)
    assert (await assets.call("GET", "/vehicles")).status == 401
    await elsewhere.accounts.reopen_account(OWN)
    assert (await assets.call("GET", "/vehicles")).status == 200
