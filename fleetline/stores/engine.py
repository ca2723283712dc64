"""What both storage engines offer to the tables: one connection inside one transaction, spoken to in one SQL.

The SQL of `tables/` is PostgreSQL's with numbered placeholders `$1`. What the engines spell differently stands in
braces:
`{in_ints:$1}` and `{in_texts:$1}` test membership of a Python list, `{for_update}` locks rows where rows can be locked,
`{values}` in `insert_many` stands for the rows. `{next_settling}` is a counter's `next` in the RETURNING of the UPDATE
that made it, `{next_settled}` the same in a SELECT, which then sees everything that was written under that number
or a lower one, also on other nodes.
Migrations use `{id}` (a growing integer primary key), `{bytes}`, `{text_key}` (text ordered by its bytes) and
`{without_rowid}`.
"""

import re
from collections.abc import Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from functools import lru_cache
from importlib.resources import files
from typing import Any, Final, Protocol

SCHEMA: Final = "schema_version"
SETTLING: Final = 0x4656
"""Class of advisory locks, "FV"; the journals' is another one."""


class Connection(Protocol):
    """One open transaction.

    Parameters are int, float, str, bytes, None, or for {in_...} a list of int or str. Rows come as tuples.
    Errors: fleetline.model.errors.Unavailable when the engine cannot be reached, is full or stays locked.
    """

    async def fetch(self, sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """All rows."""
        ...

    async def fetch_one(self, sql: str, *parameters: Any) -> tuple[Any, ...] | None:
        """The first row, or None."""
        ...

    async def execute(self, sql: str, *parameters: Any) -> int:
        """The number of rows changed."""
        ...

    async def execute_many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        """The statement once per row of parameters, as one prepared statement."""
        ...

    async def fetch_many(self, sql: str, rows: Sequence[Sequence[Any]]) -> list[tuple[Any, ...]]:
        """All rows of the statement run once per row of parameters, in their order."""
        ...

    async def insert_many(self, sql: str, rows: Sequence[Sequence[Any]]) -> None:
        """`INSERT INTO ... VALUES {values} ...` in as few statements as the engine takes; no key may come twice."""
        ...

    async def copy(self, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        """Insert many rows by the engine's fastest way; any clash of keys fails the transaction."""
        ...


class UniqueClash(Exception):
    """A unique index refused the statement; the transaction is over."""


class Engine(Protocol):
    """An open database."""

    name: str
    compares_in_passing: bool
    """Whether `read` and `write` compare the open pledge of the call with the access version; errors then: Moved."""

    def read(self) -> AbstractAsyncContextManager[Connection]:
        """A transaction that sees one moment and changes nothing."""
        ...

    def write(self) -> AbstractAsyncContextManager[Connection]:
        """A transaction that commits durably when the block ends well, and rolls back when it raises."""
        ...

    async def peek(self, sql: str, *parameters: Any) -> tuple[Any, ...] | None:
        """The first row of one statement, its parameters no lists, outside of any transaction and as cheap as can be.

        It sees everything that was committed before the call.
        """
        ...

    async def close(self) -> None: ...


_IN = re.compile(r"\{in_(ints|texts):(\$\d+)\}")


@lru_cache(4096)
def sqlite_sql(sql: str) -> str:
    """The shared SQL in SQLite's words; lists arrive as JSON text."""
    sql = _IN.sub(r"IN (SELECT value FROM json_each(\2))", sql).replace("{for_update}", "")
    sql = sql.replace("{next_settling}", "next").replace("{next_settled}", "next")
    return re.sub(r"\$(\d+)", r"?\1", sql)


# The nodes of a cluster commit one after the other: a counter can be seen before what was written under its number.
# A writer keeps a lock named by the number until all nodes have committed; who reads the number, or makes the next
# one, waits for that.
_SETTLING: Final = (
    f"(SELECT next FROM pg_advisory_xact_lock({SETTLING}, (next & 2147483647)::int),"
    f" pg_advisory_xact_lock_shared({SETTLING}, ((next - 1) & 2147483647)::int))"
)
_SETTLED: Final = f"(SELECT next FROM pg_advisory_xact_lock_shared({SETTLING}, (next & 2147483647)::int))"


@lru_cache(4096)
def postgres_sql(sql: str) -> str:
    """The shared SQL in PostgreSQL's words."""
    kinds = {"ints": "bigint[]", "texts": "text[]"}
    sql = _IN.sub(lambda m: f"= ANY({m[2]}::{kinds[m[1]]})", sql).replace("{for_update}", "FOR UPDATE")
    return sql.replace("{next_settling}", _SETTLING).replace("{next_settled}", _SETTLED)


@lru_cache(256)
def several_rows(sql: str, width: int, count: int) -> str:
    """The text of `insert_many` for some rows; their parameters follow each other row by row."""
    numbers = iter(range(1, width * count + 1))
    rows = ["(" + ", ".join(f"${next(numbers)}" for _ in range(width)) + ")" for _ in range(count)]
    return sql.replace("{values}", ", ".join(rows))


_TYPES: Final = {
    "sqlite": {
        "id": "INTEGER PRIMARY KEY AUTOINCREMENT",
        "bytes": "BLOB",
        "text_key": "TEXT",
        "without_rowid": "WITHOUT ROWID",
    },
    "postgres": {
        "id": "BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY",
        "bytes": "BYTEA",
        "text_key": 'TEXT COLLATE "C"',
        "without_rowid": "",
    },
}


def migrations(engine: str) -> list[tuple[int, str, list[str]]]:
    """(number, name, statements) of every migration in order, in the engine's words.

    A statement that begins with `-- only: sqlite` or `-- only: postgres` is for that engine alone.
    """
    found = []
    for entry in files("fleetline.stores").joinpath("migrations").iterdir():
        if not entry.name.endswith(".sql"):
            continue
        text = entry.read_text("utf-8")
        for key, value in _TYPES[engine].items():
            text = text.replace("{" + key + "}", value)
        statements = [part.strip() for part in text.split(";\n") if part.strip()]
        kept = [part for part in statements if _for(part) in (None, engine) and not _only_comment(part)]
        found.append((int(entry.name.split("_", 1)[0]), entry.name, kept))
    return sorted(found)


def _for(statement: str) -> str | None:
    match = re.search(r"^-- only: (\w+)", statement, re.MULTILINE)
    return match[1] if match else None


def _only_comment(statement: str) -> bool:
    return all(line.startswith("--") or not line.strip() for line in statement.splitlines())


async def migrate(engine: Engine) -> list[str]:
    """Bring the schema up to date in one transaction; names of the migrations applied.

    errors  SchemaTooNew when the database knows a migration that this program does not
    """
    ours = migrations(engine.name)
    if await applied(engine) == {number for number, _, _ in ours}:
        return []
    done = []
    async with engine.write() as tx:
        if engine.name == "postgres":
            # two processes that start on one empty database would both make its tables
            await tx.fetch("SELECT pg_advisory_xact_lock(5065036)")
        await tx.execute(f"CREATE TABLE IF NOT EXISTS {SCHEMA} (number BIGINT PRIMARY KEY, name TEXT NOT NULL)")
        known = {int(row[0]) for row in await tx.fetch(f"SELECT number FROM {SCHEMA}")}
        if newer := known - {number for number, _, _ in ours}:
            raise SchemaTooNew(max(newer))
        for number, name, statements in ours:
            if number in known:
                continue
            for statement in statements:
                await tx.execute(statement)
            await tx.execute(f"INSERT INTO {SCHEMA} (number, name) VALUES ($1, $2)", number, name)
            done.append(name)
    return done


async def applied(engine: Engine) -> set[int]:
    """Numbers of the migrations that the database has seen; empty for a new one. Changes nothing."""
    there = {
        "sqlite": f"SELECT name FROM sqlite_master WHERE name = '{SCHEMA}'",
        "postgres": f"SELECT 1 WHERE to_regclass('{SCHEMA}') IS NOT NULL",
    }
    async with engine.read() as tx:
        if not await tx.fetch(there[engine.name]):
            return set()
        return {int(row[0]) for row in await tx.fetch(f"SELECT number FROM {SCHEMA}")}


class SchemaTooNew(Exception):
    """The database was made by a newer Fleetline."""

    def __init__(self, number: int) -> None:
        super().__init__(
            f"the database has schema {number}, which this version of Fleetline does not know; use a newer one"
        )
        self.number = number
