"""Tables of accounts and access keep on both engines what was put in."""

import asyncio

import pytest

from fleetline.core.ports.accounts import LimitRow
from fleetline.model.access import Account, Credential, Kind, Partner, Permissions, Role, User
from fleetline.stores.engine import Engine
from fleetline.stores.store import EngineStore, EngineTx

PARTNER = Partner("par_1", "Serves many", 1)
ACCOUNT = Account("acc_1", "par_1", "Ümlaut & Söhne", "standard", 2, None, "Asia/Tokyo", "en")
USER = User("usr_1", "acc_1", "ann@example.org", Role.MEMBER, Permissions(devices=frozenset({2**53 - 1})), 3)
KEY = Credential(credential_id="cred_k", kind=Kind.API_KEY, account_id="acc_1", created_at_ms=4)
CLIENT = Credential(
    credential_id="cred_c", kind=Kind.CLIENT, account_id="acc_1", user_id="usr_1", parent_id="cred_k", family_id="f",
    name="n", hint="h", created_by="usr_1", created_at_ms=5, last_used_at_ms=6, last_address="::1", expires_at_ms=7,
    family_ends_at_ms=8, revoked_at_ms=9, spent_at_ms=10, blocked_at_ms=11, violations=12, read_only=True,
    keeps_refresh=True, alarms=13, alarmed_at_ms=14,
)  # fmt: skip


@pytest.fixture
async def store(engine: Engine) -> EngineStore:
    store = EngineStore(engine)
    async with store.write() as tx:
        await tx.accounts.add_partner(PARTNER)
        await tx.accounts.add_account(ACCOUNT)
        assert await tx.accounts.add_user(USER, "ann@example.org", "hash")
        await tx.accounts.add_credentials([(KEY, "k" * 64), (CLIENT, "c" * 64)])
    return store


async def test_a_holder_is_found_with_everybody_it_depends_on(store: EngineStore) -> None:
    async with store.read() as tx:
        found = await tx.accounts.holders(["c" * 64, "k" * 64, "x" * 64], 0)
        assert await tx.accounts.holder("cred_c") == found["c" * 64]
        assert await tx.accounts.holder("cred_x") is None
    assert set(found) == {"c" * 64, "k" * 64}
    holder = found["c" * 64]
    assert (holder.credential, holder.account, holder.partner, holder.user, holder.parent) == (
        CLIENT, ACCOUNT, PARTNER, USER, KEY,
    )  # fmt: skip
    assert (found["k" * 64].user, found["k" * 64].parent) == (None, None)


async def test_a_secret_is_found_through_an_index(engine: Engine, store: EngineStore) -> None:
    explain = {"sqlite": "EXPLAIN QUERY PLAN", "postgres": "EXPLAIN"}[engine.name]
    async with engine.read() as tx:
        if engine.name == "postgres":
            await tx.execute("SET LOCAL enable_seqscan = off")  # the table is tiny here, and reading it all is cheaper
        plan = await tx.fetch(f"{explain} SELECT 1 FROM credentials WHERE secret_hash {{in_texts:$1}}", ["c" * 64])
    assert "credentials_by_secret" in str(plan)


async def test_former_secrets_count_until_their_time_is_over(store: EngineStore) -> None:
    async with store.write() as tx:
        await tx.accounts.replace_secret("cred_k", "n" * 64, "new", 1_000)
    async with store.read() as tx:
        assert set(await tx.accounts.holders(["k" * 64, "n" * 64], 999)) == {"k" * 64, "n" * 64}
        assert set(await tx.accounts.holders(["k" * 64, "n" * 64], 1_000)) == {"n" * 64}
        assert sorted(await tx.accounts.secret_hashes("cred_k", 999)) == ["k" * 64, "n" * 64]
        assert await tx.accounts.secret_hashes("cred_k", 1_000) == ["n" * 64]


async def test_changes_of_people_are_kept(store: EngineStore) -> None:
    closed = Account("acc_1", "par_1", "New", "gold", 2, 99, "UTC", "de")
    changed = User("usr_1", "acc_1", USER.email, Role.ADMINISTRATOR, Permissions(True), 3, 77)
    async with store.write() as tx:
        await tx.accounts.change_account(closed)
        await tx.accounts.change_user(changed)
        await tx.accounts.set_password("usr_1", "other")
        await tx.accounts.close_partner("par_1", 55)
        await tx.accounts.close_partner("par_1", 66)
        assert not await tx.accounts.add_user(USER, "ann@example.org", None)
    async with store.read() as tx:
        assert await tx.accounts.account("acc_1") == closed
        assert await tx.accounts.user("usr_1") == changed
        assert await tx.accounts.users_by_email("ann@example.org") == [(changed, "other")]
        assert (await tx.accounts.partners())[0].closed_at_ms == 55


