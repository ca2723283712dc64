"""A whole database as one file, whatever its engine: made while the server runs, read back into either engine.

File: zstd with checksum over msgpack messages, each after its length (u32, little endian): a header
{"fleetline_backup", "schema", "created_at_ms"}, then per table ["table", name, [column, ...]] and
["rows", [[value, ...], ...]], further ["journal", intake, [[journal id, body], ...]], and last ["end", {table: rows}].
Without the end the file is refused.

The journal is read before the tables: what was acknowledged before a backup began is in the one or in the other, and
what is in both is known by the `filed` table and skipped.
"""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, BinaryIO, Final

import msgspec
import zstandard

from fleetline.model.errors import Invalid
from fleetline.stores.citus import one_moment
from fleetline.stores.engine import SCHEMA, Connection, Engine, migrations
from fleetline.stores.journals import Journals

FORMAT: Final = 1
ROWS: Final = 2000
_SKIPPED: Final = (SCHEMA, "journal", "sqlite_sequence")


async def write_backup(engine: Engine, journals: Journals, path: Path, now_ms: int) -> dict[str, int]:
    """Write the file; rows per table. The file appears under its name only when it is whole."""
    counts: dict[str, int] = {}
    unfinished = path.with_name(path.name + ".unfinished")
    with unfinished.open("wb") as raw, zstandard.ZstdCompressor(level=6, write_checksum=True).stream_writer(raw) as out:

        def put(message: object) -> None:
            body = msgspec.msgpack.encode(message)
            out.write(len(body).to_bytes(4, "little") + body)

        schema = [number for number, _, _ in migrations(engine.name)]
        put({"fleetline_backup": FORMAT, "schema": schema, "created_at_ms": now_ms})
        for intake in await journals.known():
            async for rows in journals.everything(intake):
                put(["journal", intake, rows])
                counts["journal"] = counts.get("journal", 0) + len(rows)
        async with one_moment(engine) as tx:
            for table in await _tables(engine, tx):
                columns = await _columns(engine, tx, table)
                put(["table", table, columns])
                counts[table] = 0
                async for page in _pages(engine, tx, table, columns):
                    put(["rows", page])
                    counts[table] += len(page)
        put(["end", counts])
    unfinished.replace(path)
    return counts


async def restore_backup(engine: Engine, journals: Journals, path: Path) -> dict[str, int]:
    """Fill an empty, migrated database from a backup, in one transaction; rows per table.

    errors  Invalid when the file is not a whole backup, is from a newer schema, or the database holds accounts already
    """
    counts: dict[str, int] = {}
    journal: dict[int, list[tuple[int, bytes]]] = {}
    async with engine.write() as tx:
        row = await tx.fetch_one("SELECT count(*) FROM accounts")
        if row is not None and row[0]:
            raise Invalid("database", "already holds accounts; restore into an empty one")
        foreign_keys = await _lift_foreign_keys(engine, tx)
        tables = {table: await _columns(engine, tx, table) for table in await _tables(engine, tx)}
        for table in tables:
            await tx.execute(f"DELETE FROM {table}")  # what migrations put there comes back from the file
        ended = False
        table, columns = "", [""]
        with path.open("rb") as raw:
            for message in _messages(raw, [number for number, _, _ in migrations(engine.name)]):
                if message[0] == "table":
                    table, columns = message[1], message[2]
                    if table not in tables or not set(columns) <= set(tables[table]):
                        raise Invalid("backup", f"has a table or column that this version does not know: {table}")
                    counts.setdefault(table, 0)
                elif message[0] == "rows":
                    await tx.copy(table, columns, [tuple(row) for row in message[1]])
                    counts[table] += len(message[1])
                elif message[0] == "journal":
                    journal.setdefault(message[1], []).extend((number, body) for number, body in message[2])
                    counts["journal"] = counts.get("journal", 0) + len(message[2])
                else:
                    ended = message[1] == counts
        if not ended:
            raise Invalid("backup", "is not whole; nothing was restored")
        for table, name, definition in foreign_keys:
            await tx.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}")
        await _reset_sequences(engine, tx, tables)
        await journals.put_back(journal)
    return counts


def _messages(raw: BinaryIO, schema: list[int]) -> Iterator[list[Any]]:
    """The messages after the header; Invalid when the bytes are no backup."""
    unpacker = _Unpacker(raw)
    try:
        header = next(unpacker, None)
        if not isinstance(header, dict) or header.get("fleetline_backup") != FORMAT:
            raise Invalid("backup", "is not a Fleetline backup")
        if newer := set(header["schema"]) - set(schema):
            raise Invalid("backup", f"is from a newer Fleetline (schema {max(newer)})")
        yield from unpacker
    except (zstandard.ZstdError, msgspec.MsgspecError, EOFError) as fault:
        raise Invalid("backup", f"is damaged: {fault}") from fault


