"""Tables of the groups and of who is in them."""

from collections.abc import Iterable, Sequence
from typing import Final

from fleetline.model.registry import Book, Group, Kind, Sort, key
from fleetline.stores.engine import Connection

_GROUP: Final = "group_id, name, modified_at_ms, parent_id"
_NEW_GROUP: Final = (
    "id_scope", "group_id", "account_id", "kind", "name", "name_key", "parent_id", "modified_at_ms", "revision",
)  # fmt: skip
_OF_ACCOUNT: Final = (
    f"SELECT {_GROUP} FROM registry_groups"
    " WHERE id_scope = (SELECT id_scope FROM registries WHERE account_id = $1) AND account_id = $1 AND kind = $2"
)


class GroupTables:
    """See `core.ports.registry.Groups`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def groups_by_name_keys(self, book: Book, kind: Kind, keys: Sequence[str]) -> list[tuple[str, Group]]:
        rows = await self._connection.fetch(
            f"SELECT name_key, {_GROUP} FROM registry_groups"
            " WHERE id_scope = $1 AND account_id = $2 AND kind = $3 AND name_key {in_texts:$4}",
            book.id_scope, book.account_id, kind.value, list(keys),
        )  # fmt: skip
        return [(row[0], Group(*row[1:])) for row in rows]

    async def group(self, book: Book, kind: Kind, group_id: int) -> Group | None:
        row = await self._connection.fetch_one(
            f"SELECT {_GROUP} FROM registry_groups"
            " WHERE id_scope = $1 AND group_id = $2 AND account_id = $3 AND kind = $4",
            book.id_scope, group_id, book.account_id, kind.value,
        )  # fmt: skip
        return Group(*row) if row else None

    async def all_groups(self, account_id: str, kind: Kind) -> list[Group]:
        rows = await self._connection.fetch(f"{_OF_ACCOUNT} ORDER BY name_key, group_id", account_id, kind.value)
        return [Group(*row) for row in rows]

    async def group_page(
        self, account_id: str, kind: Kind, sort: Sort, *, descending: bool, offset: int, limit: int
    ) -> list[Group]:
        way = "DESC" if descending else "ASC"
        order = f"group_id {way}" if sort is Sort.ID else f"name_key {way}, group_id {way}"
        rows = await self._connection.fetch(
            f"{_OF_ACCOUNT} ORDER BY {order} LIMIT $3 OFFSET $4", account_id, kind.value, limit, offset
        )
        return [Group(*row) for row in rows]

    async def insert_groups(self, book: Book, kind: Kind, groups: Sequence[Group]) -> None:
        rows = [
            (book.id_scope, g.group_id, book.account_id, kind.value, g.name, key(g.name), g.parent_id, g.modified_at_ms,
             book.version)
            for g in groups
        ]  # fmt: skip
        await self._connection.copy("registry_groups", _NEW_GROUP, rows)

    async def update_group(self, book: Book, group: Group) -> None:
        await self._connection.execute(
            "UPDATE registry_groups SET name = $4, name_key = $5, parent_id = $6, modified_at_ms = $7, revision = $8"
            " WHERE id_scope = $1 AND group_id = $3 AND account_id = $2",
            book.id_scope, book.account_id, group.group_id, group.name, key(group.name), group.parent_id,
            group.modified_at_ms, book.version,
        )  # fmt: skip

    async def delete_group(self, book: Book, group_id: int) -> list[int]:
        members = await self._connection.fetch(
            "SELECT member_id FROM group_members WHERE id_scope = $1 AND group_id = $2 ORDER BY member_id",
            book.id_scope, group_id,
        )  # fmt: skip
        await self._connection.execute(
            "DELETE FROM group_members WHERE id_scope = $1 AND group_id = $2", book.id_scope, group_id
        )
        await self._connection.execute(
            "UPDATE registry_groups SET parent_id = NULL WHERE id_scope = $1 AND account_id = $2 AND parent_id = $3",
            book.id_scope, book.account_id, group_id,
        )  # fmt: skip
        await self._connection.execute(
            "DELETE FROM registry_groups WHERE id_scope = $1 AND group_id = $2 AND account_id = $3",
            book.id_scope, group_id, book.account_id,
        )  # fmt: skip
        return [row[0] for row in members]

    async def groups_of_members(self, book: Book, member_ids: Sequence[int]) -> dict[int, list[tuple[int, str]]]:
        rows = await self._connection.fetch(
            "SELECT m.member_id, g.group_id, g.name FROM group_members m"
            " JOIN registry_groups g ON g.id_scope = m.id_scope AND g.group_id = m.group_id"
            " WHERE m.id_scope = $1 AND m.member_id {in_ints:$2} ORDER BY m.member_id, g.group_id",
            book.id_scope, list(member_ids),
        )  # fmt: skip
        found: dict[int, list[tuple[int, str]]] = {}
        for member_id, group_id, name in rows:
            found.setdefault(member_id, []).append((group_id, name))
        return found

    async def group_counts(self, book: Book, member_ids: Sequence[int]) -> dict[int, int]:
        rows = await self._connection.fetch(
            "SELECT member_id, COUNT(*) FROM group_members WHERE id_scope = $1 AND member_id {in_ints:$2}"
            " GROUP BY member_id",
            book.id_scope, list(member_ids),
        )  # fmt: skip
        return {row[0]: row[1] for row in rows}

    async def members_among(self, book: Book, group_id: int, member_ids: Sequence[int]) -> set[int]:
        rows = await self._connection.fetch(
            "SELECT member_id FROM group_members WHERE id_scope = $1 AND group_id = $2 AND member_id {in_ints:$3}",
            book.id_scope, group_id, list(member_ids),
        )  # fmt: skip
        return {row[0] for row in rows}

    async def join(self, book: Book, pairs: Iterable[tuple[int, int]]) -> None:
        await self._connection.copy(
            "group_members", ("id_scope", "group_id", "member_id"), [(book.id_scope, *pair) for pair in pairs]
        )

    async def leave(self, book: Book, pairs: Iterable[tuple[int, int]]) -> None:
        await self._connection.execute_many(
            "DELETE FROM group_members WHERE id_scope = $1 AND group_id = $2 AND member_id = $3",
            [(book.id_scope, *pair) for pair in pairs],
        )
