"""The request log as rows."""

from collections.abc import Sequence
from typing import Any, Final

from fleetline.core.ports.requests import RequestEntry, RequestFilter
from fleetline.stores.engine import Connection

COLUMNS: Final = (
    "at_ms", "request_id", "dialect", "account_id", "user_id", "credential_id", "address", "method", "action",
    "subject", "asked", "scope", "status", "error", "elapsed_ms", "bytes_sent", "agent",
    "kind",
)  # fmt: skip
_LISTED: Final = ", ".join(COLUMNS)
_MARKS: Final = ", ".join(f"${index + 1}" for index in range(len(COLUMNS)))


class RequestTable:
    """See `fleetline.core.ports.requests.Requests`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add(self, entries: Sequence[RequestEntry]) -> None:
        await self._connection.execute_many(
            f"INSERT INTO requests ({_LISTED}) VALUES ({_MARKS}) ON CONFLICT (at_ms, request_id) DO NOTHING",
            [[_storable(getattr(entry, name)) for name in COLUMNS] for entry in entries],
        )

    async def find(self, wanted: RequestFilter, limit: int) -> list[RequestEntry]:
        conditions, values = _conditions(wanted)
        where = " AND ".join(conditions) or "1 = 1"
        rows = await self._connection.fetch(
            f"SELECT {_LISTED} FROM requests WHERE {where} "
            f"ORDER BY at_ms DESC, request_id DESC LIMIT ${len(values) + 1}",
            *values,
            limit,
        )
        return [RequestEntry(**dict(zip(COLUMNS, row, strict=True))) for row in rows]

    async def forget(self, before_ms: int, limit: int) -> int:
        return await self._connection.execute(
            "DELETE FROM requests WHERE (at_ms, request_id) IN "
            "(SELECT at_ms, request_id FROM requests WHERE at_ms < $1 ORDER BY at_ms, request_id LIMIT $2)",
            before_ms,
            limit,
        )


def _storable(value: Any) -> Any:
    # a caller may send any character; PostgreSQL keeps no NUL in text, and lone surrogates are no text at all
    if isinstance(value, str):
        return value.replace("\0", "\ufffd").encode("utf-8", "replace").decode("utf-8")
    return value


def _conditions(wanted: RequestFilter) -> tuple[list[str], list[Any]]:
    conditions, values = list[str](), list[Any]()

    def add(text: str, *given: Any) -> None:
        first = len(values)
        values.extend(given)
        conditions.append(text.format(*(f"${first + index + 1}" for index in range(len(given)))))

    if not wanted.everybody:
        add("account_id = {}", wanted.account_id or "")
    for name in ("credential_id", "dialect", "action", "address"):
        if value := getattr(wanted, name):
            add(f"{name} = {{}}", value)
    if wanted.kinds:
        add("kind {{in_texts:{}}}", list(wanted.kinds))
    if wanted.sessions is not None:
        conditions.append("kind = 'session'" if wanted.sessions else "kind <> 'session'")
    if wanted.refused is not None:
        conditions.append("status >= 400" if wanted.refused else "status < 400")
    if wanted.from_ms is not None:
        add("at_ms >= {}", wanted.from_ms)
    if wanted.to_ms is not None:
        add("at_ms < {}", wanted.to_ms)
    if wanted.before is not None:
        at_ms, request_id = wanted.before
        add("(at_ms < {} OR (at_ms = {} AND request_id < {}))", at_ms, at_ms, request_id)
    return conditions, values