async def test_numbers_are_taken_in_blocks_and_never_twice(store: EngineStore) -> None:
    async def take(count: int) -> range:
        async with store.write() as tx:
            first = await tx.accounts.take("tests", count)
        return range(first, first + count)

    async with store.write() as tx:
        await tx.connection.execute("INSERT INTO counters (name, next) VALUES ('tests', 1000000001)")
    blocks = await asyncio.gather(*(take(count) for count in (1, 5, 2, 7)))
    numbers = sorted(number for block in blocks for number in block)
    assert numbers == list(range(1_000_000_001, 1_000_000_016))
    with pytest.raises(LookupError):
        async with store.write() as tx:
            await tx.accounts.take("nothing", 1)


async def test_limits_are_made_where_missing_and_keep_what_they_are_given(store: EngineStore) -> None:
    async with store.write() as tx:
        rows = await tx.accounts.lock_limits(["b", "a", "b"])
        assert rows == {"a": LimitRow("a"), "b": LimitRow("b")}
        assert await tx.accounts.lock_limits([]) == {}
        await tx.accounts.keep_limits([LimitRow("a", 5, 2**40, "mark"), LimitRow("c", 6)])
    async with store.read() as tx:
        assert await tx.accounts.limit_rows(["a", "b", "c", "d"]) == {
            "a": LimitRow("a", 5, 2**40, "mark"),
            "b": LimitRow("b"),
            "c": LimitRow("c", 6),
        }


async def test_a_locked_limit_makes_the_next_caller_wait_and_see_what_was_kept(store: EngineStore) -> None:
    order = []

    async def count(name: str, entered: asyncio.Event, leave: asyncio.Event) -> None:
        async with store.write() as tx:
            row = (await tx.accounts.lock_limits(["shared"]))["shared"]
            order.append((name, row.number))
            entered.set()
            await leave.wait()
            await tx.accounts.keep_limits([LimitRow("shared", 1, row.number + 1)])

    first_in, second_in, leave, at_once = asyncio.Event(), asyncio.Event(), asyncio.Event(), asyncio.Event()
    at_once.set()
    first = asyncio.create_task(count("first", first_in, leave))
    await first_in.wait()
    second = asyncio.create_task(count("second", second_in, at_once))
    await asyncio.sleep(0.1)
    assert order == [("first", 0)]
    leave.set()
    await asyncio.gather(first, second)
    assert order == [("first", 0), ("second", 1)]


async def use_of(tx: EngineTx, credential_id: str) -> tuple[int | None, str | None]:
    credential = await tx.accounts.lock_credential(credential_id)
    assert credential is not None
    return credential.last_used_at_ms, credential.last_address


async def test_an_older_use_never_hides_a_newer_one(store: EngineStore) -> None:
    async with store.write() as tx:
        await tx.accounts.note_uses([("cred_k", 100, "one"), ("cred_none", 1, "x")])
        await tx.accounts.note_uses([("cred_k", 90, "two")])
        assert await use_of(tx, "cred_k") == (100, "one")
        await tx.accounts.note_uses([("cred_k", 101, "three")])
        assert await use_of(tx, "cred_k") == (101, "three")


async def test_sweeping_takes_no_more_than_it_may_and_no_standing_credential(store: EngineStore) -> None:
    old = [
        (Credential(credential_id=f"cred_{n}", kind=kind, account_id="acc_1", created_at_ms=1, expires_at_ms=n), f"{n}")
        for n, kind in enumerate([Kind.ACCESS, Kind.REFRESH, Kind.SESSION, Kind.ASSET_KEY])
    ]
    async with store.write() as tx:
        await tx.accounts.add_credentials(old)
        await tx.accounts.keep_limits([LimitRow(f"row {at}", at) for at in (1, 2, 3)])
        await tx.accounts.replace_secret("cred_k", "n" * 64, "new", 10)
        swept = [
            await tx.accounts.sweep(limits_before_ms=3, ended_before_ms=100, now_ms=11, most=2) for _ in range(3)
        ]  # fmt: skip
        assert swept == [2 + 2 + 1, 1, 0]
        assert set(await tx.accounts.limit_rows(["row 1", "row 2", "row 3"])) == {"row 3"}
        left = await tx.accounts.credentials("acc_1", list(Kind))
    assert [one.credential_id for one in left] == ["cred_3", "cred_k", "cred_c"]
