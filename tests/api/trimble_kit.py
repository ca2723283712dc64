"""A server with the assets API over a real engine, its keys, and a state to start from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import msgspec

from fleetline.api.dialects.trimble import DIALECT
from fleetline.api.http import Proxies
from fleetline.api.pipeline import Pipeline
from fleetline.core.gate import Gate
from fleetline.core.pledges import Pledges
from fleetline.core.requests import RequestEntry, RequestLog
from fleetline.core.secrets import secret_hash
from fleetline.core.workspace import Core
from fleetline.model.access import Credential
from fleetline.model.access import Kind as Purpose
from fleetline.model.limits import Plan
from fleetline.model.registry import Group, Kind, Member
from fleetline.stores.engine import Engine
from fleetline.stores.store import EngineStore
from tests.api.calls import Answer, Caller
from tests.core.gate_kit import core_over
from tests.kit import CountedIds, HandClock
from tests.registry_kit import OTHER, OWN, PARTNER, make_accounts

BASE: Final = "/api/assets/v1"
ACCOUNTS: Final = {"own": OWN, "other": OTHER, "FLTACC1": "FLTACC1", "FLTACC2": "FLTACC2"}


def milliseconds(text: str) -> int:
    """An instant without zone, in UTC."""
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


@dataclass
class Assets:
    """A client of the assets API with a token for every account and for the partner.

    A call names its token by account (`own`, `other`, `FLTACC1`, `FLTACC2`) or `partner`; None sends none.
    """

    core: Core
    engine: Engine
    clock: HandClock
    caller: Caller
    entries: list[RequestEntry]
    tokens: dict[str, str] = field(default_factory=dict)

    async def call(
        self,
        method: str,
        target: str,
        body: bytes | str | list[Any] | dict[str, Any] = b"",
        *,
        token: str | None = "own",
        headers: Sequence[tuple[str, str]] = (),
    ) -> Answer:
        sent = (
            body if isinstance(body, bytes) else body.encode() if isinstance(body, str) else msgspec.json.encode(body)
        )
        named = list(headers)
        if token is not None:
            named.append(("authorization", f"bearer {await self.token(token)}"))
        return await self.caller.call(method, BASE + target, sent, named)

    async def token(self, name: str) -> str:
        if name not in self.tokens:
            key, account = "k-partner", f',"accountId":"{name}"'
            if name in ("own", "other"):
                key, account = "k-direct" if name == "own" else "k-other", ""
            body = f'{{"apiKey":"{key}"{"" if name == "partner" else account}}}'
            answer = await self.caller.call("POST", f"{BASE}/accounts/authenticate", body.encode())
            assert answer.status == 200, answer.text
            self.tokens[name] = answer.json()["token"]
        return self.tokens[name]


async def assets_over(
    engine: Engine,
    clock: HandClock,
    ids: CountedIds,
    folder: Path,
    *,
    public_url: str = "",
    plans: Mapping[str, Plan] | None = None,
) -> Assets:
    """The server, with accounts and keys in it."""
    await make_accounts(engine)
    core = core_over(engine, clock, ids, folder, plans)
    async with core.store.write() as tx:
        keys = (("k-direct", OWN, None), ("k-other", OTHER, None), ("k-partner", None, PARTNER))
        rows = [
            (
                Credential(
                    credential_id=secret.replace("k-", "cred_"), kind=Purpose.ASSET_KEY, account_id=account_id,
                    partner_id=partner_id, created_at_ms=0,
                ),
                secret_hash(secret),
            )
            for secret, account_id, partner_id in keys
        ]  # fmt: skip
        await tx.accounts.add_credentials(rows)
    entries: list[RequestEntry] = []
    pipeline = Pipeline(
        [DIALECT], gate=Gate(core), log=RequestLog(core.store, clock), clock=clock, ids=ids,
        proxies=Proxies(public_url=public_url), observe=entries.append,
        pledges=Pledges(core.store),
    )  # fmt: skip
    return Assets(core, engine, clock, Caller(pipeline), entries)


async def set_state(engine: Engine, state: Mapping[str, Any]) -> None:
    """Rows with given ids and times, as no call could make them.

    state  lists `vehicles`, `drivers`, `vehicle_groups`, `driver_groups`, and `next_id`
    """
    for kind in Kind:
        for entry in state.get(f"{kind.value}_groups", ()):
            await _put_group(engine, kind, entry)
        by_account: dict[str, list[dict[str, Any]]] = {}
        for entry in state.get(f"{kind.value}s", ()):
            by_account.setdefault(entry["account"], []).append(entry)
        for account, entries in by_account.items():
            await _put_members(engine, kind, account, entries)
    if "next_id" in state:
        async with EngineStore(engine).write() as tx:
            await tx.registry.advance_counter("registry", state["next_id"])


async def _put_members(engine: Engine, kind: Kind, account: str, entries: Sequence[Mapping[str, Any]]) -> None:
    async with EngineStore(engine).write() as tx:
        book = await tx.registry.open_book(ACCOUNTS[account])
        assert book is not None
        members = [
            Member(e["id"], e["external_id"], e["name"], milliseconds(e["modified"]) if "modified" in e else 0)
            for e in entries
        ]
        await tx.registry.insert_members(book, kind, members, 0)
        await tx.registry.join(book, [(group_id, e["id"]) for e in entries for group_id in e.get("groups", ())])
        column = "vehicles" if kind is Kind.VEHICLE else "drivers"
        await tx.connection.execute(
            f"UPDATE registries SET {column} = {column} + $2 WHERE account_id = $1", book.account_id, len(members)
        )


async def _put_group(engine: Engine, kind: Kind, entry: Mapping[str, Any]) -> None:
    async with EngineStore(engine).write() as tx:
        book = await tx.registry.open_book(ACCOUNTS[entry["account"]])
        assert book is not None
        modified = milliseconds(entry["modified"]) if "modified" in entry else 0
        await tx.registry.insert_groups(book, kind, [Group(entry["id"], entry["name"], modified)])
        column = f"{kind.value}_groups"
        await tx.connection.execute(
            f"UPDATE registries SET {column} = {column} + 1 WHERE account_id = $1", book.account_id
        )


def vehicles(*texts: str) -> list[dict[str, str]]:
    """`id:name` each."""
    return [dict(zip(("vehicleId", "Name"), text.split(":", 1), strict=True)) for text in texts]


async def listed(assets: Assets, target: str = "/vehicles?limit=5000", token: str = "own") -> list[str]:
    return [record["vehicleId"] for record in (await assets.call("GET", target, token=token)).json()["data"]]


async def faulty(assets: Assets, method: str, target: str, body: Any = b"", **more: Any) -> tuple[int, str]:
    """Status and message of a refusal, which has this API's own shape."""
    answer = await assets.call(method, target, body, **more)
    found = answer.json()
    assert found == {"message": found["message"], "code": answer.status}
    return answer.status, found["message"]
