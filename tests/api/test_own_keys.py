"""What the own API tells of API keys and their clients, and how all tokens of a client end."""

import pytest

from fleetline.core.gate import Gate
from fleetline.model.refusals import GrantRefused
from tests.api.own_kit import Installation

HERE = "192.0.2.7"


async def test_keys_tell_how_much_they_are_used_and_all_tokens_of_a_client_end_at_a_word(here: Installation) -> None:
    boss = await here.account("Acme")
    made = await boss.do("POST", "/credentials", {"kind": "fleetview-client", "name": "Portal"}, 201)
    secrets, client_id = made["secrets"], made["credential"]["id"]
    gate = Gate(here.core)
    caller = await gate.tokens.open_key(secrets["api_key"], address=HERE)
    pair = await gate.tokens.issue(caller, secrets["client_id"], secrets["client_secret"])
    await gate.admit_client(secrets["api_key"], pair.access_token, address=HERE)
    await gate.uses.flush()
    listed = {one["kind"]: one for one in (await boss.get("/credentials"))["items"]}
    key, client = listed["fleetview-key"], listed["fleetview-client"]
    assert (key["operations_24h"], key["refused_24h"], key["last_address"]) == (2, 0, HERE)
    assert (key["last_client_id"], client["families"]) == (client_id, 1)
    assert client["last_token_at_ms"] == here.clock.ms
    await boss.do("POST", f"/credentials/{client_id}/end-tokens", None, 204)
    with pytest.raises(GrantRefused):
        await gate.tokens.refresh(caller, pair.refresh_token)
    after = {one["kind"]: one for one in (await boss.get("/credentials"))["items"]}
    assert (after["fleetview-client"]["families"], after["fleetview-client"]["state"]) == (0, "active")
    acts = [(one["kind"], one["action"]) for one in (await boss.get("/audit"))["items"]]
    assert ("credential", "tokens ended") in acts


async def test_tokens_of_another_accounts_client_stay(here: Installation) -> None:
    boss, other = await here.account("Acme"), await here.account("Other")
    made = await boss.do("POST", "/credentials", {"kind": "fleetview-client"}, 201)
    answer = await other.call("POST", f"/credentials/{made['credential']['id']}/end-tokens")
    assert answer.status == 404