class _Unpacker:
    """msgpack messages out of a zstd stream, each with its length in front."""

    def __init__(self, raw: BinaryIO) -> None:
        self._stream = zstandard.ZstdDecompressor().stream_reader(raw)

    def __iter__(self) -> "_Unpacker":
        return self

    def __next__(self) -> Any:
        size = self._exactly(4, allow_end=True)
        if not size:
            raise StopIteration
        return msgspec.msgpack.decode(self._exactly(int.from_bytes(size, "little")))

    def _exactly(self, count: int, *, allow_end: bool = False) -> bytes:
        data = b""
        while len(data) < count:
            piece = self._stream.read(count - len(data))
            if not piece:
                if allow_end and not data:
                    return b""
                raise EOFError("the file ends too early")
            data += piece
        return data


async def _tables(engine: Engine, tx: Connection) -> list[str]:
    if engine.name == "sqlite":
        rows = await tx.fetch("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
    else:
        # a cluster's coordinator may hold shards; for the rest of this transaction it hides them
        await tx.fetch("SELECT set_config('citus.override_table_visibility', 'on', true)")
        rows = await tx.fetch(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"
            " AND table_type = 'BASE TABLE' ORDER BY 1"
        )
    return [row[0] for row in rows if row[0] not in _SKIPPED]


async def _columns(engine: Engine, tx: Connection, table: str) -> list[str]:
    if engine.name == "sqlite":
        return [row[0] for row in await tx.fetch("SELECT name FROM pragma_table_info($1) ORDER BY cid", table)]
    rows = await tx.fetch(
        "SELECT column_name FROM information_schema.columns WHERE table_schema = 'public' AND table_name = $1"
        " ORDER BY ordinal_position",
        table,
    )
    return [row[0] for row in rows]


async def _pages(
    engine: Engine, tx: Connection, table: str, columns: list[str]
) -> AsyncIterator[list[tuple[Any, ...]]]:
    """All rows, some at a time, in the order of the primary key."""
    names = ", ".join(columns)
    key = await _key(engine, tx, table)
    order, marks = ", ".join(key), ", ".join(f"${place + 1}" for place in range(len(key)))
    places = [columns.index(name) for name in key]
    page = await tx.fetch(f"SELECT {names} FROM {table} ORDER BY {order} LIMIT {ROWS}")
    while page:
        yield page
        after = [page[-1][place] for place in places]
        page = await tx.fetch(
            f"SELECT {names} FROM {table} WHERE ({order}) > ({marks}) ORDER BY {order} LIMIT {ROWS}", *after
        )


async def _key(engine: Engine, tx: Connection, table: str) -> list[str]:
    """The primary key's columns; every table has one."""
    if engine.name == "sqlite":
        rows = await tx.fetch("SELECT name FROM pragma_table_info($1) WHERE pk > 0 ORDER BY pk", table)
    else:
        rows = await tx.fetch(
            "SELECT a.attname FROM pg_index i JOIN LATERAL unnest(i.indkey) WITH ORDINALITY k(number, place) ON true"
            " JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.number"
            " WHERE i.indrelid = $1::text::regclass AND i.indisprimary ORDER BY k.place",
            table,
        )
    return [row[0] for row in rows]


async def _lift_foreign_keys(engine: Engine, tx: Connection) -> list[tuple[str, str, str]]:
    """Let tables be filled in any order; (table, constraint, definition) of what has to come back afterwards."""
    if engine.name == "sqlite":
        await tx.execute("PRAGMA defer_foreign_keys = ON")
        return []
    rows = await tx.fetch(
        "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint"
        " WHERE contype = 'f' AND connamespace = 'public'::regnamespace"
    )
    for table, name, _ in rows:
        await tx.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
    return [(table, name, definition) for table, name, definition in rows]


async def _reset_sequences(engine: Engine, tx: Connection, tables: dict[str, list[str]]) -> None:
    """Let growing keys go on after the greatest restored one; SQLite does so by itself."""
    if engine.name == "sqlite":
        return
    for table, columns in tables.items():
        sequence = await tx.fetch_one("SELECT pg_get_serial_sequence($1, $2)", table, columns[0])
        if sequence is not None and sequence[0] is not None:
            await tx.fetch(
                f"SELECT setval('{sequence[0]}', (SELECT coalesce(max({columns[0]}), 0) + 1 FROM {table}), false)"
            )
