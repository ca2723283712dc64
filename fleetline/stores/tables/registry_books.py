"""Tables of the registry's books: versions, sizes, sequences, name claims and the log of changes."""

import json
from collections.abc import Sequence
from typing import Final

from fleetline.model.registry import Author, Book, Change, LoggedChange
from fleetline.stores.engine import Connection

_ENCODER: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
_BOOK: Final = "account_id, id_scope, version, unique_names, vehicles, drivers, vehicle_groups, driver_groups"


class BookTables:
    """See `core.ports.registry.Books`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def open_book(self, account_id: str) -> Book | None:
        lock = (
            "SELECT id_scope FROM registry_scopes"
            " WHERE id_scope = (SELECT id_scope FROM registries WHERE account_id = $1) {for_update}"
        )
        if await self._connection.fetch_one(lock, account_id) is None:
            await self._make_book(account_id)
            await self._connection.fetch_one(lock, account_id)
        # read after the lock, so that it shows what the writer before left
        return await self.book(account_id)

    async def _make_book(self, account_id: str) -> None:
        await self._connection.execute(
            "INSERT INTO registry_scopes (id_scope)"
            " SELECT COALESCE(partner_id, account_id) FROM accounts WHERE account_id = $1 ON CONFLICT DO NOTHING",
            account_id,
        )
        await self._connection.execute(
            f"INSERT INTO registries ({_BOOK})"
            " SELECT account_id, COALESCE(partner_id, account_id), 0, 1, 0, 0, 0, 0 FROM accounts WHERE account_id = $1"
            " ON CONFLICT DO NOTHING",
            account_id,
        )

    async def book(self, account_id: str) -> Book | None:
        row = await self._connection.fetch_one(f"SELECT {_BOOK} FROM registries WHERE account_id = $1", account_id)
        return Book(row[0], row[1], row[2], bool(row[3]), *row[4:]) if row else None

    async def save_book(self, book: Book) -> None:
        await self._connection.execute(
            "UPDATE registries SET version = $2, unique_names = $3, vehicles = $4, drivers = $5, vehicle_groups = $6,"
            " driver_groups = $7 WHERE account_id = $1",
            book.account_id, book.version, int(book.unique_names), book.vehicles, book.drivers, book.vehicle_groups,
            book.driver_groups,
        )  # fmt: skip

    async def lock_counter(self, name: str) -> int:
        row = await self._connection.fetch_one("UPDATE counters SET next = next WHERE name = $1 RETURNING next", name)
        if row is None:
            raise LookupError(name)
        return int(row[0])

    async def advance_counter(self, name: str, following: int) -> None:
        await self._connection.execute("UPDATE counters SET next = $2 WHERE name = $1", name, following)

    async def log(self, book: Book, at_ms: int, author: Author, changes: Sequence[Change]) -> None:
        columns = ("account_id", "version", "ordinal", "at_ms", "actor", "door", "kind", "item_id", "action", "detail")
        rows = [
            (
                book.account_id, book.version, ordinal, at_ms, author.actor, author.door, change.kind, change.item_id,
                change.action, _ENCODER.encode(change.detail),
            )
            for ordinal, change in enumerate(changes, 1)
        ]  # fmt: skip
        if rows:
            await self._connection.copy("registry_changes", columns, rows)

    async def changes(self, account_id: str, version: int, ordinal: int, limit: int) -> list[LoggedChange]:
        rows = await self._connection.fetch(
            "SELECT version, ordinal, at_ms, actor, door, kind, item_id, action, detail FROM registry_changes"
            " WHERE account_id = $1 AND (version, ordinal) > ($2, $3) ORDER BY version, ordinal LIMIT $4",
            account_id, version, ordinal, limit,
        )  # fmt: skip
        return [
            LoggedChange(version, place, at_ms, actor, door, Change(kind, item_id, action, json.loads(detail)))
            for version, place, at_ms, actor, door, kind, item_id, action, detail in rows
        ]

    async def counted(self, account_id: str) -> tuple[int, int, int, int]:
        row = await self._connection.fetch_one(
            "SELECT (SELECT COUNT(*) FROM vehicles WHERE account_id = $1 AND id_key IS NOT NULL),"
            " (SELECT COUNT(*) FROM drivers WHERE account_id = $1 AND id_key IS NOT NULL),"
            " (SELECT COUNT(*) FROM registry_groups WHERE account_id = $1 AND kind = 'vehicle'),"
            " (SELECT COUNT(*) FROM registry_groups WHERE account_id = $1 AND kind = 'driver')",
            account_id,
        )
        return (row[0], row[1], row[2], row[3]) if row else (0, 0, 0, 0)

    async def accounts_with_books(self) -> list[str]:
        return [row[0] for row in await self._connection.fetch("SELECT account_id FROM registries ORDER BY account_id")]

    async def set_name_claims(self, book: Book, *, claimed: bool) -> None:
        for table in ("vehicles", "drivers"):
            await self._connection.execute(
                f"UPDATE {table} SET name_claim = {'name_key' if claimed else 'NULL'}"
                " WHERE account_id = $1 AND id_key IS NOT NULL",
                book.account_id,
            )

    async def names_held_twice(self, book: Book, limit: int) -> list[str]:
        found: list[str] = []
        for table in ("vehicles", "drivers"):
            rows = await self._connection.fetch(
                f"SELECT MIN(name) FROM {table} WHERE account_id = $1 AND id_key IS NOT NULL"
                " GROUP BY name_key HAVING COUNT(*) > 1 ORDER BY name_key LIMIT $2",
                book.account_id, limit,
            )  # fmt: skip
            found += [row[0] for row in rows]
        return found[:limit]
