"""Statements of our own API's bulk verbs beyond those of the registry's tables."""

from collections.abc import Sequence
from typing import Final

from fleetline.core.ports.own_writes import Archived, Gone
from fleetline.model.registry import Author, Book, Group, Kind, Member, key
from fleetline.stores.engine import Connection

_NEW: Final = (
    "account_id", "external_id", "id_key", "name", "name_key", "name_claim", "created_at_ms", "modified_at_ms",
    "revision",
)  # fmt: skip
_LOG: Final = ("account_id", "version", "ordinal", "at_ms", "actor", "door", "kind", "item_id", "action", "detail")


class OwnWriteTables:
    """See `core.ports.own_writes.OwnWrites`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def member_revisions(self, book: Book, kind: Kind, ids: Sequence[int]) -> dict[int, int]:
        noun = kind.value
        device = "0"
        if kind is Kind.VEHICLE:
            device = "(SELECT d.revision FROM devices d WHERE d.id_scope = v.id_scope AND d.vehicle_id = v.vehicle_id)"
        rows = await self._connection.fetch(
            f"SELECT v.{noun}_id, v.revision, COALESCE({device}, 0), COALESCE((SELECT MAX(c.version)"
            f" FROM registry_changes c WHERE c.account_id = v.account_id AND c.kind = '{noun}'"
            f" AND c.item_id = v.{noun}_id), 0) FROM {noun}s v"
            f" WHERE v.id_scope = $1 AND v.{noun}_id {{in_ints:$3}} AND v.account_id || '' = $2"
            " AND v.id_key IS NOT NULL",
            book.id_scope, book.account_id, list(ids),
        )  # fmt: skip
        return {row[0]: max(row[1:]) for row in rows}

    async def group_revisions(self, book: Book, kind: Kind, ids: Sequence[int]) -> dict[int, int]:
        rows = await self._connection.fetch(
            "SELECT group_id, revision FROM registry_groups"
            " WHERE id_scope = $1 AND account_id = $2 AND kind = $3 AND group_id {in_ints:$4}",
            book.id_scope, book.account_id, kind.value, list(ids),
        )  # fmt: skip
        return dict(rows)

    async def device_revisions(self, book: Book, ids: Sequence[int]) -> dict[int, int]:
        rows = await self._connection.fetch(
            "SELECT device_id, revision FROM devices"
            " WHERE account_id = $1 AND deleted_at_ms IS NULL AND device_id {in_ints:$2}",
            book.account_id, list(ids),
        )  # fmt: skip
        return dict(rows)

    async def insert_many(
        self, book: Book, kind: Kind, rows: Sequence[tuple[int, str, str, str, str, str, str]], at_ms: int
    ) -> None:
        scope, account, version, claimed = book.id_scope, book.account_id, book.version, book.unique_names
        if kind is Kind.DRIVER:
            drivers = [
                (
                    scope,
                    number,
                    account,
                    text,
                    id_key,
                    name,
                    name_key,
                    name_key if claimed else None,
                    at_ms,
                    at_ms,
                    version,
                )
                for number, text, id_key, name, name_key, _, _ in rows
            ]
            await self._connection.copy("drivers", ("id_scope", "driver_id", *_NEW), drivers)
            return
        vehicles = [
            (scope, number, account, text, id_key, name, name_key, name_key if claimed else None, at_ms, at_ms, version,
             type, description)
            for number, text, id_key, name, name_key, type, description in rows
        ]  # fmt: skip
        await self._connection.copy("vehicles", ("id_scope", "vehicle_id", *_NEW, "type", "description"), vehicles)

    async def log_many(
        self,
        book: Book,
        at_ms: int,
        author: Author,
        kind: str,
        action: str,
        rows: Sequence[tuple[int, str]],
        first: int,
    ) -> None:
        account_id, version, actor, door = book.account_id, book.version, author.actor, author.door
        await self._connection.copy(
            "registry_changes",
            _LOG,
            [
                (account_id, version, ordinal, at_ms, actor, door, kind, item_id, action, detail)
                for ordinal, (item_id, detail) in enumerate(rows, first)
            ],
        )

    async def set_external_ids(self, book: Book, kind: Kind, members: Sequence[Member]) -> None:
        noun = kind.value
        await self._connection.execute(
            # a key of its own for each meanwhile, or members that swap ids would trip the index; no key begins blank
            f"UPDATE {noun}s SET id_key = ' ' || {noun}_id"
            f" WHERE id_scope = $1 AND {noun}_id {{in_ints:$3}} AND account_id || '' = $2",
            book.id_scope, book.account_id, [member.member_id for member in members],
        )  # fmt: skip
        await self._connection.execute_many(
            f"UPDATE {noun}s SET external_id = $4, id_key = $5, modified_at_ms = $6, revision = $7"
            f" WHERE id_scope = $1 AND {noun}_id = $3 AND account_id || '' = $2",
            [
                (book.id_scope, book.account_id, m.member_id, m.external_id, key(m.external_id), m.modified_at_ms,
                 book.version)
                for m in members
            ],
        )  # fmt: skip

    async def update_groups(self, book: Book, groups: Sequence[Group]) -> None:
        await self._connection.execute(
            "UPDATE registry_groups SET name_key = ' ' || group_id WHERE id_scope = $1 AND account_id || '' = $2"
            " AND group_id {in_ints:$3}",
            book.id_scope, book.account_id, [group.group_id for group in groups],
        )  # fmt: skip
        await self._connection.execute_many(
            "UPDATE registry_groups SET name = $4, name_key = $5, parent_id = $6, modified_at_ms = $7, revision = $8"
            " WHERE id_scope = $1 AND group_id = $3 AND account_id || '' = $2",
            [
                (book.id_scope, book.account_id, g.group_id, g.name, key(g.name), g.parent_id, g.modified_at_ms,
                 book.version)
                for g in groups
            ],
        )  # fmt: skip

    async def archived_members(self, book: Book, kind: Kind, ids: Sequence[int], since_ms: int) -> dict[int, Archived]:
        noun, vehicles = kind.value, kind is Kind.VEHICLE
        facts = ", former_device_id, type, description, portrait" if vehicles else ", NULL"
        rows = await self._connection.fetch(
            f"SELECT {noun}_id, external_id, name, modified_at_ms, former_groups{facts} FROM {noun}s"
            f" WHERE id_scope = $1 AND {noun}_id {{in_ints:$3}} AND account_id || '' = $2 AND id_key IS NULL"
            " AND deleted_at_ms >= $4",
            book.id_scope, book.account_id, list(ids), since_ms,
        )  # fmt: skip
        return {
            row[0]: Archived(
                Member(*row[:4], *row[6:]), tuple(int(part) for part in row[4].split(",") if part), row[5]
            )
            for row in rows
        }  # fmt: skip

    async def restore_many(self, book: Book, kind: Kind, members: Sequence[Member]) -> None:
        noun = kind.value
        device = ", former_device_id = NULL" if kind is Kind.VEHICLE else ""
        rows = []
        for member in members:
            name_key = key(member.name)
            claim = name_key if book.unique_names else None
            rows.append((
                book.id_scope, book.account_id, member.member_id, key(member.external_id), name_key, claim,
                member.modified_at_ms, book.version,
            ))  # fmt: skip
        await self._connection.execute_many(
            f"UPDATE {noun}s SET id_key = $4, name_key = $5, name_claim = $6, deleted_at_ms = NULL,"
            f" modified_at_ms = $7,"
            f" revision = $8, former_groups = ''{device}"
            f" WHERE id_scope = $1 AND {noun}_id = $3 AND account_id || '' = $2",
            rows,
        )

    async def loose_devices(self, book: Book, ids: Sequence[int]) -> set[int]:
        rows = await self._connection.fetch(
            "SELECT device_id FROM devices WHERE account_id = $1 AND device_id {in_ints:$2}"
            " AND vehicle_id IS NULL AND deleted_at_ms IS NULL",
            book.account_id, list(ids),
        )  # fmt: skip
        return {row[0] for row in rows}

    async def free_devices(self, book: Book, ids: Sequence[int]) -> None:
        await self._connection.execute(
            "UPDATE devices SET vehicle_id = NULL, revision = $3 WHERE account_id = $1 AND device_id {in_ints:$2}",
            book.account_id, list(ids), book.version,
        )  # fmt: skip

    async def update_devices(self, book: Book, rows: Sequence[tuple[int, bool, int, int | None]]) -> None:
        await self._connection.execute_many(
            "UPDATE devices SET api = $3, clock_offset_s = $4, retired_at_ms = $5, revision = $6"
            " WHERE device_id = $1 AND account_id || '' = $2",
            [
                (number, book.account_id, int(api), offset, retired, book.version)
                for number, api, offset, retired in rows
            ],
        )

    async def delete_devices(self, book: Book, ids: Sequence[int], at_ms: int) -> None:
        await self._connection.execute(
            "UPDATE devices SET ident_claim = NULL, vehicle_id = NULL, deleted_at_ms = $3, revision = $4"
            " WHERE account_id = $1 AND device_id {in_ints:$2}",
            book.account_id, list(ids), at_ms, book.version,
        )  # fmt: skip

    async def gone_devices(self, book: Book, ids: Sequence[int], since_ms: int) -> dict[int, Gone]:
        rows = await self._connection.fetch(
            "SELECT d.device_id, d.ident, EXISTS (SELECT 1 FROM devices o WHERE o.ident_claim = d.ident),"
            " EXISTS (SELECT 1 FROM devices o WHERE o.ident = d.ident AND o.device_id > d.device_id"
            " AND o.account_id <> d.account_id), (SELECT f.vehicle_id FROM fittings f WHERE f.device_id = d.device_id"
            " AND f.until_ms >= d.deleted_at_ms ORDER BY f.from_ms DESC LIMIT 1)"
            " FROM devices d WHERE d.account_id = $1 AND d.device_id {in_ints:$2} AND d.deleted_at_ms >= $3",
            book.account_id, list(ids), since_ms,
        )  # fmt: skip
        return {row[0]: Gone(row[0], row[1], bool(row[2]), bool(row[3]), row[4]) for row in rows}

    async def revive_devices(self, book: Book, ids: Sequence[int]) -> None:
        await self._connection.execute(
            "UPDATE devices SET ident_claim = ident, deleted_at_ms = NULL, revision = $3"
            " WHERE account_id = $1 AND device_id {in_ints:$2}",
            book.account_id, list(ids), book.version,
        )  # fmt: skip

    async def delete_groups(self, book: Book, ids: Sequence[int]) -> list[tuple[int, int]]:
        gone = await self._connection.fetch(
            "SELECT group_id, member_id FROM group_members WHERE id_scope = $1 AND group_id {in_ints:$2}"
            " ORDER BY group_id, member_id",
            book.id_scope, list(ids),
        )  # fmt: skip
        await self._connection.execute(
            "DELETE FROM group_members WHERE id_scope = $1 AND group_id {in_ints:$2}", book.id_scope, list(ids)
        )
        await self._connection.execute(
            "UPDATE registry_groups SET parent_id = NULL, revision = $4"
            " WHERE id_scope = $1 AND account_id = $2 AND parent_id {in_ints:$3}",
            book.id_scope, book.account_id, list(ids), book.version,
        )  # fmt: skip
        await self._connection.execute(
            "DELETE FROM registry_groups WHERE id_scope = $1 AND account_id = $2 AND group_id {in_ints:$3}",
            book.id_scope, book.account_id, list(ids),
        )  # fmt: skip
        return [(row[0], row[1]) for row in gone]

    async def members_in(self, book: Book, group_id: int, kind: Kind, ids: Sequence[int]) -> tuple[set[int], set[int]]:
        noun = kind.value
        rows = await self._connection.fetch(
            f"SELECT v.{noun}_id, EXISTS (SELECT 1 FROM group_members m WHERE m.id_scope = v.id_scope"
            f" AND m.group_id = $4 AND m.member_id = v.{noun}_id) FROM {noun}s v"
            f" WHERE v.id_scope = $1 AND v.account_id = $2 AND v.{noun}_id {{in_ints:$3}} AND v.id_key IS NOT NULL",
            book.id_scope, book.account_id, list(ids), group_id,
        )  # fmt: skip
        return {row[0] for row in rows}, {row[0] for row in rows if row[1]}
