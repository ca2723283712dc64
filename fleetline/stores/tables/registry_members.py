"""Tables of vehicles and drivers: unique by their keys, listed by them, deleted by giving them up."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from fleetline.model.registry import Book, Kind, Member, Sort, key
from fleetline.stores.engine import Connection


@dataclass(frozen=True, slots=True)
class Words:
    """What the two tables spell differently.

    id_place  where external ids are unique, as a condition with the scope in $1 and the account in $2. It names one
              column only, and each parameter: an engine that has no statistics yet would multiply the two into one row
              and read a whole account for it, and an engine refuses a parameter that no place uses
    """

    table: str
    id: str
    id_place: str
    facts: str


_VEHICLES: Final = Words("vehicles", "vehicle_id", "id_scope = $1 AND $2 <> ''", ", type, description, portrait")
_DRIVERS: Final = Words("drivers", "driver_id", "account_id = $2 AND $1 <> ''", "")
_KEYS: Final = {Sort.ID: "id_key", Sort.NAME: "name_key"}


def _words(kind: Kind) -> Words:
    return _VEHICLES if kind is Kind.VEHICLE else _DRIVERS


def _columns(words: Words) -> str:
    return f"{words.id}, external_id, name, modified_at_ms{words.facts}"


class MemberTables:
    """See `core.ports.registry.Members`.

    Where a row is named by its primary key, its account is compared as `account_id || ''`, which no index can serve: an
    engine without statistics would take an index by account and read all of it.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def holders_of_id_keys(self, book: Book, kind: Kind, keys: Sequence[str]) -> list[tuple[str, str, Member]]:
        words = _words(kind)
        rows = await self._connection.fetch(
            f"SELECT id_key, account_id, {_columns(words)} FROM {words.table}"
            f" WHERE {words.id_place} AND id_key {{in_texts:$3}}",
            book.id_scope, book.account_id, list(keys),
        )  # fmt: skip
        return [(row[0], row[1], Member(*row[2:])) for row in rows]

    async def holders_of_name_keys(self, book: Book, kind: Kind, keys: Sequence[str]) -> list[tuple[str, Member]]:
        words = _words(kind)
        rows = await self._connection.fetch(
            f"SELECT name_key, {_columns(words)} FROM {words.table}"
            f" WHERE account_id = $1 AND name_key {{in_texts:$2}} ORDER BY {words.id}",
            book.account_id, list(keys),
        )  # fmt: skip
        return [(row[0], Member(*row[1:])) for row in rows]

    async def clashes(
        self, book: Book, kind: Kind, id_keys: Sequence[str], name_keys: Sequence[str]
    ) -> tuple[set[str], set[str]]:
        words = _words(kind)
        rows = await self._connection.fetch(
            f"SELECT 0, id_key FROM {words.table} WHERE {words.id_place} AND id_key {{in_texts:$3}}"
            f" UNION ALL SELECT 1, name_key FROM {words.table}"
            f" WHERE account_id = $2 AND name_key {{in_texts:$4}} AND name_claim IS NOT NULL",
            book.id_scope, book.account_id, list(id_keys), list(name_keys),
        )  # fmt: skip
        return {text for part, text in rows if part == 0}, {text for part, text in rows if part == 1}

    async def members_by_ids(self, book: Book, kind: Kind, member_ids: Sequence[int]) -> list[Member]:
        words = _words(kind)
        # the account is compared here, so that nothing but the primary key can serve the statement
        rows = await self._connection.fetch(
            f"SELECT account_id, id_key, {_columns(words)} FROM {words.table}"
            f" WHERE id_scope = $1 AND {words.id} {{in_ints:$2}}",
            book.id_scope, list(member_ids),
        )  # fmt: skip
        return [Member(*row[2:]) for row in rows if row[0] == book.account_id and row[1] is not None]

    async def all_members(self, book: Book, kind: Kind) -> list[Member]:
        words = _words(kind)
        rows = await self._connection.fetch(
            f"SELECT {_columns(words)} FROM {words.table}"
            f" WHERE account_id = $1 AND name_key IS NOT NULL ORDER BY name_key, {words.id}",
            book.account_id,
        )
        return [Member(*row) for row in rows]

    async def insert_members(self, book: Book, kind: Kind, members: Sequence[Member], at_ms: int) -> None:
        words = _words(kind)
        columns = ["id_scope", words.id, "account_id", "external_id", "id_key", "name", "name_key", "name_claim",
                   "created_at_ms", "modified_at_ms", "revision"]  # fmt: skip
        rows: list[tuple[Any, ...]] = []
        for member in members:
            name_key = key(member.name)
            rows.append((
                book.id_scope, member.member_id, book.account_id, member.external_id, key(member.external_id),
                member.name, name_key, name_key if book.unique_names else None, at_ms, member.modified_at_ms,
                book.version,
            ))  # fmt: skip
        if kind is Kind.VEHICLE:
            columns += ["type", "description", "portrait"]
            rows = [(*row, m.type, m.description, m.portrait) for row, m in zip(rows, members, strict=True)]
        await self._connection.copy(words.table, columns, rows)

    async def rename_members(self, book: Book, kind: Kind, members: Sequence[Member]) -> None:
        words = _words(kind)
        if book.unique_names:
            # all claims go before the first comes back, or members that swap names would trip the index
            await self._connection.execute(
                f"UPDATE {words.table} SET name_claim = NULL WHERE id_scope = $1 AND {words.id} {{in_ints:$3}}"
                " AND account_id || '' = $2",
                book.id_scope, book.account_id, [member.member_id for member in members],
            )  # fmt: skip
        rows = []
        for member in members:
            name_key = key(member.name)
            rows.append((
                book.id_scope, book.account_id, member.member_id, member.name, name_key,
                name_key if book.unique_names else None, member.modified_at_ms, book.version,
            ))  # fmt: skip
        await self._connection.execute_many(
            f"UPDATE {words.table} SET name = $4, name_key = $5, name_claim = $6, modified_at_ms = $7, revision = $8"
            f" WHERE id_scope = $1 AND {words.id} = $3 AND account_id || '' = $2",
            rows,
        )

    async def delete_members(
        self, book: Book, kind: Kind, rows: Sequence[tuple[int, Sequence[int], int | None]], at_ms: int
    ) -> None:
        words = _words(kind)
        vehicles = kind is Kind.VEHICLE
        device = ", former_device_id = $7" if vehicles else ""
        await self._connection.execute_many(
            f"UPDATE {words.table} SET id_key = NULL, name_key = NULL, name_claim = NULL, deleted_at_ms = $4,"
            f" former_groups = $5, revision = $6{device}"
            f" WHERE id_scope = $1 AND {words.id} = $3 AND account_id || '' = $2",
            [
                (book.id_scope, book.account_id, member_id, at_ms, ",".join(map(str, groups)), book.version)
                + ((device_id,) if vehicles else ())
                for member_id, groups, device_id in rows
            ],
        )
        await self._connection.execute(
            "DELETE FROM group_members WHERE id_scope = $1 AND member_id {in_ints:$2}",
            book.id_scope, [row[0] for row in rows],
        )  # fmt: skip

    async def deleted_member(
        self, book: Book, kind: Kind, member_id: int
    ) -> tuple[Member, int, tuple[int, ...], int | None] | None:
        words = _words(kind)
        device = "former_device_id" if kind is Kind.VEHICLE else "NULL"
        row = await self._connection.fetch_one(
            f"SELECT deleted_at_ms, former_groups, {device}, {_columns(words)} FROM {words.table}"
            f" WHERE id_scope = $1 AND {words.id} = $3 AND account_id || '' = $2 AND id_key IS NULL",
            book.id_scope, book.account_id, member_id,
        )  # fmt: skip
        if row is None:
            return None
        groups = tuple(int(part) for part in row[1].split(",") if part)
        return Member(*row[3:]), int(row[0]), groups, row[2]

    async def deleted_members(self, book: Book, kind: Kind, since_ms: int) -> list[tuple[Member, int]]:
        words = _words(kind)
        rows = await self._connection.fetch(
            f"SELECT deleted_at_ms, {_columns(words)} FROM {words.table}"
            " WHERE account_id = $1 AND id_key IS NULL AND deleted_at_ms >= $2"
            f" ORDER BY deleted_at_ms DESC, {words.id}",
            book.account_id, since_ms,
        )  # fmt: skip
        return [(Member(*row[1:]), int(row[0])) for row in rows]

    async def restore_member(self, book: Book, kind: Kind, member: Member) -> None:
        words = _words(kind)
        device = ", former_device_id = NULL" if kind is Kind.VEHICLE else ""
        name_key = key(member.name)
        await self._connection.execute(
            f"UPDATE {words.table} SET id_key = $4, name_key = $5, name_claim = $6, deleted_at_ms = NULL,"
            f" modified_at_ms = $7, revision = $8, former_groups = ''{device}"
            f" WHERE id_scope = $1 AND {words.id} = $3 AND account_id || '' = $2",
            book.id_scope, book.account_id, member.member_id, key(member.external_id), name_key,
            name_key if book.unique_names else None, member.modified_at_ms, book.version,
        )  # fmt: skip

    async def page_ids(
        self, account_id: str, kind: Kind, sort: Sort, *, descending: bool, offset: int, limit: int
    ) -> list[int]:
        words, column, way = _words(kind), _KEYS[sort], "DESC" if descending else "ASC"
        # only columns of the one index that keeps this order, so that skipping reads no row
        rows = await self._connection.fetch(
            f"SELECT {words.id} FROM {words.table} WHERE account_id = $1 AND {column} IS NOT NULL"
            f" ORDER BY {column} {way}, {words.id} {way} LIMIT $2 OFFSET $3",
            account_id, limit, offset,
        )  # fmt: skip
        return [row[0] for row in rows]

    async def ids_after(
        self, account_id: str, kind: Kind, sort: Sort, after: tuple[str, int] | None, limit: int
    ) -> list[tuple[str, int]]:
        words, column = _words(kind), _KEYS[sort]
        text, member_id = after or ("", 0)
        rows = await self._connection.fetch(
            f"SELECT {column}, {words.id} FROM {words.table}"
            f" WHERE account_id = $1 AND ({column}, {words.id}) > ($2, $3) ORDER BY {column}, {words.id} LIMIT $4",
            account_id, text, member_id, limit,
        )  # fmt: skip
        return [(row[0], row[1]) for row in rows]
